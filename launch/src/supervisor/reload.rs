//! The launch file once more while the robot runs, and its modes: what can change is changed, the rest is named, or started again.
//!
//! All of it runs on the thread of who asks; what is the supervisor's is ordered from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use nevil_msgs::{Key, Value, ValueKind};
use nevil_runtime::{NodeRules, NodeSpec};
use serde_json::json;

use super::operator::{Answer, Order};
use super::params::patience;
use super::{Robot, lock};
use crate::control::Control;
use crate::environment::launch_variable;
use crate::limits::{CHECK_STACK_BYTES, NODE_PAUSE_WAIT, NODE_RESTART_WAIT_MAX};
use crate::machine::Machine;
use crate::options::LaunchInputs;
use crate::plan::{Plan, PlanFor};
use crate::problem::{NOTHING_STARTED, known_names};
use crate::reload::{Live, difference};
use crate::status::RobotPhase;

/// How much longer than a node may take to restart it is waited for.
const BESIDES: Duration = Duration::from_secs(1);

/// What is said to who comes while somebody else changes the plan.
pub(super) const BUSY: &str = "somebody else changes the robot at this moment; try again";

/// What is done about what cannot change while the robot runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It is named.
    Name,
    /// The nodes, or the robot, are started again.
    Restart,
}

/// What became of a reload.
#[derive(Debug, Default)]
struct Report {
    changed: Vec<String>,
    /// Nodes that must restart, and why.
    nodes: BTreeMap<usize, BTreeSet<String>>,
    /// Why the robot must.
    robot: BTreeSet<String>,
    restarted: Vec<String>,
    notes: Vec<String>,
}

/// Why something was not changed while the robot runs.
enum Refused {
    ByNode(String),
    ByRobot(String),
}

impl Robot {
    /// The plan that the robot runs by.
    pub(super) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&lock(&self.running))
    }

    /// Plans the robot once more, in `mode`, on a thread with as much stack as that has at a start.
    pub(super) fn plan_again(&self, mode: Option<String>) -> Result<Plan, String> {
        let (inputs, types) = (LaunchInputs { mode, ..self.inputs.clone() }, self.types.clone());
        let plan = move || {
            let here = Machine::here();
            let plan_for = PlanFor { types: &types, machine: &here, here: &here, lookup: &launch_variable };
            Plan::read(&inputs, &plan_for)
        };
        let thread = thread::Builder::new().name("check".into()).stack_size(CHECK_STACK_BYTES).spawn(plan);
        let planned = thread.map_err(|error| error.to_string())?.join();
        // The panic has been reported where it was.
        planned.map_err(|_| "its check panicked; see the log".to_owned())?.map_err(|error| error.to_string())
    }

    /// Reads the launch file again and changes what differs. A file that is wrong changes nothing.
    pub(super) fn reload(&self, rest: Rest) -> Answer {
        let _turn = self.turn()?;
        let running = self.plan();
        let wrong = |text: String| text.replace(NOTHING_STARTED, "; nothing was changed");
        let new = self.plan_again(running.mode.clone()).map_err(wrong)?;
        if rest == Rest::Restart && !difference(&running, &new).robot.is_empty() {
            self.request_restart()?;
            return Ok(json!({ "restarting": true }));
        }
        self.change_to(&running, new, rest)
    }

    /// The modes; or changes to the one called `wanted`.
    pub(super) fn mode(&self, wanted: Option<&str>) -> Answer {
        let turn = wanted.map(|_| self.turn()).transpose()?;
        let running = self.plan();
        let names: Vec<_> = running.modes.iter().map(|(name, _)| name.clone()).collect();
        let Some(wanted) = wanted else {
            return Ok(json!({ "mode": running.mode, "modes": names }));
        };
        let found = running.modes.iter().find(|(name, _)| name == wanted);
        let Some((_, mode)) = found else {
            return Err(format!("unknown mode `{wanted}`{}", known_names("modes", wanted, &names)));
        };
        let mut answer =
            self.change_to(&running, Plan { modes: running.modes.clone(), ..mode.clone() }, Rest::Name)?;
        tracing::info!("an operator has changed the mode to `{wanted}`");
        answer["mode"] = json!(wanted);
        drop(turn);
        Ok(answer)
    }

    /// One who changes the plan at a time.
    fn turn(&self) -> Result<std::sync::MutexGuard<'_, ()>, String> {
        if self.phase() != RobotPhase::Running {
            return Err("the robot does not run yet, or stops; try again when it runs".to_owned());
        }
        match self.reloading.try_lock() {
            Ok(turn) => Ok(turn),
            Err(TryLockError::Poisoned(turn)) => Ok(PoisonError::into_inner(turn)),
            Err(TryLockError::WouldBlock) => Err(BUSY.to_owned()),
        }
    }

    fn change_to(&self, running: &Plan, new: Plan, rest: Rest) -> Answer {
        // A supervisor that takes no orders now would not go on by what is changed below.
        self.adopt(running.clone())?;
        let difference = difference(running, &new);
        let (mut report, mut adopted) = (Report::default(), running.clone());
        report.robot = difference.robot;
        for (node, keys) in difference.nodes {
            report.nodes.entry(node).or_default().extend(keys.into_iter().map(str::to_owned));
        }
        for live in &difference.live {
            match self.change_live(live, &new, &mut adopted, &mut report) {
                Ok(true) => report.changed.push(live.key(running)),
                Ok(false) => {}
                Err(Refused::ByRobot(why)) => _ = report.robot.insert(why),
                Err(Refused::ByNode(why)) => {
                    if let Live::Params { node, .. } = live {
                        report.nodes.entry(*node).or_default().insert(why);
                    }
                }
            }
        }
        adopted.mode.clone_from(&new.mode);
        adopted.modes.clone_from(&new.modes);
        adopted.files.clone_from(&new.files);
        adopted.notes.clone_from(&new.notes);
        let mut failed = None;
        if rest == Rest::Restart {
            failed = self.restart_nodes(&new, &mut adopted, &mut report).err();
        }
        if report.nodes.is_empty() && report.robot.is_empty() {
            adopted.graph.clone_from(&new.graph);
            // Pools are as large as they were planned.
            for topic in &mut adopted.graph.topics {
                let known = running.graph.topics.iter().find(|known| known.name == topic.name);
                if let Some(known) = known.filter(|known| known.memory.slots > topic.memory.slots) {
                    topic.memory = known.memory;
                }
            }
            adopted.topics.clone_from(&new.topics);
        }
        self.adopt(adopted)?;
        match failed {
            Some(why) => Err(why),
            None => Ok(report.to_json(running)),
        }
    }

    /// The supervisor goes on by `plan`.
    fn adopt(&self, plan: Plan) -> Result<(), String> {
        let plan = Arc::new(plan);
        self.order(Order::Adopt { plan: Arc::clone(&plan) }, NODE_PAUSE_WAIT)?;
        *lock(&self.running) = plan;
        Ok(())
    }

    /// Changes one thing, and notes in `adopted` that it is so. `false`: nothing was to be done.
    fn change_live(
        &self,
        live: &Live,
        new: &Plan,
        adopted: &mut Plan,
        report: &mut Report,
    ) -> Result<bool, Refused> {
        match live {
            Live::Log(filter) => {
                if std::env::var_os("NEVIL_LOG").is_some_and(|filter| !filter.is_empty()) {
                    report.notes.push("`log` changes nothing, because `NEVIL_LOG` goes before it".to_owned());
                    adopted.log.clone_from(filter);
                    return Ok(false);
                }
                let set = self.log.set(filter.as_deref().unwrap_or_default());
                set.map_err(|error| Refused::ByRobot(format!("log ({error})")))?;
                adopted.log.clone_from(filter);
            }
            Live::Resources => {
                self.board.set_limits(new);
                adopted.resources = new.resources.clone();
                for (node, new) in adopted.nodes.iter_mut().zip(&new.nodes) {
                    node.cpu_percent = new.cpu_percent.clone();
                }
            }
            Live::Supervision(node) => {
                // The supervisor takes it from the plan that it adopts.
                let (before, after) = (&mut adopted.nodes[*node], &new.nodes[*node]);
                before.restart = after.restart.clone();
                before.on_input_down = after.on_input_down;
                before.ready = after.ready.clone();
            }
            Live::Breaker { node, callback, policy } => {
                return self.change_breaker(*node, callback, policy, new, adopted);
            }
            Live::Depth { topic, node, depth } => {
                let set = self.environment.bus().set_depth(topic, node.as_deref(), *depth);
                set.map_err(|error| Refused::ByRobot(format!("{} ({error})", live.key(adopted))))?;
                note_depth(adopted, topic, node.as_deref(), *depth);
                if node.is_none() {
                    self.restore_own_depths(topic, new);
                }
            }
            Live::Params { node, changed } => self.change_changed(*node, changed, new, adopted)?,
            Live::Paused { node, paused } => {
                let order = match paused {
                    true => Order::Hold { node: *node },
                    false => Order::Release { node: *node },
                };
                self.order(order, NODE_PAUSE_WAIT).map_err(Refused::ByRobot)?;
                adopted.nodes[*node].spec.paused = *paused;
            }
        }
        Ok(true)
    }

    /// The depths that single subscriptions have in `new`: that of the topic was just given to all that had none of their own when
    /// they began.
    fn restore_own_depths(&self, topic: &str, new: &Plan) {
        let topics = new.graph.topics.iter().filter(|known| *known.name == *topic);
        for subscription in topics.flat_map(|topic| &topic.subscription_qos) {
            // One that is above what was planned is a change of its own, and told as that.
            let _ = self.environment.bus().set_depth(topic, Some(&subscription.node), subscription.qos.depth);
        }
    }

    fn change_breaker(
        &self,
        node: usize,
        callback: &str,
        policy: &nevil_runtime::BreakerPolicy,
        new: &Plan,
        adopted: &mut Plan,
    ) -> Result<bool, Refused> {
        let (threaded, rules) = (&self.nodes[node], &new.nodes[node].spec.rules);
        let callbacks = match callback {
            "" => {
                threaded.callbacks().into_iter().filter(|name| !rules.callbacks.contains_key(name)).collect()
            }
            one => vec![one.to_owned()],
        };
        let mut changed = false;
        for name in callbacks {
            let set = self.environment.set_callback_breaker(threaded.instance(), &name, policy.clone());
            changed |= set.map_err(|error| Refused::ByRobot(format!("breaker ({error}; try again)")))?;
        }
        // Its next lives have it too. Of several that change, each notes its own alone.
        let note = |known: &mut NodeRules| {
            if callback.is_empty() {
                known.callback.breaker = policy.clone();
            } else {
                known.callbacks.insert(callback.to_owned(), rules.of(callback).clone());
            }
        };
        threaded.change_spec(|spec| note(&mut spec.rules));
        note(&mut adopted.nodes[node].spec.rules);
        Ok(changed)
    }

    /// Changes the parameters that the file says otherwise; what an operator has changed besides stays.
    fn change_changed(
        &self,
        node: usize,
        changed: &[(Key, Option<Value>)],
        new: &Plan,
        adopted: &mut Plan,
    ) -> Result<(), Refused> {
        let threaded = &self.nodes[node];
        let spec = threaded.spec();
        let mut entries = match &spec.params.kind {
            ValueKind::Map(entries) => entries.clone(),
            _ => Vec::new(),
        };
        for (key, value) in changed {
            entries.retain(|(known, _)| known.name != key.name);
            entries.extend(value.iter().map(|value| (key.clone(), value.clone())));
        }
        let mark = new.nodes[node].spec.params.mark.clone();
        let refused = |why: String| Refused::ByNode(format!("params ({why})"));
        let params = threaded.read_params(Value::new(ValueKind::Map(entries), mark));
        let params = params.map_err(|error| refused(error.to_string()))?;
        let within = patience(&spec);
        self.order(Order::ChangeParams { node, params }, within).map_err(refused)?;
        adopted.nodes[node].spec.params = new.nodes[node].spec.params.clone();
        Ok(())
    }

    /// Starts the nodes again that must, in the order of their start, each as the new plan says.
    fn restart_nodes(&self, new: &Plan, adopted: &mut Plan, report: &mut Report) -> Result<(), String> {
        while let Some((&node, _)) = report.nodes.first_key_value() {
            let (threaded, planned) = (&self.nodes[node], &new.nodes[node]);
            let mark = threaded.spec().mark.clone();
            threaded.change_spec(|spec| {
                *spec = NodeSpec { mark: mark.clone(), paused: spec.paused, ..planned.spec.clone() };
            });
            adopted.nodes[node] = planned.clone();
            adopted.nodes[node].spec.mark = mark;
            // What follows if it hangs, and when it is ready, is the supervisor's to know before it starts.
            self.adopt(adopted.clone())?;
            let within = NODE_RESTART_WAIT_MAX.min(adopted.start_timeout * 2 + adopted.shutdown_timeout);
            self.order(Order::RestartNode { node }, within + BESIDES)?;
            report.restarted.push(threaded.instance().to_string());
            report.nodes.remove(&node);
        }
        Ok(())
    }
}

/// Notes in the plan that a depth is so now.
fn note_depth(plan: &mut Plan, topic: &str, node: Option<&str>, depth: u16) {
    for known in plan.graph.topics.iter_mut().filter(|known| *known.name == *topic) {
        if node.is_none() {
            known.qos.depth = depth;
        }
        for subscription in &mut known.subscription_qos {
            let is_meant = match node {
                Some(node) => *subscription.node == *node,
                None => subscription.said.iter().all(|(rule, _)| *rule != "depth"),
            };
            if is_meant {
                subscription.qos.depth = depth;
            }
        }
    }
}

impl Report {
    fn to_json(&self, plan: &Plan) -> serde_json::Value {
        let must = |(node, keys): (&usize, &BTreeSet<String>)| json!({ "node": &*plan.nodes[*node].spec.instance, "because": keys });
        json!({
            "changed": self.changed,
            "restarted": self.restarted,
            "nodes_must_restart": self.nodes.iter().map(must).collect::<Vec<_>>(),
            "robot_must_restart": self.robot,
            "notes": self.notes,
        })
    }
}
