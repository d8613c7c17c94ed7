//! What the safety thread sees of the callbacks.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Time;
use crate::limits::{WATCH_LOOK_MAX, WATCH_QUIET};
use crate::node::{self, NodeRules, NodeShared, Watch};

/// The lives of nodes that are watched.
#[derive(Debug, Default)]
pub(super) struct Watching {
    lives: Vec<Watched>,
    /// A look at least so often while callbacks run.
    every: Duration,
    /// Until when callbacks count as running: some time after the last one.
    busy_until: Time,
}

#[derive(Debug)]
struct Watched {
    life: Arc<NodeShared>,
    /// Its turns at the last look.
    turns: u64,
}

impl Watching {
    /// Judges what runs, and gives up what hangs. When to look again; `None`: nothing has run for some time.
    pub(super) fn look(&mut self, watch: &Watch, now: Time) -> Option<Time> {
        if let Some(lives) = watch.take_changed() {
            self.every = lives.iter().map(|life| shortest(&life.rules)).min().unwrap_or(WATCH_LOOK_MAX);
            self.lives = lives.into_iter().map(|life| Watched { life, turns: 0 }).collect();
        }
        let mut next = now + self.every.min(WATCH_LOOK_MAX);
        let mut busy = false;
        for watched in &mut self.lives {
            let turns = watched.life.turns.get();
            busy |= turns != watched.turns;
            watched.turns = turns;
            if let Some(due) = node::watch(&watched.life, now) {
                busy = true;
                next = next.min(due);
            }
        }
        if busy {
            self.busy_until = now + WATCH_QUIET;
        }
        (now < self.busy_until).then_some(next)
    }

    /// Whether any callback runs.
    pub(super) fn any_runs(&self) -> bool {
        self.lives.iter().any(|watched| watched.life.incarnation.call().is_running())
    }
}

/// The shortest time-out of any callback.
fn shortest(rules: &NodeRules) -> Duration {
    let others = rules.callbacks.values().map(|rule| rule.timeout);
    others.fold(rules.callback.timeout, Duration::min)
}
