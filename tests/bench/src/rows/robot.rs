//! A whole robot: what it costs when nothing happens, and how long its start takes.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::child::{self, Idle};
use crate::measure::{RoundResult, Samples, Unmeasured, now_ns};
use crate::rows::{Row, Setting, Unit};

/// What is launched.
const LAUNCH_FILE: &str = "launch/files/picar-sim.yaml";

/// What a launch says when all nodes are ready.
const READY: &str = " is running: ";

/// Rounds of what idles: five are the fewest that have an interval.
const IDLE_ROUNDS: usize = 5;

pub(super) fn rows(setting: &Setting) -> Vec<Row> {
    let quiet_ms = setting.scale.idle_ms;
    let idle = move |of: fn(&Idle) -> u64| {
        move || {
            let value = of(&child::idle_robot(quiet_ms)?) as f64;
            Ok(Samples { values: vec![value], dropped: 0 })
        }
    };
    let setting = setting.clone();
    let idle_row = Row::new(
        "idle",
        "Ten idle nodes without timers, watched for as long as they were left alone before: 1 s",
        Unit::Count,
    )
    .nevil("context switches", idle(|idle| idle.switches))
    .nevil("ticks of 10 ms", idle(|idle| idle.cpu_ticks));
    let memory = Row::new("memory", "Ten idle nodes: anonymous memory of their process in KiB", Unit::Count)
        .nevil("nevil", idle(|idle| idle.anonymous_kib));
    let title = "The shipped robot, from exec to all nodes ready, with its files in the page cache";
    let cold_start =
        Row::new("cold_start", title, Unit::Ms).nevil("nevil launch", move || cold_start(&setting));
    // Each of these takes two seconds, and the rounds hardly differ.
    let few = |row| Row { rounds_max: IDLE_ROUNDS, ..row };
    vec![few(idle_row), few(memory), cold_start]
}

fn cold_start(setting: &Setting) -> RoundResult {
    let nevil = setting.nevil.as_deref();
    let nevil = nevil.ok_or_else(|| Unmeasured::absent("needs the command; say where it is with --nevil"))?;
    let runtime_dir = env::temp_dir().join(format!("nevil-bench-{}", std::process::id()));
    fs::create_dir_all(&runtime_dir).map_err(Unmeasured::because)?;
    let took = launch(nevil, &setting.root.join(LAUNCH_FILE), &runtime_dir);
    // What is left there does not disturb the next round, which makes its own.
    let _ = fs::remove_dir_all(&runtime_dir);
    Ok(Samples { values: vec![took?], dropped: 0 })
}

/// Milliseconds until the robot of `file` is ready; it is then left to end by itself.
fn launch(nevil: &Path, file: &Path, runtime_dir: &Path) -> Result<f64, Unmeasured> {
    let began_ns = now_ns();
    let robot = Command::new(nevil)
        .arg("launch")
        .arg(file)
        .args(["--for", "100ms"])
        // A robot of the same name may be running here.
        .env("XDG_RUNTIME_DIR", runtime_dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut robot = robot.map_err(Unmeasured::because)?;
    let mut ready_ns = None;
    if let Some(stdout) = robot.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if line.contains(READY) {
                ready_ns.get_or_insert_with(now_ns);
            }
        }
    }
    let ended = robot.wait().map_err(Unmeasured::because)?;
    match ready_ns {
        Some(ready_ns) if ended.success() => Ok((ready_ns - began_ns) as f64 / 1e6),
        _ => {
            let mut said = String::new();
            // What cannot be read is not told; that it failed is.
            let _ = robot.stderr.take().map(|mut stderr| stderr.read_to_string(&mut said));
            Err(Unmeasured::Failed(format!("the launch ended with {ended}: {}", said.trim())))
        }
    }
}
