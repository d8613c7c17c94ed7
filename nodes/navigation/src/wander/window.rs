//! The part of the memory in which a way is searched, made ready for many questions.

use super::CarShape;
use super::map::cell;
use super::memory::{CELL_M, Memory};
use super::plan::FloorRule;
use super::reckoning::Pose;
use super::visits::Visits;

/// Cells along each side: 4.8 m.
const SIDE: i32 = 96;

/// Farthest that is looked for unknown floor from a place, in metres, and the angles to the side of the looks.
const LOOK_M: f64 = 1.5;
const LOOKS_RAD: [f64; 3] = [-0.2, 0.0, 0.2];

/// Longest way between two places at which it is asked whether the car fits, in metres.
const ASK_EVERY_M: f64 = 0.05;

/// Around each wheel so much floor must be sure, in metres: what a cell and the reckoning may be wrong by.
const AROUND_M: f64 = 0.025;

/// Circles that cover the car and its margin, one behind the other.
const CIRCLES: u32 = 4;

/// Distance between two cells beside each other, and across a corner, in centimetres.
const BESIDE_CM: u16 = 5;
const ACROSS_CM: u16 = 7;

/// The floor around a car that stands at one place.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// The cell in the corner.
    corner: (i32, i32),
    free: Vec<bool>,
    /// Not free, and looking there would tell nothing new.
    looked: Vec<bool>,
    /// Distance of each cell to the nearest one that is not free, in centimetres.
    clear_cm: Vec<u16>,
    /// Where the circles are, ahead of the middle of the rear axle, in metres.
    circles_m: [f64; CIRCLES as usize],
    radius_cm: u16,
}

impl Window {
    pub(crate) fn new() -> Self {
        let count = (SIDE * SIDE) as usize;
        Self {
            corner: (0, 0),
            free: vec![false; count],
            looked: vec![false; count],
            clear_cm: vec![0; count],
            circles_m: [0.0; CIRCLES as usize],
            radius_cm: 0,
        }
    }

    /// Shows the floor around a car at `from`. What lies under it there, or within its margin, counts as free: it is no nearer
    /// than it was.
    pub(crate) fn show(&mut self, memory: &Memory, from: Pose) {
        let CarShape { ahead_m, behind_m, beside_m, .. } = memory.shape;
        let margin_m = memory.margin_m;
        let length_m = ahead_m + behind_m + 2.0 * margin_m;
        let part_m = length_m / f64::from(CIRCLES);
        for (circle, ahead_m) in (0_u32..).zip(&mut self.circles_m) {
            *ahead_m = part_m * (f64::from(circle) + 0.5) - behind_m - margin_m;
        }
        self.radius_cm = ((beside_m + margin_m).hypot(part_m / 2.0) * 100.0) as u16;

        let middle = cell((from.x_m, from.y_m));
        self.corner = (middle.0 - SIDE / 2, middle.1 - SIDE / 2);
        let (sin, cos) = from.heading_rad.sin_cos();
        for y in 0..SIDE {
            for x in 0..SIDE {
                let at = (self.corner.0 + x, self.corner.1 + y);
                let index = (y * SIDE + x) as usize;
                let (dx, dy) = (centre_m(at.0) - from.x_m, centre_m(at.1) - from.y_m);
                let (along_m, across_m) = (dx * cos + dy * sin, dy * cos - dx * sin);
                let is_here = (-behind_m - margin_m..=ahead_m + margin_m).contains(&along_m)
                    && across_m.abs() <= beside_m + margin_m;
                self.free[index] = is_here || memory.is_free(at);
                self.looked[index] = !self.free[index] && memory.is_looked_at(at);
            }
        }
        self.measure();
    }

    /// Measures the distances, by two walks over all cells.
    fn measure(&mut self) {
        let steps = [(-1, 0, BESIDE_CM), (0, -1, BESIDE_CM), (-1, -1, ACROSS_CM), (1, -1, ACROSS_CM)];
        let count = SIDE * SIDE;
        for walk in [1, -1] {
            for step in 0..count {
                let index = if walk == 1 { step } else { count - 1 - step };
                let (x, y) = (index % SIDE, index / SIDE);
                let here = index as usize;
                let own_cm = match (walk, self.free[here]) {
                    (_, false) => 0,
                    (1, true) => u16::MAX,
                    _ => self.clear_cm[here],
                };
                let near_cm = steps.iter().map(|&(dx, dy, cm)| {
                    let (x, y) = (x + dx * walk, y + dy * walk);
                    // Beyond the window nothing is known.
                    let inside = (0..SIDE).contains(&x) && (0..SIDE).contains(&y);
                    let there_cm = if inside { self.clear_cm[(y * SIDE + x) as usize] } else { 0 };
                    there_cm.saturating_add(cm)
                });
                self.clear_cm[here] = near_cm.fold(own_cm, u16::min);
            }
        }
    }

    /// Whether the car could drive `way_m`, backward if negative, on an arc from `pose`.
    pub(crate) fn is_free_along(
        &self,
        memory: &Memory,
        pose: Pose,
        (way_m, curvature_per_m): (f64, f64),
        rule: FloorRule,
    ) -> bool {
        let steps = (way_m.abs() / ASK_EVERY_M).ceil().max(1.0);
        // The end first, because it is what is most often not free.
        (1..=steps as u32).rev().all(|step| {
            let pose = pose.after(way_m * f64::from(step) / steps, curvature_per_m);
            self.fits(pose) && (rule == FloorRule::Free || is_sure_under(memory, pose))
        })
    }

    fn fits(&self, pose: Pose) -> bool {
        let (sin, cos) = pose.heading_rad.sin_cos();
        self.circles_m.iter().rev().all(|ahead_m| {
            let place = (pose.x_m + ahead_m * cos, pose.y_m + ahead_m * sin);
            self.index(cell(place)).is_some_and(|index| self.clear_cm[index] >= self.radius_cm)
        })
    }

    /// How new is what three looks ahead from `pose` would meet beyond the floor that is known, 0 to 3.
    pub(crate) fn unseen_from(&self, memory: &Memory, visits: &Visits, pose: Pose) -> f64 {
        let eye = pose.place(memory.shape.ahead_m, 0.0);
        let look = |look_rad: f64| {
            let (sin, cos) = (pose.heading_rad + look_rad).sin_cos();
            let steps = (LOOK_M / CELL_M) as u32;
            for step in 1..=steps {
                let away_m = f64::from(step) * CELL_M;
                let place = (eye.0 + away_m * cos, eye.1 + away_m * sin);
                match self.index(cell(place)) {
                    Some(index) if self.free[index] => {}
                    Some(index) if !self.looked[index] => return visits.sight_novelty(place),
                    _ => return 0.0,
                }
            }
            0.0
        };
        LOOKS_RAD.iter().map(|&look_rad| look(look_rad)).sum()
    }

    fn index(&self, at: (i32, i32)) -> Option<usize> {
        let (x, y) = (at.0 - self.corner.0, at.1 - self.corner.1);
        let inside = (0..SIDE).contains(&x) && (0..SIDE).contains(&y);
        inside.then_some((y * SIDE + x) as usize)
    }
}

/// Whether there is floor for sure under each wheel of a car at `pose`, and a little around it.
fn is_sure_under(memory: &Memory, pose: Pose) -> bool {
    let CarShape { track_m, wheelbase_m, .. } = memory.shape;
    [-AROUND_M, AROUND_M, wheelbase_m - AROUND_M, wheelbase_m + AROUND_M].iter().all(|&ahead_m| {
        [
            -track_m / 2.0 - AROUND_M,
            -track_m / 2.0 + AROUND_M,
            track_m / 2.0 - AROUND_M,
            track_m / 2.0 + AROUND_M,
        ]
        .iter()
        .all(|&left_m| memory.is_sure(cell(pose.place(ahead_m, left_m))))
    })
}

fn centre_m(cell: i32) -> f64 {
    (f64::from(cell) + 0.5) * CELL_M
}

#[cfg(test)]
mod tests {
    use super::super::WanderLimits;
    use super::*;

    /// A car that has looked ahead over `seen_m` of free floor and knows 0.8 m around itself.
    fn seen(seen_m: f64) -> (Memory, Window) {
        let mut memory = Memory::new(CarShape::default(), WanderLimits::default());
        memory.assume_free(Pose::HOME, 0.8);
        memory.see(Pose::HOME, 0.0, seen_m);
        let mut window = Window::new();
        window.show(&memory, Pose::HOME);
        (memory, window)
    }

    fn is_free(seen_m: f64, way_m: f64, rule: FloorRule) -> bool {
        let (memory, window) = seen(seen_m);
        window.is_free_along(&memory, Pose::HOME, (way_m, 0.0), rule)
    }

    #[test]
    fn a_way_is_free_up_to_short_of_the_echo_and_not_to_it() {
        assert!(is_free(1.2, 0.5, FloorRule::Free));
        assert!(!is_free(1.2, 1.0, FloorRule::Free), "the front is 14 cm ahead and keeps its margin");
        assert!(!is_free(1.2, -0.8, FloorRule::Free), "nothing was seen behind");
    }

    #[test]
    fn floor_that_is_free_is_not_sure_before_a_floor_sensor_or_a_wheel_was_there() {
        assert!(!is_free(1.2, 0.3, FloorRule::Sure));
        let (mut memory, mut window) = seen(1.2);
        for step in 0..10 {
            let pose = Pose { x_m: 0.05 * f64::from(step), ..Pose::HOME };
            for across in -2..=2 {
                let aside = Pose { y_m: 0.025 * f64::from(across), ..pose };
                memory.feel(aside, super::super::Cliff::NONE);
            }
        }
        window.show(&memory, Pose::HOME);
        assert!(window.is_free_along(&memory, Pose::HOME, (0.3, 0.0), FloorRule::Sure));
    }

    #[test]
    fn looks_are_worth_most_where_floor_is_unknown_and_nothing_where_they_end_at_an_echo() {
        let (memory, window) = seen(1.2);
        let visits = Visits::new();
        assert_eq!(window.unseen_from(&memory, &visits, Pose::HOME), 0.0, "the echo ends all three");
        let back = Pose { heading_rad: std::f64::consts::PI, ..Pose::HOME };
        assert_eq!(window.unseen_from(&memory, &visits, back), 3.0);
    }
}
