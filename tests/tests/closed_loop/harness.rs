//! Sensor, zones, wanderer and arbiter in a closed loop with the simulated car, without threads and clocks.
//!
//! A reading is taken each 100 ms and arrives a period later, as if it had waited in a queue. What the wanderer and the
//! zones make of it reaches the arbiter 50 ms after that, which decides each 50 ms.

use std::collections::HashSet;
use std::time::Duration;

use nevil_car::{Echo, Level as Volts, Line, MotorCommand, WheelSpeeds, duty_percent, registers};
use nevil_msgs::SafetyLevel as Level;
use nevil_node_motion::{Arbiter, DriveRequest, MotionLimits, Safety, Source};
use nevil_node_navigation::{
    CarShape, Cliff, Doing, Drive, Motion, Senses, Sight, Wander, WanderLimits, Way,
};
use nevil_node_obstacle_detection::{Reading, ZoneLimits, Zones};
use nevil_node_sim_car::{STEP, Settings, Simulation, World};

const TURN: Duration = Duration::from_millis(50);

/// Who says where to go.
pub(crate) enum Driver {
    /// The wanderer with these limits.
    Wander(WanderLimits),
    /// Somebody who always wants straight ahead at this speed.
    Blind { speed_mps: f32 },
}

/// Whether the arbiter hears of danger.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// As on the robot.
    On,
    /// It is always told that all is well.
    Off,
}

/// How a run went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) driven_m: f64,
    pub(crate) touches: u32,
    /// Least distance between the car and anything, in metres.
    pub(crate) clearance_m_min: f64,
    /// Squares of half a metre in which the car has been.
    pub(crate) squares: usize,
    /// Share of the time in which the car had nowhere to go.
    pub(crate) stuck_share: f64,
    /// Share of the time in which forward was forbidden.
    pub(crate) blocked_share: f64,
}

struct Loop {
    car: Simulation,
    zones: Zones,
    arbiter: Arbiter,
    guard: Guard,
    /// Taken last, not arrived yet.
    reading: Option<Echo>,
    /// Decided last, not arrived yet.
    sent: (Option<Drive>, Level),
    obeyed: Motion,
}

/// Runs for `time` and says how it went.
pub(crate) fn run(
    world: &World,
    settings: Settings,
    driver: Driver,
    guard: Guard,
    time: Duration,
) -> Outcome {
    let mut it = Loop {
        car: switched_on(world, settings),
        zones: Zones::new(ZoneLimits::default()).unwrap(),
        arbiter: Arbiter::new(MotionLimits::default()),
        guard,
        reading: None,
        sent: (None, Level::SensorError),
        obeyed: Motion::NONE,
    };
    let mut wander = match driver {
        Driver::Wander(limits) => Some(Wander::new(CarShape::default(), limits, settings.seed)),
        Driver::Blind { .. } => None,
    };
    let mut outcome = Outcome { clearance_m_min: f64::INFINITY, ..Outcome::default() };
    let mut squares = HashSet::new();
    let (mut turns, mut stuck, mut blocked) = (0_u32, 0_u32, 0_u32);
    let mut now = Duration::ZERO;
    while now < time {
        it.decide(now);
        if turns % 2 == 0 {
            let obeyed = it.obeyed;
            it.sense(now, |sight, way| match (&mut wander, &driver) {
                (Some(wander), _) => wander.step(now, Senses { sight, way, cliff: Cliff::NONE, obeyed }),
                (None, Driver::Blind { speed_mps }) => Drive {
                    motion: Motion { speed_mps: *speed_mps, steering_rad: 0.0 },
                    valid_for: Duration::from_millis(300),
                },
                (None, Driver::Wander(_)) => unreachable!("a wandering driver has a wanderer"),
            });
            blocked += u32::from(it.sent.1 >= Level::Danger);
            stuck += u32::from(wander.as_ref().is_some_and(|wander| wander.doing() == Doing::Stuck));
            let pose = it.car.state().pose;
            squares.insert(((pose.x_m / 0.5) as i32, (pose.y_m / 0.5) as i32));
            outcome.clearance_m_min = outcome.clearance_m_min.min(it.car.clearance_m());
        }
        it.car.step(TURN);
        now += TURN;
        turns += 1;
    }
    let state = it.car.state();
    outcome.driven_m = state.driven_m;
    outcome.touches = state.touches;
    outcome.squares = squares.len();
    outcome.stuck_share = f64::from(stuck) * 2.0 / f64::from(turns);
    outcome.blocked_share = f64::from(blocked) * 2.0 / f64::from(turns);
    outcome
}

impl Loop {
    fn decide(&mut self, now: Duration) {
        if let (Some(drive), level) = self.sent {
            let Motion { speed_mps, steering_rad } = drive.motion;
            let request = DriveRequest { speed_mps, steering_rad, valid_for: drive.valid_for };
            self.arbiter.request(Source::Autonomous, request, now).unwrap();
            self.arbiter.safety(if self.guard == Guard::On { safety(level) } else { Safety::Free }, now);
        }
        let decision = self.arbiter.decide(now);
        self.obeyed = Motion { speed_mps: decision.speed_mps, steering_rad: decision.steering_rad };
        drive(&mut self.car, MotorCommand::of(decision.speed_mps, decision.steering_rad));
    }

    fn sense(&mut self, now: Duration, drive: impl FnOnce(Option<Sight>, Way) -> Drive) {
        let arrived = self.reading.replace(self.car.echo());
        let assessment = match arrived {
            Some(echo) => self.zones.reading(now, reading(echo)),
            None => self.zones.assess(now),
        };
        let sight = arrived.map(|echo| match echo.distance_m() {
            Some(distance_m) => Sight::Echo { distance_m: distance_m as f32 },
            None => Sight::Lost,
        });
        let way = if assessment.level >= Level::Danger { Way::Blocked } else { Way::Open };
        self.sent = (Some(drive(sight, way)), assessment.level);
    }
}

fn reading(echo: Echo) -> Reading {
    match echo {
        Echo::Pulse(_) => Reading::Echo { distance_m: echo.distance_m().unwrap_or_default() as f32 },
        Echo::Timeout => Reading::Timeout,
        Echo::NoEdge => Reading::NoEdge,
    }
}

/// A car whose timers are set.
fn switched_on(world: &World, settings: Settings) -> Simulation {
    let mut car = Simulation::new(world, settings).unwrap();
    for (timer, prescaler) in [(0, registers::SERVO_PRESCALER), (3, registers::MOTOR_PRESCALER)] {
        write(&mut car, registers::prescaler(timer), prescaler - 1);
        write(&mut car, registers::period(timer), registers::PERIOD);
    }
    car
}

fn write(car: &mut Simulation, register: u8, value: u16) {
    car.write(&registers::write(register, value)).unwrap();
}

/// What the driver of a car without calibration writes.
fn drive(car: &mut Simulation, command: MotorCommand) {
    let WheelSpeeds { left_percent, right_percent } = command.wheels();
    let servo_deg = -command.limited().steering_deg;
    write(car, registers::pulse(registers::STEERING), registers::servo_ticks(servo_deg));
    let level = |high| if high { Volts::High } else { Volts::Low };
    car.set(Line::LeftDirection, level(left_percent < 0.0));
    car.set(Line::RightDirection, level(right_percent > 0.0));
    for (channel, percent) in [(registers::LEFT_MOTOR, left_percent), (registers::RIGHT_MOTOR, right_percent)]
    {
        write(car, registers::pulse(channel), registers::motor_ticks(duty_percent(percent)));
    }
}

fn safety(level: Level) -> Safety {
    match level {
        Level::Clear | Level::Warning => Safety::Free,
        Level::Caution => Safety::Caution,
        Level::Danger | Level::Emergency | Level::SensorError => Safety::NoForward,
    }
}

// The loop steps the car in whole steps only.
const _: () = assert!(TURN.as_millis().is_multiple_of(STEP.as_millis()));
