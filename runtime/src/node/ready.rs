//! Whether a node is ready: others may rely on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nevil_sys::mem::Bell;

/// Whether a life of a node says by itself when it is ready, and whether it has.
#[derive(Debug)]
pub(crate) struct Readiness {
    is_declared: AtomicBool,
    is_called: AtomicBool,
    /// Of who waits for it.
    bell: Arc<Bell>,
}

impl Readiness {
    pub(crate) fn new(bell: Arc<Bell>) -> Arc<Self> {
        Arc::new(Self { is_declared: AtomicBool::new(false), is_called: AtomicBool::new(false), bell })
    }

    pub(crate) fn declare(&self) {
        // Relaxed, here and below: a flag beside which nothing is published; who waits for it is rung for.
        self.is_declared.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_declared(&self) -> bool {
        self.is_declared.load(Ordering::Relaxed)
    }

    pub(crate) fn call(&self) {
        if !self.is_called.swap(true, Ordering::Relaxed) {
            self.bell.ring();
        }
    }

    pub(crate) fn is_called(&self) -> bool {
        self.is_called.load(Ordering::Relaxed)
    }
}
