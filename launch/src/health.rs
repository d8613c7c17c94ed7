//! How the robot is, and what an operator is told. Decides only: it takes `now` and plain values, and says what to tell.
//!
//! ```text
//!  facts ─► judge ─► healthy, degraded or unhealthy, with the issues
//!    └────► news ─► events ─► alerts: repeats are held back and counted
//!  readings ─► gauge: three in a row above a limit ─► warn, act, emergency
//! ```
//! * `facts`: what is known at one moment, and how bad it is; `news`: what has changed between two moments
//! * `alerts`: what is told of it; `gauge`: limits of resources; `readings`: what the kernel says of them
//!
//! `supervisor::health` collects the facts and tells the outcome.

mod alerts;
mod facts;
mod gauge;
mod news;
mod readings;

pub(crate) use alerts::Alerts;
pub(crate) use facts::{Facts, Judgement, NodeFact};
pub(crate) use gauge::{Gauge, Strain};
pub(crate) use news::News;
pub(crate) use readings::{CpuMeter, memory_bytes, process_cpu, thread_cpu};

use nevil_msgs::Severity;
use serde::Serialize;

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) severity: Severity,
    /// What it is about, such as ``node `motion` ``.
    pub(crate) source: String,
    /// A word for what has happened.
    pub(crate) kind: &'static str,
    pub(crate) text: String,
}

/// How a robot is, for `nevil status`. Its JSON is described in `docs/reference/control-socket.md`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HealthReport {
    /// `healthy`, `degraded` or `unhealthy`.
    pub level: String,
    /// Since when: nanoseconds of the robot's clock.
    pub since_ns: u64,
    /// For how many milliseconds by now.
    pub for_ms: u64,
    /// Why it is not healthy, the worst first.
    pub issues: Vec<String>,
    /// Nodes that are down.
    pub down: Vec<DownNode>,
    /// Threads that hang and were given up.
    pub zombies: u32,
    /// Alerts that were published.
    pub alerts: u64,
    /// Alerts that were held back, because the like was told just before.
    pub suppressed: u64,
    /// Memory of the process that is in the machine, in bytes; `null`: not known.
    pub memory_bytes: Option<u64>,
    /// How much of one core the process has had in the last second, in percent; `null`: not known.
    pub cpu_percent: Option<f32>,
}

/// A node that is down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DownNode {
    /// Its name.
    pub node: String,
    /// Since when: nanoseconds of the robot's clock.
    pub since_ns: u64,
    /// For how many milliseconds by now.
    pub for_ms: u64,
    /// Why it failed last; `null`: it did not fail itself.
    pub why: Option<String>,
}
