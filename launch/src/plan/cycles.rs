//! Loops of nodes: who answers whom until it comes back.
//!
//! A message carries its lineage from node to node, and in a loop it never ends: after 32 messages within a second
//! publishing is refused. A control loop is paced by a sensor or a timer and is no such thing; one of its topics says
//! `feedback`, so that the lineage begins anew there. What is left are loops that somebody should know of.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use nevil_runtime::TopicDescription;

use crate::limits::CYCLES_MAX;
use crate::problem::PlanProblem;

/// A loop of nodes: each publishes on its topics, to which the next one subscribes, and the last one's go to the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeCycle(pub Vec<CycleStep>);

/// A node of a loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleStep {
    /// The node.
    pub node: Arc<str>,
    /// The topics from it to the next node, by name, at least one.
    pub topics: Vec<Arc<str>>,
}

impl fmt::Display for NodeCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for CycleStep { node, topics } in &self.0 {
            write!(f, "{node} –{}→ ", topics.join(", "))?;
        }
        f.write_str(self.0.first().map_or("", |first| &first.node))
    }
}

/// The loops that no `feedback` topic interrupts: at least one through each pair of neighbours in such a loop, the
/// shortest, and at most [`CYCLES_MAX`] in all.
pub(super) fn cycles(topics: &[TopicDescription]) -> Vec<NodeCycle> {
    Graph::new(topics, |topic| !topic.qos.feedback).cycles(CYCLES_MAX)
}

/// Publishers that wait for room on a topic and are part of a loop, by the name of the node: there everybody could wait
/// for the next one, for ever. Whether a topic restarts the lineage does not matter for that.
pub(super) fn waiting_in_cycle(topics: &[TopicDescription]) -> Vec<(Arc<str>, PlanProblem)> {
    let graph = Graph::new(topics, |_| true);
    let mut problems = Vec::new();
    for topic in topics.iter().filter(|topic| !topic.is_private) {
        for node in &topic.waits {
            let index = |node: &Arc<str>| graph.nodes.binary_search(node).ok();
            let ways = topic.subscriptions.iter().filter_map(|(subscriber, _)| {
                let way = graph.way(index(subscriber)?, index(node)?)?;
                Some(graph.cycle(&way, Some(&topic.name)))
            });
            if let Some(cycle) = ways.min_by_key(|cycle| cycle.0.len()) {
                let (topic, of) = (topic.name.to_string(), node.to_string());
                problems.push((Arc::clone(node), PlanProblem::WaitsInCycle { node: of, topic, cycle }));
            }
        }
    }
    problems
}

/// Which node's messages go to which.
struct Graph {
    /// Ascending.
    nodes: Vec<Arc<str>>,
    /// From a node to others, and on which topics.
    edges: Vec<BTreeMap<usize, Vec<Arc<str>>>>,
}

impl Graph {
    /// The graph of the topics that `counts` lets pass. Those between a driver and its node are no messages of nodes.
    fn new(topics: &[TopicDescription], counts: impl Fn(&TopicDescription) -> bool) -> Self {
        let topics: Vec<_> = topics.iter().filter(|topic| !topic.is_private && counts(topic)).collect();
        let ends = topics.iter().flat_map(|topic| {
            topic.publishers.iter().chain(topic.subscriptions.iter().map(|(subscriber, _)| subscriber))
        });
        let nodes: Vec<_> = ends.cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let mut edges = vec![BTreeMap::<_, Vec<_>>::new(); nodes.len()];
        for topic in topics {
            for from in topic.publishers.iter().filter_map(|node| nodes.binary_search(node).ok()) {
                for to in topic.subscriptions.iter().filter_map(|(node, _)| nodes.binary_search(node).ok()) {
                    let topics = edges[from].entry(to).or_default();
                    // A node may have several callbacks on one topic.
                    if topics.last() != Some(&topic.name) {
                        topics.push(Arc::clone(&topic.name));
                    }
                }
            }
        }
        Self { nodes, edges }
    }

    fn cycles(&self, max: usize) -> Vec<NodeCycle> {
        let reached: Vec<_> = (0..self.nodes.len()).map(|node| self.before(node)).collect();
        let mut found: Vec<Vec<usize>> = Vec::new();
        for (from, edges) in self.edges.iter().enumerate() {
            // A way is looked for only where there is one, so that a graph without loops costs little.
            for &to in edges.keys().filter(|&&to| reached[to][from].is_some()) {
                let Some(mut way) = self.way(to, from) else { continue };
                // The same loop begins anywhere; here, with its first node by name.
                let first = (0..way.len()).min_by_key(|&index| way[index]).unwrap_or_default();
                way.rotate_left(first);
                if !found.contains(&way) {
                    found.push(way);
                }
                if found.len() == max {
                    return found.iter().map(|way| self.cycle(way, None)).collect();
                }
            }
        }
        found.iter().map(|way| self.cycle(way, None)).collect()
    }

    /// The shortest way from a node to another, with both; to itself it is the node alone.
    fn way(&self, from: usize, to: usize) -> Option<Vec<usize>> {
        let before = self.before(from);
        let mut way = vec![to];
        while way.last() != Some(&from) {
            way.push(before[*way.last()?]?);
        }
        way.reverse();
        Some(way)
    }

    /// For each node that can be reached from `start`, the one before it on the shortest way; `start` comes before itself.
    fn before(&self, start: usize) -> Vec<Option<usize>> {
        let mut before = vec![None; self.nodes.len()];
        before[start] = Some(start);
        let mut next = VecDeque::from([start]);
        while let Some(node) = next.pop_front() {
            for &to in self.edges[node].keys() {
                if before[to].is_none() {
                    before[to] = Some(node);
                    next.push_back(to);
                }
            }
        }
        before
    }

    /// The loop along `way` and from its last node to its first; on `closing` there, if it is given.
    fn cycle(&self, way: &[usize], closing: Option<&Arc<str>>) -> NodeCycle {
        let next = way.iter().cycle().skip(1);
        let steps = way.iter().zip(next).map(|(&node, to)| CycleStep {
            node: Arc::clone(&self.nodes[node]),
            topics: self.edges[node].get(to).cloned().unwrap_or_default(),
        });
        let mut steps: Vec<_> = steps.collect();
        if let (Some(topic), Some(last)) = (closing, steps.last_mut()) {
            last.topics = vec![Arc::clone(topic)];
            // Whoever waits is named first.
            steps.rotate_right(1);
        }
        NodeCycle(steps)
    }
}

#[cfg(test)]
mod tests {
    use nevil_msgs::{Message, Qos, Range};
    use nevil_runtime::TopicMemory;

    use super::*;

    /// A topic written as `name: from, from > to, to`; `name!` is marked as feedback, and `from?` waits for room.
    fn topic(text: &str) -> TopicDescription {
        let (name, ends) = text.split_once(": ").unwrap();
        let (from, to) = ends.split_once(" > ").unwrap();
        let node = |name: &str| Arc::from(name.trim_end_matches('?'));
        let names = |list: &str| list.split(", ").map(str::to_owned).collect::<Vec<_>>();
        TopicDescription {
            name: name.trim_end_matches('!').into(),
            type_info: Range::TYPE,
            qos: Qos { feedback: name.ends_with('!'), ..Qos::DEFAULT },
            publishers: names(from).iter().map(|name| node(name)).collect(),
            subscriptions: names(to).iter().map(|name| (node(name), "on_range".into())).collect(),
            waits: names(from).iter().filter(|name| name.ends_with('?')).map(|name| node(name)).collect(),
            overridden: Vec::new(),
            is_private: false,
            subscription_qos: Vec::new(),
            depth_planned: Qos::DEFAULT.depth,
            memory: TopicMemory { slots: 1, slot_bytes: 1 },
        }
    }

    fn topics(texts: &[&str]) -> Vec<TopicDescription> {
        texts.iter().map(|text| topic(text)).collect()
    }

    fn loops(texts: &[&str]) -> Vec<String> {
        cycles(&topics(texts)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_loop_is_told_with_its_nodes_and_topics_in_order() {
        assert_eq!(
            loops(&[
                "range: car > eyes",
                "danger: eyes > motion",
                "drive: motion > car",
                "log: motion > screen"
            ]),
            ["car –range→ eyes –danger→ motion –drive→ car"]
        );
    }

    #[test]
    fn a_loop_with_a_feedback_topic_is_a_control_loop_and_not_told() {
        assert_eq!(loops(&["range: car > eyes", "danger: eyes > motion", "drive!: motion > car"]), [""; 0]);
        // On another way round nothing interrupts it.
        assert_eq!(
            loops(&["range: car > motion", "drive!: motion > car", "horn: motion > car"]),
            ["car –range→ motion –horn→ car"]
        );
    }

    #[test]
    fn a_node_that_answers_itself_is_a_loop() {
        assert_eq!(loops(&["words: parrot > parrot"]), ["parrot –words→ parrot"]);
    }

    #[test]
    fn of_a_figure_eight_both_loops_are_told() {
        assert_eq!(
            loops(&["ab: a > b", "ba: b > a", "bc: b > c", "cb: c > b"]),
            ["a –ab→ b –ba→ a", "b –bc→ c –cb→ b"]
        );
    }

    #[test]
    fn two_topics_between_the_same_nodes_are_one_loop() {
        assert_eq!(loops(&["x: a > b", "y: a > b", "z: b > a"]), ["a –x, y→ b –z→ a"]);
    }

    #[test]
    fn a_way_that_leads_nowhere_back_is_no_loop() {
        assert_eq!(loops(&["x: a > b", "y: b > c", "z: a > c"]), [""; 0]);
        assert_eq!(loops(&[]), [""; 0]);
    }

    #[test]
    fn what_a_driver_says_to_its_node_is_no_loop() {
        let private = TopicDescription { is_private: true, ..topic("car/sonar: car > car") };
        assert!(cycles(&[private]).is_empty());
    }

    #[test]
    fn of_a_robot_in_which_everybody_talks_to_everybody_a_few_loops_are_told() {
        let all: Vec<_> = (0..128).map(|node| format!("node_{node}")).collect();
        let talk = format!("talk: {0} > {0}", all.join(", "));
        assert_eq!(loops(&[&talk]).len(), CYCLES_MAX);
        // The same without any way back is looked through as fast.
        let down: Vec<_> = (0..127)
            .map(|node| format!("to_{node}: {} > {}", all[node], all[node + 1..].join(", ")))
            .collect();
        assert_eq!(loops(&down.iter().map(String::as_str).collect::<Vec<_>>()), [""; 0]);
    }

    #[test]
    fn a_publisher_in_a_loop_may_not_wait_even_if_the_lineage_restarts_there() {
        let of = |texts: &[&str]| -> Vec<String> {
            waiting_in_cycle(&topics(texts))
                .iter()
                .map(|(node, problem)| format!("{node}: {problem}"))
                .collect()
        };
        assert_eq!(of(&["frames: camera? > tracker", "target: tracker > arm"]), [""; 0]);
        assert_eq!(
            of(&["frames: camera > tracker", "target: tracker > camera", "log: camera? > disk"]),
            [""; 0]
        );
        assert_eq!(
            of(&["frames: camera? > disk, tracker", "target!: tracker > arm", "turn: arm > camera"]),
            [
                "camera: node `camera` waits for room on `frames`, and is part of a loop, in which everybody could wait \
              for the next one for ever: camera –frames→ tracker –target→ arm –turn→ camera; use `publish`, which \
              never waits, or take one of these topics out of the loop"
            ]
        );
        assert_eq!(of(&["words: parrot? > parrot"]).len(), 1);
    }
}
