//! Drives of the shipped robot in virtual time, in this process: the launch file as it is but for what a test changes.

use std::path::Path;
use std::time::Duration;

use nevil_launch::{LaunchFile, Plan};
use nevil_msgs::{Value, from_value, topics};
use nevil_node_sim_car::{Pose, World};
use nevil_runtime::{Clock, Environment, SimulatedRobot};

use crate::doubles::{AllIsWell, Headlong, Wires};

/// Side of the cells that are counted, in metres.
const CELL_M: f64 = 0.5;

/// How often it is looked where the car is.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How a drive went.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) world: String,
    pub(crate) seed: u64,
    pub(crate) driven_m: f64,
    pub(crate) touches: u32,
    pub(crate) falls: u32,
    /// Share of the cells that a car can be in, in which it has been.
    pub(crate) visited_share: f64,
    /// Share of the time in which it stood.
    pub(crate) stood_share: f64,
    /// Virtual time per real time.
    pub(crate) speed_up: f64,
}

impl Outcome {
    pub(crate) const HEAD: &'static str =
        "world         seed  driven   touches  falls  visited  stood  times real time";

    pub(crate) fn row(&self) -> String {
        let Self { world, seed, driven_m, touches, falls, visited_share, stood_share, speed_up } = self;
        format!(
            "{world:12}  {seed:4}  {driven_m:5.1} m  {touches:7}  {falls:5}  {:6.0}%  {:4.0}%  {speed_up:15.0}",
            visited_share * 100.0,
            stood_share * 100.0
        )
    }
}

/// The text of the shipped launch file, in `world`.
pub(crate) fn shipped(world: &str) -> String {
    let text = std::fs::read_to_string("../launch/files/picar-sim.yaml").unwrap();
    replaced(&text, "worlds/living_room.yaml", &format!("worlds/{world}.yaml"))
}

/// `text` with `old`, which must be there, replaced.
pub(crate) fn replaced(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "the launch file has no `{old}`:\n{text}");
    text.replace(old, new)
}

/// The robot of this launch file, about to be activated.
pub(crate) fn robot(text: &str, seed: u64) -> SimulatedRobot {
    let file = LaunchFile::parse(Path::new("../launch/files/picar-sim.yaml"), text, &|_| None)
        .unwrap_or_else(|errors| panic!("{errors}"));
    let types = nevil::shipped_nodes()
        .with::<AllIsWell>("all_is_well")
        .with::<Headlong>("headlong")
        .with::<Wires>("wires");
    let plan = Plan::new(&file, &types).unwrap_or_else(|errors| panic!("{errors}"));
    let environment = Environment::new(Clock::simulated(), seed).with_topics(plan.topics);
    let specs = plan.nodes.into_iter().map(|node| node.spec).collect();
    SimulatedRobot::configure(specs, environment).unwrap()
}

/// Drives the robot of this launch file through `world` for `time`.
pub(crate) fn drive(text: &str, world: &str, seed: u64, time: Duration) -> Outcome {
    let reachable = read(world).reachable(CELL_M);
    let mut visited = vec![false; reachable.numbers()];
    let wall = Clock::monotonic();
    let began = wall.now();
    let mut robot = robot(text, seed);
    let mut states = robot.environment().bus().tap(&topics::CAR_STATE).unwrap();
    robot.activate().unwrap();
    let mut outcome = Outcome {
        world: world.to_owned(),
        seed,
        driven_m: 0.0,
        touches: 0,
        falls: 0,
        visited_share: 0.0,
        stood_share: 0.0,
        speed_up: 0.0,
    };
    let (mut looks, mut stood) = (0_u32, 0_u32);
    while robot.now().since(nevil_runtime::Time::ZERO) < time {
        robot.run_for(LOOK_EVERY).unwrap();
        while let Some(state) = states.take() {
            let pose = Pose { x_m: state.x_m, y_m: state.y_m, heading_rad: state.heading_rad };
            if let Some(cell) = reachable.cell_at(pose) {
                visited[cell] = true;
            }
            (looks, stood) = (looks + 1, stood + u32::from(state.speed_mps.abs() < 0.001));
            (outcome.driven_m, outcome.touches, outcome.falls) = (state.driven_m, state.touches, state.falls);
        }
    }
    let took_s = wall.now().since(began).as_secs_f64();
    let problems = robot.stop();
    assert!(problems.is_empty(), "{world}, seed {seed}: {problems:?}");
    let count = visited.iter().filter(|&&visited| visited).count();
    outcome.visited_share = count as f64 / reachable.count() as f64;
    outcome.stood_share = f64::from(stood) / f64::from(looks);
    outcome.speed_up = time.as_secs_f64() / took_s;
    outcome
}

/// The shipped world called `name`.
pub(crate) fn read(name: &str) -> World {
    let path = format!("../launch/files/worlds/{name}.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    from_value(&Value::parse_yaml(&path, &text).unwrap()).unwrap()
}
