//! Whether there is floor under the front of the car.

use std::time::Duration;

use nevil_msgs::{Field, Grayscale, SafetyCause as Cause, SafetyLevel as Level};

use crate::zones::Assessment;

/// So many readings in a row must see floor before a cliff is over: at a flat angle to an edge a sensor sees it now and
/// not then.
const FLOOR_AGAIN: u32 = 3;

/// What the silence of the grayscale sensors means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Field)]
pub enum CliffRule {
    /// A sensor error, from the start on.
    Required,
    /// A sensor error once they have been heard: a car without them drives, one whose sensors die stops.
    IfHeard,
    /// Nothing, and nothing that they see either: the car is never on a table.
    Off,
}

/// How the floor is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloorLimits {
    /// What silence means.
    pub rule: CliffRule,
    /// Below so many counts of the converter a sensor looks into the void, 0 to 4095.
    pub cliff_counts: u16,
    /// So long without a reading is silence.
    pub silent_for: Duration,
}

impl Default for FloorLimits {
    fn default() -> Self {
        Self { rule: CliffRule::IfHeard, cliff_counts: 500, silent_for: Duration::from_secs(1) }
    }
}

/// Judges the floor: a cliff at once, floor after three readings.
#[derive(Clone, Debug)]
pub(crate) struct Floor {
    pub(crate) limits: FloorLimits,
    heard: Option<Duration>,
    is_cliff: bool,
    /// Readings in a row that saw floor, while it is a cliff.
    good: u32,
}

impl Floor {
    pub(crate) const fn new(limits: FloorLimits) -> Self {
        Self { limits, heard: None, is_cliff: false, good: 0 }
    }

    pub(crate) fn reading(&mut self, now: Duration, seen: Grayscale) {
        self.heard = Some(now);
        let Grayscale { left, middle, right } = seen;
        if [left, middle, right].iter().any(|&counts| counts < self.limits.cliff_counts) {
            (self.is_cliff, self.good) = (true, 0);
        } else {
            self.good = self.good.saturating_add(1);
            self.is_cliff &= self.good < FLOOR_AGAIN;
        }
    }

    /// What is wrong with the floor, if something is.
    pub(crate) fn assess(&self, now: Duration) -> Option<Assessment> {
        let wrong = |level, cause| Some(Assessment { level, cause, distance_m: None });
        let unknown = wrong(Level::SensorError, Cause::FloorUnknown);
        match (self.limits.rule, self.heard) {
            (CliffRule::Off, _) | (CliffRule::IfHeard, None) => None,
            (CliffRule::Required, None) => unknown,
            (_, Some(at)) if now.saturating_sub(at) >= self.limits.silent_for => unknown,
            _ if self.is_cliff => wrong(Level::Emergency, Cause::Cliff),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOR: Grayscale = Grayscale { left: 1500, middle: 1480, right: 1510 };

    fn ms(time_ms: u64) -> Duration {
        Duration::from_millis(time_ms)
    }

    fn floor(rule: CliffRule) -> Floor {
        Floor::new(FloorLimits { rule, ..FloorLimits::default() })
    }

    fn cause(floor: &Floor, at_ms: u64) -> Option<Cause> {
        floor.assess(ms(at_ms)).map(|wrong| wrong.cause)
    }

    #[test]
    fn any_of_the_three_below_the_bound_is_a_cliff_at_once_and_the_bound_itself_is_floor() {
        for over in [
            Grayscale { left: 499, ..FLOOR },
            Grayscale { middle: 499, ..FLOOR },
            Grayscale { right: 499, ..FLOOR },
        ] {
            let mut floor = floor(CliffRule::IfHeard);
            floor.reading(ms(0), FLOOR);
            assert_eq!(floor.assess(ms(0)), None);
            floor.reading(ms(100), over);
            let cliff = floor.assess(ms(100)).unwrap();
            assert_eq!((cliff.level, cliff.cause), (Level::Emergency, Cause::Cliff));
        }
        let mut floor = floor(CliffRule::IfHeard);
        floor.reading(ms(0), Grayscale { left: 500, middle: 500, right: 500 });
        assert_eq!(floor.assess(ms(0)), None);
    }

    #[test]
    fn a_cliff_is_over_with_the_third_reading_in_a_row_that_sees_floor() {
        let mut floor = floor(CliffRule::IfHeard);
        let over = Grayscale { left: 90, ..FLOOR };
        for (turn, seen) in (0..).zip([over, FLOOR, FLOOR, over, FLOOR, FLOOR]) {
            floor.reading(ms(100 * turn), seen);
            assert_eq!(cause(&floor, 100 * turn), Some(Cause::Cliff), "{turn}");
        }
        floor.reading(ms(600), FLOOR);
        assert_eq!(cause(&floor, 600), None);
    }

    #[test]
    fn silence_is_an_error_after_a_second_if_the_sensors_were_heard_and_at_once_if_they_are_required() {
        assert_eq!(cause(&floor(CliffRule::IfHeard), 60_000), None, "a car without them drives");
        assert_eq!(cause(&floor(CliffRule::Required), 0), Some(Cause::FloorUnknown));
        for rule in [CliffRule::IfHeard, CliffRule::Required] {
            let mut floor = floor(rule);
            floor.reading(ms(100), FLOOR);
            assert_eq!(cause(&floor, 1099), None);
            assert_eq!(cause(&floor, 1100), Some(Cause::FloorUnknown));
            assert_eq!(floor.assess(ms(1100)).unwrap().level, Level::SensorError);
            floor.reading(ms(1200), FLOOR);
            assert_eq!(cause(&floor, 1200), None, "heard again");
        }
    }

    #[test]
    fn where_cliffs_are_off_neither_the_void_nor_silence_counts() {
        let mut floor = floor(CliffRule::Off);
        floor.reading(ms(0), Grayscale { left: 0, middle: 0, right: 0 });
        assert_eq!((cause(&floor, 0), cause(&floor, 60_000)), (None, None));
    }
}
