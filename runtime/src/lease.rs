//! Leases: exclusive things inside the robot, such as the microphone, that nodes take for a time.
//!
//! ```text
//!   free ── acquire ──► held ── dropped, its time is over, its node was fenced ──► free
//! ```
//! Nobody waits for a lease, and none is held for ever: it ends at its deadline whatever its node does, and when its node is
//! deactivated or fenced. Nothing has to happen for that. Who comes next looks at the clock and at the fence of the holder.

mod error;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use nevil_sys::mem::{LEASE_PURPOSES_MAX, LEASE_SEATS_MAX, LeaseTerm, LeaseWord};
use serde::Serialize;

use crate::bus::is_topic_name;
use crate::clock::{Clock, Time};
use crate::incarnation::Incarnation;
use crate::limits::{LEASE_ATTEMPTS_MAX, LEASE_MAX, LEASE_MIN};

pub use error::{LeaseClaimError, LeaseError};

/// What the last purpose of a seat stands for.
const OTHER_PURPOSES: &str = "something else";

/// All leases of a robot. Clones are handles on the same ones.
#[derive(Clone)]
pub struct Leases(Arc<Registry>);

struct Registry {
    clock: Clock,
    // Locked when a node is configured and when a tool looks, never when a lease is taken.
    cells: Mutex<BTreeMap<Arc<str>, Arc<LeaseCell>>>,
}

/// An exclusive thing.
struct LeaseCell {
    name: Arc<str>,
    clock: Clock,
    word: LeaseWord,
    /// The nodes that may take it, in the order in which they have said so.
    seats: [OnceLock<Seat>; LEASE_SEATS_MAX],
    /// When the term that holds began, in ns.
    since: AtomicU64,
    acquired: AtomicU64,
    refused: AtomicU64,
    taken_over: AtomicU64,
}

/// A node that may take a lease.
struct Seat {
    node: Arc<str>,
    /// The life of the node that has declared it last. Locked for some instructions, and never waited for by who acquires.
    life: Mutex<Arc<Incarnation>>,
    /// What it was ever taken for: so that a purpose is a number in the word.
    purposes: [OnceLock<&'static str>; LEASE_PURPOSES_MAX - 1],
}

/// A lease at one moment, as tools see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeaseStatus {
    /// Its name.
    pub name: String,
    /// The nodes that have declared it.
    pub nodes: Vec<String>,
    /// The node that holds it; `None` if nobody does.
    pub owner: Option<String>,
    /// For what.
    pub purpose: Option<&'static str>,
    /// For how many milliseconds it has been held.
    pub held_ms: Option<u64>,
    /// In how many milliseconds it ends, if it is not renewed.
    pub remaining_ms: Option<u64>,
    /// How many times it was had.
    pub acquired: u64,
    /// How many times it was asked for in vain.
    pub refused: u64,
    /// How many times it was had although the one before had not given it back: that one's time was over, or its node fenced.
    pub taken_over: u64,
}

/// A node's right to ask for a lease: see [`Setup::leasable`](crate::Setup::leasable).
///
/// ```
/// use nevil_runtime::prelude::*;
/// use nevil_runtime::testing::TestNode;
///
/// struct Ears { microphone: Leasable, held: Option<Lease> }
///
/// impl Node for Ears {
///     type Params = ();
///     fn configure(setup: &mut Setup<'_, Self>, _: ()) -> Result<Self, NodeError> {
///         setup.after(Duration::from_millis(10), Self::listen);
///         Ok(Self { microphone: setup.leasable("microphone")?, held: None })
///     }
/// }
/// impl Ears {
///     fn listen(&mut self, _: &Tick, _: &Context) -> NodeResult {
///         self.held = Some(self.microphone.acquire("listening", Duration::from_secs(5))?);
///         Ok(())
///     }
/// }
///
/// let mut ears = TestNode::<Ears>::start("")?;
/// ears.advance(Duration::from_millis(10));
/// assert_eq!(ears.status().leases[0].owner.as_deref(), Some("node"));
/// ears.advance(Duration::from_secs(5));
/// assert_eq!(ears.status().leases[0].owner, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Leasable {
    cell: Arc<LeaseCell>,
    seat: usize,
    life: Arc<Incarnation>,
}

/// A lease that is held. It ends when it is dropped, at its deadline, and when its node is deactivated or fenced; then
/// [`Self::is_valid`] is false, and somebody else may hold it.
#[must_use = "a lease is given back when it is dropped"]
pub struct Lease {
    cell: Arc<LeaseCell>,
    life: Arc<Incarnation>,
    term: LeaseTerm,
}

impl Leases {
    pub(crate) fn new(clock: Clock) -> Self {
        Self(Arc::new(Registry { clock, cells: Mutex::default() }))
    }

    /// The right of the node `life` to the lease `name`. What an earlier life of the node still held is free.
    pub(crate) fn declare(&self, name: &str, life: &Arc<Incarnation>) -> Result<Leasable, LeaseClaimError> {
        if !is_topic_name(name) {
            return Err(LeaseClaimError::Name { given: name.into() });
        }
        let mut cells = self.lock();
        let cell = cells.entry(name.into());
        let cell =
            cell.or_insert_with_key(|name| Arc::new(LeaseCell::new(Arc::clone(name), self.0.clock.clone())));
        let seat = cell.seat_of(life).ok_or_else(|| LeaseClaimError::TooManyNodes { lease: name.into() })?;
        Ok(Leasable { cell: Arc::clone(cell), seat, life: Arc::clone(life) })
    }

    /// The leases by name, now.
    #[must_use]
    pub fn status(&self) -> Vec<LeaseStatus> {
        let cells: Vec<_> = self.lock().values().cloned().collect();
        cells.iter().map(|cell| cell.status()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Arc<LeaseCell>>> {
        self.0.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leasable {
    /// Takes the lease for `purpose`, until it is dropped and at most for the time `at_most`. Waits for nothing, allocates
    /// nothing. A holder whose time is over or whose node was fenced loses it to who asks, which is counted. Of a node's
    /// purposes the first 15 are told from one another.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Held`] with holder, purpose and the time left; also if the holder is this node.
    /// [`LeaseError::NotActive`] before activation and after the fence; [`LeaseError::Time`].
    pub fn acquire(&self, purpose: &'static str, at_most: Duration) -> Result<Lease, LeaseError> {
        let (cell, lease) = (&self.cell, || Arc::clone(&self.cell.name));
        check_time(cell, at_most)?;
        let Ok(_pass) = self.life.begin() else { return Err(LeaseError::NotActive { lease: lease() }) };
        let now = cell.clock.now();
        let purpose = cell.seat(self.seat).map_or(LEASE_PURPOSES_MAX - 1, |seat| seat.purpose(purpose));
        let mut seen = cell.word.read();
        // Each time round somebody else has got it, or given it back: who asks is not held up by that for long.
        for _ in 0..LEASE_ATTEMPTS_MAX {
            if cell.holds(seen, now) {
                break;
            }
            let until = deadline_ms(now + at_most);
            match cell.word.take(seen, self.seat, purpose, until) {
                Ok(term) => {
                    cell.count_taken(seen, now);
                    let lease = Lease { cell: Arc::clone(cell), life: Arc::clone(&self.life), term };
                    // Who fences a node may have looked before it was taken.
                    return if self.life.is_fenced() { Err(lease.over()) } else { Ok(lease) };
                }
                Err(other) => seen = other,
            }
        }
        // Relaxed: a count for people to read.
        cell.refused.fetch_add(1, Ordering::Relaxed);
        let (holder, purpose) = cell.words(seen);
        Err(LeaseError::Held { lease: lease(), holder, purpose, remaining: remaining(seen, now) })
    }
}

impl Lease {
    /// Whether it is still held. May end right after this look: who uses the thing for longer looks again.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.check().is_ok()
    }

    /// The same as a result, for `?`.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Over`] after its deadline, [`LeaseError::NotActive`] after the fence of its node.
    pub fn check(&self) -> Result<(), LeaseError> {
        let in_time = self.cell.clock.now() < deadline(self.term) && self.cell.word.read() == self.term;
        if self.life.is_fenced() || !in_time { Err(self.over()) } else { Ok(()) }
    }

    /// How long it is still held without being renewed; 0 when it is over.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        if self.is_valid() { remaining(self.term, self.cell.clock.now()) } else { Duration::ZERO }
    }

    /// Holds it for at most the time `at_most` from now on, instead of as was said before.
    ///
    /// # Errors
    ///
    /// As of [`Self::check`], and [`LeaseError::Time`]; then the deadline stays what it was.
    pub fn renew(&mut self, at_most: Duration) -> Result<(), LeaseError> {
        check_time(&self.cell, at_most)?;
        self.check()?;
        let until = deadline_ms(self.cell.clock.now() + at_most);
        self.term = self.cell.word.renew(self.term, until).map_err(|_| self.over())?;
        Ok(())
    }

    fn over(&self) -> LeaseError {
        let lease = Arc::clone(&self.cell.name);
        if self.life.is_fenced() { LeaseError::NotActive { lease } } else { LeaseError::Over { lease } }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // `false`: somebody else has taken it over.
        let _ = self.cell.word.give_back(self.term);
    }
}

impl LeaseCell {
    fn new(name: Arc<str>, clock: Clock) -> Self {
        Self {
            name,
            clock,
            word: LeaseWord::new(),
            seats: [const { OnceLock::new() }; LEASE_SEATS_MAX],
            since: AtomicU64::new(0),
            acquired: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            taken_over: AtomicU64::new(0),
        }
    }

    /// The seat of the node `life`, which is a new one if it has none. Under the registration lock.
    fn seat_of(&self, life: &Arc<Incarnation>) -> Option<usize> {
        let new = || Seat {
            node: Arc::clone(life.instance()),
            life: Mutex::new(Arc::clone(life)),
            purposes: [const { OnceLock::new() }; LEASE_PURPOSES_MAX - 1],
        };
        let index = self.seats.iter().position(|seat| seat.get_or_init(new).node == *life.instance())?;
        let mut current = self.seat(index)?.life.lock().unwrap_or_else(PoisonError::into_inner);
        if current.number() > life.number() {
            // A thread that was given up, and is late: a later life has the seat.
            return None;
        }
        if !Arc::ptr_eq(&current, life) {
            let seen = self.word.read();
            // Of the life before, which was fenced: from here on nobody would know that.
            if seen.seat() == index && !seen.is_free() && self.word.give_back(seen) {
                // Relaxed: a count for people to read.
                self.taken_over.fetch_add(1, Ordering::Relaxed);
            }
            *current = Arc::clone(life);
        }
        Some(index)
    }

    fn seat(&self, index: usize) -> Option<&Seat> {
        self.seats.get(index)?.get()
    }

    /// Whether `term` is that of a holder whose time is not over and who was not fenced.
    fn holds(&self, term: LeaseTerm, now: Time) -> bool {
        !term.is_free() && now < deadline(term) && !self.seat(term.seat()).is_some_and(Seat::is_fenced)
    }

    fn count_taken(&self, before: LeaseTerm, now: Time) {
        // Relaxed, here and below: for people to read.
        self.since.store(now.as_ns(), Ordering::Relaxed);
        self.acquired.fetch_add(1, Ordering::Relaxed);
        if !before.is_free() {
            self.taken_over.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Node and purpose of `term`.
    fn words(&self, term: LeaseTerm) -> (Arc<str>, &'static str) {
        let Some(seat) = self.seat(term.seat()) else { return (Arc::from(""), OTHER_PURPOSES) };
        let purpose = seat.purposes.get(term.purpose()).and_then(|purpose| purpose.get().copied());
        (Arc::clone(&seat.node), purpose.unwrap_or(OTHER_PURPOSES))
    }

    fn status(&self) -> LeaseStatus {
        let (now, term) = (self.clock.now(), self.word.read());
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let held = self.holds(term, now).then(|| self.words(term));
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let since = Time::from_ns(read(&self.since));
        LeaseStatus {
            name: self.name.to_string(),
            nodes: self.seats.iter().filter_map(OnceLock::get).map(|seat| seat.node.to_string()).collect(),
            owner: held.as_ref().map(|(node, _)| node.to_string()),
            purpose: held.as_ref().map(|(_, purpose)| *purpose),
            held_ms: held.as_ref().map(|_| ms(now.since(since))),
            remaining_ms: held.map(|_| ms(remaining(term, now))),
            acquired: read(&self.acquired),
            refused: read(&self.refused),
            taken_over: read(&self.taken_over),
        }
    }
}

impl Seat {
    /// Whether the node may do nothing any more.
    fn is_fenced(&self) -> bool {
        // Taken for alive while it is being replaced: who asks tries again, and waits for nobody.
        self.life.try_lock().is_ok_and(|life| life.is_fenced())
    }

    /// The number of `purpose`.
    fn purpose(&self, purpose: &'static str) -> usize {
        let is = |place: &OnceLock<&'static str>| *place.get_or_init(|| purpose) == purpose;
        self.purposes.iter().position(is).unwrap_or(self.purposes.len())
    }
}

fn check_time(cell: &LeaseCell, given: Duration) -> Result<(), LeaseError> {
    if (LEASE_MIN..=LEASE_MAX).contains(&given) {
        Ok(())
    } else {
        Err(LeaseError::Time { lease: Arc::clone(&cell.name), given })
    }
}

/// `time` in whole milliseconds, rounded up: a lease is held for at least as long as was asked for.
fn deadline_ms(time: Time) -> u64 {
    time.as_ns().div_ceil(1_000_000).max(1)
}

fn deadline(term: LeaseTerm) -> Time {
    Time::from_ns(term.deadline_ms().saturating_mul(1_000_000))
}

fn remaining(term: LeaseTerm, now: Time) -> Duration {
    deadline(term).since(now)
}

impl fmt::Debug for Leases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lock().keys()).finish()
    }
}

impl fmt::Debug for Leasable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leasable({})", self.cell.name)
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("name", &self.cell.name).field("remaining", &self.remaining()).finish()
    }
}
