//! The states of a circuit, what an operator can do, and how a call can end.

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

/// The state of a circuit. The drawing at the head of the module has the ways between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Calls are refused until a time is over.
    Open,
    /// A few probes go through, and decide.
    HalfOpen,
    /// Calls are refused until an operator says otherwise, or until the emergency stop is reset.
    ForcedOpen,
    /// Calls go through whatever becomes of them, until an operator says otherwise.
    ForcedClosed,
    /// The breaker does nothing but count, until an operator says otherwise.
    Disabled,
    /// Rules and windows work, and nothing is refused, until an operator says otherwise.
    MetricsOnly,
}

impl BreakerState {
    pub(super) const ALL: [Self; 7] = [
        Self::Closed,
        Self::Open,
        Self::HalfOpen,
        Self::ForcedOpen,
        Self::ForcedClosed,
        Self::Disabled,
        Self::MetricsOnly,
    ];

    /// The word for it: `half_open` and so on.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::ForcedClosed => "forced_closed",
            Self::Disabled => "disabled",
            Self::MetricsOnly => "metrics_only",
        }
    }

    /// Whether only an operator ends it.
    #[must_use]
    pub const fn is_forced(self) -> bool {
        matches!(self, Self::ForcedOpen | Self::ForcedClosed | Self::Disabled | Self::MetricsOnly)
    }

    /// Whether calls go through without a probe's permit.
    pub(super) const fn admits(self) -> bool {
        matches!(self, Self::Closed | Self::ForcedClosed | Self::Disabled | Self::MetricsOnly)
    }
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an operator can do with a breaker. Each is a new generation: results of calls that are under way decide nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Opens the circuit as a failure does: for the policy's time.
    Open,
    /// Opens the circuit for this time.
    OpenFor(Duration),
    /// Lets probes through now.
    HalfOpen,
    /// Refuses all calls until the next operation.
    ForceOpen,
    /// Lets all calls through until the next operation.
    ForceClosed,
    /// Does nothing but count until the next operation.
    Disable,
    /// Refuses nothing, and shows what the rules would have done, until the next operation.
    MetricsOnly,
    /// Closes the circuit, and forgets its windows and its backoff. Calls that were timed out and have not returned are
    /// still counted as such.
    Reset,
}

/// How a call has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallOutcome {
    /// It did what it should.
    Ok,
    /// It says that it could not.
    Failed {
        /// A word for the kind of error, which the policy can ignore; empty if there is none.
        kind: &'static str,
        /// What it said. The history keeps the first 160 bytes.
        text: String,
    },
    /// It panicked. A failure.
    Panicked {
        /// What it said.
        text: String,
    },
    /// Its result came after its deadline, and nobody had timed it out before. A failure, and slow.
    TimedOut,
    /// It was given up. Neutral.
    Cancelled,
    /// Its error says nothing about what was called. Neutral.
    Ignored,
}

impl CallOutcome {
    /// A failure with this text and no kind.
    #[must_use]
    pub fn failed(text: impl Into<String>) -> Self {
        Self::Failed { kind: "", text: text.into() }
    }

    pub(super) fn ending(&self) -> Ending {
        match self {
            Self::Ok => Ending::Ok,
            Self::Failed { .. } => Ending::Failed,
            Self::Panicked { .. } => Ending::Panicked,
            Self::TimedOut => Ending::TimedOut,
            Self::Cancelled => Ending::Cancelled,
            Self::Ignored => Ending::Ignored,
        }
    }
}

/// How a call of the history has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// Well. Only some of these are kept.
    Ok,
    /// With an error.
    Failed,
    /// With a panic.
    Panicked,
    /// Not within its time.
    TimedOut,
    /// It was given up.
    Cancelled,
    /// With an error that says nothing.
    Ignored,
}

impl Ending {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Ignored => "ignored",
        }
    }

    pub(super) const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Panicked | Self::TimedOut)
    }
}

/// Bits of a generation: sixteen million transitions while one call is under way.
pub(super) const GENERATION_BITS: u32 = 24;

/// The largest generation; the next one is 1.
pub(super) const GENERATION_MASK: u32 = (1 << GENERATION_BITS) - 1;

const SERIAL_BITS: u32 = 36;

const PROBE: u64 = 1 << GENERATION_BITS;

const SLOT: u64 = 2 << GENERATION_BITS;

/// What a call holds besides its place in the count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Holds {
    /// A probe's permit.
    pub(super) probe: bool,
    /// A slot of the calls that may be under way at once.
    pub(super) slot: bool,
}

/// One admitted call, in a word: which one, and of which generation. For an atomic beside the call, from which another
/// thread can take it to time the call out.
///
/// ```text
///  0 (2 bits) | serial (36 bits) | has a slot | is a probe | generation (24 bits, never 0)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(NonZeroU64);

impl Ticket {
    #[inline]
    pub(super) fn new(serial: u64, holds: Holds, generation: u32) -> Self {
        let serial = (serial & ((1 << SERIAL_BITS) - 1)) << (GENERATION_BITS + 2);
        let probe = if holds.probe { PROBE } else { 0 };
        let slot = if holds.slot { SLOT } else { 0 };
        let word = serial | slot | probe | u64::from(generation & GENERATION_MASK);
        // A generation is never 0, and so neither is the word.
        Self(NonZeroU64::new(word).unwrap_or(NonZeroU64::MIN))
    }

    /// The ticket as a word, never 0.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0.get()
    }

    /// The ticket of such a word; `None` for 0. What is not such a word is the ticket of no call.
    #[must_use]
    pub fn from_bits(bits: u64) -> Option<Self> {
        NonZeroU64::new(bits & (u64::MAX >> 2)).map(Self)
    }

    #[expect(clippy::cast_possible_truncation, reason = "masked to 24 bits")]
    pub(super) const fn generation(self) -> u32 {
        self.0.get() as u32 & GENERATION_MASK
    }

    pub(super) const fn is_probe(self) -> bool {
        self.0.get() & PROBE != 0
    }

    pub(super) const fn serial(self) -> u64 {
        self.0.get() >> (GENERATION_BITS + 2)
    }

    pub(super) const fn has_slot(self) -> bool {
        self.0.get() & SLOT != 0
    }
}
