//! What a node is to be launched as.

use std::collections::BTreeMap;
use std::sync::Arc;

use nevil_msgs::{Value, ValueKind};
use nevil_sys::os::FileWord;

use crate::bus::{SubscriptionQos, is_name_part, is_namespace};
use crate::limits::NAME_BYTES_MAX;
use crate::node::degraded::with_instead;
use crate::node::environment::Environment;
use crate::node::names::Names;
use crate::node::rules::NodeRules;
use crate::node::shared::{NodeShared, NodeState};
use crate::node::types::{ConfigureError, NodeType};
use crate::node::work::AnyNode;
use crate::scheduling::ThreadSpec;

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
        let shared = self.life(environment, 1);
        drop(self.configure(environment, &shared)?);
        Ok(shared.callbacks().into_iter().map(|callback| callback.name).collect())
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
        let degraded = self.degraded.as_ref().map(|degraded| with_instead(&self.params, degraded));
        let params = (&self.params, degraded.as_ref());
        let node = self.node_type.configure(environment, shared, names, params)?;
        shared.set_state(NodeState::Configured);
        Ok(node)
    }
}
