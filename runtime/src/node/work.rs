//! The callbacks of a node behind one face, so that the executor need not know their types.

use std::mem;
use std::sync::Arc;

use nevil_msgs::Message;

use crate::actuator::AnyActuator;
use crate::bus::{ActiveSources, Received, Subscription};
use crate::clock::Time;
use crate::device::AnyDevice;
use crate::error::{NodeError, NodeResult, caught, drop_caught};
use crate::guard::Guard;
use crate::limits::TURN_MESSAGES_MAX;
use crate::node::Node;
use crate::node::context::Context;
use crate::node::driver::{AnyDriver, ReadyDriver};
use crate::node::guarded::Guarded;
use crate::node::shared::{NodeShared, NodeState};
use crate::node::silence::Silence;
use crate::node::timer::TimerSource;

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

/// A subscription and its callback, whatever the type of its messages.
pub(crate) trait Source<N>: Send {
    /// Its number among the sources of the node: the order of service.
    fn number(&self) -> usize;
    fn has_message(&mut self) -> bool;
    /// Calls the callback with the next message; `false` if there is none.
    fn serve(&mut self, node: &mut N, ctx: &Context) -> bool;
    /// Ends the service of this turn.
    fn served(&mut self);
    /// Begins to listen: the deadline of the topic counts from now on.
    fn begin(&mut self, now: Time);
    /// Reports silence that is due at `now`; when the next one is due. `None`: the topic has no deadline, or its silence
    /// is reported.
    fn look_at_silence(&mut self, now: Time) -> Option<Time>;
    /// Whether its topic has a deadline.
    fn has_deadline(&self) -> bool;
}

pub(crate) struct SubscriptionSource<T: Message, F> {
    pub(crate) subscription: Subscription<T>,
    pub(crate) guarded: Arc<Guarded>,
    pub(crate) callback: F,
    /// `None`: the topic has no deadline.
    silence: Option<Silence>,
}

impl<T: Message, F> SubscriptionSource<T, F> {
    pub(crate) fn new(subscription: Subscription<T>, guarded: Arc<Guarded>, callback: F) -> Self {
        let silence = subscription.topic().qos.deadline.map(Silence::new);
        Self { subscription, guarded, callback, silence }
    }

    /// Whether `received` is older than the topic's lifespan: then it is counted, and dropped.
    fn has_expired(&mut self, received: Received<T>, ctx: &Context) -> Option<Received<T>> {
        let Some(lifespan) = self.subscription.topic().qos.lifespan else { return Some(received) };
        if ctx.time().since(received.header().stamp) <= lifespan {
            return Some(received);
        }
        self.subscription.tally().expired.add(1);
        // Its `Drop` is the user's code; what it says with a panic has no callback to be charged to.
        let _ = caught(|| self.subscription.done(received));
        None
    }

    fn hear(&mut self, now: Time) {
        let silent_for = self.silence.as_mut().and_then(|silence| silence.heard(now));
        if let Some(silent_for) = silent_for {
            tracing::info!(
                "`{}.{}` hears `{}` again, after {silent_for:?}",
                self.guarded.node(),
                self.guarded.name(),
                self.subscription.topic().name
            );
        }
    }
}

impl<N, T, F> Source<N> for SubscriptionSource<T, F>
where
    N: Node,
    T: Message,
    F: Fn(&mut N, &Received<T>, &Context) -> NodeResult + Send,
{
    fn number(&self) -> usize {
        self.subscription.source()
    }

    fn has_message(&mut self) -> bool {
        self.subscription.has_message()
    }

    fn serve(&mut self, node: &mut N, ctx: &Context) -> bool {
        let Some(received) = self.subscription.take() else { return false };
        if self.silence.is_some() {
            // Also by what is too old: the publisher is there.
            self.hear(ctx.time());
        }
        let Some(received) = self.has_expired(received, ctx) else { return true };
        self.subscription.tally().begin();
        let (cause, stamp) = (received.header().lineage, received.header().stamp);
        let is_live = !received.is_replayed();
        let (callback, subscription) = (&self.callback, &mut self.subscription);
        // The message is dropped inside: a panic in its `Drop` is caught like one of the callback.
        let (outcome, _) = self.guarded.call(ctx, Some(cause), move || {
            let result = callback(node, &received, ctx);
            subscription.done(received);
            result
        });
        let tally = self.subscription.tally();
        tally.end(outcome);
        if is_live {
            tally.latencies.record(ctx.now().as_ns().saturating_sub(stamp.as_ns()));
        }
        true
    }

    fn begin(&mut self, now: Time) {
        if let Some(silence) = &mut self.silence {
            silence.begin(now);
        }
    }

    fn look_at_silence(&mut self, now: Time) -> Option<Time> {
        if self.silence.as_ref()?.due().is_some_and(|due| due <= now) && self.subscription.has_message() {
            // It is this node that is late.
            self.hear(now);
        }
        let silence = self.silence.as_mut()?;
        if silence.is_to_be_reported(now) {
            self.subscription.tally().silences.add(1);
            tracing::warn!(
                "`{}.{}` has heard nothing on `{}` for {:?}",
                self.guarded.node(),
                self.guarded.name(),
                self.subscription.topic().name,
                silence.deadline()
            );
        }
        silence.due()
    }

    fn has_deadline(&self) -> bool {
        self.silence.is_some()
    }

    fn served(&mut self) {
        self.subscription.tell_room();
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
}

pub(crate) struct NodeCore<N: Node> {
    node: N,
    work: Work<N>,
    active: ActiveSources,
    /// Positions of the sources whose topics have a deadline.
    listening: Vec<usize>,
    ctx: Context,
    shared: Arc<NodeShared>,
    activate: Arc<Guarded>,
    deactivate: Arc<Guarded>,
    shutdown: Arc<Guarded>,
}

/// What the sources of a turn are served with.
struct Serving<'a, N> {
    node: &'a mut N,
    sources: &'a mut Vec<Box<dyn Source<N>>>,
    any: bool,
    more: bool,
}

impl<N: Node> NodeCore<N> {
    pub(crate) fn new(node: N, mut work: Work<N>, ctx: Context, shared: Arc<NodeShared>) -> Self {
        work.sources.sort_by_key(|source| source.number());
        let active = ActiveSources::new(work.sources.iter().map(|source| source.number()));
        let listening = (0..work.sources.len()).filter(|index| work.sources[*index].has_deadline()).collect();
        let hook = |name: &str| Guarded::new(name.into(), Arc::clone(&shared));
        let (activate, deactivate, shutdown) = (hook("activate"), hook("deactivate"), hook("shutdown"));
        Self { node, work, active, listening, ctx, shared, activate, deactivate, shutdown }
    }

    fn open(&mut self, guard: Option<&Guard>) -> Result<(), NodeError> {
        for device in &mut self.work.devices {
            device.open()?;
        }
        // From here on the node may publish and use its devices: actuators and drivers are opened through them.
        self.ctx.incarnation().open();
        for actuator in &mut self.work.actuators {
            let name = Arc::clone(&actuator.cell().name);
            let sequence = actuator
                .open()
                .map_err(|cause| NodeError::new(format!("actuator `{name}` could not be opened: {cause}")))?;
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
            work.timers.iter().for_each(|timer| timer.serve(now, node, ctx));
        }
        // Nor is anything begun once the node is told to stop.
        let is_active = || shared.state() == NodeState::Active && !shared.cancel.is_cancelled();
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
        let activated = opened.and_then(|()| self.activate.call(ctx, None, || node.activate(ctx)).1);
        let drivers =
            activated.and_then(|()| self.work.drivers.iter_mut().map(|driver| driver.open()).collect());
        match drivers {
            Ok(drivers) => {
                let now = self.ctx.clock().now();
                for timer in &self.work.timers {
                    timer.timer.arm(now);
                }
                self.work.sources.iter_mut().for_each(|source| source.begin(now));
                self.shared.set_state(NodeState::Active);
                Ok(drivers)
            }
            Err(error) => {
                self.ctx.incarnation().fence();
                self.close();
                Err(error)
            }
        }
    }

    fn turn(&mut self) -> Turn {
        // Taken before anything is looked at: what is said from now on needs another turn.
        self.shared.wake.bell().take();
        if self.shared.state() != NodeState::Active {
            return Turn { served_until: None, more: false, next_due: None };
        }
        self.ctx.begin_turn();
        let (served_until, more) = self.serve_timers_and_sources();
        if self.shared.state() != NodeState::Active {
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
            NodeState::Active => self.deactivate.call(ctx, None, || node.deactivate(ctx)).1,
            _ => Ok(()),
        };
        self.ctx.incarnation().fence();
        self.close();
        match self.shared.state() {
            NodeState::Active => self.shared.set_state(NodeState::Inactive),
            NodeState::Failed => self.unsubscribe(),
            _ => {}
        }
        result
    }

    fn shutdown(self: Box<Self>) -> NodeResult {
        let Self { mut node, work, ctx, shared, shutdown, .. } = *self;
        let result = match shared.state() {
            NodeState::Failed => Ok(()),
            _ => shutdown.call(&ctx, None, || node.shutdown(&ctx)).1,
        };
        // Dropping is foreign code too: a panic in it is caught, counted and logged.
        let (_, dropped) = shutdown.call(&ctx, None, move || {
            drop(node);
            drop(work);
            Ok(())
        });
        if shared.state() != NodeState::Failed {
            shared.set_state(NodeState::Stopped);
        }
        result.and(dropped)
    }
}
