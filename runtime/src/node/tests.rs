//! Turns of one node, on a clock that the test moves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nevil_msgs::{Message, Topic};

use crate::breaker::{BreakerPolicy, BreakerState, Operation};
use crate::bus::{Publisher, Received, SubscriptionCounts, SubscriptionQos};
use crate::clock::{Clock, Time};
use crate::error::{NodeError, NodeResult};
use crate::incarnation::Incarnation;
use crate::limits::TURN_MESSAGES_MAX;
use crate::node::{AnyNode, Context, Environment, Node, NodeShared, NodeSpec, NodeTypes, Setup};

const MS: Duration = Duration::from_millis(1);

#[derive(Message)]
struct Note {
    value: u32,
}

const PLAIN: Topic<Note> = Topic::new("plain").depth(64);
const SHORT_LIVED: Topic<Note> = Topic::new("short_lived").lifespan(Duration::from_millis(10));
const REGULAR: Topic<Note> = Topic::new("regular").deadline(Duration::from_millis(10));
const STATE: Topic<Note> = Topic::new("state").latched().lifespan(Duration::from_millis(10));

struct Listener;

impl Node for Listener {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        let nothing = |_: &mut Self, _: &Received<Note>, _: &Context| -> NodeResult { Ok(()) };
        for topic in [PLAIN, SHORT_LIVED, REGULAR, STATE] {
            setup.subscribe(topic, nothing)?;
        }
        Ok(Self)
    }
}

struct Fixture {
    environment: Environment,
    shared: Arc<NodeShared>,
    node: Box<dyn AnyNode>,
}

impl Fixture {
    fn new() -> Self {
        Self::after(|_| {})
    }

    /// A node that is activated after `before` was done.
    fn after(before: impl FnOnce(&Environment)) -> Self {
        Self::with(before, |_| {})
    }

    /// The same, of which `say` says more.
    fn with(before: impl FnOnce(&Environment), say: impl FnOnce(&mut NodeSpec)) -> Self {
        let environment = Environment::new(Clock::simulated(), 1);
        before(&environment);
        let node_type = NodeTypes::new().with::<Listener>("listener").get("listener").unwrap().clone();
        let mut spec = NodeSpec::new("listener", node_type);
        say(&mut spec);
        let shared = spec.life(&environment, 1);
        let mut node = spec.configure(&environment, &shared).unwrap();
        environment.seal().unwrap();
        node.activate(None).unwrap();
        Self { environment, shared, node }
    }

    fn set_ms(&self, ms: u32) {
        self.environment.bus.clock().set(Time::ZERO + MS * ms);
    }

    fn counts(&self, topic: &str) -> SubscriptionCounts {
        self.environment.bus.counts(topic).unwrap().subscriptions.remove(0).2
    }
}

fn publisher(environment: &Environment, topic: Topic<Note>) -> Publisher<Note> {
    let name: Arc<str> = "sender".into();
    let incarnation = Arc::new(Incarnation::new(Arc::clone(&name), environment.bus.source(&name), 1));
    incarnation.open();
    let publisher = environment.bus.publisher(topic.name(), &topic, incarnation, Arc::default()).unwrap();
    environment.seal().unwrap();
    publisher
}

#[test]
fn a_message_older_than_the_lifespan_when_its_turn_comes_is_counted_as_expired_and_not_delivered() {
    let mut fixture = Fixture::new();
    let publisher = publisher(&fixture.environment, SHORT_LIVED);
    publisher.publish(Note { value: 1 }).unwrap();
    fixture.environment.bus.clock().set(Time::from_ns(1));
    publisher.publish(Note { value: 2 }).unwrap();
    fixture.environment.bus.clock().set(Time::from_ns(10_000_001));
    fixture.node.turn();
    let counts = fixture.counts("short_lived");
    assert_eq!((counts.offered, counts.expired, counts.ok), (2, 1, 1));
    assert!(counts.balances());
}

#[test]
fn a_latched_value_expires_like_any_other_message() {
    let mut latched = None;
    let mut fixture = Fixture::after(|environment| {
        let publisher = publisher(environment, STATE);
        publisher.publish(Note { value: 1 }).unwrap();
        latched = Some(publisher);
    });
    fixture.set_ms(11);
    fixture.node.turn();
    let counts = fixture.counts("state");
    assert_eq!((counts.offered, counts.replayed, counts.expired, counts.ok), (1, 1, 1, 0));
}

#[test]
fn silence_as_long_as_the_deadline_is_counted_once_until_a_message_comes() {
    let mut fixture = Fixture::new();
    let publisher = publisher(&fixture.environment, REGULAR);
    assert_eq!(fixture.node.turn().next_due, Some(Time::ZERO + MS * 10));
    fixture.set_ms(10);
    assert_eq!((fixture.node.turn().next_due, fixture.counts("regular").silences), (None, 1));
    fixture.set_ms(50);
    fixture.node.turn();
    assert_eq!(fixture.counts("regular").silences, 1);
    publisher.publish(Note { value: 1 }).unwrap();
    assert_eq!(fixture.node.turn().next_due, Some(Time::ZERO + MS * 60));
    fixture.set_ms(60);
    fixture.node.turn();
    assert_eq!(fixture.counts("regular").silences, 2);
}

#[test]
fn lifespan_and_deadline_are_those_that_are_said_of_the_subscription_and_else_of_all() {
    let mut fixture = Fixture::with(
        |_| {},
        |spec| {
            let qos = |lifespan_ms, deadline_ms| SubscriptionQos {
                lifespan: Some(Some(MS * lifespan_ms)),
                deadline: Some(Some(MS * deadline_ms)),
                ..SubscriptionQos::NOTHING
            };
            spec.subscription_default = qos(30, 100);
            spec.subscriptions = BTreeMap::from([("short_lived".to_owned(), qos(20, 40))]);
        },
    );
    let publishers = [PLAIN, SHORT_LIVED].map(|topic| publisher(&fixture.environment, topic));
    assert_eq!(fixture.node.turn().next_due, Some(Time::ZERO + MS * 40));
    for ms in [0, 1] {
        fixture.set_ms(ms);
        publishers.iter().for_each(|publisher| assert!(publisher.publish(Note { value: 1 }).is_ok()));
    }
    fixture.set_ms(21);
    fixture.node.turn();
    let [plain, short] = ["plain", "short_lived"].map(|topic| fixture.counts(topic));
    assert_eq!((plain.expired, plain.ok, short.expired, short.ok), (0, 2, 1, 1));
}

#[test]
fn what_is_said_of_a_topic_that_the_node_does_not_subscribe_to_is_refused_with_those_that_it_does() {
    let node_type = NodeTypes::new().with::<Listener>("listener").get("listener").unwrap().clone();
    let said = BTreeMap::from([("plane".to_owned(), SubscriptionQos::NOTHING)]);
    let spec = NodeSpec { subscriptions: said, ..NodeSpec::new("listener", node_type) };
    assert_eq!(
        spec.check(&Environment::new(Clock::simulated(), 1)).unwrap_err().to_string(),
        "the node does not subscribe to `plane` in its code; it subscribes to plain, regular, short_lived, state"
    );
}

#[test]
fn the_time_from_publish_to_the_callback_is_measured() {
    let mut fixture = Fixture::new();
    let publisher = publisher(&fixture.environment, PLAIN);
    publisher.publish(Note { value: 1 }).unwrap();
    fixture.set_ms(2);
    fixture.node.turn();
    let latency = fixture.counts("plain").latency;
    assert_eq!(latency.count, 1);
    assert!((2_000_000..=2_500_000).contains(&latency.p50_ns), "{latency:?}");
    assert_eq!(latency.max_ns, latency.p50_ns);
}

#[test]
fn a_turn_serves_so_many_messages_of_a_flood_and_says_that_there_are_more() {
    let mut fixture = Fixture::new();
    let publisher = publisher(&fixture.environment, PLAIN);
    let flood = u32::try_from(TURN_MESSAGES_MAX).unwrap() + 1;
    for value in 0..flood {
        publisher.publish(Note { value }).unwrap();
    }
    assert!(fixture.node.turn().more && fixture.node.is_ready());
    assert_eq!(fixture.counts("plain").ok, TURN_MESSAGES_MAX as u64);
    assert!(!fixture.node.turn().more && !fixture.node.is_ready());
    assert_eq!(fixture.counts("plain").ok, u64::from(flood));
    assert!(fixture.shared.take_failure().is_none());
}

#[test]
fn a_node_that_is_told_to_stop_begins_no_further_callback() {
    let mut fixture = Fixture::new();
    let publisher = publisher(&fixture.environment, PLAIN);
    (0..9).for_each(|value| assert!(publisher.publish(Note { value }).is_ok()));
    fixture.shared.incarnation.cancel().set(true);
    fixture.node.turn();
    assert_eq!((fixture.counts("plain").ok, fixture.counts("plain").queued), (0, 9));
}

#[test]
fn a_node_that_failed_and_is_ended_gives_up_its_queues() {
    let mut fixture = Fixture::new();
    let publisher = publisher(&fixture.environment, PLAIN);
    publisher.publish(Note { value: 1 }).unwrap();
    let text = "a test".to_owned();
    fixture.shared.fail(crate::node::Failure::Panicked { callback: "on_note".into(), text });
    fixture.node.deactivate().unwrap();
    let counts = fixture.counts("plain");
    assert_eq!((counts.offered, counts.queued, counts.discarded), (1, 0, 1));
    assert_eq!(publisher.publish(Note { value: 2 }).unwrap().offered, 0);
}

#[test]
fn a_node_that_is_too_late_for_its_own_messages_does_not_call_that_silence() {
    let mut fixture = Fixture::new();
    let publisher = publisher(&fixture.environment, REGULAR);
    for value in 0..u32::try_from(TURN_MESSAGES_MAX).unwrap() + 4 {
        publisher.publish(Note { value }).unwrap();
    }
    fixture.set_ms(50);
    // One source has its share of the turn, and messages are left.
    let nothing_silent = |fixture: &Fixture| fixture.counts("regular").silences == 0;
    fixture.node.turn();
    assert!(nothing_silent(&fixture));
    fixture.set_ms(59);
    fixture.node.turn();
    assert!(nothing_silent(&fixture));
}

struct Talker;

impl Node for Talker {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        let (policy, bare) =
            (BreakerPolicy::default(), BreakerPolicy { trip: vec![], ..BreakerPolicy::default() });
        let cloud = setup.breaker("cloud", policy.clone())?;
        assert_eq!(cloud.name(), "talker.cloud");
        assert!(cloud.is_same(&setup.breaker("cloud", policy.clone())?));
        let refused = setup.breaker("cloud", bare).unwrap_err();
        assert!(
            refused.to_string().contains("breaker `talker.cloud` exists with another policy"),
            "{refused}"
        );
        setup.every(MS, Self::tick)?;
        setup.breaker("tick", policy.clone()).expect_err("a callback has this name");
        let refused = setup.breaker("the cloud", policy).unwrap_err().to_string();
        assert_eq!(
            refused,
            "`the cloud` is not a name for a breaker; use 1 to 48 of the characters a-z, 0-9 and _"
        );
        Ok(Self)
    }
}

impl Talker {
    fn tick(&mut self, _: &crate::node::Tick, _: &Context) -> NodeResult {
        Ok(())
    }
}

#[test]
fn a_breaker_of_a_node_s_own_is_the_same_one_in_each_of_its_lives() {
    let environment = Environment::new(Clock::simulated(), 1);
    let node_type = NodeTypes::new().with::<Talker>("talker").get("talker").unwrap().clone();
    let spec = NodeSpec::new("talker", node_type);
    spec.configure(&environment, &spec.life(&environment, 1)).unwrap();
    let first = environment.breakers().get("talker.cloud").unwrap();
    first.operate(Time::ZERO, Operation::ForceOpen).unwrap();
    spec.configure(&environment, &spec.life(&environment, 2)).unwrap();
    let second = environment.breakers().get("talker.cloud").unwrap();
    assert!(second.is_same(&first));
    assert_eq!(second.state(Time::ZERO), BreakerState::ForcedOpen);
    assert_eq!(environment.callback_timeout("talker.cloud"), None);
    assert_eq!(environment.callback_timeout("talker.tick"), Some(100 * MS));
    assert_eq!(environment.callback_timeout("talker.activate"), None);
}
