//! What is not wrong about a plan, but worth a look.

use std::fmt;
use std::sync::Arc;

use nevil_runtime::TopicDescription;

/// Something about a plan that is not wrong but worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanNote {
    /// Nobody subscribes to a topic.
    NeverSubscribed {
        /// The topic.
        topic: Arc<str>,
        /// The nodes that publish on it.
        publishers: Vec<Arc<str>>,
    },
}

impl fmt::Display for PlanNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverSubscribed { topic, publishers } => {
                write!(f, "topic `{topic}`: no node subscribes to it; published by {}", publishers.join(", "))
            }
        }
    }
}

/// The topics that are only published, and not for somebody outside.
pub(super) fn notes(topics: &[TopicDescription]) -> Vec<PlanNote> {
    let is_unheard = |topic: &&TopicDescription| {
        let is_published = !topic.is_private && !topic.publishers.is_empty();
        is_published && !topic.qos.external && topic.subscriptions.is_empty()
    };
    let note = |topic: &TopicDescription| PlanNote::NeverSubscribed {
        topic: Arc::clone(&topic.name),
        publishers: topic.publishers.clone(),
    };
    topics.iter().filter(is_unheard).map(note).collect()
}
