//! Memory that threads of different priority share, in steps that never wait for another thread's unfinished step.
//!
//! ```text
//!  Pool<T>   slots, claimed by clearing one bit of a word            (wait-free: a bounded scan, then "none free")
//!  Shared<T> a counted reference to one slot; the last one frees it
//!  Lane<T>   a queue of references, one word per place               (a swap to push, a bounded retry to take)
//!  Handover  one boxed value, given by one thread and taken by another (one swap each)
//!  ring      blocks of bulk data that one writer fills in turn        (stores only; readers check what they have read)
//!  Gate      lets operations begin until it is shut, and counts those under way
//! ```
//! A thread that is preempted in the middle of any of these steps delays nobody else.

mod gate;
mod handover;
mod lane;
#[cfg(all(test, loom))]
mod loom_tests;
mod pool;
pub mod ring;
#[cfg(all(test, loom))]
mod ring_loom_tests;
#[cfg(all(test, not(loom)))]
mod tests;

pub use gate::{Gate, Pass, Shut};
pub use handover::Handover;
pub use lane::{Lane, Pushed};
pub use pool::{Pool, Shared};
