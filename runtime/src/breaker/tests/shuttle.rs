//! Calls of several threads at the same moment, in many random schedules: shuttle changes the thread at each atomic.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ::shuttle::scheduler::RandomScheduler;
use ::shuttle::{Config, Runner, thread};
use nevil_sys::mem::Ending;

use super::{S, START, fail, failing};
use crate::breaker::watching::Watching;
use crate::breaker::{Breaker, BreakerPolicy, BreakerState, CallOutcome, HalfOpen, Operation};

const SCHEDULES: usize = 3000;

/// What goes wrong in few schedules takes so many times as many to be seen.
const RARE: usize = 20;

fn check(run: impl Fn() + Send + Sync + 'static) {
    check_in(SCHEDULES, run);
}

fn check_in(schedules: usize, run: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = 1 << 18;
    config.silence_warnings = true;
    Runner::new(RandomScheduler::new(schedules), config).run(run);
}

fn on_threads(threads: usize, run: impl Fn(usize) + Clone + Send + 'static) {
    let threads: Vec<_> = (0..threads)
        .map(|number| {
            let run = run.clone();
            thread::spawn(move || run(number))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Counts what is under way, where shuttle changes no thread, and asserts that it is at most `most`.
struct UnderWay<'a>(&'a AtomicU32);

impl<'a> UnderWay<'a> {
    fn begin(count: &'a AtomicU32, most: u32) -> Self {
        assert!(count.fetch_add(1, Ordering::SeqCst) < most, "too many calls are under way");
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn shuttle_no_more_probes_are_under_way_than_there_are_permits() {
    check_in(RARE * SCHEDULES, || {
        let half_open = HalfOpen { permits: 1, successes: 10, episode_max: S };
        let breaker = Breaker::new("a", BreakerPolicy { half_open, ..failing(1) }).unwrap();
        fail(&breaker, START);
        let count = Arc::new(AtomicU32::new(0));
        let probed = Arc::clone(&count);
        let breaker_of_threads = breaker.clone();
        on_threads(3, move |_| {
            if let Ok(permit) = breaker_of_threads.admit(START + S) {
                let under_way = UnderWay::begin(&probed, 1);
                thread::yield_now();
                drop(under_way);
                permit.finish(START + S, CallOutcome::Ok);
            }
        });
        let stats = breaker.stats(START + S).unwrap();
        assert_eq!((stats.permits_left, stats.in_flight), (1, 0));
    });
}

#[test]
fn shuttle_a_permit_does_not_come_back_into_another_episode() {
    check(|| {
        let half_open = HalfOpen { permits: 1, successes: 10, episode_max: S };
        let breaker = Breaker::new("a", BreakerPolicy { half_open, ..failing(1) }).unwrap();
        fail(&breaker, START);
        let of_threads = breaker.clone();
        on_threads(2, move |number| {
            if number == 0 {
                if let Ok(permit) = of_threads.admit(START + S) {
                    permit.finish(START + S, CallOutcome::Ok);
                }
            } else {
                // Another episode begins meanwhile.
                of_threads.operate(START + S, Operation::Open).unwrap();
                of_threads.operate(START + S, Operation::HalfOpen).unwrap();
            }
        });
        let stats = breaker.stats(START + S).unwrap();
        assert_eq!(stats.state, BreakerState::HalfOpen);
        // Once more, in the one order that few schedules have.
        let permit = breaker.admit(START + S).unwrap();
        breaker.operate(START + S, Operation::Open).unwrap();
        breaker.operate(START + S, Operation::HalfOpen).unwrap();
        permit.finish(START + S, CallOutcome::Ok);
        let probes = [breaker.admit(START + S), breaker.admit(START + S)];
        assert!(probes[0].is_ok() && probes[1].is_err(), "there is one permit, and not two");
    });
}

#[test]
fn shuttle_no_more_calls_are_under_way_than_there_are_slots() {
    check(|| {
        let policy = BreakerPolicy { concurrent_max: Some(2), ..failing(5) };
        let breaker = Breaker::new("a", policy).unwrap();
        let count = Arc::new(AtomicU32::new(0));
        let of_threads = breaker.clone();
        on_threads(4, move |_| {
            if let Ok(permit) = of_threads.admit(START) {
                let under_way = UnderWay::begin(&count, 2);
                thread::yield_now();
                drop(under_way);
                drop(permit);
            }
        });
        let taken = [breaker.admit(START), breaker.admit(START)];
        assert!(taken.iter().all(Result::is_ok), "a slot did not come back");
    });
}

#[test]
fn shuttle_every_result_is_in_one_counter() {
    check(|| {
        let breaker = Breaker::new("a", failing(100)).unwrap();
        let of_threads = breaker.clone();
        on_threads(3, move |number| {
            for call in 0..2 {
                let permit = of_threads.admit(START).unwrap();
                let outcome = if call == 0 { CallOutcome::failed("") } else { CallOutcome::Ok };
                if number < 2 { permit.finish(START, outcome) } else { drop(permit) }
            }
        });
        let stats = breaker.stats(START).unwrap();
        let totals = stats.totals;
        assert_eq!((totals.ok, totals.failed, totals.cancelled, totals.lost), (2, 2, 2, 0));
        assert_eq!((totals.admitted, stats.in_flight), (6, 0));
    });
}

#[test]
fn shuttle_the_emergency_stop_is_not_wiped_off_by_a_circuit_that_changes() {
    check(|| {
        let breaker = Breaker::new("a", failing(100)).unwrap();
        let of_threads = breaker.clone();
        on_threads(2, move |number| {
            // Each of them shows the machine anew; the stop comes in their middle.
            for call in 0..6 {
                if number == 0 && call == 3 {
                    of_threads.emergency_open(START);
                }
                if let Ok(permit) = of_threads.admit(START) {
                    permit.finish(START, CallOutcome::failed(""));
                }
            }
        });
        assert!(breaker.is_emergency());
        assert!(breaker.admit(START + Duration::from_secs(100)).is_err());
    });
}

#[test]
fn shuttle_a_slot_comes_back_once_when_a_call_returns_while_it_is_given_up() {
    check(|| {
        let policy = BreakerPolicy { concurrent_max: Some(2), ..failing(5) };
        let breaker = Breaker::new("a", policy).unwrap();
        let giver = breaker.clone();
        let permit = breaker.admit(START).unwrap();
        let ticket = permit.ticket();
        assert!(breaker.time_out(ticket, START));
        let giver = thread::spawn(move || giver.give_up(ticket));
        permit.late(START);
        giver.join().unwrap();
        let taken = [breaker.admit(START), breaker.admit(START), breaker.admit(START)];
        assert_eq!(taken.iter().filter(|permit| permit.is_ok()).count(), 2);
        assert_eq!(breaker.stats(START).unwrap().zombies, 0);
    });
}

#[test]
fn shuttle_a_call_that_returns_while_it_is_timed_out_is_no_zombie_and_has_its_slot_back() {
    check(|| {
        let policy = BreakerPolicy { concurrent_max: Some(1), ..failing(5) };
        let breaker = Breaker::new("a", policy).unwrap();
        let watcher = breaker.clone();
        let permit = breaker.admit(START).unwrap();
        // The watcher has taken the ticket, so the call says that it is late.
        let ticket = permit.ticket();
        let watcher = thread::spawn(move || assert!(watcher.time_out(ticket, START)));
        permit.late(START);
        watcher.join().unwrap();
        let stats = breaker.stats(START).unwrap();
        assert_eq!((stats.zombies, stats.in_flight, stats.failures_in_row), (0, 0, 1));
        assert_eq!((stats.totals.timed_out, stats.totals.returned), (1, 1));
        assert!(breaker.admit(START).is_ok(), "the slot did not come back");
    });
}

#[test]
fn shuttle_a_watched_call_that_returns_at_its_deadline_fails_once_and_charges_no_other() {
    check(|| {
        let policy = BreakerPolicy { concurrent_max: Some(1), ..failing(5) };
        let [first, second] = ["a", "b"].map(|name| Breaker::new(name, policy.clone()).unwrap());
        let watching = Arc::new(Watching::new(1));
        let watcher = Arc::clone(&watching);
        let permit = first.admit(START).unwrap();
        let running = watching.begin(&first, permit.ticket(), START, START + S).unwrap();
        let watcher = thread::spawn(move || drop(watcher.look(START + S)));
        match running.end() {
            Ending::InTime => permit.finish(START, CallOutcome::TimedOut),
            _ => permit.late(START),
        }
        // The place goes to a call that has its whole time left; where the watcher has it in hand, there is none.
        let permit = second.admit(START).unwrap();
        if let Some(running) = watching.begin(&second, permit.ticket(), START, START + 2 * S) {
            assert_eq!(running.end(), Ending::InTime);
        }
        permit.finish(START, CallOutcome::Ok);
        watcher.join().unwrap();
        let (first, second) = (first.stats(START).unwrap(), second.stats(START).unwrap());
        assert_eq!((first.totals.timed_out, first.failures_in_row), (1, 1));
        assert_eq!((first.zombies, first.in_flight, second.totals.timed_out), (0, 0, 0));
    });
}
