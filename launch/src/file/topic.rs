//! `topics: { … }`: what is said about topics, instead of what stands in their code. `subscriptions: { … }` of a node: what
//! is said about single subscriptions, instead of what holds for the topic.

use std::time::Duration;

use nevil_msgs::{Value, ValueKind, parse_duration};
use nevil_runtime::limits::{QOS_TIME_MAX, QOS_TIME_MIN, QUEUE_DEPTH_MAX};
use nevil_runtime::{QosOverride, SubscriptionQos, is_topic_name};

use super::reader::Reader;
use super::{SubscriptionEntry, TopicEntry};
use crate::limits::{MESSAGE_BYTES_MAX, MESSAGE_BYTES_MIN};
use crate::problem::PlanProblem;
use crate::schema::{self, Section};

/// The key that stands for all subscriptions of a node.
pub(super) const ALL_SUBSCRIPTIONS: &str = "*";

/// The topics in the order of the file. Whether the robot has them is found out by the plan.
pub(super) fn topics(value: &Value, reader: &mut Reader) -> Vec<TopicEntry> {
    let mut topics = Vec::new();
    for (key, value) in reader.entries(value, "topics") {
        let (name, path) = (key.name.clone(), format!("topics.{}", key.name));
        if !is_topic_name(&name) {
            reader.problem(&key.mark, &path, PlanProblem::TopicName { given: name });
            continue;
        }
        topics.push(TopicEntry { name, mark: key.mark.clone(), qos: qos(value, &path, reader) });
    }
    topics
}

/// What is wrong is left as it stands in the code.
fn qos(topic: &Value, path: &str, reader: &mut Reader) -> QosOverride {
    if !reader.map(topic, path, schema::TOPIC) {
        return QosOverride::default();
    }
    let key = |name: &str| topic.get(name).map(|value| (value, format!("{path}.{name}")));
    let SubscriptionQos { overflow, depth, priority, lifespan, deadline } = rules(topic, path, reader);
    let sizes = MESSAGE_BYTES_MIN..=MESSAGE_BYTES_MAX;
    let bytes = key("message_bytes_max").and_then(|(value, path)| reader.size(value, &path, sizes));
    QosOverride {
        overflow,
        depth,
        priority,
        message_bytes_max: bytes.and_then(|bytes| u32::try_from(bytes).ok()),
        latched: key("latched").and_then(|(value, path)| reader.typed(value, &path)),
        lifespan,
        deadline,
        exclusive: key("exclusive").and_then(|(value, path)| reader.typed(value, &path)),
        feedback: key("feedback").and_then(|(value, path)| reader.typed(value, &path)),
        external: key("external").and_then(|(value, path)| reader.typed(value, &path)),
    }
}

/// What is said of single subscriptions, in the order of the file, and of all that say nothing themselves. Whether the node
/// has them is found out by the plan.
pub(super) fn subscriptions(
    value: &Value,
    path: &str,
    reader: &mut Reader,
) -> (Vec<SubscriptionEntry>, SubscriptionQos) {
    let (mut entries, mut all) = (Vec::new(), SubscriptionQos::default());
    for (key, value) in reader.entries(value, path) {
        let (topic, path) = (key.name.clone(), format!("{path}.{}", key.name));
        if topic == ALL_SUBSCRIPTIONS {
            all = subscription_qos(value, &path, reader);
        } else if is_topic_name(topic.strip_prefix('/').unwrap_or(&topic)) {
            let qos = subscription_qos(value, &path, reader);
            entries.push(SubscriptionEntry { topic, mark: key.mark.clone(), qos });
        } else {
            reader.problem(&key.mark, &path, PlanProblem::TopicName { given: topic });
        }
    }
    (entries, all)
}

/// What stands there of one subscription, or of all of a node. What is wrong is left as the topic says.
fn subscription_qos(value: &Value, path: &str, reader: &mut Reader) -> SubscriptionQos {
    let is_of = |section: &Section, name: &str| section.names().any(|known| known == name);
    let mut others = value.clone();
    if let ValueKind::Map(entries) = &mut others.kind {
        // What can be said of a topic alone has a better answer than that the key is unknown.
        for (key, _) in entries.extract_if(.., |(key, _)| {
            !is_of(schema::SUBSCRIPTION, &key.name) && is_of(schema::TOPIC, &key.name)
        }) {
            reader.problem(&key.mark, path, PlanProblem::RuleOfTopic { rule: key.name.clone() });
        }
    }
    if !reader.map(&others, path, schema::SUBSCRIPTION) {
        return SubscriptionQos::default();
    }
    rules(value, path, reader)
}

/// The rules that a topic and a subscription of it both can have.
fn rules(value: &Value, path: &str, reader: &mut Reader) -> SubscriptionQos {
    let key = |name: &str| value.get(name).map(|value| (value, format!("{path}.{name}")));
    let depths = 1..=i128::from(QUEUE_DEPTH_MAX);
    let depth = key("depth").and_then(|(value, path)| reader.integer(value, &path, depths));
    SubscriptionQos {
        overflow: key("overflow").and_then(|(value, path)| reader.typed(value, &path)),
        depth: depth.and_then(|depth| u16::try_from(depth).ok()),
        priority: key("priority").and_then(|(value, path)| reader.typed(value, &path)),
        lifespan: key("lifespan").and_then(|(value, path)| time(value, &path, reader)),
        deadline: key("deadline").and_then(|(value, path)| time(value, &path, reader)),
    }
}

/// A time, or `off` for none; `None` if it is neither.
fn time(value: &Value, path: &str, reader: &mut Reader) -> Option<Option<Duration>> {
    match &value.kind {
        ValueKind::Text(text) if text == "off" => Some(None),
        ValueKind::Text(text) if parse_duration(text).is_ok() => {
            reader.duration(value, path, QOS_TIME_MIN..=QOS_TIME_MAX).map(Some)
        }
        _ => {
            reader.wrong_type(value, path, "a duration such as `250ms`, or `off`,");
            None
        }
    }
}
