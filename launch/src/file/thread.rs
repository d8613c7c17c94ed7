//! `thread: { … }` of a node.

use nevil_msgs::{Problem, Value, ValueKind, parse_size};
use nevil_runtime::limits::NODE_PRIORITY_MAX;
use nevil_runtime::{Cores, Policy, ThreadSpec};
use serde::Deserialize;

use super::reader::Reader;
use crate::limits::{CORE_MAX, STACK_BYTES_MAX, STACK_BYTES_MIN};
use crate::problem::PlanProblem;

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
    const KEYS: [&str; 5] = ["policy", "nice", "priority", "cores", "stack"];
    let mut spec = ThreadSpec::default();
    if !reader.map(value, path, &KEYS) {
        return spec;
    }
    if let Some(policy) = policy(value, path, reader) {
        spec.policy = policy;
    }
    if let Some(cores) = value.get("cores").and_then(|value| cores(value, &format!("{path}.cores"), reader)) {
        spec.cores = cores;
    }
    if let Some(bytes) = value.get("stack").and_then(|value| stack(value, &format!("{path}.stack"), reader)) {
        spec.stack_bytes = bytes;
    }
    spec
}

fn policy(thread: &Value, path: &str, reader: &mut Reader) -> Option<Policy> {
    let (nice_path, priority_path) = (format!("{path}.nice"), format!("{path}.priority"));
    let nice = thread.get("nice").map(|value| reader.integer(value, &nice_path, -20..=19));
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

fn stack(value: &Value, path: &str, reader: &mut Reader) -> Option<usize> {
    let bytes = match &value.kind {
        ValueKind::Text(text) => parse_size(text).ok(),
        _ => None,
    };
    let Some(bytes) = bytes else {
        reader.wrong_type(value, path, "a size such as `512KiB` or `1MiB`");
        return None;
    };
    let range = STACK_BYTES_MIN..=STACK_BYTES_MAX;
    let bytes = reader.in_range(value, path, bytes, &range, |bound| size(*bound))?;
    usize::try_from(bytes).ok()
}

/// A bound as one would write it in the file.
fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes.is_multiple_of(MIB) { format!("{}MiB", bytes / MIB) } else { format!("{}KiB", bytes / 1024) }
}
