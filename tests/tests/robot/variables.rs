//! What a launch file sets for the process is there, and is what the file says however often it is read.

use std::fs;

use crate::place::{Place, three};
use crate::robot::Robot;

/// The value of the variable `name` of the process `pid`, if it has one.
fn variable(pid: u64, name: &str) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap();
    let all = String::from_utf8_lossy(&environment).into_owned();
    all.split('\0').find_map(|entry| entry.strip_prefix(&format!("{name}=")).map(str::to_owned))
}

#[test]
fn a_variable_that_is_made_of_itself_is_the_same_after_each_start() {
    let place = Place::new();
    let text = |environment: &str| format!("robot: picar\n{environment}nodes:\n{}", three(""));
    let file = place
        .file(&text("environment: { NEVIL_TEST_CARD: '${NEVIL_TEST_CARD:-a}:x', NEVIL_TEST_GONE: b }\n"));
    let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
    let pid = robot.status()["pid"].as_u64().unwrap();
    assert_eq!(variable(pid, "NEVIL_TEST_CARD").as_deref(), Some("a:x"));
    assert_eq!(place.run(&["reload"]).out, "nothing differs\n");
    // One that the file sets no longer goes with the next start.
    fs::write(&file, text("environment: { NEVIL_TEST_CARD: '${NEVIL_TEST_CARD:-a}:x' }\n")).unwrap();
    let restarted = place.run(&["restart", "--timeout", "40s"]);
    assert_eq!(restarted.code(), Some(0), "{}", restarted.err);
    assert_eq!(variable(pid, "NEVIL_TEST_CARD").as_deref(), Some("a:x"));
    assert_eq!(variable(pid, "NEVIL_TEST_GONE"), None);
    assert_eq!(robot.stop().code(), Some(0));
}
