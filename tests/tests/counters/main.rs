//! Each counter that a user can see moves in one situation, and nothing else does but what is named there.
//!
//! The counters are found in the JSON of a robot's status, which is what the control socket sends: one that is added
//! without a situation of its own fails here.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

mod node;
#[path = "../running/mod.rs"]
mod running;
mod situations;

use std::collections::{BTreeMap, BTreeSet};

use nevil_runtime::prelude::*;
use nevil_runtime::{Authority, Clock, RobotStatus, ThreadSpec, Waker};
use serde_json::Value as Json;

use node::Robot;
use situations::{Situation, situations};

/// Numbers that count nothing.
const NO_COUNTERS: [&str; 5] =
    ["slots.all", "ring.blocks", "ring.block_values", "ring.bytes", "ring.generation"];

/// What only a clock that goes on by itself can move: see `a_timer_that_is_late_…`.
const WITH_A_REAL_CLOCK: [&str; 4] =
    ["timer.missed", "timer.late_us_mean", "timer.late_us_max", "callback.longest_us"];

/// The same: see `a_callback_that_takes_longer_…`.
const AFTER_A_TIME_OUT: [&str; 2] = ["subscription.timed_out", "callback.timed_out"];

/// What moves within a callback and is back when it returns: see `a_message_in_a_callback_…`.
const WITHIN_A_CALLBACK: [&str; 1] = ["subscription.running"];

/// The numbers of a status by kind, such as `subscription.ok`, and within it by what they belong to.
type Numbers = BTreeMap<String, BTreeMap<String, i64>>;

fn numbers(status: &RobotStatus) -> Numbers {
    let json = serde_json::to_value(status).unwrap();
    let mut numbers = Numbers::new();
    let mut add = |kind: &str, owner: String, counts: &Json| {
        for (name, value) in counts.as_object().unwrap() {
            let fields: Vec<(String, &Json)> = match value {
                Json::Object(inner) => {
                    inner.iter().map(|(part, value)| (format!("{name}.{part}"), value)).collect()
                }
                _ => vec![(name.clone(), value)],
            };
            for (field, number) in
                fields.into_iter().filter_map(|(field, value)| Some((field, value.as_i64()?)))
            {
                numbers.entry(format!("{kind}.{field}")).or_default().insert(owner.clone(), number);
            }
        }
    };
    let list = |json: &Json| json.as_array().unwrap().clone();
    let text = |json: &Json| json.as_str().unwrap().to_owned();
    for node in list(&json["nodes"]) {
        let name = text(&node["name"]);
        list(&node["callbacks"]).iter().for_each(|callback| {
            add("callback", format!("{name}.{}", text(&callback["name"])), callback);
        });
        list(&node["timers"])
            .iter()
            .for_each(|timer| add("timer", format!("{name}.{}", text(&timer[0])), &timer[1]));
    }
    for topic in list(&json["topics"]) {
        let (name, counts) = (text(&topic["name"]), &topic["counts"]);
        for publisher in list(&counts["publishers"]) {
            add("publisher", format!("{name} by {}", text(&publisher[0])), &publisher[1]);
        }
        for subscription in list(&counts["subscriptions"]) {
            add("subscription", format!("{name} to {}", text(&subscription[0])), &subscription[2]);
        }
        let slots = serde_json::json!({ "in_use": counts["slots"][0], "all": counts["slots"][1] });
        add("slots", name, &slots);
    }
    for ring in list(&json["rings"]) {
        add("ring", text(&ring["name"]), &ring);
        list(&ring["readers"]).iter().for_each(|reader| add("reader", text(&reader["name"]), reader));
    }
    for actuator in list(&json["actuators"]) {
        add("actuator", text(&actuator["name"]), &actuator);
    }
    numbers
}

/// The kinds of which a number is not what it was.
fn moved(before: &Numbers, after: &Numbers) -> BTreeSet<String> {
    let old =
        |kind: &String, owner: &String| before.get(kind).and_then(|of| of.get(owner)).copied().unwrap_or(0);
    let differs = |(kind, of): &(&String, &BTreeMap<String, i64>)| {
        of.iter().any(|(owner, now)| *now != old(kind, owner))
    };
    after.iter().filter(differs).map(|(kind, _)| kind.clone()).collect()
}

fn names<'a>(kinds: impl IntoIterator<Item = &'a &'a str>) -> BTreeSet<String> {
    kinds.into_iter().map(ToString::to_string).collect()
}

#[test]
fn each_counter_moves_in_its_situation_and_only_those_that_are_named_with_it() {
    let mut all = BTreeSet::new();
    let mut situated = BTreeSet::new();
    for Situation { name, prepare, act, moves, besides } in situations() {
        let mut robot = Robot::new();
        prepare(&mut robot);
        let before = numbers(&robot.status());
        act(&mut robot);
        let after = numbers(&robot.status());
        let expected: BTreeSet<_> = names(moves).union(&names(besides)).cloned().collect();
        assert_eq!(moved(&before, &after), expected, "{name}");
        situated.extend(names(moves));
        all.extend(after.into_keys());
    }
    let elsewhere = [names(&WITH_A_REAL_CLOCK), names(&AFTER_A_TIME_OUT), names(&WITHIN_A_CALLBACK)];
    let known = elsewhere.into_iter().chain([names(&NO_COUNTERS), situated]).collect::<Vec<_>>();
    for known in known.iter().flatten() {
        assert!(all.remove(known), "{known} is no number of a status");
    }
    assert_eq!(all, BTreeSet::new(), "these have no situation in which they move");
}

#[test]
fn a_message_in_a_callback_is_running_and_not_queued() {
    let mut robot = Robot::new();
    robot.start();
    robot.publish("watched", "{value: 1}").unwrap();
    let before = robot.robot.environment().bus().counts("watched").unwrap().subscriptions.remove(0).2;
    let during = robot.look_during_the_callback();
    assert_eq!((before.queued, before.running), (1, 0));
    assert_eq!((during.queued, during.running), (0, 1));
    let rest = nevil_runtime::SubscriptionCounts { queued: 1, running: 0, ..during };
    assert_eq!(rest, before);
    let after = robot.robot.environment().bus().counts("watched").unwrap().subscriptions.remove(0).2;
    assert_eq!((after.ok, after.running), (1, 0));
}

/// Looks until `condition` holds, whenever the robot has something to say and from time to time; a minute at most, so that
/// what does not come is told by the assertion after it.
fn wait_until(robot: &running::Running, mut condition: impl FnMut() -> bool) {
    let (clock, waker) = (Clock::monotonic(), Waker::of(&robot.environment));
    let until = clock.now() + Duration::from_secs(60);
    while !condition() && clock.now() < until {
        waker.wait(Some(Duration::from_millis(10)));
    }
}

/// Is slower than its timer.
struct Late;

impl Node for Late {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.every(Duration::from_millis(1), |_: &mut Self, _, ctx: &Context| {
            while Clock::monotonic().now() < ctx.now() + Duration::from_millis(5) {
                std::thread::yield_now();
            }
            Ok(())
        })?;
        Ok(Self)
    }
}

#[test]
fn a_timer_that_is_late_says_by_how_much_and_how_often_and_its_callback_how_long_it_took() {
    let robot = running::Running::start(vec![running::spec::<Late>("late", ThreadSpec::default())]);
    let status = || numbers(&RobotStatus::read(&robot.environment, &robot.nodes));
    let expected =
        names(&WITH_A_REAL_CLOCK).into_iter().chain(names(&["timer.ticks", "callback.ok"])).collect();
    let mut seen = BTreeSet::new();
    wait_until(&robot, || {
        seen = moved(&Numbers::new(), &status());
        seen == expected
    });
    assert_eq!(seen, expected);
    robot.stop();
}

/// Is slower than it is allowed to be.
struct Slow;

impl Node for Slow {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(node::PLAIN, |_: &mut Self, _, ctx: &Context| {
            // Until its time is over, whatever the machine does.
            while !ctx.cancel().is_cancelled() && ctx.deadline() > Clock::monotonic().now() {
                std::thread::yield_now();
            }
            Ok(())
        })?;
        Ok(Self)
    }
}

#[test]
fn a_callback_that_takes_longer_than_it_may_has_timed_out_and_so_has_its_message() {
    let mut slow = running::spec::<Slow>("slow", ThreadSpec::default());
    slow.rules.callback.timeout = Duration::from_millis(1);
    let robot = running::Running::start(vec![slow]);
    let bus = robot.environment.bus();
    let tool = bus.tool_publisher("plain", "tool", Authority::Tool).unwrap();
    tool.publish(&Value::parse_yaml("message", "{value: 1}").unwrap()).unwrap();
    let status = || numbers(&RobotStatus::read(&robot.environment, &robot.nodes));
    let seen = |status: &Numbers, kind: &str| status[kind].values().sum::<i64>();
    let mut after = status();
    wait_until(&robot, || {
        after = status();
        seen(&after, "subscription.running") + seen(&after, "subscription.queued") == 0
    });
    for kind in AFTER_A_TIME_OUT {
        assert_eq!(seen(&after, kind), 1, "{kind}");
    }
    assert_eq!(seen(&after, "subscription.ok"), 0);
    robot.stop();
}
