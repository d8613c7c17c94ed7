//! The bell of a thread that serves many sources of work, with one bit for each of them.
//!
//! ```text
//!  bit of a source   1: the thread looks at the source by itself in each turn; producers only read the word
//!                    0: it does not; a producer sets the bit after its push
//! ```
//! The thread clears the bit of a source that has been idle, and looks at it once more afterwards: either it sees what was
//! pushed, or the producer sees the 0. So a turn costs as much as there are active sources, however many there are in all.

use crossbeam_utils::CachePadded;

use crate::mem::bell::Bell;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::one_order;

const WORDS: usize = 64;

/// Most sources of one thread.
pub const SOURCES_MAX: usize = WORDS * 64;

/// The bell of one thread, and which of its sources it has to look at.
#[derive(Debug)]
pub struct Wake {
    bell: CachePadded<Bell>,
    words: CachePadded<[AtomicU64; WORDS]>,
}

impl Wake {
    /// A thread that is awake, with no active source.
    #[must_use]
    pub fn new() -> Self {
        let words = std::array::from_fn(|_| AtomicU64::new(0));
        Self { bell: CachePadded::default(), words: CachePadded::new(words) }
    }

    /// The bell: for what is no source.
    #[must_use]
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Says that `source`, below [`SOURCES_MAX`], has work, and wakes the thread if it sleeps; whether it did. To be called
    /// after the work was written with `SeqCst`.
    #[inline]
    pub fn announce(&self, source: usize) -> bool {
        let (word, bit) = self.place(source);
        one_order();
        // SeqCst: in one order with the thread's clearing of the bit and its look at the source.
        if word.load(Ordering::SeqCst) & bit == 0 {
            word.fetch_or(bit, Ordering::SeqCst);
        }
        self.bell.ring_if_sleeping()
    }

    /// The bits of sources `64 * word` to `64 * word + 63`.
    #[must_use]
    #[inline]
    pub fn active(&self, word: usize) -> u64 {
        // SeqCst: also the last look before sleeping. Sees what was pushed before the bit was set.
        self.words[word].load(Ordering::SeqCst)
    }

    /// Says that the thread will not look at `source` by itself any more. It must look once more after this call.
    pub fn retire(&self, source: usize) {
        let (word, bit) = self.place(source);
        // SeqCst: see `announce`.
        word.fetch_and(!bit, Ordering::SeqCst);
        one_order();
    }

    #[inline]
    fn place(&self, source: usize) -> (&AtomicU64, u64) {
        (&self.words[source / 64], 1 << (source % 64))
    }
}

impl Default for Wake {
    fn default() -> Self {
        Self::new()
    }
}
