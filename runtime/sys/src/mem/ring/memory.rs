//! The two mappings of a ring.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use memmap2::{MmapOptions, MmapRaw};

use crate::mem::ring::bell::{Bell, Ticket};
use crate::mem::ring::blocks::{BlockWriter, Blocks, Memory, RingState, set_state};
use crate::mem::ring::layout::{
    HeaderError, LAYOUT_VERSION, MAGIC, Places, RingLayout, RingShape, SEATS_MAX, ShapeError, cursors,
    decode, encode,
};
use crate::mem::ring::seats::Seat;
use crate::os::{self, Sealed};

/// Sealed memory, mapped and shared.
#[derive(Debug)]
pub struct Mapped {
    raw: MmapRaw,
}

impl Memory for Mapped {
    fn words(&self) -> &[AtomicU64] {
        let (first, count) = (self.raw.as_ptr().cast::<AtomicU64>(), self.raw.len() / size_of::<AtomicU64>());
        // SAFETY: `first` is the beginning of a page, so it is aligned; `count` words lie in the mapping, which lives as long as
        // `self`; the memory is sealed against shrinking, so every page is there. Other processes write it, which atomics
        // allow; where it may only be read, nothing but relaxed loads is done (`RingMemory::is_own` guards the rest).
        unsafe { slice::from_raw_parts(first, count) }
    }
}

impl Memory for Arc<Mapped> {
    fn words(&self) -> &[AtomicU64] {
        self.as_ref().words()
    }
}

impl Mapped {
    /// The low half of the word at `index` of a mapping that may be written, on which threads can sleep.
    fn half(&self, index: usize) -> &AtomicU32 {
        let word = self.words()[index].as_ptr().cast::<u32>();
        // SAFETY: `word` is the beginning of a word of the mapping, so it is aligned and lives as long as `self`; the words
        // that are used so, bell and waker, are never used as whole words.
        unsafe { AtomicU32::from_ptr(word) }
    }
}

/// Why a ring could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum CreateError {
    /// It would be too large.
    Shape(ShapeError),
    /// The operating system has refused.
    Io(io::Error),
}

/// Why two handles are not those of a ring.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// What is behind them is not a ring.
    Header(HeaderError),
    /// It could be made smaller while it is read, or written by others.
    NotSealed {
        /// Which of the two.
        part: &'static str,
    },
    /// The operating system has refused.
    Io(io::Error),
}

impl std::fmt::Display for CreateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shape(error) => error.fmt(f),
            Self::Io(error) => write!(f, "memory cannot be had ({error}); use a smaller ring"),
        }
    }
}

impl std::error::Error for CreateError {}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header(error) => error.fmt(f),
            Self::NotSealed { part } => write!(
                f,
                "the memory of the {part} is not sealed, so it could vanish while it is read; only sealed memory is taken"
            ),
            Self::Io(error) => write!(f, "its memory cannot be mapped ({error})"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<HeaderError> for OpenError {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

/// A ring, mapped: blocks, cursors, bell.
#[derive(Debug)]
pub struct RingMemory {
    shape: RingShape,
    layout: RingLayout,
    places: Places,
    blocks: Blocks<Arc<Mapped>>,
    mapped: Arc<Mapped>,
    cursors: Mapped,
    handles: [OwnedFd; 2],
    /// Whether the blocks are mapped for writing.
    own: bool,
}

impl RingMemory {
    /// Makes a ring of `shape`, and the one writer that it has. `label` shows in `/proc/PID/maps`. All of its pages are there
    /// from the beginning, so that writing a block faults none in.
    ///
    /// # Errors
    ///
    /// [`CreateError`].
    pub fn create(label: &str, shape: RingShape) -> Result<(Self, BlockWriter<Arc<Mapped>>), CreateError> {
        let layout = RingLayout::new(&shape, os::page_bytes()).map_err(CreateError::Shape)?;
        Self::create_laid_out(label, shape, layout).map_err(CreateError::Io)
    }

    fn create_laid_out(
        label: &str,
        shape: RingShape,
        layout: RingLayout,
    ) -> io::Result<(Self, BlockWriter<Arc<Mapped>>)> {
        let map = |bytes: usize, sealed| -> io::Result<_> {
            let handle = os::anonymous_memory(label, bytes as u64)?;
            let raw = MmapOptions::new().len(bytes).populate().map_raw(&handle)?;
            // After the mapping, which the second kind of seal would refuse; before anybody else has the handle.
            os::seal(handle.as_fd(), sealed)?;
            Ok((Mapped { raw }, handle))
        };
        let (mapped, data_handle) = map(layout.total_bytes, Sealed::SizeAndFutureWrites)?;
        let (cursors, cursors_handle) = map(layout.cursor_bytes, Sealed::Size)?;
        // Relaxed, all of them: another thread or process gets the ring by a step that orders them.
        for (word, value) in mapped.words().iter().zip(encode(&shape, &layout)) {
            word.store(value, Ordering::Relaxed);
        }
        for (at, value) in [
            (cursors::MAGIC, MAGIC),
            (cursors::VERSION, LAYOUT_VERSION),
            (cursors::GENERATION, shape.generation),
        ] {
            cursors.words()[at].store(value, Ordering::Relaxed);
        }
        let (mapped, places) = (Arc::new(mapped), Places::new(&shape, layout.page_bytes));
        let blocks = || Blocks::new(Arc::clone(&mapped), places);
        let writer = BlockWriter::new(blocks());
        let handles = [data_handle, cursors_handle];
        Ok((Self { shape, layout, places, blocks: blocks(), mapped, cursors, handles, own: true }, writer))
    }

    /// Maps a ring that another process has made: its blocks for reading, its cursors for writing.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if it is anything else, whatever its bytes are.
    pub fn open(blocks: OwnedFd, cursors: OwnedFd) -> Result<Self, OpenError> {
        let page_bytes = os::page_bytes();
        let check = |handle: BorrowedFd<'_>, sealed, part| -> Result<u64, OpenError> {
            // First: then the size cannot change any more.
            if !os::is_sealed(handle, sealed)? {
                return Err(OpenError::NotSealed { part });
            }
            let bytes = os::handle_bytes(handle)?;
            let header = page_bytes as u64;
            if bytes < header { Err(HeaderError::Truncated { bytes }.into()) } else { Ok(bytes) }
        };
        let bytes = check(blocks.as_fd(), Sealed::SizeAndFutureWrites, "blocks")?;
        let cursor_bytes = check(cursors.as_fd(), Sealed::Size, "cursors")?;
        let header = Mapped { raw: MmapOptions::new().len(page_bytes).map_raw_read_only(&blocks)? };
        // Relaxed, here and below: a load that acquires may fault in memory that may only be read, and the header was
        // written before the handle came here.
        let (shape, layout) =
            decode(bytes, page_bytes, |index| header.words()[index].load(Ordering::Relaxed))?;
        if cursor_bytes != layout.cursor_bytes as u64 {
            return Err(HeaderError::Size { bytes: cursor_bytes, needed: layout.cursor_bytes as u64 }.into());
        }
        let mapped = MmapOptions::new().len(layout.total_bytes).map_raw_read_only(&blocks)?;
        let seats = Mapped { raw: MmapOptions::new().len(layout.cursor_bytes).map_raw(&cursors)? };
        let word = |at: usize| seats.words()[at].load(Ordering::Relaxed);
        if word(cursors::MAGIC) != MAGIC {
            return Err(HeaderError::Foreign { magic: word(cursors::MAGIC) }.into());
        }
        if word(cursors::VERSION) != LAYOUT_VERSION {
            return Err(HeaderError::Version { given: word(cursors::VERSION) }.into());
        }
        let (ours, theirs) = (shape.generation, word(cursors::GENERATION));
        if ours != theirs {
            return Err(HeaderError::Mismatch { blocks: ours, cursors: theirs }.into());
        }
        let (mapped, places) = (Arc::new(Mapped { raw: mapped }), Places::new(&shape, page_bytes));
        let handles = [blocks, cursors];
        let blocks = Blocks::new(Arc::clone(&mapped), places);
        Ok(Self { shape, layout, places, blocks, mapped, cursors: seats, handles, own: false })
    }

    /// What the ring is.
    #[must_use]
    pub const fn shape(&self) -> &RingShape {
        &self.shape
    }

    /// How large it is.
    #[must_use]
    pub const fn layout(&self) -> &RingLayout {
        &self.layout
    }

    /// Its blocks, for reading.
    #[must_use]
    pub const fn blocks(&self) -> &Blocks<Arc<Mapped>> {
        &self.blocks
    }

    /// Handles on the blocks and on the cursors: what [`Self::open`] takes in another process.
    #[must_use]
    pub fn handles(&self) -> [BorrowedFd<'_>; 2] {
        [self.handles[0].as_fd(), self.handles[1].as_fd()]
    }

    /// Whether this process has made the ring.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        self.own
    }

    /// Says how the ring stands; of one that another process has made, only that process says it.
    pub fn set_state(&self, state: RingState) {
        if self.own {
            set_state(self.mapped.words(), self.places, state);
        }
    }

    /// The seat at `index`, below [`SEATS_MAX`].
    #[must_use]
    pub fn seat(&self, index: usize) -> Seat<'_> {
        assert!(index < SEATS_MAX, "a ring has {SEATS_MAX} seats");
        let first = cursors::SEATS + index * cursors::SEAT_WORDS;
        Seat::new(&self.cursors.words()[first..first + cursors::SEAT_WORDS])
    }

    /// The bell of the readers.
    #[must_use]
    pub fn bell(&self) -> Bell<'_> {
        Bell::new(&self.cursors.words()[cursors::WAITING], self.cursors.half(cursors::BELL))
    }

    /// Sleeps until the bell rings, at most for `timeout`; does not sleep if it has rung since the ticket was taken.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn sleep(&self, ticket: Ticket, timeout: Duration) -> io::Result<()> {
        os::sleep_on(self.cursors.half(cursors::BELL), ticket.0, timeout)
    }

    /// Wakes all readers that sleep.
    pub fn wake_readers(&self) {
        self.bell().ring();
        // The word is there, which is all that the call needs.
        let _ = os::wake_all(self.cursors.half(cursors::BELL));
    }

    /// The word on which the thread sleeps that wakes readers: 1 while it sleeps.
    #[must_use]
    pub fn waker_word(&self) -> &AtomicU32 {
        self.cursors.half(cursors::WAKER)
    }
}
