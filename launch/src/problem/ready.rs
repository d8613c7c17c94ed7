//! What can be wrong with `ready` of a node.

use std::time::Duration;

use super::known_names;

/// What is wrong with when a node is to be ready.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadyProblem {
    /// The node never says that it is ready.
    #[error(
        "node `{node}` never says that it is ready: its code does not declare that (`setup.ready_by_call()`); use \
         `activate`, or name a topic that it publishes"
    )]
    NotDeclared {
        /// The node.
        node: String,
    },
    /// The node does not publish on the topic.
    #[error(
        "node `{node}` does not publish on `{given}`{}",
        known_names("topics that it publishes on", given, known)
    )]
    Topic {
        /// The node.
        node: String,
        /// The topic.
        given: String,
        /// The topics that it publishes on.
        known: Vec<String>,
    },
    /// It may take longer to be ready than to start.
    #[error(
        "`timeout` is longer than `start_timeout` ({timeout:?} > {start_timeout:?}), which bounds each phase of a \
         start; lower it, or raise `start_timeout`"
    )]
    AboveStart {
        /// How long it may take.
        timeout: Duration,
        /// How long each phase of a start may take.
        start_timeout: Duration,
    },
}
