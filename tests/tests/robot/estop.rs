//! An emergency stop makes the car stand, whoever asks for it and whatever hangs, until somebody resets it.

use nevil_launch::Request;
use rustix::process::Signal;
use serde_json::Value;

use crate::place::Place;
use crate::process::wait_until;
use crate::robot::Robot;
use crate::world::World;

/// The emergency stop that holds, as tools see it.
fn state(robot: &Robot) -> Value {
    robot.status()["emergency_stop"].clone()
}

/// Lets the car drive, stops it with `engage`, sees that it stands until the reset and drives on after it, and that the robot
/// ends as usual.
fn stops(by: &str, reason: &str, engage: impl FnOnce(&Robot, &Place)) {
    let place = Place::new();
    let world = World::start(&place);
    let robot = Robot::launch(&place, &(world.wandering() + "  lamp: { type: trouble }\n"));
    world.drives();
    assert_eq!(state(&robot), Value::Null);
    engage(&robot, &place);
    // Its words are empty in the instant in which it begins.
    let with_words = |state: &Value| state["by"].as_str().is_some_and(|by| !by.is_empty());
    let engaged = wait_until("the emergency stop holds", || Some(state(&robot)).filter(with_words));
    assert_eq!((engaged["by"].as_str(), engaged["reason"].as_str()), (Some(by), Some(reason)), "{engaged}");
    world.stops();
    world.stands();
    robot.hears("emergency_stop/state", |state| state["engaged"] == true && state["reason"] == *reason);
    assert_eq!(robot.status()["moving"], false);

    let reset = place.run(&["estop", "--reset"]);
    assert_eq!(reset.code(), Some(0), "{}", reset.err);
    world.drives();
    assert_eq!(state(&robot), Value::Null);
    let ended = robot.stop();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    world.stands();
}

#[test]
fn an_emergency_stop_from_the_command_line_holds_until_it_is_reset() {
    stops("the operator", "a cable hangs out", |_, place| {
        let ended = place.run(&["estop", "--reason", "a cable hangs out"]);
        let said = "emergency stop: nothing moves until `nevil estop --reset`\n";
        assert_eq!((ended.code(), &*ended.out), (Some(0), said), "{}", ended.err);
        // The first reason stays.
        assert_eq!(place.run(&["estop"]).code(), Some(0));
        let screen = place.run(&["status"]).out;
        assert!(screen.contains("asked for 2 times"), "{screen}");
        assert!(screen.contains("by the operator: a cable hangs out"), "{screen}");
    });
}

#[test]
fn an_emergency_stop_by_signal_holds_until_it_is_reset() {
    stops("signal SIGUSR1", "somebody has sent it", |robot, _| robot.signal(Signal::USR1));
}

#[test]
fn an_emergency_stop_on_the_topic_holds_until_it_is_reset() {
    stops("`tool` on `emergency_stop/request`", "it smokes", |robot, _| {
        robot.publish("emergency_stop/request", "reason: it smokes").unwrap();
    });
}

#[test]
fn an_emergency_stop_by_a_node_holds_until_it_is_reset() {
    stops("node `lamp`", "the lamp smokes", |robot, _| robot.trouble("smoke"));
}

#[test]
fn a_reset_without_an_emergency_stop_is_refused_with_1() {
    let place = Place::new();
    let world = World::start(&place);
    let robot = Robot::launch(&place, &world.wandering());
    let refused = place.run(&["estop", "--reset"]);
    assert_eq!((refused.code(), &*refused.err), (Some(1), "nevil: no emergency stop holds\n"));
    assert_eq!(robot.stop().code(), Some(0));
}

#[test]
fn the_car_stands_on_an_emergency_stop_although_a_callback_hangs_and_ctrl_c_ends_the_robot() {
    for way in ["command", "signal", "topic"] {
        let place = Place::new();
        let world = World::start(&place);
        let lamp = "  lamp: { type: trouble, required: false }\n";
        let file = place
            .file(&format!("robot: picar\nshutdown_timeout: 300ms\nnodes:\n{}{lamp}", world.wandering()));
        let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
        world.drives();
        robot.trouble("hang");
        // Before its breaker is opened, too.
        wait_until("the lamp hangs", || robot.node("lamp")["running"].is_array().then_some(()));
        match way {
            "command" => assert_eq!(place.run(&["estop"]).code(), Some(0)),
            "signal" => robot.signal(Signal::USR1),
            _ => drop(robot.publish("emergency_stop/request", "reason: it hangs").unwrap()),
        }
        wait_until("the emergency stop holds", || Some(state(&robot)).filter(Value::is_object));
        world.stops();
        world.stands();
        let ended = robot.stop();
        assert_eq!(ended.code(), Some(7), "{way}: {ended:?}");
        world.stands();
    }
}

#[test]
fn the_car_stands_on_an_emergency_stop_although_a_device_call_hangs_and_the_reset_waits_for_it() {
    let place = Place::new();
    let world = World::start(&place);
    // It is not given up before the end of the test.
    let arm = "  arm: { type: jammed, required: false, timeout: 50s, params: { diary: diary.txt } }\n";
    let file =
        place.file(&format!("robot: picar\nshutdown_timeout: 60s\nnodes:\n{}{arm}", world.wandering()));
    let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
    world.drives();
    wait_until("the arm jams", || {
        let status = robot.status();
        let arm = status["actuators"].as_array().unwrap().iter().find(|one| one["name"] == "arm/arm");
        arm.filter(|arm| arm["commands"] == 1).map(|_| ())
    });
    assert_eq!(place.diary(), [""; 0]);
    assert_eq!(place.run(&["estop"]).code(), Some(0));
    wait_until("the arm is made safe", || {
        place.diary().contains(&"the arm is made safe".to_owned()).then_some(())
    });
    world.stops();
    world.stands();
    let refused = robot.try_ask(&Request::EstopReset).unwrap_err().to_string();
    assert!(
        refused.contains("not everything is safe: `arm/arm`; a call to it has not returned"),
        "{refused}"
    );
    assert!(state(&robot).is_object());
    world.stands();
    robot.signal(Signal::INT);
    wait_until("the robot stops", || (robot.status()["phase"] == "stopping").then_some(()));
    assert_eq!(robot.stop().code(), Some(7));
    world.stands();
}

#[test]
fn a_robot_that_is_stopped_during_an_emergency_stop_ends_in_order_and_its_next_launch_is_free_of_it() {
    let place = Place::new();
    let world = World::start(&place);
    let robot = Robot::launch(&place, &world.wandering());
    world.drives();
    robot.signal(Signal::USR1);
    world.stops();
    let ended = place.run(&["stop"]);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert_eq!(robot.end().code(), Some(0));
    let again = Robot::launch(&place, &world.wandering());
    assert_eq!(state(&again), Value::Null);
    world.drives();
    assert_eq!(again.stop().code(), Some(0));
}
