//! Breakers by name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::counters::Callers;
use super::error::BreakerError;
use super::policy::BreakerPolicy;
use super::state::Operation;
use super::{Breaker, BreakerState};
use crate::clock::Time;

/// Breakers by name. Clones are handles to the same list. Its lock is for ordinary threads that make, list and operate
/// breakers; calls through them do not come here.
#[derive(Clone, Debug, Default)]
pub struct Breakers(Arc<Mutex<List>>);

#[derive(Debug, Default)]
struct List {
    breakers: BTreeMap<String, Registered>,
    /// What the breakers were told last, for those that come later.
    mode: Option<String>,
    load_percent: Option<u8>,
}

#[derive(Clone, Debug)]
struct Registered {
    breaker: Breaker,
    /// As registered; the breaker's own may have been changed since.
    policy: BreakerPolicy,
    callers: Callers,
}

impl Breakers {
    /// No breakers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The breaker of this name, for calls of any threads; made if there is none.
    ///
    /// # Errors
    ///
    /// [`BreakerError::OtherPolicy`] if there is one that was registered with another policy, or for one thread;
    /// [`BreakerError::Policy`] if a value of the policy is not allowed.
    pub fn register(&self, name: &str, policy: BreakerPolicy) -> Result<Breaker, BreakerError> {
        self.register_for(name, policy, Callers::Several)
    }

    /// As [`Self::register`], for calls of one thread at a time; see [`Breaker::for_one_thread`].
    ///
    /// # Errors
    ///
    /// As [`Self::register`].
    pub fn register_for_one_thread(
        &self,
        name: &str,
        policy: BreakerPolicy,
    ) -> Result<Breaker, BreakerError> {
        self.register_for(name, policy, Callers::One)
    }

    fn register_for(
        &self,
        name: &str,
        policy: BreakerPolicy,
        callers: Callers,
    ) -> Result<Breaker, BreakerError> {
        let mut list = self.lock();
        if let Some(registered) = list.breakers.get(name) {
            if registered.policy == policy && registered.callers == callers {
                return Ok(registered.breaker.clone());
            }
            return Err(BreakerError::OtherPolicy {
                breaker: name.into(),
                existing: Box::new(registered.policy.clone()),
                given: Box::new(policy),
            });
        }
        let breaker = Breaker::with_callers(name, policy.clone(), callers)?;
        // Nobody else has it in hand yet, so that it is not busy; and the time is that of its first call.
        if let Some(mode) = &list.mode {
            breaker.set_mode(Time::ZERO, mode)?;
        }
        breaker.set_load(Time::ZERO, list.load_percent)?;
        list.breakers.insert(name.into(), Registered { breaker: breaker.clone(), policy, callers });
        Ok(breaker)
    }

    /// The breaker of this name.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Unknown`], with the names that there are.
    pub fn get(&self, name: &str) -> Result<Breaker, BreakerError> {
        let breakers = &self.lock().breakers;
        let found = breakers.get(name).map(|registered| registered.breaker.clone());
        found.ok_or_else(|| BreakerError::Unknown {
            breaker: name.into(),
            known: breakers.keys().cloned().collect(),
        })
    }

    /// All of them, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Breaker> {
        self.lock().breakers.values().map(|registered| registered.breaker.clone()).collect()
    }

    /// Holds every circuit open.
    ///
    /// # Errors
    ///
    /// The first that could not be opened; the others are.
    pub fn force_open_all(&self, now: Time) -> Result<(), BreakerError> {
        self.operate_all(now, Operation::ForceOpen)
    }

    /// Holds every circuit closed.
    ///
    /// # Errors
    ///
    /// The first that could not be closed; the others are.
    pub fn force_close_all(&self, now: Time) -> Result<(), BreakerError> {
        self.operate_all(now, Operation::ForceClosed)
    }

    /// Gives every circuit back to its rules.
    ///
    /// # Errors
    ///
    /// The first that could not be reset; the others are.
    pub fn reset_all(&self, now: Time) -> Result<(), BreakerError> {
        self.operate_all(now, Operation::Reset)
    }

    /// Says in which mode the robot is, to all breakers and to those that come later: each works by its policy for that mode,
    /// or else by its own ([`Breaker::set_modes`]).
    ///
    /// # Errors
    ///
    /// The first that could not be told; the others are.
    pub fn set_mode(&self, now: Time, mode: &str) -> Result<(), BreakerError> {
        self.lock().mode = Some(mode.to_owned());
        self.each(|breaker| breaker.set_mode(now, mode))
    }

    /// The mode that was set last; `None`: none was.
    #[must_use]
    pub fn mode(&self) -> Option<String> {
        self.lock().mode.clone()
    }

    /// Says how much the machine has to do, to all breakers and to those that come later ([`Breaker::set_load`]).
    ///
    /// # Errors
    ///
    /// The first that could not be told; the others are.
    pub fn set_load(&self, now: Time, percent: Option<u8>) -> Result<(), BreakerError> {
        self.lock().load_percent = percent;
        self.each(|breaker| breaker.set_load(now, percent))
    }

    /// How many there are in each state at `now`.
    #[must_use]
    pub fn in_state(&self, now: Time, state: BreakerState) -> usize {
        self.list().iter().filter(|breaker| breaker.state(now) == state).count()
    }

    fn operate_all(&self, now: Time, operation: Operation) -> Result<(), BreakerError> {
        self.each(|breaker| breaker.operate(now, operation))
    }

    fn each(&self, tell: impl FnMut(&Breaker) -> Result<(), BreakerError>) -> Result<(), BreakerError> {
        let results: Vec<_> = self.list().iter().map(tell).collect();
        results.into_iter().collect()
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        // The list is whole at every moment; a panic elsewhere leaves nothing half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
