//! Devices: exclusive things outside the process, opened and closed by the runtime.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use crate::error::caught;
use crate::incarnation::Incarnation;

/// Why a device could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The device answered with an error.
    #[error("device `{claim}` failed: {cause}")]
    Failed {
        /// The device's claim.
        claim: Arc<str>,
        /// What went wrong.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// The node is not active, or was fenced.
    #[error("device `{claim}` may not be used now, because its node is not active, or its callback is late")]
    Fenced {
        /// The device's claim.
        claim: Arc<str>,
    },
    /// It is not open.
    #[error("device `{claim}` is not open; it is opened when its node is activated")]
    Closed {
        /// The device's claim.
        claim: Arc<str>,
    },
    /// Another operation on it has not ended.
    #[error("device `{claim}` is in use by another call of the same node, which has not returned")]
    InUse {
        /// The device's claim.
        claim: Arc<str>,
    },
}

/// What a device's own code reports: any error.
pub type DeviceResult<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A node's handle on a device that the runtime opens on activation, closes on deactivation, and fences when the node is
/// replaced. Clones are handles on the same device, for the node's drivers and actuators.
pub struct Device<D>(Arc<DeviceCell<D>>);

struct DeviceCell<D> {
    claim: Arc<str>,
    incarnation: Arc<Incarnation>,
    fault: Arc<Fault>,
    // Never waited for: `try_lock` only.
    open: Mutex<Option<D>>,
}

impl<D> DeviceCell<D> {
    fn close(&self) -> Result<(), DeviceError> {
        let closed = match self.open.try_lock() {
            Ok(mut open) => open.take(),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner().take(),
            Err(TryLockError::WouldBlock) => {
                return Err(DeviceError::InUse { claim: Arc::clone(&self.claim) });
            }
        };
        // Foreign code, dropped outside of the lock.
        caught(|| drop(closed))
            .map_err(|panic| DeviceError::Failed { claim: Arc::clone(&self.claim), cause: panic.into() })
    }
}

impl<D> Clone for Device<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<D: Send + 'static> Device<D> {
    pub(crate) fn new(claim: Arc<str>, incarnation: Arc<Incarnation>, fault: Arc<Fault>) -> Self {
        Self(Arc::new(DeviceCell { claim, incarnation, fault, open: Mutex::new(None) }))
    }

    /// How others close it when the thread of its node is beyond reach.
    pub(crate) fn holding(&self, only_one: bool) -> Holding {
        let (closing, looking) = (Arc::clone(&self.0), Arc::clone(&self.0));
        Holding {
            claim: Arc::clone(&self.0.claim),
            only_one,
            // An error is the text of a `Drop` that panicked: it is closed all the same.
            close: Box::new(move || !matches!(closing.close(), Err(DeviceError::InUse { .. }))),
            is_in_use: Box::new(move || matches!(looking.open.try_lock(), Err(TryLockError::WouldBlock))),
        }
    }

    /// Uses the device. Never waits for another user of it.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Fenced`] before activation and after the fence, [`DeviceError::Closed`] if it is not open,
    /// [`DeviceError::InUse`] if a call has not returned, [`DeviceError::Failed`] with what `operation` returned.
    pub fn with<R>(&self, operation: impl FnOnce(&mut D) -> DeviceResult<R>) -> Result<R, DeviceError> {
        let claim = || Arc::clone(&self.0.claim);
        let _pass = self.0.incarnation.begin().map_err(|_| DeviceError::Fenced { claim: claim() })?;
        self.with_open(operation)
    }

    /// The same without the fence, for the runtime's own opening of what depends on the device.
    pub(crate) fn with_open<R>(
        &self,
        operation: impl FnOnce(&mut D) -> DeviceResult<R>,
    ) -> Result<R, DeviceError> {
        let claim = || Arc::clone(&self.0.claim);
        let mut open = match self.0.open.try_lock() {
            Ok(open) => open,
            // A panic in an operation leaves the device as it is; its node is stopped for it.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(DeviceError::InUse { claim: claim() }),
        };
        let device = open.as_mut().ok_or_else(|| DeviceError::Closed { claim: claim() })?;
        if let Some(text) = self.0.fault.text() {
            return Err(DeviceError::Failed { claim: claim(), cause: text.into() });
        }
        operation(device).map_err(|cause| DeviceError::Failed { claim: claim(), cause })
    }
}

impl<D> fmt::Debug for Device<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({})", self.0.claim)
    }
}

/// What a life of a node holds, as seen from outside of its thread, which may be beyond reach.
pub(crate) struct Holding {
    pub(crate) claim: Arc<str>,
    /// Whether it cannot be opened a second time beside the first.
    pub(crate) only_one: bool,
    /// Closes it, unless a call is under way in it; whether it is closed.
    pub(crate) close: Box<dyn Fn() -> bool + Send + Sync>,
    /// Whether a call is under way in it.
    pub(crate) is_in_use: Box<dyn Fn() -> bool + Send + Sync>,
}

impl fmt::Debug for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Holding({})", self.claim)
    }
}

/// A device that can be opened and closed, whatever it is.
pub(crate) trait AnyDevice: Send {
    fn open(&mut self) -> Result<(), DeviceError>;
    fn close(&mut self) -> Result<(), DeviceError>;
}

pub(crate) struct DeviceSlot<D, O> {
    pub(crate) device: Device<D>,
    pub(crate) open: O,
}

impl<D, O> AnyDevice for DeviceSlot<D, O>
where
    D: Send + 'static,
    O: FnMut() -> DeviceResult<D> + Send,
{
    fn open(&mut self) -> Result<(), DeviceError> {
        let cell = &self.device.0;
        let opened = caught(|| (self.open)()).unwrap_or_else(|panic| Err(panic.into()));
        let opened = opened.map_err(|cause| DeviceError::Failed { claim: Arc::clone(&cell.claim), cause })?;
        *cell.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(opened);
        Ok(())
    }

    fn close(&mut self) -> Result<(), DeviceError> {
        self.device.0.close()
    }
}

/// Who holds which device. A claim such as `i2c-1:0x14`, `gpio:5` or `hw:CARD=vc4` belongs to one node instance, over
/// all its incarnations.
#[derive(Clone, Debug, Default)]
pub struct Claims(Arc<Mutex<Register>>);

#[derive(Debug, Default)]
struct Register {
    holders: BTreeMap<String, Arc<str>>,
    faults: BTreeMap<String, Arc<Fault>>,
}

/// A failure that a test injects into a device.
#[derive(Debug, Default)]
pub(crate) struct Fault {
    set: AtomicBool,
    text: Mutex<String>,
}

impl Fault {
    fn text(&self) -> Option<String> {
        // Relaxed: set and read by one test thread; in a robot it is never set.
        let set = self.set.load(Ordering::Relaxed);
        set.then(|| self.text.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Two nodes want the same device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "device `{claim}` is held by node `{holder}`; two nodes cannot share it, remove one of them or give it another device"
)]
pub struct ClaimError {
    /// The claim.
    pub claim: String,
    /// The node that holds it.
    pub holder: Arc<str>,
}

impl Claims {
    pub(crate) fn claim(&self, claim: &str, instance: &Arc<str>) -> Result<(), ClaimError> {
        let mut register = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = register.holders.entry(claim.to_owned()).or_insert_with(|| Arc::clone(instance));
        if holder == instance {
            Ok(())
        } else {
            Err(ClaimError { claim: claim.to_owned(), holder: Arc::clone(holder) })
        }
    }

    /// The injected failure of the device `claim`; none, until a test sets one.
    pub(crate) fn fault(&self, claim: &str) -> Arc<Fault> {
        let mut register = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(register.faults.entry(claim.to_owned()).or_default())
    }

    pub(crate) fn break_device(&self, claim: &str, text: &str) {
        let fault = self.fault(claim);
        *fault.text.lock().unwrap_or_else(PoisonError::into_inner) = text.to_owned();
        fault.set.store(true, Ordering::Relaxed);
    }

    pub(crate) fn heal_device(&self, claim: &str) {
        self.fault(claim).set.store(false, Ordering::Relaxed);
    }

    /// The claims and their holders, by claim.
    #[must_use]
    pub fn list(&self) -> Vec<(String, Arc<str>)> {
        let register = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        register.holders.iter().map(|(claim, holder)| (claim.clone(), Arc::clone(holder))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> (Device<u32>, Arc<Incarnation>) {
        let incarnation = Arc::new(Incarnation::new("car".into(), 0, 1));
        (Device::new("i2c-1:0x14".into(), Arc::clone(&incarnation), Arc::default()), incarnation)
    }

    #[test]
    fn an_operation_on_a_device_is_refused_before_activation_and_after_the_fence() {
        let (device, incarnation) = device();
        let mut slot = DeviceSlot { device: device.clone(), open: || Ok(1) };
        slot.open().unwrap();
        assert!(matches!(device.with(|_| Ok(())), Err(DeviceError::Fenced { .. })));
        incarnation.open();
        assert_eq!(device.with(|value| Ok(*value)).unwrap(), 1);
        incarnation.fence();
        let refused = device.with(|_| Ok(())).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "device `i2c-1:0x14` may not be used now, because its node is not active, or its callback is late"
        );
    }

    #[test]
    fn a_second_call_while_one_has_not_returned_is_refused_and_does_not_wait() {
        let (device, incarnation) = device();
        DeviceSlot { device: device.clone(), open: || Ok(1) }.open().unwrap();
        incarnation.open();
        let inner = device.clone();
        let outcome = device.with(|_| Ok(matches!(inner.with(|_| Ok(())), Err(DeviceError::InUse { .. }))));
        assert!(outcome.unwrap());
    }

    #[test]
    fn a_claim_names_its_holder_and_passes_on_within_one_node() {
        let claims = Claims::default();
        let car = Arc::from("car");
        claims.claim("gpio:5", &car).unwrap();
        claims.claim("gpio:5", &car).unwrap();
        assert_eq!(
            claims.claim("gpio:5", &"lamp".into()).unwrap_err().to_string(),
            "device `gpio:5` is held by node `car`; two nodes cannot share it, remove one of them or give it another device"
        );
    }
}
