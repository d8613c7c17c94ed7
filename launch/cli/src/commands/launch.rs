//! `nevil launch`.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use nevil_launch::{LaunchClock, LaunchFile, LaunchOptions};
use nevil_msgs::parse_duration;
use nevil_runtime::NodeTypes;

use crate::commands::RobotArg;
use crate::commands::file_args::FileArgs;
use crate::failure::Failure;
use crate::output::{Reader, print, print_json};
use crate::screen::arguments;

/// Launch a robot from a launch file
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil launch picar.yaml\n  nevil launch picar.yaml --show-args\n  nevil launch picar.yaml world:=maze.yaml\n  nevil launch picar.yaml --clock sim --seed 7 --for 10m"
)]
pub(crate) struct LaunchArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Stop after this time, such as 10s or 5min; without it, Ctrl-C or `nevil stop` ends the robot
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// Live in the machine's time, or in virtual time that passes as fast as it can
    #[arg(long, value_name = "CLOCK", default_value = "real")]
    clock: ClockArg,
    /// Reload the file whenever it, or one that it includes, is written (see `nevil reload`)
    #[arg(long)]
    watch: bool,
    /// Show the arguments of the file and end
    #[arg(long, alias = "show-arguments")]
    show_args: bool,
    /// Print JSON, with --show-args
    #[arg(long, requires = "show_args")]
    json: bool,
    /// Number that decides every random choice of a simulation
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ClockArg {
    Real,
    Sim,
}

impl LaunchArgs {
    pub(crate) fn run(self, robot: &RobotArg, types: &NodeTypes) -> Result<ExitCode, Failure> {
        if self.show_args {
            let arguments = LaunchFile::read_arguments(self.file.path());
            let arguments = arguments.map_err(|error| Failure::Usage(error.to_string()))?;
            match self.json {
                true => print_json(&arguments::json(&arguments))?,
                false => print(arguments::render(self.file.path(), &arguments, Reader::of_stdout()))?,
            }
            return Ok(ExitCode::SUCCESS);
        }
        Ok(nevil_launch::launch(&self.options(robot.name.clone()), types).into())
    }

    /// What the words say.
    pub(crate) fn options(self, robot: Option<String>) -> LaunchOptions {
        let clock = match self.clock {
            ClockArg::Real => LaunchClock::Real,
            ClockArg::Sim => LaunchClock::Simulated,
        };
        LaunchOptions {
            inputs: self.file.inputs(),
            robot,
            clock,
            seed: self.seed,
            duration: self.duration,
            watch: self.watch,
        }
    }
}
