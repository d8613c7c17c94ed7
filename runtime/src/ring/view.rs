//! A block read in place.

use std::marker::PhantomData;
use std::sync::Arc;

use nevil_sys::mem::ring::{Element, OpenBlock};

use crate::ring::error::ReadError;
use crate::ring::reader::Cursor;
use crate::ring::shared::{Block, Ring};

/// A block, read in place without a copy. The writer may overwrite it meanwhile: what was read counts only if
/// [`Self::finish`] says so. Until then it is numbers, and no promise.
///
/// For work that looks at few values of many, or makes one number of all. Where every value is wanted,
/// [`RingReader::read`](crate::ring::RingReader::read) is as fast and can be done no wrong with.
#[derive(Debug)]
#[must_use = "what was read counts once `finish` has said so"]
pub struct RingView<'a, T> {
    pub(super) ring: &'a Ring,
    pub(super) open: OpenBlock<'a>,
    pub(super) block: Block,
    /// The reader that goes on when the view ends.
    pub(super) cursor: Option<Cursor<'a>>,
    pub(super) element: PhantomData<fn() -> T>,
}

impl<T: Element> RingView<'_, T> {
    /// What is known of the block.
    #[must_use]
    pub const fn block(&self) -> &Block {
        &self.block
    }

    /// How many values it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The value at `index`.
    ///
    /// # Panics
    ///
    /// If `index` is not below [`Self::len`].
    #[must_use]
    #[inline]
    pub fn value(&self, index: usize) -> T {
        assert!(index < self.len(), "a block of {} values has none at {index}", self.len());
        self.open.value(index)
    }

    /// All values, in their order.
    pub fn values(&self) -> impl Iterator<Item = T> {
        let value = |index| self.open.value(index);
        (0..self.len()).map(value)
    }

    /// Ends the reading and lets the reader go on with the next block. A view that is dropped without it is not read: the
    /// reader's next look is at the same block.
    ///
    /// # Errors
    ///
    /// [`ReadError::Lapped`] if the writer has begun to overwrite the block: what was read is worth nothing.
    pub fn finish(self) -> Result<Block, ReadError> {
        match (self.open.finish(), self.cursor) {
            (Ok(()), Some(cursor)) => cursor.took(),
            (Ok(()), None) => {}
            (Err(_), Some(cursor)) => return Err(cursor.lapped()),
            (Err(_), None) => {
                return Err(ReadError::Lapped { ring: Arc::clone(self.ring.name()), blocks: 1 });
            }
        }
        Ok(self.block)
    }
}
