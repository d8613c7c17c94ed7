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
mod degraded;
mod down;
mod driver;
mod environment;
mod guarded;
mod names;
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
pub use rules::{CallbackRule, NodeRules, OnHang, OnPanic};
pub use setup::{Setup, SetupError};
pub(crate) use shared::NodeShared;
pub use shared::{Failure, NodeState};
pub use spec::NodeSpec;
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
    /// that the node is ready.
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

    /// Takes new parameters while it runs: those for while it is degraded, when a breaker of it opens, and its own again when
    /// none is open any more, if the launch file gives it some (`degraded`). It is called like a callback, within 100 ms.
    ///
    /// # Errors
    ///
    /// Refused: the default, as most nodes need a restart for that. It is counted and logged, and the node is not asked again
    /// before its next life.
    fn params_changed(&mut self, _params: &Self::Params, _ctx: &Context) -> NodeResult {
        Err(NodeError::new("this node takes its parameters at its start only; restart it"))
    }
}
