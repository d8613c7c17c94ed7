//! Ctrl-C and its relatives: the first stops the robot in order, the second at once.

use std::sync::Arc;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Robot;
use crate::control::Control;
use crate::exit::Exit;

/// How long the second signal waits for the actuators.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Watches for signals on a thread of its own: the one that waits for nodes may be waiting for one that hangs.
pub(super) fn watch(robot: Arc<Robot>) {
    let signals = Signals::new([SIGINT, SIGTERM, SIGHUP]);
    let spawned = signals.and_then(|mut signals| {
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            let mut forever = signals.forever();
            let Some(first) = forever.next() else { return };
            tracing::info!("signal {first}: the robot stops");
            robot.request_stop();
            if forever.next().is_some() {
                robot.environment.actuators().inhibit(AT_ONCE);
                Exit::Forced.at_once();
            }
        })
    });
    if let Err(error) = spawned {
        tracing::warn!(
            "signals cannot be watched ({error}): Ctrl-C ends the process, and the guard makes it safe"
        );
    }
}
