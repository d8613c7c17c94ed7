//! The world as its file describes it: walls, objects, the floor, and the place where the car starts.
//!
//! * `colour`: colours by name. `problem` and `check`: what is wrong with a world. `read` and `yaml`: a world from its file, and back.
//! * `shapes`: all that is solid, as rays and the car meet it. `reachable`: where the car can come to.
//! * `generate`: worlds from a seed.

mod check;
mod colour;
mod generate;
mod problem;
mod reachable;
mod read;
mod shapes;
mod yaml;

use serde::{Deserialize, Serialize};

use crate::geometry::{Disc, Point, Pose, Segment};

pub use colour::{Colour, UnknownColour};
pub use generate::WorldKind;
pub use problem::WorldProblem;
pub use reachable::{CLEARANCE_M, Reachable};
pub use read::ReadWorldError;
pub(crate) use shapes::Shapes;

/// Largest number of straight pieces and round things in a world. Each reading casts its rays against all of them.
pub const SHAPES_MAX: usize = 512;

/// Largest number of straight pieces of lines and of edges of tables.
pub const FLOOR_PIECES_MAX: usize = 1024;

/// Longest extent of a world in metres. A hall of that size is already beyond the sensor's reach.
pub const SIZE_MAX_M: f64 = 100.0;

/// Shortest wall and thinnest object, in metres; anything smaller is a slip of the pen.
pub const THICKNESS_MIN_M: f64 = 0.001;

/// Height of what says nothing of its own, in metres: well above the camera.
pub const HEIGHT_M: f64 = 0.5;

/// A room with things in it, seen from above: `x` to the right, `y` up, angles counter-clockwise from `x`.
///
/// Check one with [`World::validate`] before use; [`Simulation::new`](crate::Simulation::new) does so itself, and so does
/// [`World::read`], which takes the file of one.
///
/// ```
/// use nevil_node_sim_car::World;
///
/// let world: World = serde_json::from_str(
///     r#"{"size": {"width_m": 2.0, "depth_m": 1.0},
///         "walls": [{"name": "north wall", "corners_m": [[0.0, 1.0], [2.0, 1.0]]}],
///         "start": {"x_m": 0.5, "y_m": 0.5, "heading_deg": 0.0}}"#,
/// )
/// .unwrap();
/// assert_eq!(world.validate(), Ok(()));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Extent of the floor; everything lies within it. It makes no walls.
    pub size: Size,
    /// What the floor is like; by default bright, and everywhere.
    #[serde(default)]
    pub floor: FloorPlan,
    /// Walls; they need not close.
    #[serde(default)]
    pub walls: Vec<Wall>,
    /// Things that stand in the room.
    #[serde(default)]
    pub objects: Vec<Object>,
    /// Where the car stands at first.
    pub start: Start,
}

/// Extent of the floor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Along `x`, in metres, 0.5 to 100.
    pub width_m: f64,
    /// Along `y`, in metres, 0.5 to 100.
    pub depth_m: f64,
}

/// What the floor is like. Colours are for the camera; the grayscale sensors see bright floor, dark lines, and nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FloorPlan {
    /// Colour of the room's floor.
    #[serde(default = "beige")]
    pub colour: Colour,
    /// Lines of dark tape.
    #[serde(default)]
    pub lines: Vec<Tape>,
    /// Tops of tables. If there is one, the car drives on tables, and outside of them there is nothing under its wheels.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// How far below the tops of the tables the room's floor is, in metres, 0.01 to 10.
    #[serde(default = "table_height_m")]
    pub drop_m: f64,
}

/// A line of tape on the floor: straight pieces from corner to corner, round at corners and ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tape {
    /// Name for people and errors.
    pub name: String,
    /// Width in metres, 0.005 to 1; the usual black tape has 0.025.
    #[serde(default = "tape_width_m")]
    pub width_m: f64,
    /// At least two corners, each `[x, y]` in metres. Repeat the first at the end to close the line.
    pub corners_m: Vec<[f64; 2]>,
    /// Colour for the camera. To the grayscale sensors each line is dark.
    #[serde(default = "black")]
    pub colour: Colour,
}

/// The top of a table, on which the car drives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Name for people and errors.
    pub name: String,
    /// At least three corners, each `[x, y]` in metres. The last is joined to the first; no side crosses another one.
    pub corners_m: Vec<[f64; 2]>,
    /// Colour of its top.
    #[serde(default = "wood")]
    pub colour: Colour,
}

/// A wall: straight pieces from corner to corner, without thickness, solid from both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wall {
    /// Name for people and errors.
    pub name: String,
    /// At least two corners, each `[x, y]` in metres. Repeat the first at the end to close the wall.
    pub corners_m: Vec<[f64; 2]>,
    /// Height above the floor on which the car drives, in metres, 0.01 to 10. For the camera: to the car and to its
    /// ultrasonic sensor everything is high enough.
    #[serde(default = "height_m")]
    pub height_m: f64,
    /// Colour in full light.
    #[serde(default = "cream")]
    pub colour: Colour,
}

/// A thing that stands in the room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Object {
    /// A round thing: a table leg, a pot.
    Circle(Circle),
    /// A rectangular thing: a sofa, a crate.
    Box(Rectangle),
}

/// A round thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circle {
    /// Name for people and errors.
    pub name: String,
    /// Centre along `x`, in metres.
    pub x_m: f64,
    /// Centre along `y`, in metres.
    pub y_m: f64,
    /// Radius in metres, above 0.001.
    pub radius_m: f64,
    /// As of [`Wall::height_m`].
    #[serde(default = "height_m")]
    pub height_m: f64,
    /// Colour in full light.
    #[serde(default = "brown")]
    pub colour: Colour,
}

/// A rectangular thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rectangle {
    /// Name for people and errors.
    pub name: String,
    /// Centre along `x`, in metres.
    pub x_m: f64,
    /// Centre along `y`, in metres.
    pub y_m: f64,
    /// Extent along its own `x`, in metres, above 0.001.
    pub width_m: f64,
    /// Extent along its own `y`, in metres, above 0.001.
    pub depth_m: f64,
    /// How far it is turned counter-clockwise, in degrees.
    #[serde(default)]
    pub heading_deg: f64,
    /// As of [`Wall::height_m`].
    #[serde(default = "height_m")]
    pub height_m: f64,
    /// Colour in full light.
    #[serde(default = "brown")]
    pub colour: Colour,
}

/// Where the car stands at first: the middle of its rear axle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Along `x`, in metres.
    pub x_m: f64,
    /// Along `y`, in metres.
    pub y_m: f64,
    /// Heading in degrees, counter-clockwise from `x`.
    pub heading_deg: f64,
}

fn beige() -> Colour {
    Colour::rgb(0xd8c8a8)
}

fn black() -> Colour {
    Colour::rgb(0x202020)
}

fn brown() -> Colour {
    Colour::rgb(0x8a6240)
}

fn cream() -> Colour {
    Colour::rgb(0xeee6d2)
}

fn wood() -> Colour {
    Colour::rgb(0xc09868)
}

fn height_m() -> f64 {
    HEIGHT_M
}

fn table_height_m() -> f64 {
    0.72
}

fn tape_width_m() -> f64 {
    0.025
}

impl World {
    /// An open floor with nothing on it.
    #[must_use]
    pub fn new(size: Size, start: Start) -> Self {
        Self { size, floor: FloorPlan::default(), walls: Vec::new(), objects: Vec::new(), start }
    }

    /// Where the car stands at first.
    #[must_use]
    pub fn start_pose(&self) -> Pose {
        let heading_rad = self.start.heading_deg.to_radians();
        Pose { x_m: self.start.x_m, y_m: self.start.y_m, heading_rad }
    }
}

impl Default for FloorPlan {
    fn default() -> Self {
        Self { colour: beige(), lines: Vec::new(), tables: Vec::new(), drop_m: table_height_m() }
    }
}

impl Tape {
    /// A black line of the usual width, 25 mm.
    #[must_use]
    pub fn new(name: &str, corners_m: Vec<[f64; 2]>) -> Self {
        Self { name: name.to_owned(), width_m: tape_width_m(), corners_m, colour: black() }
    }
}

impl Table {
    /// A wooden one.
    #[must_use]
    pub fn new(name: &str, corners_m: Vec<[f64; 2]>) -> Self {
        Self { name: name.to_owned(), corners_m, colour: wood() }
    }
}

impl Wall {
    /// A wall of the usual height and colour.
    #[must_use]
    pub fn new(name: &str, corners_m: Vec<[f64; 2]>) -> Self {
        Self { name: name.to_owned(), corners_m, height_m: HEIGHT_M, colour: cream() }
    }

    pub(crate) fn segments(&self) -> impl Iterator<Item = Segment> + '_ {
        segments(&self.corners_m)
    }
}

/// The straight pieces from corner to corner.
pub(crate) fn segments(corners_m: &[[f64; 2]]) -> impl Iterator<Item = Segment> + '_ {
    corners_m.windows(2).map(|pair| Segment {
        from: Point::new(pair[0][0], pair[0][1]),
        to: Point::new(pair[1][0], pair[1][1]),
    })
}

impl Circle {
    /// A thing of the usual height and colour.
    #[must_use]
    pub fn new(name: &str, centre: Point, radius_m: f64) -> Self {
        let Point { x_m, y_m } = centre;
        Self { name: name.to_owned(), x_m, y_m, radius_m, height_m: HEIGHT_M, colour: brown() }
    }

    pub(crate) fn disc(&self) -> Disc {
        Disc { centre: Point::new(self.x_m, self.y_m), radius_m: self.radius_m }
    }
}

impl Rectangle {
    /// A thing of the usual height and colour.
    #[must_use]
    pub fn new(name: &str, middle: Pose, size: Size) -> Self {
        let Pose { x_m, y_m, heading_rad } = middle;
        let Size { width_m, depth_m } = size;
        Self {
            name: name.to_owned(),
            x_m,
            y_m,
            width_m,
            depth_m,
            heading_deg: heading_rad.to_degrees(),
            height_m: HEIGHT_M,
            colour: brown(),
        }
    }

    /// The corners, counter-clockwise.
    #[must_use]
    pub fn corners(&self) -> [Point; 4] {
        let pose = Pose { x_m: self.x_m, y_m: self.y_m, heading_rad: self.heading_deg.to_radians() };
        let (ahead_m, left_m) = (self.width_m / 2.0, self.depth_m / 2.0);
        [(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)].map(|(x, y)| pose.point(x * ahead_m, y * left_m))
    }

    pub(crate) fn sides(&self) -> [Segment; 4] {
        let corners = self.corners();
        [0, 1, 2, 3].map(|index| Segment { from: corners[index], to: corners[(index + 1) % 4] })
    }
}

#[cfg(test)]
#[path = "world_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "world/shipped_tests.rs"]
mod shipped_tests;
