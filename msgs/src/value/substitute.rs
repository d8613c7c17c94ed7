//! `${VAR}` and `${VAR:-default}` in the texts of a tree.

use super::error::{Problem, ValueError};
use super::plain;
use super::{Value, ValueKind, Variable, VariableKind};

type Lookup<'lookup> = &'lookup dyn Fn(&str) -> Option<Variable>;

/// As [`Value::substitute_variables`] says.
pub(super) fn substitute(value: &mut Value, lookup: Lookup<'_>) -> Result<(), Vec<ValueError>> {
    let mut errors = Vec::new();
    visit(value, lookup, &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The depth of the recursion is that of the tree, which the parser bounds.
fn visit(value: &mut Value, lookup: Lookup<'_>, errors: &mut Vec<ValueError>) {
    let start = errors.len();
    match &mut value.kind {
        ValueKind::List(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                let before = errors.len();
                visit(element, lookup, errors);
                add_step(errors, before, |error| error.in_element(index));
            }
        }
        ValueKind::Map(entries) => {
            for (key, entry) in entries {
                let before = errors.len();
                visit(entry, lookup, errors);
                add_step(errors, before, |error| error.in_key(&key.name));
            }
        }
        ValueKind::Text(text) => {
            let (mut problems, mut origins) = (Vec::new(), Vec::new());
            let replaced = replace(text, lookup, &mut problems, &mut origins);
            errors.extend(problems.into_iter().map(|problem| ValueError::at(&value.mark, problem)));
            if errors.len() == start {
                value.kind = match replaced {
                    // Plain only as a whole: `${A}5` stays text, as it would be if A were in the text.
                    Replaced::OneReference(text, VariableKind::Typed) => plain::resolve(&text),
                    Replaced::OneReference(text, VariableKind::AsItStands) if value.is_plain => {
                        plain::resolve(&text)
                    }
                    Replaced::OneReference(text, _) | Replaced::Text(text) => ValueKind::Text(text),
                };
                if !origins.is_empty() {
                    value.origin = Some(origins.join(", ").into());
                }
            }
        }
        ValueKind::Null | ValueKind::Bool(_) | ValueKind::Integer(_) | ValueKind::Float(_) => {}
    }
}

fn add_step(errors: &mut Vec<ValueError>, from: usize, step: impl Fn(ValueError) -> ValueError) {
    let inner = errors.split_off(from);
    errors.extend(inner.into_iter().map(step));
}

enum Replaced {
    /// The whole text was one reference.
    OneReference(String, VariableKind),
    /// There was other text too, or no reference.
    Text(String),
}

fn replace(
    text: &str,
    lookup: Lookup<'_>,
    problems: &mut Vec<Problem>,
    origins: &mut Vec<String>,
) -> Replaced {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        if let Some(before) = rest[..start].strip_suffix('$') {
            replaced.push_str(before);
            replaced.push_str("${");
            rest = &rest[start + 2..];
            continue;
        }
        replaced.push_str(&rest[..start]);
        let Some((name, default, after)) = reference(&rest[start + 2..]) else {
            // Enough to find it by, of a text that may be long.
            let given = rest[start..].chars().take(40).collect();
            problems.push(Problem::BadReference { given });
            return Replaced::Text(replaced);
        };
        let mut kind = VariableKind::AsItStands;
        match lookup(name).filter(|variable| default.is_none() || !variable.text.is_empty()) {
            Some(variable) => {
                replaced.push_str(&variable.text);
                kind = variable.kind;
                origins.push(variable.origin);
            }
            None => match default {
                Some(default) => {
                    replaced.push_str(default);
                    origins.push(format!("the default for `{name}`, which is not set"));
                }
                None => problems.push(Problem::UnsetVariable { name: name.to_owned(), meant: None }),
            },
        }
        if start == 0 && after.is_empty() && rest.len() == text.len() {
            return Replaced::OneReference(replaced, kind);
        }
        rest = after;
    }
    replaced.push_str(rest);
    Replaced::Text(replaced)
}

/// Name, default, and the text after the reference, of which `text` is what follows `${`.
fn reference(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let (inside, after) = text.split_once('}')?;
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let is_letter = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    let is_name = name.starts_with(is_letter)
        && name.chars().all(|letter| is_letter(letter) || letter.is_ascii_digit());
    is_name.then_some((name, default, after))
}
