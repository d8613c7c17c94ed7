//! One boxed value, given by one thread and taken by another.

use std::fmt;
use std::ptr;

use crate::sync::atomic::{AtomicPtr, Ordering};

/// A place for one boxed value. Giving and taking are one swap each: neither side ever waits.
pub struct Handover<T> {
    place: AtomicPtr<T>,
}

// SAFETY: the place owns a `T` and moves it from thread to thread; it never gives a reference to it.
unsafe impl<T: Send> Send for Handover<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Handover<T> {}

impl<T> Handover<T> {
    /// An empty place.
    #[must_use]
    pub fn new() -> Self {
        Self { place: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Puts `value` there; an earlier one that nobody took comes back.
    pub fn put(&self, value: Box<T>) -> Option<Box<T>> {
        // SeqCst: publishes the value, and takes over the one that comes back; in one order with what both sides look at
        // next (a thread that goes to sleep, a value that is latched).
        Self::own(self.place.swap(Box::into_raw(value), Ordering::SeqCst))
    }

    /// Takes the value, if there is one. When there is none it costs one load.
    pub fn take(&self) -> Option<Box<T>> {
        // SeqCst: see `put`. The swap takes it over.
        if self.place.load(Ordering::SeqCst).is_null() {
            return None;
        }
        Self::own(self.place.swap(ptr::null_mut(), Ordering::AcqRel))
    }

    fn own(value: *mut T) -> Option<Box<T>> {
        // SAFETY: a pointer that is not null came from `Box::into_raw` in `put`, and the swap that got it out of the place
        // made it this thread's alone.
        (!value.is_null()).then(|| unsafe { Box::from_raw(value) })
    }
}

impl<T> Default for Handover<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for Handover<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<T> fmt::Debug for Handover<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handover")
    }
}
