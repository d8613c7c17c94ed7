//! The node around [`Seen`] and [`steps`]: what the robot is at in, a light out.

use std::path::PathBuf;

use nevil_runtime::prelude::*;

use crate::lamp::{GpioLamp, Lamp, Light, Pin};
use crate::pattern::{Hold, steps};
use crate::seen::Seen;

/// Shows by a light what the robot is at.
#[derive(Debug)]
pub struct LedIndicator<L: Lamp = GpioLamp> {
    seen: Seen,
    acts: Acts,
    status: Publisher<LedStatus>,
    lamp: Option<Device<L>>,
    flash: Timer,
    pause: Timer,
    shown: Option<LedState>,
    step: usize,
}

/// What the robot does by itself, as two nodes say it.
#[derive(Debug, Default)]
struct Acts {
    executing: bool,
    drives_about: bool,
}

/// Where the light hangs.
#[derive(Parameters)]
pub struct Params {
    /// Character device of the chip, `/dev/gpiochip0` on a car; by default there is no light, and the pattern is only said.
    chip: Option<PathBuf>,
    /// Number of the line on it.
    #[param(default = 26, range = 0..=1023)]
    line: u32,
}

impl<L: Lamp> Node for LedIndicator<L> {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        setup.subscribe(topics::EMERGENCY_STOP_STATE, Self::on_emergency_stop)?;
        setup.subscribe(topics::SYSTEM_MODE, Self::on_system_mode)?;
        setup.subscribe(topics::LISTENING_STATUS, Self::on_listening_status)?;
        setup.subscribe(topics::SPEAKING_STATUS, Self::on_speaking_status)?;
        setup.subscribe(topics::NAVIGATION_STATUS, Self::on_navigation_status)?;
        setup.subscribe(topics::AUTO_MODE_STATUS, Self::on_auto_mode_status)?;
        let is_simulated = setup.is_simulated();
        let lamp = params.chip.map(|chip| {
            let pin = Pin { chip, line: params.line };
            let open = move || if is_simulated { Ok(L::simulated()) } else { L::open(&pin) };
            setup.device(&format!("gpio:{}", params.line), open)
        });
        let lamp = lamp.transpose()?;
        Ok(Self {
            seen: Seen::default(),
            acts: Acts::default(),
            status: setup.publisher(topics::LED_STATUS)?,
            lamp,
            flash: setup.after(Hold::FLASH, Self::next_step)?,
            pause: setup.after(Hold::PAUSE, Self::next_step)?,
            shown: None,
            step: 0,
        })
    }

    fn activate(&mut self, ctx: &Context) -> NodeResult {
        self.shown = None;
        self.show(ctx)
    }

    fn deactivate(&mut self, _: &Context) -> NodeResult {
        self.set(Light::Off)
    }
}

impl<L: Lamp> LedIndicator<L> {
    fn on_emergency_stop(&mut self, status: &Received<EmergencyStopStatus>, ctx: &Context) -> NodeResult {
        self.seen.stopped = status.engaged;
        self.show(ctx)
    }

    fn on_system_mode(&mut self, mode: &Received<SystemMode>, ctx: &Context) -> NodeResult {
        self.seen.mode = Some(mode.mode);
        self.show(ctx)
    }

    fn on_listening_status(&mut self, status: &Received<ListeningStatus>, ctx: &Context) -> NodeResult {
        self.seen.listening = status.listening;
        self.show(ctx)
    }

    fn on_speaking_status(&mut self, status: &Received<SpeakingStatus>, ctx: &Context) -> NodeResult {
        self.seen.speaking = status.speaking;
        self.show(ctx)
    }

    fn on_navigation_status(&mut self, status: &Received<NavigationStatus>, ctx: &Context) -> NodeResult {
        self.acts.executing = status.status == NavigationState::Executing;
        self.show_acts(ctx)
    }

    fn on_auto_mode_status(&mut self, status: &Received<AutoModeStatus>, ctx: &Context) -> NodeResult {
        self.acts.drives_about = status.active;
        self.show_acts(ctx)
    }

    /// Who says that it does something, or nothing, has started: without a mode the robot is idle then.
    fn show_acts(&mut self, ctx: &Context) -> NodeResult {
        self.seen.acting = self.acts.executing || self.acts.drives_about;
        self.seen.mode.get_or_insert(Mode::Idle);
        self.show(ctx)
    }

    /// Begins the pattern that is to be shown, if it is another one than before, and says so.
    fn show(&mut self, ctx: &Context) -> NodeResult {
        let state = self.seen.pattern();
        if self.shown == Some(state) {
            return Ok(());
        }
        self.shown = Some(state);
        self.step = 0;
        // Said first: a lamp that has failed hides nothing from who looks on.
        self.status.publish(LedStatus { state })?;
        self.light(state, ctx)
    }

    fn next_step(&mut self, _: &Tick, ctx: &Context) -> NodeResult {
        let Some(state) = self.shown else { return Ok(()) };
        // Each timer runs once after activation, also where nobody has asked for it.
        if steps(state)[self.step].hold == Hold::Forever {
            return Ok(());
        }
        self.step = (self.step + 1) % steps(state).len();
        self.light(state, ctx)
    }

    /// Does the step of now, and sees to it that the next one comes.
    fn light(&mut self, state: LedState, ctx: &Context) -> NodeResult {
        self.flash.cancel();
        self.pause.cancel();
        if self.lamp.is_none() {
            return Ok(());
        }
        let step = steps(state)[self.step];
        match step.hold {
            Hold::Flash => self.flash.restart(ctx),
            Hold::Pause => self.pause.restart(ctx),
            Hold::Forever => {}
        }
        self.set(step.light)
    }

    fn set(&mut self, light: Light) -> NodeResult {
        self.lamp.as_ref().map_or(Ok(()), |lamp| Ok(lamp.with(|lamp| lamp.set(light))?))
    }
}
