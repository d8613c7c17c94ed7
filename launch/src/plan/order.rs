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
