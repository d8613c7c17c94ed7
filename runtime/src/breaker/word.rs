//! The words that calls look at: what the circuit is now, and its probes.
//!
//! ```text
//!  word    = generation (24 bits) | EMERGENCY | CLEAN | ADMITS | state (3 bits)
//!  probes  = generation (24 bits) | permits left (16 bits)
//!
//!  who                      may do what
//!  holder of the machine    writes word (all but EMERGENCY), open_until, probes
//!  emergency stop           sets and takes off EMERGENCY
//!  a call of the generation exchanges probes for one less, and for one more when it ends
//! ```

use nevil_sys::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::state::{BreakerState, GENERATION_MASK};
use crate::clock::Time;
use crate::limits::BREAKER_TRIES_MAX;

const STATE: u64 = 7;

/// Calls go through without a permit or a slot.
pub(super) const ADMITS: u64 = 1 << 3;

/// A success of this generation changes nothing but counters.
pub(super) const CLEAN: u64 = 1 << 4;

/// The emergency stop is on.
pub(super) const EMERGENCY: u64 = 1 << 5;

const GENERATION_SHIFT: u32 = 8;

const PERMIT_BITS: u32 = 16;

/// What a circuit is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

impl Word {
    pub(super) fn new(state: BreakerState, generation: u32, flags: u64) -> Self {
        let state = BreakerState::ALL.iter().position(|other| *other == state).unwrap_or_default();
        Self(state as u64 | flags | u64::from(generation & GENERATION_MASK) << GENERATION_SHIFT)
    }

    pub(super) fn state(self) -> BreakerState {
        // There are seven states, and the eighth value is never written.
        BreakerState::ALL.get((self.0 & STATE) as usize).copied().unwrap_or(BreakerState::Closed)
    }

    #[expect(clippy::cast_possible_truncation, reason = "24 bits are left")]
    #[inline]
    pub(super) const fn generation(self) -> u32 {
        (self.0 >> GENERATION_SHIFT) as u32 & GENERATION_MASK
    }

    #[inline]
    pub(super) const fn has(self, flag: u64) -> bool {
        self.0 & flag != 0
    }
}

/// The words themselves.
#[derive(Debug)]
pub(super) struct Words {
    word: AtomicU64,
    open_until: AtomicU64,
    probes: AtomicU64,
    slots: AtomicU32,
}

impl Words {
    pub(super) fn new(word: Word) -> Self {
        Self {
            word: AtomicU64::new(word.0),
            open_until: AtomicU64::new(0),
            probes: AtomicU64::new(0),
            slots: AtomicU32::new(0),
        }
    }

    #[inline]
    pub(super) fn load(&self) -> Word {
        // Acquire: sees the time and the probes that belong to it, or later ones.
        Word(self.word.load(Ordering::Acquire))
    }

    /// When the open time is over.
    #[inline]
    pub(super) fn open_until(&self) -> Time {
        // Relaxed: the word was read before, and published it.
        Time::from_ns(self.open_until.load(Ordering::Relaxed))
    }

    /// Shows `word`. For the holder of the machine.
    pub(super) fn publish(&self, word: Word, open_until: Time, permits: u16) {
        let before = Word(self.word.load(Ordering::Relaxed));
        if before.0 & !EMERGENCY == word.0 {
            // What belongs to it changes with its generation, and with nothing else.
            return;
        }
        // Relaxed, both: the word publishes them.
        self.open_until.store(open_until.as_ns(), Ordering::Relaxed);
        if word.state() == BreakerState::HalfOpen && before.generation() != word.generation() {
            let generation = u64::from(word.generation());
            self.probes.store(generation << PERMIT_BITS | u64::from(permits), Ordering::Relaxed);
        }
        let mut old = before.0;
        // Two threads write the word at most, of which the other sets one bit and is done: this ends.
        while let Err(other) = self.word.compare_exchange(
            old,
            word.0 | old & EMERGENCY,
            // AcqRel, of which Release counts: who sees the word sees what belongs to it.
            Ordering::AcqRel,
            Ordering::Relaxed,
        ) {
            old = other;
        }
    }

    /// Sets or takes off the emergency stop; whether that changed anything.
    pub(super) fn set_emergency(&self, on: bool) -> bool {
        // SeqCst: whoever stops the robot wants every call after it refused, in one order with what else stops it.
        let before = if on {
            self.word.fetch_or(EMERGENCY, Ordering::SeqCst)
        } else {
            self.word.fetch_and(!EMERGENCY, Ordering::SeqCst)
        };
        (before & EMERGENCY != 0) != on
    }

    /// Takes a probe's permit of this generation.
    pub(super) fn take_permit(&self, generation: u32) -> bool {
        self.change_permits(generation, |left| left.checked_sub(1))
    }

    /// Gives a probe's permit back, if its episode still lasts.
    pub(super) fn return_permit(&self, generation: u32) {
        // Should all tries fail, which takes as many others that succeeded, the end of the episode makes it good.
        self.change_permits(generation, |left| left.checked_add(1));
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low 16 bits")]
    fn change_permits(&self, generation: u32, change: impl Fn(u16) -> Option<u16>) -> bool {
        // Relaxed: a permit gives access to nothing but a count; the word was read before, and published the first value.
        let mut old = self.probes.load(Ordering::Relaxed);
        for _ in 0..BREAKER_TRIES_MAX {
            let Some(left) = change(old as u16).filter(|_| old >> PERMIT_BITS == u64::from(generation))
            else {
                return false;
            };
            let new = u64::from(generation) << PERMIT_BITS | u64::from(left);
            match self.probes.compare_exchange_weak(old, new, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(other) => old = other,
            }
        }
        false
    }

    /// Permits of this generation that are left.
    #[expect(clippy::cast_possible_truncation, reason = "the low 16 bits")]
    pub(super) fn permits_left(&self, generation: u32) -> u16 {
        let probes = self.probes.load(Ordering::Relaxed);
        if probes >> PERMIT_BITS == u64::from(generation) { probes as u16 } else { 0 }
    }

    /// Takes one of `slots_max` slots.
    pub(super) fn take_slot(&self, slots_max: u32) -> bool {
        // Relaxed, all: a slot gives access to nothing.
        let mut taken = self.slots.load(Ordering::Relaxed);
        for _ in 0..BREAKER_TRIES_MAX {
            if taken >= slots_max {
                return false;
            }
            match self.slots.compare_exchange_weak(taken, taken + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(other) => taken = other,
            }
        }
        false
    }

    pub(super) fn return_slot(&self) {
        self.slots.fetch_sub(1, Ordering::Relaxed);
    }
}
