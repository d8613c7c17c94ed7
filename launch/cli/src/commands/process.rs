//! `nevil process`: what a node starts from its robot's own executable.

use std::process::ExitCode;

use clap::Args;
use nevil_runtime::NodeTypes;

use crate::failure::Failure;

/// A process that belongs to a node, started by the robot
#[derive(Debug, Args)]
#[command(hide = true)]
pub(crate) struct ProcessArgs {
    /// Its name
    name: String,
    /// Words for it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

impl ProcessArgs {
    pub(crate) fn run(self, types: &NodeTypes) -> Result<ExitCode, Failure> {
        let process = types.process(&self.name).ok_or_else(|| {
            Failure::Usage(format!(
                "unknown process `{}`; processes belong to nodes, which start them themselves",
                self.name
            ))
        })?;
        Ok((process.main)(&self.words))
    }
}
