//! A node's end of a ring that it reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nevil_msgs::BlockRef;
use nevil_sys::mem::ring::Element;

use crate::ring::error::ReadError;
use crate::ring::reader::{ReaderCounts, RingReader, Start};
use crate::ring::registry::RingPlace;
use crate::ring::shared::Block;
use crate::ring::view::RingView;

/// A ring that a node reads. May be used while the node is active. It is opened at the first look, and again, from its first
/// block, when its writer was started again; [`ReadError::Replaced`] comes between.
///
/// Clones are readers of their own, for the node's drivers; each begins as the first did.
#[derive(Debug)]
pub struct RingInput<T> {
    place: Arc<RingPlace>,
    who: Arc<str>,
    start: Start,
    active: Arc<AtomicBool>,
    reader: Option<RingReader<T>>,
    /// For references, which name the life that they mean, and so need no word about its end.
    by_reference: Option<RingReader<T>>,
    /// The life of the ring that was read last; 0 if there was none.
    before: u64,
}

impl<T> Clone for RingInput<T> {
    fn clone(&self) -> Self {
        let Self { place, who, start, active, .. } = self;
        let (place, who, active) = (Arc::clone(place), Arc::clone(who), Arc::clone(active));
        Self { place, who, start: *start, active, reader: None, by_reference: None, before: 0 }
    }
}

impl<T: Element> RingInput<T> {
    pub(crate) fn new(place: Arc<RingPlace>, who: Arc<str>, start: Start, active: Arc<AtomicBool>) -> Self {
        Self { place, who, start, active, reader: None, by_reference: None, before: 0 }
    }

    /// Copies the next block into `values`; as [`RingReader::read`].
    ///
    /// # Errors
    ///
    /// As there, and [`ReadError::NotOpen`] if the node is not active or nobody has written the ring so far.
    pub fn read(&mut self, values: &mut [T]) -> Result<Option<Block>, ReadError> {
        self.reader()?.read(values)
    }

    /// The next block in place; as [`RingReader::view`].
    ///
    /// # Errors
    ///
    /// As for [`Self::read`].
    pub fn view(&mut self) -> Result<Option<RingView<'_, T>>, ReadError> {
        self.reader()?.view()
    }

    /// Waits for a block, at most for `within`; as [`RingReader::wait`]. For drivers: a callback does not wait.
    ///
    /// # Errors
    ///
    /// As for [`Self::read`].
    pub fn wait(&mut self, within: Duration) -> Result<bool, ReadError> {
        self.reader()?.wait(within)
    }

    /// Copies the block that `block` refers to into `values`; as [`RingReader::read_block`].
    ///
    /// # Errors
    ///
    /// As there, and [`ReadError::NotOpen`].
    pub fn read_block(&mut self, block: &BlockRef, values: &mut [T]) -> Result<Block, ReadError> {
        self.by_reference()?.read_block(block, values)
    }

    /// The block that `block` refers to, in place; as [`RingReader::open`].
    ///
    /// # Errors
    ///
    /// As there, and [`ReadError::NotOpen`].
    pub fn open(&mut self, block: &BlockRef) -> Result<RingView<'_, T>, ReadError> {
        self.by_reference()?.open(block)
    }

    /// What became of the blocks of the ring's present life.
    #[must_use]
    pub fn counts(&self) -> ReaderCounts {
        self.reader.as_ref().map(RingReader::counts).unwrap_or_default()
    }

    fn reader(&mut self) -> Result<&mut RingReader<T>, ReadError> {
        self.check_active()?;
        if self.reader.as_ref().is_some_and(|reader| self.is_used_up(reader)) {
            self.reader = None;
            return Err(ReadError::Replaced { ring: Arc::clone(self.place.name()) });
        }
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => self.open_newest(if self.before == 0 { self.start } else { Start::Oldest })?,
        };
        self.before = reader.ring().generation();
        Ok(self.reader.insert(reader))
    }

    fn by_reference(&mut self) -> Result<&RingReader<T>, ReadError> {
        self.check_active()?;
        let newest = self.place.generation();
        let reader = match self.by_reference.take() {
            Some(reader) if reader.ring().generation() == newest => reader,
            _ => self.open_newest(Start::Now)?,
        };
        Ok(self.by_reference.insert(reader))
    }

    fn check_active(&mut self) -> Result<(), ReadError> {
        // Acquire: what was opened when the node was activated is there.
        if self.active.load(Ordering::Acquire) {
            return Ok(());
        }
        (self.reader, self.by_reference) = (None, None);
        let text =
            format!("ring `{}` may not be read now, because its node is not active", self.place.name());
        Err(ReadError::NotOpen { text: text.into() })
    }

    /// Whether all of its ring was read, and there is a newer one.
    fn is_used_up(&self, reader: &RingReader<T>) -> bool {
        let ring = reader.ring();
        ring.generation() != self.place.generation() && ring.ended().is_some() && reader.counts().ahead == 0
    }

    fn open_newest(&self, start: Start) -> Result<RingReader<T>, ReadError> {
        let opened = self.place.try_ring().and_then(|ring| ring.reader(&self.who, start));
        opened.map_err(|error| ReadError::NotOpen { text: error.to_string().into() })
    }
}
