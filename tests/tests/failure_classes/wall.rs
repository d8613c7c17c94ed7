//! The car heads for a wall, and on the way something hangs or dies: it stops short of the wall each time. Where the process
//! lives, what hung comes back and the drive goes on. With recovery switched off the car hits the wall.
//!
//! ```text
//!   wall                              1.0 m: back      1.5 m: trouble, 3 s from the wall            start
//!   │◄──────────────────────────────────┼──────────────────┼───────────────────────────────────────── car ►
//! ```
//! The command that holds when the trouble begins holds for 5 s, and nobody but the runtime looks after the car: neither
//! `shuttle`, which stands for `navigation`, nor `relay`, which stands for `motion`, minds what the sensor says then.

use std::fs;

use rustix::process::Signal;

use crate::between::Between;
use crate::place::Place;
use crate::process::{Helper, wait_until};
use crate::robot::Robot;
use crate::world::World;

/// A room of 5 m by 4 m; the car looks at the wall 3.3 m ahead of it.
const ROOM: &str = "\
size: {width_m: 5.0, depth_m: 4.0}
walls:
  - name: outer walls
    corners_m: [[0.0, 0.0], [5.0, 0.0], [5.0, 4.0], [0.0, 4.0], [0.0, 0.0]]
objects: []
start: {x_m: 1.5, y_m: 2.0, heading_deg: 0.0}
";

/// A callback is given up after half a second, as it is by default.
const ON: &str = "";

/// None is given up before the car is at the wall.
const OFF: &str = "timeout: 50s, hang_grace: 1s, ";

/// Where the trouble begins.
const TROUBLE_M: f32 = 1.5;

/// What gets into trouble.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Navigation,
    Motion,
    Wheels,
    Nothing,
}

struct Drive {
    robot: Robot,
    world: World,
    place: Place,
}

impl Drive {
    /// Launches a robot that drives towards the wall, with these keys for all of its nodes.
    fn start(what: What, trouble: &str, keys: &str) -> Self {
        let place = Place::new();
        let room = place.path().join("room.yaml");
        fs::write(&room, ROOM).unwrap();
        let world = World::of_room(&place, room.to_str().unwrap().to_owned());
        let socket = place.path().join("world.sock");
        let between = (what == What::Wheels).then(|| Between::start(place.path(), &socket, TROUBLE_M.into()));
        let socket = between.as_ref().map_or(&*socket, Between::socket).display();
        let of = |whose| if whose == what { trouble } else { "none" };
        let (motion, navigation) = (of(What::Motion), of(What::Navigation));
        let file = place.file(&format!(
            "robot: picar\nshutdown_timeout: 60s\nnodes:\n  \
               sim_car: {{ {keys}params: {{ world: room.yaml, socket: {socket} }} }}\n  \
               motion: {{ type: relay, {keys}depends_on: [sim_car], params: {{ trouble: {motion}, trouble_m: {TROUBLE_M} }} }}\n  \
               navigation: {{ type: shuttle, {keys}depends_on: [motion], params: {{ trouble: {navigation}, trouble_m: {TROUBLE_M} }} }}\n"
        ));
        let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
        Self { robot, world, place }
    }

    /// Which life the node `name` lives.
    fn life(&self, name: &str) -> u64 {
        self.robot.node(name)["life"].as_u64().unwrap()
    }

    /// The car has come back from the wall, and drives on.
    fn goes_on(&self) {
        let driven_m = self.world.look().state.driven_m;
        let state = wait_until("the car has driven on for a meter", || {
            Some(self.world.look().state).filter(|state| state.driven_m > driven_m + 1.0)
        });
        assert_eq!(state.touches, 0, "{state:?}");
    }

    fn hits_the_wall(&self) {
        wait_until("the car hits the wall", || (self.world.look().state.touches > 0).then_some(()));
    }

    /// Stops the robot, in which a thread still hangs.
    fn end(self) {
        assert_eq!(self.robot.stop().code(), Some(7));
        self.world.stands();
        drop(self.place);
    }
}

/// `node` hangs in `callback`, and is replaced before the car is at the wall.
fn stops_short(what: What, node: &str, callback: &str) {
    let drive = Drive::start(what, "hang", ON);
    drive
        .robot
        .complains(&format!("node `{node}` failed: callback `{callback}` hangs: it did not return in "));
    wait_until(&format!("`{node}` is back"), || {
        (drive.life(node) > 1 && drive.robot.state(node) == "active").then_some(())
    });
    drive.goes_on();
    drive.end();
}

/// The same robot hits the wall if nobody looks after callbacks that hang.
fn hits_the_wall_without_recovery(what: What, node: &str) {
    let drive = Drive::start(what, "hang", OFF);
    drive.hits_the_wall();
    assert_eq!(drive.life(node), 1);
}

#[test]
fn the_car_stops_short_when_navigation_hangs_and_drives_on_when_it_is_back() {
    stops_short(What::Navigation, "navigation", "on_range");
}

#[test]
fn the_car_stops_short_when_motion_hangs_and_drives_on_when_it_is_back() {
    stops_short(What::Motion, "motion", "on_range");
}

#[test]
fn the_car_stops_short_when_a_call_to_its_wheels_hangs_and_drives_on_with_new_ones() {
    stops_short(What::Wheels, "sim_car", "on_drive");
}

#[test]
fn the_car_hits_the_wall_when_navigation_hangs_and_recovery_is_switched_off() {
    hits_the_wall_without_recovery(What::Navigation, "navigation");
}

#[test]
fn the_car_hits_the_wall_when_motion_hangs_and_recovery_is_switched_off() {
    hits_the_wall_without_recovery(What::Motion, "motion");
}

#[test]
fn the_car_hits_the_wall_when_a_call_to_its_wheels_hangs_and_recovery_is_switched_off() {
    hits_the_wall_without_recovery(What::Wheels, "sim_car");
}

#[test]
fn the_car_stops_short_when_the_process_dies() {
    for (what, trouble) in [(What::Navigation, "abort"), (What::Motion, "overflow")] {
        let Drive { robot, world, place } = Drive::start(what, trouble, ON);
        let ended = robot.end();
        assert_eq!(ended.signal(), Some(6), "{ended:?}");
        world.stops();
        world.stands();
        let state = world.look().state;
        assert_eq!(state.touches, 0, "{state:?}");
        assert!(state.driven_m > 1.0, "it was on its way: {state:?}");
        drop(place);
    }
}

/// The guard is what makes the car stop then.
#[test]
fn the_car_hits_the_wall_when_the_process_dies_and_its_guard_is_stopped() {
    let drive = Drive::start(What::Nothing, "none", ON);
    let guard = Stopped(drive.robot.guard());
    wait_until("the car is on its way", || (drive.world.look().state.driven_m > 0.5).then_some(()));
    guard.0.stop();
    drive.robot.signal(Signal::KILL);
    drive.hits_the_wall();
}

/// A process that is stopped; killed at the end of the test.
struct Stopped(Helper);

impl Drop for Stopped {
    fn drop(&mut self) {
        self.0.kill();
    }
}
