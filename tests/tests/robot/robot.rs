//! A robot that runs, and what tools ask of it.

use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;

use nevil_launch::{ClientError, ControlClient, Echo, EchoItem, Request};
use serde_json::Value;

use crate::place::Place;
use crate::process::{Ended, Process, WATCHDOG, wait_until};

/// A robot process.
pub(crate) struct Robot {
    process: Process,
    socket: PathBuf,
}

impl Deref for Robot {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl Robot {
    /// Launches the robot `picar` with `nodes`, and waits until it runs.
    pub(crate) fn launch(place: &Place, nodes: &str) -> Self {
        let file = place.file(&format!("robot: picar\nnodes:\n{nodes}"));
        Self::of(place, place.command(&["launch", file.to_str().unwrap()]), "picar")
    }

    /// Starts `command`, which launches the robot `name`, and waits until it runs.
    pub(crate) fn of(place: &Place, command: Command, name: &str) -> Self {
        let process = Process::start(command);
        process.says(&format!("robot `{name}` is running"));
        Self::running(process, place, name)
    }

    /// The robot `name`, which `process` is.
    pub(crate) fn running(process: Process, place: &Place, name: &str) -> Self {
        Self { process, socket: place.socket(name) }
    }

    pub(crate) fn try_ask(&self, request: &Request) -> Result<Value, ClientError> {
        ControlClient::connect(&self.socket)?.request(request)
    }

    pub(crate) fn ask(&self, request: &Request) -> Value {
        self.try_ask(request).unwrap_or_else(|error| panic!("{error}\n{}", self.complaints()))
    }

    pub(crate) fn status(&self) -> Value {
        self.ask(&Request::Status)
    }

    /// Publishes `text` as a tool does.
    pub(crate) fn publish(&self, topic: &str, text: &str) -> Result<Value, ClientError> {
        self.try_ask(&of_a_tool(topic, text))
    }

    /// The same again and again, as one tool does: its messages share one queue.
    pub(crate) fn publish_times(&self, topic: &str, text: &str, times: usize) {
        let mut tool = ControlClient::connect(&self.socket).unwrap();
        (0..times).for_each(|_| drop(tool.request(&of_a_tool(topic, text)).unwrap()));
    }

    /// Makes the node of the type `trouble` make this trouble.
    pub(crate) fn trouble(&self, trouble: &str) {
        match self.publish("trouble", &format!("trouble: {trouble}")) {
            // It may be dead before it has answered.
            Ok(_) | Err(ClientError::HungUp) => {}
            Err(error) => panic!("{error}\n{}", self.complaints()),
        }
    }

    /// Listens to `topic` from now on.
    pub(crate) fn echo(&self, topic: &str) -> Echo {
        ControlClient::connect(&self.socket).unwrap().echo(topic).unwrap()
    }

    /// Waits for a message on `topic` of which `is` says that it is the one.
    pub(crate) fn hears(&self, topic: &str, is: impl Fn(&Value) -> bool) -> Value {
        let mut echo = self.echo(topic);
        wait_until(&format!("the right message comes on `{topic}`"), || {
            let item = echo.next(WATCHDOG).unwrap();
            let Some(EchoItem::Message(message)) = item else { return None };
            Some(serde_json::from_str(message.text()).unwrap()).filter(|message| is(message))
        })
    }

    /// How far the simulated car has driven.
    pub(crate) fn driven_m(&self) -> f64 {
        self.hears("car_state", |_| true)["driven_m"].as_f64().unwrap()
    }

    /// Waits until the car has driven a hand's breadth more.
    pub(crate) fn drives_on(&self) {
        let before_m = self.driven_m();
        self.hears("car_state", |state| state["driven_m"].as_f64().unwrap() > before_m + 0.1);
    }

    /// What tools see of the node `name`.
    pub(crate) fn node(&self, name: &str) -> Value {
        let status = self.status();
        let node = status["nodes"].as_array().unwrap().iter().find(|node| node["name"] == name);
        node.unwrap_or_else(|| panic!("{status}")).clone()
    }

    /// Where it is in its life.
    pub(crate) fn state(&self, name: &str) -> String {
        self.node(name)["state"].as_str().unwrap().to_owned()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn end(self) -> Ended {
        self.process.end()
    }

    /// Stops it with Ctrl-C and waits for its end.
    pub(crate) fn stop(self) -> Ended {
        self.signal(rustix::process::Signal::INT);
        self.end()
    }
}

fn of_a_tool(topic: &str, text: &str) -> Request {
    Request::TopicPub { topic: topic.to_owned(), text: text.to_owned(), as_operator: false }
}
