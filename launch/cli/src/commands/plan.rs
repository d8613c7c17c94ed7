//! `nevil plan`.

use std::process::ExitCode;

use clap::Args;
use nevil_launch::{Plan, PlanFor, explain, launch_variable};
use nevil_runtime::NodeTypes;

use crate::commands::check::MachineArg;
use crate::commands::file_args::FileArgs;
use crate::failure::Failure;
use crate::output::{Reader, print, print_json};
use crate::screen::{explained, plan};

/// Show what a launch file would start, and start nothing
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil plan picar.yaml\n  nevil plan picar.yaml --explain nodes.navigation.thread\n  nevil plan picar.yaml --mermaid > picar.mmd"
)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    machine: MachineArg,
    /// Show the value at this key, or those in it, and where each comes from
    #[arg(long, value_name = "KEY", conflicts_with = "mermaid")]
    explain: Option<String>,
    /// Print nodes and topics as a Mermaid flowchart
    #[arg(long, conflicts_with = "json")]
    mermaid: bool,
    /// Print JSON (docs/reference/commands.md)
    #[arg(long)]
    json: bool,
}

impl PlanArgs {
    pub(crate) fn run(self, types: &NodeTypes) -> Result<ExitCode, Failure> {
        let (machine, here) = self.machine.machines();
        let plan_for = PlanFor { types, machine: &machine, here: &here, lookup: &launch_variable };
        let read = Plan::read_with_file(&self.file.inputs(), &plan_for);
        let (plan, file) = read.map_err(|error| Failure::Usage(error.to_string()))?;
        // A report for people, also where it goes into a file: programs take `--json`.
        let reader = match Reader::of_stdout() {
            Reader::Pipe => Reader::Plain,
            reader => reader,
        };
        if let Some(key) = &self.explain {
            let values = explain(&plan, &file, types, key).map_err(Failure::Usage)?;
            if self.json {
                print_json(&explained::json_of(&values))?;
            } else {
                print(explained::render(key, &values, reader))?;
            }
        } else if self.mermaid {
            print(plan::mermaid(&plan))?;
        } else if self.json {
            print_json(&plan::json(&plan, &machine))?;
        } else {
            print(plan::render(&plan, &machine, reader))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
