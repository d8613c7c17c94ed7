//! What lies between a robot and its world: it passes on all that either says, and can keep the answers to writes for the
//! motors to itself.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nevil_car::{Echo, registers};
use nevil_node_sim_car::{Decoder, FromWorld, ToWorld, WireMessage};

use crate::process::LOOK_EVERY;

/// Passes on what is said between a robot and a world, until it ends with the test.
pub(crate) struct Between(PathBuf);

/// What all connections know.
struct Known {
    /// At which distance from the wall the next command is not answered.
    jam_m: f64,
    is_there: AtomicBool,
    jammed: AtomicBool,
}

impl Between {
    /// Listens in `directory` for the robot of `world`, whose next command hangs when a reading says `jam_m` or less, once.
    pub(crate) fn start(directory: &Path, world: &Path, jam_m: f64) -> Self {
        let path = directory.join("between.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let world = world.to_owned();
        let known = Known { jam_m, is_there: AtomicBool::new(false), jammed: AtomicBool::new(false) };
        let known = Arc::new(known);
        thread::spawn(move || {
            for robot in listener.incoming() {
                let (Ok(robot), Ok(world)) = (robot, UnixStream::connect(&world)) else { return };
                let ways = (robot.try_clone().unwrap(), world.try_clone().unwrap());
                let turns_motors = Arc::new(AtomicBool::new(false));
                let its = Arc::clone(&turns_motors);
                thread::spawn(move || {
                    // Either may go at any time.
                    let _ = pass_on(&ways.0, &ways.1, &its);
                    let _ = ways.1.shutdown(Shutdown::Both);
                });
                let known = Arc::clone(&known);
                thread::spawn(move || {
                    // Who is gone hears nothing more.
                    let _ = answer(&world, &robot, &known, &turns_motors);
                    let _ = robot.shutdown(Shutdown::Both);
                });
            }
        });
        Self(path)
    }

    /// The socket that the robot is to take for its world.
    pub(crate) fn socket(&self) -> &Path {
        &self.0
    }
}

/// From the robot to its world: as it is. Says whether what was written last was for a motor.
fn pass_on(mut robot: &UnixStream, mut world: &UnixStream, turns_motors: &AtomicBool) -> io::Result<()> {
    let (mut decoder, mut bytes) = (Decoder::<ToWorld>::new(), [0; 256]);
    let motors = [registers::LEFT_MOTOR, registers::RIGHT_MOTOR].map(registers::pulse);
    loop {
        let read = robot.read(&mut bytes)?;
        if read == 0 {
            return Ok(());
        }
        let mut input = &bytes[..read];
        while let Some(message) = decoder.next(&mut input).map_err(io::Error::other)? {
            if let ToWorld::Write(transfer) = message {
                // Release: before the world hears of it.
                turns_motors.store(motors.contains(&transfer.as_bytes()[0]), Ordering::Release);
            }
            world.write_all(message.encode().as_bytes())?;
        }
    }
}

/// From the world to the robot.
fn answer(
    mut world: &UnixStream,
    mut robot: &UnixStream,
    known: &Known,
    turns_motors: &AtomicBool,
) -> io::Result<()> {
    let (mut decoder, mut bytes) = (Decoder::<FromWorld>::new(), [0; 256]);
    loop {
        let read = world.read(&mut bytes)?;
        if read == 0 {
            return Ok(());
        }
        let mut input = &bytes[..read];
        while let Some(message) = decoder.next(&mut input).map_err(io::Error::other)? {
            // Relaxed: which command it is does not matter, as long as it is one.
            match &message {
                FromWorld::Reading(echo)
                    if echo.distance_m().is_some_and(|distance_m| distance_m <= known.jam_m) =>
                {
                    known.is_there.store(true, Ordering::Relaxed);
                }
                FromWorld::Done
                    if known.is_there.load(Ordering::Relaxed)
                        && turns_motors.load(Ordering::Acquire)
                        && !known.jammed.swap(true, Ordering::Relaxed) =>
                {
                    return jam(robot);
                }
                _ => {}
            }
            robot.write_all(message.encode().as_bytes())?;
        }
    }
}

/// Talks of other things for ever, so that the robot neither gets its answer nor finds the silence too long.
fn jam(mut robot: &UnixStream) -> io::Result<()> {
    loop {
        robot.write_all(FromWorld::Reading(Echo::Timeout).encode().as_bytes())?;
        thread::park_timeout(LOOK_EVERY);
    }
}
