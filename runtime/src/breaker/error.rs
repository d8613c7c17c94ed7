//! What a breaker refuses, and why.

use std::time::Duration;

use super::state::BreakerState;
use crate::limits::BREAKER_TIME_MAX;

/// A value of a policy that is not allowed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyProblem {
    /// A whole number out of its range.
    #[error("`{field}` is {given}, {min} to {max} are allowed")]
    Number {
        /// Which one.
        field: &'static str,
        /// What was given.
        given: u64,
        /// The smallest that is allowed.
        min: u64,
        /// The largest that is allowed.
        max: u64,
    },
    /// A time out of its range.
    #[error("`{field}` is {given:?}, 1ms to {BREAKER_TIME_MAX:?} are allowed")]
    Time {
        /// Which one.
        field: &'static str,
        /// What was given.
        given: Duration,
    },
    /// A share or a factor out of its range.
    #[error("`{field}` is {given}, {min} to {max} are allowed")]
    Share {
        /// Which one.
        field: &'static str,
        /// What was given.
        given: f32,
        /// The smallest that is allowed.
        min: f32,
        /// The largest that is allowed.
        max: f32,
    },
    /// A range in which nothing is.
    #[error("`{field}` begins above its end; put the smaller value first")]
    EmptyRange {
        /// Which one.
        field: &'static str,
    },
    /// A rate rule without a rate.
    #[error("a rate rule of `trip` has neither a `failure_rate` nor a `slow_rate`; give one of them")]
    NoRate,
    /// A rate of slow calls, and nothing that says what is slow.
    #[error(
        "a rule of `trip` has a `slow_rate`, and the policy no `slow_after`; say from when on a call is slow"
    )]
    SlowAfterMissing,
}

/// What could not be done with a breaker.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BreakerError {
    /// Its policy has a value that is not allowed.
    #[error("breaker `{breaker}`: {problem}")]
    Policy {
        /// The breaker.
        breaker: String,
        /// The value.
        problem: PolicyProblem,
    },
    /// There is no way from this state to that one.
    #[error("breaker `{breaker}` is {from} and cannot be made {to}; open it first")]
    IllegalTransition {
        /// The breaker.
        breaker: String,
        /// Its state.
        from: BreakerState,
        /// What was asked for.
        to: BreakerState,
    },
    /// Another thread was at it each time, perhaps one that was stopped in the middle.
    #[error("breaker `{breaker}` is being changed by another thread; try again")]
    Busy {
        /// The breaker.
        breaker: String,
    },
    /// The name is taken by a breaker with another policy.
    #[error(
        "breaker `{breaker}` exists with another policy: it has {existing:?}, and was asked for with {given:?}; \
         give the same policy or another name"
    )]
    OtherPolicy {
        /// The name.
        breaker: String,
        /// The policy of the breaker that exists.
        existing: Box<super::BreakerPolicy>,
        /// The policy that was given.
        given: Box<super::BreakerPolicy>,
    },
    /// There is no breaker of this name.
    #[error("unknown breaker `{breaker}`; known breakers are {}", known.join(", "))]
    Unknown {
        /// The name.
        breaker: String,
        /// The names that there are.
        known: Vec<String>,
    },
}

/// Why a call was not let through. It holds two words, and formats nothing until it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The circuit is open.
    #[error("the circuit is open for another {}", Seconds(*retry_after))]
    Open {
        /// After which a probe may be let through.
        retry_after: Duration,
    },
    /// The circuit is half-open, and as many probes are under way as may be.
    #[error("the circuit is half-open and its probes are under way; try again later")]
    Probing,
    /// An operator holds the circuit open.
    #[error("an operator holds the circuit open until it is reset")]
    ForcedOpen,
    /// The emergency stop is on.
    #[error("the emergency stop is on until it is reset")]
    Emergency,
    /// As many calls are under way as may be.
    #[error("as many calls are under way as are allowed; wait until one has returned")]
    Full,
}

/// Seconds with milliseconds.
struct Seconds(Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3} s", self.0.as_secs_f64())
    }
}

/// Why [`Breaker::call`](super::Breaker::call) has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError<E> {
    /// It was not called.
    #[error(transparent)]
    Refused(Refused),
    /// It was called and failed.
    #[error("{0}")]
    Failed(E),
    /// It was called and panicked, with this text.
    #[error("it panicked: {0}")]
    Panicked(String),
    /// It was called and did not return within its time. What it returned after that is dropped.
    #[error("it took {took:?}, {allowed:?} are allowed")]
    Late {
        /// How long it has taken until it returned, or until it was given up.
        took: Duration,
        /// How long it might have taken.
        allowed: Duration,
    },
}
