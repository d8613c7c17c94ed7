//! In which situation which counter moves.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::node::{Robot, Word};

/// What is done, and which counters that moves.
pub(crate) struct Situation {
    pub(crate) name: &'static str,
    pub(crate) prepare: fn(&mut Robot),
    pub(crate) act: fn(&mut Robot),
    /// The counters whose situation this is.
    pub(crate) moves: &'static [&'static str],
    /// Those that cannot but move with them.
    pub(crate) besides: &'static [&'static str],
}

/// A message that is served leaves the queue, and its time is measured.
const SERVED: [&str; 6] = [
    "subscription.queued",
    "subscription.latency.count",
    "subscription.latency.p50_ns",
    "subscription.latency.p99_ns",
    "subscription.latency.max_ns",
    "slots.in_use",
];

pub(crate) fn situations() -> Vec<Situation> {
    let mut all = of_messages();
    all.extend(of_refusals());
    all.extend(of_the_rest());
    all
}

fn of_messages() -> Vec<Situation> {
    vec![
        Situation {
            name: "a message is published and not served yet",
            prepare: Robot::start,
            act: |robot| robot.say("plain"),
            moves: &[
                "publisher.published",
                "publisher.accepted",
                "subscription.offered",
                "subscription.queued",
                "slots.in_use",
            ],
            besides: &[],
        },
        Situation {
            name: "a message is served",
            prepare: |robot| {
                robot.start();
                robot.say("plain");
                robot.say("plain");
            },
            act: Robot::settle,
            moves: &[
                "subscription.ok",
                "subscription.latency.count",
                "subscription.latency.p50_ns",
                "subscription.latency.p99_ns",
                "subscription.latency.max_ns",
                "callback.ok",
            ],
            besides: &["subscription.queued", "slots.in_use"],
        },
        Situation {
            name: "a callback fails",
            prepare: |robot| {
                robot.start();
                robot.say("failing");
                robot.say("failing");
            },
            act: Robot::settle,
            moves: &["subscription.failed", "callback.failed"],
            besides: &SERVED,
        },
        Situation {
            name: "a callback has failed too often, and is not called for a while",
            prepare: |robot| {
                robot.start();
                (0..5).for_each(|_| robot.say("failing"));
                robot.settle();
                robot.say("failing");
            },
            act: Robot::settle,
            moves: &["subscription.breaker_open", "callback.refused"],
            besides: &["subscription.queued", "slots.in_use"],
        },
        Situation {
            name: "a callback panics",
            prepare: |robot| {
                robot.start();
                robot.say("panicking");
            },
            act: |robot| assert!(robot.robot.settle().is_err()),
            moves: &["subscription.panicked", "callback.panicked"],
            // The recorder of the simulation has it still.
            besides: &SERVED[..5],
        },
        Situation {
            name: "a queue is full",
            prepare: |robot| {
                robot.start();
                robot.say("narrow");
            },
            act: |robot| robot.say("narrow"),
            moves: &["subscription.overflow"],
            besides: &["publisher.published", "publisher.accepted", "subscription.offered", "slots.in_use"],
        },
        Situation {
            name: "a message is too old when its turn comes",
            prepare: |robot| {
                robot.say("short");
                robot.say("short");
                robot.run_ms(20);
                robot.robot.activate().unwrap();
            },
            act: Robot::settle,
            moves: &["subscription.expired"],
            besides: &["subscription.queued", "slots.in_use"],
        },
        Situation {
            name: "a node ends while a message is queued",
            prepare: |robot| {
                robot.start();
                robot.say("plain");
                robot.say("plain");
            },
            act: |robot| assert!(robot.robot.stop().is_empty()),
            moves: &["subscription.discarded"],
            besides: &["subscription.queued", "slots.in_use", "callback.ok", "actuator.made_safe"],
        },
        Situation {
            name: "a node comes later than a latched value",
            prepare: |robot| {
                robot.start();
                robot.say("state");
                robot.settle();
                robot.add_late();
            },
            act: |robot| robot.late.as_mut().unwrap().settle().unwrap(),
            moves: &["subscription.replayed"],
            besides: &["subscription.offered", "subscription.ok", "callback.ok"],
        },
        Situation {
            name: "nothing comes for as long as the deadline",
            prepare: |robot| {
                robot.start();
                robot.run_ms(600);
            },
            act: |robot| robot.run_ms(600),
            moves: &["subscription.silences"],
            besides: &[],
        },
        Situation {
            name: "a node keeps a message",
            prepare: |robot| {
                robot.start();
                robot.say("hoarded");
                robot.settle();
                robot.say("hoarded");
            },
            act: Robot::settle,
            moves: &["subscription.kept"],
            besides: &["subscription.queued", "subscription.ok", "subscription.latency.count", "callback.ok"],
        },
    ]
}

fn of_refusals() -> Vec<Situation> {
    vec![
        Situation {
            name: "a message is too large",
            prepare: Robot::start,
            act: |robot| {
                let text = format!("{{text: {}}}", "x".repeat(100));
                assert!(robot.publish("small", &text).is_err());
            },
            moves: &["publisher.refused_size"],
            besides: &["publisher.published"],
        },
        Situation {
            name: "messages go round in a loop that nothing paces",
            prepare: Robot::start,
            act: |robot| {
                robot.say("loop");
                robot.settle();
            },
            moves: &["publisher.refused_hops"],
            besides: &[
                "publisher.published",
                "publisher.accepted",
                "subscription.offered",
                "subscription.ok",
                "subscription.latency.count",
                "subscription.latency.p50_ns",
                "subscription.latency.p99_ns",
                "subscription.latency.max_ns",
                "callback.ok",
                "slots.in_use",
            ],
        },
        Situation {
            name: "a node publishes before it is active",
            prepare: |_| {},
            act: |robot| {
                let publisher = robot.shared.publisher.lock().unwrap();
                assert!(publisher.as_ref().unwrap().publish(Word { value: 1 }).is_err());
            },
            moves: &["publisher.refused_fenced"],
            besides: &["publisher.published"],
        },
        Situation {
            name: "a tool publishes on an exclusive topic",
            prepare: Robot::start,
            act: |robot| assert!(robot.publish("owned", "{value: 1}").is_err()),
            moves: &["publisher.refused_exclusive"],
            besides: &["publisher.published"],
        },
        Situation {
            name: "a driver waits for room that does not come",
            prepare: |robot| {
                robot.start();
                robot.run_ms(5);
                robot.shared.sends.store(true, Ordering::Relaxed);
            },
            act: |robot| robot.run_ms(10),
            moves: &["publisher.refused_no_room"],
            besides: &[
                "publisher.published",
                "publisher.accepted",
                "subscription.offered",
                "subscription.ok",
                "subscription.latency.count",
                "subscription.latency.p50_ns",
                "subscription.latency.p99_ns",
                "subscription.latency.max_ns",
                "callback.ok",
                "slots.in_use",
            ],
        },
        Situation {
            name: "all slots are taken",
            prepare: |robot| {
                robot.start();
                while robot.publish("hoarded", "{value: 1}").is_ok() {
                    robot.settle();
                }
            },
            act: |robot| assert!(robot.publish("hoarded", "{value: 1}").is_err()),
            moves: &["publisher.refused_no_slot"],
            besides: &["publisher.published"],
        },
    ]
}

fn moving(robot: &mut Robot) {
    robot.start();
    robot.say("move");
    robot.settle();
}

fn of_the_rest() -> Vec<Situation> {
    const CALLED: [&str; 5] = [
        "subscription.queued",
        "subscription.ok",
        "subscription.latency.count",
        "callback.ok",
        "slots.in_use",
    ];
    vec![
        Situation {
            name: "a timer is due",
            prepare: |robot| {
                robot.start();
                robot.run_ms(400);
            },
            act: |robot| robot.run_ms(200),
            moves: &["timer.ticks"],
            besides: &["callback.ok"],
        },
        Situation {
            name: "an actuator is commanded",
            prepare: |robot| {
                moving(robot);
                robot.say("move");
            },
            act: Robot::settle,
            moves: &["actuator.commands"],
            besides: &CALLED,
        },
        Situation {
            name: "a command is refused, because all motion was stopped",
            prepare: |robot| {
                moving(robot);
                robot.robot.environment().actuators().stop_motion();
                robot.settle();
                robot.say("move");
            },
            act: Robot::settle,
            moves: &["actuator.refused"],
            besides: &CALLED,
        },
        Situation {
            name: "a command expires",
            prepare: moving,
            act: |robot| robot.run_ms(200),
            moves: &["actuator.expired"],
            besides: &["actuator.made_safe"],
        },
        Situation {
            name: "somebody asks for an actuator to be made safe",
            prepare: moving,
            act: |robot| {
                let late = robot.robot.environment().actuators().make_safe(Duration::from_millis(50));
                assert!(late.is_empty());
            },
            moves: &["actuator.made_safe"],
            besides: &[],
        },
        Situation {
            name: "an actuator cannot be made safe",
            prepare: |robot| {
                moving(robot);
                robot.shared.cannot_be_safe.store(true, Ordering::Relaxed);
            },
            act: |robot| {
                let late = robot.robot.environment().actuators().make_safe(Duration::from_millis(50));
                assert_eq!(late.len(), 1);
            },
            moves: &["actuator.make_safe_failed"],
            besides: &[],
        },
        Situation {
            name: "a block is written",
            prepare: |robot| {
                robot.start();
                robot.say("write");
                robot.settle();
                robot.say("write");
            },
            act: Robot::settle,
            moves: &["ring.published"],
            besides: &CALLED,
        },
        Situation {
            name: "a block is read",
            prepare: |robot| read_after(robot, 1),
            act: Robot::settle,
            moves: &["reader.next", "reader.read"],
            besides: &CALLED,
        },
        Situation {
            name: "a reader is overtaken",
            prepare: |robot| read_after(robot, 20),
            act: Robot::settle,
            moves: &["reader.lapped"],
            besides: &["reader.next", CALLED[0], CALLED[1], CALLED[2], CALLED[3], CALLED[4]],
        },
    ]
}

/// A reader that sits in its place is about to read, after `blocks` were written.
fn read_after(robot: &mut Robot, blocks: u32) {
    robot.start();
    robot.say("read");
    robot.settle();
    for _ in 0..blocks {
        robot.say("write");
        robot.settle();
    }
    robot.say("read");
}
