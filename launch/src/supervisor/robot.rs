//! What the supervisor, the control socket and the signals share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nevil_runtime::log::{Lines, LogFilter};
use nevil_runtime::ring::Rings;
use nevil_runtime::{
    Breakers, Bus, Environment, NodeState, NodeTypes, ResetError, RobotStatus, ThreadedNode, Time, Waker,
};

use super::health::Board;
use super::lock;
use super::operator::Orders;
use crate::control::{Control, Request};
use crate::crashes::CrashRecord;
use crate::options::LaunchInputs;
use crate::plan::Plan;
use crate::status::{RobotPhase, RobotReport};
use crate::supervision::Pauses;

/// What the supervisor, the control socket and the signals share.
pub(crate) struct Robot {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) environment: Environment,
    pub(super) nodes: Vec<ThreadedNode>,
    pub(super) began: Time,
    pub(super) phase: AtomicU8,
    pub(super) stop: AtomicBool,
    pub(super) denied: Mutex<Vec<String>>,
    /// Breakers that an operator has decided about, with the generation that they had then.
    pub(super) operated: Mutex<BTreeMap<String, u32>>,
    /// Notes that it has started, until it has ended in order.
    pub(super) crashes: Mutex<Option<CrashRecord>>,
    pub(super) supervised: Mutex<Supervised>,
    /// What is known of its health, and what is to be told of it.
    pub(super) board: Board,
    pub(super) waker: Waker,
    pub(super) lines: Arc<Lines>,
    /// Which records are logged.
    pub(super) log: LogFilter,
    /// What operators want done by the supervisor.
    pub(super) orders: Orders,
    /// What the robot was launched with, and is again.
    pub(super) inputs: LaunchInputs,
    pub(super) types: NodeTypes,
    /// Whether it is to start again when it has stopped.
    pub(super) again: AtomicBool,
    /// The plan that it runs by.
    pub(super) running: Mutex<Arc<Plan>>,
    /// Held by who changes that.
    pub(super) reloading: Mutex<()>,
}

/// What supervision knows, for tools.
#[derive(Clone, Debug, Default)]
pub(crate) struct Supervised {
    /// Since when the robot has less than all of its nodes, and why.
    pub(super) degraded: Option<(Time, String)>,
    /// Nodes that are down, and since when.
    pub(super) down: Vec<(Arc<str>, Time)>,
    /// Why each node failed last that ever did.
    pub(super) failures: BTreeMap<Arc<str>, String>,
    /// Nodes that are active and not ready.
    pub(super) unready: BTreeSet<usize>,
    /// Nodes that somebody wants to pause.
    pub(super) pauses: Vec<Pauses>,
}

impl Robot {
    pub(super) fn now(&self) -> Time {
        self.environment.bus().clock().now()
    }

    pub(super) fn set_phase(&self, phase: RobotPhase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    pub(super) fn phase(&self) -> RobotPhase {
        let phases = [RobotPhase::Starting, RobotPhase::Running, RobotPhase::Stopping];
        phases[usize::from(self.phase.load(Ordering::Acquire))]
    }

    /// Notes why a node failed last.
    pub(super) fn note_failure(&self, node: &Arc<str>, why: String) {
        self.board.note_failure(node, &why);
        lock(&self.supervised).failures.insert(Arc::clone(node), why);
    }

    pub(super) fn set_degraded(&self, degraded: Option<(Time, String)>) {
        lock(&self.supervised).degraded = degraded;
    }

    fn stop_now(&self) {
        self.stop.store(true, Ordering::Release);
        // Here, and not where nodes are waited for.
        self.environment.actuators().stop_motion();
        self.waker.wake();
    }

    /// Notes whether a node that is active is ready.
    pub(super) fn set_ready(&self, node: usize, ready: bool) {
        let unready = &mut lock(&self.supervised).unready;
        if ready {
            unready.remove(&node);
        } else {
            unready.insert(node);
        }
    }

    /// Whether others may rely on the node.
    pub(super) fn is_ready(&self, node: usize) -> bool {
        let is_up = matches!(self.nodes[node].state(), NodeState::Active | NodeState::Paused);
        is_up && !lock(&self.supervised).unready.contains(&node)
    }

    pub(super) fn set_supervised(&self, down: Vec<(Arc<str>, Time)>, pauses: Vec<Pauses>) {
        let mut supervised = lock(&self.supervised);
        (supervised.down, supervised.pauses) = (down, pauses);
    }

    /// Notes that this end was ordered.
    pub(super) fn note_end(&self) {
        if let Some(Err(error)) = lock(&self.crashes).take().map(CrashRecord::end) {
            tracing::warn!("that the robot ended as it was to could not be noted: {error}");
        }
    }

    pub(super) fn deny(&self, text: String) {
        tracing::warn!("{text}");
        lock(&self.denied).push(text);
    }
}

impl Control for Robot {
    fn operate(&self, request: &Request) -> Result<serde_json::Value, String> {
        self.do_for_operator(request)
    }

    fn status(&self) -> serde_json::Value {
        let (denied, health) = (lock(&self.denied).clone(), self.board.report(self.now()));
        let mut report = RobotReport {
            robot: &self.name,
            file: Some(&self.file),
            phase: self.phase(),
            up: self.now().since(self.began),
            denied: &denied,
            health: health.as_ref(),
            status: &RobotStatus::read(&self.environment, &self.nodes),
        }
        .to_json();
        self.add_live(&mut report);
        report
    }

    fn bus(&self) -> &Bus {
        self.environment.bus()
    }

    fn rings(&self) -> &Rings {
        self.environment.rings()
    }

    fn breakers(&self) -> &Breakers {
        self.environment.breakers()
    }

    fn callback_timeout(&self, breaker: &str) -> Option<Duration> {
        self.environment.callback_timeout(breaker)
    }

    fn breaker_operated(&self, breaker: &str) {
        if let Ok(found) = self.environment.breakers().get(breaker) {
            lock(&self.operated).insert(breaker.to_owned(), found.generation());
        }
        self.waker.wake();
    }

    fn request_restart(&self) -> Result<(), String> {
        if self.phase() != RobotPhase::Running {
            return Err(format!(
                "robot `{}` is {}; try again when it runs",
                self.name,
                match self.phase() {
                    RobotPhase::Starting => "starting",
                    _ => "stopping",
                }
            ));
        }
        if self.environment.emergency_stop().state().is_some() {
            return Err(
                "an emergency stop holds, which a restart must not end; see `nevil estop --reset`".to_owned()
            );
        }
        // A robot that would not start again goes on.
        self.plan_again(self.inputs.mode.clone())
            .map_err(|why| format!("the robot goes on, because it could not start again: {why}"))?;
        self.again.store(true, Ordering::Release);
        self.stop_now();
        Ok(())
    }

    fn request_stop(&self) {
        // Who wants it to end goes before who wants it again.
        self.again.store(false, Ordering::Release);
        self.stop_now();
    }

    fn emergency_stop(&self, by: &str, reason: &str) {
        self.environment.emergency_stop().engage(by, reason);
    }

    fn reset_emergency_stop(&self, by: &str) -> Result<(), ResetError> {
        self.environment.emergency_stop().reset(by)
    }
}
