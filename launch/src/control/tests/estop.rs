use serde_json::json;

use super::super::Request;
use super::{ClientError, ControlClient, Robot};

#[test]
fn an_emergency_stop_through_the_socket_holds_until_it_is_reset_there() {
    let robot = Robot::start("estop");
    let mut client = ControlClient::connect(&robot.path).unwrap();
    let refused = client.request(&Request::EstopReset).unwrap_err();
    assert!(matches!(refused, ClientError::Refused(text) if text == "no emergency stop holds"));
    let request = Request::Estop { reason: "a cable hangs out".into() };
    assert_eq!(client.request(&request).unwrap(), json!({ "engaged": true }));
    let state = robot.handler.environment.emergency_stop().state().unwrap();
    assert_eq!((&*state.by, &*state.reason), ("the operator", "a cable hangs out"));
    assert_eq!(client.request(&Request::EstopReset).unwrap(), json!({ "engaged": false }));
    assert!(!robot.handler.environment.emergency_stop().is_engaged());
}
