//! The world process: the room, the car and its motor controller, in real time, apart from the robot.
//!
//! It is what a test can trust: the robot may die in any way, and the car here does what its motor controller was told
//! last, for ever, as the real one does. The process ends when nobody has been connected for a while.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nevil_runtime::{Clock, HelperProcess};

use crate::link::Inside;
use crate::node::Flaws;
use crate::simulation::{Settings, Simulation};
use crate::sonar::busy;
use crate::wire::{Decoder, FromWorld, TRANSFER_BYTES_MAX, ToWorld, Transfer, WireMessage, WireState};
use crate::world::World;

/// Name of the process among the robot's helper processes.
pub(crate) const NAME: &str = "sim-world";

/// The world process, for the list of a node's processes.
pub const WORLD_PROCESS: HelperProcess = HelperProcess { name: NAME, main };

/// How long it stays when nobody is connected. A robot that is started again at once finds its own new world.
const LINGER: Duration = Duration::from_secs(2);

/// Time between two states on a connection that watches.
const WATCH_EVERY: Duration = Duration::from_millis(20);

/// Connections at once: a robot has seven, a test watches with another.
const CONNECTIONS_MAX: usize = 32;

const USAGE: &str = "usage: process sim-world --world FILE [--seed N] [--dropout-share SHARE] [--flaws none|typical] \
    [--socket PATH]\nWithout --socket the listening socket is the standard input.";

fn main(words: &[String]) -> ExitCode {
    match run(words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Best effort: nobody may be listening.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    world: PathBuf,
    socket: Option<PathBuf>,
    settings: Settings,
}

fn options(words: &[String]) -> Result<Options, String> {
    let (mut world, mut socket, mut settings) = (None, None, Settings::with_seed(1));
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("`{word}` needs a value\n{USAGE}"))?;
        let wrong = || format!("`{word}` is not `{value}`\n{USAGE}");
        match word.as_str() {
            "--world" => world = Some(PathBuf::from(value)),
            "--socket" => socket = Some(PathBuf::from(value)),
            "--seed" => settings.seed = value.parse().map_err(|_| wrong())?,
            "--dropout-share" => {
                settings.dropout_share =
                    value.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(wrong)?;
            }
            "--flaws" => settings.flaws = Flaws::named(value).ok_or_else(wrong)?.of_car(),
            _ => return Err(format!("unknown option `{word}`\n{USAGE}")),
        }
    }
    Ok(Options { world: world.ok_or(USAGE)?, socket, settings })
}

fn run(words: &[String]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let options = options(words)?;
    // The node that starts it may run in real time; this is no part of the robot.
    nevil_runtime::be_ordinary("world");
    let simulation = Simulation::new(&World::read(&options.world)?, options.settings)?;
    let car = Inside::new(simulation, Clock::monotonic());
    let listener = match &options.socket {
        Some(path) => UnixListener::bind(path).map_err(|error| {
            format!(
                "cannot listen on `{}`: {error}; remove what lies there, or take another path",
                path.display()
            )
        })?,
        None => {
            let listener = UnixListener::from(io::stdin().as_fd().try_clone_to_owned()?);
            listener.local_addr().map_err(|_| format!("the standard input is no socket\n{USAGE}"))?;
            listener
        }
    };
    let guests = Arc::<Guests>::default();
    {
        let guests = Arc::clone(&guests);
        thread::Builder::new().name("accept".into()).spawn(move || accept(&listener, &car, &guests))?;
    }
    guests.wait_until_alone();
    if let Some(path) = options.socket {
        // It may have been removed with its directory.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// Who is connected.
#[derive(Default)]
struct Guests {
    /// Connections now, and in all.
    counts: Mutex<(usize, u64)>,
    changed: Condvar,
}

impl Guests {
    fn change(&self, change: impl FnOnce(&mut (usize, u64))) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Returns when nobody has been connected for [`LINGER`], after the first guest; or none came for ten times as long.
    fn wait_until_alone(&self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let (now, ever) = *counts;
            let patience = if ever == 0 { 10 * LINGER } else { LINGER };
            if now > 0 {
                counts = self.changed.wait(counts).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let unchanged = |counts: &mut (usize, u64)| *counts == (0, ever);
            let (after, timeout) = self
                .changed
                .wait_timeout_while(counts, patience, unchanged)
                .unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                return;
            }
            counts = after;
        }
    }
}

/// One who is connected, until dropped.
struct Guest(Arc<Guests>);

impl Guest {
    fn new(guests: Arc<Guests>) -> Self {
        guests.change(|(now, ever)| {
            *now += 1;
            *ever += 1;
        });
        Self(guests)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.change(|(now, _)| *now -= 1);
    }
}

fn accept(listener: &UnixListener, car: &Inside, guests: &Arc<Guests>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // No handle is free: the next try is not at once.
            thread::park_timeout(WATCH_EVERY);
            continue;
        };
        // The car obeys those who could as well open its device: the user that it belongs to.
        let user = nevil_runtime::os::peer_user_id(&stream);
        let allowed = user.is_ok_and(|user| user == nevil_runtime::os::user_id() || user == 0);
        let full = guests.counts.lock().unwrap_or_else(PoisonError::into_inner).0 >= CONNECTIONS_MAX;
        if !allowed || full {
            continue;
        }
        let guest = Guest::new(Arc::clone(guests));
        let car = car.clone();
        let serve = move || {
            let _guest = guest;
            // A connection that breaks, or speaks garbage, ends; the car does what it was told.
            let _ = serve(stream, &car);
        };
        // Without a thread the connection is closed, and the guest is gone.
        let _ = thread::Builder::new().name("guest".into()).spawn(serve);
    }
}

fn serve(mut stream: UnixStream, car: &Inside) -> Result<(), Box<dyn std::error::Error>> {
    stream.set_write_timeout(Some(Duration::from_secs(1)))?;
    let mut decoder = Decoder::<ToWorld>::new();
    let mut bytes = [0; 256];
    loop {
        let read = stream.read(&mut bytes)?;
        if read == 0 {
            return Ok(());
        }
        let mut input = &bytes[..read];
        while let Some(message) = decoder.next(&mut input)? {
            if let Some(answer) = answer(message, car) {
                stream.write_all(answer.encode().as_bytes())?;
            }
            if message == ToWorld::Watch {
                return watch(&mut stream, car);
            }
        }
    }
}

/// Does what the message says, and gives the answer, if there is one. Like the real board the simulated one says nothing of
/// what it does not understand.
fn answer(message: ToWorld, car: &Inside) -> Option<FromWorld> {
    match message {
        ToWorld::Write(transfer) => {
            let _ = car.with(|simulation| simulation.write(transfer.as_bytes()));
            Some(FromWorld::Done)
        }
        ToWorld::Post(transfer) => {
            let _ = car.with(|simulation| simulation.write(transfer.as_bytes()));
            None
        }
        ToWorld::Line(line, level) => {
            car.with(|simulation| simulation.set(line, level));
            Some(FromWorld::Done)
        }
        ToWorld::Read(wanted) => {
            let mut bytes = [0; TRANSFER_BYTES_MAX];
            let bytes = bytes.get_mut(..wanted.into())?;
            if car.with(|simulation| simulation.read(bytes)).is_err() {
                // Nobody pulls the wires of the bus down.
                bytes.fill(0xff);
            }
            Transfer::of(bytes).map(FromWorld::Bytes)
        }
        ToWorld::Echo => {
            let clock = Clock::monotonic();
            let echo = car.with(Simulation::echo);
            let due = clock.now() + busy(echo);
            while clock.now() < due {
                thread::park_timeout(due.since(clock.now()));
            }
            Some(FromWorld::Reading(echo))
        }
        ToWorld::Watch => None,
    }
}

/// Sends states until the other end goes.
fn watch(stream: &mut UnixStream, car: &Inside) -> Result<(), Box<dyn std::error::Error>> {
    let clock = Clock::monotonic();
    loop {
        let state = car.with(|simulation| simulation.state());
        let state = WireState { stamp_ns: clock.now().as_ns(), state };
        stream.write_all(FromWorld::State(state).encode().as_bytes())?;
        thread::park_timeout(WATCH_EVERY);
    }
}
