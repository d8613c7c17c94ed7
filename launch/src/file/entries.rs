//! What a launch file says about nodes and topics, as it is kept.

use nevil_msgs::{Mark, Value};
use nevil_runtime::{QosOverride, SubscriptionQos, ThreadSpec};
use serde::Deserialize;

use super::callbacks::CallbackEntries;
use super::ready::ReadyOfNode;
use crate::rules::{Limits, OnInputDown, RestartRule};

/// Whether the memory of the process stays out of the swap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockMemory {
    /// It may be swapped out.
    #[default]
    Off,
    /// It stays, if the kernel allows it; if not, the robot says so and goes on.
    Try,
    /// It stays, and without that nothing is started.
    Require,
}

/// What happens if the kernel denies a thread its policy, priority or cores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDenied {
    /// The thread runs with what it got, and the robot says so.
    #[default]
    Warn,
    /// The robot does not start.
    Fail,
}

/// What a launch file says about one topic.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicEntry {
    /// Its name, as `nevil topic list` shows it.
    pub name: String,
    /// Where the name stands.
    pub mark: Mark,
    /// What holds instead of what its code says.
    pub qos: QosOverride,
}

/// What a launch file says about one subscription of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct SubscriptionEntry {
    /// The topic's name in the node's code.
    pub topic: String,
    /// Where that stands.
    pub mark: Mark,
    /// What holds instead of what the topic says.
    pub qos: SubscriptionQos,
}

/// A topic that a node calls otherwise than its code does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remap {
    /// The name in the code.
    pub from: String,
    /// Where that stands.
    pub mark: Mark,
    /// The other name; one that begins with `/` is not put into the node's namespace.
    pub to: String,
}

/// One node of a launch file.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeEntry {
    /// Its name, unlike those of all other nodes.
    pub instance: String,
    /// Where the name stands.
    pub mark: Mark,
    /// Its type, and where that stands: at the name of the node if the type has the same name.
    pub node_type: (String, Mark),
    /// Its parameters: a map, or null if there are none.
    pub params: Value,
    /// Parameters that differ while it is degraded: a map, or null.
    pub degraded: Option<Value>,
    /// How its thread is to be scheduled.
    pub thread: ThreadSpec,
    /// Whether the robot is worth nothing without it.
    pub required: bool,
    /// The nodes that are started before it, with the places of their names.
    pub depends_on: Vec<(String, Mark)>,
    /// Put in front of the names of its topics; empty: nothing.
    pub namespace: String,
    /// Topics that it calls otherwise than its code does.
    pub remap: Vec<Remap>,
    /// How messages are carried to single subscriptions, where that is not as their topics say, in the order of the file.
    pub subscriptions: Vec<SubscriptionEntry>,
    /// The same of all its subscriptions that say nothing themselves; what does not go with a topic is left out there.
    pub subscription_default: SubscriptionQos,
    /// How it is started again after it has ended.
    pub restart: RestartRule,
    /// The group that it is in, and where that stands.
    pub group: Option<(String, Mark)>,
    /// What it does while one that it depends on is down.
    pub on_input_down: OnInputDown,
    /// How much of a core its thread may use, in percent.
    pub cpu_percent: Limits,
    /// What its callbacks are allowed.
    pub callbacks: CallbackEntries,
    /// When those that depend on it are activated.
    pub ready: ReadyOfNode,
    /// Whether it begins paused.
    pub paused: bool,
}
