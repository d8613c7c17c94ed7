//! A scenario's settings as a policy, as far as they have a meaning here.

use std::time::Duration;

use nevil_runtime::limits::{BREAKER_BUCKETS_MAX, BREAKER_TIME_MAX, BREAKER_WINDOW_CALLS_MAX};
use nevil_runtime::{Backoff, BreakerPolicy, HalfOpen, TripRule, Window};
use serde_json::Value;

pub(crate) fn number(value: &Value) -> Option<u64> {
    value.as_u64()
}

pub(crate) fn milliseconds(value: &Value) -> Option<Duration> {
    number(value).map(Duration::from_millis)
}

fn count(value: &Value) -> Option<u32> {
    number(value).map(|number| number.try_into().unwrap())
}

#[expect(clippy::cast_possible_truncation, reason = "a rate of a few digits")]
fn rate(value: &Value) -> Option<f32> {
    value.as_f64().map(|rate| rate as f32)
}

pub(crate) fn policy(config: &Value) -> BreakerPolicy {
    let half_open = &config["half_open"];
    let backoff = &config["backoff"];
    let successes = match half_open["decide"].as_str() {
        Some("consecutive" | "ratio") => count(&half_open["successes"]),
        Some("rate") => count(&half_open["window"]).or(count(&half_open["permits"])),
        _ => Some(1),
    };
    BreakerPolicy {
        trip: trip(&config["trip"]),
        open: milliseconds(&config["open_ms"]).unwrap(),
        backoff: Backoff {
            multiplier: rate(&backoff["mult"]).unwrap_or(1.0),
            max: milliseconds(&backoff["max_ms"]).unwrap_or(BREAKER_TIME_MAX),
            jitter: 0.0,
        },
        half_open: HalfOpen {
            // Any number of them has no meaning here.
            permits: number(&half_open["permits"]).map_or(1, |n| n.try_into().unwrap()),
            successes: successes.unwrap_or(1),
            episode_max: milliseconds(&half_open["max_wait_ms"])
                .filter(|wait| !wait.is_zero())
                .unwrap_or(BREAKER_TIME_MAX),
        },
        concurrent_max: number(&config["max_concurrent"]).map(|n| n.try_into().unwrap()),
        slow_after: slow_after(&config["trip"]),
        // Who reads the state half-opens the circuit.
        auto_half_open: config["auto_half_open"] == true || config["state_read"] == "eager",
        strict_transitions: config["strict_transitions"] == true,
        ..BreakerPolicy::default()
    }
}

fn slow_after(trip: &Value) -> Option<Duration> {
    let rules = trip["rules"].as_array();
    let of_rule = rules.and_then(|rules| rules.iter().find_map(|rule| milliseconds(&rule["slow_ms"])));
    milliseconds(&trip["slow_ms"]).or(of_rule)
}

fn trip(trip: &Value) -> Vec<TripRule> {
    let window = || window(&trip["window"]);
    match trip["kind"].as_str().unwrap() {
        "any" => {
            let rules = trip["rules"].as_array().unwrap().iter();
            rules.flat_map(|rule| rule_of(rule, &trip["window"])).collect()
        }
        // Counted and never judged.
        "none" => vec![TripRule::Rate {
            window: window(),
            failure_rate: Some(1.0),
            slow_rate: None,
            min_calls: u32::MAX,
        }],
        _ => rule_of(trip, &trip["window"]),
    }
}

fn rule_of(rule: &Value, shared_window: &Value) -> Vec<TripRule> {
    let window = || window(shared_window);
    let threshold = || count(&rule["threshold"]).unwrap();
    match rule["kind"].as_str().unwrap() {
        "consecutive" | "cumulative" => vec![TripRule::Consecutive { failures: threshold() }],
        "rate" => {
            let window = window();
            let calls_max = if let Window::Count { calls } = window { calls } else { u32::MAX };
            vec![TripRule::Rate {
                window,
                failure_rate: rate(&rule["failure_rate"]),
                slow_rate: rate(&rule["slow_rate"]),
                min_calls: count(&rule["min_calls"]).unwrap().min(calls_max),
            }]
        }
        "ratio" => {
            let Window::Count { calls } = window() else { panic!("a ratio is of a count window") };
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let failure_rate = count(&rule["failures"]).unwrap() as f32 / calls as f32;
            vec![TripRule::Rate {
                window: window(),
                failure_rate: Some(failure_rate),
                slow_rate: None,
                min_calls: calls,
            }]
        }
        "ema" => vec![TripRule::Rate {
            window: window(),
            failure_rate: Some(1.0),
            slow_rate: None,
            min_calls: count(&rule["min_calls"]).unwrap(),
        }],
        other => panic!("unknown rule `{other}`"),
    }
}

fn window(window: &Value) -> Window {
    if let Some(calls) = count(&window["size"]) {
        return Window::Count { calls };
    }
    let Some(length) = milliseconds(&window["window_ms"]) else {
        return Window::Count { calls: BREAKER_WINDOW_CALLS_MAX };
    };
    let buckets = number(&window["bucket_ms"]).map(|bucket| number(&window["window_ms"]).unwrap() / bucket);
    let buckets = buckets.map_or(BREAKER_BUCKETS_MAX, |buckets| buckets.try_into().unwrap());
    Window::Time { length, buckets }
}
