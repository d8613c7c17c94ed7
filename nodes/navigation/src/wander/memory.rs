//! What the car has seen to be free a short while and a short way ago.
//!
//! A grid of square cells, of which each place on the floor has one, modulo the size of the grid. A cell is free or
//! nothing is known of it. It becomes free when an echo came from behind it, and unknown when one comes from it, when
//! the car has driven on for too long, or when too much time has passed.

use std::time::Duration;

use super::reckoning::Pose;
use super::{CarShape, WanderLimits};

/// Side of a cell in metres. Half a diagonal, 35 mm, is less than the margin that is kept around the car.
const CELL_M: f64 = 0.05;

/// Cells along each side of the grid: 6.4 m, so that what is in reach of the sensor never meets itself.
const CELLS: i32 = 128;

/// How far ahead of an echo the floor is taken to be free no more, in metres, and which share of its distance the
/// sensor may be wrong by. The car so keeps away from what it sees, and out of the zone in which it would be slowed.
const SHORT_M: f64 = 0.12;
const SHORT_SHARE: f64 = 0.03;

/// Farthest that an echo marks floor as free, in metres; beyond it errors of the heading weigh too much.
const SEEN_MAX_M: f64 = 2.5;

/// Half the opening of the sensor's cone, in radians, and what is left out at its rim.
const CONE_HALF_RAD: f64 = 15.0 * std::f64::consts::PI / 180.0;
const RIM_RAD: f64 = 1.0 * std::f64::consts::PI / 180.0;

/// How late a reading and the reckoned heading may be to each other, in seconds: one period of the sensor and some.
const LATE_S: f64 = 0.15;

#[derive(Clone, Copy, Debug)]
struct Cell {
    at: (i32, i32),
    along_m: f32,
    time: Duration,
}

/// Now, as the memory needs it: the time, and where on its way the car is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) time: Duration,
    pub(crate) along_m: f64,
}

/// Which way to drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ahead,
    Back,
}

/// An arc to drive along.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arc {
    pub(crate) direction: Direction,
    /// One over the radius, per metre; positive is to the left.
    pub(crate) curvature_per_m: f64,
}

impl Arc {
    pub(crate) const STRAIGHT: Self = Self { direction: Direction::Ahead, curvature_per_m: 0.0 };
}

/// The free floor around the car.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    shape: CarShape,
    limits: WanderLimits,
    cells: Vec<Option<Cell>>,
    now: Moment,
}

impl Memory {
    pub(crate) fn new(shape: CarShape, limits: WanderLimits) -> Self {
        let cells = vec![None; (CELLS * CELLS) as usize];
        Self { shape, limits, cells, now: Moment { time: Duration::ZERO, along_m: 0.0 } }
    }

    pub(crate) fn pass(&mut self, now: Moment) {
        self.now = now;
    }

    /// Takes the floor within `radius_m` of the car's middle to be free.
    pub(crate) fn assume_free(&mut self, pose: Pose, radius_m: f64) {
        let (x_m, y_m) = pose.place((self.shape.ahead_m - self.shape.behind_m) / 2.0, 0.0);
        self.each_near((x_m, y_m), radius_m, |memory, at, (dx, dy)| {
            if dx.hypot(dy) <= radius_m {
                memory.mark_free(at);
            }
        });
    }

    /// Takes what was forgotten, because it was too old or too far back, as seen just now. What an echo has taken back
    /// stays unknown.
    pub(crate) fn recall(&mut self) {
        let Moment { time, along_m } = self.now;
        for cell in self.cells.iter_mut().flatten() {
            *cell = Cell { along_m: along_m as f32, time, ..*cell };
        }
    }

    /// Keeps what is under the car at `pose`: it got there, so it is free; and what is known within its margin.
    pub(crate) fn hold(&mut self, pose: Pose) {
        self.hold_with(pose, 0.0);
    }

    /// Takes the floor under the car at `pose`, from where it came, and as much around it as backing off needs, to be
    /// free whatever was seen.
    pub(crate) fn trust(&mut self, pose: Pose) {
        self.hold_with(pose, self.limits.margin_m / 2.0 + CELL_M / 2.0);
    }

    fn hold_with(&mut self, pose: Pose, sure_m: f64) {
        let CarShape { ahead_m, behind_m, beside_m, .. } = self.shape;
        let margin_m = self.limits.margin_m;
        let (sin, cos) = pose.heading_rad.sin_cos();
        let radius_m = (ahead_m.max(behind_m) + margin_m).hypot(beside_m + margin_m);
        self.each_near((pose.x_m, pose.y_m), radius_m, |memory, at, (dx, dy)| {
            let (along_m, across_m) = (dx * cos + dy * sin, (dy * cos - dx * sin).abs());
            let around = |more_m: f64| {
                (-behind_m - more_m..=ahead_m + more_m).contains(&along_m) && across_m <= beside_m + more_m
            };
            if around(sure_m) || (around(margin_m) && memory.is_free(at)) {
                memory.mark_free(at);
            }
        });
    }

    /// Takes in an echo from `distance_m` ahead, seen from `pose` while turning.
    pub(crate) fn see(&mut self, pose: Pose, turn_rad_per_s: f64, distance_m: f64) {
        let free_half_rad = CONE_HALF_RAD - RIM_RAD - turn_rad_per_s.abs() * LATE_S;
        let free_to_m = (distance_m * (1.0 - SHORT_SHARE) - SHORT_M).min(SEEN_MAX_M);
        let solid_to_m = distance_m * (1.0 + SHORT_SHARE) + CELL_M;
        let solid_from_m = distance_m * (1.0 - SHORT_SHARE) - CELL_M;
        let (sin, cos) = pose.heading_rad.sin_cos();
        let eye = pose.place(self.shape.ahead_m, 0.0);
        let reach_m = solid_to_m.min(SEEN_MAX_M);
        let half_m = reach_m * CONE_HALF_RAD.sin() + CELL_M;
        let middle = (eye.0 + reach_m / 2.0 * cos, eye.1 + reach_m / 2.0 * sin);
        self.each_near(middle, (reach_m / 2.0).hypot(half_m), |memory, at, (dx, dy)| {
            let (along_m, across_m) = (dx * cos + dy * sin + reach_m / 2.0, dy * cos - dx * sin);
            if along_m <= 0.0 || across_m.abs() > half_m {
                return;
            }
            let (away_m, aside_rad) = (along_m.hypot(across_m), across_m.atan2(along_m).abs());
            if aside_rad <= free_half_rad && away_m <= free_to_m {
                memory.mark_free(at);
            } else if aside_rad <= CONE_HALF_RAD && (solid_from_m..=solid_to_m).contains(&away_m) {
                memory.cells[index(at)] = None;
            }
        });
    }

    /// How far the car could drive from `pose` on an arc over floor that is known to be free, up to `max_m`.
    pub(crate) fn free_m(&self, pose: Pose, arc: Arc, max_m: f64) -> f64 {
        // The floor behind was checked with the whole margin when the car came over it; what is left of the margin
        // makes up for cells and for reckoning.
        let (sign, margin_m) = match arc.direction {
            Direction::Ahead => (1.0, self.limits.margin_m),
            Direction::Back => (-1.0, self.limits.margin_m / 2.0),
        };
        let mut way_m = 0.0;
        while way_m < max_m {
            let next_m = way_m + CELL_M / 2.0;
            if !self.fits(pose.after(sign * next_m, arc.curvature_per_m), pose, margin_m) {
                return way_m;
            }
            way_m = next_m;
        }
        max_m
    }

    /// Whether all floor under the car at `pose`, and a margin around it, is known to be free. What lies under the car
    /// at `from`, or within its margin there, does not count: it is no nearer than it was.
    fn fits(&self, pose: Pose, from: Pose, margin_m: f64) -> bool {
        let CarShape { ahead_m, behind_m, beside_m, .. } = self.shape;
        let steps = |length_m: f64| (length_m / CELL_M).ceil().max(1.0);
        let (length_m, width_m) = (ahead_m + behind_m + 2.0 * margin_m, 2.0 * (beside_m + margin_m));
        let (rows, columns) = (steps(length_m), steps(width_m));
        let (sin, cos) = from.heading_rad.sin_cos();
        let around_from = |(x_m, y_m): (f64, f64)| {
            let (dx, dy) = (x_m - from.x_m, y_m - from.y_m);
            let (along_m, across_m) = (dx * cos + dy * sin, dy * cos - dx * sin);
            (-behind_m - margin_m..=ahead_m + margin_m).contains(&along_m)
                && across_m.abs() <= beside_m + margin_m
        };
        // From the front backward, because the floor ahead is what is most often unknown.
        (0..=rows as u32).rev().all(|row| {
            let along_m = f64::from(row) / rows * length_m - behind_m - margin_m;
            (0..=columns as u32).all(|column| {
                let across_m = (f64::from(column) / columns - 0.5) * width_m;
                let place = pose.place(along_m, across_m);
                self.is_free(cell(place)) || around_from(place)
            })
        })
    }

    fn is_free(&self, at: (i32, i32)) -> bool {
        self.cells[index(at)].is_some_and(|cell| {
            cell.at == at
                && (self.now.along_m - f64::from(cell.along_m)).abs() <= self.limits.memory_m
                && self.now.time.saturating_sub(cell.time) <= self.limits.memory_for
        })
    }

    fn mark_free(&mut self, at: (i32, i32)) {
        self.cells[index(at)] = Some(Cell { at, along_m: self.now.along_m as f32, time: self.now.time });
    }

    /// Shows all cells near `middle` to `look`, with the way from `middle` to the centre of each, in metres.
    fn each_near(
        &mut self,
        middle: (f64, f64),
        radius_m: f64,
        mut look: impl FnMut(&mut Self, (i32, i32), (f64, f64)),
    ) {
        let (from, to) = (
            cell((middle.0 - radius_m, middle.1 - radius_m)),
            cell((middle.0 + radius_m, middle.1 + radius_m)),
        );
        for x in from.0..=to.0 {
            for y in from.1..=to.1 {
                let centre = ((f64::from(x) + 0.5) * CELL_M, (f64::from(y) + 0.5) * CELL_M);
                look(self, (x, y), (centre.0 - middle.0, centre.1 - middle.1));
            }
        }
    }
}

fn cell(place: (f64, f64)) -> (i32, i32) {
    ((place.0 / CELL_M).floor() as i32, (place.1 / CELL_M).floor() as i32)
}

fn index(at: (i32, i32)) -> usize {
    (at.0.rem_euclid(CELLS) * CELLS + at.1.rem_euclid(CELLS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory {
        let mut memory = Memory::new(CarShape::default(), WanderLimits::default());
        memory.assume_free(Pose::HOME, 0.8);
        memory
    }

    fn straight_m(memory: &Memory) -> f64 {
        memory.free_m(Pose::HOME, Arc::STRAIGHT, 2.0)
    }

    #[test]
    fn nothing_seen_nowhere_to_go() {
        let blind = Memory::new(CarShape::default(), WanderLimits::default());
        assert_eq!(straight_m(&blind), 0.0);
    }

    #[test]
    fn an_echo_frees_the_floor_up_to_short_of_it() {
        let mut memory = memory();
        memory.see(Pose::HOME, 0.0, 1.5);
        let way_m = straight_m(&memory);
        assert!((1.1..1.35).contains(&way_m), "{way_m}");
    }

    #[test]
    fn floor_beside_the_cone_is_not_free() {
        let mut memory = memory();
        memory.see(Pose::HOME, 0.0, 1.5);
        let beside = Pose { y_m: 0.7, ..Pose::HOME };
        assert!(memory.free_m(beside, Arc::STRAIGHT, 2.0) < 0.2);
    }

    #[test]
    fn a_nearer_echo_takes_back_what_a_farther_one_said() {
        let mut memory = memory();
        memory.see(Pose::HOME, 0.0, 1.5);
        memory.see(Pose::HOME, 0.0, 0.8);
        assert!(straight_m(&memory) < 0.75);
    }

    #[test]
    fn what_was_seen_is_forgotten_with_way_and_with_time() {
        let mut memory = memory();
        memory.see(Pose::HOME, 0.0, 1.5);
        let WanderLimits { memory_m, memory_for, .. } = WanderLimits::default();
        memory.pass(Moment { time: memory_for, along_m: memory_m });
        assert!(straight_m(&memory) > 1.0);
        memory.pass(Moment { time: memory_for, along_m: memory_m + 0.1 });
        assert_eq!(straight_m(&memory), 0.0);
        memory.pass(Moment { time: memory_for + Duration::from_millis(1), along_m: 0.0 });
        assert_eq!(straight_m(&memory), 0.0);
    }
}
