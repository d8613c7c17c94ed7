//! The `nevil` command as a library: a robot project with nodes of its own is a program that calls [`run`]. It depends on
//! this crate alone; `nevil new robot NAME` writes one.
//!
//! ```no_run
//! use nevil::prelude::*;
//!
//! /// Says nothing yet.
//! struct Horn;
//!
//! impl Node for Horn {
//!     type Params = ();
//!     fn configure(_: &mut Setup<'_, Self>, _: ()) -> Result<Self, NodeError> {
//!         Ok(Self)
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     nevil::run(nevil::shipped_nodes().with::<Horn>("horn"))
//! }
//! ```
//! * `commands`: the words, one file a command. `failure`: exit codes. `output`: standard output, which may be closed.
//! * `measure`: rates, sizes and delays of messages.
//! * `scaffold`: what `nevil new` writes.
//! * `screen`: tables, messages and the status as people read them.
#![forbid(unsafe_code)]

// The derives of the prelude write `::nevil::…`, and tests of this crate use them too.
extern crate self as nevil;

mod commands;
mod failure;
mod measure;
mod output;
mod scaffold;
mod screen;

/// Messages, topics, and values read from text.
pub use nevil_msgs as msgs;
/// What nodes are written against; the [`prelude`] has what most of them need.
pub use nevil_runtime as runtime;
pub use nevil_runtime::testing;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use nevil_node_led_indicator::LedIndicator;
use nevil_node_line_follower::LineFollower;
use nevil_node_motion::MotionNode;
use nevil_node_navigation::Navigation;
use nevil_node_obstacle_detection::ObstacleDetection;
use nevil_node_picarx::PicarX;
use nevil_node_sim_car::SimCar;
use nevil_node_system_monitor::SystemMonitor;
use nevil_runtime::NodeTypes;

use crate::commands::Cli;
use crate::failure::Failure;

/// What a node of a robot project needs: `use nevil::prelude::*;`.
///
/// ```
/// use nevil::prelude::*;
/// use nevil::testing::TestNode;
///
/// /// What the thermometer says.
/// #[derive(Clone, Copy, Debug, Message, PartialEq)]
/// struct Temperature {
///     #[field(unit = "°C", range = -40.0..=125.0)]
///     celsius: f32,
/// }
///
/// const TEMPERATURE: Topic<Temperature> = Topic::new("temperature");
///
/// #[derive(Parameters)]
/// struct Params {
///     /// What it always says.
///     #[param(default = 20.0, range = -40.0..=125.0, unit = "°C")]
///     celsius: f32,
/// }
///
/// struct Thermometer(Params, Publisher<Temperature>);
///
/// impl Node for Thermometer {
///     type Params = Params;
///     fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
///         setup.every(Duration::from_secs(1), Self::measure)?;
///         Ok(Self(params, setup.publisher(TEMPERATURE)?))
///     }
/// }
///
/// impl Thermometer {
///     fn measure(&mut self, _: &Tick, _: &Context) -> NodeResult {
///         self.1.publish(Temperature { celsius: self.0.celsius })?;
///         Ok(())
///     }
/// }
///
/// let mut thermometer = TestNode::<Thermometer>::start("celsius: 37").unwrap();
/// thermometer.advance(Duration::from_secs(2));
/// assert_eq!(thermometer.take(TEMPERATURE).unwrap(), [Temperature { celsius: 37.0 }; 2]);
/// ```
pub mod prelude {
    // Named, so that they go before those of the same name from the line below.
    pub use nevil_derive::{RobotField as Field, RobotMessage as Message, RobotParameters as Parameters};
    pub use nevil_runtime::prelude::*;
    /// What writes log records: `tracing::info!("…")`. They go where the launch says, and wait for nobody.
    pub use tracing;
}

/// The node types that Nevil ships.
#[must_use]
pub fn shipped_nodes() -> NodeTypes {
    NodeTypes::new()
        .with::<LedIndicator>("led_indicator")
        .with::<LineFollower>("line_follower")
        .with::<MotionNode>("motion")
        .with::<Navigation>("navigation")
        .with::<ObstacleDetection>("obstacle_detection")
        .with::<PicarX>("picarx")
        .with::<SimCar>("sim_car")
        .with::<SystemMonitor>("system_monitor")
}

/// Does what the words of the command line say. `types` are the nodes that a launch file may name. To be called first in
/// `main`, whose value it returns; the meaning of the codes is in `docs/reference/exit-codes.md`.
#[must_use]
pub fn run(types: NodeTypes) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let is_unknown = error.kind() == ErrorKind::InvalidSubcommand;
            let unknown = is_unknown.then(|| commands::unknown::unknown(std::env::args().skip(1))).flatten();
            if let Some(text) = unknown {
                output::complain(&text);
                return failure::USAGE.into();
            }
            // Help goes to standard output, which may be closed; who closed it does not want it.
            let _ = error.print();
            return if error.use_stderr() { failure::USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    match cli.run(&types) {
        Ok(code) => code,
        Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Err(Failure::Failed(text)) => {
            output::complain(&text);
            ExitCode::FAILURE
        }
        Err(Failure::Usage(text)) => {
            output::complain(&text);
            failure::USAGE.into()
        }
    }
}
