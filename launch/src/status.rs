//! What tools see of a robot: the runtime's snapshot, and what the launch knows besides.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use nevil_runtime::RobotStatus;

use crate::health::HealthReport;

/// A robot at one moment, as `nevil status` shows it. Its JSON is described in `docs/reference/control-socket.md`.
#[derive(Clone, Debug)]
pub struct RobotReport<'a> {
    /// The robot's name.
    pub robot: &'a str,
    /// The launch file it comes from, if it comes from one.
    pub file: Option<&'a str>,
    /// Where it is in its life.
    pub phase: RobotPhase,
    /// How long it has been up.
    pub up: Duration,
    /// What was denied to the robot as a whole and what to do, such as memory that could not be locked. What was denied
    /// to the thread of a node stands with the node.
    pub denied: &'a [String],
    /// How it is as a whole; `None`: it is not watched yet, or any more.
    pub health: Option<&'a HealthReport>,
    /// Its nodes, topics and actuators.
    pub status: &'a RobotStatus,
}

/// Where a robot is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RobotPhase {
    /// Its nodes are being configured or activated.
    Starting,
    /// All required nodes are active.
    Running,
    /// It stops.
    Stopping,
}

impl RobotReport<'_> {
    /// The report as JSON, with the number of this process.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut report = serde_json::json!({
            "robot": self.robot,
            "pid": std::process::id(),
            "file": self.file,
            "phase": self.phase,
            "up_ms": u64::try_from(self.up.as_millis()).unwrap_or(u64::MAX),
            "denied": self.denied,
            "health": self.health,
        });
        // A snapshot is plain values, which JSON can always hold.
        if let (Value::Object(report), Ok(Value::Object(status))) =
            (&mut report, serde_json::to_value(self.status))
        {
            report.extend(status);
        }
        report
    }
}
