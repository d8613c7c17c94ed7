//! Floor, walls and things.

use nevil_node_sim_car::{Colour, FloorPlan, Object, Point, Wall, World};

use super::svg::{Anchor, At, Svg, escaped, ink, tint};
use super::{MARGIN, Scale};

/// Width of a letter of a name, as a share of its size.
const LETTER: f64 = 0.55;

/// Size of names, in pixels.
const NAME: f64 = 12.0;

/// The floor, and what is on it.
pub(super) fn floor(svg: &mut Svg, scale: Scale, world: &World) {
    let FloorPlan { colour, lines, tables, .. } = &world.floor;
    let (width_m, depth_m) = (world.size.width_m, world.size.depth_m);
    let whole = [[0.0, 0.0], [width_m, 0.0], [width_m, depth_m], [0.0, depth_m]];
    let paint = |colour: Colour| format!("fill=\"{}\"", ink(colour));
    let inside = tint(*colour, if tables.is_empty() { 0.6 } else { 0.3 });
    // What is enclosed by a wall is the room; where none is, all of it.
    let rooms = world.walls.iter().filter(|wall| is_closed(wall)).max_by(|a, b| area(a).total_cmp(&area(b)));
    let outline = rooms.map_or(&whole[..], |wall| &wall.corners_m);
    svg.polygon(scale.corners(outline), &paint(inside));
    for table in tables {
        svg.polygon(
            scale.corners(&table.corners_m).map(|at| At { x: at.x + 4.0, y: at.y + 6.0 }),
            "fill=\"#000\" fill-opacity=\"0.25\"",
        );
        let edge = "stroke=\"#6b4a26\" stroke-width=\"3\" stroke-linejoin=\"round\"";
        svg.polygon(scale.corners(&table.corners_m), &format!("{} {edge}", paint(tint(table.colour, 0.55))));
    }
    // Within the room alone.
    svg.add(format_args!("<clipPath id=\"room\">"));
    svg.polygon(scale.corners(outline), "");
    svg.add(format_args!("</clipPath><g clip-path=\"url(#room)\">"));
    grid(svg, scale, width_m, depth_m);
    svg.add(format_args!("</g>"));
    for line in lines {
        let width = line.width_m * scale.per_m;
        let pen = format!(
            "stroke=\"{}\" stroke-width=\"{width:.1}\" stroke-linejoin=\"round\" stroke-linecap=\"round\"",
            ink(line.colour)
        );
        svg.line(scale.corners(&line.corners_m), &pen);
    }
}

/// A line for each metre, hardly to be seen.
fn grid(svg: &mut Svg, scale: Scale, width_m: f64, depth_m: f64) {
    let pen = "stroke=\"#000\" stroke-opacity=\"0.06\"";
    let each = if width_m.max(depth_m) > 20.0 { 10 } else { 1 };
    let lines = |extent_m: f64| {
        (1..).map(move |index| f64::from(index * each)).take_while(move |at_m| *at_m < extent_m)
    };
    for x_m in lines(width_m) {
        svg.line([Point::new(x_m, 0.0), Point::new(x_m, depth_m)].map(|point| scale.at(point)), pen);
    }
    for y_m in lines(depth_m) {
        svg.line([Point::new(0.0, y_m), Point::new(width_m, y_m)].map(|point| scale.at(point)), pen);
    }
}

/// The things that stand there.
pub(super) fn things(svg: &mut Svg, scale: Scale, world: &World) {
    for object in &world.objects {
        match object {
            Object::Circle(it) => {
                let At { x, y } = scale.at(Point::new(it.x_m, it.y_m));
                svg.add(format_args!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{:.1}\" {}><title>{}</title></circle>",
                    (it.radius_m * scale.per_m).max(1.5),
                    look(it.colour),
                    escaped(&it.name)
                ));
            }
            Object::Box(it) => svg.polygon(it.corners().map(|corner| scale.at(corner)), &look(it.colour)),
        }
    }
}

fn look(colour: Colour) -> String {
    format!(
        "fill=\"{}\" stroke=\"{}\" stroke-width=\"1.5\" stroke-linejoin=\"round\"",
        ink(tint(colour, 0.35)),
        ink(colour.shaded(0.7))
    )
}

/// The walls, over all else that stands there.
pub(super) fn walls(svg: &mut Svg, scale: Scale, world: &World) {
    for wall in &world.walls {
        let pen = |colour: &str, width: f64| {
            format!(
                "stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linejoin=\"round\" stroke-linecap=\"round\""
            )
        };
        svg.line(scale.corners(&wall.corners_m), &pen("#3c3f44", 6.0));
        let Colour { red, green, blue } = wall.colour;
        // A bright wall is only its outline; a coloured one shows what it is.
        if red.max(green).max(blue) - red.min(green).min(blue) > 60 {
            svg.line(scale.corners(&wall.corners_m), &pen(&ink(wall.colour), 3.0));
        }
    }
}

/// The names of things, where there is room for them.
pub(super) fn names(svg: &mut Svg, scale: Scale, world: &World) {
    for object in &world.objects {
        let (name, middle, across, up) = match object {
            Object::Circle(it) => {
                let across = 2.0 * it.radius_m * scale.per_m;
                (&it.name, Point::new(it.x_m, it.y_m), across, across)
            }
            Object::Box(it) => {
                let corners = it.corners().map(|corner| scale.at(corner));
                let extent = |of: fn(&At) -> f64| {
                    let values = corners.iter().map(of);
                    values.clone().fold(f64::MIN, f64::max) - values.fold(f64::MAX, f64::min)
                };
                (&it.name, Point::new(it.x_m, it.y_m), extent(|at| at.x), extent(|at| at.y))
            }
        };
        let (At { x, y }, length) = (scale.at(middle), name.chars().count() as f64 * NAME * LETTER);
        if across.max(up) < 20.0 {
            continue;
        }
        // Within the drawing, whatever is at its border.
        let right = MARGIN + world.size.width_m * scale.per_m;
        let x = x.max(MARGIN + length / 2.0 + 4.0).min(right - length / 2.0 - 4.0);
        svg.text(At { x, y: y + NAME / 3.0 }, Anchor::Middle, NAME, name);
    }
}

fn is_closed(wall: &Wall) -> bool {
    wall.corners_m.len() > 3 && wall.corners_m.first() == wall.corners_m.last()
}

/// Twice the area within a closed wall.
fn area(wall: &Wall) -> f64 {
    let pieces = wall.corners_m.windows(2);
    pieces.map(|pair| pair[0][0] * pair[1][1] - pair[1][0] * pair[0][1]).sum::<f64>().abs()
}
