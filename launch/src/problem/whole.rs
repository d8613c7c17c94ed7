//! What is wrong with the robot as a whole: what its nodes miss from one another, and from its machine.

use super::PlanProblem;
use super::words::{did_you_mean, have};
use crate::plan::NodeCycle;
use crate::text::snake;

/// What is wrong with the robot as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WholeProblem {
    /// A core that the machine does not have.
    #[error("{machine} has no core {core}, its cores are {cores}; name one of them, or write `cores: auto`")]
    CoreMissing {
        /// The core.
        core: usize,
        /// The machine.
        machine: String,
        /// The cores that it has.
        cores: String,
    },
    /// The kernel would refuse what the file says must be granted.
    #[error("{reason}; or say `on_denied: warn`, and the node runs with what it gets")]
    PriorityDenied {
        /// Why, and which right is missing.
        reason: String,
    },
    /// Nodes wait for what nobody says.
    #[error(
        "no node publishes on topic `{topic}`, to which {} subscribed{}; start a node that publishes it, {}, or say \
         `topics: {{ {topic}: {{ external: true }} }}` if a tool does",
        have(subscribers),
        did_you_mean(meant),
        remap.as_ref().map_or_else(|| "`remap` it".to_owned(), |remap| format!("write `remap: {{ {remap} }}`"))
    )]
    SubscribedNeverPublished {
        /// The topic.
        topic: String,
        /// The nodes that subscribe to it, at least one.
        subscribers: Vec<String>,
        /// The topic that was probably meant.
        meant: Option<String>,
        /// The entry of `remap` by which the first of these nodes would subscribe to that.
        remap: Option<String>,
    },
    /// Nodes answer one another in a loop, and no topic of it says that it is a control loop.
    #[error(
        "nodes answer one another in a loop: {cycle}; if a sensor or a timer paces it, say `feedback: true` of the topic \
         that closes it, else take one of these topics out: 32 messages within a second end it"
    )]
    UnmarkedLoop {
        /// The loop.
        cycle: NodeCycle,
    },
}

impl PlanProblem {
    /// The kind of problem in one word, such as `subscribed_never_published`; of a group of kinds, that within it.
    #[must_use]
    pub fn kind(&self) -> String {
        let kind = match self {
            Self::Value(problem) => format!("{problem:?}"),
            Self::Whole(problem) => format!("{problem:?}"),
            Self::Expansion(problem) => format!("{problem:?}"),
            Self::Ready(problem) => format!("{problem:?}"),
            problem => format!("{problem:?}"),
        };
        snake(kind.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default())
    }
}
