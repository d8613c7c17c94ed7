//! Calls that were timed out and have not returned.
//!
//! ```text
//!  the place of a ticket:                                  RETURNED ── time out ──► 0
//!                                                         ▲
//!                          ┌── return (before the watcher is done)
//!                          0 ── time out ──► RUNNING ── return ──► 0          the slot comes back with the return
//!                                               └── give up ──► GIVEN UP ── return ──► 0     with the giving up
//! ```
//! Each arrow is one exchange. Whoever times a call out may be preempted between taking its ticket and saying so, and the
//! call may return meanwhile: then the return comes first. A ticket has one place, which is found from its serial number;
//! one whose place another one has is not followed: it counts as a failure and as late, and cannot be given up.

use nevil_sys::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::state::Ticket;
use crate::limits::BREAKER_ZOMBIE_PLACES;

const RETURNED: u64 = 1 << 63;

const GIVEN_UP: u64 = 1 << 62;

#[derive(Debug)]
pub(super) struct Zombies {
    places: [AtomicU64; BREAKER_ZOMBIE_PLACES],
    /// Places that are running. It may lag behind by a thread that is half-way, also below 0.
    count: AtomicU32,
}

/// What timing a call out has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimedOut {
    /// It was not said before.
    Now,
    /// It was said before.
    Before,
}

/// What a return has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Return {
    /// The call is not known to have been timed out.
    InTime,
    /// It was timed out.
    Late,
    /// It was timed out and given up, and has no slot any more.
    GivenUp,
}

impl Zombies {
    pub(super) fn new() -> Self {
        Self { places: std::array::from_fn(|_| AtomicU64::new(0)), count: AtomicU32::new(0) }
    }

    /// Notes that the call of `ticket` was timed out.
    pub(super) fn time_out(&self, ticket: Ticket) -> TimedOut {
        let (place, bits) = (self.place(ticket), ticket.to_bits());
        // Acquire here and AcqRel in `change`: a place goes from thread to thread.
        let seen = place.load(Ordering::Acquire);
        if seen == bits || seen == bits | GIVEN_UP {
            return TimedOut::Before;
        }
        if seen == bits | RETURNED {
            change(place, seen, 0);
            return TimedOut::Now;
        }
        // A return that nobody asks for any more makes room.
        let is_free = seen == 0 || seen & RETURNED != 0;
        if is_free && change(place, seen, bits) {
            self.count.fetch_add(1, Ordering::AcqRel);
        } else if is_free && place.load(Ordering::Acquire) == bits | RETURNED {
            // It has just returned.
            change(place, bits | RETURNED, 0);
        }
        TimedOut::Now
    }

    /// Notes that nobody waits for the call any more; `false` if it is not known, or has returned.
    pub(super) fn give_up(&self, ticket: Ticket) -> bool {
        let bits = ticket.to_bits();
        let done = change(self.place(ticket), bits, bits | GIVEN_UP);
        self.subtract(done);
        done
    }

    /// Notes that a call that was timed out, or is just being, has returned.
    pub(super) fn return_late(&self, ticket: Ticket) -> Return {
        match self.finish(ticket) {
            Return::InTime => {}
            known => return known,
        }
        let (place, bits) = (self.place(ticket), ticket.to_bits());
        let seen = place.load(Ordering::Acquire);
        if (seen == 0 || seen & RETURNED != 0) && change(place, seen, bits | RETURNED) {
            return Return::Late;
        }
        // It was timed out just now; otherwise the place is another's, and the ticket is not followed.
        match self.finish(ticket) {
            Return::InTime => Return::Late,
            known => known,
        }
    }

    /// Notes the end of a call that nobody knows to have been timed out, and says whether it was.
    pub(super) fn finish(&self, ticket: Ticket) -> Return {
        let (place, bits) = (self.place(ticket), ticket.to_bits());
        if change(place, bits, 0) {
            self.subtract(true);
            return Return::Late;
        }
        if change(place, bits | GIVEN_UP, 0) { Return::GivenUp } else { Return::InTime }
    }

    /// Calls that run on after they were timed out, and were not given up.
    pub(super) fn count(&self) -> u32 {
        // Acquire: sees their places.
        u32::try_from(self.count.load(Ordering::Acquire).cast_signed()).unwrap_or(0)
    }

    fn subtract(&self, really: bool) {
        if really {
            self.count.fetch_sub(1, Ordering::AcqRel);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the remainder is below the number of places")]
    fn place(&self, ticket: Ticket) -> &AtomicU64 {
        &self.places[(ticket.serial() % BREAKER_ZOMBIE_PLACES as u64) as usize]
    }
}

/// Exchanges `from` for `to` if it is there; the load before spares the exchange where it is not.
fn change(place: &AtomicU64, from: u64, to: u64) -> bool {
    place.load(Ordering::Acquire) == from
        && place.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
}
