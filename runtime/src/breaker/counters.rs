//! What a breaker counts on the short way, where nothing else is written.

use nevil_sys::mem::Count;
use nevil_sys::sync::atomic::{AtomicU64, Ordering};

use super::error::Refused;
use crate::clock::Time;
use crate::limits::BREAKER_SHARES;

thread_local! {
    /// The number of a thread among those that have called through a breaker for several.
    static THREAD: usize = {
        // Of the standard library: models of threads that race for it would say nothing about breakers.
        static THREADS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        // Relaxed: a number that differs from others, and nothing else.
        THREADS.fetch_add(1, Ordering::Relaxed)
    };
}

/// Which threads call through a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callers {
    /// One at a time, and each sees what the one before did. Its counts are plain stores.
    One,
    /// Any.
    Several,
}

/// A count that is added to by one thread, by several, or by one and now and then by others.
#[derive(Debug, Default)]
pub(super) struct Counter {
    one: Count,
    several: AtomicU64,
}

impl Counter {
    /// Adds one, and says what it was before.
    #[inline]
    pub(super) fn add(&self, callers: Callers) -> u64 {
        match callers {
            Callers::One => {
                let before = self.one.get();
                self.one.set(before + 1);
                before
            }
            // Release: who sees this count sees those from before, as with `Count`.
            Callers::Several => self.several.fetch_add(1, Ordering::Release),
        }
    }

    pub(super) fn get(&self) -> u64 {
        // Acquire: as in `add`.
        self.one.get() + self.several.load(Ordering::Acquire)
    }
}

/// What calls count that go the short way. Threads that call at once have one each, as long as there are enough.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Share {
    admitted: Counter,
    /// Successes that needed no record.
    short: Counter,
    /// When the last of `short` ended, in ns, plus 1; 0 if there is none.
    last_short: AtomicU64,
}

impl Share {
    #[inline]
    fn short(&self, callers: Callers, ended: Time) -> u64 {
        // Relaxed: a time for people to read.
        self.last_short.store(ended.as_ns().wrapping_add(1), Ordering::Relaxed);
        self.short.add(callers)
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Counters {
    callers: Callers,
    /// Of the owner's thread.
    owner: Share,
    /// Of any threads; none where there is an owner.
    shares: Box<[Share]>,
    /// All other ends of calls.
    ended: Counter,
    refused_open: Counter,
    refused_probing: Counter,
    refused_forced: Counter,
    refused_emergency: Counter,
    refused_full: Counter,
    /// Results for which there was no room. Any thread.
    lost: AtomicU64,
    /// Calls with a deadline that nobody could watch. Any thread.
    unwatched: AtomicU64,
}

/// Calls that were not let through, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefusedCounts {
    /// The circuit was open.
    pub open: u64,
    /// It was half-open, and its probes were under way.
    pub probing: u64,
    /// An operator held it open.
    pub forced_open: u64,
    /// The emergency stop was on.
    pub emergency: u64,
    /// As many calls were under way as may be.
    pub full: u64,
}

impl RefusedCounts {
    /// All of them.
    #[must_use]
    pub const fn sum(&self) -> u64 {
        self.open + self.probing + self.forced_open + self.emergency + self.full
    }
}

impl Counters {
    pub(super) fn new(callers: Callers) -> Self {
        let shares = if callers == Callers::One { 0 } else { BREAKER_SHARES };
        Self {
            callers,
            owner: Share::default(),
            shares: (0..shares).map(|_| Share::default()).collect(),
            ended: Counter::default(),
            refused_open: Counter::default(),
            refused_probing: Counter::default(),
            refused_forced: Counter::default(),
            refused_emergency: Counter::default(),
            refused_full: Counter::default(),
            lost: AtomicU64::new(0),
            unwatched: AtomicU64::new(0),
        }
    }

    /// Counts a call that is let through; what comes back numbers it.
    #[inline]
    pub(super) fn admit(&self) -> u64 {
        match self.callers {
            Callers::One => self.owner.admitted.add(Callers::One),
            Callers::Several => self.admit_one_of_several(),
        }
    }

    /// Counts a success that needs no record; what comes back numbers it among those that are counted in the same place.
    #[inline]
    pub(super) fn short(&self, ended: Time) -> u64 {
        match self.callers {
            Callers::One => self.owner.short(Callers::One, ended),
            Callers::Several => self.share().0.short(Callers::Several, ended),
        }
    }

    // Not inlined: the way of an owner's calls is to stay short.
    #[inline(never)]
    fn admit_one_of_several(&self) -> u64 {
        let (share, index) = self.share();
        // No two shares give the same number.
        share.admitted.add(Callers::Several) * BREAKER_SHARES as u64 + index as u64
    }

    /// The share of the calling thread, and which one that is.
    #[inline(never)]
    fn share(&self) -> (&Share, usize) {
        let index = THREAD.with(|number| *number) % BREAKER_SHARES;
        (&self.shares[index], index)
    }

    /// All places where calls are counted that go the short way.
    fn places(&self) -> impl Iterator<Item = &Share> {
        std::iter::once(&self.owner).chain(&self.shares)
    }

    pub(super) fn end(&self) {
        self.ended.add(self.callers);
    }

    /// As [`Self::end`], of a call whose thread may have been replaced.
    pub(super) fn end_late(&self) {
        self.ended.add(Callers::Several);
    }

    #[inline]
    pub(super) fn refuse(&self, why: Refused) {
        let counter = match why {
            Refused::Open { .. } => &self.refused_open,
            Refused::Probing => &self.refused_probing,
            Refused::ForcedOpen => &self.refused_forced,
            Refused::Emergency => &self.refused_emergency,
            Refused::Full => &self.refused_full,
        };
        counter.add(self.callers);
    }

    pub(super) fn lose(&self) {
        // Relaxed: a count for people to read.
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn losses(&self) -> u64 {
        // Relaxed: as in `lose`.
        self.lost.load(Ordering::Relaxed)
    }

    pub(super) fn go_unwatched(&self) {
        // Relaxed: as in `lose`.
        self.unwatched.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn unwatched(&self) -> u64 {
        // Relaxed: as in `lose`.
        self.unwatched.load(Ordering::Relaxed)
    }

    pub(super) fn shorts(&self) -> u64 {
        self.places().map(|share| share.short.get()).sum()
    }

    pub(super) fn last_short(&self) -> Option<Time> {
        // Relaxed: as in `short`.
        let last = self.places().map(|share| share.last_short.load(Ordering::Relaxed)).max()?;
        last.checked_sub(1).map(Time::from_ns)
    }

    /// Ends before beginnings, so that a live look never sees more ends.
    pub(super) fn ended_and_admitted(&self) -> (u64, u64) {
        let ended = self.shorts() + self.ended.get();
        (ended, self.places().map(|share| share.admitted.get()).sum())
    }

    pub(super) fn refused(&self) -> RefusedCounts {
        RefusedCounts {
            open: self.refused_open.get(),
            probing: self.refused_probing.get(),
            forced_open: self.refused_forced.get(),
            emergency: self.refused_emergency.get(),
            full: self.refused_full.get(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::thread;

    use super::{BREAKER_SHARES, Callers, Counters};
    use crate::clock::Time;

    #[test]
    fn calls_of_more_threads_than_there_are_shares_are_all_counted_and_no_two_have_the_same_number() {
        const CALLS: u64 = 1000;
        let threads = BREAKER_SHARES + 3;
        let counters = Counters::new(Callers::Several);
        let call = |number| {
            counters.short(Time::from_ns(number));
            counters.admit()
        };
        let numbers: HashSet<u64> = thread::scope(|scope| {
            let calls = || (0..CALLS).map(call).collect::<Vec<_>>();
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(calls)).collect();
            running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let all = CALLS * threads as u64;
        assert_eq!(numbers.len() as u64, all);
        assert_eq!((counters.shorts(), counters.ended_and_admitted()), (all, (all, all)));
        assert_eq!(counters.last_short(), Some(Time::from_ns(CALLS - 1)));
    }
}
