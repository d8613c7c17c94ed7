//! The words of the command line.

mod breaker;
mod bus_audit;
mod check;
mod completion;
mod estop;
mod file_args;
mod launch;
mod log;
mod logs;
mod mode;
mod new;
mod node;
mod node_operate;
mod param;
mod plan;
mod process;
mod reload;
mod restart;
mod schema;
mod status;
mod stop;
mod topic_echo;
mod topic_find;
mod topic_info;
mod topic_list;
mod topic_measure;
mod topic_pub;
mod topic_type;
pub(crate) mod unknown;
mod world_generate;
mod world_show;
mod world_view;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use nevil_launch::{ControlClient, Request, RunningRobot, RuntimeDir};
use nevil_runtime::{NodeTypes, guard};

use crate::failure::Failure;

/// Launch robots, and watch them.
#[derive(Debug, Parser)]
#[command(
    name = "nevil",
    version,
    max_term_width = 80,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Example:\n  nevil status\n  nevil topic echo range\n\n`nevil COMMAND --help` shows the options and an example of each command."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    robot: RobotArg,
}

/// Which robot is meant.
#[derive(Debug, Args)]
pub(crate) struct RobotArg {
    /// Name of the robot; not needed where only one runs
    #[arg(long = "robot", value_name = "NAME", global = true)]
    name: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(visible_alias = "start")]
    Launch(launch::LaunchArgs),
    Schema(schema::SchemaArgs),
    Check(check::CheckArgs),
    Plan(plan::PlanArgs),
    Status(status::StatusArgs),
    Stop(stop::StopArgs),
    Restart(restart::RestartArgs),
    Reload(reload::ReloadArgs),
    Mode(mode::ModeArgs),
    Estop(estop::EstopArgs),
    Logs(logs::LogsArgs),
    /// List, show, pause and restart the nodes of a robot
    #[command(
        subcommand,
        arg_required_else_help = true,
        disable_help_subcommand = true,
        after_help = "Example:\n  nevil node list"
    )]
    Node(NodeCommand),
    /// List, show and change the parameters of a robot's nodes
    #[command(
        subcommand,
        arg_required_else_help = true,
        disable_help_subcommand = true,
        after_help = "Example:\n  nevil param list motion"
    )]
    Param(param::ParamCommand),
    Log(log::LogArgs),
    /// List, show, measure and publish the messages of a robot
    #[command(
        subcommand,
        arg_required_else_help = true,
        disable_help_subcommand = true,
        after_help = "Example:\n  nevil topic echo range --once"
    )]
    Topic(TopicCommand),
    /// List, show and operate the breakers of a robot
    #[command(
        subcommand,
        arg_required_else_help = true,
        disable_help_subcommand = true,
        after_help = "Example:\n  nevil breaker list"
    )]
    Breaker(breaker::BreakerCommand),
    /// Show what became of all messages of a robot
    #[command(
        subcommand,
        arg_required_else_help = true,
        disable_help_subcommand = true,
        after_help = "Example:\n  nevil bus audit"
    )]
    Bus(BusCommand),
    /// Show, make and look at worlds for the simulated car
    #[command(
        subcommand,
        arg_required_else_help = true,
        disable_help_subcommand = true,
        after_help = "Example:\n  nevil world show launch/files/worlds/maze.yaml"
    )]
    World(WorldCommand),
    Completion(completion::CompletionArgs),
    /// Begin a robot project, or add a node to one
    #[command(
        subcommand,
        arg_required_else_help = true,
        disable_help_subcommand = true,
        after_help = "Example:\n  nevil new robot rover"
    )]
    New(new::NewCommand),
    /// The process that makes actuators safe when the robot is dead
    #[command(hide = true)]
    Guard,
    Process(process::ProcessArgs),
}

#[derive(Debug, Subcommand)]
enum NodeCommand {
    List(node::NodeListArgs),
    Info(node_operate::NodeInfoArgs),
    Restart(node_operate::NodeRestartArgs),
    Pause(node_operate::NodePauseArgs),
    Resume(node_operate::NodeResumeArgs),
}

#[derive(Debug, Subcommand)]
enum TopicCommand {
    List(topic_list::TopicListArgs),
    Info(topic_info::TopicInfoArgs),
    Type(topic_type::TopicTypeArgs),
    Find(topic_find::TopicFindArgs),
    Echo(topic_echo::TopicEchoArgs),
    Pub(topic_pub::TopicPubArgs),
    Hz(topic_measure::TopicHzArgs),
    Bw(topic_measure::TopicBwArgs),
    Delay(topic_measure::TopicDelayArgs),
}

#[derive(Debug, Subcommand)]
enum WorldCommand {
    Show(world_show::WorldShowArgs),
    Generate(world_generate::WorldGenerateArgs),
    View(world_view::WorldViewArgs),
}

#[derive(Debug, Subcommand)]
enum BusCommand {
    Audit(bus_audit::BusAuditArgs),
}

impl Cli {
    /// Does what the words say.
    pub(crate) fn run(self, types: &NodeTypes) -> Result<ExitCode, Failure> {
        let robot = &self.robot;
        match self.command {
            Command::Guard => return Ok(guard::serve()),
            Command::Process(args) => return args.run(types),
            Command::Launch(args) => return args.run(robot, types),
            Command::Schema(args) => args.run(types),
            Command::Check(args) => return args.run(types),
            Command::Plan(args) => return args.run(types),
            Command::Status(args) => args.run(robot),
            Command::Stop(args) => args.run(robot),
            Command::Restart(args) => args.run(robot),
            Command::Reload(args) => args.run(robot),
            Command::Mode(args) => args.run(robot),
            Command::Param(command) => command.run(robot),
            Command::Log(args) => args.run(robot),
            Command::Estop(args) => args.run(robot),
            Command::Breaker(command) => command.run(robot),
            Command::New(command) => command.run(types),
            Command::Node(NodeCommand::List(args)) => args.run(robot),
            Command::Node(NodeCommand::Info(args)) => args.run(robot),
            Command::Node(NodeCommand::Restart(args)) => args.run(robot),
            Command::Node(NodeCommand::Pause(args)) => args.run(robot),
            Command::Node(NodeCommand::Resume(args)) => args.run(robot),
            Command::Topic(command) => command.run(robot),
            Command::Bus(BusCommand::Audit(args)) => args.run(robot),
            Command::World(WorldCommand::Show(args)) => args.run(),
            Command::World(WorldCommand::Generate(args)) => args.run(),
            Command::World(WorldCommand::View(args)) => args.run(),
            Command::Logs(args) => args.run(robot),
            Command::Completion(args) => args.run(),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

impl TopicCommand {
    fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        match self {
            Self::List(args) => args.run(robot),
            Self::Info(args) => args.run(robot),
            Self::Type(args) => args.run(robot),
            Self::Find(args) => args.run(robot),
            Self::Echo(args) => args.run(robot),
            Self::Pub(args) => args.run(robot),
            Self::Hz(args) => args.run(robot),
            Self::Bw(args) => args.run(robot),
            Self::Delay(args) => args.run(robot),
        }
    }
}

impl RobotArg {
    /// The robot that is meant, and the directory of all.
    fn pick(&self) -> Result<(RuntimeDir, RunningRobot), Failure> {
        let directory = RuntimeDir::find()?;
        let robot = directory.pick(self.name.as_deref())?;
        Ok((directory, robot))
    }

    fn connect(&self) -> Result<ControlClient, Failure> {
        Ok(ControlClient::connect(&self.pick()?.1.socket)?)
    }

    fn ask(&self, request: &Request) -> Result<serde_json::Value, Failure> {
        Ok(self.connect()?.request(request)?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::{CommandFactory, Parser};
    use nevil_launch::LaunchClock;

    use super::Cli;

    fn commands(command: &clap::Command) -> Vec<clap::Command> {
        let inner = command.get_subcommands().filter(|inner| !inner.is_hide_set());
        std::iter::once(command.clone()).chain(inner.flat_map(commands)).collect()
    }

    #[test]
    fn the_words_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_launch_is_what_its_words_say() {
        #[derive(clap::Parser)]
        struct Launch {
            #[command(flatten)]
            args: super::launch::LaunchArgs,
        }
        let options = |words: &str| {
            let words = std::iter::once("launch").chain(words.split(' '));
            Launch::try_parse_from(words).map(|launch| launch.args.options(None))
        };
        let real = options("picar.yaml").unwrap();
        assert_eq!((real.clock, real.seed, real.duration), (LaunchClock::Real, 1, None));
        let wrong = options("picar.yaml --clock sim --seed 7 --for 10x").map_err(|error| error.to_string());
        assert!(wrong.unwrap_err().contains("`10x` is not a duration; write a number and one of"));
        let simulated = options("picar.yaml --clock sim --seed 7 --for 10m").unwrap();
        assert_eq!((simulated.clock, simulated.seed), (LaunchClock::Simulated, 7));
        assert_eq!(simulated.duration, Some(Duration::from_secs(600)));
    }

    #[test]
    fn the_help_of_every_command_fits_80_columns_and_ends_with_an_example() {
        let mut command = Cli::command();
        command.build();
        for mut command in commands(&command) {
            let name = command.get_name().to_owned();
            let help = command.render_long_help().to_string();
            let widest = help.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(80), "{name}: {widest:?}\n{help}");
            assert!(help.contains("\nExample:\n  nevil "), "{name}:\n{help}");
        }
    }

    #[test]
    fn every_command_that_shows_something_can_show_it_as_json() {
        // What they show is that they did it, or it is made for a shell or an editor.
        const NOTHING_TO_SHOW: [&str; 22] = [
            "launch",
            "stop",
            "restart",
            "reload",
            "estop",
            "pub",
            "pause",
            "resume",
            "load",
            "open",
            "close",
            "half-open",
            "reset",
            "disable",
            "metrics-only",
            "set",
            "robot",
            "node",
            "schema",
            "completion",
            "generate",
            "view",
        ];
        let mut command = Cli::command();
        command.build();
        let mut counted = 0;
        for command in commands(&command).iter().filter(|command| !command.has_subcommands()) {
            let has_json = command.get_arguments().any(|arg| arg.get_long() == Some("json"));
            let shows = !NOTHING_TO_SHOW.contains(&command.get_name());
            assert!(has_json || !shows, "{}", command.get_name());
            counted += usize::from(shows);
        }
        assert!(counted >= 13, "{counted}");
    }

    #[test]
    fn every_option_of_every_command_has_a_help_text() {
        let mut command = Cli::command();
        command.build();
        for command in commands(&command) {
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{}: {}", command.get_name(), arg.get_id());
            }
            assert!(command.get_about().is_some(), "{}", command.get_name());
        }
    }
}
