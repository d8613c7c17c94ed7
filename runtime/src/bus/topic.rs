//! One topic: its pool, and who is connected to whom.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use nevil_msgs::{Message, Overflow, Qos, TypeInfo, Value, ValueError};
use nevil_sys::mem::{Bell, Lane, Pool};

use crate::bus::Wake;
use crate::bus::account::{PublisherAccount, SubscriptionAccount, SubscriptionTally, TopicCounts};
use crate::bus::memory::{TopicMemory, TopicShape};
use crate::bus::publisher::{Published, Publisher, PublisherPort, Route};
use crate::bus::registry::TopicError;
use crate::bus::subscription::{Envelope, Inlet, Subscription, SubscriptionPort, SubscriptionSide};
use crate::bus::tap::{AnyTap, Tap};
use crate::clock::Clock;
use crate::error::NodeError;
use crate::incarnation::Incarnation;
use crate::limits::{TAP_DEPTH, TOOL_PUBLISHERS_MAX};
use crate::lineage::LineageCell;

/// A topic as tools see it.
#[derive(Clone, Debug)]
pub struct TopicDescription {
    /// The topic's name.
    pub name: Arc<str>,
    /// The type of its messages.
    pub type_info: &'static TypeInfo,
    /// How they are carried.
    pub qos: Qos,
    /// Nodes that publish on it.
    pub publishers: Vec<Arc<str>>,
    /// Nodes that subscribe to it, and with which callback.
    pub subscriptions: Vec<(Arc<str>, Arc<str>)>,
    /// Nodes among the publishers that wait for room when a subscription is full.
    pub waits: Vec<Arc<str>>,
    /// What of `qos` the launch file says instead of the code, as it is written there.
    pub overridden: Vec<&'static str>,
    /// Whether it is the topic between a driver and its node, which nobody else can use.
    pub is_private: bool,
    /// The memory that its messages can take, as it is declared so far; once its pool is made, that of the pool.
    pub memory: TopicMemory,
}

/// One topic of a robot.
pub(crate) struct TopicCore<T: Message> {
    pub(crate) name: Arc<str>,
    pub(crate) qos: Qos,
    pub(crate) clock: Clock,
    pool: OnceLock<Pool<Envelope<T>>>,
    ends: Mutex<Ends<T>>,
}

/// What changes when somebody comes or goes. Locked only then, never while a message is on its way.
struct Ends<T: Message> {
    publishers: Vec<PublisherEntry<T>>,
    subscriptions: Vec<SubscriptionEntry<T>>,
    publisher_accounts: BTreeMap<Arc<str>, Arc<PublisherAccount>>,
    subscription_accounts: BTreeMap<(Arc<str>, Arc<str>), Arc<SubscriptionAccount>>,
}

struct PublisherEntry<T: Message> {
    port: Weak<PublisherPort<T>>,
    routes: Vec<Route<T>>,
}

struct SubscriptionEntry<T: Message> {
    port: Weak<SubscriptionPort<T>>,
    inlets: Vec<Inlet<T>>,
}

impl<T: Message> TopicCore<T> {
    pub(crate) fn new(name: Arc<str>, qos: Qos, clock: Clock) -> Self {
        let ends = Ends {
            publishers: Vec::new(),
            subscriptions: Vec::new(),
            publisher_accounts: BTreeMap::new(),
            subscription_accounts: BTreeMap::new(),
        };
        Self { name, qos, clock, pool: OnceLock::new(), ends: Mutex::new(ends) }
    }

    /// The pool, once the topic is sealed.
    pub(crate) fn pool(&self) -> Option<&Pool<Envelope<T>>> {
        self.pool.get()
    }

    /// A new publisher of `incarnation`.
    pub(crate) fn publisher(
        self: &Arc<Self>,
        incarnation: Arc<Incarnation>,
        lineage: Arc<LineageCell>,
    ) -> Publisher<T> {
        let mut ends = self.ends();
        // Each begins elsewhere: they meet only when slots are scarce.
        let near = ends.publishers.len() * (usize::from(self.qos.depth) + 1);
        let tally =
            ends.publisher_accounts.entry(Arc::clone(incarnation.instance())).or_default().publisher();
        let port = Arc::new(PublisherPort::new(Arc::clone(self), incarnation, lineage));
        ends.publishers.push(PublisherEntry { port: Arc::downgrade(&port), routes: Vec::new() });
        if let Some(pool) = self.pool.get() {
            ends.connect(pool);
        }
        Publisher::new(port, tally, near)
    }

    /// A new subscription with the account of (`node`, `callback`).
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        node: &Arc<str>,
        callback: &Arc<str>,
        side: SideOf,
    ) -> Subscription<T> {
        let mut ends = self.ends();
        let account = match side {
            SideOf::Node(..) => {
                let key = (Arc::clone(node), Arc::clone(callback));
                Arc::clone(ends.subscription_accounts.entry(key).or_default())
            }
            SideOf::Tap => Arc::default(),
        };
        let (qos, wake) = match side {
            SideOf::Node(wake, source) => (self.qos, Some((wake, source))),
            // A tap sees every message that it has room for, whatever the topic's rule is.
            SideOf::Tap => (Qos { overflow: Overflow::DropOldest, depth: TAP_DEPTH, ..self.qos }, None),
        };
        let tally = account.subscription();
        let side = SubscriptionSide { account, wake, overflow: qos.overflow, depth: qos.depth };
        let port = Arc::new(SubscriptionPort::new(Arc::clone(self), Arc::new(side)));
        ends.subscriptions.push(SubscriptionEntry { port: Arc::downgrade(&port), inlets: Vec::new() });
        if let Some(pool) = self.pool.get() {
            ends.connect(pool);
        }
        Subscription::new(port, tally)
    }

    /// Ends a subscription: nothing more is queued for it, and what is queued is discarded and counted.
    pub(crate) fn unsubscribe(&self, port: &Arc<SubscriptionPort<T>>, tally: &SubscriptionTally) {
        // Under the registration lock, so that no publisher that comes meanwhile gets a lane that is never closed.
        let mut ends = self.ends();
        let ended =
            ends.subscriptions.extract_if(.., |entry| std::ptr::eq(entry.port.as_ptr(), Arc::as_ptr(port)));
        for Inlet { lane, .. } in ended.flat_map(|entry| entry.inlets) {
            lane.close();
            tally.discarded.add(lane.sweep().count() as u64);
        }
        // Publishers learn at their next message that there is one route less.
        if let Some(pool) = self.pool.get() {
            ends.connect(pool);
        }
    }

    fn ends(&self) -> MutexGuard<'_, Ends<T>> {
        // Registration has no step that panics half-way; if one did, what is there is still consistent.
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// On whose behalf a subscription is made.
pub(crate) enum SideOf {
    /// A node, woken by each message, and the source of it that this is.
    Node(Arc<Wake>, usize),
    /// A tool, which looks from time to time.
    Tap,
}

impl<T: Message> Ends<T> {
    /// Gives every live publisher a route to every live subscription, and hands the new tables over.
    fn connect(&mut self, pool: &Pool<Envelope<T>>) {
        self.publishers.retain(|entry| entry.port.strong_count() > 0);
        self.subscriptions.retain(|entry| entry.port.strong_count() > 0);
        let live = |entry: &SubscriptionEntry<T>| entry.port.upgrade().map(|port| Arc::clone(&port.side));
        let sides: Vec<_> = self.subscriptions.iter().map(live).collect();
        for publisher in &mut self.publishers {
            let before = publisher.routes.len();
            publisher.routes.retain(|route| !route.lane.is_closed());
            let mut changed = publisher.routes.len() != before;
            for (entry, side) in self.subscriptions.iter_mut().zip(&sides) {
                let Some(side) = side else { continue };
                if publisher.routes.iter().any(|route| Arc::ptr_eq(&route.side, side)) {
                    continue;
                }
                let Some(port) = publisher.port.upgrade() else { continue };
                let lane = entry.lane_of_a_new_publisher(side, pool, &port.room);
                publisher.routes.push(Route { lane, side: Arc::clone(side), tally: side.account.route() });
                changed = true;
            }
            if changed && let Some(port) = publisher.port.upgrade() {
                // A table that the publisher never took is older than this one.
                drop(port.incoming.put(Box::new(publisher.routes.clone())));
            }
        }
        for entry in &mut self.subscriptions {
            entry.hand_over();
        }
    }

    /// What has been declared. A plan has dropped its nodes by then, and their accounts are still there.
    fn shape(&self, qos: Qos) -> TopicShape {
        let subscriptions = self.subscription_accounts.len();
        TopicShape { qos, publishers: self.publishers.len(), subscriptions }
    }
}

impl<T: Message> SubscriptionEntry<T> {
    fn lane_of_a_new_publisher(
        &mut self,
        side: &SubscriptionSide,
        pool: &Pool<Envelope<T>>,
        room: &Arc<Bell>,
    ) -> Arc<Lane<Envelope<T>>> {
        if side.overflow == Overflow::Latest
            && let Some(shared) = self.inlets.first()
        {
            return Arc::clone(&shared.lane);
        }
        let lane = Arc::new(Lane::new(pool.clone(), side.places()));
        self.inlets.push(Inlet { lane: Arc::clone(&lane), room: Arc::clone(room) });
        lane
    }

    /// Forgets lanes that no publisher fills any more, and hands the rest over to the subscription.
    fn hand_over(&mut self) {
        if let Some(port) = self.port.upgrade() {
            // One reference is this list's, one the subscription's; a publisher's route would be a third.
            let filled = |lane: &Arc<Lane<_>>| Arc::strong_count(lane) > 2 || !lane.is_empty();
            self.inlets.retain(|inlet| port.side.overflow == Overflow::Latest || filled(&inlet.lane));
            drop(port.incoming.put(Box::new(self.inlets.clone())));
        }
    }
}

/// A topic whose message type is not known to the caller.
pub(crate) trait AnyTopic: Send + Sync {
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    fn describe(&self) -> TopicDescription;
    fn seal(&self) -> Result<(), TopicError>;
    fn counts(&self) -> TopicCounts;
    fn tap(self: Arc<Self>) -> Box<dyn AnyTap>;
    fn tool_publisher(
        self: Arc<Self>,
        incarnation: Arc<Incarnation>,
    ) -> Result<Box<dyn AnyPublisher>, TopicError>;
}

/// A publisher for tools, which have text and not a type.
pub trait AnyPublisher: Send {
    /// Checks `value` against the topic's type and publishes it.
    ///
    /// # Errors
    ///
    /// What is wrong with the value, or why the topic refused it.
    fn publish(&self, value: &Value) -> Result<Published, ToolPublishError>;
}

/// Why a tool's message was not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolPublishError {
    /// The text does not describe a message of the topic's type.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The topic refused the message.
    #[error("{0}")]
    Refused(NodeError),
}

impl<T: Message> AnyPublisher for Publisher<T> {
    fn publish(&self, value: &Value) -> Result<Published, ToolPublishError> {
        let message = nevil_msgs::from_value_checked::<T>(value)?;
        self.publish(message).map_err(|error| ToolPublishError::Refused(error.into()))
    }
}

impl<T: Message> AnyTopic for TopicCore<T> {
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn describe(&self) -> TopicDescription {
        let ends = self.ends();
        let slots = self.pool.get().map_or_else(|| ends.shape(self.qos).slots(), Pool::capacity);
        TopicDescription {
            name: Arc::clone(&self.name),
            type_info: T::TYPE,
            qos: self.qos,
            publishers: ends.publisher_accounts.keys().cloned().collect(),
            subscriptions: ends.subscription_accounts.keys().cloned().collect(),
            waits: Vec::new(),
            // The registry knows better.
            overridden: Vec::new(),
            is_private: false,
            memory: TopicMemory::new::<T>(slots, &self.qos),
        }
    }

    fn seal(&self) -> Result<(), TopicError> {
        let mut ends = self.ends();
        let memory = TopicMemory::new::<T>(ends.shape(self.qos).slots(), &self.qos);
        memory.check(&self.name)?;
        let pool = self.pool.get_or_init(|| Pool::new(memory.slots));
        ends.connect(pool);
        Ok(())
    }

    fn counts(&self) -> TopicCounts {
        let ends = self.ends();
        let queued = |account: &Arc<SubscriptionAccount>| {
            let own = |entry: &&SubscriptionEntry<T>| {
                entry.port.upgrade().is_some_and(|port| Arc::ptr_eq(&port.side.account, account))
            };
            let inlets = ends.subscriptions.iter().filter(own).flat_map(|entry| &entry.inlets);
            inlets.map(|inlet| inlet.lane.len() as u64).sum()
        };
        TopicCounts {
            publishers: ends
                .publisher_accounts
                .iter()
                .map(|(node, account)| (node.to_string(), account.counts()))
                .collect(),
            subscriptions: ends
                .subscription_accounts
                .iter()
                .map(|((node, callback), account)| {
                    (node.to_string(), callback.to_string(), account.counts(|| queued(account)))
                })
                .collect(),
            slots: self.pool.get().map_or((0, 0), |pool| (pool.in_use(), pool.capacity())),
        }
    }

    fn tap(self: Arc<Self>) -> Box<dyn AnyTap> {
        Box::new(Tap::new(&self))
    }

    fn tool_publisher(
        self: Arc<Self>,
        incarnation: Arc<Incarnation>,
    ) -> Result<Box<dyn AnyPublisher>, TopicError> {
        let tools = |entry: &&PublisherEntry<T>| {
            entry.port.upgrade().is_some_and(|port| port.is_of(incarnation.instance()))
        };
        if self.ends().publishers.iter().filter(tools).count() >= TOOL_PUBLISHERS_MAX {
            return Err(TopicError::TooManyTools { topic: Arc::clone(&self.name), max: TOOL_PUBLISHERS_MAX });
        }
        let publisher = self.publisher(incarnation, Arc::default());
        Ok(Box::new(publisher))
    }
}
