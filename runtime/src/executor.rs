//! The executor: one step core (`node::work`), and two drivers of it.
//!
//! * `threads`: a thread per node. `waiting`: what it does when there is nothing to do. `live`: what is changed meanwhile.
//! * `simulation`: all nodes in one thread, in virtual time, in an order that does not depend on the machine.
//!
//! Both call the same `turn`; node code cannot tell them apart.

mod body;
mod driver_thread;
mod live;
mod orders;
mod simulation;
#[cfg(test)]
mod tests;
mod threads;
mod waiting;

use std::fmt;
use std::sync::Arc;

use nevil_sys::mem::{Bell, Sleep};

use crate::clock::Clock;

pub use crate::node::{NodeLook, NodeSpec};
pub use live::NodeHoldings;
pub use orders::OrderError;
pub use simulation::{SimulatedRobot, SimulationError};
pub use threads::{ThreadedNode, thread_name};

/// A phase of a node's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It declares what it needs.
    Configure,
    /// It begins work.
    Activate,
    /// It ends work.
    Deactivate,
    /// It is dropped.
    Shutdown,
    /// Its callbacks are not called until it is resumed.
    Pause,
    /// Its callbacks are called again.
    Resume,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configure => "configure",
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
            Self::Shutdown => "shutdown",
            Self::Pause => "pause",
            Self::Resume => "resume",
        })
    }
}

/// Wakes the thread that launches and watches nodes: a node has failed, or somebody asks for something. Clones wake the
/// same thread.
#[derive(Clone, Debug)]
pub struct Waker(Arc<Bell>);

impl Waker {
    /// The waker of whoever watches the nodes of `environment`: one thread.
    #[must_use]
    pub fn of(environment: &crate::node::Environment) -> Self {
        Self(Arc::clone(&environment.failures))
    }

    /// There is something to look at.
    pub fn wake(&self) {
        self.0.ring();
    }

    /// Waits until somebody wakes, at most `timeout`. To be called by the thread that watches.
    pub fn wait(&self, timeout: Option<std::time::Duration>) {
        let until = timeout.map(|timeout| (Clock::monotonic().now() + timeout).as_ns());
        self.0.sleep_unless(|| false, Sleep::Sound, until);
    }
}
