//! Waking the thread that serves a node: once per batch, not once per message.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;

/// Says that a node has something to do, and wakes its thread if it has one.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    pending: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Wake {
    /// Names the thread to wake. Under simulation there is none, and the driver looks at [`Self::is_pending`].
    pub(crate) fn set_thread(&self, thread: Thread) {
        // A second call would come from the same thread: the first name stays right.
        let _ = self.thread.set(thread);
    }

    /// There is something to do. One swap; a system call only if nobody has said so since the last turn began.
    pub(crate) fn wake(&self) {
        // AcqRel: whoever takes the flag sees what was queued before it was set.
        if !self.pending.swap(true, Ordering::AcqRel)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Begins a turn: what is said from now on needs another one. Returns whether anything was said.
    pub(crate) fn take(&self) -> bool {
        self.pending.swap(false, Ordering::AcqRel)
    }

    /// Whether something was said since the last turn began.
    pub(crate) fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }
}
