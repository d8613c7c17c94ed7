//! What the runtime and the tools know about a type: its name, its hash and its fields.

use std::fmt;

use crate::hash::Fnv1a;

/// What is known about a type of messages. Made by the derive, as a constant.
///
/// ```
/// use nevil_msgs::{Drive, Message};
///
/// let speed = &Drive::TYPE.fields[0];
/// assert_eq!((speed.name, speed.kind.to_string()), ("speed_mps", "f32".to_owned()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TypeInfo {
    /// The type's name without its module.
    pub name: &'static str,
    /// The type's documentation.
    pub doc: &'static str,
    /// Fingerprint of the names, kinds and order of the fields. Two types with one hash have the same encoding.
    /// The name of the type, units, ranges and documentation do not count.
    pub hash: u64,
    /// The fields, in their order in the source.
    pub fields: &'static [FieldInfo],
}

impl TypeInfo {
    /// A description whose hash is computed from `fields`.
    #[must_use]
    pub const fn new(name: &'static str, doc: &'static str, fields: &'static [FieldInfo]) -> Self {
        let mut hash = Fnv1a::new();
        hash_fields(&mut hash, fields);
        Self { name, doc, hash: hash.finish(), fields }
    }

    /// Whether a message of the type can own memory besides itself, so that its size is not known beforehand.
    #[must_use]
    pub const fn owns_heap(&self) -> bool {
        let mut index = 0;
        while index < self.fields.len() {
            if self.fields[index].kind.owns_heap() {
                return true;
            }
            index += 1;
        }
        false
    }

    /// The field called `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static FieldInfo> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// What is known about one field of a message or one parameter of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldInfo {
    /// The field's name.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Unit of its numbers, such as `m/s`.
    pub unit: Option<&'static str>,
    /// Range of its numbers; for a list, of each of them.
    pub range: Option<FieldRange>,
    /// Its documentation.
    pub doc: &'static str,
    /// Whether it has to be given. A parameter that has a default or is optional need not be.
    pub required: bool,
    /// Text of the default of a parameter.
    pub default: Option<&'static str>,
}

/// The numbers that a field may hold, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldRange {
    /// The smallest; minus infinity if there is no bound.
    pub min: f64,
    /// The largest; infinity if there is no bound.
    pub max: f64,
}

impl FieldRange {
    /// Whether `number` lies in the range. NaN does not.
    #[must_use]
    pub const fn contains(self, number: f64) -> bool {
        self.min <= number && number <= self.max
    }
}

impl fmt::Display for FieldRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min == f64::NEG_INFINITY, self.max == f64::INFINITY) {
            (false, false) => write!(f, "{} to {}", self.min, self.max),
            (false, true) => write!(f, "at least {}", self.min),
            (true, false) => write!(f, "at most {}", self.max),
            (true, true) => f.write_str("any number"),
        }
    }
}

/// What a field holds. Shown as a reader would say it: `f32`, `list of text`, `one of clear, warning`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum FieldKind {
    /// `true` or `false`.
    Bool,
    /// An integer from 0 to 255.
    U8,
    /// An integer from 0 to 65535.
    U16,
    /// An unsigned integer of 32 bits.
    U32,
    /// An unsigned integer of 64 bits.
    U64,
    /// An integer from −128 to 127.
    I8,
    /// An integer from −32768 to 32767.
    I16,
    /// A signed integer of 32 bits.
    I32,
    /// A signed integer of 64 bits.
    I64,
    /// A number in single precision.
    F32,
    /// A number in double precision.
    F64,
    /// UTF-8 text.
    Text,
    /// A path of the file system, which has to be UTF-8.
    Path,
    /// A length of time; as text `250ms`, `2s` or `3min`.
    Duration,
    /// Any number of elements.
    List(&'static FieldKind),
    /// A fixed number of elements.
    Array(&'static FieldKind, usize),
    /// A value that may be absent.
    Option(&'static FieldKind),
    /// One of a set of names.
    Enum(&'static EnumInfo),
    /// A struct inside the struct.
    Struct(&'static TypeInfo),
}

/// What is known about an enum without data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnumInfo {
    /// The enum's name without its module.
    pub name: &'static str,
    /// The names of its variants, as they stand in text.
    pub variants: &'static [&'static str],
}

impl FieldKind {
    /// Whether a range can be demanded of the field: it is a number or a length of time, or holds such.
    #[must_use]
    pub const fn has_range(self) -> bool {
        match self {
            Self::List(inner) | Self::Array(inner, _) | Self::Option(inner) => inner.has_range(),
            Self::Bool | Self::Text | Self::Path | Self::Enum(_) | Self::Struct(_) => false,
            _ => true,
        }
    }

    /// Whether a value of the kind can own memory besides itself.
    #[must_use]
    pub const fn owns_heap(self) -> bool {
        match self {
            Self::Text | Self::Path | Self::List(_) => true,
            Self::Array(inner, _) | Self::Option(inner) => inner.owns_heap(),
            Self::Struct(info) => info.owns_heap(),
            _ => false,
        }
    }

    /// Whether all values of the kind have an encoding of one length.
    pub(crate) const fn is_fixed_size(self) -> bool {
        match self {
            Self::Text | Self::Path | Self::List(_) | Self::Option(_) => false,
            Self::Array(inner, _) => inner.is_fixed_size(),
            Self::Struct(info) => {
                let mut index = 0;
                while index < info.fields.len() {
                    if !info.fields[index].kind.is_fixed_size() {
                        return false;
                    }
                    index += 1;
                }
                true
            }
            _ => true,
        }
    }

    /// Fewest bytes that the encoding of such a value takes.
    #[must_use]
    pub const fn encoded_bytes_min(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 | Self::Option(_) => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 | Self::Enum(_) => 4,
            Self::U64 | Self::I64 | Self::F64 | Self::Text | Self::Path | Self::List(_) => 8,
            // Seconds in 8 bytes, nanoseconds in 4.
            Self::Duration => 12,
            Self::Array(inner, len) => inner.encoded_bytes_min().saturating_mul(len),
            Self::Struct(info) => {
                let mut bytes: usize = 0;
                let mut index = 0;
                while index < info.fields.len() {
                    bytes = bytes.saturating_add(info.fields[index].kind.encoded_bytes_min());
                    index += 1;
                }
                bytes
            }
        }
    }
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Bool => "true or false",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Text => "text",
            Self::Path => "path",
            Self::Duration => "duration",
            Self::List(inner) => return write!(f, "list of {inner}"),
            Self::Array(inner, len) => return write!(f, "list of {len} {inner}"),
            Self::Option(inner) => return write!(f, "{inner} or null"),
            Self::Enum(info) => return write!(f, "one of {}", info.variants.join(", ")),
            Self::Struct(info) => info.name,
        };
        f.write_str(name)
    }
}

const fn hash_fields(hash: &mut Fnv1a, fields: &[FieldInfo]) {
    hash.write_u64(fields.len() as u64);
    let mut index = 0;
    while index < fields.len() {
        hash_name(hash, fields[index].name);
        hash_kind(hash, fields[index].kind);
        index += 1;
    }
}

/// The length goes first, so that `ab`, `c` and `a`, `bc` differ.
const fn hash_name(hash: &mut Fnv1a, name: &str) {
    hash.write_u64(name.len() as u64);
    hash.write(name.as_bytes());
}

/// Each kind has a number of its own, which must never be given to another: recorded hashes would change.
const fn hash_kind(hash: &mut Fnv1a, kind: FieldKind) {
    match kind {
        FieldKind::Bool => hash.write(&[1]),
        FieldKind::U8 => hash.write(&[2]),
        FieldKind::U16 => hash.write(&[3]),
        FieldKind::U32 => hash.write(&[4]),
        FieldKind::U64 => hash.write(&[5]),
        FieldKind::I8 => hash.write(&[6]),
        FieldKind::I16 => hash.write(&[7]),
        FieldKind::I32 => hash.write(&[8]),
        FieldKind::I64 => hash.write(&[9]),
        FieldKind::F32 => hash.write(&[10]),
        FieldKind::F64 => hash.write(&[11]),
        FieldKind::Text => hash.write(&[12]),
        FieldKind::Path => hash.write(&[13]),
        FieldKind::Duration => hash.write(&[14]),
        FieldKind::List(inner) => {
            hash.write(&[15]);
            hash_kind(hash, *inner);
        }
        FieldKind::Array(inner, len) => {
            hash.write(&[16]);
            hash.write_u64(len as u64);
            hash_kind(hash, *inner);
        }
        FieldKind::Option(inner) => {
            hash.write(&[17]);
            hash_kind(hash, *inner);
        }
        FieldKind::Enum(info) => {
            hash.write(&[18]);
            hash.write_u64(info.variants.len() as u64);
            let mut index = 0;
            while index < info.variants.len() {
                hash_name(hash, info.variants[index]);
                index += 1;
            }
        }
        FieldKind::Struct(info) => {
            hash.write(&[19]);
            hash_fields(hash, info.fields);
        }
    }
}
