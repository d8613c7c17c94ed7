//! A callback that does not return: what others notice of it, and what the life after it gets.
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use nevil_runtime::prelude::*;
use nevil_runtime::{
    Bus, Clock, Environment, Failure, NodeRules, NodeSpec, NodeState, NodeTypes, Phase, Safety,
    SubscriptionCounts, ThreadedNode, Waker,
};

const LONG: Duration = Duration::from_secs(60);
const MS: Duration = Duration::from_millis(1);

#[derive(Message)]
struct Order {
    number: u32,
}

const ORDERS: Topic<Order> = Topic::commands("orders").depth(8);
const MODE: Topic<Order> = Topic::new("mode").latched();
const DONE: Topic<Order> = Topic::new("done").depth(64);

/// Where callbacks hang until the test lets them go.
#[derive(Default)]
struct Door {
    hanging: Mutex<u32>,
    open: Mutex<bool>,
    changed: Condvar,
}

impl Door {
    fn pass(&self) {
        *self.hanging.lock().unwrap() += 1;
        let mut open = self.open.lock().unwrap();
        while !*open {
            open = self.changed.wait(open).unwrap();
        }
        *self.hanging.lock().unwrap() -= 1;
    }

    fn let_go(&self) {
        *self.open.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

/// Hangs at order 13, and at mode 13; says what else it has done.
struct Worker {
    done: Publisher<Order>,
    device: Device<u32>,
}

static DOOR: Mutex<Option<Arc<Door>>> = Mutex::new(None);
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

impl Node for Worker {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(ORDERS, Self::on_order)?;
        setup.subscribe(MODE, Self::on_mode)?;
        let device = setup.device("i2c-1:0x14", || Ok(0))?;
        Ok(Self { done: setup.publisher(DONE)?, device })
    }
}

impl Worker {
    fn on_order(&mut self, order: &Received<Order>, ctx: &Context) -> NodeResult {
        if order.number == 66 {
            let door = DOOR.lock().unwrap().clone().unwrap();
            door.pass();
            panic!("it gave up the ghost");
        }
        if order.number == 13 {
            let door = DOOR.lock().unwrap().clone().unwrap();
            door.pass();
            // It is late, and was given up: neither reaches anybody.
            assert!(ctx.cancel().is_cancelled());
            assert!(self.done.publish(Order { number: 13 }).is_err());
            assert!(self.device.with(|_| Ok(())).is_err());
            return Ok(());
        }
        self.device.with(|served| {
            *served += 1;
            Ok(())
        })?;
        self.done.publish(Order { number: order.number })?;
        Ok(())
    }

    fn on_mode(&mut self, mode: &Received<Order>, ctx: &Context) -> NodeResult {
        if mode.number == 13 {
            let door = DOOR.lock().unwrap().clone().unwrap();
            door.pass();
        }
        self.done.publish(Order { number: 1000 + mode.number })?;
        assert!(!ctx.cancel().is_cancelled());
        Ok(())
    }
}

/// Publishes what the test wants.
struct Boss;

static BOSS: Mutex<Vec<(&'static str, u32)>> = Mutex::new(Vec::new());

impl Node for Boss {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        let (orders, mode) = (setup.publisher(ORDERS)?, setup.publisher(MODE)?);
        setup.every(MS, move |_: &mut Self, _: &Tick, _: &Context| {
            for (topic, number) in BOSS.lock().unwrap().drain(..) {
                let publisher = if topic == "orders" { &orders } else { &mode };
                publisher.publish(Order { number })?;
            }
            Ok(())
        })?;
        Ok(Self)
    }
}

struct Robot {
    environment: Environment,
    waker: Waker,
    worker: ThreadedNode,
    boss: ThreadedNode,
    safety: Option<Safety>,
    door: Arc<Door>,
}

impl Robot {
    fn start(timeout: Duration, grace: Duration) -> Self {
        let door = Arc::<Door>::default();
        *DOOR.lock().unwrap() = Some(Arc::clone(&door));
        let environment = Environment::new(Clock::monotonic(), 1);
        let waker = Waker::of(&environment);
        let types = NodeTypes::new().with::<Worker>("worker").with::<Boss>("boss");
        let spawn = |name: &str| {
            let mut rules = NodeRules::default();
            if name == "worker" {
                (rules.callback.timeout, rules.callback.hang_grace) = (timeout, grace);
            }
            let spec = NodeSpec { rules, ..NodeSpec::new(name, types.get(name).unwrap().clone()) };
            ThreadedNode::spawn(spec, name, &environment, &waker).unwrap()
        };
        let (worker, boss) = (spawn("worker"), spawn("boss"));
        let mut robot = Self { environment, waker, worker, boss, safety: None, door };
        for node in [&robot.worker, &robot.boss] {
            robot.answer(node).unwrap();
        }
        robot.environment.seal().unwrap();
        robot.safety = Some(Safety::start(&robot.environment, None).unwrap());
        for node in [&robot.worker, &robot.boss] {
            node.order(Phase::Activate);
            robot.answer(node).unwrap();
        }
        robot
    }

    fn answer(&self, node: &ThreadedNode) -> Result<(), nevil_runtime::OrderError> {
        let deadline = self.environment.bus().clock().now() + LONG;
        node.wait(deadline, &mut |longest| {
            self.waker.wait(Some(longest));
            ControlFlow::Continue(())
        })
    }

    fn bus(&self) -> &Bus {
        self.environment.bus()
    }

    fn say(&self, topic: &'static str, number: u32) {
        BOSS.lock().unwrap().push((topic, number));
    }

    /// Waits until `condition`, with a watchdog.
    fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let began = self.bus().clock().now();
        while !condition(self) {
            assert!(self.bus().clock().now().since(began) < LONG, "waited in vain: {what}");
            self.waker.wait(Some(MS));
        }
    }

    fn orders(&self) -> SubscriptionCounts {
        self.bus().counts("orders").unwrap().subscriptions.remove(0).2
    }

    fn failure(&self) -> Failure {
        let failure = Mutex::new(None);
        self.until("a failure", |robot| {
            let mut failure = failure.lock().unwrap();
            *failure = failure.take().or_else(|| robot.worker.take_failure());
            failure.is_some()
        });
        failure.into_inner().unwrap().unwrap()
    }

    fn next_life(&self) {
        self.worker.respawn().unwrap();
        self.answer(&self.worker).unwrap();
        self.environment.seal().unwrap();
        self.worker.order(Phase::Activate);
        self.answer(&self.worker).unwrap();
    }

    fn end(mut self) {
        self.door.let_go();
        self.until("the end of what was given up", |robot| robot.environment.zombies() == 0);
        for node in [&self.worker, &self.boss] {
            for phase in [Phase::Deactivate, Phase::Shutdown] {
                node.order(phase);
                self.answer(node).unwrap();
            }
            node.join();
        }
        self.safety.take().unwrap().end();
        assert_eq!(self.bus().imbalances(), Vec::<String>::new());
    }
}

#[test]
fn a_hung_callback_is_given_up_and_the_next_life_goes_on_with_all_accounts_balanced() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let robot = Robot::start(20 * MS, 20 * MS);
    let mut done = robot.bus().tap(&DONE).unwrap();
    robot.say("mode", 7);
    robot.say("orders", 1);
    robot.until("mode and order", |robot| robot.orders().ok == 1);
    robot.say("orders", 13);
    robot.until("the call", |robot| *robot.door.hanging.lock().unwrap() == 1);
    robot.say("orders", 2);
    let failure = robot.failure();
    let Failure::Hung { callback, ran } = &failure else { panic!("{failure:?}") };
    assert_eq!(callback, "on_order");
    assert!(*ran >= 40 * MS, "{ran:?}");
    assert_eq!((robot.worker.state(), robot.environment.zombies()), (NodeState::Failed, 1));
    // Neither the message in its hand nor those in its queue come again; the mode, which is latched, does.
    robot.next_life();
    let counts = robot.orders();
    assert_eq!((counts.timed_out, counts.discarded, counts.running), (1, 1, 0), "{counts:?}");
    robot.say("orders", 3);
    robot.until("the order after", |robot| robot.orders().ok == 2);
    let mut said = Vec::new();
    while let Some(tapped) = done.take() {
        said.push((tapped.header().incarnation, tapped.number));
    }
    said.sort_unstable();
    assert_eq!(said, [(1, 1), (1, 1007), (2, 3), (2, 1007)]);
    robot.end();
}

#[test]
fn a_latched_value_that_a_callback_hung_with_is_not_given_to_the_next_life() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let robot = Robot::start(20 * MS, 20 * MS);
    robot.say("mode", 13);
    let failure = robot.failure();
    assert!(matches!(&failure, Failure::Hung { callback, .. } if callback == "on_mode"), "{failure:?}");
    robot.next_life();
    robot.say("orders", 3);
    robot.until("an order", |robot| robot.orders().ok == 1);
    let counts = robot.bus().counts("mode").unwrap().subscriptions.remove(0).2;
    assert_eq!((counts.offered, counts.timed_out, counts.replayed), (1, 1, 0), "{counts:?}");
    robot.end();
}

#[test]
fn a_callback_that_is_late_but_returns_has_failed_and_its_node_goes_on() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let robot = Robot::start(20 * MS, LONG);
    robot.say("orders", 13);
    robot.until("the call", |robot| *robot.door.hanging.lock().unwrap() == 1);
    robot.until("its deadline", |robot| {
        let status =
            nevil_runtime::RobotStatus::read(&robot.environment, std::slice::from_ref(&robot.worker));
        status.nodes[0].callbacks.iter().any(|callback| callback.timed_out == 1)
    });
    robot.door.let_go();
    robot.say("orders", 1);
    robot.until("the order after", |robot| robot.orders().ok == 1);
    assert_eq!((robot.orders().timed_out, robot.environment.zombies()), (1, 0));
    assert!(robot.worker.take_failure().is_none());
    robot.end();
}

#[test]
fn a_callback_that_panics_after_its_deadline_fails_its_node_like_any_other() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let robot = Robot::start(20 * MS, LONG);
    robot.say("orders", 66);
    robot.until("the call", |robot| *robot.door.hanging.lock().unwrap() == 1);
    robot.until("its deadline", |robot| robot.worker.is_late());
    robot.door.let_go();
    let failure = robot.failure();
    assert!(
        matches!(&failure, Failure::Panicked { text, .. } if text == "it gave up the ghost"),
        "{failure:?}"
    );
    // The failure is told at once; the message is accounted for when the call is over.
    robot.until("the account of the order", |robot| robot.orders().timed_out == 1);
    assert_eq!(robot.environment.zombies(), 0);
    robot.end();
}
