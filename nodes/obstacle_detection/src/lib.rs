//! Says how near the next thing ahead is, and whether that is dangerous.
//!
//! [`ObstacleDetection`] is the node; what decides has no clock: [`Zones`] turns readings of the ultrasonic sensor into a
//! [`Level`].
#![forbid(unsafe_code)]

mod node;
mod zones;

pub use node::{ObstacleDetection, Params};
pub use zones::{Assessment, Cause, Level, LimitsProblem, Reading, ZoneLimits, Zones};
