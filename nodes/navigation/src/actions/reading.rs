//! From the tree of a text to plain values, each problem with its place.

use std::fmt::Display;
use std::ops::RangeInclusive;

use nevil_msgs::{Key, Mark, Problem, Value, ValueError, ValueKind, from_value};

/// A name with its place.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) text: String,
    pub(super) mark: Mark,
}

pub(super) fn problem(mark: &Mark, problem: Problem) -> ValueError {
    ValueError { mark: Some(mark.clone()), path: String::new(), problem }
}

/// A problem that only words say.
pub(super) fn wrong(mark: &Mark, text: String) -> ValueError {
    problem(mark, Problem::Other(text))
}

/// The entries of a map, each of which `known` names.
pub(super) fn entries<'value>(
    value: &'value Value,
    known: &[&str],
) -> Result<&'value [(Key, Value)], ValueError> {
    let entries = any_entries(value)?;
    for (key, _) in entries {
        if !known.contains(&key.name.as_str()) {
            let known = known.iter().map(|&name| name.to_owned()).collect();
            return Err(problem(&key.mark, Problem::UnknownKey { given: key.name.clone(), known }));
        }
    }
    Ok(entries)
}

/// The entries of a map, whatever their names; of null none.
pub(super) fn any_entries(value: &Value) -> Result<&[(Key, Value)], ValueError> {
    match &value.kind {
        ValueKind::Map(entries) => Ok(entries),
        ValueKind::Null => Ok(&[]),
        _ => Err(wrong_type(value, "a map")),
    }
}

/// The elements of a list; of null none.
pub(super) fn elements(value: &Value) -> Result<&[Value], ValueError> {
    match &value.kind {
        ValueKind::List(elements) => Ok(elements),
        ValueKind::Null => Ok(&[]),
        _ => Err(wrong_type(value, "a list")),
    }
}

fn wrong_type(value: &Value, expected: &str) -> ValueError {
    problem(&value.mark, Problem::WrongType { given: value.describe(), expected: expected.to_owned() })
}

/// The value that must stand under `key`.
pub(super) fn needed<'value>(map: &'value Value, key: &str) -> Result<&'value Value, ValueError> {
    map.get(key).ok_or_else(|| problem(&map.mark, Problem::MissingKey { key: key.to_owned() }))
}

/// A number within `range`.
pub(super) fn number(value: &Value, range: RangeInclusive<f32>) -> Result<f32, ValueError> {
    let number: f32 = from_value(value)?;
    within(value, number, range)
}

/// A whole number within `range`.
pub(super) fn whole(value: &Value, range: RangeInclusive<u32>) -> Result<u32, ValueError> {
    let number: u32 = from_value(value)?;
    within(value, number, range)
}

fn within<N: PartialOrd + Copy + Display>(
    value: &Value,
    number: N,
    range: RangeInclusive<N>,
) -> Result<N, ValueError> {
    if range.contains(&number) {
        return Ok(number);
    }
    let (given, max, min) = (number.to_string(), range.end().to_string(), range.start().to_string());
    // What is in no range and above nothing is no number.
    Err(problem(
        &value.mark,
        if number > *range.end() {
            Problem::TooLarge { given, max }
        } else if number < *range.start() {
            Problem::TooSmall { given, min }
        } else {
            Problem::NotANumber { allowed: format!("{min} to {max}") }
        },
    ))
}

/// The number under `key`, if it is given.
pub(super) fn optional_number(
    map: &Value,
    key: &str,
    range: RangeInclusive<f32>,
) -> Result<Option<f32>, ValueError> {
    map.get(key).map(|value| number(value, range).map_err(|error| error.in_key(key))).transpose()
}

/// The text under `key`.
pub(super) fn text(map: &Value, key: &str) -> Result<String, ValueError> {
    from_value(needed(map, key)?).map_err(|error| error.in_key(key))
}

/// A name as it is used: lower-case letters, digits and `_`.
pub(super) fn name(text: &str, mark: &Mark) -> Result<Named, ValueError> {
    let is_name = text.len() <= NAME_BYTES_MAX
        && text.starts_with(|letter: char| letter.is_ascii_lowercase())
        && text.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '_'));
    if !is_name {
        return Err(wrong(
            mark,
            format!(
                "`{text}` is no name; up to {NAME_BYTES_MAX} lower-case letters, digits and `_` are allowed, with a letter first"
            ),
        ));
    }
    Ok(Named { text: text.to_owned(), mark: mark.clone() })
}

/// Longest name of a gesture or mood: it is to be read on a line beside others.
pub(super) const NAME_BYTES_MAX: usize = 40;
