//! The real board: I²C through the kernel, lines and echo through its GPIO character device.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use embedded_hal::i2c::I2c;
use gpiocdev::Request;
use gpiocdev::line::{Bias, EdgeDetection, EdgeKind, Value};
use linux_embedded_hal::I2cdev;
use nevil_car::registers::ADDRESS;
use nevil_car::{
    Board, ECHO_GPIO, ECHO_TIMEOUT, Echo, Hat, Level, Line, Measured, STOP_WRITES, TRIGGER_GPIO, Writes,
};
use nevil_runtime::{DeviceResult, SafeSequence};

/// How long the trigger is low before a measurement.
const TRIGGER_LOW: Duration = Duration::from_millis(1);

/// How long the trigger is high: the sensor then sends its sound.
const TRIGGER_HIGH: Duration = Duration::from_micros(10);

/// After so long the kernel gives a transfer up; three bytes take 0.4 ms. It counts in steps of 10 ms.
const TRANSFER_MAX: Duration = Duration::from_millis(20);

/// More changes of the echo line than this before a measurement are noise, of which no distance can be read.
const EDGES_MAX: u32 = 64;

/// Boards that were reset in the life of this process, by bus.
static RESET: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// The board of the real car.
#[derive(Debug)]
pub struct LinuxHat {
    lines: Arc<Lines>,
    writes: Arc<Writes>,
}

/// The lines, which the kernel gives to one holder only.
#[derive(Debug)]
struct Lines {
    /// The bus of their board.
    bus: PathBuf,
    outputs: Request,
    echo: Request,
}

impl LinuxHat {
    /// Takes the lines on `chip`, such as `/dev/gpiochip0`, for the board on `bus`, such as `/dev/i2c-1`.
    ///
    /// # Errors
    ///
    /// Which device could not be opened, why, and what to do.
    pub fn open(bus: &Path, chip: &Path) -> DeviceResult<Self> {
        let taken = |error| {
            format!(
                "cannot take the lines of the board on `{}`: {error}; is that the chip with the pins of the header (`gpiodetect` \
                 lists them), is the user in the group `gpio`, and does no other program drive the car?",
                chip.display()
            )
        };
        let directions = [Line::LeftDirection.gpio(), Line::RightDirection.gpio(), TRIGGER_GPIO];
        let outputs = Request::builder()
            .on_chip(chip)
            .with_consumer("nevil")
            .with_lines(&directions)
            .as_output(Value::Inactive)
            // High: it is no reset yet.
            .with_line(Line::Reset.gpio())
            .as_output(Value::Active)
            .request()
            .map_err(taken)?;
        let echo = Request::builder()
            .on_chip(chip)
            .with_consumer("nevil")
            .with_line(ECHO_GPIO)
            .as_input()
            .with_bias(Bias::PullDown)
            .with_edge_detection(EdgeDetection::BothEdges)
            .request()
            .map_err(taken)?;
        set_patience(bus)?;
        let lines = Arc::new(Lines { bus: bus.to_owned(), outputs, echo });
        let mut hat = Self { lines, writes: Arc::default() };
        // Opening a bus does not ask for the board: that shows here, and not in the middle of a drive.
        let mut board = hat.connect()?;
        board.read(&mut [0]).map_err(|error| {
            format!(
                "no board answers at {ADDRESS:#04x} on `{}`: {error}; is it switched on, with a charged battery?",
                bus.display()
            )
        })?;
        Ok(hat)
    }
}

impl Hat for LinuxHat {
    type Board = LinuxBoard;

    fn connect(&mut self) -> DeviceResult<LinuxBoard> {
        let bus = I2cdev::new(&self.lines.bus).map_err(|error| cannot_open(&self.lines.bus, &error))?;
        Ok(LinuxBoard { bus, lines: Arc::clone(&self.lines), writes: Arc::clone(&self.writes) })
    }

    /// A handle of its own on the bus, on which one write is one transfer to the board.
    fn guard(&mut self) -> DeviceResult<Option<SafeSequence>> {
        let handle = open(&self.lines.bus)?;
        nevil_runtime::os::set_i2c_address(handle.as_fd(), ADDRESS)?;
        let writes = STOP_WRITES.iter().map(|bytes| bytes.to_vec()).collect();
        Ok(Some(SafeSequence { handle, writes }))
    }

    fn needs_reset(&mut self) -> bool {
        !RESET.lock().unwrap_or_else(PoisonError::into_inner).contains(&self.lines.bus)
    }
}

fn open(bus: &Path) -> DeviceResult<OwnedFd> {
    let file =
        OpenOptions::new().read(true).write(true).open(bus).map_err(|error| cannot_open(bus, &error))?;
    Ok(file.into())
}

/// A transfer that hangs is given up after [`TRANSFER_MAX`] by the kernel, on every way to the bus: who stops the motors waits no
/// longer for it.
fn set_patience(bus: &Path) -> DeviceResult<()> {
    let handle = open(bus)?;
    nevil_runtime::os::set_i2c_patience(handle.as_fd(), TRANSFER_MAX).map_err(|error| {
        format!("cannot bound the transfers on `{}`: {error}; is it an I²C bus?", bus.display()).into()
    })
}

fn cannot_open(bus: &Path, error: &dyn std::error::Error) -> String {
    format!(
        "cannot open the bus `{}`: {error}; switch I²C on (`sudo raspi-config nonint do_i2c 0`), and see that the user is in the \
         group `i2c`",
        bus.display()
    )
}

/// One way to the board.
pub struct LinuxBoard {
    bus: I2cdev,
    lines: Arc<Lines>,
    writes: Arc<Writes>,
}

impl Board for LinuxBoard {
    fn write(&mut self, bytes: &[u8]) -> DeviceResult<()> {
        let Self { bus, writes, .. } = self;
        Ok(writes.count(|| bus.write(ADDRESS, bytes))?)
    }

    fn read(&mut self, bytes: &mut [u8]) -> DeviceResult<()> {
        Ok(self.bus.read(ADDRESS, bytes)?)
    }

    fn set(&mut self, line: Line, level: Level) -> DeviceResult<()> {
        self.lines.set(line.gpio(), level)?;
        if (line, level) == (Line::Reset, Level::Low) {
            RESET.lock().unwrap_or_else(PoisonError::into_inner).insert(self.lines.bus.clone());
        }
        Ok(())
    }

    fn echo(&mut self) -> DeviceResult<Measured> {
        let Lines { echo, .. } = &*self.lines;
        // What was left of an earlier measurement.
        for left in (0..EDGES_MAX).rev() {
            if !echo.has_edge_event()? {
                break;
            }
            if left == 0 {
                return Err(format!(
                    "the echo line, GPIO {ECHO_GPIO}, does not come to rest: {EDGES_MAX} changes without a measurement; see whether \
                     the sensor is plugged in"
                )
                .into());
            }
            echo.read_edge_event()?;
        }
        self.lines.set(TRIGGER_GPIO, Level::Low)?;
        thread::sleep(TRIGGER_LOW);
        self.lines.set(TRIGGER_GPIO, Level::High)?;
        thread::sleep(TRIGGER_HIGH);
        self.lines.set(TRIGGER_GPIO, Level::Low)?;
        let until = Instant::now() + ECHO_TIMEOUT;
        let (mut rose, mut result) = (None, None);
        while result.is_none() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !echo.wait_edge_event(left)? {
                break;
            }
            // The kernel stamps edges as they happen: how late this thread hears of them does not matter.
            let event = echo.read_edge_event()?;
            match (event.kind, rose) {
                (EdgeKind::Rising, _) => rose = Some(event.timestamp_ns),
                (EdgeKind::Falling, Some(began_ns)) => {
                    result = Some(Duration::from_nanos(event.timestamp_ns.saturating_sub(began_ns)));
                }
                (EdgeKind::Falling, None) => {}
            }
        }
        let echo = match (result, rose) {
            (Some(pulse), _) if pulse <= ECHO_TIMEOUT => Echo::Pulse(pulse),
            (_, Some(_)) => Echo::Timeout,
            (_, None) => Echo::NoEdge,
        };
        Ok(Measured { echo, due_in: Duration::ZERO })
    }

    fn pause(&mut self, time: Duration) {
        thread::sleep(time);
    }

    fn writes(&self) -> u64 {
        self.writes.changes()
    }
}

impl Lines {
    fn set(&self, gpio: u32, level: Level) -> gpiocdev::Result<()> {
        let value = match level {
            Level::Low => Value::Inactive,
            Level::High => Value::Active,
        };
        self.outputs.set_value(gpio, value).map(drop)
    }
}

impl std::fmt::Debug for LinuxBoard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinuxBoard").finish_non_exhaustive()
    }
}
