//! What the car knows of the floor around it: what it has seen to be free a short while and a short way ago, where there was
//! floor under it, and where there was none.
//!
//! A grid of square cells, of which each place on the floor has one, modulo the size of the grid. What is known of a cell is
//! forgotten when the car has driven on for too long, or when too much time has passed. A cell becomes free when an echo
//! came from behind it, and unknown when one comes from it.

use std::time::Duration;

use super::map::{Map, cell};
use super::reckoning::Pose;
use super::senses::Cliff;
use super::{CarShape, WanderLimits};

/// Side of a cell in metres. Half a diagonal, 35 mm, is less than the margin that is kept around the car.
pub(super) const CELL_M: f64 = 0.05;

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

/// Around a place without floor so much is taken to have none, in metres: what the reckoning may be wrong by.
const VOID_M: f64 = 0.06;

/// After so much way the floor under the wheels counts as unknown again, in metres: between edges a few centimetres matter.
const SURE_M: f64 = 0.8;

/// When, and where on the way, something was learnt.
#[derive(Clone, Copy, Debug)]
struct Stamp {
    along_m: f32,
    time_s: f32,
}

impl Stamp {
    const NEVER: Self = Self { along_m: 0.0, time_s: f32::NEG_INFINITY };
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    at: (i32, i32),
    /// Nothing stands there.
    free: Stamp,
    /// The sensor has looked there, and something is there or just behind.
    looked: Stamp,
    /// There is floor: a sensor has seen it, or a wheel was there.
    sure: Stamp,
    /// There is no floor.
    void: Stamp,
}

impl Cell {
    const fn unknown(at: (i32, i32)) -> Self {
        let never = Stamp::NEVER;
        Self { at, free: never, looked: never, sure: never, void: never }
    }
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

/// The floor around the car.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    pub(super) shape: CarShape,
    pub(super) limits: WanderLimits,
    /// Known floor around the car that it keeps now, in metres.
    pub(super) margin_m: f64,
    cells: Vec<Cell>,
    now: Stamp,
}

impl Memory {
    pub(crate) fn new(shape: CarShape, limits: WanderLimits) -> Self {
        // No cell is at a place of the grid's far corner: all are unknown.
        let cells = vec![Cell::unknown((i32::MAX, i32::MAX)); (CELLS * CELLS) as usize];
        Self { shape, limits, margin_m: limits.margin_m, cells, now: Stamp { along_m: 0.0, time_s: 0.0 } }
    }

    /// From now on the car keeps so much known floor around it, in metres.
    pub(crate) const fn set_margin(&mut self, margin_m: f64) {
        self.margin_m = margin_m;
    }

    pub(crate) fn pass(&mut self, now: Moment) {
        self.now = Stamp { along_m: now.along_m as f32, time_s: now.time.as_secs_f32() };
    }

    /// The questions that a car at `at` has, on a way that began at `from`.
    pub(crate) const fn map(&self, at: Pose, from: Pose) -> Map<'_> {
        Map { memory: self, at, from, on_own_track: false }
    }

    /// The same for a car that goes back the way it came.
    pub(crate) const fn own_track(&self, at: Pose) -> Map<'_> {
        Map { memory: self, at, from: at, on_own_track: true }
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

    /// Takes what was forgotten to be free, because it was too old or too far back, as seen just now. What an echo has taken
    /// back stays unknown.
    pub(crate) fn recall(&mut self) {
        for cell in &mut self.cells {
            if cell.free.time_s.is_finite() {
                cell.free = self.now;
            }
        }
    }

    /// Takes in where the sensors that look at the floor from `pose` have seen none, and so where there is some.
    pub(crate) fn feel(&mut self, pose: Pose, cliff: Cliff) {
        let CarShape { floor_ahead_m, floor_beside_m, track_m, wheelbase_m, .. } = self.shape;
        let sensors = [(floor_beside_m, cliff.left), (0.0, cliff.middle), (-floor_beside_m, cliff.right)];
        for (left_m, is_void) in sensors {
            let place = pose.place(floor_ahead_m, left_m);
            if is_void {
                self.each_near(place, VOID_M, |memory, at, (dx, dy)| {
                    if dx.hypot(dy) <= VOID_M {
                        let now = memory.now;
                        let cell = memory.cell_mut(at);
                        (cell.void, cell.sure) = (now, Stamp::NEVER);
                    }
                });
            } else {
                self.mark_sure(cell(place));
            }
        }
        for ahead_m in [0.0, wheelbase_m] {
            for left_m in [-track_m / 2.0, track_m / 2.0] {
                self.mark_sure(cell(pose.place(ahead_m, left_m)));
            }
        }
    }

    /// Keeps what is under the car at `pose`: it got there, so it is free; and what is known within its margin.
    pub(crate) fn hold(&mut self, pose: Pose) {
        self.hold_with(pose, 0.0);
    }

    /// Takes the floor under the car at `pose`, from where it came, and as much around it as backing off needs, to be
    /// free whatever was seen.
    pub(crate) fn trust(&mut self, pose: Pose) {
        self.hold_with(pose, self.margin_m / 2.0 + CELL_M / 2.0);
    }

    fn hold_with(&mut self, pose: Pose, sure_m: f64) {
        let CarShape { ahead_m, behind_m, beside_m, .. } = self.shape;
        let margin_m = self.margin_m;
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
            } else if aside_rad <= CONE_HALF_RAD && (free_to_m..=solid_to_m).contains(&away_m) {
                let now = memory.now;
                let cell = memory.cell_mut(at);
                cell.looked = now;
                if away_m >= solid_from_m {
                    cell.free = Stamp::NEVER;
                }
            }
        });
    }

    pub(super) fn is_free(&self, at: (i32, i32)) -> bool {
        let WanderLimits { memory_m, .. } = self.limits;
        self.cell(at)
            .is_some_and(|cell| self.is_fresh(cell.free, memory_m) && !self.is_fresh(cell.void, memory_m))
    }

    /// Whether nothing stands there, be there floor or not.
    pub(super) fn is_clear(&self, at: (i32, i32)) -> bool {
        self.cell(at).is_some_and(|cell| self.is_fresh(cell.free, self.limits.memory_m))
    }

    /// Whether there is floor, so surely that a wheel may go there unseen.
    pub(super) fn is_sure(&self, at: (i32, i32)) -> bool {
        self.cell(at).is_some_and(|cell| self.is_fresh(cell.sure, SURE_M))
    }

    /// Whether looking there would tell nothing new.
    pub(super) fn is_looked_at(&self, at: (i32, i32)) -> bool {
        let WanderLimits { memory_m, .. } = self.limits;
        self.cell(at).is_some_and(|cell| {
            self.is_fresh(cell.looked, 2.0 * memory_m) || self.is_fresh(cell.void, memory_m)
        })
    }

    fn is_fresh(&self, stamp: Stamp, way_m: f64) -> bool {
        f64::from((self.now.along_m - stamp.along_m).abs()) <= way_m
            && self.now.time_s - stamp.time_s <= self.limits.memory_for.as_secs_f32()
    }

    fn cell(&self, at: (i32, i32)) -> Option<&Cell> {
        Some(&self.cells[index(at)]).filter(|cell| cell.at == at)
    }

    fn cell_mut(&mut self, at: (i32, i32)) -> &mut Cell {
        let cell = &mut self.cells[index(at)];
        if cell.at != at {
            *cell = Cell::unknown(at);
        }
        cell
    }

    fn mark_free(&mut self, at: (i32, i32)) {
        let now = self.now;
        self.cell_mut(at).free = now;
    }

    fn mark_sure(&mut self, at: (i32, i32)) {
        let now = self.now;
        self.cell_mut(at).sure = now;
    }

    /// Takes in that from `pose` no echo comes: whether anything is there is not known, and looking again tells no more.
    pub(crate) fn see_nothing(&mut self, pose: Pose) {
        let eye = pose.place(self.shape.ahead_m, 0.0);
        let (sin, cos) = pose.heading_rad.sin_cos();
        self.each_near(eye, SEEN_MAX_M, |memory, at, (dx, dy)| {
            let (along_m, across_m) = (dx * cos + dy * sin, dy * cos - dx * sin);
            if along_m > 0.0 && across_m.atan2(along_m).abs() <= CONE_HALF_RAD {
                let now = memory.now;
                memory.cell_mut(at).looked = now;
            }
        });
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

fn index(at: (i32, i32)) -> usize {
    (at.0.rem_euclid(CELLS) * CELLS + at.1.rem_euclid(CELLS)) as usize
}

#[cfg(test)]
mod tests {
    use super::super::map::Arc;
    use super::*;

    fn memory() -> Memory {
        let mut memory = Memory::new(CarShape::default(), WanderLimits::default());
        memory.assume_free(Pose::HOME, 0.8);
        memory
    }

    fn straight_m(memory: &Memory) -> f64 {
        memory.map(Pose::HOME, Pose::HOME).free_m(Arc::STRAIGHT, 2.0)
    }

    #[test]
    fn nothing_seen_nowhere_to_go_but_within_its_own_margin() {
        let blind = Memory::new(CarShape::default(), WanderLimits::default());
        assert!(straight_m(&blind) <= CELL_M);
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
        assert!(memory.map(beside, beside).free_m(Arc::STRAIGHT, 2.0) < 0.2);
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
        assert!(straight_m(&memory) <= CELL_M);
        memory.pass(Moment { time: memory_for + Duration::from_millis(1), along_m: 0.0 });
        assert!(straight_m(&memory) <= CELL_M);
    }
}
