//! All actuators of a robot, and whether any of them moves.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::actuator::helper::ActuatorCell;
use crate::clock::{Clock, Time};

/// All actuators of a robot. Clones are handles on the same ones.
#[derive(Clone, Default)]
pub struct Actuators {
    cells: Arc<Mutex<Vec<Arc<ActuatorCell>>>>,
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
        cell
    }

    pub(crate) fn motion(&self) -> Arc<Motion> {
        Arc::clone(&self.motion)
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
        self.motion.stopped.store(true, Ordering::SeqCst);
        for cell in self.cells() {
            cell.open.shut();
            cell.request();
        }
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
        self.cells().iter().find(|cell| cell.is_overdue(now)).map(|cell| Arc::clone(&cell.name))
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
    stopped: AtomicBool,
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

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}
