//! The node: parameters, and which board is behind it.

use std::fs::File;
use std::io::LineWriter;
use std::path::PathBuf;

use nevil_car::{Calibration, CarParts, FakeBoard, HasCar};
use nevil_runtime::prelude::*;

use crate::boards::{AnyBoard, AnyHat};
use crate::linux::LinuxHat;

/// The real PiCar-X: obeys `drive` and `look`, publishes `range`, `grayscale` and `battery`.
#[derive(Debug)]
pub struct PicarX {
    car: CarParts<AnyBoard>,
}

/// Where the board is.
#[derive(Parameters)]
pub struct Params {
    /// Which board: `hat` is the real one, `fake` one in memory, with which a launch file can be tried without a car:
    /// nothing moves and no echo comes.
    #[param(default = "hat")]
    board: BoardKind,
    /// The I²C bus of the board.
    #[param(default = "/dev/i2c-1")]
    bus: PathBuf,
    /// The GPIO chip with the pins of the header.
    #[param(default = "/dev/gpiochip0")]
    chip: PathBuf,
    /// File of the car's calibration; none: it needs none.
    calibration: Option<PathBuf>,
    /// A file to which each access to the board is written, one a line. Of the `fake` board only.
    trace: Option<PathBuf>,
}

/// Which board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Field)]
pub enum BoardKind {
    /// The real one.
    Hat,
    /// One in memory.
    Fake,
}

impl Node for PicarX {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        let calibration = params.calibration.as_deref().map(Calibration::read).transpose()?;
        let Params { board, bus, chip, trace, .. } = params;
        if board == BoardKind::Hat && trace.is_some() {
            return Err(NodeError::new(
                "`trace` is of the board in memory; set `board: fake`, or leave it out",
            ));
        }
        let claim = format!("{}:0x14", bus.file_name().unwrap_or(bus.as_os_str()).to_string_lossy());
        // Told when it is opened: a check configures with a clock that stands, for whatever clock it will be.
        let in_virtual_time = setup.is_simulated();
        let is_uncalibrated = calibration.is_none();
        let open = move || {
            Ok(match (board, &trace) {
                (BoardKind::Hat, _) if in_virtual_time => {
                    return Err(
                        "a real board knows no virtual time; leave `--clock sim` out, or set `board: fake`, or use the node `sim_car`"
                            .into(),
                    );
                }
                (BoardKind::Hat, _) => {
                    if is_uncalibrated {
                        tracing::warn!(
                            "the car has no calibration: its wheels and camera may stand askew; see docs/guide/real-car.md"
                        );
                    }
                    AnyHat::Linux(LinuxHat::open(&bus, &chip)?)
                }
                (BoardKind::Fake, None) => AnyHat::Fake(FakeBoard::default()),
                (BoardKind::Fake, Some(file)) => AnyHat::Fake(traced(file)?),
            })
        };
        let parts = CarParts::declare(setup, &claim, calibration.unwrap_or_else(Calibration::none), open)?;
        Ok(Self { car: parts.parts })
    }
}

fn traced(file: &PathBuf) -> DeviceResult<FakeBoard> {
    let log = File::create(file)
        .map_err(|error| format!("cannot write the trace `{}`: {error}", file.display()))?;
    Ok(FakeBoard::logged(Box::new(LineWriter::new(log))))
}

impl HasCar for PicarX {
    type Board = AnyBoard;

    fn car(&mut self) -> &mut CarParts<AnyBoard> {
        &mut self.car
    }
}
