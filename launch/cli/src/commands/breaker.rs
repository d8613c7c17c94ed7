//! `nevil breaker …`.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Args, Subcommand};
use nevil_launch::{BreakerOperation, Request, duration_text};
use nevil_msgs::parse_duration;
use serde_json::Value;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{Reader, print, print_json};
use crate::screen::breaker;

#[derive(Debug, Subcommand)]
pub(crate) enum BreakerCommand {
    List(BreakerListArgs),
    Show(BreakerShowArgs),
    Open(BreakerOpenArgs),
    /// Let every call through, whatever becomes of it, until the next operation
    #[command(after_help = "Example:\n  nevil breaker close motion.on_drive")]
    Close(BreakerName),
    /// Let a probe through at once, and go on by the rules
    #[command(after_help = "Example:\n  nevil breaker half-open camera.on_tick")]
    HalfOpen(BreakerName),
    /// Close the circuit, and go on by the rules
    ///
    /// Ends what `open`, `close`, `disable` and `metrics-only` have begun. It does not
    /// end an emergency stop (see `nevil estop --reset`).
    #[command(after_help = "Example:\n  nevil breaker reset camera.on_tick")]
    Reset(BreakerName),
    /// Do nothing but count, until the next operation
    #[command(after_help = "Example:\n  nevil breaker disable camera.on_tick")]
    Disable(BreakerName),
    /// Refuse nothing, and show what the rules would have done
    #[command(after_help = "Example:\n  nevil breaker metrics-only camera.on_tick")]
    MetricsOnly(BreakerName),
    Set(BreakerSetArgs),
}

/// List the breakers, their states and what became of the calls
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil breaker list\n  nevil breaker list --json | jq '.breakers[].state'"
)]
pub(crate) struct BreakerListArgs {
    /// Show the phases of nodes too, whose breakers only count
    #[arg(long)]
    all: bool,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

/// Show a breaker: its state, why it opened, its calls and its policy
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil breaker show motion.on_drive")]
pub(crate) struct BreakerShowArgs {
    #[command(flatten)]
    breaker: BreakerName,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

/// Refuse every call, until the next operation or for a time
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil breaker open camera.on_tick\n  nevil breaker open camera.on_tick --for 10s"
)]
pub(crate) struct BreakerOpenArgs {
    #[command(flatten)]
    breaker: BreakerName,
    /// For this time, after which it goes on by its rules (at most 24h)
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    open_for: Option<Duration>,
}

/// Change the policy of a breaker while the robot runs
///
/// The keys are those of `breakers` in a launch file, such as `failures`, `open`
/// and `half_open.permits`. All changes are made, or none. They outlast the node,
/// and end with the robot.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil breaker set camera.on_tick failures=3 open=10s\n  nevil breaker set camera.on_tick half_open.permits=2"
)]
pub(crate) struct BreakerSetArgs {
    #[command(flatten)]
    breaker: BreakerName,
    /// What is to change
    #[arg(value_name = "KEY=VALUE", required = true, value_parser = parse_change)]
    changes: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(crate) struct BreakerName {
    /// The breaker, as NODE.CALLBACK (see `nevil breaker list`)
    // `name` is the robot's.
    #[arg(value_name = "BREAKER")]
    breaker: String,
}

impl BreakerCommand {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        match self {
            Self::List(args) => args.run(robot),
            Self::Show(args) => args.run(robot),
            Self::Open(BreakerOpenArgs { breaker, open_for: None }) => {
                breaker.operate(BreakerOperation::Open, robot)
            }
            Self::Open(BreakerOpenArgs { breaker, open_for: Some(time) }) => {
                let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                breaker.operate(BreakerOperation::OpenForMs(ms), robot)
            }
            Self::Close(breaker) => breaker.operate(BreakerOperation::Close, robot),
            Self::HalfOpen(breaker) => breaker.operate(BreakerOperation::HalfOpen, robot),
            Self::Reset(breaker) => breaker.operate(BreakerOperation::Reset, robot),
            Self::Disable(breaker) => breaker.operate(BreakerOperation::Disable, robot),
            Self::MetricsOnly(breaker) => breaker.operate(BreakerOperation::MetricsOnly, robot),
            Self::Set(args) => args.run(robot),
        }
    }
}

impl BreakerListArgs {
    fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let answer = robot.ask(&Request::BreakerList)?;
        if self.json {
            return print_json(&answer);
        }
        print(breaker::list(&answer, self.all, Reader::of_stdout()))
    }
}

impl BreakerShowArgs {
    fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let shown = robot.ask(&Request::BreakerShow { name: self.breaker.breaker })?;
        if self.json {
            return print_json(&shown);
        }
        print(breaker::show(&shown, Reader::of_stdout()))
    }
}

impl BreakerName {
    fn operate(self, operation: BreakerOperation, robot: &RobotArg) -> Result<(), Failure> {
        let answer = robot.ask(&Request::BreakerOperate { name: self.breaker.clone(), operation })?;
        print(format_args!("{}\n", done(&self.breaker, &answer)))
    }
}

/// What has become of the breaker `name`.
fn done(name: &str, answer: &Value) -> String {
    let state = answer["state"].as_str().unwrap_or("-");
    let left = Duration::from_millis(answer["retry_after_ms"].as_u64().unwrap_or_default());
    if answer["emergency"] == true {
        return format!("breaker `{name}` is changed, and refuses until `nevil estop --reset`");
    }
    match state {
        "open" => format!("breaker `{name}` is open for {}", duration_text(left)),
        "closed" | "half_open" => format!("breaker `{name}` is {}", breaker::words(state)),
        _ => format!("breaker `{name}` is {} until `nevil breaker reset {name}`", breaker::words(state)),
    }
}

impl BreakerSetArgs {
    fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let mut changes = BTreeMap::new();
        for (key, value) in self.changes {
            if changes.insert(key.clone(), value).is_some() {
                return Err(Failure::Usage(format!("`{key}` is given twice; leave one of them out")));
            }
        }
        let answer = robot.ask(&Request::BreakerSet { name: self.breaker.breaker, changes })?;
        print(breaker::policy(&answer["policy"], Reader::of_stdout()))
    }
}

fn parse_change(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a change is written KEY=VALUE, such as `failures=3`".to_owned()),
    }
}
