//! The emergency stop of a robot: everything is made safe at once, and stays so until somebody resets it.
//!
//! ```text
//!            engage: safe state first, then who was hung in
//!  released ───────────────────────────────────────────────► engaged ◄─┐ engage: counted, the first reason stays;
//!      ▲                                                        │ │    │         everything is made safe once more
//!      └──────────── reset, when every actuator is safe ────────┘ └────┘
//! ```
//! Nothing else ends it: no timer, no restart of a node. It lives as long as the process and no longer.

mod notice;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use nevil_msgs::{EmergencyStopRequest, topics};
use nevil_sys::mem::Handover;
use serde::Serialize;

use crate::actuator::{Actuators, StopWord};
use crate::bus::Bus;
use crate::clock::Clock;
use crate::limits::{ESTOP_BY_BYTES, ESTOP_HOOKS_MAX, ESTOP_REASON_BYTES};

pub use notice::EmergencyStopNotice;

/// The emergency stop of a robot. Clones are handles on the same one.
///
/// ```
/// use nevil_runtime::{Clock, Environment};
///
/// let stop = Environment::new(Clock::simulated(), 1).emergency_stop().clone();
/// stop.engage("the operator", "a cable hangs out");
/// stop.engage("node `bumper`", "it touches something");
/// let state = stop.state().unwrap();
/// assert_eq!((&*state.by, &*state.reason, state.count), ("the operator", "a cable hangs out", 2));
/// stop.reset("the operator")?;
/// assert!(!stop.is_engaged());
/// # Ok::<(), nevil_runtime::ResetError>(())
/// ```
#[derive(Clone)]
pub struct EmergencyStop(Arc<Shared>);

struct Shared {
    actuators: Actuators,
    clock: Clock,
    /// Who and why, of the last one, from who engages to who asks.
    told: Handover<Told>,
    /// The same, for those who ask.
    known: Mutex<Told>,
    hooks: [OnceLock<Hook>; ESTOP_HOOKS_MAX],
}

/// What happens when an emergency stop begins or ends.
type Hook = Box<dyn Fn(EmergencyStopChange) + Send + Sync>;

/// What has become of the emergency stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmergencyStopChange {
    /// It was engaged. Everything was asked to be safe before.
    Engaged,
    /// It was reset: commands go through again.
    Reset,
}

/// Who began an emergency stop, and why.
#[derive(Clone, Default)]
struct Told {
    /// Its number among all that were ever asked for; 0: none so far.
    number: u64,
    by: String,
    reason: String,
    /// Whether it was reset.
    ended: bool,
}

/// An emergency stop that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EmergencyStopState {
    /// When it began: nanoseconds of the robot's clock.
    pub since_ns: u64,
    /// For how many milliseconds it has held.
    pub for_ms: u64,
    /// Who began it, such as ``node `motion` ``.
    pub by: String,
    /// Why, in the words of who began it.
    pub reason: String,
    /// How many times it was asked for; only the first one's words are kept.
    pub count: u64,
}

/// Why an emergency stop was not reset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResetError {
    /// There is nothing to reset.
    #[error("no emergency stop holds")]
    NotEngaged,
    /// Something still moves, or may.
    #[error(
        "the emergency stop was not reset, because not everything is safe: {}; a call to it has not returned, or its `make_safe` fails: see `nevil status` and the log, and reset again or stop the robot",
        names(.actuators)
    )]
    NotSafe {
        /// The actuators that are not safe.
        actuators: Vec<Arc<str>>,
    },
    /// Somebody asked for it again while it was being reset, or reset it first.
    #[error(
        "the emergency stop was asked for again, or reset by somebody else, meanwhile; see `nevil status`"
    )]
    AskedAgain,
    /// Nothing may move any more, with or without it.
    #[error("the robot stops, so that nothing is let through any more; start it again")]
    Stopping,
}

fn names(actuators: &[Arc<str>]) -> String {
    actuators.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl EmergencyStop {
    pub(crate) fn new(actuators: Actuators, clock: Clock) -> Self {
        Self(Arc::new(Shared {
            actuators,
            clock,
            told: Handover::new(),
            known: Mutex::default(),
            hooks: [const { OnceLock::new() }; ESTOP_HOOKS_MAX],
        }))
    }

    /// Begins an emergency stop: commands to actuators are refused from now on, each actuator is asked to be made safe, and
    /// then everything that was hung in is told. May be called from any thread; waits for nothing, also not for nodes or
    /// devices that hang. `by` says who, in at most [`ESTOP_BY_BYTES`] bytes, and `reason` why, in at most
    /// [`ESTOP_REASON_BYTES`]; what is longer is cut.
    ///
    /// If one holds already, its words stay, this one is counted, and everything is asked to be safe once more.
    pub fn engage(&self, by: impl fmt::Display, reason: &str) {
        let shared = &*self.0;
        // Nothing is formatted, logged or told before this.
        let begun = shared.actuators.hold_motion(shared.clock.now());
        let Some(number) = begun else { return };
        self.tell(Told {
            number,
            by: cut(&by.to_string(), ESTOP_BY_BYTES),
            reason: cut(reason, ESTOP_REASON_BYTES),
            ended: false,
        });
        self.run_hooks(EmergencyStopChange::Engaged);
        let reason = cut(reason, ESTOP_REASON_BYTES);
        tracing::error!(
            "EMERGENCY STOP by {by}: {reason}; everything is made safe until `nevil estop --reset`"
        );
    }

    /// Whether an emergency stop holds.
    #[must_use]
    pub fn is_engaged(&self) -> bool {
        self.word().is_held()
    }

    /// The emergency stop that holds. Its words are empty in the instant in which it begins.
    #[must_use]
    pub fn state(&self) -> Option<EmergencyStopState> {
        let (word, shared) = (self.word(), &*self.0);
        if !word.is_held() {
            return None;
        }
        let since = shared.actuators.motion().held_since();
        let told = self.known().clone();
        // Words of the one before: those of this one are on their way.
        let told = if told.ended || told.number == 0 {
            Told { number: word.asked(), ..Told::default() }
        } else {
            told
        };
        Some(EmergencyStopState {
            since_ns: since.as_ns(),
            for_ms: u64::try_from(shared.clock.now().since(since).as_millis()).unwrap_or(u64::MAX),
            by: told.by,
            reason: told.reason,
            count: (word.asked() + 1).saturating_sub(told.number),
        })
    }

    /// Ends the emergency stop, for `by`, who is logged: commands to actuators go through again. Nothing moves by itself,
    /// because what was commanded before is gone. Makes everything safe once more, and waits for that, at most
    /// [`MAKE_SAFE_DEADLINE`](crate::limits::MAKE_SAFE_DEADLINE).
    ///
    /// # Errors
    ///
    /// [`ResetError`]: none holds, something is not safe, or the robot stops. What holds then goes on to hold.
    pub fn reset(&self, by: impl fmt::Display) -> Result<(), ResetError> {
        let (word, shared) = (self.word(), &*self.0);
        if !word.is_held() {
            return Err(ResetError::NotEngaged);
        }
        if word.is_for_good() {
            return Err(ResetError::Stopping);
        }
        match shared.actuators.permit_motion(word) {
            // Its words are not those of the next one, which may have begun by now.
            Ok(true) => self.known().end(word.asked()),
            Ok(false) => return Err(ResetError::AskedAgain),
            Err(actuators) => return Err(ResetError::NotSafe { actuators }),
        }
        self.run_hooks(EmergencyStopChange::Reset);
        tracing::warn!("the emergency stop was reset by {by}");
        Ok(())
    }

    /// Calls `hook` whenever an emergency stop has begun, after everything was asked to be safe, and when one was reset: on
    /// the thread of who did it, so that it may neither wait nor panic.
    ///
    /// # Panics
    ///
    /// If there are [`ESTOP_HOOKS_MAX`] already: they are pieces of the runtime and of the launch, each hung in once.
    pub fn on_change(&self, hook: impl Fn(EmergencyStopChange) + Send + Sync + 'static) {
        let mut hook: Hook = Box::new(hook);
        for place in &self.0.hooks {
            match place.set(hook) {
                Ok(()) => return,
                Err(taken) => hook = taken,
            }
        }
        panic!("at most {ESTOP_HOOKS_MAX} hooks are told of an emergency stop");
    }

    /// Obeys requests on `bus`, where they are published.
    pub(crate) fn listen(&self, bus: &Bus) {
        let stop = self.clone();
        let engage = move |by: &str, request: &EmergencyStopRequest| {
            stop.engage(format_args!("`{by}` on `emergency_stop/request`"), &request.reason);
        };
        bus.on_publish(&topics::EMERGENCY_STOP_REQUEST, Arc::new(engage));
    }

    fn word(&self) -> StopWord {
        self.0.actuators.motion().stop()
    }

    fn run_hooks(&self, change: EmergencyStopChange) {
        self.0.hooks.iter().filter_map(OnceLock::get).for_each(|hook| hook(change));
    }

    /// Hands the words over to those who ask: the lock is theirs alone, and who engages does not wait for it.
    fn tell(&self, told: Told) {
        let (mut number, mut told) = (told.number, Box::new(told));
        while let Some(other) = self.0.told.put(told) {
            if other.number < number {
                return;
            }
            // A newer one was there: that one is to stay.
            (number, told) = (other.number, other);
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Told> {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = self.0.told.take().filter(|told| told.number > known.number) {
            *known = *told;
        }
        known
    }
}

impl Told {
    /// The emergency stop that was asked for `asked` times in all has ended.
    fn end(&mut self, asked: u64) {
        self.ended |= self.number <= asked;
    }
}

/// At most `bytes` of `text`, whole characters, on one line: terminals show it.
pub(crate) fn cut(text: &str, bytes: usize) -> String {
    let fits = text.char_indices().take_while(|(at, char)| at + char.len_utf8() <= bytes);
    fits.map(|(_, char)| if char.is_control() { ' ' } else { char }).collect()
}

impl fmt::Debug for EmergencyStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EmergencyStop").field(&self.state()).finish()
    }
}
