//! Who depends on whom, who is told that an input is down, and who pauses.

use std::collections::BTreeSet;

use nevil_runtime::Time;

use super::{Action, NodeRule, State, Supervision};
use crate::rules::OnInputDown;

/// For each node all that it depends on, directly or not, ascending.
pub(super) fn inputs(nodes: &[NodeRule]) -> Vec<Vec<usize>> {
    let mut all: Vec<BTreeSet<usize>> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        assert!(
            node.depends_on.iter().all(|&of| of < index),
            "a node is started after all that it depends on"
        );
        let further = node.depends_on.iter().flat_map(|&of| all[of].iter().copied());
        let of_node = further.chain(node.depends_on.iter().copied()).collect();
        all.push(of_node);
    }
    all.into_iter().map(|inputs| inputs.into_iter().collect()).collect()
}

impl Supervision {
    /// For each node whether it has to pause: one that it depends on directly is down or has to pause itself. One that goes
    /// on without an input is an input like any other.
    pub(super) fn blocked(&self) -> Vec<bool> {
        let mut blocked: Vec<bool> = Vec::new();
        for node in &self.nodes {
            let missing = |&of: &usize| self.nodes[of].state.is_down() || blocked[of];
            // What has finished waits for nothing, and nothing waits for it.
            let pauses = node.state != State::Finished && node.rule.on_input_down == OnInputDown::Pause;
            let is_blocked = pauses && node.rule.depends_on.iter().any(missing);
            blocked.push(is_blocked);
        }
        blocked
    }

    /// What the nodes that are up have to be told: first whose inputs are down, then
    /// whose inputs are up again.
    pub(super) fn tell(&mut self) -> (Vec<Action>, Vec<Action>) {
        let blocked = self.blocked();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for (node, &blocked) in blocked.iter().enumerate() {
            if self.nodes[node].state != State::Up {
                continue;
            }
            for index in 0..self.nodes[node].inputs.len() {
                let of = self.nodes[node].inputs[index];
                if self.nodes[of].state.is_down() {
                    if self.told.insert((node, of)) {
                        before.push(Action::InputDown { node, of, since: self.nodes[of].since });
                    }
                } else if self.told.remove(&(node, of)) {
                    after.push(Action::InputUp { node, of });
                }
            }
            let pauses = blocked || self.nodes[node].held;
            if pauses && !self.nodes[node].paused {
                before.push(Action::Pause(node));
            } else if !pauses && self.nodes[node].paused {
                after.push(Action::Resume(node));
            }
            self.nodes[node].paused = pauses;
        }
        (before, after)
    }

    /// The change in health, if there is one.
    pub(super) fn health(&mut self, now: Time) -> Option<Action> {
        let down: Vec<_> = self.nodes.iter().filter(|node| node.state.is_down()).collect();
        match (down.is_empty(), self.degraded) {
            (false, None) => {
                self.degraded = Some(now);
                let names: Vec<_> = down.iter().map(|node| format!("`{}`", node.rule.name)).collect();
                Some(Action::Degraded { since: now, why: format!("{} down", are(&names)) })
            }
            (true, Some(_)) => {
                self.degraded = None;
                Some(Action::Healthy)
            }
            (false, Some(_)) | (true, None) => None,
        }
    }
}

/// `a is`, or `a, b are`.
fn are(names: &[String]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}
