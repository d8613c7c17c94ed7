//! The directory for sockets and locks: which robots run, and where a tool finds them.
//!
//! ```text
//!   $XDG_RUNTIME_DIR/nevil  or  /run/nevil  or  <temporary directory>/nevil-<uid>
//!     picar.lock   held by the robot `picar` as long as it lives, with its pid
//!     picar.sock   its control socket
//! ```
//! What a robot leaves behind when it is killed means nothing: the kernel has released its lock, and who has the lock
//! replaces the rest.

mod lock;
mod running;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nevil_runtime::limits::NAME_BYTES_MAX;
use nevil_runtime::os;

use crate::limits::SOCKET_PATH_BYTES_MAX;

pub use lock::{LockError, RobotLock};
pub use running::{PickError, RunningRobot};

/// The directory for sockets and locks. Belongs to this user, who alone may write to it.
///
/// ```
/// use nevil_launch::RuntimeDir;
///
/// let directory = std::env::temp_dir().join(format!("nevil-example-{}", std::process::id()));
/// let directory = RuntimeDir::at(&directory)?;
/// let lock = directory.lock("picar")?;
/// assert!(directory.lock("picar").unwrap_err().to_string().starts_with("robot `picar` runs already"));
/// assert_eq!(directory.pick(None)?.name, "picar");
/// # std::fs::remove_dir_all(directory.path())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeDir {
    path: PathBuf,
}

/// Why there is no directory for sockets and locks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeDirError {
    /// It cannot be made or looked at.
    #[error("runtime directory `{}` cannot be used ({source}); set XDG_RUNTIME_DIR to a directory of your own", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// A file or a link has its name.
    #[error("runtime directory `{}` is a file or a link, a directory is needed; remove it", path.display())]
    NoDirectory {
        /// The path.
        path: PathBuf,
    },
    /// It is somebody else's.
    #[error(
        "runtime directory `{}` belongs to user {owner}, not to user {user} who runs this; \
         set XDG_RUNTIME_DIR to a directory of your own",
        path.display()
    )]
    Owner {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        user: u32,
    },
    /// Others may write to it.
    #[error(
        "runtime directory `{0}` may be written to by others (mode {mode:03o}); run `chmod go-w '{0}'`",
        path.display()
    )]
    Mode {
        /// The directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

/// Why a robot cannot have its files under this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RobotPathError {
    /// The name is not one.
    #[error(
        "`{given}` is not a name for a robot; use 1 to {NAME_BYTES_MAX} of the characters a-z, 0-9, _ and -"
    )]
    Name {
        /// The name that was given.
        given: String,
    },
    /// The path is longer than a socket's may be.
    #[error(
        "socket path `{}` is too long ({bytes} bytes), at most {SOCKET_PATH_BYTES_MAX} are allowed; \
         shorten the robot's name, or set XDG_RUNTIME_DIR to a shorter path",
        path.display()
    )]
    TooLong {
        /// The path.
        path: PathBuf,
        /// Its length.
        bytes: usize,
    },
}

/// Where a runtime directory may lie, as this process sees it.
struct Places<'a> {
    /// `$XDG_RUNTIME_DIR`, if it is set.
    session: Option<PathBuf>,
    /// The directory that a system service has.
    system: &'a Path,
    /// For what is left.
    temporary: PathBuf,
    user: u32,
}

impl RuntimeDir {
    /// The directory of this user: `nevil` in `$XDG_RUNTIME_DIR`, else `/run/nevil` if it is there and may be written to,
    /// else `nevil-<uid>` in the directory for temporary files. It is made if need be, for this user alone.
    ///
    /// # Errors
    ///
    /// [`RuntimeDirError`] if it cannot be made, or others could meddle with it.
    pub fn find() -> Result<Self, RuntimeDirError> {
        Self::choose(&Places {
            session: std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from),
            system: Path::new("/run/nevil"),
            temporary: std::env::temp_dir(),
            user: os::user_id(),
        })
    }

    /// The directory `path`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// As for [`Self::find`].
    pub fn at(path: &Path) -> Result<Self, RuntimeDirError> {
        Self::private(path.to_owned(), os::user_id())
    }

    /// The directory's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of the control socket of `robot`.
    ///
    /// # Errors
    ///
    /// [`RobotPathError`] if the name or the path cannot be used.
    pub fn socket_path(&self, robot: &str) -> Result<PathBuf, RobotPathError> {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        if robot.is_empty() || robot.len() > NAME_BYTES_MAX || !robot.bytes().all(is_name) {
            return Err(RobotPathError::Name { given: robot.to_owned() });
        }
        let path = self.path.join(format!("{robot}.sock"));
        match path.as_os_str().len() {
            bytes if bytes > SOCKET_PATH_BYTES_MAX => Err(RobotPathError::TooLong { path, bytes }),
            _ => Ok(path),
        }
    }

    fn choose(places: &Places<'_>) -> Result<Self, RuntimeDirError> {
        // The specification of the variable says to ignore a relative path; one that is not there is left over from
        // another session (`su`, a service).
        if let Some(session) = places.session.as_ref().filter(|path| path.is_absolute() && path.is_dir()) {
            return Self::private(session.join("nevil"), places.user);
        }
        // Whoever set up `/run/nevil` was root and decided who may write to it.
        if places.system.is_dir() && os::may_write(places.system) {
            return Ok(Self { path: places.system.to_owned() });
        }
        Self::private(places.temporary.join(format!("nevil-{}", places.user)), places.user)
    }

    /// Makes the directory or, if it is there, checks that it is `user`'s alone: in a place where all may write,
    /// somebody else may have been first.
    fn private(path: PathBuf, user: u32) -> Result<Self, RuntimeDirError> {
        let made = DirBuilder::new().mode(0o700).create(&path);
        if let Err(source) = made
            && source.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(RuntimeDirError::Io { path, source });
        }
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(source) => return Err(RuntimeDirError::Io { path, source }),
        };
        let (owner, mode) = (found.uid(), found.mode() & 0o777);
        if !found.is_dir() {
            Err(RuntimeDirError::NoDirectory { path })
        } else if owner != user {
            Err(RuntimeDirError::Owner { path, owner, user })
        } else if mode & 0o022 != 0 {
            Err(RuntimeDirError::Mode { path, mode })
        } else {
            Ok(Self { path })
        }
    }
}
