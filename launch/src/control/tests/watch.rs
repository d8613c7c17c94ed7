//! Watches of topics, the accounts of all, and the log.

use nevil_runtime::log::{Flushed, LogLevel, log_as};

use super::*;
use crate::control::echo::glance;

#[test]
fn a_watch_tells_number_time_and_size_of_each_message_and_nothing_of_what_was_latched_before() {
    let robot = Robot::start("watch");
    let mut watch = robot.client().watch("range", Duration::from_millis(1)).unwrap();
    assert_eq!(watch.publishers(), ["car"]);
    let mut last = 0;
    while last < 100 {
        match watch.next(WATCHDOG).unwrap().expect("the car measures every millisecond") {
            EchoItem::Seen(seen) => {
                assert_eq!((&*seen.source, seen.incarnation, seen.bytes), ("car", 1, Some(8)));
                assert!(seen.sequence > last, "{} after {last}", seen.sequence);
                assert_eq!(seen.stamp_ns, seen.sequence * 1_000_000);
                assert!(seen.found_ns >= seen.stamp_ns, "{seen:?}");
                last = seen.sequence;
            }
            EchoItem::Lost(count) => assert!(count > 0),
            EchoItem::Message(message) => panic!("a watch shows no message: {message:?}"),
        }
    }

    let bus = Bus::new(Clock::simulated());
    let topic = Topic::<Range>::new("range");
    let mut before = bus.tap(&topic).unwrap();
    let later = bus.clock().now() + Duration::from_nanos(1);
    assert_eq!(glance(&mut before, &bus, later, &mut 0), b"", "nothing was published");
}

#[test]
fn a_watch_looks_every_1_to_1000_milliseconds() {
    let robot = Robot::start("looks");
    let mut client = robot.client();
    for every_ms in [0, 1001] {
        let request = Request::TopicWatch { topic: "range".to_owned(), every_ms: Some(every_ms) };
        let text = refused(client.request(&request));
        assert_eq!(text, format!("`every_ms` is not allowed ({every_ms}), 1 to 1000 are"));
    }
    for every in [1, 1000] {
        robot.client().watch("range", Duration::from_millis(every)).unwrap();
    }
}

#[test]
fn an_audit_has_every_account_with_what_went_in_and_what_is_accounted_for() {
    let mut robot = Robot::start("audit");
    let drive = "{speed_mps: 0.2, steering_rad: 0, valid_for_ms: 300}";
    let publish =
        Request::TopicPub { topic: "operator_drive".to_owned(), text: drive.to_owned(), as_operator: false };
    robot.client().request(&publish).unwrap();
    let audit = || robot.client().request(&Request::BusAudit).unwrap();
    assert!(eventually(|| audit()["topics"][0]["subscriptions"][0]["ok"] == 1));
    robot.stop_time();
    let audit = robot.client().request(&Request::BusAudit).unwrap();
    let (drive, range) = (&audit["topics"][0], &audit["topics"][1]);
    assert_eq!((&drive["name"], &range["name"]), (&json!("operator_drive"), &json!("range")));
    let of = |account: &serde_json::Value| (account["in"].as_u64(), account["accounted"].as_u64());
    assert_eq!(of(&drive["publishers"][0]), (Some(1), Some(1)));
    assert_eq!(of(&drive["subscriptions"][0]), (Some(1), Some(1)));
    assert_eq!(drive["subscriptions"][0]["callback"], "on_drive");
    let (published, accounted) = of(&range["publishers"][0]);
    assert!(published > Some(0));
    assert_eq!(published, accounted);
}

#[test]
fn the_last_records_of_the_log_are_read_and_then_those_that_come() {
    let robot = Robot::start("logs");
    let (log, dispatch) = &robot.handler.log;
    let says = |name: &str, text: &str| {
        tracing::dispatcher::with_default(dispatch, || {
            log_as(name);
            tracing::warn!(target: "picar", "{text}");
        });
        assert_eq!(log.flush(WATCHDOG), Flushed::All);
    };
    says("car", "is warm");
    says("nav", "is lost");
    let mut client = robot.client();
    let mut read = |after, node: Option<&str>, level| {
        let request = Request::Logs { after, lines: 50, node: node.map(str::to_owned), level };
        let mut answer = client.request(&request).unwrap();
        let lines = answer["lines"].as_array_mut().unwrap().iter_mut();
        let texts = lines.map(|line| line["text"].as_str().unwrap().split_once("Z ").unwrap().1.to_owned());
        (texts.collect::<Vec<_>>(), answer["next"].as_u64(), answer["lost"].as_u64())
    };
    let all = ["WARN  car picar: is warm", "WARN  nav picar: is lost"].map(str::to_owned);
    assert_eq!(read(None, None, None), (all.to_vec(), Some(2), Some(0)));
    assert_eq!(read(None, Some("nav"), Some(LogLevel::Warn)), (all[1..].to_vec(), Some(2), Some(0)));
    assert_eq!(read(None, None, Some(LogLevel::Error)), (vec![], Some(2), Some(0)));
    says("car", "is cool");
    assert_eq!(read(Some(2), None, None), (vec!["WARN  car picar: is cool".to_owned()], Some(3), Some(0)));
}
