//! What is wanted of a node's thread, and what came of it.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use nevil_sys::mem::Handover;

use crate::error::NodeError;
use crate::executor::Phase;
use crate::node::{ConfigureError, InputDown, ParamsOrder};

/// How a phase ended that did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// The node could not be configured.
    #[error(transparent)]
    Configure(ConfigureError),
    /// The node refused.
    #[error("{0}")]
    Refused(NodeError),
    /// It did not answer in time.
    #[error("did not end within {waited:?}: its callback or device call hangs; see what its thread does")]
    Late {
        /// How long it has had.
        waited: Duration,
    },
    /// It was no longer waited for.
    #[error("was given up after {waited:?}, because the robot is to stop")]
    GivenUp {
        /// How long it has had.
        waited: Duration,
    },
    /// It is active, and was not ready in time.
    #[error("was not ready within {waited:?}: {what}")]
    NotReady {
        /// How long it has had.
        waited: Duration,
        /// What was waited for.
        what: String,
    },
    /// Its thread could not be started.
    #[error("its thread could not be started: {0}")]
    Thread(std::io::Error),
}

/// What is wanted of a node's thread, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// The phase that is wanted: its number, or 0.
    pub(super) wanted: AtomicU8,
    /// Inputs of which the node has not been told yet that they are down; no order, which the next one would take the place
    /// of.
    inputs: Handover<Vec<InputDown>>,
    /// New parameters, of which the node has not been told yet.
    params: Handover<ParamsOrder>,
    /// Whether there may be inputs or parameters.
    has_news: AtomicBool,
    pub(super) report: Handover<Report>,
    /// What became of new parameters; taken before the next are given.
    pub(super) params_report: Handover<ParamsOrder>,
    /// Whether the node is to work with the parameters for while it is degraded.
    pub(super) is_degraded: AtomicBool,
}

impl Orders {
    pub(super) fn is_waiting(&self) -> bool {
        // Acquire: see `ThreadedNode::order`.
        self.wanted.load(Ordering::Acquire) != 0 || self.has_news()
    }

    /// Adds what the node is to be told.
    pub(super) fn tell(&self, mut inputs: Vec<InputDown>) {
        if let Some(untold) = self.inputs.take() {
            inputs.splice(0..0, *untold);
        }
        drop(self.inputs.put(Box::new(inputs)));
        // Release: who sees it sees them.
        self.has_news.store(true, Ordering::Release);
    }

    /// Gives the node new parameters. There are none that it has not answered yet.
    pub(super) fn give_params(&self, order: Box<ParamsOrder>) {
        drop(self.params.put(order));
        // Release: as above.
        self.has_news.store(true, Ordering::Release);
    }

    /// Whether there is something to be told.
    pub(super) fn has_news(&self) -> bool {
        self.has_news.load(Ordering::Acquire)
    }

    /// Inputs that are down, and new parameters.
    pub(super) fn take_news(&self) -> (Vec<InputDown>, Option<Box<ParamsOrder>>) {
        // Before they are taken: what is added from here on is seen the next time.
        self.has_news.store(false, Ordering::Release);
        (self.inputs.take().map(|inputs| *inputs).unwrap_or_default(), self.params.take())
    }

    pub(super) fn is_degraded(&self) -> bool {
        // Relaxed: nothing else is published through it.
        self.is_degraded.load(Ordering::Relaxed)
    }

    /// The phase that is wanted: its number, or 0. A turn that finds none writes nothing.
    pub(super) fn take(&self) -> u8 {
        // Acquire: see `ThreadedNode::order`.
        if self.wanted.load(Ordering::Acquire) != 0 { self.wanted.swap(0, Ordering::AcqRel) } else { 0 }
    }
}

/// How a phase ended.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) phase: Phase,
    pub(super) result: Result<(), OrderError>,
}
