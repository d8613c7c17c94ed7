use super::*;
use crate::board::Measured;
use crate::fake::FakeBoard;

/// A board that takes nothing for one register, and notes who was asked.
struct Deaf {
    board: FakeBoard,
    to: u8,
    asked: Vec<u8>,
}

impl Board for Deaf {
    fn write(&mut self, bytes: &[u8]) -> DeviceResult<()> {
        self.asked.push(bytes[0]);
        if bytes[0] == self.to { Err("nobody answers".into()) } else { self.board.write(bytes) }
    }

    fn read(&mut self, bytes: &mut [u8]) -> DeviceResult<()> {
        self.board.read(bytes)
    }

    fn set(&mut self, line: Line, level: Level) -> DeviceResult<()> {
        self.board.set(line, level)
    }

    fn echo(&mut self) -> DeviceResult<Measured> {
        self.board.echo()
    }

    fn pause(&mut self, _: Duration) {}

    fn writes(&self) -> u64 {
        self.board.writes()
    }
}

/// Wheels that run in a curve, on a board that takes nothing for `channel` any more.
fn wheels_without(channel: u8) -> Wheels<Deaf> {
    let board = Deaf { board: FakeBoard::default(), to: u8::MAX, asked: Vec::new() };
    let mut wheels = Wheels::new(board, Arc::new(Calibration::none()));
    wheels.apply(&MotorCommand::of(0.21, 0.3)).unwrap();
    (wheels.board.to, wheels.board.asked) = (registers::pulse(channel), Vec::new());
    wheels
}

#[test]
fn a_stop_comes_before_the_steering_and_does_not_wait_for_it() {
    let mut wheels = wheels_without(registers::STEERING);
    assert!(wheels.apply(&MotorCommand::of(0.0, 0.0)).is_err());
    let pulse = registers::pulse;
    let motors = [pulse(registers::LEFT_MOTOR), pulse(registers::RIGHT_MOTOR)];
    assert_eq!(wheels.board.asked[..2], motors);
    assert_eq!(wheels.board.asked[2..], [pulse(registers::STEERING); TRIES as usize]);
}

#[test]
fn a_motor_is_stopped_also_where_the_other_one_does_not_listen() {
    let mut wheels = wheels_without(registers::LEFT_MOTOR);
    assert!(wheels.apply(&MotorCommand::of(0.0, 0.0)).is_err());
    assert!(wheels.board.asked.contains(&registers::pulse(registers::RIGHT_MOTOR)));
}

#[test]
fn a_gaze_stays_within_the_limits_of_the_servos_and_is_never_no_number() {
    let limited = |pan_deg, tilt_deg| Gaze { pan_deg, tilt_deg }.limited();
    let gaze = |pan_deg, tilt_deg| Gaze { pan_deg, tilt_deg };
    assert_eq!(limited(-200.0, -200.0), gaze(-90.0, -35.0));
    assert_eq!(limited(200.0, 200.0), gaze(90.0, 65.0));
    assert_eq!(limited(f32::NAN, f32::INFINITY), gaze(0.0, 65.0));
    assert_eq!(limited(12.0, -7.0), gaze(12.0, -7.0));
}

/// A board that cannot be reached at first.
struct Late {
    board: FakeBoard,
    is_there: bool,
}

impl Hat for Late {
    type Board = FakeBoard;

    fn connect(&mut self) -> DeviceResult<FakeBoard> {
        if self.is_there { Ok(self.board.clone()) } else { Err("no such bus".into()) }
    }

    fn guard(&mut self) -> DeviceResult<Option<nevil_runtime::SafeSequence>> {
        Ok(None)
    }

    fn needs_reset(&mut self) -> bool {
        self.board.needs_reset()
    }
}

#[test]
fn a_board_that_could_not_be_set_up_is_reset_by_the_next_try_and_then_no_more() {
    let mut hat = Late { board: FakeBoard::default(), is_there: false };
    assert!(set_up(&mut hat, &Calibration::none()).is_err());
    hat.is_there = true;
    for _ in 0..2 {
        set_up(&mut hat, &Calibration::none()).unwrap();
        assert_eq!(hat.board.with(|hat| hat.resets()), 1);
    }
}

#[test]
fn a_trace_that_cannot_be_written_ends_and_nothing_is_kept_of_it_while_the_board_goes_on() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut board = FakeBoard::logged(Box::new(full));
    for _ in 0..3 {
        board.write(&registers::write(registers::pulse(registers::PAN), 307)).unwrap();
    }
    assert_eq!(board.with(|hat| hat.take_trace()), []);
    assert_eq!(board.writes(), 6, "each has begun and ended");
}
