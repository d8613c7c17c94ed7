//! Who holds an exclusive thing, and until when, in one word.
//!
//! ```text
//!  word = term (14 bits) | seat (6 bits) | purpose (4 bits) | deadline (40 bits); deadline 0: free
//!
//!   free ── take ──► held ── give back ──► free          every take begins a new term, so that a word
//!                    │  ▲                                that is seen twice means the same holder
//!                    └──┘ renew; take, by whoever
//!                         finds the holder's time over
//! ```

use crate::sync::atomic::{AtomicU64, Ordering};

const DEADLINE_BITS: u32 = 40;
const PURPOSE_BITS: u32 = 4;
const SEAT_BITS: u32 = 6;
const TERM_BITS: u32 = 14;
const _: () = assert!(DEADLINE_BITS + PURPOSE_BITS + SEAT_BITS + TERM_BITS == u64::BITS);

const PURPOSE_AT: u32 = DEADLINE_BITS;
const SEAT_AT: u32 = PURPOSE_AT + PURPOSE_BITS;
const TERM_AT: u32 = SEAT_AT + SEAT_BITS;

/// Most seats of a lease.
pub const LEASE_SEATS_MAX: usize = 1 << SEAT_BITS;

/// Most purposes of a seat.
pub const LEASE_PURPOSES_MAX: usize = 1 << PURPOSE_BITS;

/// Largest deadline, in milliseconds: 34 years.
pub const LEASE_DEADLINE_MAX: u64 = (1 << DEADLINE_BITS) - 1;

/// A thing that one seat holds at a time. Taking and giving back are one exchange each: nobody ever waits.
#[derive(Debug)]
pub struct LeaseWord {
    word: AtomicU64,
}

/// Who held it at one moment, for what, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTerm(u64);

impl LeaseWord {
    /// A thing that nobody holds.
    #[must_use]
    pub fn new() -> Self {
        Self { word: AtomicU64::new(0) }
    }

    /// Who holds it now.
    #[must_use]
    pub fn read(&self) -> LeaseTerm {
        // Acquire: who sees the holder sees what was written about it before.
        LeaseTerm(self.word.load(Ordering::Acquire))
    }

    /// Takes it for `seat` and `purpose` until `deadline_ms`, which is not 0, if it is still as it was `seen`.
    ///
    /// # Errors
    ///
    /// Who holds it now, if that has changed.
    pub fn take(
        &self,
        seen: LeaseTerm,
        seat: usize,
        purpose: usize,
        deadline_ms: u64,
    ) -> Result<LeaseTerm, LeaseTerm> {
        let word = seen.next_term() | place(seat, purpose) | deadline(deadline_ms);
        self.exchange(seen, LeaseTerm(word))
    }

    /// Moves the deadline of `held` to `deadline_ms`, which is not 0, if it is still held so.
    ///
    /// # Errors
    ///
    /// Who holds it now.
    pub fn renew(&self, held: LeaseTerm, deadline_ms: u64) -> Result<LeaseTerm, LeaseTerm> {
        let word = held.0 & !LEASE_DEADLINE_MAX | deadline(deadline_ms);
        self.exchange(held, LeaseTerm(word))
    }

    /// Gives `held` back; `false` if it is held so no longer.
    pub fn give_back(&self, held: LeaseTerm) -> bool {
        // The term stays: the next one is another.
        self.exchange(held, LeaseTerm(held.0 >> TERM_AT << TERM_AT)).is_ok()
    }

    fn exchange(&self, from: LeaseTerm, to: LeaseTerm) -> Result<LeaseTerm, LeaseTerm> {
        // AcqRel: what a holder did is seen by the next one. Acquire: see `read`.
        let changed = self.word.compare_exchange(from.0, to.0, Ordering::AcqRel, Ordering::Acquire);
        changed.map(|_| to).map_err(LeaseTerm)
    }
}

impl Default for LeaseWord {
    fn default() -> Self {
        Self::new()
    }
}

impl LeaseTerm {
    /// Whether nobody held it.
    #[must_use]
    pub const fn is_free(self) -> bool {
        self.deadline_ms() == 0
    }

    /// Until when it was held; 0 if it was free.
    #[must_use]
    pub const fn deadline_ms(self) -> u64 {
        self.0 & LEASE_DEADLINE_MAX
    }

    /// Who held it.
    #[must_use]
    pub const fn seat(self) -> usize {
        (self.0 >> SEAT_AT) as usize % LEASE_SEATS_MAX
    }

    /// For what.
    #[must_use]
    pub const fn purpose(self) -> usize {
        (self.0 >> PURPOSE_AT) as usize % LEASE_PURPOSES_MAX
    }

    const fn next_term(self) -> u64 {
        // The oldest terms are used again after 16,384 takes: by then the deadline is another.
        (self.0 >> TERM_AT).wrapping_add(1) << TERM_AT
    }
}

fn place(seat: usize, purpose: usize) -> u64 {
    assert!(seat < LEASE_SEATS_MAX && purpose < LEASE_PURPOSES_MAX, "a lease has so many seats and purposes");
    ((seat as u64) << SEAT_AT) | ((purpose as u64) << PURPOSE_AT)
}

/// `deadline_ms`, at most the largest: a lease until then does not end.
fn deadline(deadline_ms: u64) -> u64 {
    assert!(deadline_ms > 0, "a lease has a deadline");
    deadline_ms.min(LEASE_DEADLINE_MAX)
}
