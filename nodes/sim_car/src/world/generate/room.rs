//! A room with furniture.

use super::{Dice, round, walled};
use crate::geometry::{Point, Pose};
use crate::world::{Circle, Colour, Object, Rectangle, Size, World};

/// Free space that things leave between each other, in metres: more than at what the car turns away.
const PASSAGE_M: f64 = 0.7;

/// A room in which things stand along the walls and in the open.
pub(super) fn room(dice: &mut Dice) -> World {
    let size = Size { width_m: dice.metres(3.0, 6.0), depth_m: dice.metres(3.0, 5.0) };
    let mut world = walled(size, "cream");
    world.floor.colour = Colour::rgb(0xc09868);
    for _ in 0..dice.count(3, 8) {
        // What finds no place in ten tries is left out.
        for _ in 0..10 {
            let things = if dice.happens(0.5) { along_a_wall(size, dice) } else { in_the_open(size, dice) };
            if things.iter().all(|thing| fits(&world, thing)) {
                world.objects.extend(things.into_iter().map(|thing| thing.object));
                break;
            }
        }
    }
    world
}

/// A thing with a circle around it.
struct Thing {
    object: Object,
    around: Point,
    radius_m: f64,
    /// Whether it stands at a wall, so that no passage has to be between them.
    is_at_wall: bool,
}

fn along_a_wall(size: Size, dice: &mut Dice) -> Vec<Thing> {
    let (name, width_m, depth_m, height_m) = match dice.count(0, 3) {
        0 => ("sofa", dice.metres(1.2, 2.0), dice.metres(0.7, 0.9), 0.8),
        1 => ("shelf", dice.metres(0.6, 1.2), 0.3, 1.8),
        2 => ("cupboard", dice.metres(0.5, 1.0), 0.5, 1.2),
        _ => ("desk drawers", 0.4, 0.5, 0.6),
    };
    let side = dice.count(0, 3);
    let (along_m, across_m) =
        if side.is_multiple_of(2) { (size.width_m, size.depth_m) } else { (size.depth_m, size.width_m) };
    let at_m = dice.metres(width_m / 2.0, (along_m - width_m / 2.0).max(width_m / 2.0));
    let (x_m, y_m) = match side {
        0 => (at_m, depth_m / 2.0),
        1 => (across_m - depth_m / 2.0, at_m),
        2 => (at_m, across_m - depth_m / 2.0),
        _ => (depth_m / 2.0, at_m),
    };
    let (x_m, y_m) = (round(x_m, 0.001), round(y_m, 0.001));
    let middle = Pose { x_m, y_m, heading_rad: 0.0 };
    let size = if side.is_multiple_of(2) {
        Size { width_m, depth_m }
    } else {
        Size { width_m: depth_m, depth_m: width_m }
    };
    let object = Rectangle { height_m, colour: dice.colour(), ..Rectangle::new(name, middle, size) };
    let radius_m = (width_m / 2.0).hypot(depth_m / 2.0);
    vec![Thing { object: Object::Box(object), around: Point::new(x_m, y_m), radius_m, is_at_wall: true }]
}

fn in_the_open(size: Size, dice: &mut Dice) -> Vec<Thing> {
    let around = Point::new(dice.metres(0.3, size.width_m - 0.3), dice.metres(0.3, size.depth_m - 0.3));
    let thing = |object, radius_m| Thing { object, around, radius_m, is_at_wall: false };
    match dice.count(0, 2) {
        0 => {
            let radius_m = dice.metres(0.08, 0.2);
            let pot =
                Circle { height_m: 0.4, colour: dice.colour(), ..Circle::new("plant pot", around, radius_m) };
            vec![thing(Object::Circle(pot), radius_m)]
        }
        1 => {
            let size = Size { width_m: dice.metres(0.25, 0.5), depth_m: dice.metres(0.2, 0.4) };
            let middle = Pose { x_m: around.x_m, y_m: around.y_m, heading_rad: 0.0 };
            let radius_m = (size.width_m / 2.0).hypot(size.depth_m / 2.0);
            let mut it = Rectangle::new("crate", middle, size);
            (it.height_m, it.colour) = (0.25, dice.colour());
            it.heading_deg = dice.metres(-45.0, 45.0).round();
            vec![thing(Object::Box(it), radius_m)]
        }
        _ => {
            let (half_x_m, half_y_m) = (dice.metres(0.4, 0.7), dice.metres(0.4, 0.5));
            let legs = [
                ("south west", -1.0, -1.0),
                ("south east", 1.0, -1.0),
                ("north west", -1.0, 1.0),
                ("north east", 1.0, 1.0),
            ];
            let leg = |(corner, x, y): (&str, f64, f64)| {
                let (x_m, y_m) = (around.x_m + x * half_x_m, around.y_m + y * half_y_m);
                let at = Point::new(round(x_m, 0.01), round(y_m, 0.01));
                let leg = Circle { height_m: 0.7, ..Circle::new(&format!("table leg {corner}"), at, 0.025) };
                thing(Object::Circle(leg), half_x_m.hypot(half_y_m) + 0.025)
            };
            legs.map(leg).into()
        }
    }
}

/// Whether the circle around a thing leaves passages to all others.
fn fits(world: &World, thing: &Thing) -> bool {
    let Size { width_m, depth_m } = world.size;
    let Point { x_m, y_m } = thing.around;
    let to_wall_m = x_m.min(width_m - x_m).min(y_m).min(depth_m - y_m);
    if !thing.is_at_wall && to_wall_m < thing.radius_m + PASSAGE_M {
        return false;
    }
    world.objects.iter().all(|other| {
        let (other, radius_m) = match other {
            Object::Circle(it) => (Point::new(it.x_m, it.y_m), it.radius_m),
            Object::Box(it) => (Point::new(it.x_m, it.y_m), (it.width_m / 2.0).hypot(it.depth_m / 2.0)),
        };
        other.distance_m(thing.around) >= thing.radius_m + radius_m + PASSAGE_M
    })
}
