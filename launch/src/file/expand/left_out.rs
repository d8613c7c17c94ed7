//! What conditions have decided against is left out, when nobody can say otherwise any more.

use nevil_msgs::{Value, ValueKind};

use super::{CONDITIONAL, map_of, take};

/// Leaves out what conditions have decided against, and the dependencies on it. The names of such nodes.
pub(super) fn leave_out(root: &mut Value) -> Vec<String> {
    let mut left_out = Vec::new();
    let mut groups = Vec::new();
    for section in CONDITIONAL {
        let Some(entries) = map_of(root, section) else { continue };
        entries.retain_mut(|(key, entry)| {
            let counts = take_decision(entry);
            if !counts && section == "nodes" {
                left_out.push(key.name.clone());
                if let Some(ValueKind::Text(group)) = entry.get("group").map(|group| &group.kind) {
                    groups.push(group.clone());
                }
            }
            counts
        });
    }
    drop_references(root, &left_out, &groups);
    left_out.sort();
    left_out
}

/// Takes `if`, which is decided, out of an entry, and says whether the entry counts.
fn take_decision(entry: &mut Value) -> bool {
    let Some(ValueKind::Bool(holds)) = entry.get("if").map(|value| value.kind.clone()) else { return true };
    take(entry, "if");
    holds
}

/// Nobody waits for nodes that are not there, and a group that had only such is none.
fn drop_references(root: &mut Value, left_out: &[String], groups: &[String]) {
    let mut used = Vec::new();
    for (_, node) in map_of(root, "nodes").into_iter().flatten() {
        if let Some(ValueKind::Text(group)) = node.get("group").map(|group| &group.kind) {
            used.push(group.clone());
        }
        let ValueKind::Map(entries) = &mut node.kind else { continue };
        for (_, value) in entries.iter_mut().filter(|(key, _)| key.name == "depends_on") {
            if let ValueKind::List(names) = &mut value.kind {
                let is_left_out =
                    |name: &Value| matches!(&name.kind, ValueKind::Text(name) if left_out.contains(name));
                names.retain(|name| !is_left_out(name));
            }
        }
    }
    if let Some(entries) = map_of(root, "groups") {
        entries.retain(|(key, _)| used.contains(&key.name) || !groups.contains(&key.name));
    }
}
