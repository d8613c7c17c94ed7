//! How a command ends that does not end well. The codes are in `docs/reference/exit-codes.md`.

use std::io;

use nevil_launch::{ClientError, PickError, RuntimeDirError};

/// The words cannot be understood.
pub(crate) const USAGE: u8 = 2;

/// Why a command ended.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Who reads the output has enough. No error: `nevil topic echo range | head -1`.
    ClosedPipe,
    /// It did not work.
    Failed(String),
    /// The words are wrong in a way that only showed later.
    Usage(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::Failed(format!("output cannot be written: {error}")),
        }
    }
}

impl From<RuntimeDirError> for Failure {
    fn from(error: RuntimeDirError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<PickError> for Failure {
    fn from(error: PickError) -> Self {
        match error {
            PickError::SeveralRun { .. } | PickError::Path(_) => Self::Usage(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Failed(error.to_string())
    }
}
