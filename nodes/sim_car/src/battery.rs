//! The battery: two cells of lithium in a row, which drain, and sag under load.

/// Voltage at which the motors turn as fast as [`nevil_car::shape::SPEED_AT_FULL_MPS`] says, in volts. Assumed: the middle of what two
/// cells have.
pub const NOMINAL_V: f64 = 7.6;

/// Volts of two cells without load, by the share of their charge that is left. Assumed: the usual curve of such cells.
const REST_V: [(f64, f64); 6] = [(0.0, 6.0), (0.05, 6.8), (0.2, 7.2), (0.5, 7.5), (0.8, 7.95), (1.0, 8.4)];

/// What a battery is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Battery {
    /// Volts between its poles at the start, without load, 6.0 (empty) to 8.4 (full).
    pub start_v: f64,
    /// What it holds when it is full, in milliampere hours; infinite for one that never drains.
    pub capacity_mah: f64,
    /// Its inner resistance with that of the wires, in ohms.
    pub resistance_ohm: f64,
    /// What the computer and the board draw, in amperes.
    pub idle_a: f64,
    /// What one motor draws at full duty, in amperes; in proportion at less.
    pub motor_a: f64,
}

impl Battery {
    /// One that has its nominal voltage for ever.
    pub const IDEAL: Self = Self {
        start_v: NOMINAL_V,
        capacity_mah: f64::INFINITY,
        resistance_ohm: 0.0,
        idle_a: 0.0,
        motor_a: 0.0,
    };

    /// The pack that such cars are sold with, nearly full. All numbers but the capacity are assumed.
    pub const TYPICAL: Self =
        Self { start_v: 8.2, capacity_mah: 2000.0, resistance_ohm: 0.15, idle_a: 0.8, motor_a: 0.6 };
}

/// A battery in use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charge {
    battery: Battery,
    /// Share of the charge that is left, 0 to 1.
    left: f64,
    /// Volts under the load of the last step.
    volts: f64,
}

impl Charge {
    pub(crate) fn new(battery: Battery) -> Self {
        Self { battery, left: charge_at(battery.start_v), volts: battery.start_v }
    }

    /// Volts under the load of the last step; 0 if it is empty, because its protection has cut it off.
    pub(crate) fn volts(&self) -> f64 {
        self.volts
    }

    /// Draws for `step_s` what two motors with these duties, −1 to 1, and the board need.
    pub(crate) fn draw(&mut self, duties: [f64; 2], step_s: f64) {
        let Battery { start_v, capacity_mah, resistance_ohm, idle_a, motor_a } = self.battery;
        let amperes = idle_a + motor_a * (duties[0].abs() + duties[1].abs());
        let rest_v = if capacity_mah.is_finite() {
            self.left = (self.left - amperes * 1000.0 * step_s / 3600.0 / capacity_mah).max(0.0);
            volts_at(self.left)
        } else {
            start_v
        };
        self.volts = if self.left > 0.0 { rest_v - amperes * resistance_ohm } else { 0.0 };
    }
}

fn volts_at(charge: f64) -> f64 {
    interpolated(charge, REST_V)
}

fn charge_at(volts: f64) -> f64 {
    interpolated(volts, REST_V.map(|(charge, volts)| (volts, charge)))
}

/// The value of the curve through `points` at `x`; beyond its ends that of the end.
fn interpolated(x: f64, points: [(f64, f64); 6]) -> f64 {
    let mut value = points[0].1;
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        if x > x0 {
            value = y0 + (y1 - y0) * ((x - x0) / (x1 - x0)).min(1.0);
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(battery: Battery, duties: [f64; 2], seconds: u32) -> Charge {
        let mut charge = Charge::new(battery);
        (0..seconds).for_each(|_| charge.draw(duties, 1.0));
        charge
    }

    #[test]
    fn an_ideal_battery_has_its_nominal_voltage_for_ever() {
        assert_eq!(drawn(Battery::IDEAL, [1.0, -1.0], 36_000).volts(), NOMINAL_V);
    }

    #[test]
    fn a_battery_sags_while_the_motors_run_and_comes_back() {
        let mut charge = drawn(Battery::TYPICAL, [0.0, 0.0], 1);
        let idle_v = charge.volts();
        assert!((8.05..8.1).contains(&idle_v), "{idle_v}");
        charge.draw([1.0, -1.0], 1.0);
        assert!(
            (idle_v - charge.volts() - 1.2 * 0.15).abs() < 1e-3,
            "both motors sag it: {}",
            charge.volts()
        );
        charge.draw([0.0, 0.0], 1.0);
        assert!((idle_v - charge.volts()).abs() < 1e-3);
    }

    #[test]
    fn a_battery_drains_and_one_that_is_empty_is_cut_off() {
        let hour_v = drawn(Battery::TYPICAL, [0.5, 0.5], 1800).volts();
        let begun_v = drawn(Battery::TYPICAL, [0.5, 0.5], 1).volts();
        assert!((0.3..1.0).contains(&(begun_v - hour_v)), "{begun_v} {hour_v}");
        assert_eq!(drawn(Battery::TYPICAL, [1.0, 1.0], 7200).volts(), 0.0);
    }

    #[test]
    fn charge_and_voltage_are_one_curve_in_both_directions() {
        for percent in 0..=100 {
            let charge = f64::from(percent) / 100.0;
            assert!((charge_at(volts_at(charge)) - charge).abs() < 1e-9, "{charge}");
        }
        assert_eq!([5.0, 9.0].map(charge_at), [0.0, 1.0]);
    }
}
