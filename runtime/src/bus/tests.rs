mod depth;
mod edges;
mod properties;
mod qos;
#[cfg(shuttle)]
mod shuttle;

use std::sync::Arc;
use std::time::Duration;

use nevil_msgs::{Field, Message, Topic};

use super::{
    Bus, Outcome, PublishErrorKind, Publisher, Said, Sources, Subscription, SubscriptionCounts, Wake,
};
use crate::clock::{Clock, Time};
use crate::incarnation::Incarnation;
use crate::limits::{HOPS_MAX, TAP_DEPTH};
use crate::lineage::{Lineage, LineageCell};

#[derive(Debug, Clone, PartialEq, Message)]
struct Number {
    value: u32,
    text: String,
}

fn number(value: u32) -> Number {
    Number { value, text: String::new() }
}

const OLDEST: Topic<Number> = Topic::new("oldest").depth(3);
const NEWEST: Topic<Number> = Topic::commands("newest").depth(3);
const LATEST: Topic<Number> = Topic::latest("latest");

struct Fixture {
    bus: Bus,
    wake: Arc<Wake>,
}

impl Fixture {
    fn new() -> Self {
        Self { bus: Bus::new(Clock::simulated()), wake: Arc::default() }
    }

    fn incarnation(&self, name: &str) -> Arc<Incarnation> {
        let name: Arc<str> = name.into();
        let incarnation = Arc::new(Incarnation::new(Arc::clone(&name), self.bus.source(&name), 1));
        incarnation.open();
        incarnation
    }

    fn publisher(&self, topic: &Topic<Number>, name: &str) -> Publisher<Number> {
        self.bus.publisher(topic.name(), topic, self.incarnation(name), Arc::default()).unwrap()
    }

    fn subscribe(&self, topic: &Topic<Number>, node: &str) -> Subscription<Number> {
        let subscriber = (&node.into(), &Arc::from("on_number"));
        let service = (Arc::clone(&self.wake), &mut Sources::default());
        self.bus.subscribe(topic.name(), topic, subscriber, service, Said::NOTHING).unwrap()
    }

    fn seal(&self) {
        self.bus.seal().unwrap();
    }

    fn account(&self, topic: &str, node: &str) -> SubscriptionCounts {
        let counts = self.bus.counts(topic).unwrap();
        counts.subscriptions.into_iter().find(|(name, _, _)| name == node).unwrap().2
    }
}

fn drain(subscription: &mut Subscription<Number>) -> Vec<u32> {
    let mut values = Vec::new();
    while let Some(received) = subscription.take() {
        subscription.tally().begin();
        values.push(received.value);
        subscription.done(received);
        subscription.tally().end(Outcome::Ok);
    }
    values
}

#[test]
fn a_full_subscription_drops_by_its_rule_and_counts_it_as_overflow() {
    for (topic, left) in [(OLDEST, vec![3, 4, 5]), (NEWEST, vec![1, 2, 3]), (LATEST, vec![5])] {
        let fixture = Fixture::new();
        let publisher = fixture.publisher(&topic, "sender");
        let mut subscription = fixture.subscribe(&topic, "receiver");
        fixture.seal();
        let overflowed: u32 = (1..=5).map(|value| publisher.publish(number(value)).unwrap().overflowed).sum();
        let before = fixture.account(topic.name(), "receiver");
        assert_eq!((before.offered, before.queued), (5, left.len() as u64));
        assert_eq!(drain(&mut subscription), left);
        let account = fixture.account(topic.name(), "receiver");
        assert_eq!(account.overflow, u64::from(overflowed));
        assert_eq!((account.ok, account.overflow), (left.len() as u64, 5 - left.len() as u64));
        assert!(account.balances(), "{account:?}");
    }
}

#[test]
fn latest_keeps_one_message_over_all_publishers() {
    let fixture = Fixture::new();
    let (first, second) = (fixture.publisher(&LATEST, "first"), fixture.publisher(&LATEST, "second"));
    let mut subscription = fixture.subscribe(&LATEST, "receiver");
    fixture.seal();
    first.publish(number(1)).unwrap();
    second.publish(number(2)).unwrap();
    assert_eq!(drain(&mut subscription), [2]);
    assert_eq!(fixture.account("latest", "receiver").overflow, 1);
}

#[test]
fn a_publisher_s_flood_does_not_starve_another_publisher_s_messages() {
    let fixture = Fixture::new();
    let (flood, quiet) = (fixture.publisher(&OLDEST, "flood"), fixture.publisher(&OLDEST, "quiet"));
    let mut subscription = fixture.subscribe(&OLDEST, "receiver");
    fixture.seal();
    for value in 0..100 {
        flood.publish(number(value)).unwrap();
    }
    quiet.publish(number(1000)).unwrap();
    assert_eq!(drain(&mut subscription), [97, 1000, 98, 99]);
}

#[test]
fn what_is_queued_when_a_subscription_ends_is_discarded_and_nobody_receives_what_comes_later() {
    let fixture = Fixture::new();
    let publisher = fixture.publisher(&OLDEST, "sender");
    let subscription = fixture.subscribe(&OLDEST, "receiver");
    fixture.seal();
    publisher.publish(number(1)).unwrap();
    publisher.publish(number(2)).unwrap();
    drop(subscription);
    assert_eq!(publisher.publish(number(3)).unwrap().offered, 0);
    let account = fixture.account("oldest", "receiver");
    assert_eq!((account.offered, account.discarded, account.queued), (2, 2, 0));
    assert!(account.balances());
    assert_eq!(fixture.bus.counts("oldest").unwrap().slots.0, 0);
}

#[test]
fn a_node_s_account_goes_on_over_its_incarnations() {
    let fixture = Fixture::new();
    let publisher = fixture.publisher(&OLDEST, "sender");
    let mut first = fixture.subscribe(&OLDEST, "receiver");
    fixture.seal();
    publisher.publish(number(1)).unwrap();
    drain(&mut first);
    drop(first);
    let mut second = fixture.subscribe(&OLDEST, "receiver");
    publisher.publish(number(2)).unwrap();
    assert_eq!(drain(&mut second), [2]);
    assert_eq!(fixture.account("oldest", "receiver").ok, 2);
}

#[test]
fn a_subscription_that_comes_later_receives_what_is_published_from_then_on() {
    let fixture = Fixture::new();
    let publisher = fixture.publisher(&OLDEST, "sender");
    fixture.seal();
    assert_eq!(publisher.publish(number(1)).unwrap().offered, 0);
    let mut subscription = fixture.subscribe(&OLDEST, "late");
    assert_eq!(publisher.publish(number(2)).unwrap().offered, 1);
    assert_eq!(drain(&mut subscription), [2]);
}

#[test]
fn a_message_is_refused_with_its_reason_and_comes_back() {
    let fixture = Fixture::new();
    let topic = OLDEST.message_bytes_max(40);
    let incarnation = fixture.incarnation("sender");
    let lineage = Arc::<LineageCell>::default();
    let publisher =
        fixture.bus.publisher("oldest", &topic, Arc::clone(&incarnation), Arc::clone(&lineage)).unwrap();
    let mut subscription = fixture.subscribe(&topic, "receiver");
    fixture.seal();

    let fits = 40 - size_of::<Number>();
    publisher.publish(Number { value: 0, text: "x".repeat(fits) }).unwrap();
    let refused = publisher.publish(Number { value: 7, text: "x".repeat(fits + 1) }).unwrap_err();
    assert_eq!(refused.message.value, 7);
    assert_eq!(
        refused.to_string(),
        "message on `oldest` is too large (41 bytes), at most 40 are allowed; put the data in a ring and publish its block"
    );

    lineage.set(Lineage { root: Time::ZERO, root_source: 0, hops: HOPS_MAX + 1 });
    let refused = publisher.publish(number(1)).unwrap_err();
    assert_eq!(refused.kind, PublishErrorKind::Runaway { hops: HOPS_MAX + 1 });
    lineage.set(Lineage::default());

    drain(&mut subscription);
    let mut kept = Vec::new();
    let no_slot = loop {
        match publisher.publish(number(2)) {
            Ok(_) => kept.push(subscription.take().unwrap().keep()),
            Err(refused) => break refused,
        }
    };
    let slots = fixture.bus.topics()[0].memory.slots;
    assert_eq!((no_slot.kind, kept.len()), (PublishErrorKind::NoSlot { slots }, slots));
    assert_eq!(fixture.account("oldest", "receiver").kept, slots as u64);
    drop(kept);
    publisher.publish(number(3)).unwrap();

    incarnation.fence();
    assert_eq!(publisher.publish(number(4)).unwrap_err().kind, PublishErrorKind::Fenced);
    let counts = fixture.bus.counts("oldest").unwrap().publishers.remove(0).1;
    assert_eq!(
        (counts.refused_size, counts.refused_hops, counts.refused_no_slot, counts.refused_fenced),
        (1, 1, 1, 1)
    );
    assert!(counts.balances(), "{counts:?}");
}

#[test]
fn a_topic_with_other_fields_is_refused_by_name_and_hash() {
    #[derive(Message)]
    struct Other {
        _value: u64,
    }
    let fixture = Fixture::new();
    let _publisher = fixture.publisher(&OLDEST, "sender");
    let refused = fixture.bus.tap(&Topic::<Other>::new("oldest")).err().unwrap();
    let expected = format!(
        "topic `oldest` carries `Number` ({:016x}), `Other` ({:016x}) was asked for; both ends must use the same message type",
        Number::TYPE.hash,
        Other::TYPE.hash
    );
    assert_eq!(refused.to_string(), expected);
}

#[test]
fn a_tap_sees_messages_without_being_counted_as_a_subscription_and_counts_its_own_losses() {
    let fixture = Fixture::new();
    let publisher = fixture.publisher(&LATEST, "sender");
    fixture.seal();
    let mut tap = fixture.bus.tap(&LATEST).unwrap();
    for value in 0..u32::from(TAP_DEPTH) + 2 {
        assert_eq!(publisher.publish(number(value)).unwrap().offered, 0);
    }
    assert_eq!((tap.take().unwrap().value, tap.lost()), (2, 2));
    assert!(fixture.bus.counts("latest").unwrap().subscriptions.is_empty());
    drop(tap);
    assert!(fixture.bus.imbalances().is_empty());
}

#[test]
fn a_header_says_who_when_and_from_which_first_event() {
    let fixture = Fixture::new();
    fixture.bus.source(&"somebody else".into());
    let incarnation = fixture.incarnation("sender");
    let lineage = Arc::<LineageCell>::default();
    let publisher = fixture.bus.publisher("oldest", &OLDEST, incarnation, Arc::clone(&lineage)).unwrap();
    let mut subscription = fixture.subscribe(&OLDEST, "receiver");
    fixture.seal();
    let stamp = Time::ZERO + Duration::from_millis(5);
    fixture.bus.clock().set(stamp);
    let cause = Lineage::begin(Time::ZERO, 0).child();
    lineage.set(cause);
    publisher.publish(number(1)).unwrap();
    publisher.publish(number(2)).unwrap();
    let (first, second) = (*subscription.take().unwrap().header(), *subscription.take().unwrap().header());
    assert_eq!((first.sequence, second.sequence), (1, 2));
    assert_eq!((first.stamp, first.incarnation, first.lineage), (stamp, 1, cause));
    assert_eq!(&*fixture.bus.source_name(first.source), "sender");
}

#[test]
fn a_field_that_is_a_struct_is_measured_with_its_heap() {
    let long = Number { value: 0, text: String::with_capacity(100) };
    assert_eq!(long.size_bytes(), size_of::<Number>() + 100);
    assert_eq!(long.heap_bytes(), 100);
}
