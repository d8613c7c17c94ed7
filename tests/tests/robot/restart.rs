//! The robot as a whole is started again in its process, which keeps its number; and one that could not start goes on.

use crate::place::{Place, three, wandering};
use crate::robot::Robot;

#[test]
fn a_robot_is_started_again_in_the_same_process_with_the_same_words() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    let file = place.path().join("robot.yaml");
    let pid = robot.status()["pid"].clone();
    // What has changed in its file since holds then.
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("deaf: true", "deaf: true, brightness: 12", 1)).unwrap();
    let restarted = place.run(&["restart", "--timeout", "40s"]);
    assert_eq!(
        (restarted.code(), &*restarted.out),
        (Some(0), "robot `picar` runs again\n"),
        "{}",
        robot.complaints()
    );
    assert_eq!(robot.status()["pid"], pid);
    assert_eq!(place.run(&["param", "get", "first", "brightness"]).out, "12\n");
    let once = ["first activate", "second activate", "third activate"];
    assert_eq!(place.diary()[..3], once);
    assert_eq!(place.diary()[9..], once, "it ended in order before");
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_robot_whose_file_is_wrong_by_now_goes_on_and_the_tool_is_told_why() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    std::fs::write(place.path().join("robot.yaml"), "robot: picar\nnodes:\n  first: { type: trubble }\n")
        .unwrap();
    let refused = place.run(&["restart"]);
    assert_eq!(refused.code(), Some(1));
    assert!(
        refused.err.starts_with("nevil: the robot goes on, because it could not start again: "),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("unknown node type `trubble`, did you mean `trouble`?"), "{}", refused.err);
    assert_eq!(robot.state("first"), "active");
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn an_emergency_stop_is_not_ended_by_a_restart() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    robot.ask(&nevil_launch::Request::Estop { reason: "smoke".into() });
    let refused = place.run(&["restart"]);
    assert_eq!((refused.code(), refused.out.as_str()), (Some(1), ""));
    assert_eq!(
        refused.err,
        "nevil: an emergency stop holds, which a restart must not end; see `nevil estop --reset`\n"
    );
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn a_robot_that_does_not_end_well_is_not_started_again() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(", shutdown: refuse"));
    let ended = place.run(&["restart"]);
    assert_eq!(ended.code(), Some(1));
    assert!(
        ended.err.starts_with("nevil: robot `picar` has ended instead of starting again"),
        "{}",
        ended.err
    );
    let ended = robot.end();
    assert_eq!(ended.code(), Some(4));
    assert!(
        ended.err.contains("the robot is not started again, because it did not end well"),
        "{}",
        ended.err
    );
}

#[test]
fn a_simulated_car_is_started_again_beside_the_world_of_its_life_before() {
    let place = Place::new();
    let robot = Robot::launch(&place, &wandering());
    for _ in 0..2 {
        let restarted = place.run(&["restart", "--timeout", "40s"]);
        assert_eq!(restarted.code(), Some(0), "{}\n{}", restarted.err, robot.complaints());
    }
    assert_eq!(robot.stop().code(), Some(0));
}
