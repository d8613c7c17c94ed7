//! What stands in the world, as the camera sees it from where it is.

use nevil_car::shape::CAMERA_HEIGHT_M;

use super::haze;
use crate::geometry::{Disc, Point, Segment};
use crate::world::{Colour, Object, World};

/// What is nearer than this is behind the lens, in metres.
const NEAR_M: f64 = 0.001;

/// From where the light comes, as a direction of length 1 on the map.
const LIGHT: (f64, f64) = (-0.8, 0.6);

/// Where the camera is, and where it looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Eye {
    point: Point,
    cos: f64,
    sin: f64,
}

impl Eye {
    pub(super) fn new(point: Point, direction_rad: f64) -> Self {
        let (sin, cos) = direction_rad.sin_cos();
        Self { point, cos, sin }
    }

    /// The place that is `depth_m` ahead, and `depth_m × q` to the right.
    pub(super) fn at(&self, depth_m: f64, q: f64) -> Point {
        let right_m = depth_m * q;
        Point::new(
            self.point.x_m + depth_m * self.cos + right_m * self.sin,
            self.point.y_m + depth_m * self.sin - right_m * self.cos,
        )
    }

    /// `point` as the camera has it: so far ahead, so far to the right, in metres.
    fn seen(&self, point: Point) -> (f64, f64) {
        let (dx, dy) = (point.x_m - self.point.x_m, point.y_m - self.point.y_m);
        (dx * self.cos + dy * self.sin, dx * self.sin - dy * self.cos)
    }
}

/// A thing: its pieces follow each other in the scene.
#[derive(Clone, Copy, Debug)]
pub(super) struct Solid {
    pub(super) colour: Colour,
    /// How far its top is above the camera; negative below, so that the top can be seen.
    pub(super) above_m: f64,
}

/// A straight piece or a round thing, and to which solid it belongs.
#[derive(Clone, Copy, Debug)]
enum Piece {
    Flat(u16, Segment),
    Round(u16, Disc),
}

/// A piece from where the camera is: at which depths a sight meets it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Face {
    /// At `along / (ahead + right × q)`, for `q` from `low` to `high`.
    Flat { solid: u16, low: f64, high: f64, along: f64, ahead: f64, right: f64, light: f64 },
    /// A circle around the place `ahead`, `right`.
    Round { solid: u16, ahead: f64, right: f64, radius_squared: f64, light: (f64, f64) },
}

/// What a sight meets of a piece: at which depths, in metres, and in which light it is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    pub(super) solid: u16,
    pub(super) enter_m: f64,
    pub(super) leave_m: f64,
    pub(super) light: f64,
}

#[derive(Debug)]
pub(super) struct Scene {
    solids: Vec<Solid>,
    pieces: Vec<Piece>,
    faces: Vec<Face>,
}

impl Scene {
    pub(super) fn of(world: &World) -> Self {
        let mut scene = Self { solids: Vec::new(), pieces: Vec::new(), faces: Vec::new() };
        for wall in &world.walls {
            // A wall has no thickness, and so no top: each piece is a thing of its own.
            for segment in wall.segments() {
                let solid = scene.solid(wall.colour, wall.height_m);
                scene.pieces.push(Piece::Flat(solid, segment));
            }
        }
        for object in &world.objects {
            match object {
                Object::Circle(it) => {
                    let solid = scene.solid(it.colour, it.height_m);
                    scene.pieces.push(Piece::Round(solid, it.disc()));
                }
                Object::Box(it) => {
                    let solid = scene.solid(it.colour, it.height_m);
                    scene.pieces.extend(it.sides().map(|side| Piece::Flat(solid, side)));
                }
            }
        }
        scene.faces.reserve(scene.pieces.len());
        scene
    }

    fn solid(&mut self, colour: Colour, height_m: f64) -> u16 {
        self.solids.push(Solid { colour, above_m: height_m - CAMERA_HEIGHT_M });
        (self.solids.len() - 1) as u16
    }

    pub(super) fn solids(&self) -> usize {
        self.solids.len()
    }

    pub(super) fn solid_of(&self, met: &Met) -> &Solid {
        &self.solids[usize::from(met.solid)]
    }

    /// Sees everything from `eye`.
    pub(super) fn look(&mut self, eye: &Eye) {
        self.faces.clear();
        self.faces.extend(self.pieces.iter().filter_map(|piece| piece.seen(eye)));
    }

    /// What a sight meets, piece by piece, those of one solid one after the other.
    pub(super) fn met(&self, q: f64) -> impl Iterator<Item = Met> + '_ {
        self.faces.iter().filter_map(move |face| face.met(q))
    }
}

impl Piece {
    fn seen(&self, eye: &Eye) -> Option<Face> {
        match *self {
            Self::Flat(solid, Segment { from, to }) => {
                let (a, b) = (eye.seen(from), eye.seen(to));
                let (a, b) = in_front(a, b)?;
                let (low, high) = (a.1 / a.0, b.1 / b.0);
                // All points of its line have the same `ahead × depth + right × depth × q`.
                let (ahead, right) = (b.1 - a.1, a.0 - b.0);
                let along = ahead * a.0 + right * a.1;
                let (ex, ey) = (to.x_m - from.x_m, to.y_m - from.y_m);
                // The side that is seen, whose normal points to the camera.
                let side = (ex * (eye.point.y_m - from.y_m) - ey * (eye.point.x_m - from.x_m)).signum();
                let lit = side * (LIGHT.1 * ex - LIGHT.0 * ey) / ex.hypot(ey);
                let light = light(lit);
                Some(Face::Flat {
                    solid,
                    low: low.min(high),
                    high: low.max(high),
                    along,
                    ahead,
                    right,
                    light,
                })
            }
            Self::Round(solid, Disc { centre, radius_m }) => {
                let (ahead, right) = eye.seen(centre);
                let light = (
                    (LIGHT.0 * eye.cos + LIGHT.1 * eye.sin) / radius_m,
                    (LIGHT.0 * eye.sin - LIGHT.1 * eye.cos) / radius_m,
                );
                let radius_squared = radius_m * radius_m;
                (ahead > -radius_m).then_some(Face::Round { solid, ahead, right, radius_squared, light })
            }
        }
    }
}

impl Face {
    fn met(&self, q: f64) -> Option<Met> {
        match *self {
            Self::Flat { solid, low, high, along, ahead, right, light } => {
                if q < low || q > high {
                    return None;
                }
                let depth_m = along / (ahead + right * q);
                // What is seen exactly along its length has no depth of its own.
                (depth_m >= NEAR_M && depth_m.is_finite()).then_some(Met {
                    solid,
                    enter_m: depth_m,
                    leave_m: depth_m,
                    light: light * haze(depth_m),
                })
            }
            Self::Round { solid, ahead, right, radius_squared, light } => {
                let (square, along) = (1.0 + q * q, ahead + right * q);
                let rest = along * along - square * (ahead * ahead + right * right - radius_squared);
                if rest <= 0.0 {
                    return None;
                }
                let (enter_m, leave_m) = ((along - rest.sqrt()) / square, (along + rest.sqrt()) / square);
                if enter_m < NEAR_M {
                    return None;
                }
                let lit = (enter_m - ahead) * light.0 + (enter_m * q - right) * light.1;
                Some(Met { solid, enter_m, leave_m, light: self::light(lit) * haze(enter_m) })
            }
        }
    }
}

/// Light on a side that is turned towards its source by so much, −1 to 1.
fn light(towards: f64) -> f64 {
    0.82 + 0.18 * towards
}

/// The part of a piece from `a` to `b` that is in front of the lens.
fn in_front(a: (f64, f64), b: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
    let cut = |behind: (f64, f64), before: (f64, f64)| {
        let share = (NEAR_M - behind.0) / (before.0 - behind.0);
        (NEAR_M, behind.1 + share * (before.1 - behind.1))
    };
    match (a.0 >= NEAR_M, b.0 >= NEAR_M) {
        (true, true) => Some((a, b)),
        (true, false) => Some((a, cut(b, a))),
        (false, true) => Some((cut(a, b), b)),
        (false, false) => None,
    }
}
