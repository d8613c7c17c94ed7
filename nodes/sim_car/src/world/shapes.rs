//! Everything solid in a world, as rays and the car meet it.

use super::{Object, Wall, World};
use crate::FOOTPRINT;
use crate::geometry::{Disc, Pose, Ray, Segment};

/// Everything solid in a world, as rays and the car meet it.
#[derive(Clone, Debug)]
pub(crate) struct Shapes {
    pub(super) segments: Vec<Segment>,
    pub(super) discs: Vec<Disc>,
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
