//! What can be seen of a robot from outside: a snapshot in plain values, for tools.
//!
//! * `progress`: whether a node makes progress
//! * `breakers`: breakers in the words of messages
//! * `notice`: the topics on which all that is told

mod breakers;
mod notice;
mod progress;

use std::sync::Arc;

use serde::Serialize;

use crate::actuator::ActuatorCounts;
use crate::bus::TopicCounts;
use crate::clock::Time;
use crate::estop::EmergencyStopState;
use crate::executor::{SimulatedRobot, ThreadedNode};
use crate::lease::LeaseStatus;
use crate::node::{CallbackCounts, Environment, NodeShared, NodeState, TimerCounts};
use crate::ring::RingStatus;
use crate::scheduling::ThreadReport;

pub use breakers::{breaker_report, breaker_states};
pub use notice::HealthNotice;
pub use progress::{Progress, Running};

/// A node at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct NodeStatus {
    /// Its instance name.
    pub name: String,
    /// Where it is in its life.
    pub state: NodeState,
    /// Which life of it this is, from 1.
    pub life: u32,
    /// Turns that its thread has begun in this life: it grows while the node makes progress.
    pub turns: u64,
    /// The callback or phase that runs, and for how many milliseconds; `null`: none does.
    pub running: Option<(String, u64)>,
    /// What its thread wanted and got.
    pub thread: Option<ThreadReport>,
    /// How the calls of its callbacks ended.
    pub callbacks: Vec<CallbackCounts>,
    /// How punctual its timers were, by callback.
    pub timers: Vec<(String, TimerCounts)>,
}

/// A topic at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct TopicStatus {
    /// Its name.
    pub name: String,
    /// The type of its messages.
    pub type_name: &'static str,
    /// Its accounts.
    pub counts: TopicCounts,
}

/// A robot at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct RobotStatus {
    /// Its nodes, in the order of their start.
    pub nodes: Vec<NodeStatus>,
    /// Its topics, by name.
    pub topics: Vec<TopicStatus>,
    /// Its rings, by name.
    pub rings: Vec<RingStatus>,
    /// What moves, and what became of its commands.
    pub actuators: Vec<ActuatorCounts>,
    /// Whether any actuator obeys a command now.
    pub moving: bool,
    /// Exclusive things, by name, and who holds them.
    pub leases: Vec<LeaseStatus>,
    /// The emergency stop, if one holds.
    pub emergency_stop: Option<EmergencyStopState>,
}

impl RobotStatus {
    /// The robot of `environment`, whose nodes are `nodes`, now.
    #[must_use]
    pub fn read(environment: &Environment, nodes: &[ThreadedNode]) -> Self {
        Self::of(environment, nodes.iter().map(ThreadedNode::shared))
    }

    /// The simulated `robot` now.
    #[must_use]
    pub fn read_simulated(robot: &SimulatedRobot) -> Self {
        Self::of(robot.environment(), robot.nodes().map(Arc::clone))
    }

    fn of(environment: &Environment, nodes: impl Iterator<Item = Arc<NodeShared>>) -> Self {
        let topic = |description: crate::bus::TopicDescription| TopicStatus {
            name: description.name.to_string(),
            type_name: description.type_info.name,
            // The topic was just listed; topics are never removed.
            counts: environment.bus.counts(&description.name).unwrap_or_default(),
        };
        Self {
            nodes: nodes.map(|node| NodeStatus::of(&node, environment.bus.clock().now())).collect(),
            topics: environment.bus.topics().into_iter().map(topic).collect(),
            rings: environment.rings.status(),
            actuators: environment.actuators.counts(),
            moving: environment.actuators.is_moving(),
            leases: environment.leases.status(),
            emergency_stop: environment.estop.state(),
        }
    }
}

impl NodeStatus {
    fn of(node: &NodeShared, now: Time) -> Self {
        let ms = |since: Time| u64::try_from(now.since(since).as_millis()).unwrap_or(u64::MAX);
        Self {
            name: node.instance.to_string(),
            state: node.state(),
            life: node.incarnation.number(),
            turns: node.turns.get(),
            running: node.running().map(|(what, since)| (what.to_string(), ms(since))),
            thread: node.thread.get().cloned(),
            callbacks: node.callbacks(),
            timers: node.timers(),
        }
    }
}
