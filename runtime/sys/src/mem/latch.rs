//! The last value of one publisher, for those who come later.
//!
//! ```text
//!  word = slot + 1, 0 = empty or borrowed
//!
//!  publisher   swaps its new value in; what comes out is the one before
//!  a joiner    swaps 0 in, clones what came out, and puts it back if there is still 0; if not, there is a newer value
//! ```
//! Neither waits for the other. Joiners take turns: there is one at a time.

use std::fmt;

use crate::mem::pool::{Pool, Shared};
use crate::sync::atomic::{AtomicU32, Ordering};

/// Borrowings before a joiner is content with the value that it has: the publisher is faster than it.
const TRIES: usize = 3;

/// A place for one reference into a pool, which one thread replaces and another copies.
pub struct Latch<T> {
    pool: Pool<T>,
    word: AtomicU32,
}

impl<T> Latch<T> {
    /// An empty place for a reference into `pool`.
    #[must_use]
    pub fn new(pool: Pool<T>) -> Self {
        Self { pool, word: AtomicU32::new(0) }
    }

    /// Puts `item` there; the one before comes back. For one publisher.
    ///
    /// A joiner whose [`Self::get`] did not see `item` came before, and the publisher now sees what it had written.
    ///
    /// # Panics
    ///
    /// If `item` is of another pool.
    pub fn set(&self, item: Shared<T>) -> Option<Shared<T>> {
        assert!(self.pool.owns(&item), "a latch holds messages of its own pool");
        let word = u32::from(item.into_index()) + 1;
        // AcqRel: publishes the value, and takes over the one before. Of this swap and a joiner's, the later one sees what
        // the other side wrote before the earlier one.
        self.adopt(self.word.swap(word, Ordering::AcqRel))
    }

    /// A copy of the value. When one is set meanwhile it may be the one before. For one joiner at a time.
    #[must_use]
    pub fn get(&self) -> Option<Shared<T>> {
        let mut found = None;
        for _ in 0..TRIES {
            // AcqRel: takes the value over; and, if there is none, publishes what the joiner wrote before: see `set`.
            let word = self.word.swap(0, Ordering::AcqRel);
            let Some(item) = self.adopt(word) else { break };
            found = Some(item.clone());
            // Release: gives the value back.
            if self.word.compare_exchange(0, word, Ordering::Release, Ordering::Relaxed).is_ok() {
                // The word holds this reference again.
                let _ = item.into_index();
                break;
            }
        }
        found
    }

    fn adopt(&self, word: u32) -> Option<Shared<T>> {
        let slot = u16::try_from(word.checked_sub(1)?).ok()?;
        // SAFETY: the word came out of its place by a swap, so that its reference belongs to the caller alone, and `set` put
        // only references to this pool's slots there.
        Some(unsafe { self.pool.adopt(slot) })
    }
}

impl<T> Drop for Latch<T> {
    fn drop(&mut self) {
        drop(self.adopt(self.word.swap(0, Ordering::AcqRel)));
    }
}

impl<T> fmt::Debug for Latch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Latch")
    }
}
