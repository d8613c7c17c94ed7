//! A node that fails while the robot runs is started again and is named with its callback. It ends the robot only if it is
//! required, and not to be started again.

use crate::place::{Place, three, wandering};
use crate::process::wait_until;
use crate::robot::Robot;
use crate::world::World;

#[test]
fn a_required_node_that_panics_and_is_not_started_again_ends_the_robot_with_4_and_the_car_stands() {
    let place = Place::new();
    let world = World::start(&place);
    let lamp = "  lamp: { type: trouble, restart: temporary }\n";
    let robot = Robot::launch(&place, &(world.wandering() + lamp));
    world.drives();
    robot.trouble("panic");
    let ended = robot.end();
    assert_eq!(ended.code(), Some(4), "{ended:?}");
    for why in [
        "node `lamp` failed: callback `on_order` panicked: the lamp is broken",
        "the robot stops: node `lamp` is required, and is not started again",
    ] {
        assert!(ended.err.contains(why), "{}", ended.err);
    }
    assert!(ended.err.contains("tests/src/under_test.rs:"), "the place of the panic: {}", ended.err);
    world.stands();
}

#[test]
fn the_other_nodes_of_a_robot_that_a_panic_ends_are_stopped_in_order() {
    let place = Place::new();
    let nodes = three("").replacen("depends_on: [first]", "restart: temporary, depends_on: [first]", 1);
    let robot = Robot::launch(&place, &nodes);
    robot.trouble("panic");
    assert_eq!(robot.end().code(), Some(4));
    // The one that panicked may be half-updated: nothing more is asked of it.
    let others = ["third deactivate", "first deactivate", "third shutdown", "first shutdown"];
    assert_eq!(place.diary()[3..], others);
}

#[test]
fn a_required_node_that_panics_is_started_again_and_the_robot_goes_on() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    robot.trouble("panic");
    robot.complains("the robot has all of its nodes again");
    assert_eq!(robot.state("second"), "active");
    assert_eq!(robot.stop().code(), Some(0));
    assert_eq!(place.diary()[3], "second activate");
}

#[test]
fn a_robot_goes_on_when_an_optional_node_panics() {
    let place = Place::new();
    let lamp = "  lamp: { type: trouble, required: false, restart: temporary }\n";
    let robot = Robot::launch(&place, &(wandering() + lamp));
    robot.drives_on();
    robot.trouble("panic");
    robot.complains("node `lamp` is not started again");
    assert_eq!(robot.state("lamp"), "failed");
    robot.drives_on();
    let ended = robot.stop();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}

#[test]
fn an_error_of_a_callback_is_counted_and_ends_nothing() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    robot.trouble("refuse");
    robot.complains("the lamp is not connected");
    assert_eq!(robot.state("second"), "active");
    let ended = robot.stop();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}

#[test]
fn a_node_works_with_its_degraded_parameters_while_a_breaker_of_it_is_open() {
    let place = Place::new();
    let lamp = "  lamp: { type: trouble, params: { diary: diary.txt, brightness: 80 }, degraded: { brightness: 20 } }\n";
    let robot = Robot::launch(&place, lamp);
    wait_until("the breaker opens", || {
        // Two tools at most publish at once; the next one comes through.
        let _ = robot.publish("trouble", "trouble: refuse");
        robot.complaints().contains("breaker `lamp.on_order` is open; the robot is degraded").then_some(())
    });
    wait_until("the lamp is dimmed", || place.diary().contains(&"lamp at 20 %".to_owned()).then_some(()));
    let ended = robot.stop();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert_eq!(place.diary(), ["lamp activate", "lamp at 20 %", "lamp deactivate", "lamp shutdown"]);
}
