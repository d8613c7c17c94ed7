//! What travels: messages of 64 bytes to 1 MiB, filled by the sender and checked by the receiver.

use nevil_runtime::prelude::Message;

/// Bytes of the sequence number and the stamp, which every payload begins with.
const HEADER_BYTES: usize = 16;

/// How much of a payload sender and receiver touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// Every word is written, then read and compared.
    Whole,
    /// The sequence number and the stamp only.
    Header,
}

/// A message whose content follows from its sequence number.
pub(crate) trait Payload: Message {
    /// The payload number `sequence` of `bytes` bytes. Types of a fixed size have no other.
    fn make(sequence: u64, bytes: usize, fill: Fill) -> Self;
    fn sequence(&self) -> u64;
    fn stamp_ns(&self) -> u64;
    fn set_stamp(&mut self, ns: u64);
    /// Whether every word is what the sender wrote.
    fn is_intact(&self) -> bool;
}

/// The word at `index` of the payload `sequence`: no two words of a payload, and no payload's and its neighbour's, are
/// alike, so that a torn, stale or shifted one shows.
pub(crate) const fn word(sequence: u64, index: u64) -> u64 {
    // An odd constant with about as many ones as zeros; which one does not matter.
    (sequence << 20 ^ index).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Whether `words` are those of the payload `sequence`.
pub(crate) fn are_intact<'a>(sequence: u64, words: impl Iterator<Item = &'a u64>) -> bool {
    // Or instead of an early end: every word is read, and the loop has no branch.
    words.zip(0..).fold(0, |wrong, (&found, index)| wrong | (found ^ word(sequence, index))) == 0
}

/// 64 bytes: one cache line, a command or a measurement.
#[derive(Clone, Debug, Message)]
pub(crate) struct Line {
    sequence: u64,
    stamp_ns: u64,
    words: [u64; 6],
}

/// 1 KiB within the message.
#[derive(Clone, Debug, Message)]
pub(crate) struct Inline {
    sequence: u64,
    stamp_ns: u64,
    // 126 words, in two steps because the derive of serde stops at arrays of 32.
    words: [[u64; 21]; 6],
}

/// Any size, on the heap.
#[derive(Clone, Debug, Message)]
pub(crate) struct Bulk {
    sequence: u64,
    stamp_ns: u64,
    words: Vec<u64>,
}

macro_rules! header_of_payload {
    () => {
        fn sequence(&self) -> u64 {
            self.sequence
        }

        fn stamp_ns(&self) -> u64 {
            self.stamp_ns
        }

        fn set_stamp(&mut self, ns: u64) {
            self.stamp_ns = ns;
        }
    };
}

impl Payload for Line {
    header_of_payload!();

    fn make(sequence: u64, _: usize, _: Fill) -> Self {
        Self { sequence, stamp_ns: 0, words: std::array::from_fn(|index| word(sequence, index as u64)) }
    }

    fn is_intact(&self) -> bool {
        are_intact(self.sequence, self.words.iter())
    }
}

impl Payload for Inline {
    header_of_payload!();

    fn make(sequence: u64, _: usize, _: Fill) -> Self {
        let mut words = [[0; 21]; 6];
        words
            .as_flattened_mut()
            .iter_mut()
            .zip(0..)
            .for_each(|(place, index)| *place = word(sequence, index));
        Self { sequence, stamp_ns: 0, words }
    }

    fn is_intact(&self) -> bool {
        are_intact(self.sequence, self.words.as_flattened().iter())
    }
}

impl Payload for Bulk {
    header_of_payload!();

    fn make(sequence: u64, bytes: usize, fill: Fill) -> Self {
        let words = (bytes - HEADER_BYTES) / size_of::<u64>();
        let words = match fill {
            Fill::Whole => (0..words as u64).map(|index| word(sequence, index)).collect(),
            Fill::Header => vec![0; words],
        };
        Self { sequence, stamp_ns: 0, words }
    }

    fn is_intact(&self) -> bool {
        are_intact(self.sequence, self.words.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_intact(mut payload: impl Payload) -> usize {
        payload.set_stamp(7);
        assert_eq!((payload.sequence(), payload.stamp_ns(), payload.is_intact()), (3, 7, true));
        payload.size_bytes()
    }

    #[test]
    fn payloads_have_the_size_that_they_are_named_for() {
        assert_eq!(size_of_intact(Line::make(3, 64, Fill::Whole)), 64);
        assert_eq!(size_of_intact(Inline::make(3, 1024, Fill::Whole)), 1024);
        // The list's own three words come on top of what is counted as payload.
        assert_eq!(size_of_intact(Bulk::make(3, 65536, Fill::Whole)), 65536 + 24);
    }

    #[test]
    fn one_changed_word_shows() {
        let mut line = Line::make(3, 64, Fill::Whole);
        line.words[5] ^= 1;
        assert!(!line.is_intact());
        let mut bulk = Bulk::make(3, 1 << 20, Fill::Whole);
        bulk.words.swap(0, 131_069);
        assert!(!bulk.is_intact());
        assert!(!Line { sequence: 4, ..Line::make(3, 64, Fill::Whole) }.is_intact());
    }
}
