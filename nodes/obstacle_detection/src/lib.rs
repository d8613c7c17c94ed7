//! Says how near the next thing ahead is, and whether that is dangerous.
//!
//! [`ObstacleDetection`] is the node; what decides has no clock: [`Zones`] turns readings of the ultrasonic sensor into a
//! [`SafetyLevel`](nevil_msgs::SafetyLevel).
#![forbid(unsafe_code)]

mod node;
mod zones;

pub use node::{ObstacleDetection, Params};
pub use zones::{Assessment, Cause, LimitsProblem, Reading, ZoneLimits, Zones};
