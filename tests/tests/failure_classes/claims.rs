//! What breakers and supervision are for: cascades are prevented, hanging operations end for everyone else, infinite
//! retries are cut. What else is claimed of them is kept elsewhere: see `TESTS`.

use crate::classes::callback;
use crate::place::{Place, wandering};
use crate::process::wait_until;
use crate::robot::Robot;

/// The nodes of a car that drives about.
const OTHERS: [&str; 4] = ["sim_car", "obstacle_detection", "motion", "navigation"];

/// What has ended well and badly in all callbacks of `node`.
fn sums(robot: &Robot, node: &str) -> (u64, u64) {
    let node = robot.node(node);
    let sum = |kinds: &[&str]| {
        let callbacks = node["callbacks"].as_array().unwrap().iter();
        callbacks.flat_map(|callback| kinds.iter().map(|kind| callback[kind].as_u64().unwrap())).sum()
    };
    (sum(&["ok"]), sum(&["failed", "panicked", "refused"]))
}

/// Makes trouble in one node again and again, and sees that the others do not notice.
fn nobody_else_notices(trouble: &str, times: u64) {
    let place = Place::new();
    // They are given time, so that a busy machine is not taken for a fault of the lamp's; the lamp is not.
    let nodes = wandering()
        .lines()
        .map(|node| node.replacen(": { ", ": { timeout: 4s, ", 1) + "\n")
        .collect::<String>();
    let lamp = "  lamp: { type: trouble, required: false, hang_grace: 10ms, timeout: 20ms, \
                restart: { intensity: 100, delay: 0s } }\n";
    let file = place.file(&format!("robot: picar\nzombies_max: 16\nnodes:\n{nodes}{lamp}"));
    let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
    let before = OTHERS.map(|other| sums(&robot, other));
    for time in 0..times {
        robot.trouble(trouble);
        wait_until("it has failed once more", || {
            let counts = callback(&robot, "lamp", "on_order");
            let failed = ["failed", "panicked", "timed_out", "refused"];
            let all = failed.iter().map(|kind| counts[kind].as_u64().unwrap()).sum::<u64>();
            let lamp = robot.node("lamp");
            let is_up = lamp["state"] == "active" && lamp["running"].is_null();
            (all > time && is_up).then_some(())
        });
    }
    robot.drives_on();
    for (other, before) in OTHERS.into_iter().zip(before) {
        let after = sums(&robot, other);
        assert!(after.0 > before.0, "{other}: {before:?} {after:?}");
        assert_eq!(after.1, before.1, "{other}: {before:?} {after:?}");
        assert_eq!(robot.node(other)["life"], 1);
    }
    // Whoever hangs is left behind.
    let code = if trouble == "hang" { 7 } else { 0 };
    let ended = robot.stop();
    assert_eq!(ended.code(), Some(code), "{ended:?}");
}

#[test]
fn a_node_that_fails_again_and_again_makes_no_other_fail() {
    nobody_else_notices("refuse", 100);
}

#[test]
fn a_node_that_panics_again_and_again_makes_no_other_fail() {
    nobody_else_notices("panic", 20);
}

#[test]
fn operations_that_hang_again_and_again_hold_up_nobody_else() {
    nobody_else_notices("hang", 4);
}

#[test]
fn a_callback_that_fails_again_and_again_is_not_called_for_a_while() {
    let place = Place::new();
    let robot = Robot::launch(&place, "  lamp: { type: trouble }\n");
    for calls in 1..=8 {
        robot.trouble("refuse");
        wait_until("it is called or not", || {
            let counts = callback(&robot, "lamp", "on_order");
            let all = counts["failed"].as_u64().unwrap() + counts["refused"].as_u64().unwrap();
            (all == calls).then_some(())
        });
    }
    let counts = callback(&robot, "lamp", "on_order");
    assert_eq!((&counts["failed"], &counts["refused"]), (&5.into(), &3.into()), "{counts}");
    robot.complains("breaker `lamp.on_order` is open");
    assert_eq!(robot.state("lamp"), "active");
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_node_that_fails_at_every_further_start_is_given_up_after_its_intensity() {
    let place = Place::new();
    // Its diary is a directory from the second start on.
    let nodes = "  lamp: { type: trouble, required: false, restart: { intensity: 2, delay: 0s }, params: { diary: diary.txt } }\n  \
                   other: { type: trouble, params: { deaf: true } }\n";
    let robot = Robot::launch(&place, nodes);
    std::fs::remove_file(place.path().join("diary.txt")).unwrap();
    std::fs::create_dir(place.path().join("diary.txt")).unwrap();
    robot.trouble("panic");
    robot.complains("node `lamp` is not started again");
    let told = robot.complaints().matches("node `lamp` failed to activate again: ").count();
    assert_eq!(told, 2);
    assert_eq!(robot.state("other"), "active");
    let ended = robot.stop();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}
