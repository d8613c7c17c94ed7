//! The plans of the modes of a robot, which may differ only in what can change while it runs.

use super::{Plan, PlanFor};
use crate::file::LaunchFile;
use crate::options::LaunchInputs;
use crate::problem::{ExpansionProblem, PlanError, PlanErrors};
use crate::reload::{Live, difference};

/// The plans of all modes of `file`, which is `text` and whose own plan is `plan`.
pub(super) fn plans(
    inputs: &LaunchInputs,
    text: &str,
    (file, plan): (&LaunchFile, &Plan),
    plan_for: &PlanFor<'_>,
) -> Result<Vec<(String, Plan)>, PlanErrors> {
    let (mut plans, mut problems): (Vec<(String, Plan)>, Vec<PlanError>) = (Vec::new(), Vec::new());
    for (name, _) in &file.modes {
        if file.mode.as_deref() == Some(name) {
            plans.push((name.clone(), plan.clone()));
            continue;
        }
        let inputs = LaunchInputs { mode: Some(name.clone()), ..inputs.clone() };
        let (of_mode, found) = LaunchFile::parse_all(&inputs, text, plan_for.lookup);
        match Plan::check(&of_mode, plan_for, found) {
            Ok(other) => plans.push((name.clone(), other)),
            // The same mistake may be in several modes.
            Err(errors) => {
                problems.extend(
                    errors.problems.into_iter().filter(|error| !problems.contains(error)).collect::<Vec<_>>(),
                );
            }
        }
    }
    // The first one says how much memory is planned, whichever the robot begins in.
    if let Some(((_, first), others)) = plans.split_first() {
        for (name, other) in others {
            let mark = file.modes.iter().find(|(known, _)| known == name).map(|(_, mark)| mark);
            if let (Some(what), Some(mark)) = (what_is_not_live(first, other), mark) {
                let problem = ExpansionProblem::ModeNotLive { mode: name.clone(), what };
                problems.push(PlanError::new(mark, format!("modes.{name}"), problem));
            }
        }
    }
    PlanErrors::check(&file.path, problems)?;
    Ok(plans)
}

/// What of a mode cannot be changed while the robot runs.
fn what_is_not_live(base: &Plan, mode: &Plan) -> Option<String> {
    let difference = difference(base, mode);
    let of_node = |(index, keys): &(usize, std::collections::BTreeSet<&str>)| {
        let name = &base.nodes[*index].spec.instance;
        keys.first().map(|key| format!("`nodes.{name}.{key}`"))
    };
    let robot = difference.robot.first().map(|key| format!("`{key}`"));
    let deeper = difference.live.iter().find_map(|live| match live {
        Live::Depth { topic, depth, .. } => {
            let planned = base.graph.topics.iter().find(|known| known.name == *topic)?.depth_planned;
            (*depth > planned).then(|| {
                format!("the depth of `{topic}` to more than the first mode has ({depth} > {planned})")
            })
        }
        _ => None,
    });
    robot.or_else(|| difference.nodes.iter().find_map(of_node)).or(deeper)
}
