//! Every message of a topic, to one tool.

use std::time::Duration;

use nevil_runtime::limits::TAPS_MAX;
use nevil_runtime::{AnyTap, Bus, Header, Tapped, Time};
use serde_json::json;

use crate::control::lines::{Heard, LineError, LineStream};
use crate::control::protocol::{Answer, EchoLine, EchoedMessage, SeenMessage, line, raw};
use crate::control::server::Place;
use crate::limits::{
    CONTROL_WRITE_WAIT, ECHO_BATCH_BYTES, ECHO_EVERY, ECHO_MESSAGES_MAX, WATCH_EVERY_MAX, WATCH_EVERY_MIN,
};

/// What is sent of each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// All of it.
    Whole,
    /// When it was published and how large it is; looked for at this interval.
    Seen { every: Duration },
}

impl Shown {
    /// The same looked for every `every_ms` milliseconds.
    pub(super) fn seen(every_ms: Option<u64>) -> Result<Self, String> {
        let every = every_ms.map_or(ECHO_EVERY, Duration::from_millis);
        if (WATCH_EVERY_MIN..=WATCH_EVERY_MAX).contains(&every) {
            return Ok(Self::Seen { every });
        }
        let (min, max) = (WATCH_EVERY_MIN.as_millis(), WATCH_EVERY_MAX.as_millis());
        Err(format!("`every_ms` is not allowed ({}), {min} to {max} are", every.as_millis()))
    }

    fn every(self) -> Duration {
        match self {
            Self::Whole => ECHO_EVERY,
            Self::Seen { every } => every,
        }
    }
}

/// Sends every message of `topic` until the tool hangs up. What the tap had no room for is said in its place.
///
/// The inner error is for the tool, and the connection goes on.
pub(super) fn stream(
    lines: &mut LineStream,
    place: &Place,
    topic: &str,
    shown: Shown,
) -> Result<Result<(), String>, LineError> {
    let bus = place.shared.handler.bus();
    let began = bus.clock().now();
    let (mut tap, description) = match (bus.tap_by_name(topic), bus.description(topic)) {
        (Ok(tap), Ok(description)) => (tap, description),
        (Err(error), _) | (_, Err(error)) => return Ok(Err(error.to_string())),
    };
    // More taps than the topic's pool was planned for would take slots from its publishers.
    let Some(_place) = place.shared.begin_echo(topic, TAPS_MAX) else {
        return Ok(Err(format!(
            "topic `{topic}` is echoed {TAPS_MAX} times already, more are not allowed; end one of them"
        )));
    };
    let publishers: Vec<_> = description.publishers.iter().map(|node| &**node).collect();
    let answer = json!({ "topic": topic, "publishers": publishers });
    lines.write(&line(&Answer::Ok(raw(answer.to_string()))), CONTROL_WRITE_WAIT)?;
    let mut told = 0;
    loop {
        match lines.listen(shown.every())? {
            Heard::Nothing => {}
            Heard::Closed => return Ok(Ok(())),
            Heard::Something => {
                let text = "a connection that echoes takes no other request; open a second one".to_owned();
                lines.write(&line(&EchoLine::Error(text)), CONTROL_WRITE_WAIT)?;
                return Ok(Ok(()));
            }
        }
        let batch = match shown {
            Shown::Whole => look(&mut *tap, bus, topic, &mut told),
            Shown::Seen { .. } => glance(&mut *tap, bus, began, &mut told),
        };
        if !batch.is_empty() {
            lines.write(&batch, CONTROL_WRITE_WAIT)?;
        }
    }
}

/// What has come since the last look, as lines.
pub(super) fn look(tap: &mut dyn AnyTap, bus: &Bus, topic: &str, told: &mut u64) -> Vec<u8> {
    drain(tap, told, &mut |header, message| {
        let source = bus.source_name(header.source).to_string();
        let message = EchoedMessage::new(topic.to_owned(), source, header, raw(message.text()));
        Some(EchoLine::Message(message))
    })
}

/// The same without the messages. Latched values that were published before the watch `began` are nothing that came.
pub(super) fn glance(tap: &mut dyn AnyTap, bus: &Bus, began: Time, told: &mut u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    drain(tap, told, &mut |header, message| {
        bytes.clear();
        let encoded = message.encode(&mut bytes).ok().map(|()| bytes.len() as u64);
        let seen = SeenMessage {
            source: bus.source_name(header.source).to_string(),
            incarnation: header.incarnation,
            sequence: header.sequence,
            stamp_ns: header.stamp.as_ns(),
            found_ns: bus.clock().now().as_ns(),
            bytes: encoded,
        };
        (header.stamp >= began).then_some(EchoLine::Seen(seen))
    })
}

fn drain(
    tap: &mut dyn AnyTap,
    told: &mut u64,
    show: &mut dyn FnMut(&Header, &dyn Tapped) -> Option<EchoLine>,
) -> Vec<u8> {
    let mut batch = Vec::new();
    // Read first: what is lost so far is older than what is still in the tap.
    let lost = tap.lost();
    if lost > *told {
        batch.extend(line(&EchoLine::Lost(lost - *told)));
        *told = lost;
    }
    for _ in 0..ECHO_MESSAGES_MAX {
        let shown = tap.show_next(&mut |header, message| {
            if let Some(shown) = show(header, message) {
                batch.extend(line(&shown));
            }
        });
        if !shown || batch.len() > ECHO_BATCH_BYTES {
            break;
        }
    }
    batch
}
