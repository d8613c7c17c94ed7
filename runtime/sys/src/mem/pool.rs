//! A fixed number of slots, each holding one value or none, referred to from any thread.
//!
//! ```text
//!  slot = word | value
//!          │      └ written by whoever claimed the slot, before the first reference leaves it; then only read
//!          └ 0: free        TAKEN: claimed, or its value is being dropped        TAKEN + 2n: n references
//!
//!    0 ── claim ──► TAKEN ── fill ──► TAKEN + 2n ── the last reference goes ──► TAKEN ── value dropped ──► 0
//! ```
//! Whether a slot is free stands in the slot itself, so that a publisher touches no line of memory for it that it does
//! not write anyway, and publishers and receivers share no list of free slots.

use std::fmt;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::ptr::NonNull;

use crossbeam_utils::CachePadded;

use crate::mem::prefetch;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::{Arc, UnsafeCell};

/// The slot is not free.
const TAKEN: u32 = 1;

/// One reference.
const ONE: u32 = 2;

/// A fixed number of places for values of type `T`. Never grows, never waits. Clones are handles to the same places.
///
/// References may outlive the last handle; the memory of the places is then not given back before the process ends.
pub struct Pool<T>(Arc<Places<T>>);

struct Places<T> {
    slots: ManuallyDrop<Box<[CachePadded<Slot<T>>]>>,
}

struct Slot<T> {
    word: AtomicU32,
    index: u16,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: a slot's `value` is written only by the thread that owns the slot (it claimed it, or dropped the last
// reference), and is otherwise only read; the references that give access are `Send` and `Sync` only where `T` is both.
unsafe impl<T: Send + Sync> Sync for Places<T> {}
// SAFETY: as above; a pool owns the values in its slots.
unsafe impl<T: Send + Sync> Send for Places<T> {}

impl<T> Pool<T> {
    /// Most slots of one pool: a lane's word has 16 bits for a slot, and 0 means none.
    pub const SLOTS_MAX: usize = u16::MAX as usize - 1;

    /// Bytes of a slot with its value.
    pub const SLOT_BYTES: usize = size_of::<CachePadded<Slot<T>>>();

    /// A pool of `slots` free slots, 1 to [`Self::SLOTS_MAX`].
    ///
    /// # Panics
    ///
    /// If `slots` is out of that range: the planner computes it.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        assert!((1..=Self::SLOTS_MAX).contains(&slots), "a pool has 1 to {} slots", Self::SLOTS_MAX);
        let slot = |index| {
            let value = UnsafeCell::new(MaybeUninit::uninit());
            // Padded: who writes one slot does not disturb who reads the next.
            CachePadded::new(Slot { word: AtomicU32::new(0), index, value })
        };
        #[expect(clippy::cast_possible_truncation, reason = "at most SLOTS_MAX, which fits")]
        let slots: Box<[_]> = (0..slots as u16).map(slot).collect();
        Self(Arc::new(Places { slots: ManuallyDrop::new(slots) }))
    }

    /// Claims a free slot; the search begins at slot `near`, so that publishers need not meet. `None` if no free slot was
    /// found in one pass.
    #[must_use]
    pub fn claim(&self, near: usize) -> Option<Claim<T>> {
        let slots = &self.0.slots;
        let first = near % slots.len();
        let claim = slots[first..].iter().chain(&slots[..first]).find_map(|slot| slot.claim())?;
        // Their last reader's processor has the lines. This one's come while it waits for its value; the search goes on
        // behind it the next time.
        let later = (claim.index() + prefetch::AHEAD) % slots.len();
        prefetch::to_write(claim.slot.as_ptr());
        prefetch::to_write(&raw const *slots[later]);
        Some(claim)
    }

    /// Puts `value` into a free slot near slot `near`.
    ///
    /// # Errors
    ///
    /// The value, if no free slot was found in one pass.
    pub fn put(&self, near: usize, value: T) -> Result<Shared<T>, T> {
        match self.claim(near) {
            Some(claim) => Ok(claim.fill(value)),
            None => Err(value),
        }
    }

    /// Slots whose value is referred to now; exact when nobody is publishing.
    #[must_use]
    pub fn in_use(&self) -> usize {
        // Relaxed: a count for people to read.
        self.0.slots.iter().filter(|slot| slot.word.load(Ordering::Relaxed) > TAKEN).count()
    }

    /// Number of slots.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.slots.len()
    }

    /// Takes a counted reference to slot `index` out of a lane's word.
    ///
    /// # Safety
    ///
    /// The caller must own one reference to that slot, given up by [`Shared::into_index`] of the same pool.
    pub(super) unsafe fn adopt(&self, index: u16) -> Shared<T> {
        Shared { slot: NonNull::from(&*self.0.slots[usize::from(index)]) }
    }

    /// Asks for the memory of slot `index`, before its value is read.
    pub(super) fn prefetch(&self, index: u16) {
        // The word is written when the reference is given up.
        prefetch::to_take(&raw const *self.0.slots[usize::from(index)]);
    }

    /// Whether `shared` refers to a slot of this pool.
    pub(super) fn owns(&self, shared: &Shared<T>) -> bool {
        let index = usize::from(shared.slot().index);
        self.0.slots.get(index).is_some_and(|slot| std::ptr::eq(&raw const **slot, shared.slot()))
    }
}

impl<T> Slot<T> {
    fn claim(&self) -> Option<Claim<T>> {
        // Relaxed: only a guess; the exchange decides.
        if self.word.load(Ordering::Relaxed) != 0 {
            return None;
        }
        // Acquire: sees the last owner's drop of the old value, which it released with the 0.
        self.word.compare_exchange(0, TAKEN, Ordering::Acquire, Ordering::Relaxed).ok()?;
        Some(Claim { slot: NonNull::from(self) })
    }

    /// Gives up `refs` references; drops the value with the last.
    fn give_up(&self, refs: u32) {
        let all = TAKEN + refs * ONE;
        // Who finds no references but its own is alone: nobody can clone what only it has. Acquire: sees what the others
        // did with the value. Otherwise AcqRel: whoever is last sees what this thread did, and this one, if it is last.
        if self.word.load(Ordering::Acquire) != all
            && self.word.fetch_sub(refs * ONE, Ordering::AcqRel) != all
        {
            return;
        }
        let _free = SetFree(&self.word);
        self.value.with_mut(|value| {
            // SAFETY: this was the last reference, so this thread has the slot alone.
            let value = unsafe { &mut *value };
            // SAFETY: the value was written by `fill` and nobody refers to it any more.
            unsafe { value.assume_init_drop() };
        });
    }
}

impl<T> Drop for Places<T> {
    fn drop(&mut self) {
        // Acquire: a slot that is seen free is touched no more by who freed it. One that is not belongs to a claim or a
        // reference, which will still touch it: then the memory stays.
        if self.slots.iter().all(|slot| slot.word.load(Ordering::Acquire) == 0) {
            // Nothing, but in a model, where loom sees here that nobody touches the values any more.
            self.slots.iter().for_each(|slot| slot.value.with_mut(|_| ()));
            // SAFETY: it is dropped here and nowhere else, and no reference or claim into it exists: each keeps its slot's
            // word from being 0, and no handle is left from which a new one could come.
            unsafe { ManuallyDrop::drop(&mut self.slots) };
        }
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

/// A slot that is claimed and holds no value yet. Dropping it frees the slot.
#[derive(Debug)]
#[must_use]
pub struct Claim<T> {
    slot: NonNull<Slot<T>>,
}

// SAFETY: a claim gives access to an empty slot, and becomes a `Shared`.
unsafe impl<T: Send + Sync> Send for Claim<T> {}

impl<T> Claim<T> {
    /// Puts `value` into the slot.
    pub fn fill(self, value: T) -> Shared<T> {
        let slot = self.fill_with(value, 1);
        Shared { slot }
    }

    /// Puts `value` into the slot, to be referred to `refs` times.
    ///
    /// # Panics
    ///
    /// If `refs` is 0: nobody would ever free the slot.
    pub fn fill_for(self, value: T, refs: u16) -> Shares<T> {
        assert!(refs > 0, "a value in a slot is referred to at least once");
        Shares { slot: self.fill_with(value, u32::from(refs)), left: u32::from(refs) }
    }

    fn fill_with(self, value: T, refs: u32) -> NonNull<Slot<T>> {
        let place = self.slot;
        // The slot passes on to the references.
        std::mem::forget(self);
        // SAFETY: a slot that is not free is not given back.
        let slot = unsafe { place.as_ref() };
        slot.value.with_mut(|value_place| {
            // SAFETY: the claim gave this thread the slot alone, and the pointer is to its own cell.
            let value_place = unsafe { &mut *value_place };
            value_place.write(value);
        });
        // Relaxed: a reference reaches another thread only through a lane's word, which is swapped with Release.
        slot.word.store(TAKEN + refs * ONE, Ordering::Relaxed);
        place
    }

    /// The number of the slot.
    #[must_use]
    pub fn index(&self) -> usize {
        // SAFETY: a slot that is not free is not given back.
        usize::from(unsafe { self.slot.as_ref() }.index)
    }
}

impl<T> Drop for Claim<T> {
    fn drop(&mut self) {
        // SAFETY: a slot that is not free is not given back.
        let slot = unsafe { self.slot.as_ref() };
        slot.word.store(0, Ordering::Release);
    }
}

/// References to one value that have not been handed out yet. What is left when this is dropped is given up.
#[derive(Debug)]
#[must_use]
pub struct Shares<T> {
    slot: NonNull<Slot<T>>,
    left: u32,
}

impl<T> Shares<T> {
    /// One of the references; `None` when all have been handed out.
    pub fn take(&mut self) -> Option<Shared<T>> {
        self.left = self.left.checked_sub(1)?;
        Some(Shared { slot: self.slot })
    }
}

impl<T> Drop for Shares<T> {
    fn drop(&mut self) {
        if self.left > 0 {
            // SAFETY: while a reference exists the slot is not free, and a slot that is not free is not given back.
            unsafe { self.slot.as_ref() }.give_up(self.left);
        }
    }
}

/// A counted reference to a value in a [`Pool`].
pub struct Shared<T> {
    slot: NonNull<Slot<T>>,
}

// SAFETY: a `Shared` gives `&T` to any thread that holds a clone, and the last one drops the `T`.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above; a `&Shared` can be cloned.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn slot(&self) -> &Slot<T> {
        // SAFETY: while a reference exists the slot is not free, and a slot that is not free is not given back.
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
        // SAFETY: `fill` wrote the value before the first reference existed.
        unsafe { value.assume_init_ref() }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        // Relaxed: the new reference comes from an existing one, which keeps the value.
        let before = self.slot().word.fetch_add(ONE, Ordering::Relaxed);
        if before > u32::MAX / 2 {
            // Only a program that forgets references gets here, and a count that wraps would free what is in use.
            std::process::abort();
        }
        Self { slot: self.slot }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        self.slot().give_up(1);
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Frees a slot when dropped, so that a value whose `Drop` panics does not take its slot with it.
struct SetFree<'a>(&'a AtomicU32);

impl Drop for SetFree<'_> {
    fn drop(&mut self) {
        // Release: the next owner of the slot sees that the value is gone.
        self.0.store(0, Ordering::Release);
    }
}
