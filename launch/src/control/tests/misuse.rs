//! Tools that do what no tool should.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use proptest::prelude::*;

use super::*;
use crate::ControlError;
use crate::limits::{CONTROL_CONNECTIONS_MAX, CONTROL_REQUEST_BYTES_MAX};

#[test]
fn what_is_no_request_is_answered_and_the_robot_goes_on() {
    let robot = Robot::start("garbage");
    let unknown = robot.says_to(b"{\"request\":\"stauts\"}\n");
    assert!(
        unknown.starts_with(r#"{"error":"request cannot be read: unknown variant `stauts`"#),
        "{unknown}"
    );
    let status = "{\"request\":\"status\"}\n";
    let after = robot.says_to(format!("hello\n[]\n\n{status}").as_bytes());
    let lines: Vec<_> = after.lines().collect();
    assert_eq!(lines.len(), 4, "{after}");
    assert!(lines[..3].iter().all(|line| line.starts_with(r#"{"error":"#)), "{after}");
    assert!(lines[3].starts_with(r#"{"ok":"#));

    assert_eq!(robot.says_to(b"\xff\xfe\n"), "{\"error\":\"line is not UTF-8 (byte 1), text is needed\"}\n");
    assert_eq!(
        robot.says_to(b"{\"request\""),
        "{\"error\":\"the connection was closed within a line; end each line with a line feed\"}\n"
    );
    assert_eq!(robot.says_to(b""), "");
    assert!(robot.answers());
}

#[test]
fn a_request_of_64_kib_is_read_and_a_longer_one_is_not() {
    let robot = Robot::start("long");
    let request = |bytes: usize| {
        let mut line = br#"{"request":"status"}"#.to_vec();
        line.resize(bytes - 1, b' ');
        line.push(b'\n');
        line
    };
    assert!(robot.says_to(&request(CONTROL_REQUEST_BYTES_MAX)).starts_with(r#"{"ok":"#));
    let too_long = "{\"error\":\"line is too long, at most 65536 bytes are allowed\"}\n";
    assert_eq!(robot.says_to(&request(CONTROL_REQUEST_BYTES_MAX + 1)), too_long);
    assert_eq!(robot.says_to(&vec![b'a'; 1_000_000]), too_long);
    assert!(robot.answers());
}

#[test]
fn whatever_bytes_come_the_robot_still_answers() {
    let robot = Robot::start("bytes");
    let piece = prop_oneof![
        any::<Vec<u8>>(),
        Just(b"\n".to_vec()),
        Just(b"{\"request\":\"topic_list\"}\n".to_vec()),
        Just(b"{\"request\":\"topic_echo\",\"topic\":\"operator_drive\"}\n".to_vec()),
        Just(b"{\"request\":\"topic_pub\",\"topic\":\"operator_drive\",\"text\":\"{{[\"}\n".to_vec()),
        Just([b"[".repeat(1000), b"\n".to_vec()].concat()),
    ];
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(pieces in prop::collection::vec(piece, 0..6))| {
        for line in robot.says_to(&pieces.concat()).lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            prop_assert!(line.is_object());
        }
        prop_assert!(robot.answers());
    });
}

#[test]
fn the_17th_tool_is_told_so_and_finds_a_place_when_another_has_gone() {
    let robot = Robot::start("many");
    let mut clients: Vec<_> = (0..CONTROL_CONNECTIONS_MAX).map(|_| robot.client()).collect();
    for client in &mut clients {
        client.request(&Request::Status).unwrap();
    }
    assert_eq!(
        refused(robot.client().request(&Request::Status)),
        "16 tools are connected already, more are not allowed; end one of them"
    );
    clients.pop();
    assert!(robot.answers());
    assert!(robot.server.as_ref().unwrap().counts().refused >= 1);
}

#[test]
fn a_tool_that_never_reads_is_disconnected_and_counted() {
    let robot = Robot::start("deaf");
    let mut deaf = robot.socket();
    // Its answers are never read, and more than a socket holds.
    let requests = "{\"request\":\"status\"}\n".repeat(1000);
    let asking = std::thread::spawn({
        let mut deaf = deaf.try_clone().unwrap();
        move || while deaf.write_all(requests.as_bytes()).is_ok() {}
    });
    assert!(eventually(|| robot.server.as_ref().unwrap().counts().dropped == 1));
    asking.join().unwrap();
    assert!(robot.answers());
    // What was sent before can still be read, and then the connection ends.
    let mut rest = Vec::new();
    let _ = deaf.read_to_end(&mut rest);
    assert!(!rest.is_empty());
}

#[test]
fn an_echo_that_nobody_reads_costs_the_publisher_nothing_and_gives_its_place_back() {
    let robot = Robot::start("deaf_echo");
    let mut deaf = robot.socket();
    deaf.write_all(b"{\"request\":\"topic_echo\",\"topic\":\"range\"}\n").unwrap();
    let published = || robot.handler.bus().counts("range").unwrap().publishers[0].1.clone();
    let before = published().accepted;
    assert!(eventually(|| published().accepted > before + 500));
    assert_eq!(published().refused(), 0);
    drop(deaf);
    assert!(eventually(|| robot.server.as_ref().unwrap().open() == 0));
}

#[test]
fn a_tool_that_talks_into_its_echo_is_told_to_open_a_second_connection() {
    let robot = Robot::start("talking");
    let echo = "{\"request\":\"topic_echo\",\"topic\":\"operator_drive\"}\n";
    let said = robot.says_to(format!("{echo}{{\"request\":\"status\"}}\n").as_bytes());
    assert_eq!(
        said,
        "{\"ok\":{\"publishers\":[],\"topic\":\"operator_drive\"}}\n\
         {\"error\":\"a connection that echoes takes no other request; open a second one\"}\n"
    );
}

#[test]
fn a_socket_that_was_left_behind_is_replaced_and_another_file_is_not() {
    let path = std::env::temp_dir().join(format!("nevil-left-{}.sock", std::process::id()));
    drop(UnixListener::bind(&path).unwrap());
    let handler = Arc::clone(&Robot::start("left_behind").handler);
    let server = ControlServer::start(&path, Arc::<Handler>::clone(&handler)).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    ControlClient::connect(&path).unwrap().request(&Request::Status).unwrap();
    server.stop();

    std::fs::write(&path, "notes").unwrap();
    let refused = ControlServer::start(&path, handler).err().unwrap();
    assert!(matches!(refused, ControlError::NoSocket { .. }), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "notes");
    std::fs::remove_file(&path).unwrap();
}
