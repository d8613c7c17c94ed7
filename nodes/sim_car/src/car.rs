//! The car itself: what its motors and servos make of what the board's outputs say. It knows nothing of walls and floors.
//!
//! ```text
//!  duty of each motor ─► dead zone ─► speed of its wheel ─┬─► mean: way ─────────► slip ─► pose
//!                          battery ───────┘               └─► difference: pull ──┐   │
//!  angle of the steering servo ─► offset, stop ─► angle of the front wheels ─► turn ─┘
//! ```
//! Sign and frame: speed is positive forward, steering is positive to the **left**, seen from above, the camera's angles to
//! the left and up, as everywhere in Nevil. The servos count the other way round.

use nevil_car::registers::SERVO_MAX_DEG;
use nevil_car::shape::{AHEAD_M, BEHIND_M, BESIDE_M, SPEED_AT_FULL_MPS, TRACK_M, WHEELBASE_M};

use crate::battery::{Battery, Charge, NOMINAL_V};
use crate::geometry::{Footprint, Pose};

/// The car seen from above, wheels included: 0.25 m by 0.15 m, around the middle of the rear axle.
pub const FOOTPRINT: Footprint = Footprint { ahead_m: AHEAD_M, behind_m: BEHIND_M, beside_m: BESIDE_M };

/// Time in which a wheel covers 63 % of the way to the speed that its motor is told, in seconds. Assumed.
pub const MOTOR_RESPONSE_S: f64 = 0.1;

/// How fast a servo turns, in degrees per second. Assumed: 0.1 s for 60°, as the data sheets of small servos say.
pub const SERVO_SPEED_DEG_PER_S: f64 = 600.0;

/// Duty up to which a motor does not turn, as a share. The real driver adds as much to each command but 0.
pub const DEAD_ZONE: f64 = 0.5;

/// Angle of the front wheels at which their linkage stops, to either side, in degrees. Assumed: a car whose centre lies at
/// +35 still reaches 30° to both sides.
pub const STEERING_STOP_DEG: f64 = 65.0;

/// A wheel that is slower than this stands: no motor creeps for ever, in metres per second.
const STANDS_MPS: f64 = 1e-6;

/// Time over which slip changes, in seconds. Assumed.
const SLIP_CHANGES_S: f64 = 1.0;

/// How this one car differs from the ideal one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CarFlaws {
    /// Speed of the left wheel per speed that its motor should give: 1 is ideal.
    pub left_factor: f64,
    /// The same of the right wheel.
    pub right_factor: f64,
    /// How much of the car's turn its rear wheels decide, when they run faster or slower than the curve of the front wheels
    /// asks for, 0 to 1. At 0 the front wheels decide alone.
    pub pull_share: f64,
    /// Angle of the front wheels when the servo is at 0, in degrees; positive is right, as the servo counts. A calibration of
    /// the opposite makes the car drive straight.
    pub steering_offset_deg: f64,
    /// Angle of the camera to the right when its servo is at 0, in degrees.
    pub pan_offset_deg: f64,
    /// Angle of the camera downwards when its servo is at 0, in degrees.
    pub tilt_offset_deg: f64,
    /// Share of the way, and of the turn in a curve, that the wheels lose on the floor.
    pub slip_share: f64,
    /// Deviation of that share, which wanders within about a second.
    pub slip_noise: f64,
    /// What feeds the motors.
    pub battery: Battery,
}

impl CarFlaws {
    /// A car that does exactly what it is told.
    pub const NONE: Self = Self {
        left_factor: 1.0,
        right_factor: 1.0,
        pull_share: 0.0,
        steering_offset_deg: 0.0,
        pan_offset_deg: 0.0,
        tilt_offset_deg: 0.0,
        slip_share: 0.0,
        slip_noise: 0.0,
        battery: Battery::IDEAL,
    };

    /// A car as it comes out of its box: unequal motors, a steering servo that was mounted a tooth or two beside its middle,
    /// wheels that slip, a battery that is nearly full. That the steering's centre is at +35 is known of one car; the other
    /// numbers are assumed.
    pub const TYPICAL: Self = Self {
        left_factor: 1.015,
        right_factor: 0.985,
        pull_share: 0.05,
        steering_offset_deg: -35.0,
        pan_offset_deg: 4.0,
        tilt_offset_deg: -6.0,
        slip_share: 0.025,
        slip_noise: 0.01,
        battery: Battery::TYPICAL,
    };
}

/// What the outputs of the board say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outputs {
    /// Duty of the left motor, −1 to 1; positive is forward.
    pub(crate) left: f64,
    /// The same of the right motor.
    pub(crate) right: f64,
    /// Where the servos are to be, in degrees as they count; `None` as long as none was told.
    pub(crate) steering_deg: Option<f64>,
    pub(crate) pan_deg: Option<f64>,
    pub(crate) tilt_deg: Option<f64>,
}

/// What a step moves the car by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Way {
    /// Way of the middle of the rear axle, in metres; negative is reverse.
    pub(crate) ahead_m: f64,
    /// Change of the heading, in radians.
    pub(crate) turned_rad: f64,
}

impl Way {
    /// Where it leads from `pose`.
    pub(crate) fn from(self, pose: Pose) -> Pose {
        // The heading half-way makes the error of a step third order in its length.
        let (sin, cos) = (pose.heading_rad + self.turned_rad / 2.0).sin_cos();
        Pose {
            x_m: pose.x_m + self.ahead_m * cos,
            y_m: pose.y_m + self.ahead_m * sin,
            heading_rad: pose.heading_rad + self.turned_rad,
        }
    }
}

/// A bicycle model with two motors that answer late, three servos of limited speed, and tyres that slip.
#[derive(Clone, Debug)]
pub(crate) struct Car {
    pub(crate) pose: Pose,
    pub(crate) steering: Servo,
    pub(crate) pan: Servo,
    pub(crate) tilt: Servo,
    pub(crate) charge: Charge,
    left_mps: f64,
    right_mps: f64,
    /// Speed over the floor.
    speed_mps: f64,
    way_slip: Slip,
    turn_slip: Slip,
    random: fastrand::Rng,
    flaws: CarFlaws,
}

impl Car {
    /// The car at `pose`, which stands, its servos at 0. What slip does is drawn from `seed`.
    pub(crate) fn new(pose: Pose, flaws: CarFlaws, seed: u64) -> Self {
        let slip = Slip { share: flaws.slip_share, noise: flaws.slip_noise, beside: 0.0 };
        Self {
            pose,
            steering: Servo { angle_deg: 0.0, offset_deg: flaws.steering_offset_deg },
            pan: Servo { angle_deg: 0.0, offset_deg: flaws.pan_offset_deg },
            tilt: Servo { angle_deg: 0.0, offset_deg: flaws.tilt_offset_deg },
            charge: Charge::new(flaws.battery),
            left_mps: 0.0,
            right_mps: 0.0,
            speed_mps: 0.0,
            way_slip: slip,
            turn_slip: slip,
            random: fastrand::Rng::with_seed(seed),
            flaws,
        }
    }

    /// Speed of the middle of the rear axle over the floor; negative is reverse.
    pub(crate) fn speed_mps(&self) -> f64 {
        self.speed_mps
    }

    /// Angle of the front wheels; positive is left.
    pub(crate) fn wheels_deg(&self) -> f64 {
        self.steering.moved_deg().clamp(-STEERING_STOP_DEG, STEERING_STOP_DEG)
    }

    /// Lets `step_s` pass for everything but the pose, and says where the car goes if nothing is in its way.
    pub(crate) fn turn(&mut self, outputs: &Outputs, step_s: f64) -> Way {
        let strength = self.charge.volts() / NOMINAL_V;
        let closer = 1.0 - (-step_s / MOTOR_RESPONSE_S).exp();
        self.left_mps = turned(self.left_mps, outputs.left, strength * self.flaws.left_factor, closer);
        self.right_mps = turned(self.right_mps, outputs.right, strength * self.flaws.right_factor, closer);
        self.charge.draw([outputs.left, outputs.right], step_s);
        self.steering.turn(outputs.steering_deg, step_s);
        self.pan.turn(outputs.pan_deg, step_s);
        self.tilt.turn(outputs.tilt_deg, step_s);
        // Drawn whether the car moves or not, so that a touch leaves the later draws where they are.
        let (way_kept, turn_kept) =
            (self.way_slip.kept(&mut self.random, step_s), self.turn_slip.kept(&mut self.random, step_s));

        let rolled_mps = f64::midpoint(self.left_mps, self.right_mps);
        let front = rolled_mps * self.wheels_deg().to_radians().tan() / WHEELBASE_M;
        let rear = (self.right_mps - self.left_mps) / TRACK_M;
        let turn_rad_per_s = front + (rear - front) * self.flaws.pull_share;
        self.speed_mps = rolled_mps * way_kept;
        Way { ahead_m: self.speed_mps * step_s, turned_rad: turn_rad_per_s * turn_kept * step_s }
    }

    /// Something is in the way: the wheels stand.
    pub(crate) fn block(&mut self) {
        (self.left_mps, self.right_mps, self.speed_mps) = (0.0, 0.0, 0.0);
    }
}

/// Speed of a wheel whose motor has this duty, a step later.
fn turned(now_mps: f64, duty: f64, factor: f64, closer: f64) -> f64 {
    let share = ((duty.abs() - DEAD_ZONE) / (1.0 - DEAD_ZONE)).max(0.0).copysign(duty);
    let then_mps = now_mps + (share * SPEED_AT_FULL_MPS * factor - now_mps) * closer;
    if then_mps.abs() < STANDS_MPS { 0.0 } else { then_mps }
}

/// A servo and what it moves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Servo {
    /// Where it is, as it counts.
    angle_deg: f64,
    offset_deg: f64,
}

impl Servo {
    /// Angle of what it moves, to the left or up.
    pub(crate) fn moved_deg(&self) -> f64 {
        -(self.angle_deg + self.offset_deg)
    }

    /// One that is not told anything stays where it is.
    fn turn(&mut self, told_deg: Option<f64>, step_s: f64) {
        let max_deg = f64::from(SERVO_MAX_DEG);
        let way_deg = SERVO_SPEED_DEG_PER_S * step_s;
        let wanted_deg = told_deg.unwrap_or(self.angle_deg).clamp(-max_deg, max_deg);
        self.angle_deg += (wanted_deg - self.angle_deg).clamp(-way_deg, way_deg);
    }
}

/// What the tyres lose.
#[derive(Clone, Copy, Debug)]
struct Slip {
    share: f64,
    noise: f64,
    /// How far it is beside its share now.
    beside: f64,
}

impl Slip {
    /// What is kept of a step, 1 without slip.
    fn kept(&mut self, random: &mut fastrand::Rng, step_s: f64) -> f64 {
        // An even number between −√3 and √3 has the deviation 1. Each step pushes, and pulls back to the middle, so that
        // the deviation stays `noise`.
        let push = (random.f64() * 2.0 - 1.0) * 3.0_f64.sqrt();
        let step = step_s / SLIP_CHANGES_S;
        self.beside += self.noise * push * (2.0 * step).sqrt() - self.beside * step;
        1.0 - self.share - self.beside
    }
}

#[cfg(test)]
#[path = "car_tests.rs"]
mod tests;
