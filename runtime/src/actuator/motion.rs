//! All actuators of a robot, and whether any of them moves.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::actuator::helper::ActuatorCell;
use crate::clock::{Clock, Time};
use crate::limits::MAKE_SAFE_DEADLINE;

/// All actuators of a robot. Clones are handles on the same ones.
#[derive(Clone, Default)]
pub struct Actuators {
    cells: Arc<Mutex<Vec<Arc<ActuatorCell>>>>,
    /// The same ones for who stops them all: never locked for longer than one is added, and not by tools, which may be
    /// kept from going on for long.
    stopped: Arc<Mutex<Vec<Arc<ActuatorCell>>>>,
    motion: Arc<Motion>,
}

/// What an actuator was told and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ActuatorCounts {
    /// `<node>/<actuator>`.
    pub name: String,
    /// Commands that were passed to the hardware.
    pub commands: u64,
    /// Commands that were refused: inhibited, fenced, not open, in use.
    pub refused: u64,
    /// Commands that expired.
    pub expired: u64,
    /// Times that it was made safe.
    pub made_safe: u64,
    /// Times that making it safe failed.
    pub make_safe_failed: u64,
}

impl Actuators {
    /// The actuator `name`: the same one in each life of its node, so that whoever makes it safe stays with it.
    pub(crate) fn cell(&self, name: Arc<str>, clock: &Clock) -> Arc<ActuatorCell> {
        let mut cells = self.lock();
        if let Some(known) = cells.iter().find(|known| known.name == name) {
            return Arc::clone(known);
        }
        let cell = Arc::new(ActuatorCell::new(name, clock.clone(), self.motion()));
        cells.push(Arc::clone(&cell));
        drop(cells);
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&cell));
        cell
    }

    pub(crate) fn motion(&self) -> Arc<Motion> {
        Arc::clone(&self.motion)
    }

    /// The actuators that nodes have declared, called `<node>/<name>`, in the order in which they were declared.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        self.cells().iter().map(|cell| Arc::clone(&cell.name)).collect()
    }

    /// The actuators, in the order in which they were declared.
    pub(crate) fn cells(&self) -> Vec<Arc<ActuatorCell>> {
        self.lock().clone()
    }

    /// Asks `begins` whenever an actuator is about to move and nobody guards it yet.
    pub(crate) fn on_motion(&self, begins: MotionBegins) {
        // One safety thread per robot, started once.
        let _ = self.motion.begins.set(begins);
    }

    /// Lets no command through any more, for good, and asks for everything to be made safe, without waiting.
    pub fn stop_motion(&self) {
        // Before the actuators are asked: what opens one later still finds this.
        self.motion.stop.fetch_or(FOR_GOOD, Ordering::SeqCst);
        for cell in &*self.to_stop() {
            cell.open.shut();
            cell.request();
        }
    }

    /// Lets no command through until [`Self::permit_motion`], and asks for everything to be made safe, without waiting.
    /// If none held before, which one it is of all that were ever asked for, from 1.
    pub(crate) fn hold_motion(&self, now: Time) -> Option<u64> {
        let begun = self.motion.hold(now);
        for cell in &*self.to_stop() {
            // The gate stays as it is, so that it need not be known later which ones to open again: a command that enters
            // after this look sees the stop, and one that has entered before is seen by whoever makes safe from here on.
            cell.open.look();
            cell.request();
        }
        begun
    }

    /// Makes everything safe once more, and lets commands through again after [`Self::hold_motion`], if no
    /// stop was asked for since `stop` was looked at; whether that is so. Waits at most [`MAKE_SAFE_DEADLINE`]. What was
    /// commanded before is gone: nothing moves by itself.
    ///
    /// # Errors
    ///
    /// The actuators that are not safe: they move, or a call to them has not returned.
    pub(crate) fn permit_motion(&self, stop: StopWord) -> Result<bool, Vec<Arc<str>>> {
        let late = self.make_safe(MAKE_SAFE_DEADLINE);
        // One that was made safe in time counts as moving for as long as a call to it has not returned.
        let moving = self.cells().into_iter().filter(|cell| cell.is_moving());
        let mut unsafe_still: Vec<_> = moving.map(|cell| Arc::clone(&cell.name)).chain(late).collect();
        unsafe_still.sort_unstable();
        unsafe_still.dedup();
        if !unsafe_still.is_empty() {
            return Err(unsafe_still);
        }
        Ok(self.motion.release(stop))
    }

    /// Lets no command through any more, for good, and makes everything safe. Names the actuators that were not safe within
    /// `deadline`; they are tried on.
    pub fn inhibit(&self, deadline: Duration) -> Vec<Arc<str>> {
        self.stop_motion();
        self.make_safe(deadline)
    }

    /// Makes everything safe. Names the actuators that were not safe within `deadline`; they are tried on.
    pub fn make_safe(&self, deadline: Duration) -> Vec<Arc<str>> {
        // All are asked before any is waited for, and all have the same time.
        let asked: Vec<_> = self.cells().into_iter().map(|cell| (cell.request(), cell)).collect();
        let until = asked.first().map(|(_, cell)| cell.clock.now() + deadline);
        let late =
            asked.into_iter().filter(|(ticket, cell)| until.is_some_and(|until| !cell.wait(*ticket, until)));
        late.map(|(_, cell)| Arc::clone(&cell.name)).collect()
    }

    /// Whether any call to the hardware has not returned.
    #[must_use]
    pub fn are_in_use(&self) -> bool {
        self.cells().iter().any(|cell| cell.open.under_way() > 0)
    }

    /// The first actuator that should be safe by now, and is not.
    pub(crate) fn overdue(&self, now: Time) -> Option<Arc<str>> {
        // The list that no tool locks: this is the safety thread.
        self.to_stop().iter().find(|cell| cell.is_overdue(now)).map(|cell| Arc::clone(&cell.name))
    }

    /// Whether any actuator obeys a command now.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.motion.is_moving()
    }

    /// Does what is due at `now`, and says when the next command expires: the helpers' work, under simulation.
    pub(crate) fn serve(&self, now: Time) -> Option<Time> {
        self.cells().iter().filter_map(|cell| cell.serve(now)).min()
    }

    /// The counters of each.
    #[must_use]
    pub fn counts(&self) -> Vec<ActuatorCounts> {
        self.cells().iter().map(|cell| cell.counts()).collect()
    }

    /// The actuators, for who stops them.
    fn to_stop(&self) -> std::sync::MutexGuard<'_, Vec<Arc<ActuatorCell>>> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<ActuatorCell>>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Actuators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.cells().iter().map(|cell| &cell.name)).finish()
    }
}

/// How many actuators move, and whom to ask before the first begins.
#[derive(Default)]
pub(crate) struct Motion {
    moving: AtomicU32,
    /// Which stops hold, and how many were asked for: see [`StopWord`].
    stop: AtomicU64,
    /// When the last emergency stop began, in ns.
    held_since: AtomicU64,
    /// Whether the guard watches over what moves.
    pub(crate) guarded: AtomicBool,
    begins: OnceLock<MotionBegins>,
}

/// Asked before motion begins; `false`: it may not.
pub(crate) type MotionBegins = Box<dyn Fn() -> bool + Send + Sync>;

impl Motion {
    /// One actuator more is about to move.
    pub(crate) fn add(&self) {
        self.moving.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn remove(&self) {
        self.moving.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether what was added may move. Either this sees that the guard was told off, or who tells it off sees the count.
    pub(crate) fn may_begin(&self) -> bool {
        self.guarded.load(Ordering::SeqCst) || self.begins.get().is_none_or(|begins| begins())
    }

    pub(crate) fn is_moving(&self) -> bool {
        self.moving.load(Ordering::SeqCst) > 0
    }

    /// Which stops hold now.
    pub(crate) fn stop(&self) -> StopWord {
        StopWord(self.stop.load(Ordering::SeqCst))
    }

    /// Begins an emergency stop, or asks for the one that holds once more. If it has begun: its number among all that were
    /// asked for.
    fn hold(&self, now: Time) -> Option<u64> {
        // Before the stop, so that who sees it sees this. Some instructions off where two begin it at the same time.
        if !self.stop().is_held() {
            self.held_since.store(now.as_ns(), Ordering::SeqCst);
        }
        let hold = |word| Some((word | HELD) + ONE_ASKED);
        let (Ok(before) | Err(before)) = self.stop.fetch_update(Ordering::SeqCst, Ordering::SeqCst, hold);
        let before = StopWord(before);
        (!before.is_held()).then(|| before.asked() + 1)
    }

    /// Ends the emergency stop, if nothing has been stopped since `seen` was looked at; whether that is so.
    pub(crate) fn release(&self, seen: StopWord) -> bool {
        let released = seen.0 & !HELD;
        self.stop.compare_exchange(seen.0, released, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// When the last emergency stop began.
    pub(crate) fn held_since(&self) -> Time {
        Time::from_ns(self.held_since.load(Ordering::SeqCst))
    }
}

const FOR_GOOD: u64 = 1;
const HELD: u64 = 1 << 1;
const ONE_ASKED: u64 = 1 << 2;

/// Which stops hold at one moment: `emergency stops asked for so far (62 bits) | one holds (1 bit) | stopped for good
/// (1 bit)`. Two words differ if a stop was asked for between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StopWord(u64);

impl StopWord {
    /// Whether nothing may move.
    pub(crate) fn is_stopped(self) -> bool {
        self.0 & (FOR_GOOD | HELD) != 0
    }

    /// Whether the robot was stopped for good.
    pub(crate) fn is_for_good(self) -> bool {
        self.0 & FOR_GOOD != 0
    }

    /// Whether an emergency stop holds.
    pub(crate) fn is_held(self) -> bool {
        self.0 & HELD != 0
    }

    /// How many times an emergency stop was asked for.
    pub(crate) fn asked(self) -> u64 {
        self.0 / ONE_ASKED
    }
}
