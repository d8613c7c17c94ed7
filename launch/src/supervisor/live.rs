//! What tools ask of the nodes of a robot that runs, on the thread of who asks.

use std::time::Duration;

use serde_json::{Value, json};

use super::operator::{Answer, Order};
use super::reload::Rest;
use super::{Robot, lock};
use crate::control::{Control, Request};
use crate::limits::{NODE_PAUSE_WAIT, NODE_RESTART_WAIT_MAX};
use crate::problem::known_names;
use crate::supervision::Pauses;

impl Robot {
    /// Does what `request` asks for.
    pub(super) fn do_for_operator(&self, request: &Request) -> Answer {
        match request {
            Request::ParamList { node } => self.param_list(node.as_deref()),
            Request::ParamGet { node, param } => self.param_get(node, param),
            Request::ParamSet { node, params } => self.param_set(node, params),
            Request::ParamLoad { node, name, text } => self.param_load(node, name, text),
            Request::Log { filter } => self.change_log(filter.as_deref()),
            Request::Reload { restart: false } => self.reload(Rest::Name),
            Request::Reload { restart: true } => self.reload(Rest::Restart),
            Request::Mode { name } => self.mode(name.as_deref()),
            Request::NodeInfo { node } => self.node_info(node),
            Request::NodeRestart { node, timeout_ms } => {
                let within = Duration::from_millis(*timeout_ms).min(NODE_RESTART_WAIT_MAX);
                self.order(Order::RestartNode { node: self.find(node)? }, within)
            }
            Request::NodePause { node } => {
                self.order(Order::Hold { node: self.find(node)? }, NODE_PAUSE_WAIT)
            }
            Request::NodeResume { node } => {
                let node = self.find(node)?;
                let mut answer = self.order(Order::Release { node }, NODE_PAUSE_WAIT)?;
                let pauses = lock(&self.supervised).pauses.clone();
                answer["paused_by"] = self.paused_by(&pauses, node);
                Ok(answer)
            }
            other => Err(format!("{other:?} is not for the nodes")),
        }
    }

    fn change_log(&self, filter: Option<&str>) -> Answer {
        if let Some(filter) = filter {
            self.log.set(filter).map_err(|error| error.to_string())?;
            tracing::info!("a tool has changed the log filter to `{filter}`");
        }
        Ok(json!({ "filter": self.log.text() }))
    }

    /// The number of the node called `name`.
    pub(super) fn find(&self, name: &str) -> Result<usize, String> {
        self.nodes.iter().position(|node| **node.instance() == *name).ok_or_else(|| {
            let known: Vec<_> = self.nodes.iter().map(|node| node.instance().to_string()).collect();
            format!("unknown node `{name}`{}", known_names("nodes", name, &known))
        })
    }

    /// Adds to the robot's report who wants nodes to pause, and which are ready.
    pub(super) fn add_live(&self, report: &mut Value) {
        let pauses = lock(&self.supervised).pauses.clone();
        for (index, node) in report["nodes"].as_array_mut().into_iter().flatten().enumerate() {
            node["paused_by"] = self.paused_by(&pauses, index);
            node["ready"] = json!(self.is_ready(index));
        }
    }

    fn paused_by(&self, pauses: &[Pauses], node: usize) -> Value {
        let Some(pauses) = pauses.iter().find(|pauses| pauses.node == node) else { return Value::Null };
        let inputs: Vec<_> = pauses.inputs.iter().map(|input| &**self.nodes[*input].instance()).collect();
        json!({ "operator": pauses.held, "inputs": inputs })
    }

    /// All that is known about the node called `name`.
    fn node_info(&self, name: &str) -> Answer {
        let index = self.find(name)?;
        let status = self.status();
        let mut info = status["nodes"][index].clone();
        let (plan, spec) = (self.plan(), self.nodes[index].spec());
        let planned = &plan.nodes[index];
        let topics = self.bus().topics();
        let topic = |topic: &&nevil_runtime::TopicDescription| json!({ "name": &*topic.name, "type": topic.type_info.name });
        let publishes = topics.iter().filter(|topic| topic.publishers.iter().any(|node| **node == *name));
        let is_subscribed = |topic: &&nevil_runtime::TopicDescription| {
            topic.subscriptions.iter().any(|(node, _)| **node == *name)
        };
        let subscribes = topics.iter().filter(is_subscribed);
        info["publishes"] = publishes.map(|found| topic(&found)).collect();
        info["subscribes"] = subscribes.map(|found| topic(&found)).collect();
        for callback in info["callbacks"].as_array_mut().into_iter().flatten() {
            let breaker = callback["name"].as_str().map(|callback| format!("{name}.{callback}"));
            let found = breaker.and_then(|breaker| self.breakers().get(&breaker).ok());
            callback["breaker"] = json!(found.map(|breaker| breaker.state(self.now()).as_str()));
        }
        info["type"] = json!(spec.node_type.name());
        info["namespace"] = json!(spec.namespace);
        info["required"] = json!(planned.required);
        info["depends_on"] = json!(planned.depends_on.iter().map(|name| &**name).collect::<Vec<_>>());
        let needs = |other: &&crate::plan::PlannedNode| other.depends_on.iter().any(|of| **of == *name);
        let dependents = plan.nodes.iter().filter(needs).map(|other| &*other.spec.instance);
        info["needed_by"] = json!(dependents.collect::<Vec<_>>());
        info["params"] = self.param_list(Some(name))?["params"].take();
        let held = self.nodes[index].holds();
        (info["devices"], info["drivers"], info["actuators"]) =
            (json!(held.devices), json!(held.drivers), json!(held.actuators));
        info["last_failure"] = json!(lock(&self.supervised).failures.get(name));
        Ok(info)
    }
}
