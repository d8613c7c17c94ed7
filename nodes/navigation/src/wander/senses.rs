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
    /// Something is near ahead: turning away is better than driving on.
    Caution,
    /// Forward is not allowed: danger, emergency, or no echo.
    Blocked,
    /// A sensor is dead: no motion at all makes sense.
    Blind,
}

/// Which of the sensors that look at the floor have seen none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cliff {
    /// The left one.
    pub left: bool,
    /// The middle one.
    pub middle: bool,
    /// The right one.
    pub right: bool,
}

impl Cliff {
    /// There is floor everywhere, or nobody looks.
    pub const NONE: Self = Self { left: false, middle: false, right: false };

    /// Whether any of them has seen none.
    #[must_use]
    pub const fn is_any(self) -> bool {
        self.left || self.middle || self.right
    }

    /// What either has seen.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            left: self.left || other.left,
            middle: self.middle || other.middle,
            right: self.right || other.right,
        }
    }
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
    /// Where there has been no floor since the last call.
    pub cliff: Cliff,
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
