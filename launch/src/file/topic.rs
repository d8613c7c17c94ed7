//! `topics: { … }`: what is said about topics, instead of what stands in their code.

use std::time::Duration;

use nevil_msgs::{Value, ValueKind, parse_duration};
use nevil_runtime::limits::{QOS_TIME_MAX, QOS_TIME_MIN, QUEUE_DEPTH_MAX};
use nevil_runtime::{QosOverride, is_topic_name};

use super::TopicEntry;
use super::reader::Reader;
use crate::limits::{MESSAGE_BYTES_MAX, MESSAGE_BYTES_MIN};
use crate::problem::PlanProblem;
use crate::schema;

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
    let depths = 1..=i128::from(QUEUE_DEPTH_MAX);
    let depth = key("depth").and_then(|(value, path)| reader.integer(value, &path, depths));
    let sizes = MESSAGE_BYTES_MIN..=MESSAGE_BYTES_MAX;
    let bytes = key("message_bytes_max").and_then(|(value, path)| reader.size(value, &path, sizes));
    QosOverride {
        overflow: key("overflow").and_then(|(value, path)| reader.typed(value, &path)),
        depth: depth.and_then(|depth| u16::try_from(depth).ok()),
        priority: key("priority").and_then(|(value, path)| reader.typed(value, &path)),
        message_bytes_max: bytes.and_then(|bytes| u32::try_from(bytes).ok()),
        latched: key("latched").and_then(|(value, path)| reader.typed(value, &path)),
        lifespan: key("lifespan").and_then(|(value, path)| time(value, &path, reader)),
        deadline: key("deadline").and_then(|(value, path)| time(value, &path, reader)),
        exclusive: key("exclusive").and_then(|(value, path)| reader.typed(value, &path)),
        feedback: key("feedback").and_then(|(value, path)| reader.typed(value, &path)),
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
