//! What a callback may ask.

use std::cell::Cell;
use std::sync::Arc;

use crate::clock::{Clock, Time};
use crate::estop::EmergencyStop;
use crate::incarnation::{CancelToken, Incarnation};
use crate::lineage::{Lineage, LineageCell};

/// What a callback may ask: the time, the node's name, whether to give up.
#[derive(Debug)]
pub struct Context {
    clock: Clock,
    incarnation: Arc<Incarnation>,
    lineage: Arc<LineageCell>,
    estop: EmergencyStop,
    now: Cell<Time>,
    /// When the callback before this one ended, if that was in this turn.
    ended: Cell<Option<Time>>,
}

impl Context {
    pub(crate) fn new(
        clock: Clock,
        incarnation: Arc<Incarnation>,
        lineage: Arc<LineageCell>,
        estop: EmergencyStop,
    ) -> Self {
        let (now, ended) = (Cell::new(Time::ZERO), Cell::new(None));
        Self { clock, incarnation, lineage, estop, now, ended }
    }

    /// When this callback began. The same under the real and the simulated clock, and for the whole callback.
    #[must_use]
    #[inline]
    pub fn now(&self) -> Time {
        self.now.get()
    }

    /// The node's instance name.
    #[must_use]
    pub fn node(&self) -> &str {
        self.incarnation.instance()
    }

    /// The token that says when long work should be given up. Setting it interrupts nothing: long work looks at it.
    #[must_use]
    pub fn cancel(&self) -> &CancelToken {
        self.incarnation.cancel()
    }

    /// From which first event this call descends. What is published now descends from it too.
    #[must_use]
    pub fn lineage(&self) -> Lineage {
        self.lineage.get()
    }

    /// Begins an emergency stop of the whole robot: everything that moves is made safe at once, and stays so until somebody
    /// resets it (`nevil estop --reset`). Waits for nothing. `reason` is for people, at most
    /// [`ESTOP_REASON_BYTES`](crate::limits::ESTOP_REASON_BYTES) bytes; the rest is cut. If one holds already, its reason
    /// stays and this one is counted.
    pub fn emergency_stop(&self, reason: &str) {
        self.estop.engage(format_args!("node `{}`", self.node()), reason);
    }

    pub(crate) fn incarnation(&self) -> &Arc<Incarnation> {
        &self.incarnation
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Begins a turn: what ended before it is long ago.
    #[inline]
    pub(crate) fn begin_turn(&self) {
        self.ended.set(None);
    }

    /// The time within a turn: the next callback begins at it.
    pub(crate) fn time(&self) -> Time {
        self.ended.get().unwrap_or_else(|| self.end())
    }

    /// Begins a callback: takes the time, and makes what it publishes descend from `cause`, or begin a new lineage.
    ///
    /// Within a turn a callback begins when the one before it ends, so that the clock is read once for both.
    #[inline]
    pub(crate) fn begin(&self, cause: Option<Lineage>) -> Time {
        let now = self.ended.take().unwrap_or_else(|| self.clock.now());
        self.now.set(now);
        let root = || Lineage::begin(now, self.incarnation.source());
        self.lineage.set(cause.map_or_else(root, Lineage::child));
        now
    }

    /// Ends a callback: the time.
    #[inline]
    pub(crate) fn end(&self) -> Time {
        let now = self.clock.now();
        self.ended.set(Some(now));
        now
    }
}
