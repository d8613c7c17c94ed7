//! What holds whatever nodes and tools do with a topic, in whichever order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use nevil_msgs::{Overflow, Topic};
use proptest::prelude::*;

use super::{Fixture, LATEST, NEWEST, Number, OLDEST, number};
use crate::bus::{
    AnyPublisher, Authority, Cause, Kept, Outcome, PublishErrorKind, Publisher, Subscription, Tap,
};
use crate::clock::Time;
use crate::incarnation::Incarnation;
use crate::limits::{POOL_MARGIN, TAPS_MAX, TOOL_PUBLISHERS_MAX};

const NAMES: [&str; 3] = ["a", "b", "c"];
const TOOL: &str = "tool";
const LIFESPAN: Duration = Duration::from_millis(10);
const LATCHED: Topic<Number> = Topic::new("latched").depth(3).latched();
const LATCHED_STATE: Topic<Number> = Topic::latest("latched_state").latched();

/// What random nodes and tools do.
#[derive(Clone, Debug)]
enum Step {
    Publish(usize),
    PublishWithin(usize),
    PublishByTool(usize),
    Serve(usize),
    /// Takes a message and keeps it.
    Keep(usize),
    /// Lets go of a message that is kept.
    Release(usize),
    /// The node of the subscription starts again.
    Resubscribe(usize),
    Fence(usize),
    /// The publisher is dropped, and the next incarnation makes a new one.
    Replace(usize),
    TapComes,
    TapGoes(usize),
    Look(usize),
    ToolGoes(usize),
    Wait(u64),
    /// The node of a subscription, or all of them, and the depth.
    SetDepth(usize, u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3_usize).prop_map(Step::Publish),
        2 => (0..3_usize).prop_map(Step::PublishWithin),
        2 => (0..2_usize).prop_map(Step::PublishByTool),
        8 => (0..3_usize).prop_map(Step::Serve),
        2 => (0..3_usize).prop_map(Step::Keep),
        3 => (0..4_usize).prop_map(Step::Release),
        1 => (0..3_usize).prop_map(Step::Resubscribe),
        1 => (0..3_usize).prop_map(Step::Fence),
        1 => (0..3_usize).prop_map(Step::Replace),
        1 => Just(Step::TapComes),
        1 => (0..4_usize).prop_map(Step::TapGoes),
        2 => (0..4_usize).prop_map(Step::Look),
        1 => (0..2_usize).prop_map(Step::ToolGoes),
        2 => (1..8_u64).prop_map(Step::Wait),
        2 => (0..4_usize, 1..=3_u16).prop_map(|(at, depth)| Step::SetDepth(at, depth)),
    ]
}

/// A publisher in one life of its node.
struct Sender {
    incarnation: Arc<Incarnation>,
    publisher: Publisher<Number>,
    life: u32,
    fenced: bool,
    accepted: u64,
}

/// A subscription in one life of its node.
struct Receiver {
    subscription: Subscription<Number>,
    /// What was received: source, incarnation and sequence.
    seen: BTreeSet<(u32, u32, u64)>,
}

struct World {
    fixture: Fixture,
    topic: Topic<Number>,
    senders: [Sender; 3],
    receivers: [Receiver; 3],
    tools: [Option<Box<dyn AnyPublisher>>; TOOL_PUBLISHERS_MAX],
    taps: Vec<Tap<Number>>,
    kept: Vec<Kept<Number>>,
    now: Time,
    /// Counts the values.
    published: u32,
}

impl World {
    fn new(topic: Topic<Number>) -> Self {
        let fixture = Fixture::new();
        let senders = NAMES.map(|name| Sender::new(&fixture, &topic, name, 1));
        let receivers = NAMES.map(|name| Receiver::new(&fixture, &topic, name));
        fixture.seal();
        let (tools, taps, kept) = (Default::default(), Vec::new(), Vec::new());
        Self { fixture, topic, senders, receivers, tools, taps, kept, now: Time::ZERO, published: 0 }
    }

    fn do_step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Publish(at) => self.publish(at, Publisher::publish)?,
            Step::PublishWithin(at) => self.publish(at, |publisher, message| {
                publisher.publish_within(Cause::Root, message, Duration::from_secs(1))
            })?,
            Step::PublishByTool(at) => self.publish_by_tool(at)?,
            Step::Serve(at) => drop(self.receivers[at].take(self.now, &self.topic, self.published)?),
            Step::Keep(at) if self.kept.len() < POOL_MARGIN => {
                let received = self.receivers[at].take(self.now, &self.topic, self.published)?;
                self.kept.extend(received);
            }
            Step::Keep(_) => {}
            Step::Release(at) if at < self.kept.len() => drop(self.kept.swap_remove(at)),
            Step::Release(_) => {}
            Step::Resubscribe(at) => {
                self.receivers[at] = Receiver::new(&self.fixture, &self.topic, NAMES[at]);
            }
            Step::Fence(at) => {
                self.senders[at].incarnation.fence();
                self.senders[at].fenced = true;
            }
            Step::Replace(at) => {
                // The old life is fenced, and goes before the next one has a publisher: as many as were planned.
                let life = self.senders[at].life + 1;
                self.senders[at].incarnation.fence();
                self.senders[at] = Sender::new(&self.fixture, &self.topic, NAMES[at], life);
            }
            Step::TapComes if self.taps.len() < TAPS_MAX => {
                self.taps.push(self.fixture.bus.tap(&self.topic).unwrap());
            }
            Step::TapComes => {}
            Step::TapGoes(at) if at < self.taps.len() => drop(self.taps.swap_remove(at)),
            Step::TapGoes(_) => {}
            Step::Look(at) => {
                if let Some(tap) = self.taps.get_mut(at) {
                    drop(tap.take());
                }
            }
            Step::ToolGoes(at) => self.tools[at] = None,
            Step::SetDepth(at, depth) => {
                let set = self.fixture.bus.set_depth(self.topic.name(), NAMES.get(at).copied(), depth);
                prop_assert_eq!(set.is_ok(), self.topic.qos().overflow != Overflow::Latest);
            }
            Step::Wait(ms) => {
                self.now = self.now + Duration::from_millis(ms);
                self.fixture.bus.clock().set(self.now);
            }
        }
        self.check()
    }

    fn publish(
        &mut self,
        at: usize,
        publish: impl Fn(
            &Publisher<Number>,
            Number,
        ) -> Result<crate::bus::Published, crate::bus::PublishError<Number>>,
    ) -> Result<(), TestCaseError> {
        self.published += 1;
        let sender = &mut self.senders[at];
        match publish(&sender.publisher, number(self.published)) {
            Ok(_) => {
                prop_assert!(!sender.fenced, "nothing is accepted after the fence");
                sender.accepted += 1;
            }
            Err(refused) => {
                prop_assert_eq!(refused.message.value, self.published, "it comes back");
                let allowed = match refused.kind {
                    PublishErrorKind::Fenced => sender.fenced,
                    PublishErrorKind::NoRoom { .. } => true,
                    // No more are kept than there is a margin for.
                    _ => false,
                };
                prop_assert!(allowed, "{refused:?}");
            }
        }
        Ok(())
    }

    fn publish_by_tool(&mut self, at: usize) -> Result<(), TestCaseError> {
        self.published += 1;
        let Self { fixture, topic, tools, .. } = self;
        let open = || fixture.bus.tool_publisher(topic.name(), TOOL, Authority::Tool).unwrap();
        let tool = tools[at].get_or_insert_with(open);
        let text = format!("{{value: {}, text: x}}", self.published);
        let value = nevil_msgs::Value::parse_yaml("message", &text).unwrap();
        let published = tool.publish(&value);
        prop_assert!(published.is_ok(), "{published:?}");
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let bus = &self.fixture.bus;
        prop_assert_eq!(bus.imbalances(), Vec::<String>::new());
        let counts = bus.counts(self.topic.name()).unwrap();
        prop_assert!(counts.slots.0 <= counts.slots.1);
        let kept: u64 = counts.subscriptions.iter().map(|(_, _, counts)| counts.kept).sum();
        prop_assert_eq!(kept, self.kept.len() as u64);
        let no_slot: u64 = counts.publishers.iter().map(|(_, counts)| counts.refused_no_slot).sum();
        prop_assert_eq!(no_slot, 0, "there is a slot for whatever was planned");
        Ok(())
    }

    /// All go but those who keep messages; then they do too.
    fn end(self) -> Result<(), TestCaseError> {
        let Self { fixture, topic, senders, receivers, tools, taps, kept, .. } = self;
        let slots = || fixture.bus.counts(topic.name()).unwrap().slots.0;
        drop((senders, receivers, tools, taps));
        prop_assert_eq!(fixture.bus.imbalances(), Vec::<String>::new());
        // Several nodes may keep the same one.
        let held: BTreeSet<_> = kept.iter().map(|kept| kept.value).collect();
        prop_assert_eq!(slots(), held.len(), "what is kept holds a slot, and nothing else does");
        drop(kept);
        prop_assert_eq!(slots(), 0);
        Ok(())
    }
}

impl Sender {
    fn new(fixture: &Fixture, topic: &Topic<Number>, name: &str, life: u32) -> Self {
        let name: Arc<str> = name.into();
        let source = fixture.bus.source(&name);
        let incarnation = Arc::new(Incarnation::new(name, source, life));
        incarnation.open();
        let publisher =
            fixture.bus.publisher(topic.name(), topic, Arc::clone(&incarnation), Arc::default()).unwrap();
        Self { incarnation, publisher, life, fenced: false, accepted: 0 }
    }
}

impl Receiver {
    fn new(fixture: &Fixture, topic: &Topic<Number>, name: &str) -> Self {
        Self { subscription: fixture.subscribe(topic, name), seen: BTreeSet::new() }
    }

    /// Takes a message as a turn does: one that is too old is counted and dropped; another is served, and kept.
    fn take(
        &mut self,
        now: Time,
        topic: &Topic<Number>,
        value: u32,
    ) -> Result<Option<Kept<Number>>, TestCaseError> {
        let Some(received) = self.subscription.take() else { return Ok(None) };
        let header = *received.header();
        let key = (header.source, header.incarnation, header.sequence);
        // A tool has one name and no lives, but a new publisher whenever it comes.
        if (header.source as usize) < NAMES.len() {
            let newest = self.seen.range((key.0, key.1, 0)..=(key.0, key.1, u64::MAX)).next_back();
            prop_assert!(newest.is_none_or(|newest| *newest < key), "{newest:?} and then {key:?}");
            self.seen.insert(key);
        }
        prop_assert!(!received.is_replayed() || topic.qos().latched);
        prop_assert!(received.value <= value && header.stamp <= now);
        let tally = Arc::clone(self.subscription.tally());
        if topic.qos().lifespan.is_some_and(|lifespan| now.since(header.stamp) > lifespan) {
            tally.expired.add(1);
            return Ok(None);
        }
        tally.begin();
        let kept = received.keep();
        self.subscription.done(received);
        tally.end([Outcome::Ok, Outcome::Failed, Outcome::Panicked][value as usize % 3]);
        Ok(Some(kept))
    }
}

proptest! {
    #[test]
    fn accounts_balance_order_is_kept_and_slots_suffice_whatever_nodes_and_tools_do(
        rule in 0..5_usize,
        expires in any::<bool>(),
        steps in prop::collection::vec(step(), 1..300),
    ) {
        let topic = [OLDEST, NEWEST, LATEST, LATCHED, LATCHED_STATE][rule];
        let topic = if expires { topic.lifespan(LIFESPAN) } else { topic };
        let mut world = World::new(topic);
        for step in &steps {
            world.do_step(step)?;
        }
        // Who is left hears the newest of whoever still publishes.
        for receiver in &mut world.receivers {
            while receiver.take(world.now, &world.topic, world.published)?.is_some() {}
        }
        world.check()?;
        world.end()?;
    }

    #[test]
    fn who_joins_a_latched_topic_gets_the_last_value_of_each_living_publisher_exactly_once(
        rule in 3..5_usize,
        steps in prop::collection::vec(step(), 1..100),
    ) {
        let topic = [LATCHED, LATCHED_STATE][rule - 3];
        let mut world = World::new(topic);
        for step in &steps {
            world.do_step(step)?;
        }
        let mut late = Receiver::new(&world.fixture, &topic, "late");
        let expected: BTreeSet<_> = world
            .senders
            .iter()
            .filter(|sender| sender.accepted > 0)
            .map(|sender| (sender.incarnation.source(), sender.life, sender.accepted))
            .collect();
        let mut heard = BTreeSet::new();
        while let Some(received) = late.subscription.take() {
            let header = *received.header();
            prop_assert!(received.is_replayed());
            if (header.source as usize) < NAMES.len() {
                prop_assert!(heard.insert((header.source, header.incarnation, header.sequence)), "once");
            }
            let tally = Arc::clone(late.subscription.tally());
            tally.begin();
            late.subscription.done(received);
            tally.end(Outcome::Ok);
        }
        prop_assert_eq!(heard, expected);
        drop(late);
        world.check()?;
    }
}
