//! Ctrl-C and its relatives: the first stops the robot in order; one that comes while it stops ends it at once. SIGUSR1 is the
//! emergency stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use super::Robot;
use crate::control::Control;
use crate::exit::Exit;
use crate::status::RobotPhase;

/// How long the last line may take.
const SAY_WAIT: Duration = Duration::from_millis(20);

/// How long the second signal waits for the actuators.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Watches for signals on a thread of its own: the one that waits for nodes may be waiting for one that hangs.
///
/// # Errors
///
/// The operating system's: a robot that Ctrl-C does not stop may not start.
pub(super) fn watch(robot: Arc<Robot>) -> io::Result<()> {
    let signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGUSR1]);
    let spawned = signals.and_then(|mut signals| {
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            // What stops the robot goes before what its nodes do. Where it is denied it runs all the same.
            let _ = nevil_runtime::elevate("signals");
            for signal in signals.forever() {
                if signal == SIGUSR1 {
                    robot.emergency_stop("signal SIGUSR1", "somebody has sent it");
                    continue;
                }
                if robot.stop.load(Ordering::Acquire) || robot.phase() == RobotPhase::Stopping {
                    let late = robot.environment.actuators().inhibit(AT_ONCE);
                    let safe = if late.is_empty() { "made safe" } else { "NOT SAFE, the guard process goes on trying" };
                    robot.lines.line(&format!(
                        "signal {signal} while the robot stops: {safe}; it ends at once, and its nodes were not ended in order"
                    ));
                    // What is not written by then is lost; nobody reads it.
                    let _ = robot.lines.flush(SAY_WAIT);
                    // It was ordered to end, and has not crashed.
                    robot.note_end();
                    Exit::Forced.at_once();
                }
                tracing::info!("signal {signal}: the robot stops");
                robot.request_stop();
            }
        })
    });
    spawned.map(drop)
}
