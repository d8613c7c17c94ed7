//! What can be wrong with a launch file, and how it is said.

mod expansion;
mod place;
mod ready;
mod whole;
mod words;

use std::time::Duration;

use nevil_msgs::Problem;
use nevil_runtime::limits::{NAME_BYTES_MAX, NODE_PRIORITY_MAX, TOPIC_NAME_BYTES_MAX};
use nevil_runtime::log::LogFilterError;
use nevil_runtime::{QosProblem, TopicError, TopicMemory};

use crate::limits::{BREAKERS_MAX, GROUPS_MAX, NODES_MAX};
use crate::plan::NodeCycle;
use crate::text::size_text;

use words::largest;

pub use expansion::ExpansionProblem;
pub(crate) use place::{COMMAND_LINE, NOTHING_STARTED};
pub use place::{PlanError, PlanErrors};
pub use ready::ReadyProblem;
pub use whole::WholeProblem;
pub(crate) use words::known_names;

/// What is wrong with a launch file. Exhaustive, so that the test of bad launch files has one for each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanProblem {
    /// A value that cannot be read: its syntax, type or range, or an unknown key.
    #[error(transparent)]
    Value(#[from] Problem),
    /// Arguments, includes, conditions or modes.
    #[error(transparent)]
    Expansion(#[from] ExpansionProblem),
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
    /// When a node is to be ready.
    #[error(transparent)]
    Ready(#[from] ReadyProblem),
    /// The filter of the log cannot be read.
    #[error(transparent)]
    Log(#[from] LogFilterError),
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
    #[error(
        "unknown node type `{given}`{}; nodes of your own are known to your robot's program alone: `cargo run -- check FILE`",
        known_names("node types", given, known)
    )]
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
    /// What the file says about a subscription does not go with its topic.
    #[error("{problem}")]
    SubscriptionQos {
        /// What is wrong with it.
        problem: QosProblem,
    },
    /// Something is said about a subscription that holds for its topic alone.
    #[error("`{rule}` is said of a topic, not of a single subscription; say it under `topics`")]
    RuleOfTopic {
        /// The rule.
        rule: String,
    },
    /// Something is said about a subscription that the node does not have.
    #[error(
        "node `{node}` does not subscribe to `{given}` in its code{}",
        known_names("subscriptions of it", given, known)
    )]
    NotSubscribed {
        /// The node.
        node: String,
        /// The topic.
        given: String,
        /// The topics to which it subscribes, as its code calls them.
        known: Vec<String>,
    },
    /// Something is said about a topic that no node has.
    #[error("unknown topic `{given}`{}", known_names("topics", given, known))]
    UnknownTopic {
        /// The topic.
        given: String,
        /// The topics that there are.
        known: Vec<String>,
    },
    /// What nobody publishes, loops, and what the machine does not have.
    #[error(transparent)]
    Whole(#[from] WholeProblem),
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
    /// A breaker's policy is named that there is not.
    #[error("unknown breaker `{given}`{}", known_names("breakers", given, known))]
    UnknownBreaker {
        /// The name.
        given: String,
        /// Those of the file, then the presets.
        known: Vec<String>,
    },
    /// The name of a breaker's policy is not one.
    #[error(
        "`{given}` is not a name for a breaker; use 1 to {NAME_BYTES_MAX} of the characters a-z, 0-9 and _"
    )]
    BreakerName {
        /// The name.
        given: String,
    },
    /// The name of a breaker's policy is that of a preset.
    #[error(
        "`{given}` is the name of a preset; choose another one, and say `preset: {given}` to begin with it"
    )]
    PresetName {
        /// The name.
        given: String,
    },
    /// More policies than a robot can have.
    #[error("too many breakers ({given}), at most {BREAKERS_MAX} are allowed")]
    TooManyBreakers {
        /// How many there are.
        given: usize,
    },
    /// A rate rule without a rate.
    #[error("`rate` has neither a `failure_rate` nor a `slow_rate`; give one of them")]
    NoRate,
    /// A window over calls and time.
    #[error("a window has either `calls`, or `length` with `buckets`; leave the others out")]
    WindowOfTwoKinds,
    /// A window that never holds as many calls as it takes to be judged.
    #[error(
        "`min_calls` is above `calls` of the window ({min_calls} > {calls}), so that it would never be judged; lower \
         `min_calls`, or raise `calls`"
    )]
    MinCallsAboveWindow {
        /// Calls that it takes.
        min_calls: u32,
        /// Calls that it holds.
        calls: u32,
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
