//! Says how the machine is that the robot runs on.
//!
//! [`SystemMonitor`] is the node. `parse` reads what the kernel writes, and is pure; `host` asks the kernel, on a thread of its
//! own; `rates` tells how much there was since the reading before; `watch` decides what is worth a warning. Under
//! simulation the machine is not asked: `injected` says how it is then.
#![forbid(unsafe_code)]

mod host;
mod injected;
mod node;
mod parse;
mod rates;
mod watch;

pub use injected::Injected;
pub use node::{Params, SystemMonitor};
pub use watch::{Limits, News, Watch};
