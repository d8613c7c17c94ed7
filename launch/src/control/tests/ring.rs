//! Rings that are handed over.

use super::*;

fn readers(robot: &Robot) -> Vec<String> {
    let status = robot.handler.rings().status();
    status[0].readers.iter().map(|reader| reader.name.clone()).collect()
}

#[test]
fn a_ring_of_the_robot_is_read_by_a_tool_until_it_hangs_up() {
    let robot = Robot::start("ring");
    let seat = robot.client().open_ring("mic").unwrap();
    let mut reader = RingReader::<f32>::new(seat, Start::Now).unwrap();
    assert_eq!(readers(&robot), ["tool"]);
    let mut values = [0.0; 4];
    for number in 0..20 {
        let block = reader.read_within(WATCHDOG, &mut values).unwrap().unwrap();
        assert_eq!((block.number, values), (reader.counts().first + number, [0.5; 4]));
    }
    drop(reader);
    assert!(eventually(|| readers(&robot).is_empty()), "its seat is given back");
}

#[test]
fn an_unknown_ring_is_refused_with_the_known_ones_and_the_connection_goes_on() {
    let robot = Robot::start("noring");
    let mut client = robot.client();
    let text = refused(client.request(&Request::RingOpen { ring: "mik".to_owned() }));
    assert_eq!(text, "unknown ring `mik`, did you mean `mic`?; known rings are mic");
    client.request(&Request::Status).unwrap();
}

#[test]
fn a_tool_that_reads_a_ring_is_told_of_the_end_of_the_robot() {
    let mut robot = Robot::start("ringend");
    let mut reader = RingReader::<f32>::new(robot.client().open_ring("mic").unwrap(), Start::Now).unwrap();
    robot.stop_time();
    robot.server.take().unwrap().stop();
    let ended = eventually(|| match reader.read_within(WATCHDOG, &mut [0.0; 4]) {
        Ok(_) => false,
        Err(ReadError::Ended { .. }) => true,
        Err(error) => panic!("{error}"),
    });
    assert!(ended);
}

#[test]
fn what_comes_without_handles_is_not_a_ring_and_a_second_request_ends_the_connection() {
    let robot = Robot::start("ringtext");
    let said = robot.says_to(b"{\"request\":\"ring_open\",\"ring\":\"mic\"}\n{\"request\":\"status\"}\n");
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with(r#"{"ok":{"ring":"mic","seat":0,"generation":"#), "{said}");
    assert_eq!(
        lines[1],
        r#"{"error":"a connection that holds a ring takes no other request; open a second one"}"#
    );
    let mut client = robot.client();
    assert!(client.request(&Request::RingOpen { ring: "mic".to_owned() }).is_ok(), "the handles are dropped");
}
