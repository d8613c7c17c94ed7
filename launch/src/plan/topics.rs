//! What is wrong with the topics of all nodes together: unknown ones, those with one end, loops, and too much memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nevil_msgs::nearest;
use nevil_runtime::{QosOverride, TopicDescription};

use super::cycles::{NodeCycle, cycles, waiting_in_cycle};
use super::memory;
use crate::file::{LaunchFile, TopicEntry};
use crate::problem::{PlanError, PlanProblem, WholeProblem};

/// The nodes that publish on a topic, then those that subscribe to it.
pub(super) fn nodes_of(topic: &TopicDescription) -> impl Iterator<Item = &Arc<str>> {
    topic.publishers.iter().chain(topic.subscriptions.iter().map(|(node, _)| node))
}

/// The nodes that subscribe to a topic, each once.
pub(super) fn subscribers(topic: &TopicDescription) -> Vec<Arc<str>> {
    let mut nodes: Vec<_> = topic.subscriptions.iter().map(|(node, _)| Arc::clone(node)).collect();
    nodes.dedup();
    nodes
}

/// What the file says about topics, by name.
pub(super) fn overrides(file: &LaunchFile) -> BTreeMap<String, QosOverride> {
    file.topics.iter().map(|topic| (topic.name.clone(), topic.qos.clone())).collect()
}

/// What is known of the topics of a robot in whose file something may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Known {
    /// Some of them: not all nodes could be configured.
    Some,
    /// All of them, but their names may be others than meant.
    All,
    /// All of them, and who is at their ends.
    Ends,
}

/// What is wrong with the topics of all nodes together, as far as it does not follow from what is not known.
pub(super) fn topic_problems(file: &LaunchFile, topics: &[TopicDescription], known: Known) -> Vec<PlanError> {
    let mut problems = Vec::new();
    for (topic, error) in memory::too_many_slots(topics) {
        let problem = PlanProblem::TooManySlots { error };
        problems.push(of_topic(file, topic, nodes_of(topic).next(), problem));
    }
    if let Some(problem) = memory::over_budget(topics, file.bus_bytes_max.0) {
        problems.push(PlanError::new(&file.bus_bytes_max.1, "memory.bus_max", problem));
    }
    let waiting = waiting_in_cycle(topics);
    if known >= Known::All {
        problems.extend(unknown(file, topics));
    }
    if known == Known::Ends {
        problems.extend(never_published(file, topics));
        problems.extend(loops(file, topics, &waiting));
    }
    problems.extend(waiting.into_iter().map(|(node, problem)| of_node(file, Some(&node), problem)));
    problems
}

/// What the file says about topics that no node has.
fn unknown(file: &LaunchFile, topics: &[TopicDescription]) -> Vec<PlanError> {
    let is_known = |name: &str| topics.iter().any(|topic| *topic.name == *name);
    let problem = |entry: &TopicEntry| {
        let known = topics.iter().map(|topic| topic.name.to_string()).collect();
        let problem = PlanProblem::UnknownTopic { given: entry.name.clone(), known };
        PlanError::new(&entry.mark, "topics", problem)
    };
    file.topics.iter().filter(|entry| !is_known(&entry.name)).map(problem).collect()
}

/// The topics to which nodes subscribe, and on which neither a node nor somebody outside publishes. The private ones
/// between a driver and its node always have both ends.
fn never_published(file: &LaunchFile, topics: &[TopicDescription]) -> Vec<PlanError> {
    let is_alone =
        |topic: &&TopicDescription| !topic.is_private && !topic.qos.external && topic.publishers.is_empty();
    let heard = topics.iter().filter(is_alone).map(|topic| (topic, subscribers(topic)));
    let problem = |(topic, subscribers): (&TopicDescription, Vec<Arc<str>>)| {
        let node = subscribers.first().cloned()?;
        let meant = meant(topic, topics).map(ToString::to_string);
        // A name with `/` before it is not put into the namespace.
        let remap =
            meant.as_ref().map(|meant| format!("{}: /{meant}", name_in_code(file, &node, &topic.name)));
        let problem = WholeProblem::SubscribedNeverPublished {
            topic: topic.name.to_string(),
            subscribers: subscribers.iter().map(ToString::to_string).collect(),
            meant,
            remap,
        };
        Some(of_topic(file, topic, Some(&node), problem))
    };
    heard.filter_map(problem).collect()
}

/// What the code of `node` calls the topic that the robot calls `topic`.
fn name_in_code<'a>(file: &'a LaunchFile, node: &str, topic: &'a str) -> &'a str {
    let Some(entry) = file.nodes.iter().find(|entry| entry.instance == node) else { return topic };
    let inner = topic.strip_prefix(&entry.namespace).and_then(|rest| rest.strip_prefix('/')).unwrap_or(topic);
    let remapped =
        entry.remap.iter().find(|remap| remap.to == inner || remap.to.strip_prefix('/') == Some(topic));
    remapped.map_or(inner, |remap| &remap.from)
}

/// The topic with publishers that was probably meant by `topic`: one of its type with a name like it, or with the same name
/// in another namespace.
fn meant<'topics>(
    topic: &TopicDescription,
    topics: &'topics [TopicDescription],
) -> Option<&'topics Arc<str>> {
    let is_like = |other: &&TopicDescription| {
        !other.is_private && !other.publishers.is_empty() && other.type_info.hash == topic.type_info.hash
    };
    let others: Vec<_> = topics.iter().filter(is_like).map(|other| &other.name).collect();
    let last = |name: &str| name.rsplit('/').next().map(str::to_owned);
    let near = nearest(&topic.name, &others).and_then(|near| others.iter().find(|name| &****name == near));
    near.or_else(|| others.iter().find(|name| last(name) == last(&topic.name))).copied()
}

/// The loops of nodes that no topic says it is meant, but for those in which somebody waits, which is worse.
fn loops(
    file: &LaunchFile,
    topics: &[TopicDescription],
    waiting: &[(Arc<str>, PlanProblem)],
) -> Vec<PlanError> {
    let nodes =
        |cycle: &NodeCycle| cycle.0.iter().map(|step| Arc::clone(&step.node)).collect::<BTreeSet<_>>();
    let is_told = |cycle: &NodeCycle| {
        let of_cycle = nodes(cycle);
        waiting.iter().any(|(_, problem)| {
            matches!(problem, PlanProblem::WaitsInCycle { cycle, .. } if nodes(cycle) == of_cycle)
        })
    };
    let problem = |cycle: NodeCycle| {
        let entry = cycle.0.iter().flat_map(|step| &step.topics).find_map(|topic| entry_of(file, topic));
        let node = cycle.0.first().map(|step| Arc::clone(&step.node));
        let problem = WholeProblem::UnmarkedLoop { cycle };
        match entry {
            Some(entry) => PlanError::new(&entry.mark, format!("topics.{}", entry.name), problem),
            None => of_node(file, node.as_ref(), problem),
        }
    };
    cycles(topics).into_iter().filter(|cycle| !is_told(cycle)).map(problem).collect()
}

pub(super) fn entry_of<'file>(file: &'file LaunchFile, topic: &str) -> Option<&'file TopicEntry> {
    file.topics.iter().find(|entry| entry.name == *topic)
}

/// The problem where the file speaks of the topic, or else at the place of the node.
fn of_topic(
    file: &LaunchFile,
    topic: &TopicDescription,
    node: Option<&Arc<str>>,
    problem: impl Into<PlanProblem>,
) -> PlanError {
    match entry_of(file, &topic.name) {
        Some(entry) => PlanError::new(&entry.mark, format!("topics.{}", topic.name), problem),
        None => of_node(file, node, problem),
    }
}

/// The problem at the place of the node, or of the file if it has no such node.
fn of_node(file: &LaunchFile, node: Option<&Arc<str>>, problem: impl Into<PlanProblem>) -> PlanError {
    let entry = node.and_then(|node| file.nodes.iter().find(|entry| *entry.instance == **node));
    match entry {
        Some(entry) => PlanError::new(&entry.mark, format!("nodes.{}", entry.instance), problem),
        None => PlanError::new(&file.bus_bytes_max.1, "nodes", problem),
    }
}

/// Whether a problem at `path` leaves open which topics the nodes have: then what is missing there may follow from it.
pub(super) fn hides_topics(path: &str) -> bool {
    let mut parts = path.split(['.', '[']);
    match (parts.next(), parts.next(), parts.next()) {
        (Some("nodes"), _, of_node) => {
            matches!(of_node, None | Some("type" | "params" | "namespace" | "remap"))
        }
        (Some(key), ..) => matches!(key, "" | "topics" | "include" | "args" | "environment"),
        (None, ..) => true,
    }
}
