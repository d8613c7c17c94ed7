//! Calls with a deadline.

use std::future::{pending, ready};
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use nevil_sys::mem::Ending;

use super::{MS, S, START, failing};
use crate::breaker::watching::Watching;
use crate::breaker::{Breaker, BreakerPolicy, BreakerState, BreakerStats, CallError, Refused};
use crate::clock::{Clock, Time};

/// So long no test waits for anything.
const WATCHDOG: Duration = Duration::from_secs(60);

fn stats(breaker: &Breaker) -> BreakerStats {
    breaker.stats(Clock::monotonic().now()).unwrap()
}

/// Looks until it is so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let clock = Clock::monotonic();
    let deadline = clock.now() + WATCHDOG;
    while !is_so() {
        assert!(clock.now() < deadline, "{what} has not come");
        thread::yield_now();
    }
}

#[test]
fn a_call_that_hangs_has_failed_before_it_returns_and_keeps_its_slot_until_then() {
    let policy = BreakerPolicy { concurrent_max: Some(1), ..failing(5) };
    let breaker = Breaker::new("a", policy).unwrap();
    let (release, hangs) = mpsc::channel::<()>();
    let clock = Clock::monotonic();
    thread::scope(|scope| {
        let hung = scope.spawn(|| {
            let hangs = hangs;
            breaker.call_within(&clock, MS, || hangs.recv().map(|()| "a result"))
        });
        until("its failure", || stats(&breaker).totals.timed_out == 1);
        let seen = stats(&breaker);
        assert_eq!((seen.zombies, seen.in_flight, seen.failures_in_row), (1, 1, 1));
        let other = breaker.call_within(&clock, MS, || Ok::<_, &str>(()));
        assert_eq!(other, Err(CallError::Refused(Refused::Full)));
        release.send(()).unwrap();
        assert!(matches!(hung.join().unwrap(), Err(CallError::Late { allowed: MS, .. })));
    });
    let seen = stats(&breaker);
    assert_eq!((seen.zombies, seen.in_flight, seen.totals.returned), (0, 0, 1));
    assert_eq!(breaker.call_within(&clock, WATCHDOG, || Ok::<_, &str>(7)), Ok(7));
    assert_eq!(stats(&breaker).totals.failures(), 1);
}

#[test]
fn calls_that_hang_open_the_circuit_for_everyone_else() {
    let breaker = Breaker::new("a", failing(3)).unwrap();
    let clock = Clock::monotonic();
    let (releases, hung): (Vec<_>, Vec<_>) = (0..3)
        .map(|_| {
            let (release, hangs) = mpsc::channel::<()>();
            let (breaker, clock) = (breaker.clone(), clock.clone());
            (release, thread::spawn(move || breaker.call_within(&clock, MS, || hangs.recv())))
        })
        .unzip();
    until("the open circuit", || stats(&breaker).totals.opened == 1);
    drop(releases);
    for hung in hung {
        assert!(matches!(hung.join().unwrap(), Err(CallError::Late { .. })));
    }
    assert_eq!(stats(&breaker).totals.opened, 1, "a return counted once more");
}

#[test]
fn a_call_is_late_at_exactly_its_time_and_its_failure_counts_from_then() {
    let breaker = Breaker::new("a", failing(2)).unwrap();
    let clock = Clock::simulated();
    let takes = |time: Duration| {
        let clock = &clock;
        move || {
            clock.set(clock.now() + time);
            Ok::<_, &str>(())
        }
    };
    let almost = S - Duration::from_nanos(1);
    assert_eq!(breaker.call_detecting_late(&clock, S, takes(almost)), Ok(()));
    let exactly = breaker.call_detecting_late(&clock, S, takes(S));
    assert_eq!(exactly, Err(CallError::Late { took: S, allowed: S }));
    let began = clock.now();
    let late = breaker.call_detecting_late(&clock, S, takes(S * 3 / 2));
    assert_eq!(late, Err(CallError::Late { took: S * 3 / 2, allowed: S }));
    assert_eq!(late.unwrap_err().to_string(), "it took 1.5s, 1s are allowed");
    assert_eq!(breaker.stats(clock.now()).unwrap().since, began + S);
    assert_eq!(breaker.state(clock.now()), BreakerState::Open);
}

#[test]
fn what_is_not_late_ends_as_it_would_without_a_deadline() {
    let breaker = Breaker::new("a", failing(9)).unwrap();
    let clock = Clock::monotonic();
    assert_eq!(breaker.call_within(&clock, WATCHDOG, || Err::<(), _>("no")), Err(CallError::Failed("no")));
    let panicked = breaker.call_within(&clock, WATCHDOG, || -> Result<(), &str> { panic!("oh") });
    assert_eq!(panicked, Err(CallError::Panicked("oh".into())));
    assert_eq!((stats(&breaker).in_flight, stats(&breaker).totals.timed_out), (0, 0));
}

#[test]
fn a_future_is_given_up_when_it_is_polled_after_its_time() {
    let breaker = Breaker::new("a", failing(9)).unwrap();
    let clock = Clock::simulated();
    let mut context = Context::from_waker(Waker::noop());
    let mut call = pin!(breaker.call_async_within(&clock, S, pending::<Result<(), &str>>()));
    assert_eq!(call.as_mut().poll(&mut context), Poll::Pending);
    clock.set(Time::ZERO + S);
    let late = CallError::Late { took: S, allowed: S };
    assert_eq!(call.as_mut().poll(&mut context), Poll::Ready(Err(late)));
    let seen = breaker.stats(clock.now()).unwrap();
    assert_eq!((seen.totals.timed_out, seen.in_flight), (1, 0));
    let mut call = pin!(breaker.call_async_within(&clock, S, ready(Ok::<_, &str>(7))));
    assert_eq!(call.as_mut().poll(&mut context), Poll::Ready(Ok(7)));
}

#[test]
fn a_future_that_nobody_polls_has_failed_all_the_same() {
    let breaker = Breaker::new("a", failing(9)).unwrap();
    let clock = Clock::monotonic();
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut call = pin!(breaker.call_async_within(&clock, MS, pending::<Result<(), &str>>()));
        // On a busy machine its time may be over at the first poll.
        if call.as_mut().poll(&mut context).is_pending() {
            until("its failure", || stats(&breaker).totals.timed_out == 1);
            let late = call.as_mut().poll(&mut context);
            assert!(matches!(late, Poll::Ready(Err(CallError::Late { .. }))));
        }
    }
    assert_eq!((stats(&breaker).totals.timed_out, stats(&breaker).in_flight), (1, 0));
}

#[test]
fn a_future_that_is_dropped_in_time_was_cancelled_and_is_watched_no_more() {
    let breaker = Breaker::new("a", failing(1)).unwrap();
    let clock = Clock::monotonic();
    {
        let mut call = pin!(breaker.call_async_within(&clock, WATCHDOG, pending::<Result<(), &str>>()));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(stats(&breaker).in_flight, 1);
    }
    let seen = stats(&breaker);
    assert_eq!((seen.in_flight, seen.totals.cancelled, seen.state), (0, 1, BreakerState::Closed));
}

#[test]
fn who_watches_looks_at_the_earliest_deadline_and_judges_at_exactly_it() {
    let breaker = Breaker::new("a", failing(9)).unwrap();
    let watching = Watching::new(2);
    assert_eq!(watching.look(START), None);
    let permits = [2, 1].map(|seconds| {
        let permit = breaker.admit(START).unwrap();
        let running = watching.begin(&breaker, permit.ticket(), START, START + seconds * S).unwrap();
        (permit, running)
    });
    let third = breaker.admit(START).unwrap();
    assert!(watching.begin(&breaker, third.ticket(), START, START + S).is_none(), "there are two places");
    assert_eq!(watching.look(START + S - Duration::from_nanos(1)), Some(START + S));
    assert_eq!(breaker.stats(START + S).unwrap().totals.timed_out, 0);
    assert_eq!(watching.look(START + S), Some(START + 2 * S));
    assert_eq!(breaker.stats(START + S).unwrap().totals.timed_out, 1);
    assert_eq!(breaker.stats(START + S).unwrap().last_failure, Some(START + S));
    let [(first, in_time), (second, late)] = permits;
    assert_eq!((in_time.end(), late.end()), (Ending::InTime, Ending::Late));
    drop(first);
    second.late(START + S);
    assert_eq!(watching.look(START + 9 * S), None);
    assert!(watching.begin(&breaker, third.ticket(), START, START + S).is_some(), "the places came back");
}
