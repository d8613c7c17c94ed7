//! New parameters for a node that runs: taken, refused, or worse; and what its next life begins with.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use nevil_msgs::{Value, ValueKind};
use nevil_runtime::prelude::*;
use nevil_runtime::{
    Clock, Environment, NodeSpec, NodeTypes, ParamsError, Phase, Safety, ThreadedNode, Waker, with_instead,
};

const LONG: Duration = Duration::from_secs(60);

#[derive(Debug, Parameters)]
struct Params {
    /// Which test it belongs to.
    test: u32,
    /// Pictures in a second.
    #[param(default = 30, range = 1..=60)]
    rate: u32,
}

/// What nodes were made with, and told: test and rate.
static TOLD: Mutex<Vec<(u32, &str, u32)>> = Mutex::new(Vec::new());

/// What is closed stays so until somebody opens it: a node that waits for it hangs.
#[derive(Default)]
struct Door(Mutex<bool>, Condvar);

static DOOR: Mutex<Option<Arc<Door>>> = Mutex::new(None);

fn told(test: u32) -> Vec<(&'static str, u32)> {
    let told = TOLD.lock().unwrap();
    told.iter().filter(|(of, ..)| *of == test).map(|(_, what, rate)| (*what, *rate)).collect()
}

/// Refuses 13, panics at 14 and hangs at 15.
struct Camera;

impl Node for Camera {
    type Params = Params;

    fn configure(_: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        TOLD.lock().unwrap().push((params.test, "made", params.rate));
        Ok(Self)
    }

    fn params_changed(&mut self, params: &Params, _: &Context) -> NodeResult {
        match params.rate {
            13 => return Err(NodeError::new("13 brings bad luck")),
            14 => panic!("14 is too much"),
            15 => {
                let door = DOOR.lock().unwrap().clone().unwrap();
                drop(door.1.wait_while(door.0.lock().unwrap(), |open| !*open).unwrap());
            }
            rate => TOLD.lock().unwrap().push((params.test, "told", rate)),
        }
        Ok(())
    }
}

struct Robot {
    environment: Environment,
    waker: Waker,
    node: ThreadedNode,
    _safety: Safety,
}

fn parsed(text: &str) -> Value {
    Value::parse_yaml("params", text).unwrap()
}

impl Robot {
    fn start(params: &str, degraded: Option<&str>) -> Self {
        let types = NodeTypes::new().with::<Camera>("camera");
        let spec = NodeSpec {
            params: parsed(params),
            degraded: degraded.map(parsed),
            ..NodeSpec::new("camera", types.get("camera").unwrap().clone())
        };
        let environment = Environment::new(Clock::monotonic(), 1);
        let waker = Waker::of(&environment);
        let node = ThreadedNode::spawn(spec, "camera", &environment, &waker).unwrap();
        let safety = Safety::start(&environment, None).unwrap();
        let robot = Self { environment, waker, node, _safety: safety };
        robot.begin();
        robot
    }

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

    /// Gives the node these parameters besides those that it has, and waits for what it says.
    fn change(&self, params: &str) -> Result<(), ParamsError> {
        let params = with_instead(&self.node.spec().params, &parsed(params));
        self.node.change_params(self.node.read_params(params)?)?;
        self.outcome()
    }

    fn outcome(&self) -> Result<(), ParamsError> {
        let clock = self.environment.bus().clock();
        let deadline = clock.now() + LONG;
        loop {
            if let Some(outcome) = self.node.poll_params() {
                return outcome;
            }
            assert!(clock.now() < deadline, "it never says what became of them");
            self.waker.wait(Some(Duration::from_millis(1)));
        }
    }

    fn next_life(&self) {
        self.order(Phase::Deactivate);
        self.order(Phase::Shutdown);
        self.node.join();
        self.node.respawn().unwrap();
        self.begin();
    }

    fn rate(&self) -> Option<ValueKind> {
        self.node.spec().params.get("rate").map(|rate| rate.kind.clone())
    }

    fn stop(self) {
        self.order(Phase::Deactivate);
        self.order(Phase::Shutdown);
        self.node.join();
    }
}

#[test]
fn parameters_that_were_taken_are_those_of_the_next_lives_too() {
    let robot = Robot::start("test: 1", None);
    robot.change("rate: 25").unwrap();
    robot.change("rate: 26").unwrap();
    robot.next_life();
    assert_eq!(told(1), [("made", 30), ("told", 25), ("told", 26), ("made", 26)]);
    assert_eq!(robot.rate(), Some(ValueKind::Integer(26)));
    robot.stop();
}

#[test]
fn a_refusal_is_told_in_the_nodes_words_and_changes_nothing_however_often() {
    let robot = Robot::start("{ test: 2, rate: 20 }", None);
    for _ in 0..20 {
        let refused = robot.change("rate: 13").unwrap_err();
        assert_eq!(refused.to_string(), "13 brings bad luck");
    }
    robot.change("rate: 25").unwrap();
    robot.change("rate: 13").unwrap_err();
    robot.next_life();
    assert_eq!(told(2), [("made", 20), ("told", 25), ("made", 25)]);
    robot.stop();
}

#[test]
fn what_is_wrong_is_found_before_the_node_is_asked() {
    let robot = Robot::start("test: 3", None);
    let wrong = robot.change("{ rate: 90, rat: 1 }").unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "params:1:9: rate: value is too large (90), at most 60 is allowed\n\
         params:1:13: unknown key `rat`, did you mean `rate`?; known keys are test, rate"
    );
    assert_eq!(told(3), [("made", 30)]);
    robot.stop();
}

#[test]
fn a_node_that_panics_at_them_begins_its_next_life_with_those_before() {
    let robot = Robot::start("{ test: 4, rate: 20 }", None);
    let failed = robot.change("rate: 14").unwrap_err();
    assert_eq!(failed.to_string(), "its `params_changed` panicked; see the log");
    assert!(robot.node.take_failure().is_some(), "it is replaced as for any other callback");
    robot.next_life();
    assert_eq!(told(4), [("made", 20), ("made", 20)]);
    robot.stop();
}

#[test]
fn a_node_that_hangs_at_them_is_given_up_and_begins_its_next_life_with_those_before() {
    let door = Arc::<Door>::default();
    *DOOR.lock().unwrap() = Some(Arc::clone(&door));
    let robot = Robot::start("{ test: 5, rate: 20 }", None);
    let params = with_instead(&robot.node.spec().params, &parsed("rate: 15"));
    robot.node.change_params(robot.node.read_params(params.clone()).unwrap()).unwrap();
    let second = robot.node.change_params(robot.node.read_params(params).unwrap());
    assert_eq!(second, Err(ParamsError::Busy));
    let failed = robot.outcome().unwrap_err();
    assert_eq!(
        failed.to_string(),
        "its `params_changed` was not answered, because its thread hung and was given up; see the log"
    );
    robot.node.respawn().unwrap();
    robot.begin();
    assert_eq!(told(5), [("made", 20), ("made", 20)]);
    *door.0.lock().unwrap() = true;
    door.1.notify_all();
    robot.change("rate: 21").unwrap();
    robot.stop();
}

#[test]
fn a_degraded_node_takes_the_degraded_ones_of_the_new_parameters_and_then_its_own() {
    let robot = Robot::start("test: 6", Some("rate: 5"));
    let until = |count: usize| {
        while told(6).len() < count {
            robot.waker.wait(Some(Duration::from_millis(1)));
        }
    };
    robot.node.set_degraded(true);
    until(2);
    robot.change("rate: 25").unwrap();
    robot.node.set_degraded(false);
    until(4);
    assert_eq!(told(6), [("made", 30), ("told", 5), ("told", 5), ("told", 25)]);
    robot.stop();
}

#[test]
fn a_node_that_does_not_run_takes_none_and_a_change_upon_an_older_state_is_refused() {
    let robot = Robot::start("test: 7", None);
    let old = robot.node.read_params(parsed("{ test: 7, rate: 7 }")).unwrap();
    robot.change("rate: 8").unwrap();
    assert_eq!(robot.node.change_params(old), Err(ParamsError::Changed));
    robot.order(Phase::Deactivate);
    let refused = robot.change("rate: 9").unwrap_err();
    assert_eq!(refused.to_string(), "it is inactive; parameters are changed while a node is active");
    robot.order(Phase::Shutdown);
    robot.node.join();
}

#[test]
fn a_life_that_is_launched_otherwise_has_other_rules_and_its_counters_go_on() {
    let robot = Robot::start("test: 8", None);
    robot.change("rate: 25").unwrap();
    let before = robot.node.spec();
    let mut rules = before.rules.clone();
    rules.callback.timeout = Duration::from_secs(3);
    robot.node.set_spec(NodeSpec { rules, paused: true, ..NodeSpec::clone(&before) });
    assert_eq!(
        robot.environment.callback_timeout("camera.params_changed"),
        Some(before.rules.callback.timeout)
    );
    robot.next_life();
    assert_eq!(robot.environment.callback_timeout("camera.params_changed"), Some(Duration::from_secs(3)));
    assert_eq!(robot.node.state(), nevil_runtime::NodeState::Paused);
    robot.change("rate: 26").unwrap();
    let status = nevil_runtime::RobotStatus::read(&robot.environment, std::slice::from_ref(&robot.node));
    let callback = status.nodes[0].callbacks.iter().find(|callback| callback.name == "params_changed");
    assert_eq!(callback.unwrap().ok, 2);
    robot.stop();
}
