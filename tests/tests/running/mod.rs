//! Nodes on threads of their own, without a launch file: as the supervisor runs them.

use std::ops::ControlFlow;
use std::time::Duration;

use nevil_runtime::{
    Clock, Environment, Node, NodeSpec, NodeTypes, Phase, ThreadSpec, ThreadedNode, Waker, thread_name,
};

/// Longer than anything here takes: who is later hangs.
const LONG: Duration = Duration::from_secs(60);

/// A node of type `N` called `instance`, on a thread that is scheduled as `thread` says.
pub(crate) fn spec<N: Node>(instance: &'static str, thread: ThreadSpec) -> NodeSpec {
    let node_type = NodeTypes::new().with::<N>(instance).get(instance).unwrap().clone();
    NodeSpec { thread, ..NodeSpec::new(instance, node_type) }
}

/// Nodes that run.
pub(crate) struct Running {
    pub(crate) environment: Environment,
    pub(crate) nodes: Vec<ThreadedNode>,
    waker: Waker,
}

impl Running {
    /// Starts the nodes, and returns when all are active.
    pub(crate) fn start(specs: Vec<NodeSpec>) -> Self {
        let environment = Environment::new(Clock::monotonic(), 1);
        let waker = Waker::of(&environment);
        let mut names = Vec::new();
        let spawn = |spec: NodeSpec| {
            let name = thread_name(&spec.instance, &mut names);
            ThreadedNode::spawn(spec, &name, &environment, &waker).unwrap()
        };
        let nodes = specs.into_iter().map(spawn).collect();
        let running = Self { environment, nodes, waker };
        running.nodes.iter().for_each(|node| running.wait(node));
        running.environment.seal().unwrap();
        running.order(Phase::Activate);
        running
    }

    /// Ends all nodes. None has failed, and every account balances.
    pub(crate) fn stop(self) {
        for node in &self.nodes {
            let failure = node.take_failure();
            assert!(failure.is_none(), "{}: {failure:?}", node.instance());
        }
        self.order(Phase::Deactivate);
        self.order(Phase::Shutdown);
        self.nodes.iter().for_each(ThreadedNode::join);
        assert_eq!(self.environment.bus().imbalances(), Vec::<String>::new());
    }

    fn order(&self, phase: Phase) {
        for node in &self.nodes {
            node.order(phase);
            self.wait(node);
        }
    }

    fn wait(&self, node: &ThreadedNode) {
        let deadline = self.environment.bus().clock().now() + LONG;
        let wait = &mut |longest| {
            self.waker.wait(Some(longest));
            ControlFlow::Continue(())
        };
        node.wait(deadline, wait).unwrap_or_else(|error| panic!("{}: {error}", node.instance()));
    }
}
