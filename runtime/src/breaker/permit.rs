//! The permit of one call, which gives itself back.

use std::mem::ManuallyDrop;

use super::core::Core;
use super::event::Event;
use super::state::{CallOutcome, Ticket};
use super::word::{CLEAN, EMERGENCY};
use super::zombies::Return;
use crate::clock::Time;
use crate::limits::BREAKER_SUCCESS_SAMPLE;

/// The right to make one call. Dropped without a result it gives itself back, and says that the call was cancelled, which
/// decides nothing; dropped by a panic it says that.
#[derive(Debug)]
#[must_use = "dropped at once, it says that the call was cancelled"]
pub struct Permit<'a> {
    call: Call<'a>,
}

/// What a permit knows of its call.
#[derive(Clone, Copy, Debug)]
struct Call<'a> {
    core: &'a Core,
    ticket: Ticket,
    started: Time,
    sequence: Option<u64>,
}

impl<'a> Permit<'a> {
    #[inline]
    pub(super) fn new(core: &'a Core, ticket: Ticket, started: Time) -> Self {
        Self { call: Call { core, ticket, started, sequence: None } }
    }

    /// What another thread needs to time this call out. See [`Breaker::time_out`](super::Breaker::time_out).
    #[inline]
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        self.call.ticket
    }

    /// When the call was admitted.
    #[must_use]
    pub fn started(&self) -> Time {
        self.call.started
    }

    /// Says when the call began, if that is not when it was admitted.
    pub fn started_at(mut self, started: Time) -> Self {
        self.call.started = started;
        self
    }

    /// Whether the call is a probe of a half-open circuit.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.call.ticket.is_probe()
    }

    /// Says which message the call is about, for the history.
    pub fn about(&mut self, sequence: u64) {
        self.call.sequence = Some(sequence);
    }

    /// Says how the call has ended. A result from before the last transition is counted, and decides nothing.
    #[inline]
    pub fn finish(self, ended: Time, outcome: CallOutcome) {
        let call = self.into_call();
        if matches!(outcome, CallOutcome::Ok) {
            let word = call.core.words.load();
            let same = word.generation() == call.ticket.generation();
            if same && word.0 & (CLEAN | EMERGENCY) == CLEAN {
                call.succeed(ended);
                return;
            }
        }
        call.end(ended, outcome);
    }

    /// Says that the call has returned after it was timed out by another thread, whatever its result.
    pub fn late(self, ended: Time) {
        let call = self.into_call();
        let found = call.core.zombies.return_late(call.ticket);
        call.came_back(ended, found);
    }

    /// What is left when there is nothing to be dropped any more. It has no address, so that it stays in registers.
    #[inline]
    fn into_call(self) -> Call<'a> {
        let permit = ManuallyDrop::new(self);
        permit.call
    }
}

impl Call<'_> {
    #[inline]
    fn succeed(self, ended: Time) {
        let number = self.core.counters.short(ended);
        if self.ticket.has_slot() {
            self.core.words.return_slot();
        }
        if number % BREAKER_SUCCESS_SAMPLE == BREAKER_SUCCESS_SAMPLE - 1 {
            self.sample(ended);
        }
    }

    #[cold]
    fn sample(self, ended: Time) {
        self.core.post(Event::Sample { started: self.started, ended, sequence: self.sequence });
    }

    #[inline(never)]
    fn end(self, ended: Time, outcome: CallOutcome) {
        let ticket = self.ticket;
        match self.core.zombies.finish(ticket) {
            Return::InTime => {
                let (started, sequence) = (self.started, self.sequence);
                let failed = outcome.ending().is_failure();
                let is_known = self.core.post(Event::Ended { ticket, started, ended, outcome, sequence });
                // A failure that is on its way to end the episode lets no other probe through.
                if is_known || !failed {
                    self.return_permit();
                }
                self.return_slot();
                self.core.counters.end();
            }
            found => self.came_back(ended, found),
        }
    }

    /// The end of a call that was timed out.
    fn came_back(self, now: Time, found: Return) {
        self.core.post(Event::Returned { now });
        // The time-out has ended the episode of a probe. Who was given up has no slot any more.
        if found != Return::GivenUp {
            self.return_slot();
        }
        self.core.counters.end_late();
    }

    fn return_permit(self) {
        if self.ticket.is_probe() {
            self.core.words.return_permit(self.ticket.generation());
        }
    }

    fn return_slot(self) {
        self.core.return_slot(self.ticket.has_slot());
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        // The time is not known here; no event is taken to be earlier than the one before it.
        let outcome = if std::thread::panicking() {
            CallOutcome::Panicked { text: "the permit was dropped by a panic".into() }
        } else {
            CallOutcome::Cancelled
        };
        self.call.end(self.call.started, outcome);
    }
}
