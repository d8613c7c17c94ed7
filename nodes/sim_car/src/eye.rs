//! The camera as a sensor of the robot: pictures into a ring, each announced on the bus.

use std::fmt;

use nevil_runtime::Unblock;
use nevil_runtime::prelude::*;

use crate::camera::{Camera, PICTURE_BYTES, PICTURE_HEIGHT, PICTURE_WIDTH};
use crate::link::Watched;

/// Pictures in the ring: who takes longer than this many over one is lapped.
const PICTURES: usize = 4;

/// What the ring `camera` is to be, when a picture comes so often.
pub(crate) const fn ring_spec(every: Duration) -> RingSpec<u8> {
    let (width, height) = (PICTURE_WIDTH as u32, PICTURE_HEIGHT as u32);
    RingSpec::pictures(PictureShape { width, height, channels: 3, every }, PICTURES)
}

/// Draws what the car's camera sees. In real time that is done here, in the robot's process: the world only says where the
/// car is.
pub(crate) struct Eye {
    car: Watched,
    camera: Camera,
    ring: RingOutput<u8>,
    every: Duration,
    pixels: Box<[u8]>,
}

impl Eye {
    pub(crate) fn new(car: Watched, camera: Camera, ring: RingOutput<u8>, every: Duration) -> Self {
        Self { car, camera, ring, every, pixels: vec![0; PICTURE_BYTES].into() }
    }
}

impl fmt::Debug for Eye {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Eye").field("car", &self.car).field("every", &self.every).finish_non_exhaustive()
    }
}

impl Driver for Eye {
    type Input = BlockRef;

    fn step(&mut self, now: Time, input: &DriverInput<BlockRef>) -> Result<Option<Time>, NodeError> {
        let state = self.car.state().map_err(|error| NodeError::new(error.to_string()))?;
        let (pan_rad, tilt_rad) = (state.pan_deg.to_radians(), state.tilt_deg.to_radians());
        self.camera.render(state.pose, pan_rad, tilt_rad, &mut self.pixels);
        input.send(self.ring.write(now, &self.pixels)?)?;
        Ok(Some(now + self.every))
    }

    fn run(&mut self, input: &DriverInput<BlockRef>, stop: &Stop) -> NodeResult {
        let mut next = stop.now();
        while !stop.is_stopped() {
            // The world says where the car is more often than pictures are due; what it said is not left to grow old.
            while stop.now() < next && !stop.is_stopped() {
                self.car.state().map_err(|error| NodeError::new(error.to_string()))?;
            }
            let now = stop.now();
            self.step(now, input)?;
            next = (next + self.every).max(now);
        }
        Ok(())
    }

    fn unblock(&self) -> Option<Unblock> {
        self.car.unblock()
    }
}
