//! `nevil topic info`.

use clap::Args;
use nevil_launch::Request;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{Reader, print, print_json};
use crate::screen::topic;

/// Show a topic: its type, how its messages are carried, and what became of them
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil topic info range\n  nevil topic info range --json | jq .qos")]
pub(crate) struct TopicInfoArgs {
    /// The topic (see `nevil topic list`)
    #[arg(value_name = "TOPIC")]
    topic: String,
    /// Show all of it, as always: for who is used to it
    #[arg(short, long)]
    verbose: bool,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

impl TopicInfoArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        // There is nothing more to show.
        let _ = self.verbose;
        let info = robot.ask(&Request::TopicInfo { topic: self.topic })?;
        if self.json {
            return print_json(&info);
        }
        print(topic::render(&info, Reader::of_stdout()))
    }
}
