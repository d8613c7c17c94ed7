//! Nodes that fail while the robot runs: what `supervision` decides is done here, and nothing is waited for.
//!
//! ```text
//!   failed ──► Ending: deactivate ─► shut down ──┐
//!   hung ────► given up, nothing to end ─────────┴─► nothing ──► Starting: configure ─► activate ──► up again
//! ```

use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Arc;
use std::time::Duration;

use nevil_runtime::{
    BreakerState, Criticality, Failure, InputDown, NodeState, OnHang, OrderError, Phase, Time,
};

use super::readiness::{READY_LOOK, ReadyWait};
use super::{Supervisor, lock};
use crate::exit::Exit;
use crate::supervision::{Action, HowEnded, StartOutcome};

/// How long a node that has answered late, and hangs nowhere, is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What is being done with a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Doing {
    #[default]
    Nothing,
    /// Its life ends: `Deactivate`, then `Shutdown`.
    Ending { phase: Phase, until: Time, asked: Asked, then: Then },
    /// Its next life begins: `Configure`, then `Activate`.
    Starting { phase: Phase, until: Time, wait: Option<ReadyWait> },
    /// It is active, and is waited for until it is ready.
    GettingReady(ReadyWait),
}

/// Who wants a life to end. Supervision, which comes last, is told when it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    ByFailure,
    BySupervision,
}

/// What follows when a life has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    Start,
}

impl Doing {
    const fn until(self) -> Option<Time> {
        match self {
            Self::Nothing => None,
            Self::Ending { until, .. } | Self::Starting { until, .. } => Some(until),
            Self::GettingReady(wait) => Some(wait.until),
        }
    }
}

impl Supervisor {
    /// Looks at what has happened, and does what follows. A break ends the robot.
    pub(super) fn supervise(&mut self) -> ControlFlow<Exit> {
        let zombies = self.robot.environment.zombies();
        if zombies as usize > self.plan.zombies_max {
            tracing::error!(
                "the robot stops, because {zombies} threads hang, and at most {} may (`zombies_max`)",
                self.plan.zombies_max
            );
            return Break(Exit::NodeFailed);
        }
        for index in 0..self.plan.nodes.len() {
            if let Some(failure) = self.robot.nodes[index].take_failure() {
                self.failed(index, &failure)?;
            }
        }
        self.look_at_breakers()?;
        self.save_resources()?;
        for index in 0..self.plan.nodes.len() {
            self.advance(index)?;
        }
        let actions = self.supervision.act(self.robot.now());
        self.obey(actions)
    }

    /// When there is something to do without being woken.
    pub(super) fn next_due(&self) -> Option<Time> {
        let look_again = self.robot.now() + READY_LOOK;
        let doing = self.doing.iter().filter_map(|doing| match doing {
            Doing::GettingReady(wait) => Some(wait.until.min(look_again)),
            doing => doing.until(),
        });
        doing.chain(self.supervision.due()).min()
    }

    /// A node can go on no longer. A break ends the robot.
    fn failed(&mut self, index: usize, failure: &Failure) -> ControlFlow<Exit> {
        let node = &self.robot.nodes[index];
        let name = Arc::clone(node.instance());
        if node.is_given_up() {
            if let Some(device) = node.stuck_device() {
                tracing::error!(
                    "the robot stops, because node `{name}` hangs in device `{device}`, which cannot be opened twice"
                );
                return Break(Exit::NodeFailed);
            }
            if matches!(failure, Failure::Hung { .. })
                && self.plan.nodes[index].spec.rules.on_hang == OnHang::SafeStop
            {
                tracing::error!("the robot stops, because node `{name}` hangs and has `on_hang: safe_stop`");
                return Break(Exit::NodeFailed);
            }
            if let Err(error) = node.leave_bus() {
                tracing::warn!("node `{name}`: what it subscribes to ends with its next life: {error}");
            }
            let before = std::mem::take(&mut self.doing[index]);
            if let Doing::Ending { then: Then::Start, .. } = before {
                // It hung in the end of a life that has been charged already.
                self.robot.note_failure(&name, failure.to_string());
                return self.begin(index);
            }
        } else {
            self.end(index, Asked::ByFailure);
        }
        self.robot.note_failure(&name, failure.to_string());
        let actions = self.supervision.ended(index, HowEnded::Failed, self.robot.now());
        self.obey(actions)
    }

    /// What an open breaker means for the robot.
    fn look_at_breakers(&mut self) -> ControlFlow<Exit> {
        let now = self.robot.now();
        for breaker in self.robot.environment.breakers().list() {
            let name = breaker.name();
            let state = breaker.state(now);
            if state != BreakerState::Open {
                self.open_breakers.remove(name);
                // A probe has not succeeded yet, and an operator or an emergency stop says nothing about its health.
                if !matches!(state, BreakerState::HalfOpen | BreakerState::ForcedOpen) {
                    self.degrading.remove(name);
                }
                continue;
            }
            // One that is busy is looked at again with the next event; its opening was one.
            let Ok(policy) = breaker.policy() else { continue };
            let generation = breaker.generation();
            if self.open_breakers.insert(name.to_owned(), generation) == Some(generation) {
                continue;
            }
            if lock(&self.robot.operated).get(name) == Some(&generation) {
                // An operator's will, which says nothing about its health.
                continue;
            }
            if policy.criticality >= Criticality::Degrade {
                self.degrading.insert(name.to_owned());
            }
            match policy.criticality {
                Criticality::Ignore => tracing::info!("breaker `{name}` is open"),
                Criticality::Degrade => tracing::warn!("breaker `{name}` is open; the robot is degraded"),
                Criticality::SafeStop => {
                    tracing::error!(
                        "the robot stops, because breaker `{name}` is open and has `criticality: safe_stop`"
                    );
                    return Break(Exit::NodeFailed);
                }
                Criticality::StopNode => self.stop_node_of(name)?,
            }
        }
        self.degrade_nodes();
        Continue(())
    }

    /// Lets each node work with the parameters that go with the state of its breakers.
    fn degrade_nodes(&self) {
        for (node, planned) in self.robot.nodes.iter().zip(&self.plan.nodes) {
            if planned.spec.degraded.is_some() {
                let is_of = |breaker: &String| node_of(breaker) == &*planned.spec.instance;
                node.set_degraded(self.degrading.iter().any(is_of));
            }
        }
    }

    fn stop_node_of(&mut self, breaker: &str) -> ControlFlow<Exit> {
        let node = node_of(breaker);
        let Some(index) = self.plan.nodes.iter().position(|planned| *planned.spec.instance == *node) else {
            // One that no node has: nothing to stop.
            return Continue(());
        };
        tracing::warn!("node `{node}` is stopped, because its breaker `{breaker}` is open (`stop_node`)");
        self.stop_failed(index, format!("breaker `{breaker}` is open"))
    }

    /// Ends the life of a node that runs, as if it had failed because of `why`.
    pub(super) fn stop_failed(&mut self, index: usize, why: String) -> ControlFlow<Exit> {
        self.end(index, Asked::ByFailure);
        self.robot.note_failure(&Arc::clone(self.robot.nodes[index].instance()), why);
        let actions = self.supervision.ended(index, HowEnded::Failed, self.robot.now());
        self.obey(actions)
    }

    pub(super) fn obey(&mut self, actions: Vec<Action>) -> ControlFlow<Exit> {
        for action in actions {
            match action {
                Action::Stop(node) => self.end(node, Asked::BySupervision),
                Action::Start(node) => self.begin(node)?,
                Action::InputDown { node, of, since } => self.tell_down(node, of, since),
                Action::InputUp { node, of } => tracing::info!(
                    "node `{}`: `{}` is up again",
                    self.robot.nodes[node].instance(),
                    self.robot.nodes[of].instance()
                ),
                Action::Pause(node) => self.robot.nodes[node].order(Phase::Pause),
                Action::Resume(node) => self.robot.nodes[node].order(Phase::Resume),
                Action::GiveUp(node) => {
                    tracing::warn!("node `{}` is not started again", self.robot.nodes[node].instance());
                }
                Action::Degraded { since, why } => {
                    tracing::warn!("the robot is degraded: {why}");
                    self.watchdogs.status(&format!("degraded: {why}"));
                    self.robot.set_degraded(Some((since, why)));
                }
                Action::Healthy => {
                    tracing::info!("the robot has all of its nodes again");
                    self.watchdogs.status("all nodes are up");
                    self.robot.set_degraded(None);
                }
                Action::EndRobot { why } => {
                    tracing::error!("the robot stops: {why}");
                    return Break(Exit::NodeFailed);
                }
            }
        }
        let down = self.supervision.down();
        let down =
            down.into_iter().map(|(node, since)| (Arc::clone(self.robot.nodes[node].instance()), since));
        self.robot.set_supervised(down.collect(), self.supervision.pauses());
        Continue(())
    }

    fn tell_down(&self, node: usize, of: usize, since: Time) {
        let (told, down) = (self.robot.nodes[node].instance(), self.robot.nodes[of].instance());
        let bus = self.robot.environment.bus();
        let topics = bus.topics_between(down, told);
        tracing::info!("node `{told}` is told that `{down}` is down");
        let input = InputDown { node: Arc::clone(down), since, topics };
        self.robot.nodes[node].tell_down(vec![input]);
    }

    /// Ends the life of a node, without waiting for it; `asked` by supervision, which is told then.
    pub(super) fn end(&mut self, index: usize, asked: Asked) {
        self.robot.set_ready(index, true);
        let node = &self.robot.nodes[index];
        match &mut self.doing[index] {
            Doing::Ending { asked: before, .. } => *before = (*before).max(asked),
            doing => {
                let configured = !matches!(node.state(), NodeState::Starting | NodeState::Stopped);
                let phase = if configured { Phase::Deactivate } else { Phase::Shutdown };
                let until = self.robot.now() + self.plan.shutdown_timeout;
                *doing = Doing::Ending { phase, until, asked, then: Then::Nothing };
                // What was given up does not hear it, and needs no end.
                node.order(phase);
            }
        }
    }

    /// Begins the next life of a node: at once, or when the one before it has ended.
    fn begin(&mut self, index: usize) -> ControlFlow<Exit> {
        if let Doing::Ending { then, .. } = &mut self.doing[index] {
            *then = Then::Start;
            return Continue(());
        }
        let (node, now) = (&self.robot.nodes[index], self.robot.now());
        if !node.is_given_up() && !node.is_shut_down() {
            // One that could not be started with the robot: what there is of its life ends first.
            self.end(index, Asked::ByFailure);
            return self.begin(index);
        }
        self.hung.retain(|hung| hung != node.instance());
        tracing::info!("node `{}` is started again", node.instance());
        let until = now + self.plan.start_timeout;
        self.doing[index] = Doing::Starting { phase: Phase::Configure, until, wait: None };
        match node.respawn() {
            Ok(()) => Continue(()),
            Err(error) => self.start_failed(index, Phase::Configure, &error),
        }
    }

    /// Goes on with what is being done with a node.
    fn advance(&mut self, index: usize) -> ControlFlow<Exit> {
        if let Doing::GettingReady(wait) = self.doing[index] {
            return self.get_ready(index, &wait);
        }
        let Some(answer) = self.answer(index) else { return Continue(()) };
        let name = Arc::clone(self.robot.nodes[index].instance());
        match self.doing[index] {
            Doing::Nothing | Doing::GettingReady(_) => Continue(()),
            Doing::Ending { phase, until, asked, then } => {
                if let Err(error) = &answer {
                    tracing::warn!("node `{name}` failed to {phase}: {error}");
                }
                if phase == Phase::Deactivate && !self.robot.nodes[index].is_given_up() {
                    self.doing[index] = Doing::Ending { phase: Phase::Shutdown, until, asked, then };
                    self.robot.nodes[index].order(Phase::Shutdown);
                    return Continue(());
                }
                self.doing[index] = Doing::Nothing;
                if asked == Asked::BySupervision {
                    let actions = self.supervision.stopped(index, self.robot.now());
                    self.obey(actions)?;
                }
                if then == Then::Start { self.begin(index) } else { Continue(()) }
            }
            Doing::Starting { phase, until, wait } => match answer {
                Err(error) => self.start_failed(index, phase, &error),
                Ok(()) if phase == Phase::Configure => {
                    // A topic that only this life has gets its pool.
                    if let Err(error) = self.robot.environment.seal() {
                        tracing::error!("node `{name}`: {error}");
                    }
                    let wait = Some(self.ready_wait(index));
                    self.doing[index] = Doing::Starting { phase: Phase::Activate, until, wait };
                    self.robot.nodes[index].order(Phase::Activate);
                    Continue(())
                }
                Ok(()) => {
                    let wait = wait.unwrap_or_else(|| self.ready_wait(index));
                    self.robot.set_ready(index, self.is_ready(index, &wait));
                    self.get_ready(index, &wait)
                }
            },
        }
    }

    /// Goes on with a node that is active, if it is ready.
    fn get_ready(&mut self, index: usize, wait: &ReadyWait) -> ControlFlow<Exit> {
        if self.is_ready(index, wait) {
            self.doing[index] = Doing::Nothing;
            self.robot.set_ready(index, true);
            tracing::info!("node `{}` is up again", self.robot.nodes[index].instance());
            let actions = self.supervision.started(index, StartOutcome::Active, self.robot.now());
            return self.obey(actions);
        }
        if self.robot.now() >= wait.until {
            let error = self.not_ready(index, wait);
            return self.start_failed(index, Phase::Activate, &error);
        }
        self.doing[index] = Doing::GettingReady(*wait);
        Continue(())
    }

    fn start_failed(&mut self, index: usize, phase: Phase, error: &OrderError) -> ControlFlow<Exit> {
        let name = Arc::clone(self.robot.nodes[index].instance());
        tracing::warn!("node `{name}` failed to {phase} again: {error}");
        self.doing[index] = Doing::Nothing;
        if !self.robot.nodes[index].is_given_up() {
            self.end(index, Asked::ByFailure);
        }
        let why = format!("failed to {phase}: {error}");
        self.tell_start_failed(index, &why);
        self.robot.note_failure(&name, format!("it {why}"));
        let actions = self.supervision.started(index, StartOutcome::Failed, self.robot.now());
        self.obey(actions)
    }

    /// The answer to the phase that a node was ordered, if there is one. A node that hangs in it is given up when its time is
    /// over.
    fn answer(&mut self, index: usize) -> Option<Result<(), OrderError>> {
        let until = self.doing[index].until()?;
        let (node, now) = (&self.robot.nodes[index], self.robot.now());
        if let Some(answer) = node.poll() {
            return Some(answer);
        }
        if node.is_given_up() {
            // While it was waited for, by who watches callbacks.
            return Some(Err(OrderError::Late { waited: node.waited() }));
        }
        if now < until {
            return None;
        }
        if node.give_up() {
            return Some(Err(OrderError::Late { waited: node.waited() }));
        }
        // It is between two calls, and answers soon.
        let (Doing::Ending { until, .. } | Doing::Starting { until, .. }) = &mut self.doing[index] else {
            return None;
        };
        *until = now + LOOK_AGAIN;
        None
    }
}

/// The node that a breaker belongs to.
fn node_of(breaker: &str) -> &str {
    breaker.split_once('.').map_or(breaker, |(node, _)| node)
}
