//! Rings under measurement: blocks of 20 ms of 48 kHz stereo, one at a time, to a reader in this process or in another.

use std::env;
use std::fs::File;
use std::hint;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use nevil_runtime::Time;
use nevil_runtime::ring::{AudioShape, Ring, RingReader, RingSpec, RingWriter, Start};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde::{Deserialize, Serialize};

use crate::machine::Near;
use crate::measure::{ROUND_MAX, RoundResult, Samples, Unmeasured, in_batches, now_ns, pin};
use crate::nevil::Wait;
use crate::paced::Paced;

/// 20 ms of 48 kHz stereo, one word a sample.
pub(crate) const BLOCK_WORDS: usize = 20 * 48 * 2;

/// The word by which the benchmark is told that it reads a ring of another process.
pub(crate) const WORD: &str = "ring-reader";

const SHAPE: AudioShape = AudioShape { rate_hz: 48_000, channels: 2, frames_per_block: 960 };

/// Blocks of the ring: 160 ms.
const BLOCKS: usize = 8;

const NAME: &str = "measured";

/// Where the reader of a ring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    SameProcess,
    OtherProcess,
}

/// What a reader does with its blocks.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Reading {
    core: usize,
    blocks: u64,
    waits: Waits,
}

/// How it waits for a block, and until when a block is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Waits {
    /// It looks again and again; until every sample was read in place and compared.
    Polling,
    /// It sleeps; until it has been woken.
    Sleeping,
}

/// What a reader found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Found {
    /// When each block was there.
    times_ns: Vec<u64>,
    /// Samples that were not what was written.
    wrong: u64,
}

/// The sample at `index` of block `block`, 1.0 to 2.0: cheap to make and to compare, so that the memory is what is timed.
pub(super) const fn sample(block: u64, index: usize) -> f32 {
    const ONE: u32 = 0x3f80_0000;
    const FRACTION: u32 = 0x007f_ffff;
    let number = (block as u32).wrapping_mul(31).wrapping_add(index as u32);
    f32::from_bits(ONE | (number & FRACTION))
}

/// How many of `values` are not those of block `block`.
pub(super) fn differences(block: u64, values: impl Iterator<Item = f32>) -> u64 {
    let differs = |(index, value): (usize, f32)| value.to_bits() != sample(block, index).to_bits();
    values.enumerate().map(|pair| u64::from(differs(pair))).sum()
}

/// One block at a time. Polled, a block is timed from the return of `write`, which leaves out what storing costs, to after
/// its last sample was compared; slept for, from before `write` to the return of `wait`.
pub(crate) fn delivery(paced: Paced, wait: Wait, place: Reader) -> RoundResult {
    let waits = if wait == Wait::Blocking { Waits::Sleeping } else { Waits::Polling };
    let blocks = paced.warm_up + paced.messages;
    let reading = Reading { core: paced.near.receive, blocks, waits };
    let writer =
        Ring::create(NAME, &RingSpec::<f32>::audio(SHAPE, BLOCKS), 1).map_err(Unmeasured::because)?;
    let (sent_ns, found) = match place {
        Reader::SameProcess => {
            let reader = writer.ring().reader("reader", Start::Now).map_err(Unmeasured::because)?;
            thread::scope(|scope| {
                let reading = scope.spawn(move || read(reader, reading));
                let sent = scope.spawn(move || write(writer, paced, waits)).join();
                (sent.map_err(|_| ()), reading.join().map_err(|_| ()))
            })
        }
        Reader::OtherProcess => {
            // Taken here, because the number is what the other process needs.
            let seat = writer.ring().seat("reader").map_err(Unmeasured::because)?;
            let other = Other::start(&writer, seat.index(), reading)?;
            let sent = thread::scope(|scope| scope.spawn(move || write(writer, paced, waits)).join());
            (sent.map_err(|_| ()), Ok(other.found()))
        }
    };
    let panicked = |()| Unmeasured::Failed("a thread panicked".to_owned());
    let (sent_ns, found) = (sent_ns.map_err(panicked)??, found.map_err(panicked)??);
    if found.wrong > 0 || found.times_ns.len() != sent_ns.len() {
        let (wrong, read) = (found.wrong, found.times_ns.len());
        return Err(Unmeasured::Failed(format!("{read} of {blocks} blocks read, {wrong} samples wrong")));
    }
    let took = |(sent_ns, found_ns): (&u64, u64)| found_ns.saturating_sub(*sent_ns) as f64;
    let values = sent_ns.iter().zip(found.times_ns).skip(warm_up(paced)).map(took).collect();
    Ok(Samples { values, dropped: 0 })
}

fn warm_up(paced: Paced) -> usize {
    usize::try_from(paced.warm_up).unwrap_or(usize::MAX)
}

/// Writes all blocks, each after the one before was read.
fn write(mut writer: RingWriter<f32>, paced: Paced, waits: Waits) -> Result<Vec<u64>, Unmeasured> {
    pin(&[paced.near.send])?;
    let mut times_ns = Vec::new();
    for block in 0..paced.warm_up + paced.messages {
        let values: Vec<f32> = (0..BLOCK_WORDS).map(|index| sample(block, index)).collect();
        let until_ns = now_ns() + paced.pause_ns;
        while now_ns() < until_ns {
            hint::spin_loop();
        }
        let before_ns = now_ns();
        writer.write(Time::from_ns(before_ns), &values).map_err(Unmeasured::because)?;
        times_ns.push(if waits == Waits::Polling { now_ns() } else { before_ns });
        let give_up_ns = before_ns + u64::try_from(ROUND_MAX.as_nanos()).unwrap_or(u64::MAX);
        while writer.ring().status().readers.iter().any(|reader| reader.next <= block) {
            if now_ns() > give_up_ns {
                return Err(Unmeasured::Failed(format!("block {block} was not read within {ROUND_MAX:?}")));
            }
        }
    }
    Ok(times_ns)
}

/// Reads all blocks.
fn read(mut reader: RingReader<f32>, reading: Reading) -> Result<Found, Unmeasured> {
    pin(&[reading.core])?;
    let mut found = Found::default();
    for block in 0..reading.blocks {
        if reading.waits == Waits::Sleeping {
            while !reader.wait(Duration::from_secs(1)).map_err(Unmeasured::because)? {}
            found.times_ns.push(now_ns());
        }
        while reader.counts().ahead == 0 {
            hint::spin_loop();
        }
        let view = reader.view().map_err(Unmeasured::because)?;
        let view = view.ok_or_else(|| Unmeasured::because("a block was published and is not there"))?;
        found.wrong += differences(block, view.values());
        if reading.waits == Waits::Polling {
            found.times_ns.push(now_ns());
        }
        view.finish().map_err(Unmeasured::because)?;
    }
    Ok(found)
}

/// The other process.
struct Other {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Other {
    /// Starts it, and waits until it is about to read.
    fn start(writer: &RingWriter<f32>, seat: usize, reading: Reading) -> Result<Self, Unmeasured> {
        let [blocks, cursors] = writer.ring().handles().map(|handle| handle.as_raw_fd().to_string());
        let reading = serde_json::to_string(&reading).map_err(Unmeasured::because)?;
        let program = env::current_exe().map_err(Unmeasured::because)?;
        let mut child = Command::new(program)
            .args([WORD, &std::process::id().to_string(), &blocks, &cursors, &seat.to_string(), &reading])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Unmeasured::because)?;
        let stdout = child.stdout.take().ok_or_else(|| Unmeasured::because("no pipe"))?;
        let mut stdout = BufReader::new(stdout);
        let mut ready = String::new();
        stdout.read_line(&mut ready).map_err(Unmeasured::because)?;
        if ready.is_empty() {
            return Err(Unmeasured::because("the other process has ended before it read"));
        }
        Ok(Self { child, stdout })
    }

    fn found(mut self) -> Result<Found, Unmeasured> {
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).map_err(Unmeasured::because)?;
        self.child.wait().map_err(Unmeasured::because)?;
        serde_json::from_str(&text).map_err(|_| Unmeasured::Failed(format!("the other process said: {text}")))
    }
}

/// The other process: opens the ring through the handles of the first one, and reads.
///
/// # Errors
///
/// [`Unmeasured::Failed`] if the ring cannot be opened or read.
pub(crate) fn be_other(words: &[String]) -> Result<String, Unmeasured> {
    let [parent, blocks, cursors, seat, reading] = words else {
        return Err(Unmeasured::because("five words are needed"));
    };
    let handle = |number: &str| -> Result<OwnedFd, Unmeasured> {
        let path = format!("/proc/{parent}/fd/{number}");
        Ok(File::options()
            .read(true)
            .write(number == cursors)
            .open(path)
            .map_err(Unmeasured::because)?
            .into())
    };
    let pid = parent.parse().ok().and_then(Pid::from_raw).ok_or_else(|| Unmeasured::because("no process"))?;
    let life = pidfd_open(pid, PidfdFlags::empty()).map_err(Unmeasured::because)?;
    let ring = Ring::open(NAME, [handle(blocks)?, handle(cursors)?], life).map_err(Unmeasured::because)?;
    let seat = ring.given_seat(seat.parse().map_err(Unmeasured::because)?).map_err(Unmeasured::because)?;
    let reader = RingReader::new(seat, Start::Now).map_err(Unmeasured::because)?;
    let reading = serde_json::from_str(reading).map_err(Unmeasured::because)?;
    println!("ready");
    serde_json::to_string(&read(reader, reading)?).map_err(Unmeasured::because)
}

/// What storing one block costs the writer while `readers` of the same process poll, on all cores but the writer's.
pub(crate) fn store(near: Near, batches: u64, readers: usize) -> RoundResult {
    let mut writer =
        Ring::create(NAME, &RingSpec::<f32>::audio(SHAPE, BLOCKS), 1).map_err(Unmeasured::because)?;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut polling = Vec::new();
    for index in 0..readers {
        let reader =
            writer.ring().reader(&format!("reader_{index}"), Start::Now).map_err(Unmeasured::because)?;
        polling.push(poll(reader, near.receive, Arc::clone(&is_over)));
    }
    let values: Vec<f32> = (0..BLOCK_WORDS).map(|index| sample(0, index)).collect();
    let samples = thread::scope(|scope| {
        let measure = || {
            pin(&[near.send])?;
            // Only what is too large is refused.
            Ok(in_batches(1, batches, |_| drop(writer.write(Time::ZERO, &values))))
        };
        scope.spawn(measure).join().map_err(|_| Unmeasured::Failed("the writer panicked".to_owned()))?
    });
    is_over.store(true, Ordering::Relaxed);
    for reader in polling {
        reader.join().map_err(|_| Unmeasured::Failed("a reader panicked".to_owned()))??;
    }
    samples
}

/// Reads whatever there is, again and again. A writer that does not wait laps everybody now and then.
fn poll(
    mut reader: RingReader<f32>,
    core: usize,
    is_over: Arc<AtomicBool>,
) -> thread::JoinHandle<Result<(), Unmeasured>> {
    thread::spawn(move || {
        pin(&[core])?;
        let mut values = vec![0.0; BLOCK_WORDS];
        while !is_over.load(Ordering::Relaxed) {
            // Lapped: it goes on with a later block.
            hint::black_box(reader.read(&mut values).is_ok());
        }
        Ok(())
    })
}

/// A store while a reader sleeps: the system call that wakes it is in it.
pub(crate) fn wake(near: Near, batches: u64) -> RoundResult {
    let mut writer =
        Ring::create(NAME, &RingSpec::<f32>::audio(SHAPE, BLOCKS), 1).map_err(Unmeasured::because)?;
    let mut reader = writer.ring().reader("reader", Start::Now).map_err(Unmeasured::because)?;
    let values: Vec<f32> = (0..BLOCK_WORDS).map(|index| sample(0, index)).collect();
    thread::scope(|scope| {
        let reading = scope.spawn(move || {
            pin(&[near.receive])?;
            let mut values = vec![0.0; BLOCK_WORDS];
            for _ in 0..batches {
                while !reader.wait(Duration::from_secs(1)).map_err(Unmeasured::because)? {}
                reader.read(&mut values).map_err(Unmeasured::because)?;
            }
            Ok::<_, Unmeasured>(())
        });
        let writing = scope.spawn(move || {
            pin(&[near.send])?;
            let mut once = |_| {
                while !writer.ring().status().readers.iter().all(|reader| reader.waiting) {
                    hint::spin_loop();
                }
                // It has said that it is about to sleep; now it does.
                let until_ns = now_ns() + 20_000;
                while now_ns() < until_ns {
                    hint::spin_loop();
                }
                let began_ns = now_ns();
                drop(writer.write(Time::ZERO, &values));
                (now_ns() - began_ns) as f64
            };
            Ok(Samples { values: (0..batches).map(&mut once).collect(), dropped: 0 })
        });
        let samples = writing.join().map_err(|_| Unmeasured::Failed("the writer panicked".to_owned()))?;
        reading.join().map_err(|_| Unmeasured::Failed("the reader panicked".to_owned()))??;
        samples
    })
}
