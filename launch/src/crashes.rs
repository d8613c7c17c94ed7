//! Crashes of the process, counted over its starts, and charged to the callbacks that ran.
//!
//! ```text
//!   <robot>.crashes   text: a checksum, then the ends that nobody ordered, and the names of nodes and callbacks
//!   <robot>.running   words: magic, stamp of the start, then one for each node: the number of its callback plus one
//! ```
//! The words are mapped: a node's thread stores one when a callback begins and ends, and the kernel keeps it when the process is
//! killed. Both lie in the runtime directory, which a power cut empties: then nothing was charged, and nothing is left out.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nevil_msgs::Fnv1a;
use nevil_runtime::os::{FileWord, FileWords};
use serde::{Deserialize, Serialize};

use crate::limits::{CRASH_LOOP_ENDS, CRASH_LOOP_WITHIN, CRASHES_BYTES_MAX, CRASHES_MAX, NODES_MAX};

/// `nevilrun` in ASCII.
const MAGIC: u64 = u64::from_be_bytes(*b"nevilrun");

/// Words before those of the nodes.
const HEAD_WORDS: usize = 2;

/// A node, as far as crashes are charged to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChargedNode {
    pub(crate) name: String,
    /// In the order of their declaration; empty until the node is configured.
    pub(crate) callbacks: Vec<String>,
}

/// A robot that ends again and again without being told to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CrashLoop {
    /// Ends that nobody ordered.
    pub(crate) count: usize,
    /// Within this time.
    pub(crate) within: Duration,
    /// The node, the callback, and at how many of these ends it ran: most first.
    pub(crate) charged_to: Vec<(String, String, usize)>,
}

impl CrashLoop {
    /// The nodes of which a callback ran at every one of these ends. Those that are not required are to be left out.
    pub(crate) fn suspects(&self) -> Vec<&str> {
        let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
        for (node, _, count) in &self.charged_to {
            *ends.entry(node).or_default() += count;
        }
        ends.into_iter().filter(|&(_, count)| count == self.count).map(|(node, _)| node).collect()
    }
}

/// What stands in the text file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    /// Of the start that is under way, or was when the process died: that of the words too. 0: none.
    stamp: u64,
    nodes: Vec<ChargedNode>,
    ends: Vec<End>,
}

/// An end that nobody ordered.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct End {
    /// When it was found, at the next start: milliseconds since 1970.
    found_ms: u64,
    /// The callbacks that ran, each with its node.
    running: Vec<(String, String)>,
}

impl fmt::Display for CrashLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the robot's process has died {} times within {:?}, without being told to",
            self.count, self.within
        )?;
        for (index, (node, callback, count)) in self.charged_to.iter().enumerate() {
            let before = if index == 0 { "; at work were" } else { "," };
            write!(f, "{before} `{node}.{callback}` ({count} times)")?;
        }
        Ok(())
    }
}

/// The record of one start.
pub(crate) struct CrashRecord {
    path: PathBuf,
    record: Record,
    words: Arc<FileWords>,
}

impl CrashRecord {
    /// Notes a start of `robot` with these nodes at `now` of the wall clock. If the start before ended unordered, that is counted
    /// and charged; the loop is told if there were `CRASH_LOOP_ENDS` within `CRASH_LOOP_WITHIN`. To be called by who holds the
    /// robot's lock. What cannot be read is taken for absent.
    ///
    /// # Errors
    ///
    /// The operating system's: then crashes are not counted, and nothing else follows.
    pub(crate) fn begin(
        directory: &Path,
        robot: &str,
        nodes: &[String],
        now: SystemTime,
    ) -> io::Result<(Self, Option<CrashLoop>)> {
        let path = directory.join(format!("{robot}.crashes"));
        let words_path = directory.join(format!("{robot}.running"));
        let now_ms = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now_ms = u64::try_from(now_ms).unwrap_or(u64::MAX);
        let mut record = Record::read(&path).unwrap_or_default();
        if record.stamp != 0 {
            let running = running(&record, &words_path);
            record.ends.push(End { found_ms: now_ms, running });
        }
        // An end in the future was noted before somebody set the clock back; how long ago it was nobody knows.
        let is_recent = |end: &End| {
            let within = u128::from(now_ms.saturating_sub(end.found_ms)) < CRASH_LOOP_WITHIN.as_millis();
            end.found_ms <= now_ms && within
        };
        record.ends.retain(is_recent);
        let surplus = record.ends.len().saturating_sub(CRASHES_MAX);
        record.ends.drain(..surplus);
        // Never 0, and another one than before, so that the words of another start are not taken for those of this one.
        record.stamp = now_ms.max(1).max(record.stamp + 1);
        record.nodes =
            nodes.iter().map(|name| ChargedNode { name: name.clone(), callbacks: Vec::new() }).collect();
        let mut words = vec![0; HEAD_WORDS + nodes.len()];
        (words[0], words[1]) = (MAGIC, record.stamp);
        let words = FileWords::create(&words_path, &words)?;
        record.write(&path)?;
        let found = crash_loop(&record.ends);
        Ok((Self { path, record, words }, found))
    }

    /// The word of the node at this index of `begin`: the number of the callback that runs plus one, 0 while none does.
    pub(crate) fn word(&self, node: usize) -> FileWord {
        self.words.word(HEAD_WORDS + node)
    }

    /// Notes the names of each node's callbacks, by the number that is stored for them.
    ///
    /// # Errors
    ///
    /// The operating system's: then they are charged by number.
    pub(crate) fn set_callbacks(&mut self, callbacks: Vec<Vec<String>>) -> io::Result<()> {
        for (node, callbacks) in self.record.nodes.iter_mut().zip(callbacks) {
            node.callbacks = callbacks;
        }
        self.record.write(&self.path)
    }

    /// The robot has ended as it was to. What was counted before stays so.
    ///
    /// # Errors
    ///
    /// The operating system's: then this end is counted as one that nobody ordered.
    pub(crate) fn end(mut self) -> io::Result<()> {
        self.record.stamp = 0;
        self.record.write(&self.path)
    }
}

impl Record {
    fn read(path: &Path) -> Option<Self> {
        let mut text = String::new();
        let file = File::open(path).ok()?;
        io::Read::read_to_string(&mut io::Read::take(file, CRASHES_BYTES_MAX), &mut text).ok()?;
        let (checksum, json) = text.split_once('\n')?;
        if checksum != checksum_of(json) {
            return None;
        }
        serde_json::from_str(json).ok()
    }

    /// Whole or not at all, whatever happens meanwhile.
    fn write(&self, path: &Path) -> io::Result<()> {
        let json = serde_json::to_string(self)?;
        let unfinished = path.with_extension("crashes.new");
        let mut file = File::create(&unfinished)?;
        write!(file, "{}\n{json}", checksum_of(&json))?;
        file.sync_all()?;
        fs::rename(unfinished, path)
    }
}

fn checksum_of(text: &str) -> String {
    let mut hash = Fnv1a::new();
    hash.write(text.as_bytes());
    format!("{:016x}", hash.finish())
}

/// The callbacks that ran when the process of this record died, as far as the words are those of its start.
fn running(record: &Record, path: &Path) -> Vec<(String, String)> {
    let words = FileWords::read(path, HEAD_WORDS + NODES_MAX).unwrap_or_default();
    if words.len() != HEAD_WORDS + record.nodes.len() || words[..HEAD_WORDS] != [MAGIC, record.stamp] {
        return Vec::new();
    }
    let ran = record.nodes.iter().zip(&words[HEAD_WORDS..]).filter(|(_, word)| **word != 0);
    let named = ran.map(|(node, word)| {
        let name = usize::try_from(word - 1).ok().and_then(|number| node.callbacks.get(number));
        (node.name.clone(), name.cloned().unwrap_or_else(|| format!("callback {word}")))
    });
    named.collect()
}

fn crash_loop(ends: &[End]) -> Option<CrashLoop> {
    if ends.len() < CRASH_LOOP_ENDS {
        return None;
    }
    let mut counts: BTreeMap<&(String, String), usize> = BTreeMap::new();
    for running in ends.iter().flat_map(|end| &end.running) {
        *counts.entry(running).or_default() += 1;
    }
    let mut charged_to: Vec<_> =
        counts.into_iter().map(|((node, name), count)| (node.clone(), name.clone(), count)).collect();
    charged_to.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
    Some(CrashLoop { count: ends.len(), within: CRASH_LOOP_WITHIN, charged_to })
}
