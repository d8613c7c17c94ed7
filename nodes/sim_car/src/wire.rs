//! The wire between a robot and a world in a process of its own: little frames of fixed layout on a stream socket. What goes
//! towards the world is what the board of the car takes: transfers on its bus, levels of lines, a measurement.
//!
//! All numbers are little-endian, floats are IEEE 754. A frame is a header of 6 bytes and a payload whose length its
//! kind fixes:
//!
//! ```text
//! byte  0     1     2         3     4      5      6 …
//!       'N'   'C'   version   kind  length (u16)  payload
//!                   2
//! kind  towards the world   payload
//! 0x01  Write                5  transfer; answered by Done when the board has it
//! 0x02  Post                 5  transfer; not answered
//! 0x03  Read                 1  how many bytes u8, 1 to 4; answered by Bytes
//! 0x04  Line                 2  line u8 (0 left direction, 1 right direction, 2 reset), level u8 (0 low, 1 high);
//!                               answered by Done
//! 0x05  Echo                 0  one measurement; answered by a Reading after the time that the sound takes
//! 0x06  Watch                0  asks for a stream of States until the connection ends
//! kind  from the world
//! 0x81  Reading              9  code u8 (0 pulse, 1 timeout, 2 no edge), pulse_ns u64 (0 without a pulse)
//! 0x82  State              108  stamp_ns u64, then f64: x_m, y_m, heading_rad, speed_mps, steering_deg, pan_deg,
//!                               tilt_deg, battery_v, driven_m, left_percent, right_percent; then u32: touches,
//!                               falls, resets
//! 0x83  Done                 0
//! 0x84  Bytes                5  transfer
//!
//! transfer: how many bytes u8, 1 to 4, and 4 bytes, of which those after the first so many are 0
//! ```
//!
//! After garbage a stream cannot be trusted again: the decoder then answers nothing but its first error, and the
//! connection must be closed.

mod decoder;

use std::time::Duration;

use nevil_car::{Echo, Level, Line};

pub use decoder::{Decoder, WireProblem};

use crate::geometry::Pose;
use crate::simulation::State;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 6;

/// Bytes of the longest payload, that of a state.
const PAYLOAD_BYTES_MAX: usize = 108;

/// Bytes of the longest frame.
pub const FRAME_BYTES_MAX: usize = HEADER_BYTES + PAYLOAD_BYTES_MAX;

/// First bytes of each frame: "Nevil car", and the version of the layout.
const MAGIC: [u8; 3] = [b'N', b'C', 2];

const WRITE: u8 = 0x01;
const POST: u8 = 0x02;
const READ: u8 = 0x03;
const LINE: u8 = 0x04;
const ECHO: u8 = 0x05;
const WATCH: u8 = 0x06;
const READING: u8 = 0x81;
const STATE: u8 = 0x82;
const DONE: u8 = 0x83;
const BYTES: u8 = 0x84;

/// Most bytes of one transfer on the bus: the board takes three.
pub const TRANSFER_BYTES_MAX: usize = 4;

/// The bytes of one transfer on the bus, 1 to [`TRANSFER_BYTES_MAX`].
///
/// ```
/// use nevil_car::registers;
/// use nevil_node_sim_car::Transfer;
///
/// let stop = registers::write(registers::pulse(registers::LEFT_MOTOR), 0);
/// assert_eq!(Transfer::of(&stop).unwrap().as_bytes(), [0x2d, 0, 0]);
/// assert_eq!(Transfer::of(&[]), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    len: u8,
    bytes: [u8; TRANSFER_BYTES_MAX],
}

impl Transfer {
    /// A transfer of `bytes`; `None` if they are too few or too many.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let mut transfer = Self { len: bytes.len() as u8, bytes: [0; TRANSFER_BYTES_MAX] };
        if bytes.is_empty() {
            return None;
        }
        transfer.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(transfer)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// What a robot says to its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToWorld {
    /// Write this to the board, and send a [`FromWorld::Done`].
    Write(Transfer),
    /// Write this to the board, and say nothing: for who stops the motors and does not wait.
    Post(Transfer),
    /// Read so many bytes from the board, 1 to [`TRANSFER_BYTES_MAX`], and send [`FromWorld::Bytes`].
    Read(u8),
    /// Set this line, and send a [`FromWorld::Done`].
    Line(Line, Level),
    /// Measure the distance ahead once and send a [`FromWorld::Reading`].
    Echo,
    /// Send [`FromWorld::State`] again and again on this connection.
    Watch,
}

/// What a world says to a robot or to one who watches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FromWorld {
    /// The answer to a [`ToWorld::Echo`].
    Reading(Echo),
    /// Where the car is.
    State(WireState),
    /// The board has what was written, the line its level: who stops the motors now stops them after it.
    Done,
    /// The answer to a [`ToWorld::Read`].
    Bytes(Transfer),
}

/// The state of the car at one moment of the world's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WireState {
    /// The world's CLOCK_MONOTONIC at that moment, in nanoseconds.
    pub stamp_ns: u64,
    /// Where the car is and what it does.
    pub state: State,
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

    fn of_transfer(kind: u8, transfer: Transfer) -> Self {
        let mut frame = Self::new(kind);
        frame.put(&[transfer.len]);
        frame.put(&transfer.bytes);
        frame.finished()
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn finished(mut self) -> Self {
        // The longest payload has 108 bytes, so the high byte of the length is always 0.
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
        let (kind, [first, second]) = match *self {
            Self::Write(transfer) => return Frame::of_transfer(WRITE, transfer),
            Self::Post(transfer) => return Frame::of_transfer(POST, transfer),
            Self::Read(bytes) => (READ, [bytes, 0]),
            Self::Line(line, level) => (LINE, [line_code(line), u8::from(level == Level::High)]),
            Self::Echo => (ECHO, [0, 0]),
            Self::Watch => (WATCH, [0, 0]),
        };
        let mut frame = Frame::new(kind);
        frame.put(&[first, second][..Self::payload_bytes(kind).unwrap_or(0)]);
        frame.finished()
    }

    fn payload_bytes(kind: u8) -> Option<usize> {
        match kind {
            WRITE | POST => Some(1 + TRANSFER_BYTES_MAX),
            READ => Some(1),
            LINE => Some(2),
            ECHO | WATCH => Some(0),
            _ => None,
        }
    }

    fn decode(kind: u8, payload: &[u8]) -> Result<Self, WireProblem> {
        let mut fields = Fields(payload);
        match kind {
            WRITE => Ok(Self::Write(fields.transfer()?)),
            POST => Ok(Self::Post(fields.transfer()?)),
            READ => Ok(Self::Read(fields.length()?)),
            LINE => Ok(Self::Line(fields.line()?, fields.level()?)),
            ECHO => Ok(Self::Echo),
            WATCH => Ok(Self::Watch),
            _ => Err(WireProblem::Kind { given: kind }),
        }
    }
}

impl WireMessage for FromWorld {
    fn encode(&self) -> Frame {
        match *self {
            Self::Reading(echo) => {
                let (code, pulse_ns) = match echo {
                    // A pulse is never longer than some 20 ms.
                    Echo::Pulse(pulse) => (0, pulse.as_nanos() as u64),
                    Echo::Timeout => (1, 0),
                    Echo::NoEdge => (2, 0),
                };
                let mut frame = Frame::new(READING);
                frame.put(&[code]);
                frame.put(&pulse_ns.to_le_bytes());
                frame.finished()
            }
            Self::Done => Frame::new(DONE).finished(),
            Self::Bytes(transfer) => Frame::of_transfer(BYTES, transfer),
            Self::State(WireState { stamp_ns, state }) => {
                let mut frame = Frame::new(STATE);
                frame.put(&stamp_ns.to_le_bytes());
                let Pose { x_m, y_m, heading_rad } = state.pose;
                let State { speed_mps, steering_deg, pan_deg, tilt_deg, battery_v, driven_m, .. } = state;
                let State { left_percent, right_percent, touches, falls, resets, .. } = state;
                let numbers = [x_m, y_m, heading_rad, speed_mps, steering_deg, pan_deg, tilt_deg];
                numbers.iter().for_each(|number| frame.put(&number.to_le_bytes()));
                let numbers = [battery_v, driven_m, left_percent, right_percent];
                numbers.iter().for_each(|number| frame.put(&number.to_le_bytes()));
                [touches, falls, resets].iter().for_each(|count| frame.put(&count.to_le_bytes()));
                frame.finished()
            }
        }
    }

    fn payload_bytes(kind: u8) -> Option<usize> {
        match kind {
            READING => Some(9),
            STATE => Some(PAYLOAD_BYTES_MAX),
            DONE => Some(0),
            BYTES => Some(1 + TRANSFER_BYTES_MAX),
            _ => None,
        }
    }

    fn decode(kind: u8, payload: &[u8]) -> Result<Self, WireProblem> {
        let mut fields = Fields(payload);
        match kind {
            READING => Ok(Self::Reading(fields.echo()?)),
            DONE => Ok(Self::Done),
            BYTES => Ok(Self::Bytes(fields.transfer()?)),
            STATE => Ok(Self::State(WireState {
                stamp_ns: u64::from_le_bytes(fields.take()?),
                state: State {
                    pose: Pose {
                        x_m: fields.number("x_m")?,
                        y_m: fields.number("y_m")?,
                        heading_rad: fields.number("heading_rad")?,
                    },
                    speed_mps: fields.number("speed_mps")?,
                    steering_deg: fields.number("steering_deg")?,
                    pan_deg: fields.number("pan_deg")?,
                    tilt_deg: fields.number("tilt_deg")?,
                    battery_v: fields.number("battery_v")?,
                    driven_m: fields.number("driven_m")?,
                    left_percent: fields.number("left_percent")?,
                    right_percent: fields.number("right_percent")?,
                    touches: u32::from_le_bytes(fields.take()?),
                    falls: u32::from_le_bytes(fields.take()?),
                    resets: u32::from_le_bytes(fields.take()?),
                },
            })),
            _ => Err(WireProblem::Kind { given: kind }),
        }
    }
}

const fn line_code(line: Line) -> u8 {
    match line {
        Line::LeftDirection => 0,
        Line::RightDirection => 1,
        Line::Reset => 2,
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

    fn number(&mut self, field: &'static str) -> Result<f64, WireProblem> {
        let given = f64::from_le_bytes(self.take()?);
        if given.is_finite() { Ok(given) } else { Err(WireProblem::Value { field, given }) }
    }

    fn length(&mut self) -> Result<u8, WireProblem> {
        let [given] = self.take()?;
        if (1..=TRANSFER_BYTES_MAX).contains(&usize::from(given)) {
            Ok(given)
        } else {
            Err(WireProblem::Value { field: "bytes", given: f64::from(given) })
        }
    }

    fn transfer(&mut self) -> Result<Transfer, WireProblem> {
        let len = self.length()?;
        let bytes: [u8; TRANSFER_BYTES_MAX] = self.take()?;
        match bytes[usize::from(len)..].iter().find(|byte| **byte != 0) {
            None => Ok(Transfer { len, bytes }),
            Some(&given) => Err(WireProblem::Value { field: "byte after the last", given: f64::from(given) }),
        }
    }

    fn line(&mut self) -> Result<Line, WireProblem> {
        let [given] = self.take()?;
        let lines = [Line::LeftDirection, Line::RightDirection, Line::Reset];
        let wrong = WireProblem::Value { field: "line", given: f64::from(given) };
        lines.into_iter().find(|&line| line_code(line) == given).ok_or(wrong)
    }

    fn level(&mut self) -> Result<Level, WireProblem> {
        match self.take()? {
            [0] => Ok(Level::Low),
            [1] => Ok(Level::High),
            [given] => Err(WireProblem::Value { field: "level", given: f64::from(given) }),
        }
    }

    fn echo(&mut self) -> Result<Echo, WireProblem> {
        let [code] = self.take()?;
        let pulse = Duration::from_nanos(u64::from_le_bytes(self.take()?));
        match code {
            0 => Ok(Echo::Pulse(pulse)),
            1 => Ok(Echo::Timeout),
            2 => Ok(Echo::NoEdge),
            _ => Err(WireProblem::Value { field: "code", given: f64::from(code) }),
        }
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
