//! Both sensors together: the worst that either says.

use std::time::Duration;

use nevil_msgs::{Grayscale, SafetyCause as Cause, SafetyLevel as Level};

use crate::floor::{Floor, FloorLimits};
use crate::stuck::{Repeats, Told, Verdict};
use crate::zones::{Assessment, LimitsProblem, Reading, ZoneLimits, Zones};

/// The bounds of all rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// How distances are judged.
    pub zones: ZoneLimits,
    /// So many equal distances in a row from a car that is told to move mean that the sensor is stuck; at least 2.
    pub stuck_readings: u32,
    /// How the floor is judged.
    pub floor: FloorLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self { zones: ZoneLimits::default(), stuck_readings: 5, floor: FloorLimits::default() }
    }
}

/// Turns what the sensors measure into a level of safety. Time comes in as `now`, since any fixed moment.
///
/// ```
/// use std::time::Duration;
/// use nevil_msgs::{Grayscale, SafetyCause, SafetyLevel};
/// use nevil_node_obstacle_detection::{Detector, Limits, Reading};
///
/// let mut detector = Detector::new(Limits::default()).unwrap();
/// let ms = Duration::from_millis;
/// detector.reading(ms(100), Reading::Echo { distance_m: 1.0 });
/// assert_eq!(detector.reading(ms(200), Reading::Echo { distance_m: 1.1 }).level, SafetyLevel::Clear);
/// let edge = detector.floor(ms(250), Grayscale { left: 80, middle: 1500, right: 1500 });
/// assert_eq!((edge.level, edge.cause), (SafetyLevel::Emergency, SafetyCause::Cliff));
/// ```
#[derive(Clone, Debug)]
pub struct Detector {
    zones: Zones,
    repeats: Repeats,
    floor: Floor,
    told: Told,
}

impl Detector {
    /// Sensors that have not said anything yet: `sensor_error`.
    ///
    /// # Errors
    ///
    /// [`LimitsProblem`] if the bounds do not rise or a limit makes no sense.
    pub fn new(limits: Limits) -> Result<Self, LimitsProblem> {
        Ok(Self {
            zones: Zones::new(limits.zones)?,
            repeats: Repeats::new(limits.stuck_readings),
            floor: Floor::new(limits.floor),
            told: Told::ToStand,
        })
    }

    /// Goes on with other limits.
    ///
    /// # Errors
    ///
    /// [`LimitsProblem`] as for [`Self::new`]; the limits before hold on then.
    pub fn set_limits(&mut self, limits: Limits) -> Result<(), LimitsProblem> {
        self.zones.set_limits(limits.zones)?;
        self.repeats.stuck_readings = limits.stuck_readings;
        self.floor.limits = limits.floor;
        Ok(())
    }

    /// Takes in what the car is told from now on.
    pub const fn told(&mut self, told: Told) {
        self.told = told;
    }

    /// Takes in one reading of the ultrasonic sensor and says what holds from `now` on.
    pub fn reading(&mut self, now: Duration, reading: Reading) -> Assessment {
        let verdict = match reading {
            Reading::Echo { distance_m } => self.repeats.echo(distance_m, self.told),
            Reading::Timeout | Reading::NoEdge => Verdict::Measured,
        };
        if verdict == Verdict::MeasuredAgain {
            self.zones.forget();
        }
        self.zones.reading(now, reading);
        self.assess(now)
    }

    /// Takes in one reading of the grayscale sensors and says what holds from `now` on.
    pub fn floor(&mut self, now: Duration, seen: Grayscale) -> Assessment {
        self.floor.reading(now, seen);
        self.assess(now)
    }

    /// Says what holds at `now` although nothing came. Call it now and then: silence is an error.
    #[must_use]
    pub fn assess(&self, now: Duration) -> Assessment {
        let ahead = if self.repeats.is_stuck() {
            Assessment { level: Level::SensorError, cause: Cause::Stuck, distance_m: None }
        } else {
            self.zones.assess(now)
        };
        // Where both are as bad, the floor is: a car falls from where it has not even touched anything.
        self.floor.assess(now).filter(|floor| floor.level >= ahead.level).unwrap_or(ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::floor::CliffRule;

    const FLOOR: Grayscale = Grayscale { left: 1500, middle: 1500, right: 1500 };
    const EDGE: Grayscale = Grayscale { right: 100, ..FLOOR };

    fn ms(time_ms: u64) -> Duration {
        Duration::from_millis(time_ms)
    }

    fn echo(distance_m: f32) -> Reading {
        Reading::Echo { distance_m }
    }

    #[test]
    fn a_stuck_sensor_is_an_error_until_a_reading_differs_and_is_relied_on_after_two() {
        let mut detector = Detector::new(Limits::default()).unwrap();
        detector.told(Told::ToMove);
        for turn in 0..4 {
            detector.reading(ms(100 * turn), echo(1.0));
        }
        assert_eq!(detector.assess(ms(300)).level, Level::Clear);
        let stuck = detector.reading(ms(400), echo(1.0));
        assert_eq!((stuck.level, stuck.cause), (Level::SensorError, Cause::Stuck));
        detector.told(Told::ToStand);
        assert_eq!(detector.reading(ms(500), echo(1.0)).cause, Cause::Stuck);
        assert_eq!(detector.reading(ms(550), Reading::Timeout).cause, Cause::Stuck);
        let first = detector.reading(ms(600), echo(0.9));
        assert_eq!((first.level, first.cause), (Level::SensorError, Cause::OneEcho));
        assert_eq!(detector.reading(ms(700), echo(0.9)).level, Level::Clear);
    }

    #[test]
    fn the_worst_of_both_sensors_counts() {
        let mut detector = Detector::new(Limits::default()).unwrap();
        assert_eq!(
            detector.floor(ms(50), EDGE).cause,
            Cause::NoEchoYet,
            "an error is worse than an emergency"
        );
        detector.reading(ms(100), echo(1.0));
        assert_eq!(detector.reading(ms(200), echo(0.05)).cause, Cause::Cliff, "as bad: the floor is said");
        for turn in 3..6 {
            detector.floor(ms(100 * turn), FLOOR);
        }
        let near = detector.assess(ms(600));
        assert_eq!((near.level, near.cause), (Level::Emergency, Cause::Distance));
        assert_eq!(near.distance_m, Some(0.05));
    }

    #[test]
    fn other_limits_hold_for_all_rules_or_for_none() {
        let mut detector = Detector::new(Limits::default()).unwrap();
        let rule = CliffRule::Required;
        let floor = FloorLimits { rule, ..FloorLimits::default() };
        let wrong = ZoneLimits { danger_m: 0.25, ..ZoneLimits::default() };
        detector.set_limits(Limits { zones: wrong, floor, ..Limits::default() }).unwrap_err();
        detector.reading(ms(100), echo(1.0));
        assert_eq!(detector.reading(ms(200), echo(1.1)).level, Level::Clear);
        detector.set_limits(Limits { floor, ..Limits::default() }).unwrap();
        assert_eq!(detector.assess(ms(200)).cause, Cause::FloorUnknown);
    }
}
