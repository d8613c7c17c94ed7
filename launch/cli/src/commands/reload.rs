//! `nevil reload`.

use std::time::Duration;

use clap::Args;
use nevil_launch::Request;
use nevil_msgs::parse_duration;
use serde_json::Value;

use crate::commands::RobotArg;
use crate::failure::Failure;
use crate::output::{print, print_json};

/// Read the launch file of a robot again, and change what differs
///
/// Log, breakers, limits, depths of queues up to what was planned, parameters
/// and pauses change while it runs. What cannot is named, with what must be
/// restarted for it; a file that is wrong changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nevil reload\n  nevil reload --restart")]
pub(crate) struct ReloadArgs {
    /// Start the nodes again that must be for it, in order; or the robot
    #[arg(long)]
    restart: bool,
    /// How long to wait until all is done
    #[arg(long, value_name = "DURATION", default_value = "1min", value_parser = parse_duration)]
    timeout: Duration,
    /// Print JSON (docs/reference/control-socket.md)
    #[arg(long)]
    json: bool,
}

impl ReloadArgs {
    pub(crate) fn run(self, robot: &RobotArg) -> Result<(), Failure> {
        let request = Request::Reload { restart: self.restart };
        let answer = robot.connect()?.request_within(&request, self.timeout)?;
        if self.json {
            print_json(&answer)?;
        } else {
            print(render(&answer))?;
        }
        match must_restart(&answer) {
            None => Ok(()),
            Some(what) => Err(Failure::Failed(format!("{what}; `nevil reload --restart` does that"))),
        }
    }
}

/// What was changed, as people read it.
pub(crate) fn render(answer: &Value) -> String {
    if answer["restarting"] == true {
        return "the robot restarts with the file as it is now\n".to_owned();
    }
    let mut text = String::new();
    for key in texts(&answer["changed"]) {
        text += &format!("changed {key}\n");
    }
    for node in texts(&answer["restarted"]) {
        text += &format!("restarted node {node}\n");
    }
    for note in texts(&answer["notes"]) {
        text += &format!("note: {note}\n");
    }
    if text.is_empty() && must_restart(answer).is_none() { "nothing differs\n".to_owned() } else { text }
}

/// What must be restarted, and why; `None`: nothing.
pub(crate) fn must_restart(answer: &Value) -> Option<String> {
    let nodes = answer["nodes_must_restart"].as_array().into_iter().flatten().map(|node| {
        let name = node["node"].as_str().unwrap_or("-");
        format!("node `{name}` must restart for {}", texts(&node["because"]).join(", "))
    });
    let keys = texts(&answer["robot_must_restart"]);
    let robot = (!keys.is_empty()).then(|| format!("the robot must restart for {}", keys.join(", ")));
    let all: Vec<_> = nodes.chain(robot).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{must_restart, render};

    #[test]
    fn what_changed_and_what_must_restart_are_told_apart() {
        let answer = json!({
            "changed": ["log", "nodes.car.params (speed)"], "restarted": ["eyes"], "notes": [],
            "nodes_must_restart": [{ "node": "lamp", "because": ["thread", "type"] }],
            "robot_must_restart": ["groups"],
        });
        assert_eq!(render(&answer), "changed log\nchanged nodes.car.params (speed)\nrestarted node eyes\n");
        assert_eq!(
            must_restart(&answer).unwrap(),
            "node `lamp` must restart for thread, type; the robot must restart for groups"
        );
        let nothing = json!({ "changed": [], "restarted": [], "notes": [], "nodes_must_restart": [], "robot_must_restart": [] });
        assert_eq!((render(&nothing).as_str(), must_restart(&nothing)), ("nothing differs\n", None));
        assert_eq!(render(&json!({ "restarting": true })), "the robot restarts with the file as it is now\n");
    }
}
