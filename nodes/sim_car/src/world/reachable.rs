//! Where the car can come to, in cells that can be counted.

use nevil_car::shape::{AHEAD_M, BEHIND_M};

use super::{Shapes, World};
use crate::floor::Floor;
use crate::geometry::{Point, Pose, Segment};

/// Free space that the middle of the car needs around itself, in metres: half the length of the car, so that it can stand there
/// in any direction with 5 cm beside its wheels.
pub const CLEARANCE_M: f64 = f64::midpoint(AHEAD_M, BEHIND_M);

/// Largest distance between two places that are looked at. Far less than twice the clearance, so that no wall lies between.
const STEP_M: f64 = 0.05;

/// Most places that are looked at, as long as the distance between them stays below 0.1 m.
const PLACES_MAX: f64 = 1_000_000.0;

/// The cells of a world that a car can visit: see [`World::reachable`].
#[derive(Clone, Debug, PartialEq)]
pub struct Reachable {
    cell_m: f64,
    columns: usize,
    cells: Vec<bool>,
}

impl World {
    /// The cells, squares of `cell_m` metres, 0.05 to 10, in the middle of which the **middle of the car** can be. That is so where
    /// nothing solid and no edge of a table is nearer than [`CLEARANCE_M`], there is floor, and a way leads from the start over
    /// places that are all like this. The middle of the car is 6 cm ahead of its rear axle.
    ///
    /// A start that is nearer to something than that begins at the nearest place within half a metre that is not; if there is none,
    /// no cell is reachable.
    ///
    /// # Panics
    ///
    /// If `cell_m` is out of its range.
    #[must_use]
    pub fn reachable(&self, cell_m: f64) -> Reachable {
        assert!((0.05..=10.0).contains(&cell_m), "cells have 0.05 to 10 m");
        let Places { step_m, columns, rows, per_cell, reached } = self.places(cell_m);
        let (cells_across, cells_up) = (columns.div_ceil(per_cell), rows.div_ceil(per_cell));
        let at =
            |column: usize, row: usize| column < columns && row < rows && reached[row * columns + column];
        let middle = |cell: usize| cell * per_cell + per_cell / 2;
        let cells = (0..cells_across * cells_up)
            .map(|index| at(middle(index % cells_across), middle(index / cells_across)));
        Reachable { cell_m: step_m * per_cell as f64, columns: cells_across, cells: cells.collect() }
    }

    fn places(&self, cell_m: f64) -> Places {
        let area_m2 = self.size.width_m * self.size.depth_m;
        let step_max_m = (area_m2 / PLACES_MAX).sqrt().max(STEP_M);
        // An odd number, so that one of the places is the middle of the cell.
        let per_cell = (cell_m / step_max_m).ceil().max(1.0) as usize | 1;
        let step_m = cell_m / per_cell as f64;
        let count = |extent_m: f64| (extent_m / step_m).ceil() as usize;
        let (columns, rows) = (count(self.size.width_m), count(self.size.depth_m));
        let place = |index: usize| {
            let middle_m = |index: usize| (index as f64 + 0.5) * step_m;
            Point::new(middle_m(index % columns), middle_m(index / columns))
        };
        let space = Space::of(self);
        let mut reached = vec![false; columns * rows];
        let start = middle_of(self.start_pose());
        let near = (0..columns * rows).filter(|&index| place(index).distance_m(start) < 0.5);
        let free = near.filter(|&index| space.is_free(place(index), CLEARANCE_M));
        let nearest = free.min_by(|&a, &b| place(a).distance_m(start).total_cmp(&place(b).distance_m(start)));
        let mut open: Vec<_> = nearest.into_iter().collect();
        for &index in &open {
            reached[index] = true;
        }
        while let Some(index) = open.pop() {
            let (column, row) = (index % columns, index / columns);
            let left = (column > 0).then(|| index - 1);
            let right = (column + 1 < columns).then_some(index + 1);
            let below = (row > 0).then(|| index - columns);
            let above = (row + 1 < rows).then_some(index + columns);
            for next in [left, right, below, above].into_iter().flatten() {
                if !reached[next] && space.is_free(place(next), CLEARANCE_M) {
                    reached[next] = true;
                    open.push(next);
                }
            }
        }
        Places { step_m, columns, rows, per_cell, reached }
    }
}

impl Reachable {
    /// Extent of a cell, in metres.
    #[must_use]
    pub fn cell_m(&self) -> f64 {
        self.cell_m
    }

    /// How many cells can be reached.
    #[must_use]
    pub fn count(&self) -> usize {
        self.cells.iter().filter(|&&is| is).count()
    }

    /// How much floor they cover, in square metres.
    #[must_use]
    pub fn area_m2(&self) -> f64 {
        self.count() as f64 * self.cell_m * self.cell_m
    }

    /// The number of the cell in which the middle of a car at `pose` (of its rear axle, as everywhere) is, if it is a reachable one. Each
    /// cell has a number of its own, below [`Reachable::numbers`].
    #[must_use]
    pub fn cell_at(&self, pose: Pose) -> Option<usize> {
        self.cell_of(middle_of(pose))
    }

    /// The number of the cell in which `point` is, if it is a reachable one.
    #[must_use]
    pub fn cell_of(&self, point: Point) -> Option<usize> {
        let (column, row) = (point.x_m / self.cell_m, point.y_m / self.cell_m);
        if !(column >= 0.0 && row >= 0.0 && column < self.columns as f64) {
            return None;
        }
        let number = (row as usize).checked_mul(self.columns)? + column as usize;
        self.cells.get(number).is_some_and(|&is| is).then_some(number)
    }

    /// One more than the largest number of a cell, for a list of those that were visited.
    #[must_use]
    pub fn numbers(&self) -> usize {
        self.cells.len()
    }
}

struct Places {
    step_m: f64,
    columns: usize,
    rows: usize,
    per_cell: usize,
    reached: Vec<bool>,
}

/// What the middle of the car keeps away from.
pub(super) struct Space {
    shapes: Shapes,
    edges: Vec<Segment>,
    floor: Floor,
}

impl Space {
    pub(super) fn of(world: &World) -> Self {
        let edges = world.floor.tables.iter().flat_map(|table| table.sides());
        Self { shapes: Shapes::of(world), edges: edges.collect(), floor: Floor::of(world) }
    }

    /// Whether there is floor at `point`, and nothing within `clearance_m` of it.
    pub(super) fn is_free(&self, point: Point, clearance_m: f64) -> bool {
        let Shapes { segments, discs } = &self.shapes;
        self.floor.at(point).is_there
            && segments.iter().chain(&self.edges).all(|segment| segment.distance_m(point) >= clearance_m)
            && discs.iter().all(|disc| disc.centre.distance_m(point) >= disc.radius_m + clearance_m)
    }
}

fn middle_of(pose: Pose) -> Point {
    pose.point(f64::midpoint(AHEAD_M, -BEHIND_M), 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Circle, Object, Size, Start, Table, Wall};

    fn room() -> World {
        let size = Size { width_m: 3.0, depth_m: 2.0 };
        let mut world = World::new(size, Start { x_m: 0.5, y_m: 1.0, heading_deg: 0.0 });
        let corners_m = vec![[0.0, 0.0], [3.0, 0.0], [3.0, 2.0], [0.0, 2.0], [0.0, 0.0]];
        world.walls.push(Wall::new("walls", corners_m));
        world
    }

    #[test]
    fn in_an_empty_room_all_cells_but_those_at_the_walls_are_reachable() {
        let reachable = room().reachable(0.1);
        // 12.5 cm of each side are too near: the middles of the cells at 5 cm are, those at 15 cm are not.
        assert_eq!(reachable.count(), 28 * 18);
        assert!((reachable.area_m2() - 28.0 * 18.0 * 0.01).abs() < 1e-9);
        assert_eq!(reachable.cell_of(Point::new(0.05, 1.0)), None);
        assert!(reachable.cell_of(Point::new(0.15, 1.0)).is_some());
        assert_eq!(reachable.cell_of(Point::new(3.15, 1.0)), None, "not the first cell of the next row");
        assert_eq!(reachable.cell_of(Point::new(1.0, f64::NAN)), None);
        assert!(reachable.cell_at(room().start_pose()).unwrap() < reachable.numbers());
    }

    #[test]
    fn what_lies_behind_a_wall_or_a_narrow_gap_is_not_reachable() {
        let mut world = room();
        world.walls.push(Wall::new("partition", vec![[1.5, 0.0], [1.5, 1.76]]));
        let half = world.reachable(0.25).count();
        world.walls[1].corners_m[1] = [1.5, 1.5];
        let whole = world.reachable(0.25).count();
        assert!(whole > half + half / 2, "{half} {whole}");
        let pot = Circle::new("pot", Point::new(1.5, 1.75), 0.05);
        world.objects.push(Object::Circle(pot));
        assert_eq!(world.reachable(0.25).count(), half);
    }

    #[test]
    fn the_edge_of_a_table_is_kept_away_from_like_a_wall() {
        let mut world = room();
        world.walls.clear();
        let corners_m = vec![[0.0, 0.0], [3.0, 0.0], [3.0, 2.0], [0.0, 2.0]];
        world.floor.tables.push(Table::new("table", corners_m));
        assert_eq!(world.reachable(0.1), room().reachable(0.1));
    }

    #[test]
    fn a_start_in_a_narrow_place_begins_at_the_nearest_wide_one() {
        let mut world = room();
        world.start.y_m = 0.1;
        assert_eq!(world.reachable(0.1), room().reachable(0.1));
        for y_m in [0.0, 0.2] {
            world.walls.push(Wall::new("aisle", vec![[0.2, y_m], [1.5, y_m]]));
        }
        world.walls.push(Wall::new("end", vec![[1.5, 0.0], [1.5, 0.2]]));
        assert!(world.reachable(0.1).count() > 100);
    }
}
