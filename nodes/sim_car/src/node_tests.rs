use std::collections::BTreeSet;
use std::sync::Mutex;

use nevil_runtime::testing::TestNode;
use nevil_runtime::{Clock, Environment, NodeSpec, NodeTypes, SimulatedRobot};

use super::*;

const WORLD: &str =
    concat!("world: ", env!("CARGO_MANIFEST_DIR"), "/../../launch/files/worlds/empty_room.yaml");
const MS: Duration = Duration::from_millis(1);

fn last(car: &mut TestNode<SimCar>) -> CarState {
    *car.take(topics::CAR_STATE).unwrap().last().unwrap()
}

fn speed(car: &mut TestNode<SimCar>) -> f64 {
    last(car).speed_mps
}

/// Drives straight ahead for two seconds.
fn drive(car: &mut TestNode<SimCar>, speed_mps: f32) {
    for _ in 0..20 {
        car.publish(topics::DRIVE, Drive { speed_mps, steering_rad: 0.0, valid_for_ms: 200 }).unwrap();
        car.advance(100 * MS);
    }
}

#[test]
fn the_car_obeys_a_command_until_it_expires_and_then_stops() {
    let mut car = TestNode::<SimCar>::start(WORLD).unwrap();
    car.publish(topics::DRIVE, Drive { speed_mps: 0.3, steering_rad: 0.0, valid_for_ms: 500 }).unwrap();
    car.advance(500 * MS);
    assert!(speed(&mut car) > 0.28);
    car.advance(1000 * MS);
    assert!(speed(&mut car) < 0.01);
    let wheels = &car.status().actuators[0];
    assert_eq!((&*wheels.name, wheels.expired), ("node/wheels", 1));
    assert_eq!(car.calls("on_drive").ok, 1, "by the name under which `nevil breaker` finds it");
    assert!(car.stop().is_empty());
}

#[test]
fn a_command_that_is_older_than_its_validity_moves_nothing() {
    let mut car = TestNode::<SimCar>::start(WORLD).unwrap();
    car.publish(topics::DRIVE, Drive { speed_mps: 0.3, steering_rad: 0.0, valid_for_ms: 0 }).unwrap();
    car.advance(500 * MS);
    assert_eq!(car.status().actuators[0].commands, 0);
}

#[test]
fn the_sensor_measures_ten_times_a_second_and_its_distance_shrinks_as_the_car_drives() {
    let mut car = TestNode::<SimCar>::start(&format!("{WORLD}\ndropout_share: 0")).unwrap();
    car.advance(1000 * MS);
    let before = car.take(topics::RANGE).unwrap();
    assert_eq!(before.len(), 10, "the one of the last moment is still on its way");
    drive(&mut car, 0.3);
    let after = car.take(topics::RANGE).unwrap();
    let (first, last) = (before.last().unwrap(), after.last().unwrap());
    assert!(last.distance_m < first.distance_m - 0.4, "{first:?} {last:?}");
}

#[test]
fn floor_and_battery_are_measured() {
    let mut car = TestNode::<SimCar>::start(WORLD).unwrap();
    car.advance(1000 * MS);
    let floor = car.take(topics::GRAYSCALE).unwrap();
    assert_eq!(floor.len(), 21);
    for Grayscale { left, middle, right } in floor {
        assert!(
            [left, middle, right].iter().all(|counts| (1400..1600).contains(counts)),
            "{left} {middle} {right}"
        );
    }
    let battery_v = car.take(topics::BATTERY).unwrap().last().unwrap().voltage_v;
    assert!((battery_v - 7.6).abs() < 0.03, "{battery_v}");
}

#[test]
fn the_camera_looks_where_it_is_told() {
    let mut car = TestNode::<SimCar>::start(WORLD).unwrap();
    car.publish(topics::LOOK, Look { pan_rad: 0.5, tilt_rad: -0.2 }).unwrap();
    car.advance(500 * MS);
    let CarState { pan_rad, tilt_rad, .. } = last(&mut car);
    assert!((pan_rad - 0.5).abs() < 0.01 && (tilt_rad + 0.2).abs() < 0.01, "{pan_rad} {tilt_rad}");
}

#[test]
fn each_picture_of_the_camera_is_in_its_ring_and_announced() {
    let mut car = TestNode::<SimCar>::start(&format!("{WORLD}\ncamera_hz: 10")).unwrap();
    car.advance(1000 * MS);
    let announced = car.take(topics::CAMERA).unwrap();
    assert_eq!(announced.len(), 11);
    assert_eq!(announced[10].captured_ns - announced[0].captured_ns, 1_000_000_000);
    let status = car.status();
    let ring = &status.rings[0];
    assert_eq!((&*ring.name, ring.published, announced[10].block), ("camera", 11, 10));
    assert_eq!(announced[0].values as usize, crate::PICTURE_BYTES);
}

/// Colours that were seen in the last picture.
static SEEN: Mutex<BTreeSet<[u8; 3]>> = Mutex::new(BTreeSet::new());

/// Looks at each picture.
struct Viewer {
    pictures: RingInput<u8>,
    pixels: Vec<u8>,
}

impl Node for Viewer {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(topics::CAMERA, Self::on_picture)?;
        let pictures = setup.ring_reader("camera", Start::Now)?;
        Ok(Self { pictures, pixels: vec![0; crate::PICTURE_BYTES] })
    }
}

impl Viewer {
    fn on_picture(&mut self, picture: &Received<BlockRef>, _: &Context) -> NodeResult {
        self.pictures.read_block(picture, &mut self.pixels)?;
        let pixels = self.pixels.chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]);
        *SEEN.lock().unwrap() = pixels.collect();
        Ok(())
    }
}

#[test]
fn a_node_sees_the_room_in_the_pictures() {
    let types = NodeTypes::new().with::<SimCar>("sim_car").with::<Viewer>("viewer");
    let mut car = NodeSpec::new("sim_car", types.get("sim_car").unwrap().clone());
    car.params = Value::parse_yaml("params", &format!("{WORLD}\ncamera_hz: 10")).unwrap();
    let viewer = NodeSpec::new("viewer", types.get("viewer").unwrap().clone());
    let environment = Environment::new(Clock::simulated(), 1);
    let mut robot = SimulatedRobot::configure(vec![car, viewer], environment).unwrap();
    robot.activate().unwrap();
    robot.run_for(250 * MS).unwrap();
    assert!(robot.stop().is_empty());
    let colours = SEEN.lock().unwrap().len();
    assert!(colours > 10, "floor, walls and ceiling, nearer and farther: {colours}");
}

#[test]
fn without_a_rate_there_is_no_camera() {
    let mut car = TestNode::<SimCar>::start(WORLD).unwrap();
    car.advance(100 * MS);
    assert!(car.status().rings.is_empty());
}

#[test]
fn a_typical_car_drives_a_curve_until_it_is_calibrated() {
    let file = std::env::temp_dir().join(format!("nevil-calibration-{}.yaml", std::process::id()));
    std::fs::write(&file, "{ made: by a test, steering_deg: 35.3, pan_deg: -4, tilt_deg: 6 }").unwrap();
    let turned_rad = |params: &str| {
        let mut car = TestNode::<SimCar>::start(&format!("{WORLD}\nflaws: typical\n{params}")).unwrap();
        drive(&mut car, 0.3);
        let states = car.take(topics::CAR_STATE).unwrap();
        (states.last().unwrap().heading_rad - states[0].heading_rad).abs()
    };
    assert!(turned_rad("") > 1.0);
    let calibrated_rad = turned_rad(&format!("calibration: {}", file.display()));
    assert!(calibrated_rad < 0.1, "{calibrated_rad}");
    std::fs::remove_file(file).unwrap();
}

#[test]
fn the_way_of_the_car_is_written_down_ten_times_a_second() {
    let file = std::env::temp_dir().join(format!("nevil-track-{}.csv", std::process::id()));
    let mut car = TestNode::<SimCar>::start(&format!("{WORLD}\ntrack: {}", file.display())).unwrap();
    drive(&mut car, 0.3);
    assert!(car.stop().is_empty());
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|number| number.parse().unwrap()).collect())
        .collect();
    assert_eq!(text.lines().next(), Some("time_s,x_m,y_m,heading_rad,speed_mps,touches,falls"));
    assert_eq!(rows.len(), 21, "{text}");
    assert_eq!((rows[0][0], rows[20][0]), (0.0, 2.0));
    let way_m = (rows[20][1] - rows[0][1]).hypot(rows[20][2] - rows[0][2]);
    assert!((way_m - 0.57).abs() < 0.05, "{text}");
}

#[test]
fn the_track_of_a_car_that_is_started_again_is_beside_that_of_the_first_one() {
    let folder = std::env::temp_dir().join(format!("nevil-tracks-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let params = format!("{WORLD}\ntrack: {}", folder.join("way.csv").display());
    let rows = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap().lines().count();
    for speed_mps in [0.3, 0.0, 0.0] {
        let mut car = TestNode::<SimCar>::start(&params).unwrap();
        drive(&mut car, speed_mps);
        // Each row is there as soon as it is written.
        assert!(rows("way.csv") > 20);
        assert!(car.stop().is_empty());
    }
    let lives = ["way.csv", "way.2.csv", "way.3.csv"].map(rows);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(lives, [22; 3]);
}

#[test]
fn fewer_pictures_than_one_in_ten_seconds_are_refused() {
    let error = TestNode::<SimCar>::start(&format!("{WORLD}\ncamera_hz: 1.0e-20")).err().unwrap();
    assert!(error.to_string().contains("0.1 to 30 are allowed, or 0 for a car without a camera"), "{error}");
}

#[test]
fn a_track_that_cannot_be_written_is_told_by_its_name() {
    let error = TestNode::<SimCar>::start(&format!("{WORLD}\ntrack: /nowhere/track.csv")).err().unwrap();
    let error = error.to_string();
    assert!(error.contains("cannot write the track `/nowhere/track.csv`: No such file"), "{error}");
}

#[test]
fn a_world_file_that_is_missing_is_told_by_its_name() {
    let error = TestNode::<SimCar>::start("world: nowhere.yaml").err().unwrap();
    assert_eq!(
        error.to_string(),
        "node `node` could not be configured: cannot read world `nowhere.yaml`: No such file or directory (os error 2)"
    );
}

#[test]
fn a_kind_of_flaws_that_there_is_not_is_told_with_those_that_there_are() {
    let error = TestNode::<SimCar>::start(&format!("{WORLD}\nflaws: some")).err().unwrap().to_string();
    assert!(error.contains("flaws") && error.contains("none") && error.contains("typical"), "{error}");
}
