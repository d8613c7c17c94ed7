//! A world and a track as a picture for people.
//!
//! * `svg`: what an SVG is made of. `world`: floor, walls and things. `path`: where the car was. `track`: the file of that.

mod path;
mod svg;
pub(crate) mod track;
mod world;

pub(crate) use path::duration;

use nevil_node_sim_car::{Point, World};

use svg::{Anchor, At, Svg};
use track::TrackPoint;

/// Width of the world on the drawing, in pixels; a narrow one is not higher than it is wide.
const EXTENT: f64 = 840.0;

/// Space around it.
const MARGIN: f64 = 40.0;

/// Height of the line above it, and of the one below it.
const HEAD: f64 = 34.0;
const FOOT: f64 = 44.0;

/// From metres to pixels.
#[derive(Clone, Copy, Debug)]
struct Scale {
    per_m: f64,
    depth_m: f64,
}

impl Scale {
    fn at(self, Point { x_m, y_m }: Point) -> At {
        At { x: MARGIN + x_m * self.per_m, y: MARGIN + HEAD + (self.depth_m - y_m) * self.per_m }
    }

    fn corners(self, corners_m: &[[f64; 2]]) -> impl Iterator<Item = At> + '_ {
        corners_m.iter().map(move |&[x_m, y_m]| self.at(Point::new(x_m, y_m)))
    }
}

/// Draws `world`, with the track of a car in it if there is one, as SVG.
pub(crate) fn draw(name: &str, world: &World, track: Option<&[TrackPoint]>) -> String {
    let (width_m, depth_m) = (world.size.width_m, world.size.depth_m);
    let per_m = EXTENT / width_m.max(depth_m);
    let scale = Scale { per_m, depth_m };
    let (width, height) = (width_m * per_m + 2.0 * MARGIN, depth_m * per_m + 2.0 * MARGIN + HEAD + FOOT);
    let mut svg = Svg::new(width, height);
    svg.text(At { x: MARGIN, y: MARGIN + 4.0 }, Anchor::Start, 18.0, name);
    world::floor(&mut svg, scale, world);
    if let Some(points) = track {
        path::way(&mut svg, scale, points);
    }
    world::things(&mut svg, scale, world);
    world::walls(&mut svg, scale, world);
    match track {
        Some(points) => path::events(&mut svg, scale, points),
        None => path::car(&mut svg, scale, world.start_pose(), "#2f8f4e", "start"),
    }
    world::names(&mut svg, scale, world);
    let foot = At { x: MARGIN, y: height - MARGIN + 6.0 };
    scale_bar(&mut svg, scale, foot);
    if let Some(points) = track {
        path::legend(&mut svg, points, At { x: width - MARGIN, ..foot });
    }
    svg.finish()
}

/// A bar of a round length, about a sixth of the drawing.
fn scale_bar(svg: &mut Svg, scale: Scale, at: At) {
    const LENGTHS_M: [f64; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
    let most_m = EXTENT / 6.0 / scale.per_m;
    let length_m = LENGTHS_M.into_iter().rfind(|&length_m| length_m <= most_m).unwrap_or(LENGTHS_M[0]);
    let length = length_m * scale.per_m;
    let (x, y) = (at.x, at.y);
    svg.add(format_args!(
        "<path d=\"M{x:.1},{:.1} v-8 m0,4 h{length:.1} m0,-4 v8\" fill=\"none\" stroke=\"#333\" stroke-width=\"1.5\"/>",
        y + 4.0
    ));
    svg.text(At { x: x + length + 8.0, y: y + 4.5 }, Anchor::Start, 13.0, &format!("{length_m} m"));
}

#[cfg(test)]
#[path = "drawing/tests.rs"]
mod tests;
