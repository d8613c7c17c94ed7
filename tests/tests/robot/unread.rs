//! Nobody has to read what a robot says: not even a full pipe stops a callback or the end.

use std::io::{self, Write};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::place::{Place, wandering};
use crate::process::{Process, wait_until};
use crate::robot::Robot;

/// A pipe that takes nothing more, and its end that must stay open.
fn full_pipe() -> (io::PipeReader, io::PipeWriter) {
    let (reader, mut writer) = io::pipe().unwrap();
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    let mut filled = 0;
    // The last bytes go in one by one.
    for size in [4096, 1] {
        while let Ok(written) = writer.write(&vec![b'.'; size]) {
            filled += written;
        }
    }
    println!("the pipe is full with {filled} bytes");
    fcntl_setfl(&writer, flags).unwrap();
    (reader, writer)
}

#[test]
fn a_robot_whose_output_nobody_reads_drives_on_and_stops_when_it_is_told_to() {
    let place = Place::new();
    let file = place.file(&format!("robot: picar\nnodes:\n{}", wandering()));
    let (_unread, full) = full_pipe();
    let mut command = place.command(&["launch", file.to_str().unwrap()]);
    command.env("NEVIL_LOG", "trace").stdout(full.try_clone().unwrap()).stderr(full);
    let robot = Robot::running(Process::start_as_is(&mut command), &place, "picar");
    // The command holds the pipe too.
    drop(command);
    wait_until("the robot runs", || {
        robot.try_ask(&nevil_launch::Request::Status).ok().filter(|status| status["phase"] == "running")
    });
    for _ in 0..3 {
        robot.drives_on();
    }
    for node in robot.status()["nodes"].as_array().unwrap() {
        assert_eq!(node["state"], "active");
    }
    let stop = place.run(&["stop"]);
    assert_eq!((stop.code(), &*stop.out), (Some(0), "robot `picar` has stopped\n"), "{}", stop.err);
    assert_eq!(robot.end().code(), Some(0));
}

#[test]
fn a_robot_whose_output_is_closed_drives_on_and_ends_well() {
    let place = Place::new();
    let file = place.file(&format!("robot: picar\nnodes:\n{}", wandering()));
    let (reader, closed) = io::pipe().unwrap();
    drop(reader);
    let mut command = place.command(&["launch", file.to_str().unwrap()]);
    command.stdout(closed.try_clone().unwrap()).stderr(closed);
    let robot = Robot::running(Process::start_as_is(&mut command), &place, "picar");
    wait_until("the robot runs", || {
        robot.try_ask(&nevil_launch::Request::Status).ok().filter(|status| status["phase"] == "running")
    });
    robot.drives_on();
    assert_eq!(robot.stop().code(), Some(0));
}
