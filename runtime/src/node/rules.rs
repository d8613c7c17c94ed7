//! What the callbacks of a node are allowed, and what follows if one hangs or panics.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::breaker::BreakerPolicy;
use crate::limits::{CALLBACK_EXTEND_DEFAULT, CALLBACK_TIMEOUT_DEFAULT, HANG_GRACE_DEFAULT};

/// What is allowed to the callbacks of a node, and what follows if one hangs or panics.
///
/// ```
/// use nevil_runtime::{CallbackRule, NodeRules};
/// use std::time::Duration;
///
/// let mut rules = NodeRules::default();
/// let long = CallbackRule { timeout: Duration::from_secs(2), ..CallbackRule::default() };
/// rules.callbacks.insert("answer".to_owned(), long.clone());
/// assert_eq!((rules.of("answer"), rules.of("range")), (&long, &CallbackRule::default()));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeRules {
    /// What follows if one does not return although its grace has passed.
    pub on_hang: OnHang,
    /// What follows if one panics.
    pub on_panic: OnPanic,
    /// What holds for each callback that has no rule of its own.
    pub callback: CallbackRule,
    /// The rules of single callbacks, by name: the name that accounts and logs use.
    pub callbacks: BTreeMap<String, CallbackRule>,
}

impl NodeRules {
    /// What holds for this callback.
    #[must_use]
    pub fn of(&self, callback: &str) -> &CallbackRule {
        self.callbacks.get(callback).unwrap_or(&self.callback)
    }
}

/// What is allowed to one callback.
#[derive(Clone, Debug, PartialEq)]
pub struct CallbackRule {
    /// How long a call may take; one that takes longer has failed.
    pub timeout: Duration,
    /// How much longer it may take until it is taken for hung.
    pub hang_grace: Duration,
    /// Most that one call may ask for besides its time-out, all extensions together. Zero: none.
    pub extend_max: Duration,
    /// Whether it is called during an emergency stop too: what looks after the robot then, and moves nothing.
    pub safety: bool,
    /// When its breaker opens, for how long, and how it closes again. Where that looks at slow calls and does not say what
    /// is slow, the period of a timer is, and of other callbacks the `timeout`.
    pub breaker: BreakerPolicy,
}

impl Default for CallbackRule {
    fn default() -> Self {
        Self {
            timeout: CALLBACK_TIMEOUT_DEFAULT,
            hang_grace: HANG_GRACE_DEFAULT,
            extend_max: CALLBACK_EXTEND_DEFAULT,
            safety: false,
            breaker: BreakerPolicy::default(),
        }
    }
}

/// What follows if a callback hangs: its node's thread is beyond reach then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnHang {
    /// Another instance of the node takes over, on another thread.
    #[default]
    Replace,
    /// The robot is made safe and ends.
    SafeStop,
}

/// What follows if a callback panics: the node may be half-changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnPanic {
    /// Another instance of the node takes over.
    #[default]
    Replace,
    /// It goes on as it is.
    Keep,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{CallbackRule, NodeRules};

    #[test]
    fn a_callback_without_a_rule_of_its_own_has_that_of_the_node() {
        let of = |ms| CallbackRule { timeout: Duration::from_millis(ms), ..CallbackRule::default() };
        let mut rules = NodeRules { callback: of(7), ..NodeRules::default() };
        rules.callbacks.insert("range".to_owned(), of(9));
        assert_eq!((rules.of("range"), rules.of("drive")), (&of(9), &of(7)));
    }
}
