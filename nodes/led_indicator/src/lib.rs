//! Shows by a light what the robot is at.
//!
//! [`LedIndicator`] is the node. What decides has no clock: [`Seen`] says which pattern is to be shown, and [`steps`] what
//! a pattern is. The light itself is behind [`Lamp`].
#![forbid(unsafe_code)]

mod lamp;
mod node;
#[cfg(test)]
mod node_tests;
mod pattern;
mod seen;

pub use lamp::{GpioLamp, Lamp, LampError, Light, Pin};
pub use node::{LedIndicator, Params};
pub use pattern::{Hold, Step, steps};
pub use seen::Seen;
