//! Requests and answers, one JSON object a line.

use std::collections::BTreeMap;

use nevil_runtime::log::LogLevel;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What a tool asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Request {
    /// The robot at this moment.
    Status,
    /// Let the robot stop.
    Stop,
    /// Let the robot stop, and start again in the same process.
    Restart,
    /// Make everything safe, and let nothing move until [`Self::EstopReset`].
    Estop {
        /// Why, for people.
        reason: String,
    },
    /// End the emergency stop.
    EstopReset,
    /// The nodes, and which topics they use.
    NodeList,
    /// The topics, their types, who uses them, and how their messages are carried.
    TopicList,
    /// All that is known about one topic.
    TopicInfo {
        /// The topic.
        topic: String,
    },
    /// Every message of a topic from now on.
    TopicEcho {
        /// The topic.
        topic: String,
    },
    /// When each message of a topic from now on was published, and how large it is, without the messages.
    TopicWatch {
        /// The topic.
        topic: String,
        /// Milliseconds between two looks, 1 to 1000; without it those of an echo.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        every_ms: Option<u64>,
    },
    /// The accounts of all topics.
    BusAudit,
    /// Records of the robot's log, the last ones or those after a number.
    Logs {
        /// After which record; without it the last ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// At most so many, up to all that are kept.
        lines: usize,
        /// Those of this node alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<String>,
        /// Those that matter at least so much.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level: Option<LogLevel>,
    },
    /// The handles on a ring, and a seat at it for as long as the connection is open.
    RingOpen {
        /// The ring.
        ring: String,
    },
    /// The breakers with their statistics.
    BreakerList,
    /// All that is known about one breaker.
    BreakerShow {
        /// The breaker.
        name: String,
    },
    /// Do something with a breaker.
    BreakerOperate {
        /// The breaker.
        name: String,
        /// What.
        operation: BreakerOperation,
    },
    /// Change the policy of a breaker while it works.
    BreakerSet {
        /// The breaker.
        name: String,
        /// From keys of a launch file, such as `half_open.permits`, to values as they are written there.
        changes: BTreeMap<String, String>,
    },
    /// Read the launch file again, and change what differs.
    Reload {
        /// Whether what cannot change while the robot runs is started again; else it is named.
        #[serde(default)]
        restart: bool,
    },
    /// The modes of the robot; or change to another one.
    Mode {
        /// The mode to change to.
        #[serde(default)]
        name: Option<String>,
    },
    /// The parameters of a node, or of all.
    ParamList {
        /// The node; all, if it is not given.
        #[serde(default)]
        node: Option<String>,
    },
    /// All that is known about one parameter.
    ParamGet {
        /// The node.
        node: String,
        /// The parameter.
        param: String,
    },
    /// Change parameters of a node while it runs: all of them, or none.
    ParamSet {
        /// The node.
        node: String,
        /// From parameters to values in YAML.
        params: BTreeMap<String, String>,
    },
    /// The same, from a YAML text with the parameters that are to change.
    ParamLoad {
        /// The node.
        node: String,
        /// What errors call the text, such as the name of its file.
        name: String,
        /// The text.
        text: String,
    },
    /// Which log records are written; or let others be, from now on.
    Log {
        /// The filter, in the words of `NEVIL_LOG`; the one that holds is only told, if none is given.
        #[serde(default)]
        filter: Option<String>,
    },
    /// All that is known about one node.
    NodeInfo {
        /// The node.
        node: String,
    },
    /// End the life of a node, and begin the next one.
    NodeRestart {
        /// The node.
        node: String,
        /// How long to wait until it is active again, in milliseconds.
        timeout_ms: u64,
    },
    /// Call no callbacks of a node until it is resumed.
    NodePause {
        /// The node.
        node: String,
    },
    /// Call the callbacks of a node again.
    NodeResume {
        /// The node.
        node: String,
    },
    /// Publish one message.
    TopicPub {
        /// The topic.
        topic: String,
        /// The message as YAML.
        text: String,
        /// Whether the operator asks, whom exclusive topics obey too.
        #[serde(default)]
        as_operator: bool,
    },
}

/// What an operator does with a breaker. All but two hold until the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BreakerOperation {
    /// Refuse every call.
    Open,
    /// Refuse every call for so many milliseconds, at most a day; then go on by the rules.
    OpenForMs(u64),
    /// Let every call through.
    Close,
    /// Let probes through, and go on by the rules.
    HalfOpen,
    /// Close the circuit, and go on by the rules.
    Reset,
    /// Do nothing but count.
    Disable,
    /// Refuse nothing, and show what the rules would have done.
    MetricsOnly,
}

/// The answer to a request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Ok(Box<RawValue>),
    Error(String),
}

/// What comes in `ok` with the handles on a ring.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OpenedRing {
    pub(super) ring: String,
    pub(super) seat: usize,
    pub(super) generation: u64,
    pub(super) carries: String,
    pub(super) element: String,
    pub(super) blocks: usize,
    pub(super) block_values: usize,
}

/// A line of an echo.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EchoLine {
    Message(EchoedMessage),
    Seen(SeenMessage),
    Lost(u64),
    Error(String),
}

/// What an echo shows.
#[derive(Debug)]
#[non_exhaustive]
pub enum EchoItem {
    /// A message.
    Message(EchoedMessage),
    /// What a watch knows of a message.
    Seen(SeenMessage),
    /// So many messages came faster than they were read, and are not shown. They were lost to the echo alone.
    Lost(u64),
}

/// A message that was published, with its header.
#[derive(Debug, Serialize, Deserialize)]
pub struct EchoedMessage {
    /// Its topic.
    pub topic: String,
    /// The instance that published it.
    pub source: String,
    /// Which life of that instance.
    pub incarnation: u32,
    /// Its number among the messages of that life.
    pub sequence: u64,
    /// When it was published: nanoseconds of the robot's clock.
    pub stamp_ns: u64,
    message: Box<RawValue>,
}

/// A message that was published, as a watch sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenMessage {
    /// The instance that published it.
    pub source: String,
    /// Which life of that instance.
    pub incarnation: u32,
    /// Its number among the messages of its publisher in that life.
    pub sequence: u64,
    /// When it was published: nanoseconds of the robot's clock.
    pub stamp_ns: u64,
    /// When the watch found it: nanoseconds of the same clock.
    pub found_ns: u64,
    /// Bytes that it takes in a recording or on its way to another process; `None` if it is too large to be encoded.
    /// Within the robot nothing is encoded.
    pub bytes: Option<u64>,
}

impl EchoedMessage {
    pub(super) fn new(
        topic: String,
        source: String,
        header: &nevil_runtime::Header,
        message: Box<RawValue>,
    ) -> Self {
        Self {
            topic,
            source,
            incarnation: header.incarnation,
            sequence: header.sequence,
            stamp_ns: header.stamp.as_ns(),
            message,
        }
    }

    /// The message as one line of JSON, its fields in the order of its type.
    #[must_use]
    pub fn text(&self) -> &str {
        self.message.get()
    }
}

/// `value` as a line.
pub(super) fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).unwrap_or_else(|error| {
        // Values of ours are always JSON; a map with keys that are no texts would be a bug, and is said to the tool.
        format!("{{\"error\":\"answer has no text: {error}\"}}").into_bytes()
    });
    line.push(b'\n');
    line
}

/// `text` as it is if it is JSON, else as a JSON text.
pub(super) fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text.clone())
        .or_else(|_| serde_json::value::to_raw_value(&text))
        .unwrap_or_else(|_| RawValue::NULL.to_owned())
}
