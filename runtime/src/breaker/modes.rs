//! Which policy a breaker works by: that of the robot's mode, another one under load, otherwise its own.

use std::collections::BTreeMap;

use super::Breaker;
use super::error::{BreakerError, PolicyProblem};
use super::policy::{BreakerPolicy, at_most};
use crate::clock::Time;
use crate::limits::BREAKER_MODES_MAX;

/// Another policy while the machine has much to do.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadRule {
    /// From a load of more than so many percent on.
    pub above_percent: u8,
    /// Then this holds, whatever the mode.
    pub policy: BreakerPolicy,
}

impl LoadRule {
    /// Whether it holds at a load of `percent`; not where there is no reading.
    #[must_use]
    pub fn holds(&self, percent: Option<u8>) -> bool {
        percent.is_some_and(|percent| percent > self.above_percent)
    }
}

/// A breaker's policies, and what chooses between them.
#[derive(Debug)]
pub(super) struct Policies {
    pub(super) own: BreakerPolicy,
    pub(super) of_modes: BTreeMap<String, BreakerPolicy>,
    pub(super) mode: Option<String>,
    pub(super) load_rule: Option<LoadRule>,
    pub(super) load_percent: Option<u8>,
}

impl Policies {
    pub(super) fn new(own: BreakerPolicy) -> Self {
        Self { own, of_modes: BTreeMap::new(), mode: None, load_rule: None, load_percent: None }
    }

    /// The policy that holds: under load that of the rule, else that of the mode, else its own.
    pub(super) fn chosen(&self) -> &BreakerPolicy {
        let loaded = self.load_rule.as_ref().filter(|rule| rule.holds(self.load_percent));
        let of_mode = || self.mode.as_ref().and_then(|mode| self.of_modes.get(mode));
        loaded.map(|rule| &rule.policy).or_else(of_mode).unwrap_or(&self.own)
    }
}

impl Breaker {
    /// Works by these policies in the modes of these names ([`Self::set_mode`]), such as `start_up`, `autonomous`, `docked`,
    /// and by its own in all others. At most 16; they take the place of those before.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Policy`] if a value is not allowed, [`BreakerError::Busy`] as in [`Self::operate`]; the policies are
    /// then as they were.
    pub fn set_modes(
        &self,
        now: Time,
        policies: BTreeMap<String, BreakerPolicy>,
    ) -> Result<(), BreakerError> {
        let number = at_most("modes", policies.len() as u64, 0, BREAKER_MODES_MAX as u64);
        number.map_err(|problem| self.wrong(problem))?;
        for policy in policies.values() {
            policy.check().map_err(|problem| self.wrong(problem))?;
        }
        self.choose(now, |own| own.of_modes = policies)
    }

    /// Says in which mode the robot is. State, rows and windows stay as with [`Self::set_policy`].
    ///
    /// # Errors
    ///
    /// [`BreakerError::Busy`] as in [`Self::operate`].
    pub fn set_mode(&self, now: Time, mode: &str) -> Result<(), BreakerError> {
        self.choose(now, |policies| policies.mode = Some(mode.to_owned()))
    }

    /// Works by another policy under load ([`Self::set_load`]), whatever the mode; `None`: by none.
    ///
    /// # Errors
    ///
    /// As in [`Self::set_modes`].
    pub fn set_load_rule(&self, now: Time, rule: Option<LoadRule>) -> Result<(), BreakerError> {
        if let Some(rule) = &rule {
            rule.policy.check().map_err(|problem| self.wrong(problem))?;
        }
        self.choose(now, |policies| policies.load_rule = rule)
    }

    /// Says how much the machine has to do, in percent; `None`: that is not known, and no load rule holds.
    ///
    /// # Errors
    ///
    /// [`BreakerError::Busy`] as in [`Self::operate`].
    pub fn set_load(&self, now: Time, percent: Option<u8>) -> Result<(), BreakerError> {
        self.choose(now, |policies| policies.load_percent = percent)
    }

    fn choose(&self, now: Time, change: impl FnOnce(&mut Policies)) -> Result<(), BreakerError> {
        self.core.with(|machine, short| machine.choose(now, short, change))
    }

    fn wrong(&self, problem: PolicyProblem) -> BreakerError {
        BreakerError::Policy { breaker: self.name().into(), problem }
    }
}
