//! How readers that sleep are woken by somebody who only looks.
//!
//! ```text
//!  reader                                      waker
//!   ticket = bell                               a block was published
//!   waiting |= its bit                          ── fence ──
//!   ── fence ──                                 waiting == 0? nobody sleeps: done
//!   is there a block? then take it              waiting = 0, bell += 1
//!   sleep while bell == ticket                  wake all who sleep on bell
//! ```
//! Of the two fences one comes first: either the reader sees the block, or the waker sees the bit.

use crate::sync::{AtomicU32, AtomicU64, Ordering, fence};

/// Who sleeps, and how they are called.
#[derive(Clone, Copy, Debug)]
pub struct Bell<'a> {
    waiting: &'a AtomicU64,
    bell: &'a AtomicU32,
}

/// A reader has said that it is about to sleep: it may do so while the bell still has this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(pub(crate) u32);

impl<'a> Bell<'a> {
    pub(crate) const fn new(waiting: &'a AtomicU64, bell: &'a AtomicU32) -> Self {
        Self { waiting, bell }
    }

    /// Says that the reader of `seat` is about to sleep. It looks for a block once more before it does.
    #[must_use]
    pub fn announce(&self, seat: usize) -> Ticket {
        // Acquire: the bit is set after the bell's last ringing has cleared all of them.
        let ticket = self.bell.load(Ordering::Acquire);
        // Relaxed: the fence below orders it.
        self.waiting.fetch_or(1 << seat, Ordering::Relaxed);
        // SeqCst: the waker's fence is before this one, and its block is seen; or after, and it sees the bit.
        fence(Ordering::SeqCst);
        Ticket(ticket)
    }

    /// Says that the reader of `seat` is awake.
    pub fn withdraw(&self, seat: usize) {
        // Relaxed: seen late, it costs a call to nobody.
        self.waiting.fetch_and(!(1 << seat), Ordering::Relaxed);
    }

    /// Who sleeps, one bit a seat, for people to read.
    #[must_use]
    pub fn sleepers(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether anybody has to be woken, after a block was published. Costs a fence and a load.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        // SeqCst: see `announce`.
        fence(Ordering::SeqCst);
        // Relaxed: ordered by the fence.
        self.waiting.load(Ordering::Relaxed) != 0
    }

    /// Lets nobody fall asleep who has a ticket. To be followed by the call to those who sleep already. They say so again when
    /// they sleep again, so that the next block costs no call for those who are still on their way.
    pub fn ring(&self) {
        // Relaxed: a bit that is cleared here was set with a ticket that is void after the next line.
        self.waiting.store(0, Ordering::Relaxed);
        // Release: who gets the new number as its ticket sets its bit after the clearing. Loom orders the stores to one word as
        // they were run, so no model shows it.
        self.bell.fetch_add(1, Ordering::Release);
    }
}
