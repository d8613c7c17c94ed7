//! Every interleaving of the lock-free steps, each in a model of a few lines. `tests/weaken` breaks the steps, one at a
//! time, and asks for the model that says so.
//!
//! Loom finds the orders of two threads from the last access of a word before each other one. Where a thread reads a word
//! that it writes next, it belongs into the thread of the model that runs first, which is the one that spawns the others.
//!
//! Loom has no `SeqCst` accesses: it takes them for `AcqRel`, and what rests on more has `one_order` beside it.

mod call;
mod combiner;
mod count;
mod gate;
mod handover;
mod lane;
mod latch;
mod lease;
mod pool;
mod wake;

/// Runs the interleavings of `model` in which at most so many threads are stopped in the middle: all of them would take
/// minutes with three threads, or with long ones.
pub(super) fn check(preemptions_max: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions_max);
    builder.check(model);
}
