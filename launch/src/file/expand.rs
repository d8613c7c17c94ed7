//! From files to one tree: arguments, conditions, includes, defaults and modes.
//!
//! ```text
//!  text ─► tree ─► arguments, environment ─► conditions ─► references ─┐
//!                                  includes, each the same way ─► merge ─► defaults ─► mode ─► the tree that is read
//! ```
//! Each value keeps the place where it is written, whatever becomes of it.
//!
//! * `scope`: what a reference stands for. `arguments`: what a file is told. `condition`: what counts.
//! * `include`: names of included files. `merge`: one tree over another. `modes`, `left_out`: the last steps.

mod arguments;
mod condition;
mod include;
mod left_out;
mod merge;
mod modes;
mod scope;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use nevil_msgs::{Key, Mark, Value, ValueKind};

use super::reader::Reader;
use super::topic::ALL_SUBSCRIPTIONS;
use super::{LaunchFileError, Lookup, read_text};
use crate::limits::{INCLUDE_DEPTH_MAX, INCLUDES_MAX};
use crate::options::LaunchInputs;
use crate::problem::ExpansionProblem;
use crate::schema;
use arguments::{Given, bind, declared, is_variable_name, of_command_line, of_include};
use condition::counts;
use include::{Naming, check_siblings};
use left_out::leave_out;
use merge::{Place, merge};
use modes::choose_mode;
use scope::{Scope, SetVariable};

pub use arguments::{Argument, ArgumentKind};

/// Where entries may have conditions.
const CONDITIONAL: [&str; 3] = ["nodes", "groups", "topics"];

/// A launch file with all that it includes, as one tree.
pub(super) struct Expanded {
    /// `None`: the launch file itself is no YAML, which has been told.
    pub(super) root: Option<Value>,
    /// The arguments of the file itself.
    pub(super) arguments: Vec<Argument>,
    /// What is to be set for the process, in the order of the files.
    pub(super) environment: Vec<(String, String)>,
    /// The modes, the first of which the robot begins in, and where their names stand.
    pub(super) modes: Vec<(String, Mark)>,
    /// The mode that the tree is of; none if there are no modes.
    pub(super) mode: Option<String>,
    /// Nodes that conditions have left out, ascending.
    pub(super) left_out: Vec<String>,
    /// The files that were read, the launch file first.
    pub(super) files: Vec<PathBuf>,
}

/// The tree of `text`, which is the content of the file of `inputs`. What is wrong is left out.
pub(super) fn expand(inputs: &LaunchInputs, text: &str, lookup: Lookup<'_>, reader: &mut Reader) -> Expanded {
    let given = of_command_line(&inputs.arguments);
    let mut expander = Expander {
        reader,
        lookup,
        environment: Vec::new(),
        open: Vec::new(),
        files: Vec::new(),
        root: Vec::new(),
    };
    let tree = expander.file(&inputs.file, text, given);
    let (environment, files, arguments) = (expander.environment, expander.files, expander.root);
    let environment = environment.into_iter().map(|set| (set.name, set.value)).collect();
    let mut expanded = Expanded {
        root: None,
        arguments,
        environment,
        modes: Vec::new(),
        mode: None,
        left_out: Vec::new(),
        files,
    };
    if let Some(mut root) = tree {
        (expanded.modes, expanded.mode) = choose_mode(&mut root, inputs.mode.as_deref(), reader);
        expanded.left_out = leave_out(&mut root);
        expanded.root = Some(root);
    }
    expanded
}

/// The arguments that the file at `path` declares, for who asks what it can be told. Their values are left open.
pub(super) fn declared_arguments(path: &Path, text: &str, reader: &mut Reader) -> Vec<Argument> {
    let name = path.display().to_string();
    match Value::parse_yaml(&name, text) {
        Ok(root) => root.get("args").map(|args| declared(args, reader)).unwrap_or_default(),
        Err(error) => {
            reader.value_error(error, "", &Mark::named(&name));
            Vec::new()
        }
    }
}

struct Expander<'a> {
    reader: &'a mut Reader,
    lookup: Lookup<'a>,
    environment: Vec<SetVariable>,
    /// The files that are being read, each included by the one before: as they were named, and as they really are.
    open: Vec<(PathBuf, PathBuf)>,
    files: Vec<PathBuf>,
    /// The arguments of the launch file itself.
    root: Vec<Argument>,
}

impl Expander<'_> {
    /// The tree of one file with all that it includes.
    fn file(&mut self, path: &Path, text: &str, given: Vec<Given>) -> Option<Value> {
        let name = path.display().to_string();
        let mut tree = match Value::parse_yaml(&name, text) {
            Ok(tree) => tree,
            Err(error) => {
                self.reader.value_error(error, "", &Mark::named(&name));
                return None;
            }
        };
        self.files.push(path.to_owned());
        // What cannot be found under its name is read under it all the same.
        self.open.push((path.to_owned(), path.canonicalize().unwrap_or_else(|_| path.to_owned())));
        self.expand_tree(&mut tree, path, given);
        self.open.pop();
        Some(tree)
    }

    fn expand_tree(&mut self, tree: &mut Value, path: &Path, given: Vec<Given>) {
        let mut arguments =
            take(tree, "args").map(|(_, value)| declared(&value, self.reader)).unwrap_or_default();
        let mut scope =
            Scope { arguments: Vec::new(), environment: &self.environment.clone(), lookup: self.lookup };
        bind(&mut arguments, given, &mut scope, self.reader);
        let bound = scope.arguments;
        if self.open.len() == 1 {
            self.root = arguments;
        }
        if let Some((_, environment)) = take(tree, "environment") {
            self.set_environment(environment, &bound);
        }
        let includes = take(tree, "include");
        let environment = self.environment.clone();
        let scope = Scope { arguments: bound, environment: &environment, lookup: self.lookup };
        self.decide_conditions(tree, &scope);
        if let Err(errors) = scope.substitute(tree) {
            errors.into_iter().for_each(|error| self.reader.value_error(error, "", &tree.mark));
        }
        let mut included: Option<Value> = None;
        if let Some((_, includes)) = includes {
            for (index, entry) in self.reader.list(&includes, "include", "a list of files").iter().enumerate()
            {
                let Some(one) = self.include(entry.clone(), &format!("include[{index}]"), path, &scope)
                else {
                    continue;
                };
                included = Some(match included {
                    Some(before) => {
                        check_siblings(&before, &one, tree, self.reader);
                        merge(before, one, Place::File)
                    }
                    None => one,
                });
            }
        }
        if let Some(included) = included {
            let own = std::mem::replace(tree, Value::new(ValueKind::Null, tree.mark.clone()));
            *tree = merge(included, own, Place::File);
        }
        if let Some((_, defaults)) = take(tree, "defaults") {
            self.apply_defaults(tree, defaults);
        }
    }

    /// What `environment` sets, unless a file that includes this one has set it.
    fn set_environment(&mut self, mut environment: Value, arguments: &[(String, nevil_msgs::Variable)]) {
        let known = self.environment.clone();
        let scope = Scope { arguments: arguments.to_vec(), environment: &known, lookup: self.lookup };
        if let Err(errors) = scope.substitute(&mut environment) {
            errors
                .into_iter()
                .for_each(|error| self.reader.value_error(error, "environment", &environment.mark));
        }
        for (key, value) in self.reader.entries(&environment, "environment") {
            let (path, name) = (format!("environment.{}", key.name), key.name.clone());
            if !is_variable_name(&name) {
                self.reader.problem(&key.mark, &path, ExpansionProblem::VariableName { given: name });
                continue;
            }
            // What was put in for a reference is what it is, however it looks.
            let put_in = value.origin().and_then(|_| scope::scalar_text(value));
            let Some(value) = put_in.or_else(|| self.reader.typed(value, &path)) else { continue };
            let of_including = |set: &SetVariable| {
                let name = &set.mark.source().name;
                self.open.iter().any(|(open, _)| open.display().to_string() == *name)
            };
            match self.environment.iter().find(|set| set.name == name) {
                None => self.environment.push(SetVariable { name, value, mark: key.mark.clone() }),
                Some(set) if of_including(set) || set.value == value => {}
                Some(set) => {
                    let (what, first) = ("variable", set.mark.to_string());
                    let problem = ExpansionProblem::DefinedTwice { what, name, first };
                    self.reader.problem(&key.mark, &path, problem);
                }
            }
        }
    }

    /// Puts `if: true` or `if: false` in place of the conditions, so that an including file can say otherwise.
    fn decide_conditions(&mut self, tree: &mut Value, scope: &Scope<'_>) {
        for section in CONDITIONAL {
            for (key, entry) in map_of(tree, section).into_iter().flatten() {
                if entry.get("if").or(entry.get("unless")).is_none() {
                    continue;
                }
                let path = format!("{section}.{}", key.name);
                let holds = counts(entry, &path, scope, self.reader);
                if let ValueKind::Map(entries) = &mut entry.kind {
                    let value = Value::new(ValueKind::Bool(holds), key.mark.clone());
                    entries.push((scope::key("if", &key.mark), value));
                }
            }
        }
    }

    /// The tree of an included file, `None` if a condition leaves it out or something is wrong.
    fn include(&mut self, mut entry: Value, way: &str, path: &Path, scope: &Scope<'_>) -> Option<Value> {
        if matches!(entry.kind, ValueKind::Map(_)) && !counts(&mut entry, way, scope, self.reader) {
            return None;
        }
        if let Err(errors) = scope.substitute(&mut entry) {
            errors.into_iter().for_each(|error| self.reader.value_error(error, way, &entry.mark));
            return None;
        }
        let (file, file_path) = match &entry.kind {
            ValueKind::Text(_) => (&entry, way.to_owned()),
            ValueKind::Map(_) => {
                self.reader.map(&entry, way, schema::INCLUDE);
                let Some(file) = entry.get("file") else {
                    self.reader.missing(&entry, way, "file");
                    return None;
                };
                (file, format!("{way}.file"))
            }
            _ => {
                self.reader.wrong_type(&entry, way, "a path, or a map with `file`,");
                return None;
            }
        };
        let naming = Naming::read(&entry, way, self.reader);
        let args = entry.get("args").map(|args| of_include(args, &format!("{way}.args"), path, self.reader));
        let name: String = self.reader.typed(file, &file_path)?;
        let included = path.parent().unwrap_or(Path::new("")).join(name);
        let text = self.text_of(&included, file, &file_path)?;
        let mut tree = self.file(&included, &text, args.unwrap_or_default())?;
        naming.apply(&mut tree);
        Some(tree)
    }

    /// The text of an included file, unless it may not be included.
    fn text_of(&mut self, path: &Path, named: &Value, way: &str) -> Option<String> {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let problem = if let Some(first) = self.open.iter().position(|(_, open)| *open == real) {
            let mut files: Vec<_> =
                self.open[first..].iter().map(|(name, _)| name.display().to_string()).collect();
            files.push(path.display().to_string());
            ExpansionProblem::IncludeCycle { files }
        } else if self.open.len() > INCLUDE_DEPTH_MAX || self.files.len() > INCLUDES_MAX {
            ExpansionProblem::TooManyIncludes
        } else {
            match read_text(path) {
                Ok(text) => return Some(text),
                Err(error) => {
                    let cause = match error {
                        LaunchFileError::Unreadable { source, .. } => source.to_string(),
                        wrong => wrong.to_string(),
                    };
                    ExpansionProblem::Unreadable { path: path.display().to_string(), cause }
                }
            }
        };
        self.reader.problem(&named.mark, way, problem);
        None
    }

    /// Lets `defaults` hold for all nodes of the tree that do not say otherwise.
    fn apply_defaults(&mut self, tree: &mut Value, mut defaults: Value) {
        if !self.reader.map(&defaults, "defaults", schema::DEFAULTS) {
            return;
        }
        // What holds for all subscriptions of a node stands there under this name.
        if let Some((key, value)) = take(&mut defaults, "subscriptions")
            && let ValueKind::Map(entries) = &mut defaults.kind
        {
            let all = vec![(scope::key(ALL_SUBSCRIPTIONS, &key.mark), value)];
            entries.push((key.clone(), Value::new(ValueKind::Map(all), key.mark)));
        }
        for (_, node) in map_of(tree, "nodes").into_iter().flatten() {
            let own = std::mem::replace(node, Value::new(ValueKind::Null, node.mark.clone()));
            // What is no map is told so where it stands.
            *node = match own.kind {
                ValueKind::Map(_) | ValueKind::Null => merge(defaults.clone(), own, Place::Node),
                _ => own,
            };
        }
    }
}

/// Takes the entry called `name` out of a map.
fn take(map: &mut Value, name: &str) -> Option<(Key, Value)> {
    let ValueKind::Map(entries) = &mut map.kind else { return None };
    let at = entries.iter().position(|(key, _)| key.name == name)?;
    Some(entries.remove(at))
}

/// The entries of the map called `name` in a map.
fn map_of<'tree>(tree: &'tree mut Value, name: &str) -> Option<&'tree mut Vec<(Key, Value)>> {
    let ValueKind::Map(entries) = &mut tree.kind else { return None };
    let (_, value) = entries.iter_mut().find(|(key, _)| key.name == name)?;
    match &mut value.kind {
        ValueKind::Map(entries) => Some(entries),
        _ => None,
    }
}
