use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use nevil_msgs::{Range, RangeReading, Value, topics};

use super::{NodeSpec, Phase, SimulatedRobot, SimulationError, ThreadedNode, Waker, thread_name};
use crate::bus::Publisher;
use crate::clock::Clock;
use crate::error::{NodeError, NodeResult};
use crate::node::{
    Context, Driver, DriverInput, Environment, Failure, Node, NodeState, NodeTypes, Setup, Stop, Tick,
};

const LONG: Duration = Duration::from_secs(60);

/// What the test's nodes say, in the order in which they say it.
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HANG: Mutex<Option<Arc<Barrier>>> = Mutex::new(None);
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn say(text: String) {
    SAID.lock().unwrap().push(text);
}

#[derive(nevil_derive::Parameters)]
struct Params {
    /// What it does when it is activated: `work`, `fail` or `panic`.
    #[param(default = "work")]
    activate: String,
    /// What it does with a range: `work`, `fail` or `panic`.
    #[param(default = "work")]
    range: String,
    /// Whether it publishes a range every 10 ms.
    #[param(default = false)]
    beats: bool,
    /// Whether its `configure` hangs.
    #[param(default = false)]
    hangs: bool,
    /// Whether its driver ends by itself.
    #[param(default = false)]
    driver: bool,
}

struct Puppet {
    params: Params,
    publisher: Publisher<Range>,
}

impl Node for Puppet {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        if params.hangs {
            let hang = HANG.lock().unwrap().clone().unwrap();
            hang.wait();
        }
        setup.subscribe(topics::RANGE, Self::on_range)?;
        if params.beats {
            setup.every(Duration::from_millis(10), Self::beat)?;
        }
        if params.driver {
            setup.driver("ender", || Ok(Ender), |_, _, _| Ok(()))?;
        }
        let publisher = setup.publisher(topics::RANGE)?;
        // Refused, and without effect: `configure` declares only.
        assert!(publisher.publish(Range { reading: RangeReading::Timeout, distance_m: 0.0 }).is_err());
        Ok(Self { params, publisher })
    }

    fn activate(&mut self, ctx: &Context) -> NodeResult {
        say(format!("{} activate", ctx.node()));
        act(&self.params.activate)
    }

    fn deactivate(&mut self, ctx: &Context) -> NodeResult {
        say(format!("{} deactivate", ctx.node()));
        Ok(())
    }

    fn shutdown(&mut self, ctx: &Context) -> NodeResult {
        say(format!("{} shutdown", ctx.node()));
        Ok(())
    }
}

impl Puppet {
    fn on_range(&mut self, _: &crate::bus::Received<Range>, ctx: &Context) -> NodeResult {
        say(format!("{} range on {}", ctx.node(), std::thread::current().name().unwrap_or("?")));
        act(&self.params.range)
    }

    fn beat(&mut self, _: &Tick, _: &Context) -> NodeResult {
        self.publisher.publish(Range { reading: RangeReading::Timeout, distance_m: 0.0 })?;
        Ok(())
    }
}

fn act(how: &str) -> NodeResult {
    match how {
        "fail" => Err(NodeError::new("as it was told")),
        "panic" => panic!("as it was told"),
        _ => Ok(()),
    }
}

struct Ender;

impl Driver for Ender {
    type Input = Range;

    fn run(&mut self, _: &DriverInput<Range>, _: &Stop) -> NodeResult {
        Err(NodeError::new("the cable is out"))
    }
}

fn spec(instance: &str, params: &str) -> NodeSpec {
    let node_type = NodeTypes::new().with::<Puppet>("puppet").get("puppet").unwrap().clone();
    NodeSpec { params: Value::parse_yaml("params", params).unwrap(), ..NodeSpec::new(instance, node_type) }
}

struct Robot {
    environment: Environment,
    waker: Waker,
    nodes: Vec<ThreadedNode>,
}

impl Robot {
    fn spawn(nodes: &[(&str, &str)]) -> Self {
        SAID.lock().unwrap().clear();
        let environment = Environment::new(Clock::monotonic(), 1);
        let waker = Waker::of(&environment);
        let mut names = Vec::new();
        let spawn = |(instance, params): &(&str, &str)| {
            let name = thread_name(instance, &mut names);
            ThreadedNode::spawn(spec(instance, params), &name, &environment, &waker).unwrap()
        };
        let nodes = nodes.iter().map(spawn).collect();
        Self { environment, waker, nodes }
    }

    fn wait(&self, node: usize, within: Duration) -> Result<(), String> {
        let deadline = self.environment.bus.clock().now() + within;
        let wait = &mut |longest| {
            self.waker.wait(Some(longest));
            ControlFlow::Continue(())
        };
        self.nodes[node].wait(deadline, wait).map_err(|error| error.to_string())
    }

    fn order(&self, node: usize, phase: Phase) -> Result<(), String> {
        self.nodes[node].order(phase);
        self.wait(node, LONG)
    }

    fn launch(nodes: &[(&str, &str)]) -> Self {
        let robot = Self::spawn(nodes);
        for node in 0..nodes.len() {
            robot.wait(node, LONG).unwrap();
        }
        robot.environment.bus.seal().unwrap();
        for node in 0..nodes.len() {
            robot.order(node, Phase::Activate).unwrap();
        }
        robot
    }

    fn failure(&self, node: usize) -> Failure {
        loop {
            if let Some(failure) = self.nodes[node].take_failure() {
                return failure;
            }
            self.waker.wait(Some(LONG));
        }
    }

    fn stop(self) {
        for node in (0..self.nodes.len()).rev() {
            self.order(node, Phase::Deactivate).unwrap();
        }
        for node in (0..self.nodes.len()).rev() {
            self.order(node, Phase::Shutdown).unwrap();
        }
        self.nodes.iter().for_each(ThreadedNode::join);
        assert_eq!(self.environment.bus.imbalances(), Vec::<String>::new());
    }
}

fn wait_until_said(text: &str, times: usize) {
    while SAID.lock().unwrap().iter().filter(|said| *said == text).count() < times {
        std::thread::yield_now();
    }
}

#[test]
fn a_message_reaches_the_callback_on_the_receiver_s_own_named_thread() {
    let _one = ONE_AT_A_TIME.lock();
    let robot = Robot::launch(&[("sender", "beats: true"), ("receiver", "")]);
    wait_until_said("receiver range on receiver", 3);
    wait_until_said("sender range on sender", 3);
    robot.stop();
}

#[test]
fn a_panic_in_a_callback_fails_its_node_and_no_other() {
    let _one = ONE_AT_A_TIME.lock();
    let robot = Robot::launch(&[("sender", "beats: true"), ("victim", "range: panic"), ("other", "")]);
    let expected = Failure::Panicked { callback: "on_range".into(), text: "as it was told".into() };
    assert_eq!(robot.failure(1), expected);
    assert_eq!(robot.nodes[1].state(), NodeState::Failed);
    SAID.lock().unwrap().clear();
    wait_until_said("other range on other", 3);
    assert!(!SAID.lock().unwrap().iter().any(|said| said.starts_with("victim")));
    robot.stop();
}

#[test]
fn an_error_of_a_callback_is_counted_and_the_node_goes_on() {
    let _one = ONE_AT_A_TIME.lock();
    let robot = Robot::launch(&[("sender", "beats: true"), ("failing", "range: fail")]);
    wait_until_said("failing range on failing", 3);
    let counts = robot.environment.bus.counts("range").unwrap();
    let failing = &counts.subscriptions.iter().find(|(node, _, _)| node == "failing").unwrap().2;
    assert!(failing.failed >= 2 && failing.ok == 0, "{failing:?}");
    robot.stop();
}

#[test]
fn a_node_that_refuses_to_activate_says_why_and_can_be_asked_again() {
    let _one = ONE_AT_A_TIME.lock();
    let robot = Robot::spawn(&[("node", "activate: fail")]);
    robot.wait(0, LONG).unwrap();
    robot.environment.bus.seal().unwrap();
    assert_eq!(robot.order(0, Phase::Activate).unwrap_err(), "as it was told");
    assert_eq!(robot.order(0, Phase::Activate).unwrap_err(), "as it was told");
    robot.stop();
}

#[test]
fn a_configure_that_hangs_is_late_for_the_supervisor_and_holds_nobody_else_up() {
    let _one = ONE_AT_A_TIME.lock();
    let hang = Arc::new(Barrier::new(2));
    *HANG.lock().unwrap() = Some(Arc::clone(&hang));
    let robot = Robot::spawn(&[("hung", "hangs: true"), ("other", "")]);
    robot.wait(1, LONG).unwrap();
    let late = robot.wait(0, Duration::from_millis(20)).unwrap_err();
    assert!(late.starts_with("did not end within "), "{late}");
    hang.wait();
    robot.wait(0, LONG).unwrap();
    robot.environment.bus.seal().unwrap();
    robot.stop();
}

#[test]
fn the_late_report_of_one_phase_is_not_taken_for_that_of_the_next() {
    let _one = ONE_AT_A_TIME.lock();
    let hang = Arc::new(Barrier::new(2));
    *HANG.lock().unwrap() = Some(Arc::clone(&hang));
    let robot = Robot::spawn(&[("node", "hangs: true")]);
    robot.wait(0, Duration::from_millis(20)).unwrap_err();
    robot.nodes[0].order(Phase::Shutdown);
    hang.wait();
    robot.wait(0, LONG).unwrap();
    assert_eq!(*SAID.lock().unwrap(), ["node shutdown"]);
}

#[test]
fn a_driver_that_ends_by_itself_fails_its_node_with_its_reason() {
    let _one = ONE_AT_A_TIME.lock();
    let robot = Robot::launch(&[("node", "driver: true")]);
    let expected = Failure::DriverEnded { driver: "ender".into(), text: "the cable is out".into() };
    assert_eq!(robot.failure(0), expected);
    robot.stop();
}

#[test]
fn wrong_parameters_are_told_with_their_place() {
    let _one = ONE_AT_A_TIME.lock();
    let robot = Robot::spawn(&[("node", "rang: work")]);
    let error = robot.wait(0, LONG).unwrap_err();
    assert!(error.starts_with("params:1:1: unknown key `rang`, did you mean `range`?"), "{error}");
    for phase in [Phase::Deactivate, Phase::Shutdown] {
        assert_eq!(robot.order(0, phase), Ok(()), "a node that is not there can be ended like any other");
    }
}

#[test]
fn a_node_whose_next_life_gets_no_thread_can_be_ended_again_and_started_later() {
    let _one = ONE_AT_A_TIME.lock();
    let robot = Robot::launch(&[("node", "")]);
    let node = &robot.nodes[0];
    for phase in [Phase::Deactivate, Phase::Shutdown] {
        robot.order(0, phase).unwrap();
    }
    let mut wanted = spec("node", "");
    // More than there are addresses.
    wanted.thread.stack_bytes = 1 << 47;
    node.set_spec(wanted);
    let error = node.respawn().unwrap_err().to_string();
    assert!(error.starts_with("its thread could not be started: "), "{error}");
    for phase in [Phase::Deactivate, Phase::Shutdown, Phase::Shutdown] {
        assert_eq!(robot.order(0, phase), Ok(()), "there is nothing to end");
        assert!(node.is_shut_down());
    }
    node.set_spec(spec("node", ""));
    node.respawn().unwrap();
    robot.wait(0, LONG).unwrap();
    robot.order(0, Phase::Activate).unwrap();
    assert_eq!(node.state(), NodeState::Active);
    robot.stop();
}

fn simulate(nodes: &[(&str, &str)]) -> Result<SimulatedRobot, SimulationError> {
    SAID.lock().unwrap().clear();
    let specs = nodes.iter().map(|(instance, params)| spec(instance, params)).collect();
    let mut robot = SimulatedRobot::configure(specs, Environment::new(Clock::simulated(), 1))?;
    robot.activate()?;
    robot.run_for(Duration::from_millis(100))?;
    Ok(robot)
}

#[test]
fn a_simulated_robot_runs_timers_at_their_time_and_balances_its_accounts() {
    let _one = ONE_AT_A_TIME.lock();
    let mut robot = simulate(&[("sender", "beats: true"), ("receiver", "")]).unwrap();
    assert_eq!(robot.messages(), 10);
    assert!(robot.stop().is_empty());
    assert_eq!(robot.environment().bus.imbalances(), Vec::<String>::new());
    let said = SAID.lock().unwrap();
    assert_eq!(said.iter().filter(|said| said.starts_with("receiver range")).count(), 10);
    assert_eq!(
        said[said.len() - 4..],
        ["receiver deactivate", "sender deactivate", "receiver shutdown", "sender shutdown"]
    );
}

#[test]
fn a_panic_ends_a_simulation_with_its_reason() {
    let _one = ONE_AT_A_TIME.lock();
    let error = simulate(&[("sender", "beats: true"), ("victim", "range: panic")]).err().unwrap();
    assert_eq!(error.to_string(), "node `victim` failed: callback `on_range` panicked: as it was told");
}

#[test]
fn a_driver_without_a_stepped_form_says_that_it_cannot_be_simulated() {
    let _one = ONE_AT_A_TIME.lock();
    let error = simulate(&[("node", "driver: true")]).err().unwrap();
    assert_eq!(
        error.to_string(),
        "node `node` failed: driver `ender` ended: this driver has no stepped form, so that it cannot run under a \
         simulated clock"
    );
}

/// Answers each message with one of its own, at once and for ever.
struct Echo {
    publisher: Publisher<Range>,
    answers: AtomicUsize,
}

impl Node for Echo {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(topics::RANGE, Self::on_range)?;
        Ok(Self { publisher: setup.publisher(topics::RANGE)?, answers: AtomicUsize::new(0) })
    }

    fn activate(&mut self, _: &Context) -> NodeResult {
        self.publisher.publish(Range { reading: RangeReading::Timeout, distance_m: 0.0 })?;
        Ok(())
    }
}

impl Echo {
    fn on_range(&mut self, range: &crate::bus::Received<Range>, _: &Context) -> NodeResult {
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.publisher.publish(Range { reading: range.reading, distance_m: 0.0 })?;
        Ok(())
    }
}

#[test]
fn a_loop_that_nothing_paces_ends_at_the_hop_limit_and_is_counted() {
    let node_type = NodeTypes::new().with::<Echo>("echo").get("echo").unwrap().clone();
    let spec = NodeSpec::new("echo", node_type);
    let mut robot = SimulatedRobot::configure(vec![spec], Environment::new(Clock::simulated(), 1)).unwrap();
    robot.activate().unwrap();
    robot.run_for(Duration::from_millis(1)).unwrap();
    let counts = robot.environment().bus.counts("range").unwrap();
    assert_eq!(counts.publishers[0].1.refused_hops, 1);
    assert_eq!(counts.subscriptions[0].2.failed, 1);
}
