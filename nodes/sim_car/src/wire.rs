//! The wire between a robot and a world in a process of its own: little frames of fixed layout on a stream socket.
//!
//! All numbers are little-endian, floats are IEEE 754. A frame is a header of 6 bytes and a payload whose length its
//! kind fixes:
//!
//! ```text
//! byte  0     1     2         3     4      5      6 …
//!       'N'   'C'   version   kind  length (u16)  payload
//!                   1
//! kind  towards the world   payload
//! 0x01  Command              8  speed_percent f32, steering_deg f32; answered by Done when the motors have it
//! 0x02  Ping                 0  asks for one Reading
//! 0x03  Stop                 0  motors off; the frame is the constant STOP_FRAME
//! 0x04  Watch                0  asks for a stream of States until the connection ends
//! kind  from the world
//! 0x81  Reading              5  code u8 (0 echo, 1 timeout, 2 no edge), distance_m f32 (0 without an echo)
//! 0x82  State               64  stamp_ns u64, x_m f64, y_m f64, heading_rad f64, driven_m f64,
//!                               speed_mps f32, steering_deg f32, commanded speed_percent f32,
//!                               commanded steering_deg f32, touches u32, reserved u32 (0)
//! 0x83  Done                 0
//! ```
//!
//! After garbage a stream cannot be trusted again: the decoder then answers nothing but its first error, and the
//! connection must be closed.

mod decoder;

pub use decoder::{Decoder, WireProblem};

use crate::car::{MotorCommand, STEERING_MAX_DEG};
use crate::simulation::Ping;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 6;

/// Bytes of the longest payload, that of a state.
const PAYLOAD_BYTES_MAX: usize = 64;

/// Bytes of the longest frame.
pub const FRAME_BYTES_MAX: usize = HEADER_BYTES + PAYLOAD_BYTES_MAX;

/// First bytes of each frame: "Nevil car", and the version of the layout.
const MAGIC: [u8; 3] = [b'N', b'C', 1];

const COMMAND: u8 = 0x01;
const PING: u8 = 0x02;
const STOP: u8 = 0x03;
const WATCH: u8 = 0x04;
const READING: u8 = 0x81;
const STATE: u8 = 0x82;
const DONE: u8 = 0x83;

/// The whole frame of [`ToWorld::Stop`], for a process that has nothing but these bytes and a socket.
pub const STOP_FRAME: [u8; HEADER_BYTES] = [MAGIC[0], MAGIC[1], MAGIC[2], STOP, 0, 0];

/// What a robot says to its world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ToWorld {
    /// Drive like this until told otherwise.
    Command(MotorCommand),
    /// Measure the distance ahead once and send a [`FromWorld::Reading`].
    Ping,
    /// Motors off, wheels straight.
    Stop,
    /// Send [`FromWorld::State`] again and again on this connection.
    Watch,
}

/// What a world says to a robot or to one who watches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FromWorld {
    /// The answer to a [`ToWorld::Ping`].
    Reading(Ping),
    /// Where the car is.
    State(WireState),
    /// The motors have the [`ToWorld::Command`]: whoever stops them now stops them after it.
    Done,
}

/// The state of the car at one moment of the world's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WireState {
    /// The world's CLOCK_MONOTONIC at that moment, in nanoseconds.
    pub stamp_ns: u64,
    /// Along `x` on the map, in metres.
    pub x_m: f64,
    /// Along `y` on the map, in metres.
    pub y_m: f64,
    /// Heading in radians, counter-clockwise from `x`.
    pub heading_rad: f64,
    /// Way covered, in metres.
    pub driven_m: f64,
    /// Speed in metres per second; negative is reverse.
    pub speed_mps: f32,
    /// Angle of the front wheels in degrees; positive is left.
    pub steering_deg: f32,
    /// What the motor controller was last told.
    pub command: MotorCommand,
    /// How often the car has run into something.
    pub touches: u32,
}

/// The bytes of one frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    bytes: [u8; FRAME_BYTES_MAX],
    len: usize,
}

impl Frame {
    fn new(kind: u8) -> Self {
        let mut frame = Self { bytes: [0; FRAME_BYTES_MAX], len: 0 };
        frame.put(&MAGIC);
        frame.put(&[kind, 0, 0]);
        frame
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn finished(mut self) -> Self {
        // The longest payload has 64 bytes, so the high byte of the length is always 0.
        self.bytes[4] = (self.len - HEADER_BYTES) as u8;
        self
    }

    /// The bytes to write to the socket, all of them or the stream is broken.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// A direction of the wire: what can be written and read on it.
pub trait WireMessage: Sized {
    /// The frame that says this.
    fn encode(&self) -> Frame;

    /// Bytes of the payload of a frame of `kind`; `None` if this direction has no such frame.
    fn payload_bytes(kind: u8) -> Option<usize>;

    /// The message in a whole frame of `kind`, of which [`WireMessage::payload_bytes`] bytes are given.
    ///
    /// # Errors
    ///
    /// [`WireProblem::Value`] if a field has a value that it cannot have.
    fn decode(kind: u8, payload: &[u8]) -> Result<Self, WireProblem>;
}

impl WireMessage for ToWorld {
    fn encode(&self) -> Frame {
        let mut frame = Frame::new(match self {
            Self::Command(_) => COMMAND,
            Self::Ping => PING,
            Self::Stop => STOP,
            Self::Watch => WATCH,
        });
        if let Self::Command(command) = self {
            frame.put(&command.speed_percent.to_le_bytes());
            frame.put(&command.steering_deg.to_le_bytes());
        }
        frame.finished()
    }

    fn payload_bytes(kind: u8) -> Option<usize> {
        match kind {
            COMMAND => Some(8),
            PING | STOP | WATCH => Some(0),
            _ => None,
        }
    }

    fn decode(kind: u8, payload: &[u8]) -> Result<Self, WireProblem> {
        let mut fields = Fields(payload);
        match kind {
            COMMAND => Ok(Self::Command(fields.command()?)),
            PING => Ok(Self::Ping),
            STOP => Ok(Self::Stop),
            WATCH => Ok(Self::Watch),
            _ => Err(WireProblem::Kind { given: kind }),
        }
    }
}

impl WireMessage for FromWorld {
    fn encode(&self) -> Frame {
        match self {
            Self::Reading(ping) => {
                let (code, distance_m) = match *ping {
                    Ping::Echo { distance_m } => (0, distance_m),
                    Ping::Timeout => (1, 0.0),
                    Ping::NoEdge => (2, 0.0),
                };
                let mut frame = Frame::new(READING);
                frame.put(&[code]);
                frame.put(&distance_m.to_le_bytes());
                frame.finished()
            }
            Self::Done => Frame::new(DONE).finished(),
            Self::State(state) => {
                let mut frame = Frame::new(STATE);
                frame.put(&state.stamp_ns.to_le_bytes());
                for value in [state.x_m, state.y_m, state.heading_rad, state.driven_m] {
                    frame.put(&value.to_le_bytes());
                }
                let command = state.command;
                for value in
                    [state.speed_mps, state.steering_deg, command.speed_percent, command.steering_deg]
                {
                    frame.put(&value.to_le_bytes());
                }
                frame.put(&state.touches.to_le_bytes());
                frame.put(&[0; 4]);
                frame.finished()
            }
        }
    }

    fn payload_bytes(kind: u8) -> Option<usize> {
        match kind {
            READING => Some(5),
            STATE => Some(64),
            DONE => Some(0),
            _ => None,
        }
    }

    fn decode(kind: u8, payload: &[u8]) -> Result<Self, WireProblem> {
        let mut fields = Fields(payload);
        match kind {
            READING => Ok(Self::Reading(fields.ping()?)),
            DONE => Ok(Self::Done),
            STATE => Ok(Self::State(WireState {
                stamp_ns: u64::from_le_bytes(fields.take()?),
                x_m: fields.f64("x_m")?,
                y_m: fields.f64("y_m")?,
                heading_rad: fields.f64("heading_rad")?,
                driven_m: fields.f64("driven_m")?,
                speed_mps: fields.f32("speed_mps", f32::MAX)?,
                steering_deg: fields.f32("steering_deg", f32::MAX)?,
                command: fields.command()?,
                touches: u32::from_le_bytes(fields.take()?),
            })),
            _ => Err(WireProblem::Kind { given: kind }),
        }
    }
}

/// What is left of a payload.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], WireProblem> {
        let Some((bytes, rest)) = self.0.split_first_chunk::<N>() else {
            return Err(WireProblem::Short { missing: N - self.0.len() });
        };
        self.0 = rest;
        Ok(*bytes)
    }

    fn f64(&mut self, field: &'static str) -> Result<f64, WireProblem> {
        let given = f64::from_le_bytes(self.take()?);
        if given.is_finite() { Ok(given) } else { Err(WireProblem::Value { field, given }) }
    }

    fn f32(&mut self, field: &'static str, max: f32) -> Result<f32, WireProblem> {
        let given = f32::from_le_bytes(self.take()?);
        // A comparison with no number is false, so this refuses it too.
        if given.abs() <= max {
            Ok(given)
        } else {
            Err(WireProblem::Value { field, given: f64::from(given) })
        }
    }

    fn command(&mut self) -> Result<MotorCommand, WireProblem> {
        Ok(MotorCommand {
            speed_percent: self.f32("speed_percent", 100.0)?,
            steering_deg: self.f32("steering_deg", STEERING_MAX_DEG)?,
        })
    }

    fn ping(&mut self) -> Result<Ping, WireProblem> {
        let [code] = self.take()?;
        let distance_m = self.f32("distance_m", f32::MAX)?;
        match code {
            0 => Ok(Ping::Echo { distance_m }),
            1 => Ok(Ping::Timeout),
            2 => Ok(Ping::NoEdge),
            _ => Err(WireProblem::Value { field: "code", given: f64::from(code) }),
        }
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
