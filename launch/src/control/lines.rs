//! Lines over a socket, each with a bound on its length and its time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nevil_runtime::{Clock, Time, os};

/// Bytes that are read at once; most requests are smaller.
const READ_BYTES: usize = 4096;

/// A socket that carries lines.
#[derive(Debug)]
pub(super) struct LineStream {
    stream: UnixStream,
    clock: Clock,
    /// What was read and belongs to lines that nobody has asked for yet.
    unread: Vec<u8>,
    /// Handles that came with what was read; none are taken where none are expected.
    handles: Option<Vec<OwnedFd>>,
}

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("the connection was closed")]
    Closed,
    #[error("the connection was closed within a line; end each line with a line feed")]
    Partial,
    #[error("line is too long, at most {max} bytes are allowed")]
    TooLong { max: usize },
    #[error("line is not UTF-8 (byte {at}), text is needed")]
    NotText { at: usize },
    #[error("nothing was heard for {waited:?}")]
    TimedOut { waited: Duration },
    #[error("what was asked for was not read within {waited:?}")]
    NotRead { waited: Duration },
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// What came while nothing was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Nothing,
    Something,
    Closed,
}

impl LineStream {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self { stream, clock: Clock::monotonic(), unread: Vec::new(), handles: None }
    }

    /// Takes handles from now on.
    pub(super) fn expect_handles(&mut self) {
        self.handles = Some(Vec::new());
    }

    /// The socket, and the handles that have come.
    pub(super) fn into_parts(self) -> (UnixStream, Vec<OwnedFd>) {
        (self.stream, self.handles.unwrap_or_default())
    }

    /// The next line without its end, which must be complete `within` this time.
    pub(super) fn read_line(&mut self, bytes_max: usize, within: Duration) -> Result<String, LineError> {
        let deadline = self.clock.now() + within;
        let mut seen = 0;
        loop {
            if let Some(end) = self.unread[seen..].iter().position(|&byte| byte == b'\n') {
                let rest = self.unread.split_off(seen + end + 1);
                let mut line = std::mem::replace(&mut self.unread, rest);
                line.pop();
                if line.len() >= bytes_max {
                    return Err(LineError::TooLong { max: bytes_max });
                }
                let text = String::from_utf8(line);
                return text.map_err(|error| LineError::NotText { at: error.utf8_error().valid_up_to() + 1 });
            }
            seen = self.unread.len();
            if seen >= bytes_max {
                return Err(LineError::TooLong { max: bytes_max });
            }
            if self.read_more(deadline, within)? == 0 {
                return Err(if seen == 0 { LineError::Closed } else { LineError::Partial });
            }
        }
    }

    fn read_more(&mut self, deadline: Time, within: Duration) -> Result<usize, LineError> {
        let mut bytes = [0; READ_BYTES];
        loop {
            let left = deadline.since(self.clock.now());
            if left.is_zero() {
                return Err(LineError::TimedOut { waited: within });
            }
            self.stream.set_read_timeout(Some(at_least_a_millisecond(left)))?;
            match self.receive(&mut bytes) {
                Ok(count) => {
                    self.unread.extend_from_slice(&bytes[..count]);
                    return Ok(count);
                }
                Err(error) if is_only_late(&error) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(0),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn receive(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let Some(handles) = &mut self.handles else { return self.stream.read(bytes) };
        let (count, came) = os::receive_with_handles(&self.stream, bytes)?;
        handles.extend(came);
        Ok(count)
    }

    /// Waits this long, or until something comes.
    pub(super) fn listen(&mut self, wait: Duration) -> Result<Heard, LineError> {
        if !self.unread.is_empty() {
            return Ok(Heard::Something);
        }
        let deadline = self.clock.now() + wait;
        match self.read_more(deadline, wait) {
            Ok(0) => Ok(Heard::Closed),
            Ok(_) => Ok(Heard::Something),
            Err(LineError::TimedOut { .. }) => Ok(Heard::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Writes `bytes`, all of which must be taken `within` this time.
    pub(super) fn write(&mut self, mut bytes: &[u8], within: Duration) -> Result<(), LineError> {
        let deadline = self.clock.now() + within;
        while !bytes.is_empty() {
            let left = deadline.since(self.clock.now());
            if left.is_zero() {
                return Err(LineError::NotRead { waited: within });
            }
            self.stream.set_write_timeout(Some(at_least_a_millisecond(left)))?;
            match self.stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_only_late(&error) => {}
                Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                    return Err(LineError::Closed);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Writes `bytes`, and duplicates of `handles` with the first of them.
    pub(super) fn write_with_handles(
        &mut self,
        bytes: &[u8],
        handles: &[BorrowedFd<'_>],
        within: Duration,
    ) -> Result<(), LineError> {
        self.stream.set_write_timeout(Some(at_least_a_millisecond(within)))?;
        let sent = match os::send_with_handles(&self.stream, bytes, handles) {
            Ok(sent) => sent,
            Err(error) if is_only_late(&error) => return Err(LineError::NotRead { waited: within }),
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                return Err(LineError::Closed);
            }
            Err(error) => return Err(error.into()),
        };
        self.write(&bytes[sent..], within)
    }

    /// Says that nothing more will be written, and drops what the other end has still to say: a socket that is closed
    /// with unread bytes would look broken to it.
    pub(super) fn finish(&mut self, within: Duration) {
        // The other end may be gone already, which is as good.
        let _ = self.stream.shutdown(Shutdown::Write);
        let deadline = self.clock.now() + within;
        while let Ok(1..) = self.read_more(deadline, within) {
            self.unread.clear();
        }
    }
}

/// A time-out of 0 would mean none.
fn at_least_a_millisecond(wait: Duration) -> Duration {
    wait.max(Duration::from_millis(1))
}

fn is_only_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
