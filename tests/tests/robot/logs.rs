//! What a robot says is shown to who comes later, node by node and as it goes on.

use crate::place::Place;
use crate::process::Process;
use crate::robot::Robot;

#[test]
fn who_comes_later_reads_what_a_node_has_said_and_then_what_it_says() {
    let place = Place::new();
    let lamps = "  lamp: { type: trouble }\n  candle: { type: trouble, params: { deaf: true } }\n";
    let robot = Robot::launch(&place, lamps);
    robot.trouble("refuse");
    let follow = Process::start(place.command(&["logs", "lamp", "-f", "--level", "warn"]));
    let first = follow.says(" lamp ");
    assert!(!first.contains("INFO"), "{first}");
    robot.trouble("panic");
    follow.says("panicked at ");
    // Where the robot ends, there is nothing more to follow.
    let logs = |words: &[&str]| place.run(&[&["logs"], words].concat());
    let all = logs(&["-n", "1000"]);
    assert_eq!(all.code(), Some(0), "{}", all.err);
    assert!(all.out.contains("panicked at "), "{}", all.out);
    assert!(all.out.lines().count() > logs(&["lamp", "-n", "1000"]).out.lines().count(), "{}", all.out);
    assert_eq!(logs(&["-n", "1"]).out.lines().count(), 1);
    let json: serde_json::Value = serde_json::from_str(&logs(&["-n", "1", "--json"]).out).unwrap();
    assert!(json["number"].as_u64() > Some(0) && json["text"].is_string(), "{json}");
    let candle = logs(&["candle", "--level", "error"]);
    assert_eq!((candle.code(), &*candle.out), (Some(0), ""));
    assert_eq!(robot.stop().code(), Some(0));
    let ended = follow.end();
    let hung_up = "nevil: the robot has closed the connection; it stops, or has died (`nevil status`)\n";
    assert_eq!((ended.code(), &*ended.err), (Some(1), hung_up));
}
