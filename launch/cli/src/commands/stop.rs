//! `nevil stop`.

use std::thread;
use std::time::Duration;

use clap::Args;
use nevil_launch::{ClientError, ControlClient, Request, duration_text};
use nevil_msgs::parse_duration;
use nevil_runtime::Clock;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::print;

/// How often is looked whether the robot has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Stop a robot and wait until it has ended
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil stop\n  nevil stop --robot picar --timeout 30s")]
pub(crate) struct StopArgs {
    /// How long to wait for its end
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    timeout: Duration,
}

impl StopArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let (directory, robot) = robot.pick()?;
        match ControlClient::connect(&robot.socket)?.request(&Request::Stop) {
            // It may end before it has answered.
            Ok(_) | Err(ClientError::HungUp) => {}
            Err(error) => return Err(error.into()),
        }
        let clock = Clock::monotonic();
        let deadline = clock.now() + self.timeout;
        while directory.is_running(&robot.name) {
            if clock.now() >= deadline {
                let pid = robot.pid.map_or_else(|| "its pid".to_owned(), |pid| pid.to_string());
                return Err(Failure::Failed(format!(
                    "robot `{}` has not ended within {}; see `nevil status`, or end it with `kill -9 {pid}`",
                    robot.name,
                    duration_text(self.timeout)
                )));
            }
            thread::park_timeout(LOOK_EVERY);
        }
        print(format_args!("robot `{}` has stopped\n", robot.name))
    }
}
