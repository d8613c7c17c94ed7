//! Latched values, exclusive topics, feedback, and publishing that waits for room.

use super::{Fixture, HOPS_MAX, LATEST, Lineage, LineageCell, NEWEST, Number, OLDEST, drain, number};
use std::sync::Arc;
use std::time::Duration;

use nevil_msgs::{Topic, Value};
use proptest::prelude::*;

use crate::bus::{Authority, Cause, PublishErrorKind, PublisherCounts, Subscription};
use crate::clock::Time;

const LATCHED: Topic<Number> = Topic::new("latched").depth(3).latched();

fn publisher_counts(fixture: &Fixture, topic: &str, node: &str) -> PublisherCounts {
    let counts = fixture.bus.counts(topic).unwrap();
    counts.publishers.into_iter().find(|(name, _)| name == node).unwrap().1
}

fn take_all(subscription: &mut Subscription<Number>) -> Vec<(u32, bool)> {
    std::iter::from_fn(|| subscription.take()).map(|item| (item.value, item.is_replayed())).collect()
}

#[test]
fn who_comes_later_gets_the_last_value_of_each_publisher_first_and_marked_and_then_what_is_new() {
    for topic in [LATCHED, Topic::latest("latched").latched()] {
        let fixture = Fixture::new();
        let (first, second) = (fixture.publisher(&topic, "first"), fixture.publisher(&topic, "second"));
        let _silent = fixture.publisher(&topic, "silent");
        fixture.seal();
        first.publish(number(1)).unwrap();
        first.publish(number(2)).unwrap();
        second.publish(number(30)).unwrap();
        let mut late = fixture.subscribe(&topic, "late");
        first.publish(number(3)).unwrap();
        let mut taken = take_all(&mut late);
        taken[..2].sort_unstable();
        assert_eq!(taken, [(2, true), (30, true), (3, false)]);
        let account = fixture.account("latched", "late");
        assert_eq!((account.offered, account.replayed, account.discarded), (3, 2, 0));
    }
}

#[test]
fn a_latched_value_is_received_once_by_who_was_there_and_a_value_of_a_publisher_that_is_gone_by_nobody() {
    let fixture = Fixture::new();
    let publisher = fixture.publisher(&LATCHED, "sender");
    let mut early = fixture.subscribe(&LATCHED, "early");
    fixture.seal();
    publisher.publish(number(1)).unwrap();
    let other = fixture.subscribe(&LATCHED, "other");
    assert_eq!(take_all(&mut early), [(1, false)]);
    drop((publisher, other));
    assert_eq!(take_all(&mut fixture.subscribe(&LATCHED, "late")), []);
    assert_eq!(fixture.bus.counts("latched").unwrap().slots.0, 0);
}

#[test]
fn a_tap_begins_with_the_latched_value() {
    let fixture = Fixture::new();
    let publisher = fixture.publisher(&LATCHED, "sender");
    fixture.seal();
    publisher.publish(number(1)).unwrap();
    let mut tap = fixture.bus.tap(&LATCHED).unwrap();
    assert!(tap.take().is_some_and(|item| item.value == 1 && item.is_replayed()));
}

#[test]
fn an_exclusive_topic_refuses_a_tool_and_counts_it_unless_the_operator_asks() {
    let fixture = Fixture::new();
    let topic = OLDEST.exclusive();
    let _owner = fixture.publisher(&topic, "owner");
    let mut subscription = fixture.subscribe(&topic, "receiver");
    fixture.seal();
    let value = Value::parse_yaml("message", "{value: 1, text: x}").unwrap();
    let tool = fixture.bus.tool_publisher("oldest", "tool", Authority::Tool).unwrap();
    assert_eq!(
        tool.publish(&value).unwrap_err().to_string(),
        "message on `oldest` was refused because the topic is exclusive to its node; `--as-operator` publishes on it \
         all the same"
    );
    let operator = fixture.bus.tool_publisher("oldest", "operator", Authority::Operator).unwrap();
    operator.publish(&value).unwrap();
    assert_eq!(drain(&mut subscription), [1]);
    let refused = publisher_counts(&fixture, "oldest", "tool");
    let expected = PublisherCounts { published: 1, refused_exclusive: 1, ..PublisherCounts::default() };
    assert_eq!(refused, expected);
    assert_eq!(publisher_counts(&fixture, "oldest", "operator").accepted, 1);
    assert_eq!(fixture.bus.imbalances(), Vec::<String>::new());
}

#[test]
fn a_feedback_topic_begins_a_new_lineage_so_that_a_control_loop_is_not_taken_for_a_runaway() {
    let fixture = Fixture::new();
    let lineage = Arc::<LineageCell>::default();
    let topic = OLDEST.feedback();
    let incarnation = fixture.incarnation("sender");
    let publisher = fixture.bus.publisher("oldest", &topic, incarnation, Arc::clone(&lineage)).unwrap();
    let mut subscription = fixture.subscribe(&topic, "receiver");
    fixture.seal();
    fixture.bus.clock().set(Time::ZERO + Duration::from_millis(3));
    lineage.set(Lineage { root: Time::ZERO, root_source: 9, hops: HOPS_MAX + 1 });
    publisher.publish(number(1)).unwrap();
    let header = *subscription.take().unwrap().header();
    assert_eq!(header.lineage, Lineage::begin(header.stamp, header.source));
}

#[test]
fn a_publisher_that_waits_for_room_loses_nothing_and_says_when_there_was_none() {
    for (topic, fits) in [(OLDEST, 3), (NEWEST, 3)] {
        let fixture = Fixture::new();
        let publisher = fixture.publisher(&topic, "sender");
        let mut subscription = fixture.subscribe(&topic, "receiver");
        fixture.seal();
        let publish = |value| publisher.publish_within(Cause::Root, number(value), Duration::from_secs(9));
        for value in 0..fits {
            assert_eq!(publish(value).unwrap().overflowed, 0);
        }
        // The clock is simulated, so it does not wait.
        let refused = publish(99).unwrap_err();
        assert_eq!(
            (refused.kind, refused.message.value),
            (PublishErrorKind::NoRoom { waited: Duration::ZERO }, 99)
        );
        assert!(subscription.take().is_some());
        publish(fits).unwrap();
        let counts = publisher_counts(&fixture, topic.name(), "sender");
        assert_eq!((counts.refused_no_room, counts.accepted), (1, 4));
        assert!(counts.balances());
        assert_eq!(fixture.account(topic.name(), "receiver").overflow, 0);
    }
    let fixture = Fixture::new();
    let publisher = fixture.publisher(&LATEST, "sender");
    let _subscription = fixture.subscribe(&LATEST, "receiver");
    let _tap = fixture.bus.tap(&LATEST).unwrap();
    fixture.seal();
    for value in 0..200 {
        publisher.publish_within(Cause::Root, number(value), Duration::ZERO).unwrap();
    }
}

proptest! {
    #[test]
    fn whoever_joins_whenever_sees_each_sequence_number_at_most_once_and_ends_with_the_newest(
        joins in prop::collection::vec(0..20_usize, 1..4),
        takes in prop::collection::vec(any::<bool>(), 20),
    ) {
        let fixture = Fixture::new();
        let topic = LATCHED.depth(32);
        let publisher = fixture.publisher(&topic, "sender");
        fixture.seal();
        let mut subscriptions = Vec::new();
        for (step, takes_one) in takes.into_iter().enumerate() {
            publisher.publish(number(u32::try_from(step).unwrap())).unwrap();
            for name in joins.iter().filter(|join| **join == step) {
                subscriptions.push((fixture.subscribe(&topic, &format!("late{name}")), Vec::new()));
            }
            for (subscription, seen) in subscriptions.iter_mut().filter(|_| takes_one) {
                seen.extend(subscription.take().map(|item| item.header().sequence));
            }
        }
        for (subscription, seen) in &mut subscriptions {
            seen.extend(std::iter::from_fn(|| subscription.take()).map(|item| item.header().sequence));
            prop_assert!(seen.is_sorted_by(|a, b| a < b), "{:?}", seen);
            prop_assert_eq!(seen.last(), Some(&20));
        }
    }
}
