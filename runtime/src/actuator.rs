//! Actuators: what moves. Every command ends by itself, and everything can be made safe without asking the node.
//!
//! ```text
//!              command(valid_for)                 expiry, inhibit, fence drained
//!   safe ───────────────────────────► commanded ──────────────────────────────► make_safe ─► safe
//!                                       │    ▲
//!                                       └────┘ command: a new expiry
//! ```
//! A helper thread per actuator, started before it opens, runs `make_safe` on a handle of its own: neither a hung
//! callback nor a hung `apply` can keep it from that. Under simulation the driver does the same in virtual time.

mod helper;
mod motion;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;

use crate::clock::{Clock, Time};
use crate::device::DeviceResult;
use crate::error::{caught, drop_caught};
use crate::guard::SafeSequence;
use crate::incarnation::Incarnation;
use crate::limits::COMMAND_VALID_MAX;

pub use helper::MakeSafe;
pub(crate) use helper::{ActuatorCell, run_helper};
pub use motion::{ActuatorCounts, Actuators};
pub(crate) use motion::{Motion, StopWord};

/// What obeys the commands of an actuator: the node's side of the hardware.
pub trait Actuate: Send + 'static {
    /// What the actuator is told.
    type Command: Send + 'static;

    /// Carries `command` out. Should not block for longer than the actuator takes to hear it.
    ///
    /// # Errors
    ///
    /// What the hardware reports. The command counts as given: the actuator is made safe when it expires.
    fn apply(&mut self, command: &Self::Command) -> DeviceResult<()>;
}

/// An actuator that has been opened, with two ways to it that do not share anything.
pub struct OpenActuator<A> {
    /// The way that commands take.
    pub control: A,
    /// The way to safety, on a handle of its own: may be called at any time, from any thread, also while `control` is in
    /// the middle of a command.
    pub make_safe: MakeSafe,
    /// The same for the guard process, which makes safe when this process is dead. Without one, nothing does.
    pub guard: Option<SafeSequence>,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// Motion is inhibited: the robot stops, or was stopped.
    #[error("actuator `{actuator}`: motion is inhibited")]
    Inhibited {
        /// The actuator.
        actuator: Arc<str>,
    },
    /// An emergency stop holds.
    #[error(
        "actuator `{actuator}` may not move: an emergency stop holds since {:.3} s; look why (`nevil status`), and end it with `nevil estop --reset`",
        since.as_ns() as f64 / 1e9
    )]
    EmergencyStopped {
        /// The actuator.
        actuator: Arc<str>,
        /// When the emergency stop began, by the robot's clock.
        since: Time,
    },
    /// The node is not active, or was fenced.
    #[error(
        "actuator `{actuator}` may not be commanded now, because its node is not active, or its callback is late"
    )]
    Fenced {
        /// The actuator.
        actuator: Arc<str>,
    },
    /// It is not open, or a call to it has not returned.
    #[error("actuator `{actuator}` is {}", if *.in_use { "in a call that has not returned" } else { "not open" })]
    Unavailable {
        /// The actuator.
        actuator: Arc<str>,
        /// Whether an earlier command has not returned.
        in_use: bool,
    },
    /// Nobody would end the command, or make the actuator safe if this process died.
    #[error(
        "actuator `{actuator}` may not move, because nobody would make it safe: its guard is gone, or it was never given one; start the robot again"
    )]
    Unguarded {
        /// The actuator.
        actuator: Arc<str>,
    },
    /// The validity is out of range.
    #[error(
        "actuator `{actuator}`: validity is out of range ({given:?}), above 0 and at most {COMMAND_VALID_MAX:?} is allowed; repeat the command instead"
    )]
    Validity {
        /// The actuator.
        actuator: Arc<str>,
        /// The validity that was given.
        given: Duration,
    },
    /// The hardware reported an error.
    #[error("actuator `{actuator}` failed: {cause}")]
    Failed {
        /// The actuator.
        actuator: Arc<str>,
        /// What went wrong.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A node's handle on something that moves.
pub struct Actuator<A: Actuate> {
    cell: Arc<ActuatorCell>,
    control: Arc<Mutex<Option<A>>>,
    incarnation: Arc<Incarnation>,
}

impl<A: Actuate> Actuator<A> {
    /// Commands the actuator for at most `valid_for` from now, which is above 0 and at most [`COMMAND_VALID_MAX`]. When
    /// that time has passed without another command, the runtime makes the actuator safe: no fresh command, no motion.
    /// Never waits.
    ///
    /// # Errors
    ///
    /// [`CommandError`]; except for [`CommandError::Failed`] the hardware has not been touched.
    pub fn command(&self, command: &A::Command, valid_for: Duration) -> Result<(), CommandError> {
        let actuator = || Arc::clone(&self.cell.name);
        if valid_for.is_zero() || valid_for > COMMAND_VALID_MAX {
            return Err(CommandError::Validity { actuator: actuator(), given: valid_for });
        }
        // Relaxed, here and below: counts for people to read.
        let refuse = |error| {
            self.cell.refused.fetch_add(1, Ordering::Relaxed);
            Err(error)
        };
        let entered = self.cell.open.enter();
        // Looked at after the entry: what stops all motion touches the gate after it has said so.
        let began = self.cell.stop();
        if began.is_for_good() {
            return refuse(CommandError::Inhibited { actuator: actuator() });
        }
        if began.is_held() {
            let since = self.cell.held_since();
            return refuse(CommandError::EmergencyStopped { actuator: actuator(), since });
        }
        if entered.is_err() {
            return refuse(CommandError::Unavailable { actuator: actuator(), in_use: false });
        }
        let Ok(_pass) = self.incarnation.begin() else {
            return refuse(CommandError::Fenced { actuator: actuator() });
        };
        let mut control = match self.control.try_lock() {
            Ok(control) => control,
            // A panic in `apply` leaves the hardware as it is; the command expires.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                return refuse(CommandError::Unavailable { actuator: actuator(), in_use: true });
            }
        };
        let Some(control) = control.as_mut() else {
            return refuse(CommandError::Unavailable { actuator: actuator(), in_use: false });
        };
        let until = self.cell.clock.now() + valid_for;
        if !self.cell.is_attended() || !self.cell.extend_to(until) {
            return refuse(CommandError::Unguarded { actuator: actuator() });
        }
        self.cell.commands.fetch_add(1, Ordering::Relaxed);
        // Also if `apply` panics.
        let _undo = TookEffect { cell: &self.cell, incarnation: &self.incarnation, until, began };
        control.apply(command).map_err(|cause| CommandError::Failed { actuator: actuator(), cause })
    }

    /// When the command that it obeys now expires; `None` if it is safe.
    #[must_use]
    pub fn expires(&self) -> Option<Time> {
        self.cell.expires()
    }
}

/// A command has taken effect, or may have.
struct TookEffect<'a> {
    cell: &'a ActuatorCell,
    incarnation: &'a Incarnation,
    until: Time,
    /// The stops that held when it was given.
    began: StopWord,
}

impl Drop for TookEffect<'_> {
    fn drop(&mut self) {
        self.cell.took_effect(self.until, self.began);
        // What a life of the node that was given up has set in motion is undone, whatever the life after it commands: that
        // one repeats its command.
        if self.incarnation.is_fenced() {
            self.cell.request();
        }
    }
}

impl<A: Actuate> fmt::Debug for Actuator<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Actuator({})", self.cell.name)
    }
}

/// An actuator that can be opened and closed, whatever it is.
pub(crate) trait AnyActuator: Send {
    fn cell(&self) -> &Arc<ActuatorCell>;
    /// Opens it; the sequence for the guard process comes back.
    fn open(&mut self) -> DeviceResult<Option<SafeSequence>>;
    /// Lets commands through. Only after the guard has its handle.
    fn permit(&self);
    fn close(&mut self);
}

pub(crate) struct ActuatorSlot<A: Actuate, O> {
    cell: Arc<ActuatorCell>,
    incarnation: Arc<Incarnation>,
    control: Arc<Mutex<Option<A>>>,
    open: O,
}

/// An actuator called `name` for the node `incarnation`, and its slot, through which the runtime opens it.
pub(crate) fn declare<A, O>(
    name: Arc<str>,
    incarnation: &Arc<Incarnation>,
    actuators: &Actuators,
    clock: &Clock,
    open: O,
) -> (Actuator<A>, ActuatorSlot<A, O>)
where
    A: Actuate,
    O: FnMut() -> DeviceResult<OpenActuator<A>> + Send + 'static,
{
    let cell = actuators.cell(name, clock);
    let control = Arc::new(Mutex::new(None));
    let slot = ActuatorSlot {
        cell: Arc::clone(&cell),
        incarnation: Arc::clone(incarnation),
        control: Arc::clone(&control),
        open,
    };
    (Actuator { cell, control, incarnation: Arc::clone(incarnation) }, slot)
}

impl<A, O> AnyActuator for ActuatorSlot<A, O>
where
    A: Actuate,
    O: FnMut() -> DeviceResult<OpenActuator<A>> + Send + 'static,
{
    fn cell(&self) -> &Arc<ActuatorCell> {
        &self.cell
    }

    fn open(&mut self) -> DeviceResult<Option<SafeSequence>> {
        let opened = caught(|| (self.open)()).unwrap_or_else(|panic| Err(panic.into()))?;
        if self.incarnation.is_over() {
            // It hung for so long that another life of the node has opened it since; this one's handles are of no use.
            drop_caught(opened);
            return Err("another life of the node has taken over".into());
        }
        self.cell.set_make_safe(opened.make_safe);
        *self.control.lock().unwrap_or_else(PoisonError::into_inner) = Some(opened.control);
        Ok(opened.guard)
    }

    fn permit(&self) {
        self.cell.permit(self.incarnation.number());
    }

    fn close(&mut self) {
        // What it was told last ends now, and not when it expires: whoever told it may have failed.
        self.cell.forbid(self.incarnation.number());
        let control = match self.control.try_lock() {
            Ok(mut control) => control.take(),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner().take(),
            // A call hangs in it.
            Err(TryLockError::WouldBlock) => None,
        };
        // Foreign code, dropped outside of the lock.
        if let Err(panic) = caught(|| drop(control)) {
            tracing::warn!("actuator `{}` could not be closed: {panic}", self.cell.name);
        }
    }
}
