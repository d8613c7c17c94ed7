//! A world process that a test has started itself, and the test's own eyes in it: the robot may die as it likes.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use nevil_node_sim_car::{Decoder, FromWorld, ToWorld, WireMessage, WireState};

use crate::place::{Place, picar};
use crate::process::{Process, WATCHDOG, wait_until};

/// How long the car is watched that is to stand, in the world's time. A guard that has fired repeats itself for 200 ms.
const STAND_NS: u64 = 500_000_000;

/// A room in which the sensor has an echo wherever the car stands: a car that has measured nothing yet does not drive, and
/// how far a car comes until its robot ends is a matter of chance.
const ROOM: &str = "\
size: {width_m: 3.0, depth_m: 2.5}
walls:
  - name: outer walls
    corners_m: [[0.0, 0.0], [3.0, 0.0], [3.0, 2.5], [0.0, 2.5], [0.0, 0.0]]
start: {x_m: 1.0, y_m: 1.0, heading_deg: 30.0}
";

/// A room with a car whose motor controller does for ever what it was told last.
pub(crate) struct World {
    process: Process,
    socket: PathBuf,
    room: String,
}

impl World {
    /// An empty room.
    pub(crate) fn start(place: &Place) -> Self {
        let room = place.path().join("room.yaml");
        fs::write(&room, ROOM).unwrap();
        Self::of_room(place, room.to_str().unwrap().to_owned())
    }

    /// The room that the file `room` describes.
    pub(crate) fn of_room(place: &Place, room: String) -> Self {
        let socket = place.path().join("world.sock");
        let words = ["process", "sim-world", "--world", &room, "--socket", socket.to_str().unwrap()];
        let process = Process::start(place.command(&words));
        wait_until("the world listens", || UnixStream::connect(&socket).ok());
        Self { process, socket, room }
    }

    /// The nodes of a car in this world that obeys an operator.
    pub(crate) fn picar(&self) -> String {
        picar(&format!("world: {}, socket: {}", self.room, self.socket.display()))
    }

    /// The nodes of a car that wanders about in this world.
    pub(crate) fn wandering(&self) -> String {
        self.picar() + "  navigation: { depends_on: [motion] }\n"
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    pub(crate) fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(WATCHDOG)).unwrap();
        stream
    }

    /// The car at this moment. A connection of its own for each look: the first state comes at once, later ones only
    /// every 20 ms.
    pub(crate) fn look(&self) -> WireState {
        wait_until("the world has a place for one who watches", || {
            let mut stream = self.connect();
            let (mut decoder, mut bytes) = (Decoder::<FromWorld>::new(), [0; 256]);
            stream.write_all(ToWorld::Watch.encode().as_bytes()).ok()?;
            loop {
                // A world with too many guests hangs up.
                let read = stream.read(&mut bytes).ok().filter(|read| *read > 0)?;
                if let Some(FromWorld::State(state)) = decoder.next(&mut &bytes[..read]).unwrap() {
                    return Some(state);
                }
            }
        })
    }

    /// Waits until the motor controller is told to drive.
    pub(crate) fn drives(&self) -> WireState {
        wait_until("the car is told to drive", || {
            Some(self.look()).filter(|look| look.state.is_told_to_drive())
        })
    }

    /// Waits until the motor controller is told to stand.
    pub(crate) fn stops(&self) -> WireState {
        wait_until("the car is told to stand", || {
            Some(self.look()).filter(|look| !look.state.is_told_to_drive())
        })
    }

    /// The motor controller is told to stand from now on, and the car does.
    pub(crate) fn stands(&self) {
        let first = self.look();
        let last = wait_until("the car has stood for a while", || {
            let look = self.look();
            assert!(!look.state.is_told_to_drive(), "it is told to drive again: {look:?}");
            Some(look).filter(|look| look.stamp_ns > first.stamp_ns + STAND_NS)
        });
        assert!(last.state.speed_mps.abs() < 0.01, "{last:?}");
    }
}
