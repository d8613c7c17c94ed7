//! An operator sees which breaker is open and why, and decides about it; what the file says about breakers is what runs.

use serde_json::Value;

use crate::place::Place;
use crate::process::wait_until;
use crate::robot::Robot;

/// A lamp that does as it is told, of which the file says `more`.
fn lamp(place: &Place, more: &str) -> Robot {
    Robot::launch(place, &format!("  lamp: {{ type: trouble{more} }}\n"))
}

/// What `nevil` prints with these words.
fn says(place: &Place, words: &[&str]) -> String {
    let ended = place.run(words);
    assert_eq!(ended.code(), Some(0), "{words:?}: {}", ended.err);
    ended.out
}

/// The statistics of the breaker `name`.
fn statistics(place: &Place, name: &str) -> Value {
    let list: Value = serde_json::from_str(&says(place, &["breaker", "list", "--json"])).unwrap();
    let found = list["breakers"].as_array().unwrap().iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("{list}")).clone()
}

fn wait_for_mode(place: &Place, name: &str, mode: &str) {
    wait_until(&format!("breaker `{name}` is {mode}"), || {
        (statistics(place, name)["mode"] == mode).then_some(())
    });
}

/// The line of the list that is about `name`, its words parted by single spaces.
fn line(place: &Place, name: &str) -> String {
    let list = says(place, &["breaker", "list"]);
    let line = list.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{list}"));
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_callback_that_refuses_five_times_is_seen_open_with_its_errors_until_a_reset() {
    let place = Place::new();
    let robot = lamp(&place, "");
    assert_eq!(line(&place, "lamp.on_order"), "lamp.on_order closed 0 0 0 0 0");
    for _ in 0..5 {
        robot.trouble("refuse");
    }
    wait_for_mode(&place, "lamp.on_order", "open");
    assert_eq!(line(&place, "lamp.on_order"), "lamp.on_order open 0 5 5 0 1");
    robot.trouble("none");
    wait_until("the refused message is counted", || {
        let info: Value =
            serde_json::from_str(&says(&place, &["topic", "info", "trouble", "--json"])).unwrap();
        (info["subscriptions"][0]["breaker_open"] == 1).then_some(())
    });

    let screen = says(&place, &["breaker", "show", "lamp.on_order"]);
    assert!(screen.starts_with("lamp.on_order: open for "), "{screen}");
    assert!(screen.contains("; lets a probe through in "), "{screen}");
    let (_, why) = screen.split_once("why it opened, the oldest first\n").unwrap();
    let why: Vec<_> = why.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!((why.len(), why[1].contains("failed")), (6, true), "{screen}");
    assert!(why[1..].iter().all(|call| call.ends_with("the lamp is not connected")), "{screen}");
    assert!(screen.contains("refused while open"), "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    let json = says(&place, &["breaker", "show", "lamp.on_order", "--json"]);
    let shown: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(shown["at_opening"][4]["text"], "the lamp is not connected");
    assert!(
        shown["at_opening"][0]["sequence"].is_u64() && shown["at_opening"][0]["took_us"].is_u64(),
        "{shown}"
    );

    let reset = says(&place, &["breaker", "reset", "lamp.on_order"]);
    assert_eq!(reset, "breaker `lamp.on_order` is closed\n");
    robot.trouble("none");
    wait_until("it is called again", || {
        (statistics(&place, "lamp.on_order")["stats"]["successful_requests"] == 1).then_some(())
    });
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_breaker_that_is_held_open_stays_so_when_its_node_is_started_again() {
    let place = Place::new();
    let robot = lamp(&place, "");
    let open = says(&place, &["breaker", "open", "lamp.later"]);
    assert_eq!(open, "breaker `lamp.later` is forced open until `nevil breaker reset lamp.later`\n");
    robot.trouble("panic");
    wait_until("the node lives again", || {
        let status = robot.status();
        let lamp = &status["nodes"][0];
        (lamp["life"] == 2 && lamp["state"] == "active").then_some(())
    });
    assert_eq!(statistics(&place, "lamp.later")["mode"], "forced_open");
    wait_until("its call is refused in its second life", || {
        (statistics(&place, "lamp.later")["stats"]["rejected_requests"].as_u64() >= Some(1)).then_some(())
    });
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn an_operator_opens_a_breaker_for_a_time_disables_it_and_changes_its_policy() {
    let place = Place::new();
    let robot = lamp(&place, "");
    let name = "lamp.on_order";
    let said = says(&place, &["breaker", "open", name, "--for", "10h"]);
    assert!(said.starts_with("breaker `lamp.on_order` is open for "), "{said}");
    let said = says(&place, &["breaker", "half-open", name]);
    assert_eq!(said, "breaker `lamp.on_order` is half open\n");
    for (word, mode) in
        [("close", "forced closed"), ("disable", "disabled"), ("metrics-only", "metrics only")]
    {
        let said = says(&place, &["breaker", word, name]);
        assert_eq!(said, format!("breaker `{name}` is {mode} until `nevil breaker reset {name}`\n"));
    }
    says(&place, &["breaker", "reset", name]);
    let policy = says(&place, &["breaker", "set", name, "failures=1", "half_open.permits=3"]);
    assert!(policy.contains("half_open.permits      3\n"), "{policy}");
    robot.trouble("refuse");
    wait_for_mode(&place, name, "open");

    let refused = place.run(&["breaker", "set", name, "open=25h"]);
    let complaint = "nevil: open: value is too large (25h), at most 86400s is allowed\n";
    assert_eq!((refused.code(), &*refused.err), (Some(1), complaint));
    let refused = place.run(&["breaker", "show", "lamp.on_oder"]);
    assert_eq!(refused.code(), Some(1));
    assert!(
        refused.err.starts_with("nevil: unknown breaker `lamp.on_oder`, did you mean `lamp.on_order`?"),
        "{}",
        refused.err
    );
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn what_the_file_says_about_a_breaker_is_what_runs() {
    let place = Place::new();
    let robot =
        lamp(&place, ", callbacks: { on_order: { breaker: { failures: 2, open: 24h }, safety: true } }");
    let before = statistics(&place, "lamp.on_order");
    assert_eq!(before["config"]["failure_threshold"], 2);
    assert_eq!(before["config"]["recovery_timeout"], 86400);
    robot.trouble("refuse");
    robot.trouble("refuse");
    wait_for_mode(&place, "lamp.on_order", "open");
    says(&place, &["breaker", "reset", "lamp.on_order"]);

    says(&place, &["estop"]);
    wait_until("the emergency stop holds", || {
        (statistics(&place, "lamp.later")["emergency"] == true).then_some(())
    });
    assert_eq!(statistics(&place, "lamp.on_order")["emergency"], false, "it has `safety: true`");
    says(&place, &["estop", "--reset"]);
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_breaker_with_safe_stop_ends_the_robot_when_it_opens() {
    let place = Place::new();
    let robot = lamp(&place, ", breaker: { failures: 1, criticality: safe_stop }");
    robot.trouble("refuse");
    let ended = robot.end();
    assert_eq!(ended.code(), Some(4), "{ended:?}");
    let why = "the robot stops, because breaker `lamp.on_order` is open and has `criticality: safe_stop`";
    assert!(ended.err.contains(why), "{}", ended.err);
}
