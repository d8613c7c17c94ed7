//! The real board, or one in memory: which one the launch file says.

use nevil_car::{Board, FakeBoard, Hat, Level, Line, Measured};
use nevil_runtime::{DeviceResult, MakeSafe, SafeSequence};

use crate::linux::{LinuxBoard, LinuxHat};

#[derive(Debug)]
pub(crate) enum AnyHat {
    Linux(LinuxHat),
    Fake(FakeBoard),
}

#[derive(Debug)]
#[doc(hidden)]
pub enum AnyBoard {
    Linux(LinuxBoard),
    Fake(FakeBoard),
}

impl Hat for AnyHat {
    type Board = AnyBoard;

    fn connect(&mut self) -> DeviceResult<AnyBoard> {
        Ok(match self {
            Self::Linux(hat) => AnyBoard::Linux(hat.connect()?),
            Self::Fake(hat) => AnyBoard::Fake(hat.connect()?),
        })
    }

    fn guard(&mut self) -> DeviceResult<Option<SafeSequence>> {
        match self {
            Self::Linux(hat) => hat.guard(),
            Self::Fake(hat) => hat.guard(),
        }
    }

    fn needs_reset(&mut self) -> bool {
        match self {
            Self::Linux(hat) => hat.needs_reset(),
            Self::Fake(hat) => hat.needs_reset(),
        }
    }

    fn stopper(&mut self) -> DeviceResult<MakeSafe> {
        match self {
            Self::Linux(hat) => hat.stopper(),
            Self::Fake(hat) => hat.stopper(),
        }
    }
}

impl Board for AnyBoard {
    fn write(&mut self, bytes: &[u8]) -> DeviceResult<()> {
        match self {
            Self::Linux(board) => board.write(bytes),
            Self::Fake(board) => board.write(bytes),
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> DeviceResult<()> {
        match self {
            Self::Linux(board) => board.read(bytes),
            Self::Fake(board) => board.read(bytes),
        }
    }

    fn set(&mut self, line: Line, level: Level) -> DeviceResult<()> {
        match self {
            Self::Linux(board) => board.set(line, level),
            Self::Fake(board) => board.set(line, level),
        }
    }

    fn echo(&mut self) -> DeviceResult<Measured> {
        match self {
            Self::Linux(board) => board.echo(),
            Self::Fake(board) => board.echo(),
        }
    }

    fn pause(&mut self, time: std::time::Duration) {
        match self {
            Self::Linux(board) => board.pause(time),
            Self::Fake(board) => board.pause(time),
        }
    }

    fn writes(&self) -> u64 {
        match self {
            Self::Linux(board) => board.writes(),
            Self::Fake(board) => board.writes(),
        }
    }
}
