//! `nevil node info|restart|pause|resume`.

use std::time::Duration;

use clap::Args;
use nevil_launch::Request;
use nevil_msgs::parse_duration;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{Reader, print, print_json};
use crate::screen::node;

/// How much longer than the robot waits the tool waits for its word.
const GRACE: Duration = Duration::from_secs(2);

/// Show a node: its life, thread, topics, callbacks and parameters
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil node info motion")]
pub(crate) struct NodeInfoArgs {
    /// The node (see `nevil node list`)
    node: String,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

/// End a node in order, begin its next life, and wait until it is active
///
/// Nodes that depend on it are told as when it fails; but it is no failure, and
/// is not counted as one.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil node restart navigation\n  nevil node restart camera --timeout 30s"
)]
pub(crate) struct NodeRestartArgs {
    /// The node (see `nevil node list`)
    node: String,
    /// How long to wait until it is active again
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = parse_duration)]
    timeout: Duration,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

/// Call no callbacks of a node until it is resumed
///
/// It stays paused over its restarts. Nodes that depend on it go on.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil node pause navigation")]
pub(crate) struct NodePauseArgs {
    /// The node (see `nevil node list`)
    node: String,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

/// Call the callbacks of a node again
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil node resume navigation")]
pub(crate) struct NodeResumeArgs {
    /// The node (see `nevil node list`)
    node: String,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

impl NodeInfoArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let info = robot.ask(&Request::NodeInfo { node: self.node })?;
        if self.json {
            return print_json(&info);
        }
        print(node::info(&info, Reader::of_stdout()))
    }
}

impl NodeRestartArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let timeout_ms = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        let request = Request::NodeRestart { node: self.node.clone(), timeout_ms };
        let answer = robot.connect()?.request_within(&request, self.timeout + GRACE)?;
        if self.json {
            return print_json(&answer);
        }
        print(format_args!("node `{}` is {} again, in life {}\n", self.node, text(&answer), answer["life"]))
    }
}

impl NodePauseArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let answer = robot.ask(&Request::NodePause { node: self.node.clone() })?;
        if self.json {
            return print_json(&answer);
        }
        let node = &self.node;
        match text(&answer) {
            "paused" => print(format_args!("node `{node}` is paused until `nevil node resume {node}`\n")),
            state => print(format_args!("node `{node}` is {state}, and is paused when it is active\n")),
        }
    }
}

impl NodeResumeArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let answer = robot.ask(&Request::NodeResume { node: self.node.clone() })?;
        if self.json {
            return print_json(&answer);
        }
        let state = node::state(&answer);
        print(format_args!("node `{}` is {state}\n", self.node))
    }
}

fn text(answer: &serde_json::Value) -> &str {
    answer["state"].as_str().unwrap_or("-")
}
