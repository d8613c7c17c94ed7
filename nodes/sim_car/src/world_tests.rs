use super::*;
use crate::geometry::Ray;

fn room() -> World {
    let mut world =
        World::new(Size { width_m: 5.0, depth_m: 4.0 }, Start { x_m: 1.0, y_m: 1.0, heading_deg: 0.0 });
    world.walls = vec![Wall::new("walls", vec![[0.0, 0.0], [5.0, 0.0], [5.0, 4.0], [0.0, 4.0], [0.0, 0.0]])];
    world
}

fn crate_at(x_m: f64, y_m: f64, width_m: f64) -> Object {
    let middle = Pose { x_m, y_m, heading_rad: std::f64::consts::FRAC_PI_4 };
    Object::Box(Rectangle::new("crate", middle, Size { width_m, depth_m: width_m }))
}

fn text_of(world: &World) -> String {
    world.validate().unwrap_err().to_string()
}

#[test]
fn a_room_is_accepted_and_its_walls_need_not_close() {
    assert_eq!(room().validate(), Ok(()));
    let mut open = room();
    open.walls[0].corners_m.truncate(2);
    assert_eq!(open.validate(), Ok(()));
    open.walls.clear();
    assert_eq!(open.validate(), Ok(()));
}

#[test]
fn a_size_outside_its_limits_is_refused() {
    let mut world = room();
    world.size.width_m = 100.5;
    assert_eq!(text_of(&world), "size.width_m: is 100.5 m, 0.5 to 100 m are allowed");
    world.size = Size { width_m: 5.0, depth_m: f64::NAN };
    assert_eq!(text_of(&world), "size.depth_m: is NaN m, 0.5 to 100 m are allowed");
}

#[test]
fn a_degenerate_wall_is_refused_by_the_number_of_its_corner() {
    let mut world = room();
    world.walls[0].corners_m[2] = [5.0, 0.0];
    assert_eq!(text_of(&world), "wall `walls`: corners 2 and 3 are at the same place; leave one out");
    world.walls[0].corners_m.truncate(1);
    assert_eq!(text_of(&world), "wall `walls` has 1 corners, at least 2 are needed");
}

#[test]
fn what_lies_outside_the_floor_is_refused() {
    let mut world = room();
    world.objects.push(crate_at(4.9, 2.0, 0.5));
    assert!(text_of(&world).starts_with("`crate` reaches [5.25"), "{}", text_of(&world));
    let mut world = room();
    world.walls[0].corners_m[1] = [f64::NAN, 0.0];
    assert_eq!(
        text_of(&world),
        "`walls` reaches [NaN, 0], outside the floor of 5 m by 4 m; enlarge `size` or move it"
    );
}

#[test]
fn an_object_without_extent_is_refused() {
    let mut world = room();
    world.objects.push(crate_at(2.0, 2.0, 0.0));
    assert_eq!(text_of(&world), "object `crate`: width_m is 0 m, at least 0.001 m is needed");
}

#[test]
fn a_start_in_a_wall_or_deep_inside_a_box_is_refused() {
    let mut world = room();
    world.start.x_m = 4.9;
    assert!(text_of(&world).starts_with("`start` reaches"), "{}", text_of(&world));
    world.start = Start { x_m: 1.0, y_m: 1.0, heading_deg: 0.0 };
    world.walls.push(Wall::new("partition", vec![[1.1, 0.0], [1.1, 2.0]]));
    assert_eq!(
        text_of(&world),
        "start: the car touches `partition` there; move the start by at least half a car's length"
    );
    let mut world = room();
    world.objects.push(crate_at(1.0, 1.0, 1.2));
    assert!(text_of(&world).starts_with("start: the car touches `crate`"));
}

#[test]
fn more_shapes_than_a_reading_can_look_at_are_refused() {
    let mut world = room();
    world.objects = vec![crate_at(3.0, 3.0, 0.1); 127];
    assert_eq!(world.validate(), Ok(()));
    world.objects.push(crate_at(3.0, 3.0, 0.1));
    assert_eq!(
        text_of(&world),
        "the world has 516 pieces of wall and objects, at most 512 are allowed (a box counts as 4)"
    );
}

#[test]
fn an_unknown_key_is_refused() {
    let text = r#"{"size": {"width_m": 2.0, "depth_m": 1.0, "height_m": 1.0},
                   "start": {"x_m": 0.5, "y_m": 0.5, "heading_deg": 0.0}}"#;
    let problem = serde_json::from_str::<World>(text).unwrap_err().to_string();
    assert!(problem.starts_with("unknown field `height_m`, expected `width_m` or `depth_m`"), "{problem}");
}

#[test]
fn a_ray_meets_the_nearest_of_all_shapes() {
    let mut world = room();
    world.objects.push(Object::Circle(Circle::new("pot", Point::new(3.0, 1.0), 0.25)));
    let shapes = Shapes::of(&world);
    let cast_m = |direction_rad: f64| shapes.cast_m(&Ray::new(Point::new(1.0, 1.0), direction_rad));
    assert!((cast_m(0.0) - 1.75).abs() < 1e-9);
    assert!((cast_m(std::f64::consts::FRAC_PI_2) - 3.0).abs() < 1e-9);
}

fn with_line(corners_m: Vec<[f64; 2]>) -> World {
    let mut world = room();
    world.floor.lines.push(Tape::new("course", corners_m));
    world
}

fn on_table(corners_m: Vec<[f64; 2]>) -> World {
    let mut world = room();
    world.floor.tables.push(Table::new("desk", corners_m));
    world
}

#[test]
fn a_line_without_pieces_or_out_of_its_width_is_refused() {
    assert_eq!(with_line(vec![[1.0, 1.0], [2.0, 1.0]]).validate(), Ok(()));
    assert_eq!(text_of(&with_line(vec![])), "line `course` has 0 corners, at least 2 are needed");
    assert_eq!(
        text_of(&with_line(vec![[1.0, 1.0], [1.0, 1.0]])),
        "line `course`: corners 1 and 2 are at the same place; leave one out"
    );
    assert!(
        text_of(&with_line(vec![[1.0, 1.0], [1.0, 5.0]])).starts_with("`course` reaches [1, 5], outside")
    );
    let mut world = with_line(vec![[1.0, 1.0], [2.0, 1.0]]);
    world.floor.lines[0].width_m = 0.004;
    assert_eq!(text_of(&world), "line `course`: width_m is 0.004 m, 0.005 to 1 m are allowed");
}

#[test]
fn a_table_without_extent_or_that_crosses_itself_is_refused() {
    assert_eq!(on_table(vec![[0.5, 0.5], [2.0, 0.5], [2.0, 2.0], [0.5, 2.0]]).validate(), Ok(()));
    assert_eq!(
        text_of(&on_table(vec![[0.5, 0.5], [2.0, 0.5]])),
        "table `desk` has 2 corners, at least 3 are needed"
    );
    assert_eq!(
        text_of(&on_table(vec![[0.5, 0.5], [2.0, 0.5], [2.0, 2.0], [0.5, 0.5]])),
        "table `desk`: corners 4 and 1 are at the same place; leave one out"
    );
    assert_eq!(
        text_of(&on_table(vec![[0.5, 0.5], [2.0, 2.0], [2.0, 0.5], [0.5, 2.0]])),
        "table `desk`: the sides that begin at corners 1 and 3 meet; give the corners in their order around the table"
    );
    let mut world = on_table(vec![[0.5, 0.5], [2.0, 0.5], [2.0, 2.0], [0.5, 2.0]]);
    world.floor.drop_m = 0.0;
    assert_eq!(text_of(&world), "floor: drop_m is 0 m, 0.01 to 10 m are allowed");
}

#[test]
fn a_start_with_a_wheel_beside_the_table_is_refused() {
    let beside = on_table(vec![[0.5, 0.97], [2.0, 0.97], [2.0, 2.0], [0.5, 2.0]]);
    assert_eq!(
        text_of(&beside),
        "start: the right rear wheel stands at [1.000, 0.940], where no table is; move the start onto one"
    );
    let behind = on_table(vec![[0.5, 0.5], [1.05, 0.5], [1.05, 2.0], [0.5, 2.0]]);
    assert!(text_of(&behind).starts_with("start: the left front wheel stands at [1.094, 1.060], "));
}

#[test]
fn more_pieces_of_floor_than_a_reading_can_look_at_are_refused() {
    let zigzag = |pieces: u32| (0..=pieces).map(|index| [1.0 + f64::from(index % 2), 3.0]).collect();
    assert_eq!(with_line(zigzag(1024)).validate(), Ok(()));
    assert_eq!(
        text_of(&with_line(zigzag(1025))),
        "the floor has 1025 pieces of lines and edges of tables, at most 1024 are allowed"
    );
}

#[test]
fn a_height_outside_its_limits_is_refused() {
    let mut world = room();
    world.walls[0].height_m = 10.5;
    assert_eq!(text_of(&world), "wall `walls`: height_m is 10.5 m, 0.01 to 10 m are allowed");
    let mut world = room();
    let mut pot = Circle::new("pot", Point::new(3.0, 1.0), 0.25);
    pot.height_m = f64::NAN;
    world.objects.push(Object::Circle(pot));
    assert_eq!(text_of(&world), "object `pot`: height_m is NaN m, 0.01 to 10 m are allowed");
}

#[test]
fn what_a_file_leaves_out_has_its_usual_value() {
    let text = "size: { width_m: 5, depth_m: 4 }\nfloor: { lines: [{ name: course, corners_m: [[1, 1], [2, 1]] }] }\n\
        walls: [{ name: walls, corners_m: [[0, 0], [5, 0], [5, 4], [0, 4], [0, 0]] }]\n\
        start: { x_m: 1, y_m: 1, heading_deg: 0 }\n";
    assert_eq!(World::parse("room.yaml", text).unwrap(), with_line(vec![[1.0, 1.0], [2.0, 1.0]]));
}

#[test]
fn a_wrong_file_is_told_by_its_name_and_place() {
    let wrong = |text: &str| World::parse("room.yaml", text).unwrap_err().to_string();
    let start = "start: { x_m: 1, y_m: 1, heading_deg: 0 }\n";
    let size = "size: { width_m: 5, depth_m: 4 }\n";
    let colour = wrong(&format!("{size}{start}floor: {{ colour: gren }}\n"));
    assert!(
        colour.starts_with("room.yaml:3:18: floor.colour: unknown colour `gren`, did you mean `green`?"),
        "{colour}"
    );
    let key = wrong(&format!("{size}{start}floor: {{ linse: [] }}\n"));
    assert!(key.starts_with("room.yaml:3:10: floor: unknown key `linse`, did you mean `lines`?"), "{key}");
    assert_eq!(
        wrong(&format!("size: {{ width_m: 0, depth_m: 4 }}\n{start}")),
        "room.yaml: size.width_m: is 0 m, 0.5 to 100 m are allowed"
    );
}
