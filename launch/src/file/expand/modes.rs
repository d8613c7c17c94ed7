//! `modes: { … }`: variations of a robot, of which one is put over the file.

use nevil_msgs::{Mark, Value, ValueKind};

use super::merge::{Place, merge};
use super::take;
use crate::file::is_name;
use crate::file::reader::Reader;
use crate::problem::{ExpansionProblem, PlanProblem};

/// Takes the modes out of `root`, and puts the one that is wanted over it.
pub(super) fn choose_mode(
    root: &mut Value,
    wanted: Option<&str>,
    reader: &mut Reader,
) -> (Vec<(String, Mark)>, Option<String>) {
    const KEYS: [&str; 5] = ["nodes", "breakers", "topics", "resources", "log"];
    let modes =
        take(root, "modes").map(|(_, modes)| reader.entries(&modes, "modes").to_vec()).unwrap_or_default();
    let mut names = Vec::new();
    for (key, mode) in &modes {
        let path = format!("modes.{}", key.name);
        if !is_name(&key.name, "_") {
            reader.problem(&key.mark, &path, ExpansionProblem::ModeName { given: key.name.clone() });
        }
        reader.map(mode, &path, &KEYS);
        check_nodes(root, mode, &path, reader);
        names.push((key.name.clone(), key.mark.clone()));
    }
    let chosen = match wanted {
        None => modes.into_iter().next(),
        Some(wanted) => {
            let known = || names.iter().map(|(name, _)| name.clone()).collect();
            if names.iter().all(|(name, _)| name != wanted) {
                let problem = ExpansionProblem::UnknownMode { given: wanted.to_owned(), known: known() };
                reader.problem(&Mark::named("command line"), "mode", problem);
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

/// A mode says something about nodes that there are, and brings none along.
fn check_nodes(root: &Value, mode: &Value, path: &str, reader: &mut Reader) {
    let names = |tree: &Value| match tree.get("nodes").map(|nodes| &nodes.kind) {
        Some(ValueKind::Map(entries)) => entries.iter().map(|(key, _)| key.clone()).collect(),
        _ => Vec::new(),
    };
    let known: Vec<_> = names(root).into_iter().map(|key| key.name).collect();
    for key in names(mode).into_iter().filter(|key| !known.contains(&key.name)) {
        let problem = PlanProblem::UnknownDependency { given: key.name.clone(), known: known.clone() };
        reader.problem(&key.mark, &format!("{path}.nodes.{}", key.name), problem);
    }
}
