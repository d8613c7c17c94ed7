//! The simulated car in its world: a board at the level of its registers, fixed steps, touches and falls, and what the sensors
//! measure.

use std::time::Duration;

use nevil_car::shape::{GRAYSCALE_AHEAD_M, GRAYSCALE_BESIDE_M, TRACK_M, WHEELBASE_M};
use nevil_car::{Echo, FakeHat, FakeProblem, Level, Line, Side, registers};

use crate::car::{Car, CarFlaws, FOOTPRINT, Outputs};
use crate::floor::Floor;
use crate::geometry::Pose;
use crate::random::{Draws, normal, seed_of};
use crate::sonar::Sonar;
use crate::world::{Shapes, World, WorldProblem};

/// Length of one step of the simulation. At 0.7 m/s the car moves 3.5 mm in it.
pub const STEP: Duration = Duration::from_millis(5);

/// A car that has touched something is free again from this clearance on, in metres; so a car that trembles at a wall
/// counts one touch, not hundreds.
const FREE_AGAIN_M: f64 = 0.005;

/// Where the weight of the car rests: so far ahead of the rear axle, in the middle, in metres. Assumed.
pub const WEIGHT_AHEAD_M: f64 = 0.045;

/// Deviation of what a grayscale sensor measures, in counts. Assumed.
const GRAYSCALE_NOISE: f64 = 15.0;

/// Deviation of what the converter measures of the battery, in counts: 5 mV. Assumed.
const BATTERY_NOISE: f64 = 2.0;

/// What a simulation starts with besides its world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Seed of noise, drop-outs and slip. The same seed, world and calls give the same run.
    pub seed: u64,
    /// Share of the ultrasonic sensor's readings that are lost, 0 to 1. Half of them become [`Echo::Timeout`], half
    /// [`Echo::NoEdge`].
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
    /// Speed over the floor in metres per second; negative is reverse. 0 while something blocks the car.
    pub speed_mps: f64,
    /// Angle of the front wheels in degrees; positive is left.
    pub steering_deg: f64,
    /// Where the camera looks to the side, in degrees; positive is left.
    pub pan_deg: f64,
    /// Where the camera looks upwards, in degrees.
    pub tilt_deg: f64,
    /// Voltage of the battery under its load, in volts.
    pub battery_v: f64,
    /// Way that the rear axle has covered, forward and backward, in metres.
    pub driven_m: f64,
    /// Duty of the left motor in percent, as it was last told, −100 to 100; negative is reverse.
    pub left_percent: f64,
    /// The same of the right motor.
    pub right_percent: f64,
    /// How often the car has run into something. Staying there does not count again.
    pub touches: u32,
    /// How often the car has fallen off an edge: 0 or 1, because it drives no more then.
    pub falls: u32,
    /// How often the board was reset. The second time mixes up its servos.
    pub resets: u32,
}

impl State {
    /// Whether a motor is told to turn, were it only within its dead zone.
    #[must_use]
    pub fn is_told_to_drive(&self) -> bool {
        self.left_percent != 0.0 || self.right_percent != 0.0
    }
}

/// A PiCar-X in a room, behind the registers of its board. It has no clock and no thread: time passes in
/// [`Simulation::step`].
///
/// Like the board of the real car it drives on for ever once it has been told to.
///
/// ```
/// use std::time::Duration;
/// use nevil_car::{Level, Line, registers};
/// use nevil_node_sim_car::{Settings, Simulation, Size, Start, World};
///
/// let size = Size { width_m: 4.0, depth_m: 4.0 };
/// let world = World::new(size, Start { x_m: 1.0, y_m: 2.0, heading_deg: 0.0 });
/// let mut simulation = Simulation::new(&world, Settings::with_seed(1))?;
/// simulation.write(&registers::write(registers::period(3), registers::PERIOD))?;
/// simulation.set(Line::RightDirection, Level::High);
/// for motor in [registers::LEFT_MOTOR, registers::RIGHT_MOTOR] {
///     simulation.write(&registers::write(registers::pulse(motor), registers::motor_ticks(65)))?;
/// }
/// simulation.step(Duration::from_secs(5));
/// assert!(simulation.state().driven_m > 1.0);
/// assert_eq!(simulation.state().touches, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Simulation {
    shapes: Shapes,
    floor: Floor,
    hat: FakeHat,
    /// What the board's outputs say, as of its last write.
    outputs: Outputs,
    car: Car,
    sonar: Sonar,
    /// Noise of the converter.
    random: fastrand::Rng,
    /// Time that was asked for and is shorter than a step.
    pending: Duration,
    driven_m: f64,
    touches: u32,
    touching: bool,
    has_fallen: bool,
    /// How far any corner may still move before the distance to the nearest thing has to be measured again.
    free_m: f64,
}

impl Simulation {
    /// The car at the start of `world`, its board just switched on.
    ///
    /// # Errors
    ///
    /// What [`World::validate`] finds.
    pub fn new(world: &World, settings: Settings) -> Result<Self, WorldProblem> {
        world.validate()?;
        let Settings { seed, dropout_share, flaws } = settings;
        let hat = FakeHat::new();
        Ok(Self {
            shapes: Shapes::of(world),
            floor: Floor::of(world),
            outputs: outputs(&hat),
            hat,
            car: Car::new(world.start_pose(), flaws, seed_of(seed, Draws::Slip)),
            sonar: Sonar::new(seed_of(seed, Draws::Sonar), dropout_share),
            random: fastrand::Rng::with_seed(seed_of(seed, Draws::Converter)),
            pending: Duration::ZERO,
            driven_m: 0.0,
            touches: 0,
            touching: false,
            has_fallen: false,
            free_m: 0.0,
        })
    }

    /// Takes the bytes of one write to the board. Motors and servos follow from the next step on, until the next write.
    ///
    /// # Errors
    ///
    /// [`FakeProblem`] for what the real board would not understand, which it would say nothing about.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FakeProblem> {
        if let &[register @ 0x10..=0x17, ..] = bytes {
            // The converter measures when it is asked.
            let input = 7 - (register & 0x0f);
            let counts = self.counts(input);
            self.hat.set_input(input, counts);
        }
        self.hat.write(bytes)?;
        self.outputs = outputs(&self.hat);
        Ok(())
    }

    /// Gives the next bytes that the board has.
    ///
    /// # Errors
    ///
    /// [`FakeProblem`] if nothing was asked for.
    pub fn read(&mut self, bytes: &mut [u8]) -> Result<(), FakeProblem> {
        self.hat.read(bytes)
    }

    /// Sets a line of the board.
    pub fn set(&mut self, line: Line, level: Level) {
        self.hat.set(line, level);
        self.outputs = outputs(&self.hat);
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
    pub fn echo(&mut self) -> Echo {
        self.sonar.echo(&self.shapes, self.car.pose)
    }

    /// Where the car is and what it does.
    #[must_use]
    pub fn state(&self) -> State {
        State {
            pose: self.car.pose,
            speed_mps: self.car.speed_mps(),
            steering_deg: self.car.wheels_deg(),
            pan_deg: self.car.pan.moved_deg(),
            tilt_deg: self.car.tilt.moved_deg(),
            battery_v: self.car.charge.volts(),
            driven_m: self.driven_m,
            left_percent: self.outputs.left * 100.0,
            right_percent: self.outputs.right * 100.0,
            touches: self.touches,
            falls: u32::from(self.has_fallen),
            resets: self.hat.resets(),
        }
    }

    /// Distance between the car's outline and the nearest thing, in metres; infinite in the open. No sensor of the car
    /// knows it.
    #[must_use]
    pub fn clearance_m(&self) -> f64 {
        self.shapes.clearance_m(self.car.pose)
    }

    fn step_once(&mut self) {
        let way = self.car.turn(&self.outputs, STEP.as_secs_f64());
        if self.has_fallen {
            self.car.block();
            return;
        }
        if way.ahead_m == 0.0 && way.turned_rad == 0.0 {
            return;
        }
        let next = way.from(self.car.pose);
        // A corner moves by at most the way of the axle and its own share of the turn.
        self.free_m -= way.ahead_m.abs() + way.turned_rad.abs() * FOOTPRINT.reach_m();
        if self.free_m <= 0.0 || self.touching {
            self.free_m = self.shapes.clearance_m(next);
        }
        if self.free_m > 0.0 {
            self.touching = self.touching && self.free_m < FREE_AGAIN_M;
            self.driven_m += way.ahead_m.abs();
            self.car.pose = next;
            self.has_fallen = !self.is_supported();
            return;
        }
        // Something is in the way: the car stays where it is and its wheels stand, but the servos turn.
        self.car.block();
        if !self.touching {
            self.touching = true;
            self.touches += 1;
        }
    }

    /// Whether the weight rests between wheels that stand on floor.
    fn is_supported(&self) -> bool {
        let beside_m = TRACK_M / 2.0;
        // Counter-clockwise, seen from above, in the frame of the car.
        let wheels = [(0.0, beside_m), (0.0, -beside_m), (WHEELBASE_M, -beside_m), (WHEELBASE_M, beside_m)];
        let stands =
            wheels.map(|(ahead_m, left_m)| self.floor.at(self.car.pose.point(ahead_m, left_m)).is_there);
        match stands.iter().filter(|stands| **stands).count() {
            4 => true,
            3 => {
                let missing = stands.iter().position(|stands| !stands).unwrap_or(0);
                let (from, to) = (wheels[(missing + 3) % 4], wheels[(missing + 1) % 4]);
                // The weight is on the left of the line that the wheel that is missing leaves open.
                let along = (to.0 - from.0, to.1 - from.1);
                along.0 * (0.0 - from.1) - along.1 * (WEIGHT_AHEAD_M - from.0) >= 0.0
            }
            _ => false,
        }
    }

    /// What an input of the converter measures now.
    fn counts(&mut self, input: u8) -> u16 {
        let (exact, noise) = match input {
            registers::GRAYSCALE_LEFT => (self.floor_counts(GRAYSCALE_BESIDE_M), GRAYSCALE_NOISE),
            registers::GRAYSCALE_MIDDLE => (self.floor_counts(0.0), GRAYSCALE_NOISE),
            registers::GRAYSCALE_RIGHT => (self.floor_counts(-GRAYSCALE_BESIDE_M), GRAYSCALE_NOISE),
            registers::BATTERY => {
                let input_v = self.car.charge.volts() / f64::from(registers::BATTERY_DIVIDER);
                let counts = input_v / f64::from(registers::ADC_REFERENCE_V) * f64::from(registers::ADC_MAX);
                (counts, BATTERY_NOISE)
            }
            // Nothing is connected there.
            _ => (0.0, 0.0),
        };
        let noisy = exact + noise * normal(&mut self.random);
        noisy.clamp(0.0, f64::from(registers::ADC_MAX)).round() as u16
    }

    /// What lies under the grayscale sensor that is so far to the left.
    fn floor_counts(&self, left_m: f64) -> f64 {
        f64::from(self.floor.at(self.car.pose.point(GRAYSCALE_AHEAD_M, left_m)).counts)
    }
}

/// What the outputs of `hat` say.
fn outputs(hat: &FakeHat) -> Outputs {
    Outputs {
        left: hat.motor(Side::Left),
        right: hat.motor(Side::Right),
        steering_deg: hat.servo_deg(registers::STEERING),
        pan_deg: hat.servo_deg(registers::PAN),
        tilt_deg: hat.servo_deg(registers::TILT),
    }
}

#[cfg(test)]
#[path = "simulation_tests.rs"]
mod tests;
