//! What a launch file can say about callbacks that hang or panic, and about nodes whose input is down.

use crate::classes::callback;
use crate::place::Place;
use crate::process::wait_until;
use crate::robot::Robot;

/// Launches a robot of these keys and nodes.
fn launch(place: &Place, keys: &str, nodes: &str) -> Robot {
    let file = place.file(&format!("robot: picar\n{keys}nodes:\n{nodes}"));
    Robot::of(place, place.command(&["launch", file.to_str().unwrap()]), "picar")
}

/// The robot stops with 4, and says this.
fn ends_with_4(robot: Robot, why: &str) {
    let ended = robot.end();
    assert_eq!(ended.code(), Some(4), "{ended:?}");
    assert!(ended.err.contains(why), "{}", ended.err);
}

#[test]
fn a_node_that_hangs_and_has_on_hang_safe_stop_ends_the_robot_with_4() {
    let place = Place::new();
    let robot = launch(&place, "", "  lamp: { type: trouble, required: false, on_hang: safe_stop }\n");
    robot.trouble("hang");
    ends_with_4(robot, "the robot stops, because node `lamp` hangs and has `on_hang: safe_stop`");
}

#[test]
fn a_node_that_hangs_in_a_device_of_which_there_is_one_ends_the_robot_with_4() {
    let place = Place::new();
    let robot = launch(&place, "", "  camera: { required: false }\n");
    let why = "the robot stops, because node `camera` hangs in device `hw:CARD=camera`, which cannot be opened twice";
    ends_with_4(robot, why);
}

#[test]
fn one_thread_more_that_hangs_than_may_ends_the_robot_with_4() {
    let place = Place::new();
    let robot = launch(&place, "zombies_max: 1\n", "  lamp: { type: trouble, required: false }\n");
    robot.trouble("hang");
    robot.complains("node `lamp` is up again");
    robot.trouble("hang");
    ends_with_4(robot, "the robot stops, because 2 threads hang, and at most 1 may (`zombies_max`)");
}

#[test]
fn a_node_that_panics_and_has_on_panic_keep_goes_on_as_it_is() {
    let place = Place::new();
    let robot = launch(&place, "", "  lamp: { type: trouble, on_panic: keep }\n");
    robot.trouble("panic");
    robot.trouble("none");
    wait_until("it serves the order after", || {
        (callback(&robot, "lamp", "on_order")["ok"] == 1).then_some(())
    });
    let (lamp, counts) = (robot.node("lamp"), callback(&robot, "lamp", "on_order"));
    assert_eq!((&lamp["life"], &lamp["state"]), (&1.into(), &"active".into()), "{lamp}");
    assert_eq!(counts["panicked"], 1, "{counts}");
    robot.complains("`lamp.on_order` panicked: the lamp is broken");
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn honest_long_work_that_asks_for_time_is_not_failed() {
    let place = Place::new();
    let node =
        "  worker: { type: patient, timeout: 2s, hang_grace: 10ms, params: { gate: gate, extend: 25s } }\n";
    let robot = launch(&place, "", node);
    robot.publish("work", "number: 1").unwrap();
    // Longer than it would be allowed.
    wait_until("it has worked for long", || {
        (robot.node("worker")["running"][1].as_u64()? > 2100).then_some(())
    });
    std::fs::write(place.path().join("gate"), "").unwrap();
    wait_until("it is done", || (callback(&robot, "worker", "on_work")["ok"] == 1).then_some(()));
    let (worker, counts) = (robot.node("worker"), callback(&robot, "worker", "on_work"));
    assert_eq!((&worker["life"], &counts["timed_out"]), (&1.into(), &0.into()), "{counts}");
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn more_time_than_extend_max_is_refused() {
    let place = Place::new();
    let node =
        "  worker: { type: patient, timeout: 2s, extend_max: 1s, params: { gate: gate, extend: 25s } }\n";
    let robot = launch(&place, "", node);
    robot.publish("work", "number: 1").unwrap();
    robot.complains("`worker.on_work` failed: no more time is allowed (25s from now, at most 2.");
    wait_until("it has failed", || (callback(&robot, "worker", "on_work")["failed"] == 1).then_some(()));
    assert_eq!(robot.stop().code(), Some(0));
}

/// A follower of a painter that is started again after some seconds.
fn followed(keys: &str) -> String {
    format!(
        "  painter: {{ type: painter, restart: {{ delay: 3s }} }}\n  \
           follower: {{ type: follower, depends_on: [painter], {keys}params: {{ diary: diary.txt }} }}\n"
    )
}

#[test]
fn a_node_whose_input_is_down_is_told_since_when_pauses_and_is_resumed() {
    let place = Place::new();
    let robot = launch(&place, "", &followed(""));
    wait_until("it sees the colour", || place.diary().contains(&"it sees colour 7".to_owned()).then_some(()));
    robot.trouble("panic");
    wait_until("it pauses", || (robot.state("follower") == "paused").then_some(()));
    let told = place.diary().iter().find_map(|line| {
        let age = line.strip_prefix("painter is down: colour is ")?.strip_suffix(" ns old")?;
        Some(age.parse::<u64>().unwrap())
    });
    assert!(told.is_some_and(|age_ns| age_ns > 0), "{:?}", place.diary());
    let ticks = || callback(&robot, "follower", "tick")["ok"].as_u64().unwrap();
    let paused = ticks();
    let later = ticks();
    if robot.state("follower") == "paused" {
        assert_eq!(later, paused, "it is not called while it pauses");
    }
    wait_until("it is resumed", || (robot.state("follower") == "active" && ticks() > paused).then_some(()));
    assert_eq!(robot.node("follower")["life"], 1);
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_node_that_goes_on_while_its_input_is_down_is_told_of_it_and_never_pauses() {
    let place = Place::new();
    let robot = launch(&place, "", &followed("on_input_down: continue, "));
    robot.trouble("panic");
    wait_until("it is told", || {
        place.diary().iter().any(|line| line.starts_with("painter is down: colour ")).then_some(())
    });
    assert_eq!(robot.state("follower"), "active");
    robot.complains("node `painter` is up again");
    assert_eq!(robot.stop().code(), Some(0));
}
