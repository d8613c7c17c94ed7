//! `nevil mode`.

use clap::Args;
use nevil_launch::Request;

use crate::commands::RobotArg;
use crate::commands::reload::{must_restart, render};
use crate::failure::Failure;
use crate::output::{print, print_json};

/// Show the modes of a robot, or change to another one
///
/// Modes stand in the launch file (`modes`). Only what differs between them is
/// changed, while the robot runs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil mode\n  nevil mode parked")]
pub(crate) struct ModeArgs {
    /// The mode to change to
    #[arg(value_name = "MODE")]
    mode: Option<String>,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

impl ModeArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let answer = robot.ask(&Request::Mode { name: self.mode.clone() })?;
        if self.json {
            print_json(&answer)?;
        } else if self.mode.is_some() {
            print(render(&answer))?;
        } else {
            let modes = answer["modes"].as_array().into_iter().flatten().filter_map(|mode| mode.as_str());
            let lines: Vec<_> = modes
                .map(
                    |mode| {
                        if answer["mode"] == mode { format!("{mode} (now)\n") } else { format!("{mode}\n") }
                    },
                )
                .collect();
            print(if lines.is_empty() { "the robot has no modes\n".to_owned() } else { lines.concat() })?;
        }
        match must_restart(&answer) {
            None => Ok(()),
            Some(what) => Err(Failure::Failed(format!("the mode is not complete: {what}"))),
        }
    }
}
