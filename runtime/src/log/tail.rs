//! The last records of a log, for tools.
//!
//! The log's writer adds them, and tools read them: both are ordinary threads, and nobody else takes the lock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tracing::Level;

use crate::log::record::Name;

/// Lines of the log that are kept for tools: some minutes of a robot that has something to say, in half a megabyte.
pub const LOG_KEPT: usize = 1000;

/// How much a record matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Something does not work.
    Error,
    /// Something will not work for long.
    Warn,
    /// What an operator wants to know.
    Info,
    /// What a developer wants to know.
    Debug,
    /// Everything.
    Trace,
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::ERROR => Self::Error,
            Level::WARN => Self::Warn,
            Level::INFO => Self::Info,
            Level::DEBUG => Self::Debug,
            Level::TRACE => Self::Trace,
        }
    }
}

/// A record of the log as it was written, or a line that tells of lost ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its number, from 1 on.
    pub number: u64,
    /// How much it matters; `None` for a line that tells of lost records.
    pub level: Option<LogLevel>,
    /// Under which name it was logged: a node's, a driver's behind its node's (`motion:sonar`), or a thread's.
    pub name: String,
    /// The whole line without its end. Further lines of one record are indented.
    pub text: String,
}

/// Which records are wanted. Lines that tell of lost ones always are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Those with a number after this one; `None`: the last ones.
    pub after: Option<u64>,
    /// At most so many.
    pub lines_max: usize,
    /// Those of this node, its drivers among them; `None`: all.
    pub node: Option<String>,
    /// Those that matter at least so much; `None`: all.
    pub level: Option<LogLevel>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogPart {
    /// The records, the oldest first.
    pub lines: Vec<LogLine>,
    /// After which number to look for the next ones.
    pub next: u64,
    /// Lines after the number that was asked for, wanted or not, which are not kept any more.
    pub lost: u64,
}

/// The last [`LOG_KEPT`] lines of a log. Clones are handles to the same lines.
#[derive(Clone, Debug, Default)]
pub struct LogTail(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<LogLine>,
    /// The number of the last line; 0: there was none.
    last: u64,
}

impl LogTail {
    /// What is kept of what is wanted.
    #[must_use]
    pub fn read(&self, query: &LogQuery) -> LogPart {
        let kept = self.kept();
        let is_wanted = |line: &&LogLine| line.level.is_none_or(|level| query.wants(level, &line.name));
        let oldest = kept.lines.front().map_or(kept.last + 1, |line| line.number);
        let Some(after) = query.after else {
            let mut lines: Vec<_> =
                kept.lines.iter().rev().filter(is_wanted).take(query.lines_max).cloned().collect();
            lines.reverse();
            return LogPart { lines, next: kept.last, lost: 0 };
        };
        let newer = kept.lines.iter().filter(|line| line.number > after).filter(is_wanted);
        let lines: Vec<_> = newer.take(query.lines_max).cloned().collect();
        // Where there may be more of them, the next look goes on behind the last one.
        let next =
            lines.last().filter(|_| lines.len() == query.lines_max).map_or(kept.last, |line| line.number);
        LogPart { lines, next, lost: oldest.saturating_sub(after.saturating_add(1)) }
    }

    /// Adds a line, with its end. For the writer of the log alone.
    pub(super) fn push(&self, level: Option<LogLevel>, name: &str, line: &[u8]) {
        let mut kept = self.kept();
        // The oldest line gives its place and its memory up.
        let old = if kept.lines.len() >= LOG_KEPT { kept.lines.pop_front() } else { None };
        let (mut text, mut owner) = old.map_or_else(Default::default, |old| (old.text, old.name));
        text.clear();
        text.push_str(String::from_utf8_lossy(line).trim_end_matches('\n'));
        owner.clear();
        owner.push_str(name);
        kept.last += 1;
        let number = kept.last;
        kept.lines.push_back(LogLine { number, level, name: owner, text });
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // No step under this lock panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogQuery {
    fn wants(&self, level: LogLevel, name: &str) -> bool {
        let is_of = |node: &String| {
            // A record carries a long name as far as it fits.
            let node = Name::of(node);
            let rest = name.strip_prefix(node.as_str());
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        self.level.is_none_or(|least| level <= least) && self.node.as_ref().is_none_or(is_of)
    }
}

#[cfg(test)]
mod tests {
    use super::{LOG_KEPT, LogLevel, LogQuery, LogTail};

    fn query(after: Option<u64>, lines_max: usize) -> LogQuery {
        LogQuery { after, lines_max, ..LogQuery::default() }
    }

    fn numbers(tail: &LogTail, query: &LogQuery) -> (Vec<u64>, u64, u64) {
        let part = tail.read(query);
        (part.lines.iter().map(|line| line.number).collect(), part.next, part.lost)
    }

    fn tail(lines: usize) -> LogTail {
        let tail = LogTail::default();
        (1..=lines)
            .for_each(|line| tail.push(Some(LogLevel::Info), "car", format!("line {line}\n").as_bytes()));
        tail
    }

    #[test]
    fn the_last_lines_are_read_first_and_then_those_after_them() {
        let tail = tail(10);
        assert_eq!(numbers(&tail, &query(None, 3)), (vec![8, 9, 10], 10, 0));
        assert_eq!(numbers(&tail, &query(Some(10), 3)), (vec![], 10, 0));
        assert_eq!(numbers(&tail, &query(Some(5), 3)), (vec![6, 7, 8], 8, 0));
        assert_eq!(numbers(&tail, &query(Some(8), 3)), (vec![9, 10], 10, 0));
        assert_eq!(tail.read(&query(None, 1)).lines[0].text, "line 10");
        assert_eq!(numbers(&LogTail::default(), &query(None, 3)), (vec![], 0, 0));
        assert_eq!(numbers(&LogTail::default(), &query(Some(0), 3)), (vec![], 0, 0));
    }

    #[test]
    fn what_is_not_kept_any_more_is_counted_as_lost() {
        let tail = tail(LOG_KEPT + 2);
        let part = tail.read(&query(Some(0), LOG_KEPT + 9));
        assert_eq!((part.lines.len(), part.lines[0].number, part.lost), (LOG_KEPT, 3, 2));
        assert_eq!(numbers(&tail, &query(Some(1), 1)), (vec![3], 3, 1));
        assert_eq!(numbers(&tail, &query(Some(2), 1)), (vec![3], 3, 0));
        assert_eq!(tail.read(&query(Some(u64::MAX), 1)).lost, 0);
    }

    #[test]
    fn lines_of_a_node_are_its_own_and_its_drivers_and_a_level_wants_what_matters_more() {
        let tail = LogTail::default();
        let long = "n".repeat(48);
        for (level, name) in [
            (Some(LogLevel::Info), "motion"),
            (Some(LogLevel::Warn), "motion:driver"),
            (Some(LogLevel::Error), "motion_test"),
            (None, ""),
            (Some(LogLevel::Debug), super::Name::of(&long).as_str()),
        ] {
            tail.push(level, name, b"x\n");
        }
        let of = |node: &str, level| {
            let query = LogQuery { after: None, lines_max: 9, node: Some(node.to_owned()), level };
            numbers(&tail, &query).0
        };
        assert_eq!(of("motion", None), [1, 2, 4]);
        assert_eq!(of("motion", Some(LogLevel::Warn)), [2, 4]);
        assert_eq!(of(&long, None), [4, 5]);
    }
}
