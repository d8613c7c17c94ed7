//! One connection: requests in, answers out.

use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use nevil_msgs::Value;
use nevil_runtime::log::{LOG_KEPT, LogQuery};
use nevil_runtime::{AnyPublisher, Authority, Bus, Clock, TopicDescription, TopicError};
use serde_json::json;

use crate::control::Control;
use crate::control::echo::Shown;
use crate::control::lines::{Heard, LineError, LineStream};
use crate::control::protocol::{Answer, Request, line, raw};
use crate::control::ring;
use crate::control::server::Place;
use crate::control::topics::{audit, topic_info, topic_list};
use crate::control::{breakers, echo};
use crate::limits::{CONTROL_REQUEST_BYTES_MAX, CONTROL_REQUEST_WAIT, CONTROL_WRITE_WAIT};

/// Under which name tools publish, and are counted.
fn name_of(authority: Authority) -> &'static str {
    match authority {
        Authority::Operator => "operator",
        Authority::Tool => "tool",
    }
}

/// Who asks for an emergency stop through the socket, or ends one.
const OPERATOR: &str = "the operator";

/// How long it takes to see that the other end of a connection is closed.
const STILL_THERE: Duration = Duration::from_millis(1);

/// How long tools that have left may take to give up their places on a topic. On a busy machine their threads come late.
const TOOLS_LEAVE_WAIT: Duration = Duration::from_millis(500);

/// How long a connection that ends with an error is drained, so that the tool can read the error.
const DRAIN: Duration = Duration::from_millis(100);

/// One connection.
pub(super) struct Session {
    lines: LineStream,
    /// The publisher of the last `topic_pub`: a repeated one goes on with its sequence.
    publisher: Option<(String, Authority, Box<dyn AnyPublisher>)>,
    place: Place,
}

impl Session {
    pub(super) fn new(stream: UnixStream, place: Place) -> Self {
        Self { lines: LineStream::new(stream), publisher: None, place }
    }

    /// Answers requests until the tool hangs up, or sends what is not a request.
    pub(super) fn serve(mut self) {
        let ended = self.answer_all();
        match &ended {
            Err(LineError::Closed | LineError::Io(_)) | Ok(()) => return,
            Err(LineError::NotRead { .. }) => {
                self.place.shared.count_dropped();
                tracing::warn!("a tool that does not read was disconnected from the control socket");
                return;
            }
            Err(error) => {
                let line = line(&Answer::Error(error.to_string()));
                // The tool may have gone; the robot has nothing to tell but this.
                let _ = self.lines.write(&line, DRAIN);
            }
        }
        self.lines.finish(DRAIN);
    }

    fn answer_all(&mut self) -> Result<(), LineError> {
        loop {
            let text = self.lines.read_line(CONTROL_REQUEST_BYTES_MAX, CONTROL_REQUEST_WAIT)?;
            let answer = match serde_json::from_str(&text) {
                Ok(Request::TopicEcho { topic }) => {
                    match echo::stream(&mut self.lines, &self.place, &topic, Shown::Whole)? {
                        Ok(()) => return Ok(()),
                        Err(refused) => Err(refused),
                    }
                }
                Ok(Request::TopicWatch { topic, every_ms }) => match Shown::seen(every_ms) {
                    Ok(shown) => match echo::stream(&mut self.lines, &self.place, &topic, shown)? {
                        Ok(()) => return Ok(()),
                        Err(refused) => Err(refused),
                    },
                    Err(refused) => Err(refused),
                },
                Ok(Request::RingOpen { ring }) => match ring::hand_over(&mut self.lines, &self.place, &ring)?
                {
                    Ok(()) => return Ok(()),
                    Err(refused) => Err(refused),
                },
                Ok(request) => self.answer(request),
                Err(error) => {
                    Err(format!("request cannot be read: {error}; see docs/reference/control-socket.md"))
                }
            };
            let answer = match answer {
                Ok(value) => Answer::Ok(raw(value.to_string())),
                Err(text) => Answer::Error(text),
            };
            self.lines.write(&line(&answer), CONTROL_WRITE_WAIT)?;
        }
    }

    fn answer(&mut self, request: Request) -> Result<serde_json::Value, String> {
        let handler = &self.place.shared.handler;
        match request {
            Request::Status => Ok(handler.status()),
            Request::Stop => {
                tracing::info!("a tool asks the robot to stop");
                handler.request_stop();
                Ok(json!({ "stopping": true }))
            }
            Request::Restart => {
                handler.request_restart()?;
                tracing::info!("a tool asks the robot to start again");
                Ok(json!({ "restarting": true }))
            }
            Request::Estop { reason } => {
                handler.emergency_stop(OPERATOR, &reason);
                Ok(json!({ "engaged": true }))
            }
            Request::EstopReset => {
                // Who has been told that the robot does not answer may be at the wheels by now.
                if matches!(self.lines.listen(STILL_THERE), Ok(Heard::Closed) | Err(_)) {
                    tracing::warn!("a reset of the emergency stop came too late: who asked for it has left");
                    return Err("who asked for it has left".to_owned());
                }
                handler.reset_emergency_stop(OPERATOR).map_err(|error| error.to_string())?;
                Ok(json!({ "engaged": false }))
            }
            Request::NodeList => Ok(node_list(&handler.status(), handler.bus())),
            Request::TopicList => Ok(topic_list(handler.bus())),
            Request::TopicInfo { topic } => topic_info(handler.bus(), &topic),
            Request::Logs { after, lines, node, level } => {
                logs(&**handler, &LogQuery { after, lines_max: lines.min(LOG_KEPT), node, level })
            }
            Request::BusAudit => audit(handler.bus()),
            Request::BreakerList => breakers::list(&**handler),
            Request::BreakerShow { name } => breakers::show(&**handler, &name),
            Request::BreakerOperate { name, operation } => breakers::operate(&**handler, &name, operation),
            Request::BreakerSet { name, changes } => breakers::set(&**handler, &name, &changes),
            Request::TopicPub { topic, text, as_operator } => {
                let authority = if as_operator { Authority::Operator } else { Authority::Tool };
                self.publish(topic, &text, authority)
            }
            request @ (Request::ParamList { .. }
            | Request::ParamGet { .. }
            | Request::ParamSet { .. }
            | Request::ParamLoad { .. }
            | Request::Log { .. }
            | Request::Reload { .. }
            | Request::Mode { .. }
            | Request::NodeInfo { .. }
            | Request::NodeRestart { .. }
            | Request::NodePause { .. }
            | Request::NodeResume { .. }) => handler.operate(&request),
            // They have taken the connection over.
            Request::TopicEcho { .. } | Request::TopicWatch { .. } | Request::RingOpen { .. } => {
                Ok(serde_json::Value::Null)
            }
        }
    }

    fn publish(
        &mut self,
        topic: String,
        text: &str,
        authority: Authority,
    ) -> Result<serde_json::Value, String> {
        let value = Value::parse_yaml("message", text).map_err(|error| error.to_string())?;
        let publisher = match &mut self.publisher {
            Some((known, by, publisher)) if *known == topic && *by == authority => publisher,
            other => {
                // The one before gives its place up first: a topic has few for tools.
                *other = None;
                let publisher = tool_publisher(self.place.shared.handler.bus(), &topic, authority)?;
                tracing::info!("a tool publishes on `{topic}` as `{}`", name_of(authority));
                &mut other.insert((topic, authority, publisher)).2
            }
        };
        let published = publisher.publish(&value).map_err(|error| error.to_string())?;
        Ok(json!({ "offered": published.offered, "overflowed": published.overflowed }))
    }
}

fn logs(handler: &dyn Control, query: &LogQuery) -> Result<serde_json::Value, String> {
    let tail = handler.log_tail().ok_or("the robot keeps no log")?;
    let part = tail.read(query);
    Ok(json!({ "lines": part.lines, "next": part.next, "lost": part.lost }))
}

/// A publisher for a tool. Tools that have just left may still have their places, which their sessions give up when they see it.
fn tool_publisher(bus: &Bus, topic: &str, authority: Authority) -> Result<Box<dyn AnyPublisher>, String> {
    let clock = Clock::monotonic();
    let until = clock.now() + TOOLS_LEAVE_WAIT;
    loop {
        match bus.tool_publisher(topic, name_of(authority), authority) {
            Err(TopicError::TooManyTools { .. }) if clock.now() < until => thread::park_timeout(STILL_THERE),
            publisher => return publisher.map_err(|error| error.to_string()),
        }
    }
}

fn node_list(status: &serde_json::Value, bus: &Bus) -> serde_json::Value {
    let topics = bus.topics();
    let uses = |is_end: &dyn Fn(&TopicDescription) -> bool| -> Vec<&str> {
        topics.iter().filter(|topic| is_end(topic)).map(|topic| &*topic.name).collect()
    };
    let node = |node: &serde_json::Value| {
        let name = node["name"].as_str().unwrap_or_default();
        let mut listed = json!({
            "name": name,
            "state": node["state"],
            "thread": node["thread"]["name"],
            "publishes": uses(&|topic| topic.publishers.iter().any(|publisher| **publisher == *name)),
            "subscribes": uses(&|topic| topic.subscriptions.iter().any(|(node, _)| **node == *name)),
        });
        // Where a supervisor knows it.
        for key in ["ready", "paused_by"].into_iter().filter(|key| node.get(key).is_some()) {
            listed[key] = node[key].clone();
        }
        listed
    };
    let nodes = status["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    json!({ "nodes": nodes.iter().map(node).collect::<Vec<_>>() })
}
