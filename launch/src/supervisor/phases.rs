//! Start and stop, phase by phase.

use std::mem;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nevil_runtime::limits::MAKE_SAFE_DEADLINE;
use nevil_runtime::{
    EmergencyStopNotice, HealthNotice, NodeState, OrderError, Phase, Safety, ThreadedNode, Time, TopicError,
};

use super::{Ended, Supervisor, lock};
use crate::control::ControlServer;
use crate::exit::Exit;
use crate::file::{LockMemory, OnDenied};
use crate::limits::END_WAIT_MIN;
use crate::reload::{Live, difference};
use crate::status::RobotPhase;

impl Supervisor {
    /// Configures all nodes, then activates them in order.
    pub(super) fn start(&mut self) -> Result<(), Exit> {
        self.lock_memory()?;
        // They have all begun at the same time, and all of their problems are told.
        let deadline = self.robot.now() + self.plan.start_timeout;
        let mut outcome = Ok(());
        for index in 0..self.plan.nodes.len() {
            let configured = self.wait_for_start(index, deadline);
            let configured = self.started(index, Phase::Configure, configured);
            outcome = outcome.and(configured);
        }
        outcome?;
        self.name_callbacks();
        let connected = self.declare_notice().and_then(|()| self.robot.environment.seal());
        if let Err(error) = connected {
            tracing::error!("{error}");
            return Err(Exit::NotStarted);
        }
        self.begin_in_mode();
        self.check_denied()?;
        self.start_safety()?;
        self.activate_all()?;
        self.leave_out()
    }

    pub(super) fn is_to_stop(&self) -> bool {
        self.robot.stop.load(Ordering::Acquire)
    }

    /// Gives topics the depths of the mode that the robot begins in, which are at most those of the first one.
    fn begin_in_mode(&self) {
        let Some((_, first)) = self.plan.modes.first() else { return };
        for live in difference(first, &self.plan).live {
            if let Live::Depth { topic, node, depth } = live
                && let Err(error) = self.robot.environment.bus().set_depth(&topic, node.as_deref(), depth)
            {
                tracing::error!("{error}");
            }
        }
    }

    /// Lets a crash be charged to a callback by its name.
    fn name_callbacks(&self) {
        let names = self.robot.nodes.iter().map(ThreadedNode::callbacks).collect();
        let named = lock(&self.robot.crashes).as_mut().map(|record| record.set_callbacks(names));
        if let Some(Err(error)) = named {
            tracing::warn!("crashes of this robot are charged by number only: {error}");
        }
    }

    /// Goes on without the nodes that could not be started, and are not required.
    fn leave_out(&mut self) -> Result<(), Exit> {
        // One that has failed since it was started is seen to as any other.
        let missing = |index: &usize| {
            let node = &self.robot.nodes[*index];
            let runs = matches!(node.state(), NodeState::Active | NodeState::Paused | NodeState::Failed);
            !runs || self.not_started.contains(index) || self.is_hung(*index)
        };
        let missing: Vec<_> = (0..self.robot.nodes.len()).filter(missing).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let actions = self.supervision.left_out(&missing, self.robot.now());
        match self.obey(actions) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(exit) => Err(exit),
        }
    }

    /// Declares the topics of the emergency stop and of the robot's health, and has the supervisor woken by each change of it.
    fn declare_notice(&mut self) -> Result<(), TopicError> {
        let (environment, waker) = (&self.robot.environment, self.waker.clone());
        let stop = environment.emergency_stop();
        self.notice = Some(EmergencyStopNotice::declare(stop, environment.bus())?);
        self.health_notice = Some(HealthNotice::declare(environment.bus())?);
        stop.on_change(move |_| waker.wake());
        Ok(())
    }

    /// Whether a node is configured and all that it depends on is active. A required node depends on required ones only.
    pub(super) fn can_activate(&self, index: usize) -> bool {
        let node = &self.plan.nodes[index];
        let missing = node.depends_on.iter().find(|name| {
            let of_name = self.robot.nodes.iter().find(|other| other.instance() == *name);
            let is_up = |other: &ThreadedNode| matches!(other.state(), NodeState::Active | NodeState::Paused);
            // One that was not ready in time is about to end.
            let is_left_out = |other: &ThreadedNode| {
                self.not_started.iter().any(|index| self.robot.nodes[*index].instance() == other.instance())
            };
            of_name.is_none_or(|other| !is_up(other) || is_left_out(other))
        });
        if self.suspects.iter().any(|suspect| *node.spec.instance == **suspect) {
            tracing::error!(
                "node `{}` is left out, because it was at work each time the robot crashed; look at what it calls, or \
                 start the robot again when a minute has passed",
                node.spec.instance
            );
            return false;
        }
        if let Some(missing) = missing {
            tracing::warn!("node `{}` is left out, because `{missing}` is not active", node.spec.instance);
        }
        // One that was late may be configured by now; but its queues were not planned, and nobody attends its actuators.
        missing.is_none() && self.robot.nodes[index].state() == NodeState::Configured && !self.is_hung(index)
    }

    /// What the outcome of a start phase means for the robot.
    pub(super) fn started(
        &mut self,
        index: usize,
        phase: Phase,
        outcome: Result<(), OrderError>,
    ) -> Result<(), Exit> {
        let Err(error) = outcome else { return Ok(()) };
        // A node that is refused because the robot stops has not failed.
        if self.robot.stop.load(Ordering::Acquire)
            && !matches!(error, OrderError::Late { .. } | OrderError::GivenUp { .. })
        {
            return Err(Exit::Ok);
        }
        let node = &self.plan.nodes[index];
        let name = &node.spec.instance;
        match error {
            OrderError::Late { .. } => {
                // Nothing begins on its behalf any more, should it come back.
                self.robot.nodes[index].give_up();
                self.hung.push(Arc::clone(name));
            }
            OrderError::GivenUp { .. } => {
                tracing::warn!("node `{name}` has not ended to {phase}: {error}");
                return Err(Exit::Ok);
            }
            _ => {}
        }
        if node.required {
            tracing::error!("node `{name}` failed to {phase}: {error}; it is required, so the robot stops");
            return Err(Exit::NotStarted);
        }
        tracing::warn!("node `{name}` failed to {phase}: {error}; the robot goes on without it");
        self.robot.note_failure(name, format!("it failed to {phase}: {error}"));
        // That it panicked is told with this, and is no failure of a node that runs.
        drop(self.robot.nodes[index].take_failure());
        self.not_started.push(index);
        Ok(())
    }

    fn start_safety(&mut self) -> Result<(), Exit> {
        let moves = !self.robot.environment.actuators().counts().is_empty();
        let guard = moves.then(Self::start_guard).transpose();
        let safety = guard.and_then(|guard| Safety::start(&self.robot.environment, guard));
        match safety {
            Ok(safety) => {
                if let Some(denied) = safety.thread_report().denied.first() {
                    self.robot.deny(format!("the safety thread is not elevated: {denied}"));
                }
                self.safety = Some(safety);
                Ok(())
            }
            Err(error) => {
                tracing::error!(
                    "the guard process could not be started: {error}; nothing may move without it"
                );
                Err(Exit::NotStarted)
            }
        }
    }

    fn lock_memory(&self) -> Result<(), Exit> {
        if self.plan.lock_memory == LockMemory::Off {
            return Ok(());
        }
        let Err(error) = nevil_runtime::os::lock_memory() else { return Ok(()) };
        self.robot.deny(format!(
            "not permitted to lock memory ({error}); grant CAP_IPC_LOCK or raise `memlock` in limits.conf \
             (docs/guide/realtime.md)"
        ));
        if self.plan.lock_memory == LockMemory::Require {
            tracing::error!("the robot is not started, because its launch file says `lock_memory: require`");
            return Err(Exit::NotStarted);
        }
        Ok(())
    }

    /// Says what the kernel has denied to the nodes' threads, and ends the start if the file wants that.
    fn check_denied(&self) -> Result<(), Exit> {
        let reports: Vec<_> = self.robot.nodes.iter().filter_map(|node| node.thread_report()).collect();
        let denied: Vec<_> = reports.iter().filter(|report| !report.denied.is_empty()).collect();
        let Some(first) = denied.first() else { return Ok(()) };
        let threads: Vec<_> = denied.iter().map(|report| report.name.as_str()).collect();
        tracing::warn!("threads {} were denied what they want: {}", threads.join(", "), first.denied[0]);
        if self.plan.on_denied == OnDenied::Fail {
            tracing::error!("the robot is not started, because its launch file says `on_denied: fail`");
            return Err(Exit::NotStarted);
        }
        Ok(())
    }

    /// Waits for the report of a node, and gives up the start when the robot is to stop.
    pub(super) fn wait_for_start(&self, index: usize, deadline: Time) -> Result<(), OrderError> {
        self.robot.nodes[index].wait(deadline, &mut |longest: Duration| {
            if self.robot.stop.load(Ordering::Acquire) {
                return ControlFlow::Break(());
            }
            self.waker.wait(Some(longest));
            ControlFlow::Continue(())
        })
    }

    fn wait_for_end(&self, index: usize, deadline: Time) -> Result<(), OrderError> {
        self.robot.nodes[index].wait(deadline, &mut |longest: Duration| {
            self.waker.wait(Some(longest));
            ControlFlow::Continue(())
        })
    }

    /// Stops everything in order, whatever came before, and says how the robot ended.
    pub(super) fn stop(mut self, exit: Exit, control: Option<ControlServer>) -> Ended {
        self.robot.set_phase(RobotPhase::Stopping);
        self.end_operator();
        if self.robot.again.load(Ordering::Acquire) && exit == Exit::Ok {
            self.watchdogs.restarting(self.robot.now());
        } else {
            self.watchdogs.stopping();
        }
        if self.plan.shutdown_timeout >= self.plan.watchdog.timeout {
            // The stop may take longer than the hardware would wait.
            mem::take(&mut self.watchdogs).stopped();
        }
        let began = self.robot.now();
        // First nothing moves any more.
        let overdue = self.robot.environment.actuators().inhibit(MAKE_SAFE_DEADLINE);
        for name in &overdue {
            tracing::error!("actuator `{name}` was not made safe within {MAKE_SAFE_DEADLINE:?}");
        }
        let safe_after = overdue.is_empty().then(|| self.robot.now().since(began));
        let deadline = began + self.plan.shutdown_timeout;
        for index in (0..self.plan.nodes.len()).rev() {
            self.deactivate(index, deadline);
        }
        for index in (0..self.plan.nodes.len()).rev() {
            self.shut_down(index, deadline);
        }
        let unsafe_still = self.robot.environment.actuators().make_safe(MAKE_SAFE_DEADLINE);
        for name in &unsafe_still {
            tracing::error!(
                "actuator `{name}` is not safe; the guard process goes on trying when this one has ended"
            );
        }
        let left_behind = self.robot.nodes.iter().any(ThreadedNode::has_left_behind);
        let in_use = self.robot.environment.actuators().are_in_use();
        let zombies = self.robot.environment.zombies();
        let clean =
            self.hung.is_empty() && unsafe_still.is_empty() && !left_behind && !in_use && zombies == 0;
        // With something unsafe or hanging the guard is not released: it fires when this process ends.
        if clean && let Some(safety) = self.safety.take() {
            safety.end();
        }
        if clean {
            mem::take(&mut self.watchdogs).stopped();
        }
        self.robot.note_end();
        // Neither a tool nor the robot itself publishes any more when the accounts are read.
        drop(control);
        drop(self.health.take());
        // Threads that were left behind may be publishing.
        let at_rest = self.hung.is_empty() && !left_behind && zombies == 0;
        let imbalances = if at_rest { self.robot.environment.bus().imbalances() } else { Vec::new() };
        for line in &imbalances {
            tracing::error!("an account does not balance: {line}");
        }
        let safe_after = safe_after.filter(|_| unsafe_still.is_empty());
        self.say_stopped(safe_after, self.robot.now().since(began));
        let exit = match exit {
            Exit::Ok if !clean => Exit::Forced,
            Exit::Ok if self.ended_badly => Exit::NodeFailed,
            Exit::Ok if !imbalances.is_empty() => Exit::Unbalanced,
            exit => exit,
        };
        let again = self.robot.again.load(Ordering::Acquire);
        if again && exit != Exit::Ok {
            tracing::error!("the robot is not started again, because it did not end well");
        }
        Ended { exit, at_once: !clean, again }
    }

    fn deactivate(&mut self, index: usize, deadline: Time) {
        // One that is configured may be in the middle of its activation, which was given up.
        let state = self.robot.nodes[index].state();
        if !matches!(state, NodeState::Starting | NodeState::Inactive | NodeState::Stopped)
            && !self.is_hung(index)
        {
            self.end_phase(index, Phase::Deactivate, deadline);
        }
    }

    fn shut_down(&mut self, index: usize, deadline: Time) {
        let state = self.robot.nodes[index].state();
        if !matches!(state, NodeState::Starting | NodeState::Stopped) && !self.is_hung(index) {
            self.end_phase(index, Phase::Shutdown, deadline);
        }
    }

    fn end_phase(&mut self, index: usize, phase: Phase, deadline: Time) {
        // One that has failed may have been shut down long ago, or be just about to: its thread takes no more orders.
        if self.robot.nodes[index].is_shut_down() {
            return;
        }
        if !self.robot.nodes[index].is_to_end() {
            self.robot.nodes[index].order(phase);
        }
        // Others that used the time up do not make this one late.
        let now = self.robot.now();
        let deadline = if self.hung.is_empty() && now < deadline { deadline } else { now + END_WAIT_MIN };
        let Err(error) = self.wait_for_end(index, deadline) else { return };
        let name = Arc::clone(self.robot.nodes[index].instance());
        if matches!(error, OrderError::Late { .. }) {
            tracing::error!("node `{name}` hangs in {phase}: {error}; its thread is left behind");
            self.robot.nodes[index].give_up();
            self.hung.push(name);
        } else if self.plan.nodes[index].required {
            tracing::error!("node `{name}` failed to {phase}: {error}");
            self.ended_badly = true;
        } else {
            tracing::warn!("node `{name}` failed to {phase}: {error}");
        }
    }

    fn is_hung(&self, index: usize) -> bool {
        self.robot.nodes[index].is_given_up() || self.hung.contains(self.robot.nodes[index].instance())
    }
}
