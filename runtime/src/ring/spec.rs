//! What a ring is to be.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use nevil_msgs::Fnv1a;
use nevil_sys::mem::ring::{DESCRIPTION_WORDS, Element, RingShape};

/// How audio lies in blocks. Samples stand frame by frame: left, right, left, right, …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioShape {
    /// Frames in a second, at least 1.
    pub rate_hz: u32,
    /// Samples of a frame, at least 1.
    pub channels: u32,
    /// Frames of a block, at least 1; the writer may give fewer.
    pub frames_per_block: u32,
}

/// How pictures lie in blocks: one picture a block, row by row, the channels of a pixel side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureShape {
    /// Pixels of a row, at least 1.
    pub width: u32,
    /// Rows, at least 1.
    pub height: u32,
    /// Values of a pixel, at least 1.
    pub channels: u32,
    /// Time between two pictures, or zero if they come at any time.
    pub every: Duration,
}

/// What the blocks of a ring carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Carries {
    /// Values, each of which is a frame.
    Values,
    /// Audio.
    Audio(AudioShape),
    /// Pictures, each of which is a frame.
    Pictures(PictureShape),
}

impl Carries {
    /// Values of a frame.
    #[must_use]
    pub const fn values_per_frame(&self) -> usize {
        match self {
            Self::Values => 1,
            Self::Audio(shape) => shape.channels as usize,
            Self::Pictures(shape) => shape.width as usize * shape.height as usize * shape.channels as usize,
        }
    }

    /// Time between two full blocks, if it is known.
    #[must_use]
    pub fn period(&self) -> Option<Duration> {
        match self {
            Self::Values => None,
            Self::Audio(shape) => {
                let ns = u64::from(shape.frames_per_block) * 1_000_000_000 / u64::from(shape.rate_hz.max(1));
                (ns > 0).then(|| Duration::from_nanos(ns))
            }
            Self::Pictures(shape) => (!shape.every.is_zero()).then_some(shape.every),
        }
    }
}

impl fmt::Display for Carries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values => f.write_str("values"),
            Self::Audio(AudioShape { rate_hz, channels, frames_per_block }) => {
                write!(f, "audio, {rate_hz} Hz, {channels} channels, {frames_per_block} frames a block")
            }
            Self::Pictures(PictureShape { width, height, channels, .. }) => {
                write!(f, "pictures, {width} × {height}, {channels} channels")
            }
        }
    }
}

/// Who wakes readers that wait for a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Waking {
    /// The writer, after each block. It looks at one word, and makes a system call only when somebody sleeps. For writers
    /// that are ordinary threads.
    #[default]
    ByWriter,
    /// A thread of the ring, which looks when a block is due. The writer only stores. For writers that may make no system
    /// call, as the callback of a sound card. Readers are woken later: by a microsecond where blocks come in time, by up to
    /// a period where they do not.
    ByHelper,
}

/// What a ring of values of type `T` is to be.
#[derive(Clone, Copy, Debug)]
pub struct RingSpec<T> {
    pub(super) blocks: usize,
    pub(super) block_values: usize,
    pub(super) carries: Carries,
    pub(super) waking: Waking,
    element: PhantomData<fn() -> T>,
}

impl<T: Element> RingSpec<T> {
    /// `blocks` blocks of at most `block_values` values each.
    #[must_use]
    pub const fn values(block_values: usize, blocks: usize) -> Self {
        Self::new(block_values, blocks, Carries::Values)
    }

    /// `blocks` blocks of audio. A reader may fall behind by that many blocks before it is lapped.
    #[must_use]
    pub const fn audio(shape: AudioShape, blocks: usize) -> Self {
        let block_values = shape.frames_per_block as usize * shape.channels as usize;
        Self::new(block_values, blocks, Carries::Audio(shape))
    }

    /// `blocks` pictures.
    #[must_use]
    pub const fn pictures(shape: PictureShape, blocks: usize) -> Self {
        let carries = Carries::Pictures(shape);
        Self::new(carries.values_per_frame(), blocks, carries)
    }

    const fn new(block_values: usize, blocks: usize, carries: Carries) -> Self {
        Self { blocks, block_values, carries, waking: Waking::ByWriter, element: PhantomData }
    }

    /// The same, with readers woken so.
    #[must_use]
    pub const fn waking(mut self, waking: Waking) -> Self {
        self.waking = waking;
        self
    }

    pub(super) fn shape(&self, name: &str, generation: u64) -> RingShape {
        RingShape {
            blocks: self.blocks,
            block_values: self.block_values,
            element: T::KIND,
            generation,
            description: describe(name, &self.carries),
        }
    }
}

const VALUES: u64 = 1;
const AUDIO: u64 = 2;
const PICTURES: u64 = 3;

/// The number by which block references name the ring `name`.
pub(super) fn name_hash(name: &str) -> u64 {
    let mut hash = Fnv1a::new();
    hash.write(name.as_bytes());
    hash.finish()
}

fn describe(name: &str, carries: &Carries) -> [u64; DESCRIPTION_WORDS] {
    let numbers: [u64; 5] = match carries {
        Carries::Values => [VALUES, 0, 0, 0, 0],
        Carries::Audio(shape) => {
            [AUDIO, shape.rate_hz.into(), shape.channels.into(), shape.frames_per_block.into(), 0]
        }
        Carries::Pictures(shape) => {
            let every = u64::try_from(shape.every.as_nanos()).unwrap_or(u64::MAX);
            [PICTURES, shape.width.into(), shape.channels.into(), shape.height.into(), every]
        }
    };
    let [kind, first, channels, second, every] = numbers;
    [name_hash(name), kind, first, channels, second, every, 0, 0]
}

/// The hash of the ring's name and what it carries, if the words say something that a ring can carry.
pub(super) fn read_description(words: &[u64; DESCRIPTION_WORDS]) -> Option<(u64, Carries)> {
    let [hash, kind, first, channels, second, every, ..] = *words;
    // Pictures of more values than that would not fit into any ring; the product below cannot overflow.
    let number = |word: u64| u32::try_from(word).ok().filter(|number| (1..1 << 20).contains(number));
    let carries = match kind {
        VALUES => Carries::Values,
        AUDIO => Carries::Audio(AudioShape {
            rate_hz: u32::try_from(first).ok().filter(|rate| *rate > 0)?,
            channels: number(channels)?,
            frames_per_block: u32::try_from(second).ok().filter(|frames| *frames > 0)?,
        }),
        PICTURES => Carries::Pictures(PictureShape {
            width: number(first)?,
            height: number(second)?,
            channels: number(channels)?,
            every: Duration::from_nanos(every),
        }),
        _ => return None,
    };
    Some((hash, carries))
}
