//! What a launch is told on the command line.

use std::path::PathBuf;
use std::time::Duration;

/// A launch as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchOptions {
    /// The launch file.
    pub file: PathBuf,
    /// The name of the robot, in place of the one in the file.
    pub robot: Option<String>,
    /// Which time the robot lives in.
    pub clock: LaunchClock,
    /// Decides every random choice of a simulation.
    pub seed: u64,
    /// After which time the robot stops by itself; without it, it runs until it is stopped. Of the robot's own clock.
    pub duration: Option<Duration>,
}

/// Which time a robot lives in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LaunchClock {
    /// The machine's.
    #[default]
    Real,
    /// Virtual time, one thread: the same seed gives the same messages.
    Simulated,
}
