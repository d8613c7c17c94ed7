//! Thresholds that are learned: what is slow, and how many failures are too many, from what is usual.
//!
//! ```text
//!   learn ──► metrics only, for so many calls ──► policy set ──► closed; and set anew at most every so often
//!                        freeze: nothing is learned, and the policy stays ──► unfreeze
//! ```
//! Durations are counted in buckets, eight for each doubling, so that a quantile is at most an eighth too long. With each
//! proposal all counts are halved: what was usual once is forgotten. All of it is plain values, and the same calls at the
//! same times propose the same.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Breaker;
use super::error::{BreakerError, PolicyProblem};
use super::policy::{BreakerPolicy, TripRule, at_most, share, time};
use crate::clock::Time;
use crate::limits::{BREAKER_LEARN_CALLS_MAX, BREAKER_LEARN_CALLS_MIN};

/// Durations below 2 to this power of ns (1 µs) are all the same: a callback that does nothing.
const SMALLEST_BITS: u32 = 10;

/// Buckets for each doubling.
const STEPS: usize = 8;

/// So many doublings: up to 78 h, longer than any time-out.
const DOUBLINGS: usize = 38;

const BUCKETS: usize = 1 + STEPS * DOUBLINGS;

/// Within what a breaker may learn, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct LearningBounds {
    /// Calls that are looked at before anything is set, and between one setting and the next: 10 to 1,000,000.
    pub calls: u32,
    /// `slow_after` is the duration that 99 of 100 successes do not exceed, times this, 1 to 1000, …
    pub slow_factor: f32,
    /// … and never outside of this: 1 ms to 24 h.
    pub slow_after: RangeInclusive<Duration>,
    /// The `failure_rate` of rate rules is the usual share of failures and this, 0 to 1, …
    pub failure_margin: f32,
    /// … and never outside of this: above 0 to 1.
    pub failure_rate: RangeInclusive<f32>,
    /// The policy is set at most so often: 1 ms to 24 h.
    pub every: Duration,
}

impl Default for LearningBounds {
    /// After 500 calls: three times as long as usual, within 1 ms and 1 s, is slow; a fifth more failures than usual, within
    /// 0.2 and 0.9, are too many. Set at most once a minute.
    fn default() -> Self {
        Self {
            calls: 500,
            slow_factor: 3.0,
            slow_after: Duration::from_millis(1)..=Duration::from_secs(1),
            failure_margin: 0.2,
            failure_rate: 0.2..=0.9,
            every: Duration::from_secs(60),
        }
    }
}

/// What a breaker has learned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learned {
    /// Calls that it has looked at.
    pub calls: u64,
    /// Times that it has set the policy; 0: it is still looking.
    pub settings: u64,
    /// When it did so last.
    pub last_set: Option<Time>,
    /// Whether it learns nothing more, and the policy stays.
    pub is_frozen: bool,
    /// Duration that half of the successes do not exceed; up to an eighth too long. `None`: there were none.
    pub p50: Option<Duration>,
    /// Duration that 99 of 100 successes do not exceed; up to an eighth too long. `None`: there were none.
    pub p99: Option<Duration>,
    /// Share of failures, 0 to 1. `None`: there were no calls.
    pub failure_rate: Option<f32>,
    /// The `slow_after` that it has set.
    pub slow_after: Option<Duration>,
    /// The `failure_rate` that it has set in the rate rules.
    pub failure_threshold: Option<f32>,
}

/// What is to be set in a policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Proposal {
    /// `None`: there were no successes to learn it from.
    slow_after: Option<Duration>,
    failure_rate: f32,
}

/// What is known of the calls so far.
#[derive(Debug)]
pub(super) struct Learner {
    bounds: LearningBounds,
    successes: Box<[u32; BUCKETS]>,
    failures: u32,
    /// Since the last proposal.
    calls: u32,
    calls_ever: u64,
    proposal: Option<Proposal>,
    proposed_at: Option<Time>,
    proposals: u64,
    pub(super) is_frozen: bool,
}

impl LearningBounds {
    /// Looks for values that are not allowed.
    ///
    /// # Errors
    ///
    /// The first of them.
    pub fn check(&self) -> Result<(), PolicyProblem> {
        let (calls_min, calls_max) = (BREAKER_LEARN_CALLS_MIN, BREAKER_LEARN_CALLS_MAX);
        at_most("learn.calls", self.calls.into(), calls_min.into(), calls_max.into())?;
        share("learn.slow_factor", self.slow_factor, 1.0..=1000.0)?;
        share("learn.failure_margin", self.failure_margin, 0.0..=1.0)?;
        time("learn.every", self.every)?;
        for bound in [self.slow_after.start(), self.slow_after.end()] {
            time("learn.slow_after", *bound)?;
        }
        for bound in [self.failure_rate.start(), self.failure_rate.end()] {
            share("learn.failure_rate", *bound, f32::MIN_POSITIVE..=1.0)?;
        }
        if self.slow_after.is_empty() {
            return Err(PolicyProblem::EmptyRange { field: "learn.slow_after" });
        }
        if self.failure_rate.is_empty() {
            return Err(PolicyProblem::EmptyRange { field: "learn.failure_rate" });
        }
        Ok(())
    }
}

impl Proposal {
    /// Sets it. Allocates nothing: the thread of a node may do it.
    pub(super) fn apply(self, policy: &mut BreakerPolicy) {
        policy.slow_after = self.slow_after.or(policy.slow_after);
        for rule in &mut policy.trip {
            if let TripRule::Rate { failure_rate: Some(rate), .. } = rule {
                *rate = self.failure_rate;
            }
        }
    }
}

impl Learner {
    /// Nothing is known yet. The bounds were checked.
    pub(super) fn new(bounds: LearningBounds) -> Self {
        Self {
            bounds,
            successes: Box::new([0; BUCKETS]),
            failures: 0,
            calls: 0,
            calls_ever: 0,
            proposal: None,
            proposed_at: None,
            proposals: 0,
            is_frozen: false,
        }
    }

    /// What was proposed last.
    pub(super) fn proposal(&self) -> Option<Proposal> {
        self.proposal
    }

    /// Takes in a call that has ended at `now`: how long it took if it succeeded, `None` if it failed. What is to be set
    /// now, if it is time to.
    pub(super) fn note(&mut self, now: Time, success: Option<Duration>) -> Option<Proposal> {
        if self.is_frozen {
            return None;
        }
        let count = match success {
            Some(took) => &mut self.successes[bucket(took)],
            None => &mut self.failures,
        };
        *count = count.saturating_add(1);
        self.calls = self.calls.saturating_add(1);
        self.calls_ever += 1;
        let is_due = self.proposed_at.is_none_or(|last| now.since(last) >= self.bounds.every);
        (is_due && self.calls >= self.bounds.calls).then(|| self.propose(now))
    }

    fn propose(&mut self, now: Time) -> Proposal {
        let slow_after = self.quantile(0.99).map(|usual| {
            let (min, max) = (*self.bounds.slow_after.start(), *self.bounds.slow_after.end());
            // Both are bounded: 78 h and 1000.
            usual.mul_f32(self.bounds.slow_factor).clamp(min, max)
        });
        let failures = self.failure_rate().unwrap_or(0.0) + self.bounds.failure_margin;
        let (min, max) = (*self.bounds.failure_rate.start(), *self.bounds.failure_rate.end());
        let proposal = Proposal { slow_after, failure_rate: failures.clamp(min, max) };
        self.proposal = Some(proposal);
        self.proposed_at = Some(now);
        self.proposals += 1;
        self.calls = 0;
        self.successes.iter_mut().for_each(|count| *count /= 2);
        self.failures /= 2;
        proposal
    }

    /// The upper end of the bucket with the success that this share of them does not exceed.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "counts are far below 2^52"
    )]
    fn quantile(&self, share: f64) -> Option<Duration> {
        let all: u64 = self.successes.iter().map(|count| u64::from(*count)).sum();
        let rank = ((all as f64 * share).ceil() as u64).clamp(1, all.max(1));
        let mut below = 0;
        let found = self.successes.iter().position(|count| {
            below += u64::from(*count);
            below >= rank
        });
        found.map(upper_end)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a share of counts")]
    fn failure_rate(&self) -> Option<f32> {
        let successes: u64 = self.successes.iter().map(|count| u64::from(*count)).sum();
        let all = successes + u64::from(self.failures);
        (all > 0).then(|| (f64::from(self.failures) / all as f64) as f32)
    }

    pub(super) fn learned(&self) -> Learned {
        Learned {
            calls: self.calls_ever,
            settings: self.proposals,
            last_set: self.proposed_at,
            is_frozen: self.is_frozen,
            p50: self.quantile(0.5),
            p99: self.quantile(0.99),
            failure_rate: self.failure_rate(),
            slow_after: self.proposal.and_then(|proposal| proposal.slow_after),
            failure_threshold: self.proposal.map(|proposal| proposal.failure_rate),
        }
    }
}

/// The bucket of a duration.
fn bucket(took: Duration) -> usize {
    let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    let Some(doubling) = (ns | 1).ilog2().checked_sub(SMALLEST_BITS) else { return 0 };
    let step = (ns >> (doubling + SMALLEST_BITS - STEPS.ilog2())) as usize % STEPS;
    (1 + doubling as usize * STEPS + step).min(BUCKETS - 1)
}

/// The longest duration of a bucket. What is too long for the last one counts as that.
fn upper_end(bucket: usize) -> Duration {
    let Some(above) = bucket.checked_sub(1) else { return Duration::from_nanos((1 << SMALLEST_BITS) - 1) };
    let (doubling, step) = (above / STEPS, above % STEPS);
    let next = (STEPS + step + 1) as u64;
    Duration::from_nanos((next << (doubling as u32 + SMALLEST_BITS - STEPS.ilog2())) - 1)
}

impl Breaker {
    /// Learns, from its calls from now on, what is slow and how many failures are too many, and sets that in its policy:
    /// `slow_after`, and the `failure_rate` of rules that have one; all else stays. A closed circuit is put into metrics
    /// only until `calls` of them have ended, and is closed again by the first setting, unless an operator has done something
    /// else. While it learns, a success is not cheaper than a failure: it is told to the machine.
    ///
    /// What was learned before is forgotten. Learning goes on after the first setting, so that what grows slower, and fails
    /// more often, is taken for usual within the bounds; [`Self::freeze`] keeps what is.
    ///
    /// ```
    /// use std::time::Duration;
    /// use nevil_runtime::{Breaker, BreakerPolicy, CallOutcome, LearningBounds, Time};
    ///
    /// let breaker = Breaker::new("camera", BreakerPolicy::default())?;
    /// let start = Time::from_ns(0);
    /// breaker.learn(start, LearningBounds { calls: 100, ..LearningBounds::default() })?;
    /// let frame = Duration::from_millis(20);
    /// for _ in 0..100 {
    ///     breaker.admit(start).unwrap().finish(start + frame, CallOutcome::Ok);
    /// }
    /// let slow_after = breaker.policy()?.slow_after.unwrap();
    /// assert!((3 * frame..4 * frame).contains(&slow_after));
    /// # Ok::<(), nevil_runtime::BreakerError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BreakerError::Policy`] if a bound is not allowed, [`BreakerError::Busy`] as in [`Self::operate`].
    pub fn learn(&self, now: Time, bounds: LearningBounds) -> Result<(), BreakerError> {
        if let Err(problem) = bounds.check() {
            return Err(BreakerError::Policy { breaker: self.name().into(), problem });
        }
        let learner = Learner::new(bounds);
        self.core.with(|machine, short| machine.learn(now, learner, short))
    }

    /// What it has learned; `None` if it does not learn.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Busy`] as in [`Self::operate`].
    pub fn learned(&self) -> Result<Option<Learned>, BreakerError> {
        self.core.with(|machine, _| machine.learned())
    }

    /// Learns nothing more, until [`Self::unfreeze`]; the policy stays as it is. Nothing happens if it does not learn.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Busy`] as in [`Self::operate`].
    pub fn freeze(&self) -> Result<(), BreakerError> {
        self.core.with(|machine, _| machine.freeze(true))
    }

    /// Learns on. Nothing happens if it does not learn.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Busy`] as in [`Self::operate`].
    pub fn unfreeze(&self) -> Result<(), BreakerError> {
        self.core.with(|machine, _| machine.freeze(false))
    }
}
