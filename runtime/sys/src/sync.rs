//! The atomics and cells that the algorithms use: the standard ones, or loom's in its models.

#[cfg(loom)]
pub(crate) use loom::{
    cell::UnsafeCell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    },
};

#[cfg(not(loom))]
pub(crate) use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
};

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
    loom::sync::atomic::fence(Ordering::SeqCst);
}

/// A word that a thread can sleep on: the kernel's futex, or one of loom's making in its models.
#[derive(Debug)]
pub(crate) struct Futex {
    pub(crate) word: AtomicU32,
    #[cfg(loom)]
    lock: loom::sync::Mutex<()>,
    #[cfg(loom)]
    woken: loom::sync::Condvar,
}

impl Futex {
    pub(crate) fn new(value: u32) -> Self {
        Self {
            word: AtomicU32::new(value),
            #[cfg(loom)]
            lock: loom::sync::Mutex::new(()),
            #[cfg(loom)]
            woken: loom::sync::Condvar::new(),
        }
    }

    /// Sleeps while the word is `value`, at most until `until_ns` of `CLOCK_MONOTONIC`; `false` once that has come. May
    /// return early.
    #[cfg(not(loom))]
    pub(crate) fn sleep(&self, value: u32, until_ns: Option<u64>) -> bool {
        crate::os::futex_wait(&self.word, value, until_ns)
    }

    /// Wakes one thread that sleeps here.
    #[cfg(not(loom))]
    pub(crate) fn wake_one(&self) {
        crate::os::futex_wake_one(&self.word);
    }

    #[cfg(loom)]
    pub(crate) fn sleep(&self, value: u32, _until_ns: Option<u64>) -> bool {
        let lock = self.lock.lock().unwrap();
        if self.word.load(Ordering::SeqCst) == value {
            drop(self.woken.wait(lock).unwrap());
        }
        true
    }

    #[cfg(loom)]
    pub(crate) fn wake_one(&self) {
        let _lock = self.lock.lock().unwrap();
        self.woken.notify_one();
    }
}
