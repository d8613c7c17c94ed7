//! The node against a board in memory, register by register: every write is as the facts about the board say.
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use std::fs;
use std::path::{Path, PathBuf};

use nevil_msgs::Value;
use nevil_node_picarx::PicarX;
use nevil_runtime::prelude::*;
use nevil_runtime::testing::TestNode;
use nevil_runtime::{Authority, Clock, Environment, NodeSpec, NodeTypes, SimulatedRobot};

const MS: Duration = Duration::from_millis(1);

/// A car with a board in memory, and the file of its trace.
struct Car {
    node: TestNode<PicarX>,
    trace: PathBuf,
}

impl Car {
    fn start(name: &str, calibration: &str) -> Self {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let trace = directory.join(format!("{name}.trace"));
        let file = directory.join(format!("{name}.yaml"));
        fs::write(&file, format!("{{ made: for a test, {calibration} }}")).unwrap();
        let params =
            format!("{{ board: fake, trace: {}, calibration: {} }}", trace.display(), file.display());
        Self { node: TestNode::start(&params).unwrap(), trace }
    }

    /// How often a line of the trace so far has `text` in it.
    fn count(&self, text: &str) -> usize {
        fs::read_to_string(&self.trace).unwrap().lines().filter(|line| line.contains(text)).count()
    }

    fn drive(&mut self, speed_mps: f32, steering_deg: f32, valid_for_ms: u32) {
        let steering_rad = steering_deg.to_radians();
        self.node.publish(topics::DRIVE, Drive { speed_mps, steering_rad, valid_for_ms }).unwrap();
        self.node.step();
    }

    /// Stops the node, and gives all that was done to the motors, servos and lines: readings are left out.
    fn acts(self) -> Vec<String> {
        let Self { node, trace } = self;
        assert_eq!(node.stop(), Vec::<String>::new());
        acts_of(&trace)
    }
}

fn acts_of(trace: &Path) -> Vec<String> {
    let text = fs::read_to_string(trace).unwrap();
    let acts = text
        .lines()
        .filter(|line| !(line.starts_with("read") || line.starts_with("echo") || line.contains("asks for")));
    acts.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// What setting the board up does: 16 accesses.
const SET_UP: [&str; 16] = [
    "set Reset Low",
    "pause 10ms",
    "set Reset High",
    "pause 510ms",
    "write 0x40 351 servos, prescaler",
    "write 0x44 4095 servos, period",
    "write 0x43 9 motors, prescaler",
    "write 0x47 4095 motors, period",
    "write 0x2d 0 left motor, pulse",
    "write 0x2c 0 right motor, pulse",
    "write 0x20 307 pan servo, pulse",
    "pause 100ms",
    "write 0x21 307 tilt servo, pulse",
    "pause 100ms",
    "write 0x22 386 steering servo, pulse",
    "pause 100ms",
];

#[test]
fn the_board_is_reset_once_and_set_up_with_the_servos_one_after_the_other_and_the_motors_off() {
    let acts = Car::start("set-up", "steering_deg: 35").acts();
    assert_eq!(acts[..16], SET_UP);
    assert_eq!(acts.iter().filter(|act| act.contains("Reset Low")).count(), 1);
}

#[test]
fn forward_is_the_left_line_low_and_the_right_one_high_with_half_the_speed_and_fifty_percent() {
    let mut car = Car::start("forward", "steering_deg: 35");
    car.drive(0.21, 0.0, 100);
    let acts = car.acts();
    let forward = [
        // Straight ahead is where the calibration says; 30 % are a duty of 65 %.
        "write 0x22 386 steering servo, pulse",
        "set LeftDirection Low",
        "write 0x2d 2661 left motor, pulse",
        "set RightDirection High",
        "write 0x2c 2661 right motor, pulse",
    ];
    assert_eq!(acts[16..21], forward);
}

#[test]
fn backward_turns_both_lines_round_and_a_curve_to_the_left_slows_the_left_wheel_down() {
    let mut car = Car::start("backward", "steering_deg: 0");
    car.drive(-0.35, 4.0, 100);
    let acts = car.acts();
    let backward = [
        // 4° to the left are −4° of the servo; 50 % are a duty of 75 %, and 48 % one of 74 %.
        "write 0x22 298 steering servo, pulse",
        "set LeftDirection High",
        "write 0x2d 3030 left motor, pulse",
        "set RightDirection Low",
        "write 0x2c 3071 right motor, pulse",
    ];
    assert_eq!(acts[16..21], backward);
}

#[test]
fn a_car_that_is_stopped_while_it_stands_gets_no_pulse() {
    let mut car = Car::start("stop", "steering_deg: 0");
    for _ in 0..3 {
        car.drive(0.0, 0.0, 100);
    }
    car.node.advance(300 * MS);
    let acts = car.acts();
    let pulses = acts[16..].iter().filter(|act| act.contains("motor, pulse"));
    assert!(pulses.clone().count() >= 6, "{acts:?}");
    assert!(pulses.clone().all(|act| act.contains(" 0 ")), "{acts:?}");
    assert!(acts[16..].iter().all(|act| !act.contains("Direction")), "{acts:?}");
}

#[test]
fn once_made_safe_nothing_but_zeros_is_written() {
    let mut car = Car::start("safe", "steering_deg: 0");
    car.drive(0.21, 0.0, 60);
    car.node.advance(200 * MS);
    let acts = car.acts();
    let running = acts.iter().rposition(|act| act.contains("2661")).unwrap();
    let after = &acts[running + 1..];
    assert_eq!(
        after[..2],
        ["write 0x2d 0 left motor, pulse", "write 0x2c 0 right motor, pulse"],
        "it expires after 60 ms"
    );
    assert!(
        after.iter().all(|act| act.ends_with("0 left motor, pulse") || act.ends_with("0 right motor, pulse"))
    );
}

#[test]
fn during_an_emergency_stop_nothing_but_zeros_is_written_whatever_was_under_way_and_is_asked_for() {
    let trace = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("emergency.trace");
    let params =
        Value::parse_yaml("params", &format!("{{ board: fake, trace: {} }}", trace.display())).unwrap();
    let node_type = NodeTypes::new().with::<PicarX>("picarx").get("picarx").unwrap().clone();
    let mut spec = NodeSpec { params, ..NodeSpec::new("car", node_type) };
    // Its callbacks are called all the same, so that it is the driver that is looked at.
    spec.rules.callback.safety = true;
    let mut robot = SimulatedRobot::configure(vec![spec], Environment::new(Clock::simulated(), 1)).unwrap();
    robot.activate().unwrap();
    let publish = |robot: &SimulatedRobot, topic: &str, text: &str| {
        let bus = robot.environment().bus();
        let operator = bus.tool_publisher(topic, "operator", Authority::Operator).unwrap();
        operator.publish(&Value::parse_yaml("message", text).unwrap()).unwrap();
    };
    let both = |robot: &SimulatedRobot, side: f32| {
        publish(robot, "drive", &format!("{{ speed_mps: 0.21, steering_rad: {side}, valid_for_ms: 500 }}"));
        publish(robot, "look", &format!("{{ pan_rad: {side}, tilt_rad: {side} }}"));
    };
    both(&robot, 0.5);
    // In the middle of the five steps of all three servos.
    robot.run_for(40 * MS).unwrap();
    robot.environment().emergency_stop().engage("the hall", "the door is open");
    robot.settle().unwrap();
    let before = acts_of(&trace).len();
    for side in [-0.5, 0.5, -0.5] {
        both(&robot, side);
        robot.run_for(100 * MS).unwrap();
    }
    let acts = acts_of(&trace);
    assert!(acts[..before].iter().filter(|act| act.contains("steering")).count() < 6, "{acts:?}");
    assert!(acts[before - 2..].iter().all(|act| act.contains(" 0 ")), "{:?}", &acts[before - 2..]);
    robot.environment().emergency_stop().reset("the hall").unwrap();
    both(&robot, 0.5);
    robot.run_for(200 * MS).unwrap();
    assert!(acts_of(&trace).iter().skip(acts.len()).any(|act| act.contains("2661")), "and then it goes on");
}

#[test]
fn a_large_move_of_the_steering_takes_five_steps_of_twenty_milliseconds() {
    let mut car = Car::start("smooth", "steering_deg: 35");
    car.drive(0.21, -30.0, 500);
    // The first of them at once, besides the one of the set-up.
    for step in 1..=5 {
        assert_eq!(car.count("steering"), 1 + step);
        car.node.advance(19 * MS);
        assert_eq!(car.count("steering"), 1 + step, "not before its time");
        car.node.advance(1 * MS);
    }
    car.node.advance(200 * MS);
    let acts = car.acts();
    // To the right by 6° each, from 35° to 65°: what the servo of a car with that calibration is asked for.
    let steered: Vec<_> = acts.iter().filter(|act| act.contains("steering")).collect();
    let written: Vec<u16> =
        steered.iter().map(|act| act.split(' ').nth(2).unwrap().parse().unwrap()).collect();
    assert_eq!(written, [386, 400, 414, 427, 441, 455]);
}

#[test]
fn the_camera_turns_against_the_count_of_its_servos() {
    let mut car = Car::start("look", "{ pan_deg: 3, tilt_deg: -2 }".trim_matches(['{', '}']));
    car.node.publish(topics::LOOK, Look { pan_rad: 0.1, tilt_rad: 0.0 }).unwrap();
    car.node.step();
    car.node.publish(topics::LOOK, Look { pan_rad: 1.57, tilt_rad: 1.13 }).unwrap();
    car.node.advance(200 * MS);
    let acts = car.acts();
    let pan: Vec<_> = acts.iter().filter(|act| act.contains("pan")).collect();
    let tilt: Vec<_> = acts.iter().filter(|act| act.contains("tilt")).collect();
    // 3 − 5.7°, and then to 3 − 90°.
    assert_eq!(pan[1], "write 0x20 300 pan servo, pulse");
    assert_eq!(*pan.last().unwrap(), "write 0x20 109 pan servo, pulse");
    assert_eq!(*tilt.last().unwrap(), "write 0x21 155 tilt servo, pulse");
}

#[test]
fn the_sensors_are_read_as_the_board_has_them() {
    let mut car = Car::start("sensors", "steering_deg: 0");
    car.node.advance(1000 * MS);
    let ranges = car.node.take(topics::RANGE).unwrap();
    assert!(ranges.len() >= 10);
    assert!(
        ranges.iter().all(|range| range.reading == RangeReading::Timeout),
        "nothing answers a fake board"
    );
    assert!(car.node.take(topics::GRAYSCALE).unwrap().len() >= 20);
    assert_eq!(car.node.take(topics::BATTERY).unwrap().len(), 2);
    let Car { node, trace } = car;
    assert_eq!(node.stop(), Vec::<String>::new());
    let text = fs::read_to_string(trace).unwrap();
    let reading = "A4, battery\nread\nread\nwrite 0x17     0  asks for A0, grayscale left\nread\nread\n";
    assert!(text.contains(reading), "{text}");
}

#[test]
fn the_left_motor_is_trimmed_and_a_motor_that_is_wired_the_other_way_round_is_turned_round() {
    let mut car = Car::start("trim", "left_trim_percent: 4, right_direction: -1");
    car.drive(0.21, 0.0, 100);
    let acts = car.acts();
    assert!(acts.contains(&"write 0x2d 2497 left motor, pulse".to_owned()), "{acts:?}");
    assert!(acts.contains(&"set RightDirection Low".to_owned()), "{acts:?}");
}

#[test]
fn a_real_board_is_refused_in_virtual_time_and_so_is_a_trace_of_it_and_a_calibration_that_is_not_there() {
    let error = TestNode::<PicarX>::start("").err().unwrap().to_string();
    assert!(error.contains("a real board knows no virtual time"), "{error}");
    let error = TestNode::<PicarX>::start("trace: board.txt").err().unwrap().to_string();
    assert!(error.contains("`trace` is of the board in memory; set `board: fake`"), "{error}");
    let error = TestNode::<PicarX>::start("{ board: fake, calibration: nowhere.yaml }").err().unwrap();
    assert!(error.to_string().contains("cannot read the calibration `nowhere.yaml`"), "{error}");
}
