//! The robot as a whole.

use nevil_derive::{Field, Message};

/// Asks for an emergency stop. It takes effect where it is published, on the publisher's own thread, whatever hangs.
///
/// ```
/// use nevil_msgs::EmergencyStopRequest;
///
/// let request = EmergencyStopRequest { reason: "the bumper is pressed".into() };
/// assert!(request.reason.len() <= 120);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct EmergencyStopRequest {
    /// Why, in words for people. At most 120 bytes are kept.
    pub reason: String,
}

/// Whether an emergency stop holds, published by the runtime at each change.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct EmergencyStopStatus {
    /// Whether one holds: every command to an actuator is refused then.
    pub engaged: bool,
    /// Who began it; empty if none holds.
    pub by: String,
    /// Why, in the words of who began it; empty if none holds.
    pub reason: String,
}

/// How the robot is as a whole, published by the supervisor at each change; see `docs/guide/health.md` for what decides.
///
/// ```
/// use nevil_msgs::{Health, HealthLevel};
///
/// let issues = vec!["node `motion` is down".into()];
/// let health = Health { level: HealthLevel::Unhealthy, since_ns: 5_000_000_000, issues, left_out: 0 };
/// assert!(health.level > HealthLevel::Degraded);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct Health {
    /// How it is.
    pub level: HealthLevel,
    /// Since when the level is this: nanoseconds of the robot's clock, which is that of the headers of messages.
    #[field(unit = "ns")]
    pub since_ns: u64,
    /// Why it is not healthy, the worst first, in words for people: at most 16 of at most 160 bytes each.
    pub issues: Vec<String>,
    /// Issues besides these.
    pub left_out: u32,
}

/// How a robot is, ordered: each is worse than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Field)]
pub enum HealthLevel {
    /// All that it has works.
    Healthy,
    /// It does its work without a part of it.
    Degraded,
    /// It does not do its work: something that is required is missing, or nothing may move.
    Unhealthy,
}

/// Whether a node makes progress, published by the supervisor for each node each second. It is told from what the node's own
/// thread does: no timer goes on beating while the node hangs.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Heartbeat {
    /// The node.
    pub node: String,
    /// Where it is in its life, such as `active`.
    pub state: String,
    /// Which life of it this is, from 1.
    pub life: u32,
    /// Turns that its thread has begun in this life.
    pub turns: u64,
    /// The callback or phase of its life that runs; empty: none does.
    pub running: String,
    /// For how long that has run, in milliseconds; 0: none does.
    #[field(unit = "ms")]
    pub running_ms: u64,
    /// Whether it can do its work: its thread is in no call that is late, and has looked at what there was for it. A node with
    /// nothing to do is alive. One that has failed or has ended is not.
    pub alive: bool,
    /// How much of one core its thread has had since the heartbeat before this, in percent, 0 to 100; `null`: not known.
    #[field(unit = "%")]
    pub cpu_percent: Option<f32>,
}

/// Something that an operator is to know, published by the supervisor. Repeats of the same source and kind are held back for
/// some seconds and counted.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
pub struct Alert {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, such as ``node `motion` ``; at most 96 bytes.
    pub source: String,
    /// A word for what has happened, such as `failed`; repeats are told by it.
    pub kind: String,
    /// What has happened, in words for people; of repeats the last one's. At most 240 bytes.
    pub text: String,
    /// How many this stands for: more than 1 if some were held back since the last one.
    pub count: u32,
    /// When the first of them happened: nanoseconds of the robot's clock.
    #[field(unit = "ns")]
    pub first_ns: u64,
    /// When the last of them happened.
    #[field(unit = "ns")]
    pub last_ns: u64,
}

/// How bad an alert is, ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Field)]
pub enum Severity {
    /// To be known, such as that something works again.
    Info,
    /// To be looked at some time.
    Warn,
    /// Something does not work.
    Error,
    /// The robot does not work, or may not move.
    Critical,
}
