//! What can be wrong with a launch file, and how it is said.

use std::fmt;
use std::time::Duration;

use nevil_msgs::{Mark, Problem, ValueError, nearest};
use nevil_runtime::limits::{NAME_BYTES_MAX, NODE_PRIORITY_MAX, TOPIC_NAME_BYTES_MAX};
use nevil_runtime::{QosProblem, TopicError, TopicMemory};

use crate::limits::{GROUPS_MAX, NODES_MAX};
use crate::plan::NodeCycle;
use crate::text::size_text;

/// What is wrong with a launch file. Exhaustive, so that the test of bad launch files has one for each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanProblem {
    /// A value that cannot be read: its syntax, type or range, or an unknown key.
    #[error(transparent)]
    Value(#[from] Problem),
    /// The name of the robot is not one.
    #[error(
        "`{given}` is not a name for a robot; use 1 to {NAME_BYTES_MAX} of the characters a-z, 0-9, _ and -"
    )]
    RobotName {
        /// The name.
        given: String,
    },
    /// The name of a node is not one.
    #[error("`{given}` is not a name for a node; use 1 to {NAME_BYTES_MAX} of the characters a-z, 0-9 and _")]
    InstanceName {
        /// The name.
        given: String,
    },
    /// The namespace of a node is not one.
    #[error(
        "`{given}` is not a namespace; use 1 to {NAME_BYTES_MAX} of the characters a-z, 0-9 and _, in parts separated \
         by /"
    )]
    Namespace {
        /// The namespace.
        given: String,
    },
    /// The name of a topic is not one.
    #[error(
        "`{given}` is not a name for a topic; use 1 to {TOPIC_NAME_BYTES_MAX} of the characters a-z, 0-9 and _, in \
         parts separated by /"
    )]
    TopicName {
        /// The name.
        given: String,
    },
    /// There is nothing to launch.
    #[error("there are no nodes; name at least one")]
    NoNodes,
    /// More nodes than a robot can have.
    #[error("too many nodes ({given}), at most {NODES_MAX} are allowed")]
    TooManyNodes {
        /// How many there are.
        given: usize,
    },
    /// A priority for a thread that shares time.
    #[error(
        "a priority needs a real-time policy, and the policy is `normal`; add `policy: fifo`, or use `nice`"
    )]
    PriorityOfNormal,
    /// A real-time policy without a priority.
    #[error("policy `{policy}` needs a priority; add `priority`, 1 to {NODE_PRIORITY_MAX}")]
    PriorityMissing {
        /// The policy.
        policy: &'static str,
    },
    /// Niceness of a real-time thread.
    #[error("`nice` has no meaning under policy `{policy}`; leave it out, or use policy `normal`")]
    NiceOfRealTime {
        /// The policy.
        policy: &'static str,
    },
    /// An empty list of cores.
    #[error("there are no cores in the list; name at least one, or write `auto`")]
    NoCores,
    /// The same element twice in a list.
    #[error("`{given}` is named twice; leave one of them out")]
    NamedTwice {
        /// The core or node.
        given: String,
    },
    /// A node type that the robot does not have.
    #[error("unknown node type `{given}`{}", known_names("node types", given, known))]
    UnknownType {
        /// The type.
        given: String,
        /// The types that there are.
        known: Vec<String>,
    },
    /// A dependency on a node that the file does not have.
    #[error("unknown node `{given}`{}", known_names("nodes", given, known))]
    UnknownDependency {
        /// The node.
        given: String,
        /// The nodes that it could depend on.
        known: Vec<String>,
    },
    /// A node that waits for itself.
    #[error("node `{node}` depends on itself; leave this out")]
    OwnDependency {
        /// The node.
        node: String,
    },
    /// Nodes that wait for one another.
    #[error("nodes wait for one another: {}; leave one of these dependencies out", nodes.join(" → "))]
    Cycle {
        /// From a node over what it depends on to that node again.
        nodes: Vec<String>,
    },
    /// A required node that needs one which may be missing.
    #[error(
        "node `{node}` is required and depends on `{dependency}`, which may be missing; make `{dependency}` required, \
         or add `required: false` to `{node}`"
    )]
    RequiredOnOptional {
        /// The required node.
        node: String,
        /// The optional one.
        dependency: String,
    },
    /// A topic about whose type two nodes disagree.
    #[error("{error} (declared by {})", nodes.join(", "))]
    TopicOfTwoTypes {
        /// What is wrong with it.
        error: TopicError,
        /// The nodes that declared it before.
        nodes: Vec<String>,
    },
    /// Two nodes publish on a topic that is for one.
    #[error("{error}")]
    TopicOfTwoWriters {
        /// What is wrong with it.
        error: TopicError,
    },
    /// What the file says about a topic does not go with what its code says.
    #[error("{problem}")]
    TopicQos {
        /// What is wrong with it.
        problem: QosProblem,
    },
    /// Something is said about a topic that no node has.
    #[error("unknown topic `{given}`{}", known_names("topics", given, known))]
    UnknownTopic {
        /// The topic.
        given: String,
        /// The topics that there are.
        known: Vec<String>,
    },
    /// A topic is remapped that the node does not have.
    #[error("node `{node}` has no topic `{given}` in its code{}", known_names("topics of it", given, known))]
    UnusedRemap {
        /// The node.
        node: String,
        /// The topic.
        given: String,
        /// The topics that its code names.
        known: Vec<String>,
    },
    /// A callback is told about that the node does not have.
    #[error("node `{node}` has no callback `{given}`{}", known_names("callbacks of it", given, known))]
    UnknownCallback {
        /// The node.
        node: String,
        /// The callback.
        given: String,
        /// The callbacks that it has.
        known: Vec<String>,
    },
    /// A node is in a group that there is not.
    #[error("unknown group `{given}`{}", known_names("groups", given, known))]
    UnknownGroup {
        /// The group.
        given: String,
        /// The groups that there are.
        known: Vec<String>,
    },
    /// A group without nodes.
    #[error("no node is in group `{given}`; add `group: {given}` to its nodes, or leave this out")]
    UnusedGroup {
        /// The group.
        given: String,
    },
    /// The name of a group is not one.
    #[error(
        "`{given}` is not a name for a group; use 1 to {NAME_BYTES_MAX} of the characters a-z, 0-9 and _"
    )]
    GroupName {
        /// The name.
        given: String,
    },
    /// More groups than a robot can have.
    #[error("too many groups ({given}), at most {GROUPS_MAX} are allowed")]
    TooManyGroups {
        /// How many there are.
        given: usize,
    },
    /// A first delay above the longest.
    #[error("`delay_max` is below `delay` ({delay_max:?} < {delay:?}); raise `delay_max`, or lower `delay`")]
    DelayAboveMost {
        /// The first delay.
        delay: Duration,
        /// The longest.
        delay_max: Duration,
    },
    /// A callback that hangs would use up the time to stop.
    #[error(
        "`timeout` and `hang_grace` together are longer than `shutdown_timeout` ({timeout:?} + {hang_grace:?} > \
         {shutdown_timeout:?}), so that a stop could not wait for this callback; lower them, or raise \
         `shutdown_timeout`"
    )]
    HangAboveShutdown {
        /// How long a call may take.
        timeout: Duration,
        /// How much longer, until it is taken for hung.
        hang_grace: Duration,
        /// How long all nodes together may take to stop.
        shutdown_timeout: Duration,
    },
    /// A time-out of a watchdog that is not used.
    #[error("`timeout` has no meaning without `device`; add `device: /dev/watchdog`, or leave this out")]
    TimeoutWithoutDevice,
    /// A topic needs more places than it can have.
    #[error("{error}")]
    TooManySlots {
        /// How many.
        error: TopicError,
    },
    /// All topics together can take more memory than the robot has for them.
    #[error(
        "the messages of all topics can take {}, at most {} are allowed; most take {}; lower `message_bytes_max` or \
         `depth` of these in `topics`, or raise `memory.bus_max`",
        size_text(*bytes), size_text(*max), largest(topics)
    )]
    BusTooLarge {
        /// What they can take.
        bytes: u64,
        /// What they may take.
        max: u64,
        /// Those that take most, at least one.
        topics: Vec<LargeTopic>,
    },
    /// A publisher waits for room in a loop of nodes.
    #[error(
        "node `{node}` waits for room on `{topic}`, and is part of a loop, in which everybody could wait for the next \
         one for ever: {cycle}; use `publish`, which never waits, or take one of these topics out of the loop"
    )]
    WaitsInCycle {
        /// The node that waits.
        node: String,
        /// The topic on which it waits.
        topic: String,
        /// The loop, from that node on.
        cycle: NodeCycle,
    },
    /// A node that could not be configured.
    #[error("{text}")]
    Refused {
        /// What it said.
        text: String,
    },
    /// A node whose `configure` does not return.
    #[error(
        "`configure` of node type `{node_type}` has not returned within {waited:?}; it declares only: what takes time \
         belongs into `activate`, or raise `start_timeout`"
    )]
    Hangs {
        /// The node's type.
        node_type: String,
        /// How long was waited for it.
        waited: Duration,
    },
    /// A node whose `configure` panicked.
    #[error("`configure` of node type `{node_type}` panicked, which is an error in its code: {text}")]
    Panicked {
        /// The node's type.
        node_type: String,
        /// What it said.
        text: String,
    },
}

/// A topic, and the memory that its messages can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LargeTopic {
    /// The topic.
    pub name: String,
    /// What it can take.
    pub memory: TopicMemory,
}

fn largest(topics: &[LargeTopic]) -> String {
    let topic = |LargeTopic { name, memory }: &LargeTopic| {
        let (bytes, each) = (size_text(memory.bytes() as u64), size_text(memory.slot_bytes as u64));
        format!("`{name}` ({bytes}: {} messages of {each})", memory.slots)
    };
    topics.iter().map(topic).collect::<Vec<_>>().join(", ")
}

fn known_names(what: &str, given: &str, known: &[String]) -> String {
    let meant = nearest(given, known).map(|name| format!(", did you mean `{name}`?")).unwrap_or_default();
    if known.is_empty() {
        format!("{meant}; there are no {what} to choose from")
    } else {
        format!("{meant}; known {what} are {}", known.join(", "))
    }
}

/// A problem of a launch file, and where it is.
///
/// Shown as `picar.yaml:12:15: nodes.navigation.thread.priority: value is too large (120), at most 79 is allowed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// The place in the text.
    pub mark: Mark,
    /// The way to the value, such as `nodes.navigation.thread.cores[2]`; empty for the whole file.
    pub path: String,
    /// What is wrong.
    pub problem: PlanProblem,
}

impl PlanError {
    pub(crate) fn new(mark: &Mark, path: impl Into<String>, problem: impl Into<PlanProblem>) -> Self {
        Self { mark: mark.clone(), path: path.into(), problem: problem.into() }
    }

    /// Whether a variable has no value here, or is referred to in a wrong way.
    pub(crate) const fn is_of_variable(&self) -> bool {
        use Problem::{BadReference, UnsetVariable};
        matches!(self.problem, PlanProblem::Value(UnsetVariable { .. } | BadReference { .. }))
    }

    /// The error of a value that was found at `path`; `mark` is its place if it has none of its own.
    pub(crate) fn of_value(error: ValueError, path: &str, mark: &Mark) -> Self {
        let error = if path.is_empty() { error } else { error.in_key(path) };
        Self {
            mark: error.mark.unwrap_or_else(|| mark.clone()),
            path: error.path,
            problem: PlanProblem::Value(error.problem),
        }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.mark)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.problem)
    }
}

impl std::error::Error for PlanError {}

/// All problems of a launch file in the order of its text. Shown each with its line and a caret under the place, and
/// their number in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanErrors {
    /// The file as the user named it.
    pub file: String,
    /// The problems, at least one.
    pub problems: Vec<PlanError>,
}

impl PlanErrors {
    /// Nothing, if there are no problems.
    ///
    /// # Errors
    ///
    /// The problems in the order of the text.
    pub(crate) fn check(file: &std::path::Path, mut problems: Vec<PlanError>) -> Result<(), Self> {
        if problems.is_empty() {
            return Ok(());
        }
        problems.sort_by_key(|problem| (problem.mark.line(), problem.mark.column()));
        Err(Self { file: file.display().to_string(), problems })
    }
}

impl fmt::Display for PlanErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
            if let Some(snippet) = problem.mark.snippet() {
                writeln!(f, "{snippet}")?;
            }
            writeln!(f)?;
        }
        let problems = if self.problems.len() == 1 { "problem" } else { "problems" };
        write!(f, "{} {problems} in {}; nothing was started", self.problems.len(), self.file)
    }
}

impl std::error::Error for PlanErrors {}
