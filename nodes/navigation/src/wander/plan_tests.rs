use super::super::{CarShape, Cliff, WanderLimits};
use super::*;

const NARROW_RAD: f64 = 0.5;

fn abilities() -> Abilities {
    Abilities {
        curvature_per_m: 5.0,
        steering_rad: NARROW_RAD,
        wheelbase_m: CarShape::default().wheelbase_m,
        middle_m: 0.05,
        straight_mps: 0.25,
        arc_mps: 0.15,
        back_mps: 0.15,
        may_go_ahead: true,
        room_m: 1.0,
        edges: false,
        arc_parts: 1.0,
        last_leg: None,
    }
}

/// Floor that is free for `radius_m` around the car, of which nothing else is known.
fn memory(radius_m: f64) -> Memory {
    let mut memory = Memory::new(CarShape::default(), WanderLimits::default());
    memory.assume_free(Pose::HOME, radius_m);
    memory
}

fn best(memory: &Memory, abilities: &Abilities, refused: &[(Direction, f64)], seed: u64) -> Option<Move> {
    let mut random = fastrand::Rng::with_seed(seed);
    Planner::new().best(memory, &Visits::new(), Pose::HOME, abilities, refused, &mut random)
}

#[test]
fn where_no_floor_is_known_there_is_no_way() {
    assert_eq!(best(&memory(0.0), &abilities(), &[], 1), None);
}

#[test]
fn over_free_floor_there_is_a_way_and_it_stays_on_it() {
    let memory = memory(1.0);
    for seed in 0..20 {
        let chosen = best(&memory, &abilities(), &[], seed).unwrap();
        assert!((0.05..2.0).contains(&chosen.length_m), "{chosen:?}");
        let curvature_per_m = match chosen.steering_rad {
            NARROW_RAD => 5.0,
            rad if rad == -NARROW_RAD => -5.0,
            rad => rad.tan() / CarShape::default().wheelbase_m,
        };
        let way_m = if chosen.direction == Direction::Ahead { chosen.length_m } else { -chosen.length_m };
        let end = Pose::HOME.after(way_m, curvature_per_m);
        assert!(end.x_m.hypot(end.y_m) < 1.0, "{end:?}");
    }
}

#[test]
fn where_forward_is_forbidden_it_goes_backward() {
    let forbidden = Abilities { may_go_ahead: false, ..abilities() };
    for seed in 0..20 {
        assert_eq!(best(&memory(1.0), &forbidden, &[], seed).unwrap().direction, Direction::Back);
    }
}

#[test]
fn straight_ahead_it_does_not_go_without_the_room_that_its_sensor_tells() {
    let cramped = Abilities { room_m: 0.05, ..abilities() };
    for seed in 0..20 {
        let chosen = best(&memory(1.0), &cramped, &[], seed).unwrap();
        assert!(chosen.direction == Direction::Back || chosen.steering_rad != 0.0, "{chosen:?}");
    }
}

#[test]
fn what_came_to_nothing_is_not_chosen_again() {
    let memory = memory(1.0);
    let mut refused = Vec::new();
    while let Some(chosen) = best(&memory, &abilities(), &refused, 1) {
        let first = (chosen.direction, chosen.steering_rad);
        assert!(!refused.contains(&first), "{first:?}");
        refused.push(first);
    }
    assert_eq!(refused.len(), 8, "five moves ahead and three back");
}

#[test]
fn between_edges_only_the_way_here_leads_back_and_no_farther_than_it_is_long() {
    let leg = Leg { steering_rad: 0.0, length_m: 0.25 };
    let edges = Abilities { edges: true, may_go_ahead: false, arc_parts: 2.0, ..abilities() };
    assert_eq!(best(&memory(1.0), &edges, &[], 1), None);
    let chosen = best(&memory(1.0), &Abilities { last_leg: Some(leg), ..edges }, &[], 1).unwrap();
    assert_eq!((chosen.direction, chosen.steering_rad), (Direction::Back, 0.0));
    assert!(chosen.length_m <= leg.length_m + 1e-9, "{chosen:?}");
    let rest = Leg { length_m: RETRACE_MIN_M / 2.0, ..leg };
    assert_eq!(best(&memory(1.0), &Abilities { last_leg: Some(rest), ..edges }, &[], 1), None);
}

#[test]
fn between_edges_it_goes_straight_only_over_floor_that_is_sure() {
    let edges = Abilities { edges: true, arc_parts: 2.0, ..abilities() };
    for seed in 0..20 {
        let chosen = best(&memory(1.0), &edges, &[], seed).unwrap();
        assert_eq!(chosen.steering_rad.abs(), NARROW_RAD, "only there the sensors sweep ahead of the wheels");
    }
}

#[test]
fn it_does_not_go_where_there_was_no_floor() {
    let mut memory = memory(1.0);
    // An edge all along ahead, as the middle sensor has seen it.
    for step in -20..=20 {
        let place = Pose { x_m: 0.25, y_m: f64::from(step) * 0.04, ..Pose::HOME };
        memory.feel(place, Cliff { left: false, middle: true, right: false });
    }
    for seed in 0..20 {
        let chosen = best(&memory, &abilities(), &[], seed).unwrap();
        assert_eq!(chosen.direction, Direction::Back, "{chosen:?}");
    }
}

#[test]
fn the_first_move_that_was_tried_again_and_again_gives_way_to_others() {
    let (memory, visits) = (memory(1.0), Visits::new());
    let (mut planner, mut random) = (Planner::new(), fastrand::Rng::with_seed(1));
    let chosen = (0..16)
        .map(|_| planner.best(&memory, &visits, Pose::HOME, &abilities(), &[], &mut random).unwrap())
        .collect::<Vec<_>>();
    assert!(
        chosen
            .iter()
            .any(|other| other.steering_rad != chosen[0].steering_rad
                || other.direction != chosen[0].direction)
    );
}
