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

    /// Whether any callback runs that [`Self::look`] could judge: neither a phase, which others wait for, nor a thread that was
    /// given up.
    pub(super) fn any_runs(&self) -> bool {
        self.lives.iter().any(|life| node::is_judged_later(life))
    }
}

/// The shortest time-out of any callback.
fn shortest(rules: &NodeRules) -> Duration {
    let others = rules.callbacks.values().map(|rule| rule.timeout);
    others.fold(rules.callback.timeout, Duration::min)
}

#[cfg(test)]
mod tests {
    use nevil_sys::mem::Watched;

    use super::*;
    use crate::clock::Clock;
    use crate::error::NodeError;
    use crate::node::{Environment, Node, NodeSpec, NodeTypes, Setup, Tick};

    struct Ticker;

    impl Node for Ticker {
        type Params = ();

        fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
            setup.every(Duration::from_secs(1), |_: &mut Self, _: &Tick, _| Ok(()))?;
            Ok(Self)
        }
    }

    #[test]
    fn the_watcher_sleeps_beside_a_phase_and_beside_a_thread_that_was_given_up() {
        let environment = Environment::new(Clock::simulated(), 1);
        let types = NodeTypes::new().with::<Ticker>("ticker");
        let spec = NodeSpec::new("ticker", types.get("ticker").unwrap().clone());
        let life = spec.life(&environment, 1);
        let _node = spec.configure(&environment, &life).unwrap();
        environment.watch.add(&life);
        let (mut watching, call) = (Watching::default(), life.incarnation.call());
        let call_of = |what| Watched { what, began: 0, deadline: u64::MAX, ticket: 0 };
        assert!(watching.look(&environment.watch, Time::ZERO).is_none() && !watching.any_runs());
        call.begin(call_of(u64::MAX));
        assert!(!watching.any_runs(), "a phase is waited for by others");
        call.end();
        call.begin(call_of(0));
        assert!(watching.any_runs() && watching.look(&environment.watch, Time::ZERO).is_some());
        assert!(life.give_up(&call.running().unwrap(), None));
        assert!(!watching.any_runs(), "nothing can be judged any more");
    }
}
