//! Where each effective value comes from: the launch file, the code of a node or topic, or Nevil's own default.

use std::time::Duration;

use nevil_msgs::{FieldInfo, Mark, Qos, Value, ValueKind, nearest};
use nevil_runtime::{NodeTypes, Policy, TopicDescription};

use super::{Plan, PlannedNode};
use crate::file::LaunchFile;
use crate::text::{size_text, snake};

/// A value that holds, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// The way to it, such as `nodes.navigation.thread.priority`.
    pub path: String,
    /// The value as a launch file writes it.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
    /// What it means; empty if nobody says.
    pub doc: String,
    /// Numbers that it may be, with both ends.
    pub range: Option<String>,
    /// Unit of its numbers.
    pub unit: Option<String>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The launch file says so there; besides, how it came about if it is not simply written there.
    File(Mark, Option<String>),
    /// The code of the node's type or of the topic says so.
    Code,
    /// Nobody says otherwise.
    Default,
}

/// The values at `key` or, if that is a map, in it, each with where it comes from. `file` is what `plan` was made of.
///
/// # Errors
///
/// A text that names the nearest key, if there is none like this.
pub fn explain(
    plan: &Plan,
    file: &LaunchFile,
    types: &NodeTypes,
    key: &str,
) -> Result<Vec<Explained>, String> {
    let mut all = Vec::new();
    written(file.effective(), "", &mut all);
    for node in &plan.nodes {
        let path = format!("nodes.{}", node.spec.instance);
        if let Some(node_type) = types.get(node.spec.node_type.name()) {
            parameters(&format!("{path}.params"), node_type.schema(), &mut all);
        }
        defaults(&path, of_node(node), &mut all);
    }
    for topic in plan.graph.topics.iter().filter(|topic| !topic.is_private) {
        rules(topic, &mut all);
    }
    defaults("", of_robot(plan), &mut all);
    let inside = format!("{key}.");
    let is_meant = |one: &&Explained| one.path == key || one.path.starts_with(&inside) || key.is_empty();
    let meant: Vec<_> = all.iter().filter(is_meant).cloned().collect();
    if !meant.is_empty() {
        return Ok(meant);
    }
    let mut known: Vec<&str> = Vec::new();
    for path in all.iter().map(|one| one.path.as_str()) {
        let ends = path.match_indices('.').map(|(end, _)| &path[..end]);
        known.extend(ends.chain([path]));
    }
    let meant = nearest(key, &known).map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
    Err(format!(
        "nothing is at `{key}`{meant}; keys are written as `nodes.NAME.thread.priority`, `topics.NAME.depth` or \
         `shutdown_timeout`"
    ))
}

/// What stands in the file. A list is one value.
fn written(value: &Value, path: &str, all: &mut Vec<Explained>) {
    if let ValueKind::Map(entries) = &value.kind {
        for (key, value) in entries {
            let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
            written(value, &path, all);
        }
        return;
    }
    // A node without anything said about it has only defaults.
    if matches!(value.kind, ValueKind::Null) {
        return;
    }
    let how = value.origin().map(|origin| origin.to_string());
    all.push(Explained {
        path: path.to_owned(),
        value: text(value),
        source: Source::File(value.mark.clone(), how),
        doc: String::new(),
        range: None,
        unit: None,
    });
}

fn text(value: &Value) -> String {
    match &value.kind {
        ValueKind::Text(text) => text.clone(),
        ValueKind::List(elements) => {
            format!("[{}]", elements.iter().map(text).collect::<Vec<_>>().join(", "))
        }
        _ => value.describe(),
    }
}

/// Completes what stands at `one.path`, or adds it.
fn add(one: Explained, all: &mut Vec<Explained>) {
    match all.iter_mut().find(|known| known.path == one.path) {
        Some(known) => *known = Explained { value: known.value.clone(), source: known.source.clone(), ..one },
        None => all.push(one),
    }
}

fn parameters(path: &str, schema: &[FieldInfo], all: &mut Vec<Explained>) {
    for field in schema {
        add(
            Explained {
                path: format!("{path}.{}", field.name),
                value: field.default.unwrap_or("not set").to_owned(),
                source: Source::Code,
                doc: field.doc.to_owned(),
                range: field.range.map(|range| range.to_string()),
                unit: field.unit.map(str::to_owned),
            },
            all,
        );
    }
}

/// The rules of a topic. What the file does not say stands in the code.
fn rules(topic: &TopicDescription, all: &mut Vec<Explained>) {
    let Qos {
        overflow,
        depth,
        priority,
        message_bytes_max,
        latched,
        lifespan,
        deadline,
        exclusive,
        feedback,
        external,
    } = topic.qos;
    let limit = |limit: Option<Duration>| limit.map_or("off".to_owned(), time);
    let rules: [(&str, String, &str, Option<&str>); 10] = [
        ("overflow", word(&overflow), "What a full subscription does.", None),
        (
            "depth",
            depth.to_string(),
            "Messages that a subscription keeps of each publisher.",
            Some("1 to 256"),
        ),
        ("priority", word(&priority), "Which topics a node serves first.", None),
        (
            "message_bytes_max",
            size_text(message_bytes_max.into()),
            "Most bytes of one message.",
            Some("1B to 16MiB"),
        ),
        (
            "latched",
            latched.to_string(),
            "Whether who comes later gets the last message of each publisher.",
            None,
        ),
        ("lifespan", limit(lifespan), "Age from which a queued message is dropped.", Some("1ms to 60min")),
        ("deadline", limit(deadline), "Silence that is reported.", Some("1ms to 60min")),
        ("exclusive", exclusive.to_string(), "Whether one node alone may publish.", None),
        ("feedback", feedback.to_string(), "Whether it closes a control loop.", None),
        ("external", external.to_string(), "Whether tools outside of the robot are its other end.", None),
    ];
    for (rule, value, doc, range) in rules {
        add(
            Explained {
                path: format!("topics.{}.{rule}", topic.name),
                value,
                source: Source::Code,
                doc: doc.to_owned(),
                range: range.map(str::to_owned),
                unit: None,
            },
            all,
        );
    }
}

/// A key, the value that holds where the file does not say another, what it means, and its range.
type Row = (&'static str, String, &'static str, Option<&'static str>);

fn of_node(node: &PlannedNode) -> Vec<Row> {
    let (thread, rule) = (&node.spec.thread, &node.spec.rules.callback);
    let mut rows = vec![
        ("required", node.required.to_string(), "Whether the robot is worth nothing without it.", None),
        (
            "depends_on",
            format!("[{}]", node.depends_on.join(", ")),
            "Nodes that are started before it.",
            None,
        ),
        (
            "namespace",
            or_none(&node.spec.namespace),
            "What is put in front of the names of its topics.",
            None,
        ),
        (
            "on_input_down",
            word(&node.on_input_down),
            "What it does while a node that it depends on is down.",
            None,
        ),
        ("on_hang", word(&node.spec.rules.on_hang), "What follows if a callback hangs.", None),
        ("on_panic", word(&node.spec.rules.on_panic), "What follows if a callback panics.", None),
        ("timeout", time(rule.timeout), "How long a call of a callback may take.", Some("1ms to 600s")),
        (
            "hang_grace",
            time(rule.hang_grace),
            "How much longer, until it is taken for hung.",
            Some("10ms to 60s"),
        ),
        ("extend_max", time(rule.extend_max), "Most that one call may ask for besides.", Some("0s to 600s")),
        ("safety", rule.safety.to_string(), "Whether it is called during an emergency stop too.", None),
        (
            "thread.cores",
            thread.cores.to_string(),
            "Cores that its thread may run on.",
            Some("cores 0 to 1023"),
        ),
        ("thread.stack", size_text(thread.stack_bytes as u64), "Size of its stack.", Some("64KiB to 64MiB")),
        (
            "thread.wait.spin",
            time(thread.wait.spin),
            "How long it looks again before it sleeps.",
            Some("0us to 10ms"),
        ),
    ];
    let (class, key, number) = match thread.policy {
        Policy::Normal { nice } => ("normal", "thread.nice", nice.to_string()),
        Policy::Fifo { priority } => ("fifo", "thread.priority", priority.to_string()),
        Policy::RoundRobin { priority } => ("rr", "thread.priority", priority.to_string()),
    };
    rows.push(("thread.policy", class.to_owned(), "Scheduling class of its thread.", None));
    let (doc, range) = match thread.policy {
        Policy::Normal { .. } => ("Higher is nicer to others.", "-20 to 19"),
        Policy::Fifo { .. } | Policy::RoundRobin { .. } => ("Higher goes first.", "1 to 79"),
    };
    rows.push((key, number, doc, Some(range)));
    rows
}

fn of_robot(plan: &Plan) -> Vec<Row> {
    vec![
        (
            "shutdown_timeout",
            time(plan.shutdown_timeout),
            "How long all nodes together may take to stop.",
            Some("100ms to 60s"),
        ),
        (
            "start_timeout",
            time(plan.start_timeout),
            "How long each node may take for each phase of its start.",
            Some("100ms to 600s"),
        ),
        ("lock_memory", word(&plan.lock_memory), "Whether the process stays out of the swap.", None),
        (
            "on_denied",
            word(&plan.on_denied),
            "What happens if the kernel denies a thread what it asks for.",
            None,
        ),
        (
            "memory.bus_max",
            size_text(plan.bus_bytes_max),
            "Most that the messages of all topics may take.",
            Some("64KiB to 16GiB"),
        ),
        (
            "zombies_max",
            plan.zombies_max.to_string(),
            "Threads of hung callbacks that the robot may keep.",
            Some("0 to 16"),
        ),
    ]
}

fn time(time: Duration) -> String {
    format!("{time:?}").replace('µ', "u")
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { text.to_owned() }
}

fn word(value: &dyn std::fmt::Debug) -> String {
    snake(&format!("{value:?}"))
}

fn defaults(path: &str, rows: Vec<Row>, all: &mut Vec<Explained>) {
    for (key, value, doc, range) in rows {
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        // A map in the file in place of this scalar says it all.
        let inside = format!("{path}.");
        if all.iter().any(|known| known.path.starts_with(&inside)) {
            continue;
        }
        add(
            Explained {
                path,
                value,
                source: Source::Default,
                doc: doc.to_owned(),
                range: range.map(str::to_owned),
                unit: None,
            },
            all,
        );
    }
}
