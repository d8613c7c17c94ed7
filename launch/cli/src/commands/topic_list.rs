//! `nevil topic list`.

use clap::Args;
use nevil_launch::Request;
use serde_json::Value;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{Reader, print, print_json};
use crate::screen::table::{Column, Table};
use crate::screen::{names, text};

/// List the topics, the types of their messages, and the nodes that use them
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil topic list")]
pub(crate) struct TopicListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl TopicListArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let answer = robot.ask(&Request::TopicList)?;
        if self.json {
            return print_json(&answer);
        }
        let columns = ["topic", "type", "published by", "subscribed by"].map(Column::text);
        let mut table = Table::new(columns.to_vec());
        for topic in answer["topics"].as_array().into_iter().flatten() {
            let subscriptions = topic["subscriptions"].as_array().into_iter().flatten();
            let mut nodes: Vec<_> = subscriptions.map(|subscription| subscription["node"].clone()).collect();
            // A node with two callbacks on a topic is one subscriber to a reader.
            nodes.dedup();
            let ends = [names(&topic["publishers"]), names(&Value::Array(nodes))];
            table.row([text(&topic["name"]), text(&topic["type"])].into_iter().chain(ends).collect());
        }
        print(table.render(Reader::of_stdout()))
    }
}
