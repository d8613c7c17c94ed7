//! Whatever comes over the control socket, no node feels it.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::place::{Place, wandering};
use crate::process::{WATCHDOG, wait_until};
use crate::robot::Robot;

fn connect(place: &Place) -> UnixStream {
    let stream = UnixStream::connect(place.socket("picar")).unwrap();
    stream.set_read_timeout(Some(WATCHDOG)).unwrap();
    stream.set_write_timeout(Some(WATCHDOG)).unwrap();
    stream
}

/// Sends `bytes`, says that no more come, and returns what is answered until the robot hangs up.
fn say(place: &Place, bytes: &[u8]) -> String {
    let mut stream = connect(place);
    // The robot may hang up before all is sent, and need not read the rest.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

/// Bytes in no order, the same in each run.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn garbage_on_the_control_socket_disturbs_no_node() {
    let place = Place::new();
    let robot = Robot::launch(&place, &wandering());
    for seed in 1..=20 {
        say(&place, &noise(seed, 4096));
    }
    for text in
        ["{\"request\":", "{\"request\":\"sta", "\0\0\0\n", "[]\n", "null\n", "{\"request\":\"fly\"}\n", "\n"]
    {
        say(&place, text.as_bytes());
    }
    let topic = "{\"request\":\"topic_pub\",\"topic\":\"drive\",\"text\":\"".to_owned();
    assert!(say(&place, format!("{topic}{}\"}}\n", "[".repeat(10_000)).as_bytes()).contains("\"error\":"));
    assert!(
        say(&place, &vec![b'a'; 1 << 20]).contains("\"error\":"),
        "a line of a mebibyte is refused in words"
    );
    assert!(say(&place, b"{\"request\":\"topic_list\"}\n").starts_with("{\"ok\":"));

    let crowd: Vec<_> = (0..50).map(|_| connect(&place)).collect();
    let half: Vec<_> = crowd.iter().map(|mut stream| stream.write_all(b"{\"request\":")).collect();
    println!(
        "{} of 50 connections were open to half a line",
        half.iter().filter(|sent| sent.is_ok()).count()
    );
    robot_refuses_more(&place);
    drop(crowd);

    let status = wait_until("there is a place for a tool again", || {
        let request = nevil_launch::Request::Status;
        robot.try_ask(&request).ok()
    });
    assert_eq!(status["phase"], "running");
    for node in status["nodes"].as_array().unwrap() {
        assert_eq!(node["state"], "active", "{node}");
        for callback in node["callbacks"].as_array().unwrap() {
            assert_eq!((&callback["failed"], &callback["panicked"]), (&0.into(), &0.into()), "{node}");
        }
    }
    robot.drives_on();
    let ended = robot.stop();
    assert_eq!(ended.code(), Some(0), "every message is accounted for: {ended:?}");
}

/// A tool beyond the limit is told so.
fn robot_refuses_more(place: &Place) {
    let ended = place.run(&["status"]);
    assert_eq!(ended.code(), Some(1), "{ended:?}");
    assert_eq!(ended.err, "nevil: 16 tools are connected already, more are not allowed; end one of them\n");
}
