//! What is not wrong about a plan, but worth a look.

use std::fmt;
use std::sync::Arc;

use nevil_runtime::TopicDescription;

use super::cycles::{NodeCycle, cycles};

/// Something about a plan that is not wrong but worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanNote {
    /// Nobody publishes on a topic.
    NeverPublished {
        /// The topic.
        topic: Arc<str>,
        /// The nodes that wait for its messages.
        subscribers: Vec<Arc<str>>,
    },
    /// Nobody subscribes to a topic.
    NeverSubscribed {
        /// The topic.
        topic: Arc<str>,
        /// The nodes that publish on it.
        publishers: Vec<Arc<str>>,
    },
    /// Nodes answer one another in a loop, and no topic of it says that it is a control loop.
    Cycle(NodeCycle),
}

impl fmt::Display for PlanNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverPublished { topic, subscribers } => {
                write!(f, "topic `{topic}`: no node publishes on it; {} subscribed", subscribers.join(", "))
            }
            Self::Cycle(cycle) => write!(
                f,
                "nodes answer one another in a loop: {cycle}; if a sensor or a timer paces it, say `feedback: true` of \
                 the topic that closes it, else 32 messages within a second end it"
            ),
            Self::NeverSubscribed { topic, publishers } => {
                write!(f, "topic `{topic}`: no node subscribes to it; published by {}", publishers.join(", "))
            }
        }
    }
}

/// The topics with one end, and the loops. The private ones between a driver and its node always have both.
pub(super) fn notes(topics: Vec<TopicDescription>) -> Vec<PlanNote> {
    let mut notes: Vec<_> = cycles(&topics).into_iter().map(PlanNote::Cycle).collect();
    for topic in topics.into_iter().filter(|topic| !topic.is_private) {
        let mut subscribers: Vec<_> = topic.subscriptions.into_iter().map(|(node, _)| node).collect();
        subscribers.dedup();
        match (topic.publishers.is_empty(), subscribers.is_empty()) {
            (true, false) => notes.push(PlanNote::NeverPublished { topic: topic.name, subscribers }),
            (false, true) => {
                notes.push(PlanNote::NeverSubscribed { topic: topic.name, publishers: topic.publishers });
            }
            (true, true) | (false, false) => {}
        }
    }
    notes
}
