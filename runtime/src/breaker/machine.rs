//! What a breaker knows and decides. It takes times and plain values, and has neither clock, atomics nor threads.

mod terms;

use std::time::Duration;

use super::event::{Event, Totals, record};
use super::history::{CallHistory, History};
use super::policy::{BreakerPolicy, TripRule};
use super::state::{BreakerState, CallOutcome, Ending, GENERATION_MASK, Operation, Ticket};
use super::window::{Calls, WindowCounts};
use crate::clock::Time;
use crate::limits::BREAKER_SUCCESS_SAMPLE;
use terms::Terms;

/// A breaker without its handle.
#[derive(Debug)]
pub(super) struct Machine {
    policy: BreakerPolicy,
    state: BreakerState,
    generation: u32,
    /// No event is taken to be earlier than the one before it.
    latest: Time,
    /// When the state began.
    since: Time,
    open_for: Duration,
    /// Openings since it was last closed.
    openings: u32,
    failures_in_row: u32,
    /// Without those of the short way.
    successes_in_row: u64,
    /// Successes of the short way when the row began.
    short_before: u64,
    /// One for each rule; none for one that needs none.
    windows: Vec<Option<Calls>>,
    /// Successes of the short way that the windows have taken in.
    short_in_windows: u64,
    totals: Totals,
    /// `totals` when the state began, with the successes of the short way.
    totals_before: Totals,
    tripping: bool,
    history: History,
    pub(super) last_failure: Option<Time>,
    pub(super) last_success: Option<Time>,
    seed: u64,
    terms: Terms,
}

impl Machine {
    /// A closed circuit. `seed` is what the jitter comes from.
    pub(super) fn new(policy: BreakerPolicy, seed: u64) -> Self {
        Self {
            windows: windows_of(&policy),
            short_in_windows: 0,
            terms: Terms::new(policy.clone()),
            policy,
            state: BreakerState::Closed,
            generation: 1,
            latest: Time::ZERO,
            since: Time::ZERO,
            open_for: Duration::ZERO,
            openings: 0,
            failures_in_row: 0,
            successes_in_row: 0,
            short_before: 0,
            totals: Totals::default(),
            totals_before: Totals::default(),
            tripping: false,
            history: History::new(),
            last_failure: None,
            last_success: None,
            seed,
        }
    }

    pub(super) fn policy(&self) -> &BreakerPolicy {
        &self.policy
    }

    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    pub(super) fn since(&self) -> Time {
        self.since
    }

    /// When the open time is over. Only while it is open.
    pub(super) fn open_until(&self) -> Time {
        self.since + self.open_for
    }

    /// Length of this open time, or of the last one.
    pub(super) fn open_for(&self) -> Duration {
        self.open_for
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// What was counted since the state began; successes of the short way, of which there are `short` by now, included.
    pub(super) fn totals_of_state(&self, short: u64) -> Totals {
        let (now, before) = (self.totals, self.totals_before);
        Totals {
            ok: now.ok + short - before.ok,
            failed: now.failed - before.failed,
            panicked: now.panicked - before.panicked,
            timed_out: now.timed_out - before.timed_out,
            cancelled: now.cancelled - before.cancelled,
            ignored: now.ignored - before.ignored,
            ..Totals::default()
        }
    }

    pub(super) fn failures_in_row(&self) -> u32 {
        self.failures_in_row
    }

    pub(super) fn successes_in_row(&self, short: u64) -> u64 {
        self.successes_in_row + (short - self.short_before)
    }

    /// What the window of each rate rule holds at `now`.
    pub(super) fn window_counts(&mut self, now: Time) -> Vec<WindowCounts> {
        let windows = self.windows.iter_mut().flatten();
        windows
            .map(|window| {
                window.slide(now);
                window.counts()
            })
            .collect()
    }

    pub(super) fn history(&self) -> CallHistory {
        self.history.copy()
    }

    /// Whether a success now changes nothing but counters. Calls that were timed out are not known here.
    pub(super) fn needs_no_success(&self) -> bool {
        let counts_only = match self.state {
            BreakerState::Closed | BreakerState::MetricsOnly => !self.policy.looks_at_successes(),
            BreakerState::ForcedClosed | BreakerState::Disabled => true,
            BreakerState::Open | BreakerState::HalfOpen | BreakerState::ForcedOpen => false,
        };
        counts_only && self.failures_in_row == 0 && !self.terms.is_learning()
    }

    /// When the state next changes by time alone, or the next call becomes a probe; `None` if it does not.
    pub(super) fn next_change(&self, now: Time) -> Option<Time> {
        match self.state {
            BreakerState::Open => Some(self.open_until()).filter(|until| *until > now),
            BreakerState::HalfOpen => Some(self.since + self.policy.half_open.episode_max),
            _ => None,
        }
    }

    /// Takes in `event`, when `short` successes have gone the short way.
    pub(super) fn apply(&mut self, event: Event, short: u64) {
        match event {
            Event::Ended { ticket, started, ended, outcome, sequence } => {
                let ended = self.at(ended, short);
                self.end(ticket, started, ended, outcome, sequence, short);
            }
            Event::Sample { started, ended, sequence } => {
                let took = Some(ended.since(started));
                self.history.push(record(ended, took, Ending::Ok, CallOutcome::Ok, sequence));
            }
            Event::TimedOut { ticket, now } => {
                let now = self.at(now, short);
                self.totals.timed_out += 1;
                if ticket.generation() == self.generation {
                    self.history.push(record(now, None, Ending::TimedOut, CallOutcome::TimedOut, None));
                    self.count(now, Ending::TimedOut, true, short);
                    self.learn_from(now, None, short);
                }
            }
            Event::Returned { now } => {
                self.at(now, short);
                self.totals.returned += 1;
            }
            Event::Wanted { now } => {
                let now = self.at(now, short);
                if self.state == BreakerState::Open && now >= self.open_until() {
                    self.enter(BreakerState::HalfOpen, now, short);
                }
            }
            Event::Emergency { now } => {
                self.at(now, short);
                self.generation = next_generation(self.generation);
            }
        }
    }

    /// Lets time alone do what it does.
    pub(super) fn tick(&mut self, now: Time, short: u64) {
        let now = self.at(now, short);
        if self.policy.auto_half_open && self.state == BreakerState::Open && now >= self.open_until() {
            self.enter(BreakerState::HalfOpen, now, short);
        }
    }

    /// What an operator wants; an error is the state that does not allow it.
    pub(super) fn operate(
        &mut self,
        now: Time,
        operation: Operation,
        short: u64,
    ) -> Result<(), BreakerState> {
        let now = self.at(now, short);
        self.terms.only_learns = false;
        let to = match operation {
            Operation::Open => {
                self.open(now, short);
                return Ok(());
            }
            Operation::OpenFor(time) => {
                self.open(now, short);
                self.open_for = time;
                return Ok(());
            }
            Operation::HalfOpen if self.state != BreakerState::Open && self.policy.strict_transitions => {
                return Err(self.state);
            }
            Operation::HalfOpen => BreakerState::HalfOpen,
            Operation::ForceOpen => BreakerState::ForcedOpen,
            Operation::ForceClosed => BreakerState::ForcedClosed,
            Operation::Disable => BreakerState::Disabled,
            Operation::MetricsOnly => BreakerState::MetricsOnly,
            Operation::Reset => BreakerState::Closed,
        };
        self.enter(to, now, short);
        Ok(())
    }

    /// The time of an event, and what time alone has done until then.
    fn at(&mut self, time: Time, short: u64) -> Time {
        self.catch_up(short);
        self.latest = self.latest.max(time);
        let deadline = self.since + self.policy.half_open.episode_max;
        if self.state == BreakerState::HalfOpen && self.latest >= deadline {
            self.open(deadline, short);
        }
        self.latest
    }

    /// Takes the successes of the short way into the windows: they lie between the last event and this one.
    pub(super) fn catch_up(&mut self, short: u64) {
        let new = short.saturating_sub(self.short_in_windows);
        self.short_in_windows = short;
        if new == 0 {
            return;
        }
        self.tripping = false;
        self.windows.iter_mut().flatten().for_each(|window| window.add_successes(new));
    }

    fn end(
        &mut self,
        ticket: Ticket,
        started: Time,
        ended: Time,
        outcome: CallOutcome,
        sequence: Option<u64>,
        short: u64,
    ) {
        if ticket.generation() != self.generation {
            self.totals.stale += 1;
            return;
        }
        let ignored = |kind: &str| self.policy.ignore.iter().any(|ignored| ignored == kind);
        let ending = match &outcome {
            CallOutcome::Failed { kind, .. } if ignored(kind) => Ending::Ignored,
            outcome => outcome.ending(),
        };
        let total = match ending {
            Ending::Ok => &mut self.totals.ok,
            Ending::Failed => &mut self.totals.failed,
            Ending::Panicked => &mut self.totals.panicked,
            Ending::TimedOut => &mut self.totals.timed_out,
            Ending::Cancelled => &mut self.totals.cancelled,
            Ending::Ignored => &mut self.totals.ignored,
        };
        *total += 1;
        let took = ended.since(started);
        let sample = self.state == BreakerState::HalfOpen
            || (self.totals.ok + short).is_multiple_of(BREAKER_SUCCESS_SAMPLE);
        if ending != Ending::Ok || sample {
            self.history.push(record(ended, Some(took), ending, outcome, sequence));
        }
        if ending == Ending::Ok || ending.is_failure() {
            let slow = ending == Ending::TimedOut || self.policy.slow_after.is_some_and(|slow| took >= slow);
            self.count(ended, ending, slow, short);
            self.learn_from(ended, (ending == Ending::Ok).then_some(took), short);
        }
    }

    /// A call of this generation has ended well or failed.
    fn count(&mut self, now: Time, ending: Ending, slow: bool, short: u64) {
        let failed = ending.is_failure();
        if failed {
            self.last_failure = Some(now);
            self.failures_in_row = self.failures_in_row.saturating_add(1);
            self.forget_successes(short);
        } else {
            self.last_success = Some(now);
            self.failures_in_row = 0;
            self.successes_in_row += 1;
        }
        for window in self.windows.iter_mut().flatten() {
            window.add(now, failed, slow);
        }
        match self.state {
            BreakerState::Closed if self.trips(failed) => self.open(now, short),
            BreakerState::MetricsOnly => {
                let tripping = self.trips(failed);
                self.totals.would_open += u64::from(tripping && !self.tripping);
                self.tripping = tripping;
            }
            BreakerState::HalfOpen if failed => self.open(now, short),
            BreakerState::HalfOpen
                if self.successes_in_row(short) >= u64::from(self.policy.half_open.successes) =>
            {
                self.enter(BreakerState::Closed, now, short);
            }
            _ => {}
        }
    }

    fn trips(&self, failed: bool) -> bool {
        self.policy.trip.iter().zip(&self.windows).any(|(rule, window)| match (rule, window) {
            (TripRule::Consecutive { failures }, _) => failed && self.failures_in_row >= *failures,
            (TripRule::Rate { failure_rate, slow_rate, min_calls, .. }, Some(window)) => {
                let counts = window.counts();
                let reached = |part, rate: &Option<f32>| rate.is_some_and(|rate| counts.reaches(part, rate));
                counts.calls >= *min_calls
                    && (failed && reached(counts.failures, failure_rate) || reached(counts.slow, slow_rate))
            }
            (TripRule::Rate { .. }, None) => false,
        })
    }

    /// Opens, or reopens for longer.
    fn open(&mut self, now: Time, short: u64) {
        if self.state != BreakerState::Open {
            self.openings = self.openings.saturating_add(1);
        }
        self.enter(BreakerState::Open, now, short);
        self.totals.opened += 1;
        self.open_for = self.policy.open_time(self.openings, self.seed ^ self.totals.opened);
    }

    fn enter(&mut self, state: BreakerState, now: Time, short: u64) {
        self.state = state;
        self.since = now;
        self.generation = next_generation(self.generation);
        self.totals.transitions += 1;
        self.totals_before = Totals { ok: self.totals.ok + short, ..self.totals };
        self.tripping = false;
        self.forget_successes(short);
        if matches!(state, BreakerState::Open | BreakerState::ForcedOpen) {
            // What it opened for stays to be seen.
            self.history.freeze();
            return;
        }
        self.failures_in_row = 0;
        self.windows.iter_mut().flatten().for_each(Calls::clear);
        self.short_in_windows = short;
        if state != BreakerState::HalfOpen {
            self.openings = 0;
            self.history.thaw();
        }
    }

    fn forget_successes(&mut self, short: u64) {
        self.successes_in_row = 0;
        self.short_before = short;
    }
}

fn next_generation(generation: u32) -> u32 {
    (generation & GENERATION_MASK) % GENERATION_MASK + 1
}

fn window_of(rule: &TripRule) -> Option<super::policy::Window> {
    match rule {
        TripRule::Consecutive { .. } => None,
        TripRule::Rate { window, .. } => Some(*window),
    }
}

fn windows_of(policy: &BreakerPolicy) -> Vec<Option<Calls>> {
    policy.trip.iter().map(|rule| window_of(rule).map(Calls::new)).collect()
}
