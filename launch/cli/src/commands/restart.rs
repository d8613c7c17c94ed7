//! `nevil restart`.

use std::fs;
use std::thread;
use std::time::Duration;

use clap::Args;
use nevil_launch::{ClientError, ControlClient, Request, RunningRobot, duration_text};
use nevil_msgs::parse_duration;
use nevil_runtime::{Clock, Time};
use serde_json::Value;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::print;

/// How often is looked whether the robot runs again.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Stop a robot in order, start it again, and wait until it runs
///
/// It stays the same process: its number, its terminal and its service stay. Its
/// launch file is checked first; if something is wrong with it, the robot goes on.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil restart\n  nevil restart --robot picar --timeout 1min")]
pub(crate) struct RestartArgs {
    /// How long to wait until it runs again
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    timeout: Duration,
}

impl RestartArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let (_, robot) = robot.pick()?;
        let clock = Clock::monotonic();
        let pid = ControlClient::connect(&robot.socket)?.request(&Request::Status)?["pid"].as_u64();
        let asked = clock.now();
        ControlClient::connect(&robot.socket)?.request_within(&Request::Restart, self.timeout)?;
        while clock.now().since(asked) < self.timeout {
            if runs_again(&robot, &clock, asked) {
                return print(format_args!("robot `{}` runs again\n", robot.name));
            }
            if !pid.is_some_and(is_alive) {
                return Err(Failure::Failed(format!(
                    "robot `{}` has ended instead of starting again; why stands where it was started, and in its exit \
                     code",
                    robot.name
                )));
            }
            thread::park_timeout(LOOK_EVERY);
        }
        Err(Failure::Failed(format!(
            "robot `{}` does not run again after {}; see `nevil status`, and what it says where it was started",
            robot.name,
            duration_text(self.timeout)
        )))
    }
}

/// Whether the robot runs, and has begun after it was `asked`.
fn runs_again(robot: &RunningRobot, clock: &Clock, asked: Time) -> bool {
    let status =
        |mut client: ControlClient| -> Result<Value, ClientError> { client.request(&Request::Status) };
    // Between its two lives nobody listens.
    let Ok(status) = ControlClient::connect(&robot.socket).and_then(status) else { return false };
    let up = status["up_ms"].as_u64().map(Duration::from_millis);
    status["phase"] == "running" && up.is_some_and(|up| up < clock.now().since(asked))
}

/// Whether the process is there, and is not only waiting for its parent to ask how it ended.
fn is_alive(pid: u64) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The name before it is in parentheses, and may hold spaces.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
