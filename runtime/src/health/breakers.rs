//! Breakers in the words of messages.

use std::time::Duration;

use nevil_msgs::{
    BreakerCondition, BreakerConfig, BreakerCounts, BreakerReport, BreakerStates, BreakerTiming, Circuit,
    Importance,
};

use crate::breaker::{Breaker, BreakerState, BreakerStats, Criticality, TripRule};
use crate::clock::Time;
use crate::estop::cut;
use crate::limits::{BREAKER_WHY_BYTES, BREAKERS_TOLD_MAX, HEALTH_SOURCE_BYTES};
use crate::node::Environment;

/// The breakers of `environment` that are not closed at `now`. One that is just being changed is told with what is known of
/// it.
#[must_use]
pub fn breaker_states(environment: &Environment, now: Time) -> BreakerStates {
    let breakers = environment.breakers().list();
    let is_closed = |breaker: &&Breaker| breaker.state(now) == BreakerState::Closed;
    let not_closed: Vec<_> = breakers.iter().filter(|breaker| !is_closed(breaker)).collect();
    BreakerStates {
        breakers: number(breakers.len()),
        left_out: number(not_closed.len().saturating_sub(BREAKERS_TOLD_MAX)),
        not_closed: not_closed
            .into_iter()
            .take(BREAKERS_TOLD_MAX)
            .map(|breaker| condition(breaker, now))
            .collect(),
    }
}

/// What `breaker` of `environment` has counted by `now`, which is `wall` since 1970; `None` while it is just being changed.
#[must_use]
pub fn breaker_report(
    environment: &Environment,
    breaker: &Breaker,
    now: Time,
    wall: Option<Duration>,
) -> Option<BreakerReport> {
    let stats = breaker.stats(now).ok()?;
    Some(report(&stats, environment.callbacks.timeout(breaker.name()), wall))
}

fn condition(breaker: &Breaker, now: Time) -> BreakerCondition {
    let (stats, history) = (breaker.stats(now).ok(), breaker.history().ok());
    let why = history.and_then(|history| {
        let failed = history.at_opening.into_iter().rev().find(|record| !record.text.is_empty());
        failed.map(|record| record.text)
    });
    BreakerCondition {
        name: cut(breaker.name(), HEALTH_SOURCE_BYTES),
        state: circuit(breaker.state(now)),
        since_ns: stats.as_ref().map_or(0, |stats| stats.since.as_ns()),
        why: cut(&why.unwrap_or_default(), BREAKER_WHY_BYTES),
        criticality: stats.map_or(Importance::Degrade, |stats| importance(stats.policy.criticality)),
    }
}

fn report(stats: &BreakerStats, timeout: Option<Duration>, wall: Option<Duration>) -> BreakerReport {
    let failures = stats.policy.trip.iter().find_map(|rule| match rule {
        TripRule::Consecutive { failures } => Some(*failures),
        TripRule::Rate { .. } => None,
    });
    let day = |time: Option<Time>| {
        let (wall, time) = wall.zip(time)?;
        Some(wall.saturating_sub(stats.now.since(time)).as_secs_f64())
    };
    let totals = &stats.totals;
    BreakerReport {
        name: cut(&stats.name, HEALTH_SOURCE_BYTES),
        state: match stats.state {
            BreakerState::Open | BreakerState::ForcedOpen => "open",
            BreakerState::HalfOpen => "half_open",
            _ => "closed",
        }
        .to_owned(),
        config: BreakerConfig {
            failure_threshold: failures,
            recovery_timeout: stats.policy.open.as_secs_f64(),
            success_threshold: stats.policy.half_open.successes,
            timeout: timeout.map(|timeout| timeout.as_secs_f64()),
            max_concurrent: stats.policy.concurrent_max.map(u32::from),
        },
        stats: BreakerCounts {
            total_requests: stats.requests(),
            successful_requests: totals.ok,
            failed_requests: totals.failures(),
            rejected_requests: stats.refused.sum(),
            success_rate_percent: percent(totals.ok, stats.requests()),
            success_rate_of_admitted_percent: percent(totals.ok, totals.admitted),
            consecutive_failures: stats.failures_in_row,
            consecutive_successes: stats.successes_in_row,
            state_changes: totals.transitions,
            concurrent_requests: stats.in_flight,
        },
        timing: BreakerTiming {
            last_failure_time: day(stats.last_failure),
            last_success_time: day(stats.last_success),
            time_since_last_failure: stats.last_failure.map(|time| stats.now.since(time).as_secs_f64()),
        },
        mode: stats.state.as_str().to_owned(),
        emergency: stats.emergency,
    }
}

const fn circuit(state: BreakerState) -> Circuit {
    match state {
        BreakerState::Closed => Circuit::Closed,
        BreakerState::Open => Circuit::Open,
        BreakerState::HalfOpen => Circuit::HalfOpen,
        BreakerState::ForcedOpen => Circuit::ForcedOpen,
        BreakerState::ForcedClosed => Circuit::ForcedClosed,
        BreakerState::Disabled => Circuit::Disabled,
        BreakerState::MetricsOnly => Circuit::MetricsOnly,
    }
}

const fn importance(criticality: Criticality) -> Importance {
    match criticality {
        Criticality::Ignore => Importance::Ignore,
        Criticality::Degrade => Importance::Degrade,
        Criticality::StopNode => Importance::StopNode,
        Criticality::SafeStop => Importance::SafeStop,
    }
}

/// 0 when there were none.
#[expect(clippy::cast_precision_loss, reason = "a percentage for people to read")]
fn percent(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { 100.0 * part as f64 / all as f64 }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
