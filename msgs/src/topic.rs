//! Topics: a name, the type of its messages, and how they are to be carried.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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

    /// The same topic, which keeps the last message of each publisher for subscriptions that come later: for states that
    /// are published when they change. See [`Qos::latched`].
    #[must_use]
    pub const fn latched(mut self) -> Self {
        self.qos.latched = true;
        self
    }

    /// The same topic, whose messages are delivered up to the age `lifespan` and no later. See [`Qos::lifespan`].
    #[must_use]
    pub const fn lifespan(mut self, lifespan: Duration) -> Self {
        self.qos.lifespan = Some(lifespan);
        self
    }

    /// The same topic, on which silence of `deadline` is reported. See [`Qos::deadline`].
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.qos.deadline = Some(deadline);
        self
    }

    /// The same topic, on which one node publishes and no other. See [`Qos::exclusive`].
    #[must_use]
    pub const fn exclusive(mut self) -> Self {
        self.qos.exclusive = true;
        self
    }

    /// The same topic, each message of which begins a new lineage, as one in a control loop needs. See
    /// [`Qos::feedback`].
    #[must_use]
    pub const fn feedback(mut self) -> Self {
        self.qos.feedback = true;
        self
    }

    /// The same topic, whose other end may be a tool outside of the robot. See [`Qos::external`].
    #[must_use]
    pub const fn external(mut self) -> Self {
        self.qos.external = true;
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

/// How the messages of a topic are carried. A launch file may say otherwise for its robot.
///
/// Which values are allowed is checked when a node first declares the topic.
///
/// ```
/// use std::time::Duration;
/// use nevil_msgs::{MotionStatus, Topic};
///
/// /// What the arm does, said when it changes; who comes later is told at once.
/// const ARM_STATUS: Topic<MotionStatus> = Topic::latest("arm_status").latched().exclusive();
/// assert!(ARM_STATUS.qos().latched && ARM_STATUS.qos().exclusive);
/// assert_eq!(ARM_STATUS.lifespan(Duration::from_secs(2)).qos().lifespan, Some(Duration::from_secs(2)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Qos {
    /// What happens to a message for which a subscription has no room.
    pub overflow: Overflow,
    /// Messages that a subscription keeps of each publisher, 1 to 256. Under [`Overflow::Latest`] it is 1, and that over
    /// all publishers.
    pub depth: u16,
    /// Which topics a node serves first within a turn.
    pub priority: TopicPriority,
    /// Most bytes of one message, heap included, and at least what one takes without heap. A larger one is refused when
    /// it is published, and counted as `refused_size`.
    pub message_bytes_max: u32,
    /// Whether a subscription that comes later gets the last message of each publisher, before any that is published
    /// afterwards; each is delivered once and marked as replayed. The lifespan holds for it too. It occupies one slot
    /// for each publisher. Not for commands ([`Overflow::DropNewest`]): an old command must not be obeyed again.
    pub latched: bool,
    /// Age from which a queued message is not delivered any more but dropped and counted as `expired`, 1 ms to 1 h.
    /// Looked at when its turn comes; a callback that has begun is not disturbed. `None`: any age.
    pub lifespan: Option<Duration>,
    /// Longest silence on a subscription, 1 ms to 1 h; a longer one is reported, and nothing else happens: what a node
    /// does about it is its own matter. `None`: silence is normal.
    pub deadline: Option<Duration>,
    /// Whether one node alone may publish. A second one that declares a publisher is refused before anything starts; an
    /// operator has to say that the message is meant to come from the operator.
    pub exclusive: bool,
    /// Whether each message begins a new lineage. Without such a topic, messages in a loop of nodes count as the
    /// consequences of one event, and after 32 of them within a second publishing is refused as `refused_hops`.
    pub feedback: bool,
    /// Whether tools outside of the robot are its other end: `nevil topic pub` for what nodes only subscribe to, `nevil topic
    /// echo` or a screen for what they only publish. A plan then misses neither a publisher nor a subscription. It changes
    /// nothing about how messages are carried.
    pub external: bool,
}

impl Qos {
    /// Keep 10 messages of each publisher, drop the oldest, at most 64 KiB each; from any publisher, of any age.
    pub const DEFAULT: Self = Self {
        overflow: Overflow::DropOldest,
        depth: 10,
        priority: TopicPriority::Normal,
        message_bytes_max: 64 * 1024,
        latched: false,
        lifespan: None,
        deadline: None,
        exclusive: false,
        feedback: false,
        external: false,
    };
}

/// What a full subscription does with one message more. Whatever is dropped is counted as `overflow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// The oldest queued message makes room: right for measurements.
    DropOldest,
    /// The new message is dropped: right for sequences of commands.
    DropNewest,
    /// One place for all publishers, and the newest message wins: right for states.
    Latest,
}

/// Order of service within one turn of a node; it never lets one topic starve another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
