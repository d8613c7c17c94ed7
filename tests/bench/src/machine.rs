//! The machine that was measured on, and which of its cores.

use std::fs;
use std::process::Command;

use nevil_runtime::os;
use serde::{Deserialize, Serialize};

use crate::measure::{Unmeasured, now_ns};

/// Two cores that share as much cache as any two of this machine do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Near {
    pub(crate) send: usize,
    pub(crate) receive: usize,
}

impl Near {
    /// The nearest two cores that this process may use, and that are not threads of one core.
    ///
    /// # Errors
    ///
    /// [`Unmeasured::Absent`] on a machine with one core.
    pub(crate) fn find() -> Result<Self, Unmeasured> {
        let cores = os::thread_cores().map_err(Unmeasured::because)?;
        let pairs = cores.iter().flat_map(|&send| {
            cores.iter().filter(move |&&receive| receive > send).map(move |&receive| Self { send, receive })
        });
        pairs
            .min_by_key(|pair| (pair.are_siblings(), pair.shared_level().unwrap_or(u32::MAX)))
            .ok_or_else(|| Unmeasured::absent("two cores are needed, this process may use one"))
    }

    fn are_siblings(self) -> bool {
        let path = format!("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", self.send);
        has_core(&read(&path), self.receive)
    }

    /// The lowest cache level that both share.
    fn shared_level(self) -> Option<u32> {
        let cache = format!("/sys/devices/system/cpu/cpu{}/cache", self.send);
        let shares =
            |index: &u32| has_core(&read(&format!("{cache}/index{index}/shared_cpu_list")), self.receive);
        let level = |index: u32| read(&format!("{cache}/index{index}/level")).parse().ok();
        (0..8).filter(shares).filter_map(level).min()
    }

    /// Where the two are, in words.
    pub(crate) fn describe(self) -> String {
        let Self { send, receive } = self;
        match self.shared_level() {
            Some(level) => format!("cores {send} and {receive}, which share the level {level} cache"),
            None => format!("cores {send} and {receive}; the system does not say what they share"),
        }
    }
}

/// Whether the kernel's list of cores, such as `0,2-3`, has `core`.
fn has_core(list: &str, core: usize) -> bool {
    list.split(',').any(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        first.parse().is_ok_and(|first: usize| first <= core)
            && last.parse().is_ok_and(|last: usize| core <= last)
    })
}

/// What a reader has to know of a machine to make sense of its figures, line by line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) lines: Vec<(String, String)>,
}

impl Machine {
    /// This machine, now.
    pub(crate) fn describe(near: Near) -> Self {
        let line = |name: &str, value: String| (name.to_owned(), value);
        let unknown = |text: String| if text.is_empty() { "unknown".to_owned() } else { text };
        let lines = vec![
            line("processor", unknown(processor())),
            line("cores", format!("{}; pinned: {}", core_count(), near.describe())),
            line("virtual", virtual_machine()),
            line("kernel", unknown(output("uname", &["-srm"]))),
            line("clock source", clock_source()),
            line("governor", governor(near.send)),
            line("real time", real_time()),
            line("rustc", unknown(output("rustc", &["--version"]))),
            line("commit", commit()),
            line("date", output("date", &["-u", "+%Y-%m-%d %H:%M UTC"])),
        ];
        Self { lines }
    }

    pub(crate) fn line(&self, name: &str) -> Option<&str> {
        self.lines.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn push(&mut self, name: &str, value: String) {
        self.lines.push((name.to_owned(), value));
    }
}

/// The load average of the last one, five and fifteen minutes.
pub(crate) fn load_average() -> String {
    read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn processor() -> String {
    let text = read("/proc/cpuinfo");
    let value = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    // A Raspberry Pi names its board in the device tree, and its cores by number only.
    let board = read("/proc/device-tree/model");
    let model = value("model name").or_else(|| value("CPU part")).unwrap_or_default();
    format!("{} {model}", board.trim_end_matches('\0')).trim().to_owned()
}

fn core_count() -> usize {
    os::thread_cores().map_or(0, |cores| cores.len())
}

fn virtual_machine() -> String {
    if read("/proc/cpuinfo").lines().any(|line| line.starts_with("flags") && line.contains(" hypervisor")) {
        "yes: cores may be moved nearer and farther by the host".to_owned()
    } else {
        "not as far as the processor says".to_owned()
    }
}

fn clock_source() -> String {
    let source = read("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    let steps = (0..1000).map(|_| {
        let before_ns = now_ns();
        now_ns() - before_ns
    });
    let step = steps.filter(|&step_ns| step_ns > 0).min().unwrap_or(0);
    format!("{source}; two reads differ by {step} ns at least, or not at all")
}

fn governor(core: usize) -> String {
    let governor = read(&format!("/sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor"));
    if governor.is_empty() { "none".to_owned() } else { governor }
}

fn real_time() -> String {
    let user = if os::user_id() == 0 { "root" } else { "an ordinary user" };
    format!("run as {user}; all threads are of the normal class, but where a row says otherwise")
}

fn commit() -> String {
    let folder = env!("CARGO_MANIFEST_DIR");
    let commit = output("git", &["-C", folder, "rev-parse", "--short=12", "HEAD"]);
    let changed = !output("git", &["-C", folder, "status", "--porcelain", "--untracked-files=no"]).is_empty();
    match (commit.is_empty(), changed) {
        (true, _) => "unknown".to_owned(),
        (false, true) => format!("{commit}, with changes"),
        (false, false) => commit,
    }
}

/// The trimmed text of a file; nothing if it cannot be read.
fn read(path: &str) -> String {
    fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// What a command prints, trimmed; nothing if it cannot be run.
fn output(command: &str, words: &[&str]) -> String {
    let output = Command::new(command).args(words).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_found_in_lists_of_the_kernel() {
        assert!(has_core("0,2-4", 3));
        assert!(has_core("0", 0));
        assert!(!has_core("0,2-4", 1));
        assert!(!has_core("", 0));
    }
}
