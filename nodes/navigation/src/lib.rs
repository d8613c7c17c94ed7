//! Drives the car about without touching anything.
//!
//! [`Navigation`] is the node; what decides has no clock: [`Wander`] takes in what the car senses, ten times a second, and
//! says how to drive next.
#![forbid(unsafe_code)]

mod node;
mod wander;

pub use node::{Navigation, Params};
pub use wander::{CarShape, Cliff, Doing, Drive, Motion, Senses, Sight, Wander, WanderLimits, Way};
