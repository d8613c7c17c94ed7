//! Where the car was.

use nevil_node_sim_car::{Colour, FOOTPRINT, Point, Pose};

use super::Scale;
use super::svg::{Anchor, At, Svg, ink};
use super::track::{Summary, TrackPoint, summary};

/// Colours of the way from its beginning to its end; each differs from its neighbours in brightness too.
const COLOURS: [u32; 5] = [0x352a87, 0x1464d2, 0x06a4ca, 0x7dbf5c, 0xf0b400];

/// Pieces of the way that have a colour of their own.
const PIECES: usize = 100;

/// A point nearer than this to the last one that was drawn is left out, in pixels.
const STEP: f64 = 1.5;

/// Crosses of touches and falls that are drawn; more could not be told apart.
const EVENTS_MAX: usize = 500;

/// The line of the way, in the colours of its time.
pub(super) fn way(svg: &mut Svg, scale: Scale, points: &[TrackPoint]) {
    let shares = shares(points);
    let mut kept: Vec<(f64, At)> = Vec::new();
    for (index, point) in points.iter().enumerate() {
        let at = place(scale, point);
        let is_far = kept.last().is_none_or(|(_, last)| (at.x - last.x).hypot(at.y - last.y) >= STEP);
        if is_far || index + 1 == points.len() {
            kept.push((shares[index], at));
        }
    }
    let mut from = 0;
    while from + 1 < kept.len() {
        let piece = |index: usize| (kept[index].0 * PIECES as f64) as usize;
        let to = (from + 1..kept.len()).find(|&to| piece(to) != piece(from)).unwrap_or(kept.len() - 1);
        let pen = format!(
            "stroke=\"{}\" stroke-width=\"2.5\" stroke-opacity=\"0.85\" stroke-linejoin=\"round\" stroke-linecap=\"round\"",
            ink(colour(kept[from].0))
        );
        svg.line(kept[from..=to].iter().map(|(_, at)| *at), &pen);
        from = to;
    }
}

/// The car at both ends, and what went wrong between them.
pub(super) fn events(svg: &mut Svg, scale: Scale, points: &[TrackPoint]) {
    let (first, last) = (points[0], points[points.len() - 1]);
    let pose = |point: TrackPoint| {
        let TrackPoint { x_m, y_m, .. } = point;
        point.heading_rad.map(|heading_rad| Pose { x_m, y_m, heading_rad })
    };
    for (point, colour, name) in [(first, "#2f8f4e", "start"), (last, "#d07a00", "end")] {
        match pose(point) {
            Some(pose) => car(svg, scale, pose, colour, name),
            None => dot(svg, place(scale, &point), colour, name),
        }
    }
    let mut drawn = 0;
    for pair in points.windows(2) {
        let at = place(scale, &pair[1]);
        let events = [(pair[1].touches > pair[0].touches, "touch"), (pair[1].falls > pair[0].falls, "fall")];
        for (_, name) in events.into_iter().filter(|(happened, _)| *happened) {
            if drawn == EVENTS_MAX {
                return;
            }
            drawn += 1;
            wrong(svg, at, name);
        }
    }
}

/// What went wrong: a red cross with a ring, for a fall a filled one.
fn wrong(svg: &mut Svg, At { x, y }: At, name: &str) {
    let fill = if name == "fall" { "#d01818" } else { "#fff" };
    let cross = if name == "fall" { "#fff" } else { "#d01818" };
    svg.add(format_args!(
        "<g><title>{name}</title><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"8\" fill=\"{fill}\" fill-opacity=\"0.9\" stroke=\"#d01818\" \
         stroke-width=\"2\"/><path d=\"M{:.1},{:.1} l7,7 m0,-7 l-7,7\" stroke=\"{cross}\" stroke-width=\"2.2\"/></g>",
        x - 3.5,
        y - 3.5
    ));
}

/// The outline of a car, with an arrow where it looks.
pub(super) fn car(svg: &mut Svg, scale: Scale, pose: Pose, colour: &str, name: &str) {
    let outline = FOOTPRINT.corners(pose).map(|corner| scale.at(corner));
    svg.polygon(
        outline,
        &format!("fill=\"{colour}\" fill-opacity=\"0.35\" stroke=\"{colour}\" stroke-width=\"2\" stroke-linejoin=\"round\""),
    );
    let arrow = [(0.16, 0.0), (0.03, 0.045), (0.06, 0.0), (0.03, -0.045)];
    svg.polygon(
        arrow.map(|(ahead_m, left_m)| scale.at(pose.point(ahead_m, left_m))),
        &format!("fill=\"{colour}\""),
    );
    let At { x, y } = scale.at(pose.point(0.06, 0.0));
    // Below it, far enough whichever way it looks.
    svg.text(At { x, y: y + FOOTPRINT.reach_m() * scale.per_m + 8.0 }, Anchor::Middle, 12.0, name);
}

fn dot(svg: &mut Svg, At { x, y }: At, colour: &str, name: &str) {
    svg.add(format_args!(
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\" fill=\"{colour}\" stroke=\"#fff\" stroke-width=\"2\"/>"
    ));
    svg.text(At { x, y: y + 20.0 }, Anchor::Middle, 12.0, name);
}

/// What the colours mean, and the track in numbers; its right end is at `at`.
pub(super) fn legend(svg: &mut Svg, points: &[TrackPoint], at: At) {
    const WIDTH: f64 = 130.0;
    let Summary { way_m, time_s, touches, falls } = summary(points);
    let times =
        |count: u64, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
    let end = time_s.map_or("end".to_owned(), duration);
    svg.text(At { x: at.x, y: at.y + 4.5 }, Anchor::End, 13.0, &end);
    let right = at.x - 8.0 - end.chars().count() as f64 * 7.5;
    for step in 0..26_u32 {
        let share = f64::from(step) / 25.0;
        svg.add(format_args!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"8\" fill=\"{}\"/>",
            right - WIDTH + share * WIDTH * 25.0 / 26.0,
            at.y - 4.0,
            WIDTH / 26.0 + 0.5,
            ink(colour(share))
        ));
    }
    let words =
        format!("{way_m:.1} m, {}, {}", times(touches, "touch", "touches"), times(falls, "fall", "falls"));
    let (x, y) = (right - WIDTH - 8.0, at.y + 4.5);
    svg.text(At { x, y }, Anchor::End, 13.0, if time_s.is_some() { "0 s" } else { "start" });
    svg.text(At { x: x - 48.0, y }, Anchor::End, 13.0, &words);
}

/// `seconds` as people say it.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.0} s"),
        _ => format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), (seconds % 60.0).floor()),
    }
}

fn place(scale: Scale, point: &TrackPoint) -> At {
    scale.at(Point::new(point.x_m, point.y_m))
}

/// How much of the whole time has passed at each point; without times, of the points.
fn shares(points: &[TrackPoint]) -> Vec<f64> {
    let last = points[points.len() - 1].time_s.filter(|&end_s| end_s > 0.0);
    let share = |(index, point): (usize, &TrackPoint)| match (point.time_s, last) {
        (Some(time_s), Some(end_s)) => (time_s / end_s).clamp(0.0, 1.0),
        _ => index as f64 / points.len() as f64,
    };
    points.iter().enumerate().map(share).collect()
}

fn colour(share: f64) -> Colour {
    let at = share.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f64;
    let index = (at as usize).min(COLOURS.len() - 2);
    let (a, b) = (Colour::rgb(COLOURS[index]), Colour::rgb(COLOURS[index + 1]));
    let blend =
        |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * (at - index as f64)).round() as u8;
    Colour { red: blend(a.red, b.red), green: blend(a.green, b.green), blue: blend(a.blue, b.blue) }
}
