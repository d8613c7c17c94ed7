//! Timers: absolute, without drift, with a rule for what happens when one is late.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use crate::clock::Time;
use crate::error::NodeResult;
use crate::node::Node;
use crate::node::context::Context;
use crate::node::guarded::Guarded;
use crate::node::shared::NodeShared;

/// One call of a timer's callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// When the call was due.
    pub due: Time,
    /// Calls that were due before this one and were left out, because the node was busy. Their times are not caught up:
    /// the next call is due at the next multiple of the period.
    pub missed: u64,
}

/// A node's handle on a timer. Clones are handles on the same timer.
#[derive(Clone, Debug)]
pub struct Timer(Arc<TimerCell>);

#[derive(Debug)]
pub(crate) struct TimerCell {
    delay: Duration,
    repeats: Repeats,
    /// When the next call is due, in ns; `u64::MAX` when none is.
    due: AtomicU64,
    ticks: AtomicU64,
    missed: AtomicU64,
    late_ns_max: AtomicU64,
    late_ns_sum: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    Once,
    Always,
}

/// How punctual a timer was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TimerCounts {
    /// Calls.
    pub ticks: u64,
    /// Calls that were left out because the node was busy.
    pub missed: u64,
    /// Mean lateness of a call in microseconds.
    pub late_us_mean: u64,
    /// Greatest lateness of a call in microseconds.
    pub late_us_max: u64,
}

impl Timer {
    pub(crate) fn new(delay: Duration, repeats: Repeats) -> Self {
        Self(Arc::new(TimerCell {
            delay,
            repeats,
            due: AtomicU64::new(u64::MAX),
            ticks: AtomicU64::new(0),
            missed: AtomicU64::new(0),
            late_ns_max: AtomicU64::new(0),
            late_ns_sum: AtomicU64::new(0),
        }))
    }

    /// Lets no call become due any more, until [`Self::restart`].
    pub fn cancel(&self) {
        // Relaxed, here and below: used on the node's thread only; atomics because the node may be moved to it.
        self.0.due.store(u64::MAX, Ordering::Relaxed);
    }

    /// Makes the next call due one period, or the delay, after this callback began.
    pub fn restart(&self, ctx: &Context) {
        self.arm(ctx.now());
    }

    /// When the next call is due; `None` if the timer is cancelled, or has run out.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        let due = self.0.due.load(Ordering::Relaxed);
        (due != u64::MAX).then(|| Time::from_ns(due))
    }

    pub(crate) fn arm(&self, now: Time) {
        self.0.due.store((now + self.0.delay).as_ns(), Ordering::Relaxed);
    }

    /// The call that is due at `now`, if one is; the one after it is set.
    pub(crate) fn take_due(&self, now: Time) -> Option<Tick> {
        let due = self.due().filter(|due| *due <= now)?;
        let late = now.since(due);
        let missed = match self.0.repeats {
            Repeats::Once => {
                self.cancel();
                0
            }
            Repeats::Always => {
                let period = self.0.delay.as_nanos().max(1);
                let missed = late.as_nanos() / period;
                let next = u128::from(due.as_ns()) + (missed + 1) * period;
                self.0.due.store(u64::try_from(next).unwrap_or(u64::MAX), Ordering::Relaxed);
                u64::try_from(missed).unwrap_or(u64::MAX)
            }
        };
        let late_ns = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
        self.0.ticks.fetch_add(1, Ordering::Relaxed);
        self.0.missed.fetch_add(missed, Ordering::Relaxed);
        self.0.late_ns_max.fetch_max(late_ns, Ordering::Relaxed);
        self.0.late_ns_sum.fetch_add(late_ns, Ordering::Relaxed);
        Some(Tick { due, missed })
    }

    pub(crate) fn counts(&self) -> TimerCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let ticks = read(&self.0.ticks);
        TimerCounts {
            ticks,
            missed: read(&self.0.missed),
            late_us_mean: read(&self.0.late_ns_sum) / ticks.max(1) / 1000,
            late_us_max: read(&self.0.late_ns_max) / 1000,
        }
    }
}

type TimerCallback<N> = Box<dyn Fn(&mut N, &Tick, &Context) -> NodeResult + Send>;

/// A timer and what it calls.
pub(crate) struct TimerSource<N> {
    pub(crate) timer: Timer,
    pub(crate) guarded: Guarded,
    pub(crate) callback: TimerCallback<N>,
}

impl<N: Node> TimerSource<N> {
    /// Calls the callback if it is due at `now`.
    pub(crate) fn serve(&self, now: Time, node: &mut N, ctx: &Context, shared: &NodeShared) {
        // After a callback that panicked or was given up no other is called.
        if shared.may_call()
            && let Some(tick) = self.timer.take_due(now)
        {
            // The guard has counted and logged the outcome.
            let _ = self.guarded.call(ctx, None, || (self.callback)(node, &tick, ctx));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn at(ms: u32) -> Time {
        Time::ZERO + MS * ms
    }

    #[test]
    fn a_timer_is_due_at_multiples_of_its_period_however_late_its_calls_are() {
        let timer = Timer::new(MS * 10, Repeats::Always);
        timer.arm(Time::ZERO);
        assert_eq!(timer.take_due(Time::from_ns(at(10).as_ns() - 1)), None);
        assert_eq!(timer.take_due(at(10)), Some(Tick { due: at(10), missed: 0 }));
        assert_eq!(timer.take_due(at(29)), Some(Tick { due: at(20), missed: 0 }));
        assert_eq!(timer.take_due(at(30)), Some(Tick { due: at(30), missed: 0 }));
    }

    #[test]
    fn calls_that_a_busy_node_missed_are_counted_and_not_caught_up() {
        let timer = Timer::new(MS * 10, Repeats::Always);
        timer.arm(Time::ZERO);
        assert_eq!(timer.take_due(at(45)), Some(Tick { due: at(10), missed: 3 }));
        assert_eq!(timer.due(), Some(at(50)));
        assert_eq!(
            timer.counts(),
            TimerCounts { ticks: 1, missed: 3, late_us_mean: 35_000, late_us_max: 35_000 }
        );
    }

    #[test]
    fn a_timer_that_runs_once_is_due_once_and_a_cancelled_one_never() {
        let timer = Timer::new(MS * 10, Repeats::Once);
        timer.arm(Time::ZERO);
        assert!(timer.take_due(at(10)).is_some());
        assert_eq!((timer.due(), timer.take_due(at(99))), (None, None));
        timer.arm(at(100));
        timer.cancel();
        assert_eq!(timer.take_due(at(200)), None);
    }
}
