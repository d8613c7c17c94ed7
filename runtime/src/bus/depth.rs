//! How many messages a subscription keeps, changed while the robot runs.
//!
//! A lane keeps the places that it was planned with; how many of them are used stands in the publisher's route. So a change
//! is a new table of routes, as when somebody comes or goes, and is obeyed by each publisher from its next message on.

use std::sync::Arc;

use nevil_msgs::{Message, Overflow};
use nevil_sys::sync::atomic::Ordering;

use crate::bus::ends::DeclaredSubscription;
use crate::bus::error::TopicError;
use crate::bus::registry::Bus;
use crate::bus::topic::TopicCore;
use crate::limits::QUEUE_DEPTH_MAX;

/// Why a depth was not changed. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetDepthError {
    /// There is no such topic.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// The node does not subscribe to it.
    #[error(
        "node `{node}` does not subscribe to `{topic}`{}; subscribers are {}",
        nevil_msgs::nearest(.node, .known).map(|name| format!(", did you mean `{name}`?")).unwrap_or_default(),
        if .known.is_empty() { "none".to_owned() } else { .known.join(", ") }
    )]
    NotSubscribed {
        /// The topic.
        topic: Arc<str>,
        /// The node that was given.
        node: String,
        /// The nodes that subscribe to it.
        known: Vec<String>,
    },
    /// No queue is so long.
    #[error("depth of `{topic}` is out of range ({given}), 1 to {QUEUE_DEPTH_MAX} is allowed")]
    OutOfRange {
        /// The topic.
        topic: Arc<str>,
        /// The depth that was given.
        given: u16,
    },
    /// One message is kept, whatever is said.
    #[error("`{topic}` keeps the newest message alone for {} (`latest`), so that a depth means nothing", who(.node))]
    Latest {
        /// The topic.
        topic: Arc<str>,
        /// The node; `None`: all.
        node: Option<Arc<str>>,
    },
    /// Its memory was planned for less.
    #[error(
        "depth of `{topic}` for {} is above what was planned ({given}), at most {planned} is possible while the robot \
         runs; start the robot again with the new depth",
        who(.node)
    )]
    AbovePlan {
        /// The topic.
        topic: Arc<str>,
        /// The node; `None`: all that say no depth of their own.
        node: Option<Arc<str>>,
        /// The depth that was given.
        given: u16,
        /// The depth that was planned.
        planned: u16,
    },
}

fn who(node: &Option<Arc<str>>) -> String {
    node.as_ref().map_or_else(|| "its subscribers".to_owned(), |node| format!("`{node}`"))
}

impl Bus {
    /// Lets the subscriptions of `node` to the topic called `topic` keep `depth` messages of each publisher from now on;
    /// without a node, all those that say no depth of their own. It may not be larger than planned
    /// ([`SubscriptionDescription::depth_planned`](crate::SubscriptionDescription::depth_planned)); it holds until it is
    /// changed again, also for a node that is restarted, unless that then declares another depth than before.
    ///
    /// Each publisher obeys from its next message on: where the oldest are dropped, that message drops what is too much,
    /// and counts it as `overflow`; where the newest are dropped, they are until there is room. What is queued for a
    /// publisher that says nothing more is received. A publisher that waits for room is told.
    ///
    /// # Errors
    ///
    /// [`SetDepthError`]; then nothing has changed.
    pub fn set_depth(&self, topic: &str, node: Option<&str>, depth: u16) -> Result<(), SetDepthError> {
        self.known(topic)?.set_depth(node, depth)
    }
}

impl<T: Message> TopicCore<T> {
    pub(super) fn change_depth(&self, node: Option<&str>, depth: u16) -> Result<(), SetDepthError> {
        let (mut ends, topic) = (self.ends(), Arc::clone(&self.name));
        if depth == 0 || depth > QUEUE_DEPTH_MAX {
            return Err(SetDepthError::OutOfRange { topic, given: depth });
        }
        match node {
            Some(node) => check_node(&topic, node, depth, &ends.declared)?,
            None if self.qos.overflow == Overflow::Latest => {
                return Err(SetDepthError::Latest { topic, node: None });
            }
            None if depth > self.qos.depth => {
                let planned = self.qos.depth;
                return Err(SetDepthError::AbovePlan { topic, node: None, given: depth, planned });
            }
            None => ends.depth = Some(depth),
        }
        let is_meant = |name: &str, declared: &DeclaredSubscription| match node {
            Some(node) => name == node && declared.rules.qos.overflow != Overflow::Latest,
            None => !declared.rules.has_own_depth(),
        };
        let mut meant = Vec::new();
        for ((name, _), declared) in &mut ends.declared {
            if is_meant(name, declared) {
                declared.depth = depth;
                meant.push(Arc::clone(&declared.account));
            }
        }
        let mut rooms = Vec::new();
        for entry in &ends.subscriptions {
            let Some(port) = entry.port.upgrade() else { continue };
            if meant.iter().any(|account| Arc::ptr_eq(account, &port.side.account)) {
                // Relaxed: publishers find it in their new table; what is looked at here is a hint to wake them.
                port.side.depth.store(depth.into(), Ordering::Relaxed);
                rooms.extend(entry.inlets.iter().map(|inlet| Arc::clone(&inlet.room)));
            }
        }
        if let Some(pool) = self.pool.get() {
            ends.connect(pool, self.qos);
        }
        // Who waits for room may have it now. One that goes to sleep at this moment looks again before long by itself.
        for room in rooms {
            let _rang = room.ring_if_sleeping();
        }
        Ok(())
    }
}

type DeclaredSubscriptions = std::collections::BTreeMap<(Arc<str>, Arc<str>), DeclaredSubscription>;

/// Whether all queues of `node` can have this depth.
fn check_node(
    topic: &Arc<str>,
    node: &str,
    depth: u16,
    declared: &DeclaredSubscriptions,
) -> Result<(), SetDepthError> {
    let topic = Arc::clone(topic);
    let own = declared.iter().filter(|((name, _), _)| **name == *node);
    let own: Vec<_> = own.map(|(_, declared)| declared).collect();
    if own.is_empty() {
        let mut known: Vec<_> = declared.keys().map(|(name, _)| name.to_string()).collect();
        known.dedup();
        return Err(SetDepthError::NotSubscribed { topic, node: node.to_owned(), known });
    }
    let with_queue = own.iter().filter(|declared| declared.rules.qos.overflow != Overflow::Latest);
    match with_queue.map(|declared| declared.planned.places()).min() {
        None => Err(SetDepthError::Latest { topic, node: Some(node.into()) }),
        Some(planned) if planned < depth => {
            Err(SetDepthError::AbovePlan { topic, node: Some(node.into()), given: depth, planned })
        }
        Some(_) => Ok(()),
    }
}
