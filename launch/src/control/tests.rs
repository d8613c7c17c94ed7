//! Real sockets, and a robot whose topics are real.

mod breaker;
mod estop;
mod misuse;
mod ring;
mod watch;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use nevil_runtime::log::{Log, LogTail};
use nevil_runtime::prelude::*;
use nevil_runtime::ring::{RingReader, Rings};
use nevil_runtime::{
    Breakers, Bus, Clock, Environment, NodeSpec, NodeTypes, ResetError, RobotStatus, SimulatedRobot,
};
use serde_json::json;
use tracing::Dispatch;

use super::echo::look;
use super::{ClientError, Control, ControlClient, ControlServer, EchoItem, Request};
use crate::limits::LOCK_ATTEMPT_EVERY;
use crate::{RobotPhase, RobotReport};

/// Long enough for a loaded machine; nothing waits for it where all is well.
const WATCHDOG: Duration = Duration::from_secs(20);

/// Measures, hears, and obeys an operator.
struct Car {
    range: Publisher<Range>,
    mic: RingOutput<f32>,
}

impl Node for Car {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.every(Duration::from_millis(1), Self::measure)?;
        setup.subscribe(topics::OPERATOR_DRIVE, Self::on_drive)?;
        let mic = setup.ring_writer("mic", RingSpec::values(4, 64))?;
        Ok(Self { range: setup.publisher(topics::RANGE)?, mic })
    }
}

impl Car {
    fn measure(&mut self, _: &Tick, ctx: &Context) -> NodeResult {
        self.mic.write(ctx.now(), &[0.5; 4])?;
        self.range.publish(Range { reading: RangeReading::Echo, distance_m: 0.5 })?;
        Ok(())
    }

    fn on_drive(&mut self, _: &Received<Drive>, _: &Context) -> NodeResult {
        Ok(())
    }
}

struct Handler {
    environment: Environment,
    status: serde_json::Value,
    stops: AtomicU64,
    log: (Log, Dispatch),
}

impl Control for Handler {
    fn status(&self) -> serde_json::Value {
        self.status.clone()
    }

    fn bus(&self) -> &Bus {
        self.environment.bus()
    }

    fn rings(&self) -> &Rings {
        self.environment.rings()
    }

    fn breakers(&self) -> &Breakers {
        self.environment.breakers()
    }

    fn callback_timeout(&self, breaker: &str) -> Option<Duration> {
        self.environment.callback_timeout(breaker)
    }

    fn emergency_stop(&self, by: &str, reason: &str) {
        self.environment.emergency_stop().engage(by, reason);
    }

    fn reset_emergency_stop(&self, by: &str) -> Result<(), ResetError> {
        self.environment.emergency_stop().reset(by)
    }

    fn log_tail(&self) -> Option<LogTail> {
        Some(self.log.0.tail())
    }

    fn request_stop(&self) {
        // Relaxed: the answer that the test waits for comes after it.
        self.stops.fetch_add(1, Ordering::Relaxed);
    }
}

/// A robot with a control socket. Its time goes on in a thread of the test.
struct Robot {
    path: PathBuf,
    handler: Arc<Handler>,
    server: Option<ControlServer>,
    ended: Arc<AtomicBool>,
    time: Option<JoinHandle<()>>,
}

impl Robot {
    fn start(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nevil-{name}-{}.sock", std::process::id()));
        let types = NodeTypes::new().with::<Car>("car");
        let spec = NodeSpec::new("car", types.get("car").unwrap().clone());
        let ended = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = std::sync::mpsc::channel();
        let time = std::thread::spawn({
            let ended = Arc::clone(&ended);
            move || {
                let mut robot =
                    SimulatedRobot::configure(vec![spec], Environment::new(Clock::simulated(), 1)).unwrap();
                robot.activate().unwrap();
                let status = RobotReport {
                    robot: "picar",
                    file: Some("picar.yaml"),
                    phase: RobotPhase::Running,
                    up: Duration::from_secs(3),
                    denied: &[],
                    health: None,
                    status: &RobotStatus::read_simulated(&robot),
                };
                sender.send((robot.environment().clone(), status.to_json())).unwrap();
                // Relaxed: nothing else is told by it.
                while !ended.load(Ordering::Relaxed) {
                    robot.run_for(Duration::from_millis(1)).unwrap();
                    std::thread::park_timeout(Duration::from_millis(1));
                }
            }
        });
        let (environment, status) = receiver.recv().unwrap();
        let log = Log::new("info", Box::new(std::io::sink())).unwrap();
        let handler = Arc::new(Handler { environment, status, stops: AtomicU64::new(0), log });
        let server = ControlServer::start(&path, Arc::<Handler>::clone(&handler)).unwrap();
        Self { path, handler, server: Some(server), ended, time: Some(time) }
    }

    /// From here on nothing is published.
    fn stop_time(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(time) = self.time.take() {
            time.join().unwrap();
        }
    }

    fn client(&self) -> ControlClient {
        ControlClient::connect(&self.path).unwrap()
    }

    fn socket(&self) -> UnixStream {
        let socket = UnixStream::connect(&self.path).unwrap();
        socket.set_read_timeout(Some(WATCHDOG)).unwrap();
        socket
    }

    /// What the robot says to `bytes` until it hangs up.
    fn says_to(&self, bytes: &[u8]) -> String {
        let mut socket = self.socket();
        // It may hang up before it has read all of them.
        let _ = socket.write_all(bytes);
        let _ = socket.shutdown(std::net::Shutdown::Write);
        let mut said = Vec::new();
        let _ = socket.read_to_end(&mut said);
        String::from_utf8(said).unwrap()
    }

    fn answers(&self) -> bool {
        // A connection that has just ended may still have its place.
        eventually(|| {
            let answer = self.client().request(&Request::Status);
            answer.is_ok_and(|status| status["robot"] == "picar")
        })
    }
}

impl Drop for Robot {
    fn drop(&mut self) {
        drop(self.server.take());
        self.stop_time();
    }
}

fn eventually(mut holds: impl FnMut() -> bool) -> bool {
    let clock = Clock::monotonic();
    let deadline = clock.now() + WATCHDOG;
    while clock.now() < deadline {
        if holds() {
            return true;
        }
        std::thread::park_timeout(LOCK_ATTEMPT_EVERY);
    }
    false
}

fn refused(answer: Result<serde_json::Value, ClientError>) -> String {
    match answer {
        Err(ClientError::Refused(text)) => text,
        other => panic!("it should have been refused: {other:?}"),
    }
}

#[test]
fn the_status_of_the_robot_arrives_as_it_is_and_further_requests_may_follow() {
    let robot = Robot::start("status");
    let mut client = robot.client();
    for _ in 0..3 {
        assert_eq!(client.request(&Request::Status).unwrap(), robot.handler.status);
    }
    let status = client.request(&Request::Status).unwrap();
    assert_eq!((&status["up_ms"], &status["phase"]), (&json!(3000), &json!("running")));
    assert_eq!(status["nodes"][0]["name"], "car");
}

#[test]
fn nodes_and_topics_are_listed_with_each_other() {
    let robot = Robot::start("lists");
    let mut client = robot.client();
    let car = json!({
        "name": "car", "state": "active", "thread": null,
        "publishes": ["range"], "subscribes": ["operator_drive"],
    });
    assert_eq!(client.request(&Request::NodeList).unwrap(), json!({ "nodes": [car] }));
    let mut answer = client.request(&Request::TopicList).unwrap();
    let qos: Vec<_> =
        answer["topics"].as_array_mut().unwrap().iter_mut().map(|topic| topic["qos"].take()).collect();
    assert_eq!((&qos[0]["overflow"], &qos[1]["overflow"]), (&json!("latest"), &json!("drop_oldest")));
    let drive = json!({
        "qos": null, "name": "operator_drive", "type": "Drive", "publishers": [],
        "subscriptions": [{ "node": "car", "callback": "on_drive" }],
    });
    let range =
        json!({ "qos": null, "name": "range", "type": "Range", "publishers": ["car"], "subscriptions": [] });
    assert_eq!(answer, json!({ "topics": [drive, range] }));
}

#[test]
fn an_echo_shows_messages_in_order_with_their_header_and_fields_as_they_are_declared() {
    let robot = Robot::start("echo");
    let mut echo = robot.client().echo("range").unwrap();
    let mut last = 0;
    while last < 200 {
        match echo.next(WATCHDOG).unwrap().expect("the car measures every millisecond") {
            EchoItem::Message(message) => {
                assert_eq!(message.text(), r#"{"reading":"echo","distance_m":0.5}"#);
                assert_eq!((&*message.topic, &*message.source, message.incarnation), ("range", "car", 1));
                assert!(message.sequence > last, "{} after {last}", message.sequence);
                assert_eq!(message.stamp_ns, message.sequence * 1_000_000);
                last = message.sequence;
            }
            EchoItem::Lost(count) => assert!(count > 0),
            EchoItem::Seen(seen) => panic!("an echo shows whole messages, not {seen:?}"),
        }
    }
}

#[test]
fn what_an_echo_does_not_show_it_counts_as_lost() {
    let mut robot = Robot::start("lost");
    let bus = robot.handler.environment.bus().clone();
    let accepted = || bus.counts("range").unwrap().publishers[0].1.accepted;
    let mut tap = bus.tap_by_name("range").unwrap();
    let before = accepted();
    assert!(eventually(|| accepted() > before + 200));
    robot.stop_time();

    let mut told = 0;
    let batch = String::from_utf8(look(&mut *tap, &bus, "range", &mut told)).unwrap();
    let mut lines = batch.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let lost = lines.next().unwrap()["lost"].as_u64().unwrap();
    let sequences: Vec<_> = lines.map(|line| line["message"]["sequence"].as_u64().unwrap()).collect();
    // The newest 64 are there, and those since the tap began are counted.
    assert_eq!(sequences, (accepted() - 63..=accepted()).collect::<Vec<_>>());
    assert!(lost >= accepted() - before - 64 - 1, "{lost}");
    assert!(lost <= accepted() - 64, "{lost}");
    assert_eq!(told, lost);
    assert!(look(&mut *tap, &bus, "range", &mut told).is_empty());
}

#[test]
fn an_echo_of_an_unknown_topic_names_the_one_that_was_meant_and_the_connection_goes_on() {
    let robot = Robot::start("unknown");
    let mut client = robot.client();
    let text = refused(client.request(&Request::TopicEcho { topic: "rnage".to_owned() }));
    assert_eq!(text, "unknown topic `rnage`, did you mean `range`?; known topics are operator_drive, range");
    client.request(&Request::Status).unwrap();
}

#[test]
fn a_topic_has_no_more_echoes_than_its_pool_was_planned_for() {
    let robot = Robot::start("taps");
    let echoes: Vec<_> = (0..4).map(|_| robot.client().echo("range").unwrap()).collect();
    let text = refused(robot.client().request(&Request::TopicEcho { topic: "range".to_owned() }));
    assert_eq!(text, "topic `range` is echoed 4 times already, more are not allowed; end one of them");
    drop(echoes);
    assert!(eventually(|| robot.client().echo("range").is_ok()));
}

#[test]
fn a_published_text_becomes_a_message_and_its_mistakes_are_answered_in_words() {
    let robot = Robot::start("pub");
    let mut echo = robot.client().echo("operator_drive").unwrap();
    let mut client = robot.client();
    let mut publish = |topic: &str, text: &str| {
        client.request(&Request::TopicPub {
            topic: topic.to_owned(),
            text: text.to_owned(),
            as_operator: false,
        })
    };
    let text = "{speed_mps: 0.2, steering_rad: 0.1, valid_for_ms: 300}";
    for sequence in 1..=3 {
        assert_eq!(publish("operator_drive", text).unwrap()["offered"], 1);
        let EchoItem::Message(message) = echo.next(WATCHDOG).unwrap().unwrap() else { panic!() };
        assert_eq!((&*message.source, message.sequence), ("tool", sequence));
        assert_eq!(message.text(), r#"{"speed_mps":0.2,"steering_rad":0.1,"valid_for_ms":300}"#);
    }
    assert_eq!(
        refused(publish("operator_drive", "{speed_mps: 5, steering_rad: 0.1, valid_for_ms: 300}")),
        "message:1:13: speed_mps: value is too large (5), at most 0.8 is allowed"
    );
    let text = refused(publish("operator_drive", "{speed: 0.2}"));
    assert!(text.contains("speed_mps"), "{text}");
    assert!(refused(publish("operator_driv", "{}")).contains("did you mean `operator_drive`?"));
    let counts = robot.handler.environment.bus().counts("operator_drive").unwrap();
    assert_eq!(counts.publishers[0].1.accepted, 3);
}

#[test]
fn a_stop_is_passed_on_and_answered() {
    let robot = Robot::start("stop");
    assert_eq!(robot.client().request(&Request::Stop).unwrap(), json!({ "stopping": true }));
    assert_eq!(robot.handler.stops.load(Ordering::Relaxed), 1);
}

#[test]
fn the_end_of_the_socket_ends_every_connection_at_once_and_removes_it() {
    let mut robot = Robot::start("end");
    let mut echo = robot.client().echo("range").unwrap();
    let mut quiet = robot.client();
    quiet.request(&Request::Status).unwrap();
    let server = robot.server.take().unwrap();
    // A connection is counted when its thread has begun, which may answer before that.
    assert!(eventually(|| server.counts().served == 2));
    let counts = server.counts();
    assert_eq!((counts.refused, counts.dropped), (0, 0));
    server.stop();
    assert!(!robot.path.exists());
    // What was sent before can still be read.
    assert!(eventually(|| matches!(echo.next(WATCHDOG), Err(ClientError::HungUp))));
    assert!(matches!(quiet.request(&Request::Status), Err(ClientError::HungUp)));
    let gone = ControlClient::connect(&robot.path).unwrap_err();
    assert!(matches!(gone, ClientError::NotRunning { .. }), "{gone:?}");
}
