//! Messages as bytes: for recordings, fingerprints and other processes. Within a process nothing is encoded.
//!
//! The bytes are those of bincode with fixed-width integers, least significant byte first: numbers as they are, a list
//! or text with its length in 8 bytes before it, an enum as the position of its variant in 4 bytes, an option as one
//! byte 0 or 1 before its value. The bytes do not name their type; who stores them stores [`TypeInfo::hash`] beside
//! them.
//!
//! Only this module knows bincode: see `docs/decisions/bincode.md`.
//!
//! [`TypeInfo::hash`]: crate::type_info::TypeInfo::hash

mod shape;

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};

use crate::check::OutOfRange;
use crate::message::Message;

/// Most bytes of an encoded message: 64 KiB, as a topic allows where nothing else is said. Bulk data lies in rings.
pub const ENCODED_BYTES_MAX: usize = 64 * 1024;

const CONFIGURATION: Configuration<LittleEndian, Fixint, Limit<ENCODED_BYTES_MAX>> =
    bincode::config::standard().with_fixed_int_encoding().with_limit::<ENCODED_BYTES_MAX>();

/// Why a message could not be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The encoding is longer than a decoder accepts.
    #[error(
        "message `{name}` is too large ({bytes} bytes encoded), at most {ENCODED_BYTES_MAX} are allowed; \
         put the data in a ring and publish its block"
    )]
    TooLarge {
        /// The type of the message.
        name: &'static str,
        /// Bytes of the encoding.
        bytes: usize,
    },
    /// The message holds a value that has no encoding, such as a path that is not UTF-8.
    #[error("message `{name}` cannot be encoded: {reason}")]
    NoEncoding {
        /// The type of the message.
        name: &'static str,
        /// What stands in the way.
        reason: String,
    },
}

/// Why bytes are not a message of the type that was asked for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// More bytes than any message has.
    #[error("`{name}` is too large ({given} bytes), at most {ENCODED_BYTES_MAX} are allowed")]
    TooLarge {
        /// The type of the message.
        name: &'static str,
        /// Bytes that were given.
        given: usize,
    },
    /// The bytes end before the message does.
    #[error("`{name}` is cut off in field `{field}`: {needed} bytes are needed, {left} are left")]
    CutOff {
        /// The type of the message.
        name: &'static str,
        /// The field in which the bytes end; of nested structs the innermost.
        field: &'static str,
        /// Fewest bytes that the rest of the value takes.
        needed: u64,
        /// Bytes that are left.
        left: usize,
    },
    /// Bytes follow after the message.
    #[error("`{name}` has {extra} bytes too many; were they encoded by another version of the type?")]
    Trailing {
        /// The type of the message.
        name: &'static str,
        /// Bytes that follow.
        extra: usize,
    },
    /// Bytes that mean nothing, such as an unknown variant or text that is not UTF-8.
    #[error("`{name}` cannot be decoded: {reason}")]
    Meaningless {
        /// The type of the message.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A number lies outside its range.
    #[error("`{name}` has a bad value: {problem}")]
    OutOfRange {
        /// The type of the message.
        name: &'static str,
        /// The number and its range.
        problem: OutOfRange,
    },
}

/// Encodes `message` into bytes of its own.
///
/// ```
/// use nevil_msgs::{Range, RangeReading, decode, encode};
///
/// let range = Range { reading: RangeReading::Echo, distance_m: 0.5 };
/// let bytes = encode(&range)?;
/// assert_eq!(bytes, [0, 0, 0, 0, 0, 0, 0, 0x3f]);
/// assert_eq!(decode::<Range>(&bytes)?, range);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As of [`encode_into`].
pub fn encode<T: Message>(message: &T) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    encode_into(message, &mut bytes)?;
    Ok(bytes)
}

/// Appends the encoding of `message` to `bytes`, which stays as it was if there is an error. Ranges are not checked:
/// who made the message in this process may record also what is wrong with it.
///
/// # Errors
///
/// [`EncodeError::TooLarge`] above [`ENCODED_BYTES_MAX`]; [`EncodeError::NoEncoding`] for a path that is not UTF-8.
pub fn encode_into<T: Message>(message: &T, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = bytes.len();
    if let Err(error) = bincode::serde::encode_into_std_write(message, bytes, CONFIGURATION) {
        bytes.truncate(start);
        return Err(EncodeError::NoEncoding { name: T::TYPE.name, reason: error.to_string() });
    }
    let encoded_bytes = bytes.len() - start;
    if encoded_bytes > ENCODED_BYTES_MAX {
        bytes.truncate(start);
        return Err(EncodeError::TooLarge { name: T::TYPE.name, bytes: encoded_bytes });
    }
    Ok(())
}

/// Decodes a message, which must take all of `bytes`. Never panics, whatever the bytes are.
///
/// The lengths in the bytes are compared with the bytes that are there before anything is allocated, so that a few
/// bytes cannot claim much memory: a list never has more elements than the bytes could hold.
///
/// # Errors
///
/// [`DecodeError`] says what is wrong, and in which field where that is known.
pub fn decode<T: Message>(bytes: &[u8]) -> Result<T, DecodeError> {
    let name = T::TYPE.name;
    if bytes.len() > ENCODED_BYTES_MAX {
        return Err(DecodeError::TooLarge { name, given: bytes.len() });
    }
    // serde alone reserves up to 1 MiB for a list on the word of its length.
    let extra = shape::check(T::TYPE, bytes)?;
    if extra > 0 {
        return Err(DecodeError::Trailing { name, extra });
    }
    let (message, _) = bincode::serde::decode_from_slice::<T, _>(bytes, CONFIGURATION)
        .map_err(|error| DecodeError::Meaningless { name, reason: error.to_string() })?;
    message.check().map_err(|problem| DecodeError::OutOfRange { name, problem })?;
    Ok(message)
}

#[cfg(test)]
mod tests;
