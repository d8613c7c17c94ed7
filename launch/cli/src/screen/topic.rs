//! A topic on one screen.

use std::time::Duration;

use nevil_launch::{duration_text, size_text};
use serde_json::Value;

use crate::output::{COLUMNS, Reader};
use crate::screen::table::{Cell, Column, Table, Tone};
use crate::screen::{count, text};

/// A counter, as the robot calls it and as people read it.
pub(super) type Counter = (&'static str, &'static str);

/// What a publisher did.
const PUBLISHED: [Counter; 2] = [("published", "published"), ("accepted", "accepted")];

/// Why messages of a publisher were refused.
pub(super) const REFUSED: [Counter; 6] = [
    ("refused_size", "too large"),
    ("refused_hops", "looped"),
    ("refused_fenced", "not active"),
    ("refused_exclusive", "exclusive"),
    ("refused_no_room", "no room"),
    ("refused_no_slot", "no slot"),
];

/// What became of the messages for a subscription.
const DELIVERED: [Counter; 5] =
    [("offered", "offered"), ("ok", "ok"), ("queued", "queued"), ("running", "running"), ("kept", "kept")];

/// What went wrong with messages for a subscription.
pub(super) const NOT_DELIVERED: [Counter; 7] = [
    ("failed", "failed"),
    ("panicked", "panicked"),
    ("timed_out", "timed out"),
    ("overflow", "overflow"),
    ("breaker_open", "breaker"),
    ("expired", "expired"),
    ("discarded", "discarded"),
];

/// What is worth a look although every message was delivered.
const NOTED: [Counter; 2] = [("replayed", "replayed"), ("silences", "silences")];

/// What the robot says about a topic, as a screen. What never went wrong is left out.
pub(crate) fn render(info: &Value, reader: Reader) -> String {
    // A screen is for people: in a pipe it has its lines of names too, and 80 columns.
    let reader = if reader == Reader::Pipe { Reader::Plain } else { reader };
    let publisher = |counts: &Value| name(&counts["node"]);
    let subscription = |counts: &Value| format!("{}.{}", name(&counts["node"]), name(&counts["callback"]));
    let tables = [
        fields(&info["fields"]),
        Some(rules(&info["qos"])),
        other_rules(&info["subscriptions"], subscription),
        accounts("published by", &info["publishers"], &PUBLISHED, publisher),
        troubles("refused", &info["publishers"], &REFUSED, publisher),
        accounts("subscribed by", &info["subscriptions"], &DELIVERED, subscription),
        troubles("not done", &info["subscriptions"], &NOT_DELIVERED, subscription),
        troubles("noted", &info["subscriptions"], &NOTED, subscription),
        latencies(&info["subscriptions"], subscription),
    ];
    let mut parts = vec![head(info, reader)];
    parts.extend(tables.into_iter().flatten().map(|table| table.render(reader)));
    parts.extend(last_values(&info["latched"]));
    parts.push(slots(&info["slots"]));
    parts.join("\n")
}

/// The type of a topic's messages: what its fields are, and a message to begin with.
pub(crate) fn render_type(info: &Value, reader: Reader) -> String {
    let reader = if reader == Reader::Pipe { Reader::Plain } else { reader };
    let name = |field: &Value| name(&field["name"]);
    let docs = info["fields"].as_array().into_iter().flatten().filter(|field| field["doc"] != "");
    let docs: String = docs
        .map(|field| super::status::wrapped(&format!("{}: {}", name(field), first_paragraph(&field["doc"]))))
        .collect();
    let example = format!("\nnevil topic pub -1 {} '{}'\n", clean(&info["name"]), clean(&info["example"]));
    let mut parts = vec![format!("{} ({})\n", clean(&info["type"]), clean(&info["hash"]))];
    if !first_paragraph(&info["doc"]).is_empty() {
        parts[0] += &super::status::wrapped(&first_paragraph(&info["doc"]));
    }
    parts.extend(fields(&info["fields"]).map(|table| table.render(reader)));
    parts.push(docs);
    parts.retain(|part| !part.is_empty());
    parts.join("\n") + &example
}

/// The first paragraph of a documentation on one line.
fn first_paragraph(doc: &Value) -> String {
    let lines = doc.as_str().unwrap_or_default().lines().map(str::trim);
    let text = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

fn head(info: &Value, reader: Reader) -> String {
    let title = Tone::Strong.paint(&clean(&info["name"]), reader);
    let private = if info["private"] == true { ", between a driver and its node" } else { "" };
    let carries = format!("{} ({}){private}", clean(&info["type"]), clean(&info["hash"]));
    let columns = clean(&info["name"]).chars().count() + ": ".len() + carries.chars().count();
    // A long name has a line of its own: it is to be seen whole.
    let gap = if columns > COLUMNS { ":\n  " } else { ": " };
    let mut head = format!("{title}{gap}{carries}\n");
    if let Some(doc) = info["doc"].as_str().and_then(|doc| doc.lines().next()).filter(|doc| !doc.is_empty()) {
        head += &super::status::wrapped(doc);
    }
    head
}

fn fields(fields: &Value) -> Option<Table> {
    let mut table = Table::new(["field", "type", "unit", "range"].map(Column::text).to_vec());
    let fields = fields.as_array().map(Vec::as_slice).unwrap_or_default();
    for field in fields {
        table.row(["name", "kind", "unit", "range"].map(|key| text(&field[key])).to_vec());
    }
    (!fields.is_empty()).then_some(table)
}

/// How messages are carried, and where that is said.
fn rules(qos: &Value) -> Table {
    let yes = |key: &str| if qos[key] == true { "yes" } else { "no" }.to_owned();
    let rows = [
        ("overflow", name(&qos["overflow"])),
        ("depth", depth(qos)),
        ("priority", name(&qos["priority"])),
        ("message_bytes_max", size_text(qos["message_bytes_max"].as_u64().unwrap_or_default())),
        ("latched", yes("latched")),
        ("lifespan", time(&qos["lifespan_us"])),
        ("deadline", time(&qos["deadline_us"])),
        ("exclusive", yes("exclusive")),
        ("feedback", yes("feedback")),
        ("external", yes("external")),
    ];
    let overridden = qos["overridden"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut table = Table::new(["rule", "value", "said by"].map(Column::text).to_vec());
    for (rule, value) in rows {
        let is_overridden = overridden.iter().any(|key| *key == rule);
        let (by, tone) = match rule {
            "depth" if is_changed(qos) => ("an operator", Tone::Strong),
            _ if is_overridden => ("launch file", Tone::Strong),
            _ => ("code", Tone::Faint),
        };
        table.row(vec![Cell::plain(rule), Cell::plain(value), Cell::toned(by, tone)]);
    }
    table
}

/// What of single subscriptions is not as the topic says.
fn other_rules(subscriptions: &Value, name_of: impl Fn(&Value) -> String) -> Option<Table> {
    let mut table = Table::new(["subscription", "rule", "value", "said by"].map(Column::text).to_vec());
    let mut rows = 0;
    for subscription in subscriptions.as_array().map(Vec::as_slice).unwrap_or_default() {
        let qos = &subscription["qos"];
        let said = qos["said"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut said: Vec<_> = said.iter().map(|said| (name(&said["rule"]), name(&said["by"]))).collect();
        if is_changed(qos) {
            said.retain(|(rule, _)| rule != "depth");
            said.push(("depth".to_owned(), "operator".to_owned()));
        }
        for (rule, by) in said {
            let value = match &*rule {
                "depth" => depth(qos),
                "lifespan" => time(&qos["lifespan_us"]),
                "deadline" => time(&qos["deadline_us"]),
                other => name(&qos[other]),
            };
            let by = match &*by {
                "default" => "launch file, of all",
                "operator" => "an operator",
                _ => "launch file",
            };
            table.row(vec![
                Cell::plain(name_of(subscription)),
                Cell::plain(rule),
                Cell::plain(value),
                Cell::toned(by, Tone::Strong),
            ]);
            rows += 1;
        }
    }
    (rows > 0).then_some(table)
}

/// The depth, and if it was changed while the robot runs, that of the plan.
fn depth(qos: &Value) -> String {
    let depth = number(qos, "depth");
    if is_changed(qos) { format!("{depth} of {}", number(qos, "depth_planned")) } else { depth.to_string() }
}

/// Whether the depth is not the planned one. A robot of before says nothing of that.
fn is_changed(qos: &Value) -> bool {
    qos["depth_planned"].as_u64().is_some_and(|planned| planned != number(qos, "depth"))
}

fn time(us: &Value) -> String {
    us.as_u64().map_or_else(|| "off".to_owned(), |us| exact(Duration::from_micros(us)))
}

/// A row for each account, and a column for each counter.
fn accounts(
    title: &'static str,
    accounts: &Value,
    counters: &[Counter],
    name: impl Fn(&Value) -> String,
) -> Option<Table> {
    let accounts = accounts.as_array().map(Vec::as_slice).unwrap_or_default();
    let columns = counters.iter().map(|(_, column)| Column::number(column));
    let mut table = Table::new(std::iter::once(Column::text(title)).chain(columns).collect());
    for account in accounts {
        let cells = counters.iter().map(|(key, _)| Cell::plain(count(number(account, key))));
        table.row(std::iter::once(Cell::plain(name(account))).chain(cells).collect());
    }
    (!accounts.is_empty()).then_some(table)
}

/// The same with those accounts and counters alone that are not 0.
fn troubles(
    title: &'static str,
    all: &Value,
    counters: &[Counter],
    name: impl Fn(&Value) -> String,
) -> Option<Table> {
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    let is_troubled = |account: &&Value| counters.iter().any(|(key, _)| number(account, key) > 0);
    let troubled: Vec<Value> = all.iter().filter(is_troubled).cloned().collect();
    let is_shown = |(key, _): &&Counter| troubled.iter().any(|account| number(account, key) > 0);
    let shown: Vec<_> = counters.iter().filter(is_shown).copied().collect();
    accounts(title, &Value::Array(troubled), &shown, name)
}

/// Time from `publish` to the callback, of those subscriptions that had any message.
fn latencies(subscriptions: &Value, name: impl Fn(&Value) -> String) -> Option<Table> {
    let columns = ["half within", "99 % within", "all within"].map(Column::number);
    let mut table = Table::new(std::iter::once(Column::text("publish to callback")).chain(columns).collect());
    let subscriptions = subscriptions.as_array().map(Vec::as_slice).unwrap_or_default();
    let measured = subscriptions.iter().filter(|counts| number(&counts["latency"], "count") > 0);
    let mut rows = 0;
    for counts in measured {
        let time = |key| Cell::plain(short(Duration::from_nanos(number(&counts["latency"], key))));
        let cells = ["p50_ns", "p99_ns", "max_ns"].map(time);
        table.row(std::iter::once(Cell::plain(name(counts))).chain(cells).collect());
        rows += 1;
    }
    (rows > 0).then_some(table)
}

/// The latched values, a line each.
fn last_values(latched: &Value) -> Option<String> {
    let latched = latched.as_array().filter(|latched| !latched.is_empty())?;
    let line = |value: &Value| {
        let line = format!("{}: {}", clean(&value["node"]), value["message"]);
        line.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect::<String>()
    };
    let lines: Vec<_> = latched.iter().map(line).collect();
    Some(format!("last value of {}\n", lines.join("\nlast value of ")))
}

/// In the largest unit in which it is at least 1, to a whole number.
fn short(time: Duration) -> String {
    let ns = time.as_nanos();
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{} us", ns / 1_000),
        1_000_000..1_000_000_000 => format!("{} ms", ns / 1_000_000),
        _ => format!("{} s", ns / 1_000_000_000),
    }
}

fn number(object: &Value, key: &str) -> u64 {
    object[key].as_u64().unwrap_or_default()
}

fn slots(slots: &Value) -> String {
    let (in_use, all, each) = (number(slots, "in_use"), number(slots, "all"), number(slots, "bytes_each"));
    let bytes = size_text(all.saturating_mul(each));
    format!("{in_use} of {all} slots are in use; full, they take {bytes} ({} each)\n", size_text(each))
}

fn name(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

/// A text of the robot's, which a terminal must not obey.
fn clean(value: &Value) -> String {
    name(value).chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

/// Exact below a second, where people think in milliseconds.
fn exact(time: Duration) -> String {
    if time < Duration::from_secs(1) { format!("{time:?}") } else { duration_text(time) }
}

#[cfg(test)]
mod tests;
