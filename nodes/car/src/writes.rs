//! Who writes to the microcontroller, and when.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the writes of a process to one board, on all ways to it, so that a reading of several steps can tell whether one came
/// between them.
///
/// ```
/// let writes = nevil_car::Writes::default();
/// let before = writes.settled();
/// writes.count(|| assert_eq!(writes.settled(), None, "one is under way"));
/// assert_ne!(writes.settled(), before);
/// ```
#[derive(Debug, Default)]
pub struct Writes {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Writes {
    /// Makes a write, and counts it.
    pub fn count<R>(&self, write: impl FnOnce() -> R) -> R {
        // Sequentially consistent, all of them: what is compared is the order in which they happen, and a transfer takes far longer.
        self.begun.fetch_add(1, Ordering::SeqCst);
        let result = write();
        self.ended.fetch_add(1, Ordering::SeqCst);
        result
    }

    /// How many there were so far; `None` while one is under way.
    #[must_use]
    pub fn settled(&self) -> Option<u64> {
        // In this order: if as many have ended as have begun by the later look, none was under way between the two.
        let ended = self.ended.load(Ordering::SeqCst);
        (self.begun.load(Ordering::SeqCst) == ended).then_some(ended)
    }
}
