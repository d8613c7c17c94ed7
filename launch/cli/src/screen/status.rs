//! The status of a robot on one screen.

mod health;

use std::time::Duration;

use nevil_launch::duration_text;
use serde::Deserialize;

use self::health::Health;

use crate::output::{COLUMNS, Reader};
use crate::screen::count;
use crate::screen::table::{Cell, Column, Table, Tone};

/// What the screen needs of the robot's report. What an older or newer robot does not say is empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Report {
    robot: String,
    pid: u64,
    file: Option<String>,
    phase: String,
    up_ms: u64,
    denied: Vec<String>,
    moving: bool,
    health: Option<Health>,
    emergency_stop: Option<EmergencyStop>,
    nodes: Vec<Node>,
    topics: Vec<Topic>,
    actuators: Vec<Actuator>,
    leases: Vec<Lease>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Lease {
    name: String,
    owner: Option<String>,
    purpose: Option<String>,
    held_ms: Option<u64>,
    remaining_ms: Option<u64>,
    refused: u64,
    taken_over: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EmergencyStop {
    for_ms: u64,
    by: String,
    reason: String,
    count: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Node {
    name: String,
    state: String,
    ready: Option<bool>,
    paused_by: serde_json::Value,
    thread: Option<Thread>,
    callbacks: Vec<Callback>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Thread {
    name: String,
    id: i64,
    policy_wanted: String,
    policy_granted: String,
    cores_wanted: String,
    cores_granted: String,
    denied: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Callback {
    ok: u64,
    failed: u64,
    panicked: u64,
    longest_us: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Topic {
    name: String,
    type_name: String,
    counts: TopicCounts,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TopicCounts {
    publishers: Vec<(String, Published)>,
    subscriptions: Vec<(String, String, Delivered)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Published {
    published: u64,
    accepted: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delivered {
    ok: u64,
    failed: u64,
    panicked: u64,
    timed_out: u64,
    overflow: u64,
    breaker_open: u64,
    expired: u64,
    discarded: u64,
    queued: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Actuator {
    name: String,
    commands: u64,
    refused: u64,
    expired: u64,
    made_safe: u64,
    make_safe_failed: u64,
}

/// The robot's `report` as a screen.
pub(crate) fn render(report: serde_json::Value, reader: Reader) -> serde_json::Result<String> {
    let report: Report = serde_json::from_value(report)?;
    // A screen is for people: in a pipe it has its lines of names too, and 80 columns.
    let reader = if reader == Reader::Pipe { Reader::Plain } else { reader };
    let tables = [
        nodes(&report.nodes),
        threads(&report.nodes),
        topics(&report.topics),
        actuators(&report.actuators),
        leases(&report.leases),
    ];
    let mut parts = vec![head(&report, reader)];
    parts.extend(report.health.as_ref().map(|health| health::render(health, reader)));
    parts.extend(report.emergency_stop.as_ref().map(|stop| emergency_stop(stop, reader)));
    parts.extend(tables.into_iter().flatten().map(|table| table.render(reader)));
    parts.extend(denied(&report, reader));
    Ok(parts.join("\n"))
}

fn head(report: &Report, reader: Reader) -> String {
    let motion = if report.moving { ("moving", Tone::Strong) } else { ("safe", Tone::Good) };
    let phase = if report.phase == "running" { Tone::Good } else { Tone::Strong };
    let name = Tone::Strong.paint(&report.robot, reader);
    let file = report.file.as_ref().map(|file| format!(" from {file}")).unwrap_or_default();
    format!(
        "{name}{file}\n{}, {}, up {}, pid {}\n",
        phase.paint(&report.phase, reader),
        motion.1.paint(motion.0, reader),
        duration_text(Duration::from_millis(report.up_ms)),
        report.pid
    )
}

fn emergency_stop(stop: &EmergencyStop, reader: Reader) -> String {
    let EmergencyStop { for_ms, by, reason, count } = stop;
    let asked = if *count > 1 { format!(", asked for {count} times") } else { String::new() };
    let duration = duration_text(Duration::from_millis(*for_ms));
    let title = Tone::Bad.paint("EMERGENCY STOP", reader);
    let why = wrapped(&format!("by {by}: {reason}"));
    format!("{title} for {duration}{asked}\n  nothing moves until `nevil estop --reset`\n{why}")
}

fn nodes(nodes: &[Node]) -> Option<Table> {
    let columns = vec![
        Column::text("node"),
        Column::text("state"),
        Column::number("calls ok"),
        Column::number("failed"),
        Column::number("panicked"),
        Column::number("longest"),
    ];
    let mut table = Table::new(columns);
    for node in nodes {
        let sum = |of: fn(&Callback) -> u64| node.callbacks.iter().map(of).sum::<u64>();
        let longest = node.callbacks.iter().map(|callback| callback.longest_us).max().unwrap_or(0);
        let tone = match &*node.state {
            "active" if node.ready != Some(false) => Tone::Good,
            "failed" => Tone::Bad,
            _ => Tone::Strong,
        };
        table.row(vec![
            Cell::plain(&*node.name),
            Cell::toned(state(node), tone),
            Cell::plain(count(sum(|callback| callback.ok))),
            Cell::bad_count(sum(|callback| callback.failed)),
            Cell::bad_count(sum(|callback| callback.panicked)),
            Cell::plain(microseconds(longest)),
        ]);
    }
    (!nodes.is_empty()).then_some(table)
}

/// With who wants it to pause, and whether it is ready.
fn state(node: &Node) -> String {
    let Node { state, ready, paused_by, .. } = node;
    super::node::state(&serde_json::json!({ "state": state, "ready": ready, "paused_by": paused_by }))
}

fn threads(nodes: &[Node]) -> Option<Table> {
    let columns = ["thread", "id", "node", "wanted", "granted", "cores"].map(|name| match name {
        "id" => Column::number(name),
        _ => Column::text(name),
    });
    let mut table = Table::new(columns.to_vec());
    let mut is_empty = true;
    for (node, thread) in nodes.iter().filter_map(|node| Some((node, node.thread.as_ref()?))) {
        let granted = thread.policy_wanted == thread.policy_granted;
        let cores = match &*thread.cores_wanted {
            "auto" => format!("{} (auto)", thread.cores_granted),
            wanted if wanted == thread.cores_granted => thread.cores_granted.clone(),
            wanted => format!("{} (not {wanted})", thread.cores_granted),
        };
        is_empty = false;
        table.row(vec![
            Cell::plain(&*thread.name),
            Cell::plain(thread.id.to_string()),
            Cell::plain(&*node.name),
            Cell::plain(&*thread.policy_wanted),
            Cell::toned(&*thread.policy_granted, if granted { Tone::Plain } else { Tone::Bad }),
            Cell::plain(cores),
        ]);
    }
    (!is_empty).then_some(table)
}

fn topics(topics: &[Topic]) -> Option<Table> {
    let rows: Vec<_> = topics.iter().map(|topic| (topic, Traffic::of(&topic.counts))).collect();
    // What nearly never happens has a column only when it does.
    let refused = rows.iter().any(|(_, traffic)| traffic.refused > 0);
    let failed = rows.iter().any(|(_, traffic)| traffic.failed > 0);
    let mut columns = vec![Column::text("topic"), Column::text("type"), Column::number("published")];
    columns.extend(refused.then_some(Column::number("refused")));
    columns.push(Column::number("delivered"));
    columns.extend(failed.then_some(Column::number("failed")));
    columns.extend([Column::number("dropped"), Column::number("queued")]);
    let mut table = Table::new(columns);
    for (topic, traffic) in &rows {
        let mut cells = vec![
            Cell::plain(&*topic.name),
            Cell::plain(&*topic.type_name),
            Cell::plain(count(traffic.published)),
        ];
        cells.extend(refused.then(|| Cell::bad_count(traffic.refused)));
        cells.push(Cell::plain(count(traffic.delivered)));
        cells.extend(failed.then(|| Cell::bad_count(traffic.failed)));
        cells.extend([traffic.dropped, traffic.queued].map(|number| Cell::plain(count(number))));
        table.row(cells);
    }
    (!rows.is_empty()).then_some(table)
}

/// What became of the messages of a topic.
struct Traffic {
    published: u64,
    refused: u64,
    delivered: u64,
    failed: u64,
    dropped: u64,
    queued: u64,
}

impl Traffic {
    fn of(counts: &TopicCounts) -> Self {
        let published =
            |of: fn(&Published) -> u64| counts.publishers.iter().map(|(_, counts)| of(counts)).sum();
        let ended =
            |of: fn(&Delivered) -> u64| counts.subscriptions.iter().map(|(_, _, counts)| of(counts)).sum();
        Self {
            published: published(|counts| counts.published),
            // A message may be on its way between the two counts for a moment.
            refused: published(|counts| counts.published.saturating_sub(counts.accepted)),
            delivered: ended(|counts| counts.ok),
            failed: ended(|counts| counts.failed + counts.panicked + counts.timed_out),
            dropped: ended(|counts| {
                counts.overflow + counts.breaker_open + counts.expired + counts.discarded
            }),
            queued: ended(|counts| counts.queued),
        }
    }
}

fn actuators(actuators: &[Actuator]) -> Option<Table> {
    let columns = vec![
        Column::text("actuator"),
        Column::number("commands"),
        Column::number("refused"),
        Column::number("expired"),
        Column::number("made safe"),
        Column::number("failed"),
    ];
    let mut table = Table::new(columns);
    for actuator in actuators {
        table.row(vec![
            Cell::plain(&*actuator.name),
            Cell::plain(count(actuator.commands)),
            Cell::plain(count(actuator.refused)),
            Cell::plain(count(actuator.expired)),
            Cell::plain(count(actuator.made_safe)),
            Cell::bad_count(actuator.make_safe_failed),
        ]);
    }
    (!actuators.is_empty()).then_some(table)
}

fn leases(leases: &[Lease]) -> Option<Table> {
    let columns = vec![
        Column::text("lease"),
        Column::text("owner"),
        Column::text("purpose"),
        Column::number("held"),
        Column::number("ends in"),
        Column::number("refused"),
        Column::number("taken over"),
    ];
    let mut table = Table::new(columns);
    for lease in leases {
        let time =
            |ms: Option<u64>| ms.map(|ms| duration_text(Duration::from_millis(ms))).unwrap_or_default();
        table.row(vec![
            Cell::plain(&*lease.name),
            Cell::plain(lease.owner.as_deref().unwrap_or("-")),
            Cell::plain(lease.purpose.as_deref().unwrap_or_default()),
            Cell::plain(time(lease.held_ms)),
            Cell::plain(time(lease.remaining_ms)),
            Cell::plain(count(lease.refused)),
            Cell::bad_count(lease.taken_over),
        ]);
    }
    (!leases.is_empty()).then_some(table)
}

/// What was denied to the robot and to its threads, and what to do.
fn denied(report: &Report, reader: Reader) -> Option<String> {
    let of_robot = report.denied.iter().map(|text| (vec![report.robot.as_str()], text.as_str()));
    let mut all: Vec<(Vec<&str>, &str)> = of_robot.collect();
    for node in &report.nodes {
        for text in node.thread.iter().flat_map(|thread| &thread.denied) {
            // The same text for several nodes is said once.
            match all.iter_mut().find(|(_, known)| known == text) {
                Some((names, _)) => names.push(&node.name),
                None => all.push((vec![&node.name], text)),
            }
        }
    }
    let mut lines = Tone::Bad.paint("denied", reader) + "\n";
    for (names, text) in &all {
        lines += &wrapped(&format!("{}: {text}", names.join(", ")));
    }
    (!all.is_empty()).then_some(lines)
}

/// `text` in lines of at most 80 columns, all but the first further in.
pub(crate) fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from(" ");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS && line.trim() != "" {
            lines += &line;
            lines.push('\n');
            line = String::from("   ");
        }
        line.push(' ');
        line += word;
    }
    lines + &line + "\n"
}

fn microseconds(us: u64) -> String {
    match us {
        0..1000 => format!("{us} us"),
        1000..1_000_000 => format!("{}.{} ms", us / 1000, us % 1000 / 100),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests;
