//! Reads the parameters one by one and collects all that is wrong with them.

use nevil_msgs::{
    Field, FieldInfo, FieldKind, Mark, Measured, OutOfRange, Problem, Value, ValueError, ValueKind,
    from_value,
};
use serde::de::DeserializeOwned;

/// What a parameter is if it is not given.
pub enum Absent<T> {
    /// An error; of an `Option`, none.
    Nothing,
    /// This value.
    Value(T),
    /// What this text is read as.
    Text(&'static str),
}

/// Reads parameters from a map. Used by the derive.
pub struct ParameterReader<'value> {
    value: &'value Value,
    errors: Vec<ValueError>,
}

impl<'value> ParameterReader<'value> {
    /// A reader of `value`, which may have the entries that `schema` names.
    #[must_use]
    pub fn new(value: &'value Value, schema: &'static [FieldInfo]) -> Self {
        let mut reader = Self { value, errors: Vec::new() };
        let known = || schema.iter().map(|field| field.name.to_owned()).collect::<Vec<_>>();
        match &value.kind {
            ValueKind::Map(entries) => {
                for (key, _) in entries {
                    if !schema.iter().any(|field| field.name == key.name) {
                        let problem = Problem::UnknownKey { given: key.name.clone(), known: known() };
                        reader.errors.push(error(Some(&key.mark), problem));
                    }
                }
            }
            ValueKind::Null => {}
            _ => {
                let problem = Problem::WrongType { given: value.describe(), expected: "a map".to_owned() };
                reader.errors.push(error(Some(&value.mark), problem));
            }
        }
        reader
    }

    /// The parameter that `info` describes; none if something is wrong with it.
    pub fn read<T: Field + DeserializeOwned>(&mut self, info: &FieldInfo, absent: Absent<T>) -> Option<T> {
        let given = self.value.get(info.name);
        let mut written = None;
        let read = match (given, absent) {
            (Some(value), _) => measured(value, info, &mut written),
            (None, Absent::Value(default)) => Ok(default),
            (None, Absent::Text(text)) => {
                let value = Value::new(ValueKind::Text(text.to_owned()), Mark::named("default"));
                measured(&value, info, &mut None).map_err(in_no_text)
            }
            (None, Absent::Nothing) if matches!(T::KIND, FieldKind::Option(_)) => {
                let null = Value::new(ValueKind::Null, Mark::named("default"));
                from_value(&null).map_err(in_no_text)
            }
            (None, Absent::Nothing) => {
                // In a value that is no map nothing can be missing: that it is no map has been said.
                if matches!(self.value.kind, ValueKind::Map(_) | ValueKind::Null) {
                    let problem = Problem::MissingKey { key: info.name.to_owned() };
                    self.errors.push(error(Some(&self.value.mark), problem));
                }
                return None;
            }
        };
        let checked = read.and_then(|parameter| match check(&parameter, info) {
            Ok(()) => Ok(parameter),
            Err(problem) => {
                let mark = given.map(|value| value.at(&problem.path).mark.clone());
                let error = ValueError { mark, ..ValueError::from(problem) };
                Err(match &written {
                    Some(written) => written.as_written(error),
                    None => error,
                })
            }
        });
        checked.map_err(|error| self.errors.push(error.in_key(info.name))).ok()
    }

    /// What `make` makes of the parameters, which are all there if nothing was wrong.
    ///
    /// # Errors
    ///
    /// All that was wrong, in the order of the text.
    pub fn finish<P>(mut self, make: impl FnOnce() -> Option<P>) -> Result<P, Vec<ValueError>> {
        if self.errors.is_empty()
            && let Some(params) = make()
        {
            return Ok(params);
        }
        self.errors.sort_by_key(|error| error.mark.as_ref().map(|mark| (mark.line(), mark.column())));
        Err(self.errors)
    }
}

/// The parameter that `info` describes, from a value in which numbers may have their unit behind them; `written` is then what
/// stands there.
fn measured<'value, T: DeserializeOwned>(
    value: &'value Value,
    info: &FieldInfo,
    written: &mut Option<Measured<'value>>,
) -> Result<T, ValueError> {
    let measured = written.insert(Measured::new(value, &info.kind, info.unit)?);
    from_value(measured.value()).map_err(|error| measured.as_written(error))
}

/// What stands in no text, so neither does what is wrong with it.
fn in_no_text(error: ValueError) -> ValueError {
    ValueError { mark: None, ..error }
}

fn check<T: Field>(parameter: &T, info: &FieldInfo) -> Result<(), OutOfRange> {
    parameter.check()?;
    info.range.as_ref().map_or(Ok(()), |range| parameter.check_range(range))
}

fn error(mark: Option<&Mark>, problem: Problem) -> ValueError {
    ValueError { mark: mark.cloned(), path: String::new(), problem }
}
