//! Whole paths of messages while threads come and go, in many random schedules: shuttle changes the thread at each atomic
//! and lock of the bus. All of its accesses are in one order; what weaker orderings allow is the matter of loom's models.

use std::sync::Arc;
use std::time::Duration;

use ::shuttle::rand::{Rng, thread_rng};
use ::shuttle::scheduler::RandomScheduler;
use ::shuttle::{Config, Runner, thread};
use nevil_msgs::Topic;
use nevil_sys::mem::Sleep;
use nevil_sys::sync::atomic::{AtomicBool, Ordering};

use super::{Fixture, LATEST, NEWEST, Number, OLDEST, drain, number};
use crate::bus::{Bus, Cause, PublishErrorKind, Publisher, Subscription, Wake};
use crate::clock::Clock;

const SCHEDULES: usize = 3000;

/// Somewhat more than the steps in which a tap comes.
const TAP_STEPS: u32 = 32;

const LATCHED: Topic<Number> = Topic::new("latched").depth(8).latched();

fn check(run: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    // Shuttle's atomics are larger than a word, and a tally has more than a hundred of them.
    config.stack_size = 1 << 18;
    // It says that it knows one order only; so does the head of this file.
    config.silence_warnings = true;
    Runner::new(RandomScheduler::new(SCHEDULES), config).run(run);
}

/// Publishes `values` on a thread of its own, which drops the publisher then.
fn publish(publisher: Publisher<Number>, values: std::ops::RangeInclusive<u32>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for value in values {
            publisher.publish(number(value)).unwrap();
        }
    })
}

/// Receives `count` messages, and sleeps while there is none. Under shuttle no sleep ends by itself: who is not woken is a
/// deadlock, which fails.
fn receive(wake: &Wake, receiver: &mut Subscription<Number>, count: usize) -> Vec<u32> {
    let mut values = drain(receiver);
    receiver.tell_room();
    while values.len() < count {
        wake.bell().sleep_unless(|| receiver.has_message(), Sleep::Sound, None);
        values.extend(drain(receiver));
        receiver.tell_room();
    }
    values
}

/// Nothing moves any more: every message is in one counter, and no slot is left behind.
fn assert_settled(fixture: &Fixture, topic: &str) {
    assert_eq!(fixture.bus.imbalances(), Vec::<String>::new());
    assert_eq!(fixture.bus.counts(topic).unwrap().slots.0, 0);
}

fn accounts_balance_on(topic: Topic<Number>) {
    let fixture = Fixture::new();
    let name = topic.name();
    let publishers = [fixture.publisher(&topic, "a"), fixture.publisher(&topic, "b")];
    let mut leaving = fixture.subscribe(&topic, "leaving");
    fixture.seal();
    let publishing = publishers.map(|publisher| publish(publisher, 1..=3));
    let leaving = thread::spawn(move || drain(&mut leaving).len());
    let mut joining = fixture.subscribe(&topic, "joining");
    drain(&mut joining);
    publishing.into_iter().for_each(|publishing| publishing.join().unwrap());
    leaving.join().unwrap();
    drain(&mut joining);
    assert_eq!(fixture.account(name, "joining").queued, 0);
    assert_settled(&fixture, name);
}

#[test]
fn shuttle_accounts_balance_when_two_publish_while_a_subscription_is_dropped_and_another_joins() {
    check(|| accounts_balance_on(OLDEST));
}

#[test]
fn shuttle_accounts_balance_so_where_what_is_new_is_dropped() {
    check(|| accounts_balance_on(NEWEST));
}

#[test]
fn shuttle_accounts_balance_so_where_all_publishers_share_one_place() {
    check(|| accounts_balance_on(LATEST));
}

#[test]
fn shuttle_what_a_publisher_left_queued_is_received_though_somebody_joins_meanwhile() {
    check(|| {
        let fixture = Fixture::new();
        let publisher = fixture.publisher(&OLDEST, "sender");
        let mut receiver = fixture.subscribe(&OLDEST, "receiver");
        fixture.seal();
        publish(publisher, 1..=3).join().unwrap();
        let wake = Arc::clone(&fixture.wake);
        let receiving = thread::spawn(move || receive(&wake, &mut receiver, 3));
        let joined = fixture.subscribe(&OLDEST, "joined");
        assert_eq!(receiving.join().unwrap(), [1, 2, 3]);
        drop(joined);
        assert_settled(&fixture, "oldest");
    });
}

#[test]
fn shuttle_the_first_message_for_who_joins_wakes_it_though_it_did_not_have_the_lane_yet() {
    check(|| {
        let fixture = Fixture::new();
        let publisher = fixture.publisher(&OLDEST, "sender");
        fixture.seal();
        let publishing = thread::spawn(move || {
            while publisher.publish(number(1)).unwrap().offered == 0 {
                thread::yield_now();
            }
        });
        let joiner = fixture.subscribe(&OLDEST, "joiner");
        let wake = Arc::clone(&fixture.wake);
        let receiving = thread::spawn(move || receive(&wake, &mut { joiner }, 1));
        publishing.join().unwrap();
        assert_eq!(receiving.join().unwrap(), [1]);
        assert_settled(&fixture, "oldest");
    });
}

/// The subscription is there; a publisher comes, sends one message, and goes.
#[test]
fn shuttle_the_only_message_of_a_publisher_that_comes_and_goes_wakes_who_sleeps() {
    check(|| {
        let fixture = Fixture::new();
        let mut receiver = fixture.subscribe(&OLDEST, "receiver");
        fixture.seal();
        let wake = Arc::clone(&fixture.wake);
        let receiving = thread::spawn(move || receive(&wake, &mut receiver, 2));
        for name in ["first", "second"] {
            publish(fixture.publisher(&OLDEST, name), 1..=1);
        }
        assert_eq!(receiving.join().unwrap(), [1, 1]);
    });
}

#[test]
fn shuttle_a_live_snapshot_never_shows_more_ends_than_offers() {
    check(|| {
        let fixture = Fixture::new();
        let publisher = fixture.publisher(&OLDEST, "sender");
        let mut receiver = fixture.subscribe(&OLDEST, "receiver");
        fixture.seal();
        let publishing = publish(publisher, 1..=5);
        let receiving = thread::spawn(move || (0..3).for_each(|_| drop(drain(&mut receiver))));
        for _ in 0..3 {
            let account = fixture.account("oldest", "receiver");
            assert!(account.offered >= account.ended() + account.running + account.queued, "{account:?}");
        }
        publishing.join().unwrap();
        receiving.join().unwrap();
        assert_settled(&fixture, "oldest");
    });
}

#[test]
fn shuttle_who_joins_at_any_moment_gets_the_latched_value_and_all_that_follow_once() {
    check(|| {
        let fixture = Fixture::new();
        let publisher = fixture.publisher(&LATCHED, "sender");
        fixture.seal();
        publisher.publish(number(1)).unwrap();
        let publishing = thread::spawn(move || {
            (2..=4).for_each(|value| assert!(publisher.publish(number(value)).is_ok()));
            publisher
        });
        let mut joiner = fixture.subscribe(&LATCHED, "joiner");
        let mut values = drain(&mut joiner);
        let publisher = publishing.join().unwrap();
        values.extend(drain(&mut joiner));
        let first = *values.first().unwrap();
        assert_eq!(values, (first..=4).collect::<Vec<_>>());
        drop((joiner, publisher));
        assert_settled(&fixture, "latched");
    });
}

#[test]
fn shuttle_nothing_is_accepted_that_begins_after_a_fence() {
    check(|| {
        let fixture = Fixture::new();
        let incarnation = fixture.incarnation("sender");
        let sender = Arc::clone(&incarnation);
        let publisher = fixture.bus.publisher("oldest", &OLDEST, sender, Arc::default()).unwrap();
        let mut receiver = fixture.subscribe(&OLDEST, "receiver");
        fixture.seal();
        let fenced = Arc::new(AtomicBool::new(false));
        let is_fenced = Arc::clone(&fenced);
        let publishing = thread::spawn(move || {
            for value in 1..=3 {
                let must_fail = is_fenced.load(Ordering::SeqCst);
                match publisher.publish(number(value)) {
                    Ok(_) => assert!(!must_fail, "accepted after the fence"),
                    Err(refused) => assert_eq!(refused.kind, PublishErrorKind::Fenced),
                }
            }
        });
        incarnation.fence();
        fenced.store(true, Ordering::SeqCst);
        publishing.join().unwrap();
        drain(&mut receiver);
        drop(receiver);
        assert_settled(&fixture, "oldest");
    });
}

/// A robot whose time is real, so that publishers wait.
fn waiting_fixture() -> (Fixture, Publisher<Number>, Subscription<Number>) {
    let fixture = Fixture { bus: Bus::new(Clock::monotonic()), ..Fixture::new() };
    let publisher = fixture.publisher(&OLDEST, "sender");
    let receiver = fixture.subscribe(&OLDEST, "receiver");
    fixture.seal();
    (fixture, publisher, receiver)
}

fn publish_waiting(
    publisher: Publisher<Number>,
    values: std::ops::RangeInclusive<u32>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for value in values {
            let published = publisher.publish_within(Cause::Root, number(value), Duration::from_secs(3600));
            assert_eq!(published.unwrap().overflowed, 0);
        }
    })
}

#[test]
fn shuttle_a_publisher_that_waits_for_room_is_woken_when_there_is_some_and_loses_nothing() {
    check(|| {
        let (fixture, publisher, mut receiver) = waiting_fixture();
        (1..=3).for_each(|value| assert!(publisher.publish(number(value)).is_ok()));
        let publishing = publish_waiting(publisher, 4..=6);
        let values = receive(&fixture.wake, &mut receiver, 6);
        assert_eq!(values, [1, 2, 3, 4, 5, 6]);
        publishing.join().unwrap();
        drop(receiver);
        assert_settled(&fixture, "oldest");
    });
}

#[test]
fn shuttle_a_publisher_that_waits_for_room_is_woken_when_the_subscription_ends() {
    check(|| {
        let (fixture, publisher, receiver) = waiting_fixture();
        (1..=3).for_each(|value| assert!(publisher.publish(number(value)).is_ok()));
        let publishing = publish_waiting(publisher, 4..=5);
        drop(receiver);
        publishing.join().unwrap();
        assert_settled(&fixture, "oldest");
    });
}

#[test]
fn shuttle_a_tap_that_comes_and_goes_changes_no_account() {
    check(|| {
        let fixture = Fixture::new();
        let publisher = fixture.publisher(&OLDEST, "sender");
        let mut receiver = fixture.subscribe(&OLDEST, "receiver");
        fixture.seal();
        let publishing = thread::spawn(move || {
            // It takes its first routes at any moment of the tap's coming, not mostly long before.
            for _ in 0..thread_rng().gen_range(0..TAP_STEPS) {
                thread::yield_now();
            }
            for value in 1..=3 {
                publisher.publish(number(value)).unwrap();
            }
        });
        let mut tap = fixture.bus.tap(&OLDEST).unwrap();
        let mut last = 0;
        while let Some(received) = tap.take() {
            assert!(received.value > last, "each message once, in order");
            last = received.value;
        }
        assert_eq!(tap.lost(), 0);
        drop(tap);
        publishing.join().unwrap();
        assert_eq!(drain(&mut receiver), [1, 2, 3]);
        let counts = fixture.bus.counts("oldest").unwrap();
        assert_eq!((counts.publishers[0].1.accepted, counts.subscriptions.len()), (3, 1));
        assert_eq!((counts.subscriptions[0].2.offered, counts.subscriptions[0].2.ok), (3, 3));
        drop(receiver);
        assert_settled(&fixture, "oldest");
    });
}

/// Depths change at random moments: every message is received or counted, and none is out of order.
fn depths_change_on(topic: Topic<Number>) {
    let fixture = Fixture::new();
    let name = topic.name();
    let publisher = fixture.publisher(&topic, "sender");
    let mut receiver = fixture.subscribe(&topic, "receiver");
    fixture.seal();
    let publishing = publish(publisher, 1..=5);
    let receiving = thread::spawn(move || {
        let mut values = drain(&mut receiver);
        values.extend(drain(&mut receiver));
        (receiver, values)
    });
    for depth in [1, 3, 2] {
        fixture.bus.set_depth(name, Some("receiver"), depth).unwrap();
    }
    publishing.join().unwrap();
    let (mut receiver, mut values) = receiving.join().unwrap();
    let left = drain(&mut receiver);
    values.extend(left);
    assert!(values.is_sorted_by(|a, b| a < b), "{values:?}");
    let account = fixture.account(name, "receiver");
    assert_eq!((account.ok + account.overflow, account.queued), (5, 0), "{account:?}");
    assert_settled(&fixture, name);
}

#[test]
fn shuttle_every_message_is_received_or_counted_while_depths_change() {
    check(|| depths_change_on(OLDEST));
}

#[test]
fn shuttle_every_message_is_received_or_counted_so_where_what_is_new_is_dropped() {
    check(|| depths_change_on(NEWEST));
}

#[test]
fn shuttle_a_publisher_that_waits_for_room_loses_nothing_while_depths_change() {
    check(|| {
        let (fixture, publisher, mut receiver) = waiting_fixture();
        (1..=3).for_each(|value| assert!(publisher.publish(number(value)).is_ok()));
        let publishing = publish_waiting(publisher, 4..=6);
        let bus = fixture.bus.clone();
        let changing = thread::spawn(move || {
            for depth in [1, 3] {
                bus.set_depth("oldest", None, depth).unwrap();
            }
        });
        let values = receive(&fixture.wake, &mut receiver, 6);
        assert_eq!(values, [1, 2, 3, 4, 5, 6]);
        publishing.join().unwrap();
        changing.join().unwrap();
        drop(receiver);
        assert_settled(&fixture, "oldest");
    });
}
