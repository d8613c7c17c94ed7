//! `nevil topic type`.

use clap::Args;
use nevil_launch::Request;
use serde_json::json;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{Reader, print, print_json};
use crate::screen::topic;

/// Show the type of a topic's messages
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil topic type operator_drive\n  nevil topic type operator_drive --show\n  nevil topic pub -1 operator_drive \"$(nevil topic type operator_drive --example)\""
)]
pub(crate) struct TopicTypeArgs {
    /// The topic (see `nevil topic list`)
    #[arg(value_name = "TOPIC")]
    topic: String,
    /// Show its fields too: kinds, units, ranges and what they mean, and a message to begin with
    #[arg(long, conflicts_with = "json")]
    show: bool,
    /// Show only a message to begin with
    #[arg(long, conflicts_with_all = ["json", "show"])]
    example: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl TopicTypeArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let info = robot.ask(&Request::TopicInfo { topic: self.topic })?;
        let text = |key: &str| info[key].as_str().unwrap_or("-");
        if self.json {
            let keys = ["name", "type", "hash", "doc", "fields", "example"];
            let picked = keys.map(|key| (key.to_owned(), info[key].clone()));
            return print_json(&json!(serde_json::Map::from_iter(picked)));
        }
        if self.show {
            return print(topic::render_type(&info, Reader::of_stdout()));
        }
        print(format_args!("{}\n", if self.example { text("example") } else { text("type") }))
    }
}
