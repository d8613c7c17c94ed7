//! The one place through which every call of user code goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::bus::Outcome;
use crate::error::{NodeError, NodeResult, caught};
use crate::lineage::Lineage;
use crate::node::context::Context;
use crate::node::shared::{Failure, NodeShared};

/// One callback of a node: its name, its counters, and the guard around its calls.
#[derive(Debug)]
pub(crate) struct Guarded {
    name: Arc<str>,
    shared: Arc<NodeShared>,
    ok: AtomicU64,
    failed: AtomicU64,
    panicked: AtomicU64,
    longest_ns: AtomicU64,
}

/// How the calls of one callback ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallbackCounts {
    /// Name of the callback.
    pub name: String,
    /// Calls that returned `Ok`.
    pub ok: u64,
    /// Calls that returned an error.
    pub failed: u64,
    /// Calls that panicked.
    pub panicked: u64,
    /// Longest call in microseconds.
    pub longest_us: u64,
}

impl Guarded {
    pub(crate) fn new(name: Arc<str>, shared: Arc<NodeShared>) -> Arc<Self> {
        let guarded = Arc::new(Self {
            name,
            shared: Arc::clone(&shared),
            ok: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            panicked: AtomicU64::new(0),
            longest_ns: AtomicU64::new(0),
        });
        shared.add_callback(Arc::clone(&guarded));
        guarded
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn node(&self) -> &Arc<str> {
        &self.shared.instance
    }

    /// Calls `callback`: an error is counted and logged; a panic is caught, counted, and fails the node, because the
    /// node may be half-updated.
    pub(crate) fn call(
        &self,
        ctx: &Context,
        cause: Option<Lineage>,
        callback: impl FnOnce() -> NodeResult,
    ) -> (Outcome, NodeResult) {
        let began = ctx.begin(cause);
        // The error is turned into text, and dropped, inside too: both are foreign code.
        let result = caught(|| callback().map_err(|error| error.to_string()));
        let took_ns = ctx.end().as_ns() - began.as_ns();
        // Relaxed, here and below: counts for people to read, written by one thread.
        if took_ns > self.longest_ns.load(Ordering::Relaxed) {
            self.longest_ns.store(took_ns, Ordering::Relaxed);
        }
        match result {
            Ok(Ok(())) => {
                add_one(&self.ok);
                (Outcome::Ok, Ok(()))
            }
            Ok(Err(text)) => {
                add_one(&self.failed);
                tracing::warn!("`{}.{}` failed: {text}", ctx.node(), self.name);
                (Outcome::Failed, Err(NodeError::new(text)))
            }
            Err(panic) => {
                add_one(&self.panicked);
                let text = panic.text.clone();
                self.shared.fail(Failure::Panicked { callback: self.name.to_string(), text });
                (Outcome::Panicked, Err(panic.into()))
            }
        }
    }

    pub(crate) fn counts(&self) -> CallbackCounts {
        // Relaxed: counts for people to read.
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CallbackCounts {
            name: self.name.to_string(),
            ok: read(&self.ok),
            failed: read(&self.failed),
            panicked: read(&self.panicked),
            longest_us: read(&self.longest_ns) / 1000,
        }
    }
}

#[inline]
fn add_one(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}
