//! What is to be done when a node has ended: who is started again, when and in which order, who pauses meanwhile, and when
//! it is enough. Decides only: it takes `now` and what has happened, and says what to do.
//!
//! ```text
//!          ended, or could not be started
//!   Up ────────────────────────────────────► Waiting ──► Starting ──► Up
//!    │ another of its group failed              ▲  its delay is over, its group is stopped,
//!    └─► ToStop ──► Stopping ───────────────────┘  what it depends on is up
//!          those after it in its group are stopped
//!
//!   Up ──► Finished   it ended well, and is restarted after failures only
//!   any ─► GivenUp    too many restarts, or one that it cannot do without was given up
//! ```
//! Escalation: a node that has had too many restarts fails its group, which is started again as a whole; a group that has
//! had too many of these ends the robot, or is given up if no node of it is required.
//!
//! * `machine`: how states follow from one another. `orders`: what is due. `inputs`: who is told of whom.
//! * `operated`: what an operator wants of a node; no failure, and charged to nobody.

mod inputs;
mod machine;
mod operated;
#[cfg(test)]
mod operated_tests;
mod orders;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use nevil_runtime::Time;

use crate::plan::{Plan, PlannedNode};
use crate::rules::{GroupRule, OnInputDown, RestartRule, Window};

#[cfg(test)]
pub(crate) use operated::RestartRefused;
pub(crate) use operated::{Pauses, Stage};

/// What is to be known of a node. Nodes are numbered in the order of their start, so that a node depends on lower ones.
#[derive(Clone, Debug)]
pub(crate) struct NodeRule {
    pub(crate) name: String,
    /// Whether the robot is worth nothing without it.
    pub(crate) required: bool,
    /// The nodes that it depends on directly.
    pub(crate) depends_on: Vec<usize>,
    pub(crate) restart: RestartRule,
    /// Its group, if it has one.
    pub(crate) group: Option<usize>,
    pub(crate) on_input_down: OnInputDown,
    /// Whether it begins paused, until an operator resumes it.
    pub(crate) held: bool,
}

/// How a node has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HowEnded {
    /// A panic, a hang, a driver that ended.
    Failed,
    /// It had nothing more to do.
    Normally,
}

/// What is to be done, in the order of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Deactivate and drop the node. Answered by `stopped`, or by `ended`.
    Stop(usize),
    /// Configure and activate the node. Answered by `started`.
    Start(usize),
    /// Tell `node` that one that it depends on, directly or not, has been down since then.
    InputDown { node: usize, of: usize, since: Time },
    /// Tell it that that one is up again.
    InputUp { node: usize, of: usize },
    /// Call no callbacks of the node until it is resumed or stopped.
    Pause(usize),
    /// Call them again.
    Resume(usize),
    /// The node will never be started again. If it ran, its `Stop` stands before this, and needs no answer.
    GiveUp(usize),
    /// The robot has less than all of its nodes since then.
    Degraded { since: Time, why: String },
    /// It has all of them again.
    Healthy,
    /// The robot is to end. Nothing follows any more.
    EndRobot { why: EndReason },
}

/// Why supervision ends the robot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EndReason {
    /// A required node was given up.
    Node { name: String },
    /// A group with a required node failed too often.
    Group { name: String, intensity: u32, period: Duration },
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node { name } => write!(f, "node `{name}` is required, and is not started again"),
            Self::Group { name, intensity, period } => write!(
                f,
                "group `{name}` failed more than {intensity} times within {period:?}, and a node of it is required"
            ),
        }
    }
}

/// Where a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Up,
    /// Up, and to be stopped with its group.
    ToStop,
    /// Its `Stop` was ordered.
    Stopping,
    /// Down; started when everything is there for it.
    Waiting,
    /// Its `Start` was ordered.
    Starting,
    /// The same, but its group has failed meanwhile: stopped as soon as it is up.
    StartingToStop,
    Finished,
    GivenUp,
}

impl State {
    /// Whether others do without it.
    const fn is_down(self) -> bool {
        matches!(self, Self::Stopping | Self::Waiting | Self::Starting | Self::StartingToStop | Self::GivenUp)
    }

    /// Whether its group waits until it is stopped.
    const fn is_ending(self) -> bool {
        matches!(self, Self::ToStop | Self::Stopping | Self::StartingToStop)
    }

    /// Whether nothing happens to it any more.
    const fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::GivenUp)
    }
}

#[derive(Clone)]
struct Supervised {
    rule: NodeRule,
    /// All that it depends on, directly or not, ascending.
    inputs: Vec<usize>,
    state: State,
    paused: bool,
    /// Whether an operator, or the launch file, wants it to pause.
    held: bool,
    /// Whether an operator wants it to be started again: that is no failure.
    asked: bool,
    /// Since when it is down, if it is.
    since: Time,
    /// When it may be started, if it waits.
    due: Time,
    restarts: Window,
    /// Failures with less than the rule's period between them, and the last of them.
    failures: u32,
    last_failure: Option<Time>,
}

#[derive(Clone)]
struct Group {
    rule: GroupRule,
    /// Ascending.
    members: Vec<usize>,
    restarts: Window,
}

/// The state of all nodes of a robot, and what follows from what happens to them.
#[derive(Clone)]
pub(crate) struct Supervision {
    nodes: Vec<Supervised>,
    groups: Vec<Group>,
    /// Who was told of whom: the node, and the one that is down.
    told: BTreeSet<(usize, usize)>,
    degraded: Option<Time>,
    /// Whether the robot is to end.
    is_over: bool,
}

impl Supervision {
    /// All nodes are up. Nodes are in the order of their start, and depend on lower ones only; groups are numbered as the
    /// nodes name them.
    pub(crate) fn new(nodes: Vec<NodeRule>, groups: Vec<GroupRule>) -> Self {
        let members = |group| (0..nodes.len()).filter(|&node| nodes[node].group == Some(group)).collect();
        let groups = groups.into_iter().enumerate();
        let groups = groups
            .map(|(index, rule)| Group { rule, members: members(index), restarts: Window::default() })
            .collect();
        let inputs = inputs::inputs(&nodes);
        let supervised = |(rule, inputs): (NodeRule, Vec<usize>)| Supervised {
            held: rule.held,
            rule,
            inputs,
            state: State::Up,
            paused: false,
            asked: false,
            since: Time::ZERO,
            due: Time::ZERO,
            restarts: Window::default(),
            failures: 0,
            last_failure: None,
        };
        let nodes = nodes.into_iter().zip(inputs).map(supervised).collect();
        Self { nodes, groups, told: BTreeSet::new(), degraded: None, is_over: false }
    }

    /// That of a plan: the nodes have the numbers that they have there.
    pub(crate) fn of(plan: &Plan) -> Self {
        let position =
            |name: &std::sync::Arc<str>| plan.nodes.iter().position(|node| node.spec.instance == *name);
        let rule = |node: &PlannedNode| NodeRule {
            name: node.spec.instance.to_string(),
            required: node.required,
            depends_on: node.depends_on.iter().filter_map(position).collect(),
            restart: node.restart.clone(),
            group: node.group,
            on_input_down: node.on_input_down,
            held: node.spec.paused,
        };
        Self::new(plan.nodes.iter().map(rule).collect(), plan.groups.clone())
    }

    /// These nodes could not be started with the robot, which goes on without them.
    pub(crate) fn left_out(&mut self, nodes: &[usize], now: Time) -> Vec<Action> {
        for &node in nodes {
            self.set_down(node, State::Waiting, now);
        }
        self.react(now, |machine, now| machine.give_up(nodes, now))
    }

    /// A node is to end for good, because there is too little for all; those that cannot do without it end with it.
    pub(crate) fn shed(&mut self, node: usize, now: Time) -> Vec<Action> {
        self.react(now, |machine, now| machine.give_up(&[node], now))
    }

    /// A node has ended by itself. Nothing follows for one that was given up.
    pub(crate) fn ended(&mut self, node: usize, how: HowEnded, now: Time) -> Vec<Action> {
        self.react(now, |machine, now| machine.end(node, how, now))
    }

    /// A node has stopped as it was told.
    pub(crate) fn stopped(&mut self, node: usize, now: Time) -> Vec<Action> {
        self.react(now, |machine, now| machine.stop(node, now))
    }

    /// A node that was told to start is active, or could not be started.
    pub(crate) fn started(&mut self, node: usize, outcome: StartOutcome, now: Time) -> Vec<Action> {
        self.react(now, |machine, now| machine.start(node, outcome, now))
    }

    /// When [`Self::act`] has something to do next.
    pub(crate) fn due(&self) -> Option<Time> {
        let waiting = (0..self.nodes.len()).filter(|&node| !self.is_over && self.waits_for_time(node));
        waiting.map(|node| self.nodes[node].due).min()
    }

    /// Starts what is due at `now`.
    pub(crate) fn act(&mut self, now: Time) -> Vec<Action> {
        self.react(now, |_, _| machine::Outcome::default())
    }

    /// Whether the robot has less than all of its nodes.
    #[cfg(test)]
    fn is_degraded(&self) -> bool {
        self.degraded.is_some()
    }

    /// The nodes that were told to pause, ascending.
    #[cfg(test)]
    fn paused(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|&node| self.nodes[node].paused).collect()
    }

    /// Whether every required node is up: then the watchdogs are fed.
    pub(crate) fn required_are_up(&self) -> bool {
        !self.is_over && self.nodes.iter().all(|node| !node.rule.required || !node.state.is_down())
    }

    /// The nodes that are down, ascending, with the time since when.
    pub(crate) fn down(&self) -> Vec<(usize, Time)> {
        let down = self.nodes.iter().enumerate().filter(|(_, node)| node.state.is_down());
        down.map(|(index, node)| (index, node.since)).collect()
    }
}

/// What became of a `Start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartOutcome {
    /// It is active.
    Active,
    /// It could not be configured or activated in time.
    Failed,
}
