//! A value that many threads change, and for which none of them waits.
//!
//! ```text
//!  word = HELD (bit 0) | MARKED (bit 1)
//!
//!   leave a note elsewhere ──► sets both ──► HELD before? ── yes ─► go: the holder reads the note
//!                                                │ no
//!                                                ▼
//!                     value and notes ◄──────  Held  ◄── MARKED is taken off ──┐
//!                                                │                             │
//!                                                └── release ──► MARKED? ─ yes ┘
//!                                                                   │ no
//!                                                                   ▼
//!                                                                   0
//!  who            may do what with the value
//!  holder         anything, until its release
//!  everybody else nothing; they leave notes and mark the word
//! ```
//! A holder that is preempted delays nobody: others leave their notes and go on. What it delays is the moment at which
//! their notes take effect.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicU32, Ordering};

/// A thread has the value.
const HELD: u32 = 1;

/// Somebody has left a note since the holder last looked.
const MARKED: u32 = 2;

/// A value that one thread at a time has in its hand, and a mark by which the others ask it to look for their notes.
pub struct Combiner<T> {
    word: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through `Held` alone, of which there is one at a time, as the word says; the exchanges of
// the word hand it from thread to thread.
unsafe impl<T: Send> Sync for Combiner<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Combiner<T> {}

/// The value, in the hand of one thread. Dropped without a release, as by a panic, it leaves the mark for whoever comes
/// next.
#[must_use]
pub struct Held<'a, T> {
    combiner: &'a Combiner<T>,
    /// It gives what a `&mut T` gives, and goes to other threads where that does.
    value: PhantomData<&'a mut T>,
}

impl<T> Combiner<T> {
    /// A combiner for `value`, in nobody's hand.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self { word: AtomicU32::new(0), value: UnsafeCell::new(value) }
    }

    /// Takes the value if nobody has it; leaves no mark. The caller has no note, and may have to go without.
    #[inline]
    pub fn try_hold(&self) -> Option<Held<'_, T>> {
        // Relaxed: a guess; the exchange decides.
        let word = self.word.load(Ordering::Relaxed);
        if word & HELD != 0 {
            return None;
        }
        // Acquire: sees what the last holder did. A mark that was left behind is not taken off here: the release finds it.
        let taken = self.word.compare_exchange(word, word | HELD, Ordering::Acquire, Ordering::Relaxed);
        taken.is_ok().then(|| Held { combiner: self, value: PhantomData })
    }

    /// Takes the value, or asks its holder to look at the notes once more. To be called after the caller's note was left;
    /// one of the two then reads it.
    pub fn hold_or_mark(&self) -> Option<Held<'_, T>> {
        // AcqRel: the holder that finds the mark sees the note; who takes the value sees what the last holder did.
        let before = self.word.fetch_or(HELD | MARKED, Ordering::AcqRel);
        (before & HELD == 0).then(|| Held { combiner: self, value: PhantomData })
    }
}

impl<'a, T> Held<'a, T> {
    /// Takes the mark off: notes that were left before it are to be read after this.
    pub fn take_mark(&mut self) {
        // Acquire: sees the notes of those who marked.
        self.combiner.word.fetch_and(!MARKED, Ordering::Acquire);
    }

    /// Gives the value back, unless there is a mark: then the caller takes it off, reads the notes, and tries again.
    ///
    /// # Errors
    ///
    /// The value, if there is a mark.
    #[inline]
    pub fn release(self) -> Result<(), Self> {
        // Release: the next holder sees what this one did.
        let word = &self.combiner.word;
        if word.compare_exchange(HELD, 0, Ordering::Release, Ordering::Relaxed).is_ok() {
            std::mem::forget(self);
            return Ok(());
        }
        Err(self)
    }

    /// Gives the value back although there may be a mark, for which the next holder answers.
    pub fn leave(self) {
        drop(self);
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: there is one `Held`, which is borrowed.
        self.combiner.value.with(|value| unsafe { &*value })
    }
}

impl<T> DerefMut for Held<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: there is one `Held`, which is borrowed for writing.
        self.combiner.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T> Drop for Held<'_, T> {
    fn drop(&mut self) {
        // Release: as in `release`.
        self.combiner.word.fetch_and(!HELD, Ordering::Release);
    }
}

impl<T> fmt::Debug for Combiner<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Combiner")
    }
}

impl<T> fmt::Debug for Held<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held")
    }
}
