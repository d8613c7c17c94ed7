//! All nodes in one thread, in virtual time.
//!
//! ```text
//!   ┌─► nodes with something to do, in the order of the plan, until none is left
//!   │        │ every message goes into the hash
//!   │        ▼
//!   └── the clock jumps to the earliest timer, driver or expiry
//! ```
//! Nothing of the machine reaches it: no thread, no real clock, no order of a hash map.

mod lives;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nevil_msgs::Fnv1a;

use crate::bus::{AnyTap, Header, TopicError};
use crate::clock::Time;
use crate::error::NodeError;
use crate::estop::EmergencyStopNotice;
use crate::executor::{NodeSpec, Phase};
use crate::limits::{MAKE_SAFE_DEADLINE, TAP_DEPTH};
use crate::node::{AnyNode, ConfigureError, Environment, Failure, NodeShared, ReadyDriver};

/// Most turns of one node at one instant, before the nodes are taken to exchange messages without end.
const TURNS_MAX: usize = 10_000;

/// A robot in virtual time. The same specifications, seed and duration give the same messages, to the last bit.
pub struct SimulatedRobot {
    environment: Environment,
    nodes: Vec<SimulatedNode>,
    /// Where a node has to do with it: a robot without is told nothing.
    notice: Option<EmergencyStopNotice>,
    recorders: Vec<(Arc<str>, Box<dyn AnyTap>)>,
    hash: Fnv1a,
    messages: u64,
    bytes: Vec<u8>,
    /// Messages by topic, where a test wants to see them.
    kept: Option<BTreeMap<Arc<str>, Vec<Vec<u8>>>>,
}

struct SimulatedNode {
    spec: NodeSpec,
    shared: Arc<NodeShared>,
    /// `None` once it was shut down.
    node: Option<Box<dyn AnyNode>>,
    drivers: Vec<SimulatedDriver>,
    next_due: Option<Time>,
}

struct SimulatedDriver {
    driver: Box<dyn ReadyDriver>,
    due: Time,
}

/// Why a simulated robot could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// A node could not be configured.
    #[error("node `{node}` could not be configured: {error}")]
    Configure {
        /// The node.
        node: Arc<str>,
        /// Why.
        error: ConfigureError,
    },
    /// A node refused a phase.
    #[error("node `{node}` failed to {phase}: {error}")]
    Refused {
        /// The node.
        node: Arc<str>,
        /// The phase.
        phase: Phase,
        /// Why.
        error: NodeError,
    },
    /// A node failed while it ran.
    #[error("node `{node}` failed: {failure}")]
    Failed {
        /// The node.
        node: Arc<str>,
        /// Why.
        failure: Failure,
    },
    /// The topics cannot be connected.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// Nodes exchange messages without end, so that time stands still.
    #[error(
        "node `{node}` was called {TURNS_MAX} times at one instant ({now:?}): messages go round in a loop that nothing paces"
    )]
    Endless {
        /// The node.
        node: Arc<str>,
        /// The instant.
        now: Time,
    },
    /// More messages in one turn of a node than can be recorded.
    #[error(
        "{lost} messages on `{topic}` could not be recorded: more than {TAP_DEPTH} in one turn of a node"
    )]
    TooMany {
        /// The topic.
        topic: Arc<str>,
        /// Messages that were not recorded.
        lost: u64,
    },
    /// A message has no bytes.
    #[error("a message on `{topic}` could not be recorded: {error}")]
    Record {
        /// The topic.
        topic: Arc<str>,
        /// Why.
        error: nevil_msgs::EncodeError,
    },
}

impl SimulatedRobot {
    /// Configures the nodes, in this order.
    ///
    /// # Errors
    ///
    /// [`SimulationError::Configure`] for the first that cannot be configured.
    pub fn configure(specs: Vec<NodeSpec>, environment: Environment) -> Result<Self, SimulationError> {
        let mut nodes = Vec::new();
        for spec in specs {
            let shared = spec.life(&environment, 1);
            let node = spec.configure(&environment, &shared);
            let failed = |error| SimulationError::Configure { node: Arc::clone(&spec.instance), error };
            let node = Some(node.map_err(failed)?);
            nodes.push(SimulatedNode { spec, shared, node, drivers: Vec::new(), next_due: None });
        }
        let is_of_stop = |topic: &crate::bus::TopicDescription| topic.name.starts_with("emergency_stop/");
        let notice = environment.bus.topics().iter().any(is_of_stop);
        let notice = notice.then(|| EmergencyStopNotice::declare(&environment.estop, &environment.bus));
        let notice = notice.transpose()?;
        environment.bus.seal()?;
        let mut recorders = Vec::new();
        for topic in environment.bus.topics() {
            recorders.push((Arc::clone(&topic.name), environment.bus.tap_by_name(&topic.name)?));
        }
        let (hash, messages, bytes, kept) = (Fnv1a::new(), 0, Vec::new(), None);
        Ok(Self { environment, nodes, notice, recorders, hash, messages, bytes, kept })
    }

    /// Activates the nodes, in their order.
    ///
    /// # Errors
    ///
    /// [`SimulationError::Refused`] for the first that refuses.
    pub fn activate(&mut self) -> Result<(), SimulationError> {
        let now = self.now();
        for simulated in &mut self.nodes {
            let Some(node) = &mut simulated.node else { continue };
            let refused = |error| SimulationError::Refused {
                node: Arc::clone(&simulated.shared.instance),
                phase: Phase::Activate,
                error,
            };
            let drivers = node.activate(None).map_err(refused)?;
            simulated.drivers =
                drivers.into_iter().map(|driver| SimulatedDriver { driver, due: now }).collect();
        }
        self.record()
    }

    /// Runs for `duration` of virtual time.
    ///
    /// # Errors
    ///
    /// [`SimulationError`] with the first node that failed.
    pub fn run_for(&mut self, duration: Duration) -> Result<(), SimulationError> {
        let end = self.now() + duration;
        loop {
            self.settle()?;
            let next = self.next_due().filter(|next| *next <= end);
            self.environment.bus.clock().set(next.unwrap_or(end));
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// Does everything that is to be done at this instant.
    ///
    /// # Errors
    ///
    /// As for [`Self::run_for`].
    pub fn settle(&mut self) -> Result<(), SimulationError> {
        let now = self.now();
        self.environment.actuators.serve(now);
        self.react_to_stop(now);
        for index in 0..self.nodes.len() {
            self.nodes[index].step_drivers(now);
            self.check(index, 0)?;
        }
        self.record()?;
        let mut turns = 0;
        let mut busy = true;
        while busy {
            busy = false;
            turns += 1;
            for index in 0..self.nodes.len() {
                if !self.nodes[index].turn(now) {
                    continue;
                }
                busy = true;
                self.react_to_stop(now);
                self.record()?;
                self.check(index, turns)?;
            }
        }
        Ok(())
    }

    /// Ends all work: inhibits motion, deactivates and shuts down in reverse order, makes safe again. Runs to the end
    /// whatever goes wrong, and returns what did.
    pub fn stop(&mut self) -> Vec<SimulationError> {
        let mut problems = Vec::new();
        self.environment.actuators.inhibit(MAKE_SAFE_DEADLINE);
        for phase in [Phase::Deactivate, Phase::Shutdown] {
            for simulated in self.nodes.iter_mut().rev() {
                let result = match phase {
                    Phase::Deactivate => simulated.node.as_mut().map(|node| node.deactivate()),
                    _ => simulated.node.take().map(AnyNode::shutdown),
                };
                simulated.drivers.clear();
                if let Some(Err(error)) = result {
                    let node = Arc::clone(&simulated.shared.instance);
                    problems.push(SimulationError::Refused { node, phase, error });
                }
            }
        }
        self.environment.actuators.make_safe(MAKE_SAFE_DEADLINE);
        problems.extend(self.record().err());
        problems
    }

    /// The last message on each topic, as text.
    #[must_use]
    pub fn last_messages(&self) -> Vec<(Arc<str>, Option<String>)> {
        self.recorders.iter().map(|(topic, tap)| (Arc::clone(topic), tap.last_text())).collect()
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.environment.bus.clock().now()
    }

    /// Fingerprint of every message so far: topic, header and bytes, in the order in which they were published on each
    /// topic.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash.finish()
    }

    /// Messages so far.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// What the nodes share.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Keeps the messages from now on, for [`Self::take_messages`].
    pub(crate) fn keep_messages(&mut self) {
        self.kept = Some(BTreeMap::new());
    }

    /// The messages on `topic` since the last call, as bytes.
    pub(crate) fn take_messages(&mut self, topic: &str) -> Vec<Vec<u8>> {
        self.kept.as_mut().and_then(|kept| kept.remove(topic)).unwrap_or_default()
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Arc<NodeShared>> {
        self.nodes.iter().map(|simulated| &simulated.shared)
    }

    /// If an emergency stop has begun or ended, makes safe at this instant, and says so.
    fn react_to_stop(&mut self, now: Time) {
        if self.environment.estop.is_engaged() {
            self.environment.actuators.serve(now);
        }
        if let Some(notice) = &mut self.notice {
            notice.tell();
        }
    }

    fn next_due(&self) -> Option<Time> {
        let nodes = self.nodes.iter().filter_map(|simulated| simulated.next_due);
        let drivers = self.nodes.iter().flat_map(|simulated| &simulated.drivers).map(|driver| driver.due);
        let expiries = self.environment.actuators.cells().into_iter().filter_map(|cell| cell.next_due());
        nodes.chain(drivers).chain(expiries).min()
    }

    fn check(&self, index: usize, turns: usize) -> Result<(), SimulationError> {
        let shared = &self.nodes[index].shared;
        if let Some(failure) = shared.take_failure() {
            return Err(SimulationError::Failed { node: Arc::clone(&shared.instance), failure });
        }
        if turns > TURNS_MAX {
            return Err(SimulationError::Endless { node: Arc::clone(&shared.instance), now: self.now() });
        }
        Ok(())
    }

    /// Adds what was published since the last call to the hash, topic by topic.
    fn record(&mut self) -> Result<(), SimulationError> {
        for (topic, tap) in &mut self.recorders {
            loop {
                let (hash, bytes) = (&mut self.hash, &mut self.bytes);
                let mut outcome = Ok(());
                let shown = tap.show_next(&mut |header, message| {
                    bytes.clear();
                    outcome = message.encode(bytes);
                    hash_message(hash, topic, header, bytes);
                });
                outcome.map_err(|error| SimulationError::Record { topic: Arc::clone(topic), error })?;
                if !shown {
                    break;
                }
                if tap.lost() > 0 {
                    return Err(SimulationError::TooMany { topic: Arc::clone(topic), lost: tap.lost() });
                }
                self.messages += 1;
                if let Some(kept) = &mut self.kept {
                    kept.entry(Arc::clone(topic)).or_default().push(self.bytes.clone());
                }
            }
        }
        Ok(())
    }
}

fn hash_message(hash: &mut Fnv1a, topic: &str, header: &Header, bytes: &[u8]) {
    hash.write(topic.as_bytes());
    let lineage = header.lineage;
    for number in [header.sequence, header.stamp.as_ns(), lineage.root.as_ns()] {
        hash.write(&number.to_le_bytes());
    }
    for number in [header.source, header.incarnation, lineage.root_source, lineage.hops] {
        hash.write(&number.to_le_bytes());
    }
    hash.write(bytes);
}

impl SimulatedNode {
    /// Lets each driver do what is due; one that ends fails its node.
    fn step_drivers(&mut self, now: Time) {
        let shared = &self.shared;
        self.drivers.retain_mut(|simulated| {
            while simulated.due <= now {
                let text = match simulated.driver.step(now) {
                    Ok(Some(next)) if next > now => {
                        simulated.due = next;
                        continue;
                    }
                    Ok(Some(next)) => {
                        format!("its next step is not later ({next:?}) than the one at {now:?}")
                    }
                    Ok(None) => "it returned, although nobody told it to stop".to_owned(),
                    Err(error) => error.to_string(),
                };
                shared.fail(Failure::DriverEnded { driver: simulated.driver.name().to_string(), text });
                return false;
            }
            true
        });
    }

    /// Serves the node if it has something to do at `now`; whether it had.
    fn turn(&mut self, now: Time) -> bool {
        let due = self.next_due.is_none_or(|due| due <= now);
        let Some(node) = self.node.as_mut() else { return false };
        let pending = self.shared.wake.bell().is_rung() || node.is_ready();
        if !due && !pending {
            return false;
        }
        let turn = node.turn();
        let had_due = self.next_due.is_some_and(|due| due <= now);
        self.next_due = turn.next_due.or(Some(Time::from_ns(u64::MAX)));
        pending || had_due || turn.more
    }
}
