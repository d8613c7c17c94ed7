//! `nevil topic pub`.

use std::thread;
use std::time::Duration;

use clap::Args;
use nevil_launch::Request;
use nevil_runtime::Clock;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{complain, print};

/// Publish messages on a topic
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil topic pub -1 operator_drive '{speed_mps: 0.2, steering_rad: 0, valid_for_ms: 300}'\n  nevil topic pub -r 10 -t 50 operator_drive '{speed_mps: 0.2, steering_rad: 0, valid_for_ms: 300}'"
)]
pub(crate) struct TopicPubArgs {
    /// The topic (see `nevil topic list`)
    #[arg(value_name = "TOPIC")]
    topic: String,
    /// The message in YAML; the robot checks its fields and ranges
    #[arg(value_name = "MESSAGE", allow_hyphen_values = true)]
    message: String,
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
}

impl TopicPubArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let mut client = robot.connect()?;
        let times = if self.once { Some(1) } else { self.times };
        let request = Request::TopicPub {
            topic: self.topic.clone(),
            text: self.message,
            as_operator: self.as_operator,
        };
        let clock = Clock::monotonic();
        let (period, began) = (Duration::from_secs_f64(1.0 / self.rate), clock.now());
        let mut published = 0;
        while times.is_none_or(|times| published < times) {
            // Of the first one, so that the rate holds however long an answer takes.
            let due = began + Duration::from_secs_f64(period.as_secs_f64() * published as f64);
            while clock.now() < due {
                thread::park_timeout(due.since(clock.now()));
            }
            let answer = client.request(&request)?;
            if published == 0 && answer["offered"] == 0 {
                complain(&format!("nobody subscribes to `{}`", self.topic));
            }
            published += 1;
            print(format_args!("published {published}\n"))?;
        }
        Ok(())
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.01..=1000.0).contains(&rate) => Ok(rate),
        _ => Err("a number from 0.01 to 1000 is needed".to_owned()),
    }
}
