//! A plan as people and programs read it.

use std::collections::BTreeMap;

use nevil_launch::{LockMemory, Machine, Plan, size_text, wrap_line};
use nevil_runtime::TopicDescription;
use serde_json::{Value, json};

use crate::output::Reader;
use crate::screen::table::{Cell, Column, Table, Tone};

/// The plan on one screen.
pub(crate) fn render(plan: &Plan, machine: &Machine, reader: Reader) -> String {
    let topics: Vec<_> = topics(plan).collect();
    let mut text = format!(
        "robot {}: {} nodes, {} topics\nfor {machine}\n\n",
        plan.robot,
        plan.nodes.len(),
        topics.len()
    );
    text += &threads(plan).render_whole(reader);
    text.push('\n');
    text += &topic_table(&topics).render_whole(reader);
    for table in [rings(plan), devices(plan)].into_iter().flatten() {
        text.push('\n');
        text += &table.render_whole(reader);
    }
    text.push('\n');
    text += &wrap(&memory(plan), 2, reader);
    let refused = refused(plan, machine);
    if !refused.is_empty() {
        text += &format!("\n{} would refuse:\n", machine.name);
        let lines = refused.iter().map(|(who, why)| wrap(&format!("  {who}: {why}"), 4, reader));
        text.extend(lines);
    }
    if !plan.left_out.is_empty() {
        let left_out = format!("left out by conditions: {}", plan.left_out.join(", "));
        text += &format!("\n{}", wrap(&left_out, 2, reader));
    }
    let notes = plan.notes.iter().map(|note| wrap(&format!("note: {note}"), 2, reader));
    if !plan.notes.is_empty() {
        text.push('\n');
        text.extend(notes);
    }
    text
}

/// The topics of nodes; those between a driver and its node are nobody else's business.
fn topics(plan: &Plan) -> impl Iterator<Item = &TopicDescription> {
    plan.graph.topics.iter().filter(|topic| !topic.is_private)
}

fn threads(plan: &Plan) -> Table {
    // Of most robots each node is called like its type.
    let has_types = plan.nodes.iter().any(|node| *node.spec.instance != *node.spec.node_type.name());
    let mut columns = vec![Column::number("start"), Column::text("node")];
    columns.extend(has_types.then(|| Column::text("type")));
    columns.extend(["thread", "policy", "cores"].map(Column::text));
    columns.push(Column::number("stack"));
    let mut table = Table::new(columns);
    for (index, node) in plan.nodes.iter().enumerate() {
        let (spec, thread) = (&node.spec, &node.spec.thread);
        let name = Cell::toned(spec.instance.to_string(), Tone::Strong);
        let mut row = vec![Cell::plain((index + 1).to_string()), name];
        row.extend(has_types.then(|| Cell::plain(spec.node_type.name())));
        row.push(Cell::plain(node.thread_name.clone()));
        row.extend([thread.policy.to_string(), thread.cores.to_string()].map(Cell::plain));
        row.push(Cell::plain(size_text(thread.stack_bytes as u64)));
        table.row(row);
    }
    table
}

fn topic_table(topics: &[&TopicDescription]) -> Table {
    let is_said = topics.iter().any(|topic| !topic.overridden.is_empty());
    let mut columns = ["topic", "type", "from", "to"].map(Column::text).to_vec();
    columns.push(Column::number("memory"));
    columns.extend(is_said.then(|| Column::text("file says")));
    let mut table = Table::new(columns);
    for topic in topics {
        let memory = format!("{}×{}", topic.memory.slots, size_text(topic.memory.slot_bytes as u64));
        let mut row = vec![
            Cell::toned(topic.name.to_string(), Tone::Strong),
            Cell::plain(topic.type_info.name),
            Cell::plain(ends(&topic.publishers, topic)),
            Cell::plain(ends(&subscribers(topic), topic)),
            Cell::plain(memory),
        ];
        row.extend(is_said.then(|| Cell::plain(or_dash(topic.overridden.join(", ")))));
        table.row(row);
    }
    table
}

/// The nodes at one end of a topic, or who is there if there is none.
fn ends<N: AsRef<str>>(nodes: &[N], topic: &TopicDescription) -> String {
    match nodes {
        [] if topic.qos.external => "(outside)".to_owned(),
        nodes => or_dash(nodes.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")),
    }
}

fn subscribers(topic: &TopicDescription) -> Vec<&str> {
    let mut nodes: Vec<_> = topic.subscriptions.iter().map(|(node, _)| &**node).collect();
    nodes.dedup();
    nodes
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

fn rings(plan: &Plan) -> Option<Table> {
    let columns = ["ring", "from", "to"].map(Column::text).into_iter();
    let columns = columns.chain([Column::number("blocks"), Column::number("memory")]);
    let mut table = Table::new(columns.collect());
    for ring in &plan.graph.rings {
        table.row(vec![
            Cell::toned(ring.name.to_string(), Tone::Strong),
            Cell::plain(ring.writer.as_deref().unwrap_or("-")),
            Cell::plain(or_dash(ring.readers.join(", "))),
            Cell::plain(ring.blocks.to_string()),
            Cell::plain(size_text(ring.bytes)),
        ]);
    }
    (!plan.graph.rings.is_empty()).then_some(table)
}

/// What nodes hold alone: devices, and what moves.
fn devices(plan: &Plan) -> Option<Table> {
    let mut table = Table::new(["held by", "what", ""].map(Column::text).to_vec());
    for (claim, node) in &plan.graph.devices {
        table.row(vec![Cell::plain(node.to_string()), Cell::plain("device"), Cell::plain(claim.clone())]);
    }
    for name in &plan.graph.actuators {
        let (node, actuator) = name.split_once('/').unwrap_or(("-", name));
        table.row(vec![Cell::plain(node), Cell::plain("actuator"), Cell::plain(actuator)]);
    }
    (!plan.graph.devices.is_empty() || !plan.graph.actuators.is_empty()).then_some(table)
}

/// Bytes of topics, stacks and rings.
fn bytes(plan: &Plan) -> [u64; 3] {
    let stacks = plan.nodes.iter().map(|node| node.spec.thread.stack_bytes as u64).sum();
    let rings = plan.graph.rings.iter().map(|ring| ring.bytes).sum();
    [plan.topics_bytes, stacks, rings]
}

fn memory(plan: &Plan) -> String {
    let [topics, stacks, rings] = bytes(plan).map(size_text);
    let most = size_text(plan.bus_bytes_max);
    format!("memory: topics {topics} of {most} (`memory.bus_max`), stacks {stacks}, rings {rings}")
}

/// What the kernel would refuse: to whom, and why.
fn refused(plan: &Plan, machine: &Machine) -> Vec<(String, String)> {
    let of_node = |node: &nevil_launch::PlannedNode| {
        let refusals = machine.refuses(&node.spec.thread).into_iter();
        let instance = node.spec.instance.to_string();
        refusals.map(move |refusal| (instance.clone(), machine.reason(&refusal))).collect::<Vec<_>>()
    };
    let mut refused: Vec<_> = plan.nodes.iter().flat_map(of_node).collect();
    let needed: u64 = bytes(plan).iter().sum();
    if plan.lock_memory != LockMemory::Off && machine.rights.locked_bytes_max < needed {
        let (most, needed) = (size_text(machine.rights.locked_bytes_max), size_text(needed));
        let why = format!(
            "at most {most} may stay out of the swap, {needed} are planned besides the program; grant CAP_IPC_LOCK or raise \
             `memlock` in limits.conf (docs/guide/realtime.md)"
        );
        refused.push(("lock_memory".to_owned(), why));
    }
    refused
}

/// The plan for programs.
pub(crate) fn json(plan: &Plan, machine: &Machine) -> Value {
    let node = |node: &nevil_launch::PlannedNode| {
        let thread = &node.spec.thread;
        json!({
            "name": *node.spec.instance,
            "type": node.spec.node_type.name(),
            "thread": node.thread_name,
            "policy": thread.policy.to_string(),
            "cores": thread.cores.to_string(),
            "stack_bytes": thread.stack_bytes,
            "required": node.required,
            "depends_on": node.depends_on.iter().map(|name| &**name).collect::<Vec<_>>(),
        })
    };
    let topic = |topic: &TopicDescription| {
        json!({
            "name": *topic.name,
            "type": topic.type_info.name,
            "publishers": topic.publishers.iter().map(|node| &**node).collect::<Vec<_>>(),
            "subscribers": subscribers(topic),
            "external": topic.qos.external,
            "overridden": topic.overridden,
            "slots": topic.memory.slots,
            "slot_bytes": topic.memory.slot_bytes,
        })
    };
    let ring = |ring: &nevil_runtime::ring::PlannedRing| {
        json!({
            "name": *ring.name,
            "writer": ring.writer.as_deref(),
            "readers": ring.readers.iter().map(|node| &**node).collect::<Vec<_>>(),
            "blocks": ring.blocks,
            "bytes": ring.bytes,
        })
    };
    let [topics_bytes, stacks, rings] = bytes(plan);
    let devices = plan.graph.devices.iter();
    let refused = refused(plan, machine).into_iter();
    json!({
        "robot": plan.robot,
        "machine": { "name": machine.name, "cores": machine.cores, "page_bytes": machine.page_bytes },
        "nodes": plan.nodes.iter().map(node).collect::<Vec<_>>(),
        "topics": topics(plan).map(topic).collect::<Vec<_>>(),
        "rings": plan.graph.rings.iter().map(ring).collect::<Vec<_>>(),
        "devices": devices.map(|(claim, node)| json!({ "claim": claim, "node": **node })).collect::<Vec<_>>(),
        "actuators": plan.graph.actuators.iter().map(|name| &**name).collect::<Vec<_>>(),
        "memory": {
            "topics_bytes": topics_bytes, "topics_bytes_max": plan.bus_bytes_max, "stacks_bytes": stacks,
            "rings_bytes": rings,
        },
        "refused": refused.map(|(who, why)| json!({ "who": who, "why": why })).collect::<Vec<_>>(),
        "left_out": plan.left_out,
        "notes": plan.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// Nodes and topics as a Mermaid flowchart: nodes are boxes, topics are round, and what is outside is `outside`.
pub(crate) fn mermaid(plan: &Plan) -> String {
    let ids: BTreeMap<&str, String> = plan
        .nodes
        .iter()
        .enumerate()
        .map(|(index, node)| (&*node.spec.instance, format!("n{index}")))
        .collect();
    let mut text = "flowchart LR\n".to_owned();
    for node in &plan.nodes {
        let name = &*node.spec.instance;
        text += &format!("  {}[\"{name}\"]\n", ids[name]);
    }
    if topics(plan).any(|topic| topic.qos.external) {
        text += "  outside{{\"outside\"}}\n";
    }
    for (index, topic) in topics(plan).enumerate() {
        text += &format!("  t{index}([\"{}\"])\n", topic.name);
        let to_topic = topic.publishers.iter().filter_map(|node| ids.get(&**node));
        text.extend(to_topic.map(|id| format!("  {id} --> t{index}\n")));
        let subscribers = subscribers(topic);
        text.extend(
            subscribers.iter().filter_map(|node| ids.get(node)).map(|id| format!("  t{index} --> {id}\n")),
        );
        if topic.qos.external && topic.publishers.is_empty() {
            text += &format!("  outside -.-> t{index}\n");
        }
        if topic.qos.external && subscribers.is_empty() {
            text += &format!("  t{index} -.-> outside\n");
        }
    }
    text
}

/// `text` as lines of 80 columns for people, those behind the first indented; a single line for programs.
pub(crate) fn wrap(text: &str, indent: usize, reader: Reader) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect();
    if reader == Reader::Pipe {
        return text + "\n";
    }
    wrap_line(&text, indent) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_80_columns_for_people_and_never_for_programs() {
        let text = "word ".repeat(40);
        let lines = wrap(&text, 4, Reader::Plain);
        assert_eq!(lines.lines().count(), 3);
        assert!(lines.lines().all(|line| line.chars().count() <= 80), "{lines}");
        assert!(lines.lines().skip(1).all(|line| line.starts_with("    word")), "{lines}");
        assert_eq!(wrap("a\u{1b}b", 2, Reader::Pipe), "a?b\n");
        // A word that fits nowhere stands alone.
        let long = "x".repeat(90);
        assert_eq!(wrap(&format!("a {long} b"), 2, Reader::Plain), format!("a\n  {long}\n  b\n"));
    }
}
