//! Whether a node makes progress, told from what its own thread does.

use std::sync::Arc;

use nevil_sys::mem::Ending;

use crate::clock::Time;
use crate::executor::ThreadedNode;
use crate::node::NodeState;

/// What a node's thread has done, at one moment. Looking costs the thread nothing and wakes nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where the node is in its life.
    pub state: NodeState,
    /// Which life of it this is, from 1.
    pub life: u32,
    /// Turns that its thread has begun in this life.
    pub turns: u64,
    /// What runs: a callback or a phase of its life.
    pub running: Option<Running>,
    /// Whether the thread was called and has not looked yet.
    pub called: bool,
    /// The kernel's number of the thread, once it runs.
    pub thread: Option<i32>,
}

/// What a node's thread runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The callback; `(phase)`: a phase of its life.
    pub name: Arc<str>,
    /// Since when.
    pub since: Time,
    /// Whether it has had its time and has not returned.
    pub late: bool,
}

impl Progress {
    /// That of `node` at `now`.
    #[must_use]
    pub fn of(node: &ThreadedNode, now: Time) -> Self {
        let shared = node.shared();
        let running = shared.incarnation.call().running().map(|seen| Running {
            name: shared
                .callback(seen.call.what)
                .map_or("(phase)".into(), |callback| Arc::clone(callback.name())),
            since: Time::from_ns(seen.call.began),
            late: seen.verdict != Ending::InTime || now.as_ns() >= seen.call.deadline,
        });
        Self {
            state: shared.state(),
            life: shared.incarnation.number(),
            turns: shared.turns.get(),
            running,
            called: shared.wake.bell().is_rung(),
            thread: shared.thread.get().map(|thread| thread.id),
        }
    }

    /// Whether the node can do its work: nothing in it is late, and its thread has looked at what it was called for since
    /// the look `before`. A thread that sleeps because there is nothing to do is alive, and so is one whose call has time
    /// left. A node that has failed or has ended is not; one that is paused or starts is.
    #[must_use]
    pub fn is_alive(&self, before: Option<&Self>) -> bool {
        if matches!(self.state, NodeState::Failed | NodeState::Stopped) {
            return false;
        }
        if let Some(running) = &self.running {
            return !running.late;
        }
        let waits = |before: &Self| before.called && (before.life, before.turns) == (self.life, self.turns);
        !(self.called && before.is_some_and(waits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle() -> Progress {
        let state = NodeState::Active;
        Progress { state, life: 1, turns: 7, running: None, called: false, thread: None }
    }

    fn running(late: bool) -> Progress {
        Progress { running: Some(Running { name: "on_range".into(), since: Time::ZERO, late }), ..idle() }
    }

    #[test]
    fn a_node_with_nothing_to_do_is_alive_for_ever() {
        assert!(idle().is_alive(None) && idle().is_alive(Some(&idle())));
    }

    #[test]
    fn a_node_in_a_call_is_alive_until_the_call_is_late() {
        assert!(running(false).is_alive(Some(&running(false))));
        assert!(!running(true).is_alive(None));
    }

    #[test]
    fn a_node_that_was_called_and_has_not_begun_a_turn_since_the_last_look_is_not_alive() {
        let called = Progress { called: true, ..idle() };
        assert!(called.is_alive(None) && called.is_alive(Some(&idle())), "it has just been called");
        assert!(!called.is_alive(Some(&called)));
        assert!(Progress { turns: 8, ..called.clone() }.is_alive(Some(&called)), "it was called once more");
        assert!(Progress { life: 2, ..called.clone() }.is_alive(Some(&called)), "another life");
    }

    #[test]
    fn a_node_that_has_failed_or_ended_is_not_alive_and_a_paused_one_is() {
        let of = |state| Progress { state, ..idle() }.is_alive(None);
        assert!(!of(NodeState::Failed) && !of(NodeState::Stopped));
        assert!(of(NodeState::Paused) && of(NodeState::Starting));
    }
}
