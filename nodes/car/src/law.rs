//! How a command becomes what the two motors are told.
//!
//! ```text
//!  speed in % ──► outer wheel: as it is ──┐
//!            └──► inner wheel: × (100 − |angle|) / 100 ──┴──► duty: 0, or ⌊|s| / 2⌋ + 50 %
//! ```
//! The duty is a whole number of percent, so that speeds come in steps of 2 %, which is 0.014 m/s, and those below one
//! step turn no wheel.

use crate::shape::{SPEED_AT_FULL_MPS, STEERING_MAX_DEG};

/// What the car is told: speed and steering.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotorCommand {
    /// Share of full speed, −100 to 100; negative is reverse.
    pub speed_percent: f32,
    /// Angle of the front wheels in degrees, −30 to 30; positive is left.
    pub steering_deg: f32,
}

impl MotorCommand {
    /// Motors off, wheels straight.
    pub const STOP: Self = Self { speed_percent: 0.0, steering_deg: 0.0 };

    /// The command that gives this speed, in metres per second, and steering angle, in radians to the left.
    #[must_use]
    pub fn of(speed_mps: f32, steering_rad: f32) -> Self {
        let speed_percent = speed_mps / SPEED_AT_FULL_MPS as f32 * 100.0;
        Self { speed_percent, steering_deg: steering_rad.to_degrees() }.limited()
    }

    /// The command within the limits of the hardware. Beyond a limit the limit counts; what is no number is 0.
    #[must_use]
    pub fn limited(self) -> Self {
        let limit = |value: f32, max: f32| if value.is_nan() { 0.0 } else { value.clamp(-max, max) };
        Self {
            speed_percent: limit(self.speed_percent, 100.0),
            steering_deg: limit(self.steering_deg, STEERING_MAX_DEG),
        }
    }

    /// What each motor is told, in percent of full speed. The wheel inside of the curve is slowed down, forward and
    /// backward alike. (The predecessor slowed the left one for an angle above 0 when it drove forward, and the right one
    /// backward.)
    #[must_use]
    pub fn wheels(self) -> WheelSpeeds {
        let Self { speed_percent, steering_deg } = self.limited();
        let inner_percent = speed_percent * (100.0 - steering_deg.abs()) / 100.0;
        match steering_deg {
            left if left > 0.0 => WheelSpeeds { left_percent: inner_percent, right_percent: speed_percent },
            right if right < 0.0 => WheelSpeeds { left_percent: speed_percent, right_percent: inner_percent },
            _ => WheelSpeeds { left_percent: speed_percent, right_percent: speed_percent },
        }
    }
}

/// Speeds of the two driven wheels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WheelSpeeds {
    /// The left one, in percent of full speed; negative is reverse.
    pub left_percent: f32,
    /// The right one, likewise.
    pub right_percent: f32,
}

/// The duty that turns a wheel at `speed_percent` of full speed, in whole percent: 0, or 50 to 100. Half of it is the motor's
/// dead zone, in which it does not turn.
#[must_use]
pub fn duty_percent(speed_percent: f32) -> u8 {
    if speed_percent == 0.0 || speed_percent.is_nan() {
        return 0;
    }
    // What has come from metres per second may be a rounding error short of a whole number.
    let half = (speed_percent.abs().min(100.0) / 2.0 + 0.001) as u8;
    half + 50
}

/// Speed of the middle of the rear axle that a command really gives in an ideal car, in metres per second: the mean of the
/// two wheels, each in its own steps. Who reckons a place from commands reckons with this.
#[must_use]
pub fn axle_mps(speed_mps: f32, steering_rad: f32) -> f64 {
    let WheelSpeeds { left_percent, right_percent } = MotorCommand::of(speed_mps, steering_rad).wheels();
    let turning = |percent: f32| {
        let steps = f64::from(duty_percent(percent).saturating_sub(50)) * 2.0;
        steps.copysign(f64::from(percent)) / 100.0 * SPEED_AT_FULL_MPS
    };
    f64::midpoint(turning(left_percent), turning(right_percent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_duty_is_half_the_speed_and_fifty_percent_and_nothing_for_nothing() {
        let duties = [0.0, 1.0, 2.0, 29.0, 30.0, 31.0, -50.0, 100.0, 250.0].map(duty_percent);
        assert_eq!(duties, [0, 50, 51, 64, 65, 65, 75, 100, 100]);
        assert_eq!(duty_percent(f32::NAN), 0);
    }

    #[test]
    fn the_wheel_inside_of_the_curve_is_slowed_down_forward_and_backward() {
        for speed_percent in [50.0, -50.0] {
            let left = MotorCommand { speed_percent, steering_deg: 30.0 }.wheels();
            assert_eq!(left, WheelSpeeds { left_percent: speed_percent * 0.7, right_percent: speed_percent });
            let right = MotorCommand { speed_percent, steering_deg: -20.0 }.wheels();
            assert_eq!(
                right,
                WheelSpeeds { left_percent: speed_percent, right_percent: speed_percent * 0.8 }
            );
        }
    }

    #[test]
    fn a_speed_in_metres_per_second_that_is_a_whole_step_comes_out_as_it_went_in() {
        for step in -50_i16..=50 {
            let speed_mps = f32::from(step) * 0.014;
            let axle = axle_mps(speed_mps, 0.0);
            assert!((axle - f64::from(speed_mps)).abs() < 1e-6, "{step}: {axle}");
        }
        assert_eq!(axle_mps(0.013, 0.0), 0.0, "below one step no wheel turns");
    }

    #[test]
    fn on_a_curve_the_axle_is_slower_than_the_command() {
        let axle = axle_mps(0.21, 30_f32.to_radians());
        assert!((axle - f64::midpoint(0.21, 0.14)).abs() < 1e-6, "{axle}");
    }

    #[test]
    fn a_command_beyond_the_hardware_is_limited_and_no_number_is_0() {
        let given = MotorCommand { speed_percent: -250.0, steering_deg: f32::INFINITY };
        assert_eq!(given.limited(), MotorCommand { speed_percent: -100.0, steering_deg: 30.0 });
        let given = MotorCommand { speed_percent: f32::NAN, steering_deg: f32::NAN };
        assert_eq!(given.limited(), MotorCommand::STOP);
    }
}
