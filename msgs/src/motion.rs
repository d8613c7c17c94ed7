//! What `motion` does with the commands that it gets.

use nevil_derive::{Field, Message};

/// The command that the car obeys now, published by `motion` at each change and at a steady rate.
///
/// ```
/// use nevil_msgs::{DriveSource, MotionStatus};
///
/// let parked = MotionStatus { source: DriveSource::Nobody, speed_mps: 0.0, steering_rad: 0.0 };
/// assert_ne!(parked.source, DriveSource::Operator);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct MotionStatus {
    /// Who is obeyed.
    pub source: DriveSource,
    /// Forward speed in metres per second, −0.8 to 0.8; negative is reverse.
    #[field(unit = "m/s", range = -0.8..=0.8)]
    pub speed_mps: f32,
    /// Steering angle in radians, −0.53 to 0.53 (30° are 0.5236); positive is left, seen from above.
    #[field(unit = "rad", range = -0.53..=0.53)]
    pub steering_rad: f32,
}

/// Who the car obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Field)]
pub enum DriveSource {
    /// No command is valid: the car stands.
    Nobody,
    /// The robot's own navigation.
    Autonomous,
    /// A person, who goes before the navigation.
    Operator,
    /// Safety: the car stands whatever is wanted, because something is too near, or how near is not known.
    Emergency,
}
