//! One robot of a name at a time.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nevil_runtime::{Clock, Time};

use crate::limits::{LOCK_ATTEMPT_EVERY, LOCK_ATTEMPTS_MAX};
use crate::runtime_dir::{RobotPathError, RuntimeDir};
use crate::text::duration_text;

/// The right to be the robot of a name. Ends when it is dropped, and with the process, however that ends.
#[derive(Debug)]
pub struct RobotLock {
    robot: String,
    socket: PathBuf,
    file: File,
}

/// Why the lock of a robot cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// The robot cannot have its files under this name.
    #[error(transparent)]
    Path(#[from] RobotPathError),
    /// It runs already.
    #[error(
        "robot `{robot}` runs already{holder}; stop it with `nevil stop --robot {robot}`, \
         or give this one another name with `--robot NAME`"
    )]
    Running {
        /// The robot.
        robot: String,
        /// Who has the lock, in words.
        holder: String,
    },
    /// The lock file cannot be used.
    #[error("lock file `{}` cannot be used ({source}); remove it and try again", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
}

/// What a lock file says of the process that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) pid: u32,
    /// Of `CLOCK_MONOTONIC`: a process that holds a lock was started after this boot, whatever the wall clock says.
    pub(super) since: Time,
}

impl RuntimeDir {
    /// Takes the lock of `robot`.
    ///
    /// # Errors
    ///
    /// [`LockError::Running`] with the pid of the robot that has it.
    pub fn lock(&self, robot: &str) -> Result<RobotLock, LockError> {
        let socket = self.socket_path(robot)?;
        let path = self.lock_path(robot);
        let io = |source| LockError::Io { path: path.clone(), source };
        // Not truncated: until the lock is held, what stands there is another robot's.
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(io)?;
        if !try_lock(&file).map_err(io)? {
            // The holder may not have written yet, or the file may be unreadable: then it has no number.
            let holder = Holder::read(&mut file).map(|holder| holder.to_string()).unwrap_or_default();
            return Err(LockError::Running { robot: robot.to_owned(), holder });
        }
        let now = Clock::monotonic().now();
        file.set_len(0).map_err(io)?;
        writeln!(file, "{} {}", std::process::id(), now.as_ns()).map_err(io)?;
        Ok(RobotLock { robot: robot.to_owned(), socket, file })
    }

    pub(super) fn lock_path(&self, robot: &str) -> PathBuf {
        self.path().join(format!("{robot}.lock"))
    }
}

fn try_lock(file: &File) -> io::Result<bool> {
    for attempt in 1..=LOCK_ATTEMPTS_MAX {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if attempt < LOCK_ATTEMPTS_MAX => {
                std::thread::park_timeout(LOCK_ATTEMPT_EVERY);
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

impl RobotLock {
    /// The robot's name.
    #[must_use]
    pub fn robot(&self) -> &str {
        &self.robot
    }

    /// Path of the robot's control socket. Whatever lies there may be replaced by who holds this lock.
    #[must_use]
    pub fn socket_path(&self) -> &Path {
        &self.socket
    }
}

impl Drop for RobotLock {
    fn drop(&mut self) {
        // The file stays: if it were removed, somebody could hold the lock of a file that has no name. What it says is
        // looked at only while the lock is held, so it does no harm if it cannot be emptied.
        let _ = self.file.set_len(0);
    }
}

impl Holder {
    /// What stands in `file`, if a robot has written it.
    pub(super) fn read(file: &mut File) -> Option<Self> {
        // Enough for two numbers; a longer text is not ours.
        const BYTES_MAX: u64 = 64;
        let mut text = String::new();
        file.take(BYTES_MAX).read_to_string(&mut text).ok()?;
        let (pid, since_ns) = text.trim_end().split_once(' ')?;
        Some(Self { pid: pid.parse().ok()?, since: Time::from_ns(since_ns.parse().ok()?) })
    }

    fn age(self) -> Duration {
        Clock::monotonic().now().since(self.since)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " (pid {}, up {})", self.pid, duration_text(self.age()))
    }
}
