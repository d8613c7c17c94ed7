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
const CELL_M: f64 = 0.05;

/// Most cells of that grid: a world of more than 25 m by 25 m has larger ones.
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
    /// From one end to the other, over the square of its length: how far along a point is, as a share, is a product with it.
    along: (f64, f64),
    half_m: f64,
    line: u16,
}

#[derive(Clone, Debug)]
struct Grid {
    cell_m: f64,
    per_m: f64,
    columns: usize,
    rows: usize,
    /// What is in a cell that has no border near; beside each other, because most of them are like this.
    plain: Vec<Option<Surface>>,
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
        let cell = match self.near(point) {
            Near::Plain(surface) => return ground(surface),
            Near::Border(cell) => cell,
        };
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
        match self.near(point) {
            Near::Plain(surface) => surface,
            Near::Border(cell) => self.surface_near(point, cell),
        }
    }

    fn surface_near(&self, point: Point, cell: &Cell) -> Surface {
        let top = cell.edges.iter().copied().find(|&table| self.inside_m(table, point) >= 0.0);
        let below = cell.covered.or(top).map_or(self.unsaid(), Surface::Table);
        if below == Surface::Nothing {
            return below;
        }
        // What was laid last lies on top.
        let mut strips = cell.strips.iter().rev().map(|&strip| &self.strips[usize::from(strip)]);
        strips.find(|strip| strip.covers(point)).map_or(below, |strip| Surface::Line(strip.line))
    }

    /// What is where nothing is said.
    fn unsaid(&self) -> Surface {
        if self.is_everywhere { Surface::Room } else { Surface::Nothing }
    }

    #[inline]
    fn near(&self, point: Point) -> Near<'_> {
        let Some(grid) = &self.grid else { return Near::Plain(self.unsaid()) };
        // What is below 0 or no number becomes 0 by the cast, and must not.
        let (column, row) = (point.x_m * grid.per_m, point.y_m * grid.per_m);
        let is_within = column >= 0.0 && row >= 0.0 && column < grid.columns as f64 && row < grid.rows as f64;
        if !is_within {
            return Near::Plain(self.unsaid());
        }
        let number = row as usize * grid.columns + column as usize;
        match grid.plain[number] {
            Some(surface) => Near::Plain(surface),
            None => Near::Border(&grid.cells[number]),
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
        let cells = vec![Cell::default(); columns * rows];
        let mut grid = Grid { cell_m, per_m: 1.0 / cell_m, columns, rows, plain: Vec::new(), cells };
        for (index, strip) in self.strips.iter().enumerate() {
            let reach_m = strip.half_m + SPOT_RADIUS_M;
            grid.each_near(&strip.middle, reach_m, |cell| cell.strips.push(index as u16));
        }
        for (index, sides) in self.tops.iter().enumerate() {
            let index = index as u16;
            for side in sides {
                grid.each_near(side, SPOT_RADIUS_M, |cell| {
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
        let plain = grid.cells.iter().map(|cell| {
            let is_plain = cell.strips.is_empty() && (cell.edges.is_empty() || cell.covered.is_some());
            is_plain.then(|| cell.covered.map_or(self.unsaid(), Surface::Table))
        });
        grid.plain = plain.collect();
        grid
    }
}

/// What is near a point.
enum Near<'floor> {
    /// This, and nothing else.
    Plain(Surface),
    /// Something that ends near it.
    Border(&'floor Cell),
}

impl Strip {
    fn new(middle: Segment, half_m: f64, line: u16) -> Self {
        let (ex, ey) = (middle.to.x_m - middle.from.x_m, middle.to.y_m - middle.from.y_m);
        let square = ex * ex + ey * ey;
        Self { middle, along: (ex / square, ey / square), half_m, line }
    }

    fn covers(&self, point: Point) -> bool {
        let Segment { from, to } = self.middle;
        let (px, py) = (point.x_m - from.x_m, point.y_m - from.y_m);
        let share = (px * self.along.0 + py * self.along.1).clamp(0.0, 1.0);
        let (dx, dy) = (px - share * (to.x_m - from.x_m), py - share * (to.y_m - from.y_m));
        dx * dx + dy * dy <= self.half_m * self.half_m
    }
}

impl Grid {
    /// Does something to each cell that has a point within `reach_m` of `segment`, and to some beside them.
    fn each_near(&mut self, segment: &Segment, reach_m: f64, mut act: impl FnMut(&mut Cell)) {
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
    segments(&line.corners_m).map(move |middle| Strip::new(middle, half_m, index as u16))
}

fn ground(surface: Surface) -> Ground {
    match surface {
        Surface::Nothing => Ground { counts: NOTHING_COUNTS, is_there: false },
        Surface::Line(_) => Ground { counts: LINE_COUNTS, is_there: true },
        Surface::Room | Surface::Table(_) => Ground { counts: FLOOR_COUNTS, is_there: true },
    }
}

/// Whether a ray from `point` to the right leaves the outline an odd number of times.
pub(crate) fn is_inside(sides: &[Segment], point: Point) -> bool {
    let crossed = sides.iter().filter(|side| {
        let (a, b) = (side.from, side.to);
        (a.y_m > point.y_m) != (b.y_m > point.y_m)
            && point.x_m < a.x_m + (point.y_m - a.y_m) / (b.y_m - a.y_m) * (b.x_m - a.x_m)
    });
    crossed.count() % 2 == 1
}

#[cfg(test)]
#[path = "floor/tests.rs"]
mod tests;
