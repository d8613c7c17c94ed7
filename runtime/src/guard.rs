//! The guard: a small process that makes the actuators safe when ours is dead or hangs as a whole.
//!
//! It is started before any actuator opens and gets, for each actuator, a handle of its own and a list of byte strings.
//! When it fires it writes each of them with one `write`: no code of ours, no bus, no allocation on the way.
//!
//! ```text
//!  our process                                            guard process (own process group: Ctrl-C does not reach it)
//!   Guard ─────────── link: frames, handles ────────────►  loop ── fires ─►  one thread per actuator ── write ─► device
//!     ▲ └──────────── answers to registrations ──────────┘   │
//!   GuardWatch ◄───── event stream: fired, end of file ──────┘
//! ```
//! It fires when it is armed and no beat has come for [`GUARD_SILENCE`](crate::limits::GUARD_SILENCE), and when the link
//! ends without a release: whatever ended our process, the kernel closes the link.
//!
//! # What is on the wire
//!
//! ```text
//!  link, to the guard (its standard input, a stream socket); one frame is one send
//!   hello      "NVGUARD1"                                  with it: the guard's end of the event stream
//!   register   'S' ticket  length name  count  (length bytes) × count        with it: the actuator's handle
//!   arm        'A'
//!   beat       'B'
//!   disarm     'D'
//!   release    'R'
//!  link, from the guard: ticket answer     the hello's ticket is 0; answer: 0 done, 1 too many actuators, 2 no thread
//!  event stream, from the guard: 'F' fired after silence, 'M' fired because a frame was malformed
//! ```
//! Ticket, lengths, count and answer are one byte each; lengths and count are at least 1 and bounded in `limits`. A frame
//! out of these bounds, or without its handle, makes the guard fire and end: who speaks garbage is not in control.
//!
//! Reading guide: `machine` (when it fires), `frame` (the bytes), `serve` (the guard's side), `actuator` (its threads),
//! `error`; our side is here.

mod actuator;
mod error;
mod frame;
mod machine;
mod serve;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nevil_sys::os;

pub use error::{GuardRegisterError, GuardSendError, GuardStartError};
pub use serve::serve;

use crate::limits;
use frame::Frame;
use machine::Signal;

/// What makes an actuator safe, as data.
#[derive(Debug)]
pub struct SafeSequence {
    /// The actuator's own handle: a device where one write is one transaction, or a socket. It may share its settings
    /// with a handle of ours; the guard does not change them.
    pub handle: OwnedFd,
    /// The writes, in order: at most [`GUARD_WRITES_MAX`](limits::GUARD_WRITES_MAX), each of 1 to
    /// [`GUARD_WRITE_BYTES`](limits::GUARD_WRITE_BYTES). One that fails is tried again, then the next follows.
    pub writes: Vec<Vec<u8>>,
}

/// Our end of the link to the guard process.
///
/// All calls but [`Self::register`] are one send of one byte, which never blocks. If it is dropped without
/// [`Self::release`] the guard fires, as if this process had died.
///
/// ```no_run
/// use std::{env, fs::File, process::Command, thread};
/// use nevil_runtime::guard::{Guard, GuardEvent, SafeSequence};
///
/// // `my_robot guard` does nothing but return `nevil_runtime::guard::serve()` from its `main`.
/// let mut command = Command::new(env::current_exe()?);
/// command.arg("guard");
/// let (guard, mut watch) = Guard::start(command)?;
/// thread::spawn(move || while let GuardEvent::Fired(why) = watch.next_event() {
///     tracing::error!(?why, "the guard made the actuators safe");
/// });
///
/// let handle = File::options().write(true).open("/dev/motor")?.into();
/// guard.register("motor", SafeSequence { handle, writes: vec![b"speed 0".to_vec()] })?;
/// guard.arm()?; // and then `guard.beat()` each 50 ms, until
/// guard.disarm()?;
/// guard.release()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Guard {
    link: UnixStream,
    last_ticket: Mutex<u8>,
    process: u32,
}

/// What became known of the guard process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GuardEvent {
    /// It made the actuators safe.
    Fired(FiredWhy),
    /// It has ended: nobody guards any more. Expected after a release only.
    Gone {
        /// How, if the operating system tells.
        status: Option<ExitStatus>,
    },
}

/// Why the guard fired while this process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FiredWhy {
    /// It was armed, and no beat came for [`GUARD_SILENCE`](limits::GUARD_SILENCE). It stays, and the next beat arms it.
    Silence,
    /// What came over the link was no frame. It ends.
    Malformed,
}

impl fmt::Display for FiredWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silence => {
                "no beat had come for a while, as if this process had stood still; motion goes on with the next command"
            }
            Self::Malformed => "what came over its link was no frame; it ends",
        })
    }
}

/// Tells of the guard process, to a thread of its own. Dropping it does not end the guard.
#[derive(Debug)]
pub struct GuardWatch {
    events: UnixStream,
    child: Child,
}

impl Guard {
    /// Starts `command`, which must call [`serve`], and waits until it answers. Its standard input, output and error are
    /// set here: a guard that could block on a terminal would be none.
    ///
    /// # Errors
    ///
    /// [`GuardStartError`]; a process that was started and does not answer is killed.
    pub fn start(mut command: Command) -> Result<(Self, GuardWatch), GuardStartError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let failed = |source| GuardStartError::Link { source };
        let (link, their_link) = UnixStream::pair().map_err(failed)?;
        let (events, their_events) = UnixStream::pair().map_err(failed)?;
        // A guard that does not read is noticed when this is full, at about twenty beats.
        os::limit_send_buffer(&link, limits::GUARD_LINK_BYTES).map_err(failed)?;
        link.set_read_timeout(Some(limits::GUARD_START_WAIT)).map_err(failed)?;
        link.set_write_timeout(Some(limits::GUARD_ANSWER_WAIT)).map_err(failed)?;
        // All other handles of ours are closed by `exec`, and so are the link's ends in any other child of ours: else
        // the guard would not see our end.
        command.stdin(OwnedFd::from(their_link)).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = command.spawn();
        // It holds the guard's end of the link; while that is open here, the guard's death is not seen.
        drop(command);
        let mut child =
            child.map_err(|source| GuardStartError::Spawn { program: program.clone(), source })?;

        let greeted = os::send_with_handle(&link, &Frame::Hello.encode(), their_events.as_fd())
            .and_then(|_| answer(&link, 0))
            .and_then(|_| link.set_read_timeout(Some(limits::GUARD_ANSWER_WAIT)));
        if let Err(source) = greeted {
            // It may have ended by itself, which is as good.
            let _ = child.kill();
            let _ = child.wait();
            return Err(GuardStartError::NoAnswer { program, waited: limits::GUARD_START_WAIT, source });
        }
        let process = child.id();
        Ok((Self { link, last_ticket: Mutex::new(0), process }, GuardWatch { events, child }))
    }

    /// The guard's process number.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Gives the guard what makes the actuator `name` safe, and waits until it says that it has it. A later sequence of
    /// the same name takes the place of the earlier one, as after a reopening.
    ///
    /// Waits at most [`GUARD_ANSWER_WAIT`](limits::GUARD_ANSWER_WAIT) to send and as long for the answer; not for threads
    /// with a deadline of their own.
    ///
    /// # Errors
    ///
    /// [`GuardRegisterError`]; the actuator is then not guarded, and may not be opened.
    pub fn register(&self, name: &str, sequence: SafeSequence) -> Result<(), GuardRegisterError> {
        let SafeSequence { handle, writes } = sequence;
        error::check(name, &writes)?;
        let failed = |source| GuardRegisterError::NoAnswer { name: name.to_owned(), source };
        // A ticket is a ticket after any panic. One registration at a time: each reads its own answer.
        let mut last_ticket = self.last_ticket.lock().unwrap_or_else(PoisonError::into_inner);
        *last_ticket = last_ticket.checked_add(1).unwrap_or(1);
        let ticket = *last_ticket;
        let bytes = Frame::Register { ticket, name: name.to_owned(), writes }.encode();
        let sent = os::send_with_handle(&self.link, &bytes, handle.as_fd()).map_err(failed)?;
        // The kernel queues a send of this size whole or not at all, so that beats of other threads fall between frames.
        if sent != bytes.len() {
            return Err(failed(io::ErrorKind::WriteZero.into()));
        }
        match answer(&self.link, ticket).map_err(failed)? {
            serve::DONE => Ok(()),
            serve::TOO_MANY => Err(GuardRegisterError::TooManyActuators {
                name: name.to_owned(),
                max: limits::GUARD_ACTUATORS_MAX,
            }),
            _ => Err(GuardRegisterError::NoThread { name: name.to_owned() }),
        }
    }

    /// Motion begins: from now on a beat must come within [`GUARD_SILENCE`](limits::GUARD_SILENCE).
    ///
    /// # Errors
    ///
    /// [`GuardSendError`]: motion may not begin.
    pub fn arm(&self) -> Result<(), GuardSendError> {
        self.send(Signal::Arm)
    }

    /// This process is alive. To be sent each [`GUARD_BEAT`](limits::GUARD_BEAT) while armed. After the guard has fired
    /// for silence it arms it again.
    ///
    /// # Errors
    ///
    /// [`GuardSendError`]: nobody guards; the robot must be made safe from here.
    pub fn beat(&self) -> Result<(), GuardSendError> {
        self.send(Signal::Beat)
    }

    /// Everything is safe: no beats are needed until [`Self::arm`].
    ///
    /// # Errors
    ///
    /// [`GuardSendError`].
    pub fn disarm(&self) -> Result<(), GuardSendError> {
        self.send(Signal::Disarm)
    }

    /// The orderly end, when all is safe: the guard ends and writes nothing.
    ///
    /// # Errors
    ///
    /// [`GuardSendError`]; if the guard is there it fires, because the link ends now.
    pub fn release(&self) -> Result<(), GuardSendError> {
        self.send(Signal::Release)
    }

    fn send(&self, signal: Signal) -> Result<(), GuardSendError> {
        match os::send_now(&self.link, &[frame::signal_byte(signal)]) {
            Ok(_) => Ok(()),
            Err(source) if source.kind() == io::ErrorKind::WouldBlock => Err(GuardSendError::NotReading),
            Err(source) => Err(GuardSendError::Gone { source }),
        }
    }
}

impl GuardWatch {
    /// Waits for the next event, for as long as the guard lives; then it returns [`GuardEvent::Gone`] each time. A guard
    /// that has ended is reaped here.
    pub fn next_event(&mut self) -> GuardEvent {
        let mut byte = [0];
        loop {
            match self.events.read(&mut byte) {
                Ok(1) if byte == [serve::FIRED_SILENCE] => return GuardEvent::Fired(FiredWhy::Silence),
                Ok(1) if byte == [serve::FIRED_MALFORMED] => return GuardEvent::Fired(FiredWhy::Malformed),
                // A byte that is no event comes from a later guard; this one knows nothing of it.
                Ok(1) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The guard closes the stream by its end only, so that this wait is short.
                Ok(_) | Err(_) => return GuardEvent::Gone { status: self.child.wait().ok() },
            }
        }
    }
}

/// Waits for the guard's answer to `ticket`. Answers to registrations that were given up are passed over.
fn answer(link: &UnixStream, ticket: u8) -> io::Result<u8> {
    // There is at most one such answer for each ticket.
    for _ in 0..=u8::MAX {
        // The guard sends both bytes at once, so that a time-out never falls between them.
        let mut bytes = [0; 2];
        (&*link).read_exact(&mut bytes)?;
        if bytes[0] == ticket {
            return Ok(bytes[1]);
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

/// The time of the guard's machine.
fn now() -> Duration {
    Duration::from_nanos(os::monotonic_ns())
}
