//! The launch file is read again while the robot runs: what can change does, what cannot is named, what is wrong changes nothing.

use std::fs;

use crate::place::{Place, three};
use crate::process::wait_until;
use crate::robot::Robot;

/// Writes the file that `robot` was launched from once more, with `to` in the place of `from`.
fn rewrite(place: &Place, from: &str, to: &str) {
    let path = place.path().join("robot.yaml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from} is not in\n{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn what_differs_in_the_file_changes_while_the_robot_runs() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(", brightness: 80"));
    let run = |words: &[&str]| place.run(words);
    assert_eq!(run(&["reload"]).out, "nothing differs\n");
    rewrite(&place, "brightness: 80", "brightness: 30");
    let reload = run(&["reload"]);
    assert_eq!(
        (reload.code(), &*reload.out),
        (Some(0), "changed nodes.second.params (brightness)\n"),
        "{}",
        reload.err
    );
    assert_eq!(run(&["param", "get", "second", "brightness"]).out, "30\n");
    // What an operator has changed besides stays.
    run(&["param", "set", "second", "brightness", "31"]);
    rewrite(&place, "robot: picar", "robot: picar\nlog: debug");
    assert_eq!(run(&["reload"]).out, "changed log\n");
    assert_eq!(
        (run(&["param", "get", "second", "brightness"]).out, run(&["log"]).out),
        ("31\n".into(), "debug\n".into())
    );
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_wrong_file_changes_nothing_and_says_why() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(", brightness: 80"));
    rewrite(&place, "brightness: 80", "brightness: 120");
    let reload = place.run(&["reload"]);
    assert_eq!((reload.code(), &*reload.out), (Some(1), ""));
    assert!(
        reload.err.contains("brightness: value is too large (120), at most 100 is allowed"),
        "{}",
        reload.err
    );
    assert!(reload.err.ends_with("robot.yaml; nothing was changed\n"), "{}", reload.err);
    assert_eq!(place.run(&["param", "get", "second", "brightness"]).out, "80\n");
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn what_cannot_change_is_named_and_restarted_in_order_where_that_is_wanted() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(", brightness: 80"));
    rewrite(&place, "brightness: 80", "brightness: 40, change: refuse");
    let named = place.run(&["reload"]);
    assert_eq!(named.code(), Some(1), "{}", named.out);
    assert!(named.err.contains("node `second` must restart for params ("), "{}", named.err);
    assert_eq!(place.run(&["param", "get", "second", "brightness"]).out, "80\n");
    let restarted = place.run(&["reload", "--restart"]);
    assert_eq!(
        (restarted.code(), &*restarted.out),
        (Some(0), "restarted node second\n"),
        "{}",
        restarted.err
    );
    assert_eq!(place.run(&["param", "get", "second", "brightness"]).out, "40\n");
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_robot_that_watches_its_file_reloads_when_it_is_written() {
    let place = Place::new();
    let file = place.file(&format!("robot: picar\nnodes:\n{}", three(", brightness: 80")));
    let command = place.command(&["launch", file.to_str().unwrap(), "--watch"]);
    let robot = Robot::of(&place, command, "picar");
    rewrite(&place, "brightness: 80", "brightness: 20");
    wait_until("the file is reloaded", || {
        (place.run(&["param", "get", "second", "brightness"]).out == "20\n").then_some(())
    });
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_mode_changes_what_it_says_and_another_one_changes_it_back() {
    let place = Place::new();
    let nodes = three(", brightness: 80");
    let modes = "modes:\n  day:\n  night: { nodes: { second: { params: { brightness: 5 } }, third: { paused: true } } }\n";
    let file = place.file(&format!("robot: picar\n{modes}nodes:\n{nodes}"));
    let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
    let run = |words: &[&str]| place.run(words);
    assert_eq!(run(&["mode"]).out, "day (now)\nnight\n");
    let night = run(&["mode", "night"]);
    assert_eq!(
        (night.code(), &*night.out),
        (Some(0), "changed nodes.second.params (brightness)\nchanged nodes.third.paused\n"),
        "{}",
        night.err
    );
    assert_eq!(
        (run(&["param", "get", "second", "brightness"]).out, run(&["mode"]).out),
        ("5\n".into(), "day\nnight (now)\n".into())
    );
    assert!(run(&["node", "list"]).out.contains("paused by operator"));
    let unknown = run(&["mode", "nigt"]);
    assert_eq!(unknown.code(), Some(1));
    assert!(
        unknown.err.contains("unknown mode `nigt`, did you mean `night`?; known modes are day, night"),
        "{}",
        unknown.err
    );
    assert_eq!(run(&["mode", "day"]).code(), Some(0));
    assert_eq!(run(&["param", "get", "second", "brightness"]).out, "80\n");
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn what_is_to_be_called_in_an_emergency_stop_by_the_file_as_it_is_now_is_called() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    let run = |words: &[&str]| place.run(words);
    let state = |breaker: &str| {
        let list = robot.ask(&nevil_launch::Request::BreakerList);
        let all = list["breakers"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|found| found["name"] == breaker).unwrap_or_default()["state"].clone()
    };
    let (closed, breaker) = (state("second.on_order"), "second.on_order");
    run(&["estop"]);
    let stopped = state(breaker);
    assert_ne!(stopped, closed, "the stop opens it");
    rewrite(&place, "second: { type: trouble,", "second: { type: trouble, safety: true,");
    assert_eq!(run(&["reload", "--restart"]).out, "restarted node second\n");
    assert_eq!(state(breaker), closed, "it is called during a stop now");
    rewrite(&place, "safety: true, ", "");
    assert_eq!(run(&["reload", "--restart"]).out, "restarted node second\n");
    assert_eq!(state(breaker), stopped, "and no longer");
    assert_eq!(run(&["estop", "--reset"]).code(), Some(0));
    assert_eq!(state(breaker), closed);
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_robot_that_begins_in_a_mode_with_less_room_can_change_to_the_first_one() {
    let place = Place::new();
    let modes = "modes: { day: {}, night: { topics: { trouble: { depth: 2 } } } }\n";
    let file = place.file(&format!("robot: picar\n{modes}nodes:\n{}", three("")));
    let command = place.command(&["launch", file.to_str().unwrap(), "--mode", "night"]);
    let robot = Robot::of(&place, command, "picar");
    let run = |words: &[&str]| place.run(words);
    assert_eq!(run(&["reload"]).out, "nothing differs\n");
    let day = run(&["mode", "day"]);
    assert_eq!((day.code(), &*day.out), (Some(0), "changed topics.trouble.depth\n"), "{}", day.err);
    assert_eq!(run(&["mode", "night"]).code(), Some(0));
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_node_that_pauses_is_ready_without_a_word() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    let run = |words: &[&str]| place.run(words);
    assert_eq!(run(&["node", "pause", "second"]).code(), Some(0));
    let restarted = run(&["node", "restart", "second"]);
    assert_eq!(restarted.code(), Some(0), "{}", restarted.err);
    assert_eq!(run(&["node", "resume", "second"]).out, "node `second` is active\n");
    assert_eq!(robot.stop().code(), Some(0));
}
