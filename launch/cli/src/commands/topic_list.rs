//! `nevil topic list`.

use clap::Args;
use nevil_launch::Request;
use serde_json::Value;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{Reader, print, print_json};
use crate::screen::table::{Cell, Column, Table};
use crate::screen::{names, text};

/// List the topics, the types of their messages, and the nodes that use them
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil topic list\n  nevil topic list --verbose")]
pub(crate) struct TopicListArgs {
    /// Show names and types alone, as `range [Range]`
    #[arg(short = 't', long, conflicts_with_all = ["json", "count_topics", "verbose"])]
    show_types: bool,
    /// Show only how many there are
    #[arg(short, long, conflicts_with_all = ["json", "verbose"])]
    count_topics: bool,
    /// Show also how messages are carried: overflow and depth, priority, latched
    #[arg(short, long, conflicts_with = "json")]
    verbose: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl TopicListArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let answer = robot.ask(&Request::TopicList)?;
        let topics = answer["topics"].as_array().map(Vec::as_slice).unwrap_or_default();
        if self.json {
            return print_json(&answer);
        }
        if self.count_topics {
            return print(format_args!("{}\n", topics.len()));
        }
        if self.show_types {
            let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let line = |topic: &Value| format!("{} [{}]\n", word(&topic["name"]), word(&topic["type"]));
            return print(topics.iter().map(line).collect::<String>());
        }
        let carried = if self.verbose { vec![Column::text("carried")] } else { Vec::new() };
        let columns = ["topic", "type", "published by", "subscribed by"].map(Column::text);
        let mut table = Table::new(columns.into_iter().chain(carried).collect());
        for topic in topics {
            let subscriptions = topic["subscriptions"].as_array().into_iter().flatten();
            let mut nodes: Vec<_> = subscriptions.map(|subscription| subscription["node"].clone()).collect();
            // A node with two callbacks on a topic is one subscriber to a reader.
            nodes.dedup();
            let ends = [names(&topic["publishers"]), names(&Value::Array(nodes))];
            let carried = self.verbose.then(|| carried_how(&topic["qos"]));
            table.row(
                [text(&topic["name"]), text(&topic["type"])].into_iter().chain(ends).chain(carried).collect(),
            );
        }
        print(table.render(Reader::of_stdout()))
    }
}

/// What of the rules is worth a word.
fn carried_how(qos: &Value) -> Cell {
    let word = |key: &str| qos[key].as_str().unwrap_or("-").to_owned();
    let mut words = vec![word("overflow")];
    if qos["overflow"] != "latest" {
        words[0] += &format!(" {}", qos["depth"]);
    }
    if qos["priority"] != "normal" {
        words.push(word("priority"));
    }
    let flags = ["latched", "exclusive", "feedback"].into_iter().filter(|flag| qos[*flag] == true);
    words.extend(flags.map(str::to_owned));
    Cell::plain(words.join(", "))
}
