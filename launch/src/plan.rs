//! The plan: what is to be started, in which order. Checked as a whole; nothing is started by it.
//!
//! * `order`: which node comes after which
//! * `paths`: paths in parameters, which the file means relative to itself

mod order;
mod paths;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use nevil_runtime::{
    Clock, ConfigureError, Environment, NodeError, NodeSpec, NodeTypes, SetupError, TopicError, thread_name,
};

use crate::file::{LaunchFile, LaunchFileError, LockMemory, Lookup, NodeEntry, OnDenied, read_text};
use crate::problem::{PlanError, PlanErrors, PlanProblem};

/// What is to be started.
///
/// ```
/// use nevil_launch::{LaunchFile, Plan};
/// use nevil_runtime::NodeTypes;
/// use nevil_runtime::prelude::*;
///
/// struct Motion;
/// impl Node for Motion {
///     type Params = ();
///     fn configure(_: &mut Setup<'_, Self>, _: ()) -> Result<Self, NodeError> {
///         Ok(Self)
///     }
/// }
/// let types = NodeTypes::new().with::<Motion>("motion");
///
/// let text = "robot: picar\nnodes:\n  rear: { type: motion, depends_on: [front] }\n  front: { type: motion }";
/// let file = LaunchFile::parse("picar.yaml".as_ref(), text, &|_| None)?;
/// let plan = Plan::new(&file, &types)?;
/// let order: Vec<_> = plan.nodes.iter().map(|node| &*node.spec.instance).collect();
/// assert_eq!(order, ["front", "rear"]);
/// # Ok::<(), nevil_launch::PlanErrors>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the robot.
    pub robot: String,
    /// How long all nodes together may take to stop.
    pub shutdown_timeout: Duration,
    /// How long each node may take for each phase of its start.
    pub start_timeout: Duration,
    /// Whether the memory of the process stays out of the swap.
    pub lock_memory: LockMemory,
    /// What happens if the kernel denies a thread what it was to get.
    pub on_denied: OnDenied,
    /// The nodes in the order of their start: each after all that it depends on, and otherwise as in the file.
    pub nodes: Vec<PlannedNode>,
    /// What is not wrong but worth a look.
    pub notes: Vec<PlanNote>,
}

/// A node that is to be started.
#[derive(Clone, Debug)]
pub struct PlannedNode {
    /// What the executor needs to know. Paths in its parameters are relative to the working directory, no longer to
    /// the file.
    pub spec: NodeSpec,
    /// What the kernel is to call its thread.
    pub thread_name: String,
    /// Whether the robot is worth nothing without it.
    pub required: bool,
    /// The nodes that must be active before it is activated.
    pub depends_on: Vec<Arc<str>>,
}

/// Something about a plan that is not wrong but worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanNote {
    /// Nobody publishes on a topic.
    NeverPublished {
        /// The topic.
        topic: Arc<str>,
        /// The nodes that wait for its messages.
        subscribers: Vec<Arc<str>>,
    },
    /// Nobody subscribes to a topic.
    NeverSubscribed {
        /// The topic.
        topic: Arc<str>,
        /// The nodes that publish on it.
        publishers: Vec<Arc<str>>,
    },
}

impl fmt::Display for PlanNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverPublished { topic, subscribers } => {
                write!(f, "topic `{topic}`: no node publishes on it; {} subscribed", subscribers.join(", "))
            }
            Self::NeverSubscribed { topic, publishers } => {
                write!(f, "topic `{topic}`: no node subscribes to it; published by {}", publishers.join(", "))
            }
        }
    }
}

impl Plan {
    /// Plans what `file` says, with nodes of `types`. Runs the `configure` of every node once, which has no effect
    /// outside, and drops the nodes.
    ///
    /// # Errors
    ///
    /// All problems: unknown types and dependencies, cycles, wrong parameters, nodes that refuse or disagree with one
    /// another about a topic or a device.
    pub fn new(file: &LaunchFile, types: &NodeTypes) -> Result<Self, PlanErrors> {
        Self::check(file, types, Vec::new())
    }

    /// Reads the launch file at `path` and plans what it says; `lookup` gives the variables of its `${NAME}`. Says more
    /// at once than reading and planning one after the other.
    ///
    /// # Errors
    ///
    /// [`LaunchFileError`] with all problems of the file and of the plan.
    pub fn read(path: &Path, lookup: Lookup<'_>, types: &NodeTypes) -> Result<Self, LaunchFileError> {
        let (file, problems) = LaunchFile::parse_all(path, &read_text(path)?, lookup);
        Ok(Self::check(&file, types, problems)?)
    }

    /// The plan, if neither the file had `problems` nor the plan has.
    fn check(file: &LaunchFile, types: &NodeTypes, mut problems: Vec<PlanError>) -> Result<Self, PlanErrors> {
        let (specs, environment, found) = configure_all(file, types);
        let (order, of_order) = order::start_order(&file.nodes);
        // One more problem at the place of another follows from it: the rest of such a value is a default.
        let is_new = |error: &PlanError| problems.iter().all(|known| known.mark != error.mark);
        let new: Vec<_> = found.into_iter().chain(of_order).filter(is_new).collect();
        problems.extend(new);
        PlanErrors::check(&file.path, problems)?;

        let mut used = Vec::new();
        let node = |index: usize| {
            let (spec, entry): (&NodeSpec, &NodeEntry) = (&specs[index], &file.nodes[index]);
            PlannedNode {
                spec: spec.clone(),
                thread_name: thread_name(&entry.instance, &mut used),
                required: entry.required,
                depends_on: entry.depends_on.iter().map(|(name, _)| Arc::from(name.as_str())).collect(),
            }
        };
        Ok(Self {
            robot: file.robot.clone(),
            shutdown_timeout: file.shutdown_timeout,
            start_timeout: file.start_timeout,
            lock_memory: file.lock_memory,
            on_denied: file.on_denied,
            nodes: order.into_iter().map(node).collect(),
            notes: notes(&environment),
        })
    }
}

/// Configures every node that has a type, all in one environment, so that they can disagree. Gives a specification for
/// each node if there are no problems.
fn configure_all(file: &LaunchFile, types: &NodeTypes) -> (Vec<NodeSpec>, Environment, Vec<PlanError>) {
    let environment = Environment::new(Clock::simulated(), 1);
    let directory = file.path.parent().unwrap_or(Path::new(""));
    let (mut specs, mut problems) = (Vec::new(), Vec::new());
    for entry in &file.nodes {
        let (name, mark) = &entry.node_type;
        let Some(node_type) = types.get(name) else {
            let known = types.names().into_iter().map(str::to_owned).collect();
            let problem = PlanProblem::UnknownType { given: name.clone(), known };
            problems.push(PlanError::new(mark, format!("nodes.{}.type", entry.instance), problem));
            continue;
        };
        let mut params = entry.params.clone();
        paths::resolve(&mut params, node_type.schema(), directory);
        let spec = NodeSpec {
            instance: entry.instance.as_str().into(),
            node_type: node_type.clone(),
            params,
            thread: entry.thread.clone(),
            namespace: String::new(),
            remap: std::collections::BTreeMap::new(),
        };
        match check_within(file.start_timeout, &spec, &environment) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => problems.extend(configure_problems(error, entry, &environment)),
            Err(problem) => {
                problems.push(PlanError::new(&entry.mark, format!("nodes.{}", entry.instance), problem));
            }
        }
        specs.push(spec);
    }
    (specs, environment, problems)
}

/// Checks a node on a thread with the stack that it will have, which is left behind if it does not answer in time.
fn check_within(
    time: Duration,
    spec: &NodeSpec,
    environment: &Environment,
) -> Result<Result<(), ConfigureError>, PlanProblem> {
    let (answer, answered) = mpsc::sync_channel(1);
    let builder = thread::Builder::new().name("check".to_owned()).stack_size(spec.thread.stack_bytes);
    let spawned = {
        let (spec, environment) = (spec.clone(), environment.clone());
        // Who asked may have given up.
        builder.spawn(move || answer.send(spec.check(&environment)))
    };
    if let Err(error) = spawned {
        return Err(PlanProblem::Refused {
            text: format!("no thread could be started to check it: {error}"),
        });
    }
    let node_type = spec.node_type.name().to_owned();
    answered.recv_timeout(time).map_err(|_| PlanProblem::Hangs { node_type, waited: time })
}

fn configure_problems(error: ConfigureError, entry: &NodeEntry, environment: &Environment) -> Vec<PlanError> {
    let path = format!("nodes.{}", entry.instance);
    let problem = match error {
        ConfigureError::Params(errors) => {
            let (path, mark) = (format!("{path}.params"), &entry.params.mark);
            return errors.into_iter().map(|error| PlanError::of_value(error, &path, mark)).collect();
        }
        ConfigureError::Name { given } => PlanProblem::InstanceName { given },
        ConfigureError::Panicked { text } => {
            PlanProblem::Panicked { node_type: entry.node_type.0.clone(), text }
        }
        ConfigureError::Refused(error) => topic_of_two_types(&error, environment)
            .unwrap_or_else(|| PlanProblem::Refused { text: error.to_string() }),
        other => PlanProblem::Refused { text: other.to_string() },
    };
    vec![PlanError::new(&entry.mark, path, problem)]
}

/// The problem with the names of those that declared the topic before, if a topic is what `error` is about.
fn topic_of_two_types(error: &NodeError, environment: &Environment) -> Option<PlanProblem> {
    let Some(SetupError::Topic(error @ TopicError::OtherType { topic, .. })) = error.cause()?.downcast_ref()
    else {
        return None;
    };
    let known = environment.bus().topics().into_iter().find(|known| known.name == *topic)?;
    let subscribers = known.subscriptions.into_iter().map(|(node, _)| node);
    let mut nodes: Vec<_> =
        known.publishers.into_iter().chain(subscribers).map(|node| node.to_string()).collect();
    nodes.sort_unstable();
    nodes.dedup();
    Some(PlanProblem::TopicOfTwoTypes { error: error.clone(), nodes })
}

/// The topics with one end. The private ones between a driver and its node, `<node>/<driver>`, always have both.
fn notes(environment: &Environment) -> Vec<PlanNote> {
    let mut notes = Vec::new();
    for topic in environment.bus().topics() {
        if topic.name.contains('/') {
            continue;
        }
        let mut subscribers: Vec<_> = topic.subscriptions.into_iter().map(|(node, _)| node).collect();
        subscribers.dedup();
        match (topic.publishers.is_empty(), subscribers.is_empty()) {
            (true, false) => notes.push(PlanNote::NeverPublished { topic: topic.name, subscribers }),
            (false, true) => {
                notes.push(PlanNote::NeverSubscribed { topic: topic.name, publishers: topic.publishers });
            }
            (true, true) | (false, false) => {}
        }
    }
    notes
}
