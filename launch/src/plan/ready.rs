//! When nodes are ready, as the file and their code say.

use nevil_runtime::{NodeLook, NodeSpec, TopicDescription};

use crate::file::{LaunchFile, NodeEntry, ReadyEntry};
use crate::problem::{PlanError, ReadyProblem};
use crate::rules::{ReadyRule, ReadyWhen};

/// The rule of each of `specs`, and what is wrong with what the file says. `looks` are those that could be configured, by
/// their number among `specs`.
pub(super) fn rules(
    file: &LaunchFile,
    specs: &[NodeSpec],
    looks: &[(usize, NodeLook)],
    topics: &[TopicDescription],
) -> (Vec<ReadyRule>, Vec<PlanError>) {
    let mut problems = Vec::new();
    let rule = |(index, spec): (usize, &NodeSpec)| {
        let entry = file.nodes.iter().find(|entry| *entry.instance == *spec.instance);
        let look = looks.iter().find(|(of, _)| *of == index).map(|(_, look)| look);
        let (when, timeout) = match (entry, look) {
            (Some(entry), Some(look)) => match when(entry, spec, look, topics) {
                Ok(when) => (when, entry.ready.timeout.as_ref().map(|(timeout, _)| *timeout)),
                Err(error) => {
                    problems.push(*error);
                    (ReadyWhen::Activate, None)
                }
            },
            // It has a problem of its own.
            _ => (ReadyWhen::Activate, None),
        };
        if let Some((timeout, mark)) = entry.and_then(|entry| entry.ready.timeout.as_ref())
            && *timeout > file.start_timeout
        {
            let (timeout, start_timeout) = (*timeout, file.start_timeout);
            let path = format!("nodes.{}.ready.timeout", spec.instance);
            problems.push(PlanError::new(mark, path, ReadyProblem::AboveStart { timeout, start_timeout }));
        }
        ReadyRule { when, timeout: timeout.unwrap_or(file.start_timeout) }
    };
    let rules = specs.iter().enumerate().map(rule).collect();
    (rules, problems)
}

fn when(
    entry: &NodeEntry,
    spec: &NodeSpec,
    look: &NodeLook,
    topics: &[TopicDescription],
) -> Result<ReadyWhen, Box<PlanError>> {
    let path = || format!("nodes.{}.ready", entry.instance);
    let node = || entry.instance.clone();
    match &entry.ready.when {
        // What its code says holds where the file says nothing.
        None if look.ready_by_call => Ok(ReadyWhen::Called),
        None | Some((ReadyEntry::Activate, _)) => Ok(ReadyWhen::Activate),
        Some((ReadyEntry::Called, _)) if look.ready_by_call => Ok(ReadyWhen::Called),
        Some((ReadyEntry::Called, mark)) => {
            Err(Box::new(PlanError::new(mark, path(), ReadyProblem::NotDeclared { node: node() })))
        }
        Some((ReadyEntry::Topic(given), mark)) => {
            let published = topics.iter().filter(|topic| topic.publishers.contains(&spec.instance));
            let known: Vec<_> = published.map(|topic| topic.name.to_string()).collect();
            // As its code calls it, or as the robot does.
            let topic = spec.topic(given).ok().filter(|topic| known.contains(topic));
            let topic = topic.or_else(|| known.contains(given).then(|| given.clone()));
            topic.map(ReadyWhen::Topic).ok_or_else(|| {
                let problem = ReadyProblem::Topic { node: node(), given: given.clone(), known };
                Box::new(PlanError::new(mark, format!("{}.topic", path()), problem))
            })
        }
    }
}
