//! Decides which drive command the car obeys.
//!
//! What is here decides and has no clock: [`Arbiter`] takes in commands and the level of safety, and says what the
//! motors may do now.
#![forbid(unsafe_code)]

mod arbiter;

pub use arbiter::{
    Arbiter, Decision, DriveRequest, MotionLimits, Reason, RequestProblem, Safety, Source, Winner,
};
