//! Driving about for ever without touching anything or falling off anything, with one sensor that looks ahead and three that
//! look at the floor.
//!
//! ```text
//!             ┌──────────── no way at all ──────────────────────────┐
//!             │                                                     ▼
//!  start ─► plan ── a way over known floor ─► steer ─► drive    retrace (the way here, backward)
//!             ▲                                          │          │
//!             └── stop ◄── arrived, floor ends, blocked ─┴──────────┘ arrived
//! ```
//!
//! What keeps the car from touching anything:
//!
//! * It drives **only over floor that it has seen** a short while ago, with a margin around the whole car, not only its
//!   front. What it sees is kept in a small map in which it reckons its place from what it was told to do.
//! * When it is not allowed forward it goes **back along the way it came**, because nothing looks back.
//! * **Only an echo says that floor is free.** No echo says nothing; after 0.8 m without any, or where a sensor is dead, it stands.
//! * Its wheels turn only while it stands, so that each piece of its way is an arc, and the same arc leads back.
//!
//! What keeps it from falling, on the first metres and once it has met an edge: where there was no floor it does not go again while it remembers. It
//! drives ahead on narrow arcs, on which its sensors sweep all floor before a wheel that carries it, and otherwise only
//! where each wheel rolls over floor that was seen or driven on just before; more slowly than elsewhere.
//!
//! Nothing ahead and no way back is left only when what it knew has been forgotten; then it takes it as seen anew,
//! and the last of its way here as free, rather than stand for ever.
//!
//! At the start, and after [`Wander::forget`], it knows nothing and takes 0.4 m of floor around it to be free: put it
//! there with so much room. In a hall without an echo from anywhere it stays where it is.

mod aside;
mod choosing;
mod driving;
mod limits;
mod map;
mod memory;
mod plan;
mod reckoning;
mod senses;
mod visits;
mod window;

use std::time::Duration;

pub use limits::{CarShape, WanderLimits};
pub use senses::{Cliff, Drive, Motion, Senses, Sight, Way};

use memory::{Direction, Memory, Moment};
use plan::Planner;
use reckoning::{Pose, Reckoning};
use visits::Visits;

/// What the wanderer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Standing: coming to rest, looking, turning the wheels.
    Looking,
    /// Driving ahead over known floor.
    Running,
    /// Driving backward, over known floor or along the way it came.
    BackingOff,
    /// Standing, because no floor around is known to be free and no way back either.
    Stuck,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Standing until the car is at rest and has looked once more.
    Stop { until: Duration },
    /// Standing until the wheels are where the way needs them.
    Steer { until: Duration, then: Go },
    /// Driving.
    Go(Go),
    /// Nowhere to go; looks again then.
    Stuck { until: Duration },
}

/// A way on one arc, until so much way in all has been covered.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Go {
    kind: Kind,
    steering_rad: f64,
    /// Where it began, and what had been driven there.
    from: Pose,
    from_driven_m: f64,
    until_driven_m: f64,
    /// Whether there was an echo when it began.
    saw: bool,
    /// Whether the floor there is taken to be free because the car came from there.
    trusts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ahead,
    /// Backward over known floor.
    Back,
    /// Backward along the last leg of the way here.
    Retrace,
}

/// Time for the car to come to rest and for one more reading from there.
const REST: Duration = Duration::from_millis(300);

/// How much known floor the car must have behind it on its way back, in metres.
const BACK_FREE_M: f64 = 0.05;

/// Rest of the way here that is not worth driving back, in metres: on the narrowest arc it turns the car by 1°.
const LEG_MIN_M: f64 = 0.002;

/// Speed between edges, in metres per second: the sensors are 4.6 cm ahead of the front wheels, and that has to be enough to
/// see, to decide, and to stop.
const EDGE_MPS: f64 = 0.14;

/// So many moves that came to nothing are remembered.
const REFUSED_MAX: usize = 8;

/// So much is driven without an echo, in metres, to get back to where one came from; then it stands.
const BLIND_MAX_M: f64 = 0.8;

/// How far what it sees counts as seen, in metres.
const SIGHT_M: f64 = 2.0;

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
/// let (mut obeyed, mut drove) = (Motion::NONE, false);
/// for tick in 0..30 {
///     let sight = Some(Sight::Echo { distance_m: 2.0 });
///     let now = Duration::from_millis(100 * tick);
///     obeyed = wander.step(now, Senses { sight, way: Way::Open, cliff: Cliff::NONE, obeyed }).motion;
///     drove |= obeyed.speed_mps > 0.0;
/// }
/// assert!(drove);
/// ```
#[derive(Clone, Debug)]
pub struct Wander {
    shape: CarShape,
    limits: WanderLimits,
    random: fastrand::Rng,
    reckoning: Reckoning,
    memory: Memory,
    visits: Visits,
    planner: Planner,
    /// Moves that were chosen here and came to nothing.
    refused: Vec<(Direction, f64)>,
    /// How many searches in a row have found nothing.
    stuck: u32,
    has_met_edge: bool,
    phase: Phase,
    /// The angle at which the wheels stand.
    steering_rad: f64,
    last_step: Option<Duration>,
    last_echo_m: Option<f64>,
    /// What had been driven at the last echo, in metres.
    echo_driven_m: Option<f64>,
    lost: u32,
}

impl Wander {
    /// Drives on as fast, stops as far from what it sees, and is careful for as long, as `limits` says; of the rest of them nothing is taken, because
    /// what it remembers rests on it.
    pub const fn set_pace(&mut self, limits: WanderLimits) {
        self.limits.cruise_mps = limits.cruise_mps;
        self.limits.turn_mps = limits.turn_mps;
        self.limits.stop_m = limits.stop_m;
        self.limits.careful_m = limits.careful_m;
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
            visits: Visits::new(),
            planner: Planner::new(),
            refused: Vec::with_capacity(REFUSED_MAX),
            stuck: 0,
            has_met_edge: false,
            phase: Phase::Stop { until: Duration::ZERO },
            steering_rad: 0.0,
            last_step: None,
            last_echo_m: None,
            echo_driven_m: None,
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
            Phase::Go(Go { kind: Kind::Ahead, .. }) => Doing::Running,
            Phase::Go(_) => Doing::BackingOff,
            Phase::Stuck { .. } => Doing::Stuck,
        }
    }

    /// Takes in what the car senses at `now` and says how to drive until the next call. After a second without a call
    /// it has forgotten everything.
    pub fn step(&mut self, now: Duration, senses: Senses) -> Drive {
        self.take_in(now, senses);
        let is_blind = senses.way == Way::Blind || self.driven_blindly_m() >= BLIND_MAX_M;
        let speed_mps = match self.phase {
            _ if is_blind => {
                self.phase = Phase::Stuck { until: now + REST };
                0.0
            }
            Phase::Stop { until } if now < until || self.lost > 0 && self.lost < LOST_MAX => 0.0,
            Phase::Stuck { until } if now < until => 0.0,
            Phase::Stop { .. } | Phase::Stuck { .. } => {
                self.choose(now, senses.way);
                0.0
            }
            Phase::Steer { until, then } => {
                self.steering_rad = then.steering_rad;
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
        self.has_met_edge |= senses.cliff.is_any();
        self.memory.feel(self.reckoning.pose, senses.cliff);
        self.visits.note(now, self.reckoning.pose.place(self.middle_m(), 0.0));
    }

    /// How much has been driven since the last echo, in metres.
    fn driven_blindly_m(&self) -> f64 {
        self.echo_driven_m.map_or(f64::INFINITY, |driven_m| self.reckoning.driven_m - driven_m)
    }

    /// Whether it drives as if there were edges.
    fn is_careful(&self) -> bool {
        self.has_met_edge || self.reckoning.driven_m < self.limits.careful_m
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
                let (x_m, y_m) = self.reckoning.pose.place(self.shape.ahead_m, 0.0);
                self.visits.see(Pose { x_m, y_m, ..self.reckoning.pose }, (sure_m - 0.1).min(SIGHT_M));
                self.last_echo_m = Some(distance_m);
                self.echo_driven_m = Some(self.reckoning.driven_m);
                self.lost = 0;
            }
            Some(_) => {
                self.lost = self.lost.saturating_add(1);
                if self.lost >= LOST_MAX {
                    self.last_echo_m = None;
                    self.memory.see_nothing(self.reckoning.pose);
                }
            }
            None => {}
        }
    }
}

#[cfg(test)]
#[path = "wander_tests.rs"]
mod tests;
