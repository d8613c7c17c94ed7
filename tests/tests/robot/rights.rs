//! Without the right to real-time scheduling a robot drives all the same, and says what it was denied.

use std::os::unix::fs::chown;
use std::process::{Command, Stdio};

use crate::place::{NEVIL, Place, shipped};
use crate::process::Process;
use crate::robot::Robot;

/// The user that owns nothing.
const NOBODY: u32 = 65534;

/// A command for a user without rights: from root's, with `setpriv`. `None` if that cannot be had here.
fn without_rights(place: &Place, words: &[&str]) -> Option<Command> {
    let mut command = Command::new("setpriv");
    let (user, group) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
    command.args([&user, &group, "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]);
    command.arg(NEVIL).env("XDG_RUNTIME_DIR", place.path()).env_remove("NEVIL_LOG").stdin(Stdio::null());
    let mut trial = Command::new("setpriv");
    trial.args([&user, &group, "--clear-groups", NEVIL, "--version"]);
    let works =
        trial.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !works || chown(place.path(), Some(NOBODY), Some(NOBODY)).is_err() {
        eprintln!(
            "a robot without rights cannot be checked: this needs root, setpriv, and a binary for everybody"
        );
        return None;
    }
    command.args(words);
    Some(command)
}

#[test]
fn a_robot_without_real_time_rights_drives_and_its_status_says_what_was_denied() {
    let place = Place::new();
    let file = shipped("picar-sim.yaml");
    let Some(command) = without_rights(&place, &["launch", &file]) else { return };
    let robot = Robot::of(&place, command, "picar-sim");
    robot.drives_on();

    let status = Process::start(without_rights(&place, &["status"]).unwrap()).end();
    println!("{}", status.out);
    assert_eq!(status.code(), Some(0), "{status:?}");
    let (_, denied) = status.out.split_once("\ndenied\n").unwrap();
    // The text is folded to the screen's width.
    let denied = denied.split_whitespace().collect::<Vec<_>>().join(" ");
    let safety = "picar-sim: the safety thread is not elevated: not permitted to use `fifo 89` (";
    assert!(denied.contains(safety), "{denied}");
    assert!(denied.contains("sim_car: not permitted to use `fifo 60` ("), "{denied}");
    assert!(denied.contains("(docs/guide/realtime.md)"), "{denied}");
    assert!(status.out.contains("fifo 60"), "what was wanted is shown: {}", status.out);
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_robot_that_insists_on_its_rights_does_not_start_without_them() {
    let place = Place::new();
    let text = "robot: picar\non_denied: fail\nnodes:\n  lamp: { type: trouble, thread: { policy: fifo, priority: 60 } }\n";
    let file = place.file(text);
    let Some(command) = without_rights(&place, &["launch", file.to_str().unwrap()]) else { return };
    let ended = Process::start(command).end();
    assert_eq!(ended.code(), Some(2), "{ended:?}");
    assert!(ended.err.contains("lamp"), "{}", ended.err);
    assert!(ended.err.contains("not permitted to use `fifo 60`, "), "{}", ended.err);
}
