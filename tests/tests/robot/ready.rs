//! Nodes that depend on another one are activated when it is ready: by its code's word, or by its first message.

use crate::place::{Place, three};
use crate::process::wait_until;
use crate::robot::Robot;

/// The first of three says that it is ready so long after its activation.
fn ready_after(time: &str) -> String {
    three("").replacen("deaf: true", &format!("deaf: true, ready_after: {time}"), 1)
}

#[test]
fn a_node_that_says_when_it_is_ready_is_waited_for_at_the_start_and_in_its_next_life() {
    let place = Place::new();
    let robot = Robot::launch(&place, &ready_after("300ms"));
    assert!(robot.status()["nodes"][0]["ready"].as_bool().unwrap());
    let first = robot.node("first");
    let timer = first["callbacks"].as_array().unwrap().iter().find(|one| one["ok"] == 1).cloned();
    assert!(timer.is_some(), "the others were activated after its call: {first}");
    assert_eq!(place.diary(), ["first activate", "second activate", "third activate"]);
    std::thread::scope(|scope| {
        let restarted = scope.spawn(|| place.run(&["node", "restart", "first"]));
        wait_until("it is active and not ready", || {
            let node = robot.node("first");
            (node["life"] == 2 && node["state"] == "active" && node["ready"] == false).then_some(())
        });
        assert_eq!(restarted.join().unwrap().code(), Some(0));
    });
    assert_eq!(robot.node("first")["ready"], true);
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_node_that_is_not_ready_in_time_has_not_started_and_it_is_said_what_was_waited_for() {
    let place = Place::new();
    let text = format!("robot: picar\nstart_timeout: 300ms\nnodes:\n{}", ready_after("1h"));
    let ended = place.launch_to_its_end(&text);
    assert_eq!(ended.code(), Some(3), "{}", ended.err);
    assert!(ended.err.contains("node `first` failed to activate: was not ready within "), "{}", ended.err);
    assert!(ended.err.contains("its code has not called `ctx.ready()`; it is required"), "{}", ended.err);
    assert_eq!(place.diary()[..2], ["first activate", "first deactivate"], "no other was activated");
    assert!(!place.diary().iter().any(|line| line.ends_with(" activate") && !line.starts_with("first")));
}

#[test]
fn a_node_is_ready_with_its_first_message_and_an_optional_one_without_is_left_out() {
    let place = Place::new();
    // The echo answers what nobody says.
    let text = "robot: picar\nnodes:\n  \
                echo: { required: false, ready: { topic: loop, timeout: 300ms } }\n  \
                second: { type: trouble, required: false, depends_on: [echo] }\n  \
                third: { type: trouble, params: { deaf: true } }\n\
                topics:\n  loop: { feedback: true }\n";
    let file = place.file(text);
    let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
    robot.complains("it has published nothing on `loop`; the robot goes on without it");
    robot.complains("node `second` is left out, because `echo` is not active");
    assert_eq!(robot.state("third"), "active");
    wait_until("it has ended", || (robot.state("echo") == "stopped").then_some(()));
    assert_eq!(robot.stop().code(), Some(0));
}
