#[cfg(shuttle)]
mod shuttle;

use std::time::Duration;

use super::{Breaker, BreakerPolicy, BreakerState, CallOutcome, TripRule};
use crate::clock::Time;

const S: Duration = Duration::from_secs(1);
const START: Time = Time::from_ns(1_000_000_000);

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
    assert_eq!(breaker.state(START + S - Duration::from_nanos(1)), BreakerState::Open);
    assert!(breaker.admit(START + S - Duration::from_nanos(1)).is_err());
    assert_eq!(breaker.state(START + S), BreakerState::Open);
    let probe = breaker.admit(START + S).unwrap();
    assert_eq!(breaker.state(START + S), BreakerState::HalfOpen);
    assert!(probe.is_probe());
}
