//! The last outcomes of a breaker's calls, and those that it had when it opened.

use std::collections::VecDeque;
use std::time::Duration;

use super::state::Ending;
use crate::clock::Time;
use crate::limits::{BREAKER_HISTORY, BREAKER_TEXT_BYTES};

/// One call that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// When it ended, or was timed out.
    pub ended: Time,
    /// How long it took; `None` for a call that was timed out by another thread.
    pub took: Option<Duration>,
    /// How.
    pub ending: Ending,
    /// The kind of its error; empty if there is none.
    pub kind: &'static str,
    /// What its error said, at most 160 bytes; empty if there is none.
    pub text: String,
    /// Which message it was about, if it was about one.
    pub sequence: Option<u64>,
}

/// What a breaker remembers of its calls: the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallHistory {
    /// At most 32: every failure, neutral end and probe, one of 1024 successes.
    pub latest: Vec<CallRecord>,
    /// Why it opened: what `latest` was then, until it closes again. Empty while it is closed.
    pub at_opening: Vec<CallRecord>,
}

/// As [`CallHistory`], in memory that is taken once.
#[derive(Debug)]
pub(super) struct History {
    latest: VecDeque<CallRecord>,
    at_opening: VecDeque<CallRecord>,
}

impl History {
    pub(super) fn new() -> Self {
        let empty = || VecDeque::with_capacity(BREAKER_HISTORY);
        Self { latest: empty(), at_opening: empty() }
    }

    pub(super) fn push(&mut self, mut record: CallRecord) {
        if self.latest.len() == BREAKER_HISTORY {
            self.latest.pop_front();
        }
        shorten(&mut record.text);
        self.latest.push_back(record);
    }

    /// Keeps what there is as the reason of this opening, unless there is one from an earlier one.
    pub(super) fn freeze(&mut self) {
        if self.at_opening.is_empty() {
            std::mem::swap(&mut self.latest, &mut self.at_opening);
        }
    }

    /// Forgets the reason of the opening.
    pub(super) fn thaw(&mut self) {
        self.at_opening.clear();
    }

    pub(super) fn copy(&self) -> CallHistory {
        let copy = |records: &VecDeque<CallRecord>| records.iter().cloned().collect();
        CallHistory { latest: copy(&self.latest), at_opening: copy(&self.at_opening) }
    }
}

fn shorten(text: &mut String) {
    if let Some(end) = (0..=BREAKER_TEXT_BYTES).rev().find(|end| text.is_char_boundary(*end)) {
        text.truncate(end);
    }
}
