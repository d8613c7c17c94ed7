//! Node types by name: how a launch file's `type: motion` becomes a node.

use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;

use nevil_msgs::{FieldInfo, Value, ValueError};

use crate::error::{NodeError, Panicked, caught};
use crate::limits::NAME_BYTES_MAX;
use crate::node::Node;
use crate::node::environment::Environment;
use crate::node::live_params::{AnyParamSets, ParamSets, ParamsError};
use crate::node::names::Names;
use crate::node::setup::Setup;
use crate::node::shared::NodeShared;
use crate::node::work::{AnyNode, NodeCore};
use crate::parameter::Parameters;

/// The node types that a robot can launch, by name.
#[derive(Clone, Debug, Default)]
pub struct NodeTypes(BTreeMap<&'static str, NodeType>);

impl NodeTypes {
    /// No node types.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same and `N`, which launch files call `name`.
    ///
    /// # Panics
    ///
    /// If another type has that name.
    #[must_use]
    pub fn with<N: Node>(mut self, name: &'static str) -> Self {
        let before = self.0.insert(name, NodeType::new::<N>(name));
        assert!(before.is_none(), "a node type has a name of its own, but there are two of `{name}`");
        self
    }

    /// The type called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&NodeType> {
        self.0.get(name)
    }

    /// The names, ascending.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }

    /// The helper process called `name`, of whichever type declared it.
    #[must_use]
    pub fn process(&self, name: &str) -> Option<HelperProcess> {
        self.0
            .values()
            .flat_map(|node_type| node_type.processes)
            .find(|process| process.name == name)
            .copied()
    }
}

/// A process that a node type starts from the robot's own executable, as `<executable> process <name> …`.
#[derive(Clone, Copy)]
pub struct HelperProcess {
    /// Its name.
    pub name: &'static str,
    /// What it does with the words that follow its name.
    pub main: fn(&[String]) -> ExitCode,
}

impl fmt::Debug for HelperProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HelperProcess({})", self.name)
    }
}

/// Parameters, and those of a degraded node.
type GivenParams<'a> = (&'a Value, Option<&'a Value>);

type ReadParams = fn(GivenParams<'_>) -> Result<AnyParamSets, ParamsError>;

type Configure = fn(
    &Environment,
    &Arc<NodeShared>,
    Names<'_>,
    GivenParams<'_>,
) -> Result<Box<dyn AnyNode>, ConfigureError>;

/// A node type: its parameters, and how to make one.
#[derive(Clone)]
pub struct NodeType {
    name: &'static str,
    processes: &'static [HelperProcess],
    schema: fn() -> &'static [FieldInfo],
    configure: Configure,
    read_params: ReadParams,
}

impl NodeType {
    fn new<N: Node>(name: &'static str) -> Self {
        Self {
            name,
            processes: N::PROCESSES,
            schema: N::Params::schema,
            configure: configure::<N>,
            read_params: read_params::<N>,
        }
    }

    /// The name that launch files use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The parameters of the type.
    #[must_use]
    pub fn schema(&self) -> &'static [FieldInfo] {
        (self.schema)()
    }

    /// Runs the `configure` of a node of this type, and nothing else.
    pub(crate) fn configure(
        &self,
        environment: &Environment,
        shared: &Arc<NodeShared>,
        names: Names<'_>,
        params: GivenParams<'_>,
    ) -> Result<Box<dyn AnyNode>, ConfigureError> {
        (self.configure)(environment, shared, names, params)
    }

    /// Reads parameters for a node of this type that runs.
    pub(crate) fn read_params(&self, params: GivenParams<'_>) -> Result<AnyParamSets, ParamsError> {
        (self.read_params)(params)
    }
}

fn read_params<N: Node>((given, degraded): GivenParams<'_>) -> Result<AnyParamSets, ParamsError> {
    let read = |value| {
        let read = caught(|| N::Params::from_value(value));
        read.map_err(|panic| ParamsError::Panicked { text: panic.text })?.map_err(ParamsError::Wrong)
    };
    let sets = ParamSets::<N> { normal: read(given)?, degraded: degraded.map(read).transpose()? };
    Ok(Box::new(sets))
}

fn configure<N: Node>(
    environment: &Environment,
    shared: &Arc<NodeShared>,
    names: Names<'_>,
    (given, degraded): GivenParams<'_>,
) -> Result<Box<dyn AnyNode>, ConfigureError> {
    let panicked = |panic: Panicked| ConfigureError::Panicked { text: panic.text };
    let read = |value| caught(|| N::Params::from_value(value)).map_err(panicked);
    let params = read(given)?.map_err(ConfigureError::Params)?;
    let degraded = match degraded {
        None => None,
        Some(degraded) => {
            let degraded = read(degraded)?.map_err(ConfigureError::Degraded)?;
            let normal = read(given)?.map_err(ConfigureError::Params)?;
            Some(ParamSets::<N> { normal, degraded: Some(degraded) })
        }
    };
    let mut setup = Setup::<N>::new(environment, names, Arc::clone(shared));
    let node =
        caught(|| N::configure(&mut setup, params)).map_err(panicked)?.map_err(ConfigureError::Refused)?;
    let (work, ctx, shared, names) = setup.finish();
    let unsubscribed = names.unsubscribed();
    if let Some((given, used)) = names.unused() {
        return Err(ConfigureError::UnusedRemap { given, used });
    }
    if let Some((given, subscribed)) = unsubscribed {
        return Err(ConfigureError::NotSubscribed { given, subscribed });
    }
    Ok(Box::new(NodeCore::new(node, work, ctx, shared, degraded)))
}

impl fmt::Debug for NodeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeType({})", self.name)
    }
}

/// Why a node could not be configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigureError {
    /// Its name is not one.
    #[error("`{given}` is not a name for a node; use 1 to {NAME_BYTES_MAX} of the characters a-z, 0-9 and _")]
    Name {
        /// The name that was given.
        given: String,
    },
    /// Its namespace is not one.
    #[error(
        "`{given}` is not a namespace; use 1 to {NAME_BYTES_MAX} of the characters a-z, 0-9 and _, in parts separated \
         by /"
    )]
    Namespace {
        /// The namespace that was given.
        given: String,
    },
    /// It does not use topics that are remapped.
    #[error(
        "{} remapped, but the node has no such topic in its code; it has {}",
        are(given), if used.is_empty() { "none".to_owned() } else { used.join(", ") }
    )]
    UnusedRemap {
        /// The names that were remapped.
        given: Vec<String>,
        /// The names in its code, ascending.
        used: Vec<String>,
    },
    /// Something is said of subscriptions that it does not have.
    #[error(
        "the node does not subscribe to `{}` in its code; it subscribes to {}",
        given.join("`, `"), if subscribed.is_empty() { "nothing".to_owned() } else { subscribed.join(", ") }
    )]
    NotSubscribed {
        /// The topics of which something was said.
        given: Vec<String>,
        /// The topics to which it subscribes, as its code calls them, ascending.
        subscribed: Vec<String>,
    },
    /// Its parameters are wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Params(Vec<ValueError>),
    /// Its parameters while it is degraded are wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Degraded(Vec<ValueError>),
    /// It refused.
    #[error("{0}")]
    Refused(NodeError),
    /// Its thread was given up before.
    #[error("its thread was given up, because it did not answer in time")]
    GivenUp,
    /// It panicked.
    #[error("its `configure` panicked: {text}")]
    Panicked {
        /// What it said.
        text: String,
    },
}

/// `a is`, or `a, b are`.
fn are(names: &[String]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("`{}` {verb}", names.join("`, `"))
}
