//! `nevil topic echo`.

use std::time::Duration;

use clap::Args;
use nevil_launch::{Echo, EchoItem, EchoedMessage, duration_text};
use nevil_msgs::{Value, nearest, parse_duration};

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{complain, print};
use crate::screen::message;

/// How long is waited at a time where no time-out was given. Nothing depends on it.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// Show the messages of a topic as they come
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil topic echo range\n  nevil topic echo range --field distance_m -n 5"
)]
pub(crate) struct TopicEchoArgs {
    /// The topic (see `nevil topic list`)
    #[arg(value_name = "TOPIC")]
    topic: String,
    /// End after the first message
    #[arg(short = '1', long, conflicts_with = "count")]
    once: bool,
    /// End after so many messages
    #[arg(short = 'n', long = "count", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Show this field alone; a field within a field is `outer.inner`
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,
    /// Show before each message who published it, its number and its time
    #[arg(long, conflicts_with = "json")]
    header: bool,
    /// Fail if no message comes for this time, such as 5s
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Print a line of JSON for each message, with its header
    #[arg(long)]
    json: bool,
}

impl TopicEchoArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let mut echo = robot.connect()?.echo(&self.topic)?;
        let count = if self.once { Some(1) } else { self.count };
        let mut shown = 0;
        while count.is_none_or(|count| shown < count) {
            match self.next(&mut echo)? {
                EchoItem::Message(message) => {
                    let is_last = Some(shown + 1) == count;
                    print(self.render(&message, is_last)?)?;
                    shown += 1;
                }
                EchoItem::Lost(lost) => complain(&format!(
                    "{lost} messages are not shown here: they came faster than they were read"
                )),
                _ => {}
            }
        }
        Ok(())
    }

    fn next(&self, echo: &mut Echo) -> Result<EchoItem, Failure> {
        loop {
            match (echo.next(self.timeout.unwrap_or(LOOK_EVERY))?, self.timeout) {
                (Some(item), _) => return Ok(item),
                (None, None) => {}
                (None, Some(timeout)) => {
                    return Err(Failure::Failed(format!(
                        "no message on `{}` within {}; see `nevil status` for who publishes it",
                        self.topic,
                        duration_text(timeout)
                    )));
                }
            }
        }
    }

    fn render(&self, message: &EchoedMessage, is_last: bool) -> Result<String, Failure> {
        if self.json && self.field.is_none() {
            let line = serde_json::to_string(message);
            return line.map(|line| line + "\n").map_err(|error| Failure::Failed(error.to_string()));
        }
        let value = Value::parse_yaml("message", message.text());
        let value =
            value.map_err(|error| Failure::Failed(format!("the message cannot be shown: {error}")))?;
        let value = match &self.field {
            Some(field) => find(&value, field).map_err(Failure::Usage)?,
            None => &value,
        };
        let mut text = if self.header { header(message) } else { String::new() };
        if self.json {
            text += &message::flow(value);
            text.push('\n');
            return Ok(text);
        }
        text += &message::block(value);
        // Single values follow each other line by line, as a plot or `sort` wants them.
        if self.field.is_none() && !is_last {
            text += "---\n";
        }
        Ok(text)
    }
}

fn header(message: &EchoedMessage) -> String {
    let (seconds, milliseconds) = (message.stamp_ns / 1_000_000_000, message.stamp_ns / 1_000_000 % 1000);
    let life =
        if message.incarnation == 1 { String::new() } else { format!(", life {}", message.incarnation) };
    format!("# {} {}{life}, at {seconds}.{milliseconds:03} s\n", message.source, message.sequence)
}

/// The field at the end of `path`.
fn find<'value>(message: &'value Value, path: &str) -> Result<&'value Value, String> {
    let mut value = message;
    for name in path.split('.') {
        value = value.get(name).ok_or_else(|| {
            let known = message::fields(value);
            let meant = nearest(name, &known).map(|name| format!(", did you mean `{name}`?"));
            match known.is_empty() {
                true => format!("field `{path}`: `{name}` is asked of a value that has no fields"),
                false => format!(
                    "unknown field `{path}`{}; known fields are {}",
                    meant.unwrap_or_default(),
                    known.join(", ")
                ),
            }
        })?;
    }
    Ok(value)
}
