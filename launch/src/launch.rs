//! From the command line to the robot: reads, checks, locks, and hands over to the supervisor or the simulation.

use std::env;
use std::io::{self, IsTerminal, Write};

use nevil_runtime::NodeTypes;
use nevil_runtime::log::{self, Log, LogError};

use crate::exit::Exit;
use crate::file::LaunchFileError;
use crate::machine::Machine;
use crate::options::{LaunchClock, LaunchOptions};
use crate::plan::{Plan, PlanFor};
use crate::runtime_dir::{LockError, RobotLock, RuntimeDir};
use crate::terminal::for_terminal;
use crate::{environment, restart, simulate, supervisor};

/// Launches the robot that `options` name, with nodes of `types`, and returns when it has stopped.
pub fn launch(options: &LaunchOptions, types: &NodeTypes) -> Exit {
    let here = Machine::here();
    let plan_for = PlanFor { types, machine: &here, here: &here, lookup: &environment::launch_variable };
    let plan = match Plan::read(&options.inputs, &plan_for) {
        Ok(plan) => plan,
        Err(error) => return complain(&error),
    };
    if let Err(error) = environment::enter(&plan.environment) {
        let text = format!(
            "cannot set the variables of the launch file's `environment` ({error}); set them yourself"
        );
        return say(&text, Exit::Failed);
    }
    // Who starts the robot goes before its file.
    let filter = env::var("NEVIL_LOG").ok().filter(|filter| !filter.is_empty());
    let filter = filter.or_else(|| plan.log.clone()).unwrap_or_default();
    let log = match Log::install(&filter, Box::new(io::stderr())) {
        Ok(log) => log,
        Err(error @ LogError::Filter(_)) => return say(&format!("NEVIL_LOG: {error}"), Exit::Usage),
        Err(error) => return say(&error.to_string(), Exit::Failed),
    };
    log::report_panics();
    match options.clock {
        LaunchClock::Simulated => simulate::run(plan, options),
        LaunchClock::Real => match lock(options.robot.as_deref().unwrap_or(&plan.robot)) {
            Ok(lock) => {
                if let Err(error) = nevil_runtime::os::obey_sent_faults() {
                    tracing::warn!(
                        "faults that are sent to this process will be obeyed at the second only: {error}"
                    );
                }
                match supervisor::run(plan, options, types, &lock, &log) {
                    supervisor::AndThen::End(exit) => exit,
                    supervisor::AndThen::Again => {
                        // The robot that follows takes it.
                        drop(lock);
                        let error = restart::execute_again();
                        say(&format!("the robot could not be executed again: {error}"), Exit::Failed)
                    }
                }
            }
            Err((text, exit)) => say(&text, exit),
        },
    }
}

fn lock(robot: &str) -> Result<RobotLock, (String, Exit)> {
    let directory = RuntimeDir::find().map_err(|error| (error.to_string(), Exit::Failed))?;
    directory.lock(robot).map_err(|error| match error {
        LockError::Running { .. } => (error.to_string(), Exit::RunsAlready),
        LockError::Path(_) => (error.to_string(), Exit::Usage),
        error => (error.to_string(), Exit::Failed),
    })
}

fn complain(error: &LaunchFileError) -> Exit {
    say(&error.to_string(), Exit::Usage)
}

/// Before there is a log: nothing runs yet that a blocked terminal could hold up.
fn say(text: &str, exit: Exit) -> Exit {
    // A file must not be able to send control sequences to the terminal.
    let shown: String =
        text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
    let shown = format!("nevil: {shown}");
    let shown = if io::stderr().is_terminal() { for_terminal(&shown) } else { shown };
    // Nobody may be reading; the code says enough.
    let _ = writeln!(io::stderr(), "{shown}");
    exit
}
