//! From a launch file to a running robot.
//!
//! ```text
//!  text ─► LaunchFile (keys, types, ranges) ─► Plan (node types, parameters, order) ─► supervisor
//! ```
//! * `limits`: every bound, in one place
//! * `problem`: what can be wrong with a launch file, and how it is said
//! * `file`: what stands in it
//! * `plan`: what is to be started, in which order
#![forbid(unsafe_code)]

mod file;
pub mod limits;
mod plan;
mod problem;

pub use file::{LaunchFile, LaunchFileError, LockMemory, Lookup, NodeEntry, OnDenied};
pub use plan::{Plan, PlanNote, PlannedNode};
pub use problem::{PlanError, PlanErrors, PlanProblem};
