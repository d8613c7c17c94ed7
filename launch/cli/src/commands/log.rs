//! `nevil log`.

use clap::Args;
use nevil_launch::Request;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{print, print_json};

/// Show which log records a robot writes, or change that while it runs
///
/// A filter is a level (off, error, warn, info, debug, trace) and levels for nodes,
/// threads and modules, as in NEVIL_LOG. It ends with the robot.
/// `nevil logs` shows the records themselves.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil log\n  nevil log info,motion=debug")]
pub(crate) struct LogArgs {
    /// What is to be written from now on
    filter: Option<String>,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

impl LogArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let answer = robot.ask(&Request::Log { filter: self.filter })?;
        if self.json {
            return print_json(&answer);
        }
        let filter = answer["filter"].as_str().filter(|filter| !filter.is_empty()).unwrap_or("info");
        print(format_args!("{filter}\n"))
    }
}
