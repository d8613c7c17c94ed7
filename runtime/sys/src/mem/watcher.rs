//! The sleep of the thread that watches calls.
//!
//! ```text
//!   owner    begin a call ──► light barrier ──► asleep? ── yes ─► ring
//!   watcher  asleep := 1  ──► heavy barrier ──► a call runs? ── no ─► sleep
//! ```
//! `asleep` is a time: until when it sleeps at most. An owner that knows its deadline rings only if that is earlier.
//!
//! Either the owner sees that the watcher sleeps, or the watcher sees the call. Calls begin a million times a second and
//! the watcher falls asleep once in seconds, so the watcher pays for both: its barrier makes every thread of the process
//! pass one, and that of the owner only keeps the compiler from changing the order.

use crate::mem::{Bell, Sleep};
use crate::sync::atomic::{AtomicU64, Ordering};

/// Lets a thread that watches calls sleep until one begins.
#[derive(Debug)]
pub struct Watcher {
    /// Until when it sleeps, in ns; 0: calls need not ring.
    asleep_until: AtomicU64,
    may_sleep: bool,
    bell: Bell,
}

impl Watcher {
    /// A watcher that is awake.
    #[must_use]
    pub fn new() -> Self {
        Self { asleep_until: AtomicU64::new(0), may_sleep: can_sleep(), bell: Bell::new() }
    }

    /// To be called by the owner of a call after it began.
    #[inline]
    pub fn begun(&self) {
        self.begun_by(0);
    }

    /// The same for a call that is to be judged at `deadline_ns`: who sleeps until an earlier time is not woken.
    #[inline]
    pub fn begun_by(&self, deadline_ns: u64) {
        light_barrier();
        // Relaxed: the barriers give the order.
        if deadline_ns < self.asleep_until.load(Ordering::Relaxed) {
            self.bell.ring();
        }
    }

    /// Wakes the watcher for another reason, or lets it not sleep the next time.
    pub fn wake(&self) {
        self.bell.ring();
    }

    /// Whether it may sleep without an end until a call begins: where the kernel has no barrier for all threads, it has to
    /// look from time to time.
    #[must_use]
    pub fn may_sleep(&self) -> bool {
        self.may_sleep
    }

    /// Sleeps until it is woken, at most until `until_ns` of `CLOCK_MONOTONIC`. For the watcher, while it looks at calls.
    pub fn nap(&self, until_ns: u64) {
        self.bell.sleep_unless(|| false, Sleep::Sound, Some(until_ns));
    }

    /// Sleeps until it is woken or a call begins, unless `runs` sees one. For the watcher; only if it may sleep.
    pub fn sleep_unless(&self, runs: impl FnOnce() -> bool) {
        self.sleep_until(None, runs);
    }

    /// Sleeps until `until_ns` of `CLOCK_MONOTONIC`, or until it is woken or a call with an earlier deadline begins
    /// ([`Self::begun_by`]), unless `sooner` sees one. For the watcher; only if it may sleep.
    pub fn nap_unless(&self, until_ns: u64, sooner: impl FnOnce() -> bool) {
        self.sleep_until(Some(until_ns), sooner);
    }

    fn sleep_until(&self, until_ns: Option<u64>, is_needed: impl FnOnce() -> bool) {
        // Relaxed, and below: the barriers give the order.
        self.asleep_until.store(until_ns.unwrap_or(u64::MAX), Ordering::Relaxed);
        heavy_barrier();
        self.bell.sleep_unless(is_needed, Sleep::Sound, until_ns);
        self.asleep_until.store(0, Ordering::Relaxed);
    }
}

impl Default for Watcher {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(not(any(loom, shuttle)))]
fn can_sleep() -> bool {
    crate::os::register_process_barrier().is_ok()
}

#[cfg(not(any(loom, shuttle)))]
#[inline]
fn light_barrier() {
    std::sync::atomic::compiler_fence(Ordering::SeqCst);
}

#[cfg(not(any(loom, shuttle)))]
fn heavy_barrier() {
    // It cannot fail once it is registered; and it is not called if that failed.
    let _ = crate::os::process_barrier();
}

// In models both barriers are the one that the two amount to; the bell's own order stands for the heavy one there too, so
// that they cannot tell whether it is passed. Shuttle has one order anyway.
#[cfg(any(loom, shuttle))]
fn can_sleep() -> bool {
    true
}

#[cfg(any(loom, shuttle))]
fn light_barrier() {
    #[cfg(loom)]
    crate::sync::fence(Ordering::SeqCst);
}

#[cfg(any(loom, shuttle))]
fn heavy_barrier() {
    #[cfg(loom)]
    crate::sync::fence(Ordering::SeqCst);
}
