//! `nevil logs`.

use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use nevil_launch::Request;
use nevil_msgs::nearest;
use nevil_runtime::log::LogLevel;
use serde_json::Value;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{Reader, complain, print};
use crate::screen::table::Tone;

/// How often is looked for new records. A person reads no faster.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Show the log of a robot that runs, or of one of its nodes
///
/// The robot keeps the last 1000 records that it has written. Which records it
/// writes is said by NEVIL_LOG when it is launched, and by `nevil log` while it
/// runs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil logs\n  nevil logs motion -f\n  nevil logs -n 1000 --level warn")]
pub(crate) struct LogsArgs {
    /// The node, its drivers among its records; without it all
    #[arg(value_name = "NODE")]
    node: Option<String>,
    /// Go on with the records that come
    #[arg(short, long)]
    follow: bool,
    /// Show the last N records, 0 to 1000
    #[arg(short = 'n', long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u16).range(..=1000))]
    lines: u16,
    /// Show only records that matter at least so much
    #[arg(long, value_name = "LEVEL")]
    level: Option<Level>,
    /// Print a line of JSON for each record
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Error,
            Level::Warn => Self::Warn,
            Level::Info => Self::Info,
            Level::Debug => Self::Debug,
            Level::Trace => Self::Trace,
        }
    }
}

impl LogsArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let mut robot = robot.connect()?;
        if let Some(node) = &self.node {
            check_node(node, &robot.request(&Request::NodeList)?)?;
        }
        let mut after = None;
        loop {
            let lines = after.map_or(self.lines.into(), |_| usize::from(u16::MAX));
            let (node, level) = (self.node.clone(), self.level.map(LogLevel::from));
            let answer = robot.request(&Request::Logs { after, lines, node, level })?;
            let lost = answer["lost"].as_u64().unwrap_or_default();
            if lost > 0 {
                complain(&format!("{lost} records are not shown here: they came faster than they were read"));
            }
            let lines = answer["lines"].as_array().into_iter().flatten();
            let text = lines.map(|line| self.line(line, Reader::of_stdout())).collect::<String>();
            let is_empty = text.is_empty();
            if !is_empty {
                print(text)?;
            }
            if !self.follow {
                if is_empty && self.lines > 0 {
                    complain("the robot has logged nothing of that kind so far");
                }
                return Ok(());
            }
            after = answer["next"].as_u64();
            thread::park_timeout(LOOK_EVERY);
        }
    }

    fn line(&self, line: &Value, reader: Reader) -> String {
        if self.json {
            return format!("{line}\n");
        }
        let tone = match line["level"].as_str() {
            None | Some("error") => Tone::Bad,
            Some("warn") => Tone::Strong,
            Some("debug" | "trace") => Tone::Faint,
            _ => Tone::Plain,
        };
        tone.paint(line["text"].as_str().unwrap_or_default(), reader) + "\n"
    }
}

fn check_node(node: &str, answer: &Value) -> Result<(), Failure> {
    let known = answer["nodes"].as_array().into_iter().flatten();
    let known: Vec<_> = known.filter_map(|node| node["name"].as_str()).collect();
    if known.contains(&node) {
        return Ok(());
    }
    let meant = nearest(node, &known).map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
    Err(Failure::Failed(format!("unknown node `{node}`{meant}; known nodes are {}", known.join(", "))))
}
