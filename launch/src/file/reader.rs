//! From values to typed ones. What is wrong is kept, and reading goes on.

use std::ops::RangeInclusive;
use std::time::Duration;

use nevil_msgs::{Key, Mark, Problem, Value, ValueError, ValueKind, from_value, parse_size};
use serde::de::DeserializeOwned;

use crate::problem::{PlanError, PlanProblem};
use crate::schema::Section;
use crate::text::size_text;

/// Reads values and keeps what is wrong with them.
#[derive(Default)]
pub(super) struct Reader {
    problems: Vec<PlanError>,
}

impl Reader {
    /// All that was wrong.
    pub(super) fn into_problems(self) -> Vec<PlanError> {
        self.problems
    }

    /// How much was wrong so far.
    pub(super) fn found(&self) -> usize {
        self.problems.len()
    }

    /// Keeps a problem, unless it follows from a variable without a value: of a value that is not known, the type is
    /// wrong too.
    pub(super) fn problem(&mut self, mark: &Mark, path: &str, problem: impl Into<PlanProblem>) {
        let is_unknown =
            |known: &PlanError| known.path == path && known.mark == *mark && known.is_of_variable();
        let error = PlanError::new(mark, path, problem);
        // What holds for many nodes is read for each, and wrong once.
        let is_known = |known: &PlanError| known.mark == error.mark && known.problem == error.problem;
        if !self.problems.iter().any(|known| is_unknown(known) || is_known(known)) {
            self.problems.push(error);
        }
    }

    /// Keeps the problem of a value at `path`, whose place is `mark`.
    pub(super) fn value_error(&mut self, error: ValueError, path: &str, mark: &Mark) {
        let PlanError { mark, path, problem } = PlanError::of_value(error, path, mark);
        self.problem(&mark, &path, problem);
    }

    /// A required key of `map` is not there.
    pub(super) fn missing(&mut self, map: &Value, path: &str, key: &str) {
        self.problem(&map.mark, path, Problem::MissingKey { key: key.to_owned() });
    }

    /// The value as a `T`.
    pub(super) fn typed<T: DeserializeOwned>(&mut self, value: &Value, path: &str) -> Option<T> {
        from_value(value).map_err(|error| self.value_error(error, path, &value.mark)).ok()
    }

    /// Whether `value` is a map, or null, which is an empty one.
    pub(super) fn any_map(&mut self, value: &Value, path: &str) -> bool {
        let is_map = matches!(value.kind, ValueKind::Map(_) | ValueKind::Null);
        if !is_map {
            self.wrong_type(value, path, "a map");
        }
        is_map
    }

    /// The same, and that it has no other keys than those of `section`.
    pub(super) fn map(&mut self, value: &Value, path: &str, section: &Section) -> bool {
        if let ValueKind::Map(entries) = &value.kind {
            let is_unknown = |key: &Key| section.names().all(|known| known != key.name);
            for (key, _) in entries.iter().filter(|(key, _)| is_unknown(key)) {
                let known = section.names().map(str::to_owned).collect();
                self.problem(&key.mark, path, Problem::UnknownKey { given: key.name.clone(), known });
            }
        }
        self.any_map(value, path)
    }

    /// The entries of the value, which may have any names; none if it is no map.
    pub(super) fn entries<'v>(&mut self, value: &'v Value, path: &str) -> &'v [(Key, Value)] {
        match &value.kind {
            ValueKind::Map(entries) => entries,
            _ => {
                self.any_map(value, path);
                &[]
            }
        }
    }

    /// The elements of the value, none if it is no list.
    pub(super) fn list<'v>(&mut self, value: &'v Value, path: &str, expected: &str) -> &'v [Value] {
        match &value.kind {
            ValueKind::List(elements) => elements,
            _ => {
                self.wrong_type(value, path, expected);
                &[]
            }
        }
    }

    /// The value as an integer within `range`.
    pub(super) fn integer(&mut self, value: &Value, path: &str, range: RangeInclusive<i128>) -> Option<i128> {
        let number: i128 = self.typed(value, path)?;
        self.in_range(value, path, number, &range, ToString::to_string)
    }

    /// The value as a share or factor within `range`.
    pub(super) fn share(&mut self, value: &Value, path: &str, range: RangeInclusive<f32>) -> Option<f32> {
        let number: f32 = self.typed(value, path)?;
        if number.is_nan() {
            let allowed = format!("{} to {}", range.start(), range.end());
            self.problem(&value.mark, path, Problem::NotANumber { allowed });
            return None;
        }
        self.in_range(value, path, number, &range, ToString::to_string)
    }

    /// The value as a length of time within `range`.
    pub(super) fn duration(
        &mut self,
        value: &Value,
        path: &str,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let duration: Duration = self.typed(value, path)?;
        self.in_range(value, path, duration, &range, |bound| format!("{bound:?}"))
    }

    /// The value as a number of bytes within `range`.
    pub(super) fn size(&mut self, value: &Value, path: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let bytes = match &value.kind {
            ValueKind::Text(text) => parse_size(text).ok(),
            _ => None,
        };
        let Some(bytes) = bytes else {
            self.wrong_type(value, path, "a size such as `512KiB` or `1MiB`");
            return None;
        };
        self.in_range(value, path, bytes, &range, |bound| size_text(*bound))
    }

    /// `number`, which `value` was read as, if it lies in `range`; a bound is written by `write`.
    pub(super) fn in_range<T: PartialOrd>(
        &mut self,
        value: &Value,
        path: &str,
        number: T,
        range: &RangeInclusive<T>,
        write: impl Fn(&T) -> String,
    ) -> Option<T> {
        let given = || match &value.kind {
            // As it stands in the file, with its unit.
            ValueKind::Text(text) => text.clone(),
            _ => value.describe(),
        };
        if number > *range.end() {
            let max = write(range.end());
            self.problem(&value.mark, path, Problem::TooLarge { given: given(), max });
        } else if number < *range.start() {
            let min = write(range.start());
            self.problem(&value.mark, path, Problem::TooSmall { given: given(), min });
        } else {
            return Some(number);
        }
        None
    }

    pub(super) fn wrong_type(&mut self, value: &Value, path: &str, expected: &str) {
        let problem = Problem::WrongType { given: value.describe(), expected: expected.to_owned() };
        self.problem(&value.mark, path, problem);
    }
}
