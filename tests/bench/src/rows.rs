//! All rows. A row is a list of subjects that are measured in turns and compared with each other.

pub(crate) mod blast;
mod breakers;
mod growth;
mod latency;
mod publish;
mod recovery;
mod rings;
mod robot;
mod throughput;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::machine::Near;
use crate::measure::RoundResult;
use crate::stats::Better;

/// The window of the rows that spin before they sleep.
const SPIN: Duration = Duration::from_micros(50);

/// What the figures of a row count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Unit {
    /// Nanoseconds; less is better.
    Ns,
    /// Deliveries per second; more is better.
    PerSecond,
    /// Milliseconds; less is better.
    Ms,
    /// Of something that the subject names; less is better.
    Count,
}

impl Unit {
    pub(crate) const fn better(self) -> Better {
        match self {
            Self::Ns | Self::Ms | Self::Count => Better::Less,
            Self::PerSecond => Better::More,
        }
    }
}

/// Whose figures they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    Nevil,
    Peer,
    Floor,
}

/// Something that is measured.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) run: Box<dyn FnMut() -> RoundResult>,
}

/// Subjects that are measured in turns.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// What is measured, in a sentence.
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    /// Rounds that tell all that there is to know, however many are asked for.
    pub(crate) rounds_max: usize,
    pub(crate) subjects: Vec<Subject>,
    /// Whether the first subject is what the others are divided by, instead of the other way round.
    pub(crate) is_by_first: bool,
}

impl Row {
    fn new(name: &'static str, title: &'static str, unit: Unit) -> Self {
        Self { name, title, unit, rounds_max: usize::MAX, subjects: Vec::new(), is_by_first: false }
    }

    /// Divides all others by the first subject.
    fn by_the_first(self) -> Self {
        Self { is_by_first: true, ..self }
    }

    fn with(
        mut self,
        role: Role,
        name: impl Into<String>,
        run: impl FnMut() -> RoundResult + 'static,
    ) -> Self {
        self.subjects.push(Subject { name: name.into(), role, run: Box::new(run) });
        self
    }

    fn nevil(self, name: impl Into<String>, run: impl FnMut() -> RoundResult + 'static) -> Self {
        self.with(Role::Nevil, name, run)
    }

    fn peer(self, name: impl Into<String>, run: impl FnMut() -> RoundResult + 'static) -> Self {
        self.with(Role::Peer, name, run)
    }

    fn floor(self, name: impl Into<String>, run: impl FnMut() -> RoundResult + 'static) -> Self {
        self.with(Role::Floor, name, run)
    }
}

/// What all rows go by.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) near: Near,
    /// All cores but the sender's.
    pub(crate) receiver_cores: Vec<usize>,
    pub(crate) scale: Scale,
    /// The `nevil` command, and where the repository lies.
    pub(crate) nevil: Option<PathBuf>,
    pub(crate) root: PathBuf,
}

/// How much one round measures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Messages of a latency round, when the receiver spins.
    pub(crate) polled: u64,
    /// Messages of a latency round, when it sleeps.
    pub(crate) blocked: u64,
    /// Messages of a flood.
    pub(crate) flooded: u64,
    /// Batches of what is timed in batches.
    pub(crate) batches: u64,
    /// Messages of those who are beside an offender.
    pub(crate) victims: u64,
    /// For how long idle nodes are watched.
    pub(crate) idle_ms: u64,
}

impl Scale {
    /// 20 rounds of this take some minutes, and a quarter of an hour beside offenders.
    pub(crate) const FULL: Self =
        Self { polled: 5000, blocked: 500, flooded: 50_000, batches: 500, victims: 50_000, idle_ms: 1000 };
    /// Enough to see that everything runs.
    pub(crate) const QUICK: Self =
        Self { polled: 100, blocked: 20, flooded: 1000, batches: 10, victims: 200, idle_ms: 100 };
}

/// All rows, in the order of the page.
pub(crate) fn all(setting: &Setting) -> Vec<Row> {
    let mut rows = latency::rows(setting);
    rows.extend(publish::rows(setting));
    rows.extend(throughput::rows(setting));
    rows.extend(growth::rows(setting));
    rows.extend(rings::rows(setting));
    rows.extend(robot::rows(setting));
    rows.extend(breakers::rows(setting));
    rows.extend(recovery::rows(setting));
    rows.extend(blast::rows(setting));
    rows
}
