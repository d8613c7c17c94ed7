//! Worlds from a seed.

mod room;

use super::reachable::Space;
use super::{Colour, Size, Start, Table, Wall, World};
use crate::floor::is_inside;
use crate::geometry::Point;

/// How often a kind is tried until a world is valid and has room to drive.
const TRIES_MAX: usize = 50;

/// A world of which less can be reached is not worth driving in, in square metres.
const REACHABLE_MIN_M2: f64 = 1.0;

/// Free space around the start, in metres.
const START_FREE_M: f64 = 0.35;

/// Kinds of worlds that can be made from a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorldKind {
    /// A room with furniture, 3 to 6 m long.
    Room,
    /// A maze of 3 to 5 by 3 to 5 fields, with aisles of 0.9 to 1.1 m.
    Maze,
    /// A corridor with 2 to 4 dead ends.
    Corridor,
    /// The top of a table in a room.
    Table,
}

impl WorldKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Room, Self::Maze, Self::Corridor, Self::Table];

    /// Its name at the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Maze => "maze",
            Self::Corridor => "corridor",
            Self::Table => "table",
        }
    }
}

impl World {
    /// Makes a world: always a [valid](World::validate) one in which the car can reach at least a square metre. The same seed gives
    /// the same world, as long as it is the same version of Nevil.
    ///
    /// ```
    /// use nevil_node_sim_car::{World, WorldKind};
    ///
    /// let world = World::generate(WorldKind::Room, 7);
    /// assert_eq!(world.validate(), Ok(()));
    /// assert_eq!(world, World::generate(WorldKind::Room, 7));
    /// ```
    #[must_use]
    pub fn generate(kind: WorldKind, seed: u64) -> Self {
        let mut dice = Dice(fastrand::Rng::with_seed(seed));
        for _ in 0..TRIES_MAX {
            let world = match kind {
                WorldKind::Room => room::room(&mut dice),
                WorldKind::Maze => maze(&mut dice),
                WorldKind::Corridor => corridor(&mut dice),
                WorldKind::Table => table(&mut dice),
            };
            if let Some(world) = with_start(world, &mut dice)
                && world.validate().is_ok()
                && world.reachable(0.1).area_m2() >= REACHABLE_MIN_M2
            {
                return world;
            }
        }
        // Nobody has seen it: most first tries are good.
        walled(Size { width_m: 4.0, depth_m: 3.0 }, "cream")
    }
}

/// Chance, in numbers that look well in a file.
struct Dice(fastrand::Rng);

impl Dice {
    /// Between `low` and `high`, in whole centimetres.
    fn metres(&mut self, low: f64, high: f64) -> f64 {
        round(low + self.0.f64() * (high - low), 0.01)
    }

    fn count(&mut self, low: usize, high: usize) -> usize {
        self.0.usize(low..=high)
    }

    fn happens(&mut self, share: f64) -> bool {
        self.0.f64() < share
    }

    fn colour(&mut self) -> Colour {
        const COLOURS: [u32; 6] = [0xc04038, 0x3868b0, 0x509848, 0xe08830, 0x785098, 0xe8c848];
        Colour::rgb(COLOURS[self.0.usize(..COLOURS.len())])
    }
}

fn round(value: f64, step: f64) -> f64 {
    // Millimetres as the nearest number that is written shortly.
    ((value / step).round() * step * 1000.0).round() / 1000.0
}

/// A room with its four walls, and the car in its middle.
fn walled(size: Size, colour: &str) -> World {
    let Size { width_m, depth_m } = size;
    let (x_m, y_m) = (round(width_m / 2.0, 0.01), round(depth_m / 2.0, 0.01));
    let mut world = World::new(size, Start { x_m, y_m, heading_deg: 0.0 });
    let corners_m = vec![[0.0, 0.0], [width_m, 0.0], [width_m, depth_m], [0.0, depth_m], [0.0, 0.0]];
    let mut walls = Wall { height_m: 2.4, ..Wall::new("outer walls", corners_m) };
    walls.colour = colour.parse().unwrap_or(walls.colour);
    world.walls.push(walls);
    world
}

/// The world with its car at a place with space around, if there is one.
fn with_start(mut world: World, dice: &mut Dice) -> Option<World> {
    let space = Space::of(&world);
    let Size { width_m, depth_m } = world.size;
    let places = (0..200).map(|_| Point::new(dice.metres(0.0, width_m), dice.metres(0.0, depth_m)));
    // Beside a corridor there is space too.
    let outline: Vec<_> = world.walls.first()?.segments().collect();
    let is_good = |&place: &Point| is_inside(&outline, place) && space.is_free(place, START_FREE_M);
    let place = places.into_iter().find(is_good)?;
    let heading_deg = (dice.0.f64() * 24.0).floor() * 15.0;
    world.start = Start { x_m: place.x_m, y_m: place.y_m, heading_deg };
    Some(world)
}

/// A corridor along `x`, with dead ends to either side.
fn corridor(dice: &mut Dice) -> World {
    let (length_m, width_m) = (dice.metres(5.0, 8.0), dice.metres(1.0, 1.4));
    let ends = dice.count(2, 4);
    // One after the other along the corridor, each in a share of its own, on the side that chance says.
    let share_m = length_m / ends as f64;
    let mut dents = Vec::new();
    for index in 0..ends {
        let wide_m = dice.metres(0.9, 1.2).min(round(share_m - 0.2, 0.01));
        let from_m =
            round(index as f64 * share_m + dice.metres(0.1, (share_m - wide_m - 0.1).max(0.1)), 0.01);
        dents.push((dice.happens(0.5), from_m, round(from_m + wide_m, 0.01), dice.metres(1.0, 2.0)));
    }
    let depth_of = |is_north: bool| {
        dents.iter().filter(|dent| dent.0 == is_north).fold(0.0, |most, dent| dent.3.max(most))
    };
    let (south_m, north_m) = (depth_of(false), depth_of(true));
    let (low_m, high_m) = (south_m, round(south_m + width_m, 0.01));
    let mut corners_m = vec![[0.0, low_m]];
    for &(_, from_m, to_m, deep_m) in dents.iter().filter(|dent| !dent.0) {
        let end_m = round(low_m - deep_m, 0.01);
        corners_m.extend([[from_m, low_m], [from_m, end_m], [to_m, end_m], [to_m, low_m]]);
    }
    corners_m.extend([[length_m, low_m], [length_m, high_m]]);
    for &(_, from_m, to_m, deep_m) in dents.iter().rev().filter(|dent| dent.0) {
        let end_m = round(high_m + deep_m, 0.01);
        corners_m.extend([[to_m, high_m], [to_m, end_m], [from_m, end_m], [from_m, high_m]]);
    }
    corners_m.extend([[0.0, high_m], [0.0, low_m]]);
    let size = Size { width_m: length_m, depth_m: round(high_m + north_m, 0.01) };
    let mut world = World::new(size, Start { x_m: 0.0, y_m: 0.0, heading_deg: 0.0 });
    world.floor.colour = Colour::rgb(0xc09868);
    world.walls.push(Wall { height_m: 2.4, ..Wall::new("walls", corners_m) });
    world
}

/// Fields of one size, joined by a tree of ways, and a few more.
fn maze(dice: &mut Dice) -> World {
    let (columns, rows) = (dice.count(3, 5), dice.count(3, 5));
    let field_m = dice.metres(0.9, 1.1);
    let at_m = |index: usize| round(index as f64 * field_m, 0.01);
    let mut world = walled(Size { width_m: at_m(columns), depth_m: at_m(rows) }, "white");
    world.floor.colour = Colour::rgb(0xc4c4c4);
    world.walls[0].height_m = 0.4;
    let ways = ways(columns, rows, dice);
    let is_open = |a: usize, b: usize| ways.contains(&(a, b)) || ways.contains(&(b, a));
    // Walls along each line between fields; those that follow each other are one.
    let across = (1..rows).flat_map(|row| {
        let is_wall = |column: usize| !is_open((row - 1) * columns + column, row * columns + column);
        let runs = runs(columns, is_wall).into_iter();
        runs.map(move |(from, to)| [[at_m(from), at_m(row)], [at_m(to), at_m(row)]])
    });
    let up = (1..columns).flat_map(|column| {
        let is_wall = |row: usize| !is_open(row * columns + column - 1, row * columns + column);
        let runs = runs(rows, is_wall).into_iter();
        runs.map(move |(from, to)| [[at_m(column), at_m(from)], [at_m(column), at_m(to)]])
    });
    let walls: Vec<_> = across.chain(up).collect();
    for (index, corners_m) in walls.into_iter().enumerate() {
        let wall = Wall::new(&format!("wall {}", index + 1), corners_m.to_vec());
        world.walls.push(Wall { height_m: 0.3, colour: dice.colour(), ..wall });
    }
    world
}

/// Pairs of neighbouring fields between which there is no wall.
fn ways(columns: usize, rows: usize, dice: &mut Dice) -> Vec<(usize, usize)> {
    let neighbours = |field: usize| {
        let (column, row) = (field % columns, field / columns);
        let left = (column > 0).then(|| field - 1);
        let right = (column + 1 < columns).then_some(field + 1);
        let below = (row > 0).then(|| field - columns);
        let above = (row + 1 < rows).then_some(field + columns);
        [left, right, below, above].into_iter().flatten().collect::<Vec<_>>()
    };
    let (mut ways, mut seen, mut path) = (Vec::new(), vec![false; columns * rows], vec![0]);
    seen[0] = true;
    while let Some(&field) = path.last() {
        let next: Vec<_> = neighbours(field).into_iter().filter(|&next| !seen[next]).collect();
        if next.is_empty() {
            path.pop();
            continue;
        }
        let next = next[dice.count(0, next.len() - 1)];
        seen[next] = true;
        ways.push((field, next));
        path.push(next);
    }
    // A few rounds, so that not each wrong turn is a dead end.
    for field in 0..columns * rows {
        if dice.happens(0.15) {
            let next = neighbours(field);
            ways.push((field, next[dice.count(0, next.len() - 1)]));
        }
    }
    ways
}

/// From where to where something holds without a gap.
fn runs(count: usize, holds: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for index in (0..count).filter(|&index| holds(index)) {
        match runs.last_mut().filter(|run| run.1 == index) {
            Some(run) => run.1 = index + 1,
            None => runs.push((index, index + 1)),
        }
    }
    runs
}

/// The top of a table, with its corners cut off or a notch, in the middle of a room.
fn table(dice: &mut Dice) -> World {
    let (width_m, depth_m) = (dice.metres(1.8, 2.6), dice.metres(1.5, 2.0));
    let (left_m, below_m) = (dice.metres(0.4, 0.6), dice.metres(0.4, 0.6));
    let (right_m, top_m) = (round(left_m + width_m, 0.01), round(below_m + depth_m, 0.01));
    let size = Size {
        width_m: round(right_m + dice.metres(0.4, 0.6), 0.01),
        depth_m: round(top_m + dice.metres(0.4, 0.6), 0.01),
    };
    let mut world = walled(size, "cream");
    world.floor.colour = Colour::rgb(0x585858);
    let cut_m = dice.metres(0.2, 0.4);
    let corners_m = match dice.count(0, 2) {
        0 => vec![[left_m, below_m], [right_m, below_m], [right_m, top_m], [left_m, top_m]],
        1 => {
            // The middle of the notch's corner: an L.
            let (x_m, y_m) = (round(right_m - 2.0 * cut_m, 0.01), round(top_m - 1.5 * cut_m, 0.01));
            vec![
                [left_m, below_m],
                [right_m, below_m],
                [right_m, y_m],
                [x_m, y_m],
                [x_m, top_m],
                [left_m, top_m],
            ]
        }
        _ => {
            let turn = |corner: [f64; 2], x: f64, y: f64| {
                [round(corner[0] + x * cut_m, 0.01), round(corner[1] + y * cut_m, 0.01)]
            };
            vec![
                turn([left_m, below_m], 1.0, 0.0),
                turn([right_m, below_m], -1.0, 0.0),
                turn([right_m, below_m], 0.0, 1.0),
                turn([right_m, top_m], 0.0, -1.0),
                turn([right_m, top_m], -1.0, 0.0),
                turn([left_m, top_m], 1.0, 0.0),
                turn([left_m, top_m], 0.0, -1.0),
                turn([left_m, below_m], 0.0, 1.0),
            ]
        }
    };
    world.floor.tables.push(Table::new("table top", corners_m));
    world
}

#[cfg(test)]
#[path = "generate/tests.rs"]
mod tests;
