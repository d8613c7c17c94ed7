//! What makes one actuator safe: when its command expires, and when it is asked to.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};

use nevil_sys::mem::Gate;

use crate::actuator::motion::{ActuatorCounts, Motion, StopWord};
use crate::clock::{Clock, Time};
use crate::device::DeviceResult;
use crate::error::caught;
use crate::limits::{MAKE_SAFE_DEADLINE, MAKE_SAFE_RETRY};

/// Makes an actuator safe. Runs on the helper thread; may be called at any time and any number of times.
pub type MakeSafe = Arc<dyn Fn() -> DeviceResult<()> + Send + Sync>;

/// Of the failures of one actuator, the first and each so-many-th is told: it is tried 50 times a second.
const FAILED_TOLD_EVERY: u64 = 50;

/// An actuator as its helper, the node and the safety thread share it.
///
/// Every step of `command` and of `serve` is one store or swap, SeqCst throughout: what each side does first, the other
/// side sees when it looks second.
pub(crate) struct ActuatorCell {
    pub(crate) name: Arc<str>,
    pub(crate) clock: Clock,
    /// Shut while the actuator is not open.
    pub(crate) open: Gate,
    /// The life of its node that has it.
    life: AtomicU32,
    pub(crate) commands: AtomicU64,
    pub(crate) refused: AtomicU64,
    motion: Arc<Motion>,
    /// Whether this actuator is one of those that `motion` counts: from before its first command until it is safe.
    counted: AtomicBool,
    /// When the last command expires, in ns; 0 when none holds.
    expires: AtomicU64,
    /// Until when the helper sleeps, in ns.
    alarm: AtomicU64,
    /// Requests to make safe; those that were tried; those that are done.
    requested: AtomicU64,
    tried: AtomicU64,
    done: AtomicU64,
    waiters: AtomicU32,
    done_lock: Mutex<()>,
    done_changed: Condvar,
    /// Whether it has to be made safe once more: the last time failed, or a command was under way. And when, in ns.
    again: AtomicBool,
    again_at: AtomicU64,
    /// Since when it is being made safe without success, in ns; 0 when it is not.
    unsafe_since: AtomicU64,
    make_safe: Mutex<Option<MakeSafe>>,
    helper: OnceLock<Thread>,
    ended: AtomicBool,
    expired: AtomicU64,
    made_safe: AtomicU64,
    failed: AtomicU64,
}

impl fmt::Debug for ActuatorCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActuatorCell({})", self.name)
    }
}

impl ActuatorCell {
    pub(crate) fn new(name: Arc<str>, clock: Clock, motion: Arc<Motion>) -> Self {
        Self {
            name,
            clock,
            open: Gate::closed(),
            life: AtomicU32::new(0),
            commands: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            motion,
            counted: AtomicBool::new(false),
            expires: AtomicU64::new(0),
            alarm: AtomicU64::new(u64::MAX),
            requested: AtomicU64::new(0),
            tried: AtomicU64::new(0),
            done: AtomicU64::new(0),
            waiters: AtomicU32::new(0),
            done_lock: Mutex::new(()),
            done_changed: Condvar::new(),
            again: AtomicBool::new(false),
            again_at: AtomicU64::new(0),
            unsafe_since: AtomicU64::new(0),
            make_safe: Mutex::new(None),
            helper: OnceLock::new(),
            ended: AtomicBool::new(false),
            expired: AtomicU64::new(0),
            made_safe: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Lets commands of this life of its node through, unless a later life has it.
    pub(crate) fn permit(&self, life: u32) {
        // SeqCst, as all here: the later of two lives has the last word.
        if self.life.fetch_max(life, Ordering::SeqCst) <= life {
            self.open.reopen();
        }
    }

    /// Lets no commands through any more, and has it made safe, unless a later life of its node has it.
    pub(crate) fn forbid(&self, life: u32) {
        if self.life.load(Ordering::SeqCst) <= life {
            self.open.shut();
            self.request();
        }
    }

    pub(crate) fn set_make_safe(&self, make_safe: MakeSafe) {
        let before = self.make_safe.lock().unwrap_or_else(PoisonError::into_inner).replace(make_safe);
        // Foreign code, dropped outside of the lock.
        drop(before);
    }

    /// Names the thread that makes it safe. Without one, outside of a simulation, nothing may be commanded.
    pub(crate) fn set_helper(&self, helper: Thread) {
        // Named once, by who starts it.
        let _ = self.helper.set(helper);
    }

    /// Whether a command would be ended and undone: it has a helper, or the simulation does its work.
    pub(crate) fn is_attended(&self) -> bool {
        self.helper.get().is_some() || self.clock.is_simulated()
    }

    /// Which stops of all motion hold.
    pub(crate) fn stop(&self) -> StopWord {
        self.motion.stop()
    }

    /// When the emergency stop that holds began.
    pub(crate) fn held_since(&self) -> Time {
        self.motion.held_since()
    }

    /// Whether it is one of those that move: a command holds, or has not returned, or could not be undone yet.
    pub(crate) fn is_moving(&self) -> bool {
        self.counted.load(Ordering::SeqCst)
    }

    /// A command holds until `time`; `false` if nothing may move, because nobody guards it.
    pub(crate) fn extend_to(&self, time: Time) -> bool {
        if !self.count_in() {
            return false;
        }
        self.expires.store(time.as_ns(), Ordering::SeqCst);
        // The helper may have counted it out between these two steps.
        if !self.count_in() {
            return false;
        }
        // Either this sees the alarm for which the helper is about to sleep, or the helper sees this expiry before it does.
        if time.as_ns() < self.alarm.load(Ordering::SeqCst) {
            self.wake();
        }
        true
    }

    /// After a command that was to hold until `time` has taken effect: if it was made safe since `began`, or has expired,
    /// what has just taken effect is undone.
    pub(crate) fn took_effect(&self, time: Time, began: StopWord) {
        let overtaken = self.expires.load(Ordering::SeqCst) < time.as_ns();
        // Also a stop that is over by now: what was commanded before it is gone.
        let stopped = self.open.is_shut() || self.stop() != began;
        if overtaken || stopped || self.clock.now() >= time {
            self.request();
        }
    }

    /// When the command that it obeys expires; `None` if none holds.
    pub(crate) fn expires(&self) -> Option<Time> {
        let expires = self.expires.load(Ordering::SeqCst);
        (expires != 0).then(|| Time::from_ns(expires))
    }

    /// When [`Self::serve`] has something to do, if nobody asks before.
    pub(crate) fn next_due(&self) -> Option<Time> {
        let again =
            self.again.load(Ordering::SeqCst).then(|| Time::from_ns(self.again_at.load(Ordering::SeqCst)));
        [self.expires(), again].into_iter().flatten().min()
    }

    /// Asks for `make_safe`; [`Self::wait`] waits until it has succeeded.
    pub(crate) fn request(&self) -> u64 {
        let ticket = self.requested.fetch_add(1, Ordering::SeqCst) + 1;
        self.wake();
        ticket
    }

    /// Waits until the request `ticket` is done, at most until `deadline`; whether it is.
    pub(crate) fn wait(&self, ticket: u64, deadline: Time) -> bool {
        let is_done = || self.done.load(Ordering::SeqCst) >= ticket;
        // In a simulation, before there is a helper, and after its end, the caller does its work.
        let has_helper = self.helper.get().is_some() && !self.ended.load(Ordering::SeqCst);
        if self.clock.is_simulated() || !has_helper {
            self.serve(self.clock.now());
            return is_done();
        }
        self.waiters.fetch_add(1, Ordering::SeqCst);
        let guard = self.done_lock.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = deadline.since(self.clock.now());
        let waited = self.done_changed.wait_timeout_while(guard, wait, |()| !is_done());
        drop(waited);
        self.waiters.fetch_sub(1, Ordering::SeqCst);
        is_done()
    }

    /// Does what is due at `now`, and says when to look again if nobody asks before.
    pub(crate) fn serve(&self, now: Time) -> Option<Time> {
        let requested = self.requested.load(Ordering::SeqCst);
        let stopped = self.open.is_shut() || self.stop().is_stopped();
        // Looked at before anything is made safe: a command that has passed the gate has either ended by now, and is undone
        // by what follows, or is under way: then it is made safe again and again until that has ended.
        let under_way = self.open.under_way() > 0;
        let expires = self.expires.load(Ordering::SeqCst);
        let due = expires != 0 && now.as_ns() >= expires;
        let asked = requested > self.tried.load(Ordering::SeqCst);
        let again = self.again.load(Ordering::SeqCst) && now.as_ns() >= self.again_at.load(Ordering::SeqCst);
        if asked || again || due {
            // A command that is fresh keeps its own expiry, unless somebody asked for safety.
            let ended = if asked || stopped {
                self.expires.swap(0, Ordering::SeqCst) != 0
            } else {
                due && self.expires.compare_exchange(expires, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok()
            };
            if due && ended {
                // Relaxed: a count for people to read.
                self.expired.fetch_add(1, Ordering::Relaxed);
            }
            let superseded = !(asked || stopped || ended) && self.expires().is_some();
            let safe = superseded || self.make_safe_once(now);
            self.tried.store(requested, Ordering::SeqCst);
            let after = self.clock.now().max(now) + MAKE_SAFE_RETRY;
            self.again_at.store(after.as_ns(), Ordering::SeqCst);
            self.again.store(!safe || (under_way && !superseded), Ordering::SeqCst);
            if safe && !under_way {
                self.count_out();
            }
            if safe && !superseded {
                self.done.store(requested, Ordering::SeqCst);
                self.tell_waiters();
            }
        }
        self.next_due()
    }

    /// Counts it among the actuators that move; `false` if it may not move.
    fn count_in(&self) -> bool {
        if self.counted.load(Ordering::SeqCst) {
            return true;
        }
        // Counted before the question, so that who tells the guard off sees it. Whoever clears `counted` takes it back.
        self.motion.add();
        if self.counted.swap(true, Ordering::SeqCst) {
            self.motion.remove();
            return true;
        }
        let may = self.motion.may_begin();
        if !may && self.counted.swap(false, Ordering::SeqCst) {
            self.motion.remove();
        }
        may
    }

    /// It is safe: counts it out, unless a fresh command holds.
    fn count_out(&self) {
        if self.expires().is_none() && self.counted.swap(false, Ordering::SeqCst) {
            self.motion.remove();
            if self.expires().is_some() {
                // A command came between the two looks, and took itself for counted. What it may is found out by the next.
                self.count_in();
            }
        }
    }

    fn tell_waiters(&self) {
        // The lock is taken only where somebody waits, who holds it for some instructions.
        if self.waiters.load(Ordering::SeqCst) > 0 {
            drop(self.done_lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.done_changed.notify_all();
        }
    }

    /// Whether it should be safe for longer than that may take, so that the guard process had better see to it.
    pub(crate) fn is_overdue(&self, now: Time) -> bool {
        let past = |since: u64| since != 0 && now.since(Time::from_ns(since)) > MAKE_SAFE_DEADLINE;
        past(self.unsafe_since.load(Ordering::SeqCst)) || past(self.expires.load(Ordering::SeqCst))
    }

    fn make_safe_once(&self, now: Time) -> bool {
        // The first failure of several counts; 0 stands for none.
        let since = now.as_ns().max(1);
        let _ = self.unsafe_since.compare_exchange(0, since, Ordering::SeqCst, Ordering::SeqCst);
        let safe = self.run_make_safe();
        if safe {
            self.unsafe_since.store(0, Ordering::SeqCst);
        }
        safe
    }

    /// Whether the actuator has been made safe.
    fn run_make_safe(&self) -> bool {
        let make_safe = self.make_safe.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Never opened: it cannot have moved.
        let Some(make_safe) = make_safe else { return true };
        // The handle is dropped inside too: it may be the last.
        let error = match caught(move || make_safe().map_err(|error| error.to_string())) {
            Ok(Ok(())) => {
                // Relaxed, here and below: counts for people to read.
                self.made_safe.fetch_add(1, Ordering::Relaxed);
                return true;
            }
            Ok(Err(error)) => error,
            Err(panic) => panic.to_string(),
        };
        if self.failed.fetch_add(1, Ordering::Relaxed).is_multiple_of(FAILED_TOLD_EVERY) {
            tracing::error!("actuator `{}` could not be made safe: {error}; it is tried again", self.name);
        }
        false
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
    while !cell.ended.load(Ordering::SeqCst) {
        let now = cell.clock.now();
        let next = cell.serve(now);
        let alarm = next.map_or(u64::MAX, Time::as_ns);
        // See `extend_to`.
        cell.alarm.store(alarm, Ordering::SeqCst);
        let sooner = cell.expires().is_some_and(|expires| expires.as_ns() < alarm);
        // What is asked from here on leaves a token, and parking returns at once; what was asked before may have left one
        // that foreign code has taken.
        let asked = cell.requested.load(Ordering::SeqCst) > cell.tried.load(Ordering::SeqCst);
        match next {
            _ if sooner || asked || cell.ended.load(Ordering::SeqCst) => {}
            Some(next) => thread::park_timeout(next.since(cell.clock.now())),
            None => thread::park(),
        }
    }
}
