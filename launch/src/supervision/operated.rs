//! What an operator wants of a node: that it pauses, goes on, or is started again.

use nevil_runtime::Time;

use super::machine::Outcome;
use super::{Action, State, Supervision};
use crate::rules::{OnInputDown, RestartRule};

/// Why a node is not started again for an operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RestartRefused {
    /// It would wait for a node that is not started again.
    #[error("it depends on `{input}`, which is not started again; restart that one first")]
    Input {
        /// The node that it depends on.
        input: String,
    },
    /// The robot ends.
    #[error("the robot ends")]
    Over,
}

/// Where a node is, as far as who waits for it needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It runs.
    Up,
    /// It is being stopped or started, or waits for that.
    Changing,
    /// It is not started any more.
    Over,
}

/// Who wants a node to pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pauses {
    pub(crate) node: usize,
    /// An operator, or the launch file.
    pub(crate) held: bool,
    /// Nodes that it cannot do without and that are down, or pause themselves because of others.
    pub(crate) inputs: Vec<usize>,
}

impl Supervision {
    /// An operator wants the node to pause, for as long as it is not released: over all its lives. Those that depend on it go
    /// on.
    pub(crate) fn hold(&mut self, node: usize, now: Time) -> Vec<Action> {
        self.nodes[node].held = true;
        self.act(now)
    }

    /// The operator wants that no longer; it goes on, unless something else wants it to pause.
    pub(crate) fn release(&mut self, node: usize, now: Time) -> Vec<Action> {
        self.nodes[node].held = false;
        self.act(now)
    }

    /// Whether an operator, or the launch file, wants the node to pause.
    pub(crate) fn is_held(&self, node: usize) -> bool {
        self.nodes[node].held
    }

    /// An operator wants the node to be started again, at once, whatever its rule says. It is told to others as when it
    /// fails, and is charged to nobody. One that is being started again already goes on with that.
    pub(crate) fn restart_asked(&mut self, node: usize, now: Time) -> Result<Vec<Action>, RestartRefused> {
        if self.is_over {
            return Err(RestartRefused::Over);
        }
        let missing = |&of: &usize| self.nodes[of].state == State::GivenUp;
        let rule = &self.nodes[node].rule;
        if rule.on_input_down == OnInputDown::Pause
            && let Some(input) = rule.depends_on.iter().copied().find(missing)
        {
            return Err(RestartRefused::Input { input: self.nodes[input].rule.name.clone() });
        }
        Ok(self.react(now, |machine, now| {
            let supervised = &mut machine.nodes[node];
            supervised.due = now;
            match supervised.state {
                State::Up => (supervised.state, supervised.asked) = (State::ToStop, true),
                State::ToStop | State::Stopping => supervised.asked = true,
                // It may be starting as it was told before.
                State::Starting => (supervised.state, supervised.asked) = (State::StartingToStop, true),
                State::StartingToStop => supervised.asked = true,
                State::Waiting => {}
                State::Finished | State::GivenUp => {
                    supervised.restarts.clear();
                    supervised.failures = 0;
                    machine.set_down(node, State::Waiting, now);
                }
            }
            Outcome::default()
        }))
    }

    /// The node is supervised by other rules from now on. What has been counted of it stays.
    pub(crate) fn set_rules(&mut self, node: usize, restart: RestartRule, on_input_down: OnInputDown) {
        let rule = &mut self.nodes[node].rule;
        (rule.restart, rule.on_input_down) = (restart, on_input_down);
    }

    /// Where the node is.
    pub(crate) fn stage(&self, node: usize) -> Stage {
        match self.nodes[node].state {
            State::Up => Stage::Up,
            State::GivenUp | State::Finished => Stage::Over,
            _ => Stage::Changing,
        }
    }

    /// The nodes that somebody wants to pause, ascending.
    pub(crate) fn pauses(&self) -> Vec<Pauses> {
        let blocked = self.blocked();
        let pauses = |(node, supervised): (usize, &super::Supervised)| {
            let missing = |&of: &usize| blocked[node] && (self.nodes[of].state.is_down() || blocked[of]);
            let inputs = supervised.rule.depends_on.iter().copied().filter(missing).collect();
            Pauses { node, held: supervised.held, inputs }
        };
        let all = self.nodes.iter().enumerate().map(pauses);
        all.filter(|pauses| pauses.held || !pauses.inputs.is_empty()).collect()
    }
}
