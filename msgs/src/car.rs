//! Where the simulated car really is.

use nevil_derive::Message;

/// Ground truth of the simulated car: for tests and displays, not for nodes that drive.
///
/// The frame is that of the simulated room: x to the right, y up, both in metres, seen from above.
///
/// ```
/// use nevil_msgs::{CarState, Message};
///
/// assert_eq!(CarState::TYPE.fields[5].name, "driven_m");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct CarState {
    /// Position of the middle of the rear axle to the right, in metres.
    #[field(unit = "m")]
    pub x_m: f64,
    /// Position of the middle of the rear axle upwards on the map, in metres.
    #[field(unit = "m")]
    pub y_m: f64,
    /// Direction in radians; 0 is along x, positive is counter-clockwise, seen from above.
    #[field(unit = "rad")]
    pub heading_rad: f64,
    /// Forward speed in metres per second; negative is reverse.
    #[field(unit = "m/s")]
    pub speed_mps: f64,
    /// Steering angle in radians; positive is left, seen from above.
    #[field(unit = "rad")]
    pub steering_rad: f64,
    /// Way driven since the start in metres, forward and back both counted as positive.
    #[field(unit = "m", range = 0.0..)]
    pub driven_m: f64,
    /// How often the car has begun to touch something.
    pub touches: u32,
    /// How often the car has fallen off an edge; it does not drive on after the first.
    pub falls: u32,
    /// Where the camera really looks, in radians; positive is left.
    #[field(unit = "rad")]
    pub pan_rad: f64,
    /// Where the camera really looks, in radians; positive is up.
    #[field(unit = "rad")]
    pub tilt_rad: f64,
    /// Voltage of the battery under its load, in volts.
    #[field(unit = "V")]
    pub battery_v: f64,
}
