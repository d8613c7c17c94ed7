//! A board in memory: takes what the real one takes, register by register, and tells what its outputs would do.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nevil_runtime::{DeviceResult, SafeSequence};

use crate::board::{Board, Echo, Hat, Level, Line, Measured, STOP_WRITES};
use crate::registers;
use crate::writes::Writes;

/// One of the two motors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The left one.
    Left,
    /// The right one. It is mounted mirrored: forward is its line high.
    Right,
}

/// Something that was done to the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traced {
    /// A register was written: its number and the value.
    Write(u8, u16),
    /// A byte was read.
    Read,
    /// A line was set.
    Set(Line, Level),
    /// Time was let pass.
    Pause(Duration),
    /// The distance ahead was measured.
    Echo,
}

impl fmt::Display for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(register, value) => {
                write!(f, "write {register:#04x} {value:>5}  {}", registers::name(*register))
            }
            Self::Read => write!(f, "read"),
            Self::Set(line, level) => write!(f, "set {line:?} {level:?}"),
            Self::Pause(time) => write!(f, "pause {time:?}"),
            Self::Echo => write!(f, "echo"),
        }
    }
}

/// What the microcontroller does not understand. The real one says nothing then; a driver that does this is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FakeProblem {
    /// A write that is not three bytes long.
    #[error("a write has {given} bytes, the board understands 3")]
    Length {
        /// How many it had.
        given: usize,
    },
    /// A register that there is not.
    #[error("the board has no register {given:#04x}")]
    Register {
        /// Its number.
        given: u8,
    },
    /// A read of the converter without a write that says of which input, or after another write.
    #[error("{wanted} bytes are read, but no input of the converter was asked for just before")]
    Unasked {
        /// How many were to be read.
        wanted: usize,
    },
}

/// The board at the level of its registers. It has no clock, no thread and no noise.
///
/// ```
/// use nevil_car::{FakeHat, Level, Line, Side, registers};
///
/// let mut hat = FakeHat::new();
/// hat.write(&registers::write(registers::period(3), registers::PERIOD)).unwrap();
/// hat.write(&registers::write(registers::pulse(registers::RIGHT_MOTOR), 2661)).unwrap();
/// hat.set(Line::RightDirection, Level::High);
/// assert!((hat.motor(Side::Right) - 0.65).abs() < 0.001);
/// ```
#[derive(Clone, Debug)]
pub struct FakeHat {
    registers: [Option<u16>; 0x60],
    lines: [Level; 3],
    inputs: [u16; 8],
    /// Bytes of the converter that the next reads give.
    asked: Vec<u8>,
    resets: u32,
    trace: Option<Vec<Traced>>,
}

impl Default for FakeHat {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeHat {
    /// A board that has just been switched on.
    #[must_use]
    pub fn new() -> Self {
        let lines = [Level::Low, Level::Low, Level::High];
        let asked = Vec::with_capacity(2);
        Self { registers: [None; 0x60], lines, inputs: [0; 8], asked, resets: 0, trace: None }
    }

    /// The same, which writes down all that is done to it.
    #[must_use]
    pub fn traced() -> Self {
        Self { trace: Some(Vec::new()), ..Self::new() }
    }

    /// What was done to it since it was last asked; empty if it does not write that down.
    pub fn take_trace(&mut self) -> Vec<Traced> {
        self.trace.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Takes the bytes of one write.
    ///
    /// # Errors
    ///
    /// [`FakeProblem`] for what the real board would not understand.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FakeProblem> {
        let &[register, high, low] = bytes else { return Err(FakeProblem::Length { given: bytes.len() }) };
        let value = u16::from_be_bytes([high, low]);
        self.asked.clear();
        match register {
            0x10..=0x17 => {
                let input = 7 - (register & 0x0f);
                self.asked.extend(self.inputs[usize::from(input)].to_le_bytes());
            }
            0x20..=0x33 | 0x40..=0x47 | 0x50..=0x52 | 0x54..=0x56 => {
                self.registers[usize::from(register)] = Some(value);
            }
            _ => return Err(FakeProblem::Register { given: register }),
        }
        self.note(Traced::Write(register, value));
        Ok(())
    }

    /// Gives the next bytes of the input of the converter that was asked for, the high one first.
    ///
    /// # Errors
    ///
    /// [`FakeProblem::Unasked`].
    pub fn read(&mut self, bytes: &mut [u8]) -> Result<(), FakeProblem> {
        let wanted = bytes.len();
        for byte in bytes {
            *byte = self.asked.pop().ok_or(FakeProblem::Unasked { wanted })?;
            self.note(Traced::Read);
        }
        Ok(())
    }

    /// Sets a line. A reset ends all pulses; the second one mixes up the servos, as on the real board.
    pub fn set(&mut self, line: Line, level: Level) {
        let place = Self::place(line);
        if line == Line::Reset && level == Level::Low && self.lines[place] == Level::High {
            self.registers = [None; 0x60];
            self.asked.clear();
            self.resets += 1;
        }
        self.lines[place] = level;
        self.note(Traced::Set(line, level));
    }

    /// Says what the input A`input` of the converter, 0 to 7, measures from now on: 0 to 4095.
    pub fn set_input(&mut self, input: u8, counts: u16) {
        self.inputs[usize::from(input)] = counts.min(registers::ADC_MAX);
    }

    /// The angle that the servo on `channel` is told, in degrees, −90 to 90; `None` if it is told nothing.
    #[must_use]
    pub fn servo_deg(&self, channel: u8) -> Option<f64> {
        let channel = if self.resets > 1 { (channel + 1) % 3 } else { channel };
        let timer = registers::timer(channel);
        let prescaler = f64::from(self.value(registers::prescaler(timer))?) + 1.0;
        let ticks = f64::from(self.value(registers::pulse(channel))?);
        self.value(registers::period(timer))?;
        let pulse_us = ticks * prescaler / registers::CLOCK_HZ * 1e6;
        // Without a pulse it is told nothing.
        (pulse_us > 0.0).then(|| ((pulse_us - 500.0) / 2000.0 * 180.0 - 90.0).clamp(-90.0, 90.0))
    }

    /// The duty of a motor, −1 to 1; positive is forward.
    #[must_use]
    pub fn motor(&self, side: Side) -> f64 {
        let (channel, line, forward) = match side {
            Side::Left => (registers::LEFT_MOTOR, Line::LeftDirection, Level::Low),
            Side::Right => (registers::RIGHT_MOTOR, Line::RightDirection, Level::High),
        };
        let period = self.value(registers::period(registers::timer(channel))).filter(|ticks| *ticks > 0);
        let (Some(ticks), Some(period)) = (self.value(registers::pulse(channel)), period) else { return 0.0 };
        let duty = (f64::from(ticks) / f64::from(period)).min(1.0);
        if self.lines[Self::place(line)] == forward { duty } else { -duty }
    }

    /// How often it was reset.
    #[must_use]
    pub const fn resets(&self) -> u32 {
        self.resets
    }

    fn value(&self, register: u8) -> Option<u16> {
        self.registers[usize::from(register)]
    }

    const fn place(line: Line) -> usize {
        match line {
            Line::LeftDirection => 0,
            Line::RightDirection => 1,
            Line::Reset => 2,
        }
    }

    fn note(&mut self, what: Traced) {
        if let Some(trace) = &mut self.trace {
            trace.push(what);
        }
    }
}

/// Ways to one board in memory, for tests and for a launch without a car: nothing moves, and no echo comes.
#[derive(Clone, Debug, Default)]
pub struct FakeBoard(Arc<Shared>);

#[derive(Default)]
struct Shared {
    hat: Mutex<FakeHat>,
    echo: Mutex<Option<Echo>>,
    writes: Writes,
    /// Where the trace is written to.
    log: Mutex<Option<Box<dyn Write + Send>>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("hat", &self.hat).finish_non_exhaustive()
    }
}

impl FakeBoard {
    /// Ways to `hat`.
    #[must_use]
    pub fn new(hat: FakeHat) -> Self {
        Self(Arc::new(Shared { hat: Mutex::new(hat), ..Shared::default() }))
    }

    /// Ways to a new board, each access to which is a line in `log`.
    #[must_use]
    pub fn logged(log: Box<dyn Write + Send>) -> Self {
        let hat = Mutex::new(FakeHat::traced());
        Self(Arc::new(Shared { hat, log: Mutex::new(Some(log)), ..Shared::default() }))
    }

    /// Looks at the board or changes it.
    pub fn with<R>(&self, operation: impl FnOnce(&mut FakeHat) -> R) -> R {
        let mut hat = self.0.hat.lock().unwrap_or_else(PoisonError::into_inner);
        let result = operation(&mut hat);
        let mut log = self.0.log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &mut *log
            && let Err(error) = hat.take_trace().iter().try_for_each(|what| writeln!(file, "{what}"))
        {
            // It must not change what the car does.
            tracing::warn!("the trace of the board cannot be written, and ends here: {error}");
            (*log, hat.trace) = (None, None);
        }
        result
    }

    /// Says what the ultrasonic sensor measures from now on; a time-out, until something is said.
    pub fn set_echo(&self, echo: Echo) {
        *self.0.echo.lock().unwrap_or_else(PoisonError::into_inner) = Some(echo);
    }
}

impl Board for FakeBoard {
    fn write(&mut self, bytes: &[u8]) -> DeviceResult<()> {
        Ok(self.0.writes.count(|| self.with(|hat| hat.write(bytes)))?)
    }

    fn read(&mut self, bytes: &mut [u8]) -> DeviceResult<()> {
        Ok(self.with(|hat| hat.read(bytes))?)
    }

    fn set(&mut self, line: Line, level: Level) -> DeviceResult<()> {
        self.with(|hat| hat.set(line, level));
        Ok(())
    }

    fn echo(&mut self) -> DeviceResult<Measured> {
        self.with(|hat| hat.note(Traced::Echo));
        let echo = self.0.echo.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(Echo::Timeout);
        Ok(Measured { echo, due_in: Duration::ZERO })
    }

    fn pause(&mut self, time: Duration) {
        self.with(|hat| hat.note(Traced::Pause(time)));
    }

    fn writes(&self) -> u64 {
        self.0.writes.changes()
    }
}

impl Hat for FakeBoard {
    type Board = Self;

    fn connect(&mut self) -> DeviceResult<Self> {
        Ok(self.clone())
    }

    /// To nowhere: a board in memory ends with the process, and nothing hangs on it that could move on.
    fn guard(&mut self) -> DeviceResult<Option<SafeSequence>> {
        let handle = OpenOptions::new().write(true).open("/dev/null")?.into();
        Ok(Some(SafeSequence { handle, writes: STOP_WRITES.iter().map(|bytes| bytes.to_vec()).collect() }))
    }

    fn needs_reset(&mut self) -> bool {
        self.with(|hat| hat.resets() == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_converter_gives_the_high_byte_and_then_the_low_one_of_what_was_asked_for_just_before() {
        let mut hat = FakeHat::new();
        hat.set_input(registers::BATTERY, 0x0abc);
        let mut byte = [0];
        hat.write(&[registers::converter(registers::BATTERY), 0, 0]).unwrap();
        hat.read(&mut byte).unwrap();
        assert_eq!(byte, [0x0a]);
        hat.read(&mut byte).unwrap();
        assert_eq!(byte, [0xbc]);
        assert_eq!(hat.read(&mut byte), Err(FakeProblem::Unasked { wanted: 1 }));
        hat.write(&[registers::converter(registers::BATTERY), 0, 0]).unwrap();
        hat.write(&registers::write(registers::pulse(0), 1)).unwrap();
        assert_eq!(hat.read(&mut byte), Err(FakeProblem::Unasked { wanted: 1 }), "a write came between");
    }

    #[test]
    fn what_the_real_board_would_not_understand_is_refused() {
        let mut hat = FakeHat::new();
        assert_eq!(hat.write(&[0x20, 1]), Err(FakeProblem::Length { given: 2 }));
        assert_eq!(hat.write(&[0x34, 0, 0]).unwrap_err().to_string(), "the board has no register 0x34");
    }

    #[test]
    fn the_right_motor_is_mirrored() {
        let mut hat = FakeHat::new();
        for channel in [registers::LEFT_MOTOR, registers::RIGHT_MOTOR] {
            hat.write(&registers::write(registers::period(3), registers::PERIOD)).unwrap();
            hat.write(&registers::write(registers::pulse(channel), registers::PERIOD)).unwrap();
        }
        assert_eq!((hat.motor(Side::Left), hat.motor(Side::Right)), (1.0, -1.0));
        hat.set(Line::LeftDirection, Level::High);
        hat.set(Line::RightDirection, Level::High);
        assert_eq!((hat.motor(Side::Left), hat.motor(Side::Right)), (-1.0, 1.0));
    }

    #[test]
    fn a_servo_without_its_timer_or_its_pulse_is_told_nothing_and_a_second_reset_mixes_them_up() {
        let mut hat = FakeHat::new();
        hat.write(&registers::write(registers::pulse(registers::STEERING), 307)).unwrap();
        assert_eq!(hat.servo_deg(registers::STEERING), None);
        let set_up = |hat: &mut FakeHat| {
            hat.write(&registers::write(registers::prescaler(0), registers::SERVO_PRESCALER - 1)).unwrap();
            hat.write(&registers::write(registers::period(0), registers::PERIOD)).unwrap();
            hat.write(&registers::write(registers::pulse(registers::STEERING), 511)).unwrap();
        };
        set_up(&mut hat);
        assert!((hat.servo_deg(registers::STEERING).unwrap() - 90.0).abs() < 0.5);
        for _ in 0..2 {
            hat.set(Line::Reset, Level::Low);
            hat.set(Line::Reset, Level::High);
            assert_eq!(hat.motor(Side::Left), 0.0);
        }
        set_up(&mut hat);
        assert_eq!(hat.servo_deg(registers::STEERING), None);
        assert!(hat.servo_deg(registers::TILT).is_some(), "what steered now tilts");
    }
}
