//! What the safety thread sees of the callbacks.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Time;
use crate::limits::{WATCH_LOOK_MAX, WATCH_QUIET};
use crate::node::{self, NodeRules, NodeShared, Watch};

/// The lives of nodes that are watched.
#[derive(Debug, Default)]
pub(super) struct Watching {
    // Boxed, as it is handed over.
    #[expect(clippy::box_collection, reason = "it is handed over and back as it is")]
    lives: Box<Vec<Arc<NodeShared>>>,
    /// The sum of their turns at the last look.
    turns: u64,
    /// A look at least so often while callbacks run.
    every: Duration,
    /// Until when callbacks count as running: some time after the last one.
    busy_until: Time,
}

impl Watching {
    /// Judges what runs, and gives up what hangs. When to look again; `None`: nothing has run for some time.
    pub(super) fn look(&mut self, watch: &Watch, now: Time) -> Option<Time> {
        if watch.exchange(&mut self.lives) {
            self.every = self.lives.iter().map(|life| shortest(&life.rules)).min().unwrap_or(WATCH_LOOK_MAX);
        }
        let mut next = now + self.every.min(WATCH_LOOK_MAX);
        let turns = self.lives.iter().map(|life| life.turns.get()).fold(0, u64::wrapping_add);
        let mut busy = turns != self.turns;
        self.turns = turns;
        for due in self.lives.iter().filter_map(|life| node::watch(life, now)) {
            busy = true;
            next = next.min(due);
        }
        if busy {
            self.busy_until = now + WATCH_QUIET;
        }
        (now < self.busy_until).then_some(next)
    }

    /// Whether any callback runs.
    pub(super) fn any_runs(&self) -> bool {
        self.lives.iter().any(|life| life.incarnation.call().is_running())
    }
}

/// The shortest time-out of any callback.
fn shortest(rules: &NodeRules) -> Duration {
    let others = rules.callbacks.values().map(|rule| rule.timeout);
    others.fold(rules.callback.timeout, Duration::min)
}
