//! One call that is watched: what runs, until when it may, and who decides that it took too long.
//!
//! ```text
//!  word = sequence (62 bits) | IDLE, RUNNING, LATE or ABANDONED
//!
//!   owner      begin ──► RUNNING ──► end: IDLE ────────────────────────────► "in time"
//!                           │ judge                  end: IDLE ────────────► "late"
//!   watcher                 └──► LATE ──────────────────┘
//!                                 │ abandon          end: (stays) ─────────► "abandoned"
//!                                 └──► ABANDONED ──────┘
//! ```
//! The sequence changes with every call and with every extension of one, so that a judgement never falls on another call
//! than the one that was looked at.

use crate::sync::atomic::{AtomicU64, Ordering};

const IDLE: u64 = 0;
const RUNNING: u64 = 1;
const LATE: u64 = 2;
const ABANDONED: u64 = 3;
const STATE: u64 = 3;
const ONE: u64 = 4;

/// The calls of one thread, one after the other, and what a watcher decides about the one that runs.
#[derive(Debug, Default)]
pub struct Call {
    word: AtomicU64,
    what: AtomicU64,
    began: AtomicU64,
    deadline: AtomicU64,
    ticket: AtomicU64,
}

/// What runs. The numbers mean something to their owner and the watcher only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// What it is.
    pub what: u64,
    /// When it began.
    pub began: u64,
    /// Until when it may run; `u64::MAX`: as long as it likes.
    pub deadline: u64,
    /// Whatever the watcher needs to judge it.
    pub ticket: u64,
}

/// A call as the watcher found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    word: u64,
    /// What runs.
    pub call: Watched,
    /// What was decided about it so far.
    pub verdict: Ending,
}

/// How a call stands, or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nobody has decided against it.
    InTime,
    /// Its deadline passed before it ended, and whoever judged it has charged it.
    Late,
    /// It was given up: whoever did so has accounted for all that it held, and its thread may go on with nothing.
    Abandoned,
}

/// The call was judged before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged;

impl Call {
    /// A thread that calls nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a call. For the owner, who is not within one.
    #[inline]
    pub fn begin(&self, call: Watched) {
        // Relaxed: nobody else writes while nothing runs.
        let idle = self.word.load(Ordering::Relaxed);
        // Release, each: who reads a number of this call sees that the one before has ended, and so cannot judge that one.
        self.what.store(call.what, Ordering::Release);
        self.began.store(call.began, Ordering::Release);
        self.deadline.store(call.deadline, Ordering::Release);
        self.ticket.store(call.ticket, Ordering::Release);
        // Release: who sees the call sees its numbers.
        self.word.store((idle & !STATE) + ONE + RUNNING, Ordering::Release);
    }

    /// Gives the running call another deadline. For the owner.
    ///
    /// # Errors
    ///
    /// [`Judged`] if it is late already.
    pub fn extend(&self, deadline: u64) -> Result<(), Judged> {
        // Relaxed: only a watcher's exchange comes between, and then the one below fails.
        let seen = self.word.load(Ordering::Relaxed);
        if seen & STATE != RUNNING {
            return Err(Judged);
        }
        // Relaxed: written by the owner alone.
        let before = self.deadline.load(Ordering::Relaxed);
        self.deadline.store(deadline, Ordering::Release);
        // As another call: who has looked at the old deadline judges nothing by it.
        let extended = self.word.compare_exchange(seen, seen + ONE, Ordering::AcqRel, Ordering::Relaxed);
        extended.map(drop).map_err(|_| {
            // It was judged meanwhile, and its grace counts from the deadline that it was judged by.
            self.deadline.store(before, Ordering::Release);
            Judged
        })
    }

    /// Ends the call, and says what was decided about it. For the owner.
    #[inline]
    pub fn end(&self) -> Ending {
        // Relaxed: see `extend`.
        let mut word = self.word.load(Ordering::Relaxed);
        // Twice at most: it is judged once, and given up once.
        while word & STATE != ABANDONED {
            let idle = word & !STATE;
            // AcqRel: who judged has done so before, with all that belongs to it; who looks now sees that it has ended.
            match self.word.compare_exchange(word, idle, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) if word & STATE == LATE => return Ending::Late,
                Ok(_) => return Ending::InTime,
                Err(judged) => word = judged,
            }
        }
        // It stays given up. Acquire: who gave it up has done so before, with all that belongs to it.
        self.word.load(Ordering::Acquire);
        Ending::Abandoned
    }

    /// Whether the call that runs has been judged. For the owner.
    #[inline]
    #[must_use]
    pub fn is_judged(&self) -> bool {
        // Acquire: who sees the judgement sees why.
        self.word.load(Ordering::Acquire) & STATE >= LATE
    }

    /// Whether the thread was given up.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.word.load(Ordering::Acquire) & STATE == ABANDONED
    }

    /// Whether anything runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.word.load(Ordering::Acquire) & STATE != IDLE
    }

    /// The call that runs; `None`: nothing does.
    #[must_use]
    pub fn running(&self) -> Option<Seen> {
        // Acquire: its numbers are there.
        let word = self.word.load(Ordering::Acquire);
        let verdict = match word & STATE {
            IDLE => return None,
            RUNNING => Ending::InTime,
            LATE => Ending::Late,
            _ => Ending::Abandoned,
        };
        // Acquire, each: if a number is of a later call, that this one has ended is seen too, and no judgement succeeds.
        let call = Watched {
            what: self.what.load(Ordering::Acquire),
            began: self.began.load(Ordering::Acquire),
            deadline: self.deadline.load(Ordering::Acquire),
            ticket: self.ticket.load(Ordering::Acquire),
        };
        Some(Seen { word, call, verdict })
    }

    /// Decides that `seen` is late, if it still runs; whether it was this call that decided. Its owner learns of it when it
    /// ends.
    pub fn judge(&self, seen: &Seen) -> bool {
        seen.word & STATE == RUNNING && self.change(seen.word, LATE)
    }

    /// Gives up the thread of `seen`, if that still runs; whether it was this call that did.
    pub fn abandon(&self, seen: &Seen) -> bool {
        matches!(seen.word & STATE, RUNNING | LATE) && self.change(seen.word, ABANDONED)
    }

    fn change(&self, from: u64, state: u64) -> bool {
        let to = (from & !STATE) | state;
        // AcqRel: the owner sees what was done before, and this sees what the owner did.
        self.word.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}
