//! The thread of one driver.

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nevil_sys::os;

use crate::clock::{Clock, Time};
use crate::error::{NodeError, caught};
use crate::limits::STACK_BYTES_DEFAULT;
use crate::node::{DriverHandle, Failure, NodeShared, ReadyDriver, Stop};

/// How often a driver that was told to stop is unblocked again and looked at.
const STOP_LOOK: Duration = Duration::from_millis(5);

/// A driver that runs on a thread of its own.
pub(super) struct DriverThread {
    handle: DriverHandle,
    node: Arc<NodeShared>,
    /// How it stands between this and its thread.
    ending: Arc<AtomicU8>,
    thread: JoinHandle<()>,
}

const RUNS: u8 = 0;
/// Its thread does nothing of the driver's any more.
const ENDED: u8 = 1;
/// It did not return, and is waited for no more.
const LEFT: u8 = 2;

impl DriverThread {
    /// Starts `driver`. When it ends without having been told to, its node fails.
    pub(super) fn start(
        mut driver: Box<dyn ReadyDriver>,
        clock: Clock,
        node: Arc<NodeShared>,
    ) -> io::Result<Self> {
        let name = Arc::clone(driver.name());
        let stop = Stop::new(clock);
        let unblock = driver.unblock().map(Arc::new);
        let running = Arc::<OnceLock<i32>>::default();
        let thread = Arc::clone(&running);
        let handle = DriverHandle { name: Arc::clone(&name), stop: stop.clone(), unblock, thread };
        node.add_driver(handle.clone());
        let ending = Arc::new(AtomicU8::new(RUNS));
        let thread = {
            let (node, ending) = (Arc::clone(&node), Arc::clone(&ending));
            let builder = thread::Builder::new().name(name.to_string()).stack_size(STACK_BYTES_DEFAULT);
            builder.spawn(move || {
                // The only one who sets it.
                let _ = running.set(os::thread_id());
                let told =
                    |error: NodeError| caught(|| error.to_string()).unwrap_or_else(|panic| panic.to_string());
                let ended = driver.run(&stop).map_err(told);
                // Its drop is foreign code too, and the last that this thread does with it.
                if let Err(panic) = caught(|| drop(driver)) {
                    tracing::warn!("driver `{name}` could not be dropped: {panic}");
                }
                // AcqRel, here and below: one of the two comes first, and the other sees it.
                if ending.swap(ENDED, Ordering::AcqRel) == LEFT {
                    node.watch.remove_zombie();
                }
                let text = match ended {
                    _ if stop.is_stopped() => return,
                    Ok(()) => "it returned, although nobody told it to stop".to_owned(),
                    Err(text) => text,
                };
                node.fail(Failure::DriverEnded { driver: name.to_string(), text });
            })?
        };
        Ok(Self { handle, node, ending, thread })
    }

    /// Tells the driver to stop, without waiting.
    pub(super) fn stop(&self) {
        self.handle.stop();
    }

    /// Waits until it has returned, at most until `until`. One that has not is left behind: `Err` with its name.
    pub(super) fn join(self, until: Time) -> Result<(), Arc<str>> {
        while !self.thread.is_finished() {
            if self.handle.stop.now() >= until {
                if self.ending.compare_exchange(RUNS, LEFT, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                    self.node.watch.add_zombie();
                }
                return Err(self.handle.name);
            }
            // A driver may have looked at `stop` just before it was set, and block after it.
            self.stop();
            thread::park_timeout(STOP_LOOK);
        }
        // Its panic was caught inside.
        let _ = self.thread.join();
        Ok(())
    }
}
