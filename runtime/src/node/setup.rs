//! How a node declares what it needs.

use std::sync::Arc;
use std::time::Duration;

use nevil_msgs::{Fnv1a, Message, Topic};

use crate::actuator::{self, Actuate, Actuator, OpenActuator};
use crate::breaker::BreakerError;
use crate::bus::{Publisher, Received, Said, Sources, TopicError};
use crate::clock::Clock;
use crate::device::{ClaimError, Device, DeviceResult, DeviceSlot};
use crate::error::{NodeError, NodeResult};
use crate::incarnation::Incarnation;
use crate::lease::{Leasable, LeaseClaimError};
use crate::limits::NAME_BYTES_MAX;
use crate::lineage::LineageCell;
use crate::node::Node;
use crate::node::context::Context;
use crate::node::driver::{Driver, DriverPublisher, DriverSlot};
use crate::node::environment::Environment;
use crate::node::guarded::Guarded;
use crate::node::names::Names;
use crate::node::ring::{InputSlot, OutputSlot};
use crate::node::shared::NodeShared;
use crate::node::source::{Besides, SubscriptionSource};
use crate::node::timer::{Repeats, Tick, Timer, TimerSource};
use crate::node::work::Work;
use crate::ring::{Element, RingClaimError, RingInput, RingOutput, RingSpec, Start};

/// What a node declares in [`Node::configure`]. Nothing of it has an effect before the node is activated.
pub struct Setup<'a, N: Node> {
    pub(super) environment: &'a Environment,
    incarnation: Arc<Incarnation>,
    lineage: Arc<LineageCell>,
    names: Names<'a>,
    pub(super) shared: Arc<NodeShared>,
    sources: Sources,
    pub(super) work: Work<N>,
}

/// What is wrong with a declaration.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The topic cannot be had.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// Another node holds the device.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The ring cannot be had.
    #[error(transparent)]
    Ring(#[from] RingClaimError),
    /// The breaker of a callback, or one of the node's own, cannot be had.
    #[error(transparent)]
    Breaker(#[from] BreakerError),
    /// The name of a breaker of the node's own is not one.
    #[error(
        "`{given}` is not a name for a breaker; use 1 to {NAME_BYTES_MAX} of the characters a-z, 0-9 and _"
    )]
    BreakerName {
        /// The name.
        given: String,
    },
    /// The lease cannot be had.
    #[error(transparent)]
    Lease(#[from] LeaseClaimError),
    /// A topic is to be stood by for that has no deadline.
    #[error(
        "topic `{topic}` has no deadline, so that nobody can say when it is silent; give it one (`deadline`)"
    )]
    NoDeadline {
        /// The topic.
        topic: Arc<str>,
    },
    /// The period of a timer is zero.
    #[error("timer `{callback}`: period is zero; it must be at least 1 ns, and is usually 1 ms or more")]
    ZeroPeriod {
        /// The timer's callback.
        callback: Arc<str>,
    },
}

impl<'a, N: Node> Setup<'a, N> {
    pub(crate) fn new(environment: &'a Environment, names: Names<'a>, shared: Arc<NodeShared>) -> Self {
        let incarnation = Arc::clone(&shared.incarnation);
        let (lineage, sources, work) = (Arc::default(), Sources::default(), Work::default());
        Self { environment, incarnation, lineage, names, shared, sources, work }
    }

    /// The node's instance name.
    #[must_use]
    pub fn instance(&self) -> &str {
        self.incarnation.instance()
    }

    /// Whether time is simulated, so that devices must be simulated within this process.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.environment.bus.clock().is_simulated()
    }

    /// Declares that this node says by itself when it is ready, by [`Context::ready`]: nodes that depend on it are activated
    /// then, and not as soon as its `activate` has returned. One that does not say so in time fails its start.
    pub fn ready_by_call(&mut self) {
        self.shared.ready.declare();
    }

    /// The robot's clock, for what a device needs to know of time. Callbacks use [`Context::now`].
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.environment.bus.clock().clone()
    }

    /// A seed for this node's random choices: the same for the same launch seed and instance name.
    #[must_use]
    pub fn seed(&self) -> u64 {
        let mut hash = Fnv1a::new();
        hash.write(&self.environment.seed.to_le_bytes());
        hash.write(self.instance().as_bytes());
        hash.finish()
    }

    /// A publisher on `topic`, whose name the launch file may have changed for this node. Publishing is refused until the
    /// node is activated.
    ///
    /// # Errors
    ///
    /// [`SetupError::Topic`] if the topic carries another type, is exclusive and another node publishes on it, or has a
    /// name or a QoS that is not allowed.
    pub fn publisher<T: Message>(&mut self, topic: Topic<T>) -> Result<Publisher<T>, SetupError> {
        let name = self.resolve(topic.name())?;
        let (incarnation, lineage) = (Arc::clone(&self.incarnation), Arc::clone(&self.lineage));
        Ok(self.environment.bus.publisher(&name, &topic, incarnation, lineage)?)
    }

    /// Calls `callback` with each message on `topic`, in the order of each publisher. The launch file may have changed the
    /// topic's name for this node.
    ///
    /// # Errors
    ///
    /// [`SetupError::Topic`] if the topic carries another type, or has a name or a QoS that is not allowed.
    pub fn subscribe<T, F>(&mut self, topic: Topic<T>, callback: F) -> Result<(), SetupError>
    where
        T: Message,
        F: Fn(&mut N, &Received<T>, &Context) -> NodeResult + Send + 'static,
    {
        let name = self.resolve(topic.name())?;
        self.subscribe_by_name(&name, topic, callback, Besides::nothing())
    }

    /// Calls `callback` every `period`, for the first time one period after activation.
    ///
    /// # Errors
    ///
    /// [`SetupError::ZeroPeriod`]; [`SetupError::Breaker`] if the rule of the callback has a value that is not allowed.
    pub fn every<F>(&mut self, period: Duration, callback: F) -> Result<Timer, SetupError>
    where
        F: Fn(&mut N, &Tick, &Context) -> NodeResult + Send + 'static,
    {
        if period.is_zero() {
            return Err(SetupError::ZeroPeriod { callback: callback_name::<F>(|| "closure".into()).into() });
        }
        self.timer(period, Repeats::Always, callback)
    }

    /// Calls `callback` once, `delay` after activation, and `delay` after each [`Timer::restart`].
    ///
    /// # Errors
    ///
    /// [`SetupError::Breaker`] if the rule of the callback has a value that is not allowed.
    pub fn after<F>(&mut self, delay: Duration, callback: F) -> Result<Timer, SetupError>
    where
        F: Fn(&mut N, &Tick, &Context) -> NodeResult + Send + 'static,
    {
        self.timer(delay, Repeats::Once, callback)
    }

    /// A device that the runtime opens with `open` on activation and closes on deactivation. `claim` names it over the
    /// whole robot, such as `i2c-1:0x14`; no other node may claim it.
    ///
    /// # Errors
    ///
    /// [`SetupError::Claim`] with the holder's name.
    pub fn device<D, O>(&mut self, claim: &str, open: O) -> Result<Device<D>, SetupError>
    where
        D: Send + 'static,
        O: FnMut() -> DeviceResult<D> + Send + 'static,
    {
        self.declare_device(claim, open, false)
    }

    /// The same for a device that cannot be opened a second time while it is open, such as a sound card: if a call hangs in
    /// it, its node cannot be replaced, and the robot is made safe and ends.
    ///
    /// # Errors
    ///
    /// As for [`Self::device`].
    pub fn exclusive_device<D, O>(&mut self, claim: &str, open: O) -> Result<Device<D>, SetupError>
    where
        D: Send + 'static,
        O: FnMut() -> DeviceResult<D> + Send + 'static,
    {
        self.declare_device(claim, open, true)
    }

    fn declare_device<D, O>(&mut self, claim: &str, open: O, only_one: bool) -> Result<Device<D>, SetupError>
    where
        D: Send + 'static,
        O: FnMut() -> DeviceResult<D> + Send + 'static,
    {
        self.environment.claims.claim(claim, self.incarnation.instance())?;
        let fault = self.environment.claims.fault(claim);
        let device = Device::new(claim.into(), Arc::clone(&self.incarnation), fault);
        self.shared.hold(device.holding(only_one));
        self.work.devices.push(Box::new(DeviceSlot { device: device.clone(), open }));
        Ok(device)
    }

    /// The right to take the lease `name`, such as `microphone`, for a time: something that nodes of this robot use one at a
    /// time. It belongs to the robot, so that no namespace is put before its name.
    ///
    /// # Errors
    ///
    /// [`SetupError::Lease`] if its name is not allowed or too many nodes have declared it.
    pub fn leasable(&mut self, name: &str) -> Result<Leasable, SetupError> {
        Ok(self.environment.leases.declare(name, &self.incarnation)?)
    }

    /// The ring `name`, written by this node alone: made on activation, ended on deactivation.
    ///
    /// # Errors
    ///
    /// [`SetupError::Ring`] with the name of the node that writes it already.
    pub fn ring_writer<T: Element>(
        &mut self,
        name: &str,
        spec: RingSpec<T>,
    ) -> Result<RingOutput<T>, SetupError> {
        let place = self.environment.rings.claim::<T>(name, self.incarnation.instance())?;
        place.plan(&spec);
        let output = RingOutput::new(place, spec, Arc::clone(&self.incarnation));
        self.shared.hold(OutputSlot(output.clone()).holding());
        self.work.devices.push(Box::new(OutputSlot(output.clone())));
        Ok(output)
    }

    /// A reader of the ring `name`, whichever node writes it and whenever that one is activated.
    ///
    /// # Errors
    ///
    /// [`SetupError::Ring`] if the ring carries values of another type.
    pub fn ring_reader<T: Element>(&mut self, name: &str, start: Start) -> Result<RingInput<T>, SetupError> {
        let instance = self.incarnation.instance();
        let place = self.environment.rings.declare_reader::<T>(name, instance)?;
        let slot = InputSlot::default();
        let input = RingInput::new(place, Arc::clone(instance), start, slot.active());
        self.work.devices.push(Box::new(slot));
        Ok(input)
    }

    /// Something that moves, opened with `open` on activation after the devices. The runtime makes it safe when its
    /// command expires, when motion is inhibited, and when the process dies.
    pub fn actuator<A, O>(&mut self, name: &str, open: O) -> Actuator<A>
    where
        A: Actuate,
        O: FnMut() -> DeviceResult<OpenActuator<A>> + Send + 'static,
    {
        let name = format!("{}/{name}", self.instance()).into();
        let clock = self.environment.bus.clock();
        let (actuator, slot) =
            actuator::declare(name, &self.incarnation, &self.environment.actuators, clock, open);
        self.work.actuators.push(Box::new(slot));
        actuator
    }

    /// A driver, made by `open` on activation, whose inputs are passed to `callback`.
    ///
    /// # Errors
    ///
    /// [`SetupError::Topic`] if the topic `<node>/<name>`, which is private to this node, is used by another one.
    pub fn driver<D, O, F>(&mut self, name: &str, open: O, callback: F) -> Result<(), SetupError>
    where
        D: Driver,
        O: FnMut() -> Result<D, NodeError> + Send + 'static,
        F: Fn(&mut N, &Received<D::Input>, &Context) -> NodeResult + Send + 'static,
    {
        let topic_name: Arc<str> = format!("{}/{name}", self.instance()).into();
        let topic = Topic::<D::Input>::new("driver input");
        self.environment.bus.make_private(&topic_name)?;
        self.subscribe_by_name(&topic_name, topic, callback, Besides::nothing())?;
        let (bus, incarnation) = (self.environment.bus.clone(), Arc::clone(&self.incarnation));
        // Declared now, so that its queue is planned; the driver gets its own at each activation.
        drop(bus.publisher(&topic_name, &topic, Arc::clone(&incarnation), Arc::default())?);
        let publisher =
            { move || Ok(bus.publisher(&topic_name, &topic, Arc::clone(&incarnation), Arc::default())?) };
        self.work.drivers.push(Box::new(DriverSlot { name: name.into(), open, publisher }));
        Ok(())
    }

    /// A publisher for a driver's thread on a topic that other nodes subscribe to. It may wait for room, which a publisher of
    /// callbacks never does; so a plan refuses it where its messages could come back to this node.
    ///
    /// # Errors
    ///
    /// [`SetupError::Topic`] if the topic carries another type.
    pub fn driver_publisher<T: Message>(
        &mut self,
        topic: Topic<T>,
    ) -> Result<DriverPublisher<T>, SetupError> {
        let name = self.resolve(topic.name())?;
        let (bus, incarnation) = (self.environment.bus.clone(), Arc::clone(&self.incarnation));
        let waiting = (bus.clone(), name.clone());
        let make = move || bus.publisher(&name, &topic, Arc::clone(&incarnation), Arc::default());
        // Declared now, so that its queue is planned; each driver gets its own.
        drop(make()?);
        waiting.0.will_wait(&waiting.1, self.incarnation.instance())?;
        let make = move || make().expect("the topic was declared with this type");
        Ok(DriverPublisher::new(Arc::new(make)))
    }

    /// The topic that `declared` means for this node. What a driver says to its node is nobody else's business.
    pub(super) fn resolve(&mut self, declared: &str) -> Result<String, TopicError> {
        let name = self.names.resolve(declared)?;
        if self.environment.bus.is_private(&name) {
            return Err(TopicError::Private { topic: name.into() });
        }
        Ok(name)
    }

    pub(super) fn subscribe_by_name<T, F>(
        &mut self,
        name: &str,
        topic: Topic<T>,
        callback: F,
        besides: Besides<N, T>,
    ) -> Result<(), SetupError>
    where
        T: Message,
        F: Fn(&mut N, &Received<T>, &Context) -> NodeResult + Send + 'static,
    {
        let callback_name = self.shared.unused_name(callback_name::<F>(|| format!("on {name}")));
        let (bus, instance) = (&self.environment.bus, self.incarnation.instance());
        // What a driver says to its node is no topic of the robot.
        let said = if bus.is_private(name) { Said::NOTHING } else { self.names.said(topic.name()) };
        let service = (Arc::clone(&self.shared.wake), &mut self.sources);
        let subscription = bus.subscribe(name, &topic, (instance, &callback_name), service, said)?;
        let guarded = Guarded::new(self.shared.record(callback_name, None)?, Arc::clone(&self.shared));
        self.work.sources.push(Box::new(SubscriptionSource::new(subscription, guarded, callback, besides)));
        Ok(())
    }

    fn timer<F>(&mut self, delay: Duration, repeats: Repeats, callback: F) -> Result<Timer, SetupError>
    where
        F: Fn(&mut N, &Tick, &Context) -> NodeResult + Send + 'static,
    {
        let timer = Timer::new(delay, repeats);
        let name = callback_name::<F>(|| format!("timer of {delay:?}"));
        let period = (repeats == Repeats::Always).then_some(delay);
        let record = self.shared.record(self.shared.unused_name(name), period)?;
        let guarded = Guarded::new(record, Arc::clone(&self.shared));
        self.shared.add_timer(guarded.name(), timer.clone());
        self.work.timers.push(TimerSource { timer: timer.clone(), guarded, callback: Box::new(callback) });
        Ok(timer)
    }

    pub(crate) fn finish(self) -> (Work<N>, Context, Arc<NodeShared>, Names<'a>) {
        let (clock, estop) = (self.environment.bus.clock().clone(), self.environment.estop.clone());
        let ready = Arc::clone(&self.shared.ready);
        let context = Context::new(clock, self.incarnation, self.lineage, estop, ready);
        (self.work, context, self.shared, self.names)
    }
}

/// `on_range` for `crate::ObstacleDetection::on_range`; for a closure, which has no name, `otherwise`.
pub(super) fn callback_name<F>(otherwise: impl FnOnce() -> String) -> String {
    let name = std::any::type_name::<F>();
    if name.contains("{{closure}}") {
        otherwise()
    } else {
        name.rsplit("::").next().unwrap_or(name).to_owned()
    }
}
