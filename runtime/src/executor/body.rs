//! What runs on the thread of a node: phases as they are ordered, and turns in between.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use nevil_sys::mem::{Ending, Sleep, Watched};

use crate::clock::Clock;
use crate::error::{NodeError, NodeResult, caught, drop_caught};
use crate::executor::driver_thread::DriverThread;
use crate::executor::orders::{OrderError, Orders, Report};
use crate::executor::waiting::Waiting;
use crate::executor::{NodeSpec, Phase, Waker};
use crate::guard::Guard;
use crate::incarnation;
use crate::limits::DRIVER_STOP_DEADLINE;
use crate::node::{AnyNode, ConfigureError, Environment, Failure, NodeShared, NodeState, ReadyDriver};
use crate::scheduling;

/// Numbers from here on are no callbacks, but phases.
const PHASES: u64 = u64::MAX - 16;

/// The number of `phase`; never 0.
pub(super) const fn number(phase: Phase) -> u8 {
    match phase {
        Phase::Configure => 1,
        Phase::Activate => 2,
        Phase::Deactivate => 3,
        Phase::Shutdown => 4,
        Phase::Pause => 5,
        Phase::Resume => 6,
    }
}

/// What a node's thread owns besides the node.
pub(super) struct Body {
    shared: Arc<NodeShared>,
    orders: Arc<Orders>,
    waker: Waker,
    clock: Clock,
    guard: Arc<OnceLock<Arc<Guard>>>,
    drivers: Vec<DriverThread>,
    waiting: Waiting,
    /// With which parameters the node was told to work.
    is_degraded: bool,
}

impl Body {
    pub(super) fn new(
        shared: &Arc<NodeShared>,
        orders: &Arc<Orders>,
        waker: &Waker,
        environment: &Environment,
        spec: &NodeSpec,
    ) -> Self {
        let clock = environment.bus.clock().clone();
        Self {
            shared: Arc::clone(shared),
            orders: Arc::clone(orders),
            waker: waker.clone(),
            clock: clock.clone(),
            guard: Arc::clone(&environment.guard),
            drivers: Vec::new(),
            waiting: Waiting::new(clock, spec.thread.wait.spin),
            is_degraded: false,
        }
    }

    pub(super) fn run(
        mut self,
        spec: &NodeSpec,
        name: &str,
        environment: &Environment,
        before: Option<&NodeShared>,
    ) {
        let report = scheduling::apply(&spec.thread, name);
        // Set once: this thread is the only one of this life.
        let _ = self.shared.thread.set(report);
        incarnation::runs_callbacks();
        let configured = self.phase(Phase::Configure, |body| {
            if let Some(before) = before {
                before.take_over(&environment.bus);
            }
            if body.shared.incarnation.is_over() {
                return Err(ConfigureError::GivenUp);
            }
            spec.configure(environment, &body.shared)
        });
        if self.is_given_up() {
            drop_caught(configured);
            return self.shared.watch.remove_zombie();
        }
        match configured {
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

    /// Lets others see that `phase` runs, so that they can give it up. No callback is called in it but its own.
    fn phase<R>(&mut self, phase: Phase, run: impl FnOnce(&mut Self) -> R) -> R {
        let began = self.clock.now().as_ns();
        let what = PHASES + u64::from(number(phase));
        self.shared.incarnation.call().begin(Watched { what, began, deadline: u64::MAX, ticket: 0 });
        let result = run(self);
        // That it was given up is looked at by who goes on.
        let _: Ending = self.shared.incarnation.call().end();
        result
    }

    fn is_given_up(&self) -> bool {
        self.shared.incarnation.call().is_abandoned()
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

    /// Turns and orders, until the node is shut down, or its thread was given up.
    fn serve(&mut self, place: &mut Option<Box<dyn AnyNode>>) {
        while let Some(node) = place {
            if self.orders.has_news() {
                self.tell_news(&mut **node);
                if self.is_given_up() {
                    return self.leave(place.take());
                }
            }
            match self.orders.take() {
                2 => self.phase(Phase::Activate, |body| body.activate(&mut **node)),
                3 => self.phase(Phase::Deactivate, |body| body.deactivate(&mut **node)),
                4 => {
                    let node = place.take();
                    return self.shutdown(node);
                }
                5 => self.phase(Phase::Pause, |body| body.pause(&mut **node)),
                6 => self.phase(Phase::Resume, |body| body.resume(&mut **node)),
                _ => {}
            }
            if self.is_given_up() {
                return self.leave(place.take());
            }
            self.tell_degraded(&mut **node);
            if self.is_given_up() {
                return self.leave(place.take());
            }
            let turn = node.turn();
            if self.is_given_up() {
                return self.leave(place.take());
            }
            // An order's token may have been taken by the turn, which does not look at orders.
            let (orders, shared, told) = (&self.orders, &self.shared, self.is_degraded);
            let is_ordered = || orders.is_waiting() || is_to_be_told(orders, shared, told);
            self.waiting.wait(&turn, &mut **node, shared.wake.bell(), is_ordered);
        }
    }

    /// Tells the node with which of its parameters it is to work, if that is news. It is a call like that of a callback.
    fn tell_degraded(&mut self, node: &mut dyn AnyNode) {
        if is_to_be_told(&self.orders, &self.shared, self.is_degraded) {
            self.is_degraded = !self.is_degraded;
            node.set_degraded(self.is_degraded);
        }
    }

    /// Ends a thread that was given up: another life of the node has taken over, or nobody wants this one.
    fn leave(&mut self, node: Option<Box<dyn AnyNode>>) {
        if let Some(node) = node {
            node.leave();
        }
        self.shared.watch.remove_zombie();
    }

    fn activate(&mut self, node: &mut dyn AnyNode) {
        let result = node.activate(self.guard.get().map(|guard| &**guard)).and_then(|drivers| {
            if self.is_given_up() {
                drop_caught(drivers);
                return Ok(());
            }
            self.start(drivers)
        });
        if result.is_err() && !self.is_given_up() {
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
        let deactivated = if self.is_given_up() { Ok(()) } else { node.deactivate() };
        self.report(Phase::Deactivate, stopped.and(deactivated).map_err(OrderError::Refused));
    }

    fn shutdown(&mut self, node: Option<Box<dyn AnyNode>>) {
        let result = self.phase(Phase::Shutdown, |_| node.map_or(Ok(()), AnyNode::shutdown));
        // Given up at any moment of it, also its last.
        if self.is_given_up() {
            return self.shared.watch.remove_zombie();
        }
        self.report(Phase::Shutdown, result.map_err(OrderError::Refused));
    }

    fn pause(&mut self, node: &mut dyn AnyNode) {
        node.pause();
        self.report(Phase::Pause, Ok(()));
    }

    fn resume(&mut self, node: &mut dyn AnyNode) {
        node.resume();
        self.report(Phase::Resume, Ok(()));
    }

    /// Tells the node which of its inputs are down, and what it says to that is logged and counted; and gives it new
    /// parameters, and reports what it says to them.
    fn tell_news(&mut self, node: &mut dyn AnyNode) {
        let (inputs, params) = self.orders.take_news();
        inputs.iter().for_each(|input| node.input_down(input));
        let Some(mut order) = params.filter(|_| !self.is_given_up()) else { return };
        node.change_params(&mut order, self.is_degraded);
        if !self.is_given_up() {
            // The report before was taken before these were given.
            drop(self.orders.params_report.put(order));
            self.waker.wake();
        }
    }

    /// Stops all drivers within one deadline.
    fn stop_drivers(&mut self) -> NodeResult {
        self.drivers.iter().for_each(DriverThread::stop);
        let until = self.clock.now() + DRIVER_STOP_DEADLINE;
        self.shared.forget_drivers();
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

/// Whether an active node is to work with other parameters than it was told.
fn is_to_be_told(orders: &Orders, shared: &NodeShared, told: bool) -> bool {
    orders.is_degraded() != told && matches!(shared.state(), NodeState::Active | NodeState::Paused)
}
