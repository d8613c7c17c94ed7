//! What differs between the plan that a robot runs by and another one, and how much of it can change while it runs. Decides
//! only: `supervisor::reload` does it.
//!
//! ```text
//!   running plan ─┐                ┌─► live: log, limits, supervision, breakers, depths, parameters, pauses
//!                 ├─► difference ──┼─► nodes that must restart, and why
//!   new plan ─────┘                └─► what only another start of the robot changes
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use nevil_msgs::{Key, Value, ValueKind};
use nevil_runtime::{
    BreakerPolicy, NodeRules, NodeSpec, SubscriptionDescription, SubscriptionQos, TopicDescription,
};

use crate::plan::{Plan, PlannedNode};
use crate::text::plain_json;

/// What differs.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    /// What changes while the robot runs, in the words of launch files.
    pub(crate) live: Vec<Live>,
    /// Nodes by their number in the running plan, and the keys because of which they must restart.
    pub(crate) nodes: Vec<(usize, BTreeSet<&'static str>)>,
    /// The keys because of which the robot must restart.
    pub(crate) robot: BTreeSet<String>,
}

/// One thing that changes while the robot runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Live {
    /// Which records are written; `None`: as if the file said nothing.
    Log(Option<String>),
    /// How much robot and nodes may use.
    Resources,
    /// How a node is supervised.
    Supervision(usize),
    /// The breaker of a callback.
    Breaker { node: usize, callback: String, policy: BreakerPolicy },
    /// How many messages a subscription keeps; without a node, those that say nothing themselves.
    Depth { topic: Arc<str>, node: Option<Arc<str>>, depth: u16 },
    /// Parameters of a node: those that changed, `None` for one that the file says no longer.
    Params { node: usize, changed: Vec<(Key, Option<Value>)> },
    /// Whether a node pauses.
    Paused { node: usize, paused: bool },
}

/// What differs in `new` from `running`.
pub(crate) fn difference(running: &Plan, new: &Plan) -> Difference {
    let mut found = Difference::default();
    compare_robot(running, new, &mut found);
    if !found.robot.contains("nodes") {
        for (index, (before, after)) in running.nodes.iter().zip(&new.nodes).enumerate() {
            compare_node(index, before, after, &mut found);
        }
        compare_topics(running, new, &mut found);
    }
    if running.log != new.log {
        found.live.push(Live::Log(new.log.clone()));
    }
    let limits = |plan: &Plan| plan.nodes.iter().map(|node| node.cpu_percent.clone()).collect::<Vec<_>>();
    if running.resources != new.resources || limits(running) != limits(new) {
        found.live.push(Live::Resources);
    }
    found
}

fn compare_robot(running: &Plan, new: &Plan, found: &mut Difference) {
    let names =
        |plan: &Plan| plan.nodes.iter().map(|node| Arc::clone(&node.spec.instance)).collect::<Vec<_>>();
    let mut differs = |key: &str, differs: bool| {
        if differs {
            found.robot.insert(key.to_owned());
        }
    };
    differs("robot", running.robot != new.robot);
    differs("environment", running.environment != new.environment);
    differs("shutdown_timeout", running.shutdown_timeout != new.shutdown_timeout);
    differs("start_timeout", running.start_timeout != new.start_timeout);
    differs("lock_memory", running.lock_memory != new.lock_memory);
    differs("on_denied", running.on_denied != new.on_denied);
    differs("zombies_max", running.zombies_max != new.zombies_max);
    differs("watchdog", running.watchdog != new.watchdog);
    differs("groups", running.groups != new.groups);
    differs("nodes", names(running) != names(new));
}

fn compare_node(index: usize, before: &PlannedNode, after: &PlannedNode, found: &mut Difference) {
    let name = &before.spec.instance;
    let mut of_robot = |key: &str, differs: bool| {
        if differs {
            found.robot.insert(format!("nodes.{name}.{key}"));
        }
    };
    // Who is started after whom, and with whom, is decided at the start.
    of_robot("required", before.required != after.required);
    of_robot("depends_on", before.depends_on != after.depends_on);
    of_robot("group", before.group != after.group);
    let restart = must_restart(&before.spec, &after.spec);
    let is_supervised_alike = before.restart == after.restart
        && before.on_input_down == after.on_input_down
        && before.ready == after.ready;
    if !is_supervised_alike {
        found.live.push(Live::Supervision(index));
    }
    if before.spec.paused != after.spec.paused {
        found.live.push(Live::Paused { node: index, paused: after.spec.paused });
    }
    if !restart.is_empty() {
        // Its next life has all that it is told there.
        return found.nodes.push((index, restart));
    }
    let changed = changed_entries(&before.spec.params, &after.spec.params);
    if !changed.is_empty() {
        found.live.push(Live::Params { node: index, changed });
    }
    compare_breakers(index, &before.spec.rules, &after.spec.rules, found);
}

/// The keys of a node that only its next life can have otherwise.
fn must_restart(before: &NodeSpec, after: &NodeSpec) -> BTreeSet<&'static str> {
    let degraded = |spec: &NodeSpec| spec.degraded.as_ref().map(plain_json);
    let without_depth = |spec: &NodeSpec| {
        let mut all: Vec<_> = spec.subscriptions.clone().into_iter().collect();
        all.push(("*".to_owned(), spec.subscription_default.clone()));
        all.iter_mut().for_each(|(_, qos)| qos.depth = None);
        // One of which nothing else is said is as good as one of which nothing is said.
        all.retain(|(_, qos)| *qos != SubscriptionQos::NOTHING);
        all
    };
    let mut single: BTreeSet<_> = before.rules.callbacks.keys().collect();
    single.extend(after.rules.callbacks.keys());
    let times = |rules: &NodeRules| {
        let mut rules: Vec<_> = single.iter().map(|name| rules.of(name).clone()).collect();
        rules.iter_mut().for_each(|rule| rule.breaker = BreakerPolicy::default());
        rules
    };
    let all = |rules: &NodeRules| {
        let mut rule = rules.callback.clone();
        rule.breaker = BreakerPolicy::default();
        rule
    };
    let keys = [
        ("type", before.node_type.name() != after.node_type.name()),
        ("degraded", degraded(before) != degraded(after)),
        ("thread", before.thread != after.thread),
        ("namespace", before.namespace != after.namespace),
        ("remap", before.remap != after.remap),
        ("subscriptions", without_depth(before) != without_depth(after)),
        ("on_hang", before.rules.on_hang != after.rules.on_hang),
        ("on_panic", before.rules.on_panic != after.rules.on_panic),
        ("timeout", all(&before.rules) != all(&after.rules)),
        ("callbacks", times(&before.rules) != times(&after.rules)),
    ];
    keys.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}

/// The entries that `after` has otherwise than `before`; `None`: it has not got them. Where they stand does not matter.
fn changed_entries(before: &Value, after: &Value) -> Vec<(Key, Option<Value>)> {
    let entries = |value: &Value| match &value.kind {
        ValueKind::Map(entries) => entries.clone(),
        _ => Vec::new(),
    };
    let is_same = |value: &Value, other: Option<&Value>| other.map(plain_json) == Some(plain_json(value));
    let now = entries(after).into_iter().filter(|(key, value)| !is_same(value, before.get(&key.name)));
    let gone = entries(before).into_iter().filter(|(key, _)| after.get(&key.name).is_none());
    now.map(|(key, value)| (key, Some(value))).chain(gone.map(|(key, _)| (key, None))).collect()
}

fn compare_breakers(index: usize, before: &NodeRules, after: &NodeRules, found: &mut Difference) {
    let mut single: BTreeSet<_> = before.callbacks.keys().chain(after.callbacks.keys()).cloned().collect();
    if before.callback.breaker != after.callback.breaker {
        // An empty name stands for all callbacks that have no rule of their own.
        single.insert(String::new());
    }
    for callback in single {
        let policy = &after.of(&callback).breaker;
        if before.of(&callback).breaker != *policy {
            found.live.push(Live::Breaker { node: index, callback, policy: policy.clone() });
        }
    }
}

fn compare_topics(running: &Plan, new: &Plan, found: &mut Difference) {
    let (before, after) = (&running.graph.topics, &new.graph.topics);
    // Of a node that restarts, ends may come and go: what it declares in its next life is looked at then.
    let restarts: Vec<_> =
        found.nodes.iter().map(|(index, _)| Arc::clone(&running.nodes[*index].spec.instance)).collect();
    for topic in after {
        let Some(known) = before.iter().find(|known| known.name == topic.name) else { continue };
        // More ends than the pool was made for are ends that find no slot.
        let grows = topic.qos.depth <= known.depth_planned && topic.memory.slots > known.memory.slots;
        if grows || shape(known, &restarts) != shape(topic, &restarts) {
            found.robot.insert(format!("topics.{}", topic.name));
            continue;
        }
        if known.qos.depth != topic.qos.depth {
            let depth = topic.qos.depth;
            found.live.push(Live::Depth { topic: Arc::clone(&topic.name), node: None, depth });
        }
        for after in &topic.subscription_qos {
            let is_of = |known: &&SubscriptionDescription| {
                known.node == after.node && known.callback == after.callback
            };
            let Some(before) = known.subscription_qos.iter().find(is_of) else { continue };
            if before.qos.depth != after.qos.depth && (says_depth(before) || says_depth(after)) {
                let (topic, node) = (Arc::clone(&topic.name), Some(Arc::clone(&after.node)));
                let change = Live::Depth { topic, node, depth: after.qos.depth };
                // A node may have several callbacks on one topic.
                if !found.live.contains(&change) {
                    found.live.push(change);
                }
            }
        }
    }
    let names = |topics: &[TopicDescription]| {
        let lasting = topics.iter().filter(|topic| !is_of_restarted_alone(topic, &restarts));
        lasting.map(|topic| Arc::clone(&topic.name)).collect::<BTreeSet<_>>()
    };
    let (before, after) = (names(before), names(after));
    found.robot.extend(before.symmetric_difference(&after).map(|name| format!("topics.{name}")));
}

fn says_depth(subscription: &SubscriptionDescription) -> bool {
    subscription.said.iter().any(|(rule, _)| *rule == "depth")
}

fn is_of_restarted_alone(topic: &TopicDescription, restarts: &[Arc<str>]) -> bool {
    let subscribers = topic.subscriptions.iter().map(|(node, _)| node);
    topic.publishers.iter().chain(subscribers).all(|node| restarts.contains(node))
}

/// All of a topic that cannot change while the robot runs.
fn shape(topic: &TopicDescription, restarts: &[Arc<str>]) -> impl PartialEq {
    let mut qos = topic.qos;
    qos.depth = 0;
    let lasting = |node: &&Arc<str>| !restarts.contains(node);
    let publishers: Vec<_> = topic.publishers.iter().filter(lasting).cloned().collect();
    let subscriptions: Vec<_> =
        topic.subscriptions.iter().filter(|(node, _)| lasting(&node)).cloned().collect();
    (topic.type_info.hash, qos, publishers, subscriptions, topic.is_private)
}

impl Live {
    /// What changes, in the words of launch files.
    pub(crate) fn key(&self, plan: &Plan) -> String {
        let name = |node: &usize| &plan.nodes[*node].spec.instance;
        match self {
            Self::Log(_) => "log".to_owned(),
            Self::Resources => "resources".to_owned(),
            Self::Supervision(node) => format!("nodes.{}.restart", name(node)),
            Self::Breaker { node, callback, .. } if callback.is_empty() => {
                format!("nodes.{}.breaker", name(node))
            }
            Self::Breaker { node, callback, .. } => {
                format!("nodes.{}.callbacks.{callback}.breaker", name(node))
            }
            Self::Depth { topic, node: None, .. } => format!("topics.{topic}.depth"),
            Self::Depth { topic, node: Some(node), .. } => {
                format!("nodes.{node}.subscriptions.{topic}.depth")
            }
            Self::Params { node, changed } => {
                let names: Vec<_> = changed.iter().map(|(key, _)| key.name.as_str()).collect();
                format!("nodes.{}.params ({})", name(node), names.join(", "))
            }
            Self::Paused { node, .. } => format!("nodes.{}.paused", name(node)),
        }
    }
}

#[cfg(test)]
mod tests;
