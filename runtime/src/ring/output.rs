//! A node's end of a ring that it writes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use nevil_msgs::BlockRef;
use nevil_sys::mem::ring::Element;

use crate::clock::Time;
use crate::incarnation::Incarnation;
use crate::ring::error::{RingError, WriteError};
use crate::ring::registry::RingPlace;
use crate::ring::spec::RingSpec;
use crate::ring::writer::RingWriter;

/// A ring that a node writes: opened when the node is activated, ended when it is deactivated, fenced when it is replaced.
/// Clones are handles on the same ring, for the node's drivers; one thread writes at a time.
pub struct RingOutput<T>(Arc<Output<T>>);

struct Output<T> {
    place: Arc<RingPlace>,
    spec: RingSpec<T>,
    incarnation: Arc<Incarnation>,
    // Never waited for: `try_lock` only.
    open: Mutex<Option<RingWriter<T>>>,
}

impl<T> Clone for RingOutput<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Element> RingOutput<T> {
    pub(crate) fn new(place: Arc<RingPlace>, spec: RingSpec<T>, incarnation: Arc<Incarnation>) -> Self {
        Self(Arc::new(Output { place, spec, incarnation, open: Mutex::new(None) }))
    }

    /// Writes the next block, as [`RingWriter::write`] does. The reference that comes back is for the topic that announces it.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; nothing was written then.
    pub fn write(&self, captured: Time, values: &[T]) -> Result<BlockRef, WriteError> {
        self.with(|writer| writer.write(captured, values))?
    }

    /// Says that `frames` frames were lost before the next block.
    ///
    /// # Errors
    ///
    /// [`WriteError::Fenced`], [`WriteError::InUse`].
    pub fn lose(&self, frames: u64) -> Result<(), WriteError> {
        self.with(|writer| writer.lose(frames))
    }

    /// Begins another epoch with the next block, as when the microphone was muted.
    ///
    /// # Errors
    ///
    /// [`WriteError::Fenced`], [`WriteError::InUse`].
    pub fn begin_epoch(&self) -> Result<(), WriteError> {
        self.with(RingWriter::begin_epoch)
    }

    fn with<R>(&self, operation: impl FnOnce(&mut RingWriter<T>) -> R) -> Result<R, WriteError> {
        let ring = || Arc::clone(self.0.place.name());
        let _pass = self.0.incarnation.begin().map_err(|_| WriteError::Fenced { ring: ring() })?;
        let mut open = match self.0.open.try_lock() {
            Ok(open) => open,
            // Writing does not panic; if it did, the block would not be published.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(WriteError::InUse { ring: ring() }),
        };
        open.as_mut().map(operation).ok_or_else(|| WriteError::Fenced { ring: ring() })
    }

    pub(crate) fn place(&self) -> &Arc<RingPlace> {
        &self.0.place
    }

    pub(crate) fn open(&self) -> Result<(), RingError> {
        let writer = self.0.place.create(&self.0.spec)?;
        *self.0.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
        Ok(())
    }

    /// Ends the ring; of one that is being written by a call that has not returned, `false`.
    pub(crate) fn close(&self) -> bool {
        let writer = match self.0.open.try_lock() {
            Ok(mut open) => open.take(),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner().take(),
            Err(TryLockError::WouldBlock) => return false,
        };
        drop(writer);
        true
    }
}

impl<T> fmt::Debug for RingOutput<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RingOutput({})", self.0.place.name())
    }
}
