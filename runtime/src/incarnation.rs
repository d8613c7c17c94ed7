//! One life of a node: what may still begin on its behalf, what it calls now, and whether it was told to give up.

use std::cell::Cell;
use std::sync::Arc;

use nevil_sys::mem::{Call, Gate, Pass, Shut};
use nevil_sys::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    /// Whether this thread runs a node's callbacks: what they do when they are late is refused, and what the node's drivers
    /// do on their own threads meanwhile is not.
    static RUNS_CALLBACKS: Cell<bool> = const { Cell::new(false) };
}

/// This thread runs the callbacks of a node.
pub(crate) fn runs_callbacks() {
    RUNS_CALLBACKS.set(true);
}

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
    /// Whether the fence stays shut for ever.
    is_over: AtomicBool,
    cancel: CancelToken,
}

impl Incarnation {
    /// A life that may not yet publish: its fence opens on activation.
    #[must_use]
    pub(crate) fn new(instance: Arc<str>, source: u32, number: u32) -> Self {
        Self {
            instance,
            source,
            number,
            fence: Gate::closed(),
            is_over: AtomicBool::new(false),
            cancel: CancelToken::default(),
        }
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

    /// What its thread calls now.
    #[inline]
    pub(crate) fn call(&self) -> &Call {
        &self.cancel.0.call
    }

    /// Begins a publish or a device operation.
    ///
    /// # Errors
    ///
    /// [`Shut`] before activation, after the fence, and to a callback that has missed its deadline: what it wants to say or
    /// do is too old.
    #[inline]
    pub(crate) fn begin(&self) -> Result<Pass<'_>, Shut> {
        if self.call().is_judged() && RUNS_CALLBACKS.get() {
            return Err(Shut);
        }
        self.fence.enter()
    }

    /// Whether nothing may begin: before activation, and after the fence.
    pub(crate) fn is_fenced(&self) -> bool {
        self.fence.is_shut()
    }

    /// Lets operations begin, unless this life is over.
    pub(crate) fn open(&self) {
        self.fence.reopen();
        // SeqCst, here and in `end`: either this sees that it is over, or the end comes after the opening and shuts it.
        if self.is_over.load(Ordering::SeqCst) {
            self.fence.shut();
        }
    }

    /// Lets nothing begin any more, for ever.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.fence.shut();
    }

    /// Whether this life was given up: whatever it still does has no effect.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Lets nothing begin any more; says how many operations are under way.
    pub(crate) fn fence(&self) -> u32 {
        self.fence.shut()
    }
}

/// Says that work should be given up: its node is to stop, or the callback that runs has missed its deadline. It interrupts
/// nothing: long work looks at it.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<CancelState>);

#[derive(Debug, Default)]
struct CancelState {
    stop: AtomicBool,
    call: Call,
}

impl CancelToken {
    /// Whether the work should be given up.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.is_stopped() || self.0.call.is_judged()
    }

    /// Whether the node is to stop.
    pub(crate) fn is_stopped(&self) -> bool {
        // Acquire: who sees the token sees why it was set.
        self.0.stop.load(Ordering::Acquire)
    }

    /// Says whether the node is to stop.
    pub(crate) fn set(&self, stop: bool) {
        self.0.stop.store(stop, Ordering::Release);
    }
}
