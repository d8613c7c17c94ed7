//! A node that works with other parameters while something of it does not work.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Duration;

use nevil_msgs::Value;
use nevil_runtime::prelude::*;
use nevil_runtime::{Clock, Environment, NodeSpec, NodeTypes, Phase, ThreadedNode, Waker};

const LONG: Duration = Duration::from_secs(60);

#[derive(Debug, Parameters)]
struct Params {
    /// Which test it belongs to.
    test: u32,
    /// Pictures in a second.
    #[param(default = 30, range = 1..=60)]
    rate: u32,
}

/// What nodes were told: test and rate.
static TOLD: Mutex<Vec<(u32, u32)>> = Mutex::new(Vec::new());

fn told(test: u32) -> Vec<u32> {
    let told = TOLD.lock().unwrap();
    told.iter().filter(|(of, _)| *of == test).map(|(_, rate)| *rate).collect()
}

struct Camera;

impl Node for Camera {
    type Params = Params;

    fn configure(_: &mut Setup<'_, Self>, _: Params) -> Result<Self, NodeError> {
        Ok(Self)
    }

    fn params_changed(&mut self, params: &Params, _: &Context) -> NodeResult {
        TOLD.lock().unwrap().push((params.test, params.rate));
        Ok(())
    }
}

/// Takes its parameters at its start only, as most nodes do.
struct Stubborn;

impl Node for Stubborn {
    type Params = Params;

    fn configure(_: &mut Setup<'_, Self>, _: Params) -> Result<Self, NodeError> {
        Ok(Self)
    }
}

struct Robot {
    environment: Environment,
    waker: Waker,
    node: ThreadedNode,
}

fn spec(node_type: &str, params: &str, degraded: &str) -> NodeSpec {
    let types = NodeTypes::new().with::<Camera>("camera").with::<Stubborn>("stubborn");
    let parsed = |name, text| Value::parse_yaml(name, text).unwrap();
    NodeSpec {
        params: parsed("params", params),
        degraded: Some(parsed("degraded", degraded)),
        ..NodeSpec::new(node_type, types.get(node_type).unwrap().clone())
    }
}

impl Robot {
    fn start(spec: NodeSpec) -> Self {
        let environment = Environment::new(Clock::monotonic(), 1);
        let waker = Waker::of(&environment);
        let node = ThreadedNode::spawn(spec, "node", &environment, &waker).unwrap();
        let robot = Self { environment, waker, node };
        robot.begin();
        robot
    }

    /// Goes on from a life that was just spawned.
    fn begin(&self) {
        self.answer();
        self.environment.seal().unwrap();
        self.order(Phase::Activate);
    }

    fn order(&self, phase: Phase) {
        self.node.order(phase);
        self.answer();
    }

    fn answer(&self) {
        let deadline = self.environment.bus().clock().now() + LONG;
        let wait = &mut |longest| {
            self.waker.wait(Some(longest));
            ControlFlow::Continue(())
        };
        self.node.wait(deadline, wait).unwrap();
    }

    fn until(&self, what: &str, condition: impl Fn() -> bool) {
        let clock = Clock::monotonic();
        let deadline = clock.now() + LONG;
        while !condition() {
            assert!(clock.now() < deadline, "waited in vain: {what}");
            self.waker.wait(Some(Duration::from_millis(1)));
        }
    }

    fn stop(self) {
        self.order(Phase::Deactivate);
        self.order(Phase::Shutdown);
        self.node.join();
    }
}

#[test]
fn a_node_gets_its_degraded_parameters_and_then_its_own_again() {
    let robot = Robot::start(spec("camera", "{ test: 1, rate: 25 }", "rate: 5"));
    robot.node.set_degraded(true);
    robot.until("the degraded parameters", || told(1) == [5]);
    // What it knows already it is not told.
    robot.node.set_degraded(true);
    robot.node.set_degraded(false);
    robot.until("its own parameters", || told(1) == [5, 25]);
    robot.stop();
    assert_eq!(told(1), [5, 25]);
}

#[test]
fn the_next_life_of_a_degraded_node_is_told_once_it_is_active() {
    let robot = Robot::start(spec("camera", "test: 2", "rate: 5"));
    robot.node.set_degraded(true);
    robot.until("the degraded parameters", || told(2) == [5]);
    robot.order(Phase::Deactivate);
    robot.order(Phase::Shutdown);
    robot.node.join();
    robot.node.respawn().unwrap();
    robot.begin();
    robot.until("the degraded parameters of the next life", || told(2) == [5, 5]);
    robot.stop();
}

#[test]
fn a_node_that_refuses_is_asked_once_and_works_on() {
    let robot = Robot::start(spec("stubborn", "test: 3", "rate: 5"));
    let asked = || {
        let breaker = robot.environment.breakers().get("stubborn.params_changed").unwrap();
        breaker.stats(Clock::monotonic().now()).unwrap().totals.failed
    };
    robot.node.set_degraded(true);
    robot.until("its refusal", || asked() == 1);
    for is_degraded in [false, true] {
        robot.node.set_degraded(is_degraded);
        // Two orders: it looks at its parameters in between.
        robot.order(Phase::Pause);
        robot.order(Phase::Resume);
    }
    assert_eq!(asked(), 1);
    robot.stop();
}

#[test]
fn degraded_parameters_are_checked_like_the_others() {
    let environment = Environment::new(Clock::simulated(), 1);
    let error = spec("camera", "test: 4", "rate: 90").check(&environment).unwrap_err();
    assert_eq!(error.to_string(), "degraded:1:7: rate: value is too large (90), at most 60 is allowed");
    assert!(spec("camera", "test: 4", "rate: 60").check(&Environment::new(Clock::simulated(), 1)).is_ok());
}
