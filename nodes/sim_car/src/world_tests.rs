use super::*;

fn room() -> World {
    World {
        size: Size { width_m: 5.0, depth_m: 4.0 },
        walls: vec![Wall {
            name: "walls".to_owned(),
            corners_m: vec![[0.0, 0.0], [5.0, 0.0], [5.0, 4.0], [0.0, 4.0], [0.0, 0.0]],
        }],
        objects: Vec::new(),
        start: Start { x_m: 1.0, y_m: 1.0, heading_deg: 0.0 },
    }
}

fn crate_at(x_m: f64, y_m: f64, width_m: f64) -> Object {
    Object::Box(Rectangle {
        name: "crate".to_owned(),
        x_m,
        y_m,
        width_m,
        depth_m: width_m,
        heading_deg: 45.0,
    })
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
    world.walls.push(Wall { name: "partition".to_owned(), corners_m: vec![[1.1, 0.0], [1.1, 2.0]] });
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
    world.objects.push(Object::Circle(Circle { name: "pot".to_owned(), x_m: 3.0, y_m: 1.0, radius_m: 0.25 }));
    let shapes = Shapes::of(&world);
    let cast_m = |direction_rad: f64| shapes.cast_m(&Ray::new(Point::new(1.0, 1.0), direction_rad));
    assert!((cast_m(0.0) - 1.75).abs() < 1e-9);
    assert!((cast_m(std::f64::consts::FRAC_PI_2) - 3.0).abs() < 1e-9);
}
