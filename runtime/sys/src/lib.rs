//! All of Nevil's unsafe code, and the few lock-free steps that everything else is built on.
//!
//! What is offered here is safe to call and knows nothing of nodes or topics. [`os`] holds one system call per
//! function; [`mem`] holds pool slots, lanes, handovers and rings. The algorithms of `mem` take their atomics from the
//! module `sync`, so that loom can run every interleaving of them (`--cfg loom`), and shuttle many of those of the
//! bus (`--cfg shuttle`).
//! With the feature `count-alloc`, `alloc` has an allocator that counts.
#![deny(unsafe_op_in_unsafe_fn)]

#[cfg(feature = "count-alloc")]
pub mod alloc;
pub mod mem;
pub mod os;
#[doc(hidden)]
pub mod sync;
