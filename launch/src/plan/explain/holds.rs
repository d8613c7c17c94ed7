//! What holds where the file says nothing, as far as the plan knows better than the schema.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use nevil_msgs::Qos;
use nevil_runtime::{Policy, TopicDescription};

use super::Source;
use crate::file::LaunchFile;
use crate::plan::{Plan, PlannedNode};
use crate::rules::ReadyWhen;
use crate::text::{size_text, snake};

/// Values by their ways.
pub(super) type Holds = BTreeMap<String, (String, Source)>;

/// The values of `plan`, which was made of `file`.
pub(super) fn of_plan(plan: &Plan, file: &LaunchFile) -> Holds {
    let mut holds = Holds::new();
    let mut add = |path: &str, rows: Vec<(&str, String)>, source: &Source| {
        for (key, value) in rows {
            let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            holds.insert(path, (value, source.clone()));
        }
    };
    add("", of_robot(plan), &Source::Default);
    for node in &plan.nodes {
        let path = format!("nodes.{}", node.spec.instance);
        add(&path, of_node(node), &Source::Default);
        let (ready, source) = match node.ready.when {
            ReadyWhen::Called => ("called", Source::Code),
            _ => ("activate", Source::Default),
        };
        add(&path, vec![("ready", ready.to_owned())], &source);
    }
    for topic in plan.graph.topics.iter().filter(|topic| !topic.is_private) {
        add(&format!("topics.{}", topic.name), of_topic(topic), &Source::Code);
    }
    // Of these the file says something, which is not where its values are.
    if let Some((_, first)) = file.modes.first() {
        let names: Vec<_> = file.modes.iter().map(|(name, _)| name.as_str()).collect();
        let value = format!("[{}]", names.join(", "));
        let how = file.mode.as_ref().map(|mode| format!("in mode `{mode}`"));
        holds.insert("modes".to_owned(), (value, Source::File(first.clone(), how)));
    }
    if !plan.environment.is_empty() {
        let set: Vec<_> = plan.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let place = file.effective().mark.clone();
        holds.insert("environment".to_owned(), (format!("[{}]", set.join(", ")), Source::File(place, None)));
    }
    holds
}

fn of_robot(plan: &Plan) -> Vec<(&'static str, String)> {
    vec![
        ("shutdown_timeout", time(plan.shutdown_timeout)),
        ("start_timeout", time(plan.start_timeout)),
        ("lock_memory", word(&plan.lock_memory)),
        ("on_denied", word(&plan.on_denied)),
        ("memory.bus_max", size_text(plan.bus_bytes_max)),
        ("zombies_max", plan.zombies_max.to_string()),
    ]
}

fn of_node(node: &PlannedNode) -> Vec<(&'static str, String)> {
    let (spec, restart) = (&node.spec, &node.restart);
    let (thread, rule) = (&spec.thread, &spec.rules.callback);
    let (class, key, number) = match thread.policy {
        Policy::Normal { nice } => ("normal", "thread.nice", nice.to_string()),
        Policy::Fifo { priority } => ("fifo", "thread.priority", priority.to_string()),
        Policy::RoundRobin { priority } => ("rr", "thread.priority", priority.to_string()),
    };
    let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    vec![
        ("type", spec.node_type.name().to_owned()),
        ("required", node.required.to_string()),
        ("depends_on", format!("[{}]", node.depends_on.join(", "))),
        ("namespace", or_none(&spec.namespace)),
        ("on_input_down", word(&node.on_input_down)),
        ("on_hang", word(&spec.rules.on_hang)),
        ("on_panic", word(&spec.rules.on_panic)),
        ("timeout", time(rule.timeout)),
        ("hang_grace", time(rule.hang_grace)),
        ("extend_max", time(rule.extend_max)),
        ("safety", rule.safety.to_string()),
        ("thread.policy", class.to_owned()),
        (key, number),
        ("thread.cores", thread.cores.to_string()),
        ("thread.stack", size_text(thread.stack_bytes as u64)),
        ("thread.wait.spin", time(thread.wait.spin)),
        ("restart.policy", word(&restart.policy)),
        ("restart.intensity", restart.intensity.to_string()),
        ("restart.period", time(restart.period)),
        ("restart.delay", time(restart.delay)),
        ("restart.delay_max", time(restart.delay_max)),
    ]
}

fn of_topic(topic: &TopicDescription) -> Vec<(&'static str, String)> {
    let Qos {
        overflow,
        depth,
        priority,
        message_bytes_max,
        latched,
        lifespan,
        deadline,
        exclusive,
        feedback,
        external,
    } = topic.qos;
    let limit = |limit: Option<Duration>| limit.map_or("off".to_owned(), time);
    vec![
        ("overflow", word(&overflow)),
        ("depth", depth.to_string()),
        ("priority", word(&priority)),
        ("message_bytes_max", size_text(message_bytes_max.into())),
        ("latched", latched.to_string()),
        ("lifespan", limit(lifespan)),
        ("deadline", limit(deadline)),
        ("exclusive", exclusive.to_string()),
        ("feedback", feedback.to_string()),
        ("external", external.to_string()),
    ]
}

fn time(time: Duration) -> String {
    if time.is_zero() { "0s".to_owned() } else { format!("{time:?}").replace('µ', "u") }
}

fn word(value: &dyn Debug) -> String {
    snake(&format!("{value:?}"))
}
