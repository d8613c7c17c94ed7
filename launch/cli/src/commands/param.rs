//! `nevil param …`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use nevil_launch::Request;
use serde_json::Value;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{Reader, print, print_json};
use crate::screen::param;

#[derive(Debug, Subcommand)]
pub(crate) enum ParamCommand {
    List(ParamListArgs),
    Get(ParamGetArgs),
    Set(ParamSetArgs),
    Describe(ParamDescribeArgs),
    Dump(ParamDumpArgs),
    Load(ParamLoadArgs),
}

/// List the parameters of a node, or of all, with their values
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil param list\n  nevil param list motion --json")]
pub(crate) struct ParamListArgs {
    /// The node (see `nevil node list`)
    node: Option<String>,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

/// Print the value of a parameter
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil param get motion speed_mps_max")]
pub(crate) struct ParamGetArgs {
    /// The node (see `nevil node list`)
    node: String,
    /// The parameter (see `nevil param list NODE`)
    param: String,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

/// Change a parameter of a node while it runs
///
/// The node takes the change between two callbacks, or refuses it, and says why.
/// What it has taken holds for its next lives too, and ends with the robot.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  nevil param set motion speed_mps_max 0.3\n  nevil param set obstacle_detection silent_for 500ms"
)]
pub(crate) struct ParamSetArgs {
    /// The node (see `nevil node list`)
    node: String,
    /// The parameter (see `nevil param list NODE`)
    param: String,
    /// Its new value, as YAML: 0.3, true, 250ms, [1, 2]
    #[arg(allow_hyphen_values = true)]
    value: String,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

/// Show what a parameter is: type, unit, range, default, meaning
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil param describe motion speed_mps_max")]
pub(crate) struct ParamDescribeArgs {
    /// The node (see `nevil node list`)
    node: String,
    /// The parameter (see `nevil param list NODE`)
    param: String,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

/// Print the parameters of a node as YAML, for `load` and for `params:`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil param dump motion > motion.yaml")]
pub(crate) struct ParamDumpArgs {
    /// The node (see `nevil node list`)
    node: String,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

/// Change all parameters of a node that a YAML file has, while it runs
///
/// All of them are changed, or none.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil param load motion motion.yaml")]
pub(crate) struct ParamLoadArgs {
    /// The node (see `nevil node list`)
    node: String,
    /// The file
    file: PathBuf,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

impl ParamCommand {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        match self {
            Self::List(ParamListArgs { node, json }) => {
                let answer = robot.ask(&Request::ParamList { node })?;
                show(&answer, json, |answer| param::list(answer, Reader::of_stdout()))
            }
            Self::Get(ParamGetArgs { node, param, json }) => {
                let answer = robot.ask(&Request::ParamGet { node, param })?;
                show(&answer, json, |answer| format!("{}\n", param::yaml(&answer["value"])))
            }
            Self::Set(ParamSetArgs { node, param, value, json }) => {
                let params = BTreeMap::from([(param, value)]);
                let answer = robot.ask(&Request::ParamSet { node, params })?;
                show(&answer, json, param::changed)
            }
            Self::Describe(ParamDescribeArgs { node, param, json }) => {
                let answer = robot.ask(&Request::ParamGet { node, param })?;
                show(&answer, json, param::described)
            }
            Self::Dump(ParamDumpArgs { node, json }) => {
                let answer = robot.ask(&Request::ParamList { node: Some(node) })?;
                if json {
                    return print_json(&param::values(&answer));
                }
                print(param::dump(&answer))
            }
            Self::Load(args) => args.run(robot),
        }
    }
}

impl ParamLoadArgs {
    fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let name = self.file.display().to_string();
        let text = fs::read_to_string(&self.file)
            .map_err(|error| Failure::Failed(format!("cannot read parameters {name}: {error}")))?;
        let answer = robot.ask(&Request::ParamLoad { node: self.node, name, text })?;
        show(&answer, self.json, param::changed)
    }
}

fn show(answer: &Value, json: bool, text: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
    if json { print_json(answer) } else { print(text(answer)) }
}
