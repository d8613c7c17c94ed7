//! Every key of a launch file: what may stand there, what holds without it, what it means. The readers of `file` take the
//! keys that they know from here, and so do the reference page, the JSON Schema and `nevil schema KEY`.
//!
//! * `robot`, `language`, `node`, `breaker`, `topic`: the keys, by subject
#![expect(dead_code, reason = "what the page is made from is not read yet")]

mod breaker;
mod language;
mod node;
mod robot;
mod topic;

use std::time::Duration;

pub(crate) use breaker::{BACKOFF, BREAKER, HALF_OPEN, RATE, WINDOW};
pub(crate) use node::{CALLBACK, GROUP, NODE, NODE_RESOURCES, RESTART, THREAD, WAIT};
pub(crate) use robot::{
    LIMITS_OF_MEMORY, LIMITS_OF_ROBOT, LIMITS_OF_THREAD, MEMORY, RESOURCES, ROBOT, WATCHDOG,
};
pub(crate) use topic::TOPIC;

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
    /// The names of the keys that are read.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().filter(|key| key.is_read).map(|key| key.name)
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
    /// Whether there is a reader for it; without one it is refused.
    pub(crate) is_read: bool,
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

/// A key that may be left out.
const fn key(name: &'static str, kind: Kind, meaning: &'static str) -> Key {
    Key { name, kind, meaning, is_required: false, default: None, otherwise: "", range: "", is_read: true }
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

    /// It has no reader yet.
    const fn unread(mut self) -> Self {
        self.is_read = false;
        self
    }
}
