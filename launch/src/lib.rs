//! From a launch file to a running robot, and from a tool to it.
//!
//! ```text
//!  text ─► LaunchFile (keys, types, ranges) ─► Plan (node types, parameters, order) ─► supervisor ◄─ control ◄─ tools
//! ```
//! * `limits`: every bound, in one place
//! * `problem`: what can be wrong with a launch file, and how it is said
//! * `rules`: how nodes are supervised
//! * `schema`: every key of a launch file
//! * `file`: what stands in it
//! * `machine`: where it is to run, and what the kernel allows there
//! * `plan`: what is to be started, in which order
//! * `reload`: what differs between two plans, and how much of it can change while the robot runs
//! * `runtime_dir`: where sockets and locks lie, and which robots run
//! * `status`: what tools see of a robot
//! * `control`: what tools ask of a running robot
//! * `options`, `launch`, `exit`: what a launch is told on the command line, what it does, how it ends
//! * `environment`: variables that a launch file sets for the process
//! * `notify`, `watchdog`: who watches the robot from outside
//! * `crashes`: crash loops over starts of the process
//! * `supervision`: what follows when a node ends
//! * `health`: how the robot is, and what an operator is told
//! * `supervisor`: starts, watches and stops nodes on threads; `simulate`: the same in virtual time
#![forbid(unsafe_code)]

pub mod limits;

mod terminal;
mod text;

mod control;
mod crashes;
mod environment;
mod exit;
mod file;
mod health;
mod launch;
mod machine;
mod notify;
mod options;
mod plan;
mod problem;
mod reload;
mod restart;
mod rules;
mod runtime_dir;
mod schema;
mod simulate;
mod status;
mod supervision;
mod supervisor;
mod watchdog;

pub use control::{
    BreakerOperation, ClientError, Control, ControlClient, ControlCounts, ControlError, ControlServer, Echo,
    EchoItem, EchoedMessage, Request, SeenMessage,
};
pub use environment::launch_variable;
pub use exit::Exit;
pub use file::{
    Argument, ArgumentKind, BreakerEntry, CallbackEntries, CallbackEntry, LaunchFile, LaunchFileError,
    LockMemory, Lookup, NodeEntry, OnDenied, ReadyEntry, ReadyOfNode, Remap, SingleCallback,
    SubscriptionEntry, Systemd, TopicEntry, WatchdogEntry,
};
pub use health::{DownNode, HealthReport};
pub use launch::launch;
pub use machine::{Machine, Refusal, Rights};
pub use options::{LaunchClock, LaunchInputs, LaunchOptions};
pub use plan::{
    CycleStep, Explained, NodeCycle, Plan, PlanFor, PlanNote, PlannedGraph, PlannedNode, Source, explain,
};
pub use problem::{
    ExpansionProblem, LargeTopic, PlanError, PlanErrors, PlanProblem, ReadyProblem, WholeProblem,
};
pub use rules::{
    GroupRule, GroupStrategy, Limits, OnInputDown, ReadyRule, ReadyWhen, ResourceRule, RestartPolicy,
    RestartRule,
};
pub use runtime_dir::{
    LockError, PickError, RobotLock, RobotPathError, RunningRobot, RuntimeDir, RuntimeDirError,
};
pub use schema::{KeyExplanation, UnknownKey, explain_key, json_schema, reference_page};
pub use status::{RobotPhase, RobotReport};
pub use terminal::{for_terminal, wrap_line};
pub use text::{duration_text, size_text};
