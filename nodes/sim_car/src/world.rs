//! The world as its file describes it: walls, objects and the place where the car starts.

use serde::{Deserialize, Serialize};

use crate::car::FOOTPRINT;
use crate::geometry::{Disc, Point, Pose, Ray, Segment};

/// Largest number of straight pieces and round things in a world. Each reading casts its rays against all of them.
pub const SHAPES_MAX: usize = 512;

/// Longest extent of a world in metres. A hall of that size is already beyond the sensor's reach.
pub const SIZE_MAX_M: f64 = 100.0;

/// Shortest wall and thinnest object, in metres; anything smaller is a slip of the pen.
pub const THICKNESS_MIN_M: f64 = 0.001;

/// A room with things in it, seen from above: `x` to the right, `y` up, angles counter-clockwise from `x`.
///
/// Check one with [`World::validate`] before use; [`Simulation::new`](crate::Simulation::new) does so itself.
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

/// A wall: straight pieces from corner to corner, without thickness, solid from both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wall {
    /// Name for people and errors.
    pub name: String,
    /// At least two corners, each `[x, y]` in metres. Repeat the first at the end to close the wall.
    pub corners_m: Vec<[f64; 2]>,
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

/// What is wrong with a world.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WorldProblem {
    /// An extent outside its limits.
    #[error("size.{field}: is {given} m, 0.5 to 100 m are allowed")]
    Size {
        /// Which extent.
        field: &'static str,
        /// The number in the file, in metres.
        given: f64,
    },
    /// A wall with less than two corners.
    #[error("wall `{name}` has {given} corners, at least 2 are needed")]
    FewCorners {
        /// The wall.
        name: String,
        /// How many corners it has.
        given: usize,
    },
    /// Two neighbouring corners at one place.
    #[error("wall `{name}`: corners {number} and {} are at the same place; leave one out", number + 1)]
    Degenerate {
        /// The wall.
        name: String,
        /// Number of the first of the two corners, counted from 1.
        number: usize,
    },
    /// An object without extent.
    #[error("object `{name}`: {field} is {given} m, at least 0.001 m is needed")]
    Thin {
        /// The object.
        name: String,
        /// Which extent.
        field: &'static str,
        /// The number in the file, in metres.
        given: f64,
    },
    /// Something outside the floor, or a number that is none.
    #[error(
        "`{name}` reaches [{x_m}, {y_m}], outside the floor of {width_m} m by {depth_m} m; enlarge `size` or move it"
    )]
    Outside {
        /// What lies outside.
        name: String,
        /// Where, along `x`, in metres.
        x_m: f64,
        /// Where, along `y`, in metres.
        y_m: f64,
        /// Extent of the floor along `x`, in metres.
        width_m: f64,
        /// Extent of the floor along `y`, in metres.
        depth_m: f64,
    },
    /// More shapes than a reading can look at in time.
    #[error(
        "the world has {given} pieces of wall and objects, at most {SHAPES_MAX} are allowed (a box counts as 4)"
    )]
    TooManyShapes {
        /// How many it has.
        given: usize,
    },
    /// The car would start inside something.
    #[error("start: the car touches `{name}` there; move the start by at least half a car's length")]
    StartBlocked {
        /// What it touches.
        name: String,
    },
}

impl World {
    /// Says whether a car can be simulated in this world.
    ///
    /// # Errors
    ///
    /// The first [`WorldProblem`], in the order of the file: size, walls, objects, start.
    pub fn validate(&self) -> Result<(), WorldProblem> {
        for (field, given) in [("width_m", self.size.width_m), ("depth_m", self.size.depth_m)] {
            if !(0.5..=SIZE_MAX_M).contains(&given) {
                return Err(WorldProblem::Size { field, given });
            }
        }
        self.walls.iter().try_for_each(|wall| self.check_wall(wall))?;
        self.objects.iter().try_for_each(|object| self.check_object(object))?;
        let shapes = Shapes::of(self);
        let given = shapes.segments.len() + shapes.discs.len();
        if given > SHAPES_MAX {
            return Err(WorldProblem::TooManyShapes { given });
        }
        self.check_start()
    }

    /// Where the car stands at first.
    #[must_use]
    pub fn start_pose(&self) -> Pose {
        let heading_rad = self.start.heading_deg.to_radians();
        Pose { x_m: self.start.x_m, y_m: self.start.y_m, heading_rad }
    }

    fn check_wall(&self, wall: &Wall) -> Result<(), WorldProblem> {
        if wall.corners_m.len() < 2 {
            return Err(WorldProblem::FewCorners { name: wall.name.clone(), given: wall.corners_m.len() });
        }
        wall.corners_m
            .iter()
            .try_for_each(|&[x_m, y_m]| self.check_within(&wall.name, Point::new(x_m, y_m)))?;
        let short = wall.segments().position(|segment| segment.from.distance_m(segment.to) < THICKNESS_MIN_M);
        match short {
            Some(index) => Err(WorldProblem::Degenerate { name: wall.name.clone(), number: index + 1 }),
            None => Ok(()),
        }
    }

    fn check_object(&self, object: &Object) -> Result<(), WorldProblem> {
        let (name, extents, centre) = match object {
            Object::Circle(it) => {
                (&it.name, [("radius_m", it.radius_m), ("radius_m", it.radius_m)], Point::new(it.x_m, it.y_m))
            }
            Object::Box(it) => {
                (&it.name, [("width_m", it.width_m), ("depth_m", it.depth_m)], Point::new(it.x_m, it.y_m))
            }
        };
        for (field, given) in extents {
            if !(given >= THICKNESS_MIN_M && given.is_finite()) {
                return Err(WorldProblem::Thin { name: name.clone(), field, given });
            }
        }
        self.check_within(name, centre)?;
        match object {
            Object::Circle(_) => Ok(()),
            Object::Box(it) => it.corners().iter().try_for_each(|&corner| self.check_within(name, corner)),
        }
    }

    fn check_start(&self) -> Result<(), WorldProblem> {
        let pose = self.start_pose();
        for corner in FOOTPRINT.corners(pose) {
            self.check_within("start", corner)?;
        }
        let blocked = |name: &str| Err(WorldProblem::StartBlocked { name: name.to_owned() });
        for wall in &self.walls {
            if wall.segments().any(|segment| FOOTPRINT.distance_to_segment_m(pose, &segment) == 0.0) {
                return blocked(&wall.name);
            }
        }
        for object in &self.objects {
            match object {
                Object::Circle(it) if FOOTPRINT.distance_to_disc_m(pose, &it.disc()) == 0.0 => {
                    return blocked(&it.name);
                }
                Object::Box(it) if it.touches_car(pose) => return blocked(&it.name),
                Object::Circle(_) | Object::Box(_) => {}
            }
        }
        Ok(())
    }

    /// A millimetre of slack lets a wall stand exactly on the edge although its corners were rounded.
    fn check_within(&self, name: &str, point: Point) -> Result<(), WorldProblem> {
        let Size { width_m, depth_m } = self.size;
        let slack_m = THICKNESS_MIN_M;
        let within = |at_m: f64, end_m: f64| (-slack_m..=end_m + slack_m).contains(&at_m);
        if within(point.x_m, width_m) && within(point.y_m, depth_m) {
            return Ok(());
        }
        Err(WorldProblem::Outside { name: name.to_owned(), x_m: point.x_m, y_m: point.y_m, width_m, depth_m })
    }
}

impl Wall {
    fn segments(&self) -> impl Iterator<Item = Segment> + '_ {
        self.corners_m.windows(2).map(|pair| Segment {
            from: Point::new(pair[0][0], pair[0][1]),
            to: Point::new(pair[1][0], pair[1][1]),
        })
    }
}

impl Circle {
    fn disc(&self) -> Disc {
        Disc { centre: Point::new(self.x_m, self.y_m), radius_m: self.radius_m }
    }
}

impl Rectangle {
    fn corners(&self) -> [Point; 4] {
        let pose = Pose { x_m: self.x_m, y_m: self.y_m, heading_rad: self.heading_deg.to_radians() };
        let (ahead_m, left_m) = (self.width_m / 2.0, self.depth_m / 2.0);
        [(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)].map(|(x, y)| pose.point(x * ahead_m, y * left_m))
    }

    fn sides(&self) -> [Segment; 4] {
        let corners = self.corners();
        [0, 1, 2, 3].map(|index| Segment { from: corners[index], to: corners[(index + 1) % 4] })
    }

    /// A car inside a large box touches none of its sides, so its centre is looked at too.
    fn touches_car(&self, pose: Pose) -> bool {
        let turn_rad = self.heading_deg.to_radians();
        let (sin, cos) = turn_rad.sin_cos();
        let (dx, dy) = (pose.x_m - self.x_m, pose.y_m - self.y_m);
        let (along_m, across_m) = (dx * cos + dy * sin, dy * cos - dx * sin);
        let inside = along_m.abs() <= self.width_m / 2.0 && across_m.abs() <= self.depth_m / 2.0;
        inside || self.sides().iter().any(|side| FOOTPRINT.distance_to_segment_m(pose, side) == 0.0)
    }
}

/// Everything solid in a world, as rays and the car meet it.
#[derive(Clone, Debug)]
pub(crate) struct Shapes {
    segments: Vec<Segment>,
    discs: Vec<Disc>,
}

impl Shapes {
    pub(crate) fn of(world: &World) -> Self {
        let mut shapes =
            Self { segments: world.walls.iter().flat_map(Wall::segments).collect(), discs: Vec::new() };
        for object in &world.objects {
            match object {
                Object::Circle(circle) => shapes.discs.push(circle.disc()),
                Object::Box(rectangle) => shapes.segments.extend(rectangle.sides()),
            }
        }
        shapes
    }

    /// Distance at which `ray` meets the first solid thing, in metres; infinite in the open.
    pub(crate) fn cast_m(&self, ray: &Ray) -> f64 {
        let walls = self.segments.iter().filter_map(|segment| ray.meets_segment(segment));
        let round = self.discs.iter().filter_map(|disc| ray.meets_disc(disc));
        walls.chain(round).fold(f64::INFINITY, f64::min)
    }

    /// Free space around the car at `pose`, in metres; 0 if it touches something, infinite in the open.
    pub(crate) fn clearance_m(&self, pose: Pose) -> f64 {
        let walls = self.segments.iter().map(|segment| FOOTPRINT.distance_to_segment_m(pose, segment));
        let round = self.discs.iter().map(|disc| FOOTPRINT.distance_to_disc_m(pose, disc));
        walls.chain(round).fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
#[path = "world_tests.rs"]
mod tests;
