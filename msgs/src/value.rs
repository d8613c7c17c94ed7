//! The tree that text is read into: launch files, parameters, and messages typed by a person.
//!
//! Each value keeps its [`Mark`], so that an error can say `picar.yaml:12:15` however late it is found: while
//! parsing, while the value becomes a typed struct ([`from_value`]), or when a range is checked.
//!
//! * `mark`: where a value stands
//! * `error`: what can be wrong with it
//! * `read`: from files to text
//! * `yaml`, `plain`: from text to the tree
//! * `substitute`: `${VAR}` in the tree
//! * `deserializer`: from the tree to a struct
//! * `units`, `measured`: durations, sizes and angles; numbers whose unit is written behind them
//! * `nearest`:  the name that was probably meant

mod deserializer;
mod error;
mod mark;
mod measured;
mod nearest;
mod plain;
mod read;
mod substitute;
mod units;
mod yaml;

pub use deserializer::from_value;
pub use error::{Problem, ValueError};
pub use mark::{Mark, Source};
pub use measured::Measured;
pub use nearest::nearest;
pub use read::read_text;
pub use units::{UnitError, parse_angle, parse_duration, parse_size};
pub use yaml::{YAML_BYTES_MAX, YAML_DEPTH_MAX, YAML_NODES_MAX};

use std::sync::Arc;

use crate::check::{FieldPath, PathStep};

/// A value as it stands in text, with its place.
///
/// ```
/// use nevil_msgs::{Value, from_value};
///
/// let value = Value::parse_yaml("picar.yaml", "wheels: 4\nname: ${ROBOT:-picar}")?;
/// assert_eq!(from_value::<u8>(value.get("wheels").unwrap())?, 4);
/// let error = from_value::<u8>(value.get("name").unwrap()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "picar.yaml:2:7: value has the wrong type (`${ROBOT:-picar}`), an integer is expected"
/// );
/// # Ok::<(), nevil_msgs::ValueError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// What stands there.
    pub kind: ValueKind,
    /// Where it begins.
    pub mark: Mark,
    /// Whether it was a scalar without quotes, which substitution may make a number.
    is_plain: bool,
    /// What was put in for its references, if it had any.
    origin: Option<Arc<str>>,
}

/// What a reference `${NAME}` stands for.
///
/// ```
/// use nevil_msgs::{Value, ValueKind, Variable, VariableKind};
///
/// let mut value = Value::parse_yaml("picar.yaml", "port: ${PORT}").unwrap();
/// let port = Variable { text: "80".to_owned(), kind: VariableKind::Text, origin: "argument `PORT`".to_owned() };
/// value.substitute_variables(&|_| Some(port.clone())).unwrap();
/// let port = value.get("port").unwrap();
/// assert_eq!((&port.kind, port.origin()), (&ValueKind::Text("80".to_owned()), Some("argument `PORT`")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its value.
    pub text: String,
    /// What it is where nothing else stands beside it.
    pub kind: VariableKind,
    /// Where it comes from, for people.
    pub origin: String,
}

/// What a variable is where nothing else stands beside its reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableKind {
    /// What its text looks like; text where the reference has quotes.
    AsItStands,
    /// Text, whatever it looks like.
    Text,
    /// What its text looks like, also where the reference has quotes.
    Typed,
}

/// What a [`Value`] holds.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueKind {
    /// Nothing, or `null`.
    Null,
    /// `true` or `false`; `yes` and `on` are texts.
    Bool(bool),
    /// A number without a point; one that does not fit is read as a float.
    Integer(i128),
    /// Any other number, also `.inf` and `.nan`.
    Float(f64),
    /// Text in quotes, or text that is nothing of the above.
    Text(String),
    /// Values in order.
    List(Vec<Value>),
    /// Named values in the order of the text. No name occurs twice.
    Map(Vec<(Key, Value)>),
}

/// The name of an entry of a map, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The name.
    pub name: String,
    /// Where it begins.
    pub mark: Mark,
}

impl Value {
    /// A value that somebody made rather than read. [`Value::substitute`] leaves the type of its text alone.
    #[must_use]
    pub const fn new(kind: ValueKind, mark: Mark) -> Self {
        Self { kind, mark, is_plain: false, origin: None }
    }

    /// What was put in for the references of this text, for people; none if it had none.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Reads YAML 1.2 (and so JSON) by its core schema. `source_name` is what errors call the text. An empty text is
    /// null. Anchors and aliases are resolved; tags, several documents and merge keys are not supported.
    ///
    /// # Errors
    ///
    /// [`Problem::Syntax`] for what is not YAML or not supported, [`Problem::DuplicateKey`], [`Problem::TextTooLarge`]
    /// above [`YAML_BYTES_MAX`], [`Problem::TooManyValues`] above [`YAML_NODES_MAX`], [`Problem::TooDeep`] beyond
    /// [`YAML_DEPTH_MAX`].
    pub fn parse_yaml(source_name: &str, text: &str) -> Result<Self, ValueError> {
        yaml::parse(source_name, text)
    }

    /// Puts the values of variables in place of `${NAME}` and `${NAME:-default}` in all texts but the names of
    /// entries.
    ///
    /// The default holds for a variable that is unset or empty. A text without quotes that is one reference and nothing
    /// else gets the type of what is put in: `port: ${PORT}` may be a number, `port: "${PORT}"` is text. `$${` stands
    /// for `${` itself. What is put in is not looked at again. In `{…}` and `[…]` a reference needs quotes.
    ///
    /// # Errors
    ///
    /// All problems: [`Problem::UnsetVariable`] for each variable that has neither value nor default,
    /// [`Problem::BadReference`] for each `${` that does not begin a reference. The other texts are substituted.
    pub fn substitute(&mut self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<(), Vec<ValueError>> {
        let variable = |name: &str| {
            let origin = format!("environment variable `{name}`");
            lookup(name).map(|text| Variable { text, kind: VariableKind::AsItStands, origin })
        };
        self.substitute_variables(&variable)
    }

    /// The same for variables that say more of themselves. A variable may have a [kind](VariableKind) of its own, and each value
    /// that had references tells by [`Self::origin`] what was put in.
    ///
    /// # Errors
    ///
    /// As for [`Self::substitute`].
    pub fn substitute_variables(
        &mut self,
        lookup: &dyn Fn(&str) -> Option<Variable>,
    ) -> Result<(), Vec<ValueError>> {
        substitute::substitute(self, lookup)
    }

    /// The entry called `name`, if this is a map that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entry(name).map(|(_, value)| value)
    }

    /// The entry called `name` with its key, if this is a map that has it.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<(&Key, &Self)> {
        let ValueKind::Map(entries) = &self.kind else { return None };
        entries.iter().find(|(key, _)| key.name == name).map(|(key, value)| (key, value))
    }

    /// The value at the end of `path`, or the last one on the way that exists.
    #[must_use]
    pub fn at(&self, path: &FieldPath) -> &Self {
        let mut value = self;
        for step in &path.0 {
            let next = match step {
                PathStep::Field(name) => value.get(name),
                PathStep::Element(index) => match &value.kind {
                    ValueKind::List(elements) => elements.get(*index),
                    _ => None,
                },
            };
            match next {
                Some(next) => value = next,
                None => break,
            }
        }
        value
    }

    /// The value in a few words for an error: `120`, `` `fast` ``, `a list`.
    #[must_use]
    pub fn describe(&self) -> String {
        // Enough to recognise a text by.
        const LETTERS_MAX: usize = 60;
        match &self.kind {
            ValueKind::Null => "null".to_owned(),
            ValueKind::Bool(flag) => flag.to_string(),
            ValueKind::Integer(number) => number.to_string(),
            // With its point: `1.0` is no integer.
            ValueKind::Float(number) => format!("{number:?}"),
            ValueKind::Text(text) => match text.char_indices().nth(LETTERS_MAX) {
                Some((end, _)) => format!("`{}…`", &text[..end]),
                None => format!("`{text}`"),
            },
            ValueKind::List(_) => "a list".to_owned(),
            ValueKind::Map(_) => "a map".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
