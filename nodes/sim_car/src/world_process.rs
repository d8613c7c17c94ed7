//! Worlds in processes of their own: how they are started, found and let go.

use std::env;
use std::io;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use nevil_runtime::prelude::*;

use crate::link::WorldStream;
use crate::process;

/// A world in a process of its own.
#[derive(Debug)]
pub(crate) struct WorldProcess {
    address: Address,
    /// `None` if somebody else started it.
    process: Option<Child>,
}

#[derive(Debug)]
enum Address {
    Path(PathBuf),
    /// Linux' abstract names need no file, so that nothing can be left behind.
    Abstract(SocketAddr),
}

/// Worlds of the lives before that a process which has executed itself again may find still there: each goes some seconds
/// after its robot.
const OLD_WORLDS_MAX: u32 = 64;

/// A socket with a name that no other robot of this machine has: the number of the process is in it.
fn listen() -> io::Result<(SocketAddr, UnixListener)> {
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let mut tried = 0;
    loop {
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("nevil-world-{}-{number}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name)?;
        match UnixListener::bind_addr(&address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tried < OLD_WORLDS_MAX => tried += 1,
            listener => return Ok((address, listener?)),
        }
    }
}

impl WorldProcess {
    /// Starts a world process in which the car stands at the start of the world in `file`; `words` say what else it needs to
    /// know.
    pub(crate) fn start(file: &Path, words: &[String]) -> DeviceResult<Self> {
        let (address, listener) = listen()?;
        let mut command = Command::new(env::current_exe()?);
        command.args(["process", process::NAME]).arg("--world").arg(file).args(words);
        // In a group of its own Ctrl-C does not reach it: like a real car it stands in the room when the robot ends.
        command.stdin(OwnedFd::from(listener)).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        reap();
        let child = command.spawn()?;
        Ok(Self { address: Address::Abstract(address), process: Some(child) })
    }

    /// A world that listens on `path`, started by somebody else.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { address: Address::Path(path), process: None }
    }

    /// One more connection to it.
    pub(crate) fn connect(&self) -> io::Result<WorldStream> {
        let stream = match &self.address {
            Address::Path(path) => {
                UnixStream::connect(path).map_err(|error| (error, format!(" at `{}`", path.display())))
            }
            Address::Abstract(address) => {
                UnixStream::connect_addr(address).map_err(|error| (error, String::new()))
            }
        }
        .map_err(|(error, at)| io::Error::new(error.kind(), format!("no world answers{at}: {error}")))?;
        WorldStream::new(stream)
    }
}

impl Drop for WorldProcess {
    fn drop(&mut self) {
        // The world ends by itself some seconds after its last guest.
        if let Some(process) = self.process.take() {
            LEFT.lock().unwrap_or_else(PoisonError::into_inner).push(process);
            reap();
        }
    }
}

/// Worlds that nobody here is connected to any more.
static LEFT: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// Lets go of those that have ended.
fn reap() {
    let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
    left.retain_mut(|world| match world.try_wait() {
        Ok(Some(status)) if !status.success() => {
            tracing::warn!("the world process {} has ended badly: {status}", world.id());
            false
        }
        ended => matches!(ended, Ok(None)),
    });
}
