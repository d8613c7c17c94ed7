//! Configuring every node for a look at what it declares, and what goes wrong there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nevil_runtime::{
    Clock, ConfigureError, Environment, NodeError, NodeLook, NodeSpec, NodeTypes, SetupError,
    SubscriptionQos, TopicError,
};

use super::topics::{entry_of, nodes_of, overrides};
use super::{paths, ready};
use crate::file::{LaunchFile, NodeEntry, Remap, SingleCallback, SubscriptionEntry};
use crate::problem::{PlanError, PlanProblem};
use crate::rules::ReadyRule;

/// Configures every node that has a type, all in one environment, so that they can disagree. Gives a specification for
/// each node if there are no problems.
pub(super) fn configure_all(
    file: &LaunchFile,
    types: &NodeTypes,
) -> (Vec<NodeSpec>, Vec<ReadyRule>, Environment, Vec<PlanError>) {
    let environment = Environment::new(Clock::simulated(), 1).with_topics(overrides(file));
    let (mut specs, mut looks, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for entry in &file.nodes {
        let (name, mark) = &entry.node_type;
        let Some(node_type) = types.get(name) else {
            let known = types.names().into_iter().map(str::to_owned).collect();
            let problem = PlanProblem::UnknownType { given: name.clone(), known };
            problems.push(PlanError::new(mark, format!("nodes.{}.type", entry.instance), problem));
            continue;
        };
        let mut params = entry.params.clone();
        paths::resolve(&mut params, node_type.schema());
        let mut degraded = entry.degraded.clone();
        degraded.iter_mut().for_each(|params| paths::resolve(params, node_type.schema()));
        let spec = NodeSpec {
            instance: entry.instance.as_str().into(),
            node_type: node_type.clone(),
            params,
            degraded,
            thread: entry.thread.clone(),
            namespace: entry.namespace.clone(),
            remap: entry.remap.iter().map(|remap| (remap.from.clone(), remap.to.clone())).collect(),
            paused: entry.paused,
            subscriptions: of_subscriptions(entry),
            subscription_default: entry.subscription_default.clone(),
            rules: entry.callbacks.rules(),
            mark: None,
        };
        match check_within(file.start_timeout, &spec, &environment) {
            Ok(Ok(look)) => {
                problems.extend(unknown_callbacks(entry, &look.callbacks));
                looks.push((specs.len(), look));
            }
            Ok(Err(error)) => problems.extend(configure_problems(error, entry, file, &environment)),
            Err(problem) => {
                problems.push(PlanError::new(&entry.mark, format!("nodes.{}", entry.instance), problem));
            }
        }
        specs.push(spec);
    }
    let (ready, wrong) = ready::rules(file, &specs, &looks, &environment.bus().topics());
    problems.extend(wrong);
    (specs, ready, environment, problems)
}

/// Checks a node on a thread with the stack that it will have, which is left behind if it does not answer in time.
fn check_within(
    time: Duration,
    spec: &NodeSpec,
    environment: &Environment,
) -> Result<Result<NodeLook, ConfigureError>, PlanProblem> {
    let (answer, answered) = mpsc::sync_channel(1);
    let builder = thread::Builder::new().name("check".to_owned()).stack_size(spec.thread.stack_bytes);
    let spawned = {
        let (spec, environment) = (spec.clone(), environment.clone());
        // Who asked may have given up.
        builder.spawn(move || answer.send(spec.look(&environment)))
    };
    if let Err(error) = spawned {
        return Err(PlanProblem::Refused {
            text: format!("no thread could be started to check it: {error}"),
        });
    }
    let node_type = spec.node_type.name().to_owned();
    answered.recv_timeout(time).map_err(|_| PlanProblem::Hangs { node_type, waited: time })
}

/// The callbacks that the file names and the node, which has these, does not.
fn unknown_callbacks(entry: &NodeEntry, known: &[String]) -> Vec<PlanError> {
    let unknown = entry.callbacks.single.iter().filter(|single| !known.contains(&single.name));
    let problem = |single: &SingleCallback| {
        let (node, given) = (entry.instance.clone(), single.name.clone());
        let problem = PlanProblem::UnknownCallback { node, given, known: known.to_vec() };
        PlanError::new(&single.mark, format!("nodes.{}.callbacks", entry.instance), problem)
    };
    unknown.map(problem).collect()
}

fn configure_problems(
    error: ConfigureError,
    entry: &NodeEntry,
    file: &LaunchFile,
    environment: &Environment,
) -> Vec<PlanError> {
    let path = format!("nodes.{}", entry.instance);
    let problem = match error {
        ConfigureError::Params(errors) => {
            let (path, mark) = (format!("{path}.params"), &entry.params.mark);
            return errors.into_iter().map(|error| PlanError::of_value(error, &path, mark)).collect();
        }
        ConfigureError::Degraded(errors) => {
            let mark = entry.degraded.as_ref().map_or(&entry.mark, |degraded| &degraded.mark);
            let path = format!("{path}.degraded");
            return errors.into_iter().map(|error| PlanError::of_value(error, &path, mark)).collect();
        }
        ConfigureError::UnusedRemap { given, used } => {
            let of_name = |remap: &&Remap| given.contains(&remap.from);
            let problem = |remap: &Remap| {
                let (node, given) = (entry.instance.clone(), remap.from.clone());
                let problem = PlanProblem::UnusedRemap { node, given, known: used.clone() };
                PlanError::new(&remap.mark, format!("{path}.remap"), problem)
            };
            return entry.remap.iter().filter(of_name).map(problem).collect();
        }
        ConfigureError::NotSubscribed { given, subscribed } => {
            let of_name = |said: &&SubscriptionEntry| given.contains(&said.topic);
            let problem = |said: &SubscriptionEntry| {
                let (node, given) = (entry.instance.clone(), said.topic.clone());
                let problem = PlanProblem::NotSubscribed { node, given, known: subscribed.clone() };
                PlanError::new(&said.mark, format!("{path}.subscriptions"), problem)
            };
            return entry.subscriptions.iter().filter(of_name).map(problem).collect();
        }
        ConfigureError::Name { given } => PlanProblem::InstanceName { given },
        ConfigureError::Panicked { text } => {
            PlanProblem::Panicked { node_type: entry.node_type.0.clone(), text }
        }
        ConfigureError::Refused(error) => match topic_error(&error) {
            Some(TopicError::Qos { topic, problem }) => match entry_of(file, topic) {
                Some(entry) => {
                    let problem = PlanProblem::TopicQos { problem: problem.clone() };
                    return vec![PlanError::new(&entry.mark, format!("topics.{topic}"), problem)];
                }
                // The mistake is the code's.
                None => PlanProblem::Refused { text: error.to_string() },
            },
            Some(TopicError::Subscription { declared, problem, .. }) => {
                let said = entry.subscriptions.iter().find(|said| *said.topic == **declared);
                let problem = PlanProblem::SubscriptionQos { problem: problem.clone() };
                let mark = said.map_or(&entry.mark, |said| &said.mark);
                return vec![PlanError::new(mark, format!("{path}.subscriptions.{declared}"), problem)];
            }
            Some(error @ TopicError::OtherType { topic, .. }) => {
                topic_of_two_types(error, topic, environment)
            }
            Some(error @ TopicError::Exclusive { .. }) => {
                PlanProblem::TopicOfTwoWriters { error: error.clone() }
            }
            _ => PlanProblem::Refused { text: error.to_string() },
        },
        other => PlanProblem::Refused { text: other.to_string() },
    };
    vec![PlanError::new(&entry.mark, path, problem)]
}

/// What is wrong with a topic, if that is what `error` is about.
fn topic_error(error: &NodeError) -> Option<&TopicError> {
    match error.cause()?.downcast_ref()? {
        SetupError::Topic(error) => Some(error),
        _ => None,
    }
}

/// The problem with the names of those that declared the topic before.
fn topic_of_two_types(error: &TopicError, topic: &str, environment: &Environment) -> PlanProblem {
    let known = environment.bus().topics().into_iter().find(|known| *known.name == *topic);
    let nodes = known.iter().flat_map(nodes_of).map(ToString::to_string);
    let nodes = nodes.collect::<BTreeSet<_>>().into_iter().collect();
    PlanProblem::TopicOfTwoTypes { error: error.clone(), nodes }
}

/// What the file says about single subscriptions of the node, by topic.
fn of_subscriptions(entry: &NodeEntry) -> BTreeMap<String, SubscriptionQos> {
    entry.subscriptions.iter().map(|said| (said.topic.clone(), said.qos.clone())).collect()
}
