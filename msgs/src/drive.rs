//! Commands to wheels and steering.

use nevil_derive::Message;

/// Wheel and steering command, obeyed by `motion`.
///
/// A command holds until the next one, or until `valid_for_ms` has passed since it was sent; then the car stops. Who
/// wants the car to keep moving sends again in time.
///
/// ```
/// use nevil_msgs::Drive;
///
/// let slowly_left = Drive { speed_mps: 0.2, steering_rad: 0.3, valid_for_ms: 500 };
/// assert!(slowly_left.speed_mps > 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct Drive {
    /// Forward speed in metres per second, −0.8 to 0.8; negative is reverse.
    #[field(unit = "m/s", range = -0.8..=0.8)]
    pub speed_mps: f32,
    /// Steering angle in radians, −0.53 to 0.53 (30° are 0.5236); positive is left, seen from above.
    #[field(unit = "rad", range = -0.53..=0.53)]
    pub steering_rad: f32,
    /// For how long the command holds in milliseconds, 0 to 5000; 0 stops the car at once.
    #[field(unit = "ms", range = 0..=5000)]
    pub valid_for_ms: u32,
}
