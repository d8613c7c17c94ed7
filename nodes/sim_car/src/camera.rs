//! What the car's camera sees: plain ray casting of the world, without shadows and without reflections.
//!
//! The picture is made of **sights**, each a half-plane that stands upright on the camera, of equal `q`: the tangent of the angle
//! between it and the direction of the camera, to the right. In a sight each thing covers a range of slopes, and a row of the picture has
//! one slope for all of its pixels, however the camera is tilted. So the rays are cast once for each sight, and a pixel only looks up
//! what its sight shows at the slope of its row. `scene` is what there is, `sight` what of it is in front of what.

mod scene;
mod sight;

use nevil_car::shape::{CAMERA_AHEAD_M, CAMERA_HEIGHT_M};

use crate::floor::{Floor, Surface};
use crate::geometry::{Point, Pose};
use crate::world::{Colour, World};

use scene::{Eye, Scene};
use sight::{Shown, Sights};

/// Columns of a picture.
pub const PICTURE_WIDTH: usize = 640;

/// Rows of a picture.
pub const PICTURE_HEIGHT: usize = 480;

/// Length of a picture: row by row from the top, in each from the left, each pixel as red, green, blue.
pub const PICTURE_BYTES: usize = PICTURE_WIDTH * PICTURE_HEIGHT * 3;

/// Horizontal field of view in degrees: that of the Raspberry Pi's camera module 2, which most of these cars have.
pub const FIELD_OF_VIEW_DEG: f64 = 62.2;

/// Farthest tilt that is drawn, in degrees, up and down; beyond it the picture would look over its own head. It is the limit of the
/// real driver, which is closer downwards.
pub const TILT_DRAWN_MAX_DEG: f64 = 65.0;

/// Light of what lies in the dark below a table, in 256ths.
const BELOW_LIGHT: u32 = 128;

/// The floor is a little darker on every other tile of this extent, in metres, so that one sees that one moves.
const TILE_M: f64 = 0.25;

/// How much of the light it has there, in 256ths.
const TILE_LIGHT: u32 = 240;

/// The camera in a world. It has no clock: each picture is of the pose that it is asked for.
///
/// ```
/// use nevil_node_sim_car::{Camera, PICTURE_BYTES, Size, Start, Wall, World};
///
/// let size = Size { width_m: 2.0, depth_m: 2.0 };
/// let mut world = World::new(size, Start { x_m: 0.5, y_m: 1.0, heading_deg: 0.0 });
/// world.walls.push(Wall::new("east wall", vec![[2.0, 0.0], [2.0, 2.0]]));
/// let mut picture = vec![0; PICTURE_BYTES];
/// Camera::of(&world).render(world.start_pose(), 0.0, 0.0, &mut picture);
/// ```
// No clone: it would have no room put by, and allocate in its first picture.
#[derive(Debug)]
pub struct Camera {
    floor: Floor,
    scene: Scene,
    sights: Sights,
    room: Colour,
    lines: Vec<Colour>,
    tables: Vec<Colour>,
    drop_m: f64,
    columns: Vec<u16>,
}

/// A row of the picture, and how it looks at the floor.
struct Row {
    /// Place of its first pixel on the floor, and the step to the next one; without meaning from the horizon up.
    first: Point,
    step: Point,
    /// The same for the floor below the tables.
    below_first: Point,
    below_step: Point,
    /// How far ahead the floor below the tables is met, in metres along the direction of the camera.
    below_depth_m: f64,
    /// In 256ths.
    light: u32,
    below_light: u32,
}

impl Camera {
    /// A camera in `world`, which is a [valid](World::validate) one. It takes about 3 MB.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let scene = Scene::of(world);
        Self {
            floor: Floor::of(world),
            sights: Sights::new(scene.solids()),
            scene,
            room: world.floor.colour,
            lines: world.floor.lines.iter().map(|line| line.colour).collect(),
            tables: world.floor.tables.iter().map(|table| table.colour).collect(),
            drop_m: world.floor.drop_m,
            columns: vec![0; PICTURE_WIDTH],
        }
    }

    /// Draws what the camera sees of a car at `pose`, turned by `pan_rad` to the left and by `tilt_rad` upwards, into `pixels`. Allocates
    /// nothing.
    ///
    /// # Panics
    ///
    /// If `pixels` has not [`PICTURE_BYTES`].
    pub fn render(&mut self, pose: Pose, pan_rad: f64, tilt_rad: f64, pixels: &mut [u8]) {
        assert_eq!(pixels.len(), PICTURE_BYTES, "a picture has a fixed number of bytes");
        let limit_rad = TILT_DRAWN_MAX_DEG.to_radians();
        let tilt_rad = if tilt_rad.is_nan() { 0.0 } else { tilt_rad.clamp(-limit_rad, limit_rad) };
        let eye = Eye::new(pose.point(CAMERA_AHEAD_M, 0.0), pose.heading_rad + pan_rad);
        let lens = Lens::new(tilt_rad);
        self.scene.look(&eye);
        self.sights.cast(&self.scene, lens.q_max());
        // From the bottom up: the slope only grows, so that each sight goes through what it shows once.
        for index in (0..PICTURE_HEIGHT).rev() {
            let (ahead, up) = lens.row(index);
            let slope = up / ahead;
            self.sights.rise_to(slope);
            self.sights.columns(ahead, lens.focal, &mut self.columns);
            let row = self.row(&eye, ahead, slope, lens.focal);
            let start = index * PICTURE_WIDTH * 3;
            self.draw(&row, slope, &mut pixels[start..start + PICTURE_WIDTH * 3]);
        }
    }

    fn draw(&self, row: &Row, slope: f64, pixels: &mut [u8]) {
        let sky = sky(slope);
        for ((index, pixel), &sight) in pixels.chunks_exact_mut(3).enumerate().zip(&self.columns) {
            let colour = match self.sights.shown(sight) {
                Shown::Colour(colour) => colour,
                Shown::Sky => sky,
                Shown::Floor => self.floor(row, index as f64, sight),
            };
            pixel.copy_from_slice(&[colour.red, colour.green, colour.blue]);
        }
    }

    fn floor(&self, row: &Row, index: f64, sight: u16) -> Colour {
        let at = |first: Point, step: Point| {
            Point::new(first.x_m + index * step.x_m, first.y_m + index * step.y_m)
        };
        let point = at(row.first, row.step);
        match self.floor.surface(point) {
            Surface::Line(line) => dimmed(self.lines[usize::from(line)], row.light),
            Surface::Table(table) => tiled(self.tables[usize::from(table)], row.light, point),
            Surface::Room => tiled(self.room, row.light, point),
            // Beyond an edge: the floor far below, if nothing stands in front of it.
            Surface::Nothing => match self.sights.next_of(sight) {
                Some((depth_m, colour)) if depth_m < row.below_depth_m => dimmed(colour, BELOW_LIGHT),
                _ => tiled(self.room, row.below_light, at(row.below_first, row.below_step)),
            },
        }
    }

    fn row(&self, eye: &Eye, ahead: f64, slope: f64, focal: f64) -> Row {
        let line = |height_m: f64| {
            let depth_m = height_m / -slope;
            let q = |index: f64| (index + 0.5 - PICTURE_WIDTH as f64 / 2.0) / (focal * ahead);
            let (first, second) = (eye.at(depth_m, q(0.0)), eye.at(depth_m, q(1.0)));
            (depth_m, first, Point::new(second.x_m - first.x_m, second.y_m - first.y_m))
        };
        let (depth_m, first, step) = line(CAMERA_HEIGHT_M);
        let (below_depth_m, below_first, below_step) = line(CAMERA_HEIGHT_M + self.drop_m);
        let light = |depth_m: f64| (256.0 * haze(depth_m)) as u32;
        let (light, below_light) = (light(depth_m), light(below_depth_m) * BELOW_LIGHT / 256);
        Row { first, step, below_first, below_step, below_depth_m, light, below_light }
    }
}

/// Where the pixels of a tilted camera look.
struct Lens {
    focal: f64,
    cos: f64,
    sin: f64,
}

impl Lens {
    fn new(tilt_rad: f64) -> Self {
        let focal = PICTURE_WIDTH as f64 / 2.0 / (FIELD_OF_VIEW_DEG / 2.0).to_radians().tan();
        Self { focal, cos: tilt_rad.cos(), sin: tilt_rad.sin() }
    }

    /// How far ahead and how far up a row looks.
    fn row(&self, index: usize) -> (f64, f64) {
        let up = (PICTURE_HEIGHT as f64 / 2.0 - 0.5 - index as f64) / self.focal;
        (self.cos - up * self.sin, self.sin + up * self.cos)
    }

    /// The largest `q` of any pixel.
    fn q_max(&self) -> f64 {
        let ahead = self.row(0).0.min(self.row(PICTURE_HEIGHT - 1).0);
        PICTURE_WIDTH as f64 / 2.0 / (self.focal * ahead)
    }
}

/// How much of its light comes from so far away.
fn haze(depth_m: f64) -> f64 {
    1.0 / (1.0 + 0.07 * depth_m)
}

fn sky(slope: f64) -> Colour {
    Colour::rgb(0xc8d4e0).shaded(1.0 - 0.25 * (slope / (1.0 + slope)))
}

fn tiled(colour: Colour, light: u32, point: Point) -> Colour {
    // Far enough from 0 that the cast rounds downwards wherever the point is.
    let tile = |at_m: f64| (at_m / TILE_M + 65536.0) as u32;
    let is_dark = (tile(point.x_m) ^ tile(point.y_m)) & 1 == 1;
    dimmed(colour, if is_dark { light * TILE_LIGHT / 256 } else { light })
}

/// `colour` in light of so many 256ths. Whole numbers, because half of all pixels need it.
fn dimmed(Colour { red, green, blue }: Colour, light: u32) -> Colour {
    let part = |part: u8| (u32::from(part) * light / 256) as u8;
    Colour { red: part(red), green: part(green), blue: part(blue) }
}

#[cfg(test)]
#[path = "camera/tests.rs"]
mod tests;
