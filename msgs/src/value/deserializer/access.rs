//! How serde walks into lists, maps, enums and durations.

use std::slice;
use std::time::Duration;

use serde::de::value::{BorrowedStrDeserializer, U32Deserializer, U64Deserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::Reader;
use crate::value::error::{Problem, ValueError};
use crate::value::mark::Mark;
use crate::value::{Key, Value};

/// The elements of a list, one after the other.
pub(super) struct Elements<'de> {
    left: slice::Iter<'de, Value>,
    index: usize,
}

impl<'de> Elements<'de> {
    pub(super) fn new(elements: &'de [Value]) -> Self {
        Self { left: elements.iter(), index: 0 }
    }
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = ValueError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ValueError> {
        let Some(value) = self.left.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        let element = seed
            .deserialize(Reader { value })
            .map_err(|error| error.or_mark(&value.mark).in_element(index))?;
        Ok(Some(element))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.len())
    }
}

/// The entries of a map, one after the other.
pub(super) struct Entries<'de> {
    left: slice::Iter<'de, (Key, Value)>,
    /// The entry whose key was read last.
    current: Option<&'de (Key, Value)>,
}

impl<'de> Entries<'de> {
    pub(super) fn new(entries: &'de [(Key, Value)]) -> Self {
        Self { left: entries.iter(), current: None }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = ValueError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ValueError> {
        self.current = self.left.next();
        let Some((key, _)) = self.current else { return Ok(None) };
        let name = BorrowedStrDeserializer::<ValueError>::new(&key.name);
        // An unknown key is found here, so the error points at the key.
        seed.deserialize(name).map(Some).map_err(|error| error.or_mark(&key.mark))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ValueError> {
        let Some((key, value)) = self.current else {
            return Err(ValueError::custom("the value of a map was asked for before its key"));
        };
        seed.deserialize(Reader { value }).map_err(|error| error.or_mark(&value.mark).in_key(&key.name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.len())
    }
}

/// A variant of an enum: its name, and the content behind it if the name is the only key of a map.
pub(super) struct Variant<'de> {
    name: &'de str,
    mark: &'de Mark,
    content: Option<&'de Value>,
}

impl<'de> Variant<'de> {
    pub(super) fn new(name: &'de str, mark: &'de Mark, content: Option<&'de Value>) -> Self {
        Self { name, mark, content }
    }

    fn content(&self, expected: &str) -> Result<Reader<'de>, ValueError> {
        self.content.map(|value| Reader { value }).ok_or_else(|| {
            let given = format!("`{}` alone", self.name);
            ValueError::at(self.mark, Problem::WrongType { given, expected: expected.to_owned() })
        })
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = ValueError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), ValueError> {
        let name = BorrowedStrDeserializer::<ValueError>::new(self.name);
        let variant = seed.deserialize(name).map_err(|error| error.or_mark(self.mark))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = ValueError;

    fn unit_variant(self) -> Result<(), ValueError> {
        match self.content {
            None => Ok(()),
            Some(value) => {
                let expected = format!("`{}` alone", self.name);
                Err(ValueError::at(&value.mark, Problem::WrongType { given: value.describe(), expected }))
            }
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, ValueError> {
        let content = self.content("the name with a value")?;
        seed.deserialize(content).map_err(|error| error.in_key(self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ValueError> {
        let content = self.content("the name with a list")?;
        content.deserialize_tuple(len, visitor).map_err(|error| error.in_key(self.name))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        let content = self.content("the name with a map")?;
        content.deserialize_map(visitor).map_err(|error| error.in_key(self.name))
    }
}

/// A duration as serde expects it: seconds, then nanoseconds.
pub(super) struct DurationParts {
    seconds: Option<u64>,
    nanos: Option<u32>,
}

impl DurationParts {
    pub(super) fn new(duration: Duration) -> Self {
        Self { seconds: Some(duration.as_secs()), nanos: Some(duration.subsec_nanos()) }
    }
}

impl<'de> SeqAccess<'de> for DurationParts {
    type Error = ValueError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ValueError> {
        if let Some(seconds) = self.seconds.take() {
            let seconds: U64Deserializer<ValueError> = seconds.into_deserializer();
            return seed.deserialize(seconds).map(Some);
        }
        let Some(nanos) = self.nanos.take() else { return Ok(None) };
        let nanos: U32Deserializer<ValueError> = nanos.into_deserializer();
        seed.deserialize(nanos).map(Some)
    }
}
