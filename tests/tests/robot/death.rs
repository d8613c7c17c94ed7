//! However the robot's process ends, or hangs as a whole: the car stands, although its motor controller has no expiry.

use std::io::Write;

use nevil_car::{Level, Line, registers};
use nevil_node_sim_car::{ToWorld, Transfer, WireMessage};
use nevil_runtime::Clock;
use rustix::process::Signal;

use crate::place::Place;
use crate::process::wait_until;
use crate::robot::Robot;
use crate::world::World;

/// Lets the car drive, ends the robot with `end`, and sees to it that the car stands. Returns the robot's exit code and
/// the signal that ended it.
fn dies(name: &str, end: impl FnOnce(&Robot)) -> (Option<i32>, Option<i32>) {
    let place = Place::new();
    let world = World::start(&place);
    let robot = Robot::launch(&place, &(world.wandering() + "  lamp: { type: trouble }\n"));
    let guard = robot.guard();
    world.drives();
    let began_ns = Clock::monotonic().now().as_ns();
    end(&robot);
    let stopped = world.stops();
    let after_ms = stopped.stamp_ns.saturating_sub(began_ns) as f64 / 1e6;
    println!("{name}: the motors were seen off {after_ms:.1} ms after it");
    let ended = robot.end();
    world.stands();
    wait_until("the guard ends", || (!guard.runs()).then_some(()));
    world.stands();
    (ended.code(), ended.signal())
}

#[test]
fn the_car_stands_when_the_robot_is_killed() {
    let (_, signal) = dies("SIGKILL", |robot| robot.signal(Signal::KILL));
    assert_eq!(signal, Some(9));
}

#[test]
fn one_sent_fault_ends_the_robot_and_the_car_stands() {
    let (_, signal) = dies("SIGSEGV", |robot| robot.signal(Signal::SEGV));
    assert_eq!(signal, Some(11));
    let (_, signal) = dies("SIGBUS", |robot| robot.signal(Signal::BUS));
    assert_eq!(signal, Some(7));
}

#[test]
fn the_car_stands_when_the_robot_aborts() {
    let (_, signal) = dies("SIGABRT", |robot| robot.signal(Signal::ABORT));
    assert_eq!(signal, Some(6));
    let (_, signal) = dies("abort in a callback", |robot| robot.trouble("abort"));
    assert_eq!(signal, Some(6));
}

#[test]
fn the_car_stands_when_a_callback_overflows_its_stack() {
    let (_, signal) = dies("stack overflow", |robot| robot.trouble("overflow"));
    assert_eq!(signal, Some(6));
}

#[test]
fn the_car_stands_while_the_robot_is_stopped_as_a_process_and_drives_on_afterwards() {
    let place = Place::new();
    let world = World::start(&place);
    let robot = Robot::launch(&place, &world.wandering());
    for _ in 0..2 {
        world.drives();
        let began_ns = Clock::monotonic().now().as_ns();
        robot.signal(Signal::STOP);
        let stopped = world.stops();
        println!(
            "SIGSTOP: the motors were seen off after {:.1} ms",
            (stopped.stamp_ns - began_ns) as f64 / 1e6
        );
        world.stands();
        robot.signal(Signal::CONT);
        world.drives();
    }
    robot.complains("the guard process has made everything safe: no beat had come");
    assert_eq!(robot.stop().code(), Some(0));
    world.stands();
}

#[test]
fn a_robot_that_loses_its_guard_stops_by_itself_with_4() {
    let place = Place::new();
    let world = World::start(&place);
    let robot = Robot::launch(&place, &world.wandering());
    world.drives();
    robot.guard().kill();
    let ended = robot.end();
    assert_eq!(ended.code(), Some(4), "{ended:?}");
    assert!(ended.err.contains("the guard process is lost: it ended ("), "{}", ended.err);
    let why = "the robot stops, because nobody would make it safe if this process died";
    assert!(ended.err.contains(why), "{}", ended.err);
    world.stands();
}

/// Without this the tests above would show nothing.
#[test]
fn the_world_itself_drives_on_when_who_has_commanded_it_is_gone() {
    let place = Place::new();
    let world = World::start(&place);
    let mut commander = world.connect();
    let mut say = |message: ToWorld| commander.write_all(message.encode().as_bytes()).unwrap();
    let write = |register, value| ToWorld::Post(Transfer::of(&registers::write(register, value)).unwrap());
    say(write(registers::period(registers::timer(registers::LEFT_MOTOR)), registers::PERIOD));
    say(ToWorld::Line(Line::RightDirection, Level::High));
    for motor in [registers::LEFT_MOTOR, registers::RIGHT_MOTOR] {
        say(write(registers::pulse(motor), registers::motor_ticks(55)));
    }
    let first = world.drives();
    drop(commander);
    let later = wait_until("a second has passed", || {
        Some(world.look()).filter(|state| state.stamp_ns > first.stamp_ns + 1_000_000_000)
    });
    assert!((later.state.left_percent - 55.0).abs() < 0.1, "{later:?}");
    assert!(later.state.driven_m > first.state.driven_m + 0.01, "{first:?} {later:?}");
}
