//! The two ways to a simulated car: in this process, in virtual time, and in a world process of its own, in real time. Both end
//! at the registers of its board.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nevil_car::{Board, Echo, Hat, Level, Line, Measured, STOP_WRITES, Writes};
use nevil_runtime::prelude::*;
use nevil_runtime::{Clock, MakeSafe, SafeSequence, Unblock};

use crate::simulation::{Simulation, State};
use crate::sonar::busy;
use crate::wire::{Decoder, FromWorld, ToWorld, Transfer, WireMessage};
use crate::world_process::WorldProcess;

/// How long the world may take to answer: it measures, at most 20 ms, and is an ordinary process.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// How long what is sent may take to reach the world.
const WRITE_WAIT: Duration = Duration::from_millis(100);

/// A car in this process. Time passes in it when its board is used or it is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    clock: Clock,
    state: Arc<Mutex<(Simulation, Time)>>,
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

/// One connection to a world.
#[derive(Debug)]
pub(crate) struct WorldStream {
    stream: UnixStream,
    decoder: Decoder<FromWorld>,
    bytes: Box<[u8; 256]>,
    unread: std::ops::Range<usize>,
}

impl WorldStream {
    pub(crate) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(ANSWER_WAIT))?;
        stream.set_write_timeout(Some(WRITE_WAIT))?;
        Ok(Self { stream, decoder: Decoder::new(), bytes: Box::new([0; 256]), unread: 0..0 })
    }

    fn send(&mut self, message: ToWorld) -> io::Result<()> {
        self.stream.write_all(message.encode().as_bytes())
    }

    /// Says `message`, and waits until the board has it: a stop on another connection then comes after it.
    fn tell(&mut self, message: ToWorld) -> DeviceResult<()> {
        self.send(message)?;
        while self.receive()? != FromWorld::Done {}
        Ok(())
    }

    fn read(&mut self, bytes: &mut [u8]) -> DeviceResult<()> {
        self.send(ToWorld::Read(bytes.len() as u8))?;
        loop {
            if let FromWorld::Bytes(transfer) = self.receive()? {
                let read = transfer.as_bytes();
                let given = (read.len() == bytes.len()).then_some(read);
                bytes.copy_from_slice(given.ok_or("the world has answered with too few bytes or too many")?);
                return Ok(());
            }
        }
    }

    fn echo(&mut self) -> DeviceResult<Echo> {
        self.send(ToWorld::Echo)?;
        loop {
            if let FromWorld::Reading(echo) = self.receive()? {
                return Ok(echo);
            }
        }
    }

    /// Waits for the next state, after a [`ToWorld::Watch`].
    fn state(&mut self) -> DeviceResult<State> {
        loop {
            if let FromWorld::State(state) = self.receive()? {
                return Ok(state.state);
            }
        }
    }

    /// What ends a call that waits for an answer.
    fn unblock(&self) -> Option<Unblock> {
        let handle = self.stream.try_clone().ok()?;
        Some(Box::new(move || {
            // It may be closed already, which is as good.
            let _ = handle.shutdown(Shutdown::Both);
        }))
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

/// The frames that stop the motors, without an answer that somebody would have to wait for.
fn stop_frames() -> DeviceResult<[Vec<u8>; 2]> {
    let frame = |bytes: [u8; 3]| Transfer::of(&bytes).map(|transfer| ToWorld::Post(transfer).encode());
    let [left, right] = STOP_WRITES.map(|bytes| frame(bytes).map(|frame| frame.as_bytes().to_vec()));
    Ok([left, right].map(Option::unwrap_or_default))
}

/// The board of a simulated car, wherever that is.
#[derive(Debug)]
pub struct SimHat {
    car: Place,
    writes: Arc<Writes>,
}

#[derive(Debug)]
enum Place {
    Inside(Inside),
    World(WorldProcess),
}

impl SimHat {
    pub(crate) fn inside(car: Inside) -> Self {
        Self { car: Place::Inside(car), writes: Arc::default() }
    }

    pub(crate) fn world(world: WorldProcess) -> Self {
        Self { car: Place::World(world), writes: Arc::default() }
    }

    /// What tells where the car is.
    pub(crate) fn watch(&self) -> DeviceResult<Watched> {
        Ok(match &self.car {
            Place::Inside(inside) => Watched::Inside(inside.clone()),
            Place::World(world) => {
                let mut stream = world.connect()?;
                stream.send(ToWorld::Watch)?;
                Watched::World(stream)
            }
        })
    }
}

impl Hat for SimHat {
    type Board = SimBoard;

    fn connect(&mut self) -> DeviceResult<SimBoard> {
        let way = match &self.car {
            Place::Inside(inside) => Way::Inside(inside.clone()),
            Place::World(world) => Way::World(world.connect()?),
        };
        Ok(SimBoard { way, writes: Arc::clone(&self.writes) })
    }

    /// In virtual time no process dies alone.
    fn guard(&mut self) -> DeviceResult<Option<SafeSequence>> {
        let Place::World(world) = &self.car else { return Ok(None) };
        let handle = world.connect()?.stream.into();
        Ok(Some(SafeSequence { handle, writes: stop_frames()?.to_vec() }))
    }

    /// The board itself knows: a world outlives its robots, and what was reset before is not to be reset again.
    fn needs_reset(&mut self) -> bool {
        // A world that does not answer is told of by the call that comes next.
        self.watch().and_then(|mut car| car.state()).is_ok_and(|state| state.resets == 0)
    }

    /// Says it and waits for no answer: who stops is not to hang.
    fn stopper(&mut self) -> DeviceResult<MakeSafe> {
        let writes = Arc::clone(&self.writes);
        Ok(match &self.car {
            Place::Inside(inside) => {
                let inside = inside.clone();
                Arc::new(move || {
                    STOP_WRITES.iter().try_for_each(|bytes| {
                        writes.count(|| inside.with(|simulation| simulation.write(bytes)))
                    })?;
                    Ok(())
                })
            }
            Place::World(world) => {
                let (stream, frames) = (world.connect()?.stream, stop_frames()?);
                Arc::new(move || {
                    for frame in &frames {
                        writes.count(|| (&stream).write_all(frame))?;
                    }
                    Ok(())
                })
            }
        })
    }
}

/// One way to the board of a simulated car.
#[derive(Debug)]
pub struct SimBoard {
    way: Way,
    writes: Arc<Writes>,
}

#[derive(Debug)]
enum Way {
    Inside(Inside),
    World(WorldStream),
}

impl Board for SimBoard {
    fn write(&mut self, bytes: &[u8]) -> DeviceResult<()> {
        let Self { way, writes } = self;
        writes.count(|| match way {
            Way::Inside(inside) => Ok(inside.with(|simulation| simulation.write(bytes))?),
            Way::World(stream) => {
                let transfer = Transfer::of(bytes);
                stream.tell(ToWorld::Write(transfer.ok_or("a write has 1 to 4 bytes")?))
            }
        })
    }

    fn read(&mut self, bytes: &mut [u8]) -> DeviceResult<()> {
        match &mut self.way {
            Way::Inside(inside) => Ok(inside.with(|simulation| simulation.read(bytes))?),
            Way::World(stream) => stream.read(bytes),
        }
    }

    fn set(&mut self, line: Line, level: Level) -> DeviceResult<()> {
        match &mut self.way {
            Way::Inside(inside) => inside.with(|simulation| simulation.set(line, level)),
            Way::World(stream) => stream.tell(ToWorld::Line(line, level))?,
        }
        Ok(())
    }

    fn echo(&mut self) -> DeviceResult<Measured> {
        Ok(match &mut self.way {
            Way::Inside(inside) => {
                let echo = inside.with(Simulation::echo);
                Measured { echo, due_in: busy(echo) }
            }
            // The world has waited for the sound.
            Way::World(stream) => Measured { echo: stream.echo()?, due_in: Duration::ZERO },
        })
    }

    /// A simulated board is set up at once.
    fn pause(&mut self, _: Duration) {}

    fn writes(&self) -> u64 {
        self.writes.changes()
    }

    fn unblock(&self) -> Option<Unblock> {
        match &self.way {
            Way::Inside(_) => None,
            Way::World(stream) => stream.unblock(),
        }
    }
}

/// A car that is looked at.
#[derive(Debug)]
pub(crate) enum Watched {
    Inside(Inside),
    World(WorldStream),
}

impl Watched {
    /// Where it is: now, or, in a world, as soon as that says so next.
    pub(crate) fn state(&mut self) -> DeviceResult<State> {
        match self {
            Self::Inside(inside) => Ok(inside.with(|simulation| simulation.state())),
            Self::World(stream) => stream.state(),
        }
    }

    pub(crate) fn unblock(&self) -> Option<Unblock> {
        match self {
            Self::Inside(_) => None,
            Self::World(stream) => stream.unblock(),
        }
    }
}
