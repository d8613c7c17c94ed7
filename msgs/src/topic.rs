//! Topics: a name, the type of its messages, and how they are to be carried.

use std::fmt;
use std::marker::PhantomData;

/// A named stream of messages of one type, with the QoS that its subscriptions get where nothing else is said.
///
/// Topics are constants, so that publisher and subscriber cannot disagree about name, type or QoS:
///
/// ```
/// use nevil_msgs::{Range, Topic};
///
/// /// Distance to the next thing behind the car.
/// const RANGE_REAR: Topic<Range> = Topic::new("range_rear").depth(2);
/// assert_eq!(RANGE_REAR.name(), "range_rear");
/// ```
pub struct Topic<T> {
    name: &'static str,
    qos: Qos,
    message: PhantomData<fn() -> T>,
}

impl<T> Topic<T> {
    /// A topic with the default QoS: keep the newest 10 messages of each publisher, drop the oldest.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, qos: Qos::DEFAULT, message: PhantomData }
    }

    /// A topic of commands: a full subscription refuses the newest, because losing the oldest of a sequence of
    /// motions changes what the rest means.
    #[must_use]
    pub const fn commands(name: &'static str) -> Self {
        let mut topic = Self::new(name);
        topic.qos.overflow = Overflow::DropNewest;
        topic.qos.priority = TopicPriority::High;
        topic
    }

    /// A topic of which only the newest message counts, from whichever publisher it comes.
    #[must_use]
    pub const fn latest(name: &'static str) -> Self {
        let mut topic = Self::new(name);
        topic.qos.overflow = Overflow::Latest;
        topic.qos.depth = 1;
        topic
    }

    /// The same topic, of which a subscription keeps `depth` messages of each publisher.
    #[must_use]
    pub const fn depth(mut self, depth: u16) -> Self {
        self.qos.depth = depth;
        self
    }

    /// The same topic with another order of service in the turn of a node.
    #[must_use]
    pub const fn priority(mut self, priority: TopicPriority) -> Self {
        self.qos.priority = priority;
        self
    }

    /// The same topic, whose messages may take at most `bytes`, heap included.
    #[must_use]
    pub const fn message_bytes_max(mut self, bytes: u32) -> Self {
        self.qos.message_bytes_max = bytes;
        self
    }

    /// The topic's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The QoS that stands on the topic.
    #[must_use]
    pub const fn qos(&self) -> Qos {
        self.qos
    }
}

impl<T> Clone for Topic<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Topic<T> {}

impl<T> fmt::Debug for Topic<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic").field("name", &self.name).field("qos", &self.qos).finish()
    }
}

/// How the messages of a topic are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Qos {
    /// What happens to a message for which a subscription has no room.
    pub overflow: Overflow,
    /// Messages that a subscription keeps of each publisher, 1 to 256. Under [`Overflow::Latest`] it is 1 over all.
    pub depth: u16,
    /// Which topics a node serves first within a turn.
    pub priority: TopicPriority,
    /// Most bytes of one message, heap included.
    pub message_bytes_max: u32,
}

impl Qos {
    /// Keep 10 messages of each publisher, drop the oldest, at most 64 KiB each.
    pub const DEFAULT: Self = Self {
        overflow: Overflow::DropOldest,
        depth: 10,
        priority: TopicPriority::Normal,
        message_bytes_max: 64 * 1024,
    };
}

/// What a full subscription does with one message more. Whatever is dropped is counted as `overflow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The oldest queued message makes room: right for measurements.
    DropOldest,
    /// The new message is dropped: right for sequences of commands.
    DropNewest,
    /// One place for all publishers, and the newest message wins: right for states.
    Latest,
}

/// Order of service within one turn of a node; it never lets one topic starve another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicPriority {
    /// Served last.
    Low,
    /// Where nothing is said.
    Normal,
    /// Before the normal ones; the default of command topics.
    High,
    /// First of all: safety.
    Critical,
}
