//! Every key of a launch file: what may stand there, what holds without it, what it means. The readers of `file` take the
//! keys that they know from here, and so do the reference page, the JSON Schema and `nevil schema KEY`.
//!
//! * `robot`, `language`, `node`, `breaker`, `topic`: the keys, by subject
//! * `text`: a key in words; `page`: the reference page, whose prose is `page.md`; `json`: the JSON Schema; `explain`: a key
//!   for a terminal

mod breaker;
mod explain;
mod json;
mod language;
mod node;
mod page;
mod robot;
#[cfg(test)]
mod tests;
mod text;
mod topic;

use std::time::Duration;

pub(crate) use breaker::{BACKOFF, BREAKER, HALF_OPEN, RATE, WINDOW};
pub use explain::{KeyExplanation, UnknownKey, explain_key};
pub(crate) use explain::{key_at, without_links};
pub use json::json_schema;
pub(crate) use language::{ARGUMENT, DEFAULTS, INCLUDE, MODE, MODE_NODE};
pub(crate) use node::{CALLBACK, GROUP, NODE, NODE_RESOURCES, READY, RESTART, THREAD, WAIT};
pub use page::reference_page;
pub(crate) use robot::{
    LIMITS_OF_MEMORY, LIMITS_OF_ROBOT, LIMITS_OF_THREAD, MEMORY, RESOURCES, ROBOT, WATCHDOG,
};
pub(crate) use topic::{MODE_TOPIC, SUBSCRIPTION, TOPIC};

/// A part of a launch file that has keys of its own.
#[derive(Debug)]
pub(crate) struct Section {
    /// Where it stands, such as `nodes.<name>.thread`: of several places that which shows it best.
    pub(crate) place: &'static str,
    /// What it is, as the beginning of a sentence.
    pub(crate) about: &'static str,
    /// The keys in the order in which they are shown.
    pub(crate) keys: &'static [Key],
}

impl Section {
    /// The names of the keys.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().map(|key| key.name)
    }
}

/// A key of a launch file.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// What may stand there.
    pub(crate) kind: Kind,
    /// What it means, in Markdown.
    pub(crate) meaning: &'static str,
    /// Whether the file is wrong without it.
    pub(crate) is_required: bool,
    /// What holds where nothing is said, as a file would say it.
    pub(crate) default: Option<&'static str>,
    /// The same in words, or when it is something else, in Markdown.
    pub(crate) otherwise: &'static str,
    /// What is allowed besides the bounds of the kind, in Markdown.
    pub(crate) range: &'static str,
}

/// What may stand at a key. Bounds are included.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// The name of a node type.
    NodeType,
    /// A path of the file system.
    Path,
    /// A truth value.
    Bool,
    /// An integer from the first to the second.
    Integer(i64, i64),
    /// A number from the first to the second.
    Number(f32, f32),
    /// A length of time from the first to the second.
    Duration(Duration, Duration),
    /// A number of bytes from the first to the second.
    Size(u64, u64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A text, a number or a truth value.
    Scalar,
    /// A list of such values, which are called so.
    List(&'static Kind, &'static str),
    /// The keys of a section.
    Map(&'static Section),
    /// Such values by any names, which are called so.
    Entries(&'static Kind, &'static str),
    /// Parameters of the node's type.
    Params,
    /// Any of these.
    OneOf(&'static [Kind]),
}

/// All sections, each once, in the order in which a reader meets them.
pub(crate) fn sections() -> Vec<&'static Section> {
    let mut sections = Vec::new();
    add_section(ROBOT, &mut sections);
    sections
}

fn add_section(section: &'static Section, sections: &mut Vec<&'static Section>) {
    if sections.iter().any(|known| known.place == section.place) {
        return;
    }
    sections.push(section);
    section.keys.iter().for_each(|key| add_sections_of(&key.kind, sections));
}

fn add_sections_of(kind: &'static Kind, sections: &mut Vec<&'static Section>) {
    match kind {
        Kind::Map(section) => add_section(section, sections),
        Kind::Entries(inner, _) | Kind::List(inner, _) => add_sections_of(inner, sections),
        Kind::OneOf(kinds) => kinds.iter().for_each(|kind| add_sections_of(kind, sections)),
        _ => {}
    }
}

/// A key that may be left out.
const fn key(name: &'static str, kind: Kind, meaning: &'static str) -> Key {
    Key { name, kind, meaning, is_required: false, default: None, otherwise: "", range: "" }
}

impl Key {
    /// It holds `value` where nothing is said.
    const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    /// What holds where nothing is said, in words.
    const fn otherwise(mut self, text: &'static str) -> Self {
        self.otherwise = text;
        self
    }

    /// It must be given.
    const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// What is allowed besides, in words.
    const fn range(mut self, text: &'static str) -> Self {
        self.range = text;
        self
    }
}
