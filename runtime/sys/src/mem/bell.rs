//! How one thread sleeps until others have something for it.
//!
//! ```text
//!             sleep: AWAKE ──► SLEEPING or DOZING ── looks once more ──► futex
//!   word       ring: anything ──► TOLD; was it SLEEPING or DOZING? then wake it
//!  ring_if_sleeping: SLEEPING ──► TOLD, wake it; anything else stays as it is
//! ```
//! A thread that dozes will wake up by itself before long: in a flood a publisher may leave it until there is more to do.
//! Both sides write first and look then: the sleeper writes SLEEPING and looks for work, the others write the work and
//! look for SLEEPING. All four steps are `SeqCst`, so that at least one of the two sees the other, and no wake-up is lost.
//! While nobody sleeps, looking for a sleeper costs loads of words that nobody writes.

use crate::sync::atomic::Ordering;
use crate::sync::{Futex, one_order};

const AWAKE: u32 = 0;
const SLEEPING: u32 = 1;
const TOLD: u32 = 2;
const DOZING: u32 = 3;

/// How a thread sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sleep {
    /// Until it is rung for, or something is announced.
    Sound,
    /// For a short while: it is rung for, but announcements may wait until it wakes up by itself.
    Doze,
}

/// Puts one thread to sleep and wakes it.
#[derive(Debug)]
pub struct Bell {
    futex: Futex,
}

impl Bell {
    /// A bell whose thread is awake.
    #[must_use]
    pub fn new() -> Self {
        Self { futex: Futex::new(AWAKE) }
    }

    /// Wakes the thread, or lets it not sleep the next time: as a token that stays until it is taken.
    pub fn ring(&self) {
        // SeqCst: see the head of this file. Who takes the token sees what came before.
        if matches!(self.futex.word.swap(TOLD, Ordering::SeqCst), SLEEPING | DOZING) {
            self.futex.wake_one();
        }
    }

    /// Whether the thread sleeps. To be asked after the work was written with `SeqCst`: then whoever sees that it does not
    /// can be sure that it will see the work.
    #[inline]
    #[must_use]
    pub fn is_sleeping(&self) -> bool {
        one_order();
        self.futex.word.load(Ordering::SeqCst) == SLEEPING
    }

    /// Whether the thread dozes; as for [`Self::is_sleeping`].
    #[inline]
    #[must_use]
    pub fn is_dozing(&self) -> bool {
        one_order();
        self.futex.word.load(Ordering::SeqCst) == DOZING
    }

    /// Wakes the thread if it sleeps; whether it did. To be called after the work was written with `SeqCst`.
    #[inline]
    pub fn ring_if_sleeping(&self) -> bool {
        let is_sleeping = self.is_sleeping();
        if is_sleeping {
            self.ring();
        }
        is_sleeping
    }

    /// Whether the bell was rung since the token was last taken.
    #[must_use]
    #[inline]
    pub fn is_rung(&self) -> bool {
        self.futex.word.load(Ordering::Acquire) == TOLD
    }

    /// Takes the token; whether there was one. For the thread of the bell.
    #[inline]
    pub fn take(&self) -> bool {
        // Acquire in the load of `is_rung`: a token that is not seen yet is seen the next time.
        self.is_rung() && self.futex.word.swap(AWAKE, Ordering::AcqRel) == TOLD
    }

    /// Sleeps until the bell is rung, at most until `until_ns` of `CLOCK_MONOTONIC`; not at all if there is a token, or if
    /// `has_work` finds something, which looks with `SeqCst`. Takes the token. For the thread of the bell.
    pub fn sleep_unless(&self, has_work: impl FnOnce() -> bool, sleep: Sleep, until_ns: Option<u64>) {
        let word = &self.futex.word;
        let asleep = match sleep {
            Sleep::Sound => SLEEPING,
            Sleep::Doze => DOZING,
        };
        // SeqCst: see the head of this file.
        if word.compare_exchange(AWAKE, asleep, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
            one_order();
            if !has_work() {
                // Acquire: who was woken sees why.
                while word.load(Ordering::Acquire) == asleep && self.futex.sleep(asleep, until_ns) {}
            }
        }
        // AcqRel: takes the token with what came before it.
        word.swap(AWAKE, Ordering::AcqRel);
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self::new()
    }
}
