//! What the supervisor and tools see of a node while it runs.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use nevil_sys::mem::{Bell, Handover};
use serde::Serialize;

use crate::bus::Wake;
use crate::incarnation::CancelToken;
use crate::node::guarded::{CallbackCounts, Guarded};
use crate::node::timer::{Timer, TimerCounts};
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
    /// It was deactivated.
    Inactive,
    /// It panicked, or its driver ended with an error: none of its callbacks is called any more.
    Failed,
    /// It was dropped.
    Stopped,
}

impl NodeState {
    const ALL: [Self; 6] =
        [Self::Starting, Self::Configured, Self::Active, Self::Inactive, Self::Failed, Self::Stopped];
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Configured => "configured",
            Self::Active => "active",
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
            Self::DriverEnded { driver, text } => write!(f, "driver `{driver}` ended: {text}"),
        }
    }
}

/// A node as others see it.
#[derive(Debug)]
pub(crate) struct NodeShared {
    pub(crate) instance: Arc<str>,
    pub(crate) wake: Arc<Wake>,
    /// Set when the node should give up what it is doing, because it is to stop.
    pub(crate) cancel: CancelToken,
    /// Whether a thread of it has been left behind, because it does not return.
    pub(crate) left_behind: AtomicBool,
    pub(crate) thread: OnceLock<ThreadReport>,
    state: AtomicU8,
    failure: Handover<Failure>,
    failures: Arc<Bell>,
    // Locked when a node is configured and when a tool looks, never while a callback runs.
    callbacks: Mutex<Vec<Arc<Guarded>>>,
    timers: Mutex<Vec<(Arc<str>, Timer)>>,
}

impl NodeShared {
    pub(crate) fn new(instance: Arc<str>, failures: Arc<Bell>) -> Arc<Self> {
        Arc::new(Self {
            instance,
            wake: Arc::default(),
            cancel: CancelToken::default(),
            left_behind: AtomicBool::new(false),
            thread: OnceLock::new(),
            state: AtomicU8::new(NodeState::Starting as u8),
            failure: Handover::new(),
            failures,
            callbacks: Mutex::default(),
            timers: Mutex::default(),
        })
    }

    #[inline]
    pub(crate) fn state(&self) -> NodeState {
        NodeState::ALL[usize::from(self.state.load(Ordering::Acquire))]
    }

    pub(crate) fn set_state(&self, state: NodeState) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// The node can go on no longer: the first reason stands.
    pub(crate) fn fail(&self, failure: Failure) {
        if self.state() == NodeState::Failed {
            return;
        }
        self.set_state(NodeState::Failed);
        tracing::error!("node `{}` failed: {failure}", self.instance);
        drop(self.failure.put(Box::new(failure)));
        self.failures.ring();
    }

    pub(crate) fn take_failure(&self) -> Option<Failure> {
        self.failure.take().map(|failure| *failure)
    }

    pub(crate) fn add_callback(&self, callback: Arc<Guarded>) {
        self.callbacks.lock().unwrap_or_else(PoisonError::into_inner).push(callback);
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
