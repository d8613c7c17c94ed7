//! Where to go next, from rest.

use std::time::Duration;

use super::memory::Direction;
use super::plan::{Abilities, Move};
use super::reckoning::Leg;
use super::{BACK_FREE_M, EDGE_MPS, Go, Kind, LEG_MIN_M, LOST_MAX, Phase, REST, Wander, WanderLimits, Way};

/// Time for the command to arrive and for the servo to turn from one side to the other, in five steps.
const TURN_WHEELS: Duration = Duration::from_millis(200);

/// How much of the last leg is taken to be free when there is nowhere else to go: 25 steps of 2 cm.
const TRUSTED_STEPS: u32 = 25;
const TRUSTED_STEP_M: f64 = 0.02;

/// After so many searches in a row that found nothing it goes back the way it came, whatever was seen there.
const STUCK_MAX: u32 = 3;

/// Share of the speed of the outer wheel that is left in the middle of the axle on a narrow arc.
const NARROW_SHARE: f64 = 0.85;

impl Wander {
    /// Chooses where to go next, from rest.
    pub(super) fn choose(&mut self, now: Duration, way: Way) {
        // Where it comes no farther it squeezes through, but not between edges.
        let WanderLimits { margin_m, squeeze_m, .. } = self.limits;
        let squeezes = self.visits.is_bored() && !self.is_careful();
        self.memory.set_margin(if squeezes { squeeze_m } else { margin_m });
        // What is left of a leg that was driven back hides the one before it.
        while self.reckoning.last_leg().is_some_and(|leg| leg.length_m.abs() <= LEG_MIN_M) {
            self.reckoning.drop_leg();
        }
        // From where no echo comes it may not go ahead, or for a short while only: back to where it saw something.
        let go = if self.lost >= LOST_MAX {
            self.way_back(way).or_else(|| self.planned(way))
        } else {
            self.planned(way).or_else(|| self.way_back(way))
        };
        let go = go.or_else(|| self.last_resort());
        let Some(then) = go else {
            self.phase = Phase::Stuck { until: now + REST };
            self.refused.clear();
            self.remember(way);
            self.stuck = self.stuck.saturating_add(1);
            return;
        };
        let turned_rad = (then.steering_rad - self.steering_rad).abs();
        let until = if turned_rad > 0.01 { now + TURN_WHEELS } else { now };
        self.steering_rad = then.steering_rad;
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

    /// The way over known floor that promises most. Where forward is forbidden the way back goes first.
    fn planned(&mut self, way: Way) -> Option<Go> {
        if way == Way::Blocked && self.reckoning.last_leg().is_some_and(|leg| leg.length_m > LEG_MIN_M) {
            return None;
        }
        let abilities = self.abilities(way);
        let Move { direction, steering_rad, length_m } = self.search(&abilities).or_else(|| {
            if abilities.edges { self.search(&Abilities { arc_parts: 1.0, ..abilities }) } else { None }
        })?;
        let kind = match direction {
            Direction::Ahead => Kind::Ahead,
            Direction::Back if abilities.edges => Kind::Retrace,
            Direction::Back => Kind::Back,
        };
        Some(self.go_for(kind, steering_rad, length_m))
    }

    /// Backward as if there were no edges, if none was met: where it stands it may not go ahead, and would not see anything ever.
    fn last_resort(&mut self) -> Option<Go> {
        if self.has_met_edge {
            return None;
        }
        let abilities = Abilities { edges: false, may_go_ahead: false, ..self.abilities(Way::Blocked) };
        let Move { steering_rad, length_m, .. } = self.search(&abilities)?;
        Some(self.go_for(Kind::Back, steering_rad, length_m))
    }

    fn search(&mut self, abilities: &Abilities) -> Option<Move> {
        let pose = self.reckoning.pose;
        self.planner.best(&self.memory, &self.visits, pose, abilities, &self.refused, &mut self.random)
    }

    fn abilities(&self, way: Way) -> Abilities {
        let WanderLimits { cruise_mps, turn_mps, stop_m, .. } = self.limits;
        let edges = self.is_careful();
        let max_mps = if edges { EDGE_MPS } else { f64::INFINITY };
        Abilities {
            curvature_per_m: self.reckoning.curvature_per_m(self.shape.steering_rad_max),
            steering_rad: self.shape.steering_rad_max,
            wheelbase_m: self.shape.wheelbase_m,
            middle_m: self.middle_m(),
            straight_mps: cruise_mps.min(max_mps),
            arc_mps: turn_mps.min(max_mps) * NARROW_SHARE,
            back_mps: turn_mps.min(max_mps) * NARROW_SHARE,
            may_go_ahead: self.may_go_ahead(way),
            room_m: if way == Way::Open {
                self.last_echo_m.map_or(0.0, |echo_m| echo_m - stop_m)
            } else {
                0.0
            },
            edges,
            // Between edges a narrow arc ahead turns the car so far that the sensors sweep more than the wheels need.
            arc_parts: if edges { 2.0 } else { 1.0 },
            last_leg: self.reckoning.last_leg(),
        }
    }

    pub(super) fn middle_m(&self) -> f64 {
        (self.shape.ahead_m - self.shape.behind_m) / 2.0
    }

    fn go_for(&self, kind: Kind, steering_rad: f64, length_m: f64) -> Go {
        let from_driven_m = self.reckoning.driven_m;
        Go {
            kind,
            steering_rad,
            from: self.reckoning.pose,
            from_driven_m,
            until_driven_m: from_driven_m + length_m,
            saw: self.lost == 0,
            trusts: false,
        }
    }

    /// Back to where it came from along the last leg, for a random part of it.
    pub(super) fn way_back(&mut self, way: Way) -> Option<Go> {
        let Leg { steering_rad, length_m } = self.reckoning.last_leg()?;
        let left_m = length_m.abs();
        let direction = if length_m > 0.0 { Direction::Back } else { Direction::Ahead };
        if direction == Direction::Ahead && way == Way::Blocked {
            return None;
        }
        // It came from there: after some time in which nothing else was found that has to do.
        let trusts = self.stuck >= STUCK_MAX;
        let free_min_m = left_m.min(BACK_FREE_M);
        if !trusts && self.track_free_m(direction, steering_rad, free_min_m) < free_min_m {
            return None;
        }
        let part_m = 0.15 + 0.2 * self.random.f64();
        // A rest too short to be driven alone is taken along.
        let back_m = if left_m - part_m < 0.1 { left_m } else { part_m };
        Some(Go { trusts, ..self.go_for(Kind::Retrace, steering_rad, back_m) })
    }

    fn may_go_ahead(&self, way: Way) -> bool {
        way != Way::Blocked && self.lost < LOST_MAX
    }
}
