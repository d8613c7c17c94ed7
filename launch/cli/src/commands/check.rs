//! `nevil check`.

use std::process::ExitCode;

use clap::Args;
use nevil_launch::{
    LaunchFileError, LaunchInputs, Machine, Plan, PlanError, PlanErrors, PlanFor, for_terminal,
    launch_variable,
};
use nevil_runtime::NodeTypes;
use serde_json::{Value, json};

use crate::commands::file_args::FilesArgs;
use crate::failure::{Failure, USAGE};
use crate::output::{Reader, print, print_json};
use crate::screen::plan::wrap;

/// Check launch files, and start nothing
#[derive(Debug, Args)]
#[command(
    visible_alias = "validate",
    after_help = "Example:\n  nevil check picar.yaml\n  nevil check picar.yaml --for-machine pi4 --json | jq .files"
)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    files: FilesArgs,
    #[command(flatten)]
    machine: MachineArg,
    /// Print JSON (docs/reference/commands.md)
    #[arg(long)]
    json: bool,
}

/// The machine that a launch file is looked at for.
#[derive(Debug, Args)]
pub(crate) struct MachineArg {
    /// The machine that it is to run on, in place of this one: pi3, pi4, pi5 or zero2
    #[arg(long, value_name = "MACHINE", value_parser = Machine::named)]
    for_machine: Option<Machine>,
}

impl MachineArg {
    /// The machine that is meant, and this one.
    pub(crate) fn machines(self) -> (Machine, Machine) {
        let here = Machine::here();
        (self.for_machine.unwrap_or_else(|| here.clone()), here)
    }
}

impl CheckArgs {
    pub(crate) fn run(self, types: &NodeTypes) -> Result<ExitCode, Failure> {
        let (machine, here) = self.machine.machines();
        let plan_for = PlanFor { types, machine: &machine, here: &here, lookup: &launch_variable };
        let (mut reports, mut all_right) = (Vec::new(), true);
        for inputs in self.files.inputs().map_err(Failure::Usage)? {
            let outcome = Plan::read(&inputs, &plan_for);
            all_right &= outcome.is_ok();
            if self.json {
                reports.push(report(&inputs, &outcome));
            } else {
                print(text(&inputs, &outcome, Reader::of_stdout()))?;
            }
        }
        if self.json {
            print_json(&json!({ "machine": machine.name, "files": reports }))?;
        }
        Ok(if all_right { ExitCode::SUCCESS } else { USAGE.into() })
    }
}

type Outcome = Result<Plan, LaunchFileError>;

fn text(inputs: &LaunchInputs, outcome: &Outcome, reader: Reader) -> String {
    let file = inputs.file.display();
    match outcome {
        Ok(plan) => {
            let notes = plan.notes.iter().map(|note| wrap(&format!("{file}: note: {note}"), 2, reader));
            let counts = format!("{file}: ok: {}, {}\n", nodes(plan.nodes.len()), topics(topics_of(plan)));
            notes.collect::<String>() + &counts
        }
        Err(LaunchFileError::Wrong(errors)) => wrong(errors, reader),
        Err(error) => wrap(&error.to_string(), 2, reader),
    }
}

/// The problems, each with its line, as a launch shows them.
fn wrong(errors: &PlanErrors, reader: Reader) -> String {
    let mut text = String::new();
    for problem in &errors.problems {
        text += &format!("{problem}\n");
        if let Some(snippet) = problem.mark.snippet() {
            text += &snippet;
            text.push('\n');
        }
        text.push('\n');
    }
    let problems = if errors.problems.len() == 1 { "problem" } else { "problems" };
    text += &format!("{}: {} {problems}\n", errors.file, errors.problems.len());
    // A file must not be able to send control sequences to the terminal.
    let is_shown = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
    let text: String = text.chars().map(|letter| if is_shown(letter) { letter } else { '?' }).collect();
    if reader == Reader::Pipe { text } else { for_terminal(&text) }
}

fn nodes(count: usize) -> String {
    format!("{count} {}", if count == 1 { "node" } else { "nodes" })
}

fn topics(count: usize) -> String {
    format!("{count} {}", if count == 1 { "topic" } else { "topics" })
}

fn topics_of(plan: &Plan) -> usize {
    plan.graph.topics.iter().filter(|topic| !topic.is_private).count()
}

fn report(inputs: &LaunchInputs, outcome: &Outcome) -> Value {
    let file = inputs.file.display().to_string();
    match outcome {
        Ok(plan) => json!({
            "file": file,
            "ok": true,
            "nodes": plan.nodes.len(),
            "topics": topics_of(plan),
            "notes": plan.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "problems": [],
        }),
        Err(LaunchFileError::Wrong(errors)) => json!({
            "file": file,
            "ok": false,
            "notes": [],
            "problems": errors.problems.iter().map(problem).collect::<Vec<_>>(),
        }),
        Err(error) => json!({
            "file": file,
            "ok": false,
            "notes": [],
            "problems": [{
                "file": file, "line": null, "column": null, "path": "", "kind": "unreadable",
                "text": error.to_string(),
            }],
        }),
    }
}

fn problem(error: &PlanError) -> Value {
    // A place in the whole file has no line.
    let number = |number: usize| (number > 0).then_some(number);
    json!({
        "file": error.mark.source().name,
        "line": number(error.mark.line()),
        "column": number(error.mark.column()),
        "path": error.path,
        "kind": error.problem.kind(),
        "text": error.problem.to_string(),
    })
}
