//! Rings under measurement: the four functions that have to be filled in once the runtime has rings. `rows::rings` calls
//! them, and `goals` judges what they return.

use crate::measure::{RoundResult, Unmeasured};
use crate::nevil::Wait;
use crate::paced::Paced;

/// 20 ms of 48 kHz stereo, one word a sample.
pub(crate) const BLOCK_WORDS: usize = 20 * 48 * 2;

const MISSING: &str = "needs rings, which the runtime does not have yet";

/// Where the reader of a ring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    SameProcess,
    /// In a process that is started for the round, with [`crate::child`].
    OtherProcess,
}

/// From before a block is stored to after its reader has read and checked all words, one block at a time: the words of
/// block `sequence` are those of [`crate::payload::word`], [`crate::paced::run_peer`] has the two loops.
pub(crate) fn delivery(_: Paced, _: Wait, _: Reader) -> RoundResult {
    Err(Unmeasured::absent(MISSING))
}

/// What storing one block costs the writer while `readers` of the same process poll.
pub(crate) fn store(_: crate::machine::Near, _batches: u64, _readers: usize) -> RoundResult {
    Err(Unmeasured::absent(MISSING))
}

/// What waking one reader that sleeps costs the writer, on top of the store.
pub(crate) fn wake(_: crate::machine::Near, _batches: u64) -> RoundResult {
    Err(Unmeasured::absent(MISSING))
}
