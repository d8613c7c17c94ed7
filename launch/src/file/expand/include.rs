//! `include: [ … ]`: what the trees of other files become in the one that includes them.

use nevil_msgs::{Key, Mark, Value, ValueKind};

use super::map_of;
use super::scope::key;
use crate::file::is_name;
use crate::file::reader::Reader;
use crate::problem::{ExpansionProblem, PlanProblem};

/// What an include says about the names of its file.
#[derive(Clone, Debug, Default)]
pub(super) struct Naming {
    /// Put in front of the names of nodes, groups and policies of breakers.
    pub(super) prefix: String,
    /// Put in front of the namespaces of nodes and the names of topics.
    pub(super) namespace: String,
}

impl Naming {
    /// What `entry`, an include at `way`, says.
    pub(super) fn read(entry: &Value, way: &str, reader: &mut Reader) -> Self {
        let mut naming = Self::default();
        if let Some(value) = entry.get("prefix") {
            let path = format!("{way}.prefix");
            naming.prefix = reader.typed(value, &path).unwrap_or_default();
            if !is_name(&naming.prefix, "_") {
                let given = std::mem::take(&mut naming.prefix);
                reader.problem(&value.mark, &path, ExpansionProblem::Prefix { given });
            }
        }
        if let Some(value) = entry.get("namespace") {
            let path = format!("{way}.namespace");
            naming.namespace = reader.typed(value, &path).unwrap_or_default();
            if !nevil_runtime::is_namespace(&naming.namespace) {
                let given = std::mem::take(&mut naming.namespace);
                reader.problem(&value.mark, &path, PlanProblem::Namespace { given });
            }
        }
        naming
    }

    /// Renames what `tree`, a file or a mode of it, has.
    pub(super) fn apply(&self, tree: &mut Value) {
        self.apply_with(tree, &[]);
    }

    /// The same, where the file has these policies of breakers besides.
    fn apply_with(&self, tree: &mut Value, others: &[String]) {
        let breakers = map_of(tree, "breakers").map(std::mem::take).unwrap_or_default();
        let breakers: Vec<_> =
            breakers.into_iter().map(|(name, policy)| (name.name.clone(), name, policy)).collect();
        let names = breakers.iter().map(|(name, ..)| name).chain(others).cloned().collect::<Vec<_>>();
        if let Some(entries) = map_of(tree, "breakers") {
            entries.extend(breakers.into_iter().map(|(_, mut name, policy)| {
                self.put_prefix(&mut name.name);
                (name, policy)
            }));
        }
        self.apply_to_all(tree, &names);
    }

    /// The same, where these policies of breakers are the file's own.
    fn apply_to_all(&self, tree: &mut Value, breakers: &[String]) {
        if let Some(nodes) = map_of(tree, "nodes") {
            nodes.iter_mut().for_each(|(name, node)| {
                self.apply_to_breaker(node, breakers);
                map_of(node, "callbacks").into_iter().flatten().for_each(|(_, callback)| {
                    self.apply_to_breaker(callback, breakers);
                });
                self.apply_to_node(name, node);
            });
        }
        if let Some(groups) = map_of(tree, "groups") {
            groups.iter_mut().for_each(|(name, _)| self.put_prefix(&mut name.name));
        }
        if let Some(topics) = map_of(tree, "topics")
            && !self.namespace.is_empty()
        {
            topics.iter_mut().for_each(|(name, _)| name.name = format!("{}/{}", self.namespace, name.name));
        }
        if let Some(modes) = map_of(tree, "modes") {
            modes.iter_mut().for_each(|(_, mode)| self.apply_with(mode, breakers));
        }
    }

    /// Names a policy of the file as it is called by now.
    fn apply_to_breaker(&self, of: &mut Value, breakers: &[String]) {
        let ValueKind::Map(entries) = &mut of.kind else { return };
        for (_, value) in entries.iter_mut().filter(|(key, _)| key.name == "breaker") {
            if let ValueKind::Text(name) = &mut value.kind
                && breakers.contains(name)
            {
                self.put_prefix(name);
            }
        }
    }

    fn put_prefix(&self, name: &mut String) {
        name.insert_str(0, &self.prefix);
    }

    fn apply_to_node(&self, name: &mut Key, node: &mut Value) {
        if matches!(node.kind, ValueKind::Null) {
            node.kind = ValueKind::Map(Vec::new());
        }
        let ValueKind::Map(entries) = &mut node.kind else { return };
        if !self.prefix.is_empty() {
            // Its type is no longer told by its name.
            if entries.iter().all(|(key, _)| key.name != "type") {
                let node_type = Value::new(ValueKind::Text(name.name.clone()), name.mark.clone());
                entries.push((key("type", &name.mark), node_type));
            }
            self.put_prefix(&mut name.name);
        }
        for (key, value) in &mut *entries {
            match (key.name.as_str(), &mut value.kind) {
                ("group", ValueKind::Text(group)) => self.put_prefix(group),
                ("depends_on", ValueKind::List(names)) => {
                    for name in names {
                        if let ValueKind::Text(name) = &mut name.kind {
                            self.put_prefix(name);
                        }
                    }
                }
                ("namespace", ValueKind::Text(namespace)) if !self.namespace.is_empty() => {
                    *namespace = format!("{}/{namespace}", self.namespace);
                }
                _ => {}
            }
        }
        if !self.namespace.is_empty() && entries.iter().all(|(key, _)| key.name != "namespace") {
            let namespace = Value::new(ValueKind::Text(self.namespace.clone()), name.mark.clone());
            entries.push((key("namespace", &name.mark), namespace));
        }
    }
}

/// What is told of a problem with two files that say something about the same thing: what it is, and where it stands.
const NAMED: [(&str, &str); 4] =
    [("nodes", "node"), ("groups", "group"), ("breakers", "breaker"), ("topics", "topic")];

/// Tells what both `one` and `other`, two included files, say. `over` includes both, and may say a single key otherwise.
pub(super) fn check_siblings(one: &Value, other: &Value, over: &Value, reader: &mut Reader) {
    let entries = |value: &Value| match &value.kind {
        ValueKind::Map(entries) => entries.clone(),
        _ => Vec::new(),
    };
    let twice = |what: &'static str, name: &Key, first: &Mark, path: String, reader: &mut Reader| {
        let (name_of, first) = (name.name.clone(), first.to_string());
        reader.problem(&name.mark, &path, ExpansionProblem::DefinedTwice { what, name: name_of, first });
    };
    for (key, value) in entries(other) {
        let Some((first, before)) = one.entry(&key.name) else { continue };
        if let Some((section, what)) = NAMED.into_iter().find(|(section, _)| *section == key.name) {
            for (name, _) in entries(&value) {
                if let Some((first, _)) = before.entry(&name.name) {
                    twice(what, &name, &first.mark, format!("{section}.{}", name.name), reader);
                }
            }
        } else if key.name != "modes" && over.get(&key.name).is_none() {
            twice("key", &key, &first.mark, key.name.clone(), reader);
        }
    }
}
