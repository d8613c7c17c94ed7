//! A ring: what its writer and its readers share.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nevil_sys::mem::ring::{BlockHead, Element, RingMemory, RingState, SeatCounts};
use nevil_sys::os;
use serde::Serialize;

use crate::clock::Time;
use crate::limits::{RING_NAME_BYTES_MAX, RING_READERS_MAX};
use crate::ring::error::{ReadError, RingError};
use crate::ring::reader::{RingReader, Start};
use crate::ring::spec::{Carries, RingSpec, read_description};
use crate::ring::writer::RingWriter;

/// What is known of a block besides its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its number in this life of the ring, from 0.
    pub number: u64,
    /// How many values it has.
    pub values: usize,
    /// Counts changes of what the values mean, as muting: audio of one epoch does not go on in the next.
    pub epoch: u32,
    /// Index of its first frame since the ring began; lost frames count.
    pub first_frame: u64,
    /// Frames that were lost right before it; 0 if it goes on where the one before has ended.
    pub lost_frames: u64,
    /// When its first frame was captured.
    pub captured: Time,
}

impl Block {
    pub(super) const fn new(number: u64, values: usize, head: BlockHead) -> Self {
        Self {
            number,
            values,
            epoch: head.epoch,
            first_frame: head.first_frame,
            lost_frames: head.lost_frames,
            captured: Time::from_ns(head.captured_ns),
        }
    }
}

/// A ring at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct RingStatus {
    /// Its name.
    pub name: String,
    /// The node that writes it, if one has declared to.
    pub writer: Option<String>,
    /// Nodes that have declared to read it.
    pub declared_readers: Vec<String>,
    /// Whether it can be read now.
    pub open: bool,
    /// What it carries, in words.
    pub carries: String,
    /// The type of its values.
    pub element: &'static str,
    /// Which life of it this is; 0 if there was none so far.
    pub generation: u64,
    /// How many blocks it has.
    pub blocks: usize,
    /// Most values of a block.
    pub block_values: usize,
    /// Bytes of its memory.
    pub bytes: usize,
    /// Blocks that were published in this life.
    pub published: u64,
    /// Who reads it now.
    pub readers: Vec<RingReaderStatus>,
}

/// A reader of a ring at one moment, as it says itself.
#[derive(Clone, Debug, Serialize)]
pub struct RingReaderStatus {
    /// Who it is.
    pub name: String,
    /// The block that it wants next.
    pub next: u64,
    /// Blocks that it has read.
    pub read: u64,
    /// Blocks that were overwritten before it had read them.
    pub lapped: u64,
    /// Whether it sleeps until there is a block.
    pub waiting: bool,
}

/// A ring that this process has made, or that was handed to it.
pub struct Ring {
    name: Arc<str>,
    hash: u64,
    carries: Carries,
    pub(super) memory: RingMemory,
    /// Who sits where; of a ring that another process has made, nobody.
    names: Mutex<[Option<Arc<str>>; RING_READERS_MAX]>,
    /// Can be read without waiting once the writer's process has ended; of a ring of this process there is none.
    life: Option<OwnedFd>,
    /// Whether that was seen.
    dead: AtomicBool,
}

impl Ring {
    /// Makes the ring `name`, and the one writer that it has. `generation` is at least 1, and larger than that of any ring of
    /// that name before.
    ///
    /// Nothing of it has a name in a file system: it is gone when the last process that has it open ends, in whichever way.
    ///
    /// # Errors
    ///
    /// [`RingError`] if it would be too large, or there is no memory.
    pub fn create<T: Element>(
        name: &str,
        spec: &RingSpec<T>,
        generation: u64,
    ) -> Result<RingWriter<T>, RingError> {
        check_name(name)?;
        let name: Arc<str> = name.into();
        let shape = spec.shape(&name, generation.max(1));
        let (memory, writer) = RingMemory::create(&name, shape)
            .map_err(|source| RingError::Create { ring: Arc::clone(&name), source })?;
        let ring = Arc::new(Self::new(name, memory, None)?);
        RingWriter::new(ring, writer, spec.waking)
    }

    /// The ring `name` that another process has made, by the handles on its blocks and cursors that came from there. `life` can
    /// be read without waiting once that process has ended: the socket through which the handles came, a pidfd.
    ///
    /// # Errors
    ///
    /// [`RingError`] if it is anything else, whatever its bytes are.
    pub fn open(name: &str, handles: [OwnedFd; 2], life: OwnedFd) -> Result<Arc<Self>, RingError> {
        check_name(name)?;
        let name: Arc<str> = name.into();
        let [blocks, cursors] = handles;
        let memory = RingMemory::open(blocks, cursors)
            .map_err(|source| RingError::Open { ring: Arc::clone(&name), source })?;
        Ok(Arc::new(Self::new(name, memory, Some(life))?))
    }

    fn new(name: Arc<str>, memory: RingMemory, life: Option<OwnedFd>) -> Result<Self, RingError> {
        let description = &memory.shape().description;
        let Some((hash, carries)) = read_description(description) else {
            return Err(RingError::Unknown { ring: name, kind: description[1] });
        };
        if hash != super::spec::name_hash(&name) {
            return Err(RingError::OtherName { ring: name });
        }
        let names = Mutex::new(std::array::from_fn(|_| None));
        Ok(Self { name, hash, carries, memory, names, life, dead: AtomicBool::new(false) })
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Which life of the ring it is.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.memory.shape().generation
    }

    /// What its blocks carry.
    #[must_use]
    pub const fn carries(&self) -> &Carries {
        &self.carries
    }

    /// Most values of a block.
    #[must_use]
    pub const fn block_values(&self) -> usize {
        self.memory.shape().block_values
    }

    /// The type of its values.
    #[must_use]
    pub const fn element(&self) -> &'static str {
        self.memory.shape().element.name()
    }

    /// Blocks that were published so far.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.memory.blocks().published()
    }

    /// Handles on its blocks and its cursors, for [`Self::open`] in another process.
    #[must_use]
    pub fn handles(&self) -> [BorrowedFd<'_>; 2] {
        self.memory.handles()
    }

    /// A reader called `who` in this process, of a ring of this process.
    ///
    /// # Errors
    ///
    /// [`RingError::Element`] if the ring carries other values, [`RingError::Full`] if it has [`RING_READERS_MAX`] readers.
    pub fn reader<T: Element>(self: &Arc<Self>, who: &str, start: Start) -> Result<RingReader<T>, RingError> {
        RingReader::new(self.seat(who)?, start)
    }

    /// A place for one reader, here or, by its number, in another process; given back when it is dropped.
    ///
    /// # Errors
    ///
    /// [`RingError::Full`].
    pub fn seat(self: &Arc<Self>, who: &str) -> Result<RingSeat, RingError> {
        let free = (0..RING_READERS_MAX).find(|index| self.memory.seat(*index).take());
        let index = free.ok_or_else(|| RingError::Full { ring: Arc::clone(&self.name) })?;
        self.names()[index] = Some(who.into());
        Ok(RingSeat { ring: Arc::clone(self), index, given: false })
    }

    /// The seat `index` that another process has taken for this one.
    ///
    /// # Errors
    ///
    /// [`RingError::Seat`] if there is none of that number.
    pub fn given_seat(self: &Arc<Self>, index: usize) -> Result<RingSeat, RingError> {
        if index >= RING_READERS_MAX {
            return Err(RingError::Seat { ring: Arc::clone(&self.name), given: index });
        }
        Ok(RingSeat { ring: Arc::clone(self), index, given: true })
    }

    /// The ring now; who writes and reads it by declaration is for the registry to say.
    #[must_use]
    pub fn status(&self) -> RingStatus {
        // A copy: whoever takes a seat meanwhile does not wait for the rest.
        let names = self.names().clone();
        let sleepers = self.memory.bell().sleepers();
        let reader = |(index, name): (usize, &Option<Arc<str>>)| {
            let SeatCounts { next, read, lapped } = self.memory.seat(index).counts()?;
            let name = name.as_ref()?.to_string();
            Some(RingReaderStatus { name, next, read, lapped, waiting: sleepers & 1 << index != 0 })
        };
        let shape = self.memory.shape();
        RingStatus {
            name: self.name.to_string(),
            writer: None,
            declared_readers: Vec::new(),
            open: self.memory.blocks().state() == RingState::Live,
            carries: self.carries.to_string(),
            element: self.element(),
            generation: shape.generation,
            blocks: shape.blocks,
            block_values: shape.block_values,
            bytes: self.memory.layout().total_bytes + self.memory.layout().cursor_bytes,
            published: self.published(),
            readers: names.iter().enumerate().filter_map(reader).collect(),
        }
    }

    pub(super) const fn hash(&self) -> u64 {
        self.hash
    }

    /// Says how it stands to all readers, and wakes them.
    pub(super) fn end(&self, state: RingState) {
        self.memory.set_state(state);
        self.memory.wake_readers();
    }

    /// Why no further block will come, if that is so.
    pub(super) fn ended(&self) -> Option<ReadError> {
        let ring = || Arc::clone(&self.name);
        match self.memory.blocks().state() {
            RingState::Replaced => Some(ReadError::Replaced { ring: ring() }),
            RingState::Ended => Some(ReadError::Ended { ring: ring() }),
            // Relaxed: the blocks of a process that has ended were all stored before its end was seen.
            RingState::Live => self.dead.load(Ordering::Relaxed).then(|| ReadError::Ended { ring: ring() }),
        }
    }

    /// Looks whether the writer's process lives. One system call, for a ring of another process.
    pub(super) fn look_for_life(&self) {
        let Some(life) = &self.life else { return };
        // A look that is interrupted is repeated at the next one.
        if os::wait_readable(life.as_fd(), Some(Duration::ZERO)).unwrap_or(false) {
            // Release: see `ended`.
            self.dead.store(true, Ordering::Release);
        }
    }

    fn names(&self) -> MutexGuard<'_, [Option<Arc<str>>; RING_READERS_MAX]> {
        // No step under this lock panics half-way.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_/".contains(&byte);
    (1..=RING_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_allowed)
}

fn check_name(name: &str) -> Result<(), RingError> {
    if is_name(name) { Ok(()) } else { Err(RingError::Name { given: name.to_owned() }) }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ring({}, generation {})", self.name, self.generation())
    }
}

/// A place for one reader of a ring. Dropping it gives it back, if it was taken in this process.
#[derive(Debug)]
pub struct RingSeat {
    ring: Arc<Ring>,
    index: usize,
    given: bool,
}

impl RingSeat {
    /// Its number, 0 to [`RING_READERS_MAX`] − 1.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// The ring.
    #[must_use]
    pub const fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }
}

impl Drop for RingSeat {
    fn drop(&mut self) {
        self.ring.memory.bell().withdraw(self.index);
        if !self.given {
            self.ring.memory.seat(self.index).leave();
        }
    }
}
