use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use crate::mem::Combiner;
use crate::sync::UnsafeCell;

/// Notes are counted; the value is what was read of them, in a cell where loom sees two accesses that race.
struct Shared {
    notes: AtomicU32,
    combiner: Combiner<UnsafeCell<u32>>,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self { notes: AtomicU32::new(0), combiner: Combiner::new(UnsafeCell::new(0)) })
    }

    /// Leaves a note, and reads all that there are if the value is free.
    fn note(&self) {
        // Relaxed: the mark publishes the note.
        self.notes.fetch_add(1, Ordering::Relaxed);
        let Some(mut held) = self.combiner.hold_or_mark() else { return };
        loop {
            held.take_mark();
            self.read(&held);
            match held.release() {
                Ok(()) => return,
                Err(marked) => held = marked,
            }
        }
    }

    /// Looks at the value without a note, and reads those of others if they ask for it.
    fn look(&self) {
        let Some(mut held) = self.combiner.try_hold() else { return };
        self.read(&held);
        while let Err(marked) = held.release() {
            held = marked;
            held.take_mark();
            self.read(&held);
        }
    }

    fn read(&self, value: &UnsafeCell<u32>) {
        let notes = self.notes.load(Ordering::Relaxed);
        value.with_mut(|value| {
            // SAFETY: the pointer is to the cell, and loom reports an access that races.
            unsafe { *value = notes };
        });
    }

    fn value(&self) -> u32 {
        let held = self.combiner.try_hold().unwrap();
        // SAFETY: as above.
        held.with(|value| unsafe { *value })
    }
}

// SAFETY: what is not an atomic lies in the combiner, and loom reports two accesses of it that race.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

#[test]
fn loom_no_note_is_forgotten_when_two_leave_one() {
    loom::model(|| {
        let shared = Shared::new();
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.note())
        };
        shared.note();
        other.join().unwrap();
        assert_eq!(shared.value(), 2, "a note was forgotten");
    });
}

#[test]
fn loom_a_combined_value_is_never_in_two_hands() {
    loom::model(|| {
        let shared = Shared::new();
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.look())
        };
        shared.look();
        shared.note();
        other.join().unwrap();
        assert_eq!(shared.value(), 1, "a note was forgotten");
    });
}

#[test]
fn loom_a_mark_that_a_holder_leaves_behind_is_found_by_the_next() {
    loom::model(|| {
        let shared = Shared::new();
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.note())
        };
        if let Some(held) = shared.combiner.try_hold() {
            held.leave();
        }
        other.join().unwrap();
        shared.look();
        assert_eq!(shared.value(), 1, "a note was forgotten");
    });
}
