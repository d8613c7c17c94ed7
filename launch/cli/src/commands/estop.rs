//! `nevil estop`.

use clap::Args;
use nevil_launch::Request;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::print;

/// Make everything safe at once, until --reset
///
/// Every actuator is made safe and obeys nobody until the emergency stop is
/// reset. The nodes go on. It works while nodes and devices hang, and may be
/// repeated. `kill -USR1 PID` does the same.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil estop\n  nevil estop --reason 'a cable hangs out'\n  nevil estop --reset"
)]
pub(crate) struct EstopArgs {
    /// Why, for who looks at the robot (at most 120 bytes are kept)
    #[arg(long, value_name = "TEXT", default_value = "no reason was given")]
    reason: String,
    /// End the emergency stop; refused while something is not safe
    #[arg(long, conflicts_with = "reason")]
    reset: bool,
}

impl EstopArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        if self.reset {
            robot.ask(&Request::EstopReset)?;
            return print(format_args!("the emergency stop is reset; commands go through again\n"));
        }
        robot.ask(&Request::Estop { reason: self.reason })?;
        print(format_args!("emergency stop: nothing moves until `nevil estop --reset`\n"))
    }
}
