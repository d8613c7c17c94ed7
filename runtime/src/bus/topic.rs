//! One topic: its pool, and who is connected to whom.

use std::any::Any;
use std::collections::btree_map;
use std::sync::{Arc, OnceLock, PoisonError};

use nevil_msgs::{Message, Overflow, Qos, Value, ValueError};
use nevil_sys::mem::{Latch, Pool};
use nevil_sys::sync::atomic::AtomicU32;
use nevil_sys::sync::{Mutex, MutexGuard};

use crate::bus::Wake;
use crate::bus::account::SubscriptionAccount;
use crate::bus::counts::TopicCounts;
use crate::bus::depth::SetDepthError;
use crate::bus::description::{SubscriptionDescription, TopicDescription};
use crate::bus::ends::{DeclaredSubscription, Ends, PublisherEntry, SubscriptionEntry};
use crate::bus::error::TopicError;
use crate::bus::memory::{QueueShape, TopicMemory};
use crate::bus::publisher::{Cause, OnPublish, Published, Publisher, PublisherPort, Right};
use crate::bus::subscription::{Envelope, Inlet, Subscription, SubscriptionPort, SubscriptionSide};
use crate::bus::subscription_qos::SubscriptionRules;
use crate::bus::tap::{AnyTap, Tap};
use crate::clock::{Clock, Time};
use crate::error::{NodeError, drop_caught};
use crate::incarnation::Incarnation;
use crate::limits::{TAP_DEPTH, TOOL_PUBLISHERS_MAX};
use crate::lineage::LineageCell;

/// One topic of a robot.
pub(crate) struct TopicCore<T: Message> {
    pub(crate) name: Arc<str>,
    pub(crate) qos: Qos,
    pub(crate) clock: Clock,
    pub(crate) on_publish: Option<OnPublish<T>>,
    pub(super) pool: OnceLock<Pool<Envelope<T>>>,
    ends: Mutex<Ends<T>>,
}

impl<T: Message> TopicCore<T> {
    pub(crate) fn new(name: Arc<str>, qos: Qos, clock: Clock, on_publish: Option<OnPublish<T>>) -> Self {
        Self { name, qos, clock, on_publish, pool: OnceLock::new(), ends: Mutex::new(Ends::new()) }
    }

    /// The pool, once the topic is sealed.
    pub(crate) fn pool(&self) -> Option<&Pool<Envelope<T>>> {
        self.pool.get()
    }

    /// Whether a message of `stamp` is older than the lifespan.
    pub(crate) fn is_too_old(&self, stamp: Time) -> bool {
        self.qos.lifespan.is_some_and(|lifespan| self.clock.now().since(stamp) > lifespan)
    }

    /// A new publisher of `incarnation`.
    pub(crate) fn publisher(
        self: &Arc<Self>,
        incarnation: Arc<Incarnation>,
        lineage: Arc<LineageCell>,
    ) -> Publisher<T> {
        self.publisher_among(&mut self.ends(), incarnation, lineage, Right::Declared)
    }

    fn publisher_among(
        self: &Arc<Self>,
        ends: &mut Ends<T>,
        incarnation: Arc<Incarnation>,
        lineage: Arc<LineageCell>,
        right: Right,
    ) -> Publisher<T> {
        // Each begins elsewhere: they meet only when slots are scarce.
        let near = ends.publishers.len() * (usize::from(self.qos.depth) + 1);
        let tally =
            ends.publisher_accounts.entry(Arc::clone(incarnation.instance())).or_default().publisher();
        let number = ends.numbers.next().unwrap_or_default();
        let port = Arc::new(PublisherPort::new(Arc::clone(self), incarnation, lineage, number, right));
        ends.publishers.push(PublisherEntry { port: Arc::downgrade(&port), routes: Vec::new() });
        if let Some(pool) = self.pool.get() {
            ends.connect(pool, self.qos);
        }
        Publisher::new(port, tally, near)
    }

    /// Checks that what (`node`, `callback`) declares fits into what was planned for it, if its queue is planned.
    pub(crate) fn check_plan(
        &self,
        node: &Arc<str>,
        callback: &Arc<str>,
        rules: &SubscriptionRules,
    ) -> Result<(), TopicError> {
        let (ends, wanted) = (self.ends(), QueueShape::new(&rules.qos));
        let declared = ends.declared.get(&(Arc::clone(node), Arc::clone(callback)));
        match declared.filter(|declared| self.pool.get().is_some() && declared.planned < wanted) {
            None => Ok(()),
            Some(declared) => Err(TopicError::AbovePlan {
                topic: Arc::clone(&self.name),
                node: Arc::clone(node),
                given: rules.qos.depth,
                planned: declared.planned.places(),
            }),
        }
    }

    /// A new subscription with the account of (`node`, `callback`).
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        node: &Arc<str>,
        callback: &Arc<str>,
        side: SideOf,
    ) -> Subscription<T> {
        let mut ends = self.ends();
        let side = match side {
            SideOf::Node { wake, source, rules } => {
                let (qos, key) = (rules.qos, (Arc::clone(node), Arc::clone(callback)));
                let declared = match ends.declared.entry(key) {
                    btree_map::Entry::Vacant(new) => new.insert(DeclaredSubscription::new(rules)),
                    btree_map::Entry::Occupied(known) => {
                        let known = known.into_mut();
                        known.declare_again(rules);
                        known
                    }
                };
                let (account, places) = (Arc::clone(&declared.account), declared.planned.places());
                let depth = AtomicU32::new(declared.depth.into());
                SubscriptionSide { account, wake: Some((wake, source)), qos, places, depth }
            }
            SideOf::Tap => {
                // A tap sees every message that it has room for, whatever the topic's rule is.
                let qos = Qos { overflow: Overflow::DropOldest, depth: TAP_DEPTH, ..self.qos };
                let (places, depth) = (TAP_DEPTH, AtomicU32::new(TAP_DEPTH.into()));
                SubscriptionSide { account: Arc::default(), wake: None, qos, places, depth }
            }
        };
        let port = Arc::new(SubscriptionPort::new(Arc::clone(self), Arc::new(side)));
        ends.subscriptions.push(SubscriptionEntry {
            port: Arc::downgrade(&port),
            inlets: Vec::new(),
            replays: Vec::new(),
            replays_ever: 0,
        });
        if let Some(pool) = self.pool.get() {
            ends.connect(pool, self.qos);
        }
        Subscription::new(port)
    }

    /// Ends a subscription: nothing more is queued for it, and what is queued is discarded and counted.
    pub(crate) fn unsubscribe(&self, port: &Arc<SubscriptionPort<T>>) {
        let mut swept = Vec::new();
        // Under the registration lock, so that no publisher that comes meanwhile gets a lane that is never closed.
        let mut ends = self.ends();
        let ended =
            ends.subscriptions.extract_if(.., |entry| std::ptr::eq(entry.port.as_ptr(), Arc::as_ptr(port)));
        for Inlet { lane, room } in ended.flat_map(|entry| entry.inlets) {
            lane.close();
            swept.extend(lane.sweep());
            // Who waited for room in it waits for nothing now.
            room.ring_if_sleeping();
        }
        port.tally.discarded.add(swept.len() as u64);
        // Publishers learn at their next message that there is one route less.
        if let Some(pool) = self.pool.get() {
            ends.connect(pool, self.qos);
        }
        drop(ends);
        // The messages are the user's code when they are dropped: no lock is held then.
        swept.into_iter().for_each(drop_caught);
    }

    pub(super) fn ends(&self) -> MutexGuard<'_, Ends<T>> {
        // Registration has no step that panics half-way; if one did, what is there is still consistent.
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// On whose behalf a subscription is made.
pub(crate) enum SideOf {
    /// A node's, woken by each message.
    Node {
        wake: Arc<Wake>,
        /// Which source of the node it is.
        source: usize,
        rules: SubscriptionRules,
    },
    /// A tool, which looks from time to time.
    Tap,
}

/// A topic whose message type is not known to the caller.
pub(crate) trait AnyTopic: Send + Sync {
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    fn describe(&self) -> TopicDescription;
    fn seal(&self) -> Result<(), TopicError>;
    fn counts(&self) -> TopicCounts;
    /// The latched values, as text, with the numbers of the nodes that published them.
    fn latched(&self) -> Vec<(u32, String)>;
    fn tap(self: Arc<Self>) -> Box<dyn AnyTap>;
    fn tool_publisher(
        self: Arc<Self>,
        incarnation: Arc<Incarnation>,
        authority: Authority,
    ) -> Result<Box<dyn AnyPublisher>, TopicError>;
    /// See [`Bus::set_depth`](crate::Bus::set_depth).
    fn set_depth(&self, node: Option<&str>, depth: u16) -> Result<(), SetDepthError>;
    /// Notes that publishers of `instance` may wait for room.
    fn will_wait(&self, instance: &Arc<str>);
    /// When `publisher` has published last, if it publishes and `subscriber` subscribes; `Some(None)`: it never has.
    fn last_between(&self, publisher: &str, subscriber: &str) -> Option<Option<Time>>;
    /// Ends what a life of a node that was given up has here: the subscriptions that wake `wake`, and the publishers of
    /// `incarnation`, with what they have latched. Its own thread still holds them, and may never let go.
    fn give_up(&self, wake: &Arc<Wake>, incarnation: &Arc<Incarnation>);
}

/// On whose behalf a tool publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Anybody's: exclusive topics refuse it.
    Tool,
    /// The operator's, who has asked for it: exclusive topics let it through.
    Operator,
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
        // A first event: no callback runs on a tool's thread that it could descend from.
        self.publish_as(Cause::Root, message).map_err(|error| ToolPublishError::Refused(error.into()))
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
            qos: Qos { depth: ends.depth.unwrap_or(self.qos.depth), ..self.qos },
            publishers: ends.publisher_accounts.keys().cloned().collect(),
            subscriptions: ends.declared.keys().cloned().collect(),
            subscription_qos: ends.declared.iter().map(SubscriptionDescription::of).collect(),
            depth_planned: self.qos.depth,
            waits: ends.waiting.iter().cloned().collect(),
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
        ends.connect(pool, self.qos);
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
                .declared
                .iter()
                .map(|((node, callback), DeclaredSubscription { account, .. })| {
                    (node.to_string(), callback.to_string(), account.counts(|| queued(account)))
                })
                .collect(),
            slots: self.pool.get().map_or((0, 0), |pool| (pool.in_use(), pool.capacity())),
        }
    }

    fn latched(&self) -> Vec<(u32, String)> {
        // Under the registration lock: there is one that looks at a time.
        let ends = self.ends();
        let ports = ends.publishers.iter().filter_map(|entry| entry.port.upgrade());
        let values = ports.filter_map(|port| port.latch.get().and_then(Latch::get));
        let values = values.filter(|value| !self.is_too_old(value.header.stamp));
        values.map(|value| (value.header.source, nevil_msgs::to_text(&value.message))).collect()
    }

    fn tap(self: Arc<Self>) -> Box<dyn AnyTap> {
        Box::new(Tap::new(&self))
    }

    fn tool_publisher(
        self: Arc<Self>,
        incarnation: Arc<Incarnation>,
        authority: Authority,
    ) -> Result<Box<dyn AnyPublisher>, TopicError> {
        let mut ends = self.ends();
        let is_tool =
            |entry: &&PublisherEntry<T>| entry.port.upgrade().is_some_and(|port| port.is_of_a_tool());
        if ends.publishers.iter().filter(is_tool).count() >= TOOL_PUBLISHERS_MAX {
            return Err(TopicError::TooManyTools { topic: Arc::clone(&self.name), max: TOOL_PUBLISHERS_MAX });
        }
        let right = match authority {
            Authority::Tool if self.qos.exclusive => Right::Excluded,
            Authority::Tool | Authority::Operator => Right::Tool,
        };
        Ok(Box::new(self.publisher_among(&mut ends, incarnation, Arc::default(), right)))
    }

    fn set_depth(&self, node: Option<&str>, depth: u16) -> Result<(), SetDepthError> {
        self.change_depth(node, depth)
    }

    fn will_wait(&self, instance: &Arc<str>) {
        self.ends().waiting.insert(Arc::clone(instance));
    }

    fn last_between(&self, publisher: &str, subscriber: &str) -> Option<Option<Time>> {
        let ends = self.ends();
        let subscribes = ends.declared.keys().any(|(node, _)| **node == *subscriber);
        let account = ends.publisher_accounts.get(publisher).filter(|_| subscribes)?;
        Some(account.last())
    }

    fn give_up(&self, wake: &Arc<Wake>, incarnation: &Arc<Incarnation>) {
        let mut ends = self.ends();
        let is_of = |port: &Arc<SubscriptionPort<T>>| {
            port.side.wake.as_ref().is_some_and(|(woken, _)| Arc::ptr_eq(woken, wake))
        };
        let ports = ends.subscriptions.iter().filter_map(|entry| entry.port.upgrade());
        let ports: Vec<_> = ports.filter(is_of).collect();
        ends.publishers.retain(|entry| entry.port.upgrade().is_some_and(|port| !port.is_of(incarnation)));
        drop(ends);
        for port in &ports {
            self.unsubscribe(port);
            port.side.account.give_up(&port.tally);
        }
    }
}
