//! The plan: what is to be started, in which order. Checked as a whole; nothing is started by it.
//!
//! * `configure`: what the nodes declare, and what is wrong with that
//! * `order`: which node comes after which
//! * `topics`: what is wrong with the topics of all nodes together; `memory`: whether they fit; `cycles`: who answers whom
//! * `notes`: what is worth a look
//! * `kernel`: what the kernel refuses there; `explain`: where each effective value comes from
//! * `ready`: when a node is ready
//! * `modes`: the plans of the modes of a robot
//! * `paths`: paths in parameters, which the file means relative to itself

mod configure;
mod cycles;
mod explain;
mod kernel;
mod memory;
mod modes;
mod notes;
mod order;
mod paths;
mod ready;
#[cfg(test)]
mod tests;
mod topics;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nevil_runtime::ring::PlannedRing;
use nevil_runtime::{Environment, NodeSpec, NodeTypes, QosOverride, TopicDescription, thread_name};

use crate::file::{
    LaunchFile, LaunchFileError, LockMemory, Lookup, NodeEntry, OnDenied, WatchdogEntry, read_text,
};
use crate::machine::Machine;
use crate::options::LaunchInputs;
use crate::problem::{PlanError, PlanErrors, PlanProblem};
use crate::rules::{GroupRule, Limits, OnInputDown, ReadyRule, ResourceRule, RestartRule};

use configure::configure_all;
use notes::notes;
use topics::{Known, hides_topics, overrides, topic_problems};

pub use cycles::{CycleStep, NodeCycle};
pub use explain::{Explained, Source, explain};
pub use notes::PlanNote;

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
    /// Variables that are to be set for the process.
    pub environment: Vec<(String, String)>,
    /// Nodes that conditions of the file have left out, ascending.
    pub left_out: Vec<String>,
    /// Which records are written, if the file says that.
    pub log: Option<String>,
    /// How long all nodes together may take to stop.
    pub shutdown_timeout: Duration,
    /// How long each node may take for each phase of its start.
    pub start_timeout: Duration,
    /// Whether the memory of the process stays out of the swap.
    pub lock_memory: LockMemory,
    /// What happens if the kernel denies a thread what it was to get.
    pub on_denied: OnDenied,
    /// Threads of hung callbacks that the robot may keep.
    pub zombies_max: usize,
    /// Who watches the robot from outside.
    pub watchdog: WatchdogEntry,
    /// How much the robot may use.
    pub resources: ResourceRule,
    /// Nodes that fail together.
    pub groups: Vec<GroupRule>,
    /// How topics are to be carried, by name, where that is not as their code says.
    pub topics: BTreeMap<String, QosOverride>,
    /// The nodes in the order of their start: each after all that it depends on, and otherwise as in the file.
    pub nodes: Vec<PlannedNode>,
    /// Most bytes that the messages of all topics together can take.
    pub topics_bytes: u64,
    /// Who is connected with what.
    pub graph: PlannedGraph,
    /// Most bytes that the messages of all topics together may take.
    pub bus_bytes_max: u64,
    /// What is not wrong but worth a look.
    pub notes: Vec<PlanNote>,
    /// All files that were read, the launch file first.
    pub files: Vec<PathBuf>,
    /// The mode that this is the plan of; `None`: there are no modes.
    pub mode: Option<String>,
    /// The plans of all modes by name, in the order of the file; those have none themselves.
    pub modes: Vec<(String, Plan)>,
}

/// What the nodes of a plan declare.
#[derive(Clone, Debug)]
pub struct PlannedGraph {
    /// The topics, by name.
    pub topics: Vec<TopicDescription>,
    /// The rings, by name, as large as they are on the machine that the plan is for.
    pub rings: Vec<PlannedRing>,
    /// The devices, by claim, with the nodes that hold them.
    pub devices: Vec<(String, Arc<str>)>,
    /// What moves, called `<node>/<name>`.
    pub actuators: Vec<Arc<str>>,
}

impl PlannedGraph {
    fn of(environment: &Environment, topics: Vec<TopicDescription>, machine: &Machine) -> Self {
        Self {
            topics,
            rings: environment.rings().planned(machine.page_bytes),
            devices: environment.claims().list(),
            actuators: environment.actuators().names(),
        }
    }
}

/// What a plan is made for.
#[derive(Clone, Copy)]
pub struct PlanFor<'a> {
    /// The node types that there are.
    pub types: &'a NodeTypes,
    /// The machine that the robot is to run on.
    pub machine: &'a Machine,
    /// The machine on which the plan is made.
    pub here: &'a Machine,
    /// The variables of `${NAME}`.
    pub lookup: Lookup<'a>,
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
    /// How it is started again after it has ended.
    pub restart: RestartRule,
    /// Its group among those of the plan, if it is in one.
    pub group: Option<usize>,
    /// What it does while one that it depends on is down.
    pub on_input_down: OnInputDown,
    /// How much of a core its thread may use, in percent.
    pub cpu_percent: Limits,
    /// When those that depend on it are activated.
    pub ready: ReadyRule,
}

impl Plan {
    /// Plans what `file` says for this machine, with nodes of `types`. Runs the `configure` of every node once, which has no effect
    /// outside, and drops the nodes.
    ///
    /// # Errors
    ///
    /// All problems: unknown types and dependencies, cycles, wrong parameters, nodes that refuse or disagree with one
    /// another about a topic or a device.
    pub fn new(file: &LaunchFile, types: &NodeTypes) -> Result<Self, PlanErrors> {
        let here = Machine::here();
        Self::check(file, &PlanFor { types, machine: &here, here: &here, lookup: &|_| None }, Vec::new())
    }

    /// Reads a launch file with its arguments and plans what it says. Says more at once than reading and planning one after
    /// the other.
    ///
    /// # Errors
    ///
    /// [`LaunchFileError`] with all problems of the file and of the plan.
    pub fn read(inputs: &LaunchInputs, plan_for: &PlanFor<'_>) -> Result<Self, LaunchFileError> {
        Self::read_with_file(inputs, plan_for).map(|(plan, _)| plan)
    }

    /// The same with the file, which [`explain`] looks at.
    ///
    /// # Errors
    ///
    /// As of [`Plan::read`].
    pub fn read_with_file(
        inputs: &LaunchInputs,
        plan_for: &PlanFor<'_>,
    ) -> Result<(Self, LaunchFile), LaunchFileError> {
        let text = read_text(&inputs.file)?;
        let (file, problems) = LaunchFile::parse_all(inputs, &text, plan_for.lookup);
        let mut plan = Self::check(&file, plan_for, problems)?;
        plan.modes = modes::plans(inputs, &text, (&file, &plan), plan_for)?;
        Ok((plan, file))
    }

    /// The plan, if neither the file had `problems` nor the plan has.
    fn check(
        file: &LaunchFile,
        plan_for: &PlanFor<'_>,
        mut problems: Vec<PlanError>,
    ) -> Result<Self, PlanErrors> {
        let (specs, ready, environment, found) = configure_all(file, plan_for.types);
        let topics = environment.bus().topics();
        let known = match found.is_empty() {
            true if problems.iter().any(|problem| hides_topics(&problem.path)) => Known::All,
            true => Known::Ends,
            false => Known::Some,
        };
        let of_topics = topic_problems(file, &topics, known);
        let (order, of_order) = order::start_order(&file.nodes);
        // One more problem at the place of another follows from it: the rest of such a value is a default.
        let is_new = |error: &PlanError| {
            // What a node says of parameters that are wrong already says nothing.
            let of_params = format!("{}.params", error.path);
            let follows = matches!(error.problem, PlanProblem::Refused { .. })
                && problems.iter().any(|known| known.path.starts_with(&of_params));
            !follows && problems.iter().all(|known| known.mark != error.mark)
        };
        let of_kernel = kernel::refused(file, plan_for);
        let all = found.into_iter().chain(of_topics).chain(of_order).chain(of_kernel);
        let mut new: Vec<_> = Vec::new();
        for error in all.filter(is_new) {
            // Each node that uses a topic finds the same wrong with it.
            if !new.contains(&error) {
                new.push(error);
            }
        }
        problems.extend(new);
        PlanErrors::check(&file.path, problems)?;

        Ok(Self::of(file, plan_for, &specs, &ready, &environment, order))
    }

    /// The plan of a file that is right.
    fn of(
        file: &LaunchFile,
        plan_for: &PlanFor<'_>,
        specs: &[NodeSpec],
        ready: &[ReadyRule],
        environment: &Environment,
        order: Vec<usize>,
    ) -> Self {
        let mut used = Vec::new();
        let node = |index: usize| {
            let (spec, entry): (&NodeSpec, &NodeEntry) = (&specs[index], &file.nodes[index]);
            PlannedNode {
                spec: spec.clone(),
                thread_name: thread_name(&entry.instance, &mut used),
                required: entry.required,
                depends_on: entry.depends_on.iter().map(|(name, _)| Arc::from(name.as_str())).collect(),
                restart: entry.restart.clone(),
                group: group_of(file, entry),
                on_input_down: entry.on_input_down,
                cpu_percent: entry.cpu_percent.clone(),
                ready: ready[index].clone(),
            }
        };
        let topics = environment.bus().topics();
        let mut notes = notes(&topics);
        notes.extend(kernel::notes(file, plan_for));
        Self {
            robot: file.robot.clone(),
            environment: file.environment.clone(),
            left_out: file.left_out.clone(),
            log: file.log.clone(),
            shutdown_timeout: file.shutdown_timeout,
            start_timeout: file.start_timeout,
            lock_memory: file.lock_memory,
            on_denied: file.on_denied,
            zombies_max: file.zombies_max,
            watchdog: file.watchdog.clone(),
            resources: file.resources.clone(),
            groups: file.groups.iter().map(|(rule, _)| rule.clone()).collect(),
            nodes: order.into_iter().map(node).collect(),
            topics: overrides(file),
            topics_bytes: memory::bytes(&topics),
            bus_bytes_max: file.bus_bytes_max.0,
            graph: PlannedGraph::of(environment, topics, plan_for.machine),
            notes,
            files: file.files.clone(),
            mode: file.mode.clone(),
            modes: Vec::new(),
        }
    }
}

/// The index of the node's group in the file.
fn group_of(file: &LaunchFile, entry: &NodeEntry) -> Option<usize> {
    let (name, _) = entry.group.as_ref()?;
    file.groups.iter().position(|(rule, _)| rule.name == *name)
}
