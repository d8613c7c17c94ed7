//! What the car does of its own accord besides driving about: it pauses, looks around and makes gestures, as its mood is.
//!
//! ```text
//!            8 to 16 s are over, and the car stands
//!  wander ─────────────────────────────────────────► pause, look around, gesture, or nothing of them
//!     ▲                                                            │
//!     └──────── it is over, or somebody asks for an action ────────┘
//! ```
//!
//! Nothing of that turns a driven wheel: only what wanders knows which floor is free.

use std::sync::Arc;
use std::time::Duration;

use crate::actions::{Action, ActionKind, Library, Mood};

/// Shortest time between two things that it does besides driving, in seconds; the longest is twice that.
const CYCLE_S: f64 = 8.0;

/// After how many of them, at least and at most, it may fall into another mood, and how probably. So did the predecessor.
const MOOD_CYCLES: std::ops::RangeInclusive<u32> = 15..=30;
const MOOD_SHARE: f64 = 0.3;

/// From this energy on it drives as fast as it may.
const LIVELY: u32 = 60;

/// Share of the speed that is left without any energy.
const TIRED_SHARE: f64 = 0.7;

/// What it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behavior {
    /// Drives about.
    #[default]
    Wander,
    /// Stands for a while.
    Pause { until: Duration },
    /// Looks around.
    LookAround,
    /// Makes a gesture.
    Gesture,
}

impl Behavior {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Wander => "wander",
            Self::Pause { .. } => "pause",
            Self::LookAround => "look_around",
            Self::Gesture => "gesture",
        }
    }
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    /// Drive about.
    Wander,
    /// Stand: it pauses, or what it plays goes on.
    Stand,
    /// Begin to play this, and stand.
    Play(Action),
}

/// Decides what it does of its own accord.
#[derive(Clone, Debug)]
pub(crate) struct Auto {
    pub(crate) is_active: bool,
    mood: Arc<Mood>,
    /// Whether its mood changes by itself.
    mood_drifts: bool,
    mood_cycles_left: u32,
    random: fastrand::Rng,
    behavior: Behavior,
    cycle_ends: Option<Duration>,
}

impl Auto {
    pub(crate) fn new(mood: Arc<Mood>, mood_drifts: bool, seed: u64) -> Self {
        // Not the numbers by which the wanderer chooses its way.
        let mut random = fastrand::Rng::with_seed(seed ^ 0x006d_6f6f_6473);
        let mood_cycles_left = random.u32(MOOD_CYCLES);
        let behavior = Behavior::Wander;
        Self { is_active: false, mood, mood_drifts, mood_cycles_left, random, behavior, cycle_ends: None }
    }

    pub(crate) fn mood(&self) -> &Mood {
        &self.mood
    }

    pub(crate) const fn behavior(&self) -> Behavior {
        self.behavior
    }

    /// Falls into `mood` because somebody asks for it, and stays in it for as long as in any.
    pub(crate) fn set_mood(&mut self, mood: Arc<Mood>) {
        self.mood = mood;
        self.mood_cycles_left = self.random.u32(MOOD_CYCLES);
    }

    pub(crate) const fn set_drifts(&mut self, mood_drifts: bool) {
        self.mood_drifts = mood_drifts;
    }

    /// Share of the highest speeds at which it drives, 0.7 to 1.
    pub(crate) fn pace(&self) -> f64 {
        let energy = f64::from(self.mood.energy.min(LIVELY)) / f64::from(LIVELY);
        TIRED_SHARE + (1.0 - TIRED_SHARE) * energy
    }

    /// Ends what it does besides driving: somebody asks for something else.
    pub(crate) const fn interrupt(&mut self) {
        self.behavior = Behavior::Wander;
        self.cycle_ends = None;
    }

    /// Says what to do at `now`. `stands`: the wanderer stands of itself; `plays`: what was begun last goes on.
    pub(crate) fn step(&mut self, now: Duration, stands: bool, plays: bool, library: &Library) -> Next {
        match self.behavior {
            Behavior::Wander => {
                let ends = *self.cycle_ends.get_or_insert_with(|| {
                    now + Duration::from_secs_f64(CYCLE_S * (1.0 + self.random.f64()))
                });
                if now < ends || !stands {
                    return Next::Wander;
                }
                self.cycle_ends = None;
                self.drift(library);
                self.moment(now, library)
            }
            Behavior::Pause { until } if now < until => Next::Stand,
            Behavior::LookAround | Behavior::Gesture if plays => Next::Stand,
            _ => {
                self.behavior = Behavior::Wander;
                Next::Wander
            }
        }
    }

    /// Falls into another mood now and then.
    fn drift(&mut self, library: &Library) {
        self.mood_cycles_left -= 1;
        if self.mood_cycles_left > 0 {
            return;
        }
        self.mood_cycles_left = self.random.u32(MOOD_CYCLES);
        if self.random.f64() < MOOD_SHARE && self.mood_drifts {
            let others: Vec<_> = library.moods().filter(|mood| mood.name != self.mood.name).collect();
            if let Some(mood) = self.random.choice(others) {
                self.mood = Arc::clone(mood);
            }
        }
    }

    /// Chooses what to do between two ways.
    fn moment(&mut self, now: Duration, library: &Library) -> Next {
        let tired = f64::from(100 - self.mood.energy.min(100)) / 100.0;
        let looks = f64::from(self.mood.curiosity) / 250.0;
        let gestures = f64::from(self.mood.whimsy) / 300.0;
        let drawn = self.random.f64();
        if drawn < tired / 2.0 {
            let until = now + Duration::from_secs_f64(1.0 + 2.0 * tired);
            self.behavior = Behavior::Pause { until };
            return Next::Stand;
        }
        let drawn = drawn - tired / 2.0;
        let (behavior, gesture) = if drawn < looks {
            let names = ["look_around", "quick_look_left", "quick_look_right"];
            let name = names[self.random.usize(..names.len())];
            (Behavior::LookAround, library.gesture(name))
        } else if drawn < looks + gestures {
            (Behavior::Gesture, self.random.choice(&self.mood.gestures))
        } else {
            return Next::Wander;
        };
        // An own gesture may have taken the place of a shipped one, and drive.
        let Some(gesture) = gesture.filter(|gesture| !gesture.drives()) else { return Next::Wander };
        self.behavior = behavior;
        Next::Play(Action { kind: ActionKind::Gesture(Arc::clone(gesture)), pace: self.mood.pace() })
    }
}

#[cfg(test)]
#[path = "auto_tests.rs"]
mod tests;
