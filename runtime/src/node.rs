//! What a node is: a struct with callbacks, which says what it needs and is called when there is something to do.
//!
//! ```text
//!   configure ──► activate ──► deactivate ──► (activate …) ──► shutdown
//!   declares      may publish,  stops           drops the node
//!   only          devices open
//! ```
//! * [`Setup`]: how a node declares what it needs. [`Context`]: what a callback may ask. [`Driver`]: blocking input.
//! * `spec`: a node that is to be launched. `rules`: what its callbacks are allowed. `names`: which topic it means.
//! * `work`: the callbacks behind one face, so that the executor need not know their types.
//! * `guarded`: every call of user code goes through one function.

mod callback;
mod context;
mod down;
mod driver;
mod environment;
mod guarded;
mod live_params;
mod names;
mod ready;
mod records;
mod ring;
mod rules;
mod setup;
mod setup_breaker;
mod setup_fallback;
mod shared;
mod silence;
mod source;
mod spec;
#[cfg(test)]
mod tests;
mod timer;
mod types;
mod watch;
mod work;

use crate::error::{NodeError, NodeResult};
use crate::parameter::Parameters;

pub use callback::CallbackCounts;
pub use context::{Context, ExtendError};
pub use down::InputDown;
pub use driver::{Driver, DriverInput, DriverPublisher, Stop, Unblock};
pub(crate) use driver::{DriverHandle, ReadyDriver};
pub use environment::Environment;
pub(crate) use guarded::{is_judged_later, watch};
pub(crate) use live_params::ParamsOrder;
pub use live_params::{NewParams, ParamsError, with_instead};
pub use rules::{CallbackRule, NodeRules, OnHang, OnPanic};
pub use setup::{Setup, SetupError};
pub(crate) use shared::NodeShared;
pub use shared::{Failure, NodeState};
pub use spec::{NodeLook, NodeSpec};
pub use timer::{Tick, Timer, TimerCounts};
pub use types::{ConfigureError, HelperProcess, NodeType, NodeTypes};
pub(crate) use watch::Watch;
pub(crate) use work::{AnyNode, Turn};

/// A node: one part of a robot, on a thread of its own.
///
/// Its callbacks have `&mut self` and need no locks, because they run one after the other. It knows nothing of threads,
/// queues, files or sockets. See the example in the crate's documentation.
pub trait Node: Sized + Send + 'static {
    /// Its parameters; `()` if it has none.
    type Params: Parameters;

    /// Processes that this node type starts from the robot's own executable, such as the world of a simulated device.
    const PROCESSES: &'static [HelperProcess] = &[];

    /// Declares what the node publishes, subscribes to and owns, and makes it. Has no effect outside: the plan runs it
    /// without starting anything, and publishing is refused until activation.
    ///
    /// # Errors
    ///
    /// What is wrong with the parameters or the declarations.
    fn configure(setup: &mut Setup<'_, Self>, params: Self::Params) -> Result<Self, NodeError>;

    /// Begins work: devices are open, publishing is allowed, every subscription of every node exists. Returning `Ok` means
    /// that the node is active, and ready too unless it says that by itself ([`Setup::ready_by_call`]), or the launch file
    /// names a topic for that (`ready`). Nodes that depend on it are activated when it is ready.
    ///
    /// # Errors
    ///
    /// Why it cannot begin: the launch ends with this text.
    fn activate(&mut self, _ctx: &Context) -> NodeResult {
        Ok(())
    }

    /// Ends work; devices are closed afterwards. [`Self::activate`] may follow.
    ///
    /// # Errors
    ///
    /// What went wrong; the node is deactivated all the same.
    fn deactivate(&mut self, _ctx: &Context) -> NodeResult {
        Ok(())
    }

    /// The last call before the node is dropped.
    ///
    /// # Errors
    ///
    /// What went wrong; the node is dropped all the same.
    fn shutdown(&mut self, _ctx: &Context) -> NodeResult {
        Ok(())
    }

    /// Hears that a node which this one depends on is down. Where the launch file does not say otherwise, the callbacks of
    /// this node are not called after that until the other one is up again.
    ///
    /// # Errors
    ///
    /// What went wrong; it is counted and logged.
    fn input_down(&mut self, _input: &InputDown, _ctx: &Context) -> NodeResult {
        Ok(())
    }

    /// Takes new parameters while it runs, between two callbacks: those that an operator asks for (`nevil param set`), and,
    /// if the launch file gives it some for that (`degraded`), others when a breaker of it opens, and its own again when none
    /// is open any more. They have been checked by type and range; what else must hold is checked here. It is called like a
    /// callback, within its `timeout` (100 ms), and all or nothing: a node that refuses has changed nothing.
    ///
    /// ```
    /// use nevil_runtime::prelude::*;
    /// use nevil_runtime::testing::TestNode;
    ///
    /// struct Lamp { level: u8 }
    ///
    /// #[derive(Parameters)]
    /// struct Params {
    ///     /// How bright it shines, in percent.
    ///     #[param(default = 50, range = 0..=100)]
    ///     level: u8,
    ///     /// The pin that it hangs on.
    ///     #[param(default = 5)]
    ///     pin: u8,
    /// }
    ///
    /// impl Node for Lamp {
    ///     type Params = Params;
    ///     fn configure(_: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
    ///         Ok(Self { level: params.level })
    ///     }
    ///     fn params_changed(&mut self, params: &Params, _: &Context) -> NodeResult {
    ///         if params.pin != 5 {
    ///             return Err(NodeError::new("`pin` is taken at the start only; restart the node"));
    ///         }
    ///         self.level = params.level;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let mut lamp = TestNode::<Lamp>::start("")?;
    /// lamp.set_params("level: 80")?;
    /// assert!(lamp.set_params("level: 101").is_err());
    /// assert_eq!(
    ///     lamp.set_params("pin: 6").unwrap_err().to_string(),
    ///     "`pin` is taken at the start only; restart the node"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Refused: the default, as most nodes need a restart for that. Who asked is told so in these words; it is counted and
    /// logged, opens no breaker, and the parameters before stay in force. A node that refuses those for while it is degraded
    /// is not given them again before its next life.
    fn params_changed(&mut self, _params: &Self::Params, _ctx: &Context) -> NodeResult {
        Err(NodeError::new(
            "this node takes its parameters at its start only; change them in the launch file, then `nevil reload --restart`",
        ))
    }
}
