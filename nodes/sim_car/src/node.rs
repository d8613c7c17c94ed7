//! The node: a PiCar-X to the rest of the robot, a simulation behind it.

use std::path::PathBuf;
use std::sync::Arc;

use nevil_runtime::prelude::*;
use nevil_runtime::{HelperProcess, MakeSafe, SafeSequence, Unblock};

use crate::link::{Car, Inside, Wheels, World, WorldStream};
use crate::process::{WORLD_PROCESS, read_world};
use crate::simulation::{Ping, Settings, Simulation};
use crate::wire::{STOP_FRAME, ToWorld};
use crate::{CarFlaws, MotorCommand, SPEED_AT_FULL_MPS};

/// Time between two measurements of the ultrasonic sensor.
const SENSE_EVERY: Duration = Duration::from_millis(100);

/// Time between two states of the car, for those who watch.
const STATE_EVERY: Duration = Duration::from_millis(50);

/// A simulated PiCar-X: obeys `drive`, publishes `range` and `car_state`.
#[derive(Debug)]
pub struct SimCar {
    wheels: Actuator<Wheels>,
    range: Publisher<Range>,
    state: Publisher<CarState>,
}

/// Which world the car is in.
#[derive(Parameters)]
pub struct Params {
    /// File of the world: walls, objects and where the car starts.
    world: PathBuf,
    /// Seed of the noise of its sensor; by default the launch's.
    seed: Option<u64>,
    /// Share of the sensor's readings that are lost.
    #[param(default = 0.02, range = 0.0..=1.0)]
    dropout_share: f64,
    /// Socket of a world process that runs already. By default the node starts one of its own.
    socket: Option<PathBuf>,
}

impl Node for SimCar {
    type Params = Params;
    const PROCESSES: &'static [HelperProcess] = &[WORLD_PROCESS];

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        let seed = params.seed.unwrap_or_else(|| setup.seed());
        let world = read_world(&params.world).map_err(|error| NodeError::new(error.to_string()))?;
        let settings = Settings { seed, dropout_share: params.dropout_share, flaws: CarFlaws::NONE };
        let (inside, clock) = (setup.is_simulated(), setup.clock());
        let car = setup.device("sim_car", move || {
            Ok(match &params.socket {
                _ if inside => Car::Inside(Inside::new(Simulation::new(&world, settings)?, clock.clone())),
                Some(socket) => Car::World(Arc::new(World::at(socket.clone()))),
                None => Car::World(Arc::new(World::start(&params.world, seed, params.dropout_share)?)),
            })
        })?;
        let device = car.clone();
        let wheels = setup.actuator("wheels", move || Ok(device.with(open_wheels)?));
        let device = car.clone();
        setup.driver("sonar", move || Ok(Sonar(device.with(|car| sensor(car, None))?)), Self::on_ping)?;
        let watch = move || Ok(Watch(car.with(|car| sensor(car, Some(ToWorld::Watch)))?));
        setup.driver("state", watch, Self::on_state)?;
        setup.subscribe(topics::DRIVE, Self::on_drive)?;
        Ok(Self {
            wheels,
            range: setup.publisher(topics::RANGE)?,
            state: setup.publisher(topics::CAR_STATE)?,
        })
    }
}

impl SimCar {
    fn on_drive(&mut self, drive: &Received<Drive>, ctx: &Context) -> NodeResult {
        // A command holds from when it was sent: the time that it has waited is gone.
        let expires = drive.header().stamp + Duration::from_millis(drive.valid_for_ms.into());
        let left = expires.since(ctx.now());
        if left.is_zero() {
            return Ok(());
        }
        let command = MotorCommand {
            speed_percent: drive.speed_mps / SPEED_AT_FULL_MPS as f32 * 100.0,
            steering_deg: drive.steering_rad.to_degrees(),
        };
        Ok(self.wheels.command(&command.limited(), left)?)
    }

    fn on_ping(&mut self, range: &Received<Range>, _: &Context) -> NodeResult {
        self.range.publish(**range)?;
        Ok(())
    }

    fn on_state(&mut self, state: &Received<CarState>, _: &Context) -> NodeResult {
        self.state.publish(**state)?;
        Ok(())
    }
}

/// Three connections of their own: for commands, for safety, and for the guard process.
fn open_wheels(car: &mut Car) -> DeviceResult<OpenActuator<Wheels>> {
    Ok(match car {
        Car::Inside(inside) => {
            let stopped = inside.clone();
            let make_safe: MakeSafe = Arc::new(move || {
                stopped.with(|simulation| simulation.command(MotorCommand::STOP));
                Ok(())
            });
            OpenActuator { control: Wheels::Inside(inside.clone()), make_safe, guard: None }
        }
        Car::World(world) => {
            let safety = world.connect()?.handle()?;
            let make_safe: MakeSafe = Arc::new(move || {
                use std::io::Write;
                Ok((&safety).write_all(&STOP_FRAME)?)
            });
            let guard =
                SafeSequence { handle: world.connect()?.handle()?.into(), writes: vec![STOP_FRAME.to_vec()] };
            OpenActuator { control: Wheels::World(world.connect()?), make_safe, guard: Some(guard) }
        }
    })
}

/// Where a driver reads from.
enum Sensor {
    Inside(Inside),
    World(WorldStream),
}

fn sensor(car: &mut Car, first: Option<ToWorld>) -> DeviceResult<Sensor> {
    Ok(match car {
        Car::Inside(inside) => Sensor::Inside(inside.clone()),
        Car::World(world) => {
            let mut stream = world.connect()?;
            first.map_or(Ok(()), |message| stream.send(message))?;
            Sensor::World(stream)
        }
    })
}

impl Sensor {
    fn unblock(&self) -> Option<Unblock> {
        let Self::World(stream) = self else { return None };
        let handle = stream.handle().ok()?;
        Some(Box::new(move || {
            // It may be closed already, which is as good.
            let _ = handle.shutdown(std::net::Shutdown::Both);
        }))
    }
}

/// Measures the distance ahead ten times a second.
struct Sonar(Sensor);

impl Driver for Sonar {
    type Input = Range;

    fn step(&mut self, now: Time, input: &DriverInput<Range>) -> Result<Option<Time>, NodeError> {
        let ping = match &mut self.0 {
            Sensor::Inside(inside) => inside.with(Simulation::ping),
            Sensor::World(stream) => stream.ping().map_err(|error| NodeError::new(error.to_string()))?,
        };
        let range = match ping {
            Ping::Echo { distance_m } => Range { reading: RangeReading::Echo, distance_m },
            Ping::Timeout => Range { reading: RangeReading::Timeout, distance_m: 0.0 },
            Ping::NoEdge => Range { reading: RangeReading::NoEdge, distance_m: 0.0 },
        };
        input.send(range)?;
        Ok(Some(now + SENSE_EVERY))
    }

    fn unblock(&self) -> Option<Unblock> {
        self.0.unblock()
    }
}

/// Tells where the car is.
struct Watch(Sensor);

impl Driver for Watch {
    type Input = CarState;

    fn step(&mut self, now: Time, input: &DriverInput<CarState>) -> Result<Option<Time>, NodeError> {
        input.send(match &mut self.0 {
            Sensor::Inside(inside) => {
                let state = inside.with(|simulation| simulation.state());
                CarState {
                    x_m: state.pose.x_m,
                    y_m: state.pose.y_m,
                    heading_rad: state.pose.heading_rad,
                    speed_mps: state.speed_mps,
                    steering_rad: state.steering_deg.to_radians(),
                    driven_m: state.driven_m,
                    touches: state.touches,
                    falls: 0,
                    pan_rad: 0.0,
                    tilt_rad: 0.0,
                    battery_v: 0.0,
                }
            }
            Sensor::World(stream) => {
                let state = stream.state().map_err(|error| NodeError::new(error.to_string()))?;
                CarState {
                    x_m: state.x_m,
                    y_m: state.y_m,
                    heading_rad: state.heading_rad,
                    speed_mps: state.speed_mps.into(),
                    steering_rad: f64::from(state.steering_deg).to_radians(),
                    driven_m: state.driven_m,
                    touches: state.touches,
                    falls: 0,
                    pan_rad: 0.0,
                    tilt_rad: 0.0,
                    battery_v: 0.0,
                }
            }
        })?;
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
        self.0.unblock()
    }
}

#[cfg(test)]
mod tests {
    use nevil_runtime::testing::TestNode;

    use super::*;

    const WORLD: &str =
        concat!("world: ", env!("CARGO_MANIFEST_DIR"), "/../../launch/files/worlds/empty_room.yaml");
    const MS: Duration = Duration::from_millis(1);

    fn speed(car: &mut TestNode<SimCar>) -> f64 {
        car.take(topics::CAR_STATE).unwrap().last().unwrap().speed_mps
    }

    #[test]
    fn the_car_obeys_a_command_until_it_expires_and_then_stops() {
        let mut car = TestNode::<SimCar>::start(WORLD).unwrap();
        car.publish(topics::DRIVE, Drive { speed_mps: 0.3, steering_rad: 0.0, valid_for_ms: 500 }).unwrap();
        car.advance(500 * MS);
        assert!(speed(&mut car) > 0.28);
        car.advance(1000 * MS);
        assert!(speed(&mut car) < 0.01);
        assert_eq!(car.status().actuators[0].expired, 1);
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
        assert_eq!(before.len(), 11);
        for _ in 0..20 {
            car.publish(topics::DRIVE, Drive { speed_mps: 0.3, steering_rad: 0.0, valid_for_ms: 200 })
                .unwrap();
            car.advance(100 * MS);
        }
        let after = car.take(topics::RANGE).unwrap();
        let (first, last) = (before.last().unwrap(), after.last().unwrap());
        assert!(last.distance_m < first.distance_m - 0.4, "{first:?} {last:?}");
    }

    #[test]
    fn a_world_file_that_is_missing_is_told_by_its_name() {
        let error = TestNode::<SimCar>::start("world: nowhere.yaml").err().unwrap();
        assert_eq!(
            error.to_string(),
            "node `node` could not be configured: cannot read world `nowhere.yaml`: No such file or directory (os error 2)"
        );
    }
}
