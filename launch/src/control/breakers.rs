//! What tools are told about breakers, and what they do with them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use nevil_runtime::{
    Breaker, BreakerError, BreakerPolicy, BreakerStats, CallRecord, Clock, Criticality, Operation, Time,
    TripRule, Window,
};
use serde_json::{Value, json};

use crate::control::Control;
use crate::control::protocol::BreakerOperation;
use crate::file::changed_policy;
use crate::problem::known_names;

/// All breakers, by name.
pub(super) fn list(robot: &dyn Control) -> Result<Value, String> {
    let clock = robot.bus().clock();
    let breakers = robot.breakers().list();
    let stats = breakers.iter().map(|breaker| {
        let stats = breaker.stats(clock.now()).map_err(|error| error.to_string())?;
        Ok(statistics(robot, &stats))
    });
    Ok(json!({ "breakers": stats.collect::<Result<Vec<_>, String>>()? }))
}

/// All that is known about the breaker called `name`.
pub(super) fn show(robot: &dyn Control, name: &str) -> Result<Value, String> {
    let breaker = find(robot, name)?;
    let now = robot.bus().clock().now();
    let stats = breaker.stats(now).map_err(|error| error.to_string())?;
    let history = breaker.history().map_err(|error| error.to_string())?;
    let records = |records: &[CallRecord]| records.iter().map(|call| record(call, now)).collect::<Vec<_>>();
    Ok(json!({
        "breaker": statistics(robot, &stats),
        "for_ms": ms(now.since(stats.since)),
        "retry_after_ms": ms(stats.retry_after),
        "would_open": stats.totals.would_open,
        "refused": {
            "open": stats.refused.open,
            "probing": stats.refused.probing,
            "forced_open": stats.refused.forced_open,
            "emergency": stats.refused.emergency,
            "full": stats.refused.full,
        },
        "policy": policy(&stats.policy),
        "at_opening": records(&history.at_opening),
        "latest": records(&history.latest),
    }))
}

/// Does what the operator wants with the breaker called `name`.
pub(super) fn operate(robot: &dyn Control, name: &str, operation: BreakerOperation) -> Result<Value, String> {
    let breaker = find(robot, name)?;
    let now = robot.bus().clock().now();
    let operation = match operation {
        BreakerOperation::Open => Operation::ForceOpen,
        BreakerOperation::OpenForMs(ms) => Operation::OpenFor(Duration::from_millis(ms)),
        BreakerOperation::Close => Operation::ForceClosed,
        BreakerOperation::HalfOpen => Operation::HalfOpen,
        BreakerOperation::Reset => Operation::Reset,
        BreakerOperation::Disable => Operation::Disable,
        BreakerOperation::MetricsOnly => Operation::MetricsOnly,
    };
    breaker.operate(now, operation).map_err(|error| error.to_string())?;
    robot.breaker_operated(breaker.name());
    let stats = breaker.stats(now).map_err(|error| error.to_string())?;
    tracing::info!("a tool has made breaker `{name}` {}", stats.state);
    Ok(json!({
        "name": name,
        "state": stats.state.as_str(),
        "emergency": stats.emergency,
        "retry_after_ms": ms(stats.retry_after),
    }))
}

/// Changes the policy of the breaker called `name` while it works.
pub(super) fn set(
    robot: &dyn Control,
    name: &str,
    changes: &BTreeMap<String, String>,
) -> Result<Value, String> {
    let breaker = find(robot, name)?;
    let said = |error: BreakerError| error.to_string();
    let changed = changed_policy(changes, breaker.policy().map_err(said)?)?;
    breaker.set_policy(robot.bus().clock().now(), changed.clone()).map_err(said)?;
    let list: Vec<_> = changes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    tracing::info!("a tool has changed the policy of breaker `{name}`: {}", list.join(" "));
    Ok(json!({ "name": name, "policy": policy(&changed) }))
}

fn find(robot: &dyn Control, name: &str) -> Result<Breaker, String> {
    robot.breakers().get(name).map_err(|error| match error {
        BreakerError::Unknown { breaker, known } => {
            format!("unknown breaker `{breaker}`{}", known_names("breakers", &breaker, &known))
        }
        error => error.to_string(),
    })
}

fn statistics(robot: &dyn Control, stats: &BreakerStats) -> Value {
    let text = stats.to_json(robot.callback_timeout(&stats.name), wall(robot.bus().clock()));
    // Its own text is always JSON; were it not, a tool would see it as it is.
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// Time since 1970, which a simulation does not have.
fn wall(clock: &Clock) -> Option<Duration> {
    let since = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok();
    if clock.is_simulated() { None } else { since() }
}

fn record(call: &CallRecord, now: Time) -> Value {
    json!({
        "ended_ns": call.ended.as_ns(),
        "ago_ms": ms(now.since(call.ended)),
        "took_us": call.took.map(us),
        "ending": call.ending.as_str(),
        "kind": call.kind,
        "text": call.text,
        "sequence": call.sequence,
    })
}

/// A policy in the words of launch files, its times in microseconds.
fn policy(policy: &BreakerPolicy) -> Value {
    let failures = policy.trip.iter().find_map(|rule| match rule {
        TripRule::Consecutive { failures } => Some(*failures),
        TripRule::Rate { .. } => None,
    });
    let rate = |rule: &TripRule| match rule {
        TripRule::Consecutive { .. } => None,
        TripRule::Rate { window, failure_rate, slow_rate, min_calls } => Some(json!({
            "window": match window {
                Window::Count { calls } => json!({ "calls": calls }),
                Window::Time { length, buckets } => json!({ "length_us": us(*length), "buckets": buckets }),
            },
            "failure_rate": failure_rate.map(as_said),
            "slow_rate": slow_rate.map(as_said),
            "min_calls": min_calls,
        })),
    };
    json!({
        "failures": failures,
        "rates": policy.trip.iter().filter_map(rate).collect::<Vec<_>>(),
        "slow_after_us": policy.slow_after.map(us),
        "open_us": us(policy.open),
        "backoff": {
            "multiplier": as_said(policy.backoff.multiplier),
            "max_us": us(policy.backoff.max),
            "jitter": as_said(policy.backoff.jitter),
        },
        "half_open": {
            "permits": policy.half_open.permits,
            "successes": policy.half_open.successes,
            "episode_max_us": us(policy.half_open.episode_max),
        },
        "concurrent_max": policy.concurrent_max,
        "ignore": policy.ignore,
        "criticality": match policy.criticality {
            Criticality::Ignore => "ignore",
            Criticality::Degrade => "degrade",
            Criticality::StopNode => "stop_node",
            Criticality::SafeStop => "safe_stop",
        },
    })
}

/// The number that was written, and not its neighbour among the longer ones.
fn as_said(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::NAN)
}

fn us(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
