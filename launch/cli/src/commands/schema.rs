//! `nevil schema`.

use clap::Args;
use nevil_launch::{explain_key, json_schema, reference_page};
use nevil_runtime::NodeTypes;
use serde_json::json;

use crate::failure::Failure;
use crate::output::{Reader, print, print_json};
use crate::screen::key;

/// Explain a key of launch files, or print their JSON Schema for an editor
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil schema nodes.thread.priority\n  nevil schema nodes.motion.params\n  nevil schema > nevil.schema.json"
)]
pub(crate) struct SchemaArgs {
    /// The key, such as nodes.thread.priority, or the end of its name; without one, all of them as JSON Schema
    #[arg(value_name = "KEY")]
    key: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print the reference of launch files as Markdown
    #[arg(long, conflicts_with_all = ["key", "json"])]
    markdown: bool,
}

impl SchemaArgs {
    pub(crate) fn run(self, types: &NodeTypes) -> Result<(), Failure> {
        let Some(name) = self.key else {
            return if self.markdown { print(reference_page()) } else { print_json(&json_schema(types)) };
        };
        let keys = explain_key(&name, types).map_err(|error| Failure::Usage(error.to_string()))?;
        if self.json { print_json(&json!(keys)) } else { print(key::render(&keys, Reader::of_stdout())) }
    }
}
