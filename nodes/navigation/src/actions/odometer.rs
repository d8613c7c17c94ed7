//! The way that the car ought to have covered, from what its motors were told.

use std::time::Duration;

use nevil_car::axle_mps;

use crate::wander::Motion;

/// Adds up the way of the rear axle. The motors take up a speed a little later than they are told, and lose it as much
/// later: what they were told in all is the way, once they stand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Odometer {
    told_mps: f64,
    since: Duration,
    way_m: f64,
}

impl Odometer {
    /// Takes in that from `now` on the motors are told `motion`.
    pub fn told(&mut self, now: Duration, motion: Motion) {
        self.way_m = self.way_m(now);
        self.since = now;
        self.told_mps = axle_mps(motion.speed_mps, motion.steering_rad);
    }

    /// The way until `now` in metres: forward less backward.
    #[must_use]
    pub fn way_m(&self, now: Duration) -> f64 {
        self.way_m + self.told_mps * now.saturating_sub(self.since).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backward_undoes_forward_and_what_turns_no_wheel_is_no_way() {
        let mut odometer = Odometer::default();
        let told = |speed_mps| Motion { speed_mps, steering_rad: 0.0 };
        odometer.told(Duration::from_secs(1), told(0.21));
        odometer.told(Duration::from_secs(2), told(-0.14));
        assert!((odometer.way_m(Duration::from_secs(3)) - 0.07).abs() < 1e-6);
        odometer.told(Duration::from_secs(3), told(0.01));
        assert!((odometer.way_m(Duration::from_secs(9)) - 0.07).abs() < 1e-6);
    }
}
