//! A ring between processes, and a writer that ends in every way there is.
//!
//! The writer is played by this very program, started again with its part in its environment. It hands its ring over
//! through its standard input, a socket whose closing is the sign of its death:
//!
//! ```text
//!  test ◄══ socket: name, seat, two handles ══ writer
//! ```
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::env;
use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nevil_runtime::Time;
use nevil_runtime::ring::{AudioShape, PictureShape, ReadError, Ring, RingReader, RingSpec, Start, Waking};
use nevil_sys::os;
use rustix::process::{Pid, Signal, kill_process};

const PART: &str = "NEVIL_RING_TEST_PART";
const WATCHDOG: Duration = Duration::from_secs(60);
const VALUES: usize = 2000;

/// Rounds of a writer that is killed.
const KILLS: u32 = 30;

#[test]
fn plays_the_part_that_another_test_gives_it() {
    let Ok(part) = env::var(PART) else { return };
    let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned().unwrap());
    if part == "reader" {
        return sleep_for_ever(&stream);
    }
    let waking = if part == "helper" { Waking::ByHelper } else { Waking::ByWriter };
    let every = Duration::from_millis(2);
    let shape = PictureShape { width: 20, height: 50, channels: 2, every };
    let spec = RingSpec::<u32>::pictures(shape, if part == "fast" { 3 } else { 64 }).waking(waking);
    let mut writer = Ring::create("eye", &spec, 1).unwrap();
    let seat = writer.ring().seat("test").unwrap();
    let handles = writer.ring().handles();
    os::send_with_handles(&stream, &[u8::try_from(seat.index()).unwrap()], &handles).unwrap();
    let mut values = [0; VALUES];
    for number in 0_u32.. {
        values.fill(number);
        writer.write(Time::from_ns(number.into()), &values).unwrap();
        match &*part {
            // As fast as it can: the reader is lapped all the time, and the kill comes in the middle of a block.
            "fast" => {}
            "ends" if number == 9 => break,
            // The test asks for each block, so that it is asleep, or is not, when the block comes.
            _ => {
                if (&stream).read(&mut [0]).unwrap() == 0 {
                    break;
                }
            }
        }
    }
    // The writer ends its ring; the stream stays open until the test has let go of it.
    drop(writer);
    let _ = (&stream).read(&mut [0]);
}

/// Waits for a block of the ring that comes through `stream`.
fn sleep_for_ever(stream: &UnixStream) {
    let mut seat = [0];
    let (_, handles) = os::receive_with_handles(stream, &mut seat).unwrap();
    let ring = Ring::open("mic", handles.try_into().unwrap(), stream.try_clone().unwrap().into()).unwrap();
    let mut reader = RingReader::<f32>::new(ring.given_seat(seat[0].into()).unwrap(), Start::Now).unwrap();
    let _ = reader.wait(WATCHDOG);
}

/// Starts this program again to play `part`, and gives it the other end of a socket.
fn start(part: &str) -> (Child, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(WATCHDOG)).unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "plays_the_part_that_another_test_gives_it", "--test-threads=1"]);
    command.env(PART, part).stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
    (command.spawn().unwrap(), ours)
}

/// A writer process, and a reader of its ring.
struct Writer {
    child: Child,
    stream: UnixStream,
    reader: RingReader<u32>,
}

impl Writer {
    fn start(part: &str) -> Self {
        let (child, ours) = start(part);
        let mut seat = [0];
        let (bytes, handles) = os::receive_with_handles(&ours, &mut seat).unwrap();
        assert_eq!(bytes, 1, "the writer has sent its ring");
        let life = OwnedFd::from(ours.try_clone().unwrap());
        let ring = Ring::open("eye", handles.try_into().unwrap(), life).unwrap();
        let seat = ring.given_seat(seat[0].into()).unwrap();
        Self { child, stream: ours, reader: RingReader::new(seat, Start::Oldest).unwrap() }
    }

    fn kill(&self) {
        kill_process(Pid::from_child(&self.child), Signal::KILL).unwrap();
    }

    /// Lets the writer write one more block.
    fn ask(&self) {
        io::Write::write_all(&mut &self.stream, b"x").unwrap();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads until the ring ends; each block is whole. Returns how many were read.
fn read_to_the_end(reader: &mut RingReader<u32>, mut after: impl FnMut(u64)) -> u64 {
    let (mut values, mut read) = ([0; VALUES], 0);
    loop {
        match reader.read_within(WATCHDOG, &mut values) {
            Ok(Some(block)) => {
                let number = u32::try_from(block.number).unwrap();
                assert_eq!(block.captured, Time::from_ns(block.number));
                assert!(values.iter().all(|value| *value == number), "block {number} is torn");
                read += 1;
                after(read);
            }
            Ok(None) => panic!("nothing was heard of the writer"),
            Err(ReadError::Lapped { .. }) => {}
            Err(ReadError::Ended { .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
    let counts = reader.counts();
    assert_eq!(counts.first + counts.read + counts.lapped, reader.ring().published(), "{counts:?}");
    read
}

#[test]
fn each_block_of_another_process_is_read_whole_and_its_end_is_told() {
    let mut writer = Writer::start("ends");
    for _ in 0..9 {
        writer.ask();
    }
    assert_eq!(read_to_the_end(&mut writer.reader, |_| ()), 10);
}

#[test]
fn a_reader_in_another_process_is_woken_for_each_block_by_writer_and_by_helper() {
    for part in ["writer", "helper"] {
        let mut writer = Writer::start(part);
        let mut values = [0; VALUES];
        for number in 0..200_u64 {
            let block = writer.reader.read_within(WATCHDOG, &mut values).unwrap().unwrap();
            assert_eq!((block.number, values[VALUES - 1]), (number, u32::try_from(number).unwrap()));
            writer.ask();
        }
    }
}

#[test]
fn a_writer_that_is_killed_at_any_moment_leaves_whole_blocks_and_no_reader_waiting() {
    for round in 0..KILLS {
        let mut writer = Writer::start("fast");
        // Another number of blocks in each round, so that the kill comes at another moment.
        let wanted = u64::from(round.wrapping_mul(2_654_435_761) >> 26);
        let mut values = [0; VALUES];
        let mut read = 0;
        while read < wanted {
            match writer.reader.read_within(WATCHDOG, &mut values) {
                Ok(Some(block)) => {
                    assert_eq!(values, [u32::try_from(block.number).unwrap(); VALUES], "a torn block");
                    read += 1;
                }
                Err(ReadError::Lapped { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
        writer.kill();
        read_to_the_end(&mut writer.reader, |_| ());
    }
}

#[test]
fn a_reader_asleep_is_told_of_the_death_of_the_writers_process() {
    for part in ["writer", "helper"] {
        let mut writer = Writer::start(part);
        let mut values = [0; VALUES];
        writer.reader.read_within(WATCHDOG, &mut values).unwrap().unwrap();
        let child = Pid::from_child(&writer.child);
        let waiting = std::thread::spawn(move || (writer.reader.wait(WATCHDOG), writer));
        // Asleep or not yet: it is told all the same.
        kill_process(child, Signal::KILL).unwrap();
        let (told, _writer) = waiting.join().unwrap();
        assert_eq!(told, Err(ReadError::Ended { ring: "eye".into() }));
    }
}

#[test]
fn readers_that_never_read_or_are_killed_disturb_nobody() {
    let shape = AudioShape { rate_hz: 16_000, channels: 1, frames_per_block: 16 };
    let mut writer = Ring::create("mic", &RingSpec::<f32>::audio(shape, 4), 1).unwrap();
    let mut reader = writer.ring().reader::<f32>("awake", Start::Now).unwrap();
    let _idle = writer.ring().reader::<f32>("idle", Start::Now).unwrap();
    let (mut child, stream) = start("reader");
    let seat = writer.ring().seat("killed").unwrap();
    let handles = writer.ring().handles();
    os::send_with_handles(&stream, &[u8::try_from(seat.index()).unwrap()], &handles).unwrap();
    let is_asleep =
        |who: &str| writer.ring().status().readers.iter().any(|reader| reader.name == who && reader.waiting);
    while !is_asleep("killed") {
        assert!(child.try_wait().unwrap().is_none(), "the reader has ended");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_asleep("killed"), "what it has left behind");
    let mut values = [0.0; 16];
    for number in 0..100 {
        writer.write(Time::ZERO, &[0.0; 16]).unwrap();
        assert_eq!(reader.read_within(WATCHDOG, &mut values).unwrap().unwrap().number, number);
    }
    let status = writer.ring().status();
    let waiting: Vec<_> = status.readers.iter().map(|reader| (&*reader.name, reader.waiting)).collect();
    assert_eq!(waiting, [("awake", false), ("idle", false), ("killed", false)], "nobody is called again");
    drop(seat);
    assert_eq!(writer.ring().status().readers.len(), 2);
    assert_eq!(reader.counts().lapped, 0);
}

/// Rings that this process holds, by handle or by mapping.
fn held() -> (usize, usize) {
    let is_ring = |text: &str| text.contains("memfd:leftover");
    let handles =
        fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let handles = handles.filter(|target| is_ring(&target.to_string_lossy())).count();
    (handles, fs::read_to_string("/proc/self/maps").unwrap().lines().filter(|line| is_ring(line)).count())
}

#[test]
fn nothing_is_left_behind_when_a_ring_is_dropped_or_its_process_killed() {
    let files = || -> Vec<_> {
        let entries = fs::read_dir("/dev/shm").into_iter().flatten();
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter(|name| name.contains("eye") || name.contains("nevil") || name.contains("ring")).collect()
    };
    let before = files();
    let writer =
        Ring::create("leftover", &RingSpec::<f32>::values(100, 4).waking(Waking::ByHelper), 1).unwrap();
    let reader = writer.ring().reader::<f32>("test", Start::Now).unwrap();
    assert_eq!(held(), (2, 2), "two handles, two mappings");
    drop(writer);
    assert_eq!(held(), (2, 2), "the reader holds it");
    drop(reader);
    assert_eq!(held(), (0, 0));
    let killed = Writer::start("fast");
    killed.kill();
    drop(killed);
    assert_eq!(files(), before);
}
