//! The node with a lamp that notes what it is told.

use std::cell::RefCell;
use std::path::PathBuf;

use nevil_runtime::prelude::*;
use nevil_runtime::testing::TestNode;
use nevil_runtime::{Authority, CallbackRule, Clock, Environment, NodeSpec, NodeTypes, SimulatedRobot};

use super::*;

const MS: Duration = Duration::from_millis(1);
const WITH_LAMP: &str = "chip: /dev/gpiochip0";

thread_local! {
    /// What the lamps of this test were told.
    static TOLD: RefCell<Vec<Light>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug)]
struct Noting;

impl Lamp for Noting {
    fn open(_: &Pin) -> DeviceResult<Self> {
        Ok(Self)
    }

    fn simulated() -> Self {
        Self
    }

    fn set(&mut self, light: Light) -> DeviceResult<()> {
        TOLD.with_borrow_mut(|told| told.push(light));
        Ok(())
    }
}

fn told() -> Vec<Light> {
    TOLD.take()
}

/// What the lamp is told in each of `count` tenths of a second, as `#` for on, `_` for off and `.` for nothing.
fn tenths(node: &mut TestNode<LedIndicator<Noting>>, count: usize) -> String {
    let tenth = |_| {
        node.advance(100 * MS);
        let signs = told().into_iter().map(|light| if light == Light::On { '#' } else { '_' });
        let signs: String = signs.collect();
        if signs.is_empty() { ".".to_owned() } else { signs }
    };
    (0..count).map(tenth).collect()
}

fn states(node: &mut TestNode<LedIndicator<Noting>>) -> Vec<LedState> {
    node.take(topics::LED_STATUS).unwrap().iter().map(|status| status.state).collect()
}

fn mode(node: &mut TestNode<LedIndicator<Noting>>, mode: Mode) {
    node.publish(topics::SYSTEM_MODE, SystemMode { mode, reason: String::new() }).unwrap();
    node.step();
}

#[test]
fn the_light_is_on_from_the_start_and_is_touched_again_only_when_it_changes() {
    let mut node = TestNode::<LedIndicator<Noting>>::start(WITH_LAMP).unwrap();
    assert_eq!(told(), [Light::On]);
    assert_eq!(tenths(&mut node, 20), ".".repeat(20));
    assert_eq!(states(&mut node), [LedState::Actions]);
}

#[test]
fn while_the_robot_is_idle_it_flashes_twice_each_1_2_seconds() {
    let mut node = TestNode::<LedIndicator<Noting>>::start(WITH_LAMP).unwrap();
    told();
    mode(&mut node, Mode::Idle);
    assert_eq!(told(), [Light::On]);
    assert_eq!(tenths(&mut node, 24), "_#_........#_#_........#");
}

#[test]
fn while_it_listens_it_flashes_five_times_a_second_and_says_so_once() {
    let mut node = TestNode::<LedIndicator<Noting>>::start(WITH_LAMP).unwrap();
    states(&mut node);
    told();
    let listening = |listening| ListeningStatus { listening, reason: String::new() };
    node.publish(topics::LISTENING_STATUS, listening(true)).unwrap();
    node.step();
    node.publish(topics::LISTENING_STATUS, listening(true)).unwrap();
    assert_eq!(told(), [Light::On]);
    assert_eq!(tenths(&mut node, 6), "_#_#_#");
    node.publish(topics::LISTENING_STATUS, listening(false)).unwrap();
    node.step();
    assert_eq!(states(&mut node), [LedState::Listen, LedState::Actions]);
    assert_eq!(tenths(&mut node, 3), "#..");
}

#[test]
fn it_is_on_while_an_action_runs_or_the_robot_drives_about() {
    let mut node = TestNode::<LedIndicator<Noting>>::start("").unwrap();
    states(&mut node);
    let status = |status| NavigationStatus {
        status,
        current_action: String::new(),
        actions_remaining: 0,
        reason: String::new(),
    };
    let auto = |active| AutoModeStatus { active, mood: String::new(), behavior: String::new() };
    let after = |node: &mut TestNode<LedIndicator<Noting>>| {
        node.step();
        states(node)
    };
    node.publish(topics::NAVIGATION_STATUS, status(NavigationState::Idle)).unwrap();
    assert_eq!(after(&mut node), [LedState::Play]);
    node.publish(topics::NAVIGATION_STATUS, status(NavigationState::Executing)).unwrap();
    assert_eq!(after(&mut node), [LedState::Actions]);
    node.publish(topics::AUTO_MODE_STATUS, auto(true)).unwrap();
    assert_eq!(after(&mut node), []);
    node.publish(topics::NAVIGATION_STATUS, status(NavigationState::Completed)).unwrap();
    assert_eq!(after(&mut node), []);
    node.publish(topics::AUTO_MODE_STATUS, auto(false)).unwrap();
    assert_eq!(after(&mut node), [LedState::Play]);
}

#[test]
fn an_emergency_stop_is_shown_where_the_launch_file_lets_it_be_heard() {
    let node_type = NodeTypes::new().with::<LedIndicator<Noting>>("led").get("led").unwrap().clone();
    for (safety, shown) in [(true, LedState::Actions), (false, LedState::Play)] {
        let mut spec = NodeSpec::new("led", node_type.clone());
        let heard = CallbackRule { safety, ..CallbackRule::default() };
        spec.rules.callbacks.insert("on_emergency_stop".to_owned(), heard);
        let mut robot =
            SimulatedRobot::configure(vec![spec], Environment::new(Clock::simulated(), 1)).unwrap();
        robot.activate().unwrap();
        let bus = robot.environment().bus();
        let idle = SystemMode { mode: Mode::Idle, reason: String::new() };
        let mut states = bus.tap(&topics::LED_STATUS).unwrap();
        let tool = bus.tool_publisher("system_mode", "tool", Authority::Tool).unwrap();
        tool.publish(&Value::parse_yaml("message", &to_text(&idle)).unwrap()).unwrap();
        robot.settle().unwrap();
        robot.environment().emergency_stop().engage("the hall", "the door is open");
        robot.settle().unwrap();
        let last = std::iter::from_fn(|| states.take()).last().map(|status| status.state);
        assert_eq!(last, Some(shown));
    }
}

#[test]
fn the_light_goes_out_when_the_node_stops() {
    let mut node = TestNode::<LedIndicator<Noting>>::start(WITH_LAMP).unwrap();
    mode(&mut node, Mode::Speaking);
    told();
    assert!(node.stop().is_empty());
    assert_eq!(told(), [Light::Off]);
}

#[test]
fn without_a_lamp_the_patterns_are_said_and_no_timer_is_served_for_them() {
    let mut node = TestNode::<LedIndicator<Noting>>::start("").unwrap();
    mode(&mut node, Mode::Speaking);
    node.advance(5000 * MS);
    assert_eq!(states(&mut node), [LedState::Actions, LedState::Play]);
    assert_eq!(node.calls("next_step").ok, 0);
    assert_eq!(told(), []);
}

#[test]
fn under_a_simulated_clock_no_chip_is_asked_for() {
    let node = TestNode::<LedIndicator>::start("chip: /dev/no-such-chip").unwrap();
    assert!(node.stop().is_empty());
}

#[test]
fn a_chip_that_is_not_there_is_told_with_what_to_do() {
    let pin = Pin { chip: PathBuf::from("/dev/no-such-chip"), line: 26 };
    let error = GpioLamp::open(&pin).unwrap_err();
    assert!(error.to_string().starts_with("cannot use line 26 of `/dev/no-such-chip`"), "{error}");
    assert!(error.source().unwrap().to_string().contains("No such file"), "{:?}", error.source());
}
