//! What the hardware and the kernel cost, without anything of anybody's: the floors that nothing gets under.

use std::hint;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;

use crossbeam_utils::CachePadded;
use rustix::thread::futex;
use rustix::thread::{ClockId, Timespec, clock_nanosleep_absolute};

use crate::machine::Near;
use crate::measure::{BATCH, RoundResult, Unmeasured, in_batches, in_cpu_batches, now_ns, pin};
use crate::paced::{self, Paced};

/// A word goes from one core to the other and back; half of a round trip, of [`BATCH`] round trips each.
pub(crate) fn cache_line(near: Near, batches: u64) -> RoundResult {
    let (there, back) = (CachePadded::new(AtomicU64::new(0)), CachePadded::new(AtomicU64::new(0)));
    // One batch more: the first does not count.
    let trips = (batches + 1) * BATCH;
    // Acquire and Release, as every hand-over needs.
    let wait_for = |word: &AtomicU64, value| {
        while word.load(Ordering::Acquire) != value {
            hint::spin_loop();
        }
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            let pinned = pin(&[near.receive]);
            for trip in 1..=trips {
                wait_for(&there, trip);
                back.store(trip, Ordering::Release);
            }
            pinned
        });
        let this = scope.spawn(|| {
            let pinned = pin(&[near.send]);
            // The first batch meets cold lines and a thread that is just starting.
            let mut samples = in_batches(1, batches, |trip| {
                there.store(trip + 1, Ordering::Release);
                wait_for(&back, trip + 1);
            });
            samples.values.iter_mut().for_each(|round_trip| *round_trip /= 2.0);
            pinned.map(|()| samples)
        });
        let ended = other.join().map_err(|_| Unmeasured::Failed("the other thread panicked".to_owned()))?;
        let samples = this.join().map_err(|_| Unmeasured::Failed("a thread panicked".to_owned()))?;
        ended.and(samples)
    })
}

/// Two reads of the clock, of [`BATCH`] pairs each.
pub(crate) fn two_clock_reads(near: Near, batches: u64) -> RoundResult {
    on_core(near.send, || {
        Ok(in_batches(1, batches, |_| {
            hint::black_box((now_ns(), now_ns()));
        }))
    })
}

/// The same in processor time.
pub(crate) fn two_clock_reads_cpu(near: Near, batches: u64) -> RoundResult {
    on_core(near.send, || {
        Ok(in_cpu_batches(batches, |_| {
            hint::black_box((now_ns(), now_ns()));
        }))
    })
}

/// Sleeps until `until_ns` of the clock that is read here.
pub(crate) fn sleep_until(until_ns: u64) {
    let until = Timespec {
        tv_sec: (until_ns / 1_000_000_000).cast_signed(),
        tv_nsec: (until_ns % 1_000_000_000).cast_signed(),
    };
    // A signal ends it; whoever is early sleeps again.
    while now_ns() < until_ns {
        let _ = clock_nanosleep_absolute(ClockId::Monotonic, &until);
    }
}

/// Runs `measure` on a thread that is pinned to `core`.
///
/// # Errors
///
/// Those of `measure`, or [`Unmeasured::Failed`] if the thread cannot be pinned or panics.
pub(crate) fn on_core(core: usize, measure: impl FnOnce() -> RoundResult + Send) -> RoundResult {
    thread::scope(|scope| scope.spawn(move || pin(&[core]).and_then(|()| measure())).join())
        .map_err(|_| Unmeasured::Failed("the measuring thread panicked".to_owned()))?
}

/// The measuring loop of [`paced`] with a bare word: the stamp itself is handed over, and nothing else.
pub(crate) fn stamp_alone(paced: Paced) -> RoundResult {
    // 0: taken. A stamp is never 0.
    let word = CachePadded::new(AtomicU64::new(0));
    let word = &word;
    let ends = paced::run_peer(
        paced,
        |sender| {
            sender.run_stamped(|_| {
                word.store(now_ns(), Ordering::Release);
                0
            });
            Ok(())
        },
        |mut receiver| {
            receiver.listen();
            for sequence in 0.. {
                if receiver.is_done() {
                    break;
                }
                let stamp_ns = loop {
                    match word.load(Ordering::Acquire) {
                        0 => hint::spin_loop(),
                        stamp_ns => break stamp_ns,
                    }
                };
                let began_ns = now_ns();
                word.store(0, Ordering::Relaxed);
                receiver.arrived(began_ns, sequence, stamp_ns, true);
            }
            Ok(())
        },
    );
    Ok(ends?.into_samples())
}

/// A thread sleeps in `FUTEX_WAIT`; from before `FUTEX_WAKE` to after it has returned from there.
pub(crate) fn futex_wake(paced: Paced) -> RoundResult {
    let (wanted, stamp) = (CachePadded::new(AtomicU32::new(0)), CachePadded::new(AtomicU64::new(0)));
    let (wanted, stamp) = (&wanted, &stamp);
    let ends = paced::run_peer(
        paced,
        |sender| {
            sender.run_stamped(|_| {
                stamp.store(now_ns(), Ordering::Relaxed);
                // Release: the sleeper sees the stamp.
                wanted.fetch_add(1, Ordering::Release);
                // Its answer is the number of sleepers; the receiver says by itself that it has woken.
                let _ = futex::wake(wanted, futex::Flags::PRIVATE, 1);
                0
            });
            // Once more: if the round was given up, the receiver sees it now.
            wanted.fetch_add(1, Ordering::Release);
            let _ = futex::wake(wanted, futex::Flags::PRIVATE, 1);
            Ok(())
        },
        |mut receiver| {
            receiver.listen();
            for sequence in 0.. {
                if receiver.is_done() {
                    break;
                }
                let before = u32::try_from(sequence).unwrap_or(u32::MAX);
                while wanted.load(Ordering::Acquire) == before {
                    // Interrupted, or woken before it slept: the word says which.
                    let _ = futex::wait(wanted, futex::Flags::PRIVATE, before, None);
                }
                receiver.arrived(now_ns(), sequence, stamp.load(Ordering::Relaxed), true);
            }
            Ok(())
        },
    );
    Ok(ends?.into_samples())
}
