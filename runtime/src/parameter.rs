//! Parameters: what a node is set by in the launch file.

mod reader;

use nevil_msgs::{FieldInfo, Mark, Value, ValueError, ValueKind};

pub use reader::{Absent, ParameterReader};

/// The parameters of a node. Derive it for a struct with named fields:
///
/// ```
/// use std::time::Duration;
/// use nevil_msgs::Value;
/// use nevil_runtime::Parameters;
///
/// #[derive(Parameters)]
/// pub struct Params {
///     /// Distance in metres below which the status is `danger`.
///     #[param(default = 0.15, range = 0.05..=2.0, unit = "m")]
///     danger_m: f32,
///     /// How long the sensor may be silent.
///     #[param(default = "250ms")]
///     silence_max: Duration,
///     /// A file to write to, if any.
///     log: Option<String>,
/// }
///
/// let params = Params::from_value(&Value::parse_yaml("picar.yaml", "danger_m: 0.2").unwrap()).unwrap();
/// assert_eq!((params.danger_m, params.silence_max, params.log), (0.2, Duration::from_millis(250), None));
///
/// let errors = Params::from_value(&Value::parse_yaml("picar.yaml", "danger_m: 3").unwrap()).err().unwrap();
/// assert_eq!(
///     errors[0].to_string(),
///     "picar.yaml:1:11: danger_m: value is too large (3), at most 2 is allowed"
/// );
/// ```
///
/// A parameter has to be given unless it has a default or is an `Option`. A default is an expression of the type of the
/// field, or text in quotes that is read as a launch file would be: `"250ms"` for a duration, `"clear"` for an enum.
/// Ranges include their ends, those of durations are in seconds. The types are those of messages, see
/// [`Field`](nevil_msgs::Field).
pub trait Parameters: Sized + Send + 'static {
    /// The parameters that there are, in the order of the struct.
    fn schema() -> &'static [FieldInfo];

    /// Reads the parameters from a map; null is an empty one.
    ///
    /// # Errors
    ///
    /// All problems, in the order of the text: unknown keys, missing ones, wrong types, numbers out of range.
    fn from_value(value: &Value) -> Result<Self, Vec<ValueError>>;

    /// The parameters as they are if nothing is said about them.
    ///
    /// # Errors
    ///
    /// A problem for each parameter that has to be given, and for each default that is wrong itself. They stand in no
    /// text and so have no place.
    fn defaults() -> Result<Self, Vec<ValueError>> {
        let nothing = Value::new(ValueKind::Null, Mark::named("defaults"));
        Self::from_value(&nothing).map_err(|mut errors| {
            errors.iter_mut().for_each(|error| error.mark = None);
            errors
        })
    }
}

/// A node without parameters.
impl Parameters for () {
    fn schema() -> &'static [FieldInfo] {
        &[]
    }

    fn from_value(value: &Value) -> Result<Self, Vec<ValueError>> {
        ParameterReader::new(value, &[]).finish(|| Some(()))
    }
}

#[cfg(test)]
mod tests;
