//! Parameters and log levels are looked at and changed while the robot runs, and what is refused changes nothing.

use std::fs;

use crate::place::{Place, three};
use crate::robot::Robot;

const SET: [&str; 3] = ["param", "set", "second"];

#[test]
fn a_parameter_is_changed_while_the_robot_runs_and_holds_in_the_next_life() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(", brightness: 80"));
    let run = |words: &[&str]| place.run(words);
    let get = || run(&["param", "get", "second", "brightness"]).out;
    assert_eq!(get(), "80\n");
    let set = run(&[&SET[..], &["brightness", "55"]].concat());
    assert_eq!((set.code(), &*set.out), (Some(0), "`second.brightness` is 55 (was 80)\n"), "{}", set.err);
    assert_eq!(get(), "55\n");
    let listed = run(&["param", "list", "second"]).out;
    let row = |name: &str| {
        let rows = listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        rows.into_iter().find(|row| row.starts_with(&format!("second {name} "))).unwrap_or_default()
    };
    assert_eq!(
        (row("brightness"), row("deaf")),
        ("second brightness 55 - changed".to_owned(), "second deaf false - default".to_owned())
    );
    let described = run(&["param", "describe", "second", "brightness"]).out;
    assert_eq!(
        described,
        "second.brightness\n  value    55 (changed)\n  type     u8\n  unit     -\n  range    0 to 100\n  default  100\n  \
         How bright it is; it can be told another brightness while it runs.\n"
    );
    let restarted = run(&["node", "restart", "second"]);
    assert_eq!(&*restarted.out, "node `second` is active again, in life 2\n", "{}", restarted.err);
    assert_eq!(get(), "55\n");
    assert!(place.diary().contains(&"second at 55 %".to_owned()));
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_change_that_is_wrong_or_refused_ends_with_1_and_says_why_and_changes_nothing() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    for (words, complaint) in [
        (
            &["set", "second", "brightness", "120"][..],
            "value:1:1: brightness: value is too large (120), at most 100 is allowed",
        ),
        (
            &["set", "second", "brightness", "dark"],
            "value:1:1: brightness: value has the wrong type (`dark`), an integer is expected",
        ),
        (&["set", "second", "change", "refuse"], "node `second`: the lamp is not connected"),
        (
            &["set", "second", "brightnes", "12"],
            "node `second` has no parameter `brightnes`, did you mean `brightness`?; known parameters of it are",
        ),
        (
            &["get", "secnd", "brightness"],
            "unknown node `secnd`, did you mean `second`?; known nodes are first, second, third",
        ),
        (&["set", "second", "brightness", "["], "value:2:1: not valid YAML: "),
        (&["load", "second", "nowhere.yaml"], "cannot read parameters nowhere.yaml: No such file"),
    ] {
        let refused = place.run(&[&["param"][..], words].concat());
        assert_eq!((refused.code(), &*refused.out), (Some(1), ""), "{words:?}: {}", refused.err);
        assert!(refused.err.starts_with(&format!("nevil: {complaint}")), "{words:?}: {}", refused.err);
    }
    assert_eq!(place.run(&["param", "get", "second", "brightness"]).out, "100\n");
    assert!(!place.diary().iter().any(|line| line.contains('%')));
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_node_that_panics_at_new_parameters_is_started_again_with_those_before() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    let failed = place.run(&[&SET[..], &["change", "panic"]].concat());
    assert_eq!(failed.code(), Some(1));
    assert_eq!(failed.err, "nevil: node `second`: its `params_changed` panicked; see the log\n");
    crate::process::wait_until("the next life is active", || {
        let node = robot.node("second");
        (node["life"] == 2 && node["state"] == "active").then_some(())
    });
    assert_eq!(place.run(&["param", "get", "second", "change"]).out, "none\n");
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_node_that_hangs_at_new_parameters_is_given_up_and_the_tool_is_told() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    let failed = place.run(&[&SET[..], &["change", "hang"]].concat());
    assert_eq!(failed.code(), Some(1));
    assert_eq!(
        failed.err,
        "nevil: node `second`: its `params_changed` was not answered, because its thread hung and was given up; see \
         the log\n"
    );
    crate::process::wait_until("the next life is active", || {
        let node = robot.node("second");
        (node["life"] == 2 && node["state"] == "active").then_some(())
    });
    robot.signal(rustix::process::Signal::INT);
    // The thread that hangs is still there.
    assert_eq!(robot.end().code(), Some(7));
}

#[test]
fn what_was_dumped_is_loaded_again_all_of_it_or_nothing() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(", brightness: 80"));
    let dumped = place.run(&["param", "dump", "second"]).out;
    assert!(dumped.contains("\nbrightness: 80\n") && dumped.contains("/diary.txt\n"), "{dumped}");
    let file = place.path().join("second.yaml");
    let load = |text: &str| {
        fs::write(&file, text).unwrap();
        place.run(&["param", "load", "second", file.to_str().unwrap()])
    };
    let loaded = load(&dumped.replace("brightness: 80", "brightness: 70"));
    assert_eq!(loaded.code(), Some(0), "{}", loaded.err);
    assert!(loaded.out.contains("`second.brightness` is 70 (was 80)\n"), "{}", loaded.out);
    let refused = load("brightness: 60\ndeaf: 1\n");
    assert_eq!(refused.code(), Some(1));
    assert_eq!(
        refused.err,
        format!(
            "nevil: {}:2:7: deaf: value has the wrong type (1), true or false is expected\n",
            file.display()
        )
    );
    assert_eq!(place.run(&["param", "get", "second", "brightness"]).out, "70\n");
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn the_log_filter_of_the_file_holds_and_is_changed_while_the_robot_runs() {
    let place = Place::new();
    let file = place.file(&format!("robot: picar\nlog: error\nnodes:\n{}", three("")));
    let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
    assert_eq!(place.run(&["log"]).out, "error\n");
    place.run(&["param", "set", "second", "brightness", "1"]);
    assert_eq!(place.run(&["log", "info,second=debug"]).out, "info,second=debug\n");
    robot.complains("a tool has changed the log filter to `info,second=debug`");
    place.run(&["param", "set", "second", "brightness", "2"]);
    robot.complains("an operator has changed parameters of node `second`: brightness");
    assert_eq!(robot.complaints().matches("has changed parameters").count(), 1, "one was not wanted");
    let wrong = place.run(&["log", "loud"]);
    assert_eq!(wrong.code(), Some(1));
    assert!(wrong.err.starts_with("nevil: log filter `loud`: level is unknown (`loud`)"), "{}", wrong.err);
    assert_eq!(robot.stop().code(), Some(0));
}
