//! The bus: typed topics between nodes of one process. Nothing on it waits, and nothing vanishes without a counter.
//!
//! ```text
//!  Publisher ── put ──► Pool (one per topic: a fixed number of slots)
//!      │                  ▲ freed by the last reference
//!      ├─ Route ─ Lane ───┴──► Subscription ─► callback        one lane per publisher and subscription
//!      └─ Route ─ Lane ──────► Tap (tools)                     (`latest`: one place for all publishers)
//! ```
//! * [`publisher`](Publisher), `route`: from `publish` to the lanes. `subscription`: from the lanes to the callback.
//!   `topic`: who is connected to whom; `account`: the counters; `registry`: all topics of a robot; `qos`: what may stand
//!   on a topic, `subscription_qos`: what a single subscription says otherwise; `depth`: how many messages a subscription
//!   keeps while the robot runs; `memory`: how much of it; `sources`: which subscriptions of a node a turn has to look at.
//! * Connections change only under the registration lock of a topic, which no publishing or receiving thread takes: the
//!   new table of routes is handed over, taken at the next publish or turn, and handed back (`table`).
//! * A topic holds its subscriptions weakly: dropping the subscription ends it, and what was queued is counted as
//!   discarded.

mod account;
mod counts;
mod depth;
mod description;
mod ends;
mod error;
mod latency;
mod memory;
mod publish_error;
mod publisher;
mod qos;
mod registry;
mod route;
mod sources;
mod subscription;
mod subscription_qos;
mod table;
mod tap;
#[cfg(test)]
mod tests;
mod topic;

pub(crate) use account::Outcome;
pub use counts::{PublisherCounts, SubscriptionCounts, TopicCounts};
pub use depth::SetDepthError;
pub use description::{SubscriptionDescription, TopicDescription};
pub use error::TopicError;
pub use latency::LatencyCounts;
pub use memory::TopicMemory;
pub use publish_error::{PublishError, PublishErrorKind};
pub(crate) use publisher::Cause;
pub use publisher::{Published, Publisher};
pub(crate) use qos::is_name_part;
pub use qos::{QosOverride, QosProblem, is_namespace, is_topic_name};
pub use registry::Bus;
pub(crate) use sources::{ActiveSources, Sources};
pub(crate) use subscription::Subscription;
pub use subscription::{Header, Kept, Received};
pub(crate) use subscription_qos::Said;
pub use subscription_qos::{SaidBy, SubscriptionQos};
pub use tap::{AnyTap, Tap, Tapped};
pub use topic::{AnyPublisher, Authority, ToolPublishError};

/// Wakes the thread that serves a node.
pub(crate) use nevil_sys::mem::Wake;
