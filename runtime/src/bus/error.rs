//! What can be wrong with a topic.

use std::sync::Arc;

use crate::bus::qos::QosProblem;
use crate::limits::TOPIC_NAME_BYTES_MAX;

/// What is wrong with a topic that a node or a tool asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopicError {
    /// Another type travels on it.
    #[error(
        "topic `{topic}` carries `{carried}` ({carried_hash:016x}), `{wanted}` ({wanted_hash:016x}) was asked for; \
         both ends must use the same message type"
    )]
    OtherType {
        /// The topic.
        topic: Arc<str>,
        /// Type that it carries.
        carried: &'static str,
        /// Hash of that type's fields.
        carried_hash: u64,
        /// Type that was asked for.
        wanted: &'static str,
        /// Hash of that type's fields.
        wanted_hash: u64,
    },
    /// No node has declared it.
    #[error("unknown topic `{topic}`{}; known topics are {}", suggestion(.topic, .known), .known.join(", "))]
    Unknown {
        /// The name that was given.
        topic: Arc<str>,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Its name is not one.
    #[error(
        "`{given}` is not a name for a topic; use 1 to {TOPIC_NAME_BYTES_MAX} of the characters a-z, 0-9 and _, in \
         parts separated by /"
    )]
    Name {
        /// The name, with its namespace.
        given: Arc<str>,
    },
    /// Nodes disagree about how it is to be carried.
    #[error(
        "topic `{topic}` is declared with another {} than before; let its nodes use one constant, or say the same for \
         all of them in the launch file",
        .rules.join(", ")
    )]
    OtherQos {
        /// The topic.
        topic: Arc<str>,
        /// In what they differ, as launch files write it.
        rules: Vec<&'static str>,
    },
    /// How it is to be carried is not possible.
    #[error("topic `{topic}`: {problem}")]
    Qos {
        /// The topic.
        topic: Arc<str>,
        /// What is wrong.
        problem: QosProblem,
    },
    /// What a node says about its subscription does not go with the topic.
    #[error("subscription of `{node}` to `{topic}`: {problem}")]
    Subscription {
        /// The topic.
        topic: Arc<str>,
        /// Its name in the node's code.
        declared: Arc<str>,
        /// The node.
        node: Arc<str>,
        /// What is wrong.
        problem: QosProblem,
    },
    /// A node that is started again wants a longer queue than was planned.
    #[error(
        "subscription of `{node}` to `{topic}`: depth is above what was planned ({given}), at most {planned} is possible \
         while the robot runs; start the robot again"
    )]
    AbovePlan {
        /// The topic.
        topic: Arc<str>,
        /// The node.
        node: Arc<str>,
        /// The depth that it wants.
        given: u16,
        /// Places of its queue.
        planned: u16,
    },
    /// Only one node may publish on it, and that is another one.
    #[error(
        "topic `{topic}` is exclusive: `{writer}` publishes on it, so that `{node}` may not; remap the topic for one of \
         them, put them into namespaces, or leave one out"
    )]
    Exclusive {
        /// The topic.
        topic: Arc<str>,
        /// The node that declared a publisher first.
        writer: Arc<str>,
        /// The node that wants to publish too.
        node: Arc<str>,
    },
    /// It is used between a driver and its node.
    #[error(
        "topic `{topic}` is the private one of a driver and its node, and another node wants to use it; choose another \
         name or namespace"
    )]
    Private {
        /// The topic.
        topic: Arc<str>,
    },
    /// Its queues are larger than a pool can be.
    #[error("topic `{topic}`: its queues need {slots} slots, at most {max} are allowed; lower the depth")]
    TooManySlots {
        /// The topic.
        topic: Arc<str>,
        /// Slots that its queues need.
        slots: usize,
        /// Most slots of a pool.
        max: usize,
    },
    /// The node has too many subscriptions.
    #[error(
        "topic `{topic}`: the node has {max} subscriptions of this priority already; share the work among nodes"
    )]
    TooManySubscriptions {
        /// The topic.
        topic: Arc<str>,
        /// Most subscriptions of one priority.
        max: usize,
    },
    /// Too many tools publish on it.
    #[error("topic `{topic}`: {max} tools publish on it already; end one of them")]
    TooManyTools {
        /// The topic.
        topic: Arc<str>,
        /// Most tools at once.
        max: usize,
    },
}

fn suggestion(given: &str, known: &[String]) -> String {
    nevil_msgs::nearest(given, known).map(|name| format!(", did you mean `{name}`?")).unwrap_or_default()
}
