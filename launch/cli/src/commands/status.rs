//! `nevil status`.

use clap::Args;
use nevil_launch::Request;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{Reader, print, print_json};
use crate::screen::status;

/// Show a robot: its nodes, threads, topics and actuators
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil status\n  nevil status --json | jq .moving")]
pub(crate) struct StatusArgs {
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

impl StatusArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let report = robot.ask(&Request::Status)?;
        if self.json {
            return print_json(&report);
        }
        let screen = status::render(report, Reader::of_stdout());
        print(screen.map_err(|error| Failure::Failed(format!("the robot's status cannot be read: {error}")))?)
    }
}
