//! The thread that wakes readers of a writer that may only store.
//!
//! ```text
//!   nobody waits ──► sleeps on its word; a reader that goes to sleep calls it
//!   somebody does ─► looks when a block is due (`phase`), rings the bell when it has come
//! ```

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nevil_sys::mem::ring::RingMemory;
use nevil_sys::os;

use crate::clock::{Clock, Time};
use crate::limits::{RING_IDLE_BLOCKS, RING_LOOK_EVERY, RING_WAKER_STACK_BYTES};
use crate::ring::error::RingError;
use crate::ring::phase::{Found, Look, Phase};
use crate::ring::shared::Ring;
use crate::scheduling::{self, ThreadSpec};

/// The waker's word: it is awake, or will be by itself soon.
const AWAKE: u32 = 0;
/// It sleeps until it is called.
const ASLEEP: u32 = 1;

/// The thread that wakes the readers of a ring. Dropping it ends the thread.
#[derive(Debug)]
pub(super) struct Waker {
    ring: Arc<Ring>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Waker {
    pub(super) fn start(ring: &Arc<Ring>) -> Result<Self, RingError> {
        let stop = Arc::new(AtomicBool::new(false));
        let spawned = {
            let (ring, stop) = (Arc::clone(ring), Arc::clone(&stop));
            let builder = thread::Builder::new().name(thread_name(ring.name()));
            builder.stack_size(RING_WAKER_STACK_BYTES).spawn(move || {
                // Who makes it may be a node with a class and cores of its own, which it would inherit.
                let _ = scheduling::apply(&ThreadSpec::default(), ring.name());
                Looking::new(&ring, &stop).run();
            })
        };
        let failed = |source: io::Error| RingError::Waker { ring: Arc::clone(ring.name()), source };
        let thread = Some(spawned.map_err(failed)?);
        Ok(Self { ring: Arc::clone(ring), stop, thread })
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        // Release: the word below is set after it.
        self.stop.store(true, Ordering::Release);
        wake(self.ring.memory.waker_word());
        if let Some(thread) = self.thread.take() {
            // Its panic would be a bug of ours, which the panic hook has reported.
            let _ = thread.join();
        }
    }
}

/// Calls the waker of a ring, in whichever process, if it sleeps: a reader has announced that it will.
pub(super) fn call(memory: &RingMemory) {
    let word = memory.waker_word();
    // The reader has fenced when it announced itself: either it sees here that the waker sleeps, or that one sees it.
    if word.load(Ordering::Relaxed) == ASLEEP {
        wake(word);
    }
}

fn wake(word: &AtomicU32) {
    // Release: as the futex, for who finds the word changed without having slept.
    word.store(AWAKE, Ordering::Release);
    // The word is there, which is all that the call needs.
    let _ = os::wake_all(word);
}

/// `ring mic`, as long as the kernel allows.
fn thread_name(ring: &str) -> String {
    format!("ring {ring}").chars().take(crate::limits::THREAD_NAME_BYTES).collect()
}

struct Looking<'a> {
    ring: &'a Ring,
    stop: &'a AtomicBool,
    clock: Clock,
    phase: Phase,
    /// Blocks that were found so far.
    seen: u64,
    last_look: Time,
    /// Blocks since somebody has waited for one.
    idle: u32,
}

impl<'a> Looking<'a> {
    fn new(ring: &'a Ring, stop: &'a AtomicBool) -> Self {
        let (clock, phase) = (Clock::monotonic(), Phase::new(ring.carries().period()));
        let (seen, last_look) = (ring.published(), clock.now());
        Self { ring, stop, clock, phase, seen, last_look, idle: RING_IDLE_BLOCKS }
    }

    fn run(&mut self) {
        // Without it the looks come 50 µs late, and a core is kept busy by as much.
        let _ = os::sleep_punctually();
        // Acquire: see `Waker::drop`.
        while !self.stop.load(Ordering::Acquire) {
            if self.idle >= RING_IDLE_BLOCKS {
                self.sleep_until_called();
            }
            match self.phase.look(self.last_look) {
                Look::SleepUntil(until) => {
                    self.nap(until);
                    let last_look = self.last_look;
                    self.look(Found::AfterSleep { last_look });
                }
                Look::SpinUntil(until) => {
                    while self.last_look < until && !self.look(Found::Spinning) {
                        std::hint::spin_loop();
                    }
                }
            }
        }
    }

    /// Rings the bell if there is a block that nobody was woken for; says whether there was one.
    fn look(&mut self, found: Found) -> bool {
        let published = self.ring.published();
        let is_new = published != self.seen;
        if is_new {
            self.seen = published;
            if self.ring.memory.bell().is_needed() {
                self.ring.memory.wake_readers();
                self.idle = 0;
            } else {
                self.idle += 1;
            }
        }
        // After the call, which is what is waited for. A block that was waited for came right after the look before.
        let (before, now) = (self.last_look, self.clock.now());
        self.last_look = now;
        if is_new {
            self.phase.found(found, if found == Found::Spinning { before } else { now });
        }
        is_new
    }

    /// Sleeps until `until`; the end of the ring is noticed after it.
    fn nap(&self, until: Time) {
        let left = until.since(self.clock.now());
        if !left.is_zero() {
            // Nobody calls the word while it is so: a look too early does no harm.
            let _ = os::sleep_on(self.ring.memory.waker_word(), AWAKE, left);
        }
    }

    fn sleep_until_called(&mut self) {
        let memory = &self.ring.memory;
        let (word, bell) = (memory.waker_word(), memory.bell());
        // Acquire: see `Waker::drop`.
        while bell.sleepers() == 0 && !self.stop.load(Ordering::Acquire) {
            word.store(ASLEEP, Ordering::Relaxed);
            // SeqCst: see `call`.
            fence(Ordering::SeqCst);
            if bell.sleepers() == 0 && !self.stop.load(Ordering::Acquire) {
                // At most for so long: a reader may write anything into the word. Where it sleeps, the loop looks again.
                let _ = os::sleep_on(word, ASLEEP, RING_LOOK_EVERY * 10);
            }
        }
        word.store(AWAKE, Ordering::Relaxed);
        self.idle = 0;
        self.last_look = self.clock.now();
        self.phase.forget();
    }
}

const _: () = assert!(RING_LOOK_EVERY.as_nanos() < Duration::MAX.as_nanos() / 10);
