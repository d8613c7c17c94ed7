//! What runs in a process of its own: a robot that idles, whose memory and wake-ups nothing of the benchmark disturbs.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use nevil_msgs::Value;
use nevil_runtime::prelude::{Context, Node, NodeError, NodeResult, Publisher, Received, Setup, Topic};
use serde::{Deserialize, Serialize};

use crate::measure::Unmeasured;
use crate::nevil::{Robot, Wait};
use crate::payload::Line;

/// The word by which the benchmark is told that it is the child.
pub(crate) const WORD: &str = "idle-robot";

/// Nodes of the robot that idles.
pub(crate) const NODES: usize = 10;

/// What an idle robot cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Idle {
    /// Context switches of all its threads, of their own will or not.
    pub(crate) switches: u64,
    /// Time on a processor over all its threads, in ticks of 10 ms.
    pub(crate) cpu_ticks: u64,
    /// Anonymous memory of the process.
    pub(crate) anonymous_kib: u64,
}

/// Starts a child that idles for `quiet_ms`, and what it says.
///
/// # Errors
///
/// [`Unmeasured::Failed`] if it does not say it.
pub(crate) fn idle_robot(quiet_ms: u64) -> Result<Idle, Unmeasured> {
    let program = env::current_exe().map_err(Unmeasured::because)?;
    let output = Command::new(program).args([WORD, &quiet_ms.to_string()]).output();
    let output = output.map_err(Unmeasured::because)?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        Unmeasured::Failed(format!("the idle robot said: {}", String::from_utf8_lossy(&output.stderr).trim()))
    })
}

/// The child: a ring of nodes, each with a topic that the next one subscribes to, and nothing to say.
///
/// # Errors
///
/// [`Unmeasured::Failed`] if the robot cannot be started, or the kernel does not tell.
pub(crate) fn idle(quiet_ms: u64) -> Result<Idle, Unmeasured> {
    let mut robot = Robot::new();
    let cores = nevil_runtime::os::thread_cores().map_err(Unmeasured::because)?;
    for index in 0..NODES {
        let params = Value::parse_yaml("bench", "{}").map_err(Unmeasured::because)?;
        let thread = crate::nevil::thread(&cores, Wait::Blocking);
        robot.add_with::<Quiet>(&format!("quiet_{index}"), params, thread)?;
    }
    robot.start()?;
    // Whatever starting has left to do, such as a thread that still goes to sleep, is over by then.
    thread::sleep(Duration::from_millis(quiet_ms));
    let before = Counters::read()?;
    thread::sleep(Duration::from_millis(quiet_ms));
    let after = Counters::read()?;
    let anonymous_kib = anonymous_kib()?;
    robot.stop()?;
    Ok(Idle {
        switches: after.switches_since(&before),
        cpu_ticks: after.cpu_ticks - before.cpu_ticks,
        anonymous_kib,
    })
}

/// A node that has subscribed, could publish, and is left alone.
struct Quiet(#[expect(dead_code, reason = "it has nothing to say")] Publisher<Line>);

const QUIET: Topic<Line> = Topic::new("quiet");

impl Node for Quiet {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(QUIET, Self::on_line)?;
        Ok(Self(setup.publisher(QUIET)?))
    }
}

impl Quiet {
    fn on_line(&mut self, _: &Received<Line>, _: &Context) -> NodeResult {
        Ok(())
    }
}

/// What the kernel has counted for this process so far.
struct Counters {
    /// By thread; the main thread, which looks, is left out.
    switches: BTreeMap<String, u64>,
    cpu_ticks: u64,
}

impl Counters {
    fn read() -> Result<Self, Unmeasured> {
        let mut switches = BTreeMap::new();
        let main = std::process::id().to_string();
        for task in fs::read_dir("/proc/self/task").map_err(Unmeasured::because)? {
            let task = task.map_err(Unmeasured::because)?;
            let name = task.file_name().to_string_lossy().into_owned();
            if name != main {
                let status = fs::read_to_string(task.path().join("status")).map_err(Unmeasured::because)?;
                switches.insert(
                    name,
                    number_after(&status, "voluntary_ctxt_switches:")
                        + number_after(&status, "nonvoluntary_ctxt_switches:"),
                );
            }
        }
        let stat = fs::read_to_string("/proc/self/stat").map_err(Unmeasured::because)?;
        // Fields 14 and 15, after the name in parentheses, which may hold spaces.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
        let cpu_ticks = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Self { switches, cpu_ticks })
    }

    fn switches_since(&self, before: &Self) -> u64 {
        let of_thread = |(thread, switches): (&String, &u64)| {
            switches - before.switches.get(thread).copied().unwrap_or(0)
        };
        self.switches.iter().map(of_thread).sum()
    }
}

fn anonymous_kib() -> Result<u64, Unmeasured> {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").map_err(Unmeasured::because)?;
    Ok(number_after(&rollup, "Anonymous:"))
}

/// The number after `key` at the beginning of a line; 0 if there is none.
fn number_after(text: &str, key: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_the_whole_key() {
        let status = "voluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\nAnonymous:    4096 kB\n";
        assert_eq!(number_after(status, "voluntary_ctxt_switches:"), 12);
        assert_eq!(number_after(status, "nonvoluntary_ctxt_switches:"), 3);
        assert_eq!((number_after(status, "Anonymous:"), number_after(status, "Swap:")), (4096, 0));
    }
}
