//! The tool's side of the control socket.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nevil_runtime::ring::{Ring, RingError, RingSeat};
use serde_json::Value;

use crate::control::lines::{LineError, LineStream};
use crate::control::protocol::{Answer, EchoItem, EchoLine, OpenedRing, Request, line};
use crate::limits::{CONTROL_ANSWER_BYTES_MAX, CONTROL_ANSWER_WAIT, CONTROL_WRITE_WAIT};

/// A connection to a robot.
///
/// ```no_run
/// use nevil_launch::{ControlClient, Request, RuntimeDir};
///
/// let robot = RuntimeDir::find()?.pick(None)?;
/// let status = ControlClient::connect(&robot.socket)?.request(&Request::Status)?;
/// println!("{} nodes", status["nodes"].as_array().map_or(0, Vec::len));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ControlClient {
    lines: LineStream,
}

/// The messages of a topic as they come.
#[derive(Debug)]
pub struct Echo {
    lines: LineStream,
    publishers: Vec<String>,
}

/// Why a robot did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No robot listens.
    #[error("no robot listens on `{}`; it does not run, or is not up yet: try again, or start it with `nevil launch FILE`", path.display())]
    NotRunning {
        /// The control socket.
        path: PathBuf,
    },
    /// The socket cannot be used.
    #[error("control socket `{}` cannot be used ({source}); it belongs to the user who started the robot", path.display())]
    Connect {
        /// The control socket.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// The robot refused, in its own words.
    #[error("{0}")]
    Refused(String),
    /// The robot has ended, or has closed the connection.
    #[error("the robot has closed the connection; it stops, or has died (`nevil status`)")]
    HungUp,
    /// The robot does not answer.
    #[error(
        "the robot does not answer within {waited:?}; it is overloaded or stopped (`kill -CONT` lets it go on)"
    )]
    NoAnswer {
        /// How long was waited.
        waited: Duration,
    },
    /// What the robot has handed over cannot be read.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// What came is not an answer.
    #[error("the robot's answer cannot be read: {text}; is it of the same version as this command?")]
    Unreadable {
        /// What is wrong with it.
        text: String,
    },
}

impl ControlClient {
    /// Connects to the control socket `path`.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotRunning`] if nobody listens there, [`ClientError::Connect`] if this user may not.
    pub fn connect(path: &Path) -> Result<Self, ClientError> {
        let stream = UnixStream::connect(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                ClientError::NotRunning { path: path.to_owned() }
            }
            _ => ClientError::Connect { path: path.to_owned(), source },
        })?;
        Ok(Self { lines: LineStream::new(stream) })
    }

    /// Sends `request` and waits for its answer.
    ///
    /// # Errors
    ///
    /// [`ClientError::Refused`] with the robot's words, or why there is no answer.
    pub fn request(&mut self, request: &Request) -> Result<Value, ClientError> {
        self.request_within(request, CONTROL_ANSWER_WAIT)
    }

    /// The same for what may take the robot longer: it has `wait` to answer.
    ///
    /// # Errors
    ///
    /// As for [`Self::request`].
    pub fn request_within(&mut self, request: &Request, wait: Duration) -> Result<Value, ClientError> {
        match self.lines.write(&line(request), CONTROL_WRITE_WAIT) {
            // A robot that has no place for this connection has said so before it hung up.
            Ok(()) | Err(LineError::Closed) => {}
            Err(error) => return Err(error.into()),
        }
        let text = self.lines.read_line(CONTROL_ANSWER_BYTES_MAX, wait)?;
        match serde_json::from_str(&text).map_err(|error| unreadable(&error))? {
            Answer::Ok(value) => serde_json::from_str(value.get()).map_err(|error| unreadable(&error)),
            Answer::Error(text) => Err(ClientError::Refused(text)),
        }
    }

    /// The messages of `topic` from now on.
    ///
    /// # Errors
    ///
    /// As for [`Self::request`].
    pub fn echo(mut self, topic: &str) -> Result<Echo, ClientError> {
        let answer = self.request(&Request::TopicEcho { topic: topic.to_owned() })?;
        Ok(Echo { lines: self.lines, publishers: names(&answer["publishers"]) })
    }

    /// When the messages of `topic` from now on were published and how large they are; the robot looks for them `every` so
    /// often, in whole milliseconds.
    ///
    /// # Errors
    ///
    /// As for [`Self::request`].
    pub fn watch(mut self, topic: &str, every: Duration) -> Result<Echo, ClientError> {
        let every_ms = u64::try_from(every.as_millis()).ok();
        let answer = self.request(&Request::TopicWatch { topic: topic.to_owned(), every_ms })?;
        Ok(Echo { lines: self.lines, publishers: names(&answer["publishers"]) })
    }
}

impl ControlClient {
    /// A seat at the ring `name` of the robot, for [`RingReader::new`](nevil_runtime::ring::RingReader::new). The connection
    /// stays open until the seat and its reader are dropped, and its end is how a reader learns that the robot is gone.
    ///
    /// # Errors
    ///
    /// As for [`Self::request`], and [`ClientError::Ring`] if what came is not a ring.
    pub fn open_ring(mut self, name: &str) -> Result<RingSeat, ClientError> {
        self.lines.expect_handles();
        let answer = self.request(&Request::RingOpen { ring: name.to_owned() })?;
        let opened: OpenedRing = serde_json::from_value(answer).map_err(|error| unreadable(&error))?;
        let (stream, handles) = self.lines.into_parts();
        let count = handles.len();
        let handles: [_; 2] = handles.try_into().map_err(|_| ClientError::Unreadable {
            text: format!("{count} handles came with it, 2 are needed"),
        })?;
        Ok(Ring::open(name, handles, stream.into())?.given_seat(opened.seat)?)
    }
}

impl Echo {
    /// The nodes that published on the topic when it began.
    #[must_use]
    pub fn publishers(&self) -> &[String] {
        &self.publishers
    }

    /// What comes next, within this time; `None` if nothing did.
    ///
    /// # Errors
    ///
    /// [`ClientError::HungUp`] when the robot ends.
    pub fn next(&mut self, within: Duration) -> Result<Option<EchoItem>, ClientError> {
        let text = match self.lines.read_line(CONTROL_ANSWER_BYTES_MAX, within) {
            Ok(text) => text,
            Err(LineError::TimedOut { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        match serde_json::from_str(&text).map_err(|error| unreadable(&error))? {
            EchoLine::Message(message) => Ok(Some(EchoItem::Message(message))),
            EchoLine::Seen(seen) => Ok(Some(EchoItem::Seen(seen))),
            EchoLine::Lost(count) => Ok(Some(EchoItem::Lost(count))),
            EchoLine::Error(text) => Err(ClientError::Refused(text)),
        }
    }
}

impl From<LineError> for ClientError {
    fn from(error: LineError) -> Self {
        match error {
            LineError::Closed | LineError::Partial => Self::HungUp,
            LineError::TimedOut { waited } | LineError::NotRead { waited } => Self::NoAnswer { waited },
            error => Self::Unreadable { text: error.to_string() },
        }
    }
}

fn names(list: &Value) -> Vec<String> {
    let names = list.as_array().into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn unreadable(error: &serde_json::Error) -> ClientError {
    ClientError::Unreadable { text: error.to_string() }
}
