//! Who writes to the microcontroller, and when.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the writes of a process to one board, on all ways to it, so that a reading of several steps can tell whether one came
/// between them.
///
/// ```
/// let writes = nevil_car::Writes::default();
/// let before = writes.changes();
/// writes.count(|| assert_ne!(writes.changes(), before, "one is under way"));
/// assert_eq!(writes.changes(), before + 2);
/// ```
#[derive(Debug, Default)]
pub struct Writes(AtomicU64);

impl Writes {
    /// Makes a write, and counts its beginning and its end.
    pub fn count<R>(&self, write: impl FnOnce() -> R) -> R {
        // Sequentially consistent: what is compared is the order in which they happen, and a transfer takes far longer.
        self.0.fetch_add(1, Ordering::SeqCst);
        let result = write();
        self.0.fetch_add(1, Ordering::SeqCst);
        result
    }

    /// How often a write has begun or ended so far. One that hangs changes nothing meanwhile: others are not to fail because of it.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
