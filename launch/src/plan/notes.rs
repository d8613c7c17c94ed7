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
    /// Something is impossible on this machine, but the plan is for another one, which has it.
    NotHere {
        /// The node.
        node: Arc<str>,
        /// The other machine.
        machine: String,
        /// Why it is impossible here.
        reason: String,
    },
    /// The robot will not start on another machine, as it is installed, unless it is granted a right there.
    RightsNeeded {
        /// The node.
        node: Arc<str>,
        /// The other machine.
        machine: String,
        /// What is missing there, and what to do.
        reason: String,
    },
}

impl fmt::Display for PlanNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverSubscribed { topic, publishers } => {
                write!(f, "topic `{topic}`: no node subscribes to it; published by {}", publishers.join(", "))
            }
            Self::NotHere { node, machine, reason } => {
                write!(f, "node `{node}`: possible on {machine}, not here: {reason}")
            }
            Self::RightsNeeded { node, machine, reason } => write!(
                f,
                "node `{node}`: on {machine}, as it is installed, the robot would not start (`on_denied: fail`): {reason}"
            ),
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
