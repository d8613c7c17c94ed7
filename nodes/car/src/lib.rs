//! The PiCar-X: what a node of the real car and one of a simulated car have in common.
//!
//! ```text
//!  drive, look ─► CarParts ─► Wheels, Head ─► registers ─► Board ─► the real board, or a fake one in a simulated world
//!  range, grayscale, battery ◄─ CarParts ◄─ sonar, converter ◄───────┘
//! ```
//!
//! [`shape`] has its lengths and limits, [`MotorCommand`] how a command becomes what the motors are told, [`registers`] the
//! numbers of its board, [`Calibration`] what makes one car like every other. [`Board`] is one way to a board, [`Hat`] makes
//! such ways, [`FakeHat`] is a board in memory.
#![forbid(unsafe_code)]

mod board;
mod calibration;
mod drive;
mod fake;
mod law;
mod parts;
pub mod registers;
mod sensors;
pub mod shape;
mod smooth;
mod writes;

pub use board::{
    Board, ECHO_GPIO, ECHO_TIMEOUT, Echo, Hat, LED_GPIO, Level, Line, Measured, SOUND_MPS, STOP_WRITES,
    TRIGGER_GPIO, stop_motors,
};
pub use calibration::{Calibration, CalibrationError};
pub use drive::{Gaze, Head, Wheels, set_up};
pub use fake::{FakeBoard, FakeHat, FakeProblem, Side, Traced};
pub use law::{MotorCommand, WheelSpeeds, axle_mps, duty_percent};
pub use parts::{CarParts, HasCar, Parts};
pub use writes::Writes;
