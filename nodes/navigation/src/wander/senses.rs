//! What the wanderer takes in and what it says.

use std::time::Duration;

/// One measurement of the distance ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sight {
    /// An echo came back.
    Echo {
        /// Distance from the front of the car in metres.
        distance_m: f32,
    },
    /// No echo came back, for whatever reason. It says nothing about the floor.
    Lost,
}

/// What the level of safety means for the way ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Forward is allowed.
    Open,
    /// Forward is not allowed: danger, emergency, or a sensor that cannot be relied on.
    Blocked,
}

/// A motion: what the motors are told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    /// Speed in metres per second, positive forward.
    pub speed_mps: f32,
    /// Angle of the front wheels in radians, positive to the left.
    pub steering_rad: f32,
}

impl Motion {
    /// No motion, wheels straight.
    pub const NONE: Self = Self { speed_mps: 0.0, steering_rad: 0.0 };
}

/// All that the car senses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Senses {
    /// A measurement that has come since the last call, if one has.
    pub sight: Option<Sight>,
    /// Whether forward is allowed.
    pub way: Way,
    /// What the motors were told last, by whomever: the place of the car is reckoned from it.
    pub obeyed: Motion,
}

/// A wish to move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drive {
    /// How to move.
    pub motion: Motion,
    /// How long the wish holds.
    pub valid_for: Duration,
}
