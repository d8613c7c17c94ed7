//! Policies with names, for launch files.

use std::time::Duration;

use super::policy::{BreakerPolicy, HalfOpen, TripRule};

/// A policy, and the deadline of the callback that belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct BreakerPreset {
    /// When the circuit opens and closes.
    pub policy: BreakerPolicy,
    /// Deadline of the callback.
    pub timeout: Duration,
}

/// Name, failures to open, open time in s, successes to close, deadline in s, calls at once: the seven circuits of the
/// video engine that this project succeeds.
const PRESETS: [(&str, u32, u64, u32, u64, u16); 7] = [
    ("frame_processing", 3, 30, 2, 60, 4),
    ("interpolation", 5, 45, 3, 120, 2),
    ("export", 2, 60, 1, 300, 1),
    ("resource_monitoring", 5, 30, 3, 10, 1),
    ("parallel_processing", 3, 60, 2, 180, 8),
    ("error_retry", 5, 120, 2, 30, 3),
    ("error_fallback", 3, 60, 1, 60, 2),
];

impl BreakerPolicy {
    /// The policy of this name, and the deadline that belongs to it; `None` if there is none. [`Self::preset_names`] lists
    /// them.
    #[must_use]
    pub fn preset(name: &str) -> Option<BreakerPreset> {
        let (_, failures, open_s, successes, timeout_s, calls) =
            *PRESETS.iter().find(|preset| preset.0 == name)?;
        let timeout = Duration::from_secs(timeout_s);
        let open = Duration::from_secs(open_s);
        let policy = Self {
            trip: vec![TripRule::Consecutive { failures }],
            open,
            // As many probes as it takes may each need their whole time, one after the other.
            half_open: HalfOpen { permits: 1, successes, episode_max: timeout * (successes + 1) },
            concurrent_max: Some(calls),
            slow_after: Some(timeout),
            ..Self::default()
        };
        Some(BreakerPreset { policy, timeout })
    }

    /// The names of all presets.
    pub fn preset_names() -> impl Iterator<Item = &'static str> {
        PRESETS.iter().map(|preset| preset.0)
    }
}
