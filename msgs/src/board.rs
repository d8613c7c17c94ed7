//! What the board of the car measures besides the distance ahead, and where its camera looks.

use nevil_derive::Message;

/// One measurement of the three grayscale sensors, which look at the floor under the front of the car.
///
/// Bright floor gives high values, a black line low ones, and no floor at all (the edge of a table) lower ones still. A
/// measurement that failed is not published: a subscriber that hears nothing for a while knows that.
///
/// ```
/// use nevil_msgs::Grayscale;
///
/// let on_a_line = Grayscale { left: 1500, middle: 700, right: 1480 };
/// assert!(on_a_line.middle < 1000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
pub struct Grayscale {
    /// The left sensor, seen in the direction of travel: counts of a converter of 12 bits, 0 to 4095.
    #[field(range = 0..=4095)]
    pub left: u16,
    /// The middle sensor, likewise.
    #[field(range = 0..=4095)]
    pub middle: u16,
    /// The right sensor, likewise.
    #[field(range = 0..=4095)]
    pub right: u16,
}

/// Voltage of the battery.
///
/// ```
/// use nevil_msgs::Battery;
///
/// // Two cells of lithium: 8.4 V full, 7.4 V nominal, 6.0 V empty.
/// assert!(Battery { voltage_v: 7.9 }.voltage_v > 7.2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct Battery {
    /// Volts between its poles under the load of now, 0 to 10; it sags while the motors run.
    #[field(unit = "V", range = 0.0..=10.0)]
    pub voltage_v: f32,
}

/// Where the camera is to look. It goes there as fast as its servos turn, and stays.
///
/// ```
/// use nevil_msgs::Look;
///
/// let up_left = Look { pan_rad: 0.5, tilt_rad: 0.3 };
/// assert!(up_left.pan_rad > 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct Look {
    /// Angle to the side in radians, −1.58 to 1.58 (90° are 1.5708); positive is left.
    #[field(unit = "rad", range = -1.58..=1.58)]
    pub pan_rad: f32,
    /// Angle upwards in radians, −0.62 (−35°) to 1.14 (65°); positive is up.
    #[field(unit = "rad", range = -0.62..=1.14)]
    pub tilt_rad: f32,
}
