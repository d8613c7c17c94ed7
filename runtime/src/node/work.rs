//! The callbacks of a node behind one face, so that the executor need not know their types.

use std::mem;
use std::sync::Arc;

use crate::actuator::AnyActuator;
use crate::bus::ActiveSources;
use crate::clock::Time;
use crate::device::AnyDevice;
use crate::error::{NodeError, NodeResult, drop_caught};
use crate::guard::Guard;
use crate::limits::TURN_MESSAGES_MAX;
use crate::node::Node;
use crate::node::callback::PARAMS_CHANGED;
use crate::node::context::Context;
use crate::node::down::InputDown;
use crate::node::driver::{AnyDriver, ReadyDriver};
use crate::node::guarded::{Guarded, gave_up};
use crate::node::live_params::{ParamSets, ParamsChange, ParamsError, ParamsOrder};
use crate::node::shared::{NodeShared, NodeState};
use crate::node::source::Source;
use crate::node::timer::TimerSource;
use crate::parameter::Parameters;

/// Everything that a node has declared.
pub(crate) struct Work<N: Node> {
    pub(crate) sources: Vec<Box<dyn Source<N>>>,
    pub(crate) timers: Vec<TimerSource<N>>,
    pub(crate) drivers: Vec<Box<dyn AnyDriver>>,
    pub(crate) devices: Vec<Box<dyn AnyDevice>>,
    pub(crate) actuators: Vec<Box<dyn AnyActuator>>,
}

impl<N: Node> Default for Work<N> {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            timers: Vec::new(),
            drivers: Vec::new(),
            devices: Vec::new(),
            actuators: Vec::new(),
        }
    }
}

/// What a turn of a node left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// When the last callback of a message ended; `None`: there was no message.
    pub(crate) served_until: Option<Time>,
    /// Whether one of the sources may have more than a turn serves.
    pub(crate) more: bool,
    /// When the next timer is due.
    pub(crate) next_due: Option<Time>,
}

/// A configured node, whatever its type: the step core of the executor. It takes no thread and waits for nothing.
pub(crate) trait AnyNode: Send {
    /// Opens devices and actuators, calls `activate`, arms the timers, and returns the opened drivers.
    fn activate(&mut self, guard: Option<&Guard>) -> Result<Vec<Box<dyn ReadyDriver>>, NodeError>;
    /// Serves every due timer and every source that has messages, by priority.
    fn turn(&mut self) -> Turn;
    /// Whether a message waits for a turn. Also the last look before the thread sleeps.
    fn is_ready(&mut self) -> bool;
    /// Calls `deactivate` and closes what `activate` opened.
    fn deactivate(&mut self) -> NodeResult;
    /// Calls `shutdown` and drops the node; what is still queued is discarded and counted.
    fn shutdown(self: Box<Self>) -> NodeResult;
    /// Calls no callback until it is resumed.
    fn pause(&mut self);
    /// Calls callbacks again: timers that were due meanwhile are due now, and count as missed.
    fn resume(&mut self);
    /// Tells the node that an input is down.
    fn input_down(&mut self, input: &InputDown);
    /// Tells the node with which of its parameters it is to work, if it has others for while it is degraded.
    fn set_degraded(&mut self, is_degraded: bool);
    /// Gives the node other parameters, and leaves in `order` what became of them; it is degraded, or is not.
    fn change_params(&mut self, order: &mut ParamsOrder, is_degraded: bool);
    /// Drops the node and leaves all else as it is: its thread was given up, and another life has taken over.
    fn leave(self: Box<Self>);
}

pub(crate) struct NodeCore<N: Node> {
    node: N,
    work: Work<N>,
    active: ActiveSources,
    /// Positions of the sources whose topics have a deadline.
    listening: Vec<usize>,
    ctx: Context,
    shared: Arc<NodeShared>,
    activate: Guarded,
    deactivate: Guarded,
    shutdown: Guarded,
    input_down: Guarded,
    params_change: Option<ParamsChange<N>>,
}

/// What the sources of a turn are served with.
struct Serving<'a, N> {
    node: &'a mut N,
    sources: &'a mut Vec<Box<dyn Source<N>>>,
    any: bool,
    more: bool,
}

impl<N: Node> NodeCore<N> {
    pub(crate) fn new(
        node: N,
        mut work: Work<N>,
        ctx: Context,
        shared: Arc<NodeShared>,
        params: Option<ParamSets<N>>,
    ) -> Self {
        work.sources.sort_by_key(|source| source.number());
        let active = ActiveSources::new(work.sources.iter().map(|source| source.number()));
        let listening = (0..work.sources.len()).filter(|index| work.sources[*index].has_deadline()).collect();
        let hook = |name: &str| {
            let record = shared.record_phase(name).expect("the rule of a phase has allowed values");
            Guarded::new(record, Arc::clone(&shared))
        };
        let (activate, deactivate, shutdown) = (hook("activate"), hook("deactivate"), hook("shutdown"));
        // Nobody waits for these, so that they have deadlines as all other callbacks. Their policy is that of the others, which
        // have been allowed.
        let callback = |name: &str| {
            shared
                .record_always(name)
                .map_or_else(|_| hook(name), |record| Guarded::new(record, Arc::clone(&shared)))
        };
        let input_down = callback("input_down");
        // What it answers to new parameters is an answer, and no failure that its breaker would open for.
        let answer = || {
            let record = shared.record_answer(PARAMS_CHANGED);
            record.map_or_else(|_| hook(PARAMS_CHANGED), |record| Guarded::new(record, Arc::clone(&shared)))
        };
        let has_params = params.is_some() || !N::Params::schema().is_empty();
        let params_change = has_params.then(|| ParamsChange::new(params, answer()));
        shared.complete(work.actuators.iter().map(|actuator| Arc::clone(actuator.cell())).collect());
        Self {
            node,
            work,
            active,
            listening,
            ctx,
            shared,
            activate,
            deactivate,
            shutdown,
            input_down,
            params_change,
        }
    }

    fn open(&mut self, guard: Option<&Guard>) -> Result<(), NodeError> {
        for device in &mut self.work.devices {
            device.open()?;
            // Each may have hung for long.
            look_whether_given_up(&self.shared)?;
        }
        // From here on the node may publish and use its devices: actuators and drivers are opened through them.
        self.ctx.incarnation().open();
        for actuator in &mut self.work.actuators {
            let name = Arc::clone(&actuator.cell().name);
            let sequence = actuator
                .open()
                .map_err(|cause| NodeError::new(format!("actuator `{name}` could not be opened: {cause}")))?;
            look_whether_given_up(&self.shared)?;
            // The guard process gets its handle before the first command is let through.
            match (guard, sequence) {
                (Some(guard), Some(sequence)) => guard.register(&name, sequence)?,
                (Some(_), None) => {
                    return Err(NodeError::new(format!(
                        "actuator `{name}` has no safe sequence for the guard process, so that nothing would stop it if \
                         this process died; give it one (`OpenActuator::guard`)"
                    )));
                }
                // A simulation, or one node under test: there is no other process.
                (None, _) => {}
            }
            actuator.permit();
        }
        Ok(())
    }

    /// Serves every due timer, and every source that has messages; until when messages were served, and whether there
    /// may be more.
    fn serve_timers_and_sources(&mut self) -> (Option<Time>, bool) {
        let Self { node, work, active, ctx, shared, .. } = self;
        if !work.timers.is_empty() {
            let now = ctx.clock().now();
            work.timers.iter().for_each(|timer| timer.serve(now, node, ctx, shared));
        }
        // Nor is anything begun once the node is told to stop.
        let is_active = || shared.may_call();
        let mut serving = Serving { node, sources: &mut work.sources, any: false, more: false };
        let serve = |Serving { node, sources, any, more }: &mut Serving<'_, N>, index: usize| {
            let source = &mut sources[index];
            // At most so many, so that a flood starves no other source. A failed node may be half-updated: nothing more
            // is given to it.
            let mut served = 0;
            while served < TURN_MESSAGES_MAX && is_active() && source.serve(node, ctx) {
                served += 1;
            }
            *any |= served > 0;
            *more |= served == TURN_MESSAGES_MAX;
            if served > 0 {
                source.served();
            }
            served > 0
        };
        let has_message = |serving: &mut Serving<'_, N>, index: usize| serving.sources[index].has_message();
        active.serve(&shared.wake, &mut serving, serve, has_message);
        (serving.any.then(|| ctx.time()), serving.more)
    }

    /// Ends the subscriptions of a node that will serve none any more: nobody wakes it, nobody waits for room in its
    /// queues, and what is queued is discarded and counted.
    fn unsubscribe(&mut self) {
        (self.active, self.listening) = (ActiveSources::default(), Vec::new());
        drop_caught(mem::take(&mut self.work.sources));
    }

    fn close(&mut self) {
        for actuator in &mut self.work.actuators {
            actuator.close();
        }
        for device in self.work.devices.iter_mut().rev() {
            if let Err(error) = device.close() {
                tracing::warn!("node `{}`: {error}", self.shared.instance);
            }
        }
    }
}

impl<N: Node> AnyNode for NodeCore<N> {
    fn activate(&mut self, guard: Option<&Guard>) -> Result<Vec<Box<dyn ReadyDriver>>, NodeError> {
        let opened = self.open(guard);
        let (node, ctx) = (&mut self.node, &self.ctx);
        let activated = opened.and_then(|()| self.activate.hook(ctx, || node.activate(ctx)));
        let drivers: Result<Vec<_>, _> =
            activated.and_then(|()| self.work.drivers.iter_mut().map(|driver| driver.open()).collect());
        let drivers = drivers.and_then(|drivers| look_whether_given_up(&self.shared).map(|()| drivers));
        match drivers {
            Ok(drivers) => {
                let now = self.ctx.clock().now();
                for timer in &self.work.timers {
                    timer.timer.arm(now);
                }
                self.work.sources.iter_mut().for_each(|source| source.begin(now));
                self.shared.become_active();
                Ok(drivers)
            }
            Err(error) => {
                self.ctx.incarnation().fence();
                if !self.ctx.incarnation().is_over() {
                    self.close();
                }
                Err(error)
            }
        }
    }

    fn turn(&mut self) -> Turn {
        // Taken before anything is looked at: what is said from now on needs another turn.
        self.shared.wake.bell().take();
        self.shared.turns.add(1);
        if !self.shared.may_call() {
            return Turn { served_until: None, more: false, next_due: None };
        }
        self.ctx.begin_turn();
        let (served_until, more) = self.serve_timers_and_sources();
        if !self.shared.may_call() {
            return Turn { served_until: None, more: false, next_due: None };
        }
        let mut next_due = self.work.timers.iter().filter_map(|timer| timer.timer.due()).min();
        if !self.listening.is_empty() {
            let now = self.ctx.time();
            let sources = &mut self.work.sources;
            let silent_at =
                self.listening.iter().filter_map(|index| sources[*index].look_at_silence(now)).min();
            next_due = next_due.into_iter().chain(silent_at).min();
        }
        Turn { served_until, more, next_due }
    }

    fn is_ready(&mut self) -> bool {
        let Self { work, active, shared, .. } = self;
        shared.state() == NodeState::Active
            && (active.has_new(&shared.wake) || active.any(|index| work.sources[index].has_message()))
    }

    fn deactivate(&mut self) -> NodeResult {
        for timer in &self.work.timers {
            timer.timer.cancel();
        }
        let (node, ctx) = (&mut self.node, &self.ctx);
        // A node that panicked may be half-updated: it is closed without being asked.
        let result = match self.shared.state() {
            NodeState::Active | NodeState::Paused => self.deactivate.hook(ctx, || node.deactivate(ctx)),
            _ => Ok(()),
        };
        self.ctx.incarnation().fence();
        if self.ctx.incarnation().is_over() {
            return Err(gave_up());
        }
        self.close();
        self.shared.change_state(|state| match state {
            NodeState::Active | NodeState::Paused => NodeState::Inactive,
            state => state,
        });
        if self.shared.state() == NodeState::Failed {
            self.unsubscribe();
        }
        result
    }

    fn shutdown(self: Box<Self>) -> NodeResult {
        let Self { mut node, work, ctx, shared, shutdown, .. } = *self;
        let result = match shared.state() {
            NodeState::Failed => Ok(()),
            _ => shutdown.hook(&ctx, || node.shutdown(&ctx)),
        };
        // Dropping is foreign code too: a panic in it is caught, counted and logged.
        let dropped = shutdown.hook(&ctx, move || {
            drop(node);
            drop(work);
            Ok(())
        });
        shared.change_state(|_| NodeState::Stopped);
        result.and(dropped)
    }

    fn pause(&mut self) {
        self.shared.change_state(|state| match state {
            NodeState::Active => NodeState::Paused,
            state => state,
        });
    }

    fn resume(&mut self) {
        self.shared.change_state(|state| match state {
            NodeState::Paused => NodeState::Active,
            state => state,
        });
    }

    fn input_down(&mut self, input: &InputDown) {
        if matches!(self.shared.state(), NodeState::Active | NodeState::Paused) {
            let (node, ctx) = (&mut self.node, &self.ctx);
            ctx.begin_turn();
            // The guard has counted and logged the outcome.
            let _ = self.input_down.call(ctx, None, || node.input_down(input, ctx));
        }
    }

    fn set_degraded(&mut self, is_degraded: bool) {
        if let Some(change) = &mut self.params_change {
            self.ctx.begin_turn();
            change.tell(&mut self.node, is_degraded, &self.ctx);
        }
    }

    fn change_params(&mut self, order: &mut ParamsOrder, is_degraded: bool) {
        let state = self.shared.state();
        if !matches!(state, NodeState::Active | NodeState::Paused) {
            order.outcome = Err(ParamsError::NotActive { state });
            return;
        }
        // One without parameters has nothing to change.
        if let Some(change) = &mut self.params_change {
            self.ctx.begin_turn();
            change.change(&mut self.node, order, is_degraded, &self.ctx);
        }
    }

    fn leave(self: Box<Self>) {
        let Self { node, work, .. } = *self;
        drop_caught(node);
        drop_caught(work);
    }
}

/// An error if another life of the node has taken over meanwhile: this one may touch nothing more that both have.
fn look_whether_given_up(shared: &NodeShared) -> NodeResult {
    if shared.incarnation.is_over() { Err(gave_up()) } else { Ok(()) }
}
