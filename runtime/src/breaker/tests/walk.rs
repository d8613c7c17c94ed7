//! Every short sequence of events, breadth first, beside a plain model that is written from the table of answers alone:
//! lists instead of windows, and no words, permits in flight counted one by one.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;

use super::{MS, START, failing};
use crate::breaker::{
    Breaker, BreakerPolicy, BreakerState, CallOutcome, HalfOpen, Operation, Permit, Refused, TripRule, Window,
};
use crate::clock::Time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Ask,
    Succeed,
    SucceedSlowly,
    Fail,
    Cancel,
    TimeOut,
    Wait(u64),
    Operate(Operation),
}

/// The model's call: its number is its place in the list of calls.
#[derive(Clone, Debug)]
struct Call {
    generation: u32,
    timed_out: bool,
}

#[derive(Clone, Debug)]
struct Model {
    policy: BreakerPolicy,
    state: BreakerState,
    generation: u32,
    now: u64,
    since: u64,
    /// Failed, slow and when, since the state began.
    results: Vec<(bool, bool, u64)>,
    /// Calls under way, oldest first.
    calls: Vec<Call>,
    late: u64,
    opened: u64,
}

const BUCKET_MS: u64 = 10;

impl Model {
    fn new(policy: BreakerPolicy) -> Self {
        let (state, results, calls) = (BreakerState::Closed, Vec::new(), Vec::new());
        Self { policy, state, generation: 0, now: 0, since: 0, results, calls, late: 0, opened: 0 }
    }

    fn ms(time: Duration) -> u64 {
        u64::try_from(time.as_millis()).unwrap()
    }

    fn enter(&mut self, state: BreakerState, at: u64) {
        (self.state, self.since) = (state, at);
        self.generation += 1;
        self.results.clear();
        self.opened += u64::from(state == BreakerState::Open);
    }

    fn settle(&mut self) {
        let end = self.since + Self::ms(self.policy.half_open.episode_max);
        if self.state == BreakerState::HalfOpen && self.now >= end {
            self.enter(BreakerState::Open, end);
        }
    }

    fn asks(&mut self) -> bool {
        self.settle();
        let full = self.policy.concurrent_max.is_some_and(|most| self.calls.len() >= usize::from(most));
        if self.state == BreakerState::Open && self.now >= self.since + Self::ms(self.policy.open) {
            self.enter(BreakerState::HalfOpen, self.now);
        }
        let counts_only = matches!(self.state, BreakerState::MetricsOnly | BreakerState::Disabled);
        let probes = self.calls.iter().filter(|call| call.generation == self.generation).count();
        let admitted = match self.state {
            BreakerState::Open | BreakerState::ForcedOpen => false,
            _ if full && !counts_only => false,
            BreakerState::HalfOpen => probes < usize::from(self.policy.half_open.permits),
            _ => true,
        };
        if admitted {
            self.calls.push(Call { generation: self.generation, timed_out: false });
        }
        admitted
    }

    fn ends(&mut self, failed: Option<bool>, slow: bool) {
        self.settle();
        let call = self.calls.remove(0);
        if call.timed_out || call.generation != self.generation {
            self.late += 1;
        } else if let Some(failed) = failed {
            self.result(failed, slow);
        }
    }

    fn times_out(&mut self) {
        self.settle();
        let call = self.calls.iter_mut().find(|call| !call.timed_out).unwrap();
        call.timed_out = true;
        if call.generation == self.generation {
            self.result(true, true);
        }
    }

    fn result(&mut self, failed: bool, slow: bool) {
        self.results.push((failed, slow, self.now));
        let successes = self.results.iter().filter(|result| !result.0).count();
        match self.state {
            BreakerState::HalfOpen if failed => self.enter(BreakerState::Open, self.now),
            BreakerState::HalfOpen if successes >= self.policy.half_open.successes as usize => {
                self.enter(BreakerState::Closed, self.now);
            }
            BreakerState::Closed if self.policy.trip.iter().any(|rule| self.trips(rule, failed)) => {
                self.enter(BreakerState::Open, self.now);
            }
            _ => {}
        }
    }

    fn trips(&self, rule: &TripRule, failed: bool) -> bool {
        let (window, failure_rate, slow_rate, min_calls) = match rule {
            TripRule::Consecutive { failures } => {
                let row = self.results.iter().rev().take_while(|result| result.0).count();
                return failed && row >= *failures as usize;
            }
            TripRule::Rate { window, failure_rate, slow_rate, min_calls } => {
                (window, failure_rate, slow_rate, min_calls)
            }
        };
        let seen: Vec<_> = match window {
            Window::Count { calls } => self.results.iter().rev().take(*calls as usize).collect(),
            Window::Time { buckets, .. } => {
                let age = |at: u64| self.now / BUCKET_MS - at / BUCKET_MS;
                self.results.iter().filter(|result| age(result.2) < u64::from(*buckets)).collect()
            }
        };
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let share = |count: usize| count as f32 / seen.len() as f32;
        let failures = share(seen.iter().filter(|result| result.0).count());
        let slow = share(seen.iter().filter(|result| result.1).count());
        seen.len() >= *min_calls as usize
            && (failed && failure_rate.is_some_and(|rate| failures >= rate)
                || slow_rate.is_some_and(|rate| slow >= rate))
    }

    fn operate(&mut self, operation: Operation) -> bool {
        self.settle();
        let to = match operation {
            Operation::HalfOpen if self.state != BreakerState::Open => return false,
            Operation::Open => BreakerState::Open,
            Operation::HalfOpen => BreakerState::HalfOpen,
            Operation::ForceOpen => BreakerState::ForcedOpen,
            Operation::ForceClosed => BreakerState::ForcedClosed,
            Operation::Disable => BreakerState::Disabled,
            Operation::MetricsOnly => BreakerState::MetricsOnly,
            Operation::Reset => BreakerState::Closed,
            Operation::OpenFor(_) => panic!("not asked of the model"),
        };
        self.enter(to, self.now);
        true
    }
}

/// The real one and the model, step by step. A call's duration is what the step says.
fn run(policy: &BreakerPolicy, steps: &[Step]) -> Model {
    let breaker = Breaker::new("a", policy.clone()).unwrap();
    let mut model = Model::new(policy.clone());
    let mut permits: Vec<(Permit<'_>, bool)> = Vec::new();
    for step in steps {
        let now = START + Duration::from_millis(model.now);
        match *step {
            Step::Ask => {
                let real = breaker.admit(now);
                assert_eq!(real.is_ok(), model.asks(), "{steps:?}: {real:?}");
                match real {
                    Ok(permit) => permits.push((permit, false)),
                    Err(Refused::Open { retry_after }) => assert!(retry_after > Duration::ZERO, "{steps:?}"),
                    Err(_) => {}
                }
            }
            Step::Wait(ms) => model.now += ms,
            Step::Operate(operation) => {
                assert_eq!(breaker.operate(now, operation).is_ok(), model.operate(operation), "{steps:?}");
            }
            Step::TimeOut => {
                if let Some((permit, timed_out)) = permits.iter_mut().find(|permit| !permit.1) {
                    *timed_out = true;
                    assert!(breaker.time_out(permit.ticket(), now));
                    assert!(!breaker.time_out(permit.ticket(), now), "a call is timed out once");
                    model.times_out();
                }
            }
            _ if permits.is_empty() => {}
            Step::Succeed | Step::SucceedSlowly | Step::Fail | Step::Cancel => {
                let slow = *step == Step::SucceedSlowly;
                end(permits.remove(0).0, *step, now);
                model.ends(
                    match step {
                        Step::Cancel => None,
                        step => Some(*step == Step::Fail),
                    },
                    slow,
                );
            }
        }
        compare(&breaker, &mut model, steps);
    }
    model
}

fn end(permit: Permit<'_>, step: Step, now: Time) {
    match step {
        Step::Cancel => drop(permit),
        // What a slow call reports is its duration alone.
        Step::SucceedSlowly => permit.started_at(now - SLOW).finish(now, CallOutcome::Ok),
        Step::Fail => permit.started_at(now).finish(now, CallOutcome::failed("it failed")),
        _ => permit.started_at(now).finish(now, CallOutcome::Ok),
    }
}

fn compare(breaker: &Breaker, model: &mut Model, steps: &[Step]) {
    let now = START + Duration::from_millis(model.now);
    model.settle();
    let stats = breaker.stats(now).unwrap();
    assert_eq!(breaker.state(now), model.state, "{steps:?}");
    assert_eq!(stats.in_flight, model.calls.len() as u64, "{steps:?}");
    assert_eq!(stats.totals.late(), model.late, "{steps:?}");
    assert_eq!(stats.totals.opened, model.opened, "{steps:?}");
    let zombies = model.calls.iter().filter(|call| call.timed_out).count();
    assert_eq!(stats.zombies as usize, zombies, "{steps:?}");
    if model.state == BreakerState::HalfOpen {
        let probes = model.calls.iter().filter(|call| call.generation == model.generation).count();
        assert_eq!(usize::from(stats.permits_left) + probes, policy_permits(&model.policy), "{steps:?}");
    }
}

fn policy_permits(policy: &BreakerPolicy) -> usize {
    usize::from(policy.half_open.permits)
}

const SLOW: Duration = Duration::from_millis(50);

fn small() -> BreakerPolicy {
    BreakerPolicy {
        open: 2 * MS,
        half_open: HalfOpen { permits: 1, successes: 2, episode_max: 3 * MS },
        concurrent_max: Some(2),
        ..failing(2)
    }
}

const ALPHABET: [Step; 9] = [
    Step::Ask,
    Step::Succeed,
    Step::Fail,
    Step::Cancel,
    Step::TimeOut,
    Step::Wait(1),
    Step::Wait(2),
    Step::Operate(Operation::ForceOpen),
    Step::Operate(Operation::Reset),
];

/// What the future depends on, of the model.
fn shape(model: &Model) -> String {
    let Model { state, generation, now, since, results, calls, .. } = model;
    let results: Vec<_> = results.iter().map(|result| result.0).collect();
    let calls: Vec<_> = calls.iter().map(|call| (call.generation == *generation, call.timed_out)).collect();
    format!("{state} {} {:?} {calls:?}", (now - since).min(6), &results[results.len().saturating_sub(2)..])
}

/// Whatever has happened: an open circuit ends, and so does a half-open one; what an operator forced stays.
fn ends(model: &Model, steps: &[Step]) {
    let mut later = steps.to_vec();
    later.push(Step::Wait(1000));
    let forced = run(&small(), &later).state;
    if model.state.is_forced() {
        assert_eq!(forced, model.state, "{steps:?}");
        return;
    }
    // Those that are under way come back, and fresh calls succeed: it closes.
    later.extend([Step::Cancel, Step::Cancel, Step::Ask, Step::Succeed, Step::Ask, Step::Succeed]);
    assert_eq!(run(&small(), &later).state, BreakerState::Closed, "{steps:?}");
}

#[test]
fn every_short_sequence_goes_as_the_table_says_and_no_state_is_a_dead_end() {
    let mut seen = HashSet::from([shape(&Model::new(small()))]);
    let mut level: Vec<Vec<Step>> = vec![Vec::new()];
    let mut states = HashSet::new();
    while let Some(steps) = level.pop() {
        for step in ALPHABET {
            let mut steps = steps.clone();
            steps.push(step);
            let model = run(&small(), &steps);
            if seen.insert(shape(&model)) {
                states.insert(model.state);
                ends(&model, &steps);
                // The oldest first, so that every shape is reached by its shortest way.
                level.insert(0, steps);
            }
        }
    }
    assert_eq!(states.len(), 4, "{states:?}");
    assert!(seen.len() > 100, "too few shapes were reached: {}", seen.len());
}

fn any_rule() -> impl Strategy<Value = TripRule> {
    let window = prop_oneof![
        (1_u32..12).prop_map(|calls| Window::Count { calls }),
        (1_u32..5)
            .prop_map(|buckets| Window::Time { length: Duration::from_millis(BUCKET_MS) * buckets, buckets }),
    ];
    let rate = || prop_oneof![Just(0.25_f32), Just(0.5), Just(1.0)];
    let rates = prop_oneof![
        rate().prop_map(|failed| (Some(failed), None)),
        rate().prop_map(|slow| (None, Some(slow))),
        (rate(), rate()).prop_map(|(failed, slow)| (Some(failed), Some(slow))),
    ];
    prop_oneof![
        (1_u32..4).prop_map(|failures| TripRule::Consecutive { failures }),
        (window, rates, 1_u32..6).prop_map(|(window, (failure_rate, slow_rate), min_calls)| {
            let most = if let Window::Count { calls } = window { calls } else { u32::MAX };
            TripRule::Rate { window, failure_rate, slow_rate, min_calls: min_calls.min(most) }
        }),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Ask),
        4 => Just(Step::Succeed),
        1 => Just(Step::SucceedSlowly),
        3 => Just(Step::Fail),
        1 => Just(Step::Cancel),
        1 => Just(Step::TimeOut),
        3 => (1_u64..15).prop_map(Step::Wait),
        1 => prop_oneof![
            Just(Operation::Open), Just(Operation::HalfOpen), Just(Operation::ForceOpen),
            Just(Operation::ForceClosed), Just(Operation::Disable), Just(Operation::MetricsOnly),
            Just(Operation::Reset),
        ].prop_map(Step::Operate),
    ]
}

proptest! {
    #[test]
    fn any_sequence_goes_as_the_table_says(
        trip in prop::collection::vec(any_rule(), 0..3),
        permits in 1_u16..3,
        successes in 1_u32..4,
        concurrent_max in prop::option::of(1_u16..5),
        steps in prop::collection::vec(any_step(), 0..80),
    ) {
        let policy = BreakerPolicy {
            trip,
            open: 20 * MS,
            half_open: HalfOpen { permits, successes, episode_max: 15 * MS },
            concurrent_max,
            slow_after: Some(SLOW),
            ..BreakerPolicy::default()
        };
        run(&policy, &steps);
    }
}
