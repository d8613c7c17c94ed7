//! Where each effective value comes from: the launch file, the code of a node or topic, or Nevil's own default.
//!
//! * `holds`: values that the plan knows

mod holds;
#[cfg(test)]
mod tests;

use nevil_msgs::{FieldInfo, Mark, Value, ValueKind, nearest};
use nevil_runtime::NodeTypes;

use super::Plan;
use crate::file::LaunchFile;
use crate::schema::{Key, Kind, ROBOT, Section, explain_key, key_at, without_links};
use holds::Holds;

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

/// Keys that have done their work when a robot is planned: what they say stands in its nodes and topics then.
const DONE: [&str; 5] = ["args", "include", "defaults", "if", "unless"];

/// The values at `key` or, if that is a map, in it, each with where it comes from. `file` is what `plan` was made of.
///
/// # Errors
///
/// A text that names the nearest key, if there is none like this; or says why the key has no value.
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
    }
    let unsaid = Unsaid { plan, file, holds: holds::of_plan(plan, file) };
    unsaid.of_section(ROBOT, "", &mut all);
    let inside = format!("{key}.");
    let is_meant = |one: &&Explained| one.path == key || one.path.starts_with(&inside) || key.is_empty();
    let meant: Vec<_> = all.iter().filter(is_meant).cloned().collect();
    if !meant.is_empty() {
        return Ok(meant);
    }
    not_listed(key, types, &all)
}

/// A key that is not shown with those around it, because it would say little there.
fn not_listed(key: &str, types: &NodeTypes, all: &[Explained]) -> Result<Vec<Explained>, String> {
    let is_done = key.starts_with("modes.")
        || key.split('.').any(|step| DONE.contains(&step.split('[').next().unwrap_or_default()));
    if is_done && explain_key(key, types).is_ok() {
        return Err(format!(
            "`{key}` has done its work when a robot is planned; ask for what came of it, or what it means with \
             `nevil schema {key}`"
        ));
    }
    let mut known: Vec<&str> = Vec::new();
    for path in all.iter().map(|one| one.path.as_str()) {
        let ends = path.match_indices('.').map(|(end, _)| &path[..end]);
        known.extend(ends.chain([path]));
    }
    // What it would be in: not a key of a node that there is not.
    let is_there = key.rsplit_once('.').is_none_or(|(above, _)| {
        known.contains(&above) || key_at(above).is_some_and(|_| is_in(above, &known))
    });
    if let Some(found) = key_at(key).filter(|_| is_there) {
        return Ok(vec![Explained::of_key(key.to_owned(), found, default_of(found), Source::Default)]);
    }
    let meant = nearest(key, &known).map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
    Err(format!(
        "nothing is at `{key}`{meant}; keys are written as `nodes.NAME.thread.priority`, `topics.NAME.depth` or \
         `shutdown_timeout`"
    ))
}

/// Whether the first two steps of `path`, such as `nodes.motion`, are known.
fn is_in(path: &str, known: &[&str]) -> bool {
    let end = path.match_indices('.').nth(1).map_or(path.len(), |(end, _)| end);
    known.contains(&&path[..end])
}

/// What the schema says that holds.
fn default_of(key: &Key) -> String {
    let text = without_links(&key.default_text().replace('`', ""));
    if key.is_required || text.is_empty() { "not set".to_owned() } else { text }
}

/// What holds for a single callback: the same as for its node.
fn of_node(path: &str, all: &[Explained]) -> Option<(String, Source)> {
    let (node, callback) = path.split_once(".callbacks.")?;
    let of_node = format!("{node}.{}", callback.split_once('.')?.1);
    let inside = format!("{of_node}.");
    let same = all.iter().find(|one| one.path == of_node).map(|one| (one.value.clone(), one.source.clone()));
    // A map has more values than one.
    let map = || all.iter().find(|one| one.path.starts_with(&inside)).map(|one| one.source.clone());
    same.or_else(|| Some(("as of the node".to_owned(), map()?)))
}

/// What the file does not say.
struct Unsaid<'p> {
    plan: &'p Plan,
    file: &'p LaunchFile,
    holds: Holds,
}

impl Unsaid<'_> {
    /// The keys of `section`, which is at `path`. What stands in the file has its meaning already.
    fn of_section(&self, section: &'static Section, path: &str, all: &mut Vec<Explained>) {
        for key in section.keys.iter().filter(|key| !DONE.contains(&key.name)) {
            let path = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
            self.of_key(&key.kind, key, &path, all);
        }
    }

    fn of_key(&self, kind: &'static Kind, key: &'static Key, path: &str, all: &mut Vec<Explained>) {
        let inside = format!("{path}.");
        match kind {
            Kind::Map(section) => self.of_section(section, path, all),
            Kind::Entries(Kind::Map(section), _) if !self.names(path).is_empty() => {
                for name in self.names(path) {
                    self.of_section(section, &format!("{path}.{name}"), all);
                }
            }
            // The map is a longer way to say it, of which the plan may know what came of it.
            Kind::OneOf([.., Kind::Map(section)])
                if self.holds.keys().any(|known| known.starts_with(&inside)) =>
            {
                for key in section.keys {
                    // `restart: permanent` is the policy.
                    let is_said = key.name == "policy" && all.iter().any(|one| one.path == *path);
                    if !is_said {
                        self.of_key(&key.kind, key, &format!("{path}.{}", key.name), all);
                    }
                }
            }
            // Each has a meaning with other policies alone.
            _ if matches!(key.name, "nice" | "priority")
                && path.contains(".thread.")
                && !self.holds.contains_key(path) => {}
            _ if all.iter().any(|one| one.path == *path || one.path.starts_with(&inside)) => {}
            _ => {
                let said = self.holds.get(path).cloned().or_else(|| of_node(path, all));
                let (value, source) = said.unwrap_or_else(|| (default_of(key), Source::Default));
                all.push(Explained::of_key(path.to_owned(), key, value, source));
            }
        }
    }

    /// The names of what is in the map at `path`.
    fn names(&self, path: &str) -> Vec<String> {
        match path {
            "nodes" => self.plan.nodes.iter().map(|node| node.spec.instance.to_string()).collect(),
            "topics" => {
                let topics = self.plan.graph.topics.iter().filter(|topic| !topic.is_private);
                topics.map(|topic| topic.name.to_string()).collect()
            }
            path => {
                let value = path.split('.').try_fold(self.file.effective(), |value, step| value.get(step));
                match value.map(|value| &value.kind) {
                    Some(ValueKind::Map(entries)) => {
                        entries.iter().map(|(key, _)| key.name.clone()).collect()
                    }
                    _ => Vec::new(),
                }
            }
        }
    }
}

impl Explained {
    /// The value of a key of the schema.
    fn of_key(path: String, key: &'static Key, value: String, source: Source) -> Self {
        let range = Some(without_links(&key.range_text().replace('`', ""))).filter(|range| !range.is_empty());
        Self { path, value, source, doc: without_links(key.meaning), range, unit: None }
    }
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
    let source = Source::File(value.mark.clone(), how);
    let (path, value) = (path.to_owned(), text(value));
    all.push(match key_at(&path) {
        Some(key) => Explained::of_key(path, key, value, source),
        None => Explained { path, value, source, doc: String::new(), range: None, unit: None },
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
