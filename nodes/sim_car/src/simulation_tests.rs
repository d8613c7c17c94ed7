use proptest::prelude::*;

use super::*;
use crate::Point;
use crate::world::{Circle, Object, Size, Start, Wall};

const SECOND: Duration = Duration::from_secs(1);

fn room() -> World {
    let mut world =
        World::new(Size { width_m: 5.0, depth_m: 4.0 }, Start { x_m: 3.0, y_m: 2.0, heading_deg: 0.0 });
    world.walls = vec![Wall::new("walls", vec![[0.0, 0.0], [5.0, 0.0], [5.0, 4.0], [0.0, 4.0], [0.0, 0.0]])];
    world
}

fn forward(speed_percent: f32) -> MotorCommand {
    MotorCommand { speed_percent, steering_deg: 0.0 }
}

fn exact(world: &World) -> Simulation {
    Simulation::new(world, Settings { dropout_share: 0.0, ..Settings::with_seed(7) }).unwrap()
}

fn mean_m(simulation: &mut Simulation) -> f64 {
    let read =
        |ping| if let Ping::Echo { distance_m } = ping { f64::from(distance_m) } else { panic!("{ping:?}") };
    (0..400).map(|_| read(simulation.ping())).sum::<f64>() / 400.0
}

#[test]
fn the_car_drives_on_until_it_is_told_otherwise() {
    let mut simulation = exact(&room());
    simulation.command(forward(10.0));
    simulation.step(10 * SECOND);
    assert!((simulation.state().speed_mps - 0.07).abs() < 1e-6);
    simulation.command(MotorCommand::STOP);
    simulation.step(SECOND);
    assert!(simulation.state().speed_mps.abs() < 1e-4);
}

#[test]
fn a_wall_blocks_the_car_and_counts_one_touch() {
    let mut simulation = exact(&room());
    simulation.command(forward(100.0));
    simulation.step(10 * SECOND);
    let state = simulation.state();
    assert_eq!(state.touches, 1);
    assert!(state.pose.x_m + FOOTPRINT.ahead_m < 5.0, "the car is not in the wall");
    assert!(state.pose.x_m + FOOTPRINT.ahead_m > 4.99, "the car is at the wall");
    simulation.command(forward(-50.0));
    simulation.step(SECOND);
    simulation.command(forward(100.0));
    simulation.step(2 * SECOND);
    assert_eq!(simulation.state().touches, 2);
}

#[test]
fn a_corner_of_the_car_that_swings_into_something_is_a_touch() {
    let mut world = room();
    let leg = |y_m| Object::Circle(Circle::new("leg", Point::new(3.1, y_m), 0.02));
    world.objects.push(leg(1.88));
    let mut simulation = exact(&world);
    simulation.command(MotorCommand { speed_percent: 20.0, steering_deg: 30.0 });
    simulation.step(SECOND);
    assert_eq!(simulation.state().touches, 0, "a left turn swings away from a leg on the right");
    simulation = exact(&world);
    simulation.command(MotorCommand { speed_percent: 20.0, steering_deg: -30.0 });
    simulation.step(SECOND);
    assert_eq!(simulation.state().touches, 1);
}

#[test]
fn the_sensor_measures_from_the_front_of_the_car() {
    assert!((mean_m(&mut exact(&room())) - (2.0 - FOOTPRINT.ahead_m)).abs() < 0.01);
}

#[test]
fn a_leg_within_the_cone_is_seen_and_one_beside_it_is_not() {
    let mut world = room();
    let leg = |y_m| Object::Circle(Circle::new("leg", Point::new(4.185, y_m), 0.02));
    world.objects.push(leg(2.25));
    assert!(mean_m(&mut exact(&world)) < 1.1);
    world.objects[0] = leg(2.35);
    assert!(mean_m(&mut exact(&world)) > 1.7);
}

#[test]
fn an_echo_that_comes_back_too_late_is_a_timeout() {
    let mut world = room();
    world.start.x_m = 5.0 - FOOTPRINT.ahead_m - 3.3;
    assert!(matches!(exact(&world).ping(), Ping::Echo { .. }));
    world.start.x_m = 5.0 - FOOTPRINT.ahead_m - 3.5;
    assert_eq!(exact(&world).ping(), Ping::Timeout);
}

#[test]
fn something_nearer_than_two_centimetres_gives_no_edge() {
    let mut world = room();
    world.start.x_m = 5.0 - FOOTPRINT.ahead_m - 0.015;
    assert_eq!(exact(&world).ping(), Ping::NoEdge);
}

#[test]
fn lost_readings_come_in_both_kinds_and_in_the_share_that_was_asked_for() {
    let settings = Settings { dropout_share: 0.2, ..Settings::with_seed(3) };
    let mut simulation = Simulation::new(&room(), settings).unwrap();
    let (mut timeouts, mut no_edges) = (0, 0);
    for _ in 0..10_000 {
        match simulation.ping() {
            Ping::Timeout => timeouts += 1,
            Ping::NoEdge => no_edges += 1,
            Ping::Echo { .. } => {}
        }
    }
    assert!((900..1100).contains(&timeouts), "{timeouts}");
    assert!((900..1100).contains(&no_edges), "{no_edges}");
}

#[test]
fn one_seed_gives_one_run_and_another_seed_another() {
    let run = |seed| {
        let mut simulation = Simulation::new(&room(), Settings::with_seed(seed)).unwrap();
        simulation.command(MotorCommand { speed_percent: 30.0, steering_deg: 12.0 });
        let pings: Vec<Ping> = (0..50)
            .map(|_| {
                simulation.step(Duration::from_millis(100));
                simulation.ping()
            })
            .collect();
        (pings, simulation.state())
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5).0, run(6).0);
}

proptest! {
    #[test]
    fn it_does_not_matter_how_time_is_cut(cuts in proptest::collection::vec(1_u64..40, 1..60)) {
        let mut pieces = exact(&room());
        let mut whole = exact(&room());
        for simulation in [&mut pieces, &mut whole] {
            simulation.command(MotorCommand { speed_percent: 60.0, steering_deg: -20.0 });
        }
        cuts.iter().for_each(|&cut| pieces.step(Duration::from_millis(cut)));
        whole.step(Duration::from_millis(cuts.iter().sum()));
        prop_assert_eq!(pieces.state(), whole.state());
    }

    #[test]
    fn whatever_is_commanded_the_car_never_enters_a_wall(
        commands in proptest::collection::vec((-120.0_f32..120.0, -40.0_f32..40.0, 1_u64..3000), 1..40),
    ) {
        let mut simulation = exact(&room());
        for (speed_percent, steering_deg, time_ms) in commands {
            simulation.command(MotorCommand { speed_percent, steering_deg });
            simulation.step(Duration::from_millis(time_ms));
            prop_assert!(simulation.clearance_m() > 0.0);
            let pose = simulation.state().pose;
            prop_assert!((0.0..5.0).contains(&pose.x_m) && (0.0..4.0).contains(&pose.y_m));
        }
    }
}
