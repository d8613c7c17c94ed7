//! What the driver needs of a board, real or simulated.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nevil_runtime::{DeviceResult, MakeSafe, SafeSequence, Unblock};

use crate::registers;

/// Lines of the Raspberry Pi that the board uses besides the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// Direction of the left motor, D4.
    LeftDirection,
    /// Direction of the right motor, D5.
    RightDirection,
    /// Reset of the microcontroller: low resets it.
    Reset,
}

impl Line {
    /// Its number on the Raspberry Pi (BCM).
    #[must_use]
    pub const fn gpio(self) -> u32 {
        match self {
            Self::LeftDirection => 23,
            Self::RightDirection => 24,
            Self::Reset => 5,
        }
    }
}

/// Level of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// 0 V.
    Low,
    /// 3.3 V.
    High,
}

/// Trigger of the ultrasonic sensor, D2.
pub const TRIGGER_GPIO: u32 = 27;
/// Echo of the ultrasonic sensor, D3.
pub const ECHO_GPIO: u32 = 22;
/// The light on the board.
pub const LED_GPIO: u32 = 26;

/// After so long the driver waits for an echo no more.
pub const ECHO_TIMEOUT: Duration = Duration::from_millis(20);

/// Speed of sound, in metres per second, as the real driver takes it.
pub const SOUND_MPS: f64 = 343.3;

/// How a measurement of the ultrasonic sensor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// The echo line was high for so long: the time of the sound there and back.
    Pulse(Duration),
    /// It has not gone low within [`ECHO_TIMEOUT`]. The predecessor's driver says −1.
    Timeout,
    /// It has not gone high at all. The predecessor's driver says −2.
    NoEdge,
}

impl Echo {
    /// The distance that a pulse means, in metres.
    #[must_use]
    pub fn distance_m(self) -> Option<f64> {
        match self {
            Self::Pulse(pulse) => Some(pulse.as_secs_f64() * SOUND_MPS / 2.0),
            Self::Timeout | Self::NoEdge => None,
        }
    }
}

/// One way to a board. Its calls may block for as long as the bus takes.
pub trait Board: Send + 'static {
    /// Writes `bytes` to the microcontroller, in one transfer.
    ///
    /// # Errors
    ///
    /// What the bus reports: nobody answers, or the transfer broke off.
    fn write(&mut self, bytes: &[u8]) -> DeviceResult<()>;

    /// Reads as many bytes as `bytes` has from the microcontroller, in one transfer.
    ///
    /// # Errors
    ///
    /// As for [`Self::write`].
    fn read(&mut self, bytes: &mut [u8]) -> DeviceResult<()>;

    /// Sets an output line.
    ///
    /// # Errors
    ///
    /// What the operating system reports.
    fn set(&mut self, line: Line, level: Level) -> DeviceResult<()>;

    /// Measures with the ultrasonic sensor, once. Blocks while the sound travels, at most some 40 ms.
    ///
    /// # Errors
    ///
    /// What the operating system reports. That no echo came is no error.
    fn echo(&mut self) -> DeviceResult<Measured>;

    /// Lets `time` pass. Only while a board is set up: nothing else waits in it. A simulated board need not.
    fn pause(&mut self, time: Duration);

    /// How often a write of this process to the microcontroller has begun or ended, on all ways to it: a reading of the converter
    /// between whose steps it has changed is taken again. [`Writes`](crate::Writes) counts them.
    fn writes(&self) -> u64;

    /// What makes a call on this way that blocks return early; not needed where no call blocks for longer than a measurement.
    fn unblock(&self) -> Option<Unblock> {
        None
    }
}

/// Stops both motors: no pulses. Nothing else is written, whatever they did before: not the pulses of half power with which
/// the predecessor began a stop, which moved a car that stood.
///
/// # Errors
///
/// What the bus reports, after both were tried.
pub fn stop_motors(board: &mut impl Board) -> DeviceResult<()> {
    let both = STOP_WRITES.map(|bytes| board.write(&bytes));
    both.into_iter().collect()
}

/// The two writes that stop the motors.
pub const STOP_WRITES: [[u8; 3]; 2] = [
    registers::write(registers::pulse(registers::LEFT_MOTOR), 0),
    registers::write(registers::pulse(registers::RIGHT_MOTOR), 0),
];

/// A measurement, and how much of its time has not passed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// How it ended.
    pub echo: Echo,
    /// For how long it is to be held back: zero, except in virtual time, in which no call takes time by itself.
    pub due_in: Duration,
}

/// A board that can be reached on several ways, none of which waits for another.
pub trait Hat: Send + 'static {
    /// A way to it.
    type Board: Board;

    /// Opens one more way.
    ///
    /// # Errors
    ///
    /// What the operating system reports.
    fn connect(&mut self) -> DeviceResult<Self::Board>;

    /// What the guard process writes to stop the motors, and where to; `None` where a process that has died cannot leave
    /// anything moving.
    ///
    /// # Errors
    ///
    /// What the operating system reports.
    fn guard(&mut self) -> DeviceResult<Option<SafeSequence>>;

    /// Whether the microcontroller is still to be reset: `true` until [`Line::Reset`] was low once in the life of a robot's
    /// process. A second reset mixes up the servos.
    fn needs_reset(&mut self) -> bool;

    /// What stops the motors from any thread, at any time, on a way of its own.
    ///
    /// # Errors
    ///
    /// As for [`Self::connect`].
    fn stopper(&mut self) -> DeviceResult<MakeSafe> {
        // Locked by those who stop alone: no command goes this way.
        let board = Mutex::new(self.connect()?);
        Ok(Arc::new(move || stop_motors(&mut *board.lock().unwrap_or_else(PoisonError::into_inner))))
    }
}
