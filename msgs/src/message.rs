//! What a message is: a plain struct that can describe, measure, check and encode itself.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::type_info::{FieldKind, TypeInfo};

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
pub trait Message: Field + Serialize + DeserializeOwned + fmt::Debug + Send + Sync + 'static {
    /// Name, hash and fields of the type.
    const TYPE: &'static TypeInfo;

    /// Bytes that the message takes in memory, heap included.
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.heap_bytes()
    }
}

/// A type that may be a field of a [`Message`] or a parameter of a node.
pub trait Field: Sized {
    /// What the field holds.
    const KIND: FieldKind;

    /// Bytes that the value owns on the heap.
    fn heap_bytes(&self) -> usize {
        0
    }
}
