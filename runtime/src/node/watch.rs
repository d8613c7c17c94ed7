//! Whom the safety thread watches.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use nevil_sys::mem::{Handover, Watcher};

use crate::node::shared::NodeShared;

/// The lives that are watched, and the sleep of who watches them.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    watcher: Watcher,
    /// Threads that were given up and have not ended.
    zombies: AtomicU32,
    // Locked when a life begins or ends, by who launches nodes.
    lives: Mutex<Vec<Arc<NodeShared>>>,
    /// The same list, on its way to the safety thread, which locks nothing.
    table: Handover<Vec<Arc<NodeShared>>>,
    /// The list before it, on its way back: nothing is freed on the safety thread.
    before: Handover<Vec<Arc<NodeShared>>>,
}

impl Watch {
    /// Says that a callback begins.
    #[inline]
    pub(crate) fn begun(&self) {
        self.watcher.begun();
    }

    pub(crate) fn watcher(&self) -> &Watcher {
        &self.watcher
    }

    /// Watches `life` from now on, instead of the life of the same node before it.
    pub(crate) fn add(&self, life: &Arc<NodeShared>) {
        let mut lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
        lives.retain(|known| known.instance != life.instance);
        lives.push(Arc::clone(life));
        // A list that was not taken is older than this one.
        drop(self.before.take());
        drop(self.table.put(Box::new(lives.clone())));
        self.watcher.wake();
    }

    /// The lives, if they have changed since the last call; for the safety thread, which gives back the list that it had.
    #[expect(clippy::box_collection, reason = "what is handed over is the box")]
    pub(crate) fn exchange(&self, lives: &mut Box<Vec<Arc<NodeShared>>>) -> bool {
        let Some(changed) = self.table.take() else { return false };
        // What was not taken back is older still; it is dropped here, which happens if lives change faster than looks.
        drop(self.before.put(std::mem::replace(lives, changed)));
        true
    }

    /// A thread was given up.
    pub(crate) fn add_zombie(&self) {
        // Relaxed, here and below: a count that nothing else hangs on.
        self.zombies.fetch_add(1, Ordering::Relaxed);
    }

    /// A thread that was given up has ended.
    pub(crate) fn remove_zombie(&self) {
        self.zombies.fetch_sub(1, Ordering::Relaxed);
    }

    /// Threads that were given up and have not ended.
    pub(crate) fn zombies(&self) -> u32 {
        self.zombies.load(Ordering::Relaxed)
    }
}
