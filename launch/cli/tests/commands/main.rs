//! The command as people and scripts use it, beside a robot that has real topics.
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

mod guide;
mod robot;
mod topics;
mod worlds;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};

use robot::{Place, Robot};

fn nevil(place: &Place, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nevil"));
    command.args(words).env("XDG_RUNTIME_DIR", place.session()).stdin(Stdio::null());
    command
}

fn run(place: &Place, words: &[&str]) -> Output {
    nevil(place, words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a command prints that ends well.
fn out(place: &Place, words: &[&str]) -> String {
    let output = run(place, words);
    assert!(output.status.success(), "{words:?}: {output:?}");
    text(&output.stdout)
}

/// Code and complaint of a command that does not.
fn fails(place: &Place, words: &[&str]) -> (Option<i32>, String) {
    let output = run(place, words);
    assert_eq!(text(&output.stdout), "", "{words:?}");
    (output.status.code(), text(&output.stderr))
}

#[test]
fn help_and_version_end_well_and_wrong_words_end_with_2_and_the_nearest_right_one() {
    let place = Place::new("words");
    assert!(out(&place, &["--help"]).contains("Launch robots, and watch them"));
    assert!(out(&place, &["--help"]).contains("Example:\n  nevil status\n"));
    assert!(
        out(&place, &["topic", "echo", "--help"]).contains("nevil topic echo range --field distance_m -n 5")
    );
    assert!(out(&place, &["--version"]).starts_with("nevil "));
    assert!(!out(&place, &["--help"]).contains("guard"));

    let (code, complaint) = fails(&place, &["statsu"]);
    assert_eq!(code, Some(2));
    assert!(
        complaint.starts_with("nevil: unknown command `statsu`, did you mean `status`?; "),
        "{complaint}"
    );
    let (code, complaint) = fails(&place, &["topic", "ecoh", "range"]);
    assert_eq!(code, Some(2));
    assert!(
        complaint.starts_with("nevil: unknown command `topic ecoh`, did you mean `echo`?; "),
        "{complaint}"
    );
    assert_eq!(out(&place, &["start", "--help"]), out(&place, &["launch", "--help"]));
    let (code, complaint) = fails(&place, &["topic", "pub", "drive", "{}", "-r", "0"]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("a number from 0.01 to 1000 is needed"), "{complaint}");
    let (code, complaint) = fails(&place, &["process", "world"]);
    let unknown = "nevil: unknown process `world`; processes belong to nodes, which start them themselves\n";
    assert_eq!((code, &*complaint), (Some(2), unknown));
}

#[test]
fn keys_of_launch_files_are_explained_and_their_schema_is_printed() {
    let place = Place::new("schema");
    let schema: serde_json::Value = serde_json::from_str(&out(&place, &["schema"])).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let types = schema["$defs"]["type"]["anyOf"][0]["enum"].as_array().unwrap();
    assert!(types.iter().any(|name| name == "motion"), "{types:?}");
    assert!(schema["$defs"]["params.sim_car"]["properties"]["world"].is_object());
    assert!(out(&place, &["schema", "--markdown"]).starts_with("# Launch file\n"));
    let keys = out(&place, &["schema", "thread.priority", "--json"]);
    let keys: serde_json::Value = serde_json::from_str(&keys).unwrap();
    assert_eq!(keys[0]["name"], "nodes.<name>.thread.priority");
    let (code, complaint) = fails(&place, &["schema", "nodes.thraed"]);
    assert_eq!(code, Some(2));
    let start =
        "nevil: unknown key `thraed` in `nodes.<name>`, did you mean `thread`?; known keys are type, ";
    assert!(complaint.starts_with(start), "{complaint}");
}

#[test]
fn without_a_robot_each_command_says_so_and_ends_with_1() {
    let place = Place::new("none");
    let directory = place.session().join("nevil");
    let none = format!(
        "nevil: no robot runs (looked in `{}`); start one with `nevil launch FILE`\n",
        directory.display()
    );
    let all: [&[&str]; 16] = [
        &["status"],
        &["stop"],
        &["node", "list"],
        &["breaker", "list"],
        &["breaker", "reset", "car.measure"],
        &["topic", "list"],
        &["topic", "info", "range"],
        &["topic", "echo", "range"],
        &["topic", "pub", "range", "{}"],
        &["topic", "type", "range"],
        &["topic", "find", "Range"],
        &["topic", "hz", "range"],
        &["topic", "bw", "range"],
        &["topic", "delay", "range"],
        &["bus", "audit"],
        &["logs"],
    ];
    for words in all {
        assert_eq!(fails(&place, words), (Some(1), none.clone()), "{words:?}");
    }
}

#[test]
fn of_several_robots_one_must_be_named() {
    let place = Place::new("several");
    let (_picar, _rover) = (Robot::start(&place, "picar"), Robot::start(&place, "rover"));
    let several = "nevil: 2 robots run: picar, rover; name one with `--robot NAME`\n";
    assert_eq!(fails(&place, &["topic", "list"]), (Some(2), several.to_owned()));
    assert!(out(&place, &["status", "--robot", "rover"]).starts_with("rover from picar.yaml\n"));
    let (code, complaint) = fails(&place, &["--robot", "picra", "status"]);
    assert_eq!(code, Some(1));
    let text = "nevil: robot `picra` does not run, did you mean `picar`?; running robots are picar, rover\n";
    assert_eq!(complaint, text);
}

#[test]
fn status_and_lists_show_the_robot_to_people_and_to_programs() {
    let place = Place::new("show");
    let _robot = Robot::start(&place, "picar");
    let status = out(&place, &["status"]);
    assert!(status.starts_with("picar from picar.yaml\nrunning, safe, up 3 s, pid "), "{status}");
    assert!(status.lines().all(|line| line.chars().count() <= 80), "{status}");
    assert!(!status.contains('\x1b'));
    let json: serde_json::Value = serde_json::from_str(&out(&place, &["status", "--json"])).unwrap();
    assert_eq!(json["nodes"][0]["state"], "active");

    assert_eq!(out(&place, &["node", "list"]), "car  active  range  operator_drive\n");
    let topics = "operator_drive  Drive  -    car\nrange           Range  car  -\n";
    assert_eq!(out(&place, &["topic", "list"]), topics);
    let json: serde_json::Value = serde_json::from_str(&out(&place, &["topic", "list", "--json"])).unwrap();
    assert_eq!(json["topics"][1]["name"], "range");
    assert_eq!(json["topics"][1]["qos"]["lifespan_us"], 500_000);

    let info = out(&place, &["topic", "info", "range"]);
    assert!(info.starts_with("range: Range ("), "{info}");
    assert!(info.contains("\nlifespan           500ms        code\n"), "{info}");
    assert!(info.contains("\npublished by  published  accepted\ncar "), "{info}");
    assert!(info.lines().all(|line| line.chars().count() <= 80), "{info}");
    let json: serde_json::Value =
        serde_json::from_str(&out(&place, &["topic", "info", "range", "--json"])).unwrap();
    assert_eq!(
        (&json["fields"][1]["unit"], &json["publishers"][0]["refused_no_slot"]),
        (&"m".into(), &0.into())
    );
    let (code, complaint) = fails(&place, &["topic", "info", "rnage"]);
    assert_eq!(code, Some(1));
    assert!(complaint.starts_with("nevil: unknown topic `rnage`, did you mean `range`?"), "{complaint}");
}

#[test]
fn an_echo_shows_as_many_messages_as_asked_and_a_field_alone() {
    let place = Place::new("echo");
    let _robot = Robot::start(&place, "picar");
    let message = "reading: echo\ndistance_m: 0.5\n";
    assert_eq!(out(&place, &["topic", "echo", "range", "--once"]), message);
    let two = format!("{message}---\n{message}");
    assert_eq!(out(&place, &["topic", "echo", "range", "-n", "2"]), two);
    let field = ["topic", "echo", "range", "--field", "distance_m", "-n", "3"];
    assert_eq!(out(&place, &field), "0.5\n0.5\n0.5\n");
    let header = out(&place, &["topic", "echo", "range", "-1", "--header"]);
    assert!(header.starts_with("# car ") && header.ends_with(&format!(" s\n{message}")), "{header}");
    let json = out(&place, &["topic", "echo", "range", "-1", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["source"], &json["message"]["reading"]), (&"car".into(), &"echo".into()));

    let (code, complaint) = fails(&place, &["topic", "echo", "range", "--field", "distance"]);
    assert_eq!(code, Some(2));
    assert_eq!(
        complaint,
        "nevil: unknown field `distance`, did you mean `distance_m`?; known fields are reading, distance_m\n"
    );
    let (code, complaint) = fails(&place, &["topic", "echo", "rnage"]);
    assert_eq!(code, Some(1));
    let unknown =
        "nevil: unknown topic `rnage`, did you mean `range`?; known topics are operator_drive, range\n";
    assert_eq!(complaint, unknown);
    let (code, complaint) = fails(&place, &["topic", "echo", "operator_drive", "--timeout", "50ms"]);
    assert_eq!(code, Some(1));
    let silent = "nevil: nobody publishes on `operator_drive` so far; waiting for a message\n\
                  nevil: no message on `operator_drive` within 50 ms; see `nevil status` for who publishes it\n";
    assert_eq!(complaint, silent);
}

#[test]
fn a_closed_pipe_ends_an_echo_without_an_error() {
    let place = Place::new("pipe");
    let _robot = Robot::start(&place, "picar");
    let mut echo = nevil(&place, &["topic", "echo", "range"]);
    let mut echo = echo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(echo.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "reading: echo\n");
    let mut complaint = String::new();
    echo.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert_eq!((echo.wait().unwrap().code(), &*complaint), (Some(0), ""));
}

#[test]
fn an_operator_publishes_and_is_told_of_what_the_robot_does_not_take() {
    let place = Place::new("pub");
    let robot = Robot::start(&place, "picar");
    let drive = "{speed_mps: 0.2, steering_rad: 0, valid_for_ms: 300}";
    assert_eq!(out(&place, &["topic", "pub", "-1", "operator_drive", drive]), "published 1\n");
    let three = ["topic", "pub", "operator_drive", drive, "-r", "100", "-t", "3"];
    assert_eq!(out(&place, &three), "published 1\npublished 2\npublished 3\n");
    assert_eq!(robot.published("operator_drive"), 4);

    let fast = "{speed_mps: 5, steering_rad: 0, valid_for_ms: 300}";
    let (code, complaint) = fails(&place, &["topic", "pub", "operator_drive", fast]);
    assert_eq!(code, Some(1));
    let too_fast = "nevil: message:1:13: speed_mps: value is too large (5), at most 0.8 is allowed\n";
    assert_eq!(complaint, too_fast);

    let range = "{reading: echo, distance_m: 1}";
    let output = run(&place, &["topic", "pub", "--once", "range", range]);
    assert_eq!(
        (text(&output.stdout), text(&output.stderr)),
        ("published 1\n".to_owned(), "nevil: nobody subscribes to `range`\n".to_owned())
    );
}

#[test]
fn an_operator_lists_shows_and_operates_breakers() {
    let place = Place::new("breaker");
    let _robot = Robot::start(&place, "picar");
    let list = out(&place, &["breaker", "list"]);
    let names: Vec<_> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["car.measure", "car.on_drive"]);
    let all = out(&place, &["breaker", "list", "--all"]);
    assert!(all.starts_with("car.activate "), "{all}");
    assert!(all.lines().all(|line| line.chars().count() <= 80), "{all}");
    let held = "breaker `car.on_drive` is forced open until `nevil breaker reset car.on_drive`\n";
    assert_eq!(out(&place, &["breaker", "open", "car.on_drive"]), held);
    let closed = "breaker `car.on_drive` is closed\n";
    assert_eq!(out(&place, &["breaker", "reset", "car.on_drive"]), closed);
    let json = out(&place, &["breaker", "show", "car.on_drive", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["breaker"]["name"], &json["policy"]["failures"]), (&"car.on_drive".into(), &5.into()));

    let (code, complaint) = fails(&place, &["breaker", "half-open", "car.on_drive"]);
    let closed = "nevil: breaker `car.on_drive` is closed and cannot be made half_open; open it first\n";
    assert_eq!((code, &*complaint), (Some(1), closed));
    let (code, complaint) = fails(&place, &["breaker", "set", "car.on_drive", "failures"]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("a change is written KEY=VALUE, such as `failures=3`"), "{complaint}");
    let (code, complaint) = fails(&place, &["breaker", "set", "car.on_drive", "open=1s", "open=2s"]);
    assert_eq!((code, &*complaint), (Some(2), "nevil: `open` is given twice; leave one of them out\n"));
    let (code, complaint) = fails(&place, &["breaker", "set", "car.on_drive", "opne=1s"]);
    assert_eq!(code, Some(1));
    assert!(complaint.starts_with("nevil: unknown key `opne`, did you mean `open`?"), "{complaint}");
}

#[test]
fn a_stop_ends_when_the_robot_has_ended() {
    let place = Place::new("stop");
    let robot = Robot::start(&place, "picar");
    robot.ends_when_asked();
    assert_eq!(out(&place, &["stop"]), "robot `picar` has stopped\n");
    assert_eq!(fails(&place, &["stop"]).0, Some(1));

    let _stubborn = Robot::start(&place, "rover");
    let (code, complaint) = fails(&place, &["stop", "--timeout", "50ms"]);
    assert_eq!(code, Some(1));
    let pid = std::process::id();
    assert_eq!(
        complaint,
        format!(
            "nevil: robot `rover` has not ended within 50 ms; see `nevil status`, or end it with `kill -9 {pid}`\n"
        )
    );
}
