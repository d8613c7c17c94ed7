//! What a node is told when one that it gets messages from is down.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Time;

/// A node whose messages another one gets has failed, and is being replaced, or is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputDown {
    /// The node that is down.
    pub node: Arc<str>,
    /// Since when.
    pub since: Time,
    /// The topics between the two, with the age of the last message that the node which is down published on each by the
    /// time it was told; `None`: it has published nothing.
    pub topics: Vec<(Arc<str>, Option<Duration>)>,
}
