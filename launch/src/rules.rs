//! How nodes are supervised, as a launch file says it: plain values, which the reader makes and the supervisor obeys.

use std::time::Duration;

use nevil_runtime::Time;
use serde::Deserialize;

use crate::limits::{
    GROUP_INTENSITY_DEFAULT, RESTART_DELAY_DEFAULT, RESTART_DELAY_MAX_DEFAULT, RESTART_INTENSITY_DEFAULT,
    RESTART_PERIOD_DEFAULT,
};

/// When a node is started again after it has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartPolicy {
    /// Always.
    Permanent,
    /// After a failure only.
    #[default]
    Transient,
    /// Never.
    Temporary,
}

/// When a node is ready, so that those that depend on it are activated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyRule {
    /// What has to have happened.
    pub when: ReadyWhen,
    /// How long after its activation that may take; then its start has failed.
    pub timeout: Duration,
}

/// What makes a node ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReadyWhen {
    /// Its `activate` has returned.
    #[default]
    Activate,
    /// Its code has called `ctx.ready()`.
    Called,
    /// It has published a message on this topic of the robot.
    Topic(String),
}

/// How a node is started again after it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartRule {
    /// When.
    pub policy: RestartPolicy,
    /// Restarts within `period` that are allowed, 0 to 100; one more escalates to the node's group.
    pub intensity: u32,
    /// The time in which restarts are counted, 1 s to 1 h; after as long without a failure the delay is back at its start.
    pub period: Duration,
    /// Time before the first restart; each further one waits twice as long as the one before. 0 to 60 s.
    pub delay: Duration,
    /// Most that a restart waits, at least `delay`, at most 10 min.
    pub delay_max: Duration,
}

impl Default for RestartRule {
    fn default() -> Self {
        Self {
            policy: RestartPolicy::default(),
            intensity: RESTART_INTENSITY_DEFAULT,
            period: RESTART_PERIOD_DEFAULT,
            delay: RESTART_DELAY_DEFAULT,
            delay_max: RESTART_DELAY_MAX_DEFAULT,
        }
    }
}

impl RestartRule {
    /// How long the restart waits that comes after `before` others without `period` between them.
    pub(crate) fn delay_after(&self, before: u32) -> Duration {
        let doubled = 2_u32.checked_pow(before).and_then(|factor| self.delay.checked_mul(factor));
        doubled.unwrap_or(self.delay_max).min(self.delay_max)
    }
}

/// Which nodes of a group are started again when one of them has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupStrategy {
    /// That one.
    #[default]
    OneForOne,
    /// That one, and those of the group that are started after it.
    RestForOne,
    /// All of them.
    OneForAll,
}

/// Nodes that fail together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRule {
    /// Its name.
    pub name: String,
    /// Who is started again with whom.
    pub strategy: GroupStrategy,
    /// How often within `period` a node of it may exceed its own intensity, 0 to 100: the whole group is started again
    /// then. One more ends the robot, or the group if no node of it is required.
    pub intensity: u32,
    /// The time in which that is counted, 1 s to 1 h.
    pub period: Duration,
}

impl GroupRule {
    /// A group in which each node stands for itself.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            strategy: GroupStrategy::default(),
            intensity: GROUP_INTENSITY_DEFAULT,
            period: RESTART_PERIOD_DEFAULT,
        }
    }
}

/// What a node does while one that it depends on is down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInputDown {
    /// It pauses until that one is up again.
    #[default]
    Pause,
    /// It is told, and goes on.
    Continue,
}

/// How much of something may be used. A limit is reached by three readings in a row that are not below it; `None`: there is no such limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// From here on the operator is told.
    pub warn: Option<u64>,
    /// From here on a node is started again, or the robot stops optional nodes.
    pub act: Option<u64>,
    /// From here on an emergency stop holds.
    pub emergency: Option<u64>,
}

/// How much a robot may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceRule {
    /// Memory of the process that is in the machine, in bytes.
    pub memory_bytes: Limits,
    /// Computing time of all of its threads, in percent of one core.
    pub cpu_percent: Limits,
}

/// Events within a sliding time, of which a number is allowed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window(std::collections::VecDeque<Time>);

impl Window {
    /// Counts one more at `now` if less than `allowed` lie less than `period` back, and says whether that was so.
    pub(crate) fn admit(&mut self, now: Time, allowed: u32, period: Duration) -> bool {
        self.0.retain(|&event| now.since(event) < period);
        let admitted = self.0.len() < allowed as usize;
        if admitted {
            self.0.push_back(now);
        }
        admitted
    }

    /// Forgets all of them.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use nevil_runtime::Time;

    use super::{RestartRule, Window};

    #[test]
    fn an_event_no_longer_counts_exactly_when_the_period_has_passed() {
        let (mut window, period) = (Window::default(), Duration::from_secs(1));
        assert!(window.admit(Time::from_ns(0), 1, period));
        assert!(!window.admit(Time::from_ns(999_999_999), 1, period));
        assert!(window.admit(Time::from_ns(1_000_000_000), 1, period));
        assert!(!window.admit(Time::from_ns(5_000_000_000), 0, period));
    }

    #[test]
    fn each_restart_waits_twice_as_long_up_to_the_most() {
        let rule = RestartRule::default();
        let delays: Vec<_> = (0..9).map(|before| rule.delay_after(before).as_millis()).collect();
        assert_eq!(delays, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        assert_eq!(rule.delay_after(u32::MAX), Duration::from_secs(10));
    }
}
