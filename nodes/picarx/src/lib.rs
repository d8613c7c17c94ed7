//! The real PiCar-X: motors, servos and sensors through the Robot HAT.
//!
//! [`PicarX`] is the node; what it does with a board is in `nevil_car`, and the same under simulation. Here is how the real
//! board is reached: `linux` has the I²C bus and the lines of the Raspberry Pi.
#![forbid(unsafe_code)]

mod boards;
mod linux;
mod node;

pub use linux::{LinuxBoard, LinuxHat};
pub use node::{BoardKind, Params, PicarX};
