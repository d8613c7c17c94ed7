//! As many messages as will go: deliveries per second, to one receiver or several.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use crossbeam_utils::CachePadded;

use crate::machine::Near;
use crate::measure::{ROUND_MAX, RoundResult, Samples, Unmeasured, now_ns, pin};
use crate::payload::{Fill, Payload};

/// How often a receiver notes the time: often enough for the figure, and rarely enough to cost nothing.
const NOTE_EVERY: u64 = 64;

/// What a round of a flood looks like.
#[derive(Clone, Debug)]
pub(crate) struct Flood {
    /// Messages that are sent.
    pub(crate) messages: u64,
    /// Receivers that each get all of them.
    pub(crate) receivers: usize,
    pub(crate) near: Near,
    /// Cores of the receivers.
    pub(crate) receiver_cores: Vec<usize>,
}

/// Whether the clock is read as the runtime does: when a message is sent, and at begin and end of its callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamps {
    Taken,
    Left,
}

impl Stamps {
    /// The time, or 0 if nobody asks.
    pub(crate) fn stamp_ns(self) -> u64 {
        match self {
            Self::Taken => now_ns(),
            Self::Left => 0,
        }
    }
}

/// What the ends of a flood know of each other.
#[derive(Debug, Default)]
pub(crate) struct FloodCounts {
    began_ns: AtomicU64,
    /// Messages that the subject dropped, over all receivers.
    dropped: AtomicU64,
    /// Whether everything was sent.
    is_sent: AtomicBool,
    receivers: Vec<CachePadded<ReceiverCounts>>,
}

#[derive(Debug, Default)]
struct ReceiverCounts {
    received: AtomicU64,
    wrong: AtomicU64,
    last_ns: AtomicU64,
}

impl FloodCounts {
    pub(crate) fn new(receivers: usize) -> Arc<Self> {
        let receivers = (0..receivers).map(|_| CachePadded::default()).collect();
        Arc::new(Self { receivers, ..Self::default() })
    }

    /// Sends all messages with `send`, which returns how many receivers dropped one for it.
    pub(crate) fn send_all<P: Payload>(&self, messages: u64, mut send: impl FnMut(P) -> u64) {
        // Relaxed, here and below: read after the threads were joined, or after `is_sent`.
        self.began_ns.store(now_ns(), Ordering::Relaxed);
        let mut dropped = 0;
        for sequence in 0..messages {
            dropped += send(P::make(sequence, size_of::<P>(), Fill::Whole));
        }
        self.dropped.fetch_add(dropped, Ordering::Relaxed);
        // Release: whoever sees it sees the other counts.
        self.is_sent.store(true, Ordering::Release);
    }

    fn is_settled(&self, flood: &Flood) -> bool {
        self.is_sent.load(Ordering::Acquire)
            && self.received() + self.dropped.load(Ordering::Relaxed)
                >= flood.messages * flood.receivers as u64
    }

    fn received(&self) -> u64 {
        // Acquire: `wrong` and `last_ns` are written before it.
        self.receivers.iter().map(|counts| counts.received.load(Ordering::Acquire)).sum()
    }

    /// Waits until each message was received or counted as dropped, and gives deliveries per second.
    ///
    /// # Errors
    ///
    /// [`Unmeasured::Failed`] if messages are missing, came twice, out of order or corrupt.
    pub(crate) fn wait_for(&self, flood: &Flood) -> RoundResult {
        let give_up_ns = now_ns() + u64::try_from(ROUND_MAX.as_nanos()).unwrap_or(u64::MAX);
        while !self.is_settled(flood) && now_ns() < give_up_ns {
            thread::sleep(Duration::from_millis(1));
        }
        let (received, dropped) = (self.received(), self.dropped.load(Ordering::Relaxed));
        let sent = flood.messages * flood.receivers as u64;
        if received + dropped != sent {
            let text = format!("of {sent} messages {received} arrived and {dropped} were dropped");
            return Err(Unmeasured::Failed(text));
        }
        let wrong: u64 = self.receivers.iter().map(|counts| counts.wrong.load(Ordering::Relaxed)).sum();
        if wrong > 0 {
            return Err(Unmeasured::Failed(format!("{wrong} messages came out of order or corrupt")));
        }
        let last_ns = self.receivers.iter().map(|counts| counts.last_ns.load(Ordering::Relaxed)).max();
        let took_ns = last_ns.unwrap_or(0).saturating_sub(self.began_ns.load(Ordering::Relaxed));
        Ok(Samples { values: vec![received as f64 * 1e9 / took_ns.max(1) as f64], dropped })
    }
}

/// One receiver of a flood.
#[derive(Debug)]
pub(crate) struct FloodReceiver {
    counts: Arc<FloodCounts>,
    index: usize,
    messages: u64,
    received: u64,
    wrong: u64,
    /// Sequence number that may come next, at least.
    next: u64,
}

impl FloodReceiver {
    pub(crate) fn new(counts: &Arc<FloodCounts>, index: usize, messages: u64) -> Self {
        Self { counts: Arc::clone(counts), index, messages, received: 0, wrong: 0, next: 0 }
    }

    /// The callback.
    pub(crate) fn on<P: Payload>(&mut self, payload: &P) {
        let counts = &self.counts.receivers[self.index];
        let sequence = payload.sequence();
        self.wrong += u64::from(sequence < self.next || !payload.is_intact());
        self.next = sequence + 1;
        self.received += 1;
        if self.received.is_multiple_of(NOTE_EVERY) || self.next == self.messages {
            counts.last_ns.store(now_ns(), Ordering::Relaxed);
        }
        counts.wrong.store(self.wrong, Ordering::Relaxed);
        // Release: see `FloodCounts::received`.
        counts.received.store(self.received, Ordering::Release);
    }

    /// The subject says that it dropped `messages` for this receiver.
    pub(crate) fn lost(&self, messages: u64) {
        self.counts.dropped.fetch_add(messages, Ordering::Relaxed);
    }
}

/// Runs the ends of a peer: the sender on its near core, the receivers on theirs, each on a thread of its own.
///
/// # Errors
///
/// By [`FloodCounts::wait_for`], or if a thread cannot be pinned.
pub(crate) fn run_peer<S, R>(flood: &Flood, send: S, receive: Vec<R>) -> RoundResult
where
    S: FnOnce(&FloodCounts) + Send,
    R: FnOnce(FloodReceiver) + Send,
{
    let counts = FloodCounts::new(flood.receivers);
    // All threads are there before the first message, as the nodes of a robot are.
    let all_there = Barrier::new(flood.receivers + 1);
    let arrive = |pinned: Result<(), Unmeasured>| {
        all_there.wait();
        pinned
    };
    let arrive = &arrive;
    thread::scope(|scope| {
        for (index, receive) in receive.into_iter().enumerate() {
            let receiver = FloodReceiver::new(&counts, index, flood.messages);
            scope.spawn(move || arrive(pin(&flood.receiver_cores)).map(|()| receive(receiver)));
        }
        let sending = scope.spawn(|| arrive(pin(&[flood.near.send])).map(|()| send(&counts)));
        sending.join().map_err(|_| Unmeasured::Failed("the sender panicked".to_owned()))?
    })?;
    counts.wait_for(flood)
}
