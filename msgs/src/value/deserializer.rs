//! From the tree to a typed struct. serde drives it; every error gets the place and the path of its value.

mod access;

use serde::de::{DeserializeOwned, Deserializer, Visitor};

use super::error::{Problem, ValueError};
use super::units::parse_duration;
use super::{Value, ValueKind};
use access::{DurationParts, Elements, Entries, Variant};

/// Reads a typed value from the tree. Ranges of messages are checked by
/// [`from_value_checked`](crate::from_value_checked).
///
/// Numbers must fit their type, and a float may be written without a point. An option may be null, an enum is named by
/// its variant, a [`Duration`](std::time::Duration) is text such as `250ms`. Null where a struct or map is expected
/// is an empty one.
///
/// # Errors
///
/// The first problem, with place and path. Unknown keys are refused where the type refuses them
/// (`deny_unknown_fields`), as messages do.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, ValueError> {
    T::deserialize(Reader { value }).map_err(|error| error.or_mark(&value.mark))
}

/// A value as serde sees it.
#[derive(Clone, Copy)]
struct Reader<'de> {
    value: &'de Value,
}

impl<'de> Reader<'de> {
    fn wrong_type(self, expected: &str) -> ValueError {
        let problem = Problem::WrongType { given: self.value.describe(), expected: expected.to_owned() };
        ValueError::at(&self.value.mark, problem)
    }

    /// The integer, if it lies in `min..=max`.
    fn integer<T: TryFrom<i128>>(self, min: i128, max: i128) -> Result<T, ValueError> {
        let ValueKind::Integer(number) = self.value.kind else {
            return Err(self.wrong_type("an integer"));
        };
        let given = number.to_string();
        let too_large = Problem::TooLarge { given: given.clone(), max: max.to_string() };
        if number < min {
            let problem = Problem::TooSmall { given, min: min.to_string() };
            return Err(ValueError::at(&self.value.mark, problem));
        }
        T::try_from(number).map_err(|_| ValueError::at(&self.value.mark, too_large))
    }

    fn float(self) -> Result<f64, ValueError> {
        match self.value.kind {
            // Rounded to the nearest float, as a number with so many digits is anyway.
            ValueKind::Integer(number) => Ok(number as f64),
            ValueKind::Float(number) => Ok(number),
            _ => Err(self.wrong_type("a number")),
        }
    }

    fn single(self) -> Result<f32, ValueError> {
        let number = self.float()?;
        let single = number as f32;
        if single.is_infinite() && number.is_finite() {
            let given = self.value.describe();
            let problem = if number > 0.0 {
                Problem::TooLarge { given, max: format!("{:?}", f32::MAX) }
            } else {
                Problem::TooSmall { given, min: format!("{:?}", f32::MIN) }
            };
            return Err(ValueError::at(&self.value.mark, problem));
        }
        Ok(single)
    }

    fn text(self) -> Result<&'de str, ValueError> {
        match &self.value.kind {
            ValueKind::Text(text) => Ok(text),
            ValueKind::Integer(_) | ValueKind::Float(_) | ValueKind::Bool(_) => {
                Err(self.wrong_type("text in quotes"))
            }
            _ => Err(self.wrong_type("text")),
        }
    }

    fn elements(self) -> Result<&'de [Value], ValueError> {
        match &self.value.kind {
            ValueKind::List(elements) => Ok(elements),
            _ => Err(self.wrong_type("a list")),
        }
    }

    fn entries(self, expected: &str) -> Result<Entries<'de>, ValueError> {
        match &self.value.kind {
            ValueKind::Map(entries) => Ok(Entries::new(entries)),
            ValueKind::Null => Ok(Entries::new(&[])),
            _ => Err(self.wrong_type(expected)),
        }
    }

    fn duration(self) -> Result<DurationParts, ValueError> {
        const EXPECTED: &str = "a duration such as `250ms`, `2s` or `3min`";
        let ValueKind::Text(text) = &self.value.kind else { return Err(self.wrong_type(EXPECTED)) };
        let duration = parse_duration(text).map_err(|_| self.wrong_type(EXPECTED))?;
        Ok(DurationParts::new(duration))
    }
}

/// Numbers: the value as the type that is asked for, or an error that names the bound of the type.
macro_rules! integers {
    ($($method:ident, $visit:ident, $number:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            visitor.$visit(self.integer(<$number>::MIN as i128, <$number>::MAX as i128)?)
        }
    )*};
}

/// Each answer gets the place of this value unless it has one, which is that of a value deeper inside.
impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let answer = match &self.value.kind {
            ValueKind::Null => visitor.visit_unit(),
            ValueKind::Bool(flag) => visitor.visit_bool(*flag),
            // Most visitors know no 128 bits.
            ValueKind::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => visitor.visit_i64(number),
                (Err(_), Ok(number)) => visitor.visit_u64(number),
                (Err(_), Err(_)) => visitor.visit_i128(*number),
            },
            ValueKind::Float(number) => visitor.visit_f64(*number),
            ValueKind::Text(text) => visitor.visit_borrowed_str(text),
            ValueKind::List(elements) => visitor.visit_seq(Elements::new(elements)),
            ValueKind::Map(entries) => visitor.visit_map(Entries::new(entries)),
        };
        answer.map_err(|error| error.or_mark(&self.value.mark))
    }

    integers! {
        deserialize_u8, visit_u8, u8;
        deserialize_u16, visit_u16, u16;
        deserialize_u32, visit_u32, u32;
        deserialize_u64, visit_u64, u64;
        deserialize_i8, visit_i8, i8;
        deserialize_i16, visit_i16, i16;
        deserialize_i32, visit_i32, i32;
        deserialize_i64, visit_i64, i64;
        deserialize_i128, visit_i128, i128;
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_u128(self.integer(0, i128::MAX)?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.value.kind {
            ValueKind::Bool(flag) => visitor.visit_bool(flag),
            _ => Err(self.wrong_type("true or false")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_f32(self.single()?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_f64(self.float()?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_borrowed_str(self.text()?).map_err(|error: ValueError| error.or_mark(&self.value.mark))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.value.kind {
            ValueKind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.value.kind {
            ValueKind::Null => visitor.visit_unit(),
            _ => Err(self.wrong_type("null")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self).map_err(|error: ValueError| error.or_mark(&self.value.mark))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor
            .visit_seq(Elements::new(self.elements()?))
            .map_err(|error: ValueError| error.or_mark(&self.value.mark))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ValueError> {
        let given = self.elements()?.len();
        if given != len {
            let problem = Problem::WrongType {
                given: format!("a list of {given}"),
                expected: format!("a list of {len}"),
            };
            return Err(ValueError::at(&self.value.mark, problem));
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_map(self.entries("a map")?).map_err(|error: ValueError| error.or_mark(&self.value.mark))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        // serde's own form of a duration is a struct. Text can be in lists and options too, if it is taken here; the
        // form with two keys stays, because it is what `to_text` writes.
        let is_duration = name == "Duration" && fields == ["secs", "nanos"];
        if is_duration && !matches!(self.value.kind, ValueKind::Map(_)) {
            return visitor
                .visit_seq(self.duration()?)
                .map_err(|error: ValueError| error.or_mark(&self.value.mark));
        }
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        let variant = match &self.value.kind {
            ValueKind::Text(name) => Variant::new(name, &self.value.mark, None),
            ValueKind::Map(entries) => match entries.as_slice() {
                [(key, content)] => Variant::new(&key.name, &key.mark, Some(content)),
                _ => return Err(self.wrong_type("a map with one key, the name of what follows,")),
            },
            _ => return Err(self.wrong_type(&format!("one of {}", variants.join(", ")))),
        };
        visitor.visit_enum(variant).map_err(|error: ValueError| error.or_mark(&self.value.mark))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_unit()
    }
}
