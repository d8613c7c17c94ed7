//! `nodes: { … }`: one node each.

use nevil_msgs::{Key, Mark, Problem, Value, ValueKind};
use nevil_runtime::{SubscriptionQos, ThreadSpec, is_namespace, is_topic_name};

use super::callbacks::{Around, CallbackEntries, callbacks};
use super::reader::Reader;
use super::ready::{ReadyOfNode, ready};
use super::resources;
use super::supervise::restart;
use super::thread::thread;
use super::topic;
use super::{NodeEntry, Remap, is_name};
use crate::limits::NODES_MAX;
use crate::problem::PlanProblem;
use crate::rules::{Limits, OnInputDown, RestartRule};
use crate::schema;

pub(super) fn nodes(value: &Value, around: Around<'_>, reader: &mut Reader) -> Vec<NodeEntry> {
    match &value.kind {
        ValueKind::Map(entries) if entries.len() > NODES_MAX => {
            reader.problem(&value.mark, "nodes", PlanProblem::TooManyNodes { given: entries.len() });
            Vec::new()
        }
        ValueKind::Map(entries) if !entries.is_empty() => {
            let node = |(key, value): &(Key, Value)| {
                let mut entry = node(&key.name, &key.mark, value, reader);
                supervised(&mut entry, value, around, reader);
                entry
            };
            entries.iter().map(node).collect()
        }
        ValueKind::Map(_) | ValueKind::Null => {
            reader.problem(&value.mark, "nodes", PlanProblem::NoNodes);
            Vec::new()
        }
        _ => {
            let problem =
                Problem::WrongType { given: value.describe(), expected: "a map of nodes".to_owned() };
            reader.problem(&value.mark, "nodes", problem);
            Vec::new()
        }
    }
}

fn node(instance: &str, mark: &Mark, value: &Value, reader: &mut Reader) -> NodeEntry {
    let path = format!("nodes.{instance}");
    let mut entry = NodeEntry {
        instance: instance.to_owned(),
        mark: mark.clone(),
        node_type: (instance.to_owned(), mark.clone()),
        params: Value::new(ValueKind::Null, mark.clone()),
        degraded: None,
        thread: ThreadSpec::default(),
        required: true,
        depends_on: Vec::new(),
        namespace: String::new(),
        remap: Vec::new(),
        subscriptions: Vec::new(),
        subscription_default: SubscriptionQos::default(),
        restart: RestartRule::default(),
        group: None,
        on_input_down: OnInputDown::default(),
        cpu_percent: Limits::default(),
        ready: ReadyOfNode::default(),
        paused: false,
        callbacks: CallbackEntries::default(),
    };
    if !is_name(instance, "_") {
        reader.problem(mark, &path, PlanProblem::InstanceName { given: instance.to_owned() });
    }
    if !reader.map(value, &path, schema::NODE) {
        return entry;
    }
    if let Some(value) = value.get("type") {
        let node_type = reader.typed(value, &format!("{path}.type"));
        entry.node_type = (node_type.unwrap_or_default(), value.mark.clone());
    }
    if let Some(value) = value.get("params") {
        reader.any_map(value, &format!("{path}.params"));
        entry.params = value.clone();
    }
    if let Some(value) = value.get("thread") {
        entry.thread = thread(value, &format!("{path}.thread"), reader);
    }
    if let Some(value) = value.get("required") {
        entry.required = reader.typed(value, &format!("{path}.required")).unwrap_or(true);
    }
    if let Some(value) = value.get("depends_on") {
        entry.depends_on = dependencies(value, &format!("{path}.depends_on"), reader);
    }
    if let Some(value) = value.get("namespace") {
        entry.namespace = namespace(value, &format!("{path}.namespace"), reader).unwrap_or_default();
    }
    if let Some(value) = value.get("remap") {
        entry.remap = remap(value, &format!("{path}.remap"), reader);
    }
    if let Some(value) = value.get("subscriptions") {
        let path = format!("{path}.subscriptions");
        (entry.subscriptions, entry.subscription_default) = topic::subscriptions(value, &path, reader);
    }
    entry
}

/// Reads what `value` says of the node's supervision.
fn supervised(entry: &mut NodeEntry, value: &Value, around: Around<'_>, reader: &mut Reader) {
    if !matches!(value.kind, ValueKind::Map(_)) {
        return;
    }
    let path = format!("nodes.{}", entry.instance);
    if let Some(value) = value.get("degraded") {
        reader.any_map(value, &format!("{path}.degraded"));
        entry.degraded = Some(value.clone());
    }
    if let Some(value) = value.get("restart") {
        entry.restart = restart(value, &format!("{path}.restart"), reader);
    }
    if let Some(value) = value.get("group") {
        let name: Option<String> = reader.typed(value, &format!("{path}.group"));
        entry.group = name.map(|name| (name, value.mark.clone()));
    }
    if let Some(value) = value.get("on_input_down") {
        entry.on_input_down = reader.typed(value, &format!("{path}.on_input_down")).unwrap_or_default();
    }
    if let Some(value) = value.get("ready") {
        entry.ready = ready(value, &format!("{path}.ready"), reader);
    }
    if let Some(value) = value.get("paused") {
        entry.paused = reader.typed(value, &format!("{path}.paused")).unwrap_or_default();
    }
    if let Some(value) = value.get("resources") {
        entry.cpu_percent = resources::of_node(value, &format!("{path}.resources"), reader);
    }
    entry.callbacks = callbacks(value, &path, around, reader);
}

/// The names with their places. One that is wrong stays, so that the others keep their index.
fn dependencies(value: &Value, path: &str, reader: &mut Reader) -> Vec<(String, Mark)> {
    let mut names: Vec<(String, Mark)> = Vec::new();
    for (index, element) in reader.list(value, path, "a list of nodes").iter().enumerate() {
        let path = format!("{path}[{index}]");
        let given: Option<String> = reader.typed(element, &path);
        if let Some(given) = &given
            && names.iter().any(|(name, _)| name == given)
        {
            reader.problem(&element.mark, &path, PlanProblem::NamedTwice { given: given.clone() });
        }
        names.push((given.unwrap_or_default(), element.mark.clone()));
    }
    names
}

fn namespace(value: &Value, path: &str, reader: &mut Reader) -> Option<String> {
    let given: String = reader.typed(value, path)?;
    if !is_namespace(&given) {
        reader.problem(&value.mark, path, PlanProblem::Namespace { given });
        return None;
    }
    Some(given)
}

/// The topics that are called otherwise. Whether the node has them is found out by the plan.
fn remap(value: &Value, path: &str, reader: &mut Reader) -> Vec<Remap> {
    let mut remaps = Vec::new();
    for (key, value) in reader.entries(value, path) {
        let path = format!("{path}.{}", key.name);
        let Some(to) = reader.typed::<String>(value, &path) else { continue };
        if is_topic_name(to.strip_prefix('/').unwrap_or(&to)) {
            remaps.push(Remap { from: key.name.clone(), mark: key.mark.clone(), to });
        } else {
            reader.problem(&value.mark, &path, PlanProblem::TopicName { given: to });
        }
    }
    remaps
}
