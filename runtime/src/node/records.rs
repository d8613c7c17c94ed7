//! Under which rule each callback of a life is recorded.

use std::sync::Arc;
use std::time::Duration;

use crate::breaker::{BreakerError, BreakerPolicy};
use crate::node::callback::{Callback, NO_TIMEOUT};
use crate::node::rules::{CallbackRule, NodeRules};
use crate::node::shared::NodeShared;

impl NodeShared {
    /// The record of its callback `name`: the same in each of its lives.
    ///
    /// # Errors
    ///
    /// [`BreakerError`] if its rule has a value that is not allowed.
    pub(crate) fn record(
        &self,
        name: Arc<str>,
        period: Option<Duration>,
    ) -> Result<Arc<Callback>, BreakerError> {
        self.record_by(name, &self.rules, period)
    }

    /// The record of a callback that every node has, and that is called during an emergency stop too.
    pub(crate) fn record_always(&self, name: &str) -> Result<Arc<Callback>, BreakerError> {
        let rule = CallbackRule { safety: true, ..self.rules.of(name).clone() };
        let rules = NodeRules { callback: rule, ..NodeRules::default() };
        self.record_by(name.into(), &rules, None)
    }

    /// The same, of one that answers a question: what it says opens no breaker.
    pub(crate) fn record_answer(&self, name: &str) -> Result<Arc<Callback>, BreakerError> {
        let rule = self.rules.of(name).clone();
        let breaker = BreakerPolicy { trip: Vec::new(), ..rule.breaker };
        let rules =
            NodeRules { callback: CallbackRule { safety: true, breaker, ..rule }, ..NodeRules::default() };
        self.record_by(name.into(), &rules, None)
    }

    /// The record of a phase of its life, whose breaker never opens.
    pub(crate) fn record_phase(&self, name: &str) -> Result<Arc<Callback>, BreakerError> {
        let breaker = BreakerPolicy { trip: Vec::new(), ..BreakerPolicy::default() };
        let callback = CallbackRule { breaker, safety: true, timeout: NO_TIMEOUT, ..CallbackRule::default() };
        let rules = NodeRules { callback, ..NodeRules::default() };
        self.record_by(name.into(), &rules, None)
    }

    fn record_by(
        &self,
        name: Arc<str>,
        rules: &NodeRules,
        period: Option<Duration>,
    ) -> Result<Arc<Callback>, BreakerError> {
        let now = self.clock.now();
        self.callback_records.of(&self.breakers, &self.instance, name, rules, period, now)
    }
}
