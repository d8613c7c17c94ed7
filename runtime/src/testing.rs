//! One node under test: its parameters, a clock that stands until it is moved, and what it publishes.
//!
//! ```
//! use nevil_runtime::prelude::*;
//! use nevil_runtime::testing::TestNode;
//!
//! struct Beacon { state: Publisher<Drive> }
//!
//! impl Node for Beacon {
//!     type Params = ();
//!     fn configure(setup: &mut Setup<'_, Self>, _: ()) -> Result<Self, NodeError> {
//!         setup.every(Duration::from_millis(100), Self::beat)?;
//!         Ok(Self { state: setup.publisher(topics::DRIVE)? })
//!     }
//! }
//! impl Beacon {
//!     fn beat(&mut self, _: &Tick, _: &Context) -> NodeResult {
//!         self.state.publish(Drive { speed_mps: 0.0, steering_rad: 0.0, valid_for_ms: 200 })?;
//!         Ok(())
//!     }
//! }
//!
//! let mut beacon = TestNode::<Beacon>::start("")?;
//! beacon.advance(Duration::from_millis(350));
//! assert_eq!(beacon.take(topics::DRIVE)?.len(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::any::Any;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use nevil_msgs::{DecodeError, Message, Topic, Value, ValueError};

use crate::breaker::Breaker;
use crate::bus::{PublishError, Published, Publisher, TopicCounts, TopicError};
use crate::clock::{Clock, Time};
use crate::executor::{NodeSpec, SimulatedRobot, SimulationError};
use crate::health::RobotStatus;
use crate::incarnation::Incarnation;
use crate::node::{CallbackCounts, Environment, Node, NodeState, NodeTypes, ParamsError, with_instead};

/// A node under test, in virtual time. It is called `node` there.
pub struct TestNode<N: Node> {
    robot: SimulatedRobot,
    publishers: BTreeMap<&'static str, Box<dyn Any>>,
    tester: Arc<Incarnation>,
    node: PhantomData<fn() -> N>,
}

/// Why a test could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// The parameters are not YAML.
    #[error(transparent)]
    Params(#[from] ValueError),
    /// The node does not take the parameters while it runs.
    #[error(transparent)]
    Change(#[from] ParamsError),
    /// The node could not be started.
    #[error(transparent)]
    Start(#[from] SimulationError),
    /// The topic carries another type.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// A message could not be read back.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl<N: Node> TestNode<N> {
    /// Configures and activates the node with the parameters in the YAML text `params` (empty: all defaults), with seed 1.
    ///
    /// # Errors
    ///
    /// [`TestError`] with what the node's `configure` or `activate` said.
    pub fn start(params: &str) -> Result<Self, TestError> {
        let types = NodeTypes::new().with::<N>("node");
        let environment = Environment::new(Clock::simulated(), 1);
        let tester: Arc<str> = "tester".into();
        let source = environment.bus.source(&tester);
        let tester = Arc::new(Incarnation::new(tester, source, 1));
        tester.open();
        let node_type = types.get("node").expect("the type was just added").clone();
        let params = Value::parse_yaml("params", params)?;
        let spec = NodeSpec { params, ..NodeSpec::new("node", node_type) };
        let mut robot = SimulatedRobot::configure(vec![spec], environment)?;
        robot.keep_messages();
        robot.activate()?;
        Ok(Self { robot, publishers: BTreeMap::new(), tester, node: PhantomData })
    }

    /// Publishes `message` on `topic`, as another node would; the node sees it in the next [`Self::step`].
    ///
    /// # Errors
    ///
    /// As for [`Publisher::publish`].
    ///
    /// # Panics
    ///
    /// If the node uses `topic` with another type.
    pub fn publish<T: Message>(&mut self, topic: Topic<T>, message: T) -> Result<Published, PublishError<T>> {
        let bus = &self.robot.environment().bus;
        let publisher = self.publishers.entry(topic.name()).or_insert_with(|| {
            let publisher = bus.publisher(topic.name(), &topic, Arc::clone(&self.tester), Arc::default());
            let publisher = publisher.unwrap_or_else(|error| panic!("{error}"));
            bus.seal().unwrap_or_else(|error| panic!("{error}"));
            Box::new(publisher)
        });
        let publisher = publisher.downcast_ref::<Publisher<T>>();
        publisher.expect("the bus has checked the type of the topic").publish(message)
    }

    /// Lets the node do everything that is to be done now; the clock stands.
    ///
    /// # Panics
    ///
    /// If the node fails (panics, or its driver ends): see [`Self::try_advance`] to test for that.
    pub fn step(&mut self) {
        self.advance(Duration::ZERO);
    }

    /// Moves the clock by `duration`, calling every timer and driver at its time.
    ///
    /// # Panics
    ///
    /// As for [`Self::step`].
    pub fn advance(&mut self, duration: Duration) {
        self.try_advance(duration).unwrap_or_else(|error| panic!("{error}"));
    }

    /// The same for a node that may fail.
    ///
    /// # Errors
    ///
    /// [`SimulationError::Failed`] with the panic or the driver's error.
    pub fn try_advance(&mut self, duration: Duration) -> Result<(), SimulationError> {
        self.robot.run_for(duration)?;
        self.robot.settle()
    }

    /// The messages on `topic` since the last call, from the test's own publishers too.
    ///
    /// # Errors
    ///
    /// [`TestError::Decode`] if the topic carries another type.
    pub fn take<T: Message>(&mut self, topic: Topic<T>) -> Result<Vec<T>, TestError> {
        let kept = self.robot.take_messages(topic.name());
        kept.iter().map(|bytes| Ok(nevil_msgs::decode(bytes)?)).collect()
    }

    /// Gives the node new parameters while it runs: those in the YAML text `params` in place of the ones of the same name.
    /// It takes them by [`Node::params_changed`], at once.
    ///
    /// # Errors
    ///
    /// [`TestError::Params`] for what is no YAML, and [`TestError::Change`] for what is wrong, or refused by the node; its
    /// parameters are those before then.
    pub fn set_params(&mut self, params: &str) -> Result<(), TestError> {
        let changed = Value::parse_yaml("params", params)?;
        let params = with_instead(self.robot.params(0), &changed);
        Ok(self.robot.change_params(0, params)?)
    }

    /// Makes every operation on the device `claim` fail with `text`, until [`Self::heal_device`].
    pub fn break_device(&mut self, claim: &str, text: &str) {
        self.robot.environment().claims.break_device(claim, text);
    }

    /// Lets the device `claim` work again.
    pub fn heal_device(&mut self, claim: &str) {
        self.robot.environment().claims.heal_device(claim);
    }

    /// The accounts of `topic`.
    ///
    /// # Errors
    ///
    /// [`TopicError::Unknown`] if nobody has declared it.
    pub fn counts(&self, topic: &str) -> Result<TopicCounts, TopicError> {
        self.robot.environment().bus.counts(topic)
    }

    /// How the calls of `callback` ended: the name of its function, or `on <topic>` for a closure.
    ///
    /// # Panics
    ///
    /// If the node has no such callback; the text names those that it has.
    #[must_use]
    pub fn calls(&self, callback: &str) -> CallbackCounts {
        let mut all: Vec<_> = self.status().nodes.into_iter().flat_map(|node| node.callbacks).collect();
        let Some(found) = all.iter().position(|counts| counts.name == callback) else {
            let names: Vec<_> = all.iter().map(|counts| &*counts.name).collect();
            panic!("the node has no callback `{callback}`; it has {}", names.join(", "));
        };
        all.swap_remove(found)
    }

    /// What its callbacks failed with, as `callback: text`, by callback and in the order of the calls. Of each callback
    /// the last [`BREAKER_HISTORY`](crate::limits::BREAKER_HISTORY) are kept.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        let told = |breaker: Breaker| {
            // Only a call that changes the breaker at this moment is in the way, and nothing runs now.
            let records = breaker.history().map(|history| history.latest).unwrap_or_default();
            let callback = breaker.name().split_once('.').map_or("", |(_, callback)| callback).to_owned();
            let failed = records.into_iter().filter(|record| !record.text.is_empty());
            failed.map(move |record| format!("{callback}: {}", record.text))
        };
        self.robot.environment().breakers().list().into_iter().flat_map(told).collect()
    }

    /// Everything that can be seen of the node and its topics.
    #[must_use]
    pub fn status(&self) -> RobotStatus {
        RobotStatus::read_simulated(&self.robot)
    }

    /// Where the node is in its life.
    #[must_use]
    pub fn state(&self) -> NodeState {
        self.robot.nodes().next().map_or(NodeState::Stopped, |node| node.state())
    }

    /// Whether the node has said that it is ready ([`Context::ready`](crate::Context::ready)).
    #[must_use]
    pub fn has_called_ready(&self) -> bool {
        self.robot.nodes().any(|node| node.ready.is_called())
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.robot.now()
    }

    /// Deactivates and shuts the node down; returns what went wrong, accounts that do not balance among it.
    #[must_use]
    pub fn stop(mut self) -> Vec<String> {
        let problems = self.robot.stop().into_iter().map(|problem| problem.to_string());
        let problems: Vec<_> = problems.collect();
        let imbalances = self.robot.environment().bus.imbalances();
        problems.into_iter().chain(imbalances).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;
    use crate::testing::TestNode;

    /// Refuses what is near, and panics at what is nearer.
    struct Fussy;

    impl Node for Fussy {
        type Params = ();

        fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
            setup.subscribe(topics::RANGE, Self::on_range)?;
            Ok(Self)
        }
    }

    impl Fussy {
        fn on_range(&mut self, range: &Received<Range>, _: &Context) -> NodeResult {
            assert!(range.distance_m > 0.1, "much too near");
            if range.distance_m < 1.0 { Err(NodeError::new("too near")) } else { Ok(()) }
        }
    }

    #[test]
    fn a_test_sees_how_often_a_callback_failed_and_what_it_said() {
        let mut fussy = TestNode::<Fussy>::start("").unwrap();
        for distance_m in [2.0, 0.5, 3.0, 0.4] {
            fussy.publish(topics::RANGE, Range { reading: RangeReading::Echo, distance_m }).unwrap();
            fussy.step();
        }
        let calls = fussy.calls("on_range");
        assert_eq!((calls.ok, calls.failed), (2, 2));
        assert_eq!(fussy.failures(), ["on_range: too near"; 2]);
        fussy.publish(topics::RANGE, Range { reading: RangeReading::Echo, distance_m: 0.05 }).unwrap();
        assert!(fussy.try_advance(Duration::ZERO).is_err());
        assert_eq!(fussy.calls("on_range").panicked, 1);
        assert!(fussy.failures().last().unwrap().ends_with("much too near"), "{:?}", fussy.failures());
    }
}
