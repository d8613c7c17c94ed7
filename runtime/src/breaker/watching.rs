//! Who watches the calls of breakers that are used alone: one thread of the process, asleep until the earliest deadline.
//!
//! ```text
//!   caller    take a place ─► leave the breaker there ─► begin ───► end ─► take the breaker away ─► give the place back
//!   watcher                   deadline passed ─► take a handle of the breaker ─► judge ─► time out
//! ```
//! Neither waits for the other. Places and the breakers in them are taken by one exchange, or not: a caller that finds none
//! goes unwatched, and the watcher looks again. What a call is judged to be is decided by one exchange of its word. The
//! watcher has its handle before it judges, because a call that has been judged may return, and leave its place to another.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread;

use nevil_sys::mem::{Call, Combiner, Ending, Held, Watched, Watcher};
use nevil_sys::sync::atomic::{AtomicBool, Ordering};

use super::Breaker;
use super::state::Ticket;
use crate::clock::{Clock, Time};
use crate::limits::{
    BREAKER_WATCH_RETRY, BREAKER_WATCH_STACK_BYTES, BREAKER_WATCHED_MAX, SAFETY_HELPER_PRIORITY,
    WATCH_LOOK_MAX,
};
use crate::scheduling::{self, Policy, ThreadSpec};

const THREAD_NAME: &str = "breaker watch";

/// The calls that are watched.
#[derive(Debug)]
pub(super) struct Watching {
    places: Box<[Place]>,
    watcher: Watcher,
    said_full: AtomicBool,
}

/// One call at a time.
#[derive(Debug)]
struct Place {
    /// In the hand of who calls.
    owner: Combiner<()>,
    /// The breaker of the call.
    breaker: Combiner<Option<Breaker>>,
    call: Call,
}

/// A call that is watched.
#[derive(Debug)]
pub(super) struct Running<'w> {
    place: &'w Place,
    owner: Held<'w, ()>,
}

impl Watching {
    pub(super) fn new(places: usize) -> Self {
        let place = || Place { owner: Combiner::new(()), breaker: Combiner::new(None), call: Call::new() };
        Self {
            places: (0..places).map(|_| place()).collect(),
            watcher: Watcher::new(),
            said_full: AtomicBool::new(false),
        }
    }

    /// That of the process, whose thread is started by the first who asks. `None` if it could not be.
    pub(super) fn of_process() -> Option<&'static Self> {
        static OF_PROCESS: OnceLock<Option<Arc<Watching>>> = OnceLock::new();
        let started = OF_PROCESS.get_or_init(|| {
            Self::start()
                .inspect_err(|error| {
                    tracing::warn!(
                        "calls are not watched, because their thread could not be started ({error}); their deadlines \
                         are looked at when they return"
                    );
                })
                .ok()
        });
        started.as_deref()
    }

    fn start() -> io::Result<Arc<Self>> {
        let watching = Arc::new(Self::new(BREAKER_WATCHED_MAX));
        let watches = Arc::clone(&watching);
        let builder = thread::Builder::new().name(THREAD_NAME.into()).stack_size(BREAKER_WATCH_STACK_BYTES);
        builder.spawn(move || {
            let policy = Policy::Fifo { priority: SAFETY_HELPER_PRIORITY };
            let spec = ThreadSpec { policy, stack_bytes: BREAKER_WATCH_STACK_BYTES, ..ThreadSpec::default() };
            let report = scheduling::apply(&spec, THREAD_NAME);
            if !report.denied.is_empty() {
                tracing::debug!(
                    "thread `{THREAD_NAME}` is not above all others: {}",
                    report.denied.join("; ")
                );
            }
            watches.run(&Clock::monotonic());
        })?;
        Ok(watching)
    }

    /// Watches the call of `ticket` until [`Running::end`]. `None` if as many as can be are watched.
    pub(super) fn begin(
        &self,
        breaker: &Breaker,
        ticket: Ticket,
        began: Time,
        deadline: Time,
    ) -> Option<Running<'_>> {
        let watched =
            Watched { what: 0, began: began.as_ns(), deadline: deadline.as_ns(), ticket: ticket.to_bits() };
        let running = self.places.iter().find_map(|place| place.begin(breaker, watched));
        if running.is_some() {
            self.watcher.begun_by(watched.deadline);
        } else if !self.said_full.swap(true, Ordering::Relaxed) {
            // Relaxed: one of several may say it twice.
            tracing::warn!(
                "breaker `{}`: {} calls are watched already; the deadlines of others are looked at when they return",
                breaker.name(),
                self.places.len()
            );
        }
        running
    }

    /// Judges the calls whose deadline has passed at `now`; when to look again.
    pub(super) fn look(&self, now: Time) -> Option<Time> {
        self.places.iter().filter_map(|place| place.look(now)).min()
    }

    fn run(&self, clock: &Clock) -> ! {
        loop {
            let now = clock.now();
            let next = self.look(now);
            if !self.watcher.may_sleep() {
                let blind = now + WATCH_LOOK_MAX;
                self.watcher.nap(next.map_or(blind, |next| next.min(blind)).as_ns());
                continue;
            }
            // One whose deadline had passed before the look was judged, or is looked at again: it is waited for.
            let is_sooner = |deadline: Time| deadline >= now && next.is_none_or(|next| deadline < next);
            let any_sooner = || self.places.iter().filter_map(Place::deadline).any(is_sooner);
            match next {
                Some(next) => self.watcher.nap_unless(next.as_ns(), any_sooner),
                None => self.watcher.sleep_unless(any_sooner),
            }
        }
    }
}

impl Place {
    fn begin(&self, breaker: &Breaker, watched: Watched) -> Option<Running<'_>> {
        let owner = self.owner.try_hold()?;
        // Not while the watcher takes a handle for the call before.
        let mut place = self.breaker.try_hold()?;
        *place = Some(breaker.clone());
        place.leave();
        self.call.begin(watched);
        Some(Running { place: self, owner })
    }

    /// The deadline of the call, if it was not judged.
    fn deadline(&self) -> Option<Time> {
        let seen = self.call.running().filter(|seen| seen.verdict == Ending::InTime)?;
        Some(Time::from_ns(seen.call.deadline))
    }

    fn look(&self, now: Time) -> Option<Time> {
        let seen = self.call.running().filter(|seen| seen.verdict == Ending::InTime)?;
        let deadline = Time::from_ns(seen.call.deadline);
        if now < deadline {
            return Some(deadline);
        }
        let Some(place) = self.breaker.try_hold() else { return Some(now + BREAKER_WATCH_RETRY) };
        let breaker = place.clone();
        place.leave();
        if self.call.judge(&seen)
            && let (Some(breaker), Some(ticket)) = (breaker, Ticket::from_bits(seen.call.ticket))
        {
            breaker.time_out(ticket, deadline);
            tracing::warn!(
                "breaker `{}`: a call has not returned after {:?}; it has failed",
                breaker.name(),
                now.since(Time::from_ns(seen.call.began))
            );
        }
        None
    }
}

impl Running<'_> {
    /// Whether its deadline was found to have passed.
    pub(super) fn is_judged(&self) -> bool {
        self.place.call.is_judged()
    }

    /// Ends the call, and says what was decided about it.
    pub(super) fn end(self) -> Ending {
        let ending = self.place.call.end();
        if let Some(mut place) = self.place.breaker.try_hold() {
            let breaker = place.take();
            place.leave();
            drop(breaker);
        }
        self.owner.leave();
        ending
    }
}
