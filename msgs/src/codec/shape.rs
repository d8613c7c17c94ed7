//! A walk over encoded bytes along the description of their type, which finds every end before anything is allocated.

use super::DecodeError;
use crate::type_info::{FieldKind, TypeInfo};

/// Walks over `bytes` as a message of `info` and says how many follow after it.
pub(super) fn check(info: &'static TypeInfo, bytes: &[u8]) -> Result<usize, DecodeError> {
    let mut walk = Walk { name: info.name, field: "", left: bytes };
    walk.fields(info)?;
    Ok(walk.left.len())
}

struct Walk<'bytes> {
    name: &'static str,
    field: &'static str,
    left: &'bytes [u8],
}

impl Walk<'_> {
    fn fields(&mut self, info: &'static TypeInfo) -> Result<(), DecodeError> {
        for field in info.fields {
            self.field = field.name;
            self.value(field.kind)?;
        }
        Ok(())
    }

    fn value(&mut self, kind: FieldKind) -> Result<(), DecodeError> {
        match kind {
            FieldKind::Text | FieldKind::Path => {
                let len = self.length()?;
                self.skip(len)
            }
            FieldKind::List(inner) => {
                let len = self.length()?;
                self.elements(*inner, len)
            }
            FieldKind::Array(inner, len) => self.elements(*inner, len as u64),
            FieldKind::Option(inner) => {
                // Any other byte than 0 and 1 is refused by the decoder itself.
                if self.take::<1>()? == [1] { self.value(*inner) } else { Ok(()) }
            }
            FieldKind::Struct(info) => self.fields(info),
            plain => self.skip(plain.encoded_bytes_min() as u64),
        }
    }

    fn elements(&mut self, kind: FieldKind, len: u64) -> Result<(), DecodeError> {
        let bytes_min = len.saturating_mul(kind.encoded_bytes_min() as u64);
        self.need(bytes_min)?;
        if kind.is_fixed_size() {
            return self.skip(bytes_min);
        }
        for _ in 0..len {
            self.value(kind)?;
        }
        Ok(())
    }

    fn length(&mut self) -> Result<u64, DecodeError> {
        self.take::<8>().map(u64::from_le_bytes)
    }

    fn skip(&mut self, bytes: u64) -> Result<(), DecodeError> {
        self.need(bytes)?;
        // `need` has compared it with a length, so it fits.
        self.left = &self.left[bytes as usize..];
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.left.split_first_chunk::<N>() {
            Some((taken, left)) => {
                self.left = left;
                Ok(*taken)
            }
            None => Err(self.cut_off(N as u64)),
        }
    }

    fn need(&self, bytes: u64) -> Result<(), DecodeError> {
        if bytes > self.left.len() as u64 { Err(self.cut_off(bytes)) } else { Ok(()) }
    }

    fn cut_off(&self, needed: u64) -> DecodeError {
        DecodeError::CutOff { name: self.name, field: self.field, needed, left: self.left.len() }
    }
}
