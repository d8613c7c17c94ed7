//! A robot starts as a whole or says which node did not, in which phase, and why.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::place::{Place, three};
use crate::process::{Process, wait_until};
use crate::robot::Robot;

const HEAD: &str = "robot: picar\nstart_timeout: 1s\nshutdown_timeout: 300ms\nnodes:\n";

/// Three nodes, of which the second has these parameters besides.
fn second(params: &str, required: &str) -> String {
    let nodes = three(&format!(", {params}"));
    if required == "required" {
        return format!("{HEAD}{nodes}");
    }
    let nodes = nodes.replacen("depends_on: [first]", "required: false, depends_on: [first]", 1);
    format!("{HEAD}{}", nodes.replacen("depends_on: [second]", "depends_on: [first]", 1))
}

#[test]
fn a_required_node_that_fails_to_start_ends_the_launch_with_3_and_the_others_in_order() {
    for (params, text) in [
        (
            "configure: refuse",
            "node `second` failed to configure: the lamp is not connected; it is required, so the robot stops",
        ),
        (
            "configure: panic",
            "node `second` failed to configure: its `configure` panicked: the lamp is broken",
        ),
        (
            "activate: refuse",
            "node `second` failed to activate: the lamp is not connected; it is required, so the robot stops",
        ),
        (
            "activate: panic",
            "node `second` failed to activate: it panicked: the lamp is broken; it is required",
        ),
    ] {
        let place = Place::new();
        let ended = place.launch_to_its_end(&second(params, "required"));
        assert_eq!(ended.code(), Some(3), "{params}: {ended:?}");
        assert!(ended.err.contains(text), "{params}: {}", ended.err);
        assert!(!ended.out.contains("is running"), "{}", ended.out);
        let diary = place.diary();
        let others: Vec<_> = diary.iter().filter(|line| !line.starts_with("second")).collect();
        if params.starts_with("configure") {
            assert_eq!(others, ["third shutdown", "first shutdown"]);
        } else {
            assert_eq!(others, ["first activate", "first deactivate", "third shutdown", "first shutdown"]);
        }
        assert!(!place.socket("picar").exists());
    }
}

#[test]
fn a_robot_runs_without_an_optional_node_that_fails_to_start() {
    for params in ["configure: refuse", "configure: panic", "activate: refuse", "activate: panic"] {
        let place = Place::new();
        let file = place.file(&second(params, "optional"));
        let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
        robot.complains("; the robot goes on without it");
        assert_eq!((&*robot.state("first"), &*robot.state("third")), ("active", "active"));
        assert_ne!(robot.state("second"), "active", "{params}");
        assert_eq!(robot.stop().code(), Some(0), "{params}");
    }
}

#[test]
fn a_node_that_hangs_at_its_start_is_named_with_its_phase() {
    for phase in ["configure", "activate"] {
        let place = Place::new();
        let began = Instant::now();
        let ended = place.launch_to_its_end(&second(&format!("{phase}: hang"), "required"));
        let took = began.elapsed();
        println!("{phase} hangs: given up after {took:?}");
        assert!(took >= Duration::from_secs(1), "{took:?}");
        assert_eq!(ended.code(), Some(3), "{ended:?}");
        assert!(
            ended.err.contains(&format!("node `second` failed to {phase}: did not end within 1")),
            "{}",
            ended.err
        );
        assert!(!place.socket("picar").exists());
    }
}

#[test]
fn a_robot_goes_on_without_an_optional_node_that_hangs_at_its_start_and_is_ended_by_force() {
    let place = Place::new();
    let file = place.file(&second("activate: hang", "optional"));
    let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
    assert_eq!(robot.state("third"), "active");
    let ended = robot.stop();
    assert_eq!(ended.code(), Some(7), "{ended:?}");
    assert!(ended.out.contains("; left behind, because they hang: second"), "{}", ended.out);
}

#[test]
fn ctrl_c_during_a_start_that_hangs_stops_the_robot_at_once_and_not_after_the_start_timeout() {
    let place = Place::new();
    let text = second("activate: hang", "required").replace("start_timeout: 1s", "start_timeout: 600s");
    let robot = Process::start(place.command(&["launch", place.file(&text).to_str().unwrap()]));
    wait_until("the node hangs", || place.diary().contains(&"second activate".to_owned()).then_some(()));
    robot.signal(Signal::INT);
    let ended = robot.end();
    assert_eq!(ended.code(), Some(7), "{ended:?}");
    assert!(ended.err.contains("second"), "{}", ended.err);
    assert_eq!(
        place.diary(),
        ["first activate", "second activate", "first deactivate", "third shutdown", "first shutdown"]
    );
}

#[test]
fn a_configure_that_hangs_in_the_check_before_the_start_is_named() {
    let place = Place::new();
    let ended = place.launch_to_its_end(&second("check: hang", "required"));
    assert_eq!(ended.code(), Some(2), "{ended:?}");
    assert!(ended.err.contains("nodes.second: "), "{}", ended.err);
}
