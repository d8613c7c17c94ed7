//! One robot of a name at a time, and tools that ask which one is meant.

use crate::place::{Place, three};
use crate::robot::Robot;

#[test]
fn a_second_launch_of_the_same_robot_is_refused_with_6_and_the_pid_of_the_first() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    let file = place.path().join("robot.yaml");
    let second = place.run(&["launch", file.to_str().unwrap()]);
    assert_eq!(second.code(), Some(6), "{second:?}");
    let pid = robot.id();
    assert!(
        second.err.starts_with(&format!("nevil: robot `picar` runs already (pid {pid}, up ")),
        "{}",
        second.err
    );
    assert!(
        second.err.ends_with(
            "); stop it with `nevil stop --robot picar`, or give this one another name with `--robot NAME`\n"
        ),
        "{}",
        second.err
    );
    assert_eq!(robot.status()["phase"], "running", "the first is not disturbed");
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_robot_that_was_killed_can_be_launched_again_at_once() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    robot.signal(rustix::process::Signal::KILL);
    robot.end();
    assert!(place.socket("picar").exists(), "a killed robot leaves its socket behind");
    assert_eq!(place.run(&["status"]).code(), Some(1));
    let again = Robot::launch(&place, &three(""));
    assert_eq!(again.status()["phase"], "running");
    assert_eq!(again.stop().code(), Some(0));
}

#[test]
fn two_robots_with_names_of_their_own_run_side_by_side_and_tools_ask_which_one_is_meant() {
    let place = Place::new();
    let picar = Robot::launch(&place, &three(""));
    let file = place.path().join("robot.yaml");
    let rover = ["--robot", "rover", "launch", file.to_str().unwrap()];
    let rover = Robot::of(&place, place.command(&rover), "rover");

    let status = place.run(&["status"]);
    let several = "nevil: 2 robots run: picar, rover; name one with `--robot NAME`\n";
    assert_eq!((status.code(), &*status.err), (Some(2), several));
    let status = place.run(&["status", "--robot", "rover"]);
    assert_eq!(status.code(), Some(0));
    assert!(status.out.contains(&format!("pid {}", rover.id())), "{}", status.out);

    let stop = place.run(&["stop", "--robot", "picar"]);
    assert_eq!((stop.code(), &*stop.out), (Some(0), "robot `picar` has stopped\n"));
    assert_eq!(picar.end().code(), Some(0));
    assert!(place.run(&["status"]).out.starts_with("rover from "), "one is left, so it need not be named");
    assert_eq!(rover.stop().code(), Some(0));
}
