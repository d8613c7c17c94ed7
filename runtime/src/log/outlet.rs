//! A queue in front of a slow output, and the thread that empties it.
//!
//! ```text
//!  any thread ── number ─► slot of the pool ─► lane ──► writer thread ─► output
//!                  │            │ none free      │ full: the oldest
//!                  │            └──────► lost ◄──┘          (the writer says where, and how many)
//!                  └ when all is quiet: offered = written + lost
//! ```
//! A thread that offers an entry never waits: the number, the slot and the lane's place are one step each, and the
//! writer is woken (one swap, and a system call only if it sleeps). The writer alone feels a blocked output.
//!
//! The writer takes *everything* out of the lane at once and sorts it by number. It reads the last number given before
//! it does so and keeps back what has a later one: an entry of that kind may have been taken while an earlier one of
//! the same thread was missed. Thus each thread's entries are written in their order, and a thread that is preempted
//! between number and lane delays nobody else's.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, SystemTime};

use nevil_sys::mem::{Lane, Pool, Pushed, Shared};
use nevil_sys::os;

use crate::limits;
use crate::log::Flushed;
use crate::log::tail::{LogLevel, LogTail};

/// Something that waits to be written, of fixed size.
pub(super) trait Entry: Send + Sync + 'static {
    /// What several of them are called in the line that tells of lost ones.
    const PLURAL: &'static str;
    /// Entries that exist at once.
    const RECORDS: usize;
    /// Entries that wait for the writer.
    const QUEUED_MAX: usize;

    /// How much it matters and who says it, where that is kept for tools.
    fn head(&self) -> Option<(LogLevel, &str)> {
        None
    }

    /// Appends the entry as a line. `wall_ns` is what must be added to `CLOCK_MONOTONIC` to get the wall clock's time.
    fn render(&self, wall_ns: i64, line: &mut Vec<u8>);
}

/// The writer's end: waits for it, and ends its thread when dropped.
pub(super) struct Outlet<E: Entry>(Arc<Inner<E>>);

/// The side where entries go in.
pub(super) struct Intake<E: Entry>(Arc<Inner<E>>);

struct Inner<E> {
    pool: Pool<Numbered<E>>,
    lane: Lane<Numbered<E>>,
    offered: AtomicU64,
    written: AtomicU64,
    lost: AtomicU64,
    sleeping: AtomicBool,
    ended: AtomicBool,
    writer: OnceLock<Thread>,
    flushes_asked: AtomicU64,
    flushes_done: Mutex<u64>,
    progress: Condvar,
}

struct Numbered<E> {
    number: u64,
    entry: E,
}

impl<E: Entry> Outlet<E> {
    /// Starts the thread `name` that writes to `out`, and adds to `tail` what has a head.
    pub(super) fn start(name: &str, out: Box<dyn Write + Send>, tail: LogTail) -> io::Result<Self> {
        let pool = Pool::new(E::RECORDS);
        let inner = Arc::new(Inner {
            lane: Lane::new(pool.clone(), E::QUEUED_MAX),
            pool,
            offered: AtomicU64::new(0),
            written: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            sleeping: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            writer: OnceLock::new(),
            flushes_asked: AtomicU64::new(0),
            flushes_done: Mutex::new(0),
            progress: Condvar::new(),
        });
        let writer = Writer {
            inner: Arc::clone(&inner),
            out,
            held: VecDeque::with_capacity(E::RECORDS),
            text: Vec::with_capacity(2 * limits::LOG_WRITE_BYTES),
            entries_in_text: 0,
            told: 0,
            tried_to_tell: 0,
            refused: 0,
            tail,
            told_in_tail: 0,
        };
        let thread = thread::Builder::new().name(name.to_owned()).stack_size(limits::LOG_STACK_BYTES);
        let handle = thread.spawn(move || writer.run())?;
        inner.writer.get_or_init(|| handle.thread().clone());
        Ok(Self(inner))
    }

    pub(super) fn intake(&self) -> Intake<E> {
        Intake(Arc::clone(&self.0))
    }

    pub(super) fn flush(&self, deadline: Duration) -> Flushed {
        let inner = &*self.0;
        // Relaxed: the caller sees at least what it offered itself.
        let offered = inner.offered.load(Ordering::Relaxed);
        // AcqRel: a pass that begins after this finds all that was put into the lane before this call. One that is under
        // way may have missed it: it does not count.
        let asked = inner.flushes_asked.fetch_add(1, Ordering::AcqRel) + 1;
        inner.unpark();
        let (done, _) = inner
            .progress
            .wait_timeout_while(inner.flushes_done(), deadline, |done| *done < asked)
            .unwrap_or_else(PoisonError::into_inner);
        if *done >= asked {
            return Flushed::All;
        }
        // Relaxed: three counts for people to read.
        let ended = inner.written.load(Ordering::Relaxed) + inner.lost.load(Ordering::Relaxed);
        Flushed::TimedOut { unwritten: offered.saturating_sub(ended) }
    }

    pub(super) fn lost(&self) -> u64 {
        // Relaxed: a count for people to read.
        self.0.lost.load(Ordering::Relaxed)
    }

    pub(super) fn written(&self) -> u64 {
        // Relaxed: a count for people to read.
        self.0.written.load(Ordering::Relaxed)
    }
}

impl<E: Entry> Drop for Outlet<E> {
    fn drop(&mut self) {
        // A blocked output may not hold up the end of the process; what is not written by then is lost with it.
        let _ = self.flush(limits::LOG_LAST_FLUSH);
        // Release: the writer that sees the end finds all that was offered before it.
        self.0.ended.store(true, Ordering::Release);
        self.0.unpark();
    }
}

impl<E: Entry> Intake<E> {
    /// Queues `entry`. Never waits and never allocates; what does not fit is counted.
    pub(super) fn offer(&self, entry: E) {
        let inner = &*self.0;
        // AcqRel: this thread's earlier entries are in the lane for a writer that has read a number after this one.
        let number = inner.offered.fetch_add(1, Ordering::AcqRel);
        // The slot's search begins anywhere: a remainder spreads the threads, whatever the width of the number.
        #[expect(clippy::cast_possible_truncation, reason = "below the number of slots")]
        let near = (number % E::RECORDS as u64) as usize;
        let queued = inner.pool.put(near, Numbered { number, entry });
        match queued.map(|entry| inner.lane.push_among_others(entry)) {
            Ok(Pushed::Queued) => {}
            // Relaxed: a count for people to read; the fence in `wake` orders it before the look at the sleeper.
            Ok(Pushed::Displaced(_) | Pushed::Full(_)) | Err(_) => {
                _ = inner.lost.fetch_add(1, Ordering::Relaxed)
            }
        }
        inner.wake();
    }
}

impl<E> Inner<E> {
    /// Wakes the writer if it said that it sleeps.
    fn wake(&self) {
        // SeqCst: pairs with the fence in `Writer::sleep`. Of the two, one sees what the other stored before its own
        // fence: either this thread sees the flag, or the writer sees the entry.
        fence(Ordering::SeqCst);
        // Relaxed: ordered by the fence. The first look spares the awake writer's flag a write from each entry.
        if self.sleeping.load(Ordering::Relaxed) && self.sleeping.swap(false, Ordering::Relaxed) {
            self.unpark();
        }
    }

    fn unpark(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }

    fn flushes_done(&self) -> MutexGuard<'_, u64> {
        // Only the writer and those who wait for it take this lock, and a number is whole after any panic.
        self.flushes_done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Writer<E> {
    inner: Arc<Inner<E>>,
    out: Box<dyn Write + Send>,
    held: VecDeque<Shared<Numbered<E>>>,
    text: Vec<u8>,
    entries_in_text: u64,
    /// Lost entries that a line has told of.
    told: u64,
    /// Lost entries that a line has told of or could not: a broken output is not tried again until something happens.
    tried_to_tell: u64,
    /// Entries among the lost ones that the output has refused: they are in the tail.
    refused: u64,
    tail: LogTail,
    /// Lost entries that the tail tells of.
    told_in_tail: u64,
}

impl<E: Entry> Writer<E> {
    fn run(mut self) {
        loop {
            // Acquire: see `Outlet::drop`; what was offered before the end is written by the pass below.
            let ended = self.inner.ended.load(Ordering::Acquire);
            self.pass();
            if ended {
                return;
            }
            if self.held.is_empty() {
                self.sleep();
            }
        }
    }

    /// Writes all that was in the lane when it began.
    fn pass(&mut self) {
        // Acquire: pairs with `Outlet::flush`.
        let asked = self.inner.flushes_asked.load(Ordering::Acquire);
        // Acquire: pairs with `Intake::offer`, see the head of this file.
        let upto = self.inner.offered.load(Ordering::Acquire);
        self.held.extend(self.inner.lane.sweep());
        self.held.make_contiguous().sort_unstable_by_key(|entry| entry.number);
        let wall_ns = wall_offset_ns();
        self.tell_of_losses();
        while self.held.front().is_some_and(|entry| entry.number < upto) {
            let Some(entry) = self.held.pop_front() else { break };
            let begin = self.text.len();
            entry.entry.render(wall_ns, &mut self.text);
            if let Some((level, name)) = entry.entry.head() {
                self.tail.push(Some(level), name, &self.text[begin..]);
            }
            self.entries_in_text += 1;
            drop(entry);
            if self.text.len() >= limits::LOG_WRITE_BYTES {
                self.write();
            }
        }
        self.write();
        *self.inner.flushes_done() = asked;
        self.inner.progress.notify_all();
    }

    /// Lost entries are older than all that were in the lane, and younger than all that were written.
    fn tell_of_losses(&mut self) {
        // Relaxed: a count for people to read.
        let lost = self.inner.lost.load(Ordering::Relaxed);
        let line = |count: u64| {
            format!("… {count} {} were lost here (the log is slower than the robot)\n", E::PLURAL)
        };
        if lost - self.refused > self.told_in_tail {
            self.tail.push(None, "", line(lost - self.refused - self.told_in_tail).as_bytes());
            self.told_in_tail = lost - self.refused;
        }
        if lost > self.told {
            let line = line(lost - self.told);
            self.text.extend_from_slice(line.as_bytes());
            if self.write() {
                self.told = lost;
            }
        }
        // Relaxed: as above; a failed write has added to it.
        self.tried_to_tell = self.inner.lost.load(Ordering::Relaxed);
    }

    fn write(&mut self) -> bool {
        if self.text.is_empty() {
            return true;
        }
        let result = self.out.write_all(&self.text).and_then(|()| self.out.flush());
        // What the output refuses is counted as lost, and its text is not tried again: parts of it may be out.
        let count = if result.is_ok() { &self.inner.written } else { &self.inner.lost };
        // Relaxed: a count for people to read.
        count.fetch_add(self.entries_in_text, Ordering::Relaxed);
        self.refused += if result.is_ok() { 0 } else { self.entries_in_text };
        self.text.clear();
        self.entries_in_text = 0;
        result.is_ok()
    }

    fn sleep(&mut self) {
        let inner = &*self.inner;
        // Relaxed: ordered by the fence.
        inner.sleeping.store(true, Ordering::Relaxed);
        // SeqCst: see `Inner::wake`.
        fence(Ordering::SeqCst);
        // Relaxed: ordered by the fence; whoever changes one of these later sees the flag, or unparks in any case.
        let lost = inner.lost.load(Ordering::Relaxed);
        let queued = inner.lane.len();
        if queued == 0 && lost == self.tried_to_tell && !inner.ended.load(Ordering::Relaxed) {
            thread::park();
        }
        inner.sleeping.store(false, Ordering::Relaxed);
    }
}

/// What must be added to `CLOCK_MONOTONIC` to get the wall clock's time. Asked for again in each pass, because a board
/// without a clock of its own learns the time only when its network is up.
fn wall_offset_ns() -> i64 {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let wall_ns = i64::try_from(wall.as_nanos()).unwrap_or(i64::MAX);
    wall_ns.saturating_sub_unsigned(os::monotonic_ns())
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::mpsc::{Sender, channel};
    use std::thread;
    use std::time::Duration;

    use super::{Entry, Flushed, LogTail, Outlet};

    const WATCHDOG: Duration = Duration::from_secs(60);

    struct Step {
        thread: u8,
        number: u32,
    }

    impl Entry for Step {
        const PLURAL: &'static str = "steps";
        const RECORDS: usize = 64;
        const QUEUED_MAX: usize = 24;

        fn render(&self, _wall_ns: i64, line: &mut Vec<u8>) {
            line.push(self.thread);
            line.extend_from_slice(&self.number.to_le_bytes());
        }
    }

    struct Told(Sender<Vec<u8>>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_sleeping_writer_is_woken_by_each_entry() {
        let (tell, told) = channel();
        let outlet = Outlet::start("steps", Box::new(Told(tell)), LogTail::default()).unwrap();
        let intake = outlet.intake();
        for number in 0..5_000 {
            intake.offer(Step { thread: 0, number });
            let text = told.recv_timeout(WATCHDOG).unwrap();
            assert_eq!(text[1..], number.to_le_bytes());
        }
    }

    #[test]
    fn entries_that_are_offered_while_the_writer_collects_stay_in_order() {
        const THREADS: u8 = 3;
        let (tell, told) = channel();
        let outlet = Outlet::start("steps", Box::new(Told(tell)), LogTail::default()).unwrap();
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let intake = outlet.intake();
                scope.spawn(move || (0..200_000).for_each(|number| intake.offer(Step { thread, number })));
            }
        });
        assert_eq!(outlet.flush(WATCHDOG), Flushed::All);
        let mut next = [0; THREADS as usize];
        let mut seen = 0;
        for text in told.try_iter().filter(|text| !text.starts_with("…".as_bytes())) {
            for step in text.chunks(5) {
                let (thread, number) = (usize::from(step[0]), step[1..].try_into().unwrap());
                let number = u32::from_le_bytes(number);
                assert!(number >= next[thread], "thread {thread}: {number} after {}", next[thread]);
                next[thread] = number + 1;
                seen += 1;
            }
        }
        assert_eq!(seen, outlet.written());
        assert_eq!(seen + outlet.lost(), u64::from(THREADS) * 200_000);
    }
}
