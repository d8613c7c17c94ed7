//! Thresholds that are learned, and policies of modes and loads.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::{MS, S, START, fail, failing};
use crate::breaker::{
    Breaker, BreakerPolicy, BreakerState, Breakers, CallOutcome, LearningBounds, LoadRule, Operation,
    TripRule, Window,
};
use crate::clock::Time;

const BOUNDS: LearningBounds = LearningBounds {
    calls: 20,
    slow_factor: 2.0,
    slow_after: MS..=S,
    failure_margin: 0.1,
    failure_rate: 0.2..=0.6,
    every: S,
};

fn with_rates() -> BreakerPolicy {
    let rate = TripRule::Rate {
        window: Window::Count { calls: 100 },
        failure_rate: Some(0.5),
        slow_rate: Some(0.5),
        min_calls: 100,
    };
    BreakerPolicy { trip: vec![rate], slow_after: Some(S), ..failing(1) }
}

fn thresholds(breaker: &Breaker) -> (Duration, f32) {
    let policy = breaker.policy().unwrap();
    let TripRule::Rate { failure_rate: Some(rate), .. } = policy.trip[0] else { panic!("it has one rule") };
    (policy.slow_after.unwrap(), rate)
}

fn call(breaker: &Breaker, now: Time, took: Duration, outcome: CallOutcome) {
    if let Ok(permit) = breaker.admit(now) {
        permit.finish(now + took, outcome);
    }
}

#[test]
fn a_breaker_that_learns_refuses_nothing_until_it_has_seen_so_many_calls() {
    let breaker = Breaker::new("a", with_rates()).unwrap();
    breaker.learn(START, BOUNDS).unwrap();
    for _ in 0..19 {
        assert_eq!(breaker.state(START), BreakerState::MetricsOnly);
        call(&breaker, START, MS, CallOutcome::failed("no"));
        assert_eq!(thresholds(&breaker), (S, 0.5));
    }
    call(&breaker, START, MS, CallOutcome::failed("no"));
    assert_eq!(breaker.state(START), BreakerState::Closed);
    let learned = breaker.learned().unwrap().unwrap();
    assert_eq!((learned.calls, learned.settings, learned.p99), (20, 1, None));
    assert_eq!(learned.failure_rate, Some(1.0));
    // No success says what is slow, and all that fails is above the bound.
    assert_eq!(thresholds(&breaker), (S, 0.6));
}

#[test]
fn a_constant_load_converges_and_is_set_at_most_every_so_often() {
    let breaker = Breaker::new("a", with_rates()).unwrap();
    breaker.learn(START, BOUNDS).unwrap();
    let mut now = START;
    let mut seen = Vec::new();
    for _ in 0..400 {
        // A hundred calls a second, of 10 ms each.
        now = now + 10 * MS;
        call(&breaker, now, 10 * MS, CallOutcome::Ok);
        if seen.last() != Some(&thresholds(&breaker)) {
            seen.push(thresholds(&breaker));
        }
    }
    let learned = breaker.learned().unwrap().unwrap();
    assert_eq!(learned.settings, 4, "one at once, and three in the seconds that follow");
    assert_eq!(seen.len(), 2, "set once, and never changed again: {seen:?}");
    let (slow_after, failure_rate) = seen[1];
    assert!(
        (20 * MS..=23 * MS).contains(&slow_after),
        "twice as long as usual, or an eighth more: {slow_after:?}"
    );
    assert!((failure_rate - 0.2).abs() < 1e-6);
    assert_eq!((learned.slow_after, learned.failure_threshold), (Some(slow_after), Some(failure_rate)));
    assert_eq!((learned.p50, learned.p99), (Some(slow_after / 2), Some(slow_after / 2)));
}

#[test]
fn what_is_frozen_stays_and_costs_what_it_did_before() {
    let breaker = Breaker::new("a", BreakerPolicy { trip: vec![], ..with_rates() }).unwrap();
    breaker.freeze().unwrap();
    assert_eq!(breaker.learned().unwrap(), None);
    breaker.learn(START, BOUNDS).unwrap();
    for _ in 0..20 {
        call(&breaker, START, 10 * MS, CallOutcome::Ok);
    }
    let before = breaker.policy().unwrap();
    breaker.freeze().unwrap();
    for second in 0..100 {
        call(&breaker, START + second * S, 100 * MS, CallOutcome::Ok);
    }
    assert_eq!(breaker.policy().unwrap(), before);
    let learned = breaker.learned().unwrap().unwrap();
    assert_eq!((learned.calls, learned.is_frozen), (20, true));
    breaker.unfreeze().unwrap();
    for second in 0..100 {
        call(&breaker, START + second * S, 100 * MS, CallOutcome::Ok);
    }
    assert!(breaker.policy().unwrap().slow_after > before.slow_after);
    assert_eq!(breaker.stats(START).unwrap().totals.ok, 220);
}

#[test]
fn the_end_of_learning_closes_no_circuit_that_an_operator_has_his_hand_on() {
    for operation in [Operation::MetricsOnly, Operation::ForceOpen, Operation::Disable] {
        let breaker = Breaker::new("a", with_rates()).unwrap();
        breaker.learn(START, BOUNDS).unwrap();
        breaker.operate(START, operation).unwrap();
        let state = breaker.state(START);
        for _ in 0..30 {
            call(&breaker, START, MS, CallOutcome::Ok);
        }
        assert_eq!(breaker.state(START), state);
    }
    let breaker = Breaker::new("a", failing(1)).unwrap();
    fail(&breaker, START);
    breaker.learn(START, BOUNDS).unwrap();
    assert_eq!(breaker.state(START), BreakerState::Open);
}

#[test]
fn bounds_that_are_not_allowed_are_refused_and_said() {
    let breaker = Breaker::new("a", failing(1)).unwrap();
    let text = |bounds| breaker.learn(START, bounds).unwrap_err().to_string();
    assert_eq!(
        text(LearningBounds { calls: 9, ..BOUNDS }),
        "breaker `a`: `learn.calls` is 9, 10 to 1000000 are allowed"
    );
    let reversed = LearningBounds { failure_rate: 0.6..=0.2, ..BOUNDS };
    assert_eq!(
        text(reversed),
        "breaker `a`: `learn.failure_rate` begins above its end; put the smaller value first"
    );
    assert_eq!(
        text(LearningBounds { slow_factor: 0.5, ..BOUNDS }),
        "breaker `a`: `learn.slow_factor` is 0.5, 1 to 1000 are allowed"
    );
    assert_eq!(breaker.learned().unwrap(), None);
}

proptest! {
    #[test]
    fn what_is_set_is_within_its_bounds_whatever_comes(
        calls in proptest::collection::vec((0..40_000_000_000_u64, 0..3_u8, 0..2_000_u64), 20..300),
    ) {
        let breaker = Breaker::new("a", with_rates()).unwrap();
        breaker.learn(START, BOUNDS).unwrap();
        let mut now = START;
        for (took_ns, ending, after_ms) in calls {
            now = now + Duration::from_millis(after_ms);
            let outcome = if ending == 0 { CallOutcome::failed("no") } else { CallOutcome::Ok };
            call(&breaker, now, Duration::from_nanos(took_ns), outcome);
            let (slow_after, failure_rate) = thresholds(&breaker);
            prop_assert!(BOUNDS.slow_after.contains(&slow_after));
            prop_assert!(failure_rate == 0.5 || BOUNDS.failure_rate.contains(&failure_rate));
            prop_assert_eq!(breaker.policy().unwrap().check(), Ok(()));
        }
    }

    #[test]
    fn the_usual_duration_is_never_shown_too_short_and_at_most_an_eighth_too_long(
        ns in 1_024..100_000_000_000_000_u64,
    ) {
        let took = Duration::from_nanos(ns);
        let breaker = Breaker::new("a", with_rates()).unwrap();
        breaker.learn(START, BOUNDS).unwrap();
        (0..5).for_each(|_| call(&breaker, START, took, CallOutcome::Ok));
        let shown = breaker.learned().unwrap().unwrap().p99.unwrap();
        prop_assert!(shown >= took && shown <= took + took / 8, "{:?} for {:?}", shown, took);
    }
}

#[test]
fn a_breaker_works_by_the_policy_of_the_mode_and_by_its_own_in_others() {
    let breakers = Breakers::new();
    let breaker = breakers.register("a", failing(3)).unwrap();
    let modes = |failures| BTreeMap::from([("docked".to_owned(), failing(failures))]);
    breaker.set_modes(START, modes(1)).unwrap();
    assert_eq!(breaker.policy().unwrap(), failing(3));
    breakers.set_mode(START, "docked").unwrap();
    assert_eq!(breaker.policy().unwrap(), failing(1));
    breaker.set_policy(START, failing(4)).unwrap();
    assert_eq!(breaker.policy().unwrap(), failing(1), "the mode has its own");
    breakers.set_mode(START, "autonomous").unwrap();
    assert_eq!(breaker.policy().unwrap(), failing(4));
    breakers.set_mode(START, "docked").unwrap();
    // One that comes later is told.
    let later = breakers.register("b", failing(3)).unwrap();
    later.set_modes(START, modes(2)).unwrap();
    assert_eq!((later.policy().unwrap(), breakers.mode()), (failing(2), Some("docked".to_owned())));
    let wrong = BTreeMap::from([("docked".to_owned(), failing(0))]);
    assert!(later.set_modes(START, wrong).is_err());
    assert_eq!(later.policy().unwrap(), failing(2));
    // The name stands for the policy that it was registered with.
    assert!(breakers.register("b", failing(3)).is_ok());
}

#[test]
fn a_change_of_the_mode_keeps_the_state_and_the_row_of_failures() {
    let breaker = Breaker::new("a", failing(3)).unwrap();
    breaker.set_modes(START, BTreeMap::from([("autonomous".to_owned(), failing(2))])).unwrap();
    fail(&breaker, START);
    breaker.set_mode(START, "autonomous").unwrap();
    assert_eq!(breaker.state(START), BreakerState::Closed);
    fail(&breaker, START);
    assert_eq!(breaker.state(START), BreakerState::Open);
    breaker.set_mode(START, "docked").unwrap();
    assert_eq!(breaker.state(START), BreakerState::Open);
}

#[test]
fn a_load_rule_holds_above_its_load_and_not_without_a_reading() {
    let breakers = Breakers::new();
    let breaker = breakers.register("a", failing(3)).unwrap();
    breaker.set_modes(START, BTreeMap::from([("docked".to_owned(), failing(2))])).unwrap();
    breakers.set_mode(START, "docked").unwrap();
    let rule = LoadRule { above_percent: 80, policy: failing(9) };
    breaker.set_load_rule(START, Some(rule)).unwrap();
    for (load, failures) in [(None, 2), (Some(80), 2), (Some(81), 9), (None, 2), (Some(255), 9), (Some(0), 2)]
    {
        breakers.set_load(START, load).unwrap();
        assert_eq!(breaker.policy().unwrap(), failing(failures), "at a load of {load:?}");
    }
    breakers.set_load(START, Some(90)).unwrap();
    breaker.set_load_rule(START, None).unwrap();
    assert_eq!(breaker.policy().unwrap(), failing(2));
}

#[test]
fn what_was_learned_is_kept_over_a_change_of_the_mode() {
    let breaker = Breaker::new("a", with_rates()).unwrap();
    let docked = BreakerPolicy { open: 9 * S, ..with_rates() };
    breaker.set_modes(START, BTreeMap::from([("docked".to_owned(), docked)])).unwrap();
    breaker.learn(START, BOUNDS).unwrap();
    (0..20).for_each(|_| call(&breaker, START, 10 * MS, CallOutcome::Ok));
    let before = thresholds(&breaker);
    assert!(before.0 < S);
    breaker.set_mode(START, "docked").unwrap();
    assert_eq!((thresholds(&breaker), breaker.policy().unwrap().open), (before, 9 * S));
}
