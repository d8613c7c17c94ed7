//! The driver: sets the board up, and turns commands into writes.

use std::sync::Arc;
use std::time::Duration;

use nevil_runtime::prelude::*;

use crate::board::{Board, Hat, Level, Line, stop_motors};
use crate::calibration::Calibration;
use crate::law::{MotorCommand, WheelSpeeds, duty_percent};
use crate::registers;
use crate::shape::{PAN_MAX_DEG, TILT_MAX_DEG, TILT_MIN_DEG};

/// How long the reset line is low, and then high, before it is of use.
const RESET_PULSE: Duration = Duration::from_millis(10);

/// How long the microcontroller takes to start.
const RESET_WAIT: Duration = Duration::from_millis(500);

/// Time between the first moves of two servos: together they draw more current than a weak battery gives.
const SERVO_GAP: Duration = Duration::from_millis(100);

/// How often a transfer that failed is tried in all.
pub(crate) const TRIES: u32 = 5;

/// Tries `transfer` again a few times: a board whose battery sags misses one now and then.
pub(crate) fn tried<R>(mut transfer: impl FnMut() -> DeviceResult<R>) -> DeviceResult<R> {
    for _ in 1..TRIES {
        if let Ok(done) = transfer() {
            return Ok(done);
        }
    }
    transfer()
}

/// Sets the board up: reset once in the life of the process, timers, servos straight ahead one after the other, motors off.
///
/// # Errors
///
/// What the bus or the operating system reports.
pub fn set_up<H: Hat>(hat: &mut H, calibration: &Calibration) -> DeviceResult<()> {
    let mut board = hat.connect()?;
    let first = hat.needs_reset();
    if first {
        board.set(Line::Reset, Level::Low)?;
        board.pause(RESET_PULSE);
        board.set(Line::Reset, Level::High)?;
        board.pause(RESET_PULSE + RESET_WAIT);
    }
    let timers = [
        (registers::timer(registers::STEERING), registers::SERVO_PRESCALER),
        (registers::timer(registers::LEFT_MOTOR), registers::MOTOR_PRESCALER),
    ];
    for (timer, prescaler) in timers {
        write(&mut board, registers::prescaler(timer), prescaler - 1)?;
        write(&mut board, registers::period(timer), registers::PERIOD)?;
    }
    tried(|| stop_motors(&mut board))?;
    let servos = [
        (registers::PAN, calibration.pan_deg),
        (registers::TILT, calibration.tilt_deg),
        (registers::STEERING, calibration.steering_deg),
    ];
    for (channel, angle_deg) in servos {
        write(&mut board, registers::pulse(channel), registers::servo_ticks(angle_deg))?;
        if first {
            board.pause(SERVO_GAP);
        }
    }
    Ok(())
}

fn write(board: &mut impl Board, register: u8, value: u16) -> DeviceResult<()> {
    tried(|| board.write(&registers::write(register, value)))
}

/// Motors and steering, as an actuator drives them.
#[derive(Debug)]
pub struct Wheels<B> {
    board: B,
    calibration: Arc<Calibration>,
    /// Levels of the left and the right direction line, once set.
    directions: [Option<Level>; 2],
    /// Pulse of the steering servo, once written: nobody else writes it.
    steering: Option<u16>,
}

impl<B: Board> Wheels<B> {
    /// The wheels of the car behind `board`.
    #[must_use]
    pub fn new(board: B, calibration: Arc<Calibration>) -> Self {
        Self { board, calibration, directions: [None; 2], steering: None }
    }

    fn steer(&mut self, left_deg: f32) -> DeviceResult<()> {
        // The servo counts to the right.
        let ticks = registers::servo_ticks(self.calibration.steering_deg - left_deg);
        if self.steering != Some(ticks) {
            write(&mut self.board, registers::pulse(registers::STEERING), ticks)?;
            self.steering = Some(ticks);
        }
        Ok(())
    }

    /// One motor at `percent` of full speed. Its pulse is written each time, because who stops it does so on another way.
    fn turn(&mut self, motor: Motor, percent: f32) -> DeviceResult<()> {
        let Motor { index, channel, line, is_mirrored, trim_percent } = motor;
        if percent != 0.0 {
            let backward = (percent < 0.0) != (is_mirrored != self.calibration.turned_round()[index]);
            let level = if backward { Level::High } else { Level::Low };
            if self.directions[index] != Some(level) {
                tried(|| self.board.set(line, level))?;
                self.directions[index] = Some(level);
            }
        }
        let duty = duty_percent(percent).saturating_sub(trim_percent);
        write(&mut self.board, registers::pulse(channel), registers::motor_ticks(duty))
    }
}

struct Motor {
    index: usize,
    channel: u8,
    line: Line,
    is_mirrored: bool,
    trim_percent: u8,
}

impl<B: Board> Actuate for Wheels<B> {
    type Command = MotorCommand;

    /// Steers, and then turns the motors; a stop is not made to wait for the steering.
    fn apply(&mut self, command: &MotorCommand) -> DeviceResult<()> {
        let speeds = command.wheels();
        let steering_deg = command.limited().steering_deg;
        if speeds.left_percent == 0.0 && speeds.right_percent == 0.0 {
            let stopped = self.run(speeds);
            return self.steer(steering_deg).and(stopped);
        }
        self.steer(steering_deg)?;
        self.run(speeds)
    }
}

impl<B: Board> Wheels<B> {
    /// Both motors, the second one also where the first cannot be written.
    fn run(&mut self, speeds: WheelSpeeds) -> DeviceResult<()> {
        let left = Motor {
            index: 0,
            channel: registers::LEFT_MOTOR,
            line: Line::LeftDirection,
            is_mirrored: false,
            trim_percent: self.calibration.left_trim_percent,
        };
        let right = Motor {
            index: 1,
            channel: registers::RIGHT_MOTOR,
            line: Line::RightDirection,
            is_mirrored: true,
            trim_percent: self.calibration.right_trim_percent,
        };
        let left = self.turn(left, speeds.left_percent);
        self.turn(right, speeds.right_percent).and(left)
    }
}

/// Where the camera looks, in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gaze {
    /// To the side, −90 to 90; positive is left.
    pub pan_deg: f32,
    /// Upwards, −35 to 65.
    pub tilt_deg: f32,
}

impl Gaze {
    /// The gaze within the limits of the servos. Beyond a limit the limit counts; what is no number is 0.
    #[must_use]
    pub fn limited(self) -> Self {
        let limit = |value: f32, min: f32, max: f32| if value.is_nan() { 0.0 } else { value.clamp(min, max) };
        Self {
            pan_deg: limit(self.pan_deg, -PAN_MAX_DEG, PAN_MAX_DEG),
            tilt_deg: limit(self.tilt_deg, TILT_MIN_DEG, TILT_MAX_DEG),
        }
    }
}

/// The two servos of the camera, as an actuator moves them.
#[derive(Debug)]
pub struct Head<B> {
    board: B,
    calibration: Arc<Calibration>,
    written: [Option<u16>; 2],
}

impl<B: Board> Head<B> {
    /// The head of the car behind `board`.
    #[must_use]
    pub fn new(board: B, calibration: Arc<Calibration>) -> Self {
        Self { board, calibration, written: [None; 2] }
    }
}

impl<B: Board> Actuate for Head<B> {
    type Command = Gaze;

    fn apply(&mut self, command: &Gaze) -> DeviceResult<()> {
        let Gaze { pan_deg, tilt_deg } = command.limited();
        let servos = [
            (registers::PAN, self.calibration.pan_deg - pan_deg),
            (registers::TILT, self.calibration.tilt_deg - tilt_deg),
        ];
        for ((channel, angle_deg), written) in servos.into_iter().zip(&mut self.written) {
            let ticks = registers::servo_ticks(angle_deg);
            if *written != Some(ticks) {
                write(&mut self.board, registers::pulse(channel), ticks)?;
                *written = Some(ticks);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "drive_tests.rs"]
mod tests;
