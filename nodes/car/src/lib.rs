//! The PiCar-X: what its driver and its simulation have in common.
//!
//! [`shape`] has its lengths and limits, [`MotorCommand`] how a command becomes what the motors are told, [`registers`] the
//! numbers of its board. [`Board`] is what the driver needs of a board, and [`Hat`] how it gets it.
#![forbid(unsafe_code)]

mod board;
mod law;
pub mod registers;
pub mod shape;

pub use board::{
    Board, ECHO_GPIO, ECHO_TIMEOUT, Echo, Hat, LED_GPIO, Level, Line, Measured, SOUND_MPS, TRIGGER_GPIO,
};
pub use law::{MotorCommand, WheelSpeeds, axle_mps, duty_percent};
