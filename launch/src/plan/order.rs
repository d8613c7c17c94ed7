//! Which node comes after which.

use crate::file::NodeEntry;
use crate::problem::{PlanError, PlanProblem};

/// The nodes by their index in the order of their start, and what is wrong with their dependencies. The order means
/// nothing if something is wrong.
pub(super) fn start_order(nodes: &[NodeEntry]) -> (Vec<usize>, Vec<PlanError>) {
    let mut problems = Vec::new();
    let mut graph = Graph(Vec::new());
    for (index, node) in nodes.iter().enumerate() {
        let mut edges = Vec::new();
        for (position, (name, mark)) in node.depends_on.iter().enumerate() {
            let dependency = nodes.iter().position(|other| other.instance == *name);
            match problem(nodes, index, name, dependency) {
                None => {}
                Some(problem) => {
                    let path = format!("nodes.{}.depends_on[{position}]", node.instance);
                    problems.push(PlanError::new(mark, path, problem));
                }
            }
            // A node that depends on itself has its own problem, and is no cycle.
            if let Some(dependency) = dependency.filter(|&dependency| dependency != index) {
                edges.push(Edge { to: dependency, position });
            }
        }
        graph.0.push(edges);
    }
    for cycle in graph.cycles() {
        let closing = &nodes[cycle.closing.0];
        let (position, names) =
            (cycle.closing.1, cycle.nodes.iter().map(|&index| nodes[index].instance.clone()));
        let path = format!("nodes.{}.depends_on[{position}]", closing.instance);
        let mark = &closing.depends_on[position].1;
        problems.push(PlanError::new(mark, path, PlanProblem::Cycle { nodes: names.collect() }));
    }
    (graph.order(), problems)
}

/// What is wrong with the dependency of the node at `index` on `name`, which is the node at `dependency`.
fn problem(nodes: &[NodeEntry], index: usize, name: &str, dependency: Option<usize>) -> Option<PlanProblem> {
    let node = &nodes[index];
    let Some(dependency) = dependency else {
        let others = nodes.iter().filter(|other| other.instance != node.instance);
        let known = others.map(|other| other.instance.clone()).collect();
        return Some(PlanProblem::UnknownDependency { given: name.to_owned(), known });
    };
    if dependency == index {
        return Some(PlanProblem::OwnDependency { node: node.instance.clone() });
    }
    (node.required && !nodes[dependency].required)
        .then(|| PlanProblem::RequiredOnOptional { node: node.instance.clone(), dependency: name.to_owned() })
}

/// For each node the nodes that it depends on.
#[derive(Clone, Debug)]
pub(super) struct Graph(pub(super) Vec<Vec<Edge>>);

/// One dependency of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// The node that is depended on.
    pub(super) to: usize,
    /// Where the file says so: the index in `depends_on`.
    pub(super) position: usize,
}

/// Nodes that wait for one another.
#[derive(Debug)]
pub(super) struct Cycle {
    /// From a node over what it depends on to that node again.
    pub(super) nodes: Vec<usize>,
    /// The dependency that closes it: its node, and its index in `depends_on`.
    pub(super) closing: (usize, usize),
}

#[derive(Clone, Copy, PartialEq)]
enum Seen {
    Never,
    /// It lies on the way that is being walked.
    OnTheWay,
    Done,
}

impl Graph {
    /// Each node after all that it depends on; of several that could be next, the first. Nodes behind a cycle are left
    /// out.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::new();
        let mut placed = vec![false; self.0.len()];
        let is_next = |index: &usize, placed: &[bool]| {
            !placed[*index] && self.0[*index].iter().all(|edge| placed[edge.to])
        };
        while let Some(next) = (0..self.0.len()).find(|index| is_next(index, &placed)) {
            placed[next] = true;
            order.push(next);
        }
        order
    }

    /// One cycle for each dependency that leads back to the way to its node. Without these dependencies there is no
    /// cycle: every cycle has one of them.
    pub(super) fn cycles(&self) -> Vec<Cycle> {
        let mut seen = vec![Seen::Never; self.0.len()];
        let (mut way, mut cycles) = (Vec::new(), Vec::new());
        for index in 0..self.0.len() {
            self.walk(index, &mut seen, &mut way, &mut cycles);
        }
        cycles
    }

    /// The recursion is as deep as there are nodes, which the file bounds.
    fn walk(&self, index: usize, seen: &mut [Seen], way: &mut Vec<usize>, cycles: &mut Vec<Cycle>) {
        if seen[index] != Seen::Never {
            return;
        }
        seen[index] = Seen::OnTheWay;
        way.push(index);
        for edge in &self.0[index] {
            if seen[edge.to] == Seen::OnTheWay {
                let mut nodes: Vec<_> = way.iter().copied().skip_while(|&node| node != edge.to).collect();
                nodes.push(edge.to);
                cycles.push(Cycle { nodes, closing: (index, edge.position) });
            }
            self.walk(edge.to, seen, way, cycles);
        }
        way.pop();
        seen[index] = Seen::Done;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Edge, Graph};

    /// Graphs of up to 8 nodes with any edges, so that about half of them have a cycle.
    fn graphs() -> impl Strategy<Value = Graph> {
        (1_usize..=8).prop_flat_map(|nodes| {
            let edges = proptest::collection::vec(0..nodes, 0..=2);
            proptest::collection::vec(edges, nodes).prop_map(graph)
        })
    }

    fn graph(dependencies: Vec<Vec<usize>>) -> Graph {
        let edges = |(index, dependencies): (usize, Vec<usize>)| {
            let others = dependencies.into_iter().enumerate().filter(|&(_, to)| to != index);
            others.map(|(position, to)| Edge { to, position }).collect()
        };
        Graph(dependencies.into_iter().enumerate().map(edges).collect())
    }

    /// Whether a way of one step or more leads from a node to itself.
    fn has_cycle(graph: &Graph) -> bool {
        let nodes = graph.0.len();
        let mut leads = vec![vec![false; nodes]; nodes];
        for (from, edges) in graph.0.iter().enumerate() {
            edges.iter().for_each(|edge| leads[from][edge.to] = true);
        }
        for over in 0..nodes {
            for from in 0..nodes {
                for to in 0..nodes {
                    leads[from][to] |= leads[from][over] && leads[over][to];
                }
            }
        }
        (0..nodes).any(|node| leads[node][node])
    }

    proptest! {
        #[test]
        fn every_node_comes_after_its_dependencies_and_none_is_left_out_without_a_cycle(graph in graphs()) {
            let order = graph.order();
            for (place, &node) in order.iter().enumerate() {
                prop_assert!(graph.0[node].iter().all(|edge| order[..place].contains(&edge.to)));
            }
            prop_assert_eq!(order.len() < graph.0.len(), has_cycle(&graph));
        }

        #[test]
        fn a_node_that_could_have_been_started_earlier_stands_behind_its_place_in_the_file(graph in graphs()) {
            let order = graph.order();
            for (place, &node) in order.iter().enumerate() {
                let ready = order[..place]
                    .iter()
                    .rposition(|earlier| graph.0[node].iter().any(|edge| edge.to == *earlier))
                    .map_or(0, |last| last + 1);
                prop_assert!(order[ready..place].iter().all(|&earlier| earlier < node));
            }
        }

        #[test]
        fn a_cycle_is_named_whole_and_without_the_closing_dependencies_there_is_none(mut graph in graphs()) {
            let cycles = graph.cycles();
            prop_assert_eq!(cycles.is_empty(), !has_cycle(&graph));
            for cycle in &cycles {
                prop_assert_eq!(cycle.nodes.first(), cycle.nodes.last());
                for pair in cycle.nodes.windows(2) {
                    prop_assert!(graph.0[pair[0]].iter().any(|edge| edge.to == pair[1]));
                }
                let last = cycle.nodes[cycle.nodes.len() - 2];
                prop_assert_eq!(last, cycle.closing.0);
            }
            for cycle in &cycles {
                let (node, position) = cycle.closing;
                graph.0[node].retain(|edge| edge.position != position);
            }
            prop_assert!(!has_cycle(&graph));
        }
    }

    #[test]
    fn the_order_of_a_file_without_dependencies_is_kept() {
        assert_eq!(graph(vec![vec![], vec![], vec![]]).order(), [0, 1, 2]);
    }
}
