//! Which way to go from where the car stands.

use std::collections::VecDeque;

use super::Wander;
use super::memory::{Arc, Direction};
use super::reckoning::{Leg, Pose};

/// Steering angles that are looked at, as shares of the largest.
const SHARES: [f64; 7] = [0.0, 0.35, -0.35, 0.7, -0.7, 1.0, -1.0];

/// Longest way that is looked at, straight and on an arc, in metres.
const STRAIGHT_MAX_M: f64 = 2.0;
const ARC_MAX_M: f64 = 0.5;

/// Shortest way that is worth driving, in metres.
const WORTH_M: f64 = 0.1;

/// A way must be worth as much as this many metres of straight driving, or the car goes back.
pub(super) const WORTH_GOING: f64 = 0.25;

/// What each earlier try from the same place takes away, in metres.
const TRIED_COST: f64 = 0.5;

/// How much chance may add, in metres.
const CHANCE: f64 = 0.5;

/// The choices made lately.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tried {
    choices: VecDeque<(Pose, f64)>,
}

impl Tried {
    /// Choices that are remembered.
    const MAX: usize = 48;

    pub(crate) fn note(&mut self, pose: Pose, steering_rad: f64) {
        if self.choices.len() == Self::MAX {
            self.choices.pop_front();
        }
        self.choices.push_back((pose, steering_rad));
    }

    /// How often the same was chosen at about the same place.
    fn count(&self, pose: Pose, steering_rad: f64) -> usize {
        let same = |(at, steering): &&(Pose, f64)| {
            (at.x_m - pose.x_m).hypot(at.y_m - pose.y_m) < 0.15
                && (at.heading_rad - pose.heading_rad).abs() < 0.3
                && (steering - steering_rad).abs() < 0.02
        };
        self.choices.iter().filter(same).count()
    }

    /// How often the car has chosen anything within half a metre: places that it knows well draw it less.
    fn near(&self, place: Pose) -> usize {
        let near = |(at, _): &&(Pose, f64)| (at.x_m - place.x_m).hypot(at.y_m - place.y_m) < 0.5;
        self.choices.iter().filter(near).count()
    }
}

/// Looks at all ways from where the car stands.
pub(crate) struct Choice<'a> {
    wander: &'a mut Wander,
}

impl<'a> Choice<'a> {
    pub(crate) fn new(wander: &'a mut Wander) -> Self {
        Self { wander }
    }

    /// The most promising way over known floor, with some chance in it; `None` if none is worth more than `worth_min`.
    pub(crate) fn best(&mut self, worth_min: f64) -> Option<Leg> {
        let mut best: Option<(f64, Leg)> = None;
        for share in SHARES {
            let steering_rad = share * self.wander.shape.steering_rad_max;
            let tries = self.wander.tried.count(self.wander.reckoning.pose, steering_rad) as f64;
            let (worth, leg) = if share == 0.0 { self.straight() } else { self.arc(steering_rad) };
            let worth = worth - tries * TRIED_COST + self.wander.random.f64() * CHANCE;
            if leg.length_m >= WORTH_M && worth > best.map_or(worth_min, |(most, _)| most) {
                best = Some((worth, leg));
            }
        }
        best.map(|(_, leg)| leg)
    }

    fn straight(&self) -> (f64, Leg) {
        let room_m = self.wander.last_echo_m.map_or(0.0, |echo_m| echo_m - self.wander.limits.stop_m);
        let free_m = self.wander.free_m(Direction::Ahead, 0.0, STRAIGHT_MAX_M);
        let now_m = free_m.min(room_m);
        // While it drives it sees more, so the goal is as far as nothing was seen; the way ends when the floor does.
        let length_m = if now_m < WORTH_M { 0.0 } else { room_m };
        let end = self.wander.reckoning.pose.after(now_m, 0.0);
        (now_m - self.familiar(end), Leg { steering_rad: 0.0, length_m })
    }

    /// An arc is worth what can be driven straight ahead from where it ends, and something for the look from there.
    fn arc(&self, steering_rad: f64) -> (f64, Leg) {
        let wander = &self.wander;
        let curvature_per_m = wander.reckoning.curvature_per_m(steering_rad);
        let free_m = wander.free_m(Direction::Ahead, steering_rad, ARC_MAX_M);
        let mut best = (0.0, Leg { steering_rad, length_m: 0.0 });
        for part in 1..=3 {
            let length_m = free_m * f64::from(part) / 3.0;
            let end = wander.reckoning.pose.after(length_m, curvature_per_m);
            let beyond_m = wander.memory.free_m(end, Arc::STRAIGHT, 1.0);
            let look = (length_m * curvature_per_m).abs() * 0.3;
            let worth = beyond_m + look - self.familiar(end);
            if length_m >= WORTH_M && worth > best.0 {
                best = (worth, Leg { steering_rad, length_m });
            }
        }
        best
    }

    fn familiar(&self, place: Pose) -> f64 {
        self.wander.tried.near(place) as f64 * 0.06
    }
}
