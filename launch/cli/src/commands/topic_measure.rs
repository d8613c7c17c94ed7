//! `nevil topic hz`, `bw` and `delay`.

use std::time::Duration;

use clap::Args;
use nevil_launch::{EchoItem, duration_text};
use nevil_msgs::parse_duration;
use nevil_runtime::Clock;
use serde_json::{Value, json};

use crate::commands::{RobotArg, topic_echo};
use crate::failure::Failure;
use crate::measure::{Spread, Window};
use crate::output::print;

/// Time between two reports.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// How often the robot looks for messages where only their stamps count.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The same where the look itself is part of what is measured.
const LOOK_FOR_DELAYS_EVERY: Duration = Duration::from_millis(1);

/// Most messages that a window can have: a gigabyte is none of a tool's.
const WINDOW_MAX: u64 = 1_000_000;

/// Show how many messages a second are published on a topic
///
/// By the time at which each was published, not when it came here. What came
/// faster than it was read is counted, and does not falsify the rate.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil topic hz range\n  nevil topic hz range -w 100 --for 5s --json | jq .rate_hz"
)]
pub(crate) struct TopicHzArgs {
    #[command(flatten)]
    measure: MeasureArgs,
}

/// Show how many bytes a second the messages of a topic are
///
/// Bytes are those that a message takes in a recording or on its way to
/// another process. Within the robot messages are handed over in memory, and
/// nothing is encoded.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil topic bw range\n  nevil topic bw range --for 5s")]
pub(crate) struct TopicBwArgs {
    #[command(flatten)]
    measure: MeasureArgs,
}

/// Show how old the messages of a topic are when they come to a tool
///
/// From `publish` until the robot's tool thread, which looks every
/// millisecond, finds the message: both by the robot's clock. What a node's
/// callback waits is shown by `nevil topic info`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil topic delay range\n  nevil topic delay range -n 1000")]
pub(crate) struct TopicDelayArgs {
    #[command(flatten)]
    measure: MeasureArgs,
}

#[derive(Debug, Args)]
struct MeasureArgs {
    /// The topic (see `nevil topic list`)
    #[arg(value_name = "TOPIC")]
    topic: String,
    /// Measure over the last N messages, 2 to 1000000; without it 10000, `bw` 100
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=WINDOW_MAX))]
    window: Option<u64>,
    /// End after so many messages
    #[arg(short = 'n', long = "count", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after this time, such as 5s; without it and -n, Ctrl-C ends it
    #[arg(long = "for", alias = "duration", value_name = "DURATION", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// Print each report as a line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Rate,
    Bandwidth,
    Delay,
}

impl TopicHzArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        self.measure.run(robot, Measure::Rate)
    }
}

impl TopicBwArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        self.measure.run(robot, Measure::Bandwidth)
    }
}

impl TopicDelayArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        self.measure.run(robot, Measure::Delay)
    }
}

impl MeasureArgs {
    fn run(self, robot: &RobotArg, measure: Measure) -> Result<(), Failure> {
        let every = if measure == Measure::Delay { LOOK_FOR_DELAYS_EVERY } else { LOOK_EVERY };
        let mut watch = robot.connect()?.watch(&self.topic, every)?;
        topic_echo::say_if_silent(&self.topic, &watch);
        let size = self.window.unwrap_or(if measure == Measure::Bandwidth { 100 } else { 10_000 });
        let mut window = Window::new(usize::try_from(size).unwrap_or(usize::MAX));
        let clock = Clock::monotonic();
        let began = clock.now();
        let end = self.duration.map(|duration| began + duration);
        let mut next = began + REPORT_EVERY;
        let (mut reports, mut told) = (0, 0);
        loop {
            let until = end.map_or(next, |end| end.min(next));
            match watch.next(until.since(clock.now()))? {
                Some(EchoItem::Seen(message)) => window.add(&message),
                Some(EchoItem::Lost(count)) => window.lost(count),
                _ => {}
            }
            let now = clock.now();
            let is_over =
                end.is_some_and(|end| now >= end) || self.count.is_some_and(|count| window.seen >= count);
            if !is_over && now < next {
                continue;
            }
            if window.seen > told
                && let Some(report) = self.report(&window, measure)
            {
                print(report)?;
                (reports, told) = (reports + 1, window.seen);
            }
            if is_over {
                return if reports > 0 {
                    Ok(())
                } else {
                    Err(self.nothing(&window, self.duration.unwrap_or(now.since(began))))
                };
            }
            next = now + REPORT_EVERY;
        }
    }

    /// Why there was nothing to report.
    fn nothing(&self, window: &Window, within: Duration) -> Failure {
        let topic = &self.topic;
        Failure::Failed(match window.seen {
            0 => format!(
                "no message on `{topic}` within {}; see `nevil topic info {topic}` for who publishes it",
                duration_text(within)
            ),
            1 => format!("1 message on `{topic}` has no rate, at least 2 are needed"),
            seen => format!("{seen} messages on `{topic}` were published at one moment and have no rate"),
        })
    }

    fn report(&self, window: &Window, measure: Measure) -> Option<String> {
        if self.json {
            let report = json(&self.topic, window, measure)?;
            return Some(format!("{report}\n"));
        }
        text(window, measure)
    }
}

/// As `ros2 topic` says it.
fn text(window: &Window, measure: Measure) -> Option<String> {
    let times = |spread: Option<Spread>| match spread {
        Some(Spread { min, max, deviation, .. }) => {
            format!("min: {min:.3}s max: {max:.3}s std dev: {deviation:.5}s ")
        }
        None => String::new(),
    };
    let mut text = match measure {
        Measure::Rate => {
            let rate = window.rate()?;
            let times = times(rate.intervals);
            format!("average rate: {:.3}\n\t{times}window: {}\n", rate.hz, window.len())
        }
        Measure::Delay => {
            let delays = window.delays()?;
            format!("average delay: {:.3}\n\t{}window: {}\n", delays.mean, times(Some(delays)), window.len())
        }
        Measure::Bandwidth => {
            let (rate, bytes) = (window.rate()?, window.bytes()?);
            let [mean, min, max] = [bytes.mean, bytes.min, bytes.max].map(amount);
            format!(
                "{}/s from {} messages\n\tMessage size mean: {mean} min: {min} max: {max}\n",
                amount(rate.hz * bytes.mean),
                window.len()
            )
        }
    };
    if window.lost > 0 {
        text += &format!("\tnot seen here, but counted: {}\n", window.lost);
    }
    Some(text)
}

fn json(topic: &str, window: &Window, measure: Measure) -> Option<Value> {
    let mut report =
        json!({ "topic": topic, "window": window.len(), "seen": window.seen, "lost": window.lost });
    let mut put = |key: &str, number: f64| report[key] = json!(number);
    let mut put_times = |spread: Spread| {
        put("min_s", spread.min);
        put("max_s", spread.max);
        put("std_dev_s", spread.deviation);
    };
    match measure {
        Measure::Rate => {
            let rate = window.rate()?;
            rate.intervals.map(&mut put_times);
            put("rate_hz", rate.hz);
        }
        Measure::Delay => {
            let delays = window.delays()?;
            put_times(delays);
            put("mean_s", delays.mean);
        }
        Measure::Bandwidth => {
            let (rate, bytes) = (window.rate()?, window.bytes()?);
            put("bytes_per_s", rate.hz * bytes.mean);
            put("mean_bytes", bytes.mean);
            put("min_bytes", bytes.min);
            put("max_bytes", bytes.max);
        }
    }
    Some(report)
}

/// Bytes in thousands, as `ros2 topic bw` says them.
fn amount(bytes: f64) -> String {
    match bytes {
        _ if bytes < 1e3 => format!("{bytes:.0} B"),
        _ if bytes < 1e6 => format!("{:.2} KB", bytes / 1e3),
        _ => format!("{:.2} MB", bytes / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use nevil_launch::SeenMessage;

    use super::*;

    fn window() -> Window {
        let mut window = Window::new(100);
        for number in 1..=11 {
            let (stamp_ns, bytes) = (number * 100_000_000, Some(1000 + number % 2 * 500));
            let found_ns = stamp_ns + 2_000_000;
            let source = "car".to_owned();
            window.add(&SeenMessage { source, incarnation: 1, sequence: number, stamp_ns, found_ns, bytes });
        }
        window
    }

    #[test]
    fn reports_read_as_those_of_ros2() {
        let window = window();
        let rate = "average rate: 10.000\n\tmin: 0.100s max: 0.100s std dev: 0.00000s window: 11\n";
        assert_eq!(text(&window, Measure::Rate).unwrap(), rate);
        let delay = "average delay: 0.002\n\tmin: 0.002s max: 0.002s std dev: 0.00000s window: 11\n";
        assert_eq!(text(&window, Measure::Delay).unwrap(), delay);
        let bandwidth =
            "12.73 KB/s from 11 messages\n\tMessage size mean: 1.27 KB min: 1.00 KB max: 1.50 KB\n";
        assert_eq!(text(&window, Measure::Bandwidth).unwrap(), bandwidth);
        assert_eq!([0.0, 999.0, 1000.0, 2.5e6].map(amount), ["0 B", "999 B", "1.00 KB", "2.50 MB"]);
    }

    #[test]
    fn what_was_not_seen_is_said() {
        let mut window = window();
        window.lost(3);
        assert!(text(&window, Measure::Rate).unwrap().ends_with("\n\tnot seen here, but counted: 3\n"));
        assert_eq!(json("range", &window, Measure::Rate).unwrap()["lost"], 3);
    }
}
