//! Every message of a topic, to one tool.

use nevil_runtime::limits::TAPS_MAX;
use nevil_runtime::{AnyTap, Bus};
use serde_json::json;

use crate::control::lines::{Heard, LineError, LineStream};
use crate::control::protocol::{Answer, EchoLine, EchoedMessage, line, raw};
use crate::control::server::Place;
use crate::limits::{CONTROL_WRITE_WAIT, ECHO_BATCH_BYTES, ECHO_EVERY, ECHO_MESSAGES_MAX};

/// Sends every message of `topic` until the tool hangs up. What the tap had no room for is said in its place.
///
/// The inner error is for the tool, and the connection goes on.
pub(super) fn stream(
    lines: &mut LineStream,
    place: &Place,
    topic: &str,
) -> Result<Result<(), String>, LineError> {
    let bus = place.shared.handler.bus();
    let mut tap = match bus.tap_by_name(topic) {
        Ok(tap) => tap,
        Err(error) => return Ok(Err(error.to_string())),
    };
    // More taps than the topic's pool was planned for would take slots from its publishers.
    let Some(_place) = place.shared.begin_echo(topic, TAPS_MAX) else {
        return Ok(Err(format!(
            "topic `{topic}` is echoed {TAPS_MAX} times already, more are not allowed; end one of them"
        )));
    };
    lines.write(&line(&Answer::Ok(raw(json!({ "topic": topic }).to_string()))), CONTROL_WRITE_WAIT)?;
    let mut told = 0;
    loop {
        match lines.listen(ECHO_EVERY)? {
            Heard::Nothing => {}
            Heard::Closed => return Ok(Ok(())),
            Heard::Something => {
                let text = "a connection that echoes takes no other request; open a second one".to_owned();
                lines.write(&line(&EchoLine::Error(text)), CONTROL_WRITE_WAIT)?;
                return Ok(Ok(()));
            }
        }
        let batch = look(&mut *tap, bus, topic, &mut told);
        if !batch.is_empty() {
            lines.write(&batch, CONTROL_WRITE_WAIT)?;
        }
    }
}

/// What has come since the last look, as lines.
pub(super) fn look(tap: &mut dyn AnyTap, bus: &Bus, topic: &str, told: &mut u64) -> Vec<u8> {
    let mut batch = Vec::new();
    // Read first: what is lost so far is older than what is still in the tap.
    let lost = tap.lost();
    if lost > *told {
        batch.extend(line(&EchoLine::Lost(lost - *told)));
        *told = lost;
    }
    for _ in 0..ECHO_MESSAGES_MAX {
        let shown = tap.show_next(&mut |header, message| {
            let source = bus.source_name(header.source).to_string();
            let message = EchoedMessage::new(topic.to_owned(), source, header, raw(message.text()));
            batch.extend(line(&EchoLine::Message(message)));
        });
        if !shown || batch.len() > ECHO_BATCH_BYTES {
            break;
        }
    }
    batch
}
