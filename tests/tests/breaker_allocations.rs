//! A call through a breaker allocates nothing, whether it is let through or refused; a failure's text is the caller's.
#![forbid(unsafe_code)]

use nevil_runtime::prelude::*;
use nevil_runtime::{Breaker, BreakerPolicy, CallOutcome, Operation, TripRule, Window};
use nevil_sys::alloc::{CountingAllocator, thread_allocations, thread_frees};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const START: Time = Time::from_ns(1_000_000_000);

fn policy(concurrent_max: Option<u16>) -> BreakerPolicy {
    let rate = TripRule::Rate {
        window: Window::Time { length: Duration::from_secs(1), buckets: 10 },
        failure_rate: Some(1.0),
        slow_rate: None,
        min_calls: 1_000_000,
    };
    BreakerPolicy {
        trip: vec![TripRule::Consecutive { failures: 1000 }, rate],
        concurrent_max,
        ..Default::default()
    }
}

/// Asserts that `work` asks nothing of the allocator.
fn quietly(what: &str, mut work: impl FnMut()) {
    // The first time reaches what is made when it is first used.
    work();
    let before = (thread_allocations(), thread_frees());
    for _ in 0..5000 {
        work();
    }
    assert_eq!((thread_allocations(), thread_frees()), before, "{what}");
}

#[test]
fn a_call_through_a_breaker_allocates_nothing_and_neither_does_a_refusal() {
    let plain = BreakerPolicy::default;
    for (what, policy) in
        [("plain", plain()), ("windows", policy(None)), ("windows and slots", policy(Some(2)))]
    {
        for breaker in [Breaker::new(what, policy.clone()), Breaker::for_one_thread(what, policy.clone())] {
            let breaker = breaker.unwrap();
            quietly(what, || breaker.admit(START).unwrap().finish(START, CallOutcome::Ok));
            quietly(what, || drop(breaker.admit(START).unwrap()));
            for operation in [Operation::Open, Operation::ForceOpen] {
                breaker.operate(START, operation).unwrap();
                quietly(what, || assert!(breaker.admit(START).is_err()));
            }
            breaker.operate(START, Operation::Open).unwrap();
            breaker.operate(START, Operation::HalfOpen).unwrap();
            let probe = breaker.admit(START).unwrap();
            quietly(what, || assert!(breaker.admit(START).is_err()));
            drop(probe);
            breaker.emergency_open(START);
            quietly(what, || assert!(breaker.admit(START).is_err()));
        }
    }
}
