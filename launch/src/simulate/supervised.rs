//! Nodes that fail in virtual time are started again by the same rules as in real time.

use std::sync::Arc;
use std::time::Duration;

use nevil_runtime::{InputDown, SimulatedRobot, SimulationError};

use crate::exit::Exit;
use crate::supervision::{Action, HowEnded, StartOutcome, Supervision};

/// A simulated robot, and what follows when one of its nodes fails.
pub(super) struct Supervised<'a> {
    pub(super) robot: &'a mut SimulatedRobot,
    pub(super) supervision: Supervision,
    /// Of its nodes, in the order of their start.
    pub(super) names: Vec<Arc<str>>,
}

impl Supervised<'_> {
    /// Runs for `duration` of virtual time, or until the robot is to end.
    pub(super) fn run_for(&mut self, duration: Duration) -> Result<(), (String, Exit)> {
        let end = self.robot.now() + duration;
        loop {
            let next = self.supervision.due().unwrap_or(end).min(end);
            let now = self.robot.now();
            match self.robot.run_for(next.since(now)) {
                Ok(()) if self.robot.now() >= end => return Ok(()),
                Ok(()) => {
                    let actions = self.supervision.act(self.robot.now());
                    self.obey(actions)?;
                }
                Err(SimulationError::Failed { node, failure }) => {
                    let Some(index) = self.names.iter().position(|name| *name == node) else {
                        return Err((format!("node `{node}` failed: {failure}"), Exit::NodeFailed));
                    };
                    self.robot.end_life(index);
                    let actions = self.supervision.ended(index, HowEnded::Failed, self.robot.now());
                    self.obey(actions)
                        .map_err(|(why, exit)| (format!("{why}; node `{node}` failed: {failure}"), exit))?;
                }
                Err(error) => return Err((error.to_string(), Exit::NodeFailed)),
            }
        }
    }

    fn obey(&mut self, actions: Vec<Action>) -> Result<(), (String, Exit)> {
        for action in actions {
            match action {
                Action::Stop(node) => {
                    self.robot.end_life(node);
                    let actions = self.supervision.stopped(node, self.robot.now());
                    self.obey(actions)?;
                }
                Action::Start(node) => self.start(node)?,
                Action::InputDown { node, of, since } => {
                    let (told, down) = (&self.names[node], &self.names[of]);
                    let topics = self.robot.environment().bus().topics_between(down, told);
                    let input = InputDown { node: Arc::clone(down), since, topics };
                    self.robot.tell_down(node, &input);
                }
                Action::Pause(node) => self.robot.pause(node),
                Action::Resume(node) => self.robot.resume(node),
                Action::GiveUp(node) => tracing::warn!("node `{}` is not started again", self.names[node]),
                Action::Degraded { why, .. } => tracing::warn!("the robot is degraded: {why}"),
                Action::InputUp { .. } | Action::Healthy => {}
                Action::EndRobot { why } => {
                    return Err((format!("the robot stops: {why}"), Exit::NodeFailed));
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, node: usize) -> Result<(), (String, Exit)> {
        let outcome = match self.robot.begin_life(node) {
            Ok(()) => StartOutcome::Active,
            Err(error) => {
                tracing::warn!("{error}");
                StartOutcome::Failed
            }
        };
        let actions = self.supervision.started(node, outcome, self.robot.now());
        self.obey(actions)
    }
}
