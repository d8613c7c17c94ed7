//! Every interleaving of a ring's steps, each in a model of a few lines. The rings here have blocks of two values, each of
//! which is a word, and lie in loom's atomics.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use loom::thread;

use super::loom_tests::check;
use super::ring::{Bell, BlockHead, BlockWriter, Blocks, Memory, Missing, Places, RingState};

#[derive(Clone)]
struct Words(Arc<Vec<AtomicU64>>);

impl Memory for Words {
    fn words(&self) -> &[AtomicU64] {
        &self.0
    }
}

/// Words of a block: its head, and two values.
const STRIDE: usize = 10;

fn ring(blocks: usize) -> (BlockWriter<Words>, Blocks<Words>) {
    let words = Words(Arc::new((0..2 + blocks * STRIDE).map(|_| AtomicU64::new(0)).collect()));
    let places = Places { published: 0, state: 1, first: 2, stride: STRIDE, blocks, block_values: 2 };
    (BlockWriter::new(Blocks::new(words.clone(), places)), Blocks::new(words, places))
}

/// Block `b` is `b + 1` twice, and so is its frame: a mixture of two blocks shows.
fn write(writer: &mut BlockWriter<Words>) -> u64 {
    let value = writer.next() + 1;
    writer.write(BlockHead { first_frame: value, ..BlockHead::default() }, &[value, value])
}

/// Reads `block`; what is found whole is all of that block.
fn read(blocks: &Blocks<Words>, block: u64) -> Result<(), Missing> {
    let open = blocks.open(block)?;
    let found = [open.head().first_frame, open.value(0), open.value(1)];
    open.finish().map_err(|_| Missing::Lapped)?;
    assert_eq!(found, [block + 1; 3], "a torn block");
    Ok(())
}

/// As `read`, of one value, where a model is about something else: each word more multiplies the interleavings.
fn glance(blocks: &Blocks<Words>, block: u64) -> Result<(), Missing> {
    let open = blocks.open(block)?;
    let found = open.value::<u64>(1);
    open.finish().map_err(|_| Missing::Lapped)?;
    assert_eq!(found, block + 1, "a torn block");
    Ok(())
}

#[test]
fn loom_a_reader_that_races_the_first_write_sees_nothing_or_all_of_it() {
    loom::model(|| {
        let (mut writer, blocks) = ring(2);
        let writing = thread::spawn(move || write(&mut writer));
        let early = read(&blocks, 0);
        assert!(matches!(early, Ok(()) | Err(Missing::NotYet)), "{early:?}");
        writing.join().unwrap();
        assert_eq!(read(&blocks, 0), Ok(()));
    });
}

#[test]
fn loom_a_reader_that_races_an_overwrite_never_takes_a_torn_block_for_whole() {
    loom::model(|| {
        let (mut writer, blocks) = ring(1);
        write(&mut writer);
        let writing = thread::spawn(move || write(&mut writer));
        let old = read(&blocks, 0);
        assert!(matches!(old, Ok(()) | Err(Missing::Lapped)), "{old:?}");
        writing.join().unwrap();
        assert_eq!(read(&blocks, 0), Err(Missing::Lapped));
        assert_eq!(read(&blocks, 1), Ok(()));
    });
}

#[test]
fn loom_a_block_that_is_counted_as_published_is_whole() {
    loom::model(|| {
        let (mut writer, blocks) = ring(2);
        let writing = thread::spawn(move || write(&mut writer));
        if blocks.published() == 1 {
            assert_eq!(glance(&blocks, 0), Ok(()));
        }
        writing.join().unwrap();
    });
}

#[test]
fn loom_each_block_is_read_or_lapped_however_far_the_writer_runs_ahead() {
    check(3, || {
        let (mut writer, blocks) = ring(2);
        write(&mut writer);
        write(&mut writer);
        let writing = thread::spawn(move || write(&mut writer));
        let (mut next, mut taken, mut lapped) = (0, 0, 0);
        let mut step = || match glance(&blocks, next) {
            Ok(()) => {
                taken += 1;
                next += 1;
                true
            }
            Err(Missing::Lapped) => {
                let to = blocks.after_lap(next);
                assert!(to > next, "a lapped reader goes on");
                lapped += to - next;
                next = to;
                true
            }
            Err(Missing::NotYet) => false,
        };
        step();
        writing.join().unwrap();
        while step() {}
        assert_eq!((next, taken + lapped), (3, 3));
    });
}

#[test]
fn loom_a_lapped_reader_goes_on_even_where_it_sees_an_old_count() {
    loom::model(|| {
        let (mut writer, blocks) = ring(1);
        let writing = thread::spawn(move || {
            write(&mut writer);
            write(&mut writer);
        });
        if glance(&blocks, 0) == Err(Missing::Lapped) {
            assert!((1..=2).contains(&blocks.after_lap(0)), "behind the block, and not ahead of the writer");
        }
        writing.join().unwrap();
    });
}

#[test]
fn loom_who_sees_the_end_has_seen_all_that_was_published_before() {
    loom::model(|| {
        let (mut writer, blocks) = ring(2);
        let writing = thread::spawn(move || {
            write(&mut writer);
            writer.end(RingState::Replaced);
        });
        if blocks.state() == RingState::Replaced {
            assert_eq!(glance(&blocks, 0), Ok(()));
        }
        writing.join().unwrap();
        assert_eq!(blocks.state(), RingState::Replaced);
    });
}

/// A reader goes to sleep while a block is published: it sees the block, or its ticket has become void.
#[test]
fn loom_a_reader_that_falls_asleep_is_woken_for_a_block_that_it_has_not_seen() {
    loom::model(|| {
        let (mut writer, blocks) = ring(2);
        let (waiting, number) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU32::new(0)));
        let waking = {
            let (waiting, number) = (Arc::clone(&waiting), Arc::clone(&number));
            thread::spawn(move || {
                write(&mut writer);
                let bell = Bell::new(&waiting, &number);
                if bell.is_needed() {
                    bell.ring();
                }
            })
        };
        let ticket = Bell::new(&waiting, &number).announce(3);
        let seen = glance(&blocks, 0).is_ok();
        waking.join().unwrap();
        // The futex lets nobody sleep, or go on sleeping, whose ticket differs from the bell.
        assert!(seen || ticket.0 != number.load(Ordering::Relaxed), "asleep for ever");
    });
}

/// A reader sleeps, is woken, and goes to sleep again while the next block is published.
#[test]
fn loom_a_reader_that_falls_asleep_again_is_woken_again() {
    loom::model(|| {
        let (mut writer, blocks) = ring(3);
        let (waiting, number) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU32::new(0)));
        let first = Bell::new(&waiting, &number).announce(3);
        let waking = {
            let (waiting, number) = (Arc::clone(&waiting), Arc::clone(&number));
            thread::spawn(move || {
                for _ in 0..2 {
                    write(&mut writer);
                    let bell = Bell::new(&waiting, &number);
                    if bell.is_needed() {
                        bell.ring();
                    }
                }
            })
        };
        // Relaxed: the futex orders no more than that.
        if number.load(Ordering::Relaxed) != first.0 {
            let next = u64::from(glance(&blocks, 0).is_ok());
            let second = Bell::new(&waiting, &number).announce(3);
            let seen = glance(&blocks, next).is_ok();
            waking.join().unwrap();
            assert!(seen || second.0 != number.load(Ordering::Relaxed), "asleep for ever");
        } else {
            waking.join().unwrap();
        }
    });
}

/// The same where the writer only stores, and somebody else looks.
#[test]
fn loom_a_helper_that_has_seen_a_block_wakes_the_reader_that_has_not() {
    loom::model(|| {
        let (mut writer, blocks) = ring(2);
        let (waiting, number) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU32::new(0)));
        let (blocks, looked) = (Arc::new(blocks), Arc::new(AtomicBool::new(false)));
        let writing = thread::spawn(move || write(&mut writer));
        let helper = {
            let (waiting, number) = (Arc::clone(&waiting), Arc::clone(&number));
            let (blocks, looked) = (Arc::clone(&blocks), Arc::clone(&looked));
            thread::spawn(move || {
                let bell = Bell::new(&waiting, &number);
                if blocks.published() == 1 {
                    looked.store(true, Ordering::Relaxed);
                    if bell.is_needed() {
                        bell.ring();
                    }
                }
            })
        };
        let ticket = Bell::new(&waiting, &number).announce(3);
        let seen = glance(&blocks, 0).is_ok();
        writing.join().unwrap();
        helper.join().unwrap();
        let woken = seen || ticket.0 != number.load(Ordering::Relaxed);
        assert!(woken || !looked.load(Ordering::Relaxed), "asleep for ever");
    });
}
