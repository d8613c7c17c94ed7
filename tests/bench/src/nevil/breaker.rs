//! Nevil's breaker by itself, around a call that does next to nothing.

use std::hint;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_utils::CachePadded;
use nevil_runtime::{Breaker, BreakerPolicy, CallOutcome, Clock, Operation, Refused, Time, TripRule, Window};
use nevil_sys::alloc::thread_allocations;

use crate::floors::on_core;
use crate::machine::Near;
use crate::measure::{RoundResult, Samples, Unmeasured, in_cpu_batches, in_cpu_batches_after, pin};

/// What is called: nothing, but the compiler does not know.
pub(crate) fn work(number: u64) -> Result<u64, Unmeasured> {
    hint::black_box(Ok(number))
}

/// Whose calls there are, and what the breaker has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Five failures in a row, calls of the owner's thread: what each callback of a node has.
    Owner,
    /// The same, for calls of any thread.
    Shared,
    /// The same as `Owner`, four calls at once at most.
    Bulkhead,
    /// The same as `Shared`, four calls at once at most.
    SharedBulkhead,
    /// The rate over the last 100 calls, owner's thread.
    CountWindow,
    /// The rate over the last second in ten buckets, owner's thread.
    TimeWindow,
}

impl Kind {
    fn breaker(self) -> Result<Breaker, Unmeasured> {
        let rate = |window| {
            let rate = TripRule::Rate { window, failure_rate: Some(0.5), slow_rate: None, min_calls: 10 };
            BreakerPolicy { trip: vec![rate], ..BreakerPolicy::default() }
        };
        let policy = match self {
            Self::Owner | Self::Shared => BreakerPolicy::default(),
            Self::Bulkhead | Self::SharedBulkhead => {
                BreakerPolicy { concurrent_max: Some(4), ..BreakerPolicy::default() }
            }
            Self::CountWindow => rate(Window::Count { calls: 100 }),
            Self::TimeWindow => rate(Window::Time { length: Duration::from_secs(1), buckets: 10 }),
        };
        let breaker = match self {
            Self::Shared | Self::SharedBulkhead => Breaker::new("measured", policy),
            _ => Breaker::for_one_thread("measured", policy),
        };
        breaker.map_err(Unmeasured::because)
    }
}

/// One call with stamps that its caller has taken anyway; whether it was let through.
#[inline]
fn stamped(breaker: &Breaker, number: u64) -> bool {
    let Ok(permit) = breaker.admit(Time::from_ns(number)) else { return false };
    let outcome = match work(number) {
        Ok(_) => CallOutcome::Ok,
        Err(error) => CallOutcome::failed(error.to_string()),
    };
    permit.finish(Time::from_ns(number + 1), outcome);
    true
}

/// The call without a breaker.
pub(crate) fn bare(near: Near, batches: u64) -> RoundResult {
    on_core(near.send, move || {
        Ok(in_cpu_batches(batches, |call| {
            // What it returns is of no interest.
            let _ = work(call);
        }))
    })
}

/// A closed circuit and calls that succeed, with stamps that are there anyway.
pub(crate) fn closed(near: Near, batches: u64, kind: Kind) -> RoundResult {
    on_core(near.send, move || {
        let breaker = kind.breaker()?;
        let mut refused = 0;
        let samples = in_cpu_batches(batches, |call| refused += u64::from(!stamped(&breaker, call)));
        none_of(refused, "refused", samples)
    })
}

/// The same, reading the clock.
pub(crate) fn closed_by_clock(near: Near, batches: u64) -> RoundResult {
    on_core(near.send, move || {
        let (breaker, clock) = (Kind::Owner.breaker()?, Clock::monotonic());
        let mut refused = 0;
        let samples = in_cpu_batches(batches, |call| {
            refused += u64::from(breaker.call(&clock, || work(call)).is_err());
        });
        none_of(refused, "refused", samples)
    })
}

/// What runs on two threads at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contended {
    /// Calls through one breaker.
    Breaker,
    /// Additions to one word: the floor.
    Word,
}

/// Calls after which the other thread says that it runs.
const OTHER_TELLS: u64 = 64;

/// One of two threads that do the same to the same, without a pause.
pub(crate) fn contended(near: Near, batches: u64, what: Contended) -> RoundResult {
    let breaker = Kind::Shared.breaker()?;
    let word = CachePadded::new(AtomicU64::new(0));
    let (progress, is_over) = (CachePadded::new(AtomicU64::new(0)), AtomicBool::new(false));
    let once = |call| match what {
        Contended::Breaker => u64::from(!stamped(&breaker, call)),
        Contended::Word => {
            // As the breaker counts.
            word.fetch_add(1, Ordering::Release);
            // What it returns is of no interest.
            let _ = work(call);
            0
        }
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            let pinned = pin(&[near.receive]);
            let mut refused = 0;
            // Relaxed, all: nothing is published through them.
            for call in 0.. {
                if call % OTHER_TELLS == 0 {
                    progress.store(call + 1, Ordering::Relaxed);
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                }
                refused += once(call);
            }
            pinned.map(|()| refused)
        });
        let this = scope.spawn(|| {
            let pinned = pin(&[near.send]);
            // A batch beside a thread that the scheduler has put aside would be none of two at once.
            let mut seen = 0;
            let runs_beside = || {
                while progress.load(Ordering::Relaxed) == seen {
                    hint::spin_loop();
                }
                seen = progress.load(Ordering::Relaxed);
            };
            let mut refused = 0;
            let samples = in_cpu_batches_after(batches, runs_beside, |call| refused += once(call));
            is_over.store(true, Ordering::Relaxed);
            pinned.and_then(|()| none_of(refused, "refused", samples))
        });
        let panicked = |_| Unmeasured::because("a thread panicked");
        let samples = this.join().map_err(panicked)?;
        match other.join().map_err(panicked)?? {
            0 => samples,
            refused => Err(Unmeasured::Failed(format!("{refused} calls were refused"))),
        }
    })
}

/// Additions to a word of one's own.
pub(crate) fn uncontended_word(near: Near, batches: u64) -> RoundResult {
    on_core(near.send, move || {
        let word = AtomicU64::new(0);
        Ok(in_cpu_batches(batches, |call| {
            word.fetch_add(1, Ordering::Release);
            let _ = work(call);
        }))
    })
}

/// Why calls are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The circuit is open.
    Open,
    /// An emergency stop holds.
    Emergency,
}

/// A breaker that refuses.
fn refusing(kind: Kind, why: Why) -> Result<Breaker, Unmeasured> {
    let breaker = kind.breaker()?;
    match why {
        Why::Open => {
            // No stamp that is used comes near the end of it.
            let open = Operation::OpenFor(Duration::from_secs(3600));
            breaker.operate(Time::ZERO, open).map_err(Unmeasured::because)?;
        }
        Why::Emergency => {
            breaker.emergency_open(Time::ZERO);
        }
    }
    Ok(breaker)
}

/// Calls that are not let through.
pub(crate) fn refused(near: Near, batches: u64, kind: Kind, why: Why) -> RoundResult {
    on_core(near.send, move || {
        let breaker = refusing(kind, why)?;
        let mut admitted = 0;
        let samples = in_cpu_batches(batches, |call| {
            let refused: Result<_, Refused> = breaker.admit(Time::from_ns(call));
            admitted += u64::from(hint::black_box(refused).is_ok());
        });
        none_of(admitted, "let through", samples)
    })
}

/// The same through [`Breaker::call`], which reads the clock.
pub(crate) fn refused_by_clock(near: Near, batches: u64) -> RoundResult {
    on_core(near.send, move || {
        let (breaker, clock) = (Kind::Owner.breaker()?, Clock::monotonic());
        let open = Operation::OpenFor(Duration::from_secs(3600));
        breaker.operate(clock.now(), open).map_err(Unmeasured::because)?;
        let mut admitted = 0;
        let samples = in_cpu_batches(batches, |call| {
            admitted += u64::from(breaker.call(&clock, || work(call)).is_ok());
        });
        none_of(admitted, "let through", samples)
    })
}

/// Allocations of one call of an open circuit, or of a closed one.
pub(crate) fn allocations(near: Near, batches: u64, open: Option<Why>) -> RoundResult {
    on_core(near.send, move || {
        let breaker = match open {
            Some(why) => refusing(Kind::Owner, why)?,
            None => Kind::Owner.breaker()?,
        };
        // The first calls of a thread touch what it has of its own.
        let mut admitted = u64::from(stamped(&breaker, 0));
        let before = thread_allocations();
        let calls = batches * 1024;
        (1..=calls).for_each(|call| admitted += u64::from(stamped(&breaker, call)));
        let allocations = (thread_allocations() - before) as f64 / calls as f64;
        let expected = if open.is_some() { 0 } else { calls + 1 };
        let samples = Samples { values: vec![allocations], dropped: 0 };
        none_of(admitted.abs_diff(expected), "not as expected", samples)
    })
}

fn none_of(calls: u64, what: &str, samples: Samples) -> RoundResult {
    if calls == 0 { Ok(samples) } else { Err(Unmeasured::Failed(format!("{calls} calls were {what}"))) }
}
