//! Says how near the next thing ahead is and whether there is floor, and whether that is dangerous.
//!
//! [`ObstacleDetection`] is the node; what decides has no clock: [`Zones`] turns readings of the ultrasonic sensor into a
//! [`SafetyLevel`](nevil_msgs::SafetyLevel), and [`Detector`] adds what the floor and a sensor that repeats itself say.
#![forbid(unsafe_code)]

mod detector;
mod floor;
mod node;
mod stuck;
mod zones;

pub use detector::{Detector, Limits};
pub use floor::{CliffRule, FloorLimits};
pub use node::{ObstacleDetection, Params};
pub use stuck::Told;
pub use zones::{Assessment, LimitsProblem, Reading, ZoneLimits, Zones};
