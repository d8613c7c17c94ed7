//! What an operator sees of a robot in trouble, by topics and by `nevil status`.

use nevil_launch::EchoItem;
use serde_json::Value;

use crate::place::Place;
use crate::process::{WATCHDOG, wait_until};
use crate::robot::Robot;

/// A node that makes trouble, and one that does not hear of it.
const LAMP: &str =
    "  eyes: { type: trouble, params: { deaf: true } }\n  lamp: { type: trouble, required: false }\n";

/// Waits for the health of which `is` says that it is the one.
fn is_told(robot: &Robot, is: impl Fn(&Value) -> bool) -> Value {
    robot.hears("health", is)
}

fn issues(health: &Value) -> String {
    health["issues"].to_string()
}

#[test]
fn a_robot_in_which_all_goes_on_is_healthy_and_says_so_to_whoever_comes_later() {
    let place = Place::new();
    let robot = Robot::launch(&place, LAMP);
    let health = is_told(&robot, |health| health["level"] == "healthy");
    assert_eq!((issues(&health), &health["left_out"]), ("[]".to_owned(), &Value::from(0)));
    let ended = robot.stop();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}

#[test]
fn each_node_has_a_heartbeat_and_an_idle_one_is_alive() {
    let place = Place::new();
    let robot = Robot::launch(&place, LAMP);
    for node in ["eyes", "lamp"] {
        // Its timer ends after a second, and then it has nothing to do any more.
        let beat =
            robot.hears("system_heartbeat", |beat| beat["node"] == node && beat["turns"].as_u64() > Some(0));
        assert_eq!(
            (&beat["alive"], &beat["life"], &beat["state"]),
            (&true.into(), &1.into(), &"active".into())
        );
    }
}

#[test]
fn a_node_that_hangs_is_not_alive_and_the_robot_is_degraded_until_it_is_up_again() {
    let place = Place::new();
    // It is let hang for a while, so that its heartbeat falls into that.
    let lamp = LAMP.replace("required: false", "required: false, hang_grace: 4s");
    let robot = Robot::launch(&place, &lamp);
    is_told(&robot, |health| health["level"] == "healthy");
    robot.trouble("hang");
    let degraded = is_told(&robot, |health| health["level"] == "degraded");
    assert!(issues(&degraded).contains("node `lamp`"), "{degraded}");
    let beat = robot.hears("system_heartbeat", |beat| beat["node"] == "lamp" && beat["alive"] == false);
    assert!(beat["state"] == "failed" || beat["running"] == "on_order", "{beat}");
    robot.hears("system_heartbeat", |beat| beat["node"] == "eyes" && beat["alive"] == true);
    robot.hears("system_heartbeat", |beat| {
        beat["node"] == "lamp" && beat["alive"] == true && beat["life"] == 2
    });
    // The thread that hangs is still there, and is no part of the next life.
    let left = is_told(&robot, |health| issues(health).contains("1 thread of hung callbacks left behind"));
    assert_eq!(left["level"], "degraded");
}

#[test]
fn a_robot_whose_node_panics_is_degraded_and_then_healthy_again() {
    let place = Place::new();
    let lamp = LAMP.replace("required: false", "required: false, restart: { delay: 2s }");
    let robot = Robot::launch(&place, &lamp);
    is_told(&robot, |health| health["level"] == "healthy");
    robot.trouble("panic");
    let text = "node `lamp` is down: callback `on_order` panicked: the lamp is broken";
    is_told(&robot, |health| health["level"] == "degraded" && issues(health).contains(text));
    let down = wait_until("`nevil status` says who is down", || {
        let status = robot.status();
        Some(status["health"]["down"].clone()).filter(|down| down[0]["node"] == "lamp")
    });
    assert_eq!(down[0]["why"], "callback `on_order` panicked: the lamp is broken");
    let screen = place.run(&["status"]);
    assert!(screen.out.contains("degraded for ") && screen.out.contains(text), "{}", screen.out);
    is_told(&robot, |health| health["level"] == "healthy" && issues(health) == "[]");
}

#[test]
fn a_breaker_that_is_open_is_told_with_its_reason_to_whoever_comes_later() {
    let place = Place::new();
    let robot = Robot::launch(&place, LAMP);
    for _ in 0..5 {
        // The tool before may not have left yet.
        wait_until("there is room for a tool", || robot.publish("trouble", "trouble: refuse").ok());
    }
    // Each of these echoes begins after the last change.
    for _ in 0..2 {
        let states = robot.hears("breakers/state", |states| states["not_closed"] != Value::Array(vec![]));
        let open = &states["not_closed"][0];
        assert_eq!((&open["name"], &open["state"]), (&"lamp.on_order".into(), &"open".into()), "{states}");
        assert_eq!(
            (&open["why"], &open["criticality"]),
            (&"the lamp is not connected".into(), &"degrade".into())
        );
    }
    let text = "breaker `lamp.on_order` is open: the lamp is not connected";
    is_told(&robot, |health| health["level"] == "degraded" && issues(health).contains(text));
    let report = robot
        .hears("breakers/stats", |report| report["name"] == "lamp.on_order" && report["state"] == "open");
    let (config, stats) = (&report["config"], &report["stats"]);
    assert_eq!((&config["failure_threshold"], &config["timeout"]), (&5.into(), &0.1.into()), "{report}");
    assert_eq!(
        (&stats["failed_requests"], &stats["success_rate_percent"]),
        (&5.into(), &0.0.into()),
        "{report}"
    );
}

#[test]
fn repeats_of_an_alert_are_held_back_and_counted() {
    let place = Place::new();
    let often = "required: false, restart: { delay: 0s, delay_max: 0s, intensity: 100 }";
    let robot = Robot::launch(&place, &LAMP.replace("required: false", often));
    let mut echo = robot.echo("system_alerts");
    for life in 2..=5 {
        robot.trouble("panic");
        wait_until("its next life is there", || {
            let status = robot.status();
            let lamp =
                status["nodes"].as_array().unwrap().iter().find(|node| node["name"] == "lamp").unwrap();
            (lamp["life"] == life && lamp["state"] == "active").then_some(())
        });
    }
    let mut heard: Vec<Value> = Vec::new();
    let number = |alert: &Value, key: &str| alert[key].as_u64().unwrap();
    while heard.iter().map(|alert| number(alert, "count")).sum::<u64>() < 4 {
        let Some(EchoItem::Message(message)) = echo.next(WATCHDOG).unwrap() else { panic!("only {heard:?}") };
        let alert: Value = serde_json::from_str(message.text()).unwrap();
        heard.extend((alert["kind"] == "failed").then_some(alert));
    }
    assert_eq!((&heard[0]["source"], &heard[0]["severity"]), (&"node `lamp`".into(), &"error".into()));
    let took_ns = number(heard.last().unwrap(), "last_ns") - number(&heard[0], "first_ns");
    // A machine may be so busy that there were more windows than one.
    if took_ns < 10_000_000_000 {
        assert_eq!((heard.len(), number(&heard[1], "count")), (2, 3), "{heard:?}");
    }
    let health = robot.status()["health"].clone();
    assert!(health["suppressed"].as_u64() >= Some(3) || took_ns >= 10_000_000_000, "{health}");
}

#[test]
fn an_emergency_stop_makes_the_robot_unhealthy_until_it_is_reset() {
    let place = Place::new();
    let robot = Robot::launch(&place, LAMP);
    is_told(&robot, |health| health["level"] == "healthy");
    robot.trouble("smoke");
    let health = is_told(&robot, |health| health["level"] == "unhealthy");
    assert!(issues(&health).contains("emergency stop by node `lamp`: the lamp smokes"), "{health}");
    assert_eq!(place.run(&["estop", "--reset"]).code(), Some(0));
    is_told(&robot, |health| health["level"] == "healthy");
}

#[test]
fn a_node_that_uses_too_much_of_a_core_is_started_again() {
    let place = Place::new();
    let busy =
        "required: false, timeout: 30s, hang_grace: 100ms, resources: { cpu_percent: { warn: 1, act: 2 } }";
    let text = format!("shutdown_timeout: 60s\nnodes:\n{}", LAMP.replace("required: false", busy));
    let file = place.file(&format!("robot: picar\n{text}"));
    let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
    robot.trouble("spin");
    robot.complains("node `lamp` is started again");
    let health = is_told(&robot, |health| health["level"] == "healthy");
    assert_eq!(issues(&health), "[]");
}

#[test]
fn too_much_memory_stops_optional_nodes_first_and_is_an_emergency_at_last() {
    let place = Place::new();
    let text = "resources: { memory: { warn: 1MiB, act: 1MiB } }\nnodes:\n";
    let file = place.file(&format!("robot: picar\n{text}{LAMP}"));
    let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
    robot.complains("node `lamp` is stopped, because the process has 1MiB or more (`act`)");
    robot.complains("there is no optional node left that could be stopped");
    assert_eq!(robot.state("eyes"), "active");
    is_told(&robot, |health| {
        health["level"] == "unhealthy" && issues(health).contains("memory: the process has")
    });
    let ended = robot.stop();
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}

#[test]
fn a_limit_of_emergency_stops_all_motion() {
    let place = Place::new();
    let text = "resources: { memory: { emergency: 1MiB } }\nnodes:\n";
    let file = place.file(&format!("robot: picar\n{text}{LAMP}"));
    let robot = Robot::of(&place, place.command(&["launch", file.to_str().unwrap()]), "picar");
    robot.hears("emergency_stop/state", |state| state["by"] == "the limits of resources");
    is_told(&robot, |health| health["level"] == "unhealthy");
}
