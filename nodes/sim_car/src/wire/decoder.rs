//! Frames out of a stream that arrives in pieces.

use std::marker::PhantomData;

use super::{FRAME_BYTES_MAX, HEADER_BYTES, MAGIC, WireMessage};

/// What is wrong with bytes on the wire. The connection must be closed: nobody knows where the next frame begins.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WireProblem {
    /// A frame that does not begin like one.
    #[error(
        "frame begins with {given:02x?}, [4e, 43, 02] is expected; the peer is not a Nevil car of this version"
    )]
    Magic {
        /// The first bytes.
        given: [u8; 3],
    },
    /// A kind that this direction does not have.
    #[error("frame has the unknown kind {given:#04x}; the peer is newer, or client and server are mixed up")]
    Kind {
        /// The kind in the header.
        given: u8,
    },
    /// A length that does not fit its kind.
    #[error("frame of kind {kind:#04x} has {given} bytes of payload, exactly {wanted} are allowed")]
    Length {
        /// The kind in the header.
        kind: u8,
        /// The length in the header.
        given: usize,
        /// The length that the kind has.
        wanted: usize,
    },
    /// A field with a value that it cannot have.
    #[error("`{field}` is {given}, which it cannot be")]
    Value {
        /// Name of the field.
        field: &'static str,
        /// Its value.
        given: f64,
    },
    /// A payload that was handed over without the bytes that its kind has. The [`Decoder`] never does that.
    #[error("payload ends {missing} bytes too early")]
    Short {
        /// How many bytes its next field lacks.
        missing: usize,
    },
}

/// Puts frames together out of bytes that arrive in pieces of any size. Never panics, never allocates.
///
/// ```
/// use nevil_node_sim_car::{Decoder, ToWorld, WireMessage};
///
/// let frame = ToWorld::Echo.encode();
/// let (mut first, mut rest) = frame.as_bytes().split_at(2);
/// let mut decoder = Decoder::<ToWorld>::new();
/// assert_eq!(decoder.next(&mut first), Ok(None));
/// assert_eq!(decoder.next(&mut rest), Ok(Some(ToWorld::Echo)));
/// assert!(rest.is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Decoder<M> {
    bytes: [u8; FRAME_BYTES_MAX],
    len: usize,
    problem: Option<WireProblem>,
    message: PhantomData<fn() -> M>,
}

impl<M: WireMessage> Decoder<M> {
    /// A decoder at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self { bytes: [0; FRAME_BYTES_MAX], len: 0, problem: None, message: PhantomData }
    }

    /// Takes bytes from the front of `input` until a frame is whole. `None` means that `input` is used up and the
    /// frame goes on; call again with the next bytes. Call until `None`: one read may hold many frames.
    ///
    /// # Errors
    ///
    /// The first [`WireProblem`] of the stream, from then on for ever; nothing more is taken from `input`.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<M>, WireProblem> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let result = self.advance(input);
        self.problem = result.as_ref().err().copied();
        result
    }

    /// Bytes of a frame that has begun and is not whole. Not 0 at the end of a stream: the peer broke off.
    #[must_use]
    pub fn begun_bytes(&self) -> usize {
        self.len
    }

    fn advance(&mut self, input: &mut &[u8]) -> Result<Option<M>, WireProblem> {
        if !self.fill(HEADER_BYTES, input) {
            return Ok(None);
        }
        let [m0, m1, m2, kind, low, high] = std::array::from_fn(|index| self.bytes[index]);
        if [m0, m1, m2] != MAGIC {
            return Err(WireProblem::Magic { given: [m0, m1, m2] });
        }
        let wanted = M::payload_bytes(kind).ok_or(WireProblem::Kind { given: kind })?;
        let given = usize::from(u16::from_le_bytes([low, high]));
        if given != wanted {
            return Err(WireProblem::Length { kind, given, wanted });
        }
        let whole = (HEADER_BYTES + wanted).min(FRAME_BYTES_MAX);
        if !self.fill(whole, input) {
            return Ok(None);
        }
        self.len = 0;
        M::decode(kind, &self.bytes[HEADER_BYTES..whole]).map(Some)
    }

    /// Whether `wanted` bytes of the frame are here, after as many as needed were taken from `input`.
    fn fill(&mut self, wanted: usize, input: &mut &[u8]) -> bool {
        let missing = wanted.saturating_sub(self.len).min(input.len());
        let (taken, rest) = input.split_at(missing);
        self.bytes[self.len..self.len + missing].copy_from_slice(taken);
        self.len += missing;
        *input = rest;
        self.len >= wanted
    }
}

impl<M: WireMessage> Default for Decoder<M> {
    fn default() -> Self {
        Self::new()
    }
}
