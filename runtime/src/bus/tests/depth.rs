//! Depths of single subscriptions, and depths that change while the robot runs.

use std::sync::Arc;
use std::time::Duration;

use nevil_msgs::{Overflow, Topic, TopicPriority};
use proptest::prelude::*;

use super::{Fixture, LATEST, NEWEST, Number, OLDEST, drain, number};
use crate::bus::subscription_qos::Said;
use crate::bus::{
    Cause, PublishErrorKind, Publisher, SaidBy, Sources, Subscription, SubscriptionDescription,
    SubscriptionQos, TopicError,
};

impl Fixture {
    /// As `subscribe`, where `own` is said of the subscription.
    fn subscribe_with(
        &self,
        topic: &Topic<Number>,
        node: &str,
        own: &SubscriptionQos,
    ) -> Result<Subscription<Number>, TopicError> {
        let subscriber = (&node.into(), &Arc::from("on_number"));
        let service = (Arc::clone(&self.wake), &mut Sources::default());
        let said = Said { default: &SubscriptionQos::NOTHING, own };
        self.bus.subscribe(topic.name(), topic, subscriber, service, said)
    }

    fn described(&self, topic: &str, node: &str) -> SubscriptionDescription {
        let description = self.bus.description(topic).unwrap();
        description.subscription_qos.into_iter().find(|known| *known.node == *node).unwrap()
    }

    fn set(&self, node: Option<&str>, depth: u16) -> Result<(), String> {
        self.bus.set_depth("oldest", node, depth).map_err(|error| error.to_string())
    }
}

fn of_depth(depth: u16) -> SubscriptionQos {
    SubscriptionQos { depth: Some(depth), ..SubscriptionQos::NOTHING }
}

fn publish_all(publisher: &Publisher<Number>, values: std::ops::RangeInclusive<u32>) {
    for value in values {
        publisher.publish(number(value)).unwrap();
    }
}

#[test]
fn one_subscription_keeps_as_many_as_is_said_of_it_and_the_others_as_many_as_the_topic_says() {
    let fixture = Fixture::new();
    let publisher = fixture.publisher(&OLDEST, "sender");
    let latest = SubscriptionQos { overflow: Some(Overflow::Latest), ..SubscriptionQos::NOTHING };
    let newest = SubscriptionQos { overflow: Some(Overflow::DropNewest), ..of_depth(2) };
    let mut plain = fixture.subscribe(&OLDEST, "plain");
    let mut long = fixture.subscribe_with(&OLDEST, "long", &of_depth(5)).unwrap();
    let mut one = fixture.subscribe_with(&OLDEST, "one", &latest).unwrap();
    let mut first = fixture.subscribe_with(&OLDEST, "first", &newest).unwrap();
    fixture.seal();
    publish_all(&publisher, 1..=6);
    let drained = [&mut plain, &mut long, &mut one, &mut first].map(drain);
    assert_eq!(drained, [vec![4, 5, 6], vec![2, 3, 4, 5, 6], vec![6], vec![1, 2]]);
    assert_eq!(fixture.bus.imbalances(), Vec::<String>::new());
    let SubscriptionDescription { qos, said, depth_planned, .. } = fixture.described("oldest", "first");
    assert_eq!((qos.overflow, qos.depth, depth_planned), (Overflow::DropNewest, 2, 2));
    assert_eq!(said, [("overflow", SaidBy::Subscription), ("depth", SaidBy::Subscription)]);
    assert_eq!(fixture.described("oldest", "plain").said, []);
}

#[test]
fn a_subscription_is_served_by_the_priority_that_is_said_of_it() {
    let fixture = Fixture::new();
    let critical = SubscriptionQos { priority: Some(TopicPriority::Critical), ..SubscriptionQos::NOTHING };
    let plain = fixture.subscribe(&OLDEST, "plain");
    let first = fixture.subscribe_with(&OLDEST, "first", &critical).unwrap();
    assert!(first.source() < plain.source());
}

#[test]
fn what_does_not_go_with_the_topic_is_refused_with_the_name_of_the_node() {
    let fixture = Fixture::new();
    let error = fixture.subscribe_with(&LATEST, "camera", &of_depth(2)).err().unwrap();
    assert_eq!(
        error.to_string(),
        "subscription of `camera` to `latest`: depth is 2, but `latest` keeps one message over all publishers; leave the \
         depth out, or use `drop_oldest`"
    );
    let newest = SubscriptionQos { overflow: Some(Overflow::DropNewest), ..SubscriptionQos::NOTHING };
    let latched = Topic::new("latched").latched();
    assert!(matches!(
        fixture.subscribe_with(&latched, "camera", &newest),
        Err(TopicError::Subscription { .. })
    ));
    assert!(fixture.subscribe_with(&OLDEST, "camera", &of_depth(257)).is_err());
}

#[test]
fn a_lower_depth_drops_by_the_rule_with_the_next_message_and_counts() {
    let fixture = Fixture::new();
    let publisher = fixture.publisher(&OLDEST, "sender");
    let mut receiver = fixture.subscribe(&OLDEST, "receiver");
    fixture.seal();
    publish_all(&publisher, 1..=3);
    fixture.set(None, 1).unwrap();
    assert_eq!(fixture.account("oldest", "receiver").queued, 3, "nobody has published since");
    assert_eq!(publisher.publish(number(4)).unwrap().overflowed, 1);
    let account = fixture.account("oldest", "receiver");
    assert_eq!((account.queued, account.overflow), (1, 3));
    assert_eq!(drain(&mut receiver), [4]);
    publish_all(&publisher, 5..=6);
    assert_eq!(drain(&mut receiver), [6]);
    // And back to all that was planned.
    fixture.set(None, 3).unwrap();
    publish_all(&publisher, 7..=11);
    assert_eq!(drain(&mut receiver), [9, 10, 11]);
    assert_eq!(fixture.bus.imbalances(), Vec::<String>::new());
    assert_eq!(fixture.bus.counts("oldest").unwrap().slots.0, 0);
}

#[test]
fn a_lower_depth_of_commands_drops_the_newest_until_there_is_room() {
    let fixture = Fixture::new();
    let publisher = fixture.publisher(&NEWEST, "sender");
    let mut receiver = fixture.subscribe(&NEWEST, "receiver");
    fixture.seal();
    publish_all(&publisher, 1..=3);
    fixture.bus.set_depth("newest", Some("receiver"), 2).unwrap();
    assert_eq!(publisher.publish(number(4)).unwrap().overflowed, 1);
    receiver.take().unwrap();
    assert_eq!(publisher.publish(number(5)).unwrap().overflowed, 1, "two are queued, and two is the depth");
    receiver.take().unwrap();
    assert_eq!(publisher.publish(number(6)).unwrap().overflowed, 0);
    assert_eq!(drain(&mut receiver), [3, 6]);
    assert_eq!(fixture.account("newest", "receiver").overflow, 2);
}

#[test]
fn a_publisher_that_waits_has_as_much_room_as_the_depth_says_now() {
    let fixture = Fixture::new();
    let publisher = fixture.publisher(&OLDEST, "sender");
    let mut receiver = fixture.subscribe(&OLDEST, "receiver");
    fixture.seal();
    let publish = |value| publisher.publish_within(Cause::Root, number(value), Duration::from_secs(9));
    fixture.set(Some("receiver"), 1).unwrap();
    publish(1).unwrap();
    assert_eq!(publish(2).unwrap_err().kind, PublishErrorKind::NoRoom { waited: Duration::ZERO });
    fixture.set(Some("receiver"), 2).unwrap();
    publish(2).unwrap();
    assert!(publish(3).is_err());
    assert_eq!(drain(&mut receiver), [1, 2]);
    assert_eq!(fixture.account("oldest", "receiver").overflow, 0);
}

#[test]
fn a_depth_that_was_not_planned_or_means_nothing_is_refused_and_nothing_changes() {
    let fixture = Fixture::new();
    let _latest = fixture.subscribe(&LATEST, "camera");
    let _receiver = fixture.subscribe(&OLDEST, "receiver");
    let _long = fixture.subscribe_with(&OLDEST, "long", &of_depth(5)).unwrap();
    fixture.seal();
    let latest = |node| fixture.bus.set_depth("latest", node, 1).unwrap_err().to_string();
    for (wrong, text) in [
        (
            fixture.set(Some("receiver"), 4),
            "depth of `oldest` for `receiver` is above what was planned (4), at most 3 is possible while the robot runs; \
             start the robot again with the new depth",
        ),
        (
            fixture.set(None, 4),
            "depth of `oldest` for its subscribers is above what was planned (4), at most 3 is possible while the robot \
             runs; start the robot again with the new depth",
        ),
        (fixture.set(None, 0), "depth of `oldest` is out of range (0), 1 to 256 is allowed"),
        (fixture.set(None, 257), "depth of `oldest` is out of range (257), 1 to 256 is allowed"),
        (
            fixture.set(Some("reciever"), 2),
            "node `reciever` does not subscribe to `oldest`, did you mean `receiver`?; subscribers are long, receiver",
        ),
        (
            Err(latest(Some("camera"))),
            "`latest` keeps the newest message alone for `camera` (`latest`), so that a depth means nothing",
        ),
        (
            Err(latest(None)),
            "`latest` keeps the newest message alone for its subscribers (`latest`), so that a depth means nothing",
        ),
    ] {
        assert_eq!(wrong, Err(text.to_owned()));
    }
    assert!(
        fixture.bus.set_depth("oldst", None, 1).unwrap_err().to_string().contains("did you mean `oldest`?")
    );
    assert_eq!(fixture.described("oldest", "receiver").qos.depth, 3);
    fixture.set(None, 2).unwrap();
    let depths = ["receiver", "long"].map(|node| fixture.described("oldest", node).qos.depth);
    assert_eq!(depths, [2, 5], "one that says a depth of its own keeps it");
    assert_eq!(fixture.bus.description("oldest").unwrap().qos.depth, 2);
    fixture.set(Some("long"), 4).unwrap();
    let long = fixture.described("oldest", "long");
    assert_eq!((long.qos.depth, long.depth_planned), (4, 5));
}

#[test]
fn a_node_that_starts_again_keeps_the_depth_that_was_set_and_one_that_says_another_has_that() {
    let fixture = Fixture::new();
    drop(fixture.subscribe_with(&OLDEST, "receiver", &of_depth(5)).unwrap());
    fixture.seal();
    fixture.set(Some("receiver"), 2).unwrap();
    drop(fixture.subscribe_with(&OLDEST, "receiver", &of_depth(5)).unwrap());
    assert_eq!(fixture.described("oldest", "receiver").qos.depth, 2);
    drop(fixture.subscribe_with(&OLDEST, "receiver", &of_depth(4)).unwrap());
    assert_eq!(fixture.described("oldest", "receiver").qos.depth, 4);
    let error = fixture.subscribe_with(&OLDEST, "receiver", &of_depth(6)).err().unwrap();
    assert_eq!(
        error.to_string(),
        "subscription of `receiver` to `oldest`: depth is above what was planned (6), at most 5 is possible while the \
         robot runs; start the robot again"
    );
}

proptest! {
    /// What a queue keeps is what the last messages are, whatever the depth was before.
    #[test]
    fn after_each_message_no_more_are_queued_than_the_depth_that_holds_then_and_they_are_the_newest(
        steps in prop::collection::vec((1..=8_u16, 0..6_u32, 0..4_usize), 1..40),
    ) {
        let fixture = Fixture::new();
        let topic = OLDEST.depth(8);
        let publisher = fixture.publisher(&topic, "sender");
        let mut receiver = fixture.subscribe(&topic, "receiver");
        fixture.seal();
        let (mut next, mut model) = (0, Vec::new());
        for (depth, published, taken) in steps {
            fixture.set(Some("receiver"), depth).unwrap();
            for _ in 0..published {
                publisher.publish(number(next)).unwrap();
                model.push(next);
                model.drain(..model.len().saturating_sub(depth.into()));
                next += 1;
                let queued = fixture.account("oldest", "receiver").queued;
                prop_assert_eq!(queued, model.len() as u64);
            }
            for _ in 0..taken {
                let expected = (!model.is_empty()).then(|| model.remove(0));
                prop_assert_eq!(receiver.take().map(|received| received.value), expected);
            }
        }
        drop(receiver);
        let account = fixture.account("oldest", "receiver");
        prop_assert_eq!(account.discarded, model.len() as u64);
        prop_assert_eq!(fixture.bus.counts("oldest").unwrap().slots.0, 0);
    }
}
