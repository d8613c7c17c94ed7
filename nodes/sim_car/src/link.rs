//! The two ways to a simulated car: in this process, in virtual time, and in a world process of its own, in real time.

use std::env;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nevil_runtime::Clock;
use nevil_runtime::prelude::*;

use crate::simulation::{Ping, Simulation};
use crate::wire::{Decoder, FromWorld, ToWorld, WireMessage, WireState};
use crate::{MotorCommand, process};

/// How long the world may take to answer: it measures, at most 20 ms, and is an ordinary process.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// How long a command may take to reach the world.
const WRITE_WAIT: Duration = Duration::from_millis(100);

/// Where the simulated car is.
#[derive(Clone, Debug)]
pub(crate) enum Car {
    Inside(Inside),
    World(Arc<World>),
}

/// A car in this process. Time passes in it when it is looked at or commanded.
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    clock: Clock,
    state: Arc<Mutex<(Simulation, Time)>>,
}

/// A world in a process of its own.
#[derive(Debug)]
pub(crate) struct World {
    address: Address,
    /// `None` if somebody else started it.
    process: Option<Mutex<Child>>,
}

#[derive(Debug)]
enum Address {
    Path(PathBuf),
    /// Linux' abstract names need no file, so that nothing can be left behind.
    Abstract(SocketAddr),
}

impl Inside {
    pub(crate) fn new(simulation: Simulation, clock: Clock) -> Self {
        let now = clock.now();
        Self { clock, state: Arc::new(Mutex::new((simulation, now))) }
    }

    /// Lets time pass up to now, and uses the simulation.
    pub(crate) fn with<R>(&self, operation: impl FnOnce(&mut Simulation) -> R) -> R {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (simulation, seen) = &mut *state;
        simulation.step(now.since(*seen));
        *seen = now;
        operation(simulation)
    }
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

impl World {
    /// Starts a world process in which the car stands at the start of the world in `file`.
    pub(crate) fn start(file: &Path, seed: u64, dropout_share: f64) -> DeviceResult<Self> {
        let (address, listener) = listen()?;
        let mut command = Command::new(env::current_exe()?);
        command.args(["process", process::NAME]).arg("--world").arg(file);
        command.args(["--seed", &seed.to_string(), "--dropout-share", &dropout_share.to_string()]);
        // In a group of its own Ctrl-C does not reach it: like a real car it stands in the room when the robot ends.
        command.stdin(OwnedFd::from(listener)).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = command.spawn()?;
        Ok(Self { address: Address::Abstract(address), process: Some(Mutex::new(child)) })
    }

    /// A world that listens on `path`, started by somebody else.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { address: Address::Path(path), process: None }
    }

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
        stream.set_read_timeout(Some(ANSWER_WAIT))?;
        stream.set_write_timeout(Some(WRITE_WAIT))?;
        Ok(WorldStream { stream, decoder: Decoder::new(), bytes: Box::new([0; 256]), unread: 0..0 })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The world ends by itself when nobody is connected any more; one that has ended is reaped here.
        if let Some(process) = &self.process {
            let mut process = process.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = process.try_wait();
        }
    }
}

/// One connection to a world.
#[derive(Debug)]
pub(crate) struct WorldStream {
    stream: UnixStream,
    decoder: Decoder<FromWorld>,
    bytes: Box<[u8; 256]>,
    unread: std::ops::Range<usize>,
}

impl WorldStream {
    pub(crate) fn send(&mut self, message: ToWorld) -> io::Result<()> {
        self.stream.write_all(message.encode().as_bytes())
    }

    /// Commands the motors, and waits until they have it: a stop on another connection then comes after it.
    fn command(&mut self, command: MotorCommand) -> DeviceResult<()> {
        self.send(ToWorld::Command(command))?;
        while self.receive()? != FromWorld::Done {}
        Ok(())
    }

    /// Asks for one measurement and waits for it.
    pub(crate) fn ping(&mut self) -> DeviceResult<Ping> {
        self.send(ToWorld::Ping)?;
        loop {
            if let FromWorld::Reading(ping) = self.receive()? {
                return Ok(ping);
            }
        }
    }

    /// Waits for the next state, after a [`ToWorld::Watch`].
    pub(crate) fn state(&mut self) -> DeviceResult<WireState> {
        loop {
            if let FromWorld::State(state) = self.receive()? {
                return Ok(state);
            }
        }
    }

    /// A second handle on the same connection.
    pub(crate) fn handle(&self) -> io::Result<UnixStream> {
        self.stream.try_clone()
    }

    fn receive(&mut self) -> DeviceResult<FromWorld> {
        loop {
            let mut input = &self.bytes[self.unread.clone()];
            let message = self.decoder.next(&mut input)?;
            self.unread.start = self.unread.end - input.len();
            if let Some(message) = message {
                return Ok(message);
            }
            let read = match self.stream.read(&mut self.bytes[..]) {
                // A wait with a time-out ends so when the process was stopped and goes on (`kill -CONT`, a debugger).
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Err(format!("the world has not answered for {ANSWER_WAIT:?}").into());
                }
                read => read?,
            };
            if read == 0 {
                return Err("the world has gone".into());
            }
            self.unread = 0..read;
        }
    }
}

/// The motors of the car.
#[derive(Debug)]
pub(crate) enum Wheels {
    Inside(Inside),
    World(WorldStream),
}

impl Actuate for Wheels {
    type Command = MotorCommand;

    fn apply(&mut self, command: &MotorCommand) -> DeviceResult<()> {
        match self {
            Self::Inside(inside) => inside.with(|simulation| simulation.command(*command)),
            Self::World(stream) => stream.command(*command)?,
        }
        Ok(())
    }
}
