//! What a breaker has counted, and its JSON.

use std::fmt::Write;
use std::time::Duration;

use super::core::Core;
use super::counters::RefusedCounts;
use super::error::BreakerError;
use super::policy::{BreakerPolicy, TripRule};
use super::state::BreakerState;
use super::window::WindowCounts;
use super::word::EMERGENCY;
use crate::clock::Time;

/// Calls by how they ended. Exact when no call is under way:
/// `admitted = ok + failed + panicked + timed_out + cancelled + ignored + stale + lost`, but for the time-outs of calls
/// from before a transition, and as many lost results as were not of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BreakerTotals {
    /// Calls that were let through.
    pub admitted: u64,
    /// They did what they should.
    pub ok: u64,
    /// They said that they could not.
    pub failed: u64,
    /// They panicked.
    pub panicked: u64,
    /// They reached their deadline.
    pub timed_out: u64,
    /// They were given up; neutral.
    pub cancelled: u64,
    /// Their error says nothing; neutral.
    pub ignored: u64,
    /// They ended after a transition; nothing was decided by them.
    pub stale: u64,
    /// They returned after they had been timed out. They stand in `timed_out` too.
    pub returned: u64,
    /// Results for which there was no room, because more threads than expected came at once.
    pub lost: u64,
    /// Calls with a deadline ([`Breaker::call_within`](super::Breaker::call_within)) that nobody watched, because as many as
    /// can be were watched already: their deadline was looked at when they returned.
    pub unwatched: u64,
    /// Times that the circuit opened, reopenings included.
    pub opened: u64,
    /// Changes of the state.
    pub transitions: u64,
    /// Times that a rule would have opened the circuit, were it not only counting.
    pub would_open: u64,
}

impl BreakerTotals {
    /// Calls that failed, panicked or reached their deadline.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.failed + self.panicked + self.timed_out
    }

    /// Results that came too late to decide anything.
    #[must_use]
    pub const fn late(&self) -> u64 {
        self.stale + self.returned
    }
}

/// What a breaker has counted.
#[derive(Clone, Debug, PartialEq)]
pub struct BreakerStats {
    /// Its name.
    pub name: String,
    /// Its state at that time; see [`Breaker::state`](super::Breaker::state).
    pub state: BreakerState,
    /// Whether the emergency stop is on.
    pub emergency: bool,
    /// When the state was entered.
    pub since: Time,
    /// Length of this open time, or of the last one; zero if it was never open.
    pub open_for: Duration,
    /// How much of the open time is left; zero if it is not open.
    pub retry_after: Duration,
    /// Its policy.
    pub policy: BreakerPolicy,
    /// Since it was made.
    pub totals: BreakerTotals,
    /// Since the state was entered; only how calls ended, without what moves the circuit.
    pub of_state: BreakerTotals,
    /// Calls that were not let through.
    pub refused: RefusedCounts,
    /// What the window of each rate rule holds, in the order of the rules.
    pub windows: Vec<WindowCounts>,
    /// Failures with no success between them.
    pub failures_in_row: u32,
    /// Successes of this state with no failure between them.
    pub successes_in_row: u64,
    /// Calls under way, those that were timed out and have not returned included.
    pub in_flight: u64,
    /// Calls that were timed out, have not returned, and were not given up.
    pub zombies: u32,
    /// Permits for probes that are left; 0 unless it is half-open.
    pub permits_left: u16,
    /// When a call last failed.
    pub last_failure: Option<Time>,
    /// When a call last succeeded.
    pub last_success: Option<Time>,
    /// When this was looked at.
    pub now: Time,
}

pub(super) fn of(core: &Core, now: Time) -> Result<BreakerStats, BreakerError> {
    core.with(|machine, short| {
        machine.tick(now, short);
        let (totals, of_state) = (machine.totals(), machine.totals_of_state(short));
        let (ended, admitted) = core.counters.ended_and_admitted();
        let (state, word) = (machine.state(), core.words.load());
        let is_open = state == BreakerState::Open;
        let emergency = word.has(EMERGENCY);
        BreakerStats {
            name: core.name.to_string(),
            state: if emergency { BreakerState::ForcedOpen } else { state },
            emergency,
            since: machine.since(),
            open_for: machine.open_for(),
            retry_after: if is_open { machine.open_until().since(now) } else { Duration::ZERO },
            policy: machine.policy().clone(),
            totals: BreakerTotals {
                admitted,
                ok: totals.ok + short,
                lost: core.counters.losses(),
                unwatched: core.counters.unwatched(),
                ..shown(totals)
            },
            of_state: shown(of_state),
            refused: core.counters.refused(),
            windows: machine.window_counts(now),
            failures_in_row: machine.failures_in_row(),
            successes_in_row: machine.successes_in_row(short),
            in_flight: admitted.saturating_sub(ended),
            zombies: core.zombies.count(),
            // Half-opened by the look above, it may not be shown yet.
            permits_left: match state {
                BreakerState::HalfOpen if word.generation() == machine.generation() => {
                    core.words.permits_left(machine.generation())
                }
                BreakerState::HalfOpen => machine.policy().half_open.permits,
                _ => 0,
            },
            last_failure: machine.last_failure,
            last_success: machine.last_success.max(core.counters.last_short()),
            now,
        }
    })
}

fn shown(totals: super::event::Totals) -> BreakerTotals {
    BreakerTotals {
        admitted: 0,
        ok: totals.ok,
        failed: totals.failed,
        panicked: totals.panicked,
        timed_out: totals.timed_out,
        cancelled: totals.cancelled,
        ignored: totals.ignored,
        stale: totals.stale,
        returned: totals.returned,
        lost: 0,
        unwatched: 0,
        opened: totals.opened,
        transitions: totals.transitions,
        would_open: totals.would_open,
    }
}

impl BreakerStats {
    /// Calls that were asked for: let through or refused.
    #[must_use]
    pub const fn requests(&self) -> u64 {
        self.totals.admitted + self.refused.sum()
    }

    /// These numbers as JSON, in one line. `timeout` is the deadline of the callback, which the breaker does not know;
    /// `wall` is the time since 1970 that belongs to [`Self::now`], without which times of day are null. States that only
    /// an operator ends are `open` or `closed` under `state`, and have their own word under `mode`.
    #[must_use]
    pub fn to_json(&self, timeout: Option<Duration>, wall: Option<Duration>) -> String {
        let mut json = String::with_capacity(1024);
        let totals = &self.totals;
        // Writing into a `String` cannot fail.
        let _ = write!(
            json,
            "{{\"name\":{},\"state\":\"{}\",\"config\":{},\"stats\":{{\"total_requests\":{},\
             \"successful_requests\":{},\"failed_requests\":{},\"rejected_requests\":{},\
             \"success_rate_percent\":{},\"success_rate_of_admitted_percent\":{},\"consecutive_failures\":{},\
             \"consecutive_successes\":{},\"state_changes\":{},\"concurrent_requests\":{}}},\"timing\":{},\
             \"mode\":\"{}\",\"emergency\":{},\"timed_out\":{},\"panicked\":{},\"late\":{},\"zombies\":{},\
             \"cancelled\":{},\"ignored\":{},\"lost\":{},\"opened\":{}}}",
            quoted(&self.name),
            self.plain_state(),
            self.config_json(timeout),
            self.requests(),
            totals.ok,
            totals.failures(),
            self.refused.sum(),
            percent(totals.ok, self.requests()),
            percent(totals.ok, totals.admitted),
            self.failures_in_row,
            self.successes_in_row,
            totals.transitions,
            self.in_flight,
            self.timing_json(wall),
            self.state,
            self.emergency,
            totals.timed_out,
            totals.panicked,
            totals.late(),
            self.zombies,
            totals.cancelled,
            totals.ignored,
            totals.lost,
            totals.opened,
        );
        json
    }

    fn plain_state(&self) -> BreakerState {
        match self.state {
            BreakerState::ForcedOpen => BreakerState::Open,
            BreakerState::ForcedClosed | BreakerState::Disabled | BreakerState::MetricsOnly => {
                BreakerState::Closed
            }
            state => state,
        }
    }

    fn config_json(&self, timeout: Option<Duration>) -> String {
        let failures = self.policy.trip.iter().find_map(|rule| match rule {
            TripRule::Consecutive { failures } => Some(*failures),
            TripRule::Rate { .. } => None,
        });
        format!(
            "{{\"failure_threshold\":{},\"recovery_timeout\":{},\"success_threshold\":{},\"timeout\":{},\
             \"max_concurrent\":{}}}",
            or_null(failures),
            self.policy.open.as_secs_f64(),
            self.policy.half_open.successes,
            or_null(timeout.map(|timeout| timeout.as_secs_f64())),
            or_null(self.policy.concurrent_max),
        )
    }

    fn timing_json(&self, wall: Option<Duration>) -> String {
        let day = |time: Option<Time>| {
            let seconds =
                |(wall, time): (Duration, Time)| wall.saturating_sub(self.now.since(time)).as_secs_f64();
            or_null(wall.zip(time).map(seconds))
        };
        let ago = self.last_failure.map(|time| self.now.since(time).as_secs_f64());
        format!(
            "{{\"last_failure_time\":{},\"last_success_time\":{},\"time_since_last_failure\":{}}}",
            day(self.last_failure),
            day(self.last_success),
            or_null(ago),
        )
    }
}

/// 0 when there were none.
#[expect(clippy::cast_precision_loss, reason = "a percentage for people to read")]
fn percent(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { 100.0 * part as f64 / all as f64 }
}

fn or_null(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "null".into(), |value| value.to_string())
}

fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            // Writing into a `String` cannot fail.
            c if c.is_control() => drop(write!(json, "\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}
