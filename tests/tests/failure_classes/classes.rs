//! One test for each class, named after it.

use std::fs;

use serde_json::Value;

use crate::place::{Place, wandering};
use crate::process::wait_until;
use crate::robot::Robot;

/// The counts of the callback `name` of `node`, over all of its lives.
pub(crate) fn callback(robot: &Robot, node: &str, name: &str) -> Value {
    // A life that has just begun has not declared any yet.
    wait_until(&format!("`{node}` has the callback `{name}`"), || {
        let node = robot.node(node);
        node["callbacks"].as_array().unwrap().iter().find(|callback| callback["name"] == name).cloned()
    })
}

/// The counts of the one publisher, or the one subscription, of `topic` whose name begins with `whose`.
fn counts(robot: &Robot, topic: &str, kind: &str, whose: &str) -> Value {
    let status = robot.status();
    let topic = status["topics"].as_array().unwrap().iter().find(|one| one["name"] == topic).unwrap().clone();
    let of = topic["counts"][kind].as_array().unwrap().iter();
    let mut of = of.filter(|one| one[0].as_str().unwrap().starts_with(whose));
    let one = of.next().unwrap_or_else(|| panic!("{topic}"));
    one.as_array().unwrap().last().unwrap().clone()
}

#[test]
fn stuck_lock_the_microphone_of_a_node_that_hangs_passes_on() {
    let place = Place::new();
    let nodes = "  ears: { type: listener, required: false, params: { hangs: true } }\n  \
                   voice: { type: listener }\n";
    let robot = Robot::launch(&place, nodes);
    let microphone = || robot.status()["leases"][0].clone();
    let has_it = |name: &'static str| move |lease: &Value| lease["owner"] == name;
    robot.publish("listen", "node: ears").unwrap();
    wait_until("the microphone is taken", || {
        let lease = microphone();
        (lease["acquired"] == 1).then_some(())
    });
    // It was taken for a minute, and its holder never gives it back.
    let lease = wait_until("the other one has it", || {
        robot.publish("listen", "node: voice").unwrap();
        Some(microphone()).filter(has_it("voice"))
    });
    assert_eq!(
        (&lease["acquired"], &lease["taken_over"], &lease["purpose"]),
        (&2.into(), &1.into(), &"listening".into()),
        "{lease}"
    );
    robot.complains("node `ears` failed: callback `on_call` hangs: ");
    assert_eq!(robot.stop().code(), Some(7));
}

#[test]
fn silent_hang_the_report_names_node_and_callback_and_the_node_is_replaced() {
    let place = Place::new();
    let robot = Robot::launch(&place, "  lamp: { type: trouble }\n");
    robot.trouble("hang");
    robot.complains("`lamp.on_order` has not returned after ");
    robot.complains("node `lamp` failed: callback `on_order` hangs: it did not return in ");
    robot.complains("node `lamp` is up again");
    let lamp = robot.node("lamp");
    assert_eq!((&lamp["life"], &lamp["state"]), (&2.into(), &"active".into()), "{lamp}");
    assert_eq!(callback(&robot, "lamp", "on_order")["timed_out"], 1);
    // The new one works.
    robot.trouble("none");
    wait_until("it serves an order", || (callback(&robot, "lamp", "on_order")["ok"] == 1).then_some(()));
    assert_eq!(robot.stop().code(), Some(7));
}

#[test]
fn feedback_loop_nodes_that_answer_one_another_are_refused_before_anything_starts() {
    let given = refused("  echo: { type: echo }\n");
    let text = ": nodes.echo: nodes answer one another in a loop: echo –loop→ echo; if a sensor or a timer paces it, say \
                `feedback: true` of the topic that closes it, else take one of these topics out: 32 messages within a \
                second end it\n";
    assert!(given.contains(text), "{given}");
}

#[test]
fn queue_build_up_and_stale_data_are_bounded_and_counted() {
    let place = Place::new();
    let text = "robot: picar\nshutdown_timeout: 60s\nnodes:\n  \
        slow: { type: patient, timeout: 50s, params: { gate: gate } }\n\
        topics:\n  work: { depth: 4, lifespan: 1ms }\n";
    let file = place.file(text);
    let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
    robot.publish("work", "number: 0").unwrap();
    let of_slow = || counts(&robot, "work", "subscriptions", "slow");
    wait_until("it works", || {
        let counts = of_slow();
        // The first may have waited too long already.
        if counts["expired"] == 1 {
            robot.publish("work", "number: 0").unwrap();
        }
        (counts["running"] == 1).then_some(())
    });
    let before = of_slow();
    robot.publish_times("work", "number: 1", 10);
    let full = of_slow();
    let more = |kind: &str, after: &Value| after[kind].as_u64().unwrap() - before[kind].as_u64().unwrap();
    assert_eq!((more("offered", &full), full["queued"].as_u64()), (10, Some(4)), "{full}");
    assert_eq!(more("overflow", &full), 6, "{full}");
    let works_for_ms = || robot.node("slow")["running"][1].as_u64().unwrap();
    let published_ms = works_for_ms();
    wait_until("what waits is too old", || (works_for_ms() > published_ms + 1).then_some(()));
    fs::write(place.path().join("gate"), "").unwrap();
    let after = wait_until("it is done", || {
        Some(of_slow()).filter(|counts| counts["running"] == 0 && counts["queued"] == 0)
    });
    assert_eq!(more("expired", &after), 4, "none of those that waited is served: {after}");
    assert_eq!(robot.stop().code(), Some(0));
}

/// Launches these nodes, which are refused before anything starts.
fn refused(nodes: &str) -> String {
    let place = Place::new();
    let ended = place.launch_to_its_end(&format!("robot: picar\nnodes:\n{nodes}"));
    assert_eq!(ended.code(), Some(2), "{ended:?}");
    assert!(ended.err.ends_with("; nothing was started\n"), "{}", ended.err);
    ended.err
}

#[test]
fn configuration_drift_a_key_or_a_parameter_that_means_nothing_is_refused_with_those_that_do() {
    let why = refused("  lamp: { type: trouble, requird: false }\n");
    assert!(why.contains(":3:26: nodes.lamp: unknown key `requird`, did you mean `required`?"), "{why}");
    let why = refused("  lamp: { type: trouble, params: { actvate: hang } }\n");
    assert!(why.contains("nodes.lamp.params: unknown key `actvate`, did you mean `activate`?"), "{why}");
    let why = refused("  lamp: { type: trouble, breaker: errr_retry }\n");
    assert!(
        why.contains("nodes.lamp.breaker: unknown breaker `errr_retry`, did you mean `error_retry`?"),
        "{why}"
    );
}

#[test]
fn device_conflict_the_claim_names_who_has_it() {
    let why = refused("  front: { type: camera }\n  rear: { type: camera }\n");
    assert!(why.contains(":4:3: nodes.rear: device `hw:CARD=camera` is held by node `front`"), "{why}");
}

#[test]
fn one_failure_stops_all_a_crash_loop_ends_one_node_and_the_others_go_on() {
    let place = Place::new();
    let lamp = "  lamp: { type: trouble, required: false, params: { later: panic } }\n";
    let robot = Robot::launch(&place, &(wandering() + lamp));
    robot.complains("the robot is degraded: `lamp` is down");
    robot.complains("node `lamp` is not started again");
    // Three restarts within a minute are allowed.
    assert_eq!(robot.node("lamp")["life"], 4);
    for other in ["sim_car", "obstacle_detection", "motion", "navigation"] {
        let other = robot.node(other);
        assert_eq!((&other["life"], &other["state"]), (&1.into(), &"active".into()), "{other}");
    }
    robot.drives_on();
    let ended = robot.stop();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}

#[test]
fn one_failure_stops_all_a_crash_loop_of_a_required_node_is_told_by_the_exit_code() {
    let place = Place::new();
    let robot =
        Robot::launch(&place, &(wandering() + "  lamp: { type: trouble, params: { later: panic } }\n"));
    let ended = robot.end();
    assert_eq!(ended.code(), Some(4), "{ended:?}");
    assert!(
        ended.err.contains("the robot stops: node `lamp` is required, and is not started again"),
        "{}",
        ended.err
    );
}

#[test]
fn hidden_errors_the_text_and_the_count_of_an_error_are_visible() {
    let place = Place::new();
    let robot = Robot::launch(&place, "  lamp: { type: trouble }\n");
    for _ in 0..3 {
        robot.trouble("refuse");
    }
    robot.complains("`lamp.on_order` failed: the lamp is not connected");
    wait_until("three have failed", || (callback(&robot, "lamp", "on_order")["failed"] == 3).then_some(()));
    assert_eq!(counts(&robot, "trouble", "subscriptions", "lamp")["failed"], 3);
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn state_lost_a_latched_value_reaches_a_node_that_is_started_again() {
    let place = Place::new();
    let nodes = "  painter: { type: painter }\n  \
                   follower: { type: follower, depends_on: [painter], params: { diary: diary.txt } }\n";
    let robot = Robot::launch(&place, nodes);
    let has_seen =
        |times| move |place: &Place| (place.diary() == vec!["it sees colour 7"; times]).then_some(());
    wait_until("it sees the colour", || has_seen(1)(&place));
    robot.publish("follow", "trouble: panic").unwrap();
    wait_until("its next life sees the colour", || has_seen(2)(&place));
    assert_eq!(counts(&robot, "colour", "subscriptions", "follower")["replayed"], 1);
    assert_eq!(robot.stop().code(), Some(0));
}
