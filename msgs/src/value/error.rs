//! What can be wrong with a value, and how it is said.

use std::fmt;

use super::mark::Mark;
use super::nearest::nearest;
use super::yaml::{YAML_BYTES_MAX, YAML_DEPTH_MAX, YAML_NODES_MAX};
use crate::check::{OutOfRange, RangeProblem};

/// A problem with a value, where it is and how to come to it.
///
/// Shown as `picar.yaml:12:15: nodes.navigation.thread.priority: value is too large (120), at most 99 is allowed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// The place in the text; none for a value that stands in no text, such as a default.
    pub mark: Option<Mark>,
    /// The way to the value, such as `nodes.navigation.cores[2]`; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a value. Numbers are texts: they are only to be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Something else than what is expected.
    #[error("value has the wrong type ({given}), {expected} is expected")]
    WrongType {
        /// The value in a few words.
        given: String,
        /// What would be right.
        expected: String,
    },
    /// A number above its range or its type.
    #[error("value is too large ({given}), at most {max} is allowed")]
    TooLarge {
        /// The number.
        given: String,
        /// The largest that is allowed.
        max: String,
    },
    /// A number below its range or its type.
    #[error("value is too small ({given}), at least {min} is allowed")]
    TooSmall {
        /// The number.
        given: String,
        /// The smallest that is allowed.
        min: String,
    },
    /// NaN where there is a range.
    #[error("value is not a number (NaN), allowed is {allowed}")]
    NotANumber {
        /// The range.
        allowed: String,
    },
    /// An entry of a map that means nothing.
    #[error("unknown key `{given}`{}; {}", suggestion(given, known), list("keys", known))]
    UnknownKey {
        /// The key.
        given: String,
        /// The keys that mean something.
        known: Vec<String>,
    },
    /// A name that is none of those allowed.
    #[error("unknown name `{given}`{}; {}", suggestion(given, known), list("names", known))]
    UnknownVariant {
        /// The name.
        given: String,
        /// The names that are allowed.
        known: Vec<String>,
    },
    /// An entry of a map that must be there.
    #[error("key `{key}` is missing; it has no default")]
    MissingKey {
        /// The key.
        key: String,
    },
    /// A second entry of the same name.
    #[error("key `{key}` is given twice, first in line {first_line}; leave one of them out")]
    DuplicateKey {
        /// The key.
        key: String,
        /// Line of the first one.
        first_line: usize,
    },
    /// The text is not YAML, or uses a part of YAML that is not supported.
    #[error("{0}")]
    Syntax(String),
    /// The text is longer than any sensible file.
    #[error("text is too large ({given} bytes), at most {YAML_BYTES_MAX} are allowed")]
    TextTooLarge {
        /// Its bytes.
        given: usize,
    },
    /// Too many values, counted as often as aliases repeat them.
    #[error("too many values, at most {YAML_NODES_MAX} are allowed; an alias counts as all that it repeats")]
    TooManyValues,
    /// Lists and maps within one another without end.
    #[error("lists and maps are nested too deeply, at most {YAML_DEPTH_MAX} levels are allowed")]
    TooDeep,
    /// A reference to a variable that has no value.
    #[error("`${{{name}}}` stands for nothing{}; declare it under `args`, set it as a variable, or write `${{{name}:-default}}`", did_you_mean(meant.as_deref()))]
    UnsetVariable {
        /// The variable.
        name: String,
        /// One that is set, and was probably meant.
        meant: Option<String>,
    },
    /// A `${` that does not begin a reference.
    #[error(
        "`{given}` is not a reference; write `${{NAME}}` or `${{NAME:-default}}`, and `$${{` for `${{` itself"
    )]
    BadReference {
        /// The text from `${` on.
        given: String,
    },
    /// What none of the above says.
    #[error("{0}")]
    Other(String),
}

impl ValueError {
    /// A problem at `mark`, whose path is filled in on the way up.
    pub(crate) fn at(mark: &Mark, problem: Problem) -> Self {
        Self { mark: Some(mark.clone()), path: String::new(), problem }
    }

    /// The same error, seen from the map that holds the value under `name`.
    #[must_use]
    pub fn in_key(mut self, name: &str) -> Self {
        // No point between a name and an index: `cores[2]`.
        let point = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{point}{}", self.path);
        self
    }

    /// The same error, seen from the list that holds the value at `index`.
    #[must_use]
    pub fn in_element(self, index: usize) -> Self {
        self.in_key(&format!("[{index}]"))
    }

    /// The line of the text and below it a caret under the place; none if the place is not known.
    #[must_use]
    pub fn snippet(&self) -> Option<String> {
        self.mark.as_ref()?.snippet()
    }

    /// The same error, with `mark` if it did not have a place of its own.
    pub(crate) fn or_mark(mut self, mark: &Mark) -> Self {
        self.mark.get_or_insert_with(|| mark.clone());
        self
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(mark) = &self.mark {
            write!(f, "{mark}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.problem)
    }
}

impl std::error::Error for ValueError {}

impl From<OutOfRange> for ValueError {
    /// The error without its place, which [`Value::at`](super::Value::at) finds by the path.
    fn from(error: OutOfRange) -> Self {
        let problem = match error.problem {
            RangeProblem::TooLarge { given, max } => Problem::TooLarge { given, max },
            RangeProblem::TooSmall { given, min } => Problem::TooSmall { given, min },
            RangeProblem::NotANumber { allowed } => Problem::NotANumber { allowed },
        };
        Self { mark: None, path: error.path.to_string(), problem }
    }
}

fn did_you_mean(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}

fn suggestion(given: &str, known: &[String]) -> String {
    did_you_mean(nearest(given, known))
}

fn list(what: &str, known: &[String]) -> String {
    if known.is_empty() {
        format!("there are no {what}")
    } else {
        format!("known {what} are {}", known.join(", "))
    }
}

/// What serde itself finds has no place yet; the deserializer fills in that of the value.
impl serde::de::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { mark: None, path: String::new(), problem: Problem::Other(message.to_string()) }
    }

    fn invalid_type(given: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        let problem = Problem::WrongType { given: given.to_string(), expected: expected.to_string() };
        Self { mark: None, path: String::new(), problem }
    }

    fn unknown_variant(given: &str, known: &'static [&'static str]) -> Self {
        let known = known.iter().map(|&name| name.to_owned()).collect();
        let problem = Problem::UnknownVariant { given: given.to_owned(), known };
        Self { mark: None, path: String::new(), problem }
    }

    fn unknown_field(given: &str, known: &'static [&'static str]) -> Self {
        let known = known.iter().map(|&name| name.to_owned()).collect();
        let problem = Problem::UnknownKey { given: given.to_owned(), known };
        Self { mark: None, path: String::new(), problem }
    }

    fn missing_field(key: &'static str) -> Self {
        Self { mark: None, path: String::new(), problem: Problem::MissingKey { key: key.to_owned() } }
    }
}
