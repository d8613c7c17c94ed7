//! A ring, handed over to one tool.

use crate::control::lines::{Heard, LineError, LineStream};
use crate::control::protocol::{Answer, OpenedRing, line, raw};
use crate::control::server::Place;
use crate::limits::{CONTROL_REQUEST_WAIT, CONTROL_WRITE_WAIT};

/// Under this name tools sit at a ring.
const TOOL: &str = "tool";

/// Sends the handles on the ring `name`, and keeps a seat for the tool until it hangs up. The robot says nothing more on this
/// connection: that it can be read again means to the tool that the robot is gone.
///
/// The inner error is for the tool, and the connection goes on.
pub(super) fn hand_over(
    lines: &mut LineStream,
    place: &Place,
    name: &str,
) -> Result<Result<(), String>, LineError> {
    let ring = match place.shared.handler.rings().get(name) {
        Ok(ring) => ring,
        Err(text) => return Ok(Err(text)),
    };
    let seat = match ring.seat(TOOL) {
        Ok(seat) => seat,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let status = ring.status();
    let opened = OpenedRing {
        ring: status.name,
        seat: seat.index(),
        generation: status.generation,
        carries: status.carries,
        element: status.element.to_owned(),
        blocks: status.blocks,
        block_values: status.block_values,
    };
    // Plain values, which JSON can always hold.
    let opened = serde_json::to_string(&opened).unwrap_or_default();
    lines.write_with_handles(&line(&Answer::Ok(raw(opened))), &ring.handles(), CONTROL_WRITE_WAIT)?;
    tracing::info!("a tool reads ring `{name}`");
    // The seat has its own hold on the ring, and the tool has its mapping.
    drop(ring);
    loop {
        match lines.listen(CONTROL_REQUEST_WAIT)? {
            Heard::Nothing => {}
            Heard::Closed => return Ok(Ok(())),
            Heard::Something => {
                let text =
                    "a connection that holds a ring takes no other request; open a second one".to_owned();
                lines.write(&line(&Answer::Error(text)), CONTROL_WRITE_WAIT)?;
                return Ok(Ok(()));
            }
        }
    }
}
