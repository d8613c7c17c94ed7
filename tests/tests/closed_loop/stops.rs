//! The robot stops when it must; and without what stops it, it does not.

use std::time::Duration;

use nevil_msgs::{CarState, NavigationState, RangeReading, topics};
use nevil_runtime::{SimulatedRobot, Time};

use crate::drive::{drive, replaced, robot, shipped};

const MS: Duration = Duration::from_millis(1);

/// Where a test writes what it adds to the nodes.
const NODES: &str = "\nnodes:\n";

/// The shipped robot, driven straight ahead by somebody who sees nothing.
fn headlong(world: &str) -> String {
    replaced(
        &shipped(world),
        "    params: { auto: \"${auto}\", mood: \"${mood}\" }\n",
        "    type: headlong\n",
    )
}

/// That one, with nobody who says that there is danger.
fn unguarded(world: &str) -> String {
    replaced(&headlong(world), "    params: { cliff: required }\n", "    type: all_is_well\n")
}

/// That robot, with wires between the sensors and the rest that are cut as `params` say.
fn with_wires(robot: &str, params: &str) -> String {
    let text = replaced(
        robot,
        "\n  sim_car: ",
        "\n  sim_car:\n    remap: { range: whole/range, grayscale: whole/grayscale }\n   ",
    );
    replaced(&text, NODES, &format!("{NODES}  wires: {{ params: {params} }}\n"))
}

#[test]
fn who_drives_headlong_is_stopped_before_the_wall_and_at_the_edge() {
    for world in ["empty_room", "living_room", "table"] {
        let outcome = drive(&headlong(world), world, 1, Duration::from_secs(60));
        assert_eq!((outcome.touches, outcome.falls), (0, 0), "{outcome:?}");
        assert!(outcome.driven_m > 0.3, "{outcome:?}");
    }
}

#[test]
fn with_nobody_who_says_that_there_is_danger_it_runs_into_the_wall_and_off_the_table() {
    let room = drive(&unguarded("empty_room"), "empty_room", 1, Duration::from_secs(60));
    assert!(room.touches > 0, "{room:?}");
    let table = drive(&unguarded("table"), "table", 1, Duration::from_secs(60));
    assert_eq!(table.falls, 1, "{table:?}");
}

/// When the car has come to rest for good, since `from`, in a robot that has been active until then.
fn rests_after(robot: &mut SimulatedRobot, from: Duration, until: Duration) -> Duration {
    let mut states = robot.environment().bus().tap(&topics::CAR_STATE).unwrap();
    let mut moved = from;
    while robot.now().since(Time::ZERO) < until {
        robot.run_for(50 * MS).unwrap();
        while let Some(state) = states.take() {
            let CarState { speed_mps, .. } = *state;
            if speed_mps.abs() > 0.001 {
                moved = robot.now().since(Time::ZERO);
            }
        }
    }
    moved - from
}

#[test]
fn when_a_sensor_is_cut_off_it_stops_and_stays_where_it_is() {
    // A second of silence, the next beat of who watches for it, the motors.
    let promised = Duration::from_secs(1) + 150 * MS + 900 * MS;
    let cut = Duration::from_secs(60);
    for params in ["{ range_for: 60s }", "{ grayscale_for: 60s }"] {
        for seed in 0..3 {
            let mut robot = robot(&with_wires(&shipped("living_room"), params), seed);
            robot.activate().unwrap();
            robot.run_for(cut).unwrap();
            let rests = rests_after(&mut robot, cut, Duration::from_secs(180));
            assert!(rests <= promised, "{params}, seed {seed}: it moved for {rests:?}");
            assert!(robot.stop().is_empty());
        }
    }
}

#[test]
fn when_a_sensor_is_cut_off_it_stops_also_where_the_driver_sees_nothing_of_it() {
    let cut = Duration::from_secs(2);
    for params in ["{ range_for: 2s }", "{ grayscale_for: 2s }"] {
        let mut robot = robot(&with_wires(&headlong("empty_room"), params), 1);
        robot.activate().unwrap();
        robot.run_for(cut).unwrap();
        let rests = rests_after(&mut robot, cut, Duration::from_secs(60));
        let allowed = Duration::from_millis(900)..=Duration::from_millis(2050);
        assert!(allowed.contains(&rests), "{params}: it moved for {rests:?}");
        assert!(robot.stop().is_empty());
    }
}

#[test]
fn an_action_that_an_emergency_stop_has_held_fails_and_was_not_driven() {
    let text = replaced(
        &shipped("living_room"),
        "    params: { auto: \"${auto}\", mood: \"${mood}\" }\n",
        "    params: { auto: false, startup_actions: [forward 100 30] }\n",
    );
    let mut robot = robot(&text, 1);
    let bus = robot.environment().bus();
    let (mut said, mut states) =
        (bus.tap(&topics::NAVIGATION_STATUS).unwrap(), bus.tap(&topics::CAR_STATE).unwrap());
    robot.activate().unwrap();
    robot.run_for(Duration::from_secs(2)).unwrap();
    robot.environment().emergency_stop().engage("the hall", "the door is open");
    robot.run_for(Duration::from_secs(60)).unwrap();
    robot.environment().emergency_stop().reset("the hall").unwrap();
    robot.run_for(Duration::from_secs(10)).unwrap();
    let ended = std::iter::from_fn(|| said.take()).find(|said| said.status != NavigationState::Executing);
    let ended = ended.unwrap();
    assert_eq!(ended.status, NavigationState::Error, "{}", ended.reason);
    assert!(ended.reason.contains("it was held for 60."), "{}", ended.reason);
    let driven_m = std::iter::from_fn(|| states.take()).last().unwrap().driven_m;
    assert!((0.1..0.5).contains(&driven_m), "{driven_m}");
    assert!(robot.stop().is_empty());
}

#[test]
fn whole_wires_let_it_drive() {
    let outcome =
        drive(&with_wires(&shipped("living_room"), "{}"), "living_room", 1, Duration::from_secs(180));
    assert!(outcome.driven_m > 5.0, "{outcome:?}");
}

#[test]
fn from_danger_seen_to_wheels_told_to_stop_less_than_a_tenth_of_a_second_passes() {
    for seed in 0..5 {
        let mut robot = robot(&headlong("empty_room"), seed);
        let bus = robot.environment().bus();
        let (mut ranges, mut drives) = (bus.tap(&topics::RANGE).unwrap(), bus.tap(&topics::DRIVE).unwrap());
        robot.activate().unwrap();
        let (mut seen, mut told) = (None, None);
        while told.is_none() && robot.now().since(Time::ZERO) < Duration::from_secs(60) {
            robot.run_for(10 * MS).unwrap();
            while let Some(range) = ranges.take() {
                let is_danger = range.reading == RangeReading::Echo && range.distance_m < 0.15;
                seen = seen.or(is_danger.then(|| range.header().stamp));
            }
            while let Some(drive) = drives.take() {
                let stops = seen.is_some_and(|seen| drive.header().stamp >= seen) && drive.speed_mps == 0.0;
                told = told.or(stops.then(|| drive.header().stamp));
            }
        }
        let latency = told.unwrap().since(seen.unwrap());
        println!("seed {seed}: {latency:?}");
        assert!(latency <= 100 * MS, "seed {seed}: {latency:?}");
        assert!(robot.stop().is_empty());
    }
}
