//! What a breaker's machine is told, and what it counts.

use std::time::Duration;

use super::history::CallRecord;
use super::state::{CallOutcome, Ending, Ticket};
use crate::clock::Time;

/// What a breaker is told.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A call has ended that nobody had timed out.
    Ended { ticket: Ticket, started: Time, ended: Time, outcome: CallOutcome, sequence: Option<u64> },
    /// A success that went the short way, for the history.
    Sample { started: Time, ended: Time, sequence: Option<u64> },
    /// A call has reached its deadline and goes on.
    TimedOut { ticket: Ticket, now: Time },
    /// A call that was timed out has returned.
    Returned { now: Time },
    /// A call asks for a probe's permit, and the open time may be over.
    Wanted { now: Time },
    /// The emergency stop came or went: what is under way decides nothing.
    Emergency { now: Time },
}

impl Event {
    /// Whether a call is counted by it, so that it is missed where it is lost.
    pub(super) const fn is_result(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::TimedOut { .. })
    }
}

/// Calls by how they ended, and what became of the circuit, since the breaker was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) ok: u64,
    pub(super) failed: u64,
    pub(super) panicked: u64,
    pub(super) timed_out: u64,
    pub(super) cancelled: u64,
    pub(super) ignored: u64,
    /// Ended after a transition.
    pub(super) stale: u64,
    /// Returned after they were timed out.
    pub(super) returned: u64,
    pub(super) opened: u64,
    pub(super) transitions: u64,
    /// Times that a rule would have opened a circuit that only counts.
    pub(super) would_open: u64,
}

/// What the history keeps of a call.
pub(super) fn record(
    ended: Time,
    took: Option<Duration>,
    ending: Ending,
    outcome: CallOutcome,
    sequence: Option<u64>,
) -> CallRecord {
    let (kind, text) = match outcome {
        CallOutcome::Failed { kind, text } => (kind, text),
        CallOutcome::Panicked { text } => ("", text),
        _ => ("", String::new()),
    };
    CallRecord { ended, took, ending, kind, text, sequence }
}
