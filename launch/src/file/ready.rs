//! `ready: …` of a node.

use std::time::Duration;

use nevil_msgs::{Mark, Value, ValueKind};

use super::reader::Reader;
use crate::limits::{START_TIMEOUT_MAX, START_TIMEOUT_MIN};
use crate::schema;

/// When a node is ready, as the file says; each with its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadyOfNode {
    /// What has to have happened, if the file says that.
    pub when: Option<(ReadyEntry, Mark)>,
    /// How long that may take, if the file says that.
    pub timeout: Option<(Duration, Mark)>,
}

/// What makes a node ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadyEntry {
    /// Its `activate` has returned.
    Activate,
    /// Its code has said so.
    Called,
    /// It has published on this topic.
    Topic(String),
}

pub(super) fn ready(value: &Value, path: &str, reader: &mut Reader) -> ReadyOfNode {
    let mut ready = ReadyOfNode::default();
    match &value.kind {
        ValueKind::Text(text) if text == "activate" => {
            ready.when = Some((ReadyEntry::Activate, value.mark.clone()));
        }
        ValueKind::Text(text) if text == "called" => {
            ready.when = Some((ReadyEntry::Called, value.mark.clone()));
        }
        ValueKind::Map(_) => {
            reader.map(value, path, schema::READY);
            match value.get("topic") {
                Some(topic) => {
                    let name: Option<String> = reader.typed(topic, &format!("{path}.topic"));
                    ready.when = name.map(|name| (ReadyEntry::Topic(name), topic.mark.clone()));
                }
                None => reader.missing(value, path, "topic"),
            }
            if let Some(timeout) = value.get("timeout") {
                let range = START_TIMEOUT_MIN..=START_TIMEOUT_MAX;
                let read = reader.duration(timeout, &format!("{path}.timeout"), range);
                ready.timeout = read.map(|duration| (duration, timeout.mark.clone()));
            }
        }
        _ => reader.wrong_type(value, path, "`activate`, `called` or a map with `topic`"),
    }
    ready
}
