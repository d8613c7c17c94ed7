//! How dangerous the place ahead of the car is.

use nevil_derive::{Field, Message};

/// How near the next thing ahead is, published by `obstacle_detection` at each change and at a steady rate.
///
/// ```
/// use nevil_msgs::{SafetyLevel, SafetyStatus};
///
/// let status = SafetyStatus { level: SafetyLevel::Danger, distance_m: 0.12 };
/// assert!(status.level >= SafetyLevel::Danger);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct SafetyStatus {
    /// How dangerous it is.
    pub level: SafetyLevel,
    /// Distance in metres that the level was judged by, 0.0 to 4.0; 0 if it is not known.
    #[field(unit = "m", range = 0.0..=4.0)]
    pub distance_m: f32,
}

/// Levels of danger, ordered: each is worse than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Field)]
pub enum SafetyLevel {
    /// Nothing is near.
    Clear,
    /// Something is in sight.
    Warning,
    /// Something is near: drive slowly.
    Caution,
    /// Something is very near: do not drive forward.
    Danger,
    /// Touching is close: stop.
    Emergency,
    /// The distance is not known: as bad as an emergency.
    SensorError,
}
