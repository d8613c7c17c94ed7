//! A thread per node.
//!
//! ```text
//!  supervisor                                   node's thread
//!    spawn ─────────────────────────────────────► scheduling, configure
//!    order(Activate) ──► word, bell ────────────► activate, then turns until the next order
//!    wait(…)         ◄── report, wake ◄─────────── how the phase ended
//! ```
//! Orders and reports are single words and handovers: a node's thread never waits for the supervisor.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nevil_sys::mem::{Handover, Sleep};

use crate::clock::{Clock, Time};
use crate::error::{NodeError, NodeResult, caught};
use crate::executor::driver_thread::DriverThread;
use crate::executor::waiting::Waiting;
use crate::executor::{NodeSpec, Phase, Waker};
use crate::guard::Guard;
use crate::limits::{DRIVER_STOP_DEADLINE, THREAD_NAME_BYTES};
use crate::node::{AnyNode, ConfigureError, Environment, Failure, NodeShared, NodeState, ReadyDriver};
use crate::scheduling::{self, ThreadReport};

/// A node on a thread of its own.
#[derive(Debug)]
pub struct ThreadedNode {
    shared: Arc<NodeShared>,
    orders: Arc<Orders>,
    /// The phase that was ordered last: its number.
    ordered: AtomicU8,
    /// When that was, in ns.
    ordered_at: AtomicU64,
    thread: Option<JoinHandle<()>>,
    clock: Clock,
}

/// How a phase ended that did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// The node could not be configured.
    #[error(transparent)]
    Configure(ConfigureError),
    /// The node refused.
    #[error("{0}")]
    Refused(NodeError),
    /// It did not answer in time.
    #[error("did not end within {waited:?}: its callback or device call hangs; see what its thread does")]
    Late {
        /// How long it has had.
        waited: Duration,
    },
    /// It was no longer waited for.
    #[error("was given up after {waited:?}, because the robot is to stop")]
    GivenUp {
        /// How long it has had.
        waited: Duration,
    },
    /// Its thread could not be started.
    #[error("its thread could not be started: {0}")]
    Thread(std::io::Error),
}

#[derive(Debug, Default)]
struct Orders {
    /// The phase that is wanted: its number, or 0.
    wanted: AtomicU8,
    report: Handover<Report>,
}

impl Orders {
    fn is_waiting(&self) -> bool {
        // Acquire: see `ThreadedNode::order`.
        self.wanted.load(Ordering::Acquire) != 0
    }

    /// The phase that is wanted: its number, or 0. A turn that finds none writes nothing.
    fn take(&self) -> u8 {
        if self.is_waiting() { self.wanted.swap(0, Ordering::AcqRel) } else { 0 }
    }
}

/// How a phase ended.
#[derive(Debug)]
struct Report {
    phase: Phase,
    result: Result<(), OrderError>,
}

impl ThreadedNode {
    /// Starts the thread of `spec` and lets it configure the node; [`Self::wait`] says how that ended. `thread_name` is
    /// what the kernel will call it.
    ///
    /// # Errors
    ///
    /// [`OrderError::Thread`] if there are no threads or no memory left.
    pub fn spawn(
        spec: NodeSpec,
        thread_name: &str,
        environment: &Environment,
        waker: &Waker,
    ) -> Result<Self, OrderError> {
        let shared = NodeShared::new(Arc::clone(&spec.instance), Arc::clone(&environment.failures));
        let orders = Arc::<Orders>::default();
        let clock = environment.bus.clock().clone();
        let body = Body {
            shared: Arc::clone(&shared),
            orders: Arc::clone(&orders),
            waker: waker.clone(),
            clock: clock.clone(),
            guard: Arc::clone(&environment.guard),
            drivers: Vec::new(),
            waiting: Waiting::new(clock.clone(), spec.thread.wait.spin),
        };
        let (environment, name) = (environment.clone(), thread_name.to_owned());
        let builder = thread::Builder::new().name(name.clone()).stack_size(spec.thread.stack_bytes);
        let thread =
            builder.spawn(move || body.run(&spec, &name, &environment)).map_err(OrderError::Thread)?;
        let ordered = AtomicU8::new(number(Phase::Configure));
        let ordered_at = AtomicU64::new(clock.now().as_ns());
        Ok(Self { shared, orders, ordered, ordered_at, thread: Some(thread), clock })
    }

    /// Orders `phase`, without waiting.
    pub fn order(&self, phase: Phase) {
        // Long work that looks at the token gives up, so that the end of the node is not late.
        self.shared.cancel.set(matches!(phase, Phase::Deactivate | Phase::Shutdown));
        // Relaxed, both: read by those who order.
        self.ordered.store(number(phase), Ordering::Relaxed);
        self.ordered_at.store(self.clock.now().as_ns(), Ordering::Relaxed);
        // Release: whoever sees the order sees what was prepared for it.
        self.orders.wanted.store(number(phase), Ordering::Release);
        self.shared.wake.bell().ring();
    }

    /// How the phase ended that was ordered last, waiting at most until `deadline` of the node's clock. `wait` is called
    /// in between, and returns when something may have changed; a break gives up.
    ///
    /// # Errors
    ///
    /// [`OrderError`], [`OrderError::Late`] among them.
    pub fn wait(
        &self,
        deadline: Time,
        wait: &mut dyn FnMut(Duration) -> ControlFlow<()>,
    ) -> Result<(), OrderError> {
        loop {
            // A report of an earlier phase comes from one that was given up.
            let report = self.orders.report.take();
            if let Some(report) =
                report.filter(|report| number(report.phase) == self.ordered.load(Ordering::Relaxed))
            {
                return report.result;
            }
            let now = self.clock.now();
            // Others may have been waited for meanwhile.
            let waited = now.since(Time::from_ns(self.ordered_at.load(Ordering::Relaxed)));
            if now >= deadline {
                return Err(OrderError::Late { waited });
            }
            if wait(deadline.since(now)).is_break() {
                return Err(OrderError::GivenUp { waited });
            }
        }
    }

    /// Waits for the thread to end, if it is about to: after a shutdown that was reported.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            // The thread's own panics are bugs of the runtime, and have been reported by the panic hook.
            let _ = thread.join();
        }
    }

    /// The node's instance name.
    #[must_use]
    pub fn instance(&self) -> &Arc<str> {
        &self.shared.instance
    }

    /// Where it is in its life.
    #[must_use]
    pub fn state(&self) -> NodeState {
        self.shared.state()
    }

    /// Whether one of its driver threads did not return, and was left behind.
    #[must_use]
    pub fn has_left_behind(&self) -> bool {
        self.shared.left_behind.load(Ordering::Acquire)
    }

    /// What its thread wanted and got, once it runs.
    #[must_use]
    pub fn thread_report(&self) -> Option<&ThreadReport> {
        self.shared.thread.get()
    }

    /// Why it can go on no longer, if that is so and was not taken before.
    #[must_use]
    pub fn take_failure(&self) -> Option<Failure> {
        self.shared.take_failure()
    }

    pub(crate) fn shared(&self) -> &NodeShared {
        &self.shared
    }
}

const fn number(phase: Phase) -> u8 {
    match phase {
        Phase::Configure => 1,
        Phase::Activate => 2,
        Phase::Deactivate => 3,
        Phase::Shutdown => 4,
    }
}

/// What a node's thread owns besides the node.
struct Body {
    shared: Arc<NodeShared>,
    orders: Arc<Orders>,
    waker: Waker,
    clock: Clock,
    guard: Arc<OnceLock<Arc<Guard>>>,
    drivers: Vec<DriverThread>,
    waiting: Waiting,
}

impl Body {
    fn run(mut self, spec: &NodeSpec, name: &str, environment: &Environment) {
        let report = scheduling::apply(&spec.thread, name);
        // Set once: this thread is the only one of its node.
        let _ = self.shared.thread.set(report);
        match spec.configure(environment, &self.shared, 1) {
            Ok(node) => {
                self.report(Phase::Configure, Ok(()));
                // Foreign code is caught where it is called. What comes here is a mistake of ours, and must not end a
                // thread in silence.
                let mut node = Some(node);
                if let Err(panic) = caught(|| self.serve(&mut node)) {
                    self.shared.fail(Failure::Panicked { callback: "(runtime)".into(), text: panic.text });
                    // What it drives is stopped and closed; that it has failed is told already.
                    let _ = caught(|| self.stop_drivers());
                    let _ = caught(|| node.as_mut().map(|node| node.deactivate()));
                    let _ = caught(|| drop(node));
                    self.end_without_node();
                }
            }
            Err(error) => {
                self.shared.set_state(NodeState::Failed);
                self.report(Phase::Configure, Err(OrderError::Configure(error)));
                self.end_without_node();
            }
        }
    }

    /// There is nothing to end, and who orders that is told so.
    fn end_without_node(&self) {
        loop {
            match self.orders.take() {
                3 => self.report(Phase::Deactivate, Ok(())),
                4 => return self.report(Phase::Shutdown, Ok(())),
                _ => self.shared.wake.bell().sleep_unless(|| false, Sleep::Sound, None),
            }
        }
    }

    /// Turns and orders, until the node is shut down.
    fn serve(&mut self, place: &mut Option<Box<dyn AnyNode>>) {
        while let Some(node) = place {
            match self.orders.take() {
                2 => self.activate(&mut **node),
                3 => self.deactivate(&mut **node),
                4 => {
                    let result = place.take().map_or(Ok(()), AnyNode::shutdown);
                    return self.report(Phase::Shutdown, result.map_err(OrderError::Refused));
                }
                _ => {}
            }
            let turn = node.turn();
            // An order's token may have been taken by the turn, which does not look at orders.
            let (orders, bell) = (&self.orders, self.shared.wake.bell());
            self.waiting.wait(&turn, &mut **node, bell, || orders.is_waiting());
        }
    }

    fn activate(&mut self, node: &mut dyn AnyNode) {
        let result =
            node.activate(self.guard.get().map(|guard| &**guard)).and_then(|drivers| self.start(drivers));
        if result.is_err() {
            // What did start is ended again; the error that is reported is the first one.
            let _ = self.stop_drivers();
            let _ = node.deactivate();
        }
        self.report(Phase::Activate, result.map_err(OrderError::Refused));
    }

    fn start(&mut self, drivers: Vec<Box<dyn ReadyDriver>>) -> NodeResult {
        for driver in drivers {
            let thread = DriverThread::start(driver, self.clock.clone(), Arc::clone(&self.shared))?;
            self.drivers.push(thread);
        }
        Ok(())
    }

    fn deactivate(&mut self, node: &mut dyn AnyNode) {
        let stopped = self.stop_drivers();
        let deactivated = node.deactivate();
        self.report(Phase::Deactivate, stopped.and(deactivated).map_err(OrderError::Refused));
    }

    /// Stops all drivers within one deadline.
    fn stop_drivers(&mut self) -> NodeResult {
        self.drivers.iter().for_each(DriverThread::stop);
        let until = self.clock.now() + DRIVER_STOP_DEADLINE;
        let left: Vec<_> = self.drivers.drain(..).filter_map(|driver| driver.join(until).err()).collect();
        match left.as_slice() {
            [] => Ok(()),
            left => {
                self.shared.left_behind.store(true, Ordering::Release);
                Err(NodeError::new(format!(
                    "driver {} did not return within {DRIVER_STOP_DEADLINE:?} and is left behind",
                    left.join(", ")
                )))
            }
        }
    }

    fn report(&self, phase: Phase, result: Result<(), OrderError>) {
        // A report that nobody took belongs to a phase that nobody waits for any more.
        drop(self.orders.report.put(Box::new(Report { phase, result })));
        self.waker.wake();
    }
}

/// A name for the thread of `instance` that the kernel can hold and that is not in `used`, to which it is added.
#[must_use]
pub fn thread_name(instance: &str, used: &mut Vec<String>) -> String {
    let cut = |bytes: usize| instance.chars().take(bytes).collect::<String>();
    let mut name = cut(THREAD_NAME_BYTES);
    let mut number = 2;
    while used.contains(&name) {
        let suffix = format!("~{number}");
        name = cut(THREAD_NAME_BYTES - suffix.len()) + &suffix;
        number += 1;
    }
    used.push(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_of_long_names_are_told_apart_within_the_length_that_the_kernel_keeps() {
        let mut used = Vec::new();
        assert_eq!(thread_name("motion", &mut used), "motion");
        assert_eq!(thread_name("obstacle_detection_front", &mut used), "obstacle_detect");
        assert_eq!(thread_name("obstacle_detection_rear", &mut used), "obstacle_dete~2");
    }
}
