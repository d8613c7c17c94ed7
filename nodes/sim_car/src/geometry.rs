//! Plane geometry: points, poses, segments and circles, rays against them, and distances from a rectangle to them.
//!
//! The frame is that of a map: `x` to the right, `y` up, angles counter-clockwise from `x`.

/// A point of the floor, in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// To the right on the map, in metres.
    pub x_m: f64,
    /// Up on the map, in metres.
    pub y_m: f64,
}

impl Point {
    /// The point `x_m` to the right and `y_m` up.
    #[must_use]
    pub const fn new(x_m: f64, y_m: f64) -> Self {
        Self { x_m, y_m }
    }

    /// Distance to `other` in metres.
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        (self.x_m - other.x_m).hypot(self.y_m - other.y_m)
    }
}

/// Where something stands and which way it looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// To the right on the map, in metres.
    pub x_m: f64,
    /// Up on the map, in metres.
    pub y_m: f64,
    /// Heading in radians, counter-clockwise from the direction of `x`; not wrapped, so it counts whole turns.
    pub heading_rad: f64,
}

impl Pose {
    /// The point that lies `ahead_m` before and `left_m` to the left of this pose.
    #[must_use]
    pub fn point(self, ahead_m: f64, left_m: f64) -> Point {
        let (sin, cos) = self.heading_rad.sin_cos();
        Point::new(self.x_m + ahead_m * cos - left_m * sin, self.y_m + ahead_m * sin + left_m * cos)
    }

    /// `point` as this pose sees it: `x_m` ahead, `y_m` to the left.
    fn seen(self, point: Point) -> Point {
        let (sin, cos) = self.heading_rad.sin_cos();
        let (dx, dy) = (point.x_m - self.x_m, point.y_m - self.y_m);
        Point::new(dx * cos + dy * sin, dy * cos - dx * sin)
    }
}

/// A straight piece of a wall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) from: Point,
    pub(crate) to: Point,
}

impl Segment {
    pub(crate) fn length_m(&self) -> f64 {
        self.from.distance_m(self.to)
    }

    /// Distance from `point` to the nearest point of the segment.
    #[inline]
    pub(crate) fn distance_m(&self, point: Point) -> f64 {
        let (ex, ey) = (self.to.x_m - self.from.x_m, self.to.y_m - self.from.y_m);
        let (px, py) = (point.x_m - self.from.x_m, point.y_m - self.from.y_m);
        let length_squared = ex * ex + ey * ey;
        let share =
            if length_squared > 0.0 { ((px * ex + py * ey) / length_squared).clamp(0.0, 1.0) } else { 0.0 };
        let (dx, dy) = (px - share * ex, py - share * ey);
        // `hypot` takes ten times as long, for numbers that no floor has.
        (dx * dx + dy * dy).sqrt()
    }

    /// Whether the two have a point in common.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let side = |of: &Self, point: Point| {
            let (ex, ey) = (of.to.x_m - of.from.x_m, of.to.y_m - of.from.y_m);
            (ex * (point.y_m - of.from.y_m) - ey * (point.x_m - of.from.x_m)).signum()
        };
        let crosses = |a: &Self, b: &Self| side(a, b.from) * side(a, b.to) < 0.0;
        let touches = |a: &Self, b: &Self| a.distance_m(b.from) == 0.0 || a.distance_m(b.to) == 0.0;
        (crosses(self, other) && crosses(other, self)) || touches(self, other) || touches(other, self)
    }
}

/// A round thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Disc {
    pub(crate) centre: Point,
    pub(crate) radius_m: f64,
}

/// A half-line with a direction of length 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ray {
    origin: Point,
    cos: f64,
    sin: f64,
}

impl Ray {
    pub(crate) fn new(origin: Point, direction_rad: f64) -> Self {
        let (sin, cos) = direction_rad.sin_cos();
        Self { origin, cos, sin }
    }

    /// Distance at which the ray meets `segment`, if it does. A ray along the segment meets it nowhere; the
    /// neighbouring rays of a cone do.
    pub(crate) fn meets_segment(&self, segment: &Segment) -> Option<f64> {
        let (ex, ey) = (segment.to.x_m - segment.from.x_m, segment.to.y_m - segment.from.y_m);
        let (fx, fy) = (segment.from.x_m - self.origin.x_m, segment.from.y_m - self.origin.y_m);
        let cross = self.cos * ey - self.sin * ex;
        if cross == 0.0 {
            return None;
        }
        let distance_m = (fx * ey - fy * ex) / cross;
        let share = (fx * self.sin - fy * self.cos) / cross;
        (distance_m >= 0.0 && (0.0..=1.0).contains(&share)).then_some(distance_m)
    }

    /// Distance at which the ray meets the rim of `disc`, if it does; 0 from inside.
    pub(crate) fn meets_disc(&self, disc: &Disc) -> Option<f64> {
        let (dx, dy) = (disc.centre.x_m - self.origin.x_m, disc.centre.y_m - self.origin.y_m);
        let along = dx * self.cos + dy * self.sin;
        let inside = disc.radius_m * disc.radius_m - (dx * dx + dy * dy - along * along);
        if inside < 0.0 {
            return None;
        }
        let half = inside.sqrt();
        (along + half >= 0.0).then_some((along - half).max(0.0))
    }
}

/// A rectangle fixed to a pose: how far it reaches ahead of it, behind it and to either side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Footprint {
    /// Reach ahead of the pose, in metres.
    pub ahead_m: f64,
    /// Reach behind the pose, in metres.
    pub behind_m: f64,
    /// Reach to the left and to the right of the pose, in metres.
    pub beside_m: f64,
}

impl Footprint {
    /// The corners at `pose`: front left, rear left, rear right, front right.
    #[must_use]
    pub fn corners(&self, pose: Pose) -> [Point; 4] {
        [
            pose.point(self.ahead_m, self.beside_m),
            pose.point(-self.behind_m, self.beside_m),
            pose.point(-self.behind_m, -self.beside_m),
            pose.point(self.ahead_m, -self.beside_m),
        ]
    }

    /// Distance of the farthest corner from the pose, in metres.
    #[must_use]
    pub fn reach_m(&self) -> f64 {
        self.ahead_m.max(self.behind_m).hypot(self.beside_m)
    }

    /// Free space between the rectangle at `pose` and `segment`, in metres; 0 if they touch or overlap.
    pub(crate) fn distance_to_segment_m(&self, pose: Pose, segment: &Segment) -> f64 {
        let seen = Segment { from: pose.seen(segment.from), to: pose.seen(segment.to) };
        if self.is_cut_by(&seen) {
            return 0.0;
        }
        let home = Pose { x_m: 0.0, y_m: 0.0, heading_rad: 0.0 };
        let ends_m = self.distance_of_seen_m(seen.from).min(self.distance_of_seen_m(seen.to));
        self.corners(home).iter().fold(ends_m, |least_m, &corner| least_m.min(seen.distance_m(corner)))
    }

    /// Free space between the rectangle at `pose` and `disc`, in metres; 0 if they touch or overlap.
    pub(crate) fn distance_to_disc_m(&self, pose: Pose, disc: &Disc) -> f64 {
        (self.distance_of_seen_m(pose.seen(disc.centre)) - disc.radius_m).max(0.0)
    }

    /// Distance from the rectangle to a point given in its own frame.
    fn distance_of_seen_m(&self, point: Point) -> f64 {
        let ahead_m = (point.x_m - self.ahead_m).max(-self.behind_m - point.x_m).max(0.0);
        let beside_m = (point.y_m.abs() - self.beside_m).max(0.0);
        ahead_m.hypot(beside_m)
    }

    /// Whether a segment, given in the rectangle's frame, has a point within it: what is left of the segment after
    /// each of the two strips that make the rectangle has cut off its share.
    fn is_cut_by(&self, seen: &Segment) -> bool {
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        let strips = [
            (seen.from.x_m, seen.to.x_m, -self.behind_m, self.ahead_m),
            (seen.from.y_m, seen.to.y_m, -self.beside_m, self.beside_m),
        ];
        for (from, to, low, high) in strips {
            let along = to - from;
            if along == 0.0 {
                if from < low || from > high {
                    return false;
                }
                continue;
            }
            let (a, b) = ((low - from) / along, (high - from) / along);
            enter = enter.max(a.min(b));
            leave = leave.min(a.max(b));
        }
        enter <= leave
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_PI_2;

    use super::*;

    const HOME: Pose = Pose { x_m: 0.0, y_m: 0.0, heading_rad: 0.0 };
    const PRINT: Footprint = Footprint { ahead_m: 0.2, behind_m: 0.1, beside_m: 0.05 };

    fn segment(from: (f64, f64), to: (f64, f64)) -> Segment {
        Segment { from: Point::new(from.0, from.1), to: Point::new(to.0, to.1) }
    }

    fn about(given: f64, wanted: f64) {
        assert!((given - wanted).abs() < 1e-9, "{given} is not {wanted}");
    }

    #[test]
    fn a_ray_meets_a_wall_ahead_and_none_behind() {
        let wall = segment((2.0, -1.0), (2.0, 1.0));
        about(Ray::new(Point::new(0.0, 0.0), 0.0).meets_segment(&wall).unwrap(), 2.0);
        assert_eq!(Ray::new(Point::new(3.0, 0.0), 0.0).meets_segment(&wall), None);
        assert_eq!(Ray::new(Point::new(0.0, 0.0), FRAC_PI_2).meets_segment(&wall), None);
    }

    #[test]
    fn a_ray_meets_the_near_rim_of_a_disc() {
        let disc = Disc { centre: Point::new(2.0, 0.0), radius_m: 0.5 };
        about(Ray::new(Point::new(0.0, 0.0), 0.0).meets_disc(&disc).unwrap(), 1.5);
        about(Ray::new(Point::new(2.1, 0.0), 0.0).meets_disc(&disc).unwrap(), 0.0);
        assert_eq!(Ray::new(Point::new(3.0, 0.0), 0.0).meets_disc(&disc), None);
        assert_eq!(Ray::new(Point::new(0.0, 0.6), 0.0).meets_disc(&disc), None);
    }

    #[test]
    fn a_pose_sees_its_left_on_its_left() {
        let pose = Pose { x_m: 1.0, y_m: 1.0, heading_rad: FRAC_PI_2 };
        let point = pose.point(2.0, 0.5);
        about(point.x_m, 0.5);
        about(point.y_m, 3.0);
        about(pose.seen(point).x_m, 2.0);
        about(pose.seen(point).y_m, 0.5);
    }

    #[test]
    fn the_distance_to_a_wall_counts_from_the_nearest_side_or_corner() {
        about(PRINT.distance_to_segment_m(HOME, &segment((0.5, -1.0), (0.5, 1.0))), 0.3);
        about(PRINT.distance_to_segment_m(HOME, &segment((-1.0, 0.25), (1.0, 0.25))), 0.2);
        about(PRINT.distance_to_segment_m(HOME, &segment((0.5, 0.45), (1.0, 1.0))), 0.5);
        let slanted = segment((0.15, 0.2), (0.35, 0.0));
        about(PRINT.distance_to_segment_m(HOME, &slanted), 0.1 / 2.0_f64.sqrt());
    }

    #[test]
    fn a_wall_that_crosses_or_lies_inside_is_at_distance_0() {
        about(PRINT.distance_to_segment_m(HOME, &segment((0.1, -1.0), (0.1, 1.0))), 0.0);
        about(PRINT.distance_to_segment_m(HOME, &segment((0.0, 0.0), (0.1, 0.01))), 0.0);
        about(PRINT.distance_to_segment_m(HOME, &segment((0.1, 0.1), (0.3, -0.1))), 0.0);
    }

    #[test]
    fn the_distance_to_a_disc_counts_from_its_rim() {
        let disc = Disc { centre: Point::new(0.5, 0.0), radius_m: 0.1 };
        about(PRINT.distance_to_disc_m(HOME, &disc), 0.2);
        about(PRINT.distance_to_disc_m(Pose { x_m: 0.4, ..HOME }, &disc), 0.0);
    }
}
