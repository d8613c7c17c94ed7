//! The `nevil` command as a library: a robot project with nodes of its own is a program that calls [`run`].
//!
//! ```no_run
//! use nevil_runtime::prelude::*;
//!
//! /// Says nothing yet.
//! struct Horn;
//!
//! impl Node for Horn {
//!     type Params = ();
//!     fn configure(_: &mut Setup<'_, Self>, _: ()) -> Result<Self, NodeError> {
//!         Ok(Self)
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     nevil::run(nevil::shipped_nodes().with::<Horn>("horn"))
//! }
//! ```
//! * `commands`: the words, one file a command. `failure`: exit codes. `output`: standard output, which may be closed.
//! * `measure`: rates, sizes and delays of messages.
//! * `screen`: tables, messages and the status as people read them.
#![forbid(unsafe_code)]

mod commands;
mod failure;
mod measure;
mod output;
mod screen;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use nevil_node_motion::MotionNode;
use nevil_node_navigation::Navigation;
use nevil_node_obstacle_detection::ObstacleDetection;
use nevil_node_sim_car::SimCar;
use nevil_runtime::NodeTypes;

use crate::commands::Cli;
use crate::failure::Failure;

/// The node types that Nevil ships.
#[must_use]
pub fn shipped_nodes() -> NodeTypes {
    NodeTypes::new()
        .with::<MotionNode>("motion")
        .with::<Navigation>("navigation")
        .with::<ObstacleDetection>("obstacle_detection")
        .with::<SimCar>("sim_car")
}

/// Does what the words of the command line say. `types` are the nodes that a launch file may name. To be called first in
/// `main`, whose value it returns; the meaning of the codes is in `docs/reference/exit-codes.md`.
#[must_use]
pub fn run(types: NodeTypes) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let is_unknown = error.kind() == ErrorKind::InvalidSubcommand;
            let unknown = is_unknown.then(|| commands::unknown::unknown(std::env::args().skip(1))).flatten();
            if let Some(text) = unknown {
                output::complain(&text);
                return failure::USAGE.into();
            }
            // Help goes to standard output, which may be closed; who closed it does not want it.
            let _ = error.print();
            return if error.use_stderr() { failure::USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    match cli.run(&types) {
        Ok(code) => code,
        Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Err(Failure::Failed(text)) => {
            output::complain(&text);
            ExitCode::FAILURE
        }
        Err(Failure::Usage(text)) => {
            output::complain(&text);
            failure::USAGE.into()
        }
    }
}
