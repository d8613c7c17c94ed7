//! Whether a car can be simulated in a world.

use nevil_car::shape::{TRACK_M, WHEELBASE_M};

use super::{
    FLOOR_PIECES_MAX, Object, Rectangle, SHAPES_MAX, SIZE_MAX_M, Shapes, Size, THICKNESS_MIN_M, Table, Tape,
    Wall, World, WorldProblem, segments,
};
use crate::FOOTPRINT;
use crate::floor::Floor;
use crate::geometry::{Point, Pose, Segment};

/// Heights that are allowed, in metres.
const HEIGHT_M: (f64, f64) = (0.01, 10.0);

/// Widths of a line that are allowed, in metres.
const TAPE_M: (f64, f64) = (0.005, 1.0);

impl World {
    /// Says whether a car can be simulated in this world.
    ///
    /// # Errors
    ///
    /// The first [`WorldProblem`]: of size, floor, walls, objects, start, in this order.
    pub fn validate(&self) -> Result<(), WorldProblem> {
        for (field, given) in [("width_m", self.size.width_m), ("depth_m", self.size.depth_m)] {
            if !(0.5..=SIZE_MAX_M).contains(&given) {
                return Err(WorldProblem::Size { field, given });
            }
        }
        within_limits("floor", "drop_m", self.floor.drop_m, HEIGHT_M)?;
        self.floor.lines.iter().try_for_each(|line| self.check_line(line))?;
        self.floor.tables.iter().try_for_each(|table| self.check_table(table))?;
        let lines = self.floor.lines.iter().map(|line| line.corners_m.len() - 1);
        let given = lines.chain(self.floor.tables.iter().map(|table| table.corners_m.len())).sum();
        if given > FLOOR_PIECES_MAX {
            return Err(WorldProblem::TooManyFloorPieces { given });
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

    fn check_line(&self, line: &Tape) -> Result<(), WorldProblem> {
        self.check_corners("line", &line.name, &line.corners_m, 2)?;
        within_limits(&format!("line `{}`", line.name), "width_m", line.width_m, TAPE_M)
    }

    fn check_table(&self, table: &Table) -> Result<(), WorldProblem> {
        self.check_corners("table", &table.name, &table.corners_m, 3)?;
        let sides = table.sides();
        let count = sides.len();
        if sides[count - 1].length_m() < THICKNESS_MIN_M {
            let name = table.name.clone();
            return Err(WorldProblem::Degenerate { what: "table", name, number: count, next: 1 });
        }
        for number in 0..count {
            for other in number + 1..count {
                let are_neighbours = other == number + 1 || (number == 0 && other == count - 1);
                if !are_neighbours && sides[number].meets(&sides[other]) {
                    let name = table.name.clone();
                    return Err(WorldProblem::Crossed { name, number: number + 1, other: other + 1 });
                }
            }
        }
        Ok(())
    }

    fn check_wall(&self, wall: &Wall) -> Result<(), WorldProblem> {
        self.check_corners("wall", &wall.name, &wall.corners_m, 2)?;
        within_limits(&format!("wall `{}`", wall.name), "height_m", wall.height_m, HEIGHT_M)
    }

    fn check_corners(
        &self,
        what: &'static str,
        name: &str,
        corners_m: &[[f64; 2]],
        needed: usize,
    ) -> Result<(), WorldProblem> {
        let given = corners_m.len();
        if given < needed {
            return Err(WorldProblem::FewCorners { what, name: name.to_owned(), given, needed });
        }
        corners_m.iter().try_for_each(|&[x_m, y_m]| self.check_within(name, Point::new(x_m, y_m)))?;
        match segments(corners_m).position(|segment| segment.length_m() < THICKNESS_MIN_M) {
            Some(index) => {
                let (number, next) = (index + 1, index + 2);
                Err(WorldProblem::Degenerate { what, name: name.to_owned(), number, next })
            }
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
        let height_m = match object {
            Object::Circle(it) => it.height_m,
            Object::Box(it) => {
                it.corners().iter().try_for_each(|&corner| self.check_within(name, corner))?;
                it.height_m
            }
        };
        within_limits(&format!("object `{name}`"), "height_m", height_m, HEIGHT_M)
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
        let floor = Floor::of(self);
        let beside_m = TRACK_M / 2.0;
        for (wheel, ahead_m, left_m) in [
            ("left rear", 0.0, beside_m),
            ("right rear", 0.0, -beside_m),
            ("left front", WHEELBASE_M, beside_m),
            ("right front", WHEELBASE_M, -beside_m),
        ] {
            let at = pose.point(ahead_m, left_m);
            if !floor.at(at).is_there {
                return Err(WorldProblem::StartInAir { wheel, x_m: at.x_m, y_m: at.y_m });
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

fn within_limits(
    what: &str,
    field: &'static str,
    given: f64,
    (min, max): (f64, f64),
) -> Result<(), WorldProblem> {
    if (min..=max).contains(&given) {
        return Ok(());
    }
    Err(WorldProblem::Extent { what: what.to_owned(), field, given, min, max })
}

impl Table {
    /// The sides, from each corner to the next, and from the last to the first.
    pub(crate) fn sides(&self) -> Vec<Segment> {
        let close = [self.corners_m[self.corners_m.len() - 1], self.corners_m[0]];
        segments(&self.corners_m).chain(segments(&close)).collect()
    }
}

impl Rectangle {
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
