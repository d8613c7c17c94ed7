//! Driving about for ever without touching anything, with one sensor that looks ahead.
//!
//! ```text
//!             ┌──────── no way worth taking ────────────────────────┐
//!             │                                                     ▼
//!  start ─► choose ── a way over known floor ─► steer ─► run      back (along the way here)
//!             ▲                                          │          │
//!             └── stop ◄── arrived, floor ends, blocked ─┴──────────┘ arrived
//! ```
//!
//! What keeps the car from touching anything:
//!
//! * It drives **forward only over floor that it has seen** a short while ago, with a margin around the whole car, not
//!   only its front. What it sees is kept in a small map in which it reckons its place from what it was told to do.
//! * It drives **backward only along the way it came**, because nothing looks back, and only while the way it reckons to
//!   take lies over known floor too.
//! * **Only an echo says that floor is free.** No echo says nothing.
//! * Its wheels turn only while it stands, so that each piece of its way is an arc, and the same arc leads back.
//!
//! Nothing ahead and no way back is left only when what it knew has been forgotten; then it takes it as seen anew,
//! and the last of its way here as free, rather than stand for ever.
//!
//! At the start, and after [`Wander::forget`], it knows nothing and takes 0.6 m of floor around it to be free: put it
//! there with so much room. In a hall without an echo from anywhere it stays where it is.

mod aside;
mod choice;
mod limits;
mod memory;
mod reckoning;
mod senses;

use std::time::Duration;

pub use limits::{CarShape, WanderLimits};
pub use senses::{Cliff, Drive, Motion, Senses, Sight, Way};

use choice::{Choice, Tried, WORTH_GOING};
use memory::{Arc, Direction, Memory, Moment};
use reckoning::{Leg, MOTOR_RESPONSE_S, Reckoning};

/// What the wanderer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Standing: coming to rest, looking, turning the wheels.
    Looking,
    /// Driving over known floor.
    Running,
    /// Driving back along the way it came.
    BackingOff,
    /// Standing, because no floor ahead is known to be free and no way back either.
    Stuck,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Standing until the car is at rest and has looked once more.
    Stop { until: Duration },
    /// Standing until the wheels are where `run` or the way back needs them.
    Steer { until: Duration, then: Go },
    /// Driving.
    Go(Go),
    /// Nowhere to go; looks again each time.
    Stuck,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Go {
    /// Forward on one arc, until so much way in all has been covered.
    Ahead { steering_rad: f64, until_driven_m: f64 },
    /// Backward along the last leg, until so much way in all has been covered.
    Back { steering_rad: f64, until_driven_m: f64 },
}

impl Go {
    const fn steering_rad(self) -> f64 {
        match self {
            Self::Ahead { steering_rad, .. } | Self::Back { steering_rad, .. } => steering_rad,
        }
    }
}

/// Time for the car to come to rest and for one more reading from there.
const REST: Duration = Duration::from_millis(400);

/// Time for the command to arrive and for the servo to turn from one side to the other.
const TURN_WHEELS: Duration = Duration::from_millis(300);

/// How much known floor the car must have ahead per speed, in seconds: reading, deciding and obeying take up to 0.25 s,
/// the motors another 0.1 s.
const BRAKE_S: f64 = 0.5;

/// Known floor that must be left even at a crawl, in metres.
const BRAKE_MIN_M: f64 = 0.02;

/// Slowest motion ahead that is worth asking for, in metres per second.
const CRAWL_MPS: f64 = 0.06;

/// How much known floor the car must have behind it on its way back, in metres.
const BACK_FREE_M: f64 = 0.05;

/// How much of the last leg is taken to be free when there is nowhere else to go: 25 steps of 2 cm.
const TRUSTED_STEPS: u32 = 25;
const TRUSTED_STEP_M: f64 = 0.02;

/// In what time the rest of a leg is driven, in seconds; more than twice what commands and readings take.
const ROLL_S: f64 = 0.3;

/// Rest of a leg that is not worth driving back, in metres; on the narrowest arc it turns the car by 1°.
const LEG_MIN_M: f64 = 0.001;

/// Slowest motion at the end of a leg, in metres per second: one step of the motors, by which the leg ends 1.4 mm too late
/// at most.
const CREEP_MPS: f64 = 0.014;

/// After so many measurements in a row without an echo the car stops.
const LOST_MAX: u32 = 3;

/// Longer without a call than this, and what was reckoned is worth nothing.
const GAP_MAX: Duration = Duration::from_secs(1);

/// Drives about. Call [`Wander::step`] ten times a second.
///
/// ```
/// use std::time::Duration;
/// use nevil_node_navigation::{CarShape, Cliff, Motion, Senses, Sight, Wander, WanderLimits, Way};
///
/// let mut wander = Wander::new(CarShape::default(), WanderLimits::default(), 1);
/// let mut obeyed = Motion::NONE;
/// for tick in 0..20 {
///     let sight = Some(Sight::Echo { distance_m: 2.0 });
///     let now = Duration::from_millis(100 * tick);
///     obeyed = wander.step(now, Senses { sight, way: Way::Open, cliff: Cliff::NONE, obeyed }).motion;
/// }
/// assert!(obeyed.speed_mps > 0.0);
/// ```
#[derive(Clone, Debug)]
pub struct Wander {
    shape: CarShape,
    limits: WanderLimits,
    random: fastrand::Rng,
    reckoning: Reckoning,
    memory: Memory,
    tried: Tried,
    phase: Phase,
    /// The angle at which the wheels stand.
    steering_rad: f64,
    last_step: Option<Duration>,
    last_echo_m: Option<f64>,
    lost: u32,
}

impl Wander {
    /// Drives on as fast, and stops as far from what it sees, as `limits` says; of the rest of them nothing is taken, because
    /// what it remembers rests on it.
    pub const fn set_pace(&mut self, limits: WanderLimits) {
        self.limits.cruise_mps = limits.cruise_mps;
        self.limits.turn_mps = limits.turn_mps;
        self.limits.stop_m = limits.stop_m;
    }

    /// A wanderer that has seen nothing yet. The same seed and the same senses give the same way.
    #[must_use]
    pub fn new(shape: CarShape, limits: WanderLimits, seed: u64) -> Self {
        Self {
            shape,
            limits,
            random: fastrand::Rng::with_seed(seed),
            reckoning: Reckoning::new(shape.wheelbase_m),
            memory: Memory::new(shape, limits),
            tried: Tried::default(),
            phase: Phase::Stop { until: Duration::ZERO },
            steering_rad: 0.0,
            last_step: None,
            last_echo_m: None,
            lost: 0,
        }
    }

    /// Forgets all that was seen and driven. Call it when the car has been moved by hand.
    pub fn forget(&mut self) {
        let random = self.random.clone();
        *self = Self { random, ..Self::new(self.shape, self.limits, 0) };
    }

    /// What the wanderer is doing.
    #[must_use]
    pub fn doing(&self) -> Doing {
        match self.phase {
            Phase::Stop { .. } | Phase::Steer { .. } => Doing::Looking,
            Phase::Go(Go::Ahead { .. }) => Doing::Running,
            Phase::Go(Go::Back { .. }) => Doing::BackingOff,
            Phase::Stuck => Doing::Stuck,
        }
    }

    /// Takes in what the car senses at `now` and says how to drive until the next call. After a second without a call
    /// it has forgotten everything.
    pub fn step(&mut self, now: Duration, senses: Senses) -> Drive {
        self.take_in(now, senses);
        let speed_mps = match self.phase {
            Phase::Stop { until } if now < until || self.lost > 0 && self.lost < LOST_MAX => 0.0,
            Phase::Stop { .. } | Phase::Stuck => {
                self.choose(now, senses.way);
                0.0
            }
            Phase::Steer { until, then } => {
                self.steering_rad = then.steering_rad();
                if now >= until {
                    self.phase = Phase::Go(then);
                }
                0.0
            }
            Phase::Go(go) => self.go(now, go, senses.way),
        };
        let motion = Motion { speed_mps: speed_mps as f32, steering_rad: self.steering_rad as f32 };
        Drive { motion, valid_for: self.limits.valid_for }
    }

    /// What it knows by now, whoever drives.
    fn take_in(&mut self, now: Duration, senses: Senses) {
        self.reckon(now, senses.obeyed);
        self.look(senses.sight);
    }

    fn reckon(&mut self, now: Duration, obeyed: Motion) {
        let first = match self.last_step {
            Some(last) if now.saturating_sub(last) > GAP_MAX => {
                self.forget();
                true
            }
            Some(last) => {
                self.reckoning.pass(now.saturating_sub(last), obeyed);
                false
            }
            None => true,
        };
        self.last_step = Some(now);
        self.memory.pass(Moment { time: now, along_m: self.reckoning.along_m });
        if first {
            self.memory.assume_free(self.reckoning.pose, self.limits.start_free_m);
        }
        self.memory.hold(self.reckoning.pose);
    }

    fn look(&mut self, sight: Option<Sight>) {
        match sight {
            Some(Sight::Echo { distance_m }) if distance_m.is_finite() && distance_m > 0.0 => {
                let distance_m = f64::from(distance_m);
                // The nearer of two echoes in a row: a stray one from far away frees no floor.
                let sure_m = self.last_echo_m.map_or(distance_m, |last_m| last_m.min(distance_m));
                self.memory.see(self.reckoning.pose, self.reckoning.turn_rad_per_s, sure_m);
                self.last_echo_m = Some(distance_m);
                self.lost = 0;
            }
            Some(_) => {
                self.lost = self.lost.saturating_add(1);
                if self.lost >= LOST_MAX {
                    self.last_echo_m = None;
                }
            }
            None => {}
        }
    }

    /// Chooses where to go next, from rest.
    fn choose(&mut self, now: Duration, way: Way) {
        let go = match way {
            Way::Open | Way::Caution => {
                self.way_ahead(WORTH_GOING).or_else(|| self.way_back()).or_else(|| self.way_ahead(f64::MIN))
            }
            Way::Blocked => self.way_back(),
        };
        let Some(then) = go else {
            self.phase = Phase::Stuck;
            self.remember(way);
            return;
        };
        let turned_rad = (then.steering_rad() - self.steering_rad).abs();
        let until = if turned_rad > 0.01 { now + TURN_WHEELS } else { now };
        self.steering_rad = then.steering_rad();
        self.phase = Phase::Steer { until, then };
    }

    /// With nowhere to go, takes what was forgotten as seen anew, and the way it came as free.
    fn remember(&mut self, way: Way) {
        if way != Way::Blocked {
            self.memory.recall();
        }
        for step in 1..=TRUSTED_STEPS {
            if let Some(pose) = self.reckoning.pose_before(f64::from(step) * TRUSTED_STEP_M) {
                self.memory.trust(pose);
            }
        }
    }

    /// The most promising way ahead, if it is worth more than `worth_min`.
    fn way_ahead(&mut self, worth_min: f64) -> Option<Go> {
        let Leg { steering_rad, length_m } = Choice::new(self).best(worth_min)?;
        self.tried.note(self.reckoning.pose, steering_rad);
        Some(Go::Ahead { steering_rad, until_driven_m: self.reckoning.driven_m + length_m })
    }

    /// Back along the last leg, for a random part of it: where the car then stands it has not chosen before.
    fn way_back(&mut self) -> Option<Go> {
        while self.reckoning.last_leg().is_some_and(|leg| leg.length_m <= LEG_MIN_M) {
            self.reckoning.drop_leg();
        }
        let Leg { steering_rad, length_m } = self.reckoning.last_leg()?;
        if self.free_m(Direction::Back, steering_rad, length_m.min(BACK_FREE_M)) < length_m.min(BACK_FREE_M) {
            return None;
        }
        let part_m = 0.15 + 0.45 * self.random.f64();
        // A rest too short to be driven alone is taken along.
        let back_m = if length_m - part_m < 0.1 { length_m } else { part_m };
        Some(Go::Back { steering_rad, until_driven_m: self.reckoning.driven_m + back_m })
    }

    fn go(&mut self, now: Duration, go: Go, way: Way) -> f64 {
        let (speed_mps, sign) = match go {
            Go::Ahead { steering_rad, until_driven_m } => {
                (self.speed_ahead(steering_rad, until_driven_m, way), 1.0)
            }
            Go::Back { steering_rad, until_driven_m } => {
                (self.speed_back(steering_rad, until_driven_m), -1.0)
            }
        };
        if speed_mps == 0.0 {
            self.phase = Phase::Stop { until: now + REST };
            return 0.0;
        }
        sign * speed_mps
    }

    fn speed_ahead(&self, steering_rad: f64, until_driven_m: f64, way: Way) -> f64 {
        // In caution an arc may lead away from what is near; straight ahead never does.
        let turn_away = way == Way::Caution && steering_rad == 0.0;
        if way == Way::Blocked || turn_away || self.lost >= LOST_MAX {
            return 0.0;
        }
        let left_m = until_driven_m - self.reckoning.driven_m;
        let top_mps = if steering_rad == 0.0 { self.limits.cruise_mps } else { self.limits.turn_mps };
        // No need to look farther than what the highest speed needs.
        let look_m = top_mps * BRAKE_S + BRAKE_MIN_M + 0.1;
        let mut free_m = self.free_m(Direction::Ahead, steering_rad, left_m.min(look_m));
        if steering_rad == 0.0 {
            free_m = free_m.min(self.last_echo_m.map_or(f64::INFINITY, |echo_m| echo_m - self.limits.stop_m));
        }
        let speed_mps = top_mps.min((free_m - BRAKE_MIN_M) / BRAKE_S);
        if speed_mps < CRAWL_MPS { 0.0 } else { speed_mps }
    }

    fn speed_back(&self, steering_rad: f64, until_driven_m: f64) -> f64 {
        let on_leg = self.reckoning.last_leg().filter(|leg| (leg.steering_rad - steering_rad).abs() < 0.02);
        let left_m = on_leg.map_or(0.0, |leg| leg.length_m).min(until_driven_m - self.reckoning.driven_m);
        // However late commands are obeyed, a car whose speed follows them covers the sum of what was asked. So the
        // leg ends where it began if no more is asked for than is left after rolling out.
        let ask_m = left_m - self.reckoning.speed_mps.abs() * MOTOR_RESPONSE_S;
        let free_m = self.free_m(Direction::Back, steering_rad, left_m.min(BACK_FREE_M));
        if ask_m < LEG_MIN_M || free_m < left_m.min(BACK_FREE_M) {
            return 0.0;
        }
        (ask_m / ROLL_S).clamp(CREEP_MPS, self.limits.turn_mps)
    }

    fn free_m(&self, direction: Direction, steering_rad: f64, max_m: f64) -> f64 {
        let arc = Arc { direction, curvature_per_m: self.reckoning.curvature_per_m(steering_rad) };
        self.memory.free_m(self.reckoning.pose, arc, max_m)
    }
}

#[cfg(test)]
#[path = "wander_tests.rs"]
mod tests;
