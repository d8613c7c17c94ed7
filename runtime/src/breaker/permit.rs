//! The permit of one call, which gives itself back.

use std::mem::ManuallyDrop;

use super::core::Core;
use super::machine::Event;
use super::state::{CallOutcome, Ticket};
use super::word::{CLEAN, EMERGENCY};
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
        let returned = call.core.words.remove_zombie(call.ticket);
        call.core.post(Event::Returned { now: ended });
        // Otherwise it was given up, and its slot with it.
        call.give_back(returned);
        call.core.counters.end_late();
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
        let Self { core, ticket, started, sequence } = self;
        if core.words.remove_zombie(ticket) {
            core.post(Event::Returned { now: ended });
            self.give_back(true);
            core.counters.end_late();
        } else {
            core.post(Event::Ended { ticket, started, ended, outcome, sequence });
            self.give_back(true);
            core.counters.end();
        }
    }

    fn give_back(self, with_slot: bool) {
        let ticket = self.ticket;
        if ticket.is_probe() {
            self.core.words.return_permit(ticket.generation());
        }
        self.core.return_slot(with_slot && ticket.has_slot());
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
