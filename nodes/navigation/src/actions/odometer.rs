//! The way that the car ought to have covered, from what its motors were told.

use std::time::Duration;

use nevil_car::axle_mps;

use crate::wander::Motion;

/// What the motors are told holds no longer than this unless it is told again: that is how long a wish is valid.
const HOLDS: Duration = Duration::from_millis(300);

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
        self.pass(now);
        self.told_mps = axle_mps(motion.speed_mps, motion.steering_rad);
    }

    /// Takes in that the motors are told the same until `now`. Call it ten times a second: in a longer time of which nothing is
    /// heard they have stopped by themselves.
    pub fn pass(&mut self, now: Duration) {
        self.way_m = self.way_m(now);
        self.since = now;
    }

    /// The way until `now` in metres: forward less backward.
    #[must_use]
    pub fn way_m(&self, now: Duration) -> f64 {
        self.way_m + self.told_mps * now.saturating_sub(self.since).min(HOLDS).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn told(speed_mps: f32) -> Motion {
        Motion { speed_mps, steering_rad: 0.0 }
    }

    /// Passes so many tenths of a second from `now`, and gives when they are over.
    fn pass(odometer: &mut Odometer, mut now: Duration, tenths: u32) -> Duration {
        for _ in 0..tenths {
            now += 100 * MS;
            odometer.pass(now);
        }
        now
    }

    #[test]
    fn backward_undoes_forward_and_what_turns_no_wheel_is_no_way() {
        let mut odometer = Odometer::default();
        let mut now = 1000 * MS;
        for (speed_mps, way_m) in [(0.21, 0.21), (-0.14, 0.07), (0.01, 0.07)] {
            odometer.told(now, told(speed_mps));
            now = pass(&mut odometer, now, 10);
            assert!((odometer.way_m(now) - way_m).abs() < 1e-6, "{odometer:?}");
        }
    }

    #[test]
    fn in_a_time_of_which_nothing_is_heard_the_motors_have_stopped_by_themselves() {
        let mut odometer = Odometer::default();
        odometer.told(1000 * MS, told(0.21));
        let now = pass(&mut odometer, 1000 * MS, 10) + 60_000 * MS;
        odometer.pass(now);
        assert!((odometer.way_m(now) - 0.21 * 1.3).abs() < 1e-6, "{odometer:?}");
    }
}
