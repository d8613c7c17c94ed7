use std::collections::BTreeMap;

use nevil_runtime::BreakerState;
use serde_json::{Value, json};

use super::super::{BreakerOperation, Request};
use super::{ClientError, ControlClient, Robot};

const NAME: &str = "car.on_drive";

fn refused(client: &mut ControlClient, request: &Request) -> String {
    match client.request(request) {
        Err(ClientError::Refused(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn operate(client: &mut ControlClient, operation: BreakerOperation) -> Value {
    client.request(&Request::BreakerOperate { name: NAME.into(), operation }).unwrap()
}

fn set(changes: &[(&str, &str)]) -> Request {
    let changes = changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Request::BreakerSet { name: NAME.into(), changes: changes.collect::<BTreeMap<_, _>>() }
}

#[test]
fn the_breakers_are_listed_by_name_with_the_statistics_that_programs_know() {
    let mut robot = Robot::start("breaker-list");
    robot.stop_time();
    let answer = robot.client().request(&Request::BreakerList).unwrap();
    let names: Vec<_> = answer["breakers"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(
        names,
        ["car.activate", "car.deactivate", "car.input_down", "car.measure", NAME, "car.shutdown"]
    );
    let drive = &answer["breakers"][4];
    let config = json!({
        "failure_threshold": 5, "recovery_timeout": 60, "success_threshold": 1, "timeout": 0.1, "max_concurrent": null,
    });
    assert_eq!((&drive["state"], &drive["config"]), (&json!("closed"), &config));
    let keys: Vec<_> = drive["stats"].as_object().unwrap().keys().collect();
    let wanted = [
        "concurrent_requests",
        "consecutive_failures",
        "consecutive_successes",
        "failed_requests",
        "rejected_requests",
        "state_changes",
        "success_rate_of_admitted_percent",
        "success_rate_percent",
        "successful_requests",
        "total_requests",
    ];
    assert_eq!(keys, wanted);
    assert_eq!(answer["breakers"][0]["config"]["timeout"], Value::Null, "a phase has no deadline of its own");
}

#[test]
fn each_operation_makes_the_breaker_what_it_says() {
    let mut robot = Robot::start("breaker-operate");
    robot.stop_time();
    let mut client = robot.client();
    let breaker = robot.handler.environment.breakers().get(NAME).unwrap();
    let now = robot.handler.environment.bus().clock().now();
    for (operation, said, is) in [
        (BreakerOperation::Open, "forced_open", BreakerState::ForcedOpen),
        (BreakerOperation::Close, "forced_closed", BreakerState::ForcedClosed),
        (BreakerOperation::Disable, "disabled", BreakerState::Disabled),
        (BreakerOperation::MetricsOnly, "metrics_only", BreakerState::MetricsOnly),
        (BreakerOperation::Reset, "closed", BreakerState::Closed),
        (BreakerOperation::OpenForMs(9000), "open", BreakerState::Open),
        (BreakerOperation::HalfOpen, "half_open", BreakerState::HalfOpen),
    ] {
        let answer = operate(&mut client, operation);
        assert_eq!((answer["state"].as_str(), breaker.state(now)), (Some(said), is));
    }
    operate(&mut client, BreakerOperation::Reset);
    let half_open = Request::BreakerOperate { name: NAME.into(), operation: BreakerOperation::HalfOpen };
    assert_eq!(
        refused(&mut client, &half_open),
        "breaker `car.on_drive` is closed and cannot be made half_open; open it first"
    );
    let long =
        Request::BreakerOperate { name: NAME.into(), operation: BreakerOperation::OpenForMs(86_400_001) };
    assert_eq!(
        refused(&mut client, &long),
        "breaker `car.on_drive`: `open_for` is 86400.001s, 1ms to 86400s are allowed"
    );
}

#[test]
fn a_policy_is_changed_while_it_works_and_what_is_wrong_changes_nothing() {
    let mut robot = Robot::start("breaker-set");
    robot.stop_time();
    let mut client = robot.client();
    let breaker = robot.handler.environment.breakers().get(NAME).unwrap();
    let mut wanted = breaker.policy().unwrap();
    wanted.half_open.successes = 4;
    wanted.open = std::time::Duration::from_secs(7);
    let answer = client.request(&set(&[("open", "7s"), ("half_open.successes", "4")])).unwrap();
    assert_eq!(
        (&answer["policy"]["open_us"], breaker.policy().unwrap()),
        (&json!(7_000_000), wanted.clone())
    );
    assert_eq!(
        refused(&mut client, &set(&[("open", "8s"), ("half_open.successes", "0")])),
        "half_open.successes: value is too small (0), at least 1 is allowed"
    );
    assert_eq!(breaker.policy().unwrap(), wanted);
    let shown = client.request(&Request::BreakerShow { name: NAME.into() }).unwrap();
    assert_eq!(shown["policy"], answer["policy"]);
}

#[test]
fn an_unknown_breaker_is_answered_with_the_nearest_one() {
    let robot = Robot::start("breaker-unknown");
    let text = refused(&mut robot.client(), &Request::BreakerShow { name: "car.on_dirve".into() });
    assert_eq!(
        text,
        "unknown breaker `car.on_dirve`, did you mean `car.on_drive`?; known breakers are car.activate, \
         car.deactivate, car.input_down, car.measure, car.on_drive, car.shutdown"
    );
}
