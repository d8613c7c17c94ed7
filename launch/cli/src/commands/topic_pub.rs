//! `nevil topic pub`.

use std::thread;
use std::time::Duration;

use clap::Args;
use nevil_launch::{ControlClient, Request, duration_text};
use nevil_msgs::{nearest, parse_duration};
use nevil_runtime::{Clock, Time};
use serde_json::Value;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{complain, print};

/// How often is looked whether enough subscriptions are there.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How often the robot hears of a tool that waits: one that says nothing for 30 s is disconnected.
const WORD_EVERY: Duration = Duration::from_secs(10);

/// Publish messages on a topic
///
/// The type may be left out. The robot checks the message's fields and ranges
/// before it publishes anything.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil topic pub -1 operator_drive '{speed_mps: 0.2, steering_rad: 0, valid_for_ms: 300}'\n  nevil topic pub -r 10 -t 50 operator_drive Drive '{speed_mps: 0.2, steering_rad: 0, valid_for_ms: 300}'\n  nevil topic pub operator_drive --template"
)]
pub(crate) struct TopicPubArgs {
    /// The topic (see `nevil topic list`)
    #[arg(value_name = "TOPIC")]
    topic: String,
    /// The type of its messages; refused if the topic carries another one
    #[arg(value_name = "TYPE")]
    first: Option<String>,
    /// The message in YAML (see `nevil topic type TOPIC --show`)
    #[arg(value_name = "MESSAGE")]
    second: Option<String>,
    /// So many messages a second, 0.01 to 1000
    #[arg(short, long, value_name = "HZ", default_value = "1", value_parser = parse_rate)]
    rate: f64,
    /// Publish also on an exclusive topic, such as `drive`: in the place of its node, and logged
    #[arg(long)]
    as_operator: bool,
    /// Publish one message and end
    #[arg(short = '1', long, conflicts_with = "times")]
    once: bool,
    /// Publish so many messages and end; without it, Ctrl-C ends it
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    times: Option<u64>,
    /// Wait with the first message until nodes have so many subscriptions on the topic
    #[arg(short, long, value_name = "N", default_value = "0")]
    wait_matching_subscriptions: usize,
    /// Fail if that takes longer
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    wait_timeout: Duration,
    /// Say only of each N-th message that it was published
    #[arg(short, long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u64).range(1..))]
    print: u64,
    /// Stay so long after the last message: who comes later gets what a latched topic has from here
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = parse_duration)]
    keep_alive: Duration,
    /// Show a message to begin with instead, and publish nothing
    #[arg(long)]
    template: bool,
}

/// A connection that says a word from time to time, so that it is not taken for a dead one.
struct Patient<'topic> {
    client: ControlClient,
    topic: &'topic str,
    clock: Clock,
    heard: Time,
}

impl TopicPubArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let clock = Clock::monotonic();
        let heard = clock.now();
        let mut robot = Patient { client: robot.connect()?, topic: &self.topic, clock, heard };
        let info = robot.info()?;
        if self.template {
            return print(format_args!("{}\n", info["example"].as_str().unwrap_or("{}")));
        }
        let message = self.message(&info)?;
        self.wait_for_subscriptions(&mut robot, &info)?;
        let times = if self.once { Some(1) } else { self.times };
        let request = Request::TopicPub {
            topic: self.topic.clone(),
            text: message.to_owned(),
            as_operator: self.as_operator,
        };
        let (period, began) = (Duration::from_secs_f64(1.0 / self.rate), robot.clock.now());
        let mut published = 0;
        while times.is_none_or(|times| published < times) {
            // Of the first one, so that the rate holds however long an answer takes.
            robot.wait_until(began + Duration::from_secs_f64(period.as_secs_f64() * published as f64))?;
            let answer = robot.ask(&request)?;
            if published == 0 && answer["offered"] == 0 {
                complain(&format!("nobody subscribes to `{}`", self.topic));
            }
            published += 1;
            if published % self.print == 0 {
                print(format_args!("published {published}\n"))?;
            }
        }
        robot.wait_until(robot.clock.now() + self.keep_alive)
    }

    /// The message, after a look at the type if one is given.
    fn message(&self, info: &Value) -> Result<&str, Failure> {
        let (Some(carried), Some(example)) = (info["type"].as_str(), info["example"].as_str()) else {
            return Err(Failure::Failed(format!("the robot does not say what `{}` carries", self.topic)));
        };
        let topic = &self.topic;
        let (given, message) = match (&self.first, &self.second) {
            (Some(message), None) if message != carried => return Ok(message),
            (given, message) => (given, message),
        };
        if let Some(given) = given.as_deref().filter(|given| *given != carried) {
            let meant = nearest(&given.to_lowercase(), &[carried.to_lowercase()]).is_some();
            let meant =
                if meant { format!(", did you mean `{carried}`?; it") } else { "; the type".to_owned() };
            return Err(Failure::Failed(format!(
                "topic `{topic}` carries `{carried}`, not `{given}`{meant} may be left out"
            )));
        }
        message.as_deref().ok_or_else(|| {
            Failure::Usage(format!(
                "no message is given; `{topic}` carries `{carried}`, such as '{example}' (see `nevil topic type {topic} --show`)"
            ))
        })
    }

    fn wait_for_subscriptions(&self, robot: &mut Patient<'_>, info: &Value) -> Result<(), Failure> {
        let count = |info: &Value| info["subscriptions"].as_array().map_or(0, Vec::len);
        let (wanted, began) = (self.wait_matching_subscriptions, robot.clock.now());
        let mut there = count(info);
        while there < wanted {
            if robot.clock.now().since(began) >= self.wait_timeout {
                return Err(Failure::Failed(format!(
                    "`{}` has {there} of {wanted} subscriptions after {}; nothing was published (see `nevil topic info {}`)",
                    self.topic,
                    duration_text(self.wait_timeout),
                    self.topic
                )));
            }
            thread::park_timeout(LOOK_EVERY);
            there = count(&robot.info()?);
        }
        Ok(())
    }
}

impl Patient<'_> {
    fn ask(&mut self, request: &Request) -> Result<Value, Failure> {
        self.heard = self.clock.now();
        Ok(self.client.request(request)?)
    }

    fn info(&mut self) -> Result<Value, Failure> {
        self.ask(&Request::TopicInfo { topic: self.topic.to_owned() })
    }

    fn wait_until(&mut self, due: Time) -> Result<(), Failure> {
        loop {
            let now = self.clock.now();
            if now >= due {
                return Ok(());
            }
            if now.since(self.heard) >= WORD_EVERY {
                self.info()?;
            }
            thread::park_timeout(due.since(now).min(WORD_EVERY));
        }
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.01..=1000.0).contains(&rate) => Ok(rate),
        _ => Err("a number from 0.01 to 1000 is needed".to_owned()),
    }
}
