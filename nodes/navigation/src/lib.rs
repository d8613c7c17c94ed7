//! Drives the car about without touching anything.
//!
//! What is here decides and has no clock: [`Wander`] takes in what the car senses, ten times a second, and says how to
//! drive next.
#![forbid(unsafe_code)]

mod wander;

pub use wander::{CarShape, Doing, Drive, Motion, Senses, Sight, Wander, WanderLimits, Way};
