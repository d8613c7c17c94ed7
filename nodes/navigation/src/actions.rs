//! What the car can be asked to do, and how it does it.
//!
//! ```text
//!  `nod:slow` ─► grammar ─► Action ─► Performer: queue ─► player ─► motions, looks, news
//!                   ▲ names                                 ▲ what the motors were told, `now`
//!  files ─► sheet ─► library: gestures as lists of moves, moods
//! ```
//!
//! * `sheet`, `reading`: a file of gestures and moods as it is written
//! * `library`: all that there are, by name
//! * `flat`: gestures written out
//! * `grammar`: from text to an [`Action`]
//! * `queue`: those that wait
//! * `odometer`: the way that was covered
//! * `player`: one action, step by step
//! * `performer`: all of it together

mod flat;
mod grammar;
mod library;
mod odometer;
mod performer;
mod player;
mod queue;
mod reading;
mod sheet;

pub use grammar::{
    ACTION_BYTES_MAX, Action, ActionKind, ActionProblem, BACKWARD_CM_MAX, CM_DEFAULT, FORWARD_CM_MAX,
    PERCENT, PERCENT_DEFAULT, Pace,
};
pub use library::{Gesture, Library, LibraryError, MOVES_MAX, Mood, PLAY_MAX};
pub use odometer::Odometer;
pub use performer::{ACTIONS_MAX, Asked, Performer, Tally, Turn};
pub use player::{Aware, Gaze};
pub use sheet::{BACK_CM_MAX, Move, PAN_SAFE_DEG};

#[cfg(test)]
mod reference_tests;
