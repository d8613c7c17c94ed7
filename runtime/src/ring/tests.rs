//! Rings within one process.

mod node;

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{
    AudioShape, Carries, PictureShape, ReadError, Ring, RingError, RingReader, RingSpec, RingWriter, Rings,
    Start, Waking, WriteError,
};
use crate::clock::{Clock, Time};
use crate::limits::RING_READERS_MAX;

/// Nothing waits for it where all is well.
const WATCHDOG: Duration = Duration::from_secs(60);

const AUDIO: AudioShape = AudioShape { rate_hz: 16_000, channels: 2, frames_per_block: 4 };

fn audio(blocks: usize) -> RingWriter<f32> {
    Ring::create("mic", &RingSpec::audio(AUDIO, blocks), 1).unwrap()
}

fn reader(writer: &RingWriter<f32>, start: Start) -> RingReader<f32> {
    writer.ring().reader("test", start).unwrap()
}

/// Block `n` has the value `n` and was captured at `n` milliseconds.
fn write(writer: &mut RingWriter<f32>, count: usize) {
    for _ in 0..count {
        let n = writer.ring().published();
        writer.write(Time::from_ns(n * 1_000_000), &[n as f32; 8]).unwrap();
    }
}

fn numbers(reader: &mut RingReader<f32>) -> Vec<u64> {
    let mut values = [0.0; 8];
    let blocks = std::iter::from_fn(|| reader.read(&mut values).unwrap());
    blocks.map(|block| block.number).collect()
}

#[test]
fn a_block_carries_its_frame_time_epoch_and_gap() {
    let mut writer = audio(4);
    let mut reader = reader(&writer, Start::Now);
    let mut values = [0.0; 8];
    writer.write(Time::from_ns(7), &[1.0; 8]).unwrap();
    writer.lose(10);
    writer.lose(3);
    writer.begin_epoch();
    let reference = writer.write(Time::from_ns(9), &[2.0; 6]).unwrap();
    let first = reader.read(&mut values).unwrap().unwrap();
    assert_eq!((first.first_frame, first.lost_frames, first.epoch, first.values), (0, 0, 0, 8));
    let second = reader.read(&mut values).unwrap().unwrap();
    assert_eq!((second.first_frame, second.lost_frames, second.epoch, second.values), (17, 13, 1, 6));
    assert_eq!(second.captured, Time::from_ns(9));
    assert_eq!((reference.block, reference.first_frame, reference.values), (1, 17, 6));
    writer.write(Time::from_ns(11), &[3.0; 2]).unwrap();
    let third = reader.read(&mut values).unwrap().unwrap();
    assert_eq!((third.first_frame, third.lost_frames, third.epoch), (20, 0, 1), "the gap was told once");
}

#[test]
fn a_reader_begins_now_or_in_the_past_as_far_as_the_ring_goes() {
    let mut writer = audio(8);
    assert_eq!(numbers(&mut reader(&writer, Start::Ago(WATCHDOG))), [0; 0]);
    write(&mut writer, 3);
    assert_eq!(numbers(&mut reader(&writer, Start::Oldest)), [0, 1, 2]);
    write(&mut writer, 17);
    assert_eq!(numbers(&mut reader(&writer, Start::Now)), [0; 0]);
    assert_eq!(numbers(&mut reader(&writer, Start::Blocks(2))), [18, 19]);
    assert_eq!(numbers(&mut reader(&writer, Start::Ago(Duration::from_millis(3)))), [16, 17, 18, 19]);
    // One place is the writer's: of eight blocks seven can be read.
    let all = [13, 14, 15, 16, 17, 18, 19];
    assert_eq!(numbers(&mut reader(&writer, Start::Blocks(1000))), all);
    assert_eq!(numbers(&mut reader(&writer, Start::Ago(WATCHDOG))), all);
    assert_eq!(numbers(&mut reader(&writer, Start::Oldest)), all);
}

#[test]
fn a_lapped_reader_is_told_how_many_blocks_it_has_missed_and_goes_on_half_a_ring_behind() {
    let mut writer = audio(8);
    let (mut late, mut punctual) = (reader(&writer, Start::Now), reader(&writer, Start::Now));
    for _ in 0..20 {
        write(&mut writer, 1);
        assert_eq!(numbers(&mut punctual).len(), 1, "another reader's lateness is not felt");
    }
    let error = late.read(&mut [0.0; 8]).unwrap_err();
    assert_eq!(error, ReadError::Lapped { ring: "mic".into(), blocks: 16 });
    assert_eq!(
        error.to_string(),
        "ring `mic`: the writer was faster by a whole ring, 16 blocks are lost to this reader; read more often, or make the ring longer"
    );
    assert_eq!(numbers(&mut late), [16, 17, 18, 19]);
    let counts = late.counts();
    assert_eq!((counts.first, counts.read, counts.lapped, counts.ahead), (0, 4, 16, 0));
    let status = writer.ring().status();
    assert_eq!((status.published, status.readers[0].read, status.readers[0].lapped), (20, 4, 16));
    assert_eq!((status.readers[1].read, status.readers[1].lapped), (20, 0));
}

#[test]
fn a_view_counts_when_it_is_finished_and_is_told_if_it_was_overwritten() {
    let mut writer = audio(2);
    let mut reader = reader(&writer, Start::Now);
    assert!(reader.view().unwrap().is_none());
    write(&mut writer, 1);
    drop(reader.view().unwrap().unwrap());
    assert_eq!(reader.counts().read, 0, "it was not finished");
    let view = reader.view().unwrap().unwrap();
    assert_eq!((view.len(), view.value(7), view.values().sum::<f32>()), (8, 0.0, 0.0));
    assert_eq!(view.finish().unwrap().number, 0);
    write(&mut writer, 1);
    let view = reader.view().unwrap().unwrap();
    write(&mut writer, 2);
    assert_eq!(view.finish(), Err(ReadError::Lapped { ring: "mic".into(), blocks: 2 }));
    let counts = reader.counts();
    assert_eq!((counts.read, counts.lapped, counts.ahead), (1, 2, 1));
}

#[test]
fn a_reference_opens_its_block_or_says_why_not() {
    let mut writer = audio(4);
    let reader = reader(&writer, Start::Now);
    let reference = writer.write(Time::ZERO, &[0.5; 8]).unwrap();
    let mut values = [0.0; 8];
    assert_eq!(reader.read_block(&reference, &mut values).unwrap().number, 0);
    assert_eq!(values, [0.5; 8]);
    assert_eq!(reader.counts().ahead, 1, "it is not counted");
    let refused = |reference: &_| reader.open(reference).map(drop).unwrap_err();
    let other = nevil_msgs::BlockRef { ring: 1, ..reference };
    assert_eq!(refused(&other), ReadError::OtherRing { ring: "mic".into() });
    let later = nevil_msgs::BlockRef { generation: 2, ..reference };
    assert_eq!(refused(&later), ReadError::Replaced { ring: "mic".into() });
    let future = nevil_msgs::BlockRef { block: u64::MAX, ..reference };
    assert_eq!(refused(&future), ReadError::NotYet { ring: "mic".into(), block: u64::MAX });
    let wrapping = nevil_msgs::BlockRef { block: 1 << 63, ..reference };
    assert!(matches!(refused(&wrapping), ReadError::NotYet { .. }), "its stamp would be that of block 0");
    let unwritten = nevil_msgs::BlockRef { block: 1, ..reference };
    assert_eq!(
        refused(&unwritten).to_string(),
        "ring `mic` has no block 1 yet; it was not announced by the ring's writer"
    );
    write(&mut writer, 4);
    assert_eq!(refused(&reference), ReadError::Lapped { ring: "mic".into(), blocks: 1 });
}

#[test]
fn what_was_written_is_read_before_the_end_is_told() {
    let mut writer = audio(4);
    let mut reader = reader(&writer, Start::Now);
    write(&mut writer, 2);
    drop(writer);
    let mut values = [0.0; 8];
    assert!(reader.wait(WATCHDOG).unwrap());
    assert_eq!(reader.read(&mut values).unwrap().unwrap().number, 0);
    assert_eq!(reader.read(&mut values).unwrap().unwrap().number, 1);
    let ended = ReadError::Ended { ring: "mic".into() };
    assert_eq!(reader.read(&mut values), Err(ended.clone()));
    assert_eq!(reader.wait(WATCHDOG), Err(ended));
}

#[test]
fn what_does_not_fit_is_refused_on_both_sides_and_nothing_is_lost() {
    let mut writer = audio(4);
    let mut reader = reader(&writer, Start::Now);
    let refused = |result: Result<_, WriteError>| result.unwrap_err().to_string();
    assert_eq!(
        refused(writer.write(Time::ZERO, &[0.0; 10])),
        "block for ring `mic` is too large (10 values), at most 8 are allowed; write several"
    );
    assert_eq!(
        refused(writer.write(Time::ZERO, &[0.0; 7])),
        "block for ring `mic` ends within a frame (7 values), a frame has 2"
    );
    assert_eq!(writer.ring().published(), 0);
    write(&mut writer, 1);
    let small = ReadError::TooSmall { ring: "mic".into(), given: 7, needed: 8 };
    assert_eq!(reader.read(&mut [0.0; 7]), Err(small));
    assert_eq!(numbers(&mut reader), [0]);
}

#[test]
fn a_ring_is_read_as_what_it_carries_by_as_many_as_there_are_seats() {
    let writer = audio(4);
    let other = writer.ring().reader::<i16>("test", Start::Now).unwrap_err();
    assert_eq!(other.to_string(), "ring `mic` carries f32, not i16; read it as f32");
    let mut readers: Vec<_> = (0..RING_READERS_MAX).map(|_| reader(&writer, Start::Now)).collect();
    let full = writer.ring().reader::<f32>("test", Start::Now).unwrap_err();
    assert_eq!(full.to_string(), "ring `mic` has 32 readers already, more are not allowed; end one of them");
    readers.pop();
    assert!(writer.ring().reader::<f32>("test", Start::Now).is_ok());
    let name = Ring::create("My Mic", &RingSpec::<f32>::audio(AUDIO, 2), 1).unwrap_err();
    assert_eq!(
        name.to_string(),
        "`My Mic` is not a name for a ring; use 1 to 64 of the characters a-z, 0-9, _ and /"
    );
    assert!(matches!(writer.ring().given_seat(32), Err(RingError::Seat { given: 32, .. })));
}

#[test]
fn every_sleeping_reader_is_woken_for_every_block_by_writer_and_by_helper() {
    for waking in [Waking::ByWriter, Waking::ByHelper] {
        let spec = RingSpec::audio(AudioShape { frames_per_block: 32, ..AUDIO }, 1024).waking(waking);
        let mut writer = Ring::create("mic", &spec, 1).unwrap();
        let listen = || {
            let mut reader = writer.ring().reader::<f32>("listener", Start::Now).unwrap();
            std::thread::spawn(move || {
                let mut values = [0.0; 64];
                (0..300_u16).for_each(|n| {
                    let block = reader.read_within(WATCHDOG, &mut values).unwrap().unwrap();
                    assert_eq!((block.number, values), (u64::from(n), [f32::from(n); 64]));
                });
            })
        };
        let listeners = [listen(), listen(), listen()];
        for n in 0..300_u16 {
            // Now and then all of them have fallen asleep, now and then none has.
            while n % 3 == 0 && writer.ring().memory.bell().sleepers().count_ones() < 3 {
                std::thread::yield_now();
            }
            writer.write(Time::ZERO, &[f32::from(n); 64]).unwrap();
        }
        listeners.into_iter().for_each(|listener| listener.join().unwrap());
    }
}

#[test]
fn a_reader_that_sleeps_is_woken_by_the_end_of_the_ring() {
    for waking in [Waking::ByWriter, Waking::ByHelper] {
        let writer = Ring::create("mic", &RingSpec::<f32>::audio(AUDIO, 4).waking(waking), 1).unwrap();
        let mut reader = reader(&writer, Start::Now);
        let ring = Arc::clone(writer.ring());
        let waiting = std::thread::spawn(move || reader.wait(WATCHDOG));
        while ring.memory.bell().sleepers() == 0 {
            std::thread::yield_now();
        }
        drop(writer);
        assert_eq!(waiting.join().unwrap(), Err(ReadError::Ended { ring: "mic".into() }));
    }
}

#[test]
fn a_reader_waits_no_shorter_than_it_was_asked_to() {
    let writer = audio(4);
    let mut reader = reader(&writer, Start::Now);
    let (clock, wait) = (Clock::monotonic(), Duration::from_millis(20));
    let before = clock.now();
    assert!(!reader.wait(wait).unwrap());
    assert!(clock.now().since(before) >= wait);
    assert_eq!(writer.ring().memory.bell().sleepers(), 0, "it is awake");
}

#[test]
fn a_reader_that_races_the_writer_takes_no_torn_block_and_its_account_is_exact() {
    // Of two blocks one is always being written: half of what is read is overwritten meanwhile.
    let mut writer = Ring::create("mic", &RingSpec::<u64>::values(2000, 2), 1).unwrap();
    let mut reader = writer.ring().reader::<u64>("test", Start::Now).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let writing = {
        let done = Arc::clone(&done);
        std::thread::spawn(move || {
            // Relaxed: nothing else is told by it.
            for number in (0..).take_while(|_| !done.load(Ordering::Relaxed)) {
                assert_eq!(writer.write(Time::ZERO, &[number; 2000]).unwrap().block, number);
            }
            writer
        })
    };
    let (mut values, mut read, mut lapped) = ([0; 2000], 0, 0);
    while read < 100 || lapped < 100 {
        match reader.read(&mut values) {
            Ok(Some(block)) => {
                assert!(values == [block.number; 2000], "a torn block");
                read += 1;
            }
            Ok(None) => {}
            Err(ReadError::Lapped { .. }) => lapped += 1,
            Err(error) => panic!("{error}"),
        }
    }
    done.store(true, Ordering::Relaxed);
    let writer = writing.join().unwrap();
    while reader.counts().ahead > 0 {
        let _ = reader.read(&mut values);
    }
    let counts = reader.counts();
    assert_eq!(counts.read + counts.lapped, writer.ring().published());
}

#[test]
fn a_new_writer_replaces_the_ring_with_the_next_generation() {
    let rings = Rings::new(Clock::simulated());
    let place = rings.claim::<f32>("mic", &"ears".into()).unwrap();
    let spec = RingSpec::audio(AUDIO, 4).waking(Waking::ByHelper);
    assert_eq!(
        rings.get("mic").unwrap_err(),
        "ring `mic` has no writer now; it is opened when the node that writes it is activated"
    );
    let mut first = place.create(&spec).unwrap();
    let mut reader = rings.get("mic").unwrap().reader::<f32>("test", Start::Now).unwrap();
    write(&mut first, 1);
    let second = place.create(&spec).unwrap();
    assert_eq!((first.ring().generation(), second.ring().generation()), (1, 2));
    assert_eq!(numbers_until_error(&mut reader), (vec![0], ReadError::Replaced { ring: "mic".into() }));
    drop(second);
    let status = &rings.status()[0];
    assert_eq!((status.open, status.generation, status.writer.as_deref()), (false, 2, Some("ears")));
}

fn numbers_until_error(reader: &mut RingReader<f32>) -> (Vec<u64>, ReadError) {
    let (mut values, mut numbers) = ([0.0; 8], Vec::new());
    loop {
        match reader.read(&mut values) {
            Ok(block) => numbers.push(block.expect("a block or an end").number),
            Err(error) => return (numbers, error),
        }
    }
}

#[test]
fn a_second_writer_or_another_type_of_one_ring_is_refused_by_name() {
    let rings = Rings::new(Clock::simulated());
    rings.claim::<f32>("mic", &"ears".into()).unwrap();
    rings.claim::<f32>("mic", &"ears".into()).unwrap();
    assert_eq!(
        rings.claim::<f32>("mic", &"mouth".into()).unwrap_err().to_string(),
        "ring `mic` is written by node `ears`; a ring has one writer, give this one another name"
    );
    assert_eq!(
        rings.declare_reader::<i16>("mic", &"mouth".into()).unwrap_err().to_string(),
        "ring `mic` carries f32 elsewhere, not i16; declare the same type everywhere"
    );
    assert_eq!(rings.get("mik").unwrap_err(), "unknown ring `mik`, did you mean `mic`?; known rings are mic");
}

fn open(writer: &RingWriter<f32>, name: &str, life: OwnedFd) -> Result<Arc<Ring>, RingError> {
    let handles = writer.ring().handles().map(|handle| handle.try_clone_to_owned().unwrap());
    Ring::open(name, handles, life)
}

#[test]
fn a_ring_that_is_handed_over_is_read_and_the_end_of_its_process_is_noticed() {
    let mut writer = audio(4);
    let (theirs, life) = UnixStream::pair().unwrap();
    let seat = writer.ring().seat("tool").unwrap();
    let ring = open(&writer, "mic", life.into()).unwrap();
    assert_eq!(ring.carries(), &Carries::Audio(AUDIO));
    let mut reader = RingReader::<f32>::new(ring.given_seat(seat.index()).unwrap(), Start::Now).unwrap();
    write(&mut writer, 1);
    assert_eq!(numbers(&mut reader), [0]);
    let status = writer.ring().status();
    assert_eq!((&*status.readers[0].name, status.readers[0].read), ("tool", 1));
    drop(theirs);
    assert_eq!(reader.wait(WATCHDOG), Err(ReadError::Ended { ring: "mic".into() }));
    drop(reader);
    assert_eq!(writer.ring().status().readers.len(), 1, "the seat is given back by who has taken it");
    drop(seat);
    assert!(writer.ring().status().readers.is_empty());
    let other = open(&writer, "camera", OwnedFd::from(UnixStream::pair().unwrap().0)).unwrap_err();
    assert_eq!(other.to_string(), "ring `camera`: the mapping is of another ring");
}

#[test]
fn each_kind_of_content_is_read_back_from_the_header() {
    let picture = PictureShape { width: 8, height: 4, channels: 3, every: Duration::from_millis(33) };
    let writer = Ring::create("eye", &RingSpec::<u8>::pictures(picture, 3), 1).unwrap();
    assert_eq!(writer.ring().carries(), &Carries::Pictures(picture));
    assert_eq!((writer.ring().block_values(), writer.ring().element()), (96, "u8"));
    let writer = Ring::create("log", &RingSpec::<u64>::values(5, 3), 9).unwrap();
    assert_eq!((writer.ring().carries(), writer.ring().generation()), (&Carries::Values, 9));
    let part = AudioShape { channels: 0, ..AUDIO };
    assert!(Ring::create("mic", &RingSpec::<f32>::audio(part, 2), 1).is_err());
    let part = AudioShape { rate_hz: 0, ..AUDIO };
    assert_eq!(
        Ring::create("mic", &RingSpec::<f32>::audio(part, 2), 1).unwrap_err().to_string(),
        "ring `mic`: what it carries is unknown or impossible (kind 2); rates, sizes and channels are at least 1"
    );
}
