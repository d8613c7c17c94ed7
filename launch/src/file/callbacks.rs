//! What the callbacks of a node are allowed, and what follows if one hangs or panics.

use std::time::Duration;

use nevil_msgs::{Mark, Value};
use nevil_runtime::limits::{
    CALLBACK_EXTEND_MAX, CALLBACK_TIMEOUT_MAX, CALLBACK_TIMEOUT_MIN, HANG_GRACE_MAX, HANG_GRACE_MIN,
};
use nevil_runtime::{BreakerPolicy, CallbackRule, NodeRules, OnHang, OnPanic};

use super::breaker::{self, BreakerEntry};
use super::reader::Reader;
use crate::problem::PlanProblem;
use crate::schema;

/// What callbacks are read with.
#[derive(Clone, Copy)]
pub(super) struct Around<'file> {
    /// How long all nodes together may take to stop: a callback that hangs may not take all of it.
    pub(super) shutdown_timeout: Duration,
    /// The policies of the file.
    pub(super) breakers: &'file [BreakerEntry],
}

/// What a launch file says about the callbacks of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallbackEntries {
    /// What follows if one hangs.
    pub on_hang: OnHang,
    /// What follows if one panics.
    pub on_panic: OnPanic,
    /// What holds for each that has no entry of its own.
    pub all: CallbackEntry,
    /// Those that have, in the order of the file.
    pub single: Vec<SingleCallback>,
}

/// What a launch file says about one callback.
#[derive(Clone, Debug, PartialEq)]
pub struct SingleCallback {
    /// Its name. Whether the node has it is found out by the plan.
    pub name: String,
    /// Where that stands.
    pub mark: Mark,
    /// What holds for it; what is not said is as for all callbacks of the node.
    pub entry: CallbackEntry,
}

/// What callbacks are allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct CallbackEntry {
    /// How long a call may take, 1 ms to 10 min.
    pub timeout: Duration,
    /// How much longer it may take until it is taken for hung, 10 ms to 60 s.
    pub hang_grace: Duration,
    /// Most that one call may ask for besides, up to 10 min.
    pub extend_max: Duration,
    /// Whether it is called during an emergency stop too.
    pub safety: bool,
    /// The policy of its breaker.
    pub breaker: BreakerPolicy,
}

impl Default for CallbackEntry {
    fn default() -> Self {
        let CallbackRule { timeout, hang_grace, extend_max, safety, breaker } = CallbackRule::default();
        Self { timeout, hang_grace, extend_max, safety, breaker }
    }
}

impl CallbackEntry {
    fn rule(&self) -> CallbackRule {
        let Self { timeout, hang_grace, extend_max, safety, breaker } = self.clone();
        CallbackRule { timeout, hang_grace, extend_max, safety, breaker }
    }
}

impl CallbackEntries {
    /// The same without the places in the file.
    #[must_use]
    pub fn rules(&self) -> NodeRules {
        let single = self.single.iter().map(|single| (single.name.clone(), single.entry.rule()));
        NodeRules {
            on_hang: self.on_hang,
            on_panic: self.on_panic,
            callback: self.all.rule(),
            callbacks: single.collect(),
        }
    }
}

/// What `node` says about its callbacks.
pub(super) fn callbacks(
    node: &Value,
    path: &str,
    around: Around<'_>,
    reader: &mut Reader,
) -> CallbackEntries {
    let mut entries = CallbackEntries::default();
    if let Some(value) = node.get("on_hang") {
        entries.on_hang = reader.typed(value, &format!("{path}.on_hang")).unwrap_or_default();
    }
    if let Some(value) = node.get("on_panic") {
        entries.on_panic = reader.typed(value, &format!("{path}.on_panic")).unwrap_or_default();
    }
    entries.all = callback(node, path, &CallbackEntry::default(), around, reader);
    let path = format!("{path}.callbacks");
    for (key, value) in node.get("callbacks").map_or(&[][..], |value| reader.entries(value, &path)) {
        let path = format!("{path}.{}", key.name);
        let entry = if reader.map(value, &path, schema::CALLBACK) {
            callback(value, &path, &entries.all, around, reader)
        } else {
            entries.all.clone()
        };
        entries.single.push(SingleCallback { name: key.name.clone(), mark: key.mark.clone(), entry });
    }
    entries
}

/// What `map` says about a callback; what it does not say is as in `otherwise`.
fn callback(
    map: &Value,
    path: &str,
    otherwise: &CallbackEntry,
    around: Around<'_>,
    reader: &mut Reader,
) -> CallbackEntry {
    let mut entry = otherwise.clone();
    if let Some(value) = map.get("safety") {
        entry.safety = reader.typed(value, &format!("{path}.safety")).unwrap_or(entry.safety);
    }
    let breaker = map.get("breaker");
    let breaker = breaker
        .and_then(|value| breaker::breaker(value, &format!("{path}.breaker"), around.breakers, reader));
    let mut of_preset = None;
    if let Some((policy, timeout)) = breaker {
        (entry.breaker, of_preset) = (policy, timeout);
    }
    entry.timeout = of_preset.unwrap_or(entry.timeout);
    let mut time = |key, range, time: &mut Duration| {
        let Some(value) = map.get(key) else { return };
        *time = reader.duration(value, &format!("{path}.{key}"), range).unwrap_or(*time);
    };
    time("timeout", CALLBACK_TIMEOUT_MIN..=CALLBACK_TIMEOUT_MAX, &mut entry.timeout);
    time("hang_grace", HANG_GRACE_MIN..=HANG_GRACE_MAX, &mut entry.hang_grace);
    time("extend_max", Duration::ZERO..=CALLBACK_EXTEND_MAX, &mut entry.extend_max);
    check_end(map, path, &entry, around.shutdown_timeout, reader);
    entry
}

/// Whether a stop could wait for a call that hangs. Where no time-out is said, nothing is wrong: a stop then ends without
/// the callback.
fn check_end(
    map: &Value,
    path: &str,
    entry: &CallbackEntry,
    shutdown_timeout: Duration,
    reader: &mut Reader,
) {
    let &CallbackEntry { timeout, hang_grace, .. } = entry;
    let is_of_preset = map.get("timeout").is_none() && timeout > shutdown_timeout;
    let said = ["timeout", "hang_grace"].into_iter().find_map(|key| Some((key, map.get(key)?)));
    if let Some((key, value)) = said
        && !is_of_preset
        && timeout + hang_grace > shutdown_timeout
    {
        let problem = PlanProblem::HangAboveShutdown { timeout, hang_grace, shutdown_timeout };
        reader.problem(&value.mark, &format!("{path}.{key}"), problem);
    }
}
