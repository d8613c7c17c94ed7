//! What the callbacks of a node are allowed, and what follows if one hangs or panics.

use std::time::Duration;

use nevil_msgs::{Mark, Problem, Value};
use nevil_runtime::limits::{
    CALLBACK_EXTEND_MAX, CALLBACK_TIMEOUT_MAX, CALLBACK_TIMEOUT_MIN, HANG_GRACE_MAX, HANG_GRACE_MIN,
};
use nevil_runtime::{BreakerPolicy, CallbackRule, NodeRules, OnHang, OnPanic};

use super::reader::Reader;
use crate::problem::PlanProblem;

/// The keys of a callback, which a node has too: there they hold for all callbacks that do not say otherwise.
pub(super) const CALLBACK_KEYS: [&str; 4] = ["timeout", "hang_grace", "extend_max", "breaker"];

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
    /// The name of the breaker's policy, and where that stands.
    pub breaker: Option<(String, Mark)>,
}

impl Default for CallbackEntry {
    fn default() -> Self {
        let CallbackRule { timeout, hang_grace, extend_max, .. } = CallbackRule::default();
        Self { timeout, hang_grace, extend_max, breaker: None }
    }
}

impl CallbackEntry {
    fn rule(&self) -> CallbackRule {
        let &Self { timeout, hang_grace, extend_max, .. } = self;
        let preset = self.breaker.as_ref().and_then(|(name, _)| BreakerPolicy::preset(name));
        let breaker = preset.map(|preset| preset.policy).unwrap_or_default();
        CallbackRule { timeout, hang_grace, extend_max, breaker, ..CallbackRule::default() }
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

/// What `node` says about its callbacks. `shutdown_timeout`: a callback that hangs may not take all of it.
pub(super) fn callbacks(
    node: &Value,
    path: &str,
    shutdown_timeout: Duration,
    reader: &mut Reader,
) -> CallbackEntries {
    let mut entries = CallbackEntries::default();
    if let Some(value) = node.get("on_hang") {
        entries.on_hang = reader.typed(value, &format!("{path}.on_hang")).unwrap_or_default();
    }
    if let Some(value) = node.get("on_panic") {
        entries.on_panic = reader.typed(value, &format!("{path}.on_panic")).unwrap_or_default();
    }
    entries.all = callback(node, path, &CallbackEntry::default(), shutdown_timeout, reader);
    let path = format!("{path}.callbacks");
    for (key, value) in node.get("callbacks").map_or(&[][..], |value| reader.entries(value, &path)) {
        let path = format!("{path}.{}", key.name);
        let entry = if reader.map(value, &path, &CALLBACK_KEYS) {
            callback(value, &path, &entries.all, shutdown_timeout, reader)
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
    shutdown_timeout: Duration,
    reader: &mut Reader,
) -> CallbackEntry {
    let mut entry = otherwise.clone();
    let mut time = |key, range, time: &mut Duration| {
        let Some(value) = map.get(key) else { return };
        *time = reader.duration(value, &format!("{path}.{key}"), range).unwrap_or(*time);
    };
    time("timeout", CALLBACK_TIMEOUT_MIN..=CALLBACK_TIMEOUT_MAX, &mut entry.timeout);
    time("hang_grace", HANG_GRACE_MIN..=HANG_GRACE_MAX, &mut entry.hang_grace);
    time("extend_max", Duration::ZERO..=CALLBACK_EXTEND_MAX, &mut entry.extend_max);
    let said = ["timeout", "hang_grace"].into_iter().find_map(|key| Some((key, map.get(key)?)));
    // Where nothing is said, nothing is wrong: a stop then ends without the callback that hangs.
    if let Some((key, value)) = said
        && entry.timeout + entry.hang_grace > shutdown_timeout
    {
        let &CallbackEntry { timeout, hang_grace, .. } = &entry;
        let problem = PlanProblem::HangAboveShutdown { timeout, hang_grace, shutdown_timeout };
        reader.problem(&value.mark, &format!("{path}.{key}"), problem);
    }
    if let Some(value) = map.get("breaker") {
        let path = format!("{path}.breaker");
        let name: Option<String> = reader.typed(value, &path);
        if let Some(given) = name.clone().filter(|name| BreakerPolicy::preset(name).is_none()) {
            let known = BreakerPolicy::preset_names().map(str::to_owned).collect();
            reader.problem(&value.mark, &path, Problem::UnknownVariant { given, known });
        }
        entry.breaker = name.map(|name| (name, value.mark.clone()));
    }
    entry
}
