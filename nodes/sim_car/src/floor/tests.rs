use proptest::prelude::*;

use super::*;
use crate::world::Start;

fn room() -> World {
    World::new(Size { width_m: 4.0, depth_m: 3.0 }, Start { x_m: 2.0, y_m: 1.5, heading_deg: 0.0 })
}

fn on_a_table() -> World {
    let mut world = room();
    let corners_m = vec![[1.0, 0.5], [3.0, 0.5], [3.0, 2.5], [2.0, 2.0], [1.0, 2.5]];
    world.floor.tables.push(Table::new("desk", corners_m));
    world
}

#[test]
fn a_floor_of_which_nothing_is_said_is_bright_and_everywhere() {
    let floor = Floor::of(&room());
    for (x_m, y_m) in [(0.0, 0.0), (2.0, 1.0), (-5.0, 50.0), (f64::NAN, 0.0)] {
        assert_eq!(floor.at(Point::new(x_m, y_m)), Ground { counts: 1500, is_there: true });
    }
}

#[test]
fn a_line_is_dark_and_soft_at_its_border_by_the_spot_of_the_sensor() {
    let mut world = room();
    world.floor.lines.push(Tape::new("course", vec![[0.5, 1.0], [3.5, 1.0]]));
    let floor = Floor::of(&world);
    let counts = |beside_m: f64| floor.at(Point::new(2.03, 1.0 + beside_m)).counts;
    assert_eq!(counts(0.0), 700);
    assert_eq!(counts(0.0075), 700);
    assert_eq!(counts(-0.0125), 1100);
    assert_eq!(counts(0.0175), 1500);
    world.floor.lines[0].width_m = 0.005;
    let floor = Floor::of(&world);
    assert_eq!(floor.at(Point::new(2.0, 1.0)).counts, 1100, "a line of half the spot is half as dark");
}

#[test]
fn beside_a_table_there_is_nothing_and_a_line_on_it_ends_there() {
    let mut world = on_a_table();
    world.floor.lines.push(Tape::new("course", vec![[0.2, 1.0], [2.0, 1.0]]));
    let floor = Floor::of(&world);
    let at = |x_m: f64, y_m: f64| floor.at(Point::new(x_m, y_m));
    assert_eq!(at(2.0, 1.5), Ground { counts: 1500, is_there: true });
    assert_eq!(at(0.5, 1.5), Ground { counts: 100, is_there: false });
    assert_eq!(at(2.0, 2.2), Ground { counts: 100, is_there: false }, "a notch");
    assert_eq!(at(3.0005, 1.5), Ground { counts: 730, is_there: false }, "half of the spot, nearly");
    assert_eq!(at(2.9995, 1.5), Ground { counts: 870, is_there: true });
    assert_eq!(at(1.5, 1.0).counts, 700);
    assert_eq!(at(0.5, 1.0).counts, 100, "tape in the air");
    assert_eq!(at(-1.0, 9.0), Ground { counts: 100, is_there: false });
}

#[test]
fn two_tables_side_by_side_have_no_gap() {
    let mut world = on_a_table();
    world.floor.tables.push(Table::new("shelf", vec![[3.0, 0.5], [3.5, 0.5], [3.5, 2.5], [3.0, 2.5]]));
    let floor = Floor::of(&world);
    for step in -10..10 {
        let ground = floor.at(Point::new(3.0 + f64::from(step) * 0.001, 1.5));
        assert_eq!(ground, Ground { counts: 1500, is_there: true }, "{step}");
    }
}

#[test]
fn what_can_be_seen_has_sharp_borders() {
    let mut world = on_a_table();
    world.floor.lines.push(Tape::new("course", vec![[0.2, 1.0], [2.0, 1.0]]));
    let floor = Floor::of(&world);
    assert_eq!(floor.surface(Point::new(1.5, 1.012)), Surface::Line(0));
    assert_eq!(floor.surface(Point::new(1.5, 1.013)), Surface::Table(0));
    assert_eq!(floor.surface(Point::new(0.99, 1.0)), Surface::Nothing);
    assert_eq!(Floor::of(&room()).surface(Point::new(9.0, 9.0)), Surface::Room);
}

proptest! {
    #[test]
    fn the_grid_changes_no_answer(
        x_m in -0.2..4.2_f64, y_m in -0.2..3.2_f64,
        line in prop::collection::vec((0.0..4.0_f64, 0.0..3.0_f64), 2..6),
        width_m in 0.005..0.3_f64,
    ) {
        let mut world = on_a_table();
        let mut tape = Tape::new("line", line.into_iter().map(|(x_m, y_m)| [x_m, y_m]).collect());
        tape.width_m = width_m;
        world.floor.lines.push(tape);
        let floor = Floor::of(&world);
        // One cell that knows of everything.
        let mut slow = floor.clone();
        let all = Cell {
            strips: (0..floor.strips.len() as u16).collect(),
            edges: vec![0],
            covered: None,
        };
        let (plain, cells) = (vec![None], vec![all]);
        slow.grid = Some(Grid { cell_m: 100.0, per_m: 0.01, columns: 1, rows: 1, plain, cells });
        let point = Point::new(x_m, y_m);
        if x_m >= 0.0 && y_m >= 0.0 {
            prop_assert_eq!(floor.at(point), slow.at(point));
            prop_assert_eq!(floor.surface(point), slow.surface(point));
        }
    }
}
