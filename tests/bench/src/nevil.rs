//! Nevil under measurement: real nodes on real threads, by what it offers to everybody. Whatever the runtime learns is
//! used here, and nowhere else.

pub(crate) mod blast;
pub(crate) mod breaker;
pub(crate) mod hang;
mod nodes;
mod offenders;
pub(crate) mod ring;
pub(crate) mod ring_floors;
mod rounds;
pub(crate) mod stop;
pub(crate) mod turn;

use std::ops::ControlFlow;
use std::time::Duration;

use nevil_msgs::{Topic, Value};
use nevil_runtime::{
    Clock, Cores, Environment, Node, NodeRules, NodeSpec, NodeTypes, Phase, Safety, ThreadSpec, ThreadedNode,
    Waker,
};

use crate::measure::Unmeasured;

pub(crate) use nodes::{Receive, Receiver, Send, Sender};
pub(crate) use rounds::{Audience, Full, Others, Watched, deliver, delivery, flood, publish};

/// How long a phase of a node may take.
const PHASE_MAX: Duration = Duration::from_secs(10);

/// How a node's thread waits for something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// It looks again and again.
    Polling,
    /// It looks for so long, and then sleeps.
    Spin(Duration),
    /// It sleeps at once.
    Blocking,
}

impl Wait {
    /// For how long the runtime is to spin.
    const fn spin(self) -> Duration {
        match self {
            // Longer than any round.
            Self::Polling => Duration::from_secs(3600),
            Self::Spin(spin) => spin,
            Self::Blocking => Duration::ZERO,
        }
    }
}

/// A thread on `cores` that waits as `wait` says.
pub(crate) fn thread(cores: &[usize], wait: Wait) -> ThreadSpec {
    let wait = nevil_runtime::Wait { spin: wait.spin() };
    ThreadSpec { cores: Cores::Only(cores.to_vec()), wait, ..ThreadSpec::default() }
}

/// Nodes on threads, one after the other in the order in which they are activated.
pub(crate) struct Robot {
    environment: Environment,
    waker: Waker,
    nodes: Vec<ThreadedNode>,
    /// What watches callbacks and makes actuators safe, where that is measured.
    safety: Option<Safety>,
}

impl Robot {
    pub(crate) fn new() -> Self {
        let environment = Environment::new(Clock::monotonic(), 1);
        let waker = Waker::of(&environment);
        Self { environment, waker, nodes: Vec::new(), safety: None }
    }

    pub(crate) const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Starts and configures a node of type `N`, which finds `job` when it asks [`nodes::take_job`] with its key.
    pub(crate) fn add<N: Node, J: std::marker::Send + 'static>(
        &mut self,
        instance: &str,
        job: J,
        thread: ThreadSpec,
    ) -> Result<(), Unmeasured> {
        self.add_ruled::<N, J>(instance, job, thread, NodeRules::default())
    }

    /// As [`Self::add`], under rules of its own.
    pub(crate) fn add_ruled<N: Node, J: std::marker::Send + 'static>(
        &mut self,
        instance: &str,
        job: J,
        thread: ThreadSpec,
        rules: NodeRules,
    ) -> Result<(), Unmeasured> {
        let key = nodes::leave_job(Box::new(job));
        let params = Value::parse_yaml("bench", &format!("key: {key}")).map_err(Unmeasured::because)?;
        self.spawn::<N>(instance, params, thread, rules)
    }

    /// As [`Self::add`], with the parameters `params`.
    pub(crate) fn add_with<N: Node>(
        &mut self,
        instance: &str,
        params: Value,
        thread: ThreadSpec,
    ) -> Result<(), Unmeasured> {
        self.spawn::<N>(instance, params, thread, NodeRules::default())
    }

    fn spawn<N: Node>(
        &mut self,
        instance: &str,
        params: Value,
        thread: ThreadSpec,
        rules: NodeRules,
    ) -> Result<(), Unmeasured> {
        let types = NodeTypes::new().with::<N>("measured");
        let node_type =
            types.get("measured").ok_or_else(|| Unmeasured::because("the type is missing"))?.clone();
        let spec = NodeSpec { params, thread, rules, ..NodeSpec::new(instance, node_type) };
        let node = ThreadedNode::spawn(spec, instance, &self.environment, &self.waker);
        let node = node.map_err(Unmeasured::because)?;
        self.wait(&node)?;
        self.nodes.push(node);
        Ok(())
    }

    /// Starts the thread that watches callbacks, and the helpers of actuators: before [`Self::start`], after all nodes.
    pub(crate) fn watch(&mut self) -> Result<(), Unmeasured> {
        self.safety = Some(Safety::start(&self.environment, None).map_err(Unmeasured::because)?);
        Ok(())
    }

    /// The node that was added as number `index`, from 0.
    pub(crate) fn node(&self, index: usize) -> &ThreadedNode {
        &self.nodes[index]
    }

    /// Returns when a node may have failed, at the latest after `longest`.
    pub(crate) fn wait_for_news(&self, longest: Duration) {
        self.waker.wait(Some(longest));
    }

    /// Begins the next life of a node that has failed, as the supervisor does that has no reason to wait.
    pub(crate) fn replace(&self, node: &ThreadedNode) -> Result<(), Unmeasured> {
        if !node.is_given_up() {
            for phase in [Phase::Deactivate, Phase::Shutdown] {
                node.order(phase);
                self.wait(node)?;
            }
            node.join();
        }
        node.respawn().map_err(Unmeasured::because)?;
        self.wait(node)?;
        self.environment.seal().map_err(Unmeasured::because)?;
        node.order(Phase::Activate);
        self.wait(node)
    }

    /// Waits until all threads that were given up have ended.
    pub(crate) fn wait_for_zombies(&self) -> Result<(), Unmeasured> {
        let clock = self.environment.bus().clock();
        let until = clock.now() + PHASE_MAX;
        while self.environment.zombies() > 0 {
            if clock.now() > until {
                return Err(Unmeasured::because("threads that were given up do not end"));
            }
            self.waker.wait(Some(Duration::from_millis(1)));
        }
        Ok(())
    }

    /// Connects the topics and activates all nodes.
    pub(crate) fn start(&self) -> Result<(), Unmeasured> {
        self.environment.seal().map_err(Unmeasured::because)?;
        for node in &self.nodes {
            node.order(Phase::Activate);
            self.wait(node)?;
        }
        Ok(())
    }

    /// Stops all nodes, and says whether each message is in exactly one counter.
    pub(crate) fn stop(mut self) -> Result<(), Unmeasured> {
        self.end()?;
        match self.environment.bus().imbalances().as_slice() {
            [] => Ok(()),
            lines => Err(Unmeasured::Failed(format!("accounts do not balance: {}", lines.join("; ")))),
        }
    }

    fn end(&mut self) -> Result<(), Unmeasured> {
        // In reverse, so that nobody sends to a node that is gone.
        for phase in [Phase::Deactivate, Phase::Shutdown] {
            for node in self.nodes.iter().rev() {
                node.order(phase);
                self.wait(node)?;
            }
        }
        self.nodes.drain(..).for_each(|node| node.join());
        if let Some(safety) = self.safety.take() {
            safety.end();
        }
        Ok(())
    }

    fn wait(&self, node: &ThreadedNode) -> Result<(), Unmeasured> {
        let until = self.environment.bus().clock().now() + PHASE_MAX;
        let mut wait = |timeout| {
            self.waker.wait(Some(timeout));
            ControlFlow::Continue(())
        };
        let ended = node.wait(until, &mut wait);
        ended.map_err(|error| Unmeasured::Failed(format!("node `{}`: {error}", node.instance())))
    }
}

impl Drop for Robot {
    fn drop(&mut self) {
        // A round that failed has told why; its threads must not be in the way of the next one.
        let _ = self.end();
    }
}

/// A topic for payloads of `bytes` bytes, `depth` deep, called `name`.
pub(crate) fn topic<P>(name: &'static str, bytes: usize, depth: u16) -> Topic<P> {
    // A list on the heap has a head of three words besides.
    let bytes_max = u32::try_from(bytes + 24).unwrap_or(u32::MAX);
    Topic::new(name).depth(depth).message_bytes_max(bytes_max)
}
