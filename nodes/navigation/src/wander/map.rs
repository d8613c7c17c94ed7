//! What the memory of the floor means for a car that wants to drive.

use super::CarShape;
use super::memory::{CELL_M, Direction, Memory};
use super::reckoning::Pose;

/// An arc to drive along.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arc {
    pub(crate) direction: Direction,
    /// One over the radius, per metre; positive is to the left.
    pub(crate) curvature_per_m: f64,
}

impl Arc {
    #[cfg(test)]
    pub(crate) const STRAIGHT: Self = Self { direction: Direction::Ahead, curvature_per_m: 0.0 };
}

/// The floor as a car may use it that is at `at` on a way that began at `from`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map<'a> {
    pub(super) memory: &'a Memory,
    pub(super) at: Pose,
    pub(super) from: Pose,
    /// Whether the wheels roll where they have rolled before: then the rest of the car may be over nothing.
    pub(super) on_own_track: bool,
}

impl Map<'_> {
    /// How far the car could drive from where it is on an arc over floor that is known to be free, up to `max_m`.
    pub(crate) fn free_m(&self, arc: Arc, max_m: f64) -> f64 {
        // The floor was checked with the whole margin when the way was chosen; what is left of the margin makes up for cells
        // that are cut in another way from here.
        let (sign, share) = match arc.direction {
            Direction::Ahead => (1.0, 0.7),
            Direction::Back => (-1.0, 0.5),
        };
        let margin_m = self.memory.margin_m * share;
        let mut way_m = 0.0;
        while way_m < max_m {
            let next_m = way_m + CELL_M / 2.0;
            if !self.fits(self.at.after(sign * next_m, arc.curvature_per_m), margin_m) {
                return way_m;
            }
            way_m = next_m;
        }
        max_m
    }

    fn is_free(&self, at: (i32, i32)) -> bool {
        if self.on_own_track { self.memory.is_clear(at) } else { self.memory.is_free(at) }
    }

    /// Whether all floor under the car at `pose`, and a margin around it, is known to be free. What lies under the car
    /// where its way began, or within its margin there, does not count: it was no nearer when the way was chosen.
    fn fits(&self, pose: Pose, margin_m: f64) -> bool {
        let from = self.from;
        let CarShape { ahead_m, behind_m, beside_m, .. } = self.memory.shape;
        let steps = |length_m: f64| (length_m / CELL_M).ceil().max(1.0);
        let (length_m, width_m) = (ahead_m + behind_m + 2.0 * margin_m, 2.0 * (beside_m + margin_m));
        let (rows, columns) = (steps(length_m), steps(width_m));
        let (sin, cos) = from.heading_rad.sin_cos();
        // Whether a cell lay there was asked of its middle.
        let around_m = self.memory.margin_m + CELL_M * 0.71;
        let around_from = |(x_m, y_m): (f64, f64)| {
            let (dx, dy) = (x_m - from.x_m, y_m - from.y_m);
            let (along_m, across_m) = (dx * cos + dy * sin, dy * cos - dx * sin);
            (-behind_m - around_m..=ahead_m + around_m).contains(&along_m)
                && across_m.abs() <= beside_m + around_m
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
}

/// The cell in which `place` is.
pub(super) fn cell(place: (f64, f64)) -> (i32, i32) {
    ((place.0 / CELL_M).floor() as i32, (place.1 / CELL_M).floor() as i32)
}
