//! How dangerous the place ahead of the car is, and why.

use nevil_derive::{Field, Message};

/// How near the next thing ahead is, published by `obstacle_detection` at each change and at a steady rate.
///
/// ```
/// use nevil_msgs::{SafetyCause, SafetyLevel, SafetyStatus};
///
/// let status = SafetyStatus { level: SafetyLevel::Danger, cause: SafetyCause::Distance, distance_m: 0.12 };
/// assert!(status.level >= SafetyLevel::Danger);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub struct SafetyStatus {
    /// How dangerous it is.
    pub level: SafetyLevel,
    /// What the level rests on. Where several things are wrong, that of the worst.
    pub cause: SafetyCause,
    /// Distance in metres that the level was judged by, 0.0 to 4.0; 0 if it rests on something else.
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
    /// Touching or falling is close: stop.
    Emergency,
    /// A sensor cannot be relied on, and what it should see is not known: as bad as an emergency.
    SensorError,
}

/// What a level of danger rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Field)]
pub enum SafetyCause {
    /// The distance that an echo gave, now or up to two lost readings ago.
    Distance,
    /// No echo, but one from far away a short time ago.
    LikelyOpen,
    /// No floor under the front of the car.
    Cliff,
    /// The sensor has not measured any distance yet.
    NoEchoYet,
    /// One echo after none: the next one decides.
    OneEcho,
    /// Too many readings in a row without an echo.
    Invalid,
    /// No echo for too long.
    Silent,
    /// The same distance again and again from a car that moves: the sensor repeats itself.
    Stuck,
    /// Nothing is heard of the floor, although something should be.
    FloorUnknown,
}
