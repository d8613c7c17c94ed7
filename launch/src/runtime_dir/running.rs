//! Which robots run.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::PathBuf;

use nevil_msgs::nearest;

use crate::runtime_dir::lock::Holder;
use crate::runtime_dir::{RobotPathError, RuntimeDir};

/// A robot that runs on this machine, as its lock file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningRobot {
    /// Its name.
    pub name: String,
    /// Its process, if it has written that yet.
    pub pid: Option<u32>,
    /// Its control socket, which it has as soon as it is up.
    pub socket: PathBuf,
}

/// Why it is not clear which robot is meant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PickError {
    /// None runs.
    #[error("no robot runs (looked in `{}`); start one with `nevil launch FILE`", directory.display())]
    NoneRuns {
        /// Where was looked.
        directory: PathBuf,
    },
    /// Several run, and none was named.
    #[error("{} robots run: {}; name one with `--robot NAME`", running.len(), running.join(", "))]
    SeveralRun {
        /// Their names.
        running: Vec<String>,
    },
    /// The one that was named does not run.
    #[error("robot `{robot}` does not run{}", others(.robot, .running))]
    NotRunning {
        /// The name that was given.
        robot: String,
        /// The names of those that run.
        running: Vec<String>,
    },
    /// The name is not one.
    #[error(transparent)]
    Path(#[from] RobotPathError),
    /// The directory cannot be read.
    #[error("`{}` cannot be read ({source}); it must be yours", directory.display())]
    Io {
        /// The directory.
        directory: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
}

impl RuntimeDir {
    /// The robots that run, by name.
    ///
    /// # Errors
    ///
    /// If the directory cannot be read.
    pub fn running(&self) -> io::Result<Vec<RunningRobot>> {
        let mut robots = Vec::new();
        for entry in fs::read_dir(self.path())? {
            let name = entry?.file_name();
            let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".lock")) else { continue };
            robots.extend(self.running_robot(name));
        }
        robots.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(robots)
    }

    /// Whether the robot `name` runs.
    #[must_use]
    pub fn is_running(&self, name: &str) -> bool {
        self.running_robot(name).is_some()
    }

    /// The robot called `robot`; without a name, the only one that runs.
    ///
    /// # Errors
    ///
    /// [`PickError`] with the names of those that run.
    pub fn pick(&self, robot: Option<&str>) -> Result<RunningRobot, PickError> {
        robot.map(|robot| self.socket_path(robot)).transpose()?;
        let directory = self.path().to_owned();
        let mut running = match self.running() {
            Ok(running) => running,
            Err(source) => return Err(PickError::Io { directory, source }),
        };
        let names = |running: &[RunningRobot]| running.iter().map(|robot| robot.name.clone()).collect();
        match robot {
            Some(robot) => match running.iter().position(|other| other.name == robot) {
                Some(index) => Ok(running.swap_remove(index)),
                None => Err(PickError::NotRunning { robot: robot.to_owned(), running: names(&running) }),
            },
            None if running.len() > 1 => Err(PickError::SeveralRun { running: names(&running) }),
            None => running.pop().ok_or(PickError::NoneRuns { directory }),
        }
    }

    fn running_robot(&self, name: &str) -> Option<RunningRobot> {
        let socket = self.socket_path(name).ok()?;
        let mut file = File::open(self.lock_path(name)).ok()?;
        // A robot holds its lock for itself alone. Tools share it, for the moment that it takes to ask.
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {
                let pid = Holder::read(&mut file).map(|holder| holder.pid);
                Some(RunningRobot { name: name.to_owned(), pid, socket })
            }
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }
}

fn others(robot: &str, running: &[String]) -> String {
    if running.is_empty() {
        return "; start it with `nevil launch FILE`".to_owned();
    }
    let meant = nearest(robot, running).map(|name| format!(", did you mean `{name}`?")).unwrap_or_default();
    format!("{meant}; running robots are {}", running.join(", "))
}
