//! The node: a PiCar-X to the rest of the robot, a simulation behind its board.

use std::path::PathBuf;

use nevil_car::{Calibration, CarParts, HasCar, Parts};
use nevil_runtime::prelude::*;
use nevil_runtime::{HelperProcess, Unblock};

use crate::CarFlaws;
use crate::camera::Camera;
use crate::eye::{Eye, ring_spec};
use crate::link::{Inside, SimBoard, SimHat, Watched};
use crate::process::WORLD_PROCESS;
use crate::simulation::{Settings, Simulation, State};
use crate::track::Track;
use crate::world::World;
use crate::world_process::WorldProcess;

/// Time between two states of the car, for those who watch.
const STATE_EVERY: Duration = Duration::from_millis(50);

/// A simulated PiCar-X: all that the real one obeys and publishes, and `car_state`.
#[derive(Debug)]
pub struct SimCar {
    car: CarParts<SimBoard>,
    state: Publisher<CarState>,
    /// Announces pictures, if it has a camera.
    camera: Option<Publisher<BlockRef>>,
}

/// Which world the car is in, and what kind of car it is.
#[derive(Parameters)]
pub struct Params {
    /// File of the world: walls, objects, floor, and where the car starts.
    world: PathBuf,
    /// Seed of the noise of its sensors, and of its slip; by default the launch's.
    seed: Option<u64>,
    /// How the car differs from the ideal one: `none`, or `typical`, which needs a calibration.
    #[param(default = Flaws::None)]
    flaws: Flaws,
    /// File of the car's calibration; by default it has none.
    calibration: Option<PathBuf>,
    /// Share of the ultrasonic sensor's readings that are lost.
    #[param(default = 0.02, range = 0.0..=1.0)]
    dropout_share: f64,
    /// Pictures that the camera takes in a second, into the ring `camera`; 0: it has no camera.
    #[param(default = 0.0, range = 0.0..=30.0, unit = "Hz")]
    camera_hz: f64,
    /// File into which the way of the car is written, as CSV.
    track: Option<PathBuf>,
    /// Socket of a world process that runs already, whose car has its own flaws. By default the node starts one.
    socket: Option<PathBuf>,
}

/// How a simulated car differs from the ideal one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Field)]
pub enum Flaws {
    /// It does exactly what it is told.
    #[default]
    None,
    /// [`CarFlaws::TYPICAL`].
    Typical,
}

impl Flaws {
    pub(crate) fn of_car(self) -> CarFlaws {
        match self {
            Self::None => CarFlaws::NONE,
            Self::Typical => CarFlaws::TYPICAL,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Typical => "typical",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::None, Self::Typical].into_iter().find(|flaws| flaws.name() == name)
    }
}

/// Fewest pictures in a second.
const CAMERA_HZ_MIN: f64 = 0.1;

impl Node for SimCar {
    type Params = Params;
    const PROCESSES: &'static [HelperProcess] = &[WORLD_PROCESS];

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        let Params { world: file, seed, flaws, calibration, dropout_share, camera_hz, track, socket } =
            params;
        if camera_hz > 0.0 && camera_hz < CAMERA_HZ_MIN {
            return Err(NodeError::new(format!(
                "camera_hz: {camera_hz} is given, {CAMERA_HZ_MIN} to 30 are allowed, or 0 for a car without a camera"
            )));
        }
        let seed = seed.unwrap_or_else(|| setup.seed());
        let world = World::read(&file).map_err(|error| NodeError::new(error.to_string()))?;
        let calibration = match calibration {
            Some(file) => Calibration::read(&file).map_err(|error| NodeError::new(error.to_string()))?,
            None => Calibration::none(),
        };
        let settings = Settings { seed, dropout_share, flaws: flaws.of_car() };
        let room = world.clone();
        let (inside, clock) = (setup.is_simulated(), setup.clock());
        let Parts { parts, hat } = CarParts::declare(setup, "sim_car", calibration, move || {
            Ok(match &socket {
                _ if inside => SimHat::inside(Inside::new(Simulation::new(&world, settings)?, clock.clone())),
                Some(socket) => SimHat::world(WorldProcess::at(socket.clone())),
                None => SimHat::world(WorldProcess::start(&file, &words(&settings, flaws))?),
            })
        })?;
        let camera =
            if camera_hz > 0.0 { Some(declare_camera(setup, hat.clone(), room, camera_hz)?) } else { None };
        let watch = move || {
            let car = hat.with(|hat| hat.watch())?;
            let track = track.as_deref().map(Track::create).transpose();
            Ok(Watch { car, track: track.map_err(|error| NodeError::new(error.to_string()))? })
        };
        setup.driver("state", watch, Self::on_state)?;
        Ok(Self { car: parts, state: setup.publisher(topics::CAR_STATE)?, camera })
    }
}

/// Declares the camera: its ring, its driver, and the topic that announces its pictures.
fn declare_camera(
    setup: &mut Setup<'_, SimCar>,
    hat: Device<SimHat>,
    world: World,
    camera_hz: f64,
) -> Result<Publisher<BlockRef>, NodeError> {
    let every = Duration::from_secs_f64(1.0 / camera_hz);
    let ring = setup.ring_writer("camera", ring_spec(every))?;
    let open = move || Ok(Eye::new(hat.with(|hat| hat.watch())?, Camera::of(&world), ring.clone(), every));
    setup.driver("camera", open, SimCar::on_picture)?;
    Ok(setup.publisher(topics::CAMERA)?)
}

/// What a world process is told of the car in it.
fn words(settings: &Settings, flaws: Flaws) -> [String; 6] {
    let (seed, dropout_share) = (settings.seed.to_string(), settings.dropout_share.to_string());
    let word = |word: &str| word.to_owned();
    [word("--seed"), seed, word("--dropout-share"), dropout_share, word("--flaws"), word(flaws.name())]
}

impl HasCar for SimCar {
    type Board = SimBoard;

    fn car(&mut self) -> &mut CarParts<SimBoard> {
        &mut self.car
    }
}

impl SimCar {
    fn on_state(&mut self, state: &Received<CarState>, _: &Context) -> NodeResult {
        self.state.publish(**state)?;
        Ok(())
    }

    fn on_picture(&mut self, picture: &Received<BlockRef>, _: &Context) -> NodeResult {
        if let Some(camera) = &self.camera {
            camera.publish(**picture)?;
        }
        Ok(())
    }
}

/// Tells where the car is, and writes it down.
struct Watch {
    car: Watched,
    track: Option<Track>,
}

impl Driver for Watch {
    type Input = CarState;

    fn step(&mut self, now: Time, input: &DriverInput<CarState>) -> Result<Option<Time>, NodeError> {
        let state = self.car.state().map_err(|error| NodeError::new(error.to_string()))?;
        if let Some(track) = &mut self.track
            && let Err(error) = track.row(now, &state)
        {
            // The car drives on.
            tracing::warn!(
                "the track `{}` cannot be written, and ends here: {error}",
                track.path().display()
            );
            self.track = None;
        }
        input.send(message(&state))?;
        Ok(Some(now + STATE_EVERY))
    }

    fn run(&mut self, input: &DriverInput<CarState>, stop: &Stop) -> NodeResult {
        // The world sends at its own pace: each read waits for the next state.
        while !stop.is_stopped() {
            self.step(stop.now(), input)?;
        }
        Ok(())
    }

    fn unblock(&self) -> Option<Unblock> {
        self.car.unblock()
    }
}

fn message(state: &State) -> CarState {
    CarState {
        x_m: state.pose.x_m,
        y_m: state.pose.y_m,
        heading_rad: state.pose.heading_rad,
        speed_mps: state.speed_mps,
        steering_rad: state.steering_deg.to_radians(),
        driven_m: state.driven_m,
        touches: state.touches,
        falls: state.falls,
        pan_rad: state.pan_deg.to_radians(),
        tilt_rad: state.tilt_deg.to_radians(),
        battery_v: state.battery_v,
    }
}

#[cfg(test)]
#[path = "node_tests.rs"]
mod tests;
