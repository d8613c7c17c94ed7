//! What a node of a real car and one of a simulated car have in common: all but the board behind it.

use std::fmt;
use std::sync::Arc;

use nevil_runtime::prelude::*;

use crate::board::{Board, Hat};
use crate::calibration::Calibration;
use crate::drive::{Gaze, Head, Wheels, set_up};
use crate::law::MotorCommand;
use crate::sensors::{Analog, Converter, Sonar};
use crate::smooth::Smooth;

/// Time between the steps of a large move of a servo.
const SMOOTH_STEP: Duration = Duration::from_millis(20);

/// Moves of the steering up to this angle are made at once, in degrees.
const STEER_AT_ONCE_DEG: f32 = 5.0;

/// Moves of the camera up to this angle are made at once, in degrees.
const LOOK_AT_ONCE_DEG: f32 = 10.0;

/// How long a command to the head holds. A servo stays where it is: nothing is to be made safe about it.
const LOOK_FOR: Duration = Duration::from_millis(500);

/// Obeys `drive` and `look`; publishes `range`, `grayscale` and `battery`.
pub struct CarParts<B: Board> {
    wheels: Actuator<Wheels<B>>,
    head: Actuator<Head<B>>,
    /// The command that holds, and until when.
    command: Option<(MotorCommand, Time)>,
    steering: Smooth,
    pan: Smooth,
    tilt: Smooth,
    smooth: Timer,
    range: Publisher<Range>,
    grayscale: Publisher<Grayscale>,
    battery: Publisher<Battery>,
}

impl<B: Board> fmt::Debug for CarParts<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CarParts").field("command", &self.command).finish_non_exhaustive()
    }
}

/// A node that has a car.
pub trait HasCar: Node {
    /// The way to its board.
    type Board: Board;

    /// Its car.
    fn car(&mut self) -> &mut CarParts<Self::Board>;

    /// The callback that obeys `drive`.
    ///
    /// # Errors
    ///
    /// What its board reports.
    fn on_drive(&mut self, drive: &Received<Drive>, ctx: &Context) -> NodeResult {
        self.car().on_drive(drive, ctx)
    }

    /// The callback that obeys `look`.
    ///
    /// # Errors
    ///
    /// What its board reports.
    fn on_look(&mut self, look: &Received<Look>, ctx: &Context) -> NodeResult {
        self.car().on_look(look, ctx)
    }
}

impl<B: Board> CarParts<B> {
    /// Declares the board behind `claim`, opened with `open` and set up, and all that a car obeys and publishes.
    ///
    /// # Errors
    ///
    /// As for the declarations of [`Setup`].
    pub fn declare<N, H>(
        setup: &mut Setup<'_, N>,
        claim: &str,
        calibration: Calibration,
        mut open: impl FnMut() -> DeviceResult<H> + Send + 'static,
    ) -> Result<Parts<H>, NodeError>
    where
        N: HasCar<Board = B>,
        H: Hat<Board = B>,
    {
        let calibration = Arc::new(calibration);
        let hat = {
            let calibration = Arc::clone(&calibration);
            setup.device(claim, move || {
                let mut hat = open()?;
                set_up(&mut hat, &calibration)?;
                Ok(hat)
            })?
        };
        let (device, its) = (hat.clone(), Arc::clone(&calibration));
        let wheels = setup.actuator("wheels", move || {
            Ok(device.with(|hat| {
                let (make_safe, guard) = (hat.stopper()?, hat.guard()?);
                Ok(OpenActuator { control: Wheels::new(hat.connect()?, Arc::clone(&its)), make_safe, guard })
            })?)
        });
        let (device, its) = (hat.clone(), calibration);
        let head = setup.actuator("head", move || {
            // Nothing of the head is to be made safe. What the guard process is given for it stops the motors once more.
            let (control, guard) = device.with(|hat| Ok((hat.connect()?, hat.guard()?)))?;
            let control = Head::new(control, Arc::clone(&its));
            Ok(OpenActuator { control, make_safe: Arc::new(|| Ok(())), guard })
        });
        let device = hat.clone();
        setup.driver(
            "sonar",
            move || Ok(Sonar::new(device.with(Hat::connect)?)),
            |node: &mut N, range, _| {
                node.car().range.publish(**range)?;
                Ok(())
            },
        )?;
        let device = hat.clone();
        let converter = move || Ok(Converter::new(device.with(Hat::connect)?));
        setup.driver("converter", converter, |node: &mut N, analog, _| node.car().on_analog(analog))?;
        setup.subscribe(topics::DRIVE, N::on_drive)?;
        setup.subscribe(topics::LOOK, N::on_look)?;
        let smooth = setup.after(SMOOTH_STEP, |node: &mut N, _, ctx| node.car().on_smooth(ctx))?;
        let parts = Self {
            wheels,
            head,
            command: None,
            steering: Smooth::new(STEER_AT_ONCE_DEG),
            pan: Smooth::new(LOOK_AT_ONCE_DEG),
            tilt: Smooth::new(LOOK_AT_ONCE_DEG),
            smooth,
            range: setup.publisher(topics::RANGE)?,
            grayscale: setup.publisher(topics::GRAYSCALE)?,
            battery: setup.publisher(topics::BATTERY)?,
        };
        Ok(Parts { parts, hat })
    }

    fn on_drive(&mut self, drive: &Received<Drive>, ctx: &Context) -> NodeResult {
        // A command holds from when it was sent: the time that it has waited is gone.
        let expires = drive.header().stamp + Duration::from_millis(drive.valid_for_ms.into());
        if expires.since(ctx.now()).is_zero() {
            return Ok(());
        }
        let command = MotorCommand::of(drive.speed_mps, drive.steering_rad);
        self.command = Some((command, expires));
        self.steering.aim(command.steering_deg);
        self.obey(ctx)
    }

    /// Carries out what holds, with the steering on its way.
    fn obey(&mut self, ctx: &Context) -> NodeResult {
        let Some((command, expires)) = self.command else { return Ok(()) };
        let left = expires.since(ctx.now());
        if left.is_zero() {
            self.command = None;
            return Ok(());
        }
        let steering_deg = self.steering.step();
        let outcome = self.wheels.command(&MotorCommand { steering_deg, ..command }, left);
        self.go_on(ctx);
        Ok(outcome?)
    }

    fn on_look(&mut self, look: &Received<Look>, ctx: &Context) -> NodeResult {
        let gaze =
            Gaze { pan_deg: look.pan_rad.to_degrees(), tilt_deg: look.tilt_rad.to_degrees() }.limited();
        self.pan.aim(gaze.pan_deg);
        self.tilt.aim(gaze.tilt_deg);
        self.turn_head(ctx)
    }

    fn turn_head(&mut self, ctx: &Context) -> NodeResult {
        let gaze = Gaze { pan_deg: self.pan.step(), tilt_deg: self.tilt.step() };
        let outcome = self.head.command(&gaze, LOOK_FOR);
        self.go_on(ctx);
        Ok(outcome?)
    }

    /// The next steps of what is under way.
    fn on_smooth(&mut self, ctx: &Context) -> NodeResult {
        if self.pan.is_under_way() || self.tilt.is_under_way() {
            self.turn_head(ctx)?;
        }
        if self.steering.is_under_way() { self.obey(ctx) } else { Ok(()) }
    }

    fn go_on(&self, ctx: &Context) {
        let steers = self.steering.is_under_way() && self.command.is_some();
        if (steers || self.pan.is_under_way() || self.tilt.is_under_way()) && self.smooth.due().is_none() {
            self.smooth.restart(ctx);
        }
    }

    fn on_analog(&mut self, analog: &Received<Analog>) -> NodeResult {
        let Analog { left, middle, right, battery_v } = **analog;
        self.grayscale.publish(Grayscale { left, middle, right })?;
        if let Some(voltage_v) = battery_v {
            self.battery.publish(Battery { voltage_v })?;
        }
        Ok(())
    }
}

/// What was declared.
pub struct Parts<H: Hat> {
    /// The car.
    pub parts: CarParts<H::Board>,
    /// Its board, for drivers that the node has besides.
    pub hat: Device<H>,
}

impl<H: Hat> fmt::Debug for Parts<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("parts", &self.parts).finish_non_exhaustive()
    }
}
