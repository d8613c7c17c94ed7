//! Once nodes are active, the runtime's own code allocates and frees nothing on their threads.
//!
//! Every path that a message, a timer or a driver takes has a thread here whose allocator counts. Each thread compares
//! two of its own callbacks: all that it did in between is counted, the user's code included, which does nothing.
//! A log is installed, so that what writes records is counted too.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

mod nodes;
#[path = "../running/mod.rs"]
mod running;

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use nevil_runtime::log::Log;
use nevil_runtime::prelude::*;
use nevil_runtime::{Authority, Clock, Environment, RobotStatus, SimulatedRobot, ThreadSpec};
use nevil_sys::alloc::{CountingAllocator, thread_allocations, thread_frees};

use nodes::{
    CROWDED, Driven, Failing, Hoarder, LATCHED, LATEST, MS, OLDEST, Receiver, Refused, Silent, Slow, Source,
    WORKED,
};
use running::{Running, spec};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Callbacks of a thread before its count begins: the first ones reach what is made when it is first used.
const WARM: u64 = 50;

/// Callbacks that are counted, at least. Nothing here waits for a time but for this.
const COUNTED: u64 = 150;

/// The paths: one thread each.
#[derive(Clone, Copy, Debug)]
enum Path {
    Timer,
    TurnsOfReceiver,
    Slow,
    Refused,
    Kept,
    Driver,
    InputOfDriver,
    WaitingDriver,
    InputOfWaitingDriver,
    Silent,
    Failing,
}

impl Path {
    const ALL: [(Self, &'static str); 11] = [
        (Self::Timer, "timer, publish with every overflow rule, fan-out, latched"),
        (Self::TurnsOfReceiver, "subscriptions with every overflow rule, latched"),
        (Self::Slow, "subscriptions that overflow, and messages that expire"),
        (Self::Refused, "publish refused: too large"),
        (Self::Kept, "messages kept, publish refused: no slot"),
        (Self::Driver, "driver: send, publish"),
        (Self::InputOfDriver, "callback of a driver"),
        (Self::WaitingDriver, "driver: send_within, publish_within"),
        (Self::InputOfWaitingDriver, "callback of a driver that waits"),
        (Self::Silent, "silence of a topic reported, and its end"),
        (Self::Failing, "callback that fails (its own error, its text, a record)"),
    ];
}

/// What one thread has asked of its allocator between two of its callbacks.
#[derive(Default)]
struct Meter {
    calls: AtomicU64,
    allocations: AtomicU64,
    frees: AtomicU64,
    allocations_before: AtomicU64,
    frees_before: AtomicU64,
}

static METERS: [Meter; Path::ALL.len()] = [const {
    Meter {
        calls: AtomicU64::new(0),
        allocations: AtomicU64::new(0),
        frees: AtomicU64::new(0),
        allocations_before: AtomicU64::new(0),
        frees_before: AtomicU64::new(0),
    }
}; Path::ALL.len()];

/// Notes what the calling thread has asked of its allocator so far.
fn note(path: Path) {
    let meter = &METERS[path as usize];
    let (allocations, frees) = (thread_allocations(), thread_frees());
    let calls = meter.calls.fetch_add(1, Ordering::Relaxed);
    if calls <= WARM {
        meter.allocations_before.store(allocations, Ordering::Relaxed);
        meter.frees_before.store(frees, Ordering::Relaxed);
    }
    let since = |now: u64, before: &AtomicU64| now - before.load(Ordering::Relaxed);
    meter.allocations.store(since(allocations, &meter.allocations_before), Ordering::Relaxed);
    meter.frees.store(since(frees, &meter.frees_before), Ordering::Relaxed);
}

/// A log that nobody reads.
struct Nowhere;

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

static LOG: Mutex<Option<Log>> = Mutex::new(None);

/// One test at a time, with a log, and meters at zero.
fn alone() -> MutexGuard<'static, Option<Log>> {
    let mut log = LOG.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    log.get_or_insert_with(|| Log::install("info", Box::new(Nowhere)).unwrap());
    METERS.iter().for_each(|meter| meter.calls.store(0, Ordering::Relaxed));
    log
}

fn specs() -> Vec<nevil_runtime::NodeSpec> {
    let thread = ThreadSpec::default;
    vec![
        spec::<Receiver>("first", thread()),
        spec::<Receiver>("second", thread()),
        spec::<Slow>("slow", thread()),
        spec::<Refused>("refused", thread()),
        spec::<Hoarder>("hoarder", thread()),
        spec::<Driven>("driven", thread()),
        spec::<Driven>("waiting", thread()),
        spec::<Silent>("silent", thread()),
        failing(),
        spec::<Source>("source", thread()),
    ]
}

/// It fails again and again, and is called all the same.
fn failing() -> nevil_runtime::NodeSpec {
    let mut failing = spec::<Failing>("failing", ThreadSpec::default());
    failing.rules.callback.breaker.trip.clear();
    failing
}

/// Says it past the test harness, which shows what a test prints only if it fails.
fn say(text: &str) {
    // Who closed stderr does not want to read it.
    let _ = writeln!(io::stderr(), "{text}");
}

/// That every path was taken in the robot of `status`, as its counters say.
fn check_that_all_was_done(status: &RobotStatus) {
    let topic = |name: &str| &status.topics.iter().find(|topic| topic.name == name).unwrap().counts;
    let subscription = |name: &str| &topic(name).subscriptions[0].2;
    let publisher = |name: &str| &topic(name).publishers[0].1;
    assert!(subscription("crowded").overflow > COUNTED / 4);
    assert!(publisher("small").refused_size > COUNTED);
    assert!(publisher("hoarded").refused_no_slot > 0);
    assert!(subscription("rare").silences > 0);
    assert!(subscription("wrong").failed > COUNTED);
    assert!(subscription("waiting/hand").ok > COUNTED);
}

/// Calls of all paths so far.
fn calls() -> u64 {
    METERS.iter().map(|meter| meter.calls.load(Ordering::Relaxed)).sum()
}

#[test]
fn nothing_is_allocated_or_freed_on_the_threads_of_active_nodes_and_drivers() {
    let _alone = alone();
    let robot = Running::start(specs());
    let bus = robot.environment.bus().clone();
    // Tools come and go all the while: taps, and publishers of their own.
    let late = bus.clock().now() + Duration::from_secs(60);
    while METERS.iter().any(|meter| meter.calls.load(Ordering::Relaxed) < WARM + COUNTED) {
        assert!(bus.clock().now() < late, "every path is taken again and again");
        for topic in [OLDEST, LATEST, LATCHED, CROWDED, WORKED] {
            let mut tap = bus.tap(&topic).unwrap();
            let tool = bus.tool_publisher(topic.name(), "tool", Authority::Tool).unwrap();
            tool.publish(&Value::parse_yaml("message", "{value: 7}").unwrap()).unwrap();
            // Until the nodes have gone on beside the tools.
            let seen = calls();
            while calls() < seen + 10 {
                assert!(bus.clock().now() < late, "the nodes go on beside the tools");
                std::thread::yield_now();
            }
            while tap.take().is_some() {}
        }
    }
    let status = RobotStatus::read(&robot.environment, &robot.nodes);
    robot.stop();
    check_that_all_was_done(&status);
    let short = status.topics.iter().find(|topic| topic.name == "short").unwrap();
    assert!(short.counts.subscriptions[0].2.expired > 0, "messages have expired");
    let mut wrong = Vec::new();
    for ((path, name), meter) in Path::ALL.into_iter().zip(&METERS) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (calls, allocations, frees) = (read(&meter.calls), read(&meter.allocations), read(&meter.frees));
        let line = format!("{allocations:>6} allocated {frees:>6} freed in {calls:>6} calls: {name}");
        say(&line);
        // An error is the node's own, and so is its text; the runtime turns it into one.
        if !matches!(path, Path::Failing) && (allocations, frees) != (0, 0) {
            wrong.push(line);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn nothing_is_allocated_or_freed_under_simulation() {
    let _alone = alone();
    let specs = specs().into_iter().filter(|spec| &*spec.instance != "failing").collect();
    let mut robot = SimulatedRobot::configure(specs, Environment::new(Clock::simulated(), 1)).unwrap();
    robot.activate().unwrap();
    robot.run_for(MS * u32::try_from(WARM).unwrap()).unwrap();
    let (messages, before) = (robot.messages(), (thread_allocations(), thread_frees()));
    robot.run_for(Duration::from_secs(2)).unwrap();
    let after = (thread_allocations() - before.0, thread_frees() - before.1);
    let messages = robot.messages() - messages;
    say(&format!("{:>6} allocated {:>6} freed in {messages:>6} messages: simulation", after.0, after.1));
    assert!(messages > 10_000, "{messages}");
    assert_eq!(after, (0, 0));
    assert!(robot.stop().is_empty());
}
