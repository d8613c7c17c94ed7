//! Rings: a block of 20 ms of 48 kHz stereo audio, from the writer to a reader, within a process and across two.

use crate::floors;
use crate::nevil::Wait;
use crate::nevil::ring::{self, BLOCK_WORDS, Reader};
use crate::nevil::ring_floors;
use crate::paced::Paced;
use crate::rows::{Row, Setting, Unit};

/// Readers that slow down the writer, if anything does.
const READERS: usize = 8;

pub(super) fn rows(setting: &Setting) -> Vec<Row> {
    let (near, batches) = (setting.near, setting.scale.batches);
    let polling = block(setting, Wait::Polling);
    let blocking = block(setting, Wait::Blocking);
    vec![
        Row::new("ring_store", "One store of a block of 1,920 words, while so many readers poll", Unit::Ns)
            .nevil("ring, 8 readers", move || ring::store(near, batches, READERS))
            .nevil("ring, one reader", move || ring::store(near, batches, 1))
            .nevil("ring, no reader", move || ring::store(near, batches, 0)),
        Row::new(
            "ring_wake",
            "One store of a block of 1,920 words that wakes a reader, for the writer",
            Unit::Ns,
        )
        .nevil("ring", move || ring::wake(near, batches)),
        Row::new(
            "ring_polling",
            "A block of 1,920 words, from stored to read and compared; the reader spins",
            Unit::Ns,
        )
        .nevil("ring, across processes", move || ring::delivery(polling, Wait::Polling, Reader::OtherProcess))
        .nevil("ring, same process", move || ring::delivery(polling, Wait::Polling, Reader::SameProcess))
        .floor("cache line", move || floors::cache_line(near, batches))
        .floor("words, other core", move || ring_floors::words_across(polling))
        .floor("read of the words", move || ring_floors::read_words(near, batches)),
        Row::new(
            "ring_blocking",
            "A block of 1,920 words, from before it is stored to the reader awake",
            Unit::Ns,
        )
        .nevil("ring, across processes", move || {
            ring::delivery(blocking, Wait::Blocking, Reader::OtherProcess)
        })
        .nevil("ring, same process", move || ring::delivery(blocking, Wait::Blocking, Reader::SameProcess))
        .floor("futex wake-up", move || floors::futex_wake(blocking)),
    ]
}

fn block(setting: &Setting, wait: Wait) -> Paced {
    setting.paced(BLOCK_WORDS * size_of::<u32>(), wait)
}
