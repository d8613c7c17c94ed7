//! What happens when ends die, and when the user's `Drop` misbehaves.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use nevil_msgs::{Message, Topic, Value};

use super::{Fixture, OLDEST, drain, number};
use crate::bus::{Authority, Publisher, Said, Sources};

/// A message whose `Drop` does what it is told.
#[derive(Message)]
struct Bomb {
    armed: bool,
}

thread_local! {
    /// What the drop of an armed bomb publishes on.
    static LAST_WORDS: RefCell<Option<Rc<Publisher<Bomb>>>> = const { RefCell::new(None) };
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        match LAST_WORDS.with_borrow(Clone::clone) {
            Some(publisher) => drop(publisher.publish(Bomb { armed: false }).unwrap()),
            None => panic!("a message that panics when it is dropped"),
        }
    }
}

const BOMBS: Topic<Bomb> = Topic::new("bombs").depth(1);

fn bombs(fixture: &Fixture, topic: &Topic<Bomb>, name: &str) -> Publisher<Bomb> {
    fixture.bus.publisher(topic.name(), topic, fixture.incarnation(name), Default::default()).unwrap()
}

#[test]
fn a_panic_in_the_drop_of_a_message_that_lost_its_place_disturbs_no_publisher_and_no_account() {
    for topic in [BOMBS, BOMBS.latched()] {
        let fixture = Fixture::new();
        let publisher = bombs(&fixture, &topic, "sender");
        let subscribe = |node: &str| {
            let subscriber = (&node.into(), &std::sync::Arc::from("on_bomb"));
            let wake = std::sync::Arc::clone(&fixture.wake);
            fixture
                .bus
                .subscribe("bombs", &topic, subscriber, (wake, &mut Sources::default()), Said::NOTHING)
                .unwrap()
        };
        let (first, second) = (subscribe("first"), subscribe("second"));
        fixture.seal();
        for _ in 0..3 {
            assert_eq!(publisher.publish(Bomb { armed: true }).unwrap().offered, 2);
        }
        // What is queued is dropped with the subscriptions, and what is latched with its publisher.
        drop((first, second, publisher));
        assert_eq!(fixture.bus.imbalances(), Vec::<String>::new());
        assert_eq!(fixture.account("bombs", "second").overflow, 2);
        assert_eq!(fixture.bus.counts("bombs").unwrap().slots.0, 0);
    }
}

#[test]
fn a_message_that_is_published_by_the_drop_of_another_has_a_number_of_its_own() {
    let fixture = Fixture::new();
    let publisher = bombs(&fixture, &BOMBS, "sender");
    let mut tap = fixture.bus.tap(&BOMBS).unwrap();
    let subscriber = (&"receiver".into(), &std::sync::Arc::from("on_bomb"));
    let wake = std::sync::Arc::clone(&fixture.wake);
    let subscription = fixture
        .bus
        .subscribe("bombs", &BOMBS, subscriber, (wake, &mut Sources::default()), Said::NOTHING)
        .unwrap();
    fixture.seal();
    let publisher = Rc::new(publisher);
    LAST_WORDS.set(Some(Rc::clone(&publisher)));
    publisher.publish(Bomb { armed: true }).unwrap();
    // It takes the place of the first, which publishes a third.
    publisher.publish(Bomb { armed: false }).unwrap();
    let taken = std::iter::from_fn(|| tap.take()).map(|received| received.header().sequence);
    assert_eq!(taken.collect::<BTreeSet<u64>>(), BTreeSet::from([1, 2, 3]));
    LAST_WORDS.set(None);
    drop(subscription);
}

#[test]
fn tools_that_come_and_go_leave_no_more_queued_than_the_queues_of_those_that_were_there_at_once() {
    let fixture = Fixture::new();
    let sensor = fixture.publisher(&OLDEST, "sensor");
    let (hung, mut healthy) = (fixture.subscribe(&OLDEST, "hung"), fixture.subscribe(&OLDEST, "healthy"));
    fixture.seal();
    let value = Value::parse_yaml("message", "{value: 1, text: x}").unwrap();
    for _ in 0..1000 {
        let tool = fixture.bus.tool_publisher("oldest", "tool", Authority::Tool).unwrap();
        tool.publish(&value).unwrap();
        sensor.publish(number(2)).unwrap();
        drain(&mut healthy);
    }
    // Of one tool at a time and the sensor.
    assert_eq!(fixture.account("oldest", "hung").queued, 2 * 3);
    drop((hung, healthy));
    assert_eq!(fixture.bus.imbalances(), Vec::<String>::new());
}

#[test]
fn two_tools_on_one_topic_are_told_apart_by_their_headers() {
    let fixture = Fixture::new();
    let mut subscription = fixture.subscribe(&OLDEST, "receiver");
    fixture.seal();
    let value = Value::parse_yaml("message", "{value: 1, text: x}").unwrap();
    let tools = [(); 2].map(|()| fixture.bus.tool_publisher("oldest", "tool", Authority::Tool).unwrap());
    for tool in &tools {
        tool.publish(&value).unwrap();
    }
    let [first, second] = [(); 2].map(|()| *subscription.take().unwrap().header());
    assert_eq!((first.source, first.sequence), (second.source, second.sequence));
    assert_ne!(first.incarnation, second.incarnation);
}
