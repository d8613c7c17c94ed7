//! A circuit breaker around every callback: what fails again and again is not called for a while.
//!
//! ```text
//!                      a rule of `trip` is met                     the open time is over, and a call comes
//!          ┌────────┐ ───────────────────────────► ┌──────┐ ────────────────────────────────────────► ┌───────────┐
//!   ──────►│ closed │                              │ open │                                           │ half-open │
//!          └────────┘                              └──────┘ ◄──────────────────────────────────────── └───────────┘
//!            ▲    ▲                                            a probe fails, is timed out, or panics;      │
//!            │    │                                            the episode's time is over                   │
//!            │    └─────────────────────────────────────────────────────────────────────────────────────────┘
//!            │                                     as many probes succeed as it takes
//!            │ reset
//!   ┌────────┴──────────────────────────────────────────────┐
//!   │ forced open, forced closed, disabled, metrics only    │ ◄── an operator, from any state
//!   └───────────────────────────────────────────────────────┘
//!
//!   the emergency stop lies over all of them: everything is refused until it is reset, and below it all stays as it is
//! ```
//! Every arrow is a new *generation*. A result of an older one is counted, and decides nothing.
//!
//! A call asks with [`Breaker::admit`] and holds a [`Permit`] until it ends. In the usual case, a closed circuit and a call
//! that succeeds, that is a look at one word at each end. What changes the circuit goes to the *machine* (`machine.rs`),
//! which decides and knows nothing of threads; `core.rs` takes it there without waiting, and `word.rs` shows what it has
//! become.

mod adaptive;
mod call;
mod core;
mod counters;
mod error;
mod event;
mod fallback;
mod history;
mod incident;
mod machine;
mod modes;
mod permit;
mod policy;
mod presets;
mod registry;
mod retry;
mod state;
mod stats;
#[cfg(test)]
mod tests;
mod watching;
mod window;
mod within;
mod word;
mod zombies;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use adaptive::{Learned, LearningBounds};
pub use counters::RefusedCounts;
pub use error::{BreakerError, CallError, PolicyProblem, Refused};
pub use fallback::{Answer, Fallback};
pub use history::{CallHistory, CallRecord};
pub use incident::Incident;
pub use modes::LoadRule;
pub use permit::Permit;
pub use policy::{Backoff, BreakerPolicy, Criticality, HalfOpen, TripRule, Window};
pub use presets::BreakerPreset;
pub use registry::Breakers;
pub use retry::RetryBudget;
pub use state::{BreakerState, CallOutcome, Ending, Operation, Ticket};
pub use stats::{BreakerStats, BreakerTotals};
pub use window::WindowCounts;

use crate::clock::Time;
use crate::limits::BREAKER_TIME_MAX;
use core::Core;
use counters::Callers;
use event::Event;
use word::EMERGENCY;
use zombies::TimedOut;

/// A circuit breaker. Clones are handles to the same one.
///
/// ```
/// use std::time::Duration;
/// use nevil_runtime::{Breaker, BreakerPolicy, BreakerState, CallOutcome, Refused, Time};
///
/// let breaker = Breaker::new("camera", BreakerPolicy::default())?;
/// let start = Time::from_ns(0);
/// for _ in 0..5 {
///     let permit = breaker.admit(start).unwrap();
///     permit.finish(start, CallOutcome::failed("no picture"));
/// }
/// assert_eq!(breaker.state(start), BreakerState::Open);
/// let minute = Duration::from_secs(60);
/// assert_eq!(breaker.admit(start).unwrap_err(), Refused::Open { retry_after: minute });
///
/// breaker.admit(start + minute).unwrap().finish(start + minute, CallOutcome::Ok);
/// assert_eq!(breaker.state(start + minute), BreakerState::Closed);
/// # Ok::<(), nevil_runtime::BreakerError>(())
/// ```
#[derive(Clone)]
pub struct Breaker {
    core: Arc<Core>,
}

impl Breaker {
    /// A closed circuit with this policy, for calls of any threads.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Policy`] if a value of the policy is not allowed.
    pub fn new(name: &str, policy: BreakerPolicy) -> Result<Self, BreakerError> {
        Self::with_callers(name, policy, Callers::Several)
    }

    /// As [`Self::new`], for calls of one thread at a time, each of which sees what the one before it did, as the thread
    /// of a node does. Calls of two threads at once would be counted as fewer than they are; nothing else would be wrong.
    /// Timing out, operating and looking may be done by any thread, and so may the return of a call that was timed out.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn for_one_thread(name: &str, policy: BreakerPolicy) -> Result<Self, BreakerError> {
        Self::with_callers(name, policy, Callers::One)
    }

    fn with_callers(name: &str, policy: BreakerPolicy, callers: Callers) -> Result<Self, BreakerError> {
        match policy.check() {
            Ok(()) => Ok(Self { core: Arc::new(Core::new(name, policy, callers)) }),
            Err(problem) => Err(BreakerError::Policy { breaker: name.into(), problem }),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// Asks for a permit to make one call at `now`. Never waits, allocates nothing, and formats nothing. While another
    /// thread is just half-opening the circuit, this call may be refused as if it were still open.
    ///
    /// # Errors
    ///
    /// Why the call is not to be made; it is counted, and feeds no rule.
    #[inline]
    pub fn admit(&self, now: Time) -> Result<Permit<'_>, Refused> {
        let ticket = self.core.admit(now)?;
        Ok(Permit::new(&self.core, ticket, now))
    }

    /// Says, from any thread, that the call of `ticket` has reached its deadline at `now` and goes on: a failure now. The
    /// call keeps its slot until it returns ([`Permit::late`]) or is given up ([`Self::give_up`]). `true` the first time,
    /// `false` if it was said before.
    ///
    /// The call's own thread may be finishing at this moment. Whoever watches keeps the ticket in an atomic beside the
    /// call, and both take it out by a swap: who finds it there goes on, the watcher with this, the thread with
    /// [`Permit::finish`]; the thread that finds nothing says [`Permit::late`], at once and without waiting for the watcher.
    pub fn time_out(&self, ticket: Ticket, now: Time) -> bool {
        let is_first = self.core.zombies.time_out(ticket) == TimedOut::Now;
        if is_first {
            self.core.post(Event::TimedOut { ticket, now });
        }
        is_first
    }

    /// Says that nobody waits any more for a call that was timed out, because its node was replaced: its slot is free. Its
    /// return is still counted as late. `false` if it has returned already.
    pub fn give_up(&self, ticket: Ticket) -> bool {
        let given_up = self.core.zombies.give_up(ticket);
        if given_up {
            self.core.return_slot(ticket.has_slot());
        }
        given_up
    }

    /// The state at `now`. A circuit whose open time is over is open until a call comes, or is half-open at once, as the
    /// policy says. Under the emergency stop it is [`BreakerState::ForcedOpen`].
    #[must_use]
    pub fn state(&self, now: Time) -> BreakerState {
        self.core.look(now);
        let word = self.core.words.load();
        match word.state() {
            _ if word.has(EMERGENCY) => BreakerState::ForcedOpen,
            state => state,
        }
    }

    /// Lets time do what it does without calls, and says when to look again: when the state may change, or
    /// the next call becomes a probe. `None`: nothing changes by time alone. For
    /// whoever shows the state, or wants it to change when it should.
    pub fn tick(&self, now: Time) -> Option<Time> {
        let next = |machine: &mut machine::Machine, short| {
            machine.tick(now, short);
            machine.next_change(now)
        };
        // Busy: who has it in hand changes something; a moment later there is more to see.
        self.core.with(next).unwrap_or(Some(now + Duration::from_millis(1)))
    }

    /// Does what an operator wants.
    ///
    /// # Errors
    ///
    /// [`BreakerError::IllegalTransition`] for half-opening what is not open, unless the policy allows it;
    /// [`BreakerError::Policy`] for a time out of range; [`BreakerError::Busy`] if other threads were at it all the time.
    pub fn operate(&self, now: Time, operation: Operation) -> Result<(), BreakerError> {
        if let Operation::OpenFor(given) = operation
            && !(Duration::from_millis(1)..=BREAKER_TIME_MAX).contains(&given)
        {
            let problem = PolicyProblem::Time { field: "open_for", given };
            return Err(BreakerError::Policy { breaker: self.name().into(), problem });
        }
        self.core.with(|machine, short| machine.operate(now, operation, short))?.map_err(|from| {
            let to = BreakerState::HalfOpen;
            BreakerError::IllegalTransition { breaker: self.name().into(), from, to }
        })
    }

    /// Refuses every call from now on, until [`Self::emergency_reset`]; no time, operation, policy or new life of a node
    /// ends it. Calls that are under way decide nothing. Never waits. `false` if it was on already.
    pub fn emergency_open(&self, now: Time) -> bool {
        let changed = self.core.words.set_emergency(true);
        if changed {
            self.core.post(Event::Emergency { now });
        }
        changed
    }

    /// Ends the emergency stop of this breaker, whose circuit is then what it was, or what operators have made of it.
    /// `false` if it was not on.
    pub fn emergency_reset(&self, now: Time) -> bool {
        let changed = self.core.words.set_emergency(false);
        if changed {
            self.core.post(Event::Emergency { now });
        }
        changed
    }

    /// Whether the emergency stop is on.
    #[must_use]
    pub fn is_emergency(&self) -> bool {
        self.core.words.load().has(EMERGENCY)
    }

    /// Works by `policy` from now on, but for modes and loads that have their own ([`Self::set_modes`]), and adjusted to what it
    /// has learned ([`Self::learn`]). State, rows and windows that are the same are kept; an open time that has begun stays
    /// as long as it is.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Policy`] if a value is not allowed, [`BreakerError::Busy`] as in [`Self::operate`]; the policy is
    /// then as it was.
    pub fn set_policy(&self, now: Time, policy: BreakerPolicy) -> Result<(), BreakerError> {
        if let Err(problem) = policy.check() {
            return Err(BreakerError::Policy { breaker: self.name().into(), problem });
        }
        self.core.with(|machine, short| machine.choose(now, short, |policies| policies.own = policy))
    }

    /// The policy that it works by.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Busy`] as in [`Self::operate`].
    pub fn policy(&self) -> Result<BreakerPolicy, BreakerError> {
        self.core.with(|machine, _| machine.policy().clone())
    }

    /// The last calls, and those before it opened.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Busy`] as in [`Self::operate`].
    pub fn history(&self) -> Result<CallHistory, BreakerError> {
        self.core.with(|machine, _| machine.history())
    }

    /// What it has counted, as of `now`.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Busy`] as in [`Self::operate`].
    pub fn stats(&self, now: Time) -> Result<BreakerStats, BreakerError> {
        stats::of(&self.core, now)
    }

    /// A number that is another one after each transition: to be compared for equality only.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.core.words.load().generation()
    }

    /// Whether the circuit has changed since the call of `ticket` was admitted.
    #[inline]
    pub(crate) fn has_changed_since(&self, ticket: Ticket) -> bool {
        self.core.words.load().generation() != ticket.generation()
    }

    /// Calls that it has refused.
    pub(crate) fn refused(&self) -> u64 {
        self.core.counters.refused().sum()
    }

    /// Whether `other` is a handle to the same breaker.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.core, &other.core)
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker").field("name", &self.core.name).finish_non_exhaustive()
    }
}
