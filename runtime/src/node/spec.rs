//! What a node is to be launched as.

use std::collections::BTreeMap;
use std::sync::Arc;

use nevil_msgs::{Value, ValueKind};
use nevil_sys::os::FileWord;

use crate::bus::{SubscriptionQos, TopicError, is_name_part, is_namespace};
use crate::limits::NAME_BYTES_MAX;
use crate::node::environment::Environment;
use crate::node::live_params::{ParamsError, ParamsOrder, with_instead};
use crate::node::names::Names;
use crate::node::rules::NodeRules;
use crate::node::shared::{NodeShared, NodeState};
use crate::node::types::{ConfigureError, NodeType};
use crate::node::work::AnyNode;
use crate::scheduling::ThreadSpec;

/// What a node has declared about itself in its `configure`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeLook {
    /// The names of its callbacks, its hooks among them, in the order of their declaration.
    pub callbacks: Vec<String>,
    /// Whether it says by itself when it is ready ([`Setup::ready_by_call`](crate::Setup::ready_by_call)).
    pub ready_by_call: bool,
}

/// A node that is to be launched. Several may be of one type.
#[derive(Clone, Debug)]
pub struct NodeSpec {
    /// Its instance name. Headers of messages, accounts, claims and its thread carry it.
    pub instance: Arc<str>,
    /// Its type.
    pub node_type: NodeType,
    /// Its parameters.
    pub params: Value,
    /// Parameters that differ while a breaker of it whose criticality is at least `Degrade` is open; the others are as in
    /// `params`. It gets them, and its own again, by [`Node::params_changed`](crate::Node::params_changed). `None`: it has
    /// one set.
    pub degraded: Option<Value>,
    /// Whether its callbacks are not called when it has been activated, until it is resumed.
    pub paused: bool,
    /// How its thread is to be scheduled.
    pub thread: ThreadSpec,
    /// Put in front of the names of its topics, but for those that begin with `/`. Empty: nothing.
    pub namespace: String,
    /// Topics that are called otherwise than in its code: from the name in the code to the other one.
    pub remap: BTreeMap<String, String>,
    /// How messages are carried to single subscriptions, where that is not as their topics say: by the topic's name in the
    /// node's code.
    pub subscriptions: BTreeMap<String, SubscriptionQos>,
    /// The same of all its subscriptions that say nothing themselves. What does not go with a topic is left out there: a
    /// depth where the newest message alone is kept, and `drop_newest` where it is latched.
    pub subscription_default: SubscriptionQos,
    /// What its callbacks are allowed, and what follows if one hangs or panics.
    pub rules: NodeRules,
    /// Where the number of the callback that runs is noted, plus one, and 0 while none does: for who has to find out what the
    /// process died of. Callbacks are numbered as [`NodeStatus`](crate::NodeStatus) lists them.
    pub mark: Option<FileWord>,
}

impl NodeSpec {
    /// A node without parameters, with an ordinary thread, whose topics are called as in its code.
    #[must_use]
    pub fn new(instance: &str, node_type: NodeType) -> Self {
        Self {
            instance: instance.into(),
            node_type,
            params: Value::new(ValueKind::Null, nevil_msgs::Mark::named(instance)),
            degraded: None,
            paused: false,
            thread: ThreadSpec::default(),
            namespace: String::new(),
            remap: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            subscription_default: SubscriptionQos::NOTHING,
            rules: NodeRules::default(),
            mark: None,
        }
    }

    /// Runs `configure` for a check: no thread, no device, no effect; the node is dropped. What it declared is then known
    /// to `environment`. Gives the names of its callbacks, its hooks among them, in the order of their declaration.
    ///
    /// # Errors
    ///
    /// [`ConfigureError`].
    pub fn check(&self, environment: &Environment) -> Result<Vec<String>, ConfigureError> {
        Ok(self.look(environment)?.callbacks)
    }

    /// The same, and what else it has declared about itself.
    ///
    /// # Errors
    ///
    /// [`ConfigureError`].
    pub fn look(&self, environment: &Environment) -> Result<NodeLook, ConfigureError> {
        let shared = self.life(environment, 1);
        drop(self.configure(environment, &shared)?);
        let callbacks = shared.callbacks().into_iter().map(|callback| callback.name).collect();
        Ok(NodeLook { callbacks, ready_by_call: shared.ready.is_declared() })
    }

    /// The topic of the robot that the node means by `topic`, as its code calls it.
    ///
    /// # Errors
    ///
    /// [`TopicError::Name`] if that is no name for a topic.
    pub fn topic(&self, topic: &str) -> Result<String, TopicError> {
        Names::new(&self.namespace, &self.remap).resolve(topic)
    }

    /// Life `number` of the node.
    pub(crate) fn life(&self, environment: &Environment, number: u32) -> Arc<NodeShared> {
        NodeShared::new(environment, self, number)
    }

    /// Configures the node in the life that is `shared`: runs its `configure`, and nothing else.
    pub(crate) fn configure(
        &self,
        environment: &Environment,
        shared: &Arc<NodeShared>,
    ) -> Result<Box<dyn AnyNode>, ConfigureError> {
        let instance = &self.instance;
        if instance.len() > NAME_BYTES_MAX || !is_name_part(instance) {
            return Err(ConfigureError::Name { given: instance.to_string() });
        }
        if !self.namespace.is_empty() && !is_namespace(&self.namespace) {
            return Err(ConfigureError::Namespace { given: self.namespace.clone() });
        }
        let names = Names::new(&self.namespace, &self.remap)
            .with_said(&self.subscription_default, &self.subscriptions);
        let degraded = self.degraded_params();
        let params = (&self.params, degraded.as_ref());
        let node = self.node_type.configure(environment, shared, names, params)?;
        shared.set_state(NodeState::Configured);
        Ok(node)
    }

    /// Its parameters, read for a node that runs.
    pub(crate) fn read_params(&self) -> Result<ParamsOrder, ParamsError> {
        let sets = self.node_type.read_params((&self.params, self.degraded_params().as_ref()))?;
        Ok(ParamsOrder::new(sets))
    }

    fn degraded_params(&self) -> Option<Value> {
        self.degraded.as_ref().map(|degraded| with_instead(&self.params, degraded))
    }
}
