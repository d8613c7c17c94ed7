//! Trying again, within a budget that all who retry share.

use std::fmt::Display;

use nevil_sys::sync::atomic::{AtomicU32, Ordering};

use super::Breaker;
use super::error::CallError;
use crate::clock::Clock;
use crate::limits::{BREAKER_RETRIES_MAX, BREAKER_TRIES_MAX};

/// A tenth of a retry.
const WHOLE: u32 = 10;

/// How many calls may be made a second time. Every call that succeeds at once adds a tenth of a retry, up to a limit; a
/// retry takes a whole one. When everything fails, the budget is used up, and what fails is called hardly more often than
/// without retries. To be shared by all that retry towards the same end.
#[derive(Debug)]
pub struct RetryBudget {
    tenths: AtomicU32,
    most: u32,
}

impl RetryBudget {
    /// A full budget of `retries`, 1 to 1000.
    ///
    /// # Panics
    ///
    /// If `retries` is out of that range.
    #[must_use]
    pub fn new(retries: u32) -> Self {
        assert!(
            (1..=BREAKER_RETRIES_MAX).contains(&retries),
            "a budget has 1 to {BREAKER_RETRIES_MAX} retries"
        );
        let most = retries * WHOLE;
        Self { tenths: AtomicU32::new(most), most }
    }

    /// Whole retries that are left.
    #[must_use]
    pub fn left(&self) -> u32 {
        // Relaxed, here and below: the number gives access to nothing.
        self.tenths.load(Ordering::Relaxed) / WHOLE
    }

    /// Takes a retry; `false` if there is none. Never waits: where too many try at once, it is `false` too.
    #[must_use]
    pub fn take(&self) -> bool {
        self.change(|tenths| tenths.checked_sub(WHOLE))
    }

    /// Adds what a success is worth. Where too many try at once, nothing is added.
    pub fn add(&self) {
        self.change(|tenths| (tenths < self.most).then_some(tenths + 1));
    }

    fn change(&self, change: impl Fn(u32) -> Option<u32>) -> bool {
        let mut old = self.tenths.load(Ordering::Relaxed);
        for _ in 0..BREAKER_TRIES_MAX {
            let Some(new) = change(old) else { return false };
            match self.tenths.compare_exchange_weak(old, new, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(other) => old = other,
            }
        }
        false
    }
}

impl Breaker {
    /// As [`Self::call`], at most `tries_max` times and at least once, at once after one another, while the circuit lets it through and the
    /// budget has retries. A panic and a refusal are not tried again.
    ///
    /// # Errors
    ///
    /// Why the last try has no result.
    pub fn call_retrying<R, E: Display>(
        &self,
        clock: &Clock,
        budget: &RetryBudget,
        tries_max: u32,
        mut f: impl FnMut() -> Result<R, E>,
    ) -> Result<R, CallError<E>> {
        let mut is_first = true;
        let mut tries_left = tries_max;
        loop {
            let called = self.call(clock, &mut f);
            tries_left = tries_left.saturating_sub(1);
            if is_first && called.is_ok() {
                budget.add();
            }
            is_first = false;
            let again = matches!(called, Err(CallError::Failed(_))) && tries_left > 0;
            if !again || !budget.take() {
                return called;
            }
        }
    }
}
