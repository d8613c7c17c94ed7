//! The control socket: what tools ask of a running robot. The protocol is in `docs/reference/control-socket.md`.
//!
//! ```text
//!   tool                         robot
//!    ControlClient ── request ──► accept ─► a thread per connection ─► Control (status, bus, stop)
//!                  ◄── answer ───                     │
//!                  ◄── messages ─────────── echo ─────┘ looks into its tap every 20 ms
//! ```
//! Nothing here touches a node's thread: an echo looks into a tap, which publishers fill without waiting, and a tool
//! that does not read is disconnected.
//!
//! * `protocol`: requests and answers. `lines`: lines over a socket, each with a deadline.
//! * `server`, `session`, `breakers`, `topics`, `echo`, `ring`: the robot's side. `client`: the tool's side.

mod breakers;
mod client;
mod echo;
mod lines;
mod protocol;
mod ring;
mod server;
mod session;
#[cfg(test)]
mod tests;
mod topics;

use std::time::Duration;

use nevil_runtime::log::LogTail;
use nevil_runtime::ring::Rings;
use nevil_runtime::{Breakers, Bus, ResetError};
use serde_json::Value;

pub use client::{ClientError, ControlClient, Echo};
pub use protocol::{BreakerOperation, EchoItem, EchoedMessage, Request, SeenMessage};
pub use server::{ControlCounts, ControlError, ControlServer};

/// What the control socket needs of a robot. Called by ordinary threads, several at once; none of it may wait for a node.
pub trait Control: Send + Sync {
    /// The robot now: [`RobotReport::to_json`](crate::RobotReport::to_json).
    fn status(&self) -> Value;

    /// The robot's topics.
    fn bus(&self) -> &Bus;

    /// The robot's rings.
    fn rings(&self) -> &Rings;

    /// The robot's breakers.
    fn breakers(&self) -> &Breakers;

    /// Deadline of the callback whose breaker has this name, if it is a callback's:
    /// [`Environment::callback_timeout`](nevil_runtime::Environment::callback_timeout).
    fn callback_timeout(&self, breaker: &str) -> Option<Duration>;

    /// An operator has decided about the breaker of this name: whoever follows it looks at once, and takes what it finds for the
    /// operator's will, not for a failure.
    fn breaker_operated(&self, _breaker: &str) {}

    /// Does what an operator asks for besides: parameters, nodes, the log. May wait for a node that answers, bounded.
    ///
    /// # Errors
    ///
    /// Why it was not done, for people.
    fn operate(&self, _request: &Request) -> Result<Value, String> {
        Err("this robot has nothing to operate".to_owned())
    }

    /// The last records of the robot's log; `None`: it keeps none.
    fn log_tail(&self) -> Option<LogTail> {
        nevil_runtime::log::installed_tail()
    }

    /// Begins to stop the robot and returns at once.
    fn request_stop(&self);

    /// Begins to stop the robot, which starts again then, and returns at once. Who asks for a stop meanwhile goes before that.
    ///
    /// # Errors
    ///
    /// Why it goes on instead, for people: it could not start again.
    fn request_restart(&self) -> Result<(), String> {
        Err("this robot cannot start again by itself".to_owned())
    }

    /// Begins an emergency stop for `by`, and waits for nothing.
    fn emergency_stop(&self, by: &str, reason: &str);

    /// Ends the emergency stop for `by`; may wait until everything is safe, for at most
    /// [`MAKE_SAFE_DEADLINE`](nevil_runtime::limits::MAKE_SAFE_DEADLINE).
    ///
    /// # Errors
    ///
    /// Why it goes on to hold.
    fn reset_emergency_stop(&self, by: &str) -> Result<(), ResetError>;
}
