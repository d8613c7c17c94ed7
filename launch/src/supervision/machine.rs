//! How states follow from one another.

use std::collections::BTreeSet;

use nevil_runtime::Time;

use super::{Action, EndReason, HowEnded, StartOutcome, State, Supervision};
use crate::rules::{GroupStrategy, OnInputDown, RestartPolicy};

/// What an event leads to besides what follows from the states: nodes that are given up, or the end of the robot.
#[derive(Default)]
pub(super) struct Outcome {
    given_up: Vec<Action>,
    end: Option<EndReason>,
}

impl Supervision {
    /// Lets an event change the states, and says all that follows.
    pub(super) fn react(&mut self, now: Time, event: impl FnOnce(&mut Self, Time) -> Outcome) -> Vec<Action> {
        if self.is_over {
            return Vec::new();
        }
        let outcome = event(self, now);
        if let Some(why) = outcome.end {
            self.is_over = true;
            return vec![Action::EndRobot { why }];
        }
        let orders = self.orders(now);
        let (before, after) = self.tell();
        let health = self.health(now);
        // Who is resumed is so before those are started that depend on it.
        before.into_iter().chain(after).chain(outcome.given_up).chain(orders).chain(health).collect()
    }

    pub(super) fn end(&mut self, node: usize, how: HowEnded, now: Time) -> Outcome {
        match self.nodes[node].state {
            State::Up => {}
            // It was to end anyway, which is no failure of its own.
            State::ToStop | State::Stopping => return self.stop(node, now),
            State::Starting | State::StartingToStop => return self.start(node, StartOutcome::Failed, now),
            State::Waiting | State::Finished | State::GivenUp => return Outcome::default(),
        }
        if how == HowEnded::Normally && self.nodes[node].rule.restart.policy != RestartPolicy::Permanent {
            self.set_down(node, State::Finished, now);
            return Outcome::default();
        }
        self.fail(node, now)
    }

    pub(super) fn stop(&mut self, node: usize, now: Time) -> Outcome {
        if !matches!(self.nodes[node].state, State::ToStop | State::Stopping) {
            return Outcome::default();
        }
        self.set_down(node, State::Waiting, now);
        let asked = std::mem::take(&mut self.nodes[node].asked);
        // Stopped for the sake of others, and never started a second time.
        if self.nodes[node].rule.restart.policy == RestartPolicy::Temporary && !asked {
            return self.give_up(&[node], now);
        }
        Outcome::default()
    }

    pub(super) fn start(&mut self, node: usize, outcome: StartOutcome, now: Time) -> Outcome {
        match (self.nodes[node].state, outcome) {
            (State::Starting, StartOutcome::Active) => self.nodes[node].state = State::Up,
            (State::Starting, StartOutcome::Failed) => return self.fail(node, now),
            (State::StartingToStop, StartOutcome::Active) => self.nodes[node].state = State::ToStop,
            // It is started with its group, whose failure came first.
            (State::StartingToStop, StartOutcome::Failed) => self.nodes[node].state = State::Waiting,
            _ => {}
        }
        Outcome::default()
    }

    /// A node has failed: it is started again, alone or with others, or it was once too often.
    fn fail(&mut self, node: usize, now: Time) -> Outcome {
        self.set_down(node, State::Waiting, now);
        let failed = &mut self.nodes[node];
        let rule = failed.rule.restart.clone();
        if rule.policy == RestartPolicy::Temporary {
            return self.give_up(&[node], now);
        }
        if failed.last_failure.is_none_or(|last| now.since(last) >= rule.period) {
            failed.failures = 0;
        }
        let due = now + rule.delay_after(failed.failures);
        failed.failures = failed.failures.saturating_add(1);
        failed.last_failure = Some(now);
        if failed.restarts.admit(now, rule.intensity, rule.period) {
            let with_it = self.falls_with(node);
            self.restart(&with_it, due);
            return Outcome::default();
        }
        match failed.rule.group {
            Some(group) => self.fail_group(group, due, now),
            None => self.give_up(&[node], now),
        }
    }

    /// A node of the group has failed too often.
    fn fail_group(&mut self, group: usize, due: Time, now: Time) -> Outcome {
        let failed = &mut self.groups[group];
        let (rule, members) = (failed.rule.clone(), failed.members.clone());
        if failed.restarts.admit(now, rule.intensity, rule.period) {
            for &member in &members {
                self.nodes[member].restarts.clear();
            }
            self.restart(&members, due);
            return Outcome::default();
        }
        if members.iter().any(|&member| self.nodes[member].rule.required) {
            let (name, intensity, period) = (rule.name, rule.intensity, rule.period);
            return Outcome { end: Some(EndReason::Group { name, intensity, period }), ..Outcome::default() };
        }
        self.give_up(&members, now)
    }

    /// The nodes that are started again with this one, which has failed, and itself.
    fn falls_with(&self, node: usize) -> Vec<usize> {
        let Some(group) = self.nodes[node].rule.group else { return vec![node] };
        let group = &self.groups[group];
        let members = group.members.iter().copied();
        match group.rule.strategy {
            GroupStrategy::OneForOne => vec![node],
            GroupStrategy::RestForOne => members.filter(|&member| member >= node).collect(),
            GroupStrategy::OneForAll => members.collect(),
        }
    }

    /// These nodes are stopped, and started not before `due`.
    fn restart(&mut self, nodes: &[usize], due: Time) {
        for &node in nodes {
            let node = &mut self.nodes[node];
            match node.state {
                State::Up => node.state = State::ToStop,
                State::Starting => node.state = State::StartingToStop,
                State::ToStop | State::Stopping | State::StartingToStop | State::Waiting => {}
                State::Finished | State::GivenUp => continue,
            }
            node.due = node.due.max(due);
        }
    }

    /// These nodes are never started again, and neither are those that cannot do without them.
    pub(super) fn give_up(&mut self, nodes: &[usize], now: Time) -> Outcome {
        let mut given_up: BTreeSet<usize> = nodes.iter().copied().collect();
        for (index, node) in self.nodes.iter().enumerate() {
            let cannot_do_without = !node.state.is_over()
                && node.rule.on_input_down == OnInputDown::Pause
                && node.rule.depends_on.iter().any(|of| given_up.contains(of));
            if cannot_do_without {
                given_up.insert(index);
            }
        }
        given_up.retain(|&node| !self.nodes[node].state.is_over());
        if let Some(node) = given_up.iter().map(|&node| &self.nodes[node].rule).find(|rule| rule.required) {
            return Outcome { end: Some(EndReason::Node { name: node.name.clone() }), ..Outcome::default() };
        }
        let mut actions = Vec::new();
        for &node in given_up.iter().rev() {
            let state = self.nodes[node].state;
            if !matches!(state, State::Stopping | State::Waiting) {
                actions.push(Action::Stop(node));
            }
            self.set_down(node, State::GivenUp, now);
        }
        actions.extend(given_up.into_iter().map(Action::GiveUp));
        Outcome { given_up: actions, end: None }
    }

    /// The node works no longer, and knows nothing of what it was told.
    pub(super) fn set_down(&mut self, node: usize, state: State, now: Time) {
        self.told.retain(|&(told, _)| told != node);
        let node = &mut self.nodes[node];
        if !node.state.is_down() {
            node.since = now;
        }
        node.state = state;
        node.paused = false;
    }
}
