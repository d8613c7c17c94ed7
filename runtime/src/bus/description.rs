//! Topics as tools see them.

use std::sync::Arc;

use nevil_msgs::{Qos, TypeInfo};

use crate::bus::ends::DeclaredSubscription;
use crate::bus::memory::TopicMemory;
use crate::bus::subscription_qos::SaidBy;

/// A topic as tools see it.
#[derive(Clone, Debug)]
pub struct TopicDescription {
    /// The topic's name.
    pub name: Arc<str>,
    /// The type of its messages.
    pub type_info: &'static TypeInfo,
    /// How they are carried.
    pub qos: Qos,
    /// Nodes that publish on it.
    pub publishers: Vec<Arc<str>>,
    /// Nodes that subscribe to it, and with which callback.
    pub subscriptions: Vec<(Arc<str>, Arc<str>)>,
    /// Nodes among the publishers that wait for room when a subscription is full.
    pub waits: Vec<Arc<str>>,
    /// What holds for each of the subscriptions, in the same order.
    pub subscription_qos: Vec<SubscriptionDescription>,
    /// The depth that was planned where a subscription says none of its own; that of `qos` is the one that holds now.
    pub depth_planned: u16,
    /// What of `qos` the launch file says instead of the code, as it is written there.
    pub overridden: Vec<&'static str>,
    /// Whether it is the topic between a driver and its node, which nobody else can use.
    pub is_private: bool,
    /// The memory that its messages can take, as it is declared so far; once its pool is made, that of the pool.
    pub memory: TopicMemory,
}

/// What holds for one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionDescription {
    /// The node.
    pub node: Arc<str>,
    /// Its callback.
    pub callback: Arc<str>,
    /// How messages are carried to it; the depth is the one that holds now.
    pub qos: Qos,
    /// What of `qos` is said of the subscription and not of its topic, as launch files write it, and by whom.
    pub said: Vec<(&'static str, SaidBy)>,
    /// How large its depth was planned, and so can become while the robot runs. 1 of
    /// [`Overflow::Latest`](nevil_msgs::Overflow::Latest).
    pub depth_planned: u16,
}

impl SubscriptionDescription {
    pub(super) fn of(((node, callback), declared): (&(Arc<str>, Arc<str>), &DeclaredSubscription)) -> Self {
        Self {
            node: Arc::clone(node),
            callback: Arc::clone(callback),
            qos: Qos { depth: declared.depth, ..declared.rules.qos },
            said: declared.rules.said.clone(),
            depth_planned: declared.planned.places(),
        }
    }
}
