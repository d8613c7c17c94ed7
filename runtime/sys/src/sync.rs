//! What threads share: the standard types, loom's in its models (`--cfg loom`), or shuttle's in its tests
//! (`--cfg shuttle`).
//!
//! [`atomic`], [`Mutex`] and what follows from them are what the lock-free steps and the bus are made of. The atomics at
//! the top are for words that lie in mapped memory, where shuttle's, which are larger than a word, cannot lie.

#[cfg(loom)]
pub(crate) use loom::{cell::UnsafeCell, sync::Arc};
#[cfg(not(loom))]
pub(crate) use std::sync::Arc;

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

#[cfg(loom)]
use loom::sync::Condvar;
#[cfg(shuttle)]
use shuttle::sync::Condvar;
#[cfg(any(loom, shuttle))]
use std::sync::PoisonError;

#[cfg(loom)]
pub use loom::sync::{Mutex, MutexGuard};
#[cfg(shuttle)]
pub use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(any(loom, shuttle)))]
pub use std::sync::{Mutex, MutexGuard};

/// `std::sync::atomic`, or what stands for it.
pub mod atomic {
    #[cfg(loom)]
    pub use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
    #[cfg(shuttle)]
    pub use shuttle::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
    #[cfg(not(any(loom, shuttle)))]
    pub use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
}

/// `std::cell::UnsafeCell` with the interface of loom's, which reports two accesses that race.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Stands between a `SeqCst` write and a `SeqCst` read of another word, which are in one order by themselves. Loom takes
/// them for `AcqRel`, and gets the fence that they amount to.
#[inline]
pub(crate) fn one_order() {
    #[cfg(loom)]
    fence(Ordering::SeqCst);
}

use atomic::AtomicU32 as FutexWord;

/// A word that a thread can sleep on: the kernel's futex, or one of a lock and a condition in models.
#[derive(Debug)]
pub(crate) struct Futex {
    pub(crate) word: FutexWord,
    #[cfg(any(loom, shuttle))]
    lock: Mutex<()>,
    #[cfg(any(loom, shuttle))]
    woken: Condvar,
}

impl Futex {
    pub(crate) fn new(value: u32) -> Self {
        Self {
            word: FutexWord::new(value),
            #[cfg(any(loom, shuttle))]
            lock: Mutex::new(()),
            #[cfg(any(loom, shuttle))]
            woken: Condvar::new(),
        }
    }

    /// Sleeps while the word is `value`, at most until `until_ns` of `CLOCK_MONOTONIC`; `false` once that has come. May
    /// return early.
    #[cfg(not(any(loom, shuttle)))]
    pub(crate) fn sleep(&self, value: u32, until_ns: Option<u64>) -> bool {
        crate::os::futex_wait(&self.word, value, until_ns)
    }

    /// Wakes one thread that sleeps here.
    #[cfg(not(any(loom, shuttle)))]
    pub(crate) fn wake_one(&self) {
        crate::os::futex_wake_one(&self.word);
    }

    /// The time never comes: who is not woken sleeps for ever, and the model says so.
    #[cfg(any(loom, shuttle))]
    pub(crate) fn sleep(&self, value: u32, _until_ns: Option<u64>) -> bool {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if self.word.load(Ordering::SeqCst) == value {
            drop(self.woken.wait(lock));
        }
        true
    }

    #[cfg(any(loom, shuttle))]
    pub(crate) fn wake_one(&self) {
        let _lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.woken.notify_one();
    }
}
