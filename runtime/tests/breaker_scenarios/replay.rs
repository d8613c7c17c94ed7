//! Replays the steps of one scenario.

use std::collections::BTreeMap;
use std::time::Duration;

use nevil_runtime::Time;
use nevil_runtime::{
    Breaker, BreakerError, BreakerStats, CallOutcome, Operation, Permit, TripRule, WindowCounts,
};
use serde_json::Value;

use crate::config::{milliseconds, number, policy};

/// A multiple of all lengths of buckets, so that these begin where the scenarios have them; late enough for calls that
/// report a duration which did not pass.
const START: Time = Time::from_ns(5_970_000_000_000_000);

/// A step that did not go as the scenario says.
#[derive(Debug)]
pub(crate) struct Mismatch {
    pub(crate) step: usize,
    pub(crate) what: String,
}

/// A call under way. The watcher has taken its ticket once it is `timed_out`.
struct Running<'a> {
    permit: Permit<'a>,
    began: Time,
    timed_out: bool,
}

struct Replay<'a> {
    breaker: &'a Breaker,
    now: Time,
    timeout: Option<Duration>,
    running: BTreeMap<String, Running<'a>>,
    /// Calls that never return.
    hung: u32,
}

pub(crate) fn replay(scenario: &Value) -> Result<(), Mismatch> {
    let config = &scenario["config"];
    let breaker = Breaker::new(scenario["id"].as_str().unwrap(), policy(config)).unwrap();
    let mut replay = Replay {
        breaker: &breaker,
        now: START,
        timeout: milliseconds(&config["timeout_ms"]),
        running: BTreeMap::new(),
        hung: 0,
    };
    match config["initial_state"].as_str() {
        None => {}
        Some("metrics_only") => breaker.operate(START, Operation::MetricsOnly).unwrap(),
        Some(other) => panic!("unknown initial state `{other}`"),
    }
    for (number, step) in scenario["steps"].as_array().unwrap().iter().enumerate() {
        let went = replay.act(step).and_then(|()| replay.check(step));
        went.map_err(|what| Mismatch { step: number, what: format!("{step}: {what}") })?;
    }
    Ok(())
}

fn outcome(name: &str) -> CallOutcome {
    match name {
        "success" => CallOutcome::Ok,
        "failure" => CallOutcome::failed("it failed"),
        "ignored_error" => CallOutcome::Ignored,
        "panic" => CallOutcome::Panicked { text: "it panicked".into() },
        "cancel" => CallOutcome::Cancelled,
        other => panic!("unknown outcome `{other}`"),
    }
}

fn ids(value: &Value) -> Vec<String> {
    let one = value.as_str().map(|id| vec![id.to_owned()]);
    one.unwrap_or_else(|| value.as_array().unwrap().iter().map(|id| id.as_str().unwrap().into()).collect())
}

impl<'a> Replay<'a> {
    fn act(&mut self, step: &Value) -> Result<(), String> {
        let n = number(&step["n"]).unwrap_or(1);
        for verb in ["success", "failure", "ignored_error", "panic", "cancel"] {
            if let Some(times) = number(&step[verb]) {
                return (0..times).try_for_each(|_| self.call(step, Duration::ZERO, verb));
            }
        }
        let ending = step["as"].as_str().unwrap_or("success");
        if let Some(took) = milliseconds(&step["slow"]) {
            return (0..n).try_for_each(|_| self.call(step, took, ending));
        }
        if let Some(takes) = milliseconds(&step["run"]) {
            return (0..n).try_for_each(|_| self.run(step, takes, ending));
        }
        if let Some(every) = milliseconds(&step["every"]) {
            return (0..number(&step["times"]).unwrap()).try_for_each(|_| {
                self.advance(every);
                self.call(step, Duration::ZERO, ending)
            });
        }
        if let Some(times) = number(&step["timeout"]) {
            return (0..times).try_for_each(|_| {
                self.hung += 1;
                self.acquire(step, format!("hung {}", self.hung))?;
                self.advance(self.timeout.unwrap());
                Ok(())
            });
        }
        if !step["acquire"].is_null() {
            return ids(&step["acquire"]).into_iter().try_for_each(|id| self.acquire(step, id));
        }
        if !step["finish"].is_null() {
            ids(&step["finish"]).iter().for_each(|id| self.finish(id, ending, milliseconds(&step["ms"])));
        } else if let Some(id) = step["release"].as_str() {
            drop(self.running.remove(id));
        } else if let Some(time) = milliseconds(&step["advance"]) {
            self.advance(time);
        } else if step["wall_step"].is_null() && step["check"].is_null() {
            return self.operate(step);
        }
        Ok(())
    }

    fn operate(&self, step: &Value) -> Result<(), String> {
        let operations = [
            ("open", Operation::Open),
            ("half_open", Operation::HalfOpen),
            ("force_open", Operation::ForceOpen),
            ("force_closed", Operation::ForceClosed),
            ("disable", Operation::Disable),
            ("metrics_only", Operation::MetricsOnly),
            ("reset", Operation::Reset),
        ];
        let named = operations.into_iter().find(|(verb, _)| step[verb] == true);
        let timed = milliseconds(&step["open_for"]).map(|time| ("open_for", Operation::OpenFor(time)));
        let (_, operation) = named.or(timed).unwrap_or_else(|| panic!("unknown step {step}"));
        let done = self.breaker.operate(self.now, operation);
        let illegal = matches!(done, Err(BreakerError::IllegalTransition { .. }));
        if illegal == (step["error"] == "illegal_transition") {
            return Ok(());
        }
        Err(format!("the operation ended with {done:?}"))
    }

    /// A call that takes no time, and reports that it `took` some.
    fn call(&mut self, step: &Value, took: Duration, ending: &str) -> Result<(), String> {
        self.acquire_since(step, "a call".into(), self.now - took)?;
        self.finish("a call", ending, None);
        Ok(())
    }

    fn run(&mut self, step: &Value, takes: Duration, ending: &str) -> Result<(), String> {
        self.acquire(step, "a run".into())?;
        self.advance(takes);
        self.finish("a run", ending, None);
        Ok(())
    }

    fn acquire(&mut self, step: &Value, id: String) -> Result<(), String> {
        self.acquire_since(step, id, self.now)
    }

    fn acquire_since(&mut self, step: &Value, id: String, began: Time) -> Result<(), String> {
        let is_expected = step["permitted"].as_bool().unwrap_or(true);
        match self.breaker.admit(began) {
            Ok(permit) => {
                self.running.insert(id, Running { permit, began: self.now, timed_out: false });
                if is_expected { Ok(()) } else { Err("the call was let through".into()) }
            }
            Err(why) if is_expected => Err(format!("the call was refused: {why}")),
            Err(_) => Ok(()),
        }
    }

    fn finish(&mut self, id: &str, ending: &str, took: Option<Duration>) {
        let Some(Running { permit, timed_out, .. }) = self.running.remove(id) else { return };
        if timed_out {
            permit.late(self.now);
        } else if ending == "cancel" {
            drop(permit);
        } else {
            let ended = took.map_or(self.now, |took| permit.started() + took);
            permit.finish(ended, outcome(ending));
        }
    }

    /// Time goes on, and calls whose deadlines come are timed out at exactly these.
    fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        if let Some(timeout) = self.timeout {
            loop {
                let watched = self.running.values_mut().filter(|running| !running.timed_out);
                let Some(next) = watched.min_by_key(|running| running.began) else { break };
                if next.began + timeout > end {
                    break;
                }
                next.timed_out = true;
                assert!(self.breaker.time_out(next.permit.ticket(), next.began + timeout));
            }
        }
        self.now = end;
        // Whoever shows the state looks now and then.
        self.breaker.tick(self.now);
    }

    fn check(&self, step: &Value) -> Result<(), String> {
        if let Some(state) = step["state"].as_str() {
            let is = self.breaker.state(self.now).as_str();
            if is != state {
                return Err(format!("the state is {is}"));
            }
        }
        let stats = self.breaker.stats(self.now).unwrap();
        for (key, expected) in step.as_object().unwrap() {
            let Some(is) = counter(&stats, key) else { continue };
            if (is - expected.as_f64().unwrap()).abs() > 0.001 {
                return Err(format!("{key} is {is}"));
            }
        }
        Ok(())
    }
}

/// A counter by its name in the scenarios; `None` if it is none, but a verb or something else.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn counter(stats: &BreakerStats, key: &str) -> Option<f64> {
    let state = &stats.of_state;
    let (calls, failures, slow) = match stats.windows.first() {
        Some(WindowCounts { calls, failures, slow }) => ((*calls).into(), (*failures).into(), (*slow).into()),
        None => (state.ok + state.failures(), state.failures(), 0),
    };
    let percent = |part: u64| if calls == 0 { 0.0 } else { 100.0 * part as f64 / calls as f64 };
    let judged = |part| if calls < min_calls(stats) { -1.0 } else { percent(part) };
    let number = match key {
        "requests" => state.ok + state.failures() + state.ignored + state.cancelled,
        "calls" => calls,
        "failures" => failures,
        "successes" => calls - failures,
        "slow_calls" => slow,
        "ignored" => state.ignored,
        "consecutive_failures" => stats.failures_in_row.into(),
        "consecutive_successes" => stats.successes_in_row,
        "permits_left" => stats.permits_left.into(),
        "total_requests" => stats.requests(),
        "total_successes" => stats.totals.ok,
        "total_failures" => stats.totals.failures(),
        "rejected" => stats.refused.sum(),
        "opened" => stats.totals.opened,
        "transitions" => stats.totals.transitions,
        "late" => stats.totals.late(),
        "timeouts" => stats.totals.timed_out,
        "zombies" => stats.zombies.into(),
        "inflight" => stats.in_flight,
        "open_for_ms" => return Some(stats.open_for.as_secs_f64() * 1e3),
        "retry_after_ms" => return Some(stats.retry_after.as_secs_f64() * 1e3),
        "failure_rate" => return Some(judged(failures)),
        "slow_rate" => return Some(judged(slow)),
        "raw_failure_rate" => return Some(percent(failures)),
        _ => return None,
    };
    // `slow`, `failure` and so on are verbs; `cancel` too.
    Some(number as f64)
}

fn min_calls(stats: &BreakerStats) -> u64 {
    let of = |rule: &TripRule| match rule {
        TripRule::Rate { min_calls, .. } => Some((*min_calls).into()),
        TripRule::Consecutive { .. } => None,
    };
    stats.policy.trip.iter().find_map(of).unwrap_or(0)
}
