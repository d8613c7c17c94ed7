//! `args: { … }`: what a launch file can be told from outside.

use std::path::Path;
use std::sync::Arc;

use nevil_msgs::{
    Key, Mark, Source, Value, ValueKind, Variable, VariableKind, parse_angle, parse_duration, parse_size,
};
use serde::{Deserialize, Serialize};

use super::scope::{Scope, scalar_text};
use crate::file::reader::Reader;
use crate::problem::{COMMAND_LINE, ExpansionProblem, PlanProblem};
use crate::schema;

/// An argument that a launch file declares.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub mark: Mark,
    /// What its value has to be.
    pub kind: ArgumentKind,
    /// Its value where none is given, as it is written; `None`: one must be given.
    pub default: Option<String>,
    /// The values that are allowed; empty: all of its type.
    pub choices: Vec<String>,
    /// What it is for.
    pub description: String,
    /// What it stands for, and where that comes from; `None`: nobody has given it a value.
    pub value: Option<(String, String)>,
}

/// What the value of an argument has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArgumentKind {
    /// Any text; it stays text where it looks like a number.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A length of time, such as `250ms`.
    Duration,
    /// A number of bytes, such as `64KiB`.
    Size,
    /// An angle, such as `30deg`.
    Angle,
    /// A path: on the command line from where the command is called, in a file from that file. An empty one is none: the key that
    /// it is put in counts as not written.
    Path,
}

impl ArgumentKind {
    /// Its name, as launch files write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Duration => "duration",
            Self::Size => "size",
            Self::Angle => "angle",
            Self::Path => "path",
        }
    }

    /// That of a value which stands there as a default.
    const fn of(value: &ValueKind) -> Self {
        match value {
            ValueKind::Bool(_) => Self::Bool,
            ValueKind::Integer(_) => Self::Integer,
            ValueKind::Float(_) => Self::Number,
            _ => Self::Text,
        }
    }

    /// What is expected, if `text` is not it.
    fn check(self, text: &str) -> Result<(), &'static str> {
        let is_right = match self {
            Self::Text | Self::Path => true,
            Self::Integer => text.parse::<i128>().is_ok(),
            Self::Number => text.parse::<f64>().is_ok(),
            Self::Bool => matches!(text, "true" | "false"),
            Self::Duration => parse_duration(text).is_ok(),
            Self::Size => parse_size(text).is_ok(),
            Self::Angle => parse_angle(text).is_ok(),
        };
        let expected = match self {
            Self::Text | Self::Path => "text",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Bool => "`true` or `false`",
            Self::Duration => "a duration such as `250ms`, `2s` or `3min`",
            Self::Size => "a size such as `512KiB` or `1MiB`",
            Self::Angle => "an angle such as `30deg` or `-0.5rad`",
        };
        if is_right { Ok(()) } else { Err(expected) }
    }

    /// What it is where it is put in: its own type, with quotes around the reference or without.
    const fn of_variable(self, text: &str) -> VariableKind {
        match self {
            // Nothing, in the words of YAML.
            Self::Path if text.is_empty() => VariableKind::Typed,
            Self::Text | Self::Path | Self::Duration | Self::Size | Self::Angle => VariableKind::Text,
            Self::Integer | Self::Number | Self::Bool => VariableKind::Typed,
        }
    }
}

/// A value that is given to an argument.
pub(super) struct Given {
    pub(super) name: String,
    /// Where the name stands.
    pub(super) mark: Mark,
    pub(super) text: String,
    /// From where a path is meant.
    pub(super) directory: std::path::PathBuf,
    /// Who gives it, for people.
    pub(super) by: String,
}

/// What the command line gives, with places in a line as it was typed.
pub(super) fn of_command_line(arguments: &[(String, String)]) -> Vec<Given> {
    let words: Vec<_> = arguments.iter().map(|(name, value)| format!("{name}:={value}")).collect();
    let source = Arc::new(Source { name: COMMAND_LINE.to_owned(), text: words.join(" ") });
    let mut column = 1;
    let mut given = Vec::new();
    for ((name, value), word) in arguments.iter().zip(&words) {
        given.push(Given {
            name: name.clone(),
            mark: Mark::new(Arc::clone(&source), 1, column),
            text: value.clone(),
            directory: std::path::PathBuf::new(),
            by: "given on the command line".to_owned(),
        });
        column += word.chars().count() + 1;
    }
    given
}

/// What an include gives under `args`, in the file at `path`. The values have been substituted.
pub(super) fn of_include(args: &Value, way: &str, path: &Path, reader: &mut Reader) -> Vec<Given> {
    let mut given = Vec::new();
    for (Key { name, mark }, value) in reader.entries(args, way) {
        let Some(text) = scalar_text(value) else {
            reader.wrong_type(value, &format!("{way}.{name}"), "a single value");
            continue;
        };
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        let by = match value.origin() {
            Some(origin) => format!("given at {} as {origin}", value.mark),
            None => format!("given at {}", value.mark),
        };
        given.push(Given { name: name.clone(), mark: mark.clone(), text, directory, by });
    }
    given
}

/// The arguments that `value` declares, without their values.
pub(super) fn declared(value: &Value, reader: &mut Reader) -> Vec<Argument> {
    let mut arguments = Vec::new();
    for (key, value) in reader.entries(value, "args") {
        let path = format!("args.{}", key.name);
        if !is_variable_name(&key.name) {
            reader.problem(&key.mark, &path, ExpansionProblem::ArgumentName { given: key.name.clone() });
            continue;
        }
        arguments.push(argument(key, value, &path, reader));
    }
    arguments
}

fn argument(key: &Key, value: &Value, path: &str, reader: &mut Reader) -> Argument {
    let mut argument = Argument {
        name: key.name.clone(),
        mark: key.mark.clone(),
        kind: ArgumentKind::of(&value.kind),
        default: scalar_text(value),
        choices: Vec::new(),
        description: String::new(),
        value: None,
    };
    // A single value is a default.
    if argument.default.is_some() || !reader.map(value, path, schema::ARGUMENT) {
        return argument;
    }
    if let Some(value) = value.get("default") {
        argument.kind = ArgumentKind::of(&value.kind);
        argument.default = scalar_text(value);
        if argument.default.is_none() {
            reader.wrong_type(value, &format!("{path}.default"), "a single value");
        }
    }
    if let Some(value) = value.get("type") {
        argument.kind = reader.typed(value, &format!("{path}.type")).unwrap_or(argument.kind);
    }
    if let Some(value) = value.get("choices") {
        let path = format!("{path}.choices");
        for (index, choice) in reader.list(value, &path, "a list of values").iter().enumerate() {
            match scalar_text(choice) {
                Some(text) => argument.choices.push(text),
                None => reader.wrong_type(choice, &format!("{path}[{index}]"), "a single value"),
            }
        }
    }
    if let Some(value) = value.get("description") {
        argument.description = reader.typed(value, &format!("{path}.description")).unwrap_or_default();
    }
    argument
}

/// Gives each of `arguments` its value, and `scope` what they stand for.
pub(super) fn bind(
    arguments: &mut [Argument],
    given: Vec<Given>,
    scope: &mut Scope<'_>,
    reader: &mut Reader,
) {
    let known = || arguments.iter().map(|argument| argument.name.clone()).collect::<Vec<_>>();
    let mut values: Vec<Given> = Vec::new();
    for one in given {
        let path = format!("args.{}", one.name);
        if !arguments.iter().any(|argument| argument.name == one.name) {
            let problem = ExpansionProblem::UnknownArgument { given: one.name.clone(), known: known() };
            reader.problem(&one.mark, "args", problem);
        } else if values.iter().any(|other| other.name == one.name) {
            reader.problem(&one.mark, &path, PlanProblem::NamedTwice { given: one.name.clone() });
        } else {
            values.push(one);
        }
    }
    for argument in arguments {
        let given = values.iter().find(|given| given.name == argument.name);
        let path = format!("args.{}", argument.name);
        let (text, origin, mark) = match (given, &argument.default) {
            (Some(given), _) => (placed(given, argument.kind), given.by.clone(), &given.mark),
            (None, Some(default)) => match scope.replace(default, &argument.mark) {
                Ok(text) => (text, format!("by its default at {}", argument.mark), &argument.mark),
                Err(errors) => {
                    errors.into_iter().for_each(|error| reader.value_error(error, &path, &argument.mark));
                    stand_in(argument, scope);
                    continue;
                }
            },
            (None, None) => {
                let problem = ExpansionProblem::MissingArgument { name: argument.name.clone() };
                reader.problem(&argument.mark, &path, problem);
                stand_in(argument, scope);
                continue;
            }
        };
        check(argument, &text, mark, &path, reader);
        let origin = format!("argument `{}`, {origin}", argument.name);
        argument.value = Some((text.clone(), origin.clone()));
        let kind = argument.kind.of_variable(&text);
        let variable = Variable { text, kind, origin };
        scope.arguments.push((argument.name.clone(), variable));
    }
}

/// Lets references to an argument without a value be no second problem, as far as that can be.
fn stand_in(argument: &Argument, scope: &mut Scope<'_>) {
    let text = argument.choices.first().cloned().unwrap_or_else(|| {
        let text = match argument.kind {
            ArgumentKind::Text | ArgumentKind::Path => "unknown",
            ArgumentKind::Integer | ArgumentKind::Number => "1",
            ArgumentKind::Bool => "false",
            ArgumentKind::Duration => "1s",
            ArgumentKind::Size => "1MiB",
            ArgumentKind::Angle => "1deg",
        };
        text.to_owned()
    });
    let kind = argument.kind.of_variable(&text);
    let variable = Variable { text, kind, origin: String::new() };
    scope.arguments.push((argument.name.clone(), variable));
}

/// The text of a given value; that of a path is made to hold in any file.
fn placed(given: &Given, kind: ArgumentKind) -> String {
    if kind != ArgumentKind::Path || given.text.is_empty() {
        return given.text.clone();
    }
    let path = given.directory.join(&given.text);
    // Without a working directory it stays as it is, and is refused where it is opened.
    std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned()
}

fn check(argument: &Argument, text: &str, mark: &Mark, path: &str, reader: &mut Reader) {
    let (name, given) = (argument.name.clone(), text.to_owned());
    if let Err(expected) = argument.kind.check(text) {
        reader.problem(mark, path, ExpansionProblem::ArgumentType { name, given, expected });
    } else if !argument.choices.is_empty() && !argument.choices.iter().any(|choice| choice == text) {
        let choices = argument.choices.clone();
        reader.problem(mark, path, ExpansionProblem::ArgumentChoice { name, given, choices });
    }
}

/// Whether `name` can stand in `${NAME}`.
pub(super) fn is_variable_name(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    name.starts_with(is_letter) && name.chars().all(|letter| is_letter(letter) || letter.is_ascii_digit())
}
