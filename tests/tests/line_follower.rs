//! The page that walks through a node shows the node as it is, and the robot of its launch file follows its line.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this is a test")]

use std::path::Path;
use std::time::Duration;

use nevil_car::shape::GRAYSCALE_AHEAD_M;
use nevil_launch::{LaunchFile, Plan};
use nevil_msgs::{Value, from_value, topics};
use nevil_node_sim_car::World;
use nevil_runtime::{Clock, Environment, SimulatedRobot};

const PAGE: &str = include_str!("../../docs/guide/line-follower.md");
const NODE: &str = include_str!("../../nodes/line_follower/src/lib.rs");

#[test]
fn what_the_page_shows_of_the_node_stands_in_the_node() {
    let blocks = PAGE.split("\n```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("rust\n"));
    let mut found = 0;
    for block in blocks {
        let shown: Vec<_> = block.lines().filter(|line| !line.starts_with("# ")).collect();
        // The test of the node is the page's own.
        if shown.iter().any(|line| line.contains("TestNode")) {
            continue;
        }
        assert!(NODE.contains(&shown.join("\n")), "the node is otherwise than the page shows:\n{block}");
        found += 1;
    }
    assert_eq!(found, 5);
}

/// The middle of the line in the shipped course: straight pieces, and where along the whole each of them begins.
struct Course {
    corners: Vec<[f64; 2]>,
    begins_m: Vec<f64>,
}

impl Course {
    fn read() -> Self {
        let path = "../launch/files/worlds/line_course.yaml";
        let text = std::fs::read_to_string(path).unwrap();
        let world: World = from_value(&Value::parse_yaml(path, &text).unwrap()).unwrap();
        let corners = world.floor.lines[0].corners_m.clone();
        let mut begins_m = vec![0.0];
        for piece in corners.windows(2) {
            begins_m.push(
                begins_m[begins_m.len() - 1] + (piece[1][0] - piece[0][0]).hypot(piece[1][1] - piece[0][1]),
            );
        }
        Self { corners, begins_m }
    }

    fn length_m(&self) -> f64 {
        self.begins_m[self.begins_m.len() - 1]
    }

    /// How far along the line the next place of it to a point is, and how far beside it the point.
    fn place(&self, x_m: f64, y_m: f64) -> (f64, f64) {
        let pieces = self.corners.windows(2).zip(&self.begins_m);
        let places = pieces.map(|(piece, begin_m)| {
            let [[from_x, from_y], [to_x, to_y]] = [piece[0], piece[1]];
            let (dx, dy) = (to_x - from_x, to_y - from_y);
            let long_m = dx.hypot(dy);
            let along_m = (((x_m - from_x) * dx + (y_m - from_y) * dy) / long_m).clamp(0.0, long_m);
            let (near_x, near_y) = (from_x + dx * along_m / long_m, from_y + dy * along_m / long_m);
            (begin_m + along_m, (x_m - near_x).hypot(y_m - near_y))
        });
        places.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
    }
}

/// What became of a ride.
#[derive(Debug)]
struct Ride {
    laps: f64,
    /// Furthest that the middle sensor was beside the middle of the line.
    beside_m_max: f64,
    touches: u32,
}

/// Three minutes of the shipped launch file, with what is to be otherwise in it.
fn ride(seed: u64, change: (&str, &str)) -> Ride {
    let path = Path::new("../launch/files/line-follower.yaml");
    let text = std::fs::read_to_string(path).unwrap().replace(change.0, change.1);
    let file = LaunchFile::parse(path, &text, &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
    let plan = Plan::new(&file, &nevil::shipped_nodes()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(plan.notes, []);
    let environment = Environment::new(Clock::simulated(), seed).with_topics(plan.topics);
    let specs = plan.nodes.into_iter().map(|node| node.spec).collect();
    let mut robot = SimulatedRobot::configure(specs, environment).unwrap();
    let mut states = robot.environment().bus().tap(&topics::CAR_STATE).unwrap();
    robot.activate().unwrap();
    let course = Course::read();
    let (mut ride, mut before) = (Ride { laps: 0.0, beside_m_max: 0.0, touches: 0 }, None::<f64>);
    for _ in 0..3 * 60 * 10 {
        robot.run_for(Duration::from_millis(100)).unwrap();
        while let Some(state) = states.take() {
            let (sin, cos) = state.heading_rad.sin_cos();
            let (x_m, y_m) = (state.x_m + GRAYSCALE_AHEAD_M * cos, state.y_m + GRAYSCALE_AHEAD_M * sin);
            let (along_m, beside_m) = course.place(x_m, y_m);
            let half_m = course.length_m() / 2.0;
            // The shorter way round: also over the place where the line begins and ends.
            let way_m =
                before.map_or(0.0, |before| (along_m - before + half_m).rem_euclid(2.0 * half_m) - half_m);
            before = Some(along_m);
            ride.laps += way_m / course.length_m();
            ride.beside_m_max = ride.beside_m_max.max(beside_m);
            ride.touches = state.touches;
        }
    }
    assert!(robot.stop().is_empty());
    ride
}

#[test]
fn the_shipped_robot_drives_round_its_course_and_never_loses_the_line() {
    for seed in 1..=5 {
        let ride = ride(seed, ("", ""));
        println!("seed {seed}: {ride:?}");
        assert!(ride.laps > 2.5 && ride.touches == 0, "seed {seed}: {ride:?}");
        // From 4.5 cm on no sensor sees the line.
        assert!(ride.beside_m_max < 0.03, "seed {seed}: {ride:?}");
    }
}

#[test]
fn one_that_steers_too_little_loses_the_line() {
    let ride = ride(1, ("  line_follower:  ", "  line_follower:\n    params: { gain_rad: 0.1 }\n  "));
    assert!(ride.laps < 0.5 && ride.beside_m_max > 0.045, "{ride:?}");
}
