//! What the supervisor and tools see of a node while it runs.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use std::{fmt, mem};

use nevil_sys::mem::{Bell, Count, Handover, Seen};
use nevil_sys::os::{self, FileWord};
use serde::Serialize;

use crate::actuator::ActuatorCell;
use crate::breaker::Breakers;
use crate::bus::{Bus, Wake};
use crate::clock::{Clock, Time};
use crate::device::Holding;
use crate::incarnation::Incarnation;
use crate::node::callback::{Callback, CallbackCounts, Callbacks};
use crate::node::driver::DriverHandle;
use crate::node::environment::Environment;
use crate::node::ready::Readiness;
use crate::node::rules::NodeRules;
use crate::node::spec::NodeSpec;
use crate::node::timer::{Timer, TimerCounts};
use crate::node::watch::Watch;
use crate::scheduling::ThreadReport;

/// Where a node is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum NodeState {
    /// Its thread runs, and it is not configured yet.
    Starting,
    /// It has declared what it needs.
    Configured,
    /// It works.
    Active,
    /// It is active, and none of its callbacks is called, because a node that it depends on is down, or because an operator
    /// or the launch file wants that.
    Paused,
    /// It was deactivated.
    Inactive,
    /// It panicked, or its driver ended with an error: none of its callbacks is called any more.
    Failed,
    /// It was dropped.
    Stopped,
}

impl NodeState {
    const ALL: [Self; 7] = [
        Self::Starting,
        Self::Configured,
        Self::Active,
        Self::Paused,
        Self::Inactive,
        Self::Failed,
        Self::Stopped,
    ];
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Configured => "configured",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Inactive => "inactive",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        })
    }
}

/// Why a node can go on no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// A callback panicked.
    Panicked {
        /// The callback.
        callback: String,
        /// What it said.
        text: String,
    },
    /// A callback did not return, and its thread was given up.
    Hung {
        /// The callback.
        callback: String,
        /// How long it had run by then.
        ran: Duration,
    },
    /// A driver ended, although nobody told it to.
    DriverEnded {
        /// The driver.
        driver: String,
        /// Why, as far as it said.
        text: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked { callback, text } => write!(f, "callback `{callback}` panicked: {text}"),
            Self::Hung { callback, ran } => write!(
                f,
                "callback `{callback}` hangs: it did not return in {ran:?}; see where its thread stands, or raise its `timeout`"
            ),
            Self::DriverEnded { driver, text } => write!(f, "driver `{driver}` ended: {text}"),
        }
    }
}

/// One life of a node as others see it.
#[derive(Debug)]
pub(crate) struct NodeShared {
    pub(crate) instance: Arc<str>,
    pub(crate) incarnation: Arc<Incarnation>,
    pub(crate) rules: NodeRules,
    /// Where the callback that runs is noted for who looks after the death of the process.
    mark: Option<FileWord>,
    pub(crate) wake: Arc<Wake>,
    pub(crate) watch: Arc<Watch>,
    /// Whether a driver's thread of it has been left behind, because it does not return.
    pub(crate) left_behind: AtomicBool,
    pub(crate) thread: OnceLock<ThreadReport>,
    /// Turns that its thread has begun: its progress.
    pub(crate) turns: Count,
    pub(crate) ready: Arc<Readiness>,
    /// Whether it is paused when it has been activated.
    begins_paused: AtomicBool,
    /// Set when it is configured.
    parts: OnceLock<Parts>,
    holdings: Mutex<Holdings>,
    state: AtomicU8,
    failure: Handover<Failure>,
    failures: Arc<Bell>,
    pub(super) callback_records: Callbacks,
    pub(super) breakers: Breakers,
    pub(super) clock: Clock,
    // Locked when a node is configured and when a tool looks, never while a callback runs.
    callbacks: Mutex<Vec<Arc<Callback>>>,
    timers: Mutex<Vec<(Arc<str>, Timer)>>,
}

/// What the safety thread needs of a node; it locks nothing.
#[derive(Debug)]
struct Parts {
    callbacks: Vec<Arc<Callback>>,
    actuators: Vec<Arc<ActuatorCell>>,
}

/// What a life of a node holds, for who takes over from it when its own thread is beyond reach.
#[derive(Debug, Default)]
struct Holdings {
    devices: Vec<Holding>,
    drivers: Vec<DriverHandle>,
}

impl NodeShared {
    /// Life `number` of the node `spec`.
    pub(crate) fn new(environment: &Environment, spec: &NodeSpec, number: u32) -> Arc<Self> {
        let instance = Arc::clone(&spec.instance);
        let source = environment.bus.source(&instance);
        Arc::new(Self {
            incarnation: Arc::new(Incarnation::new(Arc::clone(&instance), source, number)),
            instance,
            rules: spec.rules.clone(),
            mark: spec.mark.clone(),
            wake: Arc::default(),
            watch: Arc::clone(&environment.watch),
            left_behind: AtomicBool::new(false),
            thread: OnceLock::new(),
            turns: Count::default(),
            ready: Readiness::new(Arc::clone(&environment.failures)),
            begins_paused: AtomicBool::new(spec.paused),
            parts: OnceLock::new(),
            holdings: Mutex::default(),
            state: AtomicU8::new(NodeState::Starting as u8),
            failure: Handover::new(),
            failures: Arc::clone(&environment.failures),
            callback_records: environment.callbacks.clone(),
            breakers: environment.breakers.clone(),
            clock: environment.bus.clock().clone(),
            callbacks: Mutex::default(),
            timers: Mutex::default(),
        })
    }

    /// Whether callbacks of it may be called: it is active, was not told to stop, and was not given up.
    #[inline]
    pub(crate) fn may_call(&self) -> bool {
        let incarnation = &self.incarnation;
        self.state() == NodeState::Active
            && !incarnation.cancel().is_stopped()
            && !incarnation.call().is_abandoned()
    }

    #[inline]
    pub(crate) fn state(&self) -> NodeState {
        NodeState::ALL[usize::from(self.state.load(Ordering::Acquire))]
    }

    pub(crate) fn set_state(&self, state: NodeState) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// Makes of the state what `next` says; a node that has failed stays so.
    pub(crate) fn change_state(&self, next: impl Fn(NodeState) -> NodeState) {
        let next = |word: u8| {
            let state = NodeState::ALL[usize::from(word)];
            (state != NodeState::Failed).then(|| next(state) as u8)
        };
        // It fails where the node has failed.
        let _ = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
    }

    pub(crate) fn set_begins_paused(&self, paused: bool) {
        // Relaxed: who orders the activation orders this before.
        self.begins_paused.store(paused, Ordering::Relaxed);
    }

    /// It has been activated.
    pub(crate) fn become_active(&self) {
        let begins_paused = self.begins_paused.load(Ordering::Relaxed);
        self.change_state(|_| if begins_paused { NodeState::Paused } else { NodeState::Active });
    }

    /// The node can go on no longer: the first reason stands.
    pub(crate) fn fail(&self, failure: Failure) {
        if self.state.swap(NodeState::Failed as u8, Ordering::AcqRel) == NodeState::Failed as u8 {
            return;
        }
        tracing::error!("node `{}` failed: {failure}", self.instance);
        drop(self.failure.put(Box::new(failure)));
        self.failures.ring();
    }

    pub(crate) fn take_failure(&self) -> Option<Failure> {
        self.failure.take().map(|failure| *failure)
    }

    /// Lets who watches over it look at what has happened.
    pub(crate) fn tell(&self) {
        self.failures.ring();
    }

    /// Adds a callback; its number.
    pub(crate) fn add_callback(&self, callback: Arc<Callback>) -> u64 {
        let mut callbacks = self.callbacks.lock().unwrap_or_else(PoisonError::into_inner);
        callbacks.push(callback);
        callbacks.len() as u64 - 1
    }

    /// It is configured: these are all its callbacks, and these its actuators.
    pub(crate) fn complete(&self, actuators: Vec<Arc<ActuatorCell>>) {
        let callbacks = self.callbacks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Once in a life.
        let _ = self.parts.set(Parts { callbacks, actuators });
    }

    /// Its callback with this number, once it is configured.
    pub(crate) fn callback(&self, number: u64) -> Option<&Arc<Callback>> {
        self.parts.get()?.callbacks.get(usize::try_from(number).ok()?)
    }

    /// Notes that the callback with this number runs; `None`: none does.
    #[inline]
    pub(crate) fn mark(&self, callback: Option<u64>) {
        if let Some(mark) = &self.mark {
            mark.store(callback.map_or(0, |number| number + 1));
        }
    }

    /// What it calls now, and since when.
    pub(crate) fn running(&self) -> Option<(Arc<str>, Time)> {
        let seen = self.incarnation.call().running()?;
        let name = self
            .callback(seen.call.what)
            .map_or_else(|| "(phase)".into(), |callback| Arc::clone(callback.name()));
        Some((name, Time::from_ns(seen.call.began)))
    }

    /// Gives up its thread, which is in the call that was `seen`: nothing begins on its behalf any more, what it moves is made
    /// safe, and it gets in nobody's way. `false` if the call has ended meanwhile. Locks nothing that user code holds.
    pub(crate) fn give_up(&self, seen: &Seen, failure: Option<Failure>) -> bool {
        // Before, so that the thread, which may end at once, takes itself off again and not somebody else.
        self.watch.add_zombie();
        if !self.incarnation.call().abandon(seen) {
            self.watch.remove_zombie();
            return false;
        }
        self.incarnation.end();
        self.mark(None);
        for cell in self.parts.get().map(|parts| parts.actuators.as_slice()).unwrap_or_default() {
            cell.open.shut();
            cell.request();
        }
        if let Some(thread) = self.thread.get() {
            // It may have ended by now, and what is denied here makes it more of a burden, not less safe.
            let _ = os::make_thread_idle(thread.id);
            let _ = os::unpin_thread(thread.id);
        }
        match failure {
            Some(failure) => self.fail(failure),
            // Who gives it up knows why.
            None => self.set_state(NodeState::Failed),
        }
        true
    }

    /// Adds what the life holds outside of the process.
    pub(crate) fn hold(&self, device: Holding) {
        self.holdings().devices.push(device);
    }

    pub(crate) fn add_driver(&self, driver: DriverHandle) {
        self.holdings().drivers.push(driver);
    }

    /// Tells its drivers to stop, and lets those that do not obey run only when nothing else wants to.
    pub(crate) fn stop_drivers(&self) {
        let drivers = self.holdings().drivers.clone();
        for driver in &drivers {
            driver.stop();
            driver.make_idle();
        }
    }

    /// The names of its drivers that run, and of its actuators.
    pub(crate) fn parts(&self) -> (Vec<String>, Vec<String>) {
        let drivers = self.holdings().drivers.iter().map(|driver| driver.name.to_string()).collect();
        let actuators = self.parts.get().map(|parts| parts.actuators.as_slice()).unwrap_or_default();
        (drivers, actuators.iter().map(|actuator| actuator.name.to_string()).collect())
    }

    /// Its drivers have been told to stop.
    pub(crate) fn forget_drivers(&self) {
        self.holdings().drivers.clear();
    }

    /// The device of which there can be only one, and in which a call of this life hangs: it cannot be opened again.
    pub(crate) fn stuck_device(&self) -> Option<Arc<str>> {
        let holdings = self.holdings();
        let stuck = holdings.devices.iter().find(|held| held.only_one && (held.is_in_use)());
        stuck.map(|held| Arc::clone(&held.claim))
    }

    /// Takes from this life, which was given up, all that it has: called on the thread of the life after it. What is closed
    /// and dropped here is foreign code.
    pub(crate) fn take_over(&self, bus: &Bus) {
        bus.give_up(&self.wake, &self.incarnation);
        let Holdings { devices, drivers } = mem::take(&mut *self.holdings());
        for driver in &drivers {
            driver.stop();
            driver.make_idle();
        }
        for held in devices.iter().rev() {
            if !(held.close)() {
                tracing::warn!(
                    "node `{}`: a call hangs in device `{}`; it is opened once more beside that",
                    self.instance,
                    held.claim
                );
            }
        }
    }

    fn holdings(&self) -> MutexGuard<'_, Holdings> {
        self.holdings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `name`, or with a number behind it if a callback has that name already: each has an account of its own.
    pub(crate) fn unused_name(&self, name: String) -> Arc<str> {
        let callbacks = self.callbacks.lock().unwrap_or_else(PoisonError::into_inner);
        let is_used = |name: &str| callbacks.iter().any(|callback| **callback.name() == *name);
        let mut numbered = (2..).map(|number| format!("{name} {number}"));
        let unused = if is_used(&name) { numbered.find(|name| !is_used(name)) } else { None };
        unused.unwrap_or(name).into()
    }

    pub(crate) fn add_timer(&self, callback: &Arc<str>, timer: Timer) {
        self.timers.lock().unwrap_or_else(PoisonError::into_inner).push((Arc::clone(callback), timer));
    }

    pub(crate) fn timers(&self) -> Vec<(String, TimerCounts)> {
        let timers = self.timers.lock().unwrap_or_else(PoisonError::into_inner);
        timers.iter().map(|(callback, timer)| (callback.to_string(), timer.counts())).collect()
    }

    pub(crate) fn callbacks(&self) -> Vec<CallbackCounts> {
        let callbacks = self.callbacks.lock().unwrap_or_else(PoisonError::into_inner);
        callbacks.iter().map(|callback| callback.counts()).collect()
    }
}
