//! Threads that hang in a phase of their node, are given up, and come back when another life of the node is at work: that life
//! does not notice.
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use nevil_runtime::prelude::*;
use nevil_runtime::{Clock, Environment, NodeSpec, NodeTypes, Phase, Safety, ThreadedNode, Waker};

const LONG: Duration = Duration::from_secs(60);
const MS: Duration = Duration::from_millis(1);

#[derive(Message)]
struct Reading {
    life: u32,
}

/// Where the first life hangs until the test lets it go.
#[derive(Default)]
struct Door {
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Door {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 = true;
        self.changed.notify_all();
        while !state.1 {
            state = self.changed.wait(state).unwrap();
        }
    }

    fn is_reached(&self) {
        let mut state = self.state.lock().unwrap();
        while !state.0 {
            state = self.changed.wait(state).unwrap();
        }
    }

    fn let_go(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}

/// What the test and its node share; one test at a time.
static SHARED: Mutex<Option<Arc<Shared>>> = Mutex::new(None);
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

struct Shared {
    phase: Phase,
    door: Door,
    lives: AtomicU32,
    /// Lives whose driver has read something, and whose commands were obeyed or refused.
    read: Mutex<Vec<u32>>,
    commanded: Mutex<Vec<(u32, bool)>>,
}

impl Shared {
    fn hang(&self, phase: Phase, life: u32) {
        if life == 1 && self.phase == phase {
            self.door.pass();
        }
    }
}

struct Wheel;

impl Actuate for Wheel {
    type Command = u32;

    fn apply(&mut self, _: &u32) -> DeviceResult<()> {
        Ok(())
    }
}

struct Reader(u32, Arc<Shared>);

impl Driver for Reader {
    type Input = Reading;

    fn step(&mut self, now: Time, input: &DriverInput<Reading>) -> Result<Option<Time>, NodeError> {
        self.1.read.lock().unwrap().push(self.0);
        input.send(Reading { life: self.0 })?;
        Ok(Some(now + 5 * MS))
    }
}

struct Mover {
    wheel: Actuator<Wheel>,
    life: u32,
    shared: Arc<Shared>,
}

impl Node for Mover {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        let shared = SHARED.lock().unwrap().clone().unwrap();
        // Relaxed: lives are configured one after the other.
        let life = shared.lives.fetch_add(1, Ordering::Relaxed) + 1;
        let wheel = setup.actuator("wheel", || {
            Ok(OpenActuator { control: Wheel, make_safe: Arc::new(|| Ok(())), guard: None })
        });
        let opening = Arc::clone(&shared);
        setup.device("i2c-1:0x14", move || {
            // There is no phase of its own for it.
            opening.hang(Phase::Configure, life);
            Ok(0)
        })?;
        let reading = Arc::clone(&shared);
        setup.driver(
            "reader",
            move || Ok(Reader(life, Arc::clone(&reading))),
            |_: &mut Self, reading, _| {
                assert!(reading.life > 0);
                Ok(())
            },
        )?;
        setup.every(5 * MS, |mover: &mut Self, _, _| {
            let obeyed = mover.wheel.command(&1, 500 * MS).is_ok();
            mover.shared.commanded.lock().unwrap().push((mover.life, obeyed));
            Ok(())
        })?;
        Ok(Self { wheel, life, shared })
    }

    fn activate(&mut self, _: &Context) -> NodeResult {
        self.shared.hang(Phase::Activate, self.life);
        Ok(())
    }

    fn deactivate(&mut self, _: &Context) -> NodeResult {
        self.shared.hang(Phase::Deactivate, self.life);
        Ok(())
    }
}

struct Robot {
    environment: Environment,
    waker: Waker,
    node: ThreadedNode,
    safety: Safety,
    shared: Arc<Shared>,
}

impl Robot {
    /// A node whose first life hangs in `phase`.
    fn start(phase: Phase) -> Self {
        let door = Door::default();
        let (read, commanded) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { phase, door, lives: AtomicU32::new(0), read, commanded });
        *SHARED.lock().unwrap() = Some(Arc::clone(&shared));
        let environment = Environment::new(Clock::monotonic(), 1);
        let waker = Waker::of(&environment);
        let types = NodeTypes::new().with::<Mover>("mover");
        let spec = NodeSpec::new("mover", types.get("mover").unwrap().clone());
        let node = ThreadedNode::spawn(spec, "mover", &environment, &waker).unwrap();
        answer(&environment, &waker, &node);
        environment.seal().unwrap();
        let safety = Safety::start(&environment, None).unwrap();
        Self { environment, waker, node, safety, shared }
    }

    fn order(&self, phase: Phase) {
        self.node.order(phase);
        answer(&self.environment, &self.waker, &self.node);
    }

    fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let began = self.environment.bus().clock().now();
        while !condition(self) {
            let waited = self.environment.bus().clock().now().since(began);
            assert!(waited < LONG, "waited in vain: {what}");
            self.waker.wait(Some(MS));
        }
    }

    /// Waits until life 2 has commanded and read five times more.
    fn works(&self) {
        self.shared.read.lock().unwrap().clear();
        self.shared.commanded.lock().unwrap().clear();
        self.until("life 2 works", |robot| {
            let commanded = robot.shared.commanded.lock().unwrap().len();
            commanded > 5 && robot.shared.read.lock().unwrap().len() > 5
        });
        assert!(self.shared.commanded.lock().unwrap().iter().all(|one| *one == (2, true)), "all are obeyed");
        assert!(self.shared.read.lock().unwrap().iter().all(|life| *life == 2), "nobody else reads");
    }
}

fn answer(environment: &Environment, waker: &Waker, node: &ThreadedNode) {
    let deadline = environment.bus().clock().now() + LONG;
    let answered = node.wait(deadline, &mut |longest| {
        waker.wait(Some(longest));
        ControlFlow::Continue(())
    });
    answered.unwrap();
}

fn a_life_that_hangs_in(phase: Phase) {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let robot = Robot::start(phase);
    if phase == Phase::Deactivate {
        robot.order(Phase::Activate);
        robot.node.order(Phase::Deactivate);
    } else {
        robot.node.order(Phase::Activate);
    }
    robot.shared.door.is_reached();
    assert!(robot.node.give_up());
    assert_eq!(robot.environment.zombies(), 1);
    robot.node.respawn().unwrap();
    answer(&robot.environment, &robot.waker, &robot.node);
    robot.environment.seal().unwrap();
    robot.order(Phase::Activate);
    robot.works();
    robot.shared.door.let_go();
    robot.until("the end of life 1", |robot| robot.environment.zombies() == 0);
    robot.works();
    robot.order(Phase::Deactivate);
    robot.order(Phase::Shutdown);
    robot.node.join();
    robot.safety.end();
    assert_eq!(robot.environment.bus().imbalances(), Vec::<String>::new());
}

#[test]
fn a_thread_that_comes_back_from_opening_a_device_opens_and_starts_nothing_more() {
    // Devices are opened in the activation; `Configure` stands for that here.
    a_life_that_hangs_in(Phase::Configure);
}

#[test]
fn a_thread_that_comes_back_from_its_activation_starts_no_driver() {
    a_life_that_hangs_in(Phase::Activate);
}

#[test]
fn a_thread_that_comes_back_from_its_deactivation_closes_nothing_that_the_next_life_has() {
    a_life_that_hangs_in(Phase::Deactivate);
}
