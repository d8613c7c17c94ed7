//! A robot that is to stop does: in order, to the last process, or by force where a node hangs.

use std::time::{Duration, Instant};

use nevil_launch::{Request, RuntimeDir};
use rustix::process::Signal;

use crate::place::{Place, three, wandering};
use crate::process::wait_until;
use crate::robot::Robot;
use crate::world::World;

const LIFE: [&str; 9] = [
    "first activate",
    "second activate",
    "third activate",
    "third deactivate",
    "second deactivate",
    "first deactivate",
    "third shutdown",
    "second shutdown",
    "first shutdown",
];

fn is_free(place: &Place, name: &str) {
    let directory = RuntimeDir::at(&place.path().join("nevil")).unwrap();
    assert!(!directory.is_running(name), "the lock is free");
    assert!(!place.socket(name).exists(), "the socket is gone");
}

/// Stops a driving robot in the way `stop`, and sees that all is as it should be.
fn stops_in_order(stop: impl FnOnce(&Robot, &Place)) {
    let place = Place::new();
    let world = World::start(&place);
    let nodes = world.wandering() + &three("");
    let robot = Robot::launch(&place, &nodes);
    world.drives();
    let guard = robot.guard();
    stop(&robot, &place);
    let ended = robot.end();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    println!("{}", ended.out.lines().last().unwrap_or_default());
    assert!(ended.out.contains("robot `picar` has stopped after "), "{ended:?}");
    world.stands();
    assert_eq!(place.diary(), LIFE);
    is_free(&place, "picar");
    wait_until("the guard ends", || (!guard.runs()).then_some(()));

    let again = Robot::launch(&place, &nodes);
    world.drives();
    assert_eq!(again.stop().code(), Some(0));
}

#[test]
fn ctrl_c_stops_the_robot_in_order_and_it_can_be_launched_again_at_once() {
    stops_in_order(|robot, _| robot.signal(Signal::INT));
}

#[test]
fn a_service_manager_stops_the_robot_in_order() {
    stops_in_order(|robot, _| robot.signal(Signal::TERM));
}

#[test]
fn nevil_stop_stops_the_robot_in_order_and_returns_when_it_has_ended() {
    stops_in_order(|_, place| {
        let ended = place.run(&["stop"]);
        assert_eq!((ended.code(), &*ended.out), (Some(0), "robot `picar` has stopped\n"), "{}", ended.err);
        is_free(place, "picar");
    });
}

#[test]
fn a_robot_that_has_stopped_leaves_no_process_behind() {
    let place = Place::new();
    let robot = Robot::launch(&place, &wandering());
    robot.drives_on();
    let helpers = robot.helpers();
    assert_eq!(helpers.len(), 2, "a guard and a world: {helpers:?}");
    assert_eq!(robot.stop().code(), Some(0));
    for helper in helpers {
        wait_until(&format!("{helper:?} ends"), || (!helper.runs()).then_some(()));
    }
}

#[test]
fn a_robot_stops_by_itself_when_its_time_is_over() {
    let place = Place::new();
    let file = place.file(&format!("robot: picar\nnodes:\n{}", three("")));
    let began = Instant::now();
    let ended = place.run(&["launch", file.to_str().unwrap(), "--for", "300ms"]);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert_eq!(place.diary(), LIFE);
}

#[test]
fn a_second_ctrl_c_ends_a_robot_whose_node_hangs_at_once_and_the_car_stands() {
    let place = Place::new();
    let world = World::start(&place);
    let hangs = "  lamp: { type: trouble, params: { deactivate: hang, diary: diary.txt } }\n";
    let file =
        place.file(&format!("robot: picar\nshutdown_timeout: 60s\nnodes:\n{}{hangs}", world.wandering()));
    let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
    world.drives();
    robot.signal(Signal::INT);
    wait_until("the node hangs", || place.diary().contains(&"lamp deactivate".to_owned()).then_some(()));
    world.stands();
    assert_eq!(robot.ask(&Request::Status)["phase"], "stopping");
    let began = Instant::now();
    robot.signal(Signal::INT);
    let ended = robot.end();
    println!("the second Ctrl-C ended it within {:?}", began.elapsed());
    assert_eq!(ended.code(), Some(7), "{ended:?}");
    world.stands();
    assert_eq!(Robot::launch(&place, &world.wandering()).stop().code(), Some(0));
}

#[test]
fn a_node_that_hangs_at_the_end_is_left_behind_after_the_shutdown_timeout() {
    for hook in ["deactivate", "shutdown"] {
        let place = Place::new();
        let world = World::start(&place);
        let hangs = format!("  lamp: {{ type: trouble, params: {{ {hook}: hang }} }}\n");
        let file = place
            .file(&format!("robot: picar\nshutdown_timeout: 300ms\nnodes:\n{}{hangs}", world.wandering()));
        let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
        world.drives();
        let began = Instant::now();
        let ended = robot.stop();
        let took = began.elapsed();
        println!("{hook} hangs: ended within {took:?}");
        assert!(took >= Duration::from_millis(300), "{took:?}");
        assert_eq!(ended.code(), Some(7), "{ended:?}");
        assert!(ended.err.contains(&format!("node `lamp` hangs in {hook}")), "{}", ended.err);
        assert!(ended.out.ends_with("; left behind, because they hang: lamp\n"), "{}", ended.out);
        world.stands();
        is_free(&place, "picar");
    }
}

#[test]
fn a_node_that_ends_badly_is_named_and_the_others_stop_in_order_all_the_same() {
    for (hook, trouble, text) in [
        ("deactivate", "refuse", "node `second` failed to deactivate: the lamp is not connected"),
        ("deactivate", "panic", "callback `deactivate` panicked: the lamp is broken"),
        ("shutdown", "panic", "callback `shutdown` panicked: the lamp is broken"),
    ] {
        let place = Place::new();
        let ended = Robot::launch(&place, &three(&format!(", {hook}: {trouble}"))).stop();
        assert_eq!(ended.code(), Some(4), "{hook}, {trouble}: {ended:?}");
        assert!(ended.err.contains(text), "{}", ended.err);
        let life: Vec<_> = LIFE.iter().filter(|line| !line.starts_with("second")).collect();
        let diary = place.diary();
        assert_eq!(diary.iter().filter(|line| !line.starts_with("second")).collect::<Vec<_>>(), life);
    }
}
