//! Where everything lies in the two mappings of a ring, and which headers are accepted.

use super::element::{ElementKind, words_for};

/// Bytes of a word.
const WORD: usize = 8;

/// The first word of a mapping of blocks: `nevring` and a zero.
pub(super) const MAGIC: u64 = u64::from_le_bytes(*b"nevring\0");

/// Changes when anything here does, so that a program of another version refuses the mapping.
pub(super) const LAYOUT_VERSION: u64 = 1;

/// Words before a block's values: stamp, what the block is, and two that are left free, one cache line in all.
pub(super) const BLOCK_HEAD_WORDS: usize = 8;

/// Blocks begin on two cache lines of their own, as processors fetch them in pairs.
const BLOCK_ALIGN_WORDS: usize = 16;

/// Most blocks of a ring. An hour of audio in blocks of 10 ms is more than any history that a robot needs.
pub const BLOCKS_MAX: usize = 1 << 16;

/// Most bytes of a ring: a second of 4K video, and little enough for a board with 1 GiB.
pub const RING_BYTES_MAX: usize = 256 << 20;

/// Words that describe what the blocks carry; what they mean is the business of who makes the ring.
pub const DESCRIPTION_WORDS: usize = 8;

/// Readers that a ring may have at once: one bit each in a word that says who sleeps. A robot has some ten listeners.
pub const SEATS_MAX: usize = 32;

/// Words of a page of 4 KiB, the smallest there is: the header has to fit.
const PAGE_WORDS_MIN: usize = 4096 / WORD;

/// Words of the header, by place. State and count have cache lines of their own: readers look at the state again and again,
/// and the writer stores the count with each block.
pub(super) mod header {
    pub(crate) const MAGIC: usize = 0;
    pub(crate) const VERSION: usize = 1;
    pub(crate) const PAGE_BYTES: usize = 2;
    pub(crate) const TOTAL_BYTES: usize = 3;
    pub(crate) const BLOCKS: usize = 4;
    pub(crate) const BLOCK_VALUES: usize = 5;
    pub(crate) const ELEMENT: usize = 6;
    pub(crate) const GENERATION: usize = 7;
    pub(crate) const DESCRIPTION: usize = 8;
    pub(crate) const STATE: usize = 16;
    pub(crate) const PUBLISHED: usize = 32;
}

/// Words of the mapping that readers may write, by place.
pub(super) mod cursors {
    pub(crate) const MAGIC: usize = 0;
    pub(crate) const VERSION: usize = 1;
    pub(crate) const GENERATION: usize = 2;
    pub(crate) const WAITING: usize = 16;
    pub(crate) const BELL: usize = 32;
    pub(crate) const WAKER: usize = 48;
    pub(crate) const SEATS: usize = 64;
    pub(crate) const SEAT_WORDS: usize = 16;
}

/// What a ring is: as large as this, and carrying that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingShape {
    /// Blocks, 2 to [`BLOCKS_MAX`].
    pub blocks: usize,
    /// Most values of a block, at least 1.
    pub block_values: usize,
    /// What a value is.
    pub element: ElementKind,
    /// Which life of the ring it is; at least 1.
    pub generation: u64,
    /// What the blocks carry.
    pub description: [u64; DESCRIPTION_WORDS],
}

/// Why a ring cannot be so large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShapeError {
    /// Too few or too many blocks.
    Blocks {
        /// How many were asked for.
        given: usize,
    },
    /// A block without values.
    EmptyBlocks,
    /// All of it is larger than [`RING_BYTES_MAX`].
    TooLarge {
        /// Most values of a block that so many blocks leave room for.
        block_values_max: usize,
    },
}

impl std::fmt::Display for ShapeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Blocks { given } => {
                write!(f, "number of blocks is out of range ({given}), 2 to {BLOCKS_MAX} are allowed")
            }
            Self::EmptyBlocks => write!(f, "a block holds no values, at least 1 is needed"),
            Self::TooLarge { block_values_max } => write!(
                f,
                "ring is too large, at most {RING_BYTES_MAX} bytes are allowed; use fewer blocks, or at most \
                 {block_values_max} values in each"
            ),
        }
    }
}

impl std::error::Error for ShapeError {}

/// Where the blocks of a ring lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingLayout {
    /// Bytes of the header: one page.
    pub page_bytes: usize,
    /// Bytes from one block to the next.
    pub stride_bytes: usize,
    /// Bytes of the whole mapping, a number of pages.
    pub total_bytes: usize,
    /// Bytes of the mapping that readers may write.
    pub cursor_bytes: usize,
}

impl RingLayout {
    /// The layout of a ring of `shape` on a machine with pages of `page_bytes`, a power of two and at least 4096.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] with what is allowed.
    pub fn new(shape: &RingShape, page_bytes: usize) -> Result<Self, ShapeError> {
        if !(2..=BLOCKS_MAX).contains(&shape.blocks) {
            return Err(ShapeError::Blocks { given: shape.blocks });
        }
        if shape.block_values == 0 {
            return Err(ShapeError::EmptyBlocks);
        }
        let words_max = (RING_BYTES_MAX - page_bytes) / WORD / shape.blocks;
        // Rounded down to whole lines, so that the rounding up below stays within.
        let words_max = words_max / BLOCK_ALIGN_WORDS * BLOCK_ALIGN_WORDS - BLOCK_HEAD_WORDS;
        if words_for(shape.element, shape.block_values) > words_max {
            let block_values_max = words_max * shape.element.per_word();
            return Err(ShapeError::TooLarge { block_values_max });
        }
        let stride_bytes = stride_words(shape) * WORD;
        let cursor_bytes = (cursors::SEATS + SEATS_MAX * cursors::SEAT_WORDS) * WORD;
        Ok(Self {
            page_bytes,
            stride_bytes,
            total_bytes: (page_bytes + shape.blocks * stride_bytes).next_multiple_of(page_bytes),
            cursor_bytes: cursor_bytes.next_multiple_of(page_bytes),
        })
    }
}

fn stride_words(shape: &RingShape) -> usize {
    let words = BLOCK_HEAD_WORDS + words_for(shape.element, shape.block_values);
    words.next_multiple_of(BLOCK_ALIGN_WORDS)
}

/// Where the steps of a ring find their words. Of a header that was accepted, and never read from the mapping again: what
/// another process writes there later changes nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    pub(crate) published: usize,
    pub(crate) state: usize,
    pub(crate) first: usize,
    pub(crate) stride: usize,
    pub(crate) blocks: usize,
    pub(crate) block_values: usize,
}

impl Places {
    pub(crate) fn new(shape: &RingShape, page_bytes: usize) -> Self {
        Self {
            published: header::PUBLISHED,
            state: header::STATE,
            first: page_bytes / WORD,
            stride: stride_words(shape),
            blocks: shape.blocks,
            block_values: shape.block_values,
        }
    }
}

/// Why a mapping is not taken for a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// It is smaller than a header.
    Truncated {
        /// Its size.
        bytes: u64,
    },
    /// It begins with something else.
    Foreign {
        /// Its first word.
        magic: u64,
    },
    /// A program of another version has made it.
    Version {
        /// The layout's version.
        given: u64,
    },
    /// A number in the header is one that no ring has.
    Field {
        /// Which one.
        field: &'static str,
        /// What it is.
        given: u64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The header speaks of another size than the mapping has.
    Size {
        /// What the mapping has.
        bytes: u64,
        /// What the header needs.
        needed: u64,
    },
    /// The two mappings are not of one ring.
    Mismatch {
        /// Generation of the blocks.
        blocks: u64,
        /// Generation of the cursors.
        cursors: u64,
    },
}

impl std::fmt::Display for HeaderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Truncated { bytes } => {
                write!(f, "mapping is too small for a ring ({bytes} bytes), at least a page is needed")
            }
            Self::Foreign { magic } => {
                write!(f, "mapping is not a ring (it begins with {magic:#018x}, a ring with {MAGIC:#018x})")
            }
            Self::Version { given } => write!(
                f,
                "ring has layout version {given}, this program knows {LAYOUT_VERSION}; use programs of one version"
            ),
            Self::Field { field, given, allowed } => {
                write!(f, "ring's header is damaged: {field} is {given}, allowed is {allowed}")
            }
            Self::Size { bytes, needed } => {
                write!(f, "ring's header is damaged: it speaks of {needed} bytes, the mapping has {bytes}")
            }
            Self::Mismatch { blocks, cursors } => write!(
                f,
                "the mappings are of two rings: generation {blocks} of the blocks, {cursors} of the cursors"
            ),
        }
    }
}

impl std::error::Error for HeaderError {}

/// The words of a header, in their order, without the counts.
pub(super) fn encode(
    shape: &RingShape,
    layout: &RingLayout,
) -> [u64; header::DESCRIPTION + DESCRIPTION_WORDS] {
    let mut words = [0; header::DESCRIPTION + DESCRIPTION_WORDS];
    words[header::MAGIC] = MAGIC;
    words[header::VERSION] = LAYOUT_VERSION;
    words[header::PAGE_BYTES] = layout.page_bytes as u64;
    words[header::TOTAL_BYTES] = layout.total_bytes as u64;
    words[header::BLOCKS] = shape.blocks as u64;
    words[header::BLOCK_VALUES] = shape.block_values as u64;
    words[header::ELEMENT] = shape.element.code();
    words[header::GENERATION] = shape.generation;
    words[header::DESCRIPTION..].copy_from_slice(&shape.description);
    words
}

/// The shape and layout that the header `word(0)`, `word(1)`, … of a mapping of `bytes` describes, if it is one that a
/// ring on this machine can have. `word` is asked for each word once at most, and only for those of the first 4 KiB.
pub(super) fn decode(
    bytes: u64,
    page_bytes: usize,
    word: impl Fn(usize) -> u64,
) -> Result<(RingShape, RingLayout), HeaderError> {
    if bytes < page_bytes as u64 {
        return Err(HeaderError::Truncated { bytes });
    }
    let magic = word(header::MAGIC);
    if magic != MAGIC {
        return Err(HeaderError::Foreign { magic });
    }
    let given = word(header::VERSION);
    if given != LAYOUT_VERSION {
        return Err(HeaderError::Version { given });
    }
    let number = |field, at, allowed, is_allowed: &dyn Fn(u64) -> bool| {
        let given = word(at);
        let number = usize::try_from(given).ok().filter(|_| is_allowed(given));
        number.ok_or(HeaderError::Field { field, given, allowed })
    };
    let pages = page_bytes as u64;
    number("page size", header::PAGE_BYTES, "this machine's", &|given| given == pages)?;
    let total = word(header::TOTAL_BYTES);
    let blocks = number("number of blocks", header::BLOCKS, "2 to 65536", &|given| {
        (2..=BLOCKS_MAX as u64).contains(&given)
    })?;
    let block_values = number("values of a block", header::BLOCK_VALUES, "1 to 268435456", &|given| {
        (1..=RING_BYTES_MAX as u64).contains(&given)
    })?;
    let code = word(header::ELEMENT);
    let element = ElementKind::from_code(code).ok_or(HeaderError::Field {
        field: "kind of value",
        given: code,
        allowed: "1 to 5",
    })?;
    let generation = word(header::GENERATION);
    if generation == 0 {
        let (field, allowed) = ("generation", "at least 1");
        return Err(HeaderError::Field { field, given: generation, allowed });
    }
    let description = std::array::from_fn(|index| word(header::DESCRIPTION + index));
    let shape = RingShape { blocks, block_values, element, generation, description };
    let layout = RingLayout::new(&shape, page_bytes).map_err(|_| HeaderError::Field {
        field: "values of a block",
        given: block_values as u64,
        allowed: "what fits into 256 MiB",
    })?;
    let needed = layout.total_bytes as u64;
    if needed != total || needed != bytes {
        return Err(HeaderError::Size { bytes, needed: if needed == bytes { total } else { needed } });
    }
    Ok((shape, layout))
}

const _: () = assert!(header::PUBLISHED < PAGE_WORDS_MIN && cursors::SEATS < PAGE_WORDS_MIN);
const _: () = assert!(header::DESCRIPTION + DESCRIPTION_WORDS <= header::STATE);
const _: () = assert!(SEATS_MAX <= 64, "a word has a bit for each reader");
