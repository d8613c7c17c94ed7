//! Time as nodes see it: monotonic nanoseconds, real or simulated.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A point in time: nanoseconds of `CLOCK_MONOTONIC`, or since the start of a simulation. 64 bits last 584 years.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// The beginning.
    pub const ZERO: Self = Self(0);

    /// The point `ns` nanoseconds after the beginning.
    #[must_use]
    pub const fn from_ns(ns: u64) -> Self {
        Self(ns)
    }

    /// Nanoseconds since the beginning.
    #[must_use]
    pub const fn as_ns(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it is still to come.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09} s", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

/// Where `now` comes from. Nothing else in the runtime asks the operating system for the time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Monotonic,
    Simulated(Arc<AtomicU64>),
}

impl Clock {
    /// `CLOCK_MONOTONIC`.
    #[must_use]
    pub const fn monotonic() -> Self {
        Self(Source::Monotonic)
    }

    /// A clock that stands at zero until the simulation moves it.
    #[must_use]
    pub fn simulated() -> Self {
        Self(Source::Simulated(Arc::new(AtomicU64::new(0))))
    }

    /// The time now.
    #[must_use]
    #[inline]
    pub fn now(&self) -> Time {
        match &self.0 {
            Source::Monotonic => Time(nevil_sys::os::monotonic_ns()),
            // Relaxed: a simulation is one thread.
            Source::Simulated(now) => Time(now.load(Ordering::Relaxed)),
        }
    }

    /// Whether the time is simulated.
    #[must_use]
    pub const fn is_simulated(&self) -> bool {
        matches!(self.0, Source::Simulated(_))
    }

    /// Moves a simulated clock to `time`; a real one is left as it is.
    pub(crate) fn set(&self, time: Time) {
        if let Source::Simulated(now) = &self.0 {
            // Relaxed: as in `now`.
            now.store(time.0, Ordering::Relaxed);
        }
    }
}
