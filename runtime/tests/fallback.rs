//! What a node does instead, while something does not work.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use nevil_runtime::SubscriptionCounts;
use nevil_runtime::prelude::*;
use nevil_runtime::testing::TestNode;

const MS: Duration = Duration::from_millis(1);

#[derive(Message)]
struct Scan {
    number: u32,
}

/// Which of its callbacks had which scan.
#[derive(Debug, Message, PartialEq, Eq)]
struct Seen {
    by_fallback: bool,
    number: u32,
}

const SCANS: Topic<Scan> = Topic::new("scans").depth(32);
const LIDAR: Topic<Scan> = Topic::new("lidar").depth(32).deadline(Duration::from_millis(100));
const SONAR: Topic<Scan> = Topic::new("sonar").depth(32);
const SEEN: Topic<Seen> = Topic::new("seen").depth(64);

/// The callback fails on numbers below 100; the fallback on 13.
struct Mapper(Publisher<Seen>);

impl Node for Mapper {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe_or(SCANS, Self::on_scan, Self::roughly)?;
        Ok(Self(setup.publisher(SEEN)?))
    }
}

impl Mapper {
    fn on_scan(&mut self, scan: &Received<Scan>, _: &Context) -> NodeResult {
        if scan.number < 100 {
            return Err(NodeError::new("no memory for the map"));
        }
        self.0.publish(Seen { by_fallback: false, number: scan.number })?;
        Ok(())
    }

    fn roughly(&mut self, scan: &Received<Scan>, _: &Context) -> NodeResult {
        if scan.number == 13 {
            return Err(NodeError::new("nothing to be seen"));
        }
        self.0.publish(Seen { by_fallback: true, number: scan.number })?;
        Ok(())
    }
}

fn publish<N: Node>(node: &mut TestNode<N>, topic: Topic<Scan>, number: u32) {
    node.publish(topic, Scan { number }).unwrap();
    node.step();
}

fn counts<N: Node>(node: &TestNode<N>, topic: &str) -> SubscriptionCounts {
    let counts = node.counts(topic).unwrap();
    counts.subscriptions.into_iter().find(|(node, ..)| node == "node").unwrap().2
}

#[test]
fn a_fallback_is_called_while_the_breaker_is_open_and_its_message_counts_once() {
    let mut mapper = TestNode::<Mapper>::start("").unwrap();
    (0..5).for_each(|number| publish(&mut mapper, SCANS, number));
    assert_eq!(mapper.take(SEEN).unwrap(), [], "while it is closed its failures are its own");
    publish(&mut mapper, SCANS, 5);
    publish(&mut mapper, SCANS, 13);
    assert_eq!(mapper.take(SEEN).unwrap(), [Seen { by_fallback: true, number: 5 }]);
    let seen = counts(&mapper, "scans");
    assert_eq!((seen.offered, seen.ok, seen.failed, seen.breaker_open), (7, 1, 6, 0));
    // After the open time the callback is tried again, and takes over.
    mapper.advance(Duration::from_secs(60));
    publish(&mut mapper, SCANS, 100);
    publish(&mut mapper, SCANS, 101);
    let by_callback = [100, 101].map(|number| Seen { by_fallback: false, number });
    assert_eq!(mapper.take(SEEN).unwrap(), by_callback);
    assert_eq!(mapper.stop(), Vec::<String>::new(), "the accounts balance");
}

#[test]
fn a_fallback_that_fails_too_opens_its_own_breaker_and_then_nobody_is_called() {
    let mut mapper = TestNode::<Mapper>::start("").unwrap();
    (0..5).for_each(|number| publish(&mut mapper, SCANS, number));
    (0..5).for_each(|_| publish(&mut mapper, SCANS, 13));
    assert_eq!(counts(&mapper, "scans").failed, 10);
    publish(&mut mapper, SCANS, 6);
    assert_eq!(counts(&mapper, "scans").breaker_open, 1);
    assert_eq!(mapper.take(SEEN).unwrap(), []);
}

/// Listens to the lidar, and to the sonar while that is silent.
struct Careful(Publisher<Seen>);

impl Node for Careful {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe_with_standby(LIDAR, SONAR, Self::on_scan)?;
        Ok(Self(setup.publisher(SEEN)?))
    }
}

impl Careful {
    fn on_scan(&mut self, scan: &Received<Scan>, _: &Context) -> NodeResult {
        self.0.publish(Seen { by_fallback: false, number: scan.number })?;
        Ok(())
    }
}

fn numbers(node: &mut TestNode<Careful>) -> Vec<u32> {
    node.take(SEEN).unwrap().into_iter().map(|seen| seen.number).collect()
}

#[test]
fn a_topic_that_stands_by_is_heard_only_while_the_main_one_is_silent() {
    let mut careful = TestNode::<Careful>::start("").unwrap();
    publish(&mut careful, LIDAR, 1);
    publish(&mut careful, SONAR, 1001);
    assert_eq!(numbers(&mut careful), [1]);
    assert_eq!(counts(&careful, "sonar").discarded, 1);
    // Just before the deadline it is not silent yet.
    careful.advance(99 * MS);
    publish(&mut careful, SONAR, 1002);
    assert_eq!(numbers(&mut careful), Vec::<u32>::new());
    careful.advance(MS);
    publish(&mut careful, SONAR, 1003);
    publish(&mut careful, SONAR, 1004);
    assert_eq!(numbers(&mut careful), [1003, 1004]);
    // The main one is heard again, and takes over at once.
    publish(&mut careful, LIDAR, 2);
    publish(&mut careful, SONAR, 1005);
    assert_eq!(numbers(&mut careful), [2]);
    let (lidar, sonar) = (counts(&careful, "lidar"), counts(&careful, "sonar"));
    assert_eq!((lidar.ok, lidar.silences), (2, 1));
    assert_eq!((sonar.offered, sonar.ok, sonar.discarded), (5, 2, 3));
    assert_eq!(careful.stop(), Vec::<String>::new(), "the accounts balance");
}

/// The other way round: the main topic has no deadline.
#[derive(Debug)]
struct Careless;

impl Node for Careless {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe_with_standby(SONAR, LIDAR, |_: &mut Self, _: &Received<Scan>, _: &Context| Ok(()))?;
        Ok(Self)
    }
}

#[test]
fn a_topic_without_a_deadline_is_never_silent_and_has_no_standby() {
    let error = TestNode::<Careless>::start("").err().unwrap().to_string();
    let why =
        "topic `sonar` has no deadline, so that nobody can say when it is silent; give it one (`deadline`)";
    assert!(error.ends_with(why), "{error}");
}
