//! What a message is: a plain struct that can describe, measure, check and encode itself.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::check::OutOfRange;
use crate::type_info::{FieldKind, FieldRange, TypeInfo};

/// A type that may travel on the bus. Derive it; nothing else has to be derived or written:
///
/// ```
/// use nevil_msgs::Message;
///
/// /// Charge of the battery.
/// #[derive(Message)]
/// pub struct Battery {
///     /// Voltage at the terminals.
///     #[field(unit = "V", range = 0.0..=9.0)]
///     pub voltage_v: f32,
/// }
/// assert_eq!(Battery::TYPE.name, "Battery");
/// assert_eq!(Battery::TYPE.fields[0].unit, Some("V"));
/// ```
///
/// Its fields are of the types that implement [`Field`]: numbers, text, lists, and what `#[derive(Field)]` stands on.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    note = "write `#[derive(Message)]` before the struct"
)]
pub trait Message: Field + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Name, hash and fields of the type.
    const TYPE: &'static TypeInfo;

    /// Bytes that the message takes in memory, heap included.
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.heap_bytes()
    }
}

/// A type that may be a field of a [`Message`] or a parameter of a node.
///
/// Derive it for enums without data, which are names in text (`no_edge` for `NoEdge`), and for structs inside messages:
///
/// ```
/// use nevil_msgs::{Field, FieldKind, Message};
///
/// /// What the lamp does.
/// #[derive(Field)]
/// pub enum Lamp {
///     /// It is dark.
///     Off,
///     /// It blinks once a second.
///     SlowBlink,
/// }
/// assert_eq!(Lamp::KIND.to_string(), "one of off, slow_blink");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a message or a parameter",
    note = "use bool, u8 to u64, i8 to i64, f32, f64, String, PathBuf, Duration, Vec, arrays, Option, or a type of \
            your own with `#[derive(Field)]`"
)]
pub trait Field: Sized {
    /// What the field holds.
    const KIND: FieldKind;

    /// Bytes that the value owns on the heap.
    fn heap_bytes(&self) -> usize {
        0
    }

    /// Checks the ranges that stand inside the value.
    ///
    /// # Errors
    ///
    /// The first number that lies outside its range, with the path to it.
    fn check(&self) -> Result<(), OutOfRange> {
        Ok(())
    }

    /// Checks the value against `range`: a number itself, each number of a list; other values pass.
    ///
    /// # Errors
    ///
    /// The first number that lies outside `range`.
    fn check_range(&self, range: &FieldRange) -> Result<(), OutOfRange> {
        // What has no range is refused by the derive, so the value need not be looked at.
        let _ = range;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
