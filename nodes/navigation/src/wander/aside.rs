//! Standing aside while somebody else drives, an action for instance.

use std::time::Duration;

use super::{Phase, REST, Senses, Wander};

impl Wander {
    /// Takes in what the car senses at `now`, as [`Wander::step`] does, and wishes nothing: somebody else drives, or the car is to
    /// stand. What it knows stays true by that; with the next `step` it begins from rest. Call the one or the other ten
    /// times a second.
    pub fn stand_aside(&mut self, now: Duration, senses: Senses) {
        self.take_in(now, senses);
        self.steering_rad = f64::from(senses.obeyed.steering_rad);
        self.phase = Phase::Stop { until: now + REST };
    }
}
