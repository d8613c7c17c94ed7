//! `modes: { … }`: variations of a robot, of which one is put over the file.

use nevil_msgs::{Mark, Value, ValueKind};

use super::merge::{Place, merge};
use super::take;
use crate::file::is_name;
use crate::file::reader::Reader;
use crate::problem::{COMMAND_LINE, ExpansionProblem, PlanProblem};
use crate::schema;

/// Takes the modes out of `root`, and puts the one that is wanted over it.
pub(super) fn choose_mode(
    root: &mut Value,
    wanted: Option<&str>,
    reader: &mut Reader,
) -> (Vec<(String, Mark)>, Option<String>) {
    let modes =
        take(root, "modes").map(|(_, modes)| reader.entries(&modes, "modes").to_vec()).unwrap_or_default();
    let mut names = Vec::new();
    for (key, mode) in &modes {
        let path = format!("modes.{}", key.name);
        if !is_name(&key.name, "_") {
            reader.problem(&key.mark, &path, ExpansionProblem::ModeName { given: key.name.clone() });
        }
        reader.map(mode, &path, schema::MODE);
        check_entries(root, mode, &path, reader);
        names.push((key.name.clone(), key.mark.clone()));
    }
    let chosen = match wanted {
        None => modes.into_iter().next(),
        Some(wanted) => {
            let known = || names.iter().map(|(name, _)| name.clone()).collect();
            if names.iter().all(|(name, _)| name != wanted) {
                let problem = ExpansionProblem::UnknownMode { given: wanted.to_owned(), known: known() };
                reader.problem(&Mark::named(COMMAND_LINE), "mode", problem);
            }
            modes.into_iter().find(|(key, _)| key.name == wanted)
        }
    };
    let Some((key, overlay)) = chosen else { return (names, None) };
    if matches!(overlay.kind, ValueKind::Map(_)) {
        let base = std::mem::replace(root, Value::new(ValueKind::Null, root.mark.clone()));
        let mark = base.mark.clone();
        *root = merge(base, overlay, Place::File);
        // What is missing is missing in the file, not in the mode.
        root.mark = mark;
    }
    (names, Some(key.name))
}

/// A mode says something about nodes and topics that a robot can change while it runs, and brings no nodes along.
fn check_entries(root: &Value, mode: &Value, path: &str, reader: &mut Reader) {
    let entries = |tree: &Value, section: &str| match tree.get(section).map(|entries| &entries.kind) {
        Some(ValueKind::Map(entries)) => entries.clone(),
        _ => Vec::new(),
    };
    let known: Vec<_> = entries(root, "nodes").into_iter().map(|(key, _)| key.name).collect();
    for (key, node) in entries(mode, "nodes") {
        let path = format!("{path}.nodes.{}", key.name);
        if !known.contains(&key.name) {
            let problem = PlanProblem::UnknownDependency { given: key.name.clone(), known: known.clone() };
            reader.problem(&key.mark, &path, problem);
        }
        reader.map(&node, &path, schema::MODE_NODE);
    }
    for (key, topic) in entries(mode, "topics") {
        reader.map(&topic, &format!("{path}.topics.{}", key.name), schema::MODE_TOPIC);
    }
}
