//! One life of a node: what may still begin on its behalf, and whether it was told to give up.

use std::sync::Arc;

use nevil_sys::mem::{Gate, Pass, Shut};
use nevil_sys::sync::atomic::{AtomicBool, Ordering};

/// One life of a node instance. A node that is replaced gets the next number; what the old life still tries to publish
/// or to do with a device is refused by the fence.
// In lines of its own: the fence is written with every publish.
#[derive(Debug)]
#[repr(align(128))]
pub struct Incarnation {
    instance: Arc<str>,
    source: u32,
    number: u32,
    fence: Gate,
    cancel: CancelToken,
}

impl Incarnation {
    /// A life that may not yet publish: its fence opens on activation.
    #[must_use]
    pub(crate) fn new(instance: Arc<str>, source: u32, number: u32) -> Self {
        Self::with_cancel(instance, source, number, CancelToken::default())
    }

    /// The same, with the token through which others tell it to give up.
    pub(crate) fn with_cancel(instance: Arc<str>, source: u32, number: u32, cancel: CancelToken) -> Self {
        Self { instance, source, number, fence: Gate::closed(), cancel }
    }

    /// The node's instance name.
    #[must_use]
    pub fn instance(&self) -> &Arc<str> {
        &self.instance
    }

    /// Number of the instance in message headers.
    #[must_use]
    #[inline]
    pub const fn source(&self) -> u32 {
        self.source
    }

    /// 1 for the first life.
    #[must_use]
    #[inline]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The token that the runtime sets when the node should give up what it is doing.
    #[must_use]
    pub const fn cancel(&self) -> &CancelToken {
        &self.cancel
    }

    /// Begins a publish or a device operation.
    ///
    /// # Errors
    ///
    /// [`Shut`] before activation and after the fence.
    #[inline]
    pub(crate) fn begin(&self) -> Result<Pass<'_>, Shut> {
        self.fence.enter()
    }

    /// Lets operations begin.
    pub(crate) fn open(&self) {
        self.fence.reopen();
    }

    /// Whether nothing may begin: before activation and after the fence.
    pub(crate) fn is_fenced(&self) -> bool {
        self.fence.is_shut()
    }

    /// Lets nothing begin any more; says how many operations are under way.
    pub(crate) fn fence(&self) -> u32 {
        self.fence.shut()
    }
}

/// Says that work should be given up. Setting it interrupts nothing: long work looks at it.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Whether the work should be given up.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        // Acquire: who sees the token sees why it was set.
        self.0.load(Ordering::Acquire)
    }

    pub(crate) fn set(&self, cancelled: bool) {
        self.0.store(cancelled, Ordering::Release);
    }
}
