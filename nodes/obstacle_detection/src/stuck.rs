//! Whether the ultrasonic sensor repeats itself.
//!
//! Two measurements of a car that moves are never the same to the last bit. A sensor, or a driver, that gives the same
//! number again and again does not measure any more.

/// Counts equal readings of a car that moves.
///
/// A reading without an echo neither counts nor begins anew, and one of a car that stands counts nothing.
#[derive(Clone, Debug)]
pub(crate) struct Repeats {
    /// So many equal readings mean that the sensor is stuck; at least 2.
    pub(crate) stuck_readings: u32,
    last_m: Option<f32>,
    /// How many readings have given `last_m`, the first one and those while the car moved.
    count: u32,
}

/// What a reading means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As far as is known it was measured.
    Measured,
    /// It was measured, after others that were not: what was known before is worth nothing.
    MeasuredAgain,
    /// It is the same for too long.
    Stuck,
}

impl Repeats {
    pub(crate) const fn new(stuck_readings: u32) -> Self {
        Self { stuck_readings, last_m: None, count: 0 }
    }

    /// Takes in a distance, measured while the car was told to move or not.
    pub(crate) fn echo(&mut self, distance_m: f32, car: Told) -> Verdict {
        let was_stuck = self.is_stuck();
        if self.last_m.is_some_and(|last_m| last_m.to_bits() == distance_m.to_bits()) {
            self.count = self.count.saturating_add(u32::from(car == Told::ToMove));
        } else {
            self.last_m = Some(distance_m);
            self.count = 1;
        }
        match (was_stuck, self.is_stuck()) {
            (_, true) => Verdict::Stuck,
            (true, false) => Verdict::MeasuredAgain,
            (false, false) => Verdict::Measured,
        }
    }

    pub(crate) const fn is_stuck(&self) -> bool {
        self.count >= self.stuck_readings
    }
}

/// What the car was last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// To stand, or nothing.
    ToStand,
    /// To drive forward or backward.
    ToMove,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(readings: &[(f32, Told)]) -> Vec<Verdict> {
        let mut repeats = Repeats::new(5);
        readings.iter().map(|&(distance_m, car)| repeats.echo(distance_m, car)).collect()
    }

    #[test]
    fn the_fifth_equal_reading_of_a_car_that_moves_is_stuck_and_the_fourth_is_not() {
        let verdicts = verdicts(&[(0.7, Told::ToMove); 5]);
        assert_eq!(verdicts[..4], [Verdict::Measured; 4]);
        assert_eq!(verdicts[4], Verdict::Stuck);
    }

    #[test]
    fn a_car_that_stands_may_measure_the_same_for_ever() {
        assert_eq!(verdicts(&[(0.7, Told::ToStand); 100]), [Verdict::Measured; 100]);
    }

    #[test]
    fn a_stop_in_between_does_not_make_a_stuck_sensor_measure() {
        let mut readings = vec![(0.7, Told::ToMove); 4];
        readings.extend([(0.7, Told::ToStand); 3]);
        readings.push((0.7, Told::ToMove));
        assert_eq!(verdicts(&readings).last(), Some(&Verdict::Stuck));
    }

    #[test]
    fn one_bit_is_difference_enough_and_is_said_once() {
        let other = f32::from_bits(0.7_f32.to_bits() + 1);
        let mut readings = vec![(0.7, Told::ToMove); 6];
        readings.extend([(other, Told::ToStand), (0.7, Told::ToStand)]);
        assert_eq!(
            verdicts(&readings)[4..],
            [Verdict::Stuck, Verdict::Stuck, Verdict::MeasuredAgain, Verdict::Measured]
        );
    }
}
