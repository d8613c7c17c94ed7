//! A device that is taken away is reported, and the robot stops in order.

use rustix::process::Signal;

use crate::place::{Place, shipped, three};
use crate::robot::Robot;
use crate::world::World;

#[test]
fn a_robot_whose_car_is_gone_says_so_and_stops_in_order_with_4() {
    let place = Place::new();
    let world = World::start(&place);
    let robot = Robot::launch(&place, &(world.wandering() + &three("")));
    world.drives();
    world.process().signal(Signal::KILL);
    let ended = robot.end();
    assert_eq!(ended.code(), Some(4), "{ended:?}");
    for why in [
        "node `sim_car` failed: driver `s",
        "node `sim_car` failed to activate again: ",
        "the robot stops: node `sim_car` is required, and is not started again",
    ] {
        assert!(ended.err.contains(why), "{}", ended.err);
    }
    let life = ["third deactivate", "second deactivate", "first deactivate"];
    assert_eq!(place.diary()[3..6], life);
    assert!(!place.socket("picar").exists());
}

#[test]
fn a_world_that_is_not_there_at_the_start_is_told_with_the_node_that_needs_it() {
    let place = Place::new();
    let world = World::start(&place);
    let nodes = world.wandering();
    world.process().signal(Signal::KILL);
    let ended = place.launch_to_its_end(&format!("robot: picar\nnodes:\n{nodes}"));
    assert_eq!(ended.code(), Some(3), "{ended:?}");
    assert!(ended.err.contains("node `sim_car` failed to activate: "), "{}", ended.err);
    assert!(ended.err.contains("no world answers at `"), "{}", ended.err);
}

#[test]
fn what_is_done_to_a_board_in_memory_is_written_down_to_the_last_zero() {
    let place = Place::new();
    let file = place.path().join("board.txt");
    let trace = format!("trace:={}", file.display());
    let ended = place.run(&["launch", &shipped("picar-pi.yaml"), "--for", "2s", "board:=fake", &trace]);
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.ends_with('\n'), "{text}");
    let motors: Vec<_> = text.lines().filter(|line| line.contains("motor, pulse")).collect();
    let last = &motors[motors.len() - 2..];
    assert!(motors.len() > 2 && last.iter().all(|line| line.contains("     0  ")), "{last:?}");
}
