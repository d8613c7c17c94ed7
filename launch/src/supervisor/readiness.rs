//! When a node is ready: those that depend on it are activated then.

use nevil_runtime::{NodeState, OrderError, Phase, Time};

use super::Supervisor;
use super::nodes::Asked;
use crate::exit::Exit;
use crate::rules::ReadyWhen;

/// How often is looked whether a node that is waited for is ready: who publishes wakes nobody for that.
pub(super) const READY_LOOK: std::time::Duration = std::time::Duration::from_millis(5);

/// What is waited for of a node that is active.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadyWait {
    since: Time,
    pub(super) until: Time,
    /// Messages that it had published on its topic before this life was activated.
    before: u64,
}

impl Supervisor {
    /// What has to be known before a node is activated, so that it can be said when it is ready.
    pub(super) fn ready_wait(&self, index: usize) -> ReadyWait {
        let (since, rule) = (self.robot.now(), &self.plan.nodes[index].ready);
        ReadyWait { since, until: since + rule.timeout, before: self.published(index) }
    }

    /// Whether the node, which is active, is ready. One that pauses because somebody wants it to has nothing to say, and is not
    /// waited for.
    pub(super) fn is_ready(&self, index: usize, wait: &ReadyWait) -> bool {
        if self.supervision.is_held(index) {
            return true;
        }
        match self.plan.nodes[index].ready.when {
            ReadyWhen::Activate => true,
            ReadyWhen::Called => self.robot.nodes[index].has_called_ready(),
            ReadyWhen::Topic(_) => self.published(index) > wait.before,
        }
    }

    /// That it was not ready in time.
    pub(super) fn not_ready(&self, index: usize, wait: &ReadyWait) -> OrderError {
        let what = match &self.plan.nodes[index].ready.when {
            ReadyWhen::Activate => "it is active".to_owned(),
            ReadyWhen::Called => "its code has not called `ctx.ready()`".to_owned(),
            ReadyWhen::Topic(topic) => format!("it has published nothing on `{topic}`"),
        };
        OrderError::NotReady { waited: self.robot.now().since(wait.since), what }
    }

    fn published(&self, index: usize) -> u64 {
        let ReadyWhen::Topic(topic) = &self.plan.nodes[index].ready.when else { return 0 };
        let Ok(counts) = self.robot.environment.bus().counts(topic) else { return 0 };
        let name = self.robot.nodes[index].instance();
        let of_node = counts.publishers.iter().filter(|(publisher, _)| **publisher == **name);
        of_node.map(|(_, counts)| counts.accepted).sum()
    }

    /// Activates all nodes, each when all that it depends on is ready, and otherwise in the order of the plan.
    pub(super) fn activate_all(&mut self) -> Result<(), Exit> {
        let mut left: Vec<usize> = (0..self.plan.nodes.len()).collect();
        let mut unready: Vec<(usize, ReadyWait)> = Vec::new();
        loop {
            self.look_at_unready(&mut unready)?;
            let before = left.len();
            let mut waiting = Vec::new();
            for index in left {
                let depends_on = &self.plan.nodes[index].depends_on;
                let is_of = |(other, _): &(usize, ReadyWait)| {
                    depends_on.contains(&self.plan.nodes[*other].spec.instance)
                };
                // What waits itself is waited for.
                let is_waiting = |other: &usize| depends_on.contains(&self.plan.nodes[*other].spec.instance);
                if unready.iter().any(is_of) || waiting.iter().any(is_waiting) {
                    waiting.push(index);
                } else if let Some(wait) = self.activate(index)? {
                    unready.push((index, wait));
                    self.look_at_unready(&mut unready)?;
                }
                if self.is_to_stop() {
                    return Err(Exit::Ok);
                }
            }
            let stands = waiting.len() == before;
            left = waiting;
            if left.is_empty() && unready.is_empty() {
                return Ok(());
            }
            if stands || left.is_empty() {
                self.waker.wait(Some(READY_LOOK));
            }
        }
    }

    /// Activates a node, if it can be; what is waited for then.
    fn activate(&mut self, index: usize) -> Result<Option<ReadyWait>, Exit> {
        if !self.can_activate(index) {
            return Ok(None);
        }
        let wait = self.ready_wait(index);
        self.robot.nodes[index].order(Phase::Activate);
        let activated = self.wait_for_start(index, self.robot.now() + self.plan.start_timeout);
        let is_active = activated.is_ok();
        self.started(index, Phase::Activate, activated)?;
        let waits = is_active && self.plan.nodes[index].ready.when != ReadyWhen::Activate;
        Ok(waits.then(|| {
            self.robot.set_ready(index, false);
            // From now on, and not while it was activated.
            ReadyWait { until: self.robot.now() + self.plan.nodes[index].ready.timeout, ..wait }
        }))
    }

    /// Leaves those that are ready by now out of `unready`, and those that can be no longer.
    fn look_at_unready(&mut self, unready: &mut Vec<(usize, ReadyWait)>) -> Result<(), Exit> {
        for (index, wait) in std::mem::take(unready) {
            let is_up = matches!(self.robot.nodes[index].state(), NodeState::Active | NodeState::Paused);
            if is_up && self.is_ready(index, &wait) {
                self.robot.set_ready(index, true);
            } else if is_up && self.robot.now() < wait.until {
                unready.push((index, wait));
            } else {
                let error = match self.robot.nodes[index].take_failure() {
                    Some(failure) => OrderError::Refused(nevil_runtime::NodeError::new(failure.to_string())),
                    None => self.not_ready(index, &wait),
                };
                self.robot.set_ready(index, true);
                self.started(index, Phase::Activate, Err(error))?;
                // It is active, and goes no further.
                if !self.robot.nodes[index].is_given_up() {
                    self.end(index, Asked::ByFailure);
                }
            }
        }
        Ok(())
    }
}
