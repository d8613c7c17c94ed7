use proptest::prelude::*;

use nevil_car::{MotorCommand, WheelSpeeds, duty_percent};

use super::*;
use crate::Point;
use crate::world::{Circle, Object, Size, Start, Table, Tape, Wall};

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
    switched_on(world, Settings { dropout_share: 0.0, ..Settings::with_seed(7) })
}

/// A car whose timers are set.
fn switched_on(world: &World, settings: Settings) -> Simulation {
    let mut simulation = Simulation::new(world, settings).unwrap();
    for (timer, prescaler) in [(0, registers::SERVO_PRESCALER), (3, registers::MOTOR_PRESCALER)] {
        write(&mut simulation, registers::prescaler(timer), prescaler - 1);
        write(&mut simulation, registers::period(timer), registers::PERIOD);
    }
    simulation
}

fn write(simulation: &mut Simulation, register: u8, value: u16) {
    simulation.write(&registers::write(register, value)).unwrap();
}

/// What the driver of a car without calibration writes.
fn drive(simulation: &mut Simulation, command: MotorCommand) {
    let WheelSpeeds { left_percent, right_percent } = command.wheels();
    let servo_deg = -command.limited().steering_deg;
    write(simulation, registers::pulse(registers::STEERING), registers::servo_ticks(servo_deg));
    let level = |high| if high { Level::High } else { Level::Low };
    simulation.set(Line::LeftDirection, level(left_percent < 0.0));
    simulation.set(Line::RightDirection, level(right_percent > 0.0));
    for (channel, percent) in [(registers::LEFT_MOTOR, left_percent), (registers::RIGHT_MOTOR, right_percent)]
    {
        write(simulation, registers::pulse(channel), registers::motor_ticks(duty_percent(percent)));
    }
}

/// What an input of the converter says.
fn counts(simulation: &mut Simulation, input: u8) -> u16 {
    write(simulation, registers::converter(input), 0);
    let (mut high, mut low) = ([0], [0]);
    simulation.read(&mut high).unwrap();
    simulation.read(&mut low).unwrap();
    u16::from_be_bytes([high[0], low[0]])
}

fn mean(simulation: &mut Simulation, input: u8) -> f64 {
    (0..400).map(|_| f64::from(counts(simulation, input))).sum::<f64>() / 400.0
}

fn mean_m(simulation: &mut Simulation) -> f64 {
    (0..400).map(|_| simulation.echo().distance_m().unwrap()).sum::<f64>() / 400.0
}

#[test]
fn the_car_drives_on_until_it_is_told_otherwise() {
    let mut simulation = exact(&room());
    drive(&mut simulation, forward(10.0));
    simulation.step(10 * SECOND);
    assert!((simulation.state().speed_mps - 0.07).abs() < 1e-3, "{:?}", simulation.state());
    assert!(simulation.state().is_told_to_drive());
    drive(&mut simulation, MotorCommand::STOP);
    simulation.step(SECOND);
    assert!(simulation.state().speed_mps.abs() < 1e-4);
    assert!(!simulation.state().is_told_to_drive());
}

#[test]
fn a_wall_blocks_the_car_and_counts_one_touch() {
    let mut simulation = exact(&room());
    drive(&mut simulation, forward(100.0));
    simulation.step(10 * SECOND);
    let state = simulation.state();
    assert_eq!(state.touches, 1);
    assert!(state.pose.x_m + FOOTPRINT.ahead_m < 5.0, "the car is not in the wall");
    assert!(state.pose.x_m + FOOTPRINT.ahead_m > 4.99, "the car is at the wall");
    drive(&mut simulation, forward(-50.0));
    simulation.step(SECOND);
    drive(&mut simulation, forward(100.0));
    simulation.step(2 * SECOND);
    assert_eq!(simulation.state().touches, 2);
}

#[test]
fn a_corner_of_the_car_that_swings_into_something_is_a_touch() {
    let mut world = room();
    let leg = |y_m| Object::Circle(Circle::new("leg", Point::new(3.1, y_m), 0.02));
    world.objects.push(leg(1.88));
    let mut simulation = exact(&world);
    drive(&mut simulation, MotorCommand { speed_percent: 20.0, steering_deg: 30.0 });
    simulation.step(SECOND);
    assert_eq!(simulation.state().touches, 0, "a left turn swings away from a leg on the right");
    simulation = exact(&world);
    drive(&mut simulation, MotorCommand { speed_percent: 20.0, steering_deg: -30.0 });
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
    assert!(matches!(exact(&world).echo(), Echo::Pulse(_)));
    world.start.x_m = 5.0 - FOOTPRINT.ahead_m - 3.5;
    assert_eq!(exact(&world).echo(), Echo::Timeout);
}

#[test]
fn something_nearer_than_two_centimetres_gives_no_edge() {
    let mut world = room();
    world.start.x_m = 5.0 - FOOTPRINT.ahead_m - 0.015;
    assert_eq!(exact(&world).echo(), Echo::NoEdge);
}

#[test]
fn lost_readings_come_in_both_kinds_and_in_the_share_that_was_asked_for() {
    let settings = Settings { dropout_share: 0.2, ..Settings::with_seed(3) };
    let mut simulation = Simulation::new(&room(), settings).unwrap();
    let (mut timeouts, mut no_edges) = (0, 0);
    for _ in 0..10_000 {
        match simulation.echo() {
            Echo::Timeout => timeouts += 1,
            Echo::NoEdge => no_edges += 1,
            Echo::Pulse(_) => {}
        }
    }
    assert!((900..1100).contains(&timeouts), "{timeouts}");
    assert!((900..1100).contains(&no_edges), "{no_edges}");
}

#[test]
fn one_seed_gives_one_run_and_another_seed_another() {
    let run = |seed| {
        let mut simulation =
            switched_on(&room(), Settings { flaws: CarFlaws::TYPICAL, ..Settings::with_seed(seed) });
        drive(&mut simulation, MotorCommand { speed_percent: 30.0, steering_deg: 12.0 });
        let echoes: Vec<Echo> = (0..50)
            .map(|_| {
                simulation.step(Duration::from_millis(100));
                simulation.echo()
            })
            .collect();
        (echoes, simulation.state())
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5).0, run(6).0);
    assert_ne!(run(5).1, run(6).1, "its slip is another one");
}

#[test]
fn the_battery_is_measured_at_a_third_of_its_voltage_and_sags() {
    let settings = Settings { flaws: CarFlaws::TYPICAL, ..Settings::with_seed(1) };
    let mut simulation = switched_on(&room(), settings);
    let volts = |simulation: &mut Simulation| mean(simulation, registers::BATTERY) * 3.3 / 4095.0 * 3.0;
    simulation.step(SECOND);
    let idle_v = volts(&mut simulation);
    assert!((idle_v - simulation.state().battery_v).abs() < 0.005, "{idle_v}");
    drive(&mut simulation, forward(100.0));
    simulation.step(SECOND);
    assert!(idle_v - volts(&mut simulation) > 0.1);
}

#[test]
fn what_is_asked_of_the_converter_changes_neither_the_distances_nor_the_way() {
    let run = |questions: u32| {
        let mut simulation =
            switched_on(&room(), Settings { flaws: CarFlaws::TYPICAL, ..Settings::with_seed(1) });
        drive(&mut simulation, forward(30.0));
        for _ in 0..questions {
            counts(&mut simulation, registers::GRAYSCALE_LEFT);
        }
        simulation.step(SECOND);
        (simulation.echo(), simulation.state().pose)
    };
    assert_eq!(run(0), run(9));
}

#[test]
fn bright_floor_is_what_the_grayscale_sensors_see_of_a_room_without_lines() {
    let mut simulation = exact(&room());
    for input in [registers::GRAYSCALE_LEFT, registers::GRAYSCALE_MIDDLE, registers::GRAYSCALE_RIGHT] {
        assert!((mean(&mut simulation, input) - 1500.0).abs() < 4.0);
    }
    assert_eq!(counts(&mut simulation, 3), 0, "nothing is connected to the others");
}

#[test]
fn a_line_is_seen_by_the_sensor_above_it() {
    let mut world = room();
    let y_m = 2.0 + GRAYSCALE_BESIDE_M;
    world.floor.lines.push(Tape::new("line", vec![[2.0, y_m], [4.0, y_m]]));
    let mut simulation = exact(&world);
    let seen = [registers::GRAYSCALE_LEFT, registers::GRAYSCALE_MIDDLE, registers::GRAYSCALE_RIGHT]
        .map(|input| mean(&mut simulation, input) < 1000.0);
    assert_eq!(seen, [true, false, false]);
}

/// A table in the room whose right edge is `ahead_m` before the rear axle, and the car on it with this heading.
fn on_a_table(ahead_m: f64, heading_deg: f64) -> World {
    let mut world = room();
    world.start = Start { x_m: 2.0, y_m: 2.0, heading_deg };
    let (right_m, bottom_m) = (2.0 + ahead_m, 0.5);
    let corners_m = vec![[0.5, bottom_m], [right_m, bottom_m], [right_m, 3.5], [0.5, 3.5]];
    world.floor.tables.push(Table::new("table", corners_m));
    world
}

#[test]
fn a_car_falls_when_its_weight_is_beyond_the_wheels_that_stand_and_drives_no_more() {
    let mut simulation = exact(&on_a_table(0.5, 0.0));
    drive(&mut simulation, forward(50.0));
    simulation.step(SECOND);
    assert_eq!(simulation.state().falls, 0);
    simulation.step(2 * SECOND);
    let fallen = simulation.state();
    assert_eq!((fallen.falls, fallen.speed_mps), (1, 0.0));
    let beyond_m = fallen.pose.x_m - 2.0 - (0.5 - WHEELBASE_M);
    assert!((0.0..0.01).contains(&beyond_m), "as its front wheels go over the edge: {beyond_m}");
    assert!(mean(&mut simulation, registers::GRAYSCALE_MIDDLE) < 500.0);
    drive(&mut simulation, forward(-50.0));
    simulation.step(SECOND);
    assert_eq!(
        simulation.state(),
        State {
            left_percent: simulation.state().left_percent,
            right_percent: simulation.state().right_percent,
            ..fallen
        }
    );
}

#[test]
fn a_sensor_over_the_edge_is_no_fall_and_the_car_comes_back() {
    let mut simulation = exact(&on_a_table(0.5, 0.0));
    drive(&mut simulation, forward(20.0));
    while mean(&mut simulation, registers::GRAYSCALE_MIDDLE) > 500.0 {
        simulation.step(Duration::from_millis(50));
    }
    drive(&mut simulation, forward(-20.0));
    simulation.step(2 * SECOND);
    assert_eq!(simulation.state().falls, 0);
}

#[test]
fn a_car_with_one_front_wheel_over_the_edge_still_stands_and_one_with_a_rear_wheel_falls() {
    let falls = |start: Start, speed_percent| {
        let mut world = on_a_table(0.5, 0.0);
        world.start = start;
        let mut simulation = exact(&world);
        drive(&mut simulation, forward(speed_percent));
        simulation.step(SECOND);
        simulation.state().falls
    };
    // At 45° to the edge a wheel is over it first, long before the second one.
    let at = |heading_deg, x_m| Start { x_m, y_m: 2.0, heading_deg };
    assert_eq!(falls(at(45.0, 2.5 - 0.13), 10.0), 0, "the right front wheel alone");
    assert_eq!(falls(at(225.0, 2.5 - 0.06), -10.0), 1, "a rear wheel, where the weight is");
}

#[test]
fn a_reset_stops_the_motors() {
    let mut simulation = exact(&room());
    drive(&mut simulation, forward(50.0));
    simulation.step(SECOND);
    simulation.set(Line::Reset, Level::Low);
    assert!(!simulation.state().is_told_to_drive());
    assert_eq!(simulation.state().resets, 1);
}

proptest! {
    #[test]
    fn it_does_not_matter_how_time_is_cut(cuts in proptest::collection::vec(1_u64..40, 1..60)) {
        let mut pieces = exact(&room());
        let mut whole = exact(&room());
        for simulation in [&mut pieces, &mut whole] {
            drive(simulation, MotorCommand { speed_percent: 60.0, steering_deg: -20.0 });
        }
        cuts.iter().for_each(|&cut| pieces.step(Duration::from_millis(cut)));
        whole.step(Duration::from_millis(cuts.iter().sum()));
        prop_assert_eq!(pieces.state(), whole.state());
    }

    #[test]
    fn whatever_is_commanded_the_car_never_enters_a_wall(
        commands in proptest::collection::vec((-120.0_f32..120.0, -40.0_f32..40.0, 1_u64..3000), 1..40),
        flaws in prop_oneof![Just(CarFlaws::NONE), Just(CarFlaws::TYPICAL)],
    ) {
        let mut simulation = switched_on(&room(), Settings { flaws, ..Settings::with_seed(7) });
        for (speed_percent, steering_deg, time_ms) in commands {
            drive(&mut simulation, MotorCommand { speed_percent, steering_deg });
            simulation.step(Duration::from_millis(time_ms));
            prop_assert!(simulation.clearance_m() > 0.0);
            let pose = simulation.state().pose;
            prop_assert!((0.0..5.0).contains(&pose.x_m) && (0.0..4.0).contains(&pose.y_m));
        }
    }

    #[test]
    fn whatever_is_written_to_the_board_the_car_stays_in_the_room_and_its_numbers_are_numbers(
        writes in proptest::collection::vec((any::<u8>(), any::<u16>(), any::<bool>(), 0_u64..200), 1..60),
    ) {
        let mut simulation = exact(&room());
        for (register, value, high, time_ms) in writes {
            // Both are allowed: the board has registers, and numbers that are none.
            let _either = simulation.write(&registers::write(register, value));
            let _either = simulation.read(&mut [0]);
            simulation.set(Line::LeftDirection, if high { Level::High } else { Level::Low });
            simulation.step(Duration::from_millis(time_ms));
            let State { pose, speed_mps, steering_deg, battery_v, .. } = simulation.state();
            prop_assert!((0.0..5.0).contains(&pose.x_m) && (0.0..4.0).contains(&pose.y_m));
            prop_assert!([pose.heading_rad, speed_mps, steering_deg, battery_v].iter().all(|it| it.is_finite()));
        }
    }
}
