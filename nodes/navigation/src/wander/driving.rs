//! How fast it drives the way that it has chosen, and when that ends.

use std::time::Duration;

use super::map::Arc;
use super::memory::Direction;
use super::reckoning::MOTOR_RESPONSE_S;
use super::{BACK_FREE_M, EDGE_MPS, Go, Kind, LEG_MIN_M, LOST_MAX, Phase, REFUSED_MAX, REST, Wander, Way};

/// How much known floor the car must have before it per speed, in seconds: reading, deciding and obeying take up to 0.25 s,
/// the motors another 0.1 s.
const BRAKE_S: f64 = 0.5;

/// Known floor that must be left even at a crawl, in metres.
const BRAKE_MIN_M: f64 = 0.02;

/// Slowest motion that is worth asking for where floor ends, in metres per second.
const CRAWL_MPS: f64 = 0.06;

/// In what time the rest of a way is driven, in seconds; more than what commands and readings take.
const ROLL_S: f64 = 0.2;

/// Rest of a way that is not worth driving, in metres.
const REST_MIN_M: f64 = 0.004;

/// Slowest motion at the end of a way, in metres per second: one step of the motors, by which it ends 1.4 mm too late at most.
/// Ahead it is two, because caution may halve them, and less than a step is none.
const CREEP_BACK_MPS: f64 = 0.014;
const CREEP_AHEAD_MPS: f64 = 0.028;

/// A way that ends before so much of it was driven, in metres, was none: it is not tried again from there.
const BEGUN_M: f64 = 0.02;

/// After so many measurements in a row without an echo it goes backward no more.
const LOST_BACK_MAX: u32 = 2;

impl Wander {
    /// Speed on the way that was chosen; 0 ends it.
    pub(super) fn go(&mut self, now: Duration, go: Go, way: Way) -> f64 {
        let speed_mps = match go.kind {
            Kind::Ahead => self.speed_ahead(go, way),
            // From where no echo comes it may go ahead again for a short while only, if at all: it turns back at once.
            Kind::Back if go.saw && self.lost >= LOST_BACK_MAX && way != Way::Blocked => {
                if let Some(back) = self.way_back(way) {
                    self.phase = Phase::Go(back);
                }
                return 0.0;
            }
            Kind::Back if go.saw && self.lost > 0 => return 0.0,
            Kind::Back => -self.speed_over(go, Direction::Back),
            Kind::Retrace => self.speed_back(go, way),
        };
        if speed_mps == 0.0 {
            self.note_end(go);
            self.phase = Phase::Stop { until: now + REST };
        }
        speed_mps
    }

    /// What came to nothing is not chosen again from here.
    fn note_end(&mut self, go: Go) {
        let direction = if go.kind == Kind::Ahead { Direction::Ahead } else { Direction::Back };
        if self.reckoning.driven_m - go.from_driven_m >= BEGUN_M {
            self.refused.clear();
            self.stuck = 0;
        } else if self.refused.len() < REFUSED_MAX {
            self.refused.push((direction, go.steering_rad));
        }
    }

    fn speed_ahead(&self, go: Go, way: Way) -> f64 {
        // In caution an arc may lead away from what is near; straight ahead never does.
        let turn_away = way == Way::Caution && go.steering_rad == 0.0;
        if way == Way::Blocked || turn_away || self.lost >= LOST_MAX {
            return 0.0;
        }
        self.speed_over(go, Direction::Ahead)
    }

    /// Speed over known floor: so that the car can stop where it ends, and does where the way ends.
    fn speed_over(&self, go: Go, direction: Direction) -> f64 {
        let Go { steering_rad, until_driven_m, .. } = go;
        let straight = direction == Direction::Ahead && steering_rad == 0.0;
        let mut top_mps = if straight { self.limits.cruise_mps } else { self.limits.turn_mps };
        if self.is_careful() {
            top_mps = top_mps.min(EDGE_MPS);
        }
        let left_m = until_driven_m - self.reckoning.driven_m;
        let ask_m = left_m - self.reckoning.speed_mps.abs() * MOTOR_RESPONSE_S;
        if ask_m < REST_MIN_M {
            return 0.0;
        }
        // No need to look farther than what the highest speed needs.
        let look_m = left_m.min(top_mps * BRAKE_S + BRAKE_MIN_M + 0.1);
        let arc = Arc { direction, curvature_per_m: self.reckoning.curvature_per_m(steering_rad) };
        let mut free_m = self.memory.map(self.reckoning.pose, go.from).free_m(arc, look_m);
        if straight {
            free_m = free_m.min(self.last_echo_m.map_or(f64::INFINITY, |echo_m| echo_m - self.limits.stop_m));
        }
        let ends_mps = if free_m >= look_m { f64::INFINITY } else { (free_m - BRAKE_MIN_M) / BRAKE_S };
        if ends_mps < CRAWL_MPS {
            0.0
        } else {
            (ask_m / ROLL_S).max(creep_mps(direction)).min(ends_mps).min(top_mps)
        }
    }

    /// Speed against the last leg.
    fn speed_back(&self, go: Go, way: Way) -> f64 {
        let Go { steering_rad, until_driven_m, .. } = go;
        let on_leg = self.reckoning.last_leg().filter(|leg| (leg.steering_rad - steering_rad).abs() < 0.02);
        let Some(leg) = on_leg else { return 0.0 };
        let direction = if leg.length_m > 0.0 { Direction::Back } else { Direction::Ahead };
        if direction == Direction::Ahead && way == Way::Blocked {
            return 0.0;
        }
        let left_m = leg.length_m.abs().min(until_driven_m - self.reckoning.driven_m);
        // However late commands are obeyed, a car whose speed follows them covers the sum of what was asked. So the
        // leg ends where it began if no more is asked for than is left after rolling out.
        let ask_m = left_m - self.reckoning.speed_mps.abs() * MOTOR_RESPONSE_S;
        let free_min_m = left_m.min(BACK_FREE_M);
        let is_free = go.trusts || self.track_free_m(direction, steering_rad, free_min_m) >= free_min_m;
        if ask_m < LEG_MIN_M || !is_free {
            return 0.0;
        }
        let top_mps =
            if self.is_careful() { self.limits.turn_mps.min(EDGE_MPS) } else { self.limits.turn_mps };
        (ask_m / ROLL_S).clamp(creep_mps(direction), top_mps).copysign(-leg.length_m)
    }

    /// How far the way here is free, backward along it.
    pub(super) fn track_free_m(&self, direction: Direction, steering_rad: f64, max_m: f64) -> f64 {
        let arc = Arc { direction, curvature_per_m: self.reckoning.curvature_per_m(steering_rad) };
        self.memory.own_track(self.reckoning.pose).free_m(arc, max_m)
    }
}

const fn creep_mps(direction: Direction) -> f64 {
    match direction {
        Direction::Ahead => CREEP_AHEAD_MPS,
        Direction::Back => CREEP_BACK_MPS,
    }
}
