//! What a launch is told on the command line.

use std::path::PathBuf;
use std::time::Duration;

/// A launch file, and what it is read with.
///
/// ```
/// use nevil_launch::LaunchInputs;
///
/// let inputs = LaunchInputs::from("picar.yaml");
/// assert_eq!((inputs.arguments.len(), inputs.mode), (0, None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchInputs {
    /// The launch file.
    pub file: PathBuf,
    /// Values of its arguments, as they are written on the command line.
    pub arguments: Vec<(String, String)>,
    /// The mode that the robot begins in; `None`: the first one of the file, if it has any.
    pub mode: Option<String>,
}

impl<P: Into<PathBuf>> From<P> for LaunchInputs {
    /// The file as it is, without arguments.
    fn from(file: P) -> Self {
        Self { file: file.into(), arguments: Vec::new(), mode: None }
    }
}

/// A launch as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchOptions {
    /// What is launched.
    pub inputs: LaunchInputs,
    /// The name of the robot, in place of the one in the file.
    pub robot: Option<String>,
    /// Which time the robot lives in.
    pub clock: LaunchClock,
    /// Decides every random choice of a simulation.
    pub seed: u64,
    /// After which time the robot stops by itself; without it, it runs until it is stopped. Of the robot's own clock.
    pub duration: Option<Duration>,
    /// Whether the launch file is read again whenever it is written.
    pub watch: bool,
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
