//! What a block costs without a ring: the floors of `rows::rings`.

use std::hint;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crossbeam_utils::CachePadded;

use crate::floors::on_core;
use crate::machine::Near;
use crate::measure::{RoundResult, in_batches, now_ns};
use crate::nevil::ring::{BLOCK_WORDS, differences, sample};
use crate::paced::{self, Paced};

/// The words of a block, by themselves.
fn words() -> Vec<AtomicU32> {
    (0..BLOCK_WORDS).map(|index| AtomicU32::new(sample(0, index).to_bits())).collect()
}

/// How many words are not those of block `block`. Relaxed, as of memory that somebody else may be writing.
fn compare(block: u64, words: &[AtomicU32]) -> u64 {
    differences(block, words.iter().map(|word| f32::from_bits(word.load(Ordering::Relaxed))))
}

/// Reading and comparing a block that lies in the reader's own cache.
pub(crate) fn read_words(near: Near, batches: u64) -> RoundResult {
    on_core(near.receive, || {
        let words = words();
        Ok(in_batches(1, batches, |_| {
            hint::black_box(compare(0, &words));
        }))
    })
}

/// The words of a block go from one core to the other, with nothing around them: from when the last one was stored to after
/// all were read and compared.
pub(crate) fn words_across(paced: Paced) -> RoundResult {
    let words = words();
    let (stored, stamp) = (CachePadded::new(AtomicU64::new(0)), CachePadded::new(AtomicU64::new(0)));
    let (words, stored, stamp) = (&words, &stored, &stamp);
    let ends = paced::run_peer(
        paced,
        |sender| {
            sender.run_stamped(|block| {
                for (index, word) in words.iter().enumerate() {
                    word.store(sample(block, index).to_bits(), Ordering::Relaxed);
                }
                stamp.store(now_ns(), Ordering::Relaxed);
                // Release: the reader sees all words.
                stored.store(block + 1, Ordering::Release);
                0
            });
            Ok(())
        },
        |mut receiver| {
            receiver.listen();
            for block in 0.. {
                while stored.load(Ordering::Acquire) <= block && !receiver.is_done() {
                    hint::spin_loop();
                }
                if receiver.is_done() {
                    break;
                }
                let wrong = compare(block, words);
                receiver.arrived(now_ns(), block, stamp.load(Ordering::Relaxed), wrong == 0);
            }
            Ok(())
        },
    );
    Ok(ends?.into_samples())
}
