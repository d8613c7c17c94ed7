use nevil_node_sim_car::{Circle, Object, Size, Start, Table, Tape, Wall};

use super::*;

fn room() -> World {
    let size = Size { width_m: 4.0, depth_m: 2.0 };
    let mut world = World::new(size, Start { x_m: 1.0, y_m: 1.0, heading_deg: 0.0 });
    world.walls.push(Wall::new("walls", vec![[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [0.0, 2.0], [0.0, 0.0]]));
    world
}

fn point(time_s: f64, x_m: f64, touches: f64, falls: f64) -> TrackPoint {
    let (heading_rad, speed_mps) = (Some(0.0), None);
    TrackPoint { x_m, y_m: 1.0, time_s: Some(time_s), heading_rad, speed_mps, touches, falls }
}

#[test]
fn a_metre_is_as_long_as_the_scale_says_and_up_is_up() {
    let svg = draw("room", &room(), None);
    // 4 m are 840 pixels; the upper left corner is below the head line.
    assert!(svg.contains("points=\"40.0,494.0 880.0,494.0 880.0,74.0 40.0,74.0 40.0,494.0\""), "{svg}");
    assert!(svg.contains(">0.5 m</text>") && svg.contains("h105.0"), "{svg}");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
}

#[test]
fn all_that_is_in_a_world_is_on_its_drawing() {
    let mut world = room();
    world.floor.lines.push(Tape::new("course", vec![[0.5, 0.5], [1.5, 0.5]]));
    world.floor.tables.push(Table::new("desk", vec![[0.1, 0.1], [3.0, 0.1], [3.0, 1.9], [0.1, 1.9]]));
    world.objects.push(Object::Circle(Circle::new("pot <1>", Point::new(3.0, 1.0), 0.2)));
    let svg = draw("a & b", &world, None);
    for part in [
        ">a &amp; b</text>",
        "145.0,389.0 355.0,389.0",
        "stroke-width=\"5.2\"",
        "61.0,473.0 670.0,473.0",
        "<circle cx=\"670.0\" cy=\"284.0\" r=\"42.0\"",
        ">pot &lt;1&gt;</text>",
        ">start</text>",
    ] {
        assert!(svg.contains(part), "{part}\n{svg}");
    }
}

#[test]
fn a_track_is_drawn_with_its_ends_and_each_touch_and_fall() {
    let points = [
        point(0.0, 1.0, 0.0, 0.0),
        point(60.0, 2.0, 0.0, 0.0),
        point(90.0, 2.5, 1.0, 0.0),
        point(95.0, 2.5, 1.0, 0.0),
        point(150.0, 3.0, 2.0, 1.0),
    ];
    let svg = draw("room", &room(), Some(&points));
    let count = |part: &str| svg.matches(part).count();
    assert_eq!((count("<title>touch</title>"), count("<title>fall</title>")), (2, 1));
    assert_eq!((count(">start</text>"), count(">end</text>")), (1, 1));
    assert!(svg.contains(">2.0 m, 2 touches, 1 fall</text>"), "{svg}");
    assert!(svg.contains(">2 min 30 s</text>"), "{svg}");
    // The first piece lasts until the next point.
    assert!(svg.contains("points=\"250.0,284.0 460.0,284.0\""), "{svg}");
}

#[test]
fn a_track_of_one_point_and_one_without_times_or_headings_are_drawn_too() {
    let bare = TrackPoint { x_m: 1.0, y_m: 1.0, ..TrackPoint::default() };
    let svg = draw("room", &room(), Some(&[bare]));
    assert!(svg.contains(">start</text>") && svg.contains("0.0 m, 0 touches, 0 falls"));
    let far = TrackPoint { x_m: 3.0, ..bare };
    let svg = draw("room", &room(), Some(&[bare, far]));
    assert!(svg.contains("points=\"250.0,284.0 670.0,284.0\"") && !svg.contains("NaN"), "{svg}");
}
