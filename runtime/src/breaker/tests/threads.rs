//! Real threads on one breaker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;

use super::{S, START, failing};
use crate::breaker::{Breaker, BreakerPolicy, BreakerState, CallOutcome, HalfOpen, TripRule, Window};
use crate::clock::Clock;

const THREADS: u64 = 8;
const CALLS: u64 = 5_000;

fn on_threads(run: impl Fn(u64) + Sync) {
    thread::scope(|scope| {
        for number in 0..THREADS {
            let run = &run;
            scope.spawn(move || run(number));
        }
    });
}

#[test]
fn counts_of_many_threads_are_exact_when_all_is_quiet() {
    let rate = TripRule::Rate {
        window: Window::Count { calls: 64 },
        failure_rate: Some(1.0),
        slow_rate: None,
        min_calls: 64,
    };
    let breaker = Breaker::new("a", BreakerPolicy { trip: vec![rate], ..failing(1) }).unwrap();
    on_threads(|number| {
        for call in 0..CALLS {
            let Ok(permit) = breaker.admit(START) else { continue };
            match (number + call) % 4 {
                0 => drop(permit),
                1 => permit.finish(START, CallOutcome::failed("it failed")),
                _ => permit.finish(START, CallOutcome::Ok),
            }
        }
    });
    let stats = breaker.stats(START).unwrap();
    let totals = stats.totals;
    assert_eq!(stats.requests(), THREADS * CALLS);
    assert_eq!(stats.in_flight, 0);
    let ended = totals.ok + totals.failures() + totals.cancelled + totals.stale + totals.lost;
    assert_eq!(ended, totals.admitted, "{totals:?}");
}

#[test]
fn a_cascade_is_cut_short_when_everything_fails_on_many_threads() {
    let half_open = HalfOpen { permits: 2, successes: 1, episode_max: S };
    let breaker = Breaker::new("a", BreakerPolicy { half_open, ..failing(5) }).unwrap();
    let called = AtomicU64::new(0);
    let call_all = |now| {
        on_threads(|_| {
            for _ in 0..CALLS {
                if let Ok(permit) = breaker.admit(now) {
                    called.fetch_add(1, Ordering::Relaxed);
                    permit.finish(now, CallOutcome::failed("it failed"));
                }
            }
        });
    };
    call_all(START);
    assert_eq!(breaker.state(START), BreakerState::Open);
    // How many more than five depends on when the thread that opens the circuit is stopped in the middle.
    assert!(called.swap(0, Ordering::Relaxed) >= 5);
    call_all(START + S / 2);
    assert_eq!(called.load(Ordering::Relaxed), 0, "a call went through an open circuit");
    call_all(START + S);
    let probes = called.load(Ordering::Relaxed);
    assert!((1..=2).contains(&probes), "{probes} probes went through, and failed");
}

#[test]
fn a_breaker_alone_serves_several_threads_and_lets_no_panic_through() {
    let breaker = Breaker::new("a", BreakerPolicy { concurrent_max: Some(2), ..failing(3) }).unwrap();
    let clock = Clock::simulated();
    let under_way = Arc::new(AtomicU32::new(0));
    on_threads(|number| {
        for _ in 0..100 {
            let called = breaker.call(&clock, || {
                let others = under_way.fetch_add(1, Ordering::SeqCst);
                assert!(others < 2, "too many calls are under way");
                under_way.fetch_sub(1, Ordering::SeqCst);
                if number == 0 { Err("it failed") } else { Ok(()) }
            });
            drop(called);
        }
    });
    let stats = breaker.stats(clock.now()).unwrap();
    assert_eq!(stats.totals.panicked, 0);
    assert_eq!((stats.in_flight, stats.requests()), (0, 100 * THREADS));
}
