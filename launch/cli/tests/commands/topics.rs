//! What tools see of topics and of the bus.

use std::io;
use std::process::Stdio;

use crate::robot::{Place, Robot};
use crate::{fails, nevil, out, run, text};

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_topic_s_type_is_shown_with_its_fields_and_a_message_that_can_be_published() {
    let place = Place::new("type");
    let robot = Robot::start(&place, "picar");
    assert_eq!(out(&place, &["topic", "type", "operator_drive"]), "Drive\n");
    let shown = out(&place, &["topic", "type", "operator_drive", "--show"]);
    assert!(shown.starts_with("Drive ("), "{shown}");
    assert!(shown.contains("\nspeed_mps     f32   m/s   -0.8 to 0.8\n"), "{shown}");
    assert!(shown.contains("\n  speed_mps: Forward speed"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80 || line.starts_with("nevil ")), "{shown}");
    let example = out(&place, &["topic", "type", "operator_drive", "--example"]);
    assert!(
        shown.ends_with(&format!("\nnevil topic pub -1 operator_drive '{}'\n", example.trim())),
        "{shown}"
    );
    assert_eq!(out(&place, &["topic", "pub", "operator_drive", "--template"]), example);
    assert_eq!(out(&place, &["topic", "pub", "-1", "operator_drive", example.trim()]), "published 1\n");
    assert_eq!(robot.published("operator_drive"), 1);
    let all = json(&out(&place, &["topic", "type", "operator_drive", "--json"]));
    assert_eq!((&all["type"], &all["fields"][0]["unit"]), (&"Drive".into(), &"m/s".into()));
}

#[test]
fn topics_are_found_by_their_type_and_an_unknown_one_names_the_nearest() {
    let place = Place::new("find");
    let _robot = Robot::start(&place, "picar");
    assert_eq!(out(&place, &["topic", "find", "Drive"]), "operator_drive\n");
    assert_eq!(out(&place, &["topic", "find", "Drive", "-c"]), "1\n");
    assert_eq!(json(&out(&place, &["topic", "find", "Range", "--json"]))["topics"][0], "range");
    let unknown = "nevil: no topic carries `range`, did you mean `Range`?; types on the topics of this robot are Drive, Range\n";
    assert_eq!(fails(&place, &["topic", "find", "range"]), (Some(1), unknown.to_owned()));

    assert_eq!(out(&place, &["topic", "list", "-t"]), "operator_drive [Drive]\nrange [Range]\n");
    assert_eq!(out(&place, &["topic", "list", "-c"]), "2\n");
    let verbose =
        "operator_drive  Drive  -    car  latest, high\nrange           Range  car  -    drop_oldest 10\n";
    assert_eq!(out(&place, &["topic", "list", "-v"]), verbose);
    assert!(out(&place, &["topic", "info", "-v", "range"]).starts_with("range: Range ("));
}

#[test]
fn rates_sizes_and_delays_are_measured_and_end_when_they_are_told_to() {
    let place = Place::new("measure");
    let _robot = Robot::start(&place, "picar");
    let rate = out(&place, &["topic", "hz", "range", "-n", "200"]);
    assert!(
        rate.starts_with("average rate: 1000.000\n\tmin: 0.001s max: 0.001s std dev: 0.00000s window: "),
        "{rate}"
    );
    let bandwidth = out(&place, &["topic", "bw", "range", "-n", "50"]);
    let expected = "8.00 KB/s from 50 messages\n\tMessage size mean: 8 B min: 8 B max: 8 B\n";
    // A busy machine may have more to say: what was not seen here.
    assert!(bandwidth.starts_with(expected), "{bandwidth}");
    let delay = out(&place, &["topic", "delay", "range", "-n", "50"]);
    assert!(delay.starts_with("average delay: 0.0"), "{delay}");
    let report = json(&out(&place, &["topic", "hz", "range", "-w", "10", "-n", "100", "--json"]));
    assert_eq!((&report["topic"], &report["window"]), (&"range".into(), &10.into()));
    assert!(report["lost"].is_u64() && report["std_dev_s"].is_f64(), "{report}");
    let hz = report["rate_hz"].as_f64().unwrap();
    assert!((hz - 1000.0).abs() < 1e-6, "{hz}");

    for measure in ["hz", "bw", "delay"] {
        let (code, complaint) = fails(&place, &["topic", measure, "operator_drive", "--for", "50ms"]);
        let silent = "nevil: nobody publishes on `operator_drive` so far; waiting for a message\n\
                      nevil: no message on `operator_drive` within 50 ms; see `nevil topic info operator_drive` for who publishes it\n";
        assert_eq!((code, &*complaint), (Some(1), silent), "{measure}");
    }
}

#[test]
fn an_echo_as_csv_has_a_line_of_names_and_a_line_for_each_message() {
    let place = Place::new("csv");
    let _robot = Robot::start(&place, "picar");
    let csv = out(&place, &["topic", "echo", "range", "--csv", "-n", "2"]);
    assert_eq!(csv, "reading,distance_m\necho,0.5\necho,0.5\n");
    let field = ["topic", "echo", "range", "--csv", "--field", "distance_m", "--once"];
    assert_eq!(out(&place, &field), "distance_m\n0.5\n");
    let header = out(&place, &["topic", "echo", "range", "--csv", "--header", "--once"]);
    let (names, values) = header.split_once('\n').unwrap();
    assert_eq!(names, "source,incarnation,sequence,stamp_ns,reading,distance_m");
    assert!(values.starts_with("car,1,") && values.ends_with(",echo,0.5\n"), "{values}");
    let (code, complaint) = fails(&place, &["topic", "echo", "range", "--csv", "--field", "distance"]);
    let unknown =
        "nevil: unknown field `distance`, did you mean `distance_m`?; known fields are reading, distance_m\n";
    assert_eq!((code, &*complaint), (Some(2), unknown));

    let no_str = out(&place, &["topic", "echo", "range", "--no-str", "--no-arr", "--once"]);
    assert_eq!(no_str, "reading: <text of 4 bytes>\ndistance_m: 0.5\n");
    let line = json(&out(&place, &["topic", "echo", "range", "--no-str", "--json", "--once"]));
    assert_eq!((&line["source"], &line["message"]["reading"]), (&"car".into(), &"<text of 4 bytes>".into()));
}

#[test]
fn a_message_of_another_type_or_without_its_text_is_refused_before_anything_is_published() {
    let place = Place::new("typed");
    let robot = Robot::start(&place, "picar");
    let drive = "{speed_mps: 0.2, steering_rad: 0, valid_for_ms: 300}";
    assert_eq!(out(&place, &["topic", "pub", "-1", "operator_drive", "Drive", drive]), "published 1\n");
    let refused = |type_name| fails(&place, &["topic", "pub", "-1", "operator_drive", type_name, drive]);
    let near = "nevil: topic `operator_drive` carries `Drive`, not `Drvie`, did you mean `Drive`?; it may be left out\n";
    assert_eq!(refused("Drvie"), (Some(1), near.to_owned()));
    let other = "nevil: topic `operator_drive` carries `Drive`, not `Range`; the type may be left out\n";
    assert_eq!(refused("Range"), (Some(1), other.to_owned()));
    for words in [&["topic", "pub", "operator_drive"][..], &["topic", "pub", "operator_drive", "Drive"]] {
        let (code, complaint) = fails(&place, words);
        assert_eq!(code, Some(2));
        let text = "nevil: no message is given; `operator_drive` carries `Drive`, such as '{speed_mps: 0.0, ";
        assert!(complaint.starts_with(text), "{complaint}");
    }
    assert_eq!(robot.published("operator_drive"), 1);
}

#[test]
fn a_message_waits_for_its_subscriptions_and_not_for_ever() {
    let place = Place::new("wait");
    let robot = Robot::start(&place, "picar");
    let drive = "{speed_mps: 0.2, steering_rad: 0, valid_for_ms: 300}";
    let waits = |wanted, timeout| {
        run(&place, &["topic", "pub", "-1", "-w", wanted, "--wait-timeout", timeout, "operator_drive", drive])
    };
    assert_eq!(text(&waits("1", "10s").stdout), "published 1\n");
    let late = waits("2", "60ms");
    let complaint = "nevil: `operator_drive` has 1 of 2 subscriptions after 60 ms; nothing was published (see `nevil topic info operator_drive`)\n";
    assert_eq!((late.status.code(), text(&late.stderr)), (Some(1), complaint.to_owned()));
    assert_eq!(robot.published("operator_drive"), 1);
    let third =
        ["topic", "pub", "-r", "100", "-t", "5", "-p", "3", "--keep-alive", "10ms", "operator_drive", drive];
    assert_eq!(out(&place, &third), "published 3\n");
}

#[test]
fn an_audit_shows_every_account_and_balances() {
    let place = Place::new("audit");
    let _robot = Robot::start(&place, "picar");
    let audit = out(&place, &["bus", "audit"]);
    assert!(audit.starts_with("nothing is lost, all 2 accounts balance (2 topics)\n\naccount "), "{audit}");
    assert!(audit.contains("\nrange\n  by car "), "{audit}");
    assert!(audit.lines().all(|line| line.chars().count() <= 80), "{audit}");
    let audit = json(&out(&place, &["bus", "audit", "--json"]));
    assert_eq!(audit["verdict"], "balanced");
    assert_eq!(audit["topics"][0]["subscriptions"][0]["callback"], "on_drive");
}

#[test]
fn a_robot_that_keeps_no_log_says_so_and_an_unknown_node_names_the_nearest() {
    let place = Place::new("nolog");
    let _robot = Robot::start(&place, "picar");
    assert_eq!(fails(&place, &["logs"]), (Some(1), "nevil: the robot keeps no log\n".to_owned()));
    let unknown = "nevil: unknown node `cra`, did you mean `car`?; known nodes are car\n";
    assert_eq!(fails(&place, &["logs", "cra"]), (Some(1), unknown.to_owned()));
}

#[test]
fn of_an_unknown_topic_every_command_names_the_nearest() {
    let place = Place::new("unknown");
    let _robot = Robot::start(&place, "picar");
    let unknown =
        "nevil: unknown topic `rnage`, did you mean `range`?; known topics are operator_drive, range\n";
    for command in ["info", "type", "echo", "hz", "bw", "delay"] {
        assert_eq!(fails(&place, &["topic", command, "rnage"]), (Some(1), unknown.to_owned()), "{command}");
    }
    assert_eq!(fails(&place, &["topic", "echo", "rnage", "--csv"]), (Some(1), unknown.to_owned()));
    assert_eq!(fails(&place, &["topic", "pub", "rnage", "{}"]), (Some(1), unknown.to_owned()));
}

#[test]
fn a_closed_pipe_is_no_error_of_any_command() {
    let place = Place::new("closed");
    let _robot = Robot::start(&place, "picar");
    let drive = "{speed_mps: 0.2, steering_rad: 0, valid_for_ms: 300}";
    let all: [&[&str]; 22] = [
        &["--help"],
        &["status"],
        &["status", "--json"],
        &["node", "list"],
        &["topic", "list"],
        &["topic", "list", "-t"],
        &["topic", "info", "range"],
        &["topic", "type", "range"],
        &["topic", "type", "range", "--show"],
        &["topic", "find", "Range"],
        &["topic", "echo", "range"],
        &["topic", "echo", "range", "--csv"],
        &["topic", "echo", "range", "--json"],
        &["topic", "pub", "operator_drive", drive, "-r", "100"],
        &["topic", "hz", "range"],
        &["topic", "bw", "range"],
        &["topic", "delay", "range", "--json"],
        &["breaker", "list"],
        &["breaker", "show", "car.measure"],
        &["bus", "audit"],
        &["completion", "bash"],
        &["completion", "zsh"],
    ];
    for words in all {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let closed = nevil(&place, words).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let ended = closed.wait_with_output().unwrap();
        assert_eq!((ended.status.code(), text(&ended.stderr)), (Some(0), String::new()), "{words:?}");
    }
}

#[test]
fn wrong_words_of_every_command_end_with_2() {
    let place = Place::new("wrong");
    let all: [&[&str]; 17] = [
        &["bus"],
        &["bus", "audti"],
        &["completion", "tcsh"],
        &["logs", "--level", "loud"],
        &["logs", "-n", "1001"],
        &["monitor"],
        &["topic", "bw", "range", "--for", "5"],
        &["topic", "delay"],
        &["topic", "echo", "range", "--csv", "--json"],
        &["topic", "ecoh", "range"],
        &["topic", "find"],
        &["topic", "hz", "range", "-w", "1"],
        &["topic", "info"],
        &["topic", "list", "-t", "-c"],
        &["topic", "pub", "range", "{}", "--onec"],
        &["topic", "type", "range", "--show", "--json"],
        &["node", "kill", "car"],
    ];
    for words in all {
        assert_eq!(fails(&place, words).0, Some(2), "{words:?}");
    }
    let instead = "nevil: there is no `nevil monitor`; see `nevil status`, `nevil logs -f` and `nevil topic hz TOPIC`\n";
    assert_eq!(fails(&place, &["monitor"]).1, instead);
}

#[test]
fn completions_are_scripts_that_their_shells_understand() {
    let place = Place::new("shells");
    for shell in ["bash", "zsh", "fish"] {
        let script = out(&place, &["completion", shell]);
        for word in ["audit", "delay", "completion"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        let file = place.session().join(format!("nevil.{shell}"));
        std::fs::write(&file, script).unwrap();
        let checked = std::process::Command::new(shell).arg("-n").arg(&file).output();
        match checked {
            Ok(output) => assert!(output.status.success(), "{shell}: {output:?}"),
            // Only some have them all; bash is everywhere.
            Err(error) => {
                assert!(error.kind() == io::ErrorKind::NotFound && shell != "bash", "{shell}: {error}")
            }
        }
    }
}
