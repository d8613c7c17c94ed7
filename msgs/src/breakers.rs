//! The breakers of a robot's callbacks.

use nevil_derive::{Field, Message};

/// The breakers of all callbacks, published by the supervisor when one changes. Those that are not listed are closed.
///
/// One message for all: a latched topic keeps one message of each publisher, and who comes later has to know all of them.
///
/// ```
/// use nevil_msgs::BreakerStates;
///
/// let all_closed = BreakerStates { breakers: 12, not_closed: Vec::new(), left_out: 0 };
/// assert!(all_closed.not_closed.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct BreakerStates {
    /// How many there are.
    pub breakers: u32,
    /// Those that are not closed, by name: at most 32.
    pub not_closed: Vec<BreakerCondition>,
    /// Those that are not closed either, and found no place.
    pub left_out: u32,
}

/// A breaker that is not closed.
#[derive(Clone, Debug, PartialEq, Eq, Field)]
pub struct BreakerCondition {
    /// Its name, such as `motion.on_drive`; at most 96 bytes.
    pub name: String,
    /// Its state.
    pub state: Circuit,
    /// Since when: nanoseconds of the robot's clock.
    #[field(unit = "ns")]
    pub since_ns: u64,
    /// Why, as the last error before it opened says it; at most 120 bytes. Empty: not known, or an operator's wish.
    pub why: String,
    /// What its opening means for the robot.
    pub criticality: Importance,
}

/// The states of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Field)]
pub enum Circuit {
    /// Calls go through.
    Closed,
    /// Calls are refused until a time is over.
    Open,
    /// A few probes go through, and decide.
    HalfOpen,
    /// Calls are refused until an operator says otherwise, or until the emergency stop is reset.
    ForcedOpen,
    /// Calls go through until an operator says otherwise.
    ForcedClosed,
    /// It only counts, until an operator says otherwise.
    Disabled,
    /// It shows what its rules would do, until an operator says otherwise.
    MetricsOnly,
}

/// What an open breaker means for the robot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Field)]
pub enum Importance {
    /// Nothing.
    Ignore,
    /// The robot does without the callback.
    Degrade,
    /// The node is stopped, and started again as its rule says.
    StopNode,
    /// The robot stops.
    SafeStop,
}

/// What one breaker has counted, published by the supervisor for each in turn. As text it is the JSON of the statistics of a
/// breaker, key by key, so that tools read both alike.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct BreakerReport {
    /// Its name.
    pub name: String,
    /// `closed`, `open` or `half_open`. What an operator holds is `open` or `closed`.
    pub state: String,
    /// How it is set.
    pub config: BreakerConfig,
    /// Counts since it was made.
    pub stats: BreakerCounts,
    /// When calls ended last.
    pub timing: BreakerTiming,
    /// The state in one of seven words: `forced_open` and so on too.
    pub mode: String,
    /// Whether the emergency stop holds it open.
    pub emergency: bool,
}

/// How a breaker is set.
#[derive(Clone, Debug, PartialEq, Field)]
pub struct BreakerConfig {
    /// Failures in a row that open it; `null`: it does not count these.
    pub failure_threshold: Option<u32>,
    /// How long it is open, in seconds.
    #[field(unit = "s")]
    pub recovery_timeout: f64,
    /// Probes that have to succeed.
    pub success_threshold: u32,
    /// How long a call may take, in seconds; `null`: the breaker is not a callback's.
    pub timeout: Option<f64>,
    /// Calls that may be under way at once; `null`: any number.
    pub max_concurrent: Option<u32>,
}

/// What a breaker has counted since it was made.
#[derive(Clone, Debug, PartialEq, Field)]
pub struct BreakerCounts {
    /// Calls that were asked for.
    pub total_requests: u64,
    /// Calls that did what they should.
    pub successful_requests: u64,
    /// Calls that failed, panicked or were late.
    pub failed_requests: u64,
    /// Calls that were not let through.
    pub rejected_requests: u64,
    /// Successes among all that was asked for, in percent; 0 if nothing was.
    #[field(unit = "%")]
    pub success_rate_percent: f64,
    /// Successes among what was let through, in percent; 0 if nothing was.
    #[field(unit = "%")]
    pub success_rate_of_admitted_percent: f64,
    /// Failures with no success between them.
    pub consecutive_failures: u32,
    /// Successes with no failure between them.
    pub consecutive_successes: u64,
    /// Changes of the state.
    pub state_changes: u64,
    /// Calls under way.
    pub concurrent_requests: u64,
}

/// When calls through a breaker ended last.
#[derive(Clone, Debug, PartialEq, Field)]
pub struct BreakerTiming {
    /// When one failed, in seconds since 1970; `null`: none has.
    pub last_failure_time: Option<f64>,
    /// When one succeeded, in seconds since 1970; `null`: none has.
    pub last_success_time: Option<f64>,
    /// How long ago one failed, in seconds; `null`: none has.
    pub time_since_last_failure: Option<f64>,
}
