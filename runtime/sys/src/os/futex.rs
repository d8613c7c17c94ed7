//! Words that threads sleep on.

use std::io;
use std::num::NonZeroU32;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use rustix::event::Timespec;
use rustix::io::Errno;
use rustix::thread::futex;

/// Sleeps while `word` is `value`, at most until `until_ns` of `CLOCK_MONOTONIC`; `false` once that has come. May return
/// early. For words that only this process shares.
#[must_use]
pub fn futex_wait(word: &AtomicU32, value: u32, until_ns: Option<u64>) -> bool {
    let until = until_ns.map(|ns| Timespec {
        tv_sec: i64::try_from(ns / 1_000_000_000).unwrap_or(i64::MAX),
        tv_nsec: (ns % 1_000_000_000) as _,
    });
    // The bitset form takes a point in time, so that a sleep that was disturbed is not prolonged.
    let waited = futex::wait_bitset(word, futex::Flags::PRIVATE, value, until.as_ref(), NonZeroU32::MAX);
    waited != Err(Errno::TIMEDOUT)
}

/// Wakes one thread that sleeps on `word`.
pub fn futex_wake_one(word: &AtomicU32) {
    // It fails for words that are no memory of ours only.
    let _ = futex::wake(word, futex::Flags::PRIVATE, 1);
}

/// Sleeps until [`wake_all`] is called on the same word, in whichever process, unless the word is not `expected` any
/// more; at most for `timeout`. Returns early for a signal too: the caller looks again at what it waits for.
///
/// # Errors
///
/// The operating system's.
pub fn sleep_on(word: &AtomicU32, expected: u32, timeout: Duration) -> io::Result<()> {
    let timeout = Timespec::try_from(timeout).map_err(io::Error::other)?;
    match futex::wait(word, futex::Flags::empty(), expected, Some(&timeout)) {
        Ok(()) | Err(Errno::AGAIN | Errno::INTR | Errno::TIMEDOUT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Wakes everyone who sleeps on `word`, in whichever process, and says how many they were.
///
/// # Errors
///
/// The operating system's.
pub fn wake_all(word: &AtomicU32) -> io::Result<usize> {
    Ok(futex::wake(word, futex::Flags::empty(), i32::MAX.unsigned_abs())?)
}
