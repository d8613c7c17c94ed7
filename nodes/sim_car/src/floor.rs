//! What is under the car: floor, lines of tape, or nothing, as its grayscale sensors and its wheels meet it.

use crate::geometry::{Point, Segment};
use crate::world::{Size, Table, Tape, World, segments};

/// What the converter of a grayscale sensor counts over bright floor, of 4095. The real car's reference for a line is
/// 1000: anything below is one.
pub const FLOOR_COUNTS: u16 = 1500;

/// What it counts over a line.
pub const LINE_COUNTS: u16 = 700;

/// What it counts where there is no floor. The real car's reference for a cliff is 500.
pub const NOTHING_COUNTS: u16 = 100;

/// Radius of the spot that a grayscale sensor sees, in metres: at a border it counts something between. Assumed.
pub const SPOT_RADIUS_M: f64 = 0.005;

/// Extent of a cell of the grid that says which pieces are near, in metres.
const CELL_M: f64 = 0.1;

/// Most cells of that grid: 100 m by 100 m have larger ones.
const CELLS_MAX: f64 = 250_000.0;

/// What is at a point of the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    /// What the converter of a grayscale sensor counts that looks there, of 4095, without noise.
    pub counts: u16,
    /// Whether a wheel finds something to stand on.
    pub is_there: bool,
}

/// What can be seen at a point of the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// The floor of the room.
    Room,
    /// The top of the table of this index.
    Table(u16),
    /// The line of this index.
    Line(u16),
    /// None: the room's floor is [`drop_m`](crate::FloorPlan::drop_m) below.
    Nothing,
}

/// The floor of a world, made for many questions: a grid says what is near, so that an answer takes some nanoseconds where there
/// is neither line nor edge, and a few tens of them elsewhere.
///
/// ```
/// use nevil_node_sim_car::{Floor, Point, Size, Start, Tape, World};
///
/// let size = Size { width_m: 2.0, depth_m: 1.0 };
/// let mut world = World::new(size, Start { x_m: 0.5, y_m: 0.5, heading_deg: 0.0 });
/// world.floor.lines.push(Tape::new("course", vec![[0.2, 0.5], [1.8, 0.5]]));
/// let floor = Floor::of(&world);
/// assert_eq!(floor.at(Point::new(1.0, 0.5)).counts, 700);
/// assert_eq!(floor.at(Point::new(1.0, 0.6)).counts, 1500);
/// assert!(floor.at(Point::new(1.0, 0.6)).is_there);
/// ```
#[derive(Clone, Debug)]
pub struct Floor {
    /// Whether there is floor where no table is.
    is_everywhere: bool,
    strips: Vec<Strip>,
    tops: Vec<Vec<Segment>>,
    grid: Option<Grid>,
}

/// A straight piece of a line.
#[derive(Clone, Copy, Debug)]
struct Strip {
    middle: Segment,
    half_m: f64,
    line: u16,
}

#[derive(Clone, Debug)]
struct Grid {
    cell_m: f64,
    columns: usize,
    rows: usize,
    cells: Vec<Cell>,
}

/// What is near a cell.
#[derive(Clone, Debug, Default)]
struct Cell {
    strips: Vec<u16>,
    /// Tables that have an edge near.
    edges: Vec<u16>,
    /// The table that covers all of it.
    covered: Option<u16>,
}

impl Floor {
    /// The floor of `world`, which is a [valid](World::validate) one.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let plan = &world.floor;
        let mut floor = Self {
            is_everywhere: plan.tables.is_empty(),
            strips: plan.lines.iter().enumerate().flat_map(strips).collect(),
            tops: plan.tables.iter().map(Table::sides).collect(),
            grid: None,
        };
        if !floor.strips.is_empty() || !floor.tops.is_empty() {
            floor.grid = Some(floor.grid(world.size));
        }
        floor
    }

    /// What is at `point`, also outside of the world's extent: there it is as where nothing is said.
    #[must_use]
    pub fn at(&self, point: Point) -> Ground {
        let Some(cell) = self.cell(point) else { return self.plain() };
        let (mut is_there, mut floor) = (self.is_everywhere, f64::from(self.is_everywhere));
        if cell.covered.is_some() {
            (is_there, floor) = (true, 1.0);
        } else {
            for &table in &cell.edges {
                let inside_m = self.inside_m(table, point);
                is_there |= inside_m >= 0.0;
                floor += (0.5 + inside_m / (2.0 * SPOT_RADIUS_M)).clamp(0.0, 1.0);
            }
        }
        let line = cell.strips.iter().map(|&strip| {
            let Strip { middle, half_m, .. } = self.strips[usize::from(strip)];
            // A narrow line does not fill the spot.
            let most = (half_m / SPOT_RADIUS_M).min(1.0);
            (0.5 + (half_m - middle.distance_m(point)) / (2.0 * SPOT_RADIUS_M)).clamp(0.0, most)
        });
        let line = line.fold(0.0, f64::max);
        let blend = |share: f64, none: f64, all: f64| none + share * (all - none);
        let bright = blend(line, FLOOR_COUNTS.into(), LINE_COUNTS.into());
        Ground { counts: blend(floor.min(1.0), NOTHING_COUNTS.into(), bright).round() as u16, is_there }
    }

    /// What can be seen at `point`.
    #[inline]
    #[must_use]
    pub fn surface(&self, point: Point) -> Surface {
        let none = if self.is_everywhere { Surface::Room } else { Surface::Nothing };
        let Some(cell) = self.cell(point) else { return none };
        let top = cell.edges.iter().copied().find(|&table| self.inside_m(table, point) >= 0.0);
        let Some(below) = cell.covered.or(top).map(Surface::Table).or(self.is_everywhere.then_some(none))
        else {
            return none;
        };
        let over = cell.strips.iter().map(|&strip| &self.strips[usize::from(strip)]);
        // What was laid last lies on top.
        let over = over.rev().find(|strip| strip.middle.distance_m(point) <= strip.half_m);
        over.map_or(below, |strip| Surface::Line(strip.line))
    }

    fn plain(&self) -> Ground {
        let counts = if self.is_everywhere { FLOOR_COUNTS } else { NOTHING_COUNTS };
        Ground { counts, is_there: self.is_everywhere }
    }

    #[inline]
    fn cell(&self, point: Point) -> Option<&Cell> {
        let grid = self.grid.as_ref()?;
        // What is below 0 or no number becomes 0 by the cast, and must not.
        let (column, row) = (point.x_m / grid.cell_m, point.y_m / grid.cell_m);
        if !(column >= 0.0 && row >= 0.0) {
            return None;
        }
        let (column, row) = (column as usize, row as usize);
        if column < grid.columns && row < grid.rows {
            grid.cells.get(row * grid.columns + column)
        } else {
            None
        }
    }

    /// How far `point` is inside of a table, in metres; negative outside.
    fn inside_m(&self, table: u16, point: Point) -> f64 {
        let sides = &self.tops[usize::from(table)];
        let distance_m = sides.iter().map(|side| side.distance_m(point)).fold(f64::INFINITY, f64::min);
        if is_inside(sides, point) { distance_m } else { -distance_m }
    }

    fn grid(&self, Size { width_m, depth_m }: Size) -> Grid {
        let cell_m = (width_m * depth_m / CELLS_MAX).sqrt().max(CELL_M);
        // One more than needed: a table may reach exactly to the border of the world.
        let count = |extent_m: f64| (extent_m / cell_m).ceil() as usize + 1;
        let (columns, rows) = (count(width_m), count(depth_m));
        let mut grid = Grid { cell_m, columns, rows, cells: vec![Cell::default(); columns * rows] };
        for (index, strip) in self.strips.iter().enumerate() {
            let reach_m = strip.half_m + SPOT_RADIUS_M;
            grid.near(&strip.middle, reach_m, |cell| cell.strips.push(index as u16));
        }
        for (index, sides) in self.tops.iter().enumerate() {
            let index = index as u16;
            for side in sides {
                grid.near(side, SPOT_RADIUS_M, |cell| {
                    if cell.edges.last() != Some(&index) {
                        cell.edges.push(index);
                    }
                });
            }
            for (number, cell) in grid.cells.iter_mut().enumerate() {
                let middle = |index: usize| (index as f64 + 0.5) * cell_m;
                let middle = Point::new(middle(number % columns), middle(number / columns));
                if cell.edges.last() != Some(&index) && is_inside(sides, middle) {
                    cell.covered = Some(index);
                }
            }
        }
        grid
    }
}

impl Grid {
    /// Does something to each cell that has a point within `reach_m` of `segment`, and to some beside them.
    fn near(&mut self, segment: &Segment, reach_m: f64, mut act: impl FnMut(&mut Cell)) {
        let cell_m = self.cell_m;
        let reach_m = reach_m + cell_m * std::f64::consts::FRAC_1_SQRT_2;
        let range = |from_m: f64, to_m: f64, count: usize| {
            let index = |at_m: f64| ((at_m / cell_m).max(0.0) as usize).min(count - 1);
            index(from_m.min(to_m) - reach_m)..=index(from_m.max(to_m) + reach_m)
        };
        let rows = range(segment.from.y_m, segment.to.y_m, self.rows);
        for row in rows {
            for column in range(segment.from.x_m, segment.to.x_m, self.columns) {
                let middle = Point::new((column as f64 + 0.5) * cell_m, (row as f64 + 0.5) * cell_m);
                if segment.distance_m(middle) <= reach_m {
                    act(&mut self.cells[row * self.columns + column]);
                }
            }
        }
    }
}

fn strips((index, line): (usize, &Tape)) -> impl Iterator<Item = Strip> + '_ {
    let half_m = line.width_m / 2.0;
    segments(&line.corners_m).map(move |middle| Strip { middle, half_m, line: index as u16 })
}

/// Whether a ray from `point` to the right leaves the outline an odd number of times.
fn is_inside(sides: &[Segment], point: Point) -> bool {
    let crossed = sides.iter().filter(|side| {
        let (a, b) = (side.from, side.to);
        (a.y_m > point.y_m) != (b.y_m > point.y_m)
            && point.x_m < a.x_m + (point.y_m - a.y_m) / (b.y_m - a.y_m) * (b.x_m - a.x_m)
    });
    crossed.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::world::Start;

    fn room() -> World {
        World::new(Size { width_m: 4.0, depth_m: 3.0 }, Start { x_m: 2.0, y_m: 1.5, heading_deg: 0.0 })
    }

    fn on_a_table() -> World {
        let mut world = room();
        let corners_m = vec![[1.0, 0.5], [3.0, 0.5], [3.0, 2.5], [2.0, 2.0], [1.0, 2.5]];
        world.floor.tables.push(Table::new("desk", corners_m));
        world
    }

    #[test]
    fn a_floor_of_which_nothing_is_said_is_bright_and_everywhere() {
        let floor = Floor::of(&room());
        for (x_m, y_m) in [(0.0, 0.0), (2.0, 1.0), (-5.0, 50.0), (f64::NAN, 0.0)] {
            assert_eq!(floor.at(Point::new(x_m, y_m)), Ground { counts: 1500, is_there: true });
        }
    }

    #[test]
    fn a_line_is_dark_and_soft_at_its_border_by_the_spot_of_the_sensor() {
        let mut world = room();
        world.floor.lines.push(Tape::new("course", vec![[0.5, 1.0], [3.5, 1.0]]));
        let floor = Floor::of(&world);
        let counts = |beside_m: f64| floor.at(Point::new(2.03, 1.0 + beside_m)).counts;
        assert_eq!(counts(0.0), 700);
        assert_eq!(counts(0.0075), 700);
        assert_eq!(counts(-0.0125), 1100);
        assert_eq!(counts(0.0175), 1500);
        world.floor.lines[0].width_m = 0.005;
        let floor = Floor::of(&world);
        assert_eq!(floor.at(Point::new(2.0, 1.0)).counts, 1100, "a line of half the spot is half as dark");
    }

    #[test]
    fn beside_a_table_there_is_nothing_and_a_line_on_it_ends_there() {
        let mut world = on_a_table();
        world.floor.lines.push(Tape::new("course", vec![[0.2, 1.0], [2.0, 1.0]]));
        let floor = Floor::of(&world);
        let at = |x_m: f64, y_m: f64| floor.at(Point::new(x_m, y_m));
        assert_eq!(at(2.0, 1.5), Ground { counts: 1500, is_there: true });
        assert_eq!(at(0.5, 1.5), Ground { counts: 100, is_there: false });
        assert_eq!(at(2.0, 2.2), Ground { counts: 100, is_there: false }, "a notch");
        assert_eq!(at(3.0005, 1.5), Ground { counts: 730, is_there: false }, "half of the spot, nearly");
        assert_eq!(at(2.9995, 1.5), Ground { counts: 870, is_there: true });
        assert_eq!(at(1.5, 1.0).counts, 700);
        assert_eq!(at(0.5, 1.0).counts, 100, "tape in the air");
        assert_eq!(at(-1.0, 9.0), Ground { counts: 100, is_there: false });
    }

    #[test]
    fn two_tables_side_by_side_have_no_gap() {
        let mut world = on_a_table();
        world.floor.tables.push(Table::new("shelf", vec![[3.0, 0.5], [3.5, 0.5], [3.5, 2.5], [3.0, 2.5]]));
        let floor = Floor::of(&world);
        for step in -10..10 {
            let ground = floor.at(Point::new(3.0 + f64::from(step) * 0.001, 1.5));
            assert_eq!(ground, Ground { counts: 1500, is_there: true }, "{step}");
        }
    }

    #[test]
    fn what_can_be_seen_has_sharp_borders() {
        let mut world = on_a_table();
        world.floor.lines.push(Tape::new("course", vec![[0.2, 1.0], [2.0, 1.0]]));
        let floor = Floor::of(&world);
        assert_eq!(floor.surface(Point::new(1.5, 1.012)), Surface::Line(0));
        assert_eq!(floor.surface(Point::new(1.5, 1.013)), Surface::Table(0));
        assert_eq!(floor.surface(Point::new(0.99, 1.0)), Surface::Nothing);
        assert_eq!(Floor::of(&room()).surface(Point::new(9.0, 9.0)), Surface::Room);
    }

    proptest! {
        #[test]
        fn the_grid_changes_no_answer(
            x_m in -0.2..4.2_f64, y_m in -0.2..3.2_f64,
            line in prop::collection::vec((0.0..4.0_f64, 0.0..3.0_f64), 2..6),
            width_m in 0.005..0.3_f64,
        ) {
            let mut world = on_a_table();
            let mut tape = Tape::new("line", line.into_iter().map(|(x_m, y_m)| [x_m, y_m]).collect());
            tape.width_m = width_m;
            world.floor.lines.push(tape);
            let floor = Floor::of(&world);
            // One cell that knows of everything.
            let mut slow = floor.clone();
            let all = Cell {
                strips: (0..floor.strips.len() as u16).collect(),
                edges: vec![0],
                covered: None,
            };
            slow.grid = Some(Grid { cell_m: 100.0, columns: 1, rows: 1, cells: vec![all] });
            let point = Point::new(x_m, y_m);
            if x_m >= 0.0 && y_m >= 0.0 {
                prop_assert_eq!(floor.at(point), slow.at(point));
                prop_assert_eq!(floor.surface(point), slow.surface(point));
            }
        }
    }
}
