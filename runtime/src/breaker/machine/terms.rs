//! By which policy a machine works: chosen between several, and adjusted to what was learned.

use super::{BreakerPolicy, BreakerState, Machine, TripRule, window_of, windows_of};
use crate::breaker::adaptive::{Learned, Learner};
use crate::breaker::modes::Policies;
use crate::clock::Time;
use std::time::Duration;

/// Where the policy comes from.
#[derive(Debug)]
pub(super) struct Terms {
    policies: Policies,
    learner: Option<Learner>,
    /// The circuit is in metrics only because it learns, and is to be closed when it has learned.
    pub(super) only_learns: bool,
}

impl Terms {
    pub(super) fn new(own: BreakerPolicy) -> Self {
        Self { policies: Policies::new(own), learner: None, only_learns: false }
    }

    /// Whether it has to be told of successes.
    pub(super) fn is_learning(&self) -> bool {
        self.learner.as_ref().is_some_and(|learner| !learner.is_frozen)
    }
}

impl Machine {
    /// Does `change`, and works by the policy that it leads to.
    pub(in crate::breaker) fn choose(&mut self, now: Time, short: u64, change: impl FnOnce(&mut Policies)) {
        self.tick(now, short);
        change(&mut self.terms.policies);
        let mut policy = self.terms.policies.chosen().clone();
        if let Some(proposal) = self.terms.learner.as_ref().and_then(Learner::proposal) {
            proposal.apply(&mut policy);
        }
        if policy != self.policy {
            self.work_by(policy);
        }
    }

    /// Works by `policy` from now on. Windows that are the same keep their calls.
    fn work_by(&mut self, policy: BreakerPolicy) {
        let mut windows = windows_of(&policy);
        let rules = policy.trip.iter().zip(&mut windows);
        for (rule, place) in rules {
            let same = |old: &TripRule| window_of(old).is_some() && window_of(old) == window_of(rule);
            if let Some(index) = self.policy.trip.iter().position(same) {
                place.clone_from(&self.windows[index]);
            }
        }
        self.windows = windows;
        self.policy = policy;
    }

    /// Learns anew.
    pub(in crate::breaker) fn learn(&mut self, now: Time, learner: Learner, short: u64) {
        self.terms.learner = Some(learner);
        // What was learned before is forgotten.
        self.choose(now, short, |_| ());
        if self.state == BreakerState::Closed {
            self.enter(BreakerState::MetricsOnly, self.latest, short);
            self.terms.only_learns = true;
        }
    }

    pub(in crate::breaker) fn learned(&self) -> Option<Learned> {
        self.terms.learner.as_ref().map(Learner::learned)
    }

    pub(in crate::breaker) fn freeze(&mut self, is_frozen: bool) {
        if let Some(learner) = &mut self.terms.learner {
            learner.is_frozen = is_frozen;
        }
    }

    /// Learns from a call that has ended at `now`: its duration if it succeeded.
    pub(super) fn learn_from(&mut self, now: Time, success: Option<Duration>, short: u64) {
        let Some(learner) = &mut self.terms.learner else { return };
        let Some(proposal) = learner.note(now, success) else { return };
        // In place: windows stay, and nothing is allocated.
        proposal.apply(&mut self.policy);
        if std::mem::take(&mut self.terms.only_learns) && self.state == BreakerState::MetricsOnly {
            self.enter(BreakerState::Closed, now, short);
        }
    }
}
