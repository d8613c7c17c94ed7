//! A car that drives to and fro between two walls, and what drives it gets into trouble on its way to one of them.
//!
//! Nothing here looks after the car: commands hold for as long as they are allowed to, and `motion` obeys whatever it is
//! told. Only what the runtime does about the trouble keeps the car from the wall.

use std::sync::atomic::{AtomicBool, Ordering};

use nevil_runtime::prelude::*;

use crate::Trouble;

/// At this distance from the wall ahead it drives back.
const TURN_M: f32 = 1.0;

/// At this distance it drives forward again.
const RETURN_M: f32 = 2.0;

/// So fast that it is at the wall 3 s after the trouble has begun.
const SPEED_MPS: f32 = 0.5;

/// Longer than it takes to the wall.
const VALID_FOR_MS: u32 = 5000;

/// Where which trouble begins.
#[derive(Debug, Parameters)]
pub(crate) struct Params {
    /// In which way the callback ends badly, once in the life of the process.
    #[param(default = "none")]
    trouble: Trouble,
    /// At which distance from the wall.
    #[param(default = 1.5, range = 1.0..=2.0, unit = "m")]
    trouble_m: f32,
}

impl Params {
    /// Makes the trouble if the car is where it begins.
    fn make_at(&self, range: &Range) -> NodeResult {
        static MADE: AtomicBool = AtomicBool::new(false);
        let is_there = matches!(range.reading, RangeReading::Echo) && range.distance_m <= self.trouble_m;
        // Relaxed: one node of a robot has trouble, and the next life begins long after it.
        if !is_there || matches!(self.trouble, Trouble::None) || MADE.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        self.trouble.make()
    }
}

/// Stands for `navigation`: wants straight ahead until the wall is near, then back, and again.
#[derive(Debug)]
pub(crate) struct Shuttle {
    params: Params,
    wish: Publisher<Drive>,
    speed_mps: f32,
}

impl Node for Shuttle {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        setup.subscribe(topics::RANGE, Self::on_range)?;
        Ok(Self { params, wish: setup.publisher(topics::AUTONOMOUS_DRIVE)?, speed_mps: SPEED_MPS })
    }
}

impl Shuttle {
    fn on_range(&mut self, range: &Received<Range>, _: &Context) -> NodeResult {
        if matches!(range.reading, RangeReading::Echo) {
            if range.distance_m <= TURN_M {
                self.speed_mps = -SPEED_MPS;
            } else if range.distance_m >= RETURN_M {
                self.speed_mps = SPEED_MPS;
            }
        }
        let speed_mps = self.speed_mps;
        self.wish.publish(Drive { speed_mps, steering_rad: 0.0, valid_for_ms: VALID_FOR_MS })?;
        self.params.make_at(range)
    }
}

/// Stands for `motion`: passes on what is wished, whatever the sensors say.
#[derive(Debug)]
pub(crate) struct Relay {
    params: Params,
    drive: Publisher<Drive>,
}

impl Node for Relay {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        setup.subscribe(topics::AUTONOMOUS_DRIVE, Self::on_wish)?;
        setup.subscribe(topics::RANGE, Self::on_range)?;
        Ok(Self { params, drive: setup.publisher(topics::DRIVE)? })
    }
}

impl Relay {
    fn on_wish(&mut self, wish: &Received<Drive>, _: &Context) -> NodeResult {
        self.drive.publish(**wish)?;
        Ok(())
    }

    fn on_range(&mut self, range: &Received<Range>, _: &Context) -> NodeResult {
        self.params.make_at(range)
    }
}
