//! `nevil node list`.

use clap::Args;
use nevil_launch::Request;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{Reader, print, print_json};
use crate::screen::node::state;
use crate::screen::table::{Cell, Column, Table};
use crate::screen::{names, text};

/// List the nodes and the topics that they use
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil node list")]
pub(crate) struct NodeListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl NodeListArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let answer = robot.ask(&Request::NodeList)?;
        if self.json {
            return print_json(&answer);
        }
        let columns = ["node", "state", "publishes", "subscribes"].map(Column::text);
        let mut table = Table::new(columns.to_vec());
        for node in answer["nodes"].as_array().into_iter().flatten() {
            let cells = [text(&node["name"]), Cell::plain(state(node))];
            let topics = [names(&node["publishes"]), names(&node["subscribes"])];
            table.row(cells.into_iter().chain(topics).collect());
        }
        print(table.render(Reader::of_stdout()))
    }
}
