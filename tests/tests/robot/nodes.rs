//! Nodes are paused, resumed and restarted while the robot runs, and shown with all that they are.

use crate::place::{Place, three};
use crate::process::wait_until;
use crate::robot::Robot;

#[test]
fn a_node_that_is_restarted_ends_in_order_and_is_no_failure() {
    let place = Place::new();
    let text = three("").replace("third: {", "third: { restart: { intensity: 0 },");
    let robot = Robot::launch(&place, &text);
    for life in 2..5 {
        let restarted = place.run(&["node", "restart", "third"]);
        let wanted = format!("node `third` is active again, in life {life}\n");
        assert_eq!((restarted.code(), &*restarted.out), (Some(0), &*wanted), "{}", restarted.err);
    }
    let of_third: Vec<_> =
        place.diary().into_iter().filter_map(|line| Some(line.strip_prefix("third ")?.to_owned())).collect();
    assert_eq!(of_third[..6], ["activate", "deactivate", "shutdown", "activate", "deactivate", "shutdown"]);
    let info = robot.ask(&nevil_launch::Request::NodeInfo { node: "third".into() });
    assert_eq!((&info["last_failure"], &info["life"]), (&serde_json::Value::Null, &4.into()));
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn those_that_depend_on_a_node_that_is_restarted_are_told_and_pause_meanwhile() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    let restarted = place.run(&["node", "restart", "first"]);
    assert_eq!(restarted.code(), Some(0), "{}", restarted.err);
    robot.complains("node `third` is told that `first` is down");
    wait_until("all are active", || {
        let is_active = |name: &&str| robot.state(name) == "active";
        ["first", "second", "third"].iter().all(is_active).then_some(())
    });
    assert_eq!(robot.node("second")["life"], 1);
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_node_that_cannot_start_again_says_why() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    // It takes it at its next start.
    let file = place.path().join("refuse.yaml");
    std::fs::write(&file, "activate: refuse\n").unwrap();
    assert_eq!(place.run(&["param", "load", "second", file.to_str().unwrap()]).code(), Some(0));
    let refused = place.run(&["node", "restart", "second"]);
    assert_eq!(refused.code(), Some(1));
    assert_eq!(refused.err, "nevil: node `second` failed to activate: the lamp is not connected\n");
    let unknown = place.run(&["node", "restart", "secnd"]);
    assert_eq!(
        unknown.err,
        "nevil: unknown node `secnd`, did you mean `second`?; known nodes are first, second, third\n"
    );
    drop(robot);
}

#[test]
fn a_node_is_paused_until_it_is_resumed_over_a_restart_and_a_failure_of_its_input() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    let paused = place.run(&["node", "pause", "second"]);
    assert_eq!(
        (paused.code(), &*paused.out),
        (Some(0), "node `second` is paused until `nevil node resume second`\n"),
        "{}",
        paused.err
    );
    // What it is told waits for it.
    robot.trouble("panic");
    assert_eq!(place.run(&["node", "restart", "first"]).code(), Some(0));
    assert_eq!(place.run(&["node", "restart", "second"]).out, "node `second` is paused again, in life 2\n");
    assert_eq!(robot.state("second"), "paused");
    assert_eq!(robot.node("second")["paused_by"]["operator"], true);
    let listed = place.run(&["node", "list"]).out;
    assert!(listed.lines().any(|line| line.starts_with("second  paused by operator  ")), "{listed}");
    assert!(place.run(&["status"]).out.contains("paused by operator"));
    assert_eq!(robot.state("third"), "active", "others go on");
    assert_eq!(place.run(&["node", "resume", "second"]).out, "node `second` is active\n");
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_node_that_begins_paused_calls_nothing_before_it_is_resumed() {
    let place = Place::new();
    let text = three(", later: panic").replace("second: {", "second: { paused: true,");
    let robot = Robot::launch(&place, &text);
    assert_eq!(robot.state("second"), "paused");
    let calls = || {
        let node = robot.node("second");
        let callbacks = node["callbacks"].as_array().unwrap().clone();
        let later = callbacks.into_iter().find(|callback| callback["name"] == "later").unwrap();
        later["panicked"].as_u64().unwrap()
    };
    wait_until("its timer is due", || (robot.status()["up_ms"].as_u64().unwrap() > 1300).then_some(()));
    assert_eq!(calls(), 0);
    place.run(&["node", "resume", "second"]);
    wait_until("its timer is called", || (calls() == 1).then_some(()));
    drop(robot);
}

#[test]
fn a_node_is_shown_with_all_that_it_is_in_80_columns() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    let shown = place.run(&["node", "info", "second"]);
    assert_eq!(shown.code(), Some(0), "{}", shown.err);
    assert!(
        shown.out.starts_with("second, a `trouble`\n  state        active, life 1, required\n"),
        "{}",
        shown.out
    );
    for line in ["  depends on   first", "  needed by    third", "subscribes  trouble  Order"] {
        assert!(shown.out.lines().any(|shown| shown == line), "{line}\n{}", shown.out);
    }
    assert!(shown.out.lines().all(|line| line.chars().count() <= 80), "{}", shown.out);
    let json = place.run(&["node", "info", "second", "--json"]).out;
    let info: serde_json::Value = serde_json::from_str(&json).unwrap();
    let callback =
        info["callbacks"].as_array().unwrap().iter().find(|one| one["name"] == "on_order").unwrap();
    assert_eq!((&info["type"], &callback["breaker"]), (&"trouble".into(), &"closed".into()));
    assert_eq!(robot.stop().code(), Some(0));
}
