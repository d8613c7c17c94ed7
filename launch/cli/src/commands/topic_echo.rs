//! `nevil topic echo`.

use std::time::Duration;

use clap::Args;
use nevil_launch::{Echo, EchoItem, EchoedMessage, Request, duration_text};
use nevil_msgs::{Value, nearest, parse_duration};

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{Reader, complain, print};
use crate::screen::csv::Csv;
use crate::screen::message::{self, LeftOut};

/// How long is waited at a time where no time-out was given. Nothing depends on it.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// Show the messages of a topic as they come
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil topic echo range\n  nevil topic echo range --field distance_m -n 5\n  nevil topic echo range --csv --header --timeout 5s > range.csv"
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
    /// Show with each message who published it, its number and its time
    #[arg(long, conflicts_with = "json")]
    header: bool,
    /// Fail if no message comes for this time, such as 5s
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Print a line of values for each message, below a line of their names
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Show of lists only how long they are
    #[arg(long)]
    no_arr: bool,
    /// Show of texts only how long they are
    #[arg(long)]
    no_str: bool,
    /// Print a line of JSON for each message, with its header
    #[arg(long)]
    json: bool,
}

impl TopicEchoArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let csv = self.csv.then(|| self.columns(robot)).transpose()?;
        let mut echo = robot.connect()?.echo(&self.topic)?;
        say_if_silent(&self.topic, &echo);
        if let Some(csv) = &csv {
            print(csv.names())?;
        }
        let count = if self.once { Some(1) } else { self.count };
        let mut shown = 0;
        while count.is_none_or(|count| shown < count) {
            match self.next(&mut echo)? {
                EchoItem::Message(message) => {
                    let is_last = Some(shown + 1) == count;
                    print(self.render(&message, csv.as_ref(), is_last)?)?;
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

    /// The columns of the topic's type.
    fn columns(&self, robot: &RobotArg) -> Result<Csv, Failure> {
        let info = robot.ask(&Request::TopicInfo { topic: self.topic.clone() })?;
        Csv::new(&info["fields"], self.field.as_deref(), self.header, Reader::of_stdout())
            .map_err(Failure::Usage)
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

    fn render(&self, message: &EchoedMessage, csv: Option<&Csv>, is_last: bool) -> Result<String, Failure> {
        let left_out = LeftOut { lists: self.no_arr, texts: self.no_str };
        let is_whole = self.field.is_none() && left_out == LeftOut::default();
        let line = |error: serde_json::Error| Failure::Failed(error.to_string());
        if self.json && is_whole {
            return Ok(serde_json::to_string(message).map_err(line)? + "\n");
        }
        let value = Value::parse_yaml("message", message.text());
        let mut value =
            value.map_err(|error| Failure::Failed(format!("the message cannot be shown: {error}")))?;
        if let Some(csv) = csv {
            message::leave_out(&mut value, left_out);
            return Ok(csv.row(message, &value));
        }
        if let Some(field) = &self.field {
            value = find(&value, field).map_err(Failure::Usage)?.clone();
        }
        message::leave_out(&mut value, left_out);
        if self.json && self.field.is_none() {
            // The message is what the line ends with.
            let line = serde_json::to_string(message).map_err(line)?;
            let head = line.strip_suffix('}').and_then(|line| line.strip_suffix(message.text()));
            return Ok(format!("{}{}}}\n", head.unwrap_or_default(), message::flow(&value)));
        }
        let mut text = if self.header { header(message) } else { String::new() };
        if self.json {
            text += &message::flow(&value);
            text.push('\n');
            return Ok(text);
        }
        text += &message::block(&value);
        // Single values follow each other line by line, as a plot or `sort` wants them.
        if self.field.is_none() && !is_last {
            text += "---\n";
        }
        Ok(text)
    }
}

/// Says who waits for a message that nobody sends. It is no error: somebody may come.
pub(super) fn say_if_silent(topic: &str, echo: &Echo) {
    if echo.publishers().is_empty() {
        complain(&format!("nobody publishes on `{topic}` so far; waiting for a message"));
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
