//! A node's rings, opened and closed with its devices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::device::{AnyDevice, DeviceError, Holding};
use crate::ring::{Element, RingOutput};

/// A ring that the node writes.
pub(crate) struct OutputSlot<T>(pub(crate) RingOutput<T>);

impl<T: Element> OutputSlot<T> {
    /// How others end it when the thread of its node is beyond reach.
    pub(crate) fn holding(self) -> Holding {
        Holding {
            claim: format!("ring:{}", self.0.place().name()).into(),
            // The node after it makes a new one.
            only_one: false,
            close: Box::new(move || self.0.close()),
            is_in_use: Box::new(|| false),
        }
    }
}

impl<T: Element> AnyDevice for OutputSlot<T> {
    fn open(&mut self) -> Result<(), DeviceError> {
        let claim = || format!("ring:{}", self.0.place().name()).into();
        self.0.open().map_err(|error| DeviceError::Failed { claim: claim(), cause: error.into() })
    }

    fn close(&mut self) -> Result<(), DeviceError> {
        let claim = || format!("ring:{}", self.0.place().name()).into();
        if self.0.close() { Ok(()) } else { Err(DeviceError::InUse { claim: claim() }) }
    }
}

/// A ring that the node reads: it opens it itself, but only while it is active.
#[derive(Default)]
pub(crate) struct InputSlot(Arc<AtomicBool>);

impl InputSlot {
    pub(crate) fn active(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl AnyDevice for InputSlot {
    fn open(&mut self) -> Result<(), DeviceError> {
        // Release: who may read sees what was opened before.
        self.0.store(true, Ordering::Release);
        Ok(())
    }

    fn close(&mut self) -> Result<(), DeviceError> {
        self.0.store(false, Ordering::Release);
        Ok(())
    }
}
