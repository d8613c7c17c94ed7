//! Messages as text: what tools print and what people type.

use crate::message::Message;
use crate::type_info::FieldKind;
use crate::value::{Measured, Value, ValueError, from_value};

/// Writes a message as one line of JSON, which is YAML too, so that [`Value::parse_yaml`] and [`from_value_checked`]
/// read it back.
///
/// A number that is not finite is written as `null`, which is not read back: JSON has no name for it.
///
/// ```
/// use nevil_msgs::{Range, RangeReading, Value, from_value_checked, to_text};
///
/// let text = to_text(&Range { reading: RangeReading::NoEdge, distance_m: 0.0 });
/// assert_eq!(text, r#"{"reading":"no_edge","distance_m":0.0}"#);
///
/// let typed = Value::parse_yaml("message", "{reading: echo, distance_m: 5}")?;
/// assert_eq!(
///     from_value_checked::<Range>(&typed).unwrap_err().to_string(),
///     "message:1:29: distance_m: value is too large (5), at most 4 is allowed"
/// );
/// # Ok::<(), nevil_msgs::ValueError>(())
/// ```
#[must_use]
pub fn to_text<T: Message>(message: &T) -> String {
    // Text is for people: where a value has no text, such as a path that is not UTF-8, they see why in its place.
    serde_json::to_string(message).unwrap_or_else(|error| format!("# no text: {error}"))
}

/// Reads a message from the tree and checks the ranges of its fields. Angles and sizes may be written with their unit
/// ([`Measured`]).
///
/// # Errors
///
/// As of [`from_value`], and `TooLarge`, `TooSmall` or `NotANumber` for the first
/// number that is out of its range, with the place and the path of that number.
pub fn from_value_checked<T: Message>(value: &Value) -> Result<T, ValueError> {
    let measured = Measured::new(value, &FieldKind::Struct(T::TYPE), None)?;
    let message: T = from_value(measured.value()).map_err(|error| measured.as_written(error))?;
    match message.check() {
        Ok(()) => Ok(message),
        Err(problem) => {
            let mark = value.at(&problem.path).mark.clone();
            Err(measured.as_written(ValueError { mark: Some(mark), ..ValueError::from(problem) }))
        }
    }
}

#[cfg(test)]
mod tests;
