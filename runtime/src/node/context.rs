//! What a callback may ask.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Time};
use crate::estop::EmergencyStop;
use crate::incarnation::{CancelToken, Incarnation};
use crate::lineage::{Lineage, LineageCell};
use crate::node::ready::Readiness;

/// What a callback may ask: the time, the node's name, whether to give up.
#[derive(Debug)]
pub struct Context {
    clock: Clock,
    incarnation: Arc<Incarnation>,
    lineage: Arc<LineageCell>,
    estop: EmergencyStop,
    ready: Arc<Readiness>,
    now: Cell<Time>,
    /// When the callback before this one ended, if that was in this turn.
    ended: Cell<Option<Time>>,
    /// Until when this callback may run, and until when it can make that.
    deadline: Cell<Time>,
    latest: Cell<Time>,
}

/// Why a callback got no more time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtendError {
    /// Its deadline has passed: it counts as failed.
    #[error("the callback has missed its deadline already; extend before it passes, or raise its `timeout`")]
    Late,
    /// More than all its extensions together may be.
    #[error(
        "no more time is allowed ({given:?} from now, at most {left:?} is left); raise the callback's `extend_max`"
    )]
    TooMuch {
        /// What was asked for, from now on.
        given: Duration,
        /// What is left, from now on.
        left: Duration,
    },
}

impl Context {
    pub(crate) fn new(
        clock: Clock,
        incarnation: Arc<Incarnation>,
        lineage: Arc<LineageCell>,
        estop: EmergencyStop,
        ready: Arc<Readiness>,
    ) -> Self {
        let (now, ended) = (Cell::new(Time::ZERO), Cell::new(None));
        let (deadline, latest) = (Cell::new(Time::ZERO), Cell::new(Time::ZERO));
        Self { clock, incarnation, lineage, estop, ready, now, ended, deadline, latest }
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

    /// Until when this callback may run: from then on it counts as failed, and what it publishes or commands is refused.
    #[must_use]
    pub fn deadline(&self) -> Time {
        self.deadline.get()
    }

    /// Asks for time: the callback may run for `more`, counted from now on. For honest long work, which says so as it goes
    /// on. A deadline that is later already stays.
    ///
    /// # Errors
    ///
    /// [`ExtendError::Late`] if the deadline has passed, [`ExtendError::TooMuch`] if all extensions of this call together
    /// would be more than the `extend_max` of the callback (30 s, if the launch file says nothing). The deadline stays.
    pub fn extend(&self, more: Duration) -> Result<(), ExtendError> {
        let now = self.clock.now();
        let (deadline, latest) = (self.deadline.get(), self.latest.get());
        if now >= deadline {
            return Err(ExtendError::Late);
        }
        let extended = now + more;
        if extended > latest {
            return Err(ExtendError::TooMuch { given: more, left: latest.since(now) });
        }
        if extended > deadline {
            self.incarnation.call().extend(extended.as_ns()).map_err(|_| ExtendError::Late)?;
            self.deadline.set(extended);
        }
        Ok(())
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

    /// Says that this node is ready: nodes that depend on it may be activated now. For one that has declared that it says so
    /// ([`Setup::ready_by_call`](crate::Setup::ready_by_call)), once in each life, in `activate` or in any callback; another
    /// one, or one that has said so, says nothing new.
    pub fn ready(&self) {
        self.ready.call();
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

    /// Lets the callback that begins run until `deadline`, and make that later by `more` at most.
    #[inline]
    pub(crate) fn allow(&self, deadline: Time, more: Duration) {
        self.deadline.set(deadline);
        self.latest.set(deadline + more);
    }

    /// Ends a callback that was not called.
    pub(crate) fn skip(&self) {
        self.ended.set(Some(self.now.get()));
    }

    /// Ends a callback: the time.
    #[inline]
    pub(crate) fn end(&self) -> Time {
        let now = self.clock.now();
        self.ended.set(Some(now));
        now
    }
}
