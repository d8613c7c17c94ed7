//! What a breaker is told: when it opens, for how long, and how it closes again.

use std::time::Duration;

use super::error::PolicyProblem;
use crate::limits::{
    BREAKER_BUCKETS_MAX, BREAKER_PERMITS_MAX, BREAKER_RULES_MAX, BREAKER_TIME_MAX, BREAKER_WINDOW_CALLS_MAX,
};

/// When a breaker opens, for how long, and how it closes again.
///
/// ```
/// use std::time::Duration;
/// use nevil_runtime::{Breaker, BreakerPolicy, TripRule, Window};
///
/// let policy = BreakerPolicy {
///     trip: vec![
///         TripRule::Consecutive { failures: 3 },
///         TripRule::Rate {
///             window: Window::Count { calls: 20 },
///             failure_rate: Some(0.5),
///             slow_rate: None,
///             min_calls: 10,
///         },
///     ],
///     open: Duration::from_secs(10),
///     ..BreakerPolicy::default()
/// };
/// assert!(Breaker::new("camera", policy).is_ok());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BreakerPolicy {
    /// Any of these opens the circuit; none of them: only an operator does. At most 4.
    pub trip: Vec<TripRule>,
    /// How long the circuit stays open before it lets a probe through: 1 ms to 24 h. It is over at exactly this time.
    pub open: Duration,
    /// How the open time grows from one opening to the next.
    pub backoff: Backoff,
    /// How the circuit closes again.
    pub half_open: HalfOpen,
    /// Most calls under way at once, those that were timed out and have not returned included. `None`: any number.
    pub concurrent_max: Option<u16>,
    /// Duration from which on a call is slow, for rules that look at it: the deadline of the callback, or its period.
    pub slow_after: Option<Duration>,
    /// Kinds of errors that say nothing about the health of what is called. They are neutral.
    pub ignore: Vec<String>,
    /// What an open circuit means for the robot.
    pub criticality: Criticality,
    /// Whether a look half-opens the circuit when its time is over. Otherwise the next call does, and the time of the
    /// episode begins with it: better for what is not called often.
    pub auto_half_open: bool,
    /// Whether an operator may half-open only what is open.
    pub strict_transitions: bool,
}

impl Default for BreakerPolicy {
    /// Opens after five failures in a row, for 60 s; one probe, whose success closes it.
    fn default() -> Self {
        Self {
            trip: vec![TripRule::Consecutive { failures: 5 }],
            open: Duration::from_secs(60),
            backoff: Backoff::default(),
            half_open: HalfOpen::default(),
            concurrent_max: None,
            slow_after: None,
            ignore: Vec::new(),
            criticality: Criticality::default(),
            auto_half_open: false,
            strict_transitions: true,
        }
    }
}

/// What opens a closed circuit.
#[derive(Clone, Debug, PartialEq)]
pub enum TripRule {
    /// So many failures with no success between them. A success never opens by this rule.
    Consecutive {
        /// At least 1.
        failures: u32,
    },
    /// A share of the calls in a window. A share that is equal to the threshold opens.
    Rate {
        /// Which calls are looked at.
        window: Window,
        /// Share of failed calls, above 0, at most 1. Looked at when a call fails.
        failure_rate: Option<f32>,
        /// Share of slow calls, above 0, at most 1. Looked at after each call, so that a slow success can open.
        slow_rate: Option<f32>,
        /// Calls that must be in the window before it is judged. At least 1.
        min_calls: u32,
    },
}

/// Which calls a rate rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The last calls.
    Count {
        /// 1 to 1024.
        calls: u32,
    },
    /// The calls of the last time, in buckets that begin at multiples of their length and are forgotten whole: what is
    /// looked at is as long as this, or up to one bucket shorter.
    Time {
        /// 1 ms to 24 h.
        length: Duration,
        /// 1 to 64.
        buckets: u32,
    },
}

/// How the open time grows. Back to the start after closing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// Each reopening is so many times as long as the one before; at least 1.
    pub multiplier: f32,
    /// Longest open time.
    pub max: Duration,
    /// By which share the open time may be shortened, 0 to 1, so that breakers that opened together do not probe together.
    pub jitter: f32,
}

impl Default for Backoff {
    /// Does not grow.
    fn default() -> Self {
        Self { multiplier: 1.0, max: Duration::from_secs(3600), jitter: 0.0 }
    }
}

/// How a circuit closes again. One failure reopens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HalfOpen {
    /// Probes under way at once: 1 to 1024.
    pub permits: u16,
    /// Successes of one episode that close the circuit: at least 1.
    pub successes: u32,
    /// How long an episode may last before the circuit is open again: 1 ms to 24 h. To be longer than the time between
    /// as many calls as it takes successes.
    pub episode_max: Duration,
}

impl Default for HalfOpen {
    /// One probe, one success, within 60 s.
    fn default() -> Self {
        Self { permits: 1, successes: 1, episode_max: Duration::from_secs(60) }
    }
}

/// What an open circuit means for the robot. The breaker says it; who started it acts on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Criticality {
    /// Nothing.
    Ignore,
    /// The robot goes on without it, and says so.
    #[default]
    Degrade,
    /// The node is stopped.
    StopNode,
    /// The robot is made safe.
    SafeStop,
}

impl BreakerPolicy {
    /// Looks for values that are not allowed.
    ///
    /// # Errors
    ///
    /// The first of them.
    pub fn check(&self) -> Result<(), PolicyProblem> {
        at_most("trip", self.trip.len() as u64, 0, BREAKER_RULES_MAX as u64)?;
        for rule in &self.trip {
            rule.check(self.slow_after)?;
        }
        time("open", self.open)?;
        time("half_open.episode_max", self.half_open.episode_max)?;
        time("backoff.max", self.backoff.max)?;
        at_most("half_open.permits", self.half_open.permits.into(), 1, BREAKER_PERMITS_MAX.into())?;
        at_most("half_open.successes", self.half_open.successes.into(), 1, u32::MAX.into())?;
        if let Some(calls) = self.concurrent_max {
            at_most("concurrent_max", calls.into(), 1, u16::MAX.into())?;
        }
        share("backoff.jitter", self.backoff.jitter, 0.0..=1.0)?;
        share("backoff.multiplier", self.backoff.multiplier, 1.0..=1000.0)
    }

    /// Length of the open time at the `openings`th opening since the circuit was last closed; `seed` is another one each
    /// time.
    pub(super) fn open_time(&self, openings: u32, seed: u64) -> Duration {
        let exponent = i32::try_from(openings.saturating_sub(1)).unwrap_or(i32::MAX);
        let longer = self.open.as_secs_f64() * f64::from(self.backoff.multiplier).powi(exponent);
        let capped = longer.min(self.open.max(self.backoff.max).as_secs_f64());
        let shorter = capped * (1.0 - f64::from(self.backoff.jitter) * chance(seed));
        // Whole microseconds: what a factor of binary digits leaves behind is not meant.
        Duration::from_secs_f64((shorter * 1e6).round() / 1e6)
    }

    /// Whether a rule has to see each success when it comes: how slow it was, or when it was. A window of the last calls takes
    /// in later how many there were.
    pub(super) fn looks_at_successes(&self) -> bool {
        let looks = |rule: &TripRule| match rule {
            TripRule::Consecutive { .. } => false,
            TripRule::Rate { window, slow_rate, .. } => {
                slow_rate.is_some() || matches!(window, Window::Time { .. })
            }
        };
        self.trip.iter().any(looks)
    }
}

impl TripRule {
    fn check(&self, slow_after: Option<Duration>) -> Result<(), PolicyProblem> {
        let Self::Rate { window, failure_rate, slow_rate, min_calls } = self else {
            let Self::Consecutive { failures } = self else { return Ok(()) };
            return at_most("trip.failures", (*failures).into(), 1, u32::MAX.into());
        };
        let calls_max = match *window {
            Window::Count { calls } => {
                at_most("trip.window.calls", calls.into(), 1, BREAKER_WINDOW_CALLS_MAX.into())?;
                calls
            }
            Window::Time { length, buckets } => {
                time("trip.window.length", length)?;
                at_most("trip.window.buckets", buckets.into(), 1, BREAKER_BUCKETS_MAX.into())?;
                u32::MAX
            }
        };
        at_most("trip.min_calls", (*min_calls).into(), 1, calls_max.into())?;
        if failure_rate.is_none() && slow_rate.is_none() {
            return Err(PolicyProblem::NoRate);
        }
        if slow_rate.is_some() && slow_after.is_none() {
            return Err(PolicyProblem::SlowAfterMissing);
        }
        for (field, rate) in [("trip.failure_rate", failure_rate), ("trip.slow_rate", slow_rate)] {
            if let Some(rate) = rate {
                share(field, *rate, f32::MIN_POSITIVE..=1.0)?;
            }
        }
        Ok(())
    }
}

/// 0 to below 1, spread evenly over the seeds.
#[expect(clippy::cast_precision_loss, reason = "32 bits are exact")]
fn chance(seed: u64) -> f64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z >> 32) as f64 / (1_u64 << 32) as f64
}

pub(super) fn at_most(field: &'static str, given: u64, min: u64, max: u64) -> Result<(), PolicyProblem> {
    if (min..=max).contains(&given) { Ok(()) } else { Err(PolicyProblem::Number { field, given, min, max }) }
}

pub(super) fn time(field: &'static str, given: Duration) -> Result<(), PolicyProblem> {
    let allowed = Duration::from_millis(1)..=BREAKER_TIME_MAX;
    if allowed.contains(&given) { Ok(()) } else { Err(PolicyProblem::Time { field, given }) }
}

pub(super) fn share(
    field: &'static str,
    given: f32,
    allowed: std::ops::RangeInclusive<f32>,
) -> Result<(), PolicyProblem> {
    if allowed.contains(&given) {
        return Ok(());
    }
    Err(PolicyProblem::Share { field, given, min: *allowed.start(), max: *allowed.end() })
}
