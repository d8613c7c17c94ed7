//! What the kernel of the machine that a plan is for refuses to the threads of its nodes.

use nevil_runtime::Policy;

use super::PlanFor;
use super::notes::PlanNote;
use crate::file::{LaunchFile, NodeEntry, OnDenied};
use crate::machine::{Machine, Refusal};
use crate::problem::{PlanError, WholeProblem};

/// What cannot be on the machine that the plan is for. A core that is not there is wrong; a right that is not there is so
/// where the file says `on_denied: fail`, and only here: on another machine it may be granted.
pub(super) fn refused(file: &LaunchFile, plan_for: &PlanFor<'_>) -> Vec<PlanError> {
    let machine = plan_for.machine;
    let of_node = |entry: &NodeEntry| -> Vec<PlanError> {
        let refusals = machine.refuses(&entry.thread).into_iter();
        refusals.filter_map(|refusal| problem(file, machine, entry, &refusal)).collect()
    };
    file.nodes.iter().flat_map(of_node).collect()
}

fn problem(file: &LaunchFile, machine: &Machine, entry: &NodeEntry, refusal: &Refusal) -> Option<PlanError> {
    let fails = machine.is_here && file.on_denied == OnDenied::Fail;
    let (key, problem) = match refusal {
        Refusal::Core(core) => {
            let (machine, cores) = (machine.name.clone(), machine.cores_text());
            ("cores", WholeProblem::CoreMissing { core: *core, machine, cores })
        }
        Refusal::NoIsolated if fails => {
            ("cores", WholeProblem::PriorityDenied { reason: machine.reason(refusal) })
        }
        Refusal::Policy(policy) if fails => {
            let key = match policy {
                Policy::Normal { .. } => "nice",
                Policy::Fifo { .. } | Policy::RoundRobin { .. } => "priority",
            };
            (key, WholeProblem::PriorityDenied { reason: machine.reason(refusal) })
        }
        Refusal::NoIsolated | Refusal::Policy(_) => return None,
    };
    let path = format!("nodes.{}.thread.{key}", entry.instance);
    Some(PlanError::new(file.place(&path), path, problem))
}

/// What is worth a look because the plan is for another machine than this one.
pub(super) fn notes(file: &LaunchFile, plan_for: &PlanFor<'_>) -> Vec<PlanNote> {
    let PlanFor { machine, here, .. } = plan_for;
    if machine.is_here {
        return Vec::new();
    }
    let mut notes = Vec::new();
    for entry in &file.nodes {
        let there = machine.refuses(&entry.thread);
        let node = || entry.instance.as_str().into();
        for refusal in here.refuses(&entry.thread).iter().filter(|refusal| !there.contains(refusal)) {
            let (machine, reason) = (machine.name.clone(), here.reason(refusal));
            notes.push(PlanNote::NotHere { node: node(), machine, reason });
        }
        for refusal in there.iter().filter(|_| file.on_denied == OnDenied::Fail) {
            let (machine, reason) = (machine.name.clone(), machine.reason(refusal));
            notes.push(PlanNote::RightsNeeded { node: node(), machine, reason });
        }
    }
    notes
}
