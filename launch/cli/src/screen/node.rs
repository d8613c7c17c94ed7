//! One node as people read it.

use serde_json::Value;

use crate::output::{COLUMNS, Reader};
use crate::screen::table::{Cell, Column, Table, Tone};
use crate::screen::{count, param, text};

/// The state of a node in an answer, with who wants it to pause, and whether it is ready.
pub(crate) fn state(node: &Value) -> String {
    let state = node["state"].as_str().unwrap_or("-");
    match state {
        "active" if node["ready"] == false => "active, not ready".to_owned(),
        "paused" => {
            let by = &node["paused_by"];
            let inputs = by["inputs"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let operator = (by["operator"] == true).then_some("operator").into_iter();
            let who: Vec<_> = operator.chain(inputs).collect();
            if who.is_empty() { state.to_owned() } else { format!("paused by {}", who.join(", ")) }
        }
        state => state.to_owned(),
    }
}

/// All that is known about a node.
pub(crate) fn info(node: &Value, reader: Reader) -> String {
    // A screen is for people: in a pipe it has its lines of names too, and 80 columns.
    let reader = if reader == Reader::Pipe { Reader::Plain } else { reader };
    let name = Tone::Strong.paint(node["name"].as_str().unwrap_or("-"), reader);
    let mut screen = format!("{name}, a `{}`\n", node["type"].as_str().unwrap_or("-"));
    let list = |key: &str| {
        let items = node[key].as_array().into_iter().flatten();
        items
            .filter_map(|item| item.as_str().or_else(|| item["name"].as_str()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let thread = &node["thread"];
    let thread = match thread["name"].as_str() {
        Some(name) => format!(
            "`{name}` ({}), {}, cores {}",
            thread["id"],
            thread["policy_granted"].as_str().unwrap_or("-"),
            thread["cores_granted"].as_str().unwrap_or("-")
        ),
        None => String::new(),
    };
    let required = if node["required"] == true { "required" } else { "optional" };
    let lines = [
        ("state", format!("{}, life {}, {required}", state(node), node["life"])),
        ("thread", thread),
        ("namespace", node["namespace"].as_str().unwrap_or_default().to_owned()),
        ("depends on", list("depends_on")),
        ("needed by", list("needed_by")),
        ("devices", list("devices")),
        ("drivers", list("drivers")),
        ("actuators", list("actuators")),
        ("last failure", node["last_failure"].as_str().unwrap_or_default().to_owned()),
    ];
    for (key, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        screen += &wrapped(key, &value);
    }
    for table in [topics(node), callbacks(node)].into_iter().flatten() {
        screen += &format!("\n{}", table.render(reader));
    }
    if node["params"].as_array().is_some_and(|params| !params.is_empty()) {
        screen += &format!("\n{}", params(node).render(reader));
    }
    screen
}

fn topics(node: &Value) -> Option<Table> {
    let mut table = Table::new(["", "topic", "type"].map(Column::text).to_vec());
    let mut is_empty = true;
    for key in ["publishes", "subscribes"] {
        for topic in node[key].as_array().into_iter().flatten() {
            is_empty = false;
            table.row(vec![Cell::plain(key), text(&topic["name"]), text(&topic["type"])]);
        }
    }
    (!is_empty).then_some(table)
}

fn callbacks(node: &Value) -> Option<Table> {
    let columns = ["callback", "breaker", "ok", "failed", "panicked", "timed out", "refused"];
    let columns = columns.map(|name| match name {
        "callback" | "breaker" => Column::text(name),
        _ => Column::number(name),
    });
    let mut table = Table::new(columns.to_vec());
    let rows = node["callbacks"].as_array().filter(|rows| !rows.is_empty())?;
    for callback in rows {
        let breaker = callback["breaker"].as_str().unwrap_or("-");
        let tone = if breaker == "closed" { Tone::Plain } else { Tone::Strong };
        let number = |key: &str| callback[key].as_u64().unwrap_or_default();
        table.row(vec![
            text(&callback["name"]),
            Cell::toned(breaker.replace('_', " "), tone),
            Cell::plain(count(number("ok"))),
            Cell::bad_count(number("failed")),
            Cell::bad_count(number("panicked")),
            Cell::bad_count(number("timed_out")),
            Cell::bad_count(number("refused")),
        ]);
    }
    Some(table)
}

fn params(node: &Value) -> Table {
    let mut table = Table::new(["parameter", "value", "unit", "as in"].map(Column::text).to_vec());
    for row in node["params"].as_array().into_iter().flatten() {
        let tone = if row["origin"] == "changed" { Tone::Strong } else { Tone::Plain };
        let unit = Cell::plain(row["unit"].as_str().unwrap_or("-"));
        let origin = Cell::toned(row["origin"].as_str().unwrap_or("-"), tone);
        table.row(vec![text(&row["name"]), Cell::plain(param::yaml(&row["value"])), unit, origin]);
    }
    table
}

/// A line `key value`, which goes on in further ones where it is too long.
fn wrapped(key: &str, value: &str) -> String {
    const INDENT: usize = 15;
    let mut lines = String::new();
    let mut line = format!("  {key:<12} ");
    let mut is_empty = true;
    for word in value.split_whitespace() {
        let width = line.chars().count();
        if !is_empty && width + 1 + word.chars().count() > COLUMNS {
            lines += &format!("{line}\n");
            line = " ".repeat(INDENT);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        // A name of another program's may hold anything; a terminal must not obey it.
        line.extend(word.chars().map(|c| if c.is_control() { '?' } else { c }));
        is_empty = false;
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{info, state};
    use crate::output::Reader;

    #[test]
    fn the_state_says_who_wants_the_node_to_pause_and_that_it_is_not_ready() {
        let paused = json!({ "state": "paused", "paused_by": { "operator": true, "inputs": ["sim_car"] } });
        assert_eq!(state(&paused), "paused by operator, sim_car");
        assert_eq!(state(&json!({ "state": "active", "ready": false })), "active, not ready");
        assert_eq!(state(&json!({ "state": "active", "ready": true })), "active");
        assert_eq!(state(&json!({ "state": "active" })), "active");
    }

    #[test]
    fn a_node_is_shown_within_80_columns_without_what_it_does_not_have() {
        let node = json!({
            "name": "motion", "type": "motion", "state": "active", "ready": true, "life": 2, "required": true,
            "thread": { "name": "motion", "id": 17, "policy_granted": "normal", "cores_granted": "0-3" },
            "depends_on": ["sim_car"], "needed_by": [], "devices": [], "drivers": [], "actuators": [],
            "last_failure": "callback `on_safety` panicked: the lamp is broken and so is the one that is beside it",
            "publishes": [{ "name": "drive", "type": "Drive" }], "subscribes": [],
            "callbacks": [{ "name": "on_safety", "breaker": "closed", "ok": 12, "failed": 1 }],
            "params": [{ "name": "speed_mps_max", "value": 0.3, "unit": "m/s", "origin": "changed" }],
        });
        let screen = info(&node, Reader::Plain);
        assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
        assert_eq!(
            screen,
            "motion, a `motion`\n  state        active, life 2, required\n  thread       `motion` (17), normal, \
             cores 0-3\n  depends on   sim_car\n  last failure callback `on_safety` panicked: the lamp is broken and \
             so is the\n               one that is beside it\n\n           topic  type\npublishes  drive  Drive\n\n\
             callback   breaker  ok  failed  panicked  timed out  refused\non_safety  closed   12       1         0          \
             0        0\n\nparameter      value  unit  as in\nspeed_mps_max  0.3    m/s   changed\n"
        );
    }
}
