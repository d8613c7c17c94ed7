//! The one who writes a ring.

use std::marker::PhantomData;
use std::sync::Arc;

use nevil_msgs::BlockRef;
use nevil_sys::mem::ring::{BlockHead, BlockWriter, Element, Mapped, RingState};

use crate::clock::Time;
use crate::ring::error::{RingError, WriteError};
use crate::ring::shared::Ring;
use crate::ring::spec::Waking;
use crate::ring::waker::Waker;

/// The one who writes a ring. Never waits for a reader, and never notices one.
///
/// Dropping it ends the ring: readers read what is there, and are told so then.
#[derive(Debug)]
pub struct RingWriter<T> {
    blocks: BlockWriter<Arc<Mapped>>,
    ring: Arc<Ring>,
    values_per_frame: usize,
    next_frame: u64,
    lost_frames: u64,
    epoch: u32,
    wakes: bool,
    /// Held for its end.
    _waker: Option<Waker>,
    element: PhantomData<fn(T)>,
}

impl<T: Element> RingWriter<T> {
    pub(super) fn new(
        ring: Arc<Ring>,
        blocks: BlockWriter<Arc<Mapped>>,
        waking: Waking,
    ) -> Result<Self, RingError> {
        let waker = match waking {
            Waking::ByWriter => None,
            Waking::ByHelper => Some(Waker::start(&ring)?),
        };
        Ok(Self {
            values_per_frame: ring.carries().values_per_frame(),
            blocks,
            ring,
            next_frame: 0,
            lost_frames: 0,
            epoch: 0,
            wakes: waking == Waking::ByWriter,
            _waker: waker,
            element: PhantomData,
        })
    }

    /// The ring that it writes.
    #[must_use]
    pub const fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// Writes the next block, whose first frame was captured at `captured`, and publishes it. `values` are frame after frame,
    /// at most a block of them.
    ///
    /// Never blocks. With [`Waking::ByHelper`] it does nothing but store; otherwise it makes a system call if a reader sleeps.
    ///
    /// # Errors
    ///
    /// [`WriteError::TooLarge`] or [`WriteError::PartOfFrame`]; nothing was written then.
    pub fn write(&mut self, captured: Time, values: &[T]) -> Result<BlockRef, WriteError> {
        let (given, frame) = (values.len(), self.values_per_frame);
        if given > self.ring.block_values() {
            let max = self.ring.block_values();
            return Err(WriteError::TooLarge { ring: Arc::clone(self.ring.name()), given, max });
        }
        if given % frame != 0 {
            return Err(WriteError::PartOfFrame { ring: Arc::clone(self.ring.name()), given, frame });
        }
        #[expect(clippy::cast_possible_truncation, reason = "a ring has fewer than 2^28 bytes")]
        let head = BlockHead {
            values: given as u32,
            epoch: self.epoch,
            first_frame: self.next_frame,
            lost_frames: self.lost_frames,
            captured_ns: captured.as_ns(),
        };
        let block = self.blocks.write(head, values);
        self.next_frame += (given / frame) as u64;
        self.lost_frames = 0;
        if self.wakes && self.ring.memory.bell().is_needed() {
            self.ring.memory.wake_readers();
        }
        Ok(BlockRef {
            ring: self.ring.hash(),
            generation: self.ring.generation(),
            block,
            values: head.values,
            first_frame: head.first_frame,
            captured_ns: head.captured_ns,
        })
    }

    /// Says that `frames` frames were lost before the next block: their numbers are left out, and the block says so. What
    /// was captured is never spliced over a gap.
    pub fn lose(&mut self, frames: u64) {
        self.next_frame += frames;
        self.lost_frames += frames;
    }

    /// Begins another epoch with the next block: what was captured before does not go on in it, as when the microphone is
    /// muted or given back.
    pub fn begin_epoch(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
    }
}

impl<T> Drop for RingWriter<T> {
    fn drop(&mut self) {
        self.ring.end(RingState::Ended);
    }
}
