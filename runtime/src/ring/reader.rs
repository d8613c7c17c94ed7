//! Who reads a ring.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use nevil_msgs::BlockRef;
use nevil_sys::mem::ring::{Element, Missing, OpenBlock, SeatCounts};

use crate::clock::{Clock, Time};
use crate::limits::{RING_LOOK_EVERY, RING_WAIT_SPINS};
use crate::ring::error::{ReadError, RingError};
use crate::ring::shared::{Block, Ring, RingSeat};
use crate::ring::view::RingView;
use crate::ring::waker;

/// Where a reader begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// With the block that is published next.
    #[default]
    Now,
    /// With the first block captured within this time before the newest, as far as the ring still has it.
    Ago(Duration),
    /// So many blocks back, as far as the ring still has them.
    Blocks(u64),
    /// With the oldest block that the ring still has.
    Oldest,
}

/// What became of the blocks that were published since a reader began: `read + lapped` of them, and those that it has not
/// come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReaderCounts {
    /// The block that it began with.
    pub first: u64,
    /// Blocks that it has read whole.
    pub read: u64,
    /// Blocks that were overwritten before it had read them.
    pub lapped: u64,
    /// Blocks that it could read now.
    pub ahead: u64,
}

/// Reads a ring, block after block. Readers know nothing of each other, and the writer of none.
#[derive(Debug)]
pub struct RingReader<T> {
    seat: RingSeat,
    clock: Clock,
    first: u64,
    counts: SeatCounts,
    element: PhantomData<fn() -> T>,
}

impl<T: Element> RingReader<T> {
    /// The reader at `seat`: of this process, or given by the one that has made the ring.
    ///
    /// # Errors
    ///
    /// [`RingError::Element`] if the ring carries other values.
    pub fn new(seat: RingSeat, start: Start) -> Result<Self, RingError> {
        let ring = seat.ring();
        if ring.memory.shape().element != T::KIND {
            let (carried, wanted) = (ring.element(), T::KIND.name());
            return Err(RingError::Element { ring: Arc::clone(ring.name()), carried, wanted });
        }
        let first = first_block(ring, start);
        let counts = SeatCounts { next: first, ..SeatCounts::default() };
        ring.memory.seat(seat.index()).say(counts);
        Ok(Self { seat, clock: Clock::monotonic(), first, counts, element: PhantomData })
    }

    /// The ring that it reads.
    #[must_use]
    pub const fn ring(&self) -> &Arc<Ring> {
        self.seat.ring()
    }

    /// What became of the blocks since it began.
    #[must_use]
    pub fn counts(&self) -> ReaderCounts {
        let SeatCounts { next, read, lapped } = self.counts;
        ReaderCounts { first: self.first, read, lapped, ahead: self.ring().published().saturating_sub(next) }
    }

    /// Copies the next block into `values`, frame by frame, and says what it is; `None` if there is no new one. Never blocks.
    ///
    /// # Errors
    ///
    /// [`ReadError::Lapped`] if the writer has overwritten it: the reader goes on half a ring behind the newest block, and
    /// what is in `values` is worth nothing. [`ReadError::Ended`] and [`ReadError::Replaced`] when all blocks of a ring that
    /// has ended are read. [`ReadError::TooSmall`]: nothing is lost, and the next read is of the same block.
    #[inline]
    pub fn read(&mut self, values: &mut [T]) -> Result<Option<Block>, ReadError> {
        let next = self.counts.next;
        let open = match open_next(self.seat.ring(), next) {
            Ok(open) => open,
            Err(missing) => return self.cursor().missing(missing).map(|()| None),
        };
        let (needed, given) = (open.len(), values.len());
        open.copy(&mut values[..given.min(needed)]);
        let (head, finished) = (open.head(), open.finish());
        // Before the length is believed: of a block that is being overwritten it is another one's.
        if finished.is_err() {
            return Err(self.cursor().lapped());
        }
        if given < needed {
            return Err(ReadError::TooSmall { ring: Arc::clone(self.ring().name()), given, needed });
        }
        let cursor = self.cursor();
        cursor.took();
        Ok(Some(Block::new(next, needed, head)))
    }

    /// The next block, in place; `None` if there is no new one. Never blocks.
    ///
    /// # Errors
    ///
    /// As for [`Self::read`].
    pub fn view(&mut self) -> Result<Option<RingView<'_, T>>, ReadError> {
        let next = self.counts.next;
        let (seat, counts) = (&self.seat, &mut self.counts);
        let ring: &Ring = seat.ring();
        match open_next(ring, next) {
            Err(missing) => Cursor { seat, counts }.missing(missing).map(|()| None),
            Ok(open) => {
                let block = Block::new(next, open.len(), open.head());
                let cursor = Some(Cursor { seat, counts });
                Ok(Some(RingView { ring, open, block, cursor, element: PhantomData }))
            }
        }
    }

    /// Waits until there is a block to read, at most for `within`; says whether there is one. Sleeps without taking a core.
    ///
    /// # Errors
    ///
    /// [`ReadError::Ended`] and [`ReadError::Replaced`] as for [`Self::read`]. That the writer's process has died is found
    /// out within [`RING_LOOK_EVERY`].
    pub fn wait(&mut self, within: Duration) -> Result<bool, ReadError> {
        if self.is_ready()? {
            return Ok(true);
        }
        for _ in 0..RING_WAIT_SPINS {
            std::hint::spin_loop();
            if self.is_there() {
                return Ok(true);
            }
        }
        let deadline = self.clock.now() + within;
        loop {
            let left = deadline.since(self.clock.now());
            if left.is_zero() {
                return self.is_ready();
            }
            self.sleep(left.min(RING_LOOK_EVERY))?;
            if self.is_ready()? {
                return Ok(true);
            }
            self.ring().look_for_life();
        }
    }

    /// [`Self::wait`], then [`Self::read`]; `None` if there was no block in time.
    ///
    /// # Errors
    ///
    /// As for [`Self::read`].
    pub fn read_within(&mut self, within: Duration, values: &mut [T]) -> Result<Option<Block>, ReadError> {
        if self.wait(within)? { self.read(values) } else { Ok(None) }
    }

    /// The block that `block` refers to, in place, whichever this reader comes to next; it is not counted.
    ///
    /// # Errors
    ///
    /// [`ReadError::Lapped`] if it was overwritten, [`ReadError::Replaced`] if it is of an earlier or later life of the ring,
    /// [`ReadError::OtherRing`], [`ReadError::NotYet`].
    pub fn open(&self, block: &BlockRef) -> Result<RingView<'_, T>, ReadError> {
        let ring = self.ring();
        let name = || Arc::clone(ring.name());
        if block.ring != ring.hash() {
            return Err(ReadError::OtherRing { ring: name() });
        }
        if block.generation != ring.generation() {
            return Err(ReadError::Replaced { ring: name() });
        }
        let open = ring.memory.blocks().open(block.block).map_err(|missing| match missing {
            Missing::NotYet => ReadError::NotYet { ring: name(), block: block.block },
            Missing::Lapped => ReadError::Lapped { ring: name(), blocks: 1 },
        })?;
        let block = Block::new(block.block, open.len(), open.head());
        Ok(RingView { ring, open, block, cursor: None, element: PhantomData })
    }

    /// Copies the block that `block` refers to into `values`; it is not counted.
    ///
    /// # Errors
    ///
    /// As for [`Self::open`], and [`ReadError::TooSmall`].
    pub fn read_block(&self, block: &BlockRef, values: &mut [T]) -> Result<Block, ReadError> {
        let view = self.open(block)?;
        let (needed, given) = (view.len(), values.len());
        if given < needed {
            return Err(ReadError::TooSmall { ring: Arc::clone(self.ring().name()), given, needed });
        }
        view.open.copy(values);
        view.finish()
    }

    /// Whether a read has something to say, be it that it was lapped.
    fn is_ready(&self) -> Result<bool, ReadError> {
        if self.is_there() {
            return Ok(true);
        }
        match self.ring().ended() {
            None => Ok(false),
            Some(_) if self.is_there() => Ok(true),
            Some(end) => Err(end),
        }
    }

    fn is_there(&self) -> bool {
        !matches!(open_next(self.ring(), self.counts.next), Err(Missing::NotYet))
    }

    fn sleep(&self, at_most: Duration) -> Result<(), ReadError> {
        let memory = &self.ring().memory;
        let bell = memory.bell();
        let ticket = bell.announce(self.seat.index());
        waker::call(memory);
        let slept = if self.is_there() || self.ring().ended().is_some() {
            Ok(())
        } else {
            memory.sleep(ticket, at_most)
        };
        bell.withdraw(self.seat.index());
        slept.map_err(|error| ReadError::Wait {
            ring: Arc::clone(self.ring().name()),
            text: error.to_string(),
        })
    }

    fn cursor(&mut self) -> Cursor<'_> {
        Cursor { seat: &self.seat, counts: &mut self.counts }
    }
}

/// How far a reader is, while it decides about its next block.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    seat: &'a RingSeat,
    counts: &'a mut SeatCounts,
}

impl Cursor<'_> {
    /// The next block was read whole.
    pub(super) fn took(self) {
        self.counts.read += 1;
        self.counts.next += 1;
        self.say();
    }

    /// The next block was overwritten: goes on behind it.
    pub(super) fn lapped(self) -> ReadError {
        let ring = self.seat.ring();
        let to = ring.memory.blocks().after_lap(self.counts.next);
        let blocks = to - self.counts.next;
        self.counts.lapped += blocks;
        self.counts.next = to;
        self.say();
        ReadError::Lapped { ring: Arc::clone(ring.name()), blocks }
    }

    /// The next block cannot be read: it is to come, or it never will, or it was overwritten.
    fn missing(self, missing: Missing) -> Result<(), ReadError> {
        let ring = self.seat.ring();
        match (missing, ring.ended()) {
            (Missing::Lapped, _) => Err(self.lapped()),
            (Missing::NotYet, None) => Ok(()),
            // What was published before the end is read before the end is told; the end was not seen before this look.
            (Missing::NotYet, Some(end)) => match open_next(ring, self.counts.next) {
                Err(Missing::NotYet) => Err(end),
                Ok(_) | Err(Missing::Lapped) => Ok(()),
            },
        }
    }

    fn say(&self) {
        self.seat.ring().memory.seat(self.seat.index()).say(*self.counts);
    }
}

/// The block that a reader polls for. It looks at the count, which is written once a block; whoever looks at the block that
/// is being written takes its first line from the writer again and again.
fn open_next(ring: &Ring, next: u64) -> Result<OpenBlock<'_>, Missing> {
    let blocks = ring.memory.blocks();
    if blocks.published() > next { blocks.open(next) } else { Err(Missing::NotYet) }
}

/// The first block of a reader that begins at `start`.
fn first_block(ring: &Ring, start: Start) -> u64 {
    let blocks = ring.memory.blocks();
    let (published, oldest) = (blocks.published(), blocks.oldest());
    let captured = |block: u64| blocks.open(block).ok().map(|open| Time::from_ns(open.head().captured_ns));
    match start {
        Start::Now => published,
        Start::Oldest => oldest,
        Start::Blocks(back) => published.saturating_sub(back).max(oldest),
        Start::Ago(ago) => {
            let Some(newest) = published.checked_sub(1).and_then(captured) else { return published };
            let is_within = |block: &u64| captured(*block).is_some_and(|time| newest.since(time) <= ago);
            (oldest..published).rev().take_while(is_within).last().unwrap_or(published)
        }
    }
}
