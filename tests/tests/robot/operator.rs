//! A person goes before the robot's own navigation, for as long as the command holds, and may not say what is wrong.

use crate::place::{Place, shipped};
use crate::robot::Robot;

#[test]
fn an_operator_goes_before_the_navigation_until_the_command_expires() {
    let place = Place::new();
    let robot = Robot::of(&place, place.command(&["launch", &shipped("picar-sim.yaml")]), "picar-sim");
    let of_source = |wanted: &str| robot.hears("motion_status", |status| status["source"] == *wanted);
    of_source("autonomous");

    let (text, topic) = ("{speed_mps: -0.14, steering_rad: 0.0, valid_for_ms: 1500}", "operator_drive");
    std::thread::scope(|scope| {
        let heard = scope.spawn(|| of_source("operator"));
        // The command is repeated, because the echo may begin after the first one.
        while !heard.is_finished() {
            let published = place.run(&["topic", "pub", "--once", topic, text]);
            assert_eq!((published.code(), &*published.out), (Some(0), "published 1\n"), "{}", published.err);
        }
        let speed_mps = heard.join().unwrap()["speed_mps"].as_f64().unwrap();
        assert!((speed_mps + 0.14).abs() < 1e-6, "{speed_mps}");
    });
    of_source("autonomous");
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_wrong_command_is_refused_with_its_place_and_its_range_and_changes_nothing() {
    let place = Place::new();
    let robot = Robot::of(&place, place.command(&["launch", &shipped("picar-sim.yaml")]), "picar-sim");
    let wrong = [
        (
            "{speed_mps: 5, steering_rad: 0.0, valid_for_ms: 1500}",
            "nevil: message:1:13: speed_mps: value is too large (5), at most 0.8 is allowed\n",
        ),
        (
            "{speed_mps: 0.1, steering_rad: .nan, valid_for_ms: 1500}",
            "nevil: message:1:32: steering_rad: value is not a number (NaN), allowed is -0.53 to 0.53\n",
        ),
        (
            "{speed_mps: 0.1, steering_rad: 0.0}",
            "nevil: message:1:1: key `valid_for_ms` is missing; it has no default\n",
        ),
        (
            "{speed_mps: 0.1, steering_rad: 0.0, valid_for: 1500}",
            "nevil: message:1:37: unknown key `valid_for`, did you mean `valid_for_ms`?; known keys are speed_mps, steering_rad, valid_for_ms\n",
        ),
    ];
    for (text, complaint) in wrong {
        let refused = place.run(&["topic", "pub", "--once", "operator_drive", text]);
        assert_eq!((refused.code(), &*refused.err), (Some(1), complaint), "{text}");
    }
    let status = robot.status();
    let topics = status["topics"].as_array().unwrap();
    let topic = topics.iter().find(|topic| topic["name"] == "operator_drive").unwrap();
    for (_, counts) in
        topic["counts"]["publishers"].as_array().unwrap().iter().map(|pair| (&pair[0], &pair[1]))
    {
        assert_eq!(counts["accepted"], 0, "{topic}");
    }
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn the_topic_that_motion_alone_writes_takes_a_command_from_a_tool_only_if_the_operator_asks() {
    let place = Place::new();
    let robot = Robot::of(&place, place.command(&["launch", &shipped("picar-sim.yaml")]), "picar-sim");
    let stop = "{speed_mps: 0.0, steering_rad: 0.0, valid_for_ms: 100}";
    let refused = place.run(&["topic", "pub", "--once", "drive", stop]);
    let complaint = "nevil: message on `drive` was refused because the topic is exclusive to its node; `--as-operator` \
                     publishes on it all the same\n";
    assert_eq!((refused.code(), &*refused.err), (Some(1), complaint));
    let published = place.run(&["topic", "pub", "--once", "--as-operator", "drive", stop]);
    assert_eq!((published.code(), &*published.out), (Some(0), "published 1\n"), "{}", published.err);
    assert_eq!(robot.stop().code(), Some(0));
}
