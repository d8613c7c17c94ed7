//! `nevil new`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use nevil_runtime::NodeTypes;
use serde_json::json;

use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::scaffold::{NewNode, NewNodeError, NewRobot, NewRobotError, new_node, new_robot};

/// Begin a robot project, or add a node to one
#[derive(Debug, Subcommand)]
pub(crate) enum NewCommand {
    Robot(NewRobotArgs),
    Node(NewNodeArgs),
}

/// Begin a robot project in a new folder
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil new robot rover\n  cd rover\n  cargo run -- launch launch/rover.yaml"
)]
pub(crate) struct NewRobotArgs {
    /// Name of the robot, of its folder and of its program
    name: String,
    /// Where its folder is to be
    #[arg(long, value_name = "DIR", default_value = ".")]
    path: PathBuf,
    /// The checkout of Nevil that it is to depend on, instead of the one that this command was built from
    #[arg(long, value_name = "PATH")]
    nevil: Option<PathBuf>,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

/// Add a node to a robot project
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil new node horn\n  cargo test")]
pub(crate) struct NewNodeArgs {
    /// Name of the node and of its file
    name: String,
    /// The folder of the project
    #[arg(long, value_name = "PROJECT", default_value = ".")]
    path: PathBuf,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

impl NewCommand {
    pub(crate) fn run(self, types: &NodeTypes) -> Result<(), Failure> {
        match self {
            Self::Robot(args) => args.run(),
            Self::Node(args) => args.run(types),
        }
    }
}

impl NewRobotArgs {
    fn run(self) -> Result<(), Failure> {
        let NewRobot { folder, files } = new_robot(&self.name, &self.path, self.nevil.as_deref())?;
        // `rover` instead of `./rover`.
        let folder = folder.strip_prefix(".").unwrap_or(&folder);
        if self.json {
            return print_json(&json!({ "robot": self.name, "folder": folder, "files": files }));
        }
        let name = &self.name;
        let mut text = format!("robot `{name}` is in `{}`:\n", folder.display());
        list(&mut text, &files);
        let folder = folder.display();
        let _ =
            write!(text, "next:\n  cd {folder}\n  cargo test\n  cargo run -- launch launch/{name}.yaml\n");
        print(text)
    }
}

impl NewNodeArgs {
    fn run(self, types: &NodeTypes) -> Result<(), Failure> {
        let NewNode { file, changed, left } = new_node(&self.name, &self.path, &types.names())?;
        if self.json {
            let left = left.iter().map(|left| {
                let lines = left.lines.iter().map(|(place, line)| json!({ "place": place, "line": line }));
                json!({ "file": left.file, "lines": lines.collect::<Vec<_>>() })
            });
            let left = left.collect::<Vec<_>>();
            return print_json(&json!({ "node": self.name, "file": file, "changed": changed, "left": left }));
        }
        let mut text = format!("node `{}` is in `{}`\n", self.name, file.display());
        if !changed.is_empty() {
            text += "added to:\n";
            list(&mut text, &changed);
        }
        for left in left {
            let _ = writeln!(text, "to be added by you to `{}`:", left.file.display());
            for (place, line) in left.lines {
                let _ = writeln!(text, "  {line}\n      {place}");
            }
        }
        text += "next:\n  cargo test\n";
        print(text)
    }
}

/// Writing into a text cannot fail.
fn list(text: &mut String, files: &[PathBuf]) {
    for file in files {
        let _ = writeln!(text, "  {}", Path::display(file));
    }
}

impl From<NewRobotError> for Failure {
    fn from(error: NewRobotError) -> Self {
        match error {
            NewRobotError::Name(problem) => Self::Usage(problem.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<NewNodeError> for Failure {
    fn from(error: NewNodeError) -> Self {
        match error {
            NewNodeError::Name(problem) => Self::Usage(problem.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}
