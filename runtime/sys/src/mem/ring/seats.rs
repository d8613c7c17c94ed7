//! Where each reader says how far it is. For people to read: nobody decides anything by it.

use crate::mem::ring::layout::cursors::SEAT_WORDS;
use crate::sync::{AtomicU64, Ordering};

const TAKEN: usize = 0;
const NEXT: usize = 1;
const READ: usize = 2;
const LAPPED: usize = 3;

/// How far a reader is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeatCounts {
    /// The block that it wants next.
    pub next: u64,
    /// Blocks that it has read.
    pub read: u64,
    /// Blocks that were overwritten before it had read them.
    pub lapped: u64,
}

/// The place of one reader.
#[derive(Clone, Copy, Debug)]
pub struct Seat<'a> {
    words: &'a [AtomicU64],
}

impl<'a> Seat<'a> {
    pub(crate) fn new(words: &'a [AtomicU64]) -> Self {
        assert_eq!(words.len(), SEAT_WORDS, "a seat has a fixed number of words");
        Self { words }
    }

    /// Takes the seat with its counts at zero, if nobody has it.
    #[must_use]
    pub fn take(&self) -> bool {
        // Acquire: the counts of the one before are all written.
        let taken = self.words[TAKEN].compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok();
        if taken {
            self.say(SeatCounts::default());
        }
        taken
    }

    /// Gives the seat back.
    pub fn leave(&self) {
        // Release: see `take`.
        self.words[TAKEN].store(0, Ordering::Release);
    }

    /// Says how far the reader is.
    pub fn say(&self, counts: SeatCounts) {
        // Relaxed, all three: for people to read. Together they may be of two moments.
        self.words[NEXT].store(counts.next, Ordering::Relaxed);
        self.words[READ].store(counts.read, Ordering::Relaxed);
        self.words[LAPPED].store(counts.lapped, Ordering::Relaxed);
    }

    /// How far the reader is, if there is one.
    #[must_use]
    pub fn counts(&self) -> Option<SeatCounts> {
        // Relaxed: see `say`.
        let word = |at: usize| self.words[at].load(Ordering::Relaxed);
        (word(TAKEN) != 0).then(|| SeatCounts { next: word(NEXT), read: word(READ), lapped: word(LAPPED) })
    }
}
