//! What robot and nodes use, and what is done if that is too much.

use std::ops::ControlFlow::{self, Continue};
use std::sync::Arc;

use nevil_runtime::Time;

use super::board::Saving;
use crate::exit::Exit;
use crate::health::{CpuMeter, Gauge, Strain, memory_bytes, process_cpu};
use crate::plan::Plan;
use crate::rules::{Limits, ResourceRule};
use crate::supervisor::{Robot, Supervisor};
use crate::text::size_text;

/// Who is told as the one who asks for an emergency stop.
const BY: &str = "the limits of resources";

/// The gauges of a robot.
pub(super) struct Resources {
    memory: Gauge,
    memory_bytes: Option<u64>,
    cpu: Gauge,
    cpu_percent: Option<f32>,
    meter: CpuMeter,
    nodes: Vec<(Arc<str>, Gauge, Option<f32>)>,
}

impl Resources {
    pub(super) fn of(plan: &Plan) -> Self {
        let node = |node: &crate::plan::PlannedNode| {
            (Arc::clone(&node.spec.instance), Gauge::new(node.cpu_percent.clone()), None)
        };
        Self {
            memory: Gauge::new(plan.resources.memory_bytes.clone()),
            memory_bytes: None,
            cpu: Gauge::new(plan.resources.cpu_percent.clone()),
            cpu_percent: None,
            meter: CpuMeter::default(),
            nodes: plan.nodes.iter().map(node).collect(),
        }
    }

    /// Judges by other limits from now on; where they are the same, what has been read stays.
    pub(super) fn set_limits(&mut self, rule: &ResourceRule, of_nodes: &[Limits]) {
        let set = |gauge: &mut Gauge, limits: &Limits| {
            if gauge.limits() != limits {
                *gauge = Gauge::new(limits.clone());
            }
        };
        set(&mut self.memory, &rule.memory_bytes);
        set(&mut self.cpu, &rule.cpu_percent);
        for ((_, gauge, _), limits) in self.nodes.iter_mut().zip(of_nodes) {
            set(gauge, limits);
        }
    }

    pub(super) const fn memory_bytes(&self) -> Option<u64> {
        self.memory_bytes
    }

    pub(super) const fn cpu_percent(&self) -> Option<f32> {
        self.cpu_percent
    }

    /// What is above a limit.
    pub(super) fn strains(&self) -> Vec<(String, Strain, String)> {
        let mut strains = Vec::new();
        let mut add = |source: String, gauge: &Gauge, text: String| {
            if gauge.strain() > Strain::None {
                strains.push((source, gauge.strain(), text));
            }
        };
        add("memory".to_owned(), &self.memory, limit_text(&self.memory, "the process has", &size_text));
        add("cpu".to_owned(), &self.cpu, limit_text(&self.cpu, "the process uses", &percent_text));
        for (node, gauge, _) in &self.nodes {
            add(format!("node `{node}`"), gauge, limit_text(gauge, "its thread uses", &percent_text));
        }
        strains
    }

    /// Takes what the thread of a node has used; `is_new` if it is another life's.
    pub(super) fn read_node(
        &mut self,
        index: usize,
        name: &Arc<str>,
        cpu: Option<f32>,
        is_new: bool,
        robot: &Robot,
    ) {
        let (_, gauge, last) = &mut self.nodes[index];
        if is_new {
            gauge.reset();
        }
        *last = cpu;
        match gauge.read(cpu.map(whole)) {
            Some(Strain::Act) => {
                let why = limit_text(gauge, "its thread uses", &percent_text);
                robot.board.save(Saving::Restart(index, why));
                robot.waker.wake();
            }
            Some(Strain::Emergency) => {
                let why = limit_text(gauge, "uses", &percent_text);
                robot.environment.emergency_stop().engage(BY, &format!("node `{name}` {why}"));
            }
            _ => {}
        }
    }

    /// Reads what the process uses.
    pub(super) fn read_robot(&mut self, robot: &Robot, now: Time) {
        self.memory_bytes = memory_bytes();
        self.cpu_percent = self.meter.read(0, process_cpu(), now);
        let memory = self.memory.read(self.memory_bytes);
        let memory_text = || limit_text(&self.memory, "the process has", &size_text);
        follow(robot, memory, &memory_text);
        let cpu = self.cpu.read(self.cpu_percent.map(whole));
        follow(robot, cpu, &|| limit_text(&self.cpu, "the process uses", &percent_text));
    }
}

fn follow(robot: &Robot, strain: Option<Strain>, why: &dyn Fn() -> String) {
    match strain {
        Some(Strain::Act) => {
            robot.board.save(Saving::StopOne(why()));
            robot.waker.wake();
        }
        Some(Strain::Emergency) => robot.environment.emergency_stop().engage(BY, &why()),
        _ => {}
    }
}

/// What was reached, without the reading: it would change each second.
fn limit_text(gauge: &Gauge, what: &str, text: &dyn Fn(u64) -> String) -> String {
    let limits = gauge.limits();
    let (limit, key) = match gauge.strain() {
        Strain::Emergency => (limits.emergency, "emergency"),
        Strain::Act => (limits.act, "act"),
        Strain::Warn | Strain::None => (limits.warn, "warn"),
    };
    format!("{what} {} or more (`{key}`)", limit.map(text).unwrap_or_default())
}

fn percent_text(percent: u64) -> String {
    format!("{percent} % of a core")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage, at least 0")]
fn whole(percent: f32) -> u64 {
    percent as u64
}

impl Supervisor {
    /// Does what is to be done for lack of resources. A break ends the robot.
    pub(in crate::supervisor) fn save_resources(&mut self) -> ControlFlow<Exit> {
        for saving in self.robot.board.take_savings() {
            match saving {
                Saving::Restart(index, why) => self.stop_failed(index, why)?,
                Saving::StopOne(why) => self.stop_one(&why)?,
            }
        }
        Continue(())
    }

    /// Stops the optional node that was started last of those that are up, and those that cannot do without it.
    fn stop_one(&mut self, why: &str) -> ControlFlow<Exit> {
        let down: Vec<_> = self.supervision.down().into_iter().map(|(node, _)| node).collect();
        let optional = |&index: &usize| !self.plan.nodes[index].required && !down.contains(&index);
        let Some(index) = (0..self.plan.nodes.len()).rev().find(optional) else {
            tracing::warn!("{why}, and there is no optional node left that could be stopped");
            return Continue(());
        };
        let name = Arc::clone(self.robot.nodes[index].instance());
        tracing::warn!("node `{name}` is stopped, because {why}");
        self.robot.note_failure(&name, format!("it was stopped, because {why}"));
        let actions = self.supervision.shed(index, self.robot.now());
        self.obey(actions)
    }
}
