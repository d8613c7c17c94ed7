//! The car itself: what its motors and its steering servo make of a command.
//!
//! Sign and frame: speed is positive forward, steering is positive to the **left**, seen from above, as everywhere in
//! Nevil. (The servo on the real board counts the other way round; its driver turns the sign.)

use crate::geometry::{Footprint, Pose};

/// Distance between the axles, in metres. Assumed: measured on pictures of a PiCar-X, not on the robot.
pub const WHEELBASE_M: f64 = 0.094;

/// The car seen from above, wheels included: 0.25 m by 0.15 m, around the middle of the rear axle. Assumed likewise.
pub const FOOTPRINT: Footprint = Footprint { ahead_m: 0.185, behind_m: 0.065, beside_m: 0.075 };

/// Largest steering angle to either side, in degrees; the driver of the real car clamps to it.
pub const STEERING_MAX_DEG: f32 = 30.0;

/// Speed at 100 %, in metres per second. The real driver reckons with it (time = distance / (percent × 0.7) in
/// centimetres). It adds half the duty to each command but 0, so that 1 % moves the car too and there is no dead zone.
pub const SPEED_AT_FULL_MPS: f64 = 0.7;

/// Time in which the speed covers 63 % of the way to what is commanded, in seconds. Assumed.
pub const MOTOR_RESPONSE_S: f64 = 0.1;

/// How fast the steering servo turns, in degrees per second: the driver spreads a large move over 100 ms.
pub const SERVO_SPEED_DEG_PER_S: f64 = 300.0;

/// What the motor controller is told, and does until it is told otherwise: it has **no expiry of its own**.
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

    /// The command within the limits of the hardware. Beyond a limit the limit counts; what is no number is 0.
    #[must_use]
    pub fn limited(self) -> Self {
        let limit = |value: f32, max: f32| if value.is_nan() { 0.0 } else { value.clamp(-max, max) };
        Self {
            speed_percent: limit(self.speed_percent, 100.0),
            steering_deg: limit(self.steering_deg, STEERING_MAX_DEG),
        }
    }
}

/// How this one car differs from the ideal one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CarFlaws {
    /// Real speed per commanded speed: 1 is ideal, a weak battery gives 0.9.
    pub speed_factor: f64,
    /// Angle of the wheels when straight ahead is commanded, in degrees; positive is left.
    pub steering_offset_deg: f64,
}

impl CarFlaws {
    /// A car that does exactly what it is told.
    pub const NONE: Self = Self { speed_factor: 1.0, steering_offset_deg: 0.0 };
}

/// A bicycle model with a first-order motor and a servo of limited speed. It knows nothing of walls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Car {
    pub(crate) pose: Pose,
    pub(crate) speed_mps: f64,
    pub(crate) steering_deg: f64,
    pub(crate) command: MotorCommand,
    flaws: CarFlaws,
}

impl Car {
    pub(crate) fn new(pose: Pose, flaws: CarFlaws) -> Self {
        Self {
            pose,
            speed_mps: 0.0,
            steering_deg: flaws.steering_offset_deg,
            command: MotorCommand::STOP,
            flaws,
        }
    }

    /// The car `step_s` later, were nothing in its way.
    pub(crate) fn after(mut self, step_s: f64) -> Self {
        let wanted_mps =
            f64::from(self.command.speed_percent) / 100.0 * SPEED_AT_FULL_MPS * self.flaws.speed_factor;
        self.speed_mps += (wanted_mps - self.speed_mps) * (1.0 - (-step_s / MOTOR_RESPONSE_S).exp());
        let wanted_deg = f64::from(self.command.steering_deg) + self.flaws.steering_offset_deg;
        let turn_deg = SERVO_SPEED_DEG_PER_S * step_s;
        self.steering_deg += (wanted_deg - self.steering_deg).clamp(-turn_deg, turn_deg);

        let way_m = self.speed_mps * step_s;
        let turned_rad = way_m * self.steering_deg.to_radians().tan() / WHEELBASE_M;
        // The heading half-way makes the error of a step third order in its length.
        let (sin, cos) = (self.pose.heading_rad + turned_rad / 2.0).sin_cos();
        self.pose.x_m += way_m * cos;
        self.pose.y_m += way_m * sin;
        self.pose.heading_rad += turned_rad;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Pose = Pose { x_m: 0.0, y_m: 0.0, heading_rad: 0.0 };

    fn driven(command: MotorCommand, flaws: CarFlaws, seconds: f64) -> Car {
        let mut car = Car::new(HOME, flaws);
        car.command = command;
        (0..(seconds / 0.005).round() as u32).fold(car, |car, _| car.after(0.005))
    }

    #[test]
    fn full_speed_is_what_the_real_driver_reckons_with() {
        let car = driven(MotorCommand { speed_percent: 100.0, steering_deg: 0.0 }, CarFlaws::NONE, 3.0);
        assert!((car.speed_mps - 0.7).abs() < 1e-6);
        let lost_m = SPEED_AT_FULL_MPS * MOTOR_RESPONSE_S;
        assert!((car.pose.x_m - (2.1 - lost_m)).abs() < 0.005, "{}", car.pose.x_m);
    }

    #[test]
    fn full_steering_drives_a_circle_to_the_left_of_the_radius_that_the_wheelbase_gives() {
        let command = MotorCommand { speed_percent: 30.0, steering_deg: 30.0 };
        let car = driven(command, CarFlaws::NONE, 20.0);
        let rate = 0.21 * 30.0_f64.to_radians().tan() / WHEELBASE_M;
        assert!((car.pose.heading_rad - rate * 19.9).abs() < 0.1, "{}", car.pose.heading_rad);
        assert!(car.pose.x_m.abs() < 0.2 && (-0.03..0.36).contains(&car.pose.y_m));
    }

    #[test]
    fn the_servo_needs_a_tenth_of_a_second_to_full_lock() {
        let command = MotorCommand { speed_percent: 0.0, steering_deg: 30.0 };
        assert!(driven(command, CarFlaws::NONE, 0.095).steering_deg < 29.0);
        assert!((driven(command, CarFlaws::NONE, 0.105).steering_deg - 30.0).abs() < 1e-9);
    }

    #[test]
    fn flaws_change_speed_and_direction() {
        let flaws = CarFlaws { speed_factor: 0.9, steering_offset_deg: 2.0 };
        let car = driven(MotorCommand { speed_percent: 100.0, steering_deg: 0.0 }, flaws, 3.0);
        assert!((car.speed_mps - 0.63).abs() < 1e-6);
        assert!(car.pose.heading_rad > 0.5);
    }

    #[test]
    fn a_command_beyond_the_hardware_is_limited_and_no_number_is_0() {
        let given = MotorCommand { speed_percent: -250.0, steering_deg: f32::INFINITY };
        assert_eq!(given.limited(), MotorCommand { speed_percent: -100.0, steering_deg: 30.0 });
        let given = MotorCommand { speed_percent: f32::NAN, steering_deg: f32::NAN };
        assert_eq!(given.limited(), MotorCommand::STOP);
    }
}
