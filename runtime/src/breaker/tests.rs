mod learning;
#[cfg(shuttle)]
mod shuttle;
mod threads;
mod walk;
mod within;

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{
    Answer, Backoff, Breaker, BreakerError, BreakerPolicy, BreakerState, Breakers, CallError, CallOutcome,
    Ending, Operation, Refused, RetryBudget, TripRule,
};
use crate::clock::{Clock, Time};
use crate::limits::BREAKER_HISTORY;

const MS: Duration = Duration::from_millis(1);
const S: Duration = Duration::from_secs(1);
const START: Time = Time::from_ns(1_000_000_000_000);

fn failing(failures: u32) -> BreakerPolicy {
    BreakerPolicy { trip: vec![TripRule::Consecutive { failures }], open: S, ..BreakerPolicy::default() }
}

fn fail(breaker: &Breaker, now: Time) {
    breaker.admit(now).unwrap().finish(now, CallOutcome::failed("it is broken"));
}

#[test]
fn half_opens_exactly_when_the_open_time_is_over() {
    let breaker = Breaker::new("a", failing(1)).unwrap();
    fail(&breaker, START);
    assert!(breaker.admit(START + S - Duration::from_nanos(1)).is_err());
    assert_eq!(breaker.state(START + S), BreakerState::Open);
    let probe = breaker.admit(START + S).unwrap();
    assert_eq!(breaker.state(START + S), BreakerState::HalfOpen);
    assert!(probe.is_probe());
}

#[test]
fn an_emergency_stop_outlasts_times_operators_and_policies_until_it_is_reset() {
    let breaker = Breaker::new("a", failing(3)).unwrap();
    fail(&breaker, START);
    let under_way = breaker.admit(START).unwrap();
    assert!(breaker.emergency_open(START) && !breaker.emergency_open(START));
    under_way.finish(START, CallOutcome::Ok);
    assert_eq!(breaker.stats(START).unwrap().totals.stale, 1);
    for operation in [Operation::Reset, Operation::ForceClosed, Operation::Reset] {
        breaker.operate(START, operation).unwrap();
        assert_eq!(breaker.state(START), BreakerState::ForcedOpen);
    }
    breaker.set_policy(START, failing(9)).unwrap();
    let later = START + 24 * 3600 * S;
    assert_eq!(breaker.admit(later).unwrap_err(), Refused::Emergency);
    assert!(breaker.emergency_reset(later) && !breaker.emergency_reset(later));
    assert_eq!(breaker.state(later), BreakerState::Closed);
    breaker.admit(later).unwrap().finish(later, CallOutcome::Ok);
}

#[test]
fn the_history_says_why_it_opened_until_it_closes_again() {
    let breaker = Breaker::new("a", failing(2)).unwrap();
    for _ in 0..2 {
        let mut permit = breaker.admit(START).unwrap();
        permit.about(7);
        let outcome = CallOutcome::Failed { kind: "bus", text: "é".repeat(200) };
        permit.finish(START + MS, outcome);
    }
    let record = breaker.history().unwrap().at_opening[1].clone();
    assert_eq!((record.ending, record.kind, record.took), (Ending::Failed, "bus", Some(MS)));
    assert_eq!((record.sequence, record.text), (Some(7), "é".repeat(80)));
    let probe = breaker.admit(START + 2 * S).unwrap();
    assert_eq!(breaker.history().unwrap().at_opening.len(), 2);
    probe.finish(START + 2 * S, CallOutcome::Ok);
    assert_eq!(breaker.history().unwrap().at_opening, []);
    assert_eq!(breaker.history().unwrap().latest.len(), 1);
}

#[test]
fn the_history_keeps_the_last_calls_of_those_that_say_something() {
    let breaker = Breaker::new("a", failing(1000)).unwrap();
    for number in 0..40 {
        breaker.admit(START).unwrap().finish(START, CallOutcome::failed(number.to_string()));
    }
    let latest = breaker.history().unwrap().latest;
    assert_eq!((latest.len(), &*latest[0].text), (BREAKER_HISTORY, "8"));
}

#[test]
fn an_error_of_a_kind_that_is_ignored_is_neutral() {
    let policy = BreakerPolicy { ignore: vec!["busy".into()], ..failing(1) };
    let breaker = Breaker::new("a", policy).unwrap();
    let outcome = CallOutcome::Failed { kind: "busy", text: String::new() };
    breaker.admit(START).unwrap().finish(START, outcome);
    let stats = breaker.stats(START).unwrap();
    assert_eq!((stats.state, stats.totals.ignored), (BreakerState::Closed, 1));
}

#[test]
fn a_call_that_was_timed_out_keeps_its_slot_until_it_returns_or_is_given_up() {
    let policy = BreakerPolicy { concurrent_max: Some(1), ..failing(5) };
    let breaker = Breaker::for_one_thread("a", policy).unwrap();
    for is_given_up in [false, true] {
        let permit = breaker.admit(START).unwrap();
        assert!(breaker.time_out(permit.ticket(), START) && !breaker.time_out(permit.ticket(), START));
        assert_eq!(breaker.admit(START).unwrap_err(), Refused::Full);
        if is_given_up {
            assert!(breaker.give_up(permit.ticket()) && !breaker.give_up(permit.ticket()));
            drop(breaker.admit(START).unwrap());
        }
        // Not arbitrated by whoever called: late all the same.
        permit.finish(START, CallOutcome::Ok);
        drop(breaker.admit(START).unwrap());
    }
    let stats = breaker.stats(START).unwrap();
    assert_eq!((stats.totals.timed_out, stats.totals.returned, stats.totals.ok), (2, 2, 0));
    assert_eq!((stats.zombies, stats.in_flight, stats.failures_in_row), (0, 0, 2));
}

#[test]
fn a_permit_that_a_panic_drops_is_a_failure() {
    let breaker = Breaker::new("a", failing(1)).unwrap();
    let panicked = crate::error::caught(|| {
        let _permit = breaker.admit(START).unwrap();
        panic!("on purpose");
    });
    assert!(panicked.is_err());
    assert_eq!(breaker.state(START), BreakerState::Open);
    let breaker = Breaker::new("b", failing(1)).unwrap();
    let called = breaker.call(&Clock::simulated(), || -> Result<(), &str> { panic!("on purpose") });
    assert_eq!(called, Err(CallError::Panicked("on purpose".into())));
    assert_eq!(breaker.stats(START).unwrap().totals.panicked, 1);
}

#[test]
fn open_times_grow_to_their_limit_and_jitter_shortens_them_alike_each_time() {
    let backoff = Backoff { multiplier: 2.0, max: 4 * S, jitter: 0.5 };
    let lengths = || {
        let breaker = Breaker::new("a", BreakerPolicy { backoff, ..failing(1) }).unwrap();
        let mut now = START;
        [1, 2, 4, 4].map(|most| {
            fail(&breaker, now);
            let length = breaker.stats(now).unwrap().open_for;
            assert!(length <= most * S && length > most * S / 2, "{length:?}");
            now = now + length;
            length
        })
    };
    assert_eq!(lengths(), lengths());
}

#[test]
fn a_policy_that_makes_no_sense_is_refused_with_the_value() {
    let policy = BreakerPolicy { open: Duration::ZERO, ..BreakerPolicy::default() };
    let error = Breaker::new("camera", policy).unwrap_err().to_string();
    assert_eq!(error, "breaker `camera`: `open` is 0ns, 1ms to 86400s are allowed");
    let error = Breaker::new("camera", failing(0)).unwrap_err().to_string();
    assert_eq!(error, "breaker `camera`: `trip.failures` is 0, 1 to 4294967295 are allowed");
}

#[test]
fn a_name_has_one_breaker_and_one_policy() {
    let breakers = Breakers::new();
    let first = breakers.register("camera", failing(3)).unwrap();
    assert!(first.is_same(&breakers.register("camera", failing(3)).unwrap()));
    let other = breakers.register("camera", failing(4)).unwrap_err();
    assert!(matches!(other, BreakerError::OtherPolicy { .. }));
    assert!(
        other.to_string().contains("failures: 3") && other.to_string().contains("failures: 4"),
        "{other}"
    );
    let unknown = breakers.get("camara").unwrap_err().to_string();
    assert_eq!(unknown, "unknown breaker `camara`; known breakers are camera");
    breakers.force_open_all(START).unwrap();
    assert_eq!(first.admit(START).unwrap_err(), Refused::ForcedOpen);
    breakers.force_close_all(START).unwrap();
    assert_eq!(breakers.in_state(START, BreakerState::ForcedClosed), 1);
}

#[test]
fn every_preset_is_a_policy() {
    let names: Vec<_> = BreakerPolicy::preset_names().collect();
    assert_eq!(names.len(), 7);
    for name in names {
        let preset = BreakerPolicy::preset(name).unwrap();
        assert_eq!(preset.policy.check(), Ok(()), "{name}");
    }
    let preset = BreakerPolicy::preset("interpolation").unwrap();
    assert_eq!(preset.policy.trip, [TripRule::Consecutive { failures: 5 }]);
    assert_eq!((preset.policy.open, preset.timeout), (45 * S, 120 * S));
    assert_eq!((preset.policy.half_open.successes, preset.policy.concurrent_max), (3, Some(2)));
    assert_eq!(BreakerPolicy::preset("x"), None);
}

#[test]
fn statistics_have_the_keys_of_the_video_engine() {
    let preset = BreakerPolicy::preset("export").unwrap();
    let breaker = Breaker::new("a \"quoted\" name", preset.policy).unwrap();
    breaker.admit(START).unwrap().finish(START, CallOutcome::Ok);
    fail(&breaker, START + S);
    let stats = breaker.stats(START + 2 * S).unwrap();
    let json = stats.to_json(Some(preset.timeout), Some(Duration::from_secs(1_000_000)));
    assert_eq!(
        json,
        "{\"name\":\"a \\\"quoted\\\" name\",\"state\":\"closed\",\"config\":{\"failure_threshold\":2,\
         \"recovery_timeout\":60,\"success_threshold\":1,\"timeout\":300,\"max_concurrent\":1},\
         \"stats\":{\"total_requests\":2,\"successful_requests\":1,\"failed_requests\":1,\
         \"rejected_requests\":0,\"success_rate_percent\":50,\"success_rate_of_admitted_percent\":50,\
         \"consecutive_failures\":1,\"consecutive_successes\":0,\"state_changes\":0,\
         \"concurrent_requests\":0},\"timing\":{\"last_failure_time\":999999,\"last_success_time\":999998,\
         \"time_since_last_failure\":1},\"mode\":\"closed\",\"emergency\":false,\"timed_out\":0,\"panicked\":0,\
         \"late\":0,\"zombies\":0,\"cancelled\":0,\"ignored\":0,\"lost\":0,\"opened\":0}"
    );
}

#[test]
fn fallbacks_are_tried_in_turn_and_a_refusal_reaches_them_too() {
    let breaker = Breaker::new("a", failing(1)).unwrap();
    let clock = Clock::simulated();
    let mut calls = 0;
    for _ in 0..2 {
        let main = || {
            calls += 1;
            Err("it failed")
        };
        let answer = breaker.call_or(
            &clock,
            main,
            &mut [&mut || Err("also"), &mut || panic!("on purpose"), &mut || Ok(7)],
        );
        assert_eq!(answer, Ok(Answer { value: 7, fallback: Some(2) }));
    }
    assert_eq!(calls, 1, "the second time the circuit was open");
    let refused = breaker.call_or(&clock, || Ok::<u8, &str>(1), &mut []);
    assert_eq!(refused, Err(CallError::Refused(Refused::Open { retry_after: S })));
}

#[test]
fn retries_end_with_their_budget_and_successes_fill_it() {
    let breaker = Breaker::new("a", failing(1000)).unwrap();
    let (clock, budget) = (Clock::simulated(), RetryBudget::new(2));
    let mut calls = 0;
    for _ in 0..10 {
        let failed = breaker.call_retrying(&clock, &budget, 3, || {
            calls += 1;
            Err::<(), _>("it failed")
        });
        assert_eq!(failed, Err(CallError::Failed("it failed")));
    }
    assert_eq!((calls, budget.left()), (12, 0), "ten calls and two retries");
    for _ in 0..10 {
        breaker.call_retrying(&clock, &budget, 3, || Ok::<(), &str>(())).unwrap();
    }
    assert_eq!(budget.left(), 1);
    let breaker = Breaker::new("b", failing(1)).unwrap();
    let refused = breaker.call_retrying(&clock, &budget, 3, || Err::<(), _>("it failed"));
    assert!(matches!(refused, Err(CallError::Refused(_))), "an open circuit ends the tries");
}

#[test]
fn a_future_that_is_dropped_is_cancelled_and_one_that_ends_says_how() {
    let breaker = Breaker::new("a", BreakerPolicy { concurrent_max: Some(1), ..failing(2) }).unwrap();
    let clock = Clock::simulated();
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut waiting = pin!(breaker.call_async(&clock, std::future::pending::<Result<(), &str>>()));
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        assert_eq!(breaker.stats(clock.now()).unwrap().in_flight, 1);
    }
    let mut failing = pin!(breaker.call_async(&clock, async { Err::<(), _>("it failed") }));
    assert_eq!(failing.as_mut().poll(&mut context), Poll::Ready(Err(CallError::Failed("it failed"))));
    let panics = async { if true { panic!("on purpose") } else { Ok::<(), &str>(()) } };
    let mut panicking = pin!(breaker.call_async(&clock, panics));
    let panicked = Err(CallError::Panicked("on purpose".into()));
    assert_eq!(panicking.as_mut().poll(&mut context), Poll::Ready(panicked));
    let totals = breaker.stats(clock.now()).unwrap().totals;
    assert_eq!((totals.cancelled, totals.failed, totals.panicked), (1, 1, 1));
    assert_eq!(breaker.state(clock.now()), BreakerState::Open);
}
