//! A bounded queue of references, one word per place.
//!
//! ```text
//!  word = position (48 bits) | slot + 1 (16 bits)                     place of position p = p mod places
//!         position | 0: a message was here and was displaced, the next one may be behind it          0: empty
//!
//!  who            may do what with a word
//!  producer       swap its own word in; what comes out is the message that was displaced
//!                 exchange exactly the word of a message that is too old for the same position without a message
//!  consumer       exchange exactly the word that it has seen for 0
//!  whoever closes swap 0 in, after the flag `closed`; so does a producer that finds the flag after its swap
//! ```
//! Whoever gets a reference out of a word accounts for it: none is lost, none is counted twice. A consumer that was
//! lapped sees a position above the one it expects, and goes on with the oldest that is left; it never waits for a
//! producer that is half-way. Messages go from the oldest on, whoever takes them: behind a place that is empty or displaced
//! there is no older one.

use std::fmt;

use crossbeam_utils::CachePadded;

use crate::mem::pool::{Pool, Shared};
use crate::mem::prefetch;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const SLOT_BITS: u32 = 16;

/// Places that share a line of memory.
const CELLS: usize = 8;

/// A bounded queue of references to the values of one pool: any number of producers, one consumer.
///
/// With one producer the order is the order of pushing. With several, each one's own order is kept, and a message
/// behind one that is just being pushed is seen when that push has ended.
pub struct Lane<T> {
    pool: Pool<T>,
    places: usize,
    /// In lines of their own, so that nothing else is disturbed by them.
    cells: Box<[CachePadded<[AtomicU64; CELLS]>]>,
    closed: AtomicBool,
    /// Whether the producer waits for room in this lane.
    awaited: AtomicBool,
    head: CachePadded<AtomicU64>,
    tail: CachePadded<AtomicU64>,
}

/// What became of a pushed reference.
#[derive(Debug)]
#[must_use]
pub enum Pushed<T> {
    /// It is queued.
    Queued,
    /// It is queued, and this older one lost its place to it.
    Displaced(Shared<T>),
    /// There was no room for it; it comes back.
    Full(Shared<T>),
}

impl<T> Lane<T> {
    /// An empty lane of `places` places (at least 1) for references into `pool`.
    ///
    /// # Panics
    ///
    /// If `places` is 0.
    #[must_use]
    pub fn new(pool: Pool<T>, places: usize) -> Self {
        assert!(places > 0, "a lane has at least one place");
        // One lap has passed already: so no position of a message is 0, and none before the first is below it.
        let first = places as u64;
        Self {
            pool,
            places,
            cells: (0..places.div_ceil(CELLS))
                .map(|_| CachePadded::new(std::array::from_fn(|_| AtomicU64::new(0))))
                .collect(),
            closed: AtomicBool::new(false),
            awaited: AtomicBool::new(false),
            head: CachePadded::new(AtomicU64::new(first)),
            tail: CachePadded::new(AtomicU64::new(first)),
        }
    }

    /// Queues `item`; a full lane gives up its oldest message for it. Any number of producers.
    pub fn push_among_others(&self, item: Shared<T>) -> Pushed<T> {
        // Relaxed: the position only names a place; the word itself publishes the message.
        let position = self.head.fetch_add(1, Ordering::Relaxed);
        self.swap_in(position, item)
    }

    /// Queues `item`; a full lane gives up its oldest message for it. For one producer.
    pub fn push_displacing(&self, item: Shared<T>) -> Pushed<T> {
        // Relaxed, both: only this producer writes `head`.
        let position = self.head.load(Ordering::Relaxed);
        self.head.store(position + 1, Ordering::Relaxed);
        if position.is_multiple_of(CELLS as u64) && self.places >= 4 * CELLS {
            // The consumer took what stood there, and its processor has the line.
            prefetch::to_write(self.cell(position + CELLS as u64));
        }
        self.swap_in(position, item)
    }

    /// Queues `item` unless the lane is full. For one producer.
    pub fn push_if_room(&self, item: Shared<T>) -> Pushed<T> {
        if self.has_room(1) { self.push_displacing(item) } else { Pushed::Full(item) }
    }

    /// Whether `messages` more, at least 1 and at most as many as there are places, would displace none. For the one
    /// producer: what it sees stays so until it pushes.
    #[must_use]
    pub fn has_room(&self, messages: usize) -> bool {
        // Relaxed: only this producer writes `head`. The consumer frees the places in order, so the last one tells.
        let position = self.head.load(Ordering::Relaxed) + messages as u64 - 1;
        // SeqCst: one order with the consumer's taking and its look at who waits for room (`Bell`).
        slot_of(self.cell(position).load(Ordering::SeqCst)).is_none()
    }

    /// Takes out what is older than the last `depth` messages that were pushed, at least 1 and at most as many as there are
    /// places, the newest first. For the one producer, behind its push: so that a lane keeps fewer messages than it has
    /// places, and the consumer finds its way behind what was taken out.
    pub fn displace_beyond(&self, depth: usize) -> impl Iterator<Item = Shared<T>> + '_ {
        // Relaxed: only this producer writes `head`.
        let head = self.head.load(Ordering::Relaxed);
        // What was there one lap ago lost its place to the last push.
        let beyond = head - self.places as u64..head - depth as u64;
        beyond.rev().map_while(|position| self.displace(position))
    }

    /// Takes the message of this position out, if it is there.
    fn displace(&self, position: u64) -> Option<Shared<T>> {
        let cell = self.cell(position);
        // Relaxed: the exchange looks once more.
        let word = cell.load(Ordering::Relaxed);
        if word >> SLOT_BITS != position || slot_of(word).is_none() {
            return None;
        }
        // SeqCst: takes over the message, which an earlier producer of the lane may have pushed, in one order with the
        // consumer's taking. The consumer must not take the place for the end of the queue.
        cell.compare_exchange(word, position << SLOT_BITS, Ordering::SeqCst, Ordering::Relaxed).ok()?;
        self.adopt(word)
    }

    /// Whether the last `messages` that were pushed, at least 1 and at most as many as there are places, are all still
    /// queued, so far as the place of the first of them tells. For the one producer.
    #[must_use]
    pub fn holds_last(&self, messages: usize) -> bool {
        // Relaxed, both: only this producer writes `head`, and the answer is a guess that nothing hangs on.
        let position = self.head.load(Ordering::Relaxed);
        slot_of(self.cell(position - messages as u64).load(Ordering::Relaxed)).is_some()
    }

    /// Says whether the producer waits for room here; to be said before it goes to sleep.
    pub fn set_awaited(&self, awaited: bool) {
        // SeqCst: in one order with the bell of the producer, and the consumer's look at both.
        self.awaited.store(awaited, Ordering::SeqCst);
    }

    /// Whether the producer waits for room here.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        self.awaited.load(Ordering::SeqCst)
    }

    /// Takes the oldest message. `None` when there is none, or when producers overtook every try: then the caller comes
    /// back, and nothing is lost. For one consumer.
    pub fn take(&self) -> Option<Shared<T>> {
        // Relaxed: only the consumer writes `tail`.
        let mut tail = self.tail.load(Ordering::Relaxed);
        // A failed round means that a producer has gone round by one place, and each place may have to be stepped over:
        // three times the places is patience enough.
        for _ in 0..3 * self.places + 2 {
            let cell = self.cell(tail);
            // Acquire: sees the message that the producer published with the word.
            let word = cell.load(Ordering::Acquire);
            if word == 0 {
                return None;
            }
            let position = word >> SLOT_BITS;
            if position > tail {
                tail = position + 1 - self.places as u64;
                self.tail.store(tail, Ordering::Relaxed);
                continue;
            }
            // It comes while the exchange waits for its own line.
            self.prefetch(word);
            // SeqCst: takes over the message, and gives the place back to the producer, in one order with its look for room.
            // The position in the word rules out that the same slot has come round meanwhile.
            if cell.compare_exchange(word, 0, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
                // A position below `tail` is a straggler of several producers; it does not move the tail back.
                tail = tail.max(position + 1);
                self.tail.store(tail, Ordering::Relaxed);
                // Relaxed: what stands there now is a guess at what will be taken.
                self.prefetch(self.cell(position + prefetch::AHEAD as u64).load(Ordering::Relaxed));
                // A message that was displaced here leaves the next one to be taken.
                if let Some(item) = self.adopt(word) {
                    return Some(item);
                }
            }
        }
        None
    }

    /// Closes the lane; the caller then sweeps it. See [`Self::is_closed`] for the producer's part.
    pub fn close(&self) {
        // Release: pairs with the Acquire in `is_closed`. That no message slips through between the two sides follows
        // from the words: either the closer's sweep swaps a message out, or the producer's later swap has seen the
        // sweep's and with it this flag.
        self.closed.store(true, Ordering::Release);
    }

    /// Whether the lane was closed. A producer asks *after* each push and, if so, sweeps what it pushed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Takes every message out, from any thread, in no order.
    pub fn sweep(&self) -> impl Iterator<Item = Shared<T>> + '_ {
        // SeqCst: takes the message over; a producer whose swap comes after this one sees what came before it; in one order
        // with a producer's look for room, and the sweeper's at whether it sleeps.
        self.cells().filter_map(|cell| self.adopt(cell.swap(0, Ordering::SeqCst)))
    }

    /// Messages that are queued now; exact when nobody pushes or takes.
    #[must_use]
    pub fn len(&self) -> usize {
        // Acquire: who sees a message queued also sees the producer's counts from before it.
        self.cells().filter(|cell| slot_of(cell.load(Ordering::Acquire)).is_some()).count()
    }

    /// Whether the consumer's next place is empty: one load.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // Relaxed: only the consumer writes `tail`; anybody else just looks.
        let tail = self.tail.load(Ordering::Relaxed);
        // SeqCst: one order with the producer's push and its look at whether the consumer sleeps (`Wake`).
        self.cell(tail).load(Ordering::SeqCst) == 0
    }

    /// Number of places.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places
    }

    /// Asks for the memory of the message that `word` refers to, if it does.
    fn prefetch(&self, word: u64) {
        if let Some(slot) = slot_of(word) {
            self.pool.prefetch(slot);
        }
    }

    fn cell(&self, position: u64) -> &AtomicU64 {
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is below the number of places")]
        let place = (position % self.places as u64) as usize;
        &self.cells[place / CELLS][place % CELLS]
    }

    fn cells(&self) -> impl Iterator<Item = &AtomicU64> {
        self.cells.iter().flat_map(|line| line.iter()).take(self.places)
    }

    fn swap_in(&self, position: u64, item: Shared<T>) -> Pushed<T> {
        assert!(self.pool.owns(&item), "a lane carries messages of its own pool");
        let word = position << SLOT_BITS | u64::from(item.into_index() + 1);
        // SeqCst: publishes the message; takes over the one that comes out, and sees what a sweep did before; in one order
        // with the look at whether the consumer sleeps.
        match self.adopt(self.cell(position).swap(word, Ordering::SeqCst)) {
            Some(older) => Pushed::Displaced(older),
            None => Pushed::Queued,
        }
    }

    fn adopt(&self, word: u64) -> Option<Shared<T>> {
        let slot = slot_of(word)?;
        // SAFETY: the word came out of its cell by a swap or exchange, so that its reference belongs to the caller alone,
        // and `swap_in` put only references to this pool's slots there.
        Some(unsafe { self.pool.adopt(slot) })
    }
}

fn slot_of(word: u64) -> Option<u16> {
    #[expect(clippy::cast_possible_truncation, reason = "the slot is in the low 16 bits")]
    (word as u16).checked_sub(1)
}

impl<T> Drop for Lane<T> {
    fn drop(&mut self) {
        self.sweep().for_each(drop);
    }
}

impl<T> fmt::Debug for Lane<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("places", &self.places()).field("len", &self.len()).finish()
    }
}
