//! The guard process.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nevil_sys::os;

use crate::guard::actuator::Actuator;
use crate::guard::frame::{Frame, Inbox, Malformed};
use crate::guard::machine::{Action, Machine, Signal};
use crate::guard::now;
use crate::limits;
use crate::scheduling::{self, Policy, ThreadSpec};

pub(super) const DONE: u8 = 0;
pub(super) const TOO_MANY: u8 = 1;
pub(super) const NO_THREAD: u8 = 2;

pub(super) const FIRED_SILENCE: u8 = b'F';
pub(super) const FIRED_MALFORMED: u8 = b'M';

/// How often the end of the last writes is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// The whole life of the guard process: to be called by the program that [`Guard::start`](super::Guard::start) starts,
/// before anything else, and its value returned from `main`.
///
/// It reads its standard input, prints nothing, and ends when it is released or when its link ends.
#[must_use]
pub fn serve() -> ExitCode {
    let Ok(link) = io::stdin().as_fd().try_clone_to_owned() else { return ExitCode::FAILURE };
    let policy = Policy::Fifo { priority: limits::SAFETY_HELPER_PRIORITY };
    // Its threads inherit it. Without the rights for it the guard is as good as an ordinary process is.
    let _ = scheduling::apply(&ThreadSpec { policy, ..ThreadSpec::default() }, "guard");
    Server::new(link.into()).run()
}

/// The guard's side of the link, and all that it guards.
pub(super) struct Server {
    link: UnixStream,
    events: Option<UnixStream>,
    inbox: Inbox,
    machine: Machine,
    actuators: Vec<Actuator>,
    /// Threads of actuators that were registered anew; one may hang in its old device.
    retired: Vec<JoinHandle<()>>,
}

impl Server {
    pub(super) fn new(link: UnixStream) -> Self {
        Self {
            link,
            events: None,
            inbox: Inbox::new(),
            machine: Machine::new(),
            actuators: Vec::with_capacity(limits::GUARD_ACTUATORS_MAX),
            retired: Vec::with_capacity(limits::GUARD_ACTUATORS_MAX),
        }
    }

    pub(super) fn run(mut self) -> ExitCode {
        loop {
            match self.step() {
                Action::Wait => {}
                Action::FireAgain => self.fire(),
                Action::Fire => {
                    self.fire();
                    self.tell(FIRED_SILENCE);
                }
                Action::FireAndEnd => {
                    self.fire_for_good();
                    return ExitCode::FAILURE;
                }
                Action::End => return ExitCode::SUCCESS,
            }
        }
    }

    /// Waits for what comes next, and says what to do about it.
    fn step(&mut self) -> Action {
        match os::wait_readable(self.link.as_fd(), self.machine.wait(now())) {
            // Nothing is in the link: a guard that was kept from running has read all beats before this.
            Ok(false) => return self.machine.silence(now()),
            Ok(true) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Action::Wait,
            Err(_) => return self.machine.signal(now(), Signal::Closed),
        }
        match os::receive_with_handle(&self.link, self.inbox.room()) {
            Ok((0, _)) => self.machine.signal(now(), Signal::Closed),
            Ok((length, handle)) => self.take(length, handle).unwrap_or_else(|Malformed| {
                self.fire();
                self.tell(FIRED_MALFORMED);
                self.machine.signal(now(), Signal::Malformed)
            }),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Action::Wait,
            Err(_) => self.machine.signal(now(), Signal::Closed),
        }
    }

    /// Obeys all frames that are whole now, up to one that ends the guard.
    fn take(&mut self, length: usize, handle: Option<OwnedFd>) -> Result<Action, Malformed> {
        self.inbox.filled(length, handle)?;
        while let Some((frame, handle)) = self.inbox.next()? {
            match frame {
                Frame::Hello if self.events.is_none() => {
                    self.events = Some(handle.ok_or(Malformed)?.into());
                    self.answer(0, DONE);
                }
                Frame::Hello => return Err(Malformed),
                Frame::Register { ticket, name, writes } => {
                    let answer = self.register(name, handle.ok_or(Malformed)?, writes);
                    self.answer(ticket, answer);
                }
                Frame::Signal(signal) => match self.machine.signal(now(), signal) {
                    Action::Wait => {}
                    action => return Ok(action),
                },
            }
        }
        Ok(Action::Wait)
    }

    fn register(&mut self, name: String, handle: OwnedFd, writes: Vec<Vec<u8>>) -> u8 {
        self.retired.retain(|thread| !thread.is_finished());
        let earlier = self.actuators.iter().position(|actuator| actuator.name == name);
        let held = if earlier.is_some() { self.retired.len() } else { self.actuators.len() };
        if held >= limits::GUARD_ACTUATORS_MAX {
            return TOO_MANY;
        }
        let Ok(actuator) = Actuator::start(name, handle, writes) else { return NO_THREAD };
        match earlier {
            Some(place) => {
                let earlier = std::mem::replace(&mut self.actuators[place], actuator);
                self.retired.push(earlier.retire());
            }
            None => self.actuators.push(actuator),
        }
        DONE
    }

    fn fire(&self) {
        self.actuators.iter().for_each(Actuator::make_safe);
    }

    /// Fires, and again a few times: a command that our process had begun may land after the first.
    fn fire_for_good(&self) {
        self.fire();
        if self.actuators.is_empty() {
            return;
        }
        for _ in 0..limits::GUARD_REPEATS {
            pause(limits::GUARD_REPEAT_EVERY, || false);
            self.fire();
        }
        pause(limits::GUARD_LAST_WAIT, || self.actuators.iter().all(Actuator::is_done));
    }

    fn answer(&self, ticket: u8, answer: u8) {
        // Who asked and does not read has given up, and counts the actuator as not guarded.
        let _ = os::send_now(&self.link, &[ticket, answer]);
    }

    fn tell(&self, event: u8) {
        if let Some(events) = &self.events {
            // A guard does not wait for those who do not listen.
            let _ = os::send_now(events, &[event]);
        }
    }
}

impl Drop for Server {
    /// Lets the actuators' threads end, where the guard is not the whole process.
    fn drop(&mut self) {
        self.actuators.drain(..).for_each(|actuator| drop(actuator.retire()));
    }
}

/// Waits for `time`, or until `done`, which is looked at each millisecond.
fn pause(time: Duration, done: impl Fn() -> bool) {
    let end = now() + time;
    while now() < end && !done() {
        thread::park_timeout(LOOK_EVERY);
    }
}
