use std::f64::consts::FRAC_PI_2;

use super::*;
use crate::geometry::Segment;
use crate::world::{Circle, Object, Rectangle, Size, Start, Table, Tape, Wall, segments};

const RED: Colour = Colour { red: 255, green: 0, blue: 0 };
const GREEN: Colour = Colour { red: 0, green: 255, blue: 0 };
const BLUE: Colour = Colour { red: 0, green: 0, blue: 255 };
const WHITE: Colour = Colour { red: 255, green: 255, blue: 255 };

/// Where the camera is in [`room`], with the car in the middle of it.
const EYE: (f64, f64) = (5.0, 5.0);
const POSE: Pose = Pose { x_m: 5.0 - CAMERA_AHEAD_M, y_m: 5.0, heading_rad: 0.0 };

fn room() -> World {
    let size = Size { width_m: 10.0, depth_m: 10.0 };
    let mut world = World::new(size, Start { x_m: 5.0, y_m: 5.0, heading_deg: 0.0 });
    world.floor.colour = WHITE;
    world
}

fn wall(name: &str, corners_m: [[f64; 2]; 2], height_m: f64, colour: Colour) -> Wall {
    Wall { height_m, colour, ..Wall::new(name, corners_m.to_vec()) }
}

/// A wall across the view, `ahead_m` before the camera and 2 m wide.
fn ahead(ahead_m: f64, height_m: f64, colour: Colour) -> Wall {
    let x_m = EYE.0 + ahead_m;
    wall("ahead", [[x_m, EYE.1 - 1.0], [x_m, EYE.1 + 1.0]], height_m, colour)
}

struct Picture(Vec<u8>);

impl Picture {
    fn of(world: &World, pan_rad: f64, tilt_rad: f64) -> Self {
        let mut pixels = vec![0; PICTURE_BYTES];
        Camera::of(world).render(POSE, pan_rad, tilt_rad, &mut pixels);
        Self(pixels)
    }

    fn at(&self, column: usize, row: usize) -> [u8; 3] {
        let start = (row * PICTURE_WIDTH + column) * 3;
        [self.0[start], self.0[start + 1], self.0[start + 2]]
    }

    /// What of `RED`, `GREEN` and `BLUE` is there, in whatever light.
    fn hue(&self, column: usize, row: usize) -> Option<Colour> {
        match self.at(column, row) {
            [red, 0, 0] if red > 0 => Some(RED),
            [0, green, 0] if green > 0 => Some(GREEN),
            [0, 0, blue] if blue > 0 => Some(BLUE),
            _ => None,
        }
    }

    fn rows_of(&self, colour: Colour, column: usize) -> Vec<usize> {
        (0..PICTURE_HEIGHT).filter(|&row| self.hue(column, row) == Some(colour)).collect()
    }

    fn columns_of(&self, colour: Colour, row: usize) -> Vec<usize> {
        (0..PICTURE_WIDTH).filter(|&column| self.hue(column, row) == Some(colour)).collect()
    }
}

fn focal() -> f64 {
    320.0 / (FIELD_OF_VIEW_DEG / 2.0).to_radians().tan()
}

fn about(given: usize, wanted: f64, slack: f64) {
    assert!((given as f64 - wanted).abs() <= slack, "{given} is not {wanted:.1}");
}

#[test]
fn a_wall_covers_as_many_rows_as_its_height_and_distance_say() {
    for (ahead_m, height_m) in [(1.0, 0.2), (1.0, 0.05), (2.0, 0.5), (0.5, 0.13)] {
        let mut world = room();
        world.walls.push(ahead(ahead_m, height_m, RED));
        let rows = Picture::of(&world, 0.0, 0.0).rows_of(RED, 320);
        about(rows.len(), focal() * height_m / ahead_m, 1.0);
        about(rows[rows.len() - 1], 240.0 + focal() * CAMERA_HEIGHT_M / ahead_m, 1.5);
    }
}

#[test]
fn a_thing_covers_as_many_columns_as_its_width_and_distance_say() {
    let mut world = room();
    world.walls.push(wall("post", [[EYE.0 + 2.0, EYE.1 - 0.1], [EYE.0 + 2.0, EYE.1 + 0.3]], 1.0, RED));
    let columns = Picture::of(&world, 0.0, 0.0).columns_of(RED, 240);
    about(columns.len(), focal() * 0.4 / 2.0, 2.0);
    // 0.3 m to the left is on the left of the picture.
    about(columns[0], 320.0 - focal() * 0.3 / 2.0, 2.0);
    let mut world = room();
    world.objects.push(Object::Circle(Circle {
        colour: BLUE,
        ..Circle::new("pot", Point::new(EYE.0 + 2.0, EYE.1), 0.2)
    }));
    let columns = Picture::of(&world, 0.0, 0.0).columns_of(BLUE, 240);
    about(columns.len(), 2.0 * focal() * (0.2_f64 / 2.0).asin().tan(), 2.0);
}

#[test]
fn what_stands_to_the_left_comes_to_the_middle_by_a_pan_to_the_left() {
    let mut world = room();
    let (sin, cos) = 30_f64.to_radians().sin_cos();
    let centre = Point::new(EYE.0 + 2.0 * cos, EYE.1 + 2.0 * sin);
    world.objects.push(Object::Circle(Circle { colour: BLUE, ..Circle::new("pot", centre, 0.05) }));
    let columns = Picture::of(&world, 30_f64.to_radians(), 0.0).columns_of(BLUE, 240);
    about(usize::midpoint(columns[0], columns[columns.len() - 1]), 320.0, 1.0);
    assert!(Picture::of(&world, -30_f64.to_radians(), 0.0).columns_of(BLUE, 240).is_empty());
}

#[test]
fn a_tilt_upwards_moves_the_horizon_down_by_its_tangent() {
    for tilt_deg in [-20.0, -5.0, 10.0, 20.0_f64] {
        let tilt_rad = tilt_deg.to_radians();
        let mut world = room();
        world.floor.colour = RED;
        let rows = Picture::of(&world, 0.0, tilt_rad).rows_of(RED, 100);
        about(rows[0], 240.0 + focal() * tilt_rad.tan(), 1.0);
    }
}

#[test]
fn the_nearer_hides_the_farther_and_a_low_thing_shows_its_top_and_what_is_behind() {
    let mut world = room();
    world.walls.push(ahead(3.0, 1.0, GREEN));
    let middle = Pose { x_m: EYE.0 + 1.5, y_m: EYE.1, heading_rad: 0.3 };
    let crate_size = Size { width_m: 0.4, depth_m: 0.4 };
    world.objects.push(Object::Box(Rectangle {
        height_m: 0.03,
        colour: BLUE,
        ..Rectangle::new("crate", middle, crate_size)
    }));
    let picture = Picture::of(&world, 0.0, 0.0);
    let (green, blue) = (picture.rows_of(GREEN, 320), picture.rows_of(BLUE, 320));
    let top = |height_m: f64, depth_m: f64| 240.0 + focal() * (CAMERA_HEIGHT_M - height_m) / depth_m;
    // Upwards: floor, the crate's side and top, floor again, the wall.
    let (nearest_m, farthest_m) = (1.5 - 0.2 / 0.3_f64.cos(), 1.5 + 0.2 / 0.3_f64.cos());
    about(blue[blue.len() - 1], top(0.0, nearest_m), 1.5);
    about(blue[0], top(0.03, farthest_m), 1.5);
    about(green[green.len() - 1], top(0.0, 3.0), 1.5);
    assert!(blue[0] > green[green.len() - 1]);
    world.walls.push(ahead(0.5, 0.5, RED));
    let picture = Picture::of(&world, 0.0, 0.0);
    assert!(picture.rows_of(BLUE, 320).is_empty() && picture.rows_of(RED, 320).len() > 100);
}

#[test]
fn a_box_is_closed_whichever_side_it_shows() {
    for quarter in 0..4 {
        let mut world = room();
        let middle = Pose { x_m: EYE.0 + 1.0, y_m: EYE.1, heading_rad: f64::from(quarter) * FRAC_PI_2 };
        let size = Size { width_m: 0.4, depth_m: 0.4 };
        world.objects.push(Object::Box(Rectangle { colour: BLUE, ..Rectangle::new("crate", middle, size) }));
        // Without the side in front, the inside of the one behind would be seen.
        let rows = Picture::of(&world, 0.0, 0.0).rows_of(BLUE, 320);
        about(rows[rows.len() - 1], 240.0 + focal() * CAMERA_HEIGHT_M / 0.8, 1.5);
    }
}

#[test]
fn a_line_on_the_floor_is_seen_where_it_lies() {
    let mut world = room();
    world.floor.lines.push(Tape {
        colour: BLUE,
        ..Tape::new("ahead", vec![[EYE.0, EYE.1 + 0.1], [EYE.0 + 4.0, EYE.1 + 0.1]])
    });
    let picture = Picture::of(&world, 0.0, 0.0);
    for depth_m in [0.4, 0.6, 1.0] {
        let columns = picture.columns_of(BLUE, (240.0 + focal() * CAMERA_HEIGHT_M / depth_m) as usize);
        about(columns.len(), focal() * 0.025 / depth_m, 1.0);
        about(columns[0], 320.0 - focal() * 0.1125 / depth_m, 1.5);
    }
}

#[test]
fn beyond_the_edge_of_a_table_the_room_goes_on_far_below() {
    let mut world = room();
    world.floor.tables.push(Table {
        colour: RED,
        ..Table::new("desk", vec![[4.0, 4.0], [5.6, 4.0], [5.6, 6.0], [4.0, 6.0]])
    });
    world.floor.colour = GREEN;
    world.floor.drop_m = 0.7;
    world.walls.push(ahead(2.0, 0.5, BLUE));
    let picture = Picture::of(&world, 0.0, 0.0);
    let below = |height_m: f64, depth_m: f64| 240.0 + focal() * height_m / depth_m;
    let (red, blue) = (picture.rows_of(RED, 320), picture.rows_of(BLUE, 320));
    about(red[0], below(CAMERA_HEIGHT_M, 0.6), 1.0);
    // The wall goes down to the floor, but that is hidden by the table's top: no floor is seen between.
    about(blue[blue.len() - 1], below(CAMERA_HEIGHT_M, 0.6), 1.5);
    assert!(picture.rows_of(GREEN, 320).is_empty());
    world.walls.clear();
    let picture = Picture::of(&world, 0.0, 0.0);
    about(picture.rows_of(GREEN, 320).len(), below(CAMERA_HEIGHT_M, 0.6) - 240.0, 1.5);
}

#[test]
fn a_tilt_beyond_what_is_drawn_is_taken_as_the_farthest_and_what_is_no_number_as_none() {
    let mut world = room();
    world.walls.push(ahead(1.0, 0.4, RED));
    let limit_rad = TILT_DRAWN_MAX_DEG.to_radians();
    assert!(Picture::of(&world, 0.0, 3.0).0 == Picture::of(&world, 0.0, limit_rad).0);
    assert!(Picture::of(&world, 0.0, -3.0).0 == Picture::of(&world, 0.0, -limit_rad).0);
    assert!(Picture::of(&world, 0.0, f64::NAN).0 == Picture::of(&world, 0.0, 0.0).0);
}

/// The same by the book: each pixel's ray in space, against each upright rectangle.
fn by_the_book(walls: &[Wall], pan_rad: f64, tilt_rad: f64, column: usize, row: usize) -> Option<Colour> {
    let (right, up) = ((column as f64 - 319.5) / focal(), (239.5 - row as f64) / focal());
    let (ahead, up) = (tilt_rad.cos() - up * tilt_rad.sin(), tilt_rad.sin() + up * tilt_rad.cos());
    let (sin, cos) = pan_rad.sin_cos();
    let (dx, dy) = (ahead * cos + right * sin, ahead * sin - right * cos);
    let mut nearest = (if up < 0.0 { -CAMERA_HEIGHT_M / up } else { f64::INFINITY }, None);
    for wall in walls {
        for Segment { from, to } in segments(&wall.corners_m) {
            let (ex, ey) = (to.x_m - from.x_m, to.y_m - from.y_m);
            let (fx, fy) = (from.x_m - EYE.0, from.y_m - EYE.1);
            let cross = dx * ey - dy * ex;
            let (way, share) = ((fx * ey - fy * ex) / cross, (fx * dy - fy * dx) / cross);
            let height_m = CAMERA_HEIGHT_M + way * up;
            let is_met = way > 0.0 && (0.0..1.0).contains(&share) && (0.0..wall.height_m).contains(&height_m);
            if is_met && way < nearest.0 {
                nearest = (way, Some(wall.colour));
            }
        }
    }
    nearest.1
}

#[test]
fn every_pixel_shows_what_its_ray_meets_however_the_camera_is_turned() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut wrong = 0;
    for _ in 0..40 {
        let mut world = room();
        world.floor.colour = Colour::rgb(0x808080);
        for colour in [RED, GREEN, BLUE, RED, GREEN, BLUE] {
            let mut place = || [0.5 + 9.0 * random.f64(), 0.5 + 9.0 * random.f64()];
            let corners_m = [place(), place()];
            world.walls.push(wall("wall", corners_m, 0.1 + random.f64(), colour));
        }
        let pan_rad = (random.f64() - 0.5) * 6.0;
        let tilt_rad = (random.f64() - 0.5) * 2.0;
        let picture = Picture::of(&world, pan_rad, tilt_rad);
        for _ in 0..500 {
            let (column, row) = (random.usize(..PICTURE_WIDTH), random.usize(..PICTURE_HEIGHT));
            let wanted = by_the_book(&world.walls, pan_rad, tilt_rad, column, row);
            wrong += u32::from(picture.hue(column, row) != wanted);
        }
    }
    // At a border a sight stands for the pixel beside it.
    assert!(wrong < 100, "{wrong} of 20000 pixels");
}
