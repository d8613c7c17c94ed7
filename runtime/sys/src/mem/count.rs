//! A count that one thread writes and others read.

use crate::sync::atomic::{AtomicU64, Ordering};

/// A count with one writer at a time. Who sees it sees the counts of the steps that the writer had done before.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds `more`. For the writer.
    #[inline]
    pub fn add(&self, more: u64) {
        // Relaxed: what this thread wrote last.
        self.set(self.0.load(Ordering::Relaxed).wrapping_add(more));
    }

    /// The count now.
    #[inline]
    #[must_use]
    pub fn get(&self) -> u64 {
        // Acquire: with the Release in `set`, it sees the counts of the steps before.
        self.0.load(Ordering::Acquire)
    }

    /// Makes it `value`. For the writer.
    #[inline]
    pub fn set(&self, value: u64) {
        // Release: who sees this count sees the counts of the steps before it, which is what the inequality of a live
        // snapshot rests on.
        self.0.store(value, Ordering::Release);
    }
}
