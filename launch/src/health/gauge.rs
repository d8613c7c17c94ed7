//! Limits of a resource: what follows from readings in a row.

use crate::limits::{STRAIN_AGAIN, STRAIN_READINGS};
use crate::rules::Limits;

/// How far a resource is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strain {
    /// Below all limits.
    #[default]
    None,
    /// The operator is told.
    Warn,
    /// Something is stopped, or started again.
    Act,
    /// An emergency stop.
    Emergency,
}

/// Judges the readings of one resource.
///
/// The strain rises or falls when three readings in a row lie above or below it, to the nearest of theirs. A reading that failed
/// says nothing and interrupts nothing.
#[derive(Clone, Debug)]
pub(crate) struct Gauge {
    limits: Limits,
    strain: Strain,
    /// Readings in a row above the strain, and the least of them; below, and the most of them.
    above: (u32, Strain),
    below: (u32, Strain),
    /// Readings since the strain was told that it acts.
    acting: u32,
}

impl Gauge {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            strain: Strain::None,
            above: (0, Strain::Emergency),
            below: (0, Strain::None),
            acting: 0,
        }
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Where it is.
    pub(crate) const fn strain(&self) -> Strain {
        self.strain
    }

    /// Takes a reading. The strain, if it has changed, and once more each ten readings for as long as it is to act.
    pub(crate) fn read(&mut self, reading: Option<u64>) -> Option<Strain> {
        let read = self.limits.strain(reading?);
        self.above = if read > self.strain {
            (self.above.0 + 1, self.above.1.min(read))
        } else {
            (0, Strain::Emergency)
        };
        self.below =
            if read < self.strain { (self.below.0 + 1, self.below.1.max(read)) } else { (0, Strain::None) };
        let moved = [self.above, self.below].into_iter().find(|(row, _)| *row >= STRAIN_READINGS);
        if let Some((_, strain)) = moved {
            *self = Self { strain, ..Self::new(self.limits.clone()) };
            return Some(strain);
        }
        self.acting = if read >= Strain::Act && self.strain == Strain::Act { self.acting + 1 } else { 0 };
        (self.acting > 0 && self.acting.is_multiple_of(STRAIN_AGAIN)).then_some(Strain::Act)
    }

    /// What is measured begins anew, as a node that was started again.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.limits.clone());
    }
}

impl Limits {
    fn strain(&self, reading: u64) -> Strain {
        let reached = |limit: Option<u64>| limit.is_some_and(|limit| reading >= limit);
        if reached(self.emergency) {
            Strain::Emergency
        } else if reached(self.act) {
            Strain::Act
        } else if reached(self.warn) {
            Strain::Warn
        } else {
            Strain::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gauge() -> Gauge {
        Gauge::new(Limits { warn: Some(50), act: Some(80), emergency: Some(95) })
    }

    fn read(gauge: &mut Gauge, readings: &[u64]) -> Vec<Strain> {
        readings.iter().filter_map(|reading| gauge.read(Some(*reading))).collect()
    }

    #[test]
    fn three_readings_in_a_row_at_a_limit_reach_it_and_two_do_not() {
        let mut gauge = gauge();
        assert_eq!(read(&mut gauge, &[50, 50, 49, 50, 50]), []);
        assert_eq!(read(&mut gauge, &[50]), [Strain::Warn]);
        assert_eq!(gauge.strain(), Strain::Warn);
    }

    #[test]
    fn of_three_readings_the_least_counts() {
        assert_eq!(read(&mut gauge(), &[99, 60, 99]), [Strain::Warn]);
        assert_eq!(read(&mut gauge(), &[99, 96, 95]), [Strain::Emergency]);
    }

    #[test]
    fn it_falls_after_three_readings_below_and_not_before() {
        let mut gauge = gauge();
        assert_eq!(read(&mut gauge, &[90, 90, 90]), [Strain::Act]);
        assert_eq!(read(&mut gauge, &[10, 10, 90, 10, 10]), []);
        assert_eq!(read(&mut gauge, &[60]), [Strain::Warn]);
    }

    #[test]
    fn a_reading_that_failed_says_nothing_and_interrupts_nothing() {
        let mut gauge = gauge();
        assert_eq!(read(&mut gauge, &[60, 60]), []);
        assert_eq!(gauge.read(None), None);
        assert_eq!(read(&mut gauge, &[60]), [Strain::Warn]);
        assert!((0..10).all(|_| gauge.read(None).is_none()), "and is no zero either");
        assert_eq!(gauge.strain(), Strain::Warn);
    }

    #[test]
    fn it_acts_again_each_ten_readings_for_as_long_as_it_has_to() {
        let told = read(&mut gauge(), &[90; 23]);
        assert_eq!(told, [Strain::Act; 3]);
    }

    #[test]
    fn what_has_no_limit_is_never_strained() {
        assert_eq!(read(&mut Gauge::new(Limits::default()), &[u64::MAX; 30]), []);
    }
}
