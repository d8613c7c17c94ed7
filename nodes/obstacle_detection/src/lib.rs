//! Says how near the next thing ahead is, and whether that is dangerous.
//!
//! What is here decides and has no clock: [`Zones`] turns readings of the ultrasonic sensor into a [`Level`].
#![forbid(unsafe_code)]

mod zones;

pub use zones::{Assessment, Cause, Level, LimitsProblem, Reading, ZoneLimits, Zones};
