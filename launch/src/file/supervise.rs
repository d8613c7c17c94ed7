//! How nodes are started again, alone and in groups, and who watches the robot.

use std::path::PathBuf;
use std::time::Duration;

use nevil_msgs::{Mark, Value, ValueKind};
use serde::Deserialize;

use super::reader::Reader;
use super::{LaunchFile, is_name};
use crate::limits::{
    GROUPS_MAX, RESTART_DELAY_MAX, RESTART_DELAY_START_MAX, RESTART_INTENSITY_MAX, RESTART_PERIOD_MAX,
    RESTART_PERIOD_MIN, WATCHDOG_TIMEOUT_MAX, WATCHDOG_TIMEOUT_MIN,
};
use crate::problem::PlanProblem;
use crate::rules::{GroupRule, RestartRule};
use crate::schema;

/// Who watches the robot from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchdogEntry {
    /// Whether a service manager is told how the robot is.
    pub systemd: Systemd,
    /// The hardware's watchdog; `None`: it is left alone.
    pub device: Option<PathBuf>,
    /// After how long without news the hardware resets the machine, 2 s to 14 s.
    pub timeout: Duration,
}

impl Default for WatchdogEntry {
    fn default() -> Self {
        Self { systemd: Systemd::default(), device: None, timeout: WATCHDOG_TIMEOUT_MAX }
    }
}

/// Whether a service manager is told how the robot is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Systemd {
    /// If one wants to know: it has set `NOTIFY_SOCKET` then.
    #[default]
    Auto,
    /// No.
    Off,
}

/// `restart: transient`, or `restart: { … }`. What is wrong is left at its default.
pub(super) fn restart(value: &Value, path: &str, reader: &mut Reader) -> RestartRule {
    let mut rule = RestartRule::default();
    match value.kind {
        ValueKind::Text(_) => {
            rule.policy = reader.typed(value, path).unwrap_or_default();
            return rule;
        }
        ValueKind::Map(_) | ValueKind::Null => _ = reader.map(value, path, schema::RESTART),
        _ => {
            reader.wrong_type(value, path, "one of `permanent`, `transient`, `temporary`, or a map");
            return rule;
        }
    }
    if let Some(value) = value.get("policy") {
        rule.policy = reader.typed(value, &format!("{path}.policy")).unwrap_or_default();
    }
    (rule.intensity, rule.period) = intensity(value, path, (rule.intensity, rule.period), reader);
    if let Some(value) = value.get("delay") {
        let delay =
            reader.duration(value, &format!("{path}.delay"), Duration::ZERO..=RESTART_DELAY_START_MAX);
        rule.delay = delay.unwrap_or(rule.delay);
    }
    match value.get("delay_max") {
        Some(value) => {
            let path = format!("{path}.delay_max");
            let most = reader.duration(value, &path, Duration::ZERO..=RESTART_DELAY_MAX);
            rule.delay_max = most.unwrap_or(rule.delay_max.max(rule.delay));
            if rule.delay > rule.delay_max {
                let problem = PlanProblem::DelayAboveMost { delay: rule.delay, delay_max: rule.delay_max };
                reader.problem(&value.mark, &path, problem);
            }
        }
        None => rule.delay_max = rule.delay_max.max(rule.delay),
    }
    rule
}

fn intensity(map: &Value, path: &str, otherwise: (u32, Duration), reader: &mut Reader) -> (u32, Duration) {
    let intensity = map.get("intensity").and_then(|value| {
        let range = 0..=i128::from(RESTART_INTENSITY_MAX);
        u32::try_from(reader.integer(value, &format!("{path}.intensity"), range)?).ok()
    });
    let period = map.get("period").and_then(|value| {
        reader.duration(value, &format!("{path}.period"), RESTART_PERIOD_MIN..=RESTART_PERIOD_MAX)
    });
    (intensity.unwrap_or(otherwise.0), period.unwrap_or(otherwise.1))
}

/// The groups in the order of the file, with the places of their names.
pub(super) fn groups(value: &Value, reader: &mut Reader) -> Vec<(GroupRule, Mark)> {
    let entries = reader.entries(value, "groups");
    if entries.len() > GROUPS_MAX {
        reader.problem(&value.mark, "groups", PlanProblem::TooManyGroups { given: entries.len() });
        return Vec::new();
    }
    let mut groups = Vec::new();
    for (key, value) in entries {
        let path = format!("groups.{}", key.name);
        let mut rule = GroupRule::new(&key.name);
        if !is_name(&key.name, "_") {
            reader.problem(&key.mark, &path, PlanProblem::GroupName { given: key.name.clone() });
        }
        if reader.map(value, &path, schema::GROUP) {
            if let Some(value) = value.get("strategy") {
                rule.strategy = reader.typed(value, &format!("{path}.strategy")).unwrap_or_default();
            }
            (rule.intensity, rule.period) = intensity(value, &path, (rule.intensity, rule.period), reader);
        }
        groups.push((rule, key.mark.clone()));
    }
    groups
}

/// Groups that nodes name and that there are not, and groups that no node names.
pub(super) fn check_groups(file: &LaunchFile, reader: &mut Reader) {
    let known: Vec<_> = file.groups.iter().map(|(rule, _)| rule.name.clone()).collect();
    let named: Vec<_> = file.nodes.iter().filter_map(|node| Some((node, node.group.as_ref()?))).collect();
    for (node, (given, mark)) in named.iter().filter(|(_, (name, _))| !known.contains(name)) {
        let problem = PlanProblem::UnknownGroup { given: given.clone(), known: known.clone() };
        reader.problem(mark, &format!("nodes.{}.group", node.instance), problem);
    }
    for (rule, mark) in &file.groups {
        if named.iter().all(|(_, (name, _))| *name != rule.name) {
            let problem = PlanProblem::UnusedGroup { given: rule.name.clone() };
            reader.problem(mark, &format!("groups.{}", rule.name), problem);
        }
    }
}

/// `watchdog: { … }`.
pub(super) fn watchdog(value: &Value, reader: &mut Reader) -> WatchdogEntry {
    let mut entry = WatchdogEntry::default();
    if !reader.map(value, "watchdog", schema::WATCHDOG) {
        return entry;
    }
    if let Some(value) = value.get("systemd") {
        entry.systemd = reader.typed(value, "watchdog.systemd").unwrap_or_default();
    }
    if let Some(value) = value.get("device") {
        let path = reader.typed::<String>(value, "watchdog.device").map(PathBuf::from);
        if path.as_ref().is_some_and(|path| !path.is_absolute()) {
            reader.wrong_type(
                value,
                "watchdog.device",
                "a path that begins with `/`, such as `/dev/watchdog`,",
            );
        }
        entry.device = path.filter(|path| path.is_absolute());
    }
    if let Some(given) = value.get("timeout") {
        let range = WATCHDOG_TIMEOUT_MIN..=WATCHDOG_TIMEOUT_MAX;
        entry.timeout = reader.duration(given, "watchdog.timeout", range).unwrap_or(entry.timeout);
        if value.get("device").is_none() {
            reader.problem(&given.mark, "watchdog.timeout", PlanProblem::TimeoutWithoutDevice);
        }
    }
    entry
}
