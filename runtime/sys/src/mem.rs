//! Memory that threads of different priority share, in steps that never wait for another thread's unfinished step.
//!
//! ```text
//!  Pool<T>   slots, each claimed by one exchange of its word         (wait-free: a bounded scan, then "none free")
//!  Shared<T> a counted reference to one slot; the last one frees it
//!  Lane<T>   a queue of references, one word per place               (a swap to push, a bounded retry to take)
//!  Latch     the last reference of a publisher, copied by who comes later   (a swap to set, two to copy)
//!  Handover  one boxed value, given by one thread and taken by another (one swap each)
//!  ring      blocks of bulk data that one writer fills in turn        (stores only; readers check what they have read)
//!  Count     one writer, any readers                                 (a store to add, a load to read)
//!  LeaseWord who holds an exclusive thing, and until when           (one exchange to take or give back)
//!  Gate      lets operations begin until it is shut, and counts those under way
//!  Call      one call that is watched, and what was decided about it (a store to begin, a swap to end)
//!  Watcher   wakes a watcher that sleeps when a call begins        (a load while it does not)
//!  Combiner  a value that one thread at a time changes for all       (one or two exchanges; who finds it taken leaves a mark)
//!  Bell      puts one thread to sleep, and wakes it                   (a load while nobody sleeps)
//!  Wake      the bell of one thread with many sources of work, and which of them have some
//! ```
//! A thread that is preempted in the middle of any of these steps delays nobody else.

mod bell;
mod call;
mod combiner;
mod count;
mod gate;
mod handover;
mod lane;
mod latch;
mod lease;
#[cfg(all(test, loom))]
mod loom_tests;
mod pool;
mod prefetch;
pub mod ring;
#[cfg(all(test, loom))]
mod ring_loom_tests;
#[cfg(all(test, not(loom)))]
mod tests;
mod wake;
mod watcher;

pub use bell::{Bell, Sleep};
pub use call::{Call, Ending, Judged, Seen, Watched};
pub use combiner::{Combiner, Held};
pub use count::Count;
pub use gate::{Gate, Pass, Shut};
pub use handover::Handover;
pub use lane::{Lane, Pushed};
pub use latch::Latch;
pub use lease::{LEASE_DEADLINE_MAX, LEASE_PURPOSES_MAX, LEASE_SEATS_MAX, LeaseTerm, LeaseWord};
pub use pool::{Claim, Pool, Shared, Shares};
pub use wake::{SOURCES_MAX, Wake};
pub use watcher::Watcher;
