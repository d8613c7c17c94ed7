use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn each_seed_gives_a_world_that_is_valid_wide_enough_and_read_back_as_the_same(seed: u64, kind in 0_usize..4) {
        let world = World::generate(WorldKind::ALL[kind], seed);
        prop_assert_eq!(world.validate(), Ok(()));
        let reachable = world.reachable(0.1);
        prop_assert!(reachable.area_m2() >= REACHABLE_MIN_M2);
        // The car is in the room, not beside it: nothing at the border of the world can be reached.
        let (width_m, depth_m) = (world.size.width_m, world.size.depth_m);
        for share in (0..=100).map(|percent| f64::from(percent) / 100.0) {
            let along = [(share * width_m, 0.02), (0.02, share * depth_m)];
            let border = along.into_iter().flat_map(|(x, y)| [(x, y), (width_m - x, depth_m - y)]);
            for (x_m, y_m) in border {
                prop_assert_eq!(reachable.cell_of(Point::new(x_m, y_m)), None, "{} {}", x_m, y_m);
            }
        }
        let text = world.to_yaml();
        prop_assert_eq!(World::parse("world.yaml", &text).unwrap(), world, "{}", text);
    }
}

#[test]
fn another_seed_gives_another_world() {
    for kind in WorldKind::ALL {
        let worlds: Vec<_> = (0..20).map(|seed| World::generate(kind, seed)).collect();
        let differ = (1..20).filter(|&index| worlds[index] != worlds[index - 1]).count();
        assert_eq!(differ, 19, "{kind:?}");
    }
}

#[test]
fn a_maze_leads_everywhere() {
    for seed in 0..20 {
        let maze = World::generate(WorldKind::Maze, seed);
        let field_m = maze.size.width_m / (maze.size.width_m / 1.0).round();
        // A car can be in the middle of each field; there are 9 to 25.
        let reachable = maze.reachable(0.1);
        let middles = (0..5).flat_map(|x| (0..5).map(move |y| (f64::from(x) + 0.5, f64::from(y) + 0.5)));
        let inside = middles
            .map(|(x, y)| Point::new(x * field_m, y * field_m))
            .filter(|point| point.x_m < maze.size.width_m && point.y_m < maze.size.depth_m);
        for point in inside {
            assert!(reachable.cell_of(point).is_some(), "{seed}: {point:?}\n{}", maze.to_yaml());
        }
    }
}
