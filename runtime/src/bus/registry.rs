//! All topics of a robot.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use nevil_msgs::{Message, Qos, Topic};
use nevil_sys::sync::atomic::{AtomicU32, Ordering};
use nevil_sys::sync::{Mutex, MutexGuard};

use crate::bus::Wake;
use crate::bus::counts::TopicCounts;
use crate::bus::description::TopicDescription;
use crate::bus::error::TopicError;
use crate::bus::publisher::{OnPublish, Publisher};
use crate::bus::qos::{QosOverride, check_qos, differences, is_topic_name};
use crate::bus::sources::Sources;
use crate::bus::subscription::Subscription;
use crate::bus::subscription_qos::{Said, SubscriptionRules};
use crate::bus::tap::{AnyTap, Tap};
use crate::bus::topic::{AnyPublisher, AnyTopic, Authority, SideOf, TopicCore};
use crate::clock::Clock;
use crate::incarnation::Incarnation;
use crate::limits::SOURCES_OF_PRIORITY_MAX;
use crate::lineage::LineageCell;

/// All topics of a robot. Clones are handles to the same topics.
#[derive(Clone)]
pub struct Bus(Arc<Registry>);

struct Registry {
    clock: Clock,
    /// What is said about topics, by name, instead of what stands on them.
    overrides: BTreeMap<String, QosOverride>,
    topics: Mutex<BTreeMap<Arc<str>, Entry>>,
    /// Topics between a driver and its node.
    private: Mutex<BTreeSet<Arc<str>>>,
    sources: Mutex<Vec<Arc<str>>>,
    /// What happens where messages are published, by topic: an [`OnPublish`] of the topic's type.
    on_publish: Mutex<BTreeMap<&'static str, Box<dyn Any + Send + Sync>>>,
    /// Publishers of tools that there have been.
    tools: AtomicU32,
}

/// A topic, and what holds for it alone.
struct Entry {
    topic: Arc<dyn AnyTopic>,
    /// The node that publishes on it, where only one may.
    writer: Option<Arc<str>>,
}

impl Bus {
    /// A bus without topics, which stamps messages with `clock`.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self::with_overrides(clock, BTreeMap::new())
    }

    /// The same, where topics are carried as `overrides` say, by name, instead of as they are declared.
    #[must_use]
    pub fn with_overrides(clock: Clock, overrides: BTreeMap<String, QosOverride>) -> Self {
        let (topics, private, sources) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (on_publish, tools) = (Mutex::default(), AtomicU32::new(0));
        Self(Arc::new(Registry { clock, overrides, topics, private, sources, on_publish, tools }))
    }

    /// Calls `call` with the name of the publisher and each message that is published on `topic`, on the publisher's thread,
    /// before the message is offered to anybody. To be said before the topic is declared.
    pub(crate) fn on_publish<T: Message>(&self, topic: &Topic<T>, call: OnPublish<T>) {
        lock(&self.0.on_publish).insert(topic.name(), Box::new(call));
    }

    /// The clock that stamps messages.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Gives `instance` the number that stands for it in message headers.
    pub(crate) fn source(&self, instance: &Arc<str>) -> u32 {
        let mut sources = lock(&self.0.sources);
        let known = sources.iter().position(|source| source == instance);
        let index = known.unwrap_or_else(|| {
            sources.push(Arc::clone(instance));
            sources.len() - 1
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// The instance that `source` stands for in message headers.
    #[must_use]
    pub fn source_name(&self, source: u32) -> Arc<str> {
        let known = lock(&self.0.sources).get(source as usize).cloned();
        known.unwrap_or_else(|| Arc::from("unknown"))
    }

    pub(crate) fn publisher<T: Message>(
        &self,
        name: &str,
        topic: &Topic<T>,
        incarnation: Arc<Incarnation>,
        lineage: Arc<LineageCell>,
    ) -> Result<Publisher<T>, TopicError> {
        let core = self.declare(name, topic)?;
        if core.qos.exclusive {
            self.take_exclusive(name, incarnation.instance())?;
        }
        Ok(core.publisher(incarnation, lineage))
    }

    pub(crate) fn subscribe<T: Message>(
        &self,
        name: &str,
        topic: &Topic<T>,
        (node, callback): (&Arc<str>, &Arc<str>),
        (wake, sources): (Arc<Wake>, &mut Sources),
        said: Said<'_>,
    ) -> Result<Subscription<T>, TopicError> {
        let core = self.declare(name, topic)?;
        let rules = SubscriptionRules::new(core.qos, said);
        // That messages are small enough has been said of the topic.
        check_qos(&rules.qos, 0).map_err(|problem| TopicError::Subscription {
            topic: name.into(),
            declared: topic.name().into(),
            node: Arc::clone(node),
            problem,
        })?;
        core.check_plan(node, callback, &rules)?;
        let source = sources.add(rules.qos.priority).ok_or_else(|| TopicError::TooManySubscriptions {
            topic: name.into(),
            max: SOURCES_OF_PRIORITY_MAX,
        })?;
        Ok(core.subscribe(node, callback, SideOf::Node { wake, source, rules }))
    }

    /// A tap on `topic`, which is created if no node has declared it.
    ///
    /// # Errors
    ///
    /// [`TopicError`] if the topic carries another type.
    pub fn tap<T: Message>(&self, topic: &Topic<T>) -> Result<Tap<T>, TopicError> {
        Ok(Tap::new(&self.topic(topic.name(), topic)?))
    }

    /// A tap on the topic called `name`.
    ///
    /// # Errors
    ///
    /// [`TopicError::Unknown`] if no node has declared it.
    pub fn tap_by_name(&self, name: &str) -> Result<Box<dyn AnyTap>, TopicError> {
        Ok(self.known(name)?.tap())
    }

    /// A publisher for values on the topic called `name`, for the tool called `tool`, under whose name it is counted.
    ///
    /// # Errors
    ///
    /// [`TopicError`] if no node has declared the topic, or too many tools publish on it.
    pub fn tool_publisher(
        &self,
        name: &str,
        tool: &str,
        authority: Authority,
    ) -> Result<Box<dyn AnyPublisher>, TopicError> {
        let topic = self.known(name)?;
        let tool: Arc<str> = tool.into();
        let source = self.source(&tool);
        // Each has its own: sequence numbers begin with 1 in each.
        // Relaxed: any number that no other has will do.
        let number = self.0.tools.fetch_add(1, Ordering::Relaxed) + 1;
        let incarnation = Arc::new(Incarnation::new(tool, source, number));
        incarnation.open();
        topic.tool_publisher(incarnation, authority)
    }

    /// Notes that a publisher of `instance` on the topic called `name` may wait for room.
    pub(crate) fn will_wait(&self, name: &str, instance: &Arc<str>) -> Result<(), TopicError> {
        self.known(name)?.will_wait(instance);
        Ok(())
    }

    /// Ends all that a life of a node that was given up has on the bus: its thread may never do so.
    pub(crate) fn give_up(&self, wake: &Arc<Wake>, incarnation: &Arc<Incarnation>) {
        let topics: Vec<_> = lock(&self.0.topics).values().map(|entry| Arc::clone(&entry.topic)).collect();
        topics.iter().for_each(|topic| topic.give_up(wake, incarnation));
    }

    /// The topics on which `publisher` publishes and to which `subscriber` subscribes, by name, with the age of the last
    /// message that the former has published; `None`: it has published nothing.
    #[must_use]
    pub fn topics_between(&self, publisher: &str, subscriber: &str) -> Vec<(Arc<str>, Option<Duration>)> {
        let now = self.0.clock.now();
        let topics = lock(&self.0.topics);
        let between = topics.iter().filter_map(|(name, entry)| {
            let last = entry.topic.last_between(publisher, subscriber)?;
            Some((Arc::clone(name), last.map(|last| now.since(last))))
        });
        between.collect()
    }

    /// The topics with their types and ends, by name.
    #[must_use]
    pub fn topics(&self) -> Vec<TopicDescription> {
        let topics = lock(&self.0.topics);
        topics.iter().map(|(name, entry)| self.describe(name, entry)).collect()
    }

    /// The topic called `name` with its type and ends.
    ///
    /// # Errors
    ///
    /// [`TopicError::Unknown`] if no node has declared it.
    pub fn description(&self, name: &str) -> Result<TopicDescription, TopicError> {
        self.known(name)?;
        // Topics are never removed.
        let topics = lock(&self.0.topics);
        Ok(self.describe(name, &topics[name]))
    }

    /// The accounts of the topic called `name`.
    ///
    /// # Errors
    ///
    /// [`TopicError::Unknown`] if no node has declared it.
    pub fn counts(&self, name: &str) -> Result<TopicCounts, TopicError> {
        Ok(self.known(name)?.counts())
    }

    /// The latched values of the topic called `name`, as text, with the nodes that published them.
    ///
    /// # Errors
    ///
    /// [`TopicError::Unknown`] if no node has declared it.
    pub fn latched(&self, name: &str) -> Result<Vec<(Arc<str>, String)>, TopicError> {
        let values = self.known(name)?.latched();
        Ok(values.into_iter().map(|(source, value)| (self.source_name(source), value)).collect())
    }

    /// The accounts that do not balance, in words. Meaningful when nothing is moving.
    #[must_use]
    pub fn imbalances(&self) -> Vec<String> {
        let topics: Vec<_> =
            lock(&self.0.topics).iter().map(|(name, entry)| (name.clone(), entry.topic.clone())).collect();
        let of_topic = |(name, topic): (Arc<str>, Arc<dyn AnyTopic>)| {
            let lines = topic.counts().imbalances();
            lines.into_iter().map(move |line| format!("topic `{name}`: {line}"))
        };
        topics.into_iter().flat_map(of_topic).collect()
    }

    /// Gives every topic its pool and connects its ends: all nodes are configured. Topics that come later get theirs at
    /// once when this is called again.
    ///
    /// # Errors
    ///
    /// [`TopicError::TooManySlots`] if the queues of one topic are larger than a pool can be.
    pub(crate) fn seal(&self) -> Result<(), TopicError> {
        let topics: Vec<_> = lock(&self.0.topics).values().map(|entry| Arc::clone(&entry.topic)).collect();
        topics.iter().try_for_each(|topic| topic.seal())
    }

    fn topic<T: Message>(&self, name: &str, topic: &Topic<T>) -> Result<Arc<TopicCore<T>>, TopicError> {
        let mut topics = lock(&self.0.topics);
        let entry = match topics.entry(name.into()) {
            btree_map::Entry::Occupied(known) => known.into_mut(),
            btree_map::Entry::Vacant(new) => {
                let core = self.new_topic(Arc::clone(new.key()), topic)?;
                new.insert(Entry { topic: Arc::new(core), writer: None })
            }
        };
        let existing = entry.topic.describe().type_info;
        Arc::clone(&entry.topic).into_any().downcast().map_err(|_| TopicError::OtherType {
            topic: name.into(),
            carried: existing.name,
            carried_hash: existing.hash,
            wanted: T::TYPE.name,
            wanted_hash: T::TYPE.hash,
        })
    }

    /// The same for a node, which declares how the topic is to be carried: as all others do. Nodes are configured at the
    /// same time, so that otherwise chance would decide what holds.
    pub(crate) fn declare<T: Message>(
        &self,
        name: &str,
        topic: &Topic<T>,
    ) -> Result<Arc<TopicCore<T>>, TopicError> {
        let core = self.topic(name, topic)?;
        let rules = differences(&core.qos, &self.qos(name, topic));
        if rules.is_empty() { Ok(core) } else { Err(TopicError::OtherQos { topic: name.into(), rules }) }
    }

    /// How `topic` is to be carried in this robot, where it is called `name`.
    fn qos<T>(&self, name: &str, topic: &Topic<T>) -> Qos {
        self.0.overrides.get(name).map_or(topic.qos(), |said| said.apply(topic.qos()))
    }

    /// A topic that is declared for the first time: here its name and its QoS are checked.
    fn new_topic<T: Message>(&self, name: Arc<str>, topic: &Topic<T>) -> Result<TopicCore<T>, TopicError> {
        if !is_topic_name(&name) {
            return Err(TopicError::Name { given: name });
        }
        let qos = self.qos(&name, topic);
        match check_qos(&qos, size_of::<T>()) {
            Ok(()) => {
                let calls = lock(&self.0.on_publish);
                let call = calls.get(&*name).and_then(|call| call.downcast_ref::<OnPublish<T>>());
                Ok(TopicCore::new(name, qos, self.0.clock.clone(), call.cloned()))
            }
            Err(problem) => Err(TopicError::Qos { topic: name, problem }),
        }
    }

    /// Makes `node` the one that publishes on the exclusive topic `name`, for as long as the robot lives: a node that is
    /// replaced keeps it.
    fn take_exclusive(&self, name: &str, node: &Arc<str>) -> Result<(), TopicError> {
        let mut topics = lock(&self.0.topics);
        let Some(entry) = topics.get_mut(name) else { return Ok(()) };
        let writer = entry.writer.get_or_insert_with(|| Arc::clone(node));
        if writer == node {
            return Ok(());
        }
        Err(TopicError::Exclusive { topic: name.into(), writer: Arc::clone(writer), node: Arc::clone(node) })
    }

    /// Makes the topic `name`, which a driver and its node are about to declare, private to them.
    pub(crate) fn make_private(&self, name: &str) -> Result<(), TopicError> {
        let is_known = lock(&self.0.topics).contains_key(name);
        let mut private = lock(&self.0.private);
        if is_known && !private.contains(name) {
            return Err(TopicError::Private { topic: name.into() });
        }
        private.insert(name.into());
        Ok(())
    }

    /// Whether the topic `name` is private to a driver and its node.
    pub(crate) fn is_private(&self, name: &str) -> bool {
        lock(&self.0.private).contains(name)
    }

    fn describe(&self, name: &str, entry: &Entry) -> TopicDescription {
        let overridden = self.0.overrides.get(name).map(QosOverride::keys).unwrap_or_default();
        TopicDescription { overridden, is_private: self.is_private(name), ..entry.topic.describe() }
    }

    pub(super) fn known(&self, name: &str) -> Result<Arc<dyn AnyTopic>, TopicError> {
        let topics = lock(&self.0.topics);
        topics.get(name).map(|entry| Arc::clone(&entry.topic)).ok_or_else(|| TopicError::Unknown {
            topic: name.into(),
            known: topics.keys().map(ToString::to_string).collect(),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Registration has no step that panics half-way; if one did, what is there is still consistent.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.topics().iter().map(|topic| &topic.name)).finish()
    }
}
