//! What makes one actuator safe: when its command expires, and when it is asked to.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use nevil_sys::mem::Gate;

use crate::actuator::motion::{ActuatorCounts, Motion};
use crate::clock::{Clock, Time};
use crate::device::DeviceResult;
use crate::error::panic_text;

/// Makes an actuator safe. Runs on the helper thread; may be called at any time and any number of times.
pub type MakeSafe = Arc<dyn Fn() -> DeviceResult<()> + Send + Sync>;

/// How often the helper looks whether commands that were under way when motion was inhibited have ended.
const DRAIN_LOOK: Duration = Duration::from_millis(2);

/// An actuator as its helper, the node and the safety thread share it.
pub(crate) struct ActuatorCell {
    pub(crate) name: Arc<str>,
    pub(crate) clock: Clock,
    /// Shut while motion is inhibited.
    pub(crate) inhibit: Gate,
    pub(crate) commands: AtomicU64,
    pub(crate) refused: AtomicU64,
    motion: Arc<Motion>,
    /// When the last command expires, in ns; 0 when the actuator is safe.
    expires: AtomicU64,
    /// Until when the helper sleeps, in ns.
    alarm: AtomicU64,
    requested: AtomicU64,
    done: Mutex<u64>,
    done_changed: Condvar,
    /// Whether a command was under way when the actuator was made safe, so that it has to be done again.
    again: AtomicBool,
    make_safe: Mutex<Option<MakeSafe>>,
    helper: OnceLock<Thread>,
    ended: AtomicBool,
    expired: AtomicU64,
    made_safe: AtomicU64,
    failed: AtomicU64,
}

impl ActuatorCell {
    pub(crate) fn new(name: Arc<str>, clock: Clock, motion: Arc<Motion>) -> Self {
        Self {
            name,
            clock,
            inhibit: Gate::closed(),
            commands: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            motion,
            expires: AtomicU64::new(0),
            alarm: AtomicU64::new(u64::MAX),
            requested: AtomicU64::new(0),
            done: Mutex::new(0),
            done_changed: Condvar::new(),
            again: AtomicBool::new(false),
            make_safe: Mutex::new(None),
            helper: OnceLock::new(),
            ended: AtomicBool::new(false),
            expired: AtomicU64::new(0),
            made_safe: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    pub(crate) fn set_make_safe(&self, make_safe: Option<MakeSafe>) {
        *self.make_safe.lock().unwrap_or_else(PoisonError::into_inner) = make_safe;
    }

    /// A command holds until `time`; `false` if nothing may move, because nobody guards it.
    pub(crate) fn extend_to(&self, time: Time) -> bool {
        // SeqCst, with the other side in `run_helper`: either this sees the alarm for which the helper is about to
        // sleep, or the helper sees this expiry before it does.
        if self.expires.swap(time.as_ns(), Ordering::SeqCst) == 0 && !self.motion.begin() {
            self.expires.store(0, Ordering::SeqCst);
            return false;
        }
        if time.as_ns() < self.alarm.load(Ordering::SeqCst) {
            self.wake();
        }
        true
    }

    /// When the command that it obeys expires; `None` if it is safe.
    pub(crate) fn expires(&self) -> Option<Time> {
        let expires = self.expires.load(Ordering::SeqCst);
        (expires != 0).then(|| Time::from_ns(expires))
    }

    /// Asks for `make_safe`; [`Self::wait`] waits until it has returned.
    pub(crate) fn request(&self) -> u64 {
        let ticket = self.requested.fetch_add(1, Ordering::SeqCst) + 1;
        self.wake();
        ticket
    }

    /// Waits until the request `ticket` is done, at most `deadline` long; whether it is.
    pub(crate) fn wait(&self, ticket: u64, deadline: Duration) -> bool {
        if self.helper.get().is_none() {
            // Simulation: there is no helper, so the caller does its work.
            self.serve(self.clock.now());
        }
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, _) = self
            .done_changed
            .wait_timeout_while(done, deadline, |done| *done < ticket)
            .unwrap_or_else(PoisonError::into_inner);
        *done >= ticket
    }

    /// Does what is due at `now`, and says when to look again if nobody asks before.
    pub(crate) fn serve(&self, now: Time) -> Option<Time> {
        let requested = self.requested.load(Ordering::SeqCst);
        let pending = *self.done.lock().unwrap_or_else(PoisonError::into_inner) < requested;
        // Before anything is made safe: a command that has passed the gate has either ended by now, and is undone by what
        // follows, or is under way, and is undone when it has ended.
        let under_way = self.inhibit.is_shut() && self.inhibit.under_way() > 0;
        let again = !under_way && self.again.swap(false, Ordering::SeqCst);
        let expires = self.expires.load(Ordering::SeqCst);
        let due = expires != 0 && now.as_ns() >= expires;
        if pending || again || due {
            let ended = if pending || again {
                self.expires.swap(0, Ordering::SeqCst) != 0
            } else {
                // A command that came after the look above is fresh, and keeps its own expiry.
                self.expires.compare_exchange(expires, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok()
            };
            if due && ended {
                // Relaxed: a count for people to read.
                self.expired.fetch_add(1, Ordering::Relaxed);
            }
            if pending || again || ended {
                self.run_make_safe();
            }
            if ended {
                self.motion.end();
            }
            if under_way {
                self.again.store(true, Ordering::SeqCst);
            }
            *self.done.lock().unwrap_or_else(PoisonError::into_inner) = requested;
            self.done_changed.notify_all();
        }
        let drain = self.again.load(Ordering::SeqCst).then(|| now + DRAIN_LOOK);
        [self.expires(), drain].into_iter().flatten().min()
    }

    fn run_make_safe(&self) {
        let make_safe = self.make_safe.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Not opened, or closed again: nothing moves.
        let Some(make_safe) = make_safe else { return };
        let error = match catch_unwind(AssertUnwindSafe(|| make_safe())) {
            Ok(Ok(())) => {
                // Relaxed, here and below: counts for people to read.
                self.made_safe.fetch_add(1, Ordering::Relaxed);
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(payload) => panic_text(&*payload),
        };
        self.failed.fetch_add(1, Ordering::Relaxed);
        tracing::error!("actuator `{}` could not be made safe: {error}", self.name);
    }

    /// Ends the helper thread.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.wake();
    }

    fn wake(&self) {
        if let Some(helper) = self.helper.get() {
            helper.unpark();
        }
    }

    pub(crate) fn counts(&self) -> ActuatorCounts {
        // Relaxed: counts for people to read.
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ActuatorCounts {
            name: self.name.to_string(),
            commands: read(&self.commands),
            refused: read(&self.refused),
            expired: read(&self.expired),
            made_safe: read(&self.made_safe),
            make_safe_failed: read(&self.failed),
        }
    }
}

/// The helper thread of one actuator: sleeps until the command expires or somebody asks.
pub(crate) fn run_helper(cell: &ActuatorCell) {
    // A second call would come from this thread too.
    let _ = cell.helper.set(thread::current());
    while !cell.ended.load(Ordering::SeqCst) {
        let now = cell.clock.now();
        let next = cell.serve(now);
        let alarm = next.map_or(u64::MAX, Time::as_ns);
        // SeqCst: see `extend_to`.
        cell.alarm.store(alarm, Ordering::SeqCst);
        let sooner = cell.expires().is_some_and(|expires| expires.as_ns() < alarm);
        // A request after `serve` has left its token: parking returns at once.
        match next {
            _ if sooner => {}
            Some(next) => thread::park_timeout(next.since(now)),
            None => thread::park(),
        }
    }
}
