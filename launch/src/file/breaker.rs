//! `breakers: { … }`: policies by name, and what a node or callback says about its breaker.

use std::time::Duration;

use nevil_msgs::{Mark, Problem, Value, ValueKind};
use nevil_runtime::limits::{
    BREAKER_BUCKETS_MAX, BREAKER_PERMITS_MAX, BREAKER_TIME_MAX, BREAKER_WINDOW_CALLS_MAX,
};
use nevil_runtime::{BreakerPolicy, Criticality, TripRule, Window};
use serde::Deserialize;

use super::is_name;
use super::reader::Reader;
use crate::limits::{
    BREAKER_BUCKETS_DEFAULT, BREAKER_KINDS_MAX, BREAKER_MIN_CALLS_DEFAULT, BREAKER_MULTIPLIER_MAX,
    BREAKER_RATE_MIN, BREAKER_TIME_MIN, BREAKERS_MAX,
};
use crate::problem::PlanProblem;
use crate::schema;

/// A policy of breakers, for who names it.
#[derive(Clone, Debug, PartialEq)]
pub struct BreakerEntry {
    /// Its name, unlike those of the presets.
    pub name: String,
    /// Where the name stands.
    pub mark: Mark,
    /// When a circuit opens, for how long, and how it closes again.
    pub policy: BreakerPolicy,
    /// Deadline of the callback, unless that says otherwise: the one of the preset that it began with.
    pub timeout: Option<Duration>,
}

/// The names of what an open circuit means.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CriticalityName {
    Ignore,
    Degrade,
    StopNode,
    SafeStop,
}

/// The policies in the order of the file.
pub(super) fn breakers(value: &Value, reader: &mut Reader) -> Vec<BreakerEntry> {
    let entries = reader.entries(value, "breakers");
    if entries.len() > BREAKERS_MAX {
        reader.problem(&value.mark, "breakers", PlanProblem::TooManyBreakers { given: entries.len() });
        return Vec::new();
    }
    let mut breakers = Vec::new();
    for (key, value) in entries {
        let (path, given) = (format!("breakers.{}", key.name), key.name.clone());
        if !is_name(&given, "_") {
            reader.problem(&key.mark, &path, PlanProblem::BreakerName { given });
        } else if BreakerPolicy::preset(&given).is_some() {
            reader.problem(&key.mark, &path, PlanProblem::PresetName { given });
        }
        let (policy, timeout) = whole(value, &path, reader);
        breakers.push(BreakerEntry { name: key.name.clone(), mark: key.mark.clone(), policy, timeout });
    }
    breakers
}

/// What `breaker: …` of a node or callback says: a name of `known` or of a preset, or a policy. With the deadline that
/// belongs to it.
pub(super) fn breaker(
    value: &Value,
    path: &str,
    known: &[BreakerEntry],
    reader: &mut Reader,
) -> Option<(BreakerPolicy, Option<Duration>)> {
    match &value.kind {
        ValueKind::Map(_) => Some(whole(value, path, reader)),
        ValueKind::Text(given) => {
            if let Some(entry) = known.iter().find(|entry| entry.name == *given) {
                return Some((entry.policy.clone(), entry.timeout));
            }
            if let Some(preset) = BreakerPolicy::preset(given) {
                return Some((preset.policy, Some(preset.timeout)));
            }
            let known = known.iter().map(|entry| entry.name.clone());
            let known = known.chain(BreakerPolicy::preset_names().map(str::to_owned)).collect();
            reader.problem(&value.mark, path, PlanProblem::UnknownBreaker { given: given.clone(), known });
            None
        }
        _ => {
            reader.wrong_type(value, path, "the name of a breaker, or a map,");
            None
        }
    }
}

/// A policy that says all that is not as usual.
fn whole(value: &Value, path: &str, reader: &mut Reader) -> (BreakerPolicy, Option<Duration>) {
    let mut usual = BreakerPolicy::default();
    if value.get("rate").is_some() && value.get("failures").is_none() && value.get("preset").is_none() {
        // Who speaks of rates alone means these alone.
        usual.trip.clear();
    }
    changed(value, path, usual, reader)
}

/// `before`, but for what `value` says; and the deadline of the preset, if it names one.
pub(super) fn changed(
    value: &Value,
    path: &str,
    before: BreakerPolicy,
    reader: &mut Reader,
) -> (BreakerPolicy, Option<Duration>) {
    let (mut policy, mut timeout, found) = (before, None, reader.found());
    if !reader.map(value, path, schema::BREAKER) {
        return (policy, timeout);
    }
    let key = |name: &str| value.get(name).map(|value| (value, in_path(path, name)));
    if let Some(preset) = key("preset").and_then(|(value, path)| preset(value, &path, reader)) {
        (policy, timeout) = (preset.policy, Some(preset.timeout));
    }
    if let Some((value, path)) = key("failures") {
        failures(value, &path, &mut policy.trip, reader);
    }
    if let Some((value, path)) = key("rate") {
        rate(value, &path, &mut policy.trip, reader);
    }
    if let Some((value, path)) = key("slow_after") {
        policy.slow_after = time(value, &path, reader).or(policy.slow_after);
    }
    if let Some((value, path)) = key("open") {
        policy.open = time(value, &path, reader).unwrap_or(policy.open);
    }
    if let Some((value, path)) = key("backoff") {
        backoff(value, &path, &mut policy, reader);
    }
    if let Some((value, path)) = key("half_open") {
        half_open(value, &path, &mut policy, reader);
    }
    if let Some((value, path)) = key("concurrent_max") {
        policy.concurrent_max = match value.kind {
            ValueKind::Text(ref text) if text == "off" => None,
            _ => number(value, &path, u16::MAX, reader).or(policy.concurrent_max),
        };
    }
    if let Some((value, path)) = key("ignore") {
        policy.ignore = kinds(value, &path, reader);
    }
    if let Some(name) = key("criticality").and_then(|(value, path)| reader.typed(value, &path)) {
        policy.criticality = match name {
            CriticalityName::Ignore => Criticality::Ignore,
            CriticalityName::Degrade => Criticality::Degrade,
            CriticalityName::StopNode => Criticality::StopNode,
            CriticalityName::SafeStop => Criticality::SafeStop,
        };
    }
    // What is slow is filled in for callbacks. All else has been read within its bounds: should these ever differ from the
    // breaker's own, its word is passed on.
    let slow_after = policy.slow_after.or(Some(BREAKER_TIME_MAX));
    if reader.found() == found
        && let Err(problem) = (BreakerPolicy { slow_after, ..policy.clone() }).check()
    {
        reader.problem(&value.mark, path, PlanProblem::Refused { text: problem.to_string() });
    }
    (policy, timeout)
}

fn preset(value: &Value, path: &str, reader: &mut Reader) -> Option<nevil_runtime::BreakerPreset> {
    let given: String = reader.typed(value, path)?;
    let preset = BreakerPolicy::preset(&given);
    if preset.is_none() {
        let known = BreakerPolicy::preset_names().map(str::to_owned).collect();
        reader.problem(&value.mark, path, Problem::UnknownVariant { given, known });
    }
    preset
}

/// The rule of failures in a row: another number, or none.
fn failures(value: &Value, path: &str, trip: &mut Vec<TripRule>, reader: &mut Reader) {
    let failures = match value.kind {
        ValueKind::Text(ref text) if text == "off" => None,
        _ => match number(value, path, u32::MAX, reader) {
            Some(failures) => Some(failures),
            None => return,
        },
    };
    trip.retain(|rule| !matches!(rule, TripRule::Consecutive { .. }));
    if let Some(failures) = failures {
        trip.insert(0, TripRule::Consecutive { failures });
    }
}

/// The rule of rates: what is not said stays as it is in the one that there is.
fn rate(value: &Value, path: &str, trip: &mut Vec<TripRule>, reader: &mut Reader) {
    let is_rate = |rule: &TripRule| matches!(rule, TripRule::Rate { .. });
    if matches!(value.kind, ValueKind::Text(ref text) if text == "off") {
        trip.retain(|rule| !is_rate(rule));
        return;
    }
    if !reader.map(value, path, schema::RATE) {
        return;
    }
    let before = trip.iter().position(is_rate).map(|index| trip.remove(index));
    let (mut seen, mut rates, mut min_calls) = (None, [None, None], None);
    if let Some(TripRule::Rate { window, failure_rate, slow_rate, min_calls: calls }) = before {
        (seen, rates, min_calls) = (Some(window), [failure_rate, slow_rate], Some(calls));
    }
    match value.get("window") {
        Some(value) => seen = window(value, &in_path(path, "window"), seen, reader).or(seen),
        None if seen.is_none() => reader.missing(value, path, "window"),
        None => {}
    }
    for (name, rate) in ["failure_rate", "slow_rate"].into_iter().zip(&mut rates) {
        let Some(value) = value.get(name) else { continue };
        *rate = match value.kind {
            ValueKind::Text(ref text) if text == "off" => None,
            _ => reader.share(value, &in_path(path, name), BREAKER_RATE_MIN..=1.0).or(Some(1.0)),
        };
    }
    let calls_max = match seen {
        Some(Window::Count { calls }) => calls,
        _ => u32::MAX,
    };
    if let Some(value) = value.get("min_calls") {
        let path = in_path(path, "min_calls");
        min_calls = number(value, &path, u32::MAX, reader);
        if let Some(min_calls) = min_calls.filter(|given| *given > calls_max) {
            let problem = PlanProblem::MinCallsAboveWindow { min_calls, calls: calls_max };
            reader.problem(&value.mark, &path, problem);
        }
    }
    let [failure_rate, slow_rate] = rates;
    if failure_rate.is_none() && slow_rate.is_none() {
        reader.problem(&value.mark, path, PlanProblem::NoRate);
        return;
    }
    let Some(window) = seen else { return };
    let min_calls = min_calls.unwrap_or(BREAKER_MIN_CALLS_DEFAULT).min(calls_max);
    trip.push(TripRule::Rate { window, failure_rate, slow_rate, min_calls });
}

fn window(value: &Value, path: &str, before: Option<Window>, reader: &mut Reader) -> Option<Window> {
    if !reader.map(value, path, schema::WINDOW) {
        return None;
    }
    let key = |name: &str| value.get(name).map(|value| (value, in_path(path, name)));
    if let Some((value, path)) = key("calls") {
        if key("length").or(key("buckets")).is_some() {
            reader.problem(&value.mark, &path, PlanProblem::WindowOfTwoKinds);
        }
        return Some(Window::Count { calls: number(value, &path, BREAKER_WINDOW_CALLS_MAX, reader)? });
    }
    let (before, most) = match before {
        Some(Window::Time { length, buckets }) => (Some(length), buckets),
        _ => (None, BREAKER_BUCKETS_DEFAULT),
    };
    let buckets = key("buckets").map(|(value, path)| number(value, &path, BREAKER_BUCKETS_MAX, reader));
    let length = match key("length") {
        Some((value, path)) => time(value, &path, reader)?,
        None if before.is_none() => {
            reader.missing(value, path, if buckets.is_some() { "length" } else { "calls" });
            return None;
        }
        None => before?,
    };
    Some(Window::Time { length, buckets: buckets.flatten().unwrap_or(most) })
}

fn backoff(value: &Value, path: &str, policy: &mut BreakerPolicy, reader: &mut Reader) {
    if !reader.map(value, path, schema::BACKOFF) {
        return;
    }
    let (key, backoff) =
        (|name: &str| value.get(name).map(|value| (value, in_path(path, name))), &mut policy.backoff);
    if let Some((value, path)) = key("multiplier") {
        let factor = reader.share(value, &path, 1.0..=BREAKER_MULTIPLIER_MAX);
        backoff.multiplier = factor.unwrap_or(backoff.multiplier);
    }
    if let Some((value, path)) = key("max") {
        backoff.max = time(value, &path, reader).unwrap_or(backoff.max);
    }
    if let Some((value, path)) = key("jitter") {
        backoff.jitter = reader.share(value, &path, 0.0..=1.0).unwrap_or(backoff.jitter);
    }
}

fn half_open(value: &Value, path: &str, policy: &mut BreakerPolicy, reader: &mut Reader) {
    if !reader.map(value, path, schema::HALF_OPEN) {
        return;
    }
    let key = |name: &str| value.get(name).map(|value| (value, in_path(path, name)));
    let half_open = &mut policy.half_open;
    if let Some((value, path)) = key("permits") {
        half_open.permits = number(value, &path, BREAKER_PERMITS_MAX, reader).unwrap_or(half_open.permits);
    }
    if let Some((value, path)) = key("successes") {
        half_open.successes = number(value, &path, u32::MAX, reader).unwrap_or(half_open.successes);
    }
    if let Some((value, path)) = key("episode_max") {
        half_open.episode_max = time(value, &path, reader).unwrap_or(half_open.episode_max);
    }
}

fn kinds(value: &Value, path: &str, reader: &mut Reader) -> Vec<String> {
    let elements = reader.list(value, path, "a list of kinds of errors such as `[io]`");
    if elements.len() > BREAKER_KINDS_MAX {
        let (given, max) = (format!("{} kinds", elements.len()), format!("{BREAKER_KINDS_MAX} kinds"));
        reader.problem(&value.mark, path, Problem::TooLarge { given, max });
    }
    let kinds = elements.iter().take(BREAKER_KINDS_MAX).enumerate();
    kinds.filter_map(|(index, kind)| reader.typed(kind, &format!("{path}[{index}]"))).collect()
}

/// A number from 1 to `max`.
fn number<N: Copy + Into<i128> + TryFrom<i128>>(
    value: &Value,
    path: &str,
    max: N,
    reader: &mut Reader,
) -> Option<N> {
    reader.integer(value, path, 1..=max.into()).and_then(|number| number.try_into().ok())
}

fn time(value: &Value, path: &str, reader: &mut Reader) -> Option<Duration> {
    reader.duration(value, path, BREAKER_TIME_MIN..=BREAKER_TIME_MAX)
}

/// The path of the key `name` of what is at `path`; empty: the whole of what is read.
fn in_path(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests;
