//! Decides which drive command the car obeys.
//!
//! [`MotionNode`] is the node, the only one that commands the car; what decides has no clock: [`Arbiter`] takes in
//! commands and the level of safety, and says what the motors may do now.
#![forbid(unsafe_code)]

mod arbiter;
mod node;

pub use arbiter::{
    Arbiter, Decision, DriveRequest, MotionLimits, Reason, RequestProblem, Safety, Source, Winner,
};
pub use node::{MotionNode, Params};
