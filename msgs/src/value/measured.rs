//! Numbers that are written with their unit: `30deg` where radians are asked for, `64KiB` where bytes are.

use std::borrow::Cow;

use super::error::{Problem, ValueError};
use super::mark::Mark;
use super::units::{angle, parse_size};
use super::{Value, ValueKind};
use crate::type_info::{FieldInfo, FieldKind};

/// A value in which numbers with a unit behind them are those that its type asks for: a float whose unit is `rad` or `deg`
/// may be written as an angle, an integer whose unit is `B` or `bytes` as a size. All other values are as they were.
///
/// ```
/// use nevil_msgs::{FieldKind, Measured, Value, ValueKind};
///
/// let value = Value::parse_yaml("picar.yaml", "-90deg")?;
/// let measured = Measured::new(&value, &FieldKind::F32, Some("rad"))?;
/// assert_eq!(measured.value().kind, ValueKind::Float(-std::f64::consts::FRAC_PI_2));
/// # Ok::<(), nevil_msgs::ValueError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Measured<'value> {
    value: Cow<'value, Value>,
    written: Vec<Written>,
}

/// A text that stands for a number, and the unit of that.
#[derive(Clone, Debug)]
struct Written {
    mark: Mark,
    text: String,
    unit: &'static str,
}

/// In which unit a number is asked for.
#[derive(Clone, Copy)]
enum Unit {
    Radians,
    Degrees,
    Bytes,
}

impl<'value> Measured<'value> {
    /// `value`, which is to be of this kind, its numbers in `unit`.
    ///
    /// # Errors
    ///
    /// [`Problem::WrongType`] for the first text that has neither the number that is asked for nor one with its unit.
    pub fn new(
        value: &'value Value,
        kind: &FieldKind,
        unit: Option<&'static str>,
    ) -> Result<Self, ValueError> {
        let mut written = Vec::new();
        let value = convert(value, kind, unit, &mut written)?.map_or(Cow::Borrowed(value), Cow::Owned);
        Ok(Self { value, written })
    }

    /// The value, from which a type can be read.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// `error`, which came of reading the value or of a look at its range, with the number as it is written and the bound
    /// with its unit.
    #[must_use]
    pub fn as_written(&self, mut error: ValueError) -> ValueError {
        let written = self.written.iter().find(|written| Some(&written.mark) == error.mark.as_ref());
        if let Some(Written { text, unit, .. }) = written
            && let Problem::TooLarge { given, max: bound } | Problem::TooSmall { given, min: bound } =
                &mut error.problem
        {
            given.clone_from(text);
            bound.push_str(unit);
        }
        error
    }
}

/// The value with its numbers, if that is another one.
fn convert(
    value: &Value,
    kind: &FieldKind,
    unit: Option<&'static str>,
    written: &mut Vec<Written>,
) -> Result<Option<Value>, ValueError> {
    match (kind, &value.kind) {
        (FieldKind::Option(inner), _) => convert(value, inner, unit, written),
        (FieldKind::List(inner) | FieldKind::Array(inner, _), ValueKind::List(elements)) => {
            let mut converted = None;
            for (index, element) in elements.iter().enumerate() {
                let element = convert(element, inner, unit, written);
                if let Some(element) = element.map_err(|error| error.in_element(index))? {
                    converted.get_or_insert_with(|| elements.clone())[index] = element;
                }
            }
            Ok(converted.map(|elements| with_kind(value, ValueKind::List(elements))))
        }
        (FieldKind::Struct(info), ValueKind::Map(entries)) => {
            let mut converted = None;
            for (index, (key, entry)) in entries.iter().enumerate() {
                let Some(FieldInfo { kind, unit, .. }) = info.field(&key.name) else { continue };
                let entry = convert(entry, kind, *unit, written).map_err(|error| error.in_key(&key.name))?;
                if let Some(entry) = entry {
                    converted.get_or_insert_with(|| entries.clone())[index].1 = entry;
                }
            }
            Ok(converted.map(|entries| with_kind(value, ValueKind::Map(entries))))
        }
        (_, ValueKind::Text(text)) => match unit.and_then(|unit| unit_of(kind, unit)) {
            Some((wanted, unit)) => {
                let number = number(text, wanted).ok_or_else(|| wrong_type(value, wanted))?;
                written.push(Written { mark: value.mark.clone(), text: text.clone(), unit });
                Ok(Some(with_kind(value, number)))
            }
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// The unit of a number of this kind, and its name, if it can be written behind it.
fn unit_of(kind: &FieldKind, unit: &'static str) -> Option<(Unit, &'static str)> {
    match (kind, unit) {
        (FieldKind::F32 | FieldKind::F64, "rad") => Some((Unit::Radians, unit)),
        (FieldKind::F32 | FieldKind::F64, "deg") => Some((Unit::Degrees, unit)),
        (kind, "B" | "bytes") if is_integer(kind) => Some((Unit::Bytes, "B")),
        _ => None,
    }
}

fn is_integer(kind: &FieldKind) -> bool {
    use FieldKind::{I8, I16, I32, I64, U8, U16, U32, U64};
    matches!(kind, U8 | U16 | U32 | U64 | I8 | I16 | I32 | I64)
}

fn number(text: &str, unit: Unit) -> Option<ValueKind> {
    match unit {
        Unit::Radians => angle(text).map(|angle| ValueKind::Float(angle.rad())),
        Unit::Degrees => angle(text).map(|angle| ValueKind::Float(angle.deg())),
        Unit::Bytes => parse_size(text).ok().map(|bytes| ValueKind::Integer(bytes.into())),
    }
}

fn wrong_type(value: &Value, unit: Unit) -> ValueError {
    let expected = match unit {
        Unit::Radians | Unit::Degrees => "a number, or an angle such as `30deg` or `-0.5rad`,",
        Unit::Bytes => "an integer, or a size such as `512B` or `64KiB`,",
    };
    let problem = Problem::WrongType { given: value.describe(), expected: expected.to_owned() };
    ValueError::at(&value.mark, problem)
}

fn with_kind(value: &Value, kind: ValueKind) -> Value {
    Value { kind, ..value.clone() }
}
