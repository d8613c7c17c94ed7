use serde_json::{Value, json};

use super::{list, show};
use crate::output::{COLUMNS, Reader};

/// The statistics of a breaker in this mode with so many good, bad and refused calls.
fn statistics(name: &str, mode: &str, counts: [u64; 3]) -> Value {
    let [ok, failed, refused] = counts;
    let failures = if name.ends_with("activate") { Value::Null } else { 5.into() };
    json!({
        "name": name, "mode": mode, "emergency": false, "opened": u64::from(mode == "open"),
        "config": { "failure_threshold": failures, "timeout": null },
        "stats": {
            "total_requests": ok + failed + refused, "successful_requests": ok, "failed_requests": failed,
            "rejected_requests": refused, "consecutive_failures": failed, "concurrent_requests": 0,
        },
        "panicked": 1, "timed_out": 0, "cancelled": 0, "ignored": 0, "late": 0, "zombies": 0, "lost": 0,
    })
}

fn policy() -> Value {
    json!({
        "failures": 5,
        "rates": [{ "window": { "length_us": 10_000_000, "buckets": 10 }, "failure_rate": 0.5, "slow_rate": null, "min_calls": 10 }],
        "slow_after_us": 100_000, "open_us": 60_000_000,
        "backoff": { "multiplier": 1.0, "max_us": 3_600_000_000_u64, "jitter": 0.0 },
        "half_open": { "permits": 1, "successes": 1, "episode_max_us": 60_000_000 },
        "concurrent_max": null, "ignore": ["io", "busy"], "criticality": "degrade",
    })
}

fn shown(mode: &str) -> Value {
    json!({
        "breaker": statistics("lamp.on_order", mode, [1_200_000, 5, 17]),
        "for_ms": 18_000, "retry_after_ms": 42_000, "would_open": 0,
        "refused": { "open": 17, "probing": 0, "forced_open": 0, "emergency": 0, "full": 0 },
        "policy": policy(),
        "at_opening": [
            { "ago_ms": 18_100, "took_us": 250, "ending": "failed", "kind": "io", "text": "the lamp \x1b[2J is not connected", "sequence": 7 },
            { "ago_ms": 18_000, "took_us": null, "ending": "timed_out", "kind": "", "text": "", "sequence": null },
        ],
        "latest": [],
    })
}

#[test]
fn the_list_says_what_is_open_and_leaves_out_phases_that_went_well() {
    let answer = json!({ "breakers": [
        statistics("lamp.activate", "closed", [1, 0, 0]),
        statistics("lamp.on_order", "open", [0, 5, 17]),
        statistics("motion.on_drive", "forced_open", [1_200_000, 0, 1]),
    ] });
    let expected = "\
breaker          state          ok  failed  in a row  refused  opened
lamp.on_order    open            0       5         5       17       1
motion.on_drive  forced open  1.2M       0         0        1       0

phases of nodes that went well: 1 (--all shows them)
";
    assert_eq!(list(&answer, false, Reader::Plain), expected);
    assert!(list(&answer, true, Reader::Plain).contains("lamp.activate    closed"));
    assert_eq!(list(&answer, false, Reader::Pipe).lines().count(), 2, "programs get breakers alone");
}

#[test]
fn a_breaker_fits_80_columns_and_says_why_it_opened_and_what_comes_next() {
    let screen = show(&shown("open"), Reader::Pipe);
    let expected = "\
lamp.on_order: open for 18 s; lets a probe through in 42 s

why it opened, the oldest first
 ago   took  message  end        error
18 s  250µs        7  failed     io: the lamp ?[2J is not connected
18 s      -        -  timed out

calls
called for          1.2M
ok                  1.2M
under way              0
failed                 5
of these, panicked     1
failures in a row      5
refused while open    17
opened                 1

policy                 value
failures               5
rate.window.length     10s
rate.window.buckets    10
rate.failure_rate      0.5
rate.slow_rate         off
rate.min_calls         10
slow_after             100ms
open                   60s
backoff.multiplier     1.0
backoff.max            3600s
backoff.jitter         0.0
half_open.permits      1
half_open.successes    1
half_open.episode_max  60s
concurrent_max         off
ignore                 [io, busy]
criticality            degrade
";
    assert_eq!(screen, expected);
    assert!(screen.lines().all(|line| line.chars().count() <= COLUMNS), "{screen}");
}

#[test]
fn the_first_line_says_who_ends_the_state() {
    let first = |shown: &Value| show(shown, Reader::Plain).lines().next().unwrap().to_owned();
    for (mode, line) in [
        ("closed", "lamp.on_order: closed for 18 s"),
        ("half_open", "lamp.on_order: half open for 18 s; probes decide"),
        ("forced_open", "lamp.on_order: forced open for 18 s; until an operator says otherwise"),
        ("metrics_only", "lamp.on_order: metrics only for 18 s; until an operator says otherwise"),
    ] {
        assert_eq!(first(&shown(mode)), line);
    }
    let mut over = shown("open");
    over["retry_after_ms"] = 0.into();
    assert_eq!(first(&over), "lamp.on_order: open for 18 s; the next call is a probe");
    let mut emergency = shown("forced_open");
    emergency["breaker"]["emergency"] = true.into();
    let line = "lamp.on_order: emergency stop for 18 s; refuses until `nevil estop --reset`";
    assert_eq!(first(&emergency), line);
}
