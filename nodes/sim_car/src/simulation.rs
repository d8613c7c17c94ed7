//! The simulated car in its world: fixed steps, touches, and the ultrasonic sensor.

use std::time::Duration;

use crate::car::{Car, CarFlaws, FOOTPRINT, MotorCommand, WHEELBASE_M};
use crate::geometry::{Pose, Ray};
use crate::world::{Shapes, World, WorldProblem};

/// Length of one step of the simulation. At 0.7 m/s the car moves 3.5 mm in it.
pub const STEP: Duration = Duration::from_millis(5);

/// Nearest distance that the sensor can measure, in metres.
pub const RANGE_MIN_M: f64 = 0.02;

/// Farthest distance that the sensor itself could measure, in metres.
pub const RANGE_MAX_M: f64 = 4.0;

/// Farthest distance from which an echo comes back before the real driver gives up: 20 ms at 343.3 m/s, there and
/// back. It is less than the sensor could do, and therefore what counts.
pub const ECHO_MAX_M: f64 = 343.3 / 2.0 * 0.020;

/// Half the opening of the sensor's cone, in degrees.
pub const CONE_HALF_DEG: f64 = 15.0;

/// Rays in the cone. At 1 m they are 33 mm apart, less than a table leg is thick.
const RAYS: u32 = 17;

/// A car that has touched something is free again from this clearance on, in metres; so a car that trembles at a wall
/// counts one touch, not hundreds.
const FREE_AGAIN_M: f64 = 0.005;

/// What one measurement of the ultrasonic sensor gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ping {
    /// An echo came back.
    Echo {
        /// Distance from the front of the car in metres, 0.02 to 3.43, with noise.
        distance_m: f32,
    },
    /// No echo came back in time: open space, a surface that swallows sound, or a drop-out. The real driver says −1.
    Timeout,
    /// The echo line never changed: a drop-out, or something nearer than 2 cm. The real driver says −2.
    NoEdge,
}

/// What a simulation starts with besides its world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Seed of noise and drop-outs. The same seed, world and calls give the same run.
    pub seed: u64,
    /// Share of readings that are lost, 0 to 1. Half of them become [`Ping::Timeout`], half [`Ping::NoEdge`].
    pub dropout_share: f64,
    /// How the car differs from the ideal one.
    pub flaws: CarFlaws,
}

impl Settings {
    /// An ideal car whose sensor loses 2 of 100 readings.
    #[must_use]
    pub const fn with_seed(seed: u64) -> Self {
        Self { seed, dropout_share: 0.02, flaws: CarFlaws::NONE }
    }
}

/// Where the car is and what it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// Where the middle of the rear axle is, and the heading.
    pub pose: Pose,
    /// Speed in metres per second; negative is reverse. 0 while something blocks the car.
    pub speed_mps: f64,
    /// Angle of the front wheels in degrees; positive is left.
    pub steering_deg: f64,
    /// Way that the rear axle has covered, forward and backward, in metres.
    pub driven_m: f64,
    /// How often the car has run into something. Staying there does not count again.
    pub touches: u32,
    /// What the motor controller was last told.
    pub command: MotorCommand,
}

/// A PiCar-X in a room. It has no clock and no thread: time passes in [`Simulation::step`].
///
/// Like the board of the real car it drives on for ever once it has been told to.
///
/// ```
/// use std::time::Duration;
/// use nevil_node_sim_car::{MotorCommand, Settings, Simulation, Size, Start, World};
///
/// let size = Size { width_m: 4.0, depth_m: 4.0 };
/// let world = World::new(size, Start { x_m: 1.0, y_m: 2.0, heading_deg: 0.0 });
/// let mut simulation = Simulation::new(&world, Settings::with_seed(1)).unwrap();
/// simulation.command(MotorCommand { speed_percent: 30.0, steering_deg: 0.0 });
/// simulation.step(Duration::from_secs(5));
/// assert!(simulation.state().driven_m > 1.0);
/// assert_eq!(simulation.state().touches, 0);
/// ```
#[derive(Clone, Debug)]
pub struct Simulation {
    shapes: Shapes,
    car: Car,
    random: fastrand::Rng,
    dropout_share: f64,
    /// Time that was asked for and is shorter than a step.
    pending: Duration,
    driven_m: f64,
    touches: u32,
    touching: bool,
    /// How far any corner may still move before the distance to the nearest thing has to be measured again.
    free_m: f64,
}

impl Simulation {
    /// The car at the start of `world`, motors off.
    ///
    /// # Errors
    ///
    /// What [`World::validate`] finds.
    pub fn new(world: &World, settings: Settings) -> Result<Self, WorldProblem> {
        world.validate()?;
        Ok(Self {
            shapes: Shapes::of(world),
            car: Car::new(world.start_pose(), settings.flaws),
            random: fastrand::Rng::with_seed(settings.seed),
            dropout_share: settings.dropout_share,
            pending: Duration::ZERO,
            driven_m: 0.0,
            touches: 0,
            touching: false,
            free_m: 0.0,
        })
    }

    /// Tells the motor controller what to do from the next step on, until the next command. Values beyond the hardware
    /// are limited.
    pub fn command(&mut self, command: MotorCommand) {
        self.car.command = command.limited();
    }

    /// Lets `time` pass, in whole steps of [`STEP`]; what is left over counts in the next call, so that it does not
    /// matter how time is cut into calls.
    pub fn step(&mut self, time: Duration) {
        self.pending += time;
        while self.pending >= STEP {
            self.pending -= STEP;
            self.step_once();
        }
    }

    /// Measures the distance ahead, from the middle of the front. Takes no time here; the real sensor takes up to 20 ms.
    ///
    /// A thin table leg is seen, and so is a wall at a flat angle: the loss of echoes that glance off is not modelled.
    pub fn ping(&mut self) -> Ping {
        // Each reading draws the same number of random values, so that one change leaves the later ones alone.
        let lost = self.random.f64() < self.dropout_share;
        let timeout_when_lost = self.random.f64() < 0.5;
        let deviation = self.normal();
        if lost {
            return if timeout_when_lost { Ping::Timeout } else { Ping::NoEdge };
        }
        let exact_m = self.exact_range_m();
        if exact_m > RANGE_MAX_M.min(ECHO_MAX_M) {
            return Ping::Timeout;
        }
        if exact_m < RANGE_MIN_M {
            return Ping::NoEdge;
        }
        // 1 % and 3 mm is what such sensors do on a hard wall.
        let noisy_m = exact_m + deviation * (0.01 * exact_m + 0.003);
        Ping::Echo { distance_m: noisy_m.max(RANGE_MIN_M) as f32 }
    }

    /// Where the car is and what it does.
    #[must_use]
    pub fn state(&self) -> State {
        State {
            pose: self.car.pose,
            speed_mps: self.car.speed_mps,
            steering_deg: self.car.steering_deg,
            driven_m: self.driven_m,
            touches: self.touches,
            command: self.car.command,
        }
    }

    /// Distance between the car's outline and the nearest thing, in metres; infinite in the open. No sensor of the car
    /// knows it.
    #[must_use]
    pub fn clearance_m(&self) -> f64 {
        self.shapes.clearance_m(self.car.pose)
    }

    fn step_once(&mut self) {
        let next = self.car.after(STEP.as_secs_f64());
        let way_m = (next.speed_mps * STEP.as_secs_f64()).abs();
        // A corner moves by at most the way of the axle and its own share of the turn.
        let turned_rad = way_m * next.steering_deg.to_radians().tan().abs() / WHEELBASE_M;
        self.free_m -= way_m + turned_rad * FOOTPRINT.reach_m();
        if self.free_m <= 0.0 || self.touching {
            self.free_m = self.shapes.clearance_m(next.pose);
        }
        if self.free_m > 0.0 {
            self.touching = self.touching && self.free_m < FREE_AGAIN_M;
            self.driven_m += way_m;
            self.car = next;
            return;
        }
        // Something is in the way: the car stays where it is and its wheels stand, but the servo turns.
        self.car.steering_deg = next.steering_deg;
        self.car.speed_mps = 0.0;
        if !self.touching {
            self.touching = true;
            self.touches += 1;
        }
    }

    fn exact_range_m(&self) -> f64 {
        let pose = self.car.pose;
        let origin = pose.point(FOOTPRINT.ahead_m, 0.0);
        let half_rad = CONE_HALF_DEG.to_radians();
        (0..RAYS)
            .map(|index| f64::from(index) / f64::from(RAYS - 1) * 2.0 - 1.0)
            .map(|share| self.shapes.cast_m(&Ray::new(origin, pose.heading_rad + share * half_rad)))
            .fold(f64::INFINITY, f64::min)
    }

    /// A number with mean 0 and deviation 1, nearly normal: a sum of twelve even ones, never beyond ±6.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.random.f64()).sum::<f64>() - 6.0
    }
}

#[cfg(test)]
#[path = "simulation_tests.rs"]
mod tests;
