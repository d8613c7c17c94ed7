//! A fixed number of slots, each holding one value or none, referred to from any thread.
//!
//! ```text
//!  free: [AtomicU64]   bit = 1: the slot is free; whoever clears the bit owns the slot
//!  slots: [Slot]       refs   value   home
//!                       │      │       └ the pool itself, held while the slot is taken, so that it outlives its values
//!                       │      └ written by the owner before the first reference leaves it; then only read
//!                       └ references; the thread that drops the last one drops the value and sets the bit
//! ```

use std::fmt;
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::ptr::NonNull;

use crate::sync::{Arc, AtomicU32, AtomicU64, Ordering, UnsafeCell};

/// A fixed number of places for values of type `T`. Never grows, never waits. Clones are handles to the same places.
pub struct Pool<T>(Arc<Places<T>>);

struct Places<T> {
    slots: Box<[Slot<T>]>,
    free: Box<[AtomicU64]>,
}

struct Slot<T> {
    refs: AtomicU32,
    index: u16,
    value: UnsafeCell<MaybeUninit<T>>,
    home: UnsafeCell<Option<Pool<T>>>,
}

// SAFETY: a slot's `value` and `home` are written only by the thread that owns the slot (it cleared the slot's bit, or
// dropped the last reference), and are otherwise only read; the references that give access are `Send` and `Sync` only
// where `T` is both.
unsafe impl<T: Send + Sync> Sync for Places<T> {}
// SAFETY: as above; a pool owns the values in its slots.
unsafe impl<T: Send + Sync> Send for Places<T> {}

impl<T> Pool<T> {
    /// Most slots of one pool: a lane's word has 16 bits for a slot, and 0 means none.
    pub const SLOTS_MAX: usize = u16::MAX as usize - 1;

    /// A pool of `slots` free slots, 1 to [`Self::SLOTS_MAX`].
    ///
    /// # Panics
    ///
    /// If `slots` is out of that range: the planner computes it.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        assert!((1..=Self::SLOTS_MAX).contains(&slots), "a pool has 1 to {} slots", Self::SLOTS_MAX);
        let slot = |index| Slot {
            refs: AtomicU32::new(0),
            index,
            value: UnsafeCell::new(MaybeUninit::uninit()),
            home: UnsafeCell::new(None),
        };
        #[expect(clippy::cast_possible_truncation, reason = "at most SLOTS_MAX, which fits")]
        let slots: Box<[_]> = (0..slots as u16).map(slot).collect();
        let word = |first: usize| match slots.len() - first {
            64.. => u64::MAX,
            some => (1 << some) - 1,
        };
        let free = (0..slots.len()).step_by(64).map(|first| AtomicU64::new(word(first))).collect();
        Self(Arc::new(Places { slots, free }))
    }

    /// Puts `value` into a free slot; the search begins near slot `near`, so that publishers need not meet.
    ///
    /// # Errors
    ///
    /// The value, if no free slot was found in one pass.
    pub fn put(&self, near: usize, value: T) -> Result<Shared<T>, T> {
        let Some(index) = self.claim(near) else { return Err(value) };
        let slot = &self.0.slots[index];
        slot.value.with_mut(|place| {
            // SAFETY: `claim` gave this thread the slot alone, and the pointer is to its own cell.
            let place = unsafe { &mut *place };
            place.write(value);
        });
        slot.home.with_mut(|home| {
            // SAFETY: as above.
            let home = unsafe { &mut *home };
            *home = Some(self.clone());
        });
        // Relaxed: the reference reaches another thread only through a lane's word, which is swapped with Release.
        slot.refs.store(1, Ordering::Relaxed);
        Ok(Shared { slot: NonNull::from(slot) })
    }

    /// Slots that hold a value now; exact when nobody is publishing.
    #[must_use]
    pub fn in_use(&self) -> usize {
        // Relaxed: a count for people to read.
        let free: u32 = self.0.free.iter().map(|word| word.load(Ordering::Relaxed).count_ones()).sum();
        self.0.slots.len() - free as usize
    }

    /// Number of slots.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.slots.len()
    }

    fn claim(&self, near: usize) -> Option<usize> {
        let words = self.0.free.len();
        let first = near / 64 % words;
        for word_index in (first..words).chain(0..first) {
            let word = &self.0.free[word_index];
            // Relaxed: only a guess; the claim below decides.
            let mut seen = word.load(Ordering::Relaxed);
            // Each round clears at least one bit of `seen` unless another thread freed one: 64 rounds bound it.
            for _ in 0..64 {
                if seen == 0 {
                    break;
                }
                let bit = 1 << seen.trailing_zeros();
                // Acquire: sees the last owner's drop of the old value, which it released with the bit.
                let before = word.fetch_and(!bit, Ordering::Acquire);
                if before & bit != 0 {
                    return Some(word_index * 64 + bit.trailing_zeros() as usize);
                }
                seen = before & !bit;
            }
        }
        None
    }

    /// Takes a counted reference to slot `index` out of a lane's word.
    ///
    /// # Safety
    ///
    /// The caller must own one reference to that slot, given up by [`Shared::into_index`] of the same pool.
    pub(super) unsafe fn adopt(&self, index: u16) -> Shared<T> {
        Shared { slot: NonNull::from(&self.0.slots[usize::from(index)]) }
    }

    /// Whether `shared` refers to a slot of this pool.
    pub(super) fn owns(&self, shared: &Shared<T>) -> bool {
        let index = usize::from(shared.slot().index);
        self.0.slots.get(index).is_some_and(|slot| std::ptr::eq(slot, shared.slot()))
    }
}

impl<T> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("capacity", &self.capacity()).field("in_use", &self.in_use()).finish()
    }
}

/// A counted reference to a value in a [`Pool`]. The pool lives at least as long as its references.
pub struct Shared<T> {
    slot: NonNull<Slot<T>>,
}

// SAFETY: a `Shared` gives `&T` to any thread that holds a clone, and the last one drops the `T`.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above; a `&Shared` can be cloned.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn slot(&self) -> &Slot<T> {
        // SAFETY: while a reference exists the slot's `home` keeps the pool, and so the slot, alive.
        unsafe { self.slot.as_ref() }
    }

    /// Gives up this reference without dropping it; a lane keeps the number in a word.
    pub(super) fn into_index(self) -> u16 {
        let index = self.slot().index;
        std::mem::forget(self);
        index
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        let value = self.slot().value.with(|value| value);
        // SAFETY: the pointer is to the slot's cell, which is only read while references exist.
        let value = unsafe { &*value };
        // SAFETY: `put` wrote the value before the first reference existed.
        unsafe { value.assume_init_ref() }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        // Relaxed: the new reference comes from an existing one, which keeps the value.
        let before = self.slot().refs.fetch_add(1, Ordering::Relaxed);
        assert!(before < u32::MAX / 2, "references to one message are bounded by its subscriptions");
        Self { slot: self.slot }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // Release: whoever frees the slot sees what this thread did with the value; Acquire: and this one, if it is last.
        if self.slot().refs.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        let slot = self.slot();
        let home = slot.home.with_mut(|home| {
            // SAFETY: this was the last reference, so this thread has the slot alone.
            let home = unsafe { &mut *home };
            home.take()
        });
        let _bit = home.map(|pool| SetBit { pool, index: usize::from(slot.index) });
        slot.value.with_mut(|value| {
            // SAFETY: as above.
            let value = unsafe { &mut *value };
            // SAFETY: the value was written by `put` and nobody refers to it any more.
            unsafe { value.assume_init_drop() };
        });
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Frees a slot when dropped, so that a value whose `Drop` panics does not take its slot with it.
struct SetBit<T> {
    pool: Pool<T>,
    index: usize,
}

impl<T> Drop for SetBit<T> {
    fn drop(&mut self) {
        // Release: the next owner of the slot sees that the value is gone.
        self.pool.0.free[self.index / 64].fetch_or(1 << (self.index % 64), Ordering::Release);
    }
}
