//! `resources: { … }` of the robot and of nodes: how much they may use, and what follows if they use more.

use std::ops::RangeInclusive;

use nevil_msgs::{Mark, Problem, Value};

use super::reader::Reader;
use crate::limits::{CORE_MAX, MEMORY_LIMIT_MAX, MEMORY_LIMIT_MIN, THREAD_PERCENT_MAX};
use crate::rules::{Limits, ResourceRule};
use crate::schema::{self, Section};
use crate::text::size_text;

/// `resources` of the robot.
pub(super) fn of_robot(value: &Value, reader: &mut Reader) -> ResourceRule {
    let mut rule = ResourceRule::default();
    if !reader.map(value, "resources", schema::RESOURCES) {
        return rule;
    }
    if let Some(value) = value.get("memory") {
        let range = MEMORY_LIMIT_MIN..=MEMORY_LIMIT_MAX;
        let read = |value: &Value, path: &str, reader: &mut Reader| reader.size(value, path, range.clone());
        let path = "resources.memory";
        rule.memory_bytes = limits(value, path, schema::LIMITS_OF_MEMORY, &read, reader);
        check_order(value, path, &rule.memory_bytes, reader, &|bytes| size_text(bytes));
    }
    if let Some(value) = value.get("cpu_percent") {
        let most = THREAD_PERCENT_MAX * (CORE_MAX as u64 + 1);
        rule.cpu_percent = percent(value, "resources.cpu_percent", schema::LIMITS_OF_ROBOT, 1..=most, reader);
    }
    rule
}

/// `resources` of a node, at `path`: what its thread may use.
pub(super) fn of_node(value: &Value, path: &str, reader: &mut Reader) -> Limits {
    if !reader.map(value, path, schema::NODE_RESOURCES) {
        return Limits::default();
    }
    let (path, section) = (format!("{path}.cpu_percent"), schema::LIMITS_OF_THREAD);
    let cpu = value.get("cpu_percent");
    cpu.map(|value| percent(value, &path, section, 1..=THREAD_PERCENT_MAX, reader)).unwrap_or_default()
}

fn percent(
    value: &Value,
    path: &str,
    section: &Section,
    range: RangeInclusive<u64>,
    reader: &mut Reader,
) -> Limits {
    let range = i128::from(*range.start())..=i128::from(*range.end());
    let read = |value: &Value, path: &str, reader: &mut Reader| {
        reader.integer(value, path, range.clone()).and_then(|percent| u64::try_from(percent).ok())
    };
    let limits = limits(value, path, section, &read, reader);
    check_order(value, path, &limits, reader, &|percent| percent.to_string());
    limits
}

type Read<'a> = &'a dyn Fn(&Value, &str, &mut Reader) -> Option<u64>;

fn limits(value: &Value, path: &str, section: &Section, read: Read<'_>, reader: &mut Reader) -> Limits {
    if !reader.map(value, path, section) {
        return Limits::default();
    }
    let mut limit = |key: &str| read(value.get(key)?, &format!("{path}.{key}"), reader);
    Limits { warn: limit("warn"), act: limit("act"), emergency: limit("emergency") }
}

/// A limit that stands behind another is not below it: it would be reached first.
fn check_order(
    value: &Value,
    path: &str,
    limits: &Limits,
    reader: &mut Reader,
    text: &dyn Fn(u64) -> String,
) {
    let all = [("warn", limits.warn), ("act", limits.act), ("emergency", limits.emergency)];
    let mut before: Option<(&'static str, u64)> = None;
    for (key, limit) in all {
        let Some(limit) = limit else { continue };
        if let Some((lower, least)) = before.filter(|(_, least)| limit < *least) {
            let mark: &Mark = value.get(key).map_or(&value.mark, |value| &value.mark);
            let problem =
                Problem::TooSmall { given: text(limit), min: format!("{} (`{lower}`)", text(least)) };
            reader.problem(mark, &format!("{path}.{key}"), problem);
        }
        before = Some((key, limit));
    }
}

#[cfg(test)]
mod tests {
    use crate::file::LaunchFile;
    use crate::rules::Limits;

    fn parse(text: &str) -> Result<LaunchFile, String> {
        LaunchFile::parse("picar.yaml".as_ref(), text, &|_| None)
            .map_err(|errors| errors.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn limits_of_the_robot_and_of_nodes_are_read_and_there_are_none_where_nothing_is_said() {
        let text = "robot: r\nresources: { memory: { warn: 300MiB, emergency: 300MiB }, cpu_percent: { act: 250 } }\n\
                    nodes: { a: { resources: { cpu_percent: { warn: 60, act: 100 } } }, b: }";
        let file = parse(text).unwrap();
        let memory = Limits { warn: Some(300 << 20), act: None, emergency: Some(300 << 20) };
        assert_eq!(file.resources.memory_bytes, memory);
        assert_eq!(file.resources.cpu_percent, Limits { act: Some(250), ..Limits::default() });
        assert_eq!(file.nodes[0].cpu_percent, Limits { warn: Some(60), act: Some(100), emergency: None });
        assert_eq!(file.nodes[1].cpu_percent, Limits::default());
    }
}
