//! The launch file: which nodes a robot has, with which parameters, on which threads.
//!
//! * `expand`: from files to one tree: arguments, conditions, includes, defaults, modes
//! * `reader`: from values to typed ones, with every problem kept
//! * `entries`: what is said about nodes and topics, and words of the robot, as they are kept
//! * `node`, `thread`: a node, and `thread: { … }` of it
//! * `callbacks`: what its callbacks are allowed; `breaker`: when one is not called for a while; `supervise`: how it is started again
//! * `change`: a policy of a breaker while it works
//! * `resources`: how much robot and nodes may use
//! * `topic`: what is said about a topic, and about single subscriptions

mod breaker;
mod callbacks;
mod change;
mod entries;
mod expand;
mod node;
mod reader;
mod ready;
mod resources;
mod supervise;
#[cfg(test)]
mod tests;
mod thread;
mod topic;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nevil_msgs::{Mark, Value, ValueKind};
use nevil_runtime::limits::{NAME_BYTES_MAX, ZOMBIES_DEFAULT, ZOMBIES_MAX};
use nevil_runtime::log::LogFilter;

use crate::limits::{
    BUS_BYTES_DEFAULT, BUS_BYTES_MAX, BUS_BYTES_MIN, SHUTDOWN_TIMEOUT_DEFAULT, SHUTDOWN_TIMEOUT_MAX,
    SHUTDOWN_TIMEOUT_MIN, START_TIMEOUT_DEFAULT, START_TIMEOUT_MAX, START_TIMEOUT_MIN,
};
use crate::options::LaunchInputs;
use crate::problem::{PlanError, PlanErrors, PlanProblem};
use crate::rules::{GroupRule, ResourceRule};
use crate::schema;
use callbacks::Around;
use reader::Reader;

pub use breaker::BreakerEntry;
pub use callbacks::{CallbackEntries, CallbackEntry, SingleCallback};
pub(crate) use change::changed_policy;
pub use entries::{LockMemory, NodeEntry, OnDenied, Remap, SubscriptionEntry, TopicEntry};
pub use expand::{Argument, ArgumentKind};
pub use ready::{ReadyEntry, ReadyOfNode};
pub use supervise::{Systemd, WatchdogEntry};

/// The variables that `${NAME}` stands for, by name.
pub type Lookup<'lookup> = &'lookup dyn Fn(&str) -> Option<String>;

/// What stands in a launch file, read and checked by itself: whether the node types exist and take these parameters
/// is found out by the [`Plan`](crate::Plan).
///
/// ```
/// use nevil_launch::LaunchFile;
///
/// let text = "robot: picar\nnodes:\n  motion: {}\n  eyes: { type: camera, depends_on: [motion] }";
/// let file = LaunchFile::parse("picar.yaml".as_ref(), text, &|_| None).unwrap();
/// assert_eq!(file.nodes[1].node_type.0, "camera");
///
/// let error = LaunchFile::parse("picar.yaml".as_ref(), "robot: picar\nnodes: {}", &|_| None).unwrap_err();
/// assert_eq!(error.problems[0].to_string(), "picar.yaml:2:8: nodes: there are no nodes; name at least one");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LaunchFile {
    /// The file as the user named it.
    pub path: PathBuf,
    /// All files that were read, this one first.
    pub files: Vec<PathBuf>,
    /// Its arguments, with their values.
    pub arguments: Vec<Argument>,
    /// Variables that are to be set for the process.
    pub environment: Vec<(String, String)>,
    /// The modes of the robot, and where their names stand; it begins in the first, unless another one is asked for.
    pub modes: Vec<(String, Mark)>,
    /// The mode that this is the file of; `None`: it has no modes.
    pub mode: Option<String>,
    /// Nodes that conditions have left out, ascending.
    pub left_out: Vec<String>,
    /// Name of the robot.
    pub robot: String,
    /// Which records are written; `None`: as if nothing were said.
    pub log: Option<String>,
    /// How long all nodes together may take to stop, 100 ms to 60 s.
    pub shutdown_timeout: Duration,
    /// How long each node may take for each phase of its start, 100 ms to 10 min.
    pub start_timeout: Duration,
    /// Whether the memory of the process stays out of the swap.
    pub lock_memory: LockMemory,
    /// What happens if the kernel denies a thread what it was to get.
    pub on_denied: OnDenied,
    /// Most bytes that the messages of all topics together may take, 64 KiB to 16 GiB, and where that stands.
    pub bus_bytes_max: (u64, Mark),
    /// Threads of hung callbacks that the robot may keep, 0 to 16.
    pub zombies_max: usize,
    /// Who watches the robot from outside.
    pub watchdog: WatchdogEntry,
    /// Policies of breakers that nodes and callbacks can name.
    pub breakers: Vec<BreakerEntry>,
    /// How much the robot may use.
    pub resources: ResourceRule,
    /// Nodes that fail together, with the places of their names.
    pub groups: Vec<(GroupRule, Mark)>,
    /// How topics are to be carried, where that is not as their code says, in the order of the file.
    pub topics: Vec<TopicEntry>,
    /// The nodes in the order of the file, at least one.
    pub nodes: Vec<NodeEntry>,
    effective: Value,
}

/// Why a launch file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchFileError {
    /// The file cannot be opened or read, or is no UTF-8 text.
    #[error("cannot read launch file {}: {source}", path.display())]
    Unreadable {
        /// The file as the user named it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its content is wrong.
    #[error(transparent)]
    Wrong(#[from] PlanErrors),
}

impl LaunchFile {
    /// Reads a file with its arguments. `lookup` gives the variables of its `${NAME}`.
    ///
    /// # Errors
    ///
    /// [`LaunchFileError`], with all problems of the content.
    pub fn read(inputs: &LaunchInputs, lookup: Lookup<'_>) -> Result<Self, LaunchFileError> {
        let (file, problems) = Self::parse_all(inputs, &read_text(&inputs.file)?, lookup);
        PlanErrors::check(&inputs.file, problems)?;
        Ok(file)
    }

    /// Reads `text`, which is the content of the file at `path`, without arguments.
    ///
    /// # Errors
    ///
    /// All problems: syntax, variables without a value, unknown keys, wrong types, values out of range, contradictions.
    pub fn parse(path: &Path, text: &str, lookup: Lookup<'_>) -> Result<Self, PlanErrors> {
        let (file, problems) = Self::parse_all(&path.into(), text, lookup);
        PlanErrors::check(path, problems)?;
        Ok(file)
    }

    /// The arguments that the file at `path` declares, whether they have values or not.
    ///
    /// # Errors
    ///
    /// [`LaunchFileError`], with what is wrong about the arguments.
    pub fn read_arguments(path: &Path) -> Result<Vec<Argument>, LaunchFileError> {
        let mut reader = Reader::default();
        let arguments = expand::declared_arguments(path, &read_text(path)?, &mut reader);
        PlanErrors::check(path, reader.into_problems())?;
        Ok(arguments)
    }

    /// The file and all that it includes, as far as they can be read; whether they are right does not matter. Empty if the file
    /// itself cannot be read.
    #[must_use]
    pub(crate) fn files_of(inputs: &LaunchInputs, lookup: Lookup<'_>) -> Vec<PathBuf> {
        read_text(&inputs.file)
            .map_or_else(|_| Vec::new(), |text| Self::parse_all(inputs, &text, lookup).0.files)
    }

    /// What holds of all that was read: the tree of all files, after arguments, conditions, includes, defaults and the mode.
    /// Each value has its place, and tells what was put in for its references.
    #[must_use]
    pub fn effective(&self) -> &Value {
        &self.effective
    }

    /// The file with its problems. What is wrong is left at its default, so that more can be checked.
    pub(crate) fn parse_all(inputs: &LaunchInputs, text: &str, lookup: Lookup<'_>) -> (Self, Vec<PlanError>) {
        let mut reader = Reader::default();
        let path = &inputs.file;
        let expanded = expand::expand(inputs, text, lookup, &mut reader);
        let mut file = Self {
            path: path.clone(),
            files: expanded.files,
            arguments: expanded.arguments,
            environment: expanded.environment,
            modes: expanded.modes,
            mode: expanded.mode,
            left_out: expanded.left_out,
            robot: String::new(),
            log: None,
            shutdown_timeout: SHUTDOWN_TIMEOUT_DEFAULT,
            start_timeout: START_TIMEOUT_DEFAULT,
            lock_memory: LockMemory::default(),
            on_denied: OnDenied::default(),
            bus_bytes_max: (BUS_BYTES_DEFAULT, Mark::named(&path.display().to_string())),
            zombies_max: ZOMBIES_DEFAULT,
            watchdog: WatchdogEntry::default(),
            breakers: Vec::new(),
            resources: ResourceRule::default(),
            groups: Vec::new(),
            topics: Vec::new(),
            nodes: Vec::new(),
            effective: Value::new(ValueKind::Null, Mark::named("")),
        };
        if let Some(root) = expanded.root {
            file.fill(&root, &mut reader);
            file.effective = root;
        }
        (file, reader.into_problems())
    }

    /// The place of the value at `path`, such as `nodes.car.thread.cores`, or of the last on the way that there is.
    pub(crate) fn place(&self, path: &str) -> &Mark {
        let mut value = &self.effective;
        let mut mark = &value.mark;
        for name in path.split('.') {
            let Some((key, inner)) = value.entry(name) else { break };
            (value, mark) = (inner, if inner.mark.line() > 0 { &inner.mark } else { &key.mark });
        }
        mark
    }

    fn fill(&mut self, root: &Value, reader: &mut Reader) {
        if !reader.map(root, "", schema::ROBOT) {
            return;
        }
        match root.get("robot") {
            Some(value) => self.robot = robot_name(value, reader).unwrap_or_default(),
            None => reader.missing(root, "", "robot"),
        }
        if let Some(value) = root.get("log") {
            self.log = log_filter(value, reader);
        }
        if let Some(value) = root.get("shutdown_timeout") {
            let range = SHUTDOWN_TIMEOUT_MIN..=SHUTDOWN_TIMEOUT_MAX;
            let timeout = reader.duration(value, "shutdown_timeout", range);
            self.shutdown_timeout = timeout.unwrap_or(SHUTDOWN_TIMEOUT_DEFAULT);
        }
        if let Some(value) = root.get("start_timeout") {
            let range = START_TIMEOUT_MIN..=START_TIMEOUT_MAX;
            let timeout = reader.duration(value, "start_timeout", range);
            self.start_timeout = timeout.unwrap_or(START_TIMEOUT_DEFAULT);
        }
        if let Some(value) = root.get("lock_memory") {
            self.lock_memory = reader.typed(value, "lock_memory").unwrap_or_default();
        }
        if let Some(value) = root.get("on_denied") {
            self.on_denied = reader.typed(value, "on_denied").unwrap_or_default();
        }
        self.bus_bytes_max.1 = root.mark.clone();
        if let Some(value) = root.get("memory") {
            self.fill_memory(value, reader);
        }
        if let Some(value) = root.get("topics") {
            self.topics = topic::topics(value, reader);
        }
        self.fill_supervision(root, reader);
        match root.get("nodes") {
            Some(value) => {
                let around = Around { shutdown_timeout: self.shutdown_timeout, breakers: &self.breakers };
                self.nodes = node::nodes(value, around, reader);
            }
            None => reader.missing(root, "", "nodes"),
        }
        supervise::check_groups(self, reader);
    }

    fn fill_supervision(&mut self, root: &Value, reader: &mut Reader) {
        if let Some(value) = root.get("zombies_max") {
            let most = reader.integer(value, "zombies_max", 0..=ZOMBIES_MAX as i128);
            self.zombies_max = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(ZOMBIES_DEFAULT);
        }
        if let Some(value) = root.get("watchdog") {
            self.watchdog = supervise::watchdog(value, reader);
        }
        if let Some(value) = root.get("breakers") {
            self.breakers = breaker::breakers(value, reader);
        }
        if let Some(value) = root.get("resources") {
            self.resources = resources::of_robot(value, reader);
        }
        if let Some(value) = root.get("groups") {
            self.groups = supervise::groups(value, reader);
        }
    }

    fn fill_memory(&mut self, memory: &Value, reader: &mut Reader) {
        if !reader.map(memory, "memory", schema::MEMORY) {
            return;
        }
        if let Some(value) = memory.get("bus_max") {
            let bytes = reader.size(value, "memory.bus_max", BUS_BYTES_MIN..=BUS_BYTES_MAX);
            self.bus_bytes_max = (bytes.unwrap_or(BUS_BYTES_DEFAULT), value.mark.clone());
        }
    }
}

/// The text of a file, of which no more is read than a launch file may have.
pub(crate) fn read_text(path: &Path) -> Result<String, LaunchFileError> {
    nevil_msgs::read_text(path)
        .map_err(|source| LaunchFileError::Unreadable { path: path.to_owned(), source })
}

fn log_filter(value: &Value, reader: &mut Reader) -> Option<String> {
    let given: String = reader.typed(value, "log")?;
    match LogFilter::check(&given) {
        Ok(()) => Some(given),
        Err(error) => {
            reader.problem(&value.mark, "log", error);
            None
        }
    }
}

fn robot_name(value: &Value, reader: &mut Reader) -> Option<String> {
    let given: String = reader.typed(value, "robot")?;
    if !is_name(&given, "_-") {
        reader.problem(&value.mark, "robot", PlanProblem::RobotName { given });
        return None;
    }
    Some(given)
}

/// Whether `name` can be the name of a file, a topic and a column of a table.
fn is_name(name: &str, others: &str) -> bool {
    let is_letter =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || others.contains(letter);
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.chars().all(is_letter)
}
