//! A key in words, in Markdown.

use std::time::Duration;

use super::{Key, Kind};
use crate::text::size_text;

impl Key {
    /// What holds where nothing is said.
    pub(crate) fn default_text(&self) -> String {
        match (self.is_required, self.default, self.otherwise) {
            (true, ..) => "must be given".to_owned(),
            (_, None, otherwise) => otherwise.to_owned(),
            (_, Some(value), "") => format!("`{value}`"),
            (_, Some(value), otherwise) => format!("`{value}`, {otherwise}"),
        }
    }

    /// All of it in a few lines.
    pub(crate) fn description(&self) -> String {
        let mut text = self.meaning.to_owned();
        for (name, said) in [("Default", self.default_text()), ("Range", self.range_text())] {
            if !said.is_empty() {
                text += &format!("\n{name}: {said}");
            }
        }
        text
    }

    /// What is allowed; empty if all of the kind is.
    pub(crate) fn range_text(&self) -> String {
        match (self.kind.bounds_text(), self.range) {
            (None, range) => range.to_owned(),
            (Some(bounds), "") => bounds,
            (Some(bounds), range) => format!("{bounds}, {range}"),
        }
    }
}

impl Kind {
    /// What may stand there.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text | Self::NodeType => "text".to_owned(),
            Self::Path => "path".to_owned(),
            Self::Bool => "`true`, `false`".to_owned(),
            Self::Integer(..) => "integer".to_owned(),
            Self::Number(..) => "number".to_owned(),
            Self::Duration(..) => "duration".to_owned(),
            Self::Size(..) => "size".to_owned(),
            Self::Choice(words) => {
                words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            }
            Self::Scalar => "text, number, truth value".to_owned(),
            Self::List(_, name) => format!("list of {name}"),
            Self::Map(_) | Self::Params => "map".to_owned(),
            Self::Entries(_, name) => format!("map of {name}"),
            Self::OneOf(kinds) => kinds.iter().map(Self::text).collect::<Vec<_>>().join(", "),
        }
    }

    /// From where to where it goes, if that is said at all.
    fn bounds_text(&self) -> Option<String> {
        Some(match self {
            Self::Integer(min, max) if *max == i64::from(u32::MAX) => format!("from {min}"),
            Self::Integer(min, max) => format!("{min} to {max}").replace('-', "−"),
            Self::Number(min, max) => format!("{min} to {max}"),
            Self::Duration(min, max) => format!("`{}` to `{}`", exact(*min), exact(*max)),
            Self::Size(min, max) => format!("`{}` to `{}`", size_text(*min), size_text(*max)),
            Self::List(inner, _) => return inner.bounds_text(),
            Self::OneOf(kinds) => return kinds.iter().find_map(Self::bounds_text),
            _ => return None,
        })
    }
}

/// The duration as a launch file writes it: in the largest unit of which it is a whole number, but seconds up to a minute.
fn exact(duration: Duration) -> String {
    let us = duration.as_micros();
    match us {
        0 => "0s".to_owned(),
        _ if us.is_multiple_of(3_600_000_000) => format!("{}h", us / 3_600_000_000),
        _ if us.is_multiple_of(60_000_000) && us > 60_000_000 => format!("{}min", us / 60_000_000),
        _ if us.is_multiple_of(1_000_000) => format!("{}s", us / 1_000_000),
        _ if us.is_multiple_of(1000) => format!("{}ms", us / 1000),
        _ => format!("{us}us"),
    }
}
