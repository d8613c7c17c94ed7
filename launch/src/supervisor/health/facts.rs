//! Collecting what is known of the robot.

use nevil_msgs::Heartbeat;
use nevil_runtime::{Progress, Time, breaker_states};

use super::Teller;
use crate::health::{DownNode, Facts, NodeFact, thread_cpu};
use crate::supervisor::lock;

impl Teller {
    /// Looks at the progress of all nodes, and at what they use.
    pub(super) fn beat(&mut self, now: Time) {
        // A machine that is so slow that the last beats are not told yet has others to come.
        self.beats.clear();
        for index in 0..self.nodes.len() {
            let node = &self.robot.nodes[index];
            let progress = Progress::of(node, now);
            let watched = &mut self.nodes[index];
            let alive = progress.is_alive(watched.before.as_ref());
            let is_new = watched.before.as_ref().is_some_and(|before| before.life != progress.life);
            watched.stuck = !alive && progress.running.is_none() && progress.called;
            let cpu_percent =
                progress.thread.and_then(|thread| watched.meter.read(thread, thread_cpu(thread), now));
            self.beats.push_back(Heartbeat {
                node: node.instance().to_string(),
                state: progress.state.to_string(),
                life: progress.life,
                turns: progress.turns,
                running: progress
                    .running
                    .as_ref()
                    .map(|running| running.name.to_string())
                    .unwrap_or_default(),
                running_ms: progress.running.as_ref().map_or(0, |running| {
                    u64::try_from(now.since(running.since).as_millis()).unwrap_or(u64::MAX)
                }),
                alive,
                cpu_percent,
            });
            watched.before = Some(progress);
            self.resources.read_node(index, node.instance(), cpu_percent, is_new, &self.robot);
        }
        self.resources.read_robot(&self.robot, now);
    }

    /// What is known at `now`. Whether a thread looks when it is called takes a whole beat to tell.
    pub(super) fn facts(&self, now: Time) -> Facts {
        let supervised = lock(&self.robot.supervised).clone();
        let nodes = self.robot.nodes.iter().zip(&self.nodes).map(|(node, watched)| {
            let progress = Progress::of(node, now);
            let stuck = watched.stuck
                && watched.before.as_ref().is_some_and(|before| {
                    progress.called && (before.life, before.turns) == (progress.life, progress.turns)
                });
            let name = node.instance();
            NodeFact {
                name: name.clone(),
                required: watched.required,
                state: progress.state,
                down: supervised.down.iter().find(|(down, _)| down == name).map(|(_, since)| *since),
                why: supervised.failures.get(name).cloned(),
                alive: progress.is_alive(None) && !stuck,
                running: progress.running.map(|running| running.name),
            }
        });
        let environment = &self.robot.environment;
        let stop = environment.emergency_stop().state();
        Facts {
            nodes: nodes.collect(),
            breakers: Some(breaker_states(environment, now)),
            emergency_stop: stop.map(|stop| format!("by {}: {}", stop.by, stop.reason)),
            zombies: environment.zombies(),
            guard_lost: self.robot.board.guard_lost(),
            strains: self.resources.strains(),
        }
    }
}

/// The nodes that are down.
pub(super) fn down(facts: &Facts) -> Vec<DownNode> {
    let down = facts.nodes.iter().filter_map(|node| Some((node, node.down?)));
    down.map(|(node, since)| DownNode {
        node: node.name.to_string(),
        since_ns: since.as_ns(),
        for_ms: 0,
        why: node.why.clone(),
    })
    .collect()
}
