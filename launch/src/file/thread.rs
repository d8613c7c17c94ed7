//! `thread: { … }` of a node.

use std::time::Duration;

use nevil_msgs::{Problem, Value, ValueKind};
use nevil_runtime::limits::NODE_PRIORITY_MAX;
use nevil_runtime::{Cores, Policy, ThreadSpec, Wait};
use serde::Deserialize;

use super::reader::Reader;
use crate::limits::{CORE_MAX, NICE_MAX, NICE_MIN, SPIN_MAX, STACK_BYTES_MAX, STACK_BYTES_MIN};
use crate::problem::PlanProblem;
use crate::schema;

/// The names of the policies.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PolicyName {
    #[default]
    Normal,
    Fifo,
    Rr,
}

/// How a thread is to be scheduled. What is wrong is left at its default.
pub(super) fn thread(value: &Value, path: &str, reader: &mut Reader) -> ThreadSpec {
    let mut spec = ThreadSpec::default();
    if !reader.map(value, path, schema::THREAD) {
        return spec;
    }
    if let Some(policy) = policy(value, path, reader) {
        spec.policy = policy;
    }
    if let Some(cores) = value.get("cores").and_then(|value| cores(value, &format!("{path}.cores"), reader)) {
        spec.cores = cores;
    }
    let stacks = STACK_BYTES_MIN..=STACK_BYTES_MAX;
    let stack = value.get("stack").and_then(|value| reader.size(value, &format!("{path}.stack"), stacks));
    if let Some(bytes) = stack.and_then(|bytes| usize::try_from(bytes).ok()) {
        spec.stack_bytes = bytes;
    }
    if let Some(value) = value.get("wait") {
        spec.wait = wait(value, &format!("{path}.wait"), reader);
    }
    spec
}

fn policy(thread: &Value, path: &str, reader: &mut Reader) -> Option<Policy> {
    let (nice_path, priority_path) = (format!("{path}.nice"), format!("{path}.priority"));
    let nice = thread
        .get("nice")
        .map(|value| reader.integer(value, &nice_path, i128::from(NICE_MIN)..=i128::from(NICE_MAX)));
    let priority_range = 1..=i128::from(NODE_PRIORITY_MAX);
    let priority = thread.get("priority").map(|value| reader.integer(value, &priority_path, priority_range));
    let name = match thread.get("policy") {
        Some(value) => reader.typed(value, &format!("{path}.policy"))?,
        None => PolicyName::default(),
    };
    let policy = match name {
        PolicyName::Normal => {
            if let Some(value) = thread.get("priority") {
                reader.problem(&value.mark, &priority_path, PlanProblem::PriorityOfNormal);
            }
            return Some(Policy::Normal { nice: i8::try_from(nice.unwrap_or(Some(0))?).ok()? });
        }
        PolicyName::Fifo => "fifo",
        PolicyName::Rr => "rr",
    };
    if let Some(value) = thread.get("nice") {
        reader.problem(&value.mark, &nice_path, PlanProblem::NiceOfRealTime { policy });
    }
    let Some(priority) = priority else {
        let mark = thread.get("policy").map_or(&thread.mark, |value| &value.mark);
        reader.problem(mark, &format!("{path}.policy"), PlanProblem::PriorityMissing { policy });
        return None;
    };
    let priority = u8::try_from(priority?).ok()?;
    Some(match name {
        PolicyName::Rr => Policy::RoundRobin { priority },
        PolicyName::Fifo | PolicyName::Normal => Policy::Fifo { priority },
    })
}

fn cores(value: &Value, path: &str, reader: &mut Reader) -> Option<Cores> {
    match &value.kind {
        ValueKind::Text(name) => match name.as_str() {
            "auto" => Some(Cores::Auto),
            "isolated" => Some(Cores::Isolated),
            _ => {
                let known = vec!["auto".to_owned(), "isolated".to_owned()];
                let problem = Problem::UnknownVariant { given: name.clone(), known };
                reader.problem(&value.mark, path, problem);
                None
            }
        },
        ValueKind::List(elements) if elements.is_empty() => {
            reader.problem(&value.mark, path, PlanProblem::NoCores);
            None
        }
        ValueKind::List(elements) => Some(Cores::Only(numbers(elements, path, reader))),
        _ => {
            reader.wrong_type(value, path, "`auto`, `isolated` or a list of cores such as `[0, 1]`");
            None
        }
    }
}

/// The cores ascending, as the kernel lists those that it granted.
fn numbers(elements: &[Value], path: &str, reader: &mut Reader) -> Vec<usize> {
    let mut cores = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let core = reader.integer(element, &path, 0..=CORE_MAX as i128);
        let Some(core) = core.and_then(|core| usize::try_from(core).ok()) else { continue };
        if cores.contains(&core) {
            reader.problem(&element.mark, &path, PlanProblem::NamedTwice { given: core.to_string() });
        } else {
            cores.push(core);
        }
    }
    cores.sort_unstable();
    cores
}

fn wait(value: &Value, path: &str, reader: &mut Reader) -> Wait {
    if !reader.map(value, path, schema::WAIT) {
        return Wait::default();
    }
    let spin = value.get("spin");
    let spin =
        spin.and_then(|value| reader.duration(value, &format!("{path}.spin"), Duration::ZERO..=SPIN_MAX));
    Wait { spin: spin.unwrap_or_default() }
}
