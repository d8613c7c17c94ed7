//! One message at a time: how long from `publish` to the callback.
//!
//! ```text
//!  sender's core                                     receiver's core
//!    waits until the message before has arrived ◄─────┐
//!    pauses, makes the payload, reads the clock       │
//!    sends ─────────────── the subject ───────────► reads the clock first of all
//!                                                     checks the payload, keeps the time, says so
//! ```

use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crossbeam_utils::CachePadded;
use nevil_sys::alloc::thread_allocations;

use crate::machine::Near;
use crate::measure::{Ends, ROUND_MAX, Told, Unmeasured, now_ns, pin, tell};
use crate::payload::{Fill, Payload};

/// From when to when a message is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timed {
    /// From just before it is sent, when it is complete, to the first thing that the receiver does with it.
    Delivery,
    /// From before it is made to after it was read as a whole.
    WrittenToRead,
}

/// What a round of messages one at a time looks like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paced {
    /// Bytes of a payload.
    pub(crate) bytes: usize,
    pub(crate) fill: Fill,
    pub(crate) timed: Timed,
    /// Messages that count.
    pub(crate) messages: u64,
    /// Messages before them, which do not.
    pub(crate) warm_up: u64,
    /// Between the arrival of a message and the next one, at least; at most a quarter more, so that the rounds of a
    /// spinning receiver and the sender's do not fall into step.
    pub(crate) pause_ns: u64,
    pub(crate) near: Near,
}

#[derive(Debug, Default)]
struct Exchange {
    /// Messages that have arrived.
    arrived: CachePadded<AtomicU64>,
    is_listening: AtomicBool,
    /// Whether nothing more will be sent.
    is_over: AtomicBool,
}

/// The ends of one round.
pub(crate) fn ends(paced: Paced) -> (PacedSender, PacedReceiver, Receiver<Told>) {
    let exchange = Arc::<Exchange>::default();
    let (tell, told) = channel();
    let times_ns = Vec::with_capacity(usize::try_from(paced.messages).unwrap_or(0));
    let sender = PacedSender { paced, exchange: Arc::clone(&exchange), told: tell.clone() };
    let receiver =
        PacedReceiver { paced, exchange, times_ns, expected: 0, wrong: 0, allocations: 0, told: tell };
    (sender, receiver, told)
}

/// Runs the two ends of a peer on the near cores, each on a thread of its own.
///
/// # Errors
///
/// [`Unmeasured::Failed`] by [`Ends::wait_for`], or if a thread cannot be pinned.
pub(crate) fn run_peer(
    paced: Paced,
    send: impl FnOnce(PacedSender) -> Result<(), Unmeasured> + Send,
    receive: impl FnOnce(PacedReceiver) -> Result<(), Unmeasured> + Send,
) -> Result<Ends, Unmeasured> {
    let (sender, receiver, told) = ends(paced);
    thread::scope(|scope| {
        let receiving = scope.spawn(move || pin(&[paced.near.receive]).and_then(|()| receive(receiver)));
        let sending = scope.spawn(move || pin(&[paced.near.send]).and_then(|()| send(sender)));
        let ends = Ends::wait_for(&told, paced.messages);
        for end in [sending, receiving] {
            end.join().map_err(|_| Unmeasured::Failed("a thread panicked".to_owned()))??;
        }
        ends
    })
}

/// The sending end.
#[derive(Debug)]
pub(crate) struct PacedSender {
    paced: Paced,
    exchange: Arc<Exchange>,
    told: Sender<Told>,
}

impl PacedSender {
    pub(crate) const fn paced(&self) -> Paced {
        self.paced
    }

    /// Hands all payloads to `send`, each after the one before has arrived. `send` returns the messages that it could
    /// not get rid of.
    pub(crate) fn run<P: Payload>(self, mut send: impl FnMut(P) -> u64) {
        let Paced { bytes, fill, timed, .. } = self.paced;
        self.run_stamped(|sequence| {
            let began = now_ns();
            let mut payload = P::make(sequence, bytes, fill);
            payload.set_stamp(if timed == Timed::WrittenToRead { began } else { now_ns() });
            send(payload)
        });
    }

    /// As [`Self::run`], for subjects that make and stamp their payloads themselves, where they lie.
    pub(crate) fn run_stamped(self, mut send: impl FnMut(u64) -> u64) {
        let mut allocations = 0;
        let mut dropped = 0;
        let total = self.paced.warm_up + self.paced.messages;
        // Acquire: pairs with `listen`.
        if !self.wait_until(|| self.exchange.is_listening.load(Ordering::Acquire)) {
            return;
        }
        for sequence in 0..total {
            self.pause(sequence);
            if sequence == self.paced.warm_up {
                allocations = thread_allocations();
            }
            dropped += send(sequence);
            // Acquire: pairs with the receiver's Release, although only the number matters.
            if !self.wait_until(|| self.exchange.arrived.load(Ordering::Acquire) > sequence) {
                return;
            }
        }
        tell(&self.told, Told::Sent { allocations: thread_allocations() - allocations, dropped });
    }

    fn pause(&self, sequence: u64) {
        // Any number that looks unordered will do; the word of a payload does.
        let more = crate::payload::word(sequence, 0) % (self.paced.pause_ns / 4).max(1);
        let until = now_ns() + self.paced.pause_ns + more;
        while now_ns() < until {
            hint::spin_loop();
        }
    }

    /// Spins until `is_so`; `false` if that takes longer than a round may.
    fn wait_until(&self, is_so: impl Fn() -> bool) -> bool {
        let mut began_ns = None;
        // The clock is read now and then only, so that the answer is seen at once.
        for spins in 1_u64.. {
            if is_so() {
                return true;
            }
            hint::spin_loop();
            if spins.is_multiple_of(1 << 20) {
                let now_ns = now_ns();
                if u128::from(now_ns - *began_ns.get_or_insert(now_ns)) > ROUND_MAX.as_nanos() {
                    break;
                }
            }
        }
        false
    }
}

impl Drop for PacedSender {
    fn drop(&mut self) {
        // Relaxed: a receiver that has all its messages does not ask, and another one gives up.
        self.exchange.is_over.store(true, Ordering::Relaxed);
    }
}

/// The receiving end.
#[derive(Debug)]
pub(crate) struct PacedReceiver {
    paced: Paced,
    exchange: Arc<Exchange>,
    times_ns: Vec<u64>,
    expected: u64,
    wrong: u64,
    allocations: u64,
    told: Sender<Told>,
}

impl PacedReceiver {
    pub(crate) const fn paced(&self) -> Paced {
        self.paced
    }

    /// Lets the sender begin: whatever connects the two ends is there.
    pub(crate) fn listen(&self) {
        // Release: the sender sees what was set up before.
        self.exchange.is_listening.store(true, Ordering::Release);
    }

    /// The callback.
    pub(crate) fn on<P: Payload>(&mut self, payload: &P) {
        let began_ns = now_ns();
        let is_intact = self.paced.fill == Fill::Header || payload.is_intact();
        self.arrived(began_ns, payload.sequence(), payload.stamp_ns(), is_intact);
    }

    /// As [`Self::on`], for payloads that are words in somebody else's memory.
    pub(crate) fn arrived(&mut self, began_ns: u64, sequence: u64, stamp_ns: u64, is_intact: bool) {
        let until_ns = match self.paced.timed {
            Timed::Delivery => began_ns,
            Timed::WrittenToRead => now_ns(),
        };
        self.wrong += u64::from(sequence != self.expected || !is_intact);
        if self.expected == self.paced.warm_up {
            self.allocations = thread_allocations();
        }
        if self.expected >= self.paced.warm_up {
            self.times_ns.push(until_ns.saturating_sub(stamp_ns));
        }
        self.expected += 1;
        if self.has_all() {
            let allocations = thread_allocations() - self.allocations;
            let times_ns = std::mem::take(&mut self.times_ns);
            tell(&self.told, Told::Received { times_ns, wrong: self.wrong, allocations });
        }
        // Release: pairs with the sender's Acquire.
        self.exchange.arrived.store(self.expected, Ordering::Release);
    }

    /// Whether nothing more comes: everything has arrived, or the sender has given up.
    pub(crate) fn is_done(&self) -> bool {
        // Relaxed: see the drop of the sender.
        self.has_all() || self.exchange.is_over.load(Ordering::Relaxed)
    }

    const fn has_all(&self) -> bool {
        self.expected == self.paced.warm_up + self.paced.messages
    }
}
