//! The blocks: written by one, read by anybody, waited for by nobody.
//!
//! Each block has a stamp, the first word of its place. Block `b` lies in place `b % blocks`:
//!
//! ```text
//!  stamp   0 ─► 2b+1 ───────► 2b+2 ────────────► 2(b+n)+1 ─► …        n: number of blocks
//!        empty  b is written  b may be read      b is lapped
//! ```
//! A reader looks at the stamp, reads words, and looks again: if the stamp is the same, all of the words were of block `b`.

use crate::mem::ring::element::Element;
use crate::mem::ring::layout::{BLOCK_HEAD_WORDS, Places};
use crate::sync::{AtomicU64, Ordering, fence};

/// The words of a ring: mapped memory, or loom's.
pub trait Memory {
    /// All of them. Of memory that may only be read, only relaxed loads are allowed.
    fn words(&self) -> &[AtomicU64];
}

/// What is known of a block besides its values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockHead {
    /// How many values it has.
    pub values: u32,
    /// Counts changes of what the values mean: a value of an earlier epoch does not go on in this one.
    pub epoch: u32,
    /// Index of its first frame since the ring began.
    pub first_frame: u64,
    /// Frames that were lost right before it.
    pub lost_frames: u64,
    /// When its first frame was captured, in nanoseconds of the robot's clock.
    pub captured_ns: u64,
}

const VALUES_AND_EPOCH: usize = 1;
const FIRST_FRAME: usize = 2;
const LOST_FRAMES: usize = 3;
const CAPTURED: usize = 4;

/// Why a block cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is not published yet.
    NotYet,
    /// The writer has begun to overwrite it.
    Lapped,
}

/// The writer has begun to overwrite the block while it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overwritten;

/// How a ring stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingState {
    /// Its writer lives, as far as the ring itself knows.
    Live,
    /// Its writer has closed it.
    Ended,
    /// Another ring has taken its place.
    Replaced,
}

const LIVE: u64 = 0;
const ENDED: u64 = 1;

/// What readers do with the blocks of a ring.
#[derive(Debug)]
pub struct Blocks<M> {
    memory: M,
    places: Places,
}

impl<M: Memory> Blocks<M> {
    pub(crate) fn new(memory: M, places: Places) -> Self {
        let words = memory.words().len();
        assert!(places.first + places.blocks * places.stride <= words, "the mapping holds all blocks");
        Self { memory, places }
    }

    /// Number of places.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.places.blocks as u64
    }

    /// Whether there are no places; there always are.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// How many blocks were published so far; block numbers begin at 0.
    #[must_use]
    pub fn published(&self) -> u64 {
        let published = self.memory.words()[self.places.published].load(Ordering::Relaxed);
        // Acquire: a block that is counted is whole. A load that acquires may fault in memory that may only be read.
        fence(Ordering::Acquire);
        published
    }

    /// How the ring stands. What was published before it ended is seen by who sees the end.
    #[must_use]
    pub fn state(&self) -> RingState {
        let state = self.memory.words()[self.places.state].load(Ordering::Relaxed);
        // Acquire: see above.
        fence(Ordering::Acquire);
        match state {
            LIVE => RingState::Live,
            ENDED => RingState::Ended,
            _ => RingState::Replaced,
        }
    }

    /// Begins to read `block`.
    ///
    /// # Errors
    ///
    /// [`Missing`] if it is not there.
    #[inline]
    pub fn open(&self, block: u64) -> Result<OpenBlock<'_>, Missing> {
        if block >= NUMBER_END {
            return Err(Missing::NotYet);
        }
        let place = self.place(block);
        let expected = stamp_whole(block);
        let stamp = place[0].load(Ordering::Relaxed);
        // Acquire: with the stamp of a whole block come its words.
        fence(Ordering::Acquire);
        if stamp != expected {
            return Err(if stamp > expected { Missing::Lapped } else { Missing::NotYet });
        }
        // Relaxed, as all words of a block: what was read counts only when `finish` has found the stamp unchanged.
        let values = count(place[VALUES_AND_EPOCH].load(Ordering::Relaxed));
        // A writer that is not ours may say anything.
        Ok(OpenBlock { place, expected, values: values.min(self.places.block_values) })
    }

    /// Where a reader goes on that was lapped at `block`: half a ring behind the newest, so that it is not lapped again at
    /// once.
    #[must_use]
    pub fn after_lap(&self, block: u64) -> u64 {
        let behind = self.published().saturating_sub(self.len() / 2);
        // The count may be older than the stamp that told of the lap.
        behind.max(block + 1)
    }

    /// The oldest block that can still be read now, or the next one if there is none.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        let published = self.published();
        // One place is being written, or will be next.
        if published < self.len() { 0 } else { published - self.len() + 1 }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the remainder is below the number of blocks, a usize"
    )]
    fn place(&self, block: u64) -> &[AtomicU64] {
        let Places { first, stride, blocks, .. } = self.places;
        let begin = first + (block % blocks as u64) as usize * stride;
        &self.memory.words()[begin..begin + stride]
    }
}

/// The number of values in the word that holds it with the epoch.
const fn count(values_and_epoch: u64) -> usize {
    (values_and_epoch & u32::MAX as u64) as usize
}

/// Above the number of any block that will ever be written. A block reference may hold any number, and one whose stamp
/// wraps round would be taken for another block.
const NUMBER_END: u64 = 1 << 62;

const fn stamp_writing(block: u64) -> u64 {
    2 * block + 1
}

const fn stamp_whole(block: u64) -> u64 {
    2 * block + 2
}

/// A block while it is read. What is read of it counts only once [`Self::finish`] has said so.
#[derive(Debug)]
pub struct OpenBlock<'a> {
    place: &'a [AtomicU64],
    expected: u64,
    values: usize,
}

impl OpenBlock<'_> {
    /// What is known of the block.
    #[must_use]
    pub fn head(&self) -> BlockHead {
        // Relaxed: see `open`.
        let word = |at: usize| self.place[at].load(Ordering::Relaxed);
        let first = word(VALUES_AND_EPOCH);
        #[expect(clippy::cast_possible_truncation, reason = "two numbers of 32 bits share the word")]
        BlockHead {
            values: first as u32,
            epoch: (first >> 32) as u32,
            first_frame: word(FIRST_FRAME),
            lost_frames: word(LOST_FRAMES),
            captured_ns: word(CAPTURED),
        }
    }

    /// How many values it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.values
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values == 0
    }

    /// The value at `index`, below [`Self::len`].
    #[must_use]
    #[inline]
    pub fn value<T: Element>(&self, index: usize) -> T {
        // Relaxed: see `open`.
        let word = self.place[BLOCK_HEAD_WORDS + index / T::PER_WORD].load(Ordering::Relaxed);
        T::at(word, index % T::PER_WORD)
    }

    /// The word at `index`, which holds [`Element::PER_WORD`] values, the first in its lowest bits.
    #[must_use]
    #[inline]
    pub fn word(&self, index: usize) -> u64 {
        // Relaxed: see `open`.
        self.place[BLOCK_HEAD_WORDS + index].load(Ordering::Relaxed)
    }

    /// Copies as many values as `values` takes, at most those of the block.
    pub fn copy<T: Element>(&self, values: &mut [T]) {
        let count = values.len().min(self.values);
        let words = &self.place[BLOCK_HEAD_WORDS..];
        let mut whole = values[..count].chunks_exact_mut(T::PER_WORD);
        // Relaxed: see `open`.
        for (chunk, word) in whole.by_ref().zip(words) {
            T::unpack(word.load(Ordering::Relaxed), chunk);
        }
        let rest = whole.into_remainder();
        if !rest.is_empty() {
            T::unpack(words[count / T::PER_WORD].load(Ordering::Relaxed), rest);
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// [`Overwritten`] if the writer has come round meanwhile: what was read is worth nothing.
    #[inline]
    pub fn finish(&self) -> Result<(), Overwritten> {
        // Acquire: if any word above was of a later block, then the stamp that was set before it is seen below.
        fence(Ordering::Acquire);
        // Relaxed: it only says whether the words were of this block.
        if self.place[0].load(Ordering::Relaxed) == self.expected { Ok(()) } else { Err(Overwritten) }
    }
}

/// The one who writes the blocks.
#[derive(Debug)]
pub struct BlockWriter<M> {
    blocks: Blocks<M>,
    next: u64,
}

impl<M: Memory> BlockWriter<M> {
    /// The writer of memory that is all zeros and nobody else writes.
    pub(crate) fn new(blocks: Blocks<M>) -> Self {
        Self { blocks, next: 0 }
    }

    /// The blocks.
    #[must_use]
    pub const fn blocks(&self) -> &Blocks<M> {
        &self.blocks
    }

    /// The number of the next block.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Writes the next block and publishes it; returns its number. Only stores, and waits for nobody. Values beyond the size
    /// of a block are left out.
    pub fn write<T: Element>(&mut self, head: BlockHead, values: &[T]) -> u64 {
        let block = self.next;
        let place = self.blocks.place(block);
        let count = values.len().min(self.blocks.places.block_values);
        // Relaxed: the fence below puts it before the words.
        place[0].store(stamp_writing(block), Ordering::Relaxed);
        // Release: who sees one of the words below, and fences, sees at least the stamp above, and knows that the words are
        // no more of the block before.
        fence(Ordering::Release);
        let store = |at: usize, word: u64| place[at].store(word, Ordering::Relaxed);
        store(VALUES_AND_EPOCH, u64::from(head.epoch) << 32 | count as u64);
        store(FIRST_FRAME, head.first_frame);
        store(LOST_FRAMES, head.lost_frames);
        store(CAPTURED, head.captured_ns);
        let words = &place[BLOCK_HEAD_WORDS..];
        let whole = values[..count].chunks_exact(T::PER_WORD);
        let rest = whole.remainder();
        for (word, chunk) in words.iter().zip(whole) {
            word.store(T::pack(chunk), Ordering::Relaxed);
        }
        if !rest.is_empty() {
            words[count / T::PER_WORD].store(T::pack(rest), Ordering::Relaxed);
        }
        // Release: who sees the stamp sees the words.
        place[0].store(stamp_whole(block), Ordering::Release);
        self.next = block + 1;
        // Release: who sees the count finds the block whole.
        self.words()[self.blocks.places.published].store(self.next, Ordering::Release);
        block
    }

    /// Says that no more blocks come.
    pub fn end(&self, state: RingState) {
        set_state(self.words(), self.blocks.places, state);
    }

    fn words(&self) -> &[AtomicU64] {
        self.blocks.memory.words()
    }
}

pub(crate) fn set_state(words: &[AtomicU64], places: Places, state: RingState) {
    let word = match state {
        RingState::Live => LIVE,
        RingState::Ended => ENDED,
        RingState::Replaced => ENDED + 1,
    };
    // Release: who sees the end sees what was published before.
    words[places.state].store(word, Ordering::Release);
}
