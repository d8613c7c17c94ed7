//! What is due: who is stopped next, and who is started next.

use nevil_runtime::Time;

use super::{Action, State, Supervision};
use crate::rules::{GroupStrategy, OnInputDown};

impl Supervision {
    /// Orders all stops and starts for which everything is there. Within a group nodes stop in reverse order, and start in
    /// order when all are stopped.
    pub(super) fn orders(&mut self, now: Time) -> Vec<Action> {
        let mut orders = Vec::new();
        for node in (0..self.nodes.len()).rev() {
            if self.nodes[node].state == State::ToStop
                && !self.peers(node).any(|peer| self.ends_after(peer, node))
            {
                self.set_down(node, State::Stopping, now);
                orders.push(Action::Stop(node));
            }
        }
        for node in 0..self.nodes.len() {
            if self.waits_for_time(node) && self.nodes[node].due <= now {
                self.nodes[node].state = State::Starting;
                orders.push(Action::Start(node));
            }
        }
        orders
    }

    /// Whether `node` is to be started, and only its delay stands in the way.
    pub(super) fn waits_for_time(&self, node: usize) -> bool {
        if self.nodes[node].state != State::Waiting || self.blocked()[node] {
            return false;
        }
        // What is about to be stopped is up for those that run, and no ground to start on.
        let supervised = &self.nodes[node].rule;
        let is_ending = |&of: &usize| self.nodes[of].state.is_ending();
        if supervised.on_input_down == OnInputDown::Pause && supervised.depends_on.iter().any(is_ending) {
            return false;
        }
        let in_order = self.nodes[node].rule.group.is_some_and(|group| {
            // Elsewhere each is started for itself, and must not wait for the longer delay of another.
            self.groups[group].rule.strategy != GroupStrategy::OneForOne
        });
        let comes_first = |peer: usize| {
            let state = self.nodes[peer].state;
            state.is_ending()
                || (in_order && peer < node && matches!(state, State::Waiting | State::Starting))
        };
        !self.peers(node).any(comes_first)
    }

    /// The other nodes of its group.
    fn peers(&self, node: usize) -> impl Iterator<Item = usize> {
        let group = self.nodes[node].rule.group;
        let members = group.map_or(&[][..], |group| &self.groups[group].members[..]);
        members.iter().copied().filter(move |&peer| peer != node)
    }

    /// Whether `peer` has to be stopped before `node`, and is not yet.
    fn ends_after(&self, peer: usize, node: usize) -> bool {
        peer > node && self.nodes[peer].state.is_ending()
    }
}
