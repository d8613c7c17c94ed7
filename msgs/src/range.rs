//! What the ultrasonic sensor measures.

use nevil_derive::{Field, Message};

/// One measurement of the ultrasonic sensor.
///
/// Each measurement is published, also one without an echo: a subscriber that hears nothing for a while knows that the
/// sensor or its node has stopped, and not that the way is clear.
///
/// ```
/// use nevil_msgs::{Range, RangeReading};
///
/// let range = Range { reading: RangeReading::Echo, distance_m: 0.42 };
/// assert!(range.distance_m > 0.15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct Range {
    /// Whether there was an echo.
    pub reading: RangeReading,
    /// Distance to the next thing ahead in metres, 0.02 to 4.0; 0 without an echo.
    #[field(unit = "m", range = 0.0..=4.0)]
    pub distance_m: f32,
}

/// How a measurement of the ultrasonic sensor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Field)]
pub enum RangeReading {
    /// An echo came back.
    Echo,
    /// No echo came back in time: nothing within reach, or a surface that reflects the sound away. The sensor's driver
    /// calls this −1.
    Timeout,
    /// The echo line never rose: the sensor is unplugged or broken. The sensor's driver calls this −2.
    NoEdge,
}
