//! Layouts, headers, mappings.
#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;

use memmap2::MmapOptions;
use proptest::prelude::*;

use super::{
    BLOCKS_MAX, BlockHead, CreateError, DESCRIPTION_WORDS, ElementKind, Missing, OpenError, RING_BYTES_MAX,
    RingLayout, RingMemory, RingShape, SEATS_MAX, SeatCounts, ShapeError,
};
use crate::os::{self, Sealed};

fn shape(blocks: usize, block_values: usize) -> RingShape {
    let description = std::array::from_fn(|index| index as u64);
    RingShape { blocks, block_values, element: ElementKind::F32, generation: 7, description }
}

fn page() -> u64 {
    os::page_bytes() as u64
}

#[test]
fn a_layout_is_made_of_whole_pages_of_either_size() {
    for (page_bytes, total_bytes, cursor_bytes) in [(4096, 4096 + 4096, 8192), (16384, 2 * 16384, 16384)] {
        // 100 floats are 50 words, 8 more are the head: 58, rounded up to 64, are 512 bytes.
        let layout = RingLayout::new(&shape(4, 100), page_bytes).unwrap();
        assert_eq!(layout, RingLayout { page_bytes, stride_bytes: 512, total_bytes, cursor_bytes });
    }
}

#[test]
fn a_ring_of_all_that_is_allowed_is_laid_out_and_one_value_more_is_refused() {
    for page_bytes in [4096, 16384, 65536] {
        for blocks in [2, 3, 1000, BLOCKS_MAX] {
            let ShapeError::TooLarge { block_values_max } =
                RingLayout::new(&shape(blocks, RING_BYTES_MAX), page_bytes).unwrap_err()
            else {
                panic!("too many blocks");
            };
            let layout = RingLayout::new(&shape(blocks, block_values_max), page_bytes).unwrap();
            assert!(layout.total_bytes <= RING_BYTES_MAX);
            assert!(RingLayout::new(&shape(blocks, block_values_max + 1), page_bytes).is_err());
        }
    }
    let refused = |blocks, values| RingLayout::new(&shape(blocks, values), 4096).unwrap_err().to_string();
    assert_eq!(refused(1, 1), "number of blocks is out of range (1), 2 to 65536 are allowed");
    assert_eq!(refused(65537, 1), "number of blocks is out of range (65537), 2 to 65536 are allowed");
    assert_eq!(refused(2, 0), "a block holds no values, at least 1 is needed");
    assert_eq!(
        refused(2, RING_BYTES_MAX),
        "ring is too large, at most 268435456 bytes are allowed; use fewer blocks, or at most 33553904 values in each"
    );
}

fn copies(memory: &RingMemory) -> (OwnedFd, OwnedFd) {
    let [blocks, cursors] = memory.handles();
    (blocks.try_clone_to_owned().unwrap(), cursors.try_clone_to_owned().unwrap())
}

#[test]
fn what_is_written_in_one_mapping_is_read_in_another_value_for_value() {
    let (own, mut writer) = RingMemory::create("test", shape(4, 5)).unwrap();
    let (blocks, cursors) = copies(&own);
    let other = RingMemory::open(blocks, cursors).unwrap();
    assert_eq!((other.shape(), other.is_own()), (own.shape(), false));
    let values = [0.5_f32, -1.0, f32::MIN_POSITIVE, f32::INFINITY, 3.25];
    let head = BlockHead { values: 5, epoch: 3, first_frame: 1 << 40, lost_frames: 9, captured_ns: u64::MAX };
    assert_eq!(other.blocks().open(0).map(|_| ()), Err(Missing::NotYet));
    assert_eq!(writer.write(head, &values), 0);
    let open = other.blocks().open(0).unwrap();
    assert_eq!((open.head(), open.len()), (head, 5));
    let mut copy = [0.0_f32; 5];
    open.copy(&mut copy);
    assert_eq!(copy, values);
    assert_eq!(std::array::from_fn(|index| open.value::<f32>(index)), values);
    assert_eq!(open.word(0), u64::from((-1.0_f32).to_bits()) << 32 | u64::from(0.5_f32.to_bits()));
    for _ in 0..3 {
        writer.write(head, &values);
    }
    assert_eq!(open.finish(), Ok(()));
    writer.write(head, &values);
    assert!(open.finish().is_err(), "its place was taken by block 4");
    assert_eq!(other.blocks().open(0).map(|_| ()), Err(Missing::Lapped));
}

#[test]
fn no_second_mapping_of_the_blocks_can_be_written_and_neither_can_their_handle() {
    let (own, _writer) = RingMemory::create("test", shape(2, 5)).unwrap();
    let (blocks, cursors) = copies(&own);
    assert!(MmapOptions::new().map_raw(&blocks).is_err());
    let file = std::fs::File::from(blocks);
    assert!((&file).write_all(b"x").is_err());
    assert!(file.set_len(0).is_err() && file.set_len(1 << 20).is_err());
    let cursors = std::fs::File::from(cursors);
    assert!(cursors.set_len(0).is_err() && cursors.set_len(1 << 20).is_err());
    assert!(os::seal(cursors.as_fd(), Sealed::SizeAndFutureWrites).is_err(), "nobody locks readers out");
}

#[test]
fn what_one_reader_says_in_its_seat_is_seen_in_the_other_mapping() {
    let (own, _writer) = RingMemory::create("test", shape(2, 5)).unwrap();
    let (blocks, cursors) = copies(&own);
    let other = RingMemory::open(blocks, cursors).unwrap();
    assert!(own.seat(SEATS_MAX - 1).take());
    assert!(!other.seat(SEATS_MAX - 1).take(), "somebody has it");
    let counts = SeatCounts { next: 5, read: 3, lapped: 2 };
    other.seat(SEATS_MAX - 1).say(counts);
    assert_eq!(own.seat(SEATS_MAX - 1).counts(), Some(counts));
    own.seat(SEATS_MAX - 1).leave();
    assert_eq!(other.seat(SEATS_MAX - 1).counts(), None);
    let ticket = other.bell().announce(4);
    assert_eq!(own.bell().sleepers(), 1 << 4);
    own.wake_readers();
    // Returns at once, or this test takes an hour.
    other.sleep(ticket, std::time::Duration::from_secs(3600)).unwrap();
}

/// Sealed memory with these words at its beginning.
fn memory(words: &[u64], bytes: u64, sealed: Sealed) -> OwnedFd {
    let handle = os::anonymous_memory("forged", bytes).unwrap();
    let file = std::fs::File::from(handle);
    let content: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let room = usize::try_from(bytes).unwrap().min(content.len());
    file.write_all_at(&content[..room], 0).unwrap();
    os::seal(file.as_fd(), sealed).unwrap();
    file.into()
}

/// The words of a good header and of good cursors, and how many bytes the mappings have.
fn good(shape: &RingShape) -> ([u64; 8 + DESCRIPTION_WORDS], [u64; 3], RingLayout) {
    let layout = RingLayout::new(shape, os::page_bytes()).unwrap();
    let header = super::layout::encode(shape, &layout);
    (header, [header[0], header[1], shape.generation], layout)
}

fn open(blocks: OwnedFd, cursors: OwnedFd) -> Result<RingMemory, String> {
    RingMemory::open(blocks, cursors).map_err(|error| error.to_string())
}

#[test]
fn a_forged_mapping_that_is_right_in_all_respects_is_taken() {
    let (header, cursors, layout) = good(&shape(3, 9));
    let blocks = memory(&header, layout.total_bytes as u64, Sealed::SizeAndFutureWrites);
    assert!(open(blocks, memory(&cursors, layout.cursor_bytes as u64, Sealed::Size)).is_ok());
}

#[test]
fn each_wrong_word_of_a_header_is_refused_with_what_it_is_and_what_is_allowed() {
    let (good_header, good_cursors, layout) = good(&shape(3, 9));
    let (total, room) = (layout.total_bytes as u64, layout.cursor_bytes as u64);
    let damaged = |at: usize, word: u64| {
        let mut header = good_header;
        header[at] = word;
        let cursors = memory(&good_cursors, room, Sealed::Size);
        open(memory(&header, total, Sealed::SizeAndFutureWrites), cursors).unwrap_err()
    };
    assert_eq!(
        damaged(0, 5),
        "mapping is not a ring (it begins with 0x0000000000000005, a ring with 0x00676e697276656e)"
    );
    assert_eq!(damaged(1, 2), "ring has layout version 2, this program knows 1; use programs of one version");
    let field = |name: &str, given: u64, allowed: &str| {
        format!("ring's header is damaged: {name} is {given}, allowed is {allowed}")
    };
    assert_eq!(damaged(2, 8), field("page size", 8, "this machine's"));
    assert_eq!(
        damaged(3, 1),
        format!("ring's header is damaged: it speaks of 1 bytes, the mapping has {total}")
    );
    assert_eq!(damaged(4, 1), field("number of blocks", 1, "2 to 65536"));
    assert_eq!(damaged(5, 0), field("values of a block", 0, "1 to 268435456"));
    assert_eq!(
        damaged(5, RING_BYTES_MAX as u64),
        field("values of a block", 268_435_456, "what fits into 256 MiB")
    );
    assert_eq!(damaged(6, 6), field("kind of value", 6, "1 to 5"));
    assert_eq!(damaged(7, 0), field("generation", 0, "at least 1"));
    assert_eq!(damaged(7, 8), "the mappings are of two rings: generation 8 of the blocks, 7 of the cursors");
}

#[test]
fn a_mapping_of_another_size_without_seals_or_that_is_a_file_is_refused() {
    let (header, cursors, layout) = good(&shape(3, 9));
    let (total, room) = (layout.total_bytes as u64, layout.cursor_bytes as u64);
    let blocks = |bytes, sealed| memory(&header, bytes, sealed);
    let seats = |bytes| memory(&cursors, bytes, Sealed::Size);
    let all = Sealed::SizeAndFutureWrites;
    assert_eq!(
        open(blocks(100, all), seats(room)).unwrap_err(),
        "mapping is too small for a ring (100 bytes), at least a page is needed"
    );
    let longer = total + page();
    assert_eq!(
        open(blocks(longer, all), seats(room)).unwrap_err(),
        format!("ring's header is damaged: it speaks of {total} bytes, the mapping has {longer}")
    );
    assert!(open(blocks(total, all), seats(room + page())).is_err());
    let unsealed = "the memory of the blocks is not sealed, so it could vanish while it is read; only sealed memory is taken";
    assert_eq!(open(blocks(total, Sealed::Size), seats(room)).unwrap_err(), unsealed);
    let file = std::fs::File::open("/proc/self/exe").unwrap();
    assert_eq!(open(file.into(), seats(room)).unwrap_err(), unsealed);
    let pipe = rustix::net::socketpair(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::STREAM,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    );
    assert_eq!(open(pipe.unwrap().0, seats(room)).unwrap_err(), unsealed);
}

#[test]
fn a_ring_that_is_too_large_says_how_large_it_may_be() {
    let error = RingMemory::create("test", shape(2, RING_BYTES_MAX)).unwrap_err();
    assert!(matches!(error, CreateError::Shape(ShapeError::TooLarge { .. })), "{error}");
}

/// Words as a header may have them: nearly right, or anything.
fn word(right: u64) -> impl Strategy<Value = u64> {
    prop_oneof![4 => Just(right), 1 => any::<u64>(), 1 => 0..70_000_u64, 1 => Just(right ^ 1)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Whatever stands there: an error, or a ring whose blocks can be read to the last word.
    #[test]
    fn any_header_of_any_size_is_refused_or_can_be_read_to_its_end(
        words in good(&shape(3, 9)).0.map(word),
        bytes in prop_oneof![
            8 => Just(good(&shape(3, 9)).2.total_bytes as u64), 1 => 0..40_000_u64, 1 => (1..20_u64).prop_map(|n| n * page())
        ],
        rest in proptest::collection::vec(any::<u64>(), 0..2000),
        block in any::<u64>(),
    ) {
        let mut words = words.to_vec();
        words.resize(32, 0);
        words.extend(rest);
        let (_, cursors, layout) = good(&shape(3, 9));
        let blocks = memory(&words, bytes, Sealed::SizeAndFutureWrites);
        match RingMemory::open(blocks, memory(&cursors, layout.cursor_bytes as u64, Sealed::Size)) {
            Err(OpenError::Header(error)) => prop_assert!(!error.to_string().is_empty()),
            Err(other) => prop_assert!(false, "{}", other),
            Ok(ring) => {
                let first = os::page_bytes() / 8;
                let stamps = (0..3).filter_map(|b| words.get(first + 16 * b)).map(|stamp| (stamp / 2).wrapping_sub(1));
                for block in (0..4).chain(stamps).chain([block, block / 2, u64::MAX]) {
                    if let Ok(open) = ring.blocks().open(block) {
                        let mut values = vec![0.0_f32; open.len()];
                        open.copy(&mut values);
                        let _ = open.finish();
                    }
                }
                prop_assert!(ring.blocks().after_lap(block / 2) > block / 2);
                let _ = ring.blocks().oldest();
            }
        }
    }

    /// A writer and a reader that take turns as they like: each block is read whole, or counted as lapped.
    #[test]
    fn blocks_read_and_blocks_lapped_are_all_that_were_published(
        places in 2..9_usize,
        turns in proptest::collection::vec((0..12_u64, 0..12_u64), 1..40),
        start in 0..20_u64,
    ) {
        let (own, mut writer) = RingMemory::create("test", shape(places, 2)).unwrap();
        let publish = |writer: &mut super::BlockWriter<_>, count: u64| {
            for _ in 0..count {
                let head = BlockHead { first_frame: writer.next(), ..BlockHead::default() };
                let _ = writer.write(head, &[writer.next() as f32; 2]);
            }
        };
        publish(&mut writer, start);
        let first = own.blocks().oldest();
        let (mut next, mut read, mut lapped) = (first, 0, 0);
        for (written, wanted) in turns {
            publish(&mut writer, written);
            for _ in 0..wanted {
                match own.blocks().open(next) {
                    Ok(open) => {
                        prop_assert_eq!((open.head().first_frame, open.value::<f32>(1)), (next, next as f32));
                        prop_assert!(open.finish().is_ok());
                        read += 1;
                        next += 1;
                    }
                    Err(Missing::Lapped) => {
                        let to = own.blocks().after_lap(next);
                        lapped += to - next;
                        next = to;
                    }
                    Err(Missing::NotYet) => prop_assert_eq!(next, own.blocks().published()),
                }
            }
        }
        while own.blocks().open(next).is_ok() {
            read += 1;
            next += 1;
        }
        if next == own.blocks().published() {
            prop_assert_eq!(first + read + lapped, own.blocks().published());
        }
    }
}
