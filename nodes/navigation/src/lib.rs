//! Carries out what the car is asked to do, and drives it about without touching anything.
//!
//! [`Navigation`] is the node; what decides has no clock: [`Performer`] takes in actions and plays them, [`Wander`] takes in what
//! the car senses, ten times a second, and says how to drive next.
#![forbid(unsafe_code)]

mod actions;
mod auto;
mod node;
mod params;
mod wander;

pub use actions::{
    ACTION_BYTES_MAX, ACTIONS_MAX, Action, ActionKind, ActionProblem, Asked, Aware, BACK_CM_MAX,
    BACKWARD_CM_MAX, CM_DEFAULT, FORWARD_CM_MAX, Gaze, Gesture, Library, LibraryError, MOVES_MAX, Mood, Move,
    Odometer, PAN_SAFE_DEG, PERCENT, PERCENT_DEFAULT, PLAY_MAX, Pace, Performer, Tally, Turn,
};
pub use node::Navigation;
pub use params::Params;
pub use wander::{CarShape, Cliff, Doing, Drive, Motion, Senses, Sight, Wander, WanderLimits, Way};
