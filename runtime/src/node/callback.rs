//! What outlives the lives of a node: its callbacks, each with its rule, its breaker and its counters.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::breaker::{Breaker, BreakerError, BreakerPolicy, Breakers};
use crate::bus::Outcome;
use crate::clock::Time;
use crate::node::rules::{CallbackRule, NodeRules};

/// The deadline of a phase, which the breaker's guard does not watch.
pub(crate) const NO_TIMEOUT: Duration = Duration::MAX;

/// One callback of a node instance, over all its lives.
#[derive(Debug)]
pub(crate) struct Callback {
    name: Arc<str>,
    rule: CallbackRule,
    breaker: Breaker,
    ok: AtomicU64,
    failed: AtomicU64,
    panicked: AtomicU64,
    timed_out: AtomicU64,
    longest_ns: AtomicU64,
}

/// How the calls of one callback ended, over all lives of its node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallbackCounts {
    /// Name of the callback.
    pub name: String,
    /// Calls that returned `Ok`.
    pub ok: u64,
    /// Calls that returned an error.
    pub failed: u64,
    /// Calls that panicked.
    pub panicked: u64,
    /// Calls that had not returned at their deadline.
    pub timed_out: u64,
    /// Calls that the callback's breaker refused.
    pub refused: u64,
    /// Longest call in microseconds.
    pub longest_us: u64,
}

impl Callback {
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    #[inline]
    pub(crate) fn rule(&self) -> &CallbackRule {
        &self.rule
    }

    #[inline]
    pub(crate) fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    #[inline]
    pub(crate) fn count_time(&self, took: Duration) {
        let took_ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        // Relaxed, here and below: counts for people to read, written by the one thread that has the node now.
        if took_ns > self.longest_ns.load(Ordering::Relaxed) {
            self.longest_ns.store(took_ns, Ordering::Relaxed);
        }
    }

    #[inline]
    pub(crate) fn count(&self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Ok => &self.ok,
            Outcome::Failed => &self.failed,
            Outcome::Panicked => &self.panicked,
            // By the watcher, at the deadline; or by the thread itself, if the watcher was later.
            Outcome::TimedOut => {
                self.timed_out.fetch_add(1, Ordering::Relaxed);
                return;
            }
            // The breaker counts what it refuses, and who was given up counts nothing more.
            Outcome::BreakerOpen | Outcome::Abandoned => return,
        };
        counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> CallbackCounts {
        // Relaxed: counts for people to read.
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CallbackCounts {
            name: self.name.to_string(),
            ok: read(&self.ok),
            failed: read(&self.failed),
            panicked: read(&self.panicked),
            timed_out: read(&self.timed_out),
            refused: self.breaker.refused(),
            longest_us: read(&self.longest_ns) / 1000,
        }
    }
}

/// All callbacks of a robot, by node instance and name. Clones are handles on the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Callbacks(Arc<Register>);

/// The callback by which a node hears of other parameters.
pub(crate) const PARAMS_CHANGED: &str = "params_changed";

/// A node instance, and the name of a callback of it.
type Key = (Arc<str>, Arc<str>);

/// Says whether an emergency stop holds.
pub(crate) type IsStopped = Box<dyn Fn() -> bool + Send + Sync>;

#[derive(Default)]
struct Register {
    callbacks: Mutex<BTreeMap<Key, Arc<Callback>>>,
    /// The breakers that open with an emergency stop. Locked for as long as one is added, and by who engages it.
    stopped: Mutex<Vec<Breaker>>,
    is_stopped: OnceLock<IsStopped>,
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Register").field("callbacks", &self.callbacks).finish_non_exhaustive()
    }
}

impl Callbacks {
    /// Opens the breakers of all callbacks that are not called during an emergency stop, or gives them back.
    pub(crate) fn follow_emergency_stop(&self, now: Time) {
        let stopped = self.0.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        // What holds by now, not what has happened: two who stop and reset at once come here in any order.
        let engaged = self.is_stopped();
        for breaker in &*stopped {
            // Whether it was so already is of no interest.
            let _ = if engaged { breaker.emergency_open(now) } else { breaker.emergency_reset(now) };
        }
    }

    /// Asks `is_stopped` whether an emergency stop holds.
    pub(crate) fn look_at_stop(&self, is_stopped: IsStopped) {
        // Once, by who makes both.
        let _ = self.0.is_stopped.set(is_stopped);
    }

    fn is_stopped(&self) -> bool {
        self.0.is_stopped.get().is_some_and(|is_stopped| is_stopped())
    }

    /// The deadline of the callback whose breaker is called `breaker`; `None` if there is none: it is no callback's, or that of
    /// a phase.
    pub(crate) fn timeout(&self, breaker: &str) -> Option<Duration> {
        let (instance, name) = breaker.split_once('.')?;
        let callbacks = self.0.callbacks.lock().unwrap_or_else(PoisonError::into_inner);
        let timeout = callbacks.get(&(instance.into(), name.into()))?.rule.timeout;
        (timeout != NO_TIMEOUT).then_some(timeout)
    }

    /// Lets the breaker of a callback work by `policy` from now on. Where that does not say what is slow, this stays as it is.
    /// `None`: there is no such callback, or its breaker never opens.
    pub(crate) fn set_breaker(
        &self,
        instance: &str,
        name: &str,
        policy: BreakerPolicy,
        now: Time,
    ) -> Option<Result<(), BreakerError>> {
        let callbacks = self.0.callbacks.lock().unwrap_or_else(PoisonError::into_inner);
        let known = callbacks.get(&(instance.into(), name.into()))?;
        // What it says to its supervisor, or to who changes its parameters, opens nothing.
        if known.rule.timeout == NO_TIMEOUT || name == PARAMS_CHANGED {
            return None;
        }
        let slow_after = match (policy.slow_after, known.rule.breaker.slow_after, known.breaker.policy()) {
            (Some(said), _, _) => Some(said),
            (None, None, Ok(works_by)) => works_by.slow_after,
            (None, ..) => Some(known.rule.timeout),
        };
        Some(known.breaker.set_policy(now, BreakerPolicy { slow_after, ..policy }))
    }

    /// The callback `name` of the node `instance`: the same one in each of its lives. If another rule holds than before, it
    /// goes on under that one, with its counters; and its breaker under another policy, if the rule has another.
    /// Its breaker is called `<instance>.<name>` in `breakers`. A timer has a `period`.
    pub(crate) fn of(
        &self,
        breakers: &Breakers,
        instance: &Arc<str>,
        name: Arc<str>,
        rules: &NodeRules,
        period: Option<Duration>,
        now: Time,
    ) -> Result<Arc<Callback>, BreakerError> {
        let mut callbacks = self.0.callbacks.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (Arc::clone(instance), Arc::clone(&name));
        let rule = rules.of(&name).clone();
        if let Some(known) = callbacks.get(&key) {
            if known.rule == rule {
                return Ok(Arc::clone(known));
            }
            let changed = Arc::new(self.with_rule(known, rule, period, now)?);
            callbacks.insert(key, Arc::clone(&changed));
            return Ok(changed);
        }
        let slow_after = rule.breaker.slow_after.or(period).or(Some(rule.timeout));
        let policy = BreakerPolicy { slow_after, ..rule.breaker.clone() };
        let breaker = breakers.register_for_one_thread(&format!("{instance}.{name}"), policy)?;
        let (ok, failed, panicked) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let (timed_out, longest_ns) = (AtomicU64::new(0), AtomicU64::new(0));
        if !rule.safety {
            let mut stopped = self.0.stopped.lock().unwrap_or_else(PoisonError::into_inner);
            stopped.push(breaker.clone());
            if self.is_stopped() {
                breaker.emergency_open(Time::ZERO);
            }
        }
        let callback = Callback { name, rule, breaker, ok, failed, panicked, timed_out, longest_ns };
        let callback = Arc::new(callback);
        callbacks.insert(key, Arc::clone(&callback));
        Ok(callback)
    }

    /// The callback `known`, from now on under `rule`.
    fn with_rule(
        &self,
        known: &Callback,
        rule: CallbackRule,
        period: Option<Duration>,
        now: Time,
    ) -> Result<Callback, BreakerError> {
        let breaker = known.breaker.clone();
        // What an operator has said about it since stays, unless the file says something else than before.
        if known.rule.breaker != rule.breaker || known.rule.timeout != rule.timeout {
            let slow_after = rule.breaker.slow_after.or(period).or(Some(rule.timeout));
            breaker.set_policy(now, BreakerPolicy { slow_after, ..rule.breaker.clone() })?;
        }
        if known.rule.safety != rule.safety {
            let mut stopped = self.0.stopped.lock().unwrap_or_else(PoisonError::into_inner);
            // As when it is added, and when the stop ends: whether it was so already is of no interest.
            if rule.safety {
                stopped.retain(|other| other.name() != breaker.name());
                let _ = breaker.emergency_reset(now);
            } else {
                stopped.push(breaker.clone());
                if self.is_stopped() {
                    let _ = breaker.emergency_open(now);
                }
            }
        }
        // Relaxed: counts for people to read. A life that was given up counts no more.
        let same = |count: &AtomicU64| AtomicU64::new(count.load(Ordering::Relaxed));
        Ok(Callback {
            name: Arc::clone(&known.name),
            rule,
            breaker,
            ok: same(&known.ok),
            failed: same(&known.failed),
            panicked: same(&known.panicked),
            timed_out: same(&known.timed_out),
            longest_ns: same(&known.longest_ns),
        })
    }
}
