//! How a launch ends. The codes are documented in `docs/reference/exit-codes.md`.

use std::process::ExitCode;

/// How a launch has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what it was asked to, and stopped in order.
    Ok = 0,
    /// Something outside the robot was wrong.
    Failed = 1,
    /// The launch file or the command line is wrong; nothing was started.
    Usage = 2,
    /// A required node could not be started.
    NotStarted = 3,
    /// A required node failed while the robot ran or when it was to end, or the guard process was lost.
    NodeFailed = 4,
    /// The robot stopped in order, but messages are not accounted for.
    Unbalanced = 5,
    /// The robot runs already.
    RunsAlready = 6,
    /// It was made safe by force: by a second signal, or because a node hung when it was to stop.
    Forced = 7,
}

impl Exit {
    /// Ends the process without waiting for anybody.
    pub(crate) fn at_once(self) -> ! {
        nevil_runtime::os::exit_now(self as i32)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
