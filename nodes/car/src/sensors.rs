//! The drivers of what the car measures.

use nevil_runtime::Unblock;
use nevil_runtime::prelude::*;

use crate::board::{Board, Echo};
use crate::drive::tried;
use crate::registers;

/// Time between two measurements of the ultrasonic sensor.
const SENSE_EVERY: Duration = Duration::from_millis(100);

/// Time between two looks at the floor: at 0.25 m/s the car moves 12 mm meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How many looks at the floor come to one at the battery.
const LOOKS_PER_BATTERY: u32 = 20;

/// Measurements in a row that may fail before the sensor's driver gives up, and with it its node.
const FAILED_MAX: u32 = 10;

/// How often a reading is taken again that a write has disturbed.
const DISTURBED_MAX: u32 = 8;

/// Measures the distance ahead ten times a second.
pub(crate) struct Sonar<B> {
    board: B,
    /// What was measured, and is due then: in virtual time.
    held: Option<(Echo, Time)>,
    next: Time,
    failed: u32,
}

impl<B: Board> Sonar<B> {
    pub(crate) const fn new(board: B) -> Self {
        Self { board, held: None, next: Time::ZERO, failed: 0 }
    }
}

impl<B: Board> Driver for Sonar<B> {
    type Input = Range;

    fn step(&mut self, now: Time, input: &DriverInput<Range>) -> Result<Option<Time>, NodeError> {
        if let Some((echo, _)) = self.held.take_if(|(_, due)| *due <= now) {
            input.send(range(echo))?;
            return Ok(Some(self.next));
        }
        self.next = now + SENSE_EVERY;
        let measured = match self.board.echo() {
            Ok(measured) => measured,
            Err(error) => {
                return may_fail("the ultrasonic sensor", &mut self.failed, &*error)
                    .map(|()| Some(self.next));
            }
        };
        self.failed = 0;
        if measured.due_in.is_zero() {
            input.send(range(measured.echo))?;
            return Ok(Some(self.next));
        }
        let due = now + measured.due_in;
        self.held = Some((measured.echo, due));
        Ok(Some(due))
    }

    fn unblock(&self) -> Option<Unblock> {
        self.board.unblock()
    }
}

fn range(echo: Echo) -> Range {
    // Farther than the sensor reaches is no distance.
    match echo.distance_m() {
        Some(distance_m) if (0.0..=4.0).contains(&distance_m) => {
            Range { reading: RangeReading::Echo, distance_m: distance_m as f32 }
        }
        None if echo == Echo::NoEdge => Range { reading: RangeReading::NoEdge, distance_m: 0.0 },
        _ => Range { reading: RangeReading::Timeout, distance_m: 0.0 },
    }
}

/// What the converter measures.
#[derive(Clone, Copy, Debug, PartialEq, Message)]
pub(crate) struct Analog {
    pub(crate) left: u16,
    pub(crate) middle: u16,
    pub(crate) right: u16,
    /// Voltage of the battery, where it was measured too.
    #[field(unit = "V")]
    pub(crate) battery_v: Option<f32>,
}

/// Looks at the floor twenty times a second, and at the battery once. One driver for all inputs of the converter, because a
/// reading takes three transfers, between which nobody may ask for another input.
pub(crate) struct Converter<B> {
    board: B,
    looks: u32,
    failed: u32,
}

impl<B: Board> Converter<B> {
    pub(crate) const fn new(board: B) -> Self {
        Self { board, looks: 0, failed: 0 }
    }

    fn measure(&mut self) -> DeviceResult<Analog> {
        let battery_v = if self.looks.is_multiple_of(LOOKS_PER_BATTERY) {
            let counts = f32::from(counts(&mut self.board, registers::BATTERY)?);
            Some(
                counts * registers::ADC_REFERENCE_V / f32::from(registers::ADC_MAX)
                    * registers::BATTERY_DIVIDER,
            )
        } else {
            None
        };
        Ok(Analog {
            left: counts(&mut self.board, registers::GRAYSCALE_LEFT)?,
            middle: counts(&mut self.board, registers::GRAYSCALE_MIDDLE)?,
            right: counts(&mut self.board, registers::GRAYSCALE_RIGHT)?,
            battery_v,
        })
    }
}

/// What an input of the converter measures: 0 to 4095.
///
/// # Errors
///
/// What the bus reports; that other writes came between the steps of each try; a value that the converter cannot have.
fn counts(board: &mut impl Board, input: u8) -> DeviceResult<u16> {
    let mut impossible = None;
    for _ in 0..DISTURBED_MAX {
        let [register, high, low] = registers::write(registers::converter(input), 0);
        tried(|| board.write(&[register, high, low]))?;
        let written = board.writes();
        let mut bytes = [[0], [0]];
        let read = bytes.iter_mut().try_for_each(|byte| board.read(byte));
        if board.writes() != written {
            // A command for a motor or a servo: the microcontroller may have taken it for another question.
            continue;
        }
        read?;
        let counts = u16::from_be_bytes([bytes[0][0], bytes[1][0]]);
        if counts <= registers::ADC_MAX {
            return Ok(counts);
        }
        // By a write that was under way all the time, or by another process.
        impossible = Some(counts);
    }
    Err(match impossible {
        Some(counts) => format!(
            "input A{input} of the converter says {counts}, at most {} is possible",
            registers::ADC_MAX
        ),
        None => {
            format!("reading A{input} of the converter was disturbed {DISTURBED_MAX} times by other writes")
        }
    }
    .into())
}

impl<B: Board> Driver for Converter<B> {
    type Input = Analog;

    fn step(&mut self, now: Time, input: &DriverInput<Analog>) -> Result<Option<Time>, NodeError> {
        match self.measure() {
            Ok(analog) => {
                self.failed = 0;
                self.looks = self.looks.wrapping_add(1);
                input.send(analog)?;
            }
            Err(error) => may_fail("the converter", &mut self.failed, &*error)?,
        }
        Ok(Some(now + LOOK_EVERY))
    }

    fn unblock(&self) -> Option<Unblock> {
        self.board.unblock()
    }
}

/// A measurement that failed is not published, and nothing is made up in its place; too many in a row end the driver.
fn may_fail(who: &str, failed: &mut u32, error: &dyn std::error::Error) -> Result<(), NodeError> {
    *failed += 1;
    if *failed >= FAILED_MAX {
        return Err(NodeError::new(format!("{who} has failed {failed} times in a row: {error}")));
    }
    if *failed == 1 {
        tracing::warn!("{who} failed: {error}");
    }
    Ok(())
}
