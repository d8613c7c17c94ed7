//! What the shipped worlds are for.

use std::path::PathBuf;

use nevil_car::shape::{GRAYSCALE_AHEAD_M, GRAYSCALE_BESIDE_M};

use super::*;
use crate::FOOTPRINT;
use crate::floor::{Floor, LINE_COUNTS};
use crate::geometry::Ray;
use crate::sonar::{CONE_HALF_DEG, ECHO_MAX_M};

fn worlds() -> Vec<(String, World)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../launch/files/worlds");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |file: &PathBuf| file.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut worlds: Vec<_> = files.map(|file| (name(&file), World::read(&file).unwrap())).collect();
    worlds.sort_by(|a, b| a.0.cmp(&b.0));
    worlds
}

fn world(name: &str) -> World {
    worlds().into_iter().find(|(other, _)| other == name).unwrap().1
}

#[test]
fn each_of_them_has_room_to_drive() {
    let areas: Vec<_> =
        worlds().iter().map(|(name, world)| (name.clone(), world.reachable(0.25).area_m2())).collect();
    let names: Vec<_> = areas.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["corridor", "empty_room", "line_course", "living_room", "maze", "table"]);
    assert!(areas.iter().all(|&(_, area_m2)| area_m2 > 2.0), "{areas:?}");
}

/// A car without an echo does not drive, and on a table it cannot turn just anywhere.
#[test]
fn wherever_the_car_is_in_the_small_ones_its_sensor_meets_something() {
    for name in ["maze", "table"] {
        let world = world(name);
        let (shapes, reachable) = (Shapes::of(&world), world.reachable(0.1));
        let places = (0..100).flat_map(|x| (0..100).map(move |y| (f64::from(x) * 0.1, f64::from(y) * 0.1)));
        for (x_m, y_m) in places {
            for heading in (0..360).step_by(15) {
                let pose = Pose { x_m, y_m, heading_rad: f64::from(heading).to_radians() };
                if reachable.cell_at(pose).is_none() {
                    continue;
                }
                let eye = pose.point(FOOTPRINT.ahead_m, 0.0);
                let nearest_m = [-1.0, 0.0, 1.0]
                    .map(|side| pose.heading_rad + side * CONE_HALF_DEG.to_radians())
                    .map(|direction_rad| shapes.cast_m(&Ray::new(eye, direction_rad)));
                let is_met = nearest_m.into_iter().any(|distance_m| distance_m < ECHO_MAX_M);
                assert!(is_met, "{name}: {pose:?}");
            }
        }
    }
}

#[test]
fn the_line_course_is_closed_and_begins_under_the_middle_sensor() {
    let world = world("line_course");
    let line = &world.floor.lines[0].corners_m;
    assert_eq!(line.first(), line.last());
    let floor = Floor::of(&world);
    let counts = |left_m: f64| floor.at(world.start_pose().point(GRAYSCALE_AHEAD_M, left_m)).counts;
    assert_eq!(counts(0.0), LINE_COUNTS);
    assert!(counts(GRAYSCALE_BESIDE_M) > 1000 && counts(-GRAYSCALE_BESIDE_M) > 1000);
}

#[test]
fn the_table_ends_before_the_room_does() {
    let world = world("table");
    let floor = Floor::of(&world);
    assert!(floor.at(Point::new(0.61, 1.4)).is_there && !floor.at(Point::new(0.59, 1.4)).is_there);
    let eye = Ray::new(world.start_pose().point(0.0, 0.0), 0.0);
    assert!(Shapes::of(&world).cast_m(&eye) > 2.0);
}

#[test]
fn the_worlds_of_the_docs_are_worlds() {
    for page in ["reference/world-file.md", "guide/worlds.md"] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
        let text = std::fs::read_to_string(path).unwrap();
        let blocks = text.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next());
        let worlds: Vec<_> = blocks.filter(|block| block.starts_with("size:")).collect();
        assert_eq!(worlds.len(), 1, "{page}");
        World::parse(page, worlds[0]).unwrap();
    }
}

#[test]
fn the_docs_name_every_colour() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/world-file.md");
    let text = std::fs::read_to_string(path).unwrap();
    for name in Colour::names() {
        assert!(text.contains(&format!("`{name}`")), "{name}");
    }
}
