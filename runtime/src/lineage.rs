//! From which first event a message descends, and over how many hops.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::clock::Time;
use crate::limits::{HOP_WINDOW, HOPS_MAX};

/// Where a message comes from: the timer tick or driver input that began it all, and the callbacks in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// When the first event of this lineage happened.
    pub root: Time,
    /// Source of the first event.
    pub root_source: u32,
    /// Messages between the first event and this one: 0 for what a timer or a driver publishes.
    pub hops: u32,
}

impl Lineage {
    /// The beginning of a new lineage.
    #[must_use]
    #[inline]
    pub const fn begin(now: Time, source: u32) -> Self {
        Self { root: now, root_source: source, hops: 0 }
    }

    /// The lineage of what is published while a message of this one is handled.
    #[must_use]
    #[inline]
    pub const fn child(self) -> Self {
        Self { hops: self.hops.saturating_add(1), ..self }
    }

    /// Whether so many hops happened in so short a time that this must be a loop that nothing paces.
    #[must_use]
    #[inline]
    pub fn is_runaway(&self, now: Time) -> bool {
        self.hops > HOPS_MAX && now.since(self.root) < HOP_WINDOW
    }
}

/// The lineage of what a thread is doing now: the executor writes it, publishers of that thread read it.
// In a line of its own: it is written with every callback.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct LineageCell {
    root: AtomicU64,
    root_source: AtomicU32,
    hops: AtomicU32,
}

impl LineageCell {
    #[inline]
    pub(crate) fn set(&self, lineage: Lineage) {
        // Relaxed, here and below: written and read by one thread; atomics only because a publisher may be moved.
        self.root.store(lineage.root.as_ns(), Ordering::Relaxed);
        self.root_source.store(lineage.root_source, Ordering::Relaxed);
        self.hops.store(lineage.hops, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> Lineage {
        Lineage {
            root: Time::from_ns(self.root.load(Ordering::Relaxed)),
            root_source: self.root_source.load(Ordering::Relaxed),
            hops: self.hops.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_nothing_paces_is_seen_one_hop_after_the_limit_and_only_within_the_window() {
        let mut lineage = Lineage::begin(Time::ZERO, 1);
        for _ in 0..HOPS_MAX {
            lineage = lineage.child();
        }
        assert!(!lineage.is_runaway(Time::ZERO));
        let beyond = lineage.child();
        assert!(beyond.is_runaway(Time::ZERO + HOP_WINDOW - std::time::Duration::from_nanos(1)));
        assert!(!beyond.is_runaway(Time::ZERO + HOP_WINDOW));
    }
}
