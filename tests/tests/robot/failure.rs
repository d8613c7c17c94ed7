//! A node that fails while the robot runs ends the robot only if it is required, and is named with its callback.

use crate::place::{Place, three, wandering};
use crate::process::wait_until;
use crate::robot::Robot;
use crate::world::World;

#[test]
fn a_required_node_that_panics_ends_the_robot_with_4_and_the_car_stands() {
    let place = Place::new();
    let world = World::start(&place);
    let robot = Robot::launch(&place, &(world.wandering() + "  lamp: { type: trouble }\n"));
    world.drives();
    robot.trouble("panic");
    let ended = robot.end();
    assert_eq!(ended.code(), Some(4), "{ended:?}");
    let why = "the robot stops, because its required node `lamp` failed: callback `on_order` panicked: the lamp is broken";
    assert!(ended.err.contains(why), "{}", ended.err);
    assert!(ended.err.contains("tests/src/under_test.rs:"), "the place of the panic: {}", ended.err);
    world.stands();
}

#[test]
fn the_other_nodes_of_a_robot_whose_node_panics_are_stopped_in_order() {
    let place = Place::new();
    let robot = Robot::launch(&place, &three(""));
    robot.trouble("panic");
    assert_eq!(robot.end().code(), Some(4));
    // The one that panicked may be half-updated: nothing more is asked of it.
    let others = ["third deactivate", "first deactivate", "third shutdown", "first shutdown"];
    assert_eq!(place.diary()[3..], others);
}

#[test]
fn a_robot_goes_on_when_an_optional_node_panics() {
    let place = Place::new();
    let robot = Robot::launch(&place, &(wandering() + "  lamp: { type: trouble, required: false }\n"));
    robot.drives_on();
    robot.trouble("panic");
    robot.complains("the robot goes on without its node `lamp`, which is not required");
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
