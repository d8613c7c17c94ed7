//! The node around [`Performer`] and [`Wander`]: what is asked for and what the car senses in, wishes to drive and to look out.

use nevil_runtime::prelude::*;

use crate::actions::{ACTIONS_MAX, Action, Aware, Gaze, Odometer, Pace, Performer};
use crate::auto::{Auto, Next};
use crate::params::{Params, mood};
use crate::wander::{CarShape, Cliff, Doing, Motion, Senses, Sight, Wander, Way};

/// How often it decides: once for each reading of the sensor.
const STEP: Duration = Duration::from_millis(100);

/// How long a wish holds: three steps.
const VALID_FOR_MS: u32 = 300;

/// Carries out actions, and drives the car about without touching anything.
#[derive(Debug)]
pub struct Navigation {
    performer: Performer,
    auto: Auto,
    wander: Wander,
    odometer: Odometer,
    /// Since when it has found nowhere to go.
    stuck_since: Option<Duration>,
    /// When it last made a step.
    stepped: Option<Duration>,
    sight: Option<Sight>,
    safety: Option<SafetyStatus>,
    /// Where there has been no floor since the last step.
    cliff: Cliff,
    obeyed: MotionStatus,
    /// Whether the last step had a wish.
    wished: bool,
    params: Params,
    wish: Publisher<Drive>,
    look: Publisher<Look>,
    status: Publisher<NavigationStatus>,
    auto_status: Publisher<AutoModeStatus>,
    auto_said: Option<AutoModeStatus>,
}

impl Node for Navigation {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        let seed = params.seed.unwrap_or_else(|| setup.seed());
        let library = params.library()?;
        let mood = mood(&library, &params.mood).map_err(|text| NodeError::new(format!("mood: {text}")))?;
        for (index, action) in params.startup_actions.iter().enumerate() {
            Action::parse(action, &library, Pace::Med)
                .map_err(|problem| NodeError::new(format!("startup_actions[{index}]: {problem}")))?;
        }
        let waiting = params.startup_actions.len();
        if waiting > params.queue_max as usize || waiting > ACTIONS_MAX {
            return Err(NodeError::new(format!(
                "startup_actions: {waiting} are given, at most {} are allowed and at most `queue_max` ({})",
                ACTIONS_MAX, params.queue_max
            )));
        }
        setup.subscribe(topics::RANGE, Self::on_range)?;
        setup.subscribe(topics::GRAYSCALE, Self::on_grayscale)?;
        setup.subscribe(topics::SAFETY_STATUS, Self::on_safety)?;
        setup.subscribe(topics::MOTION_STATUS, Self::on_motion)?;
        setup.subscribe(topics::ROBOT_ACTION, Self::on_action)?;
        setup.subscribe(topics::MOOD_CHANGE, Self::on_mood)?;
        setup.subscribe(topics::AUTO_MODE_COMMAND, Self::on_auto)?;
        setup.every(STEP, Self::step)?;
        let mut performer =
            Performer::new(library, params.queue_max as usize, params.rest_tilt_rad.to_degrees());
        // They were read above: nothing of them is refused.
        performer.ask(&params.startup_actions, "", 1);
        let mut auto = Auto::new(mood, params.mood_drifts, seed);
        auto.is_active = params.auto;
        Ok(Self {
            performer,
            auto,
            wander: Wander::new(CarShape::default(), params.limits(1.0), seed),
            odometer: Odometer::default(),
            stuck_since: None,
            stepped: None,
            sight: None,
            // Until somebody says that the way is open, it is not.
            safety: None,
            cliff: Cliff::NONE,
            obeyed: MotionStatus { source: DriveSource::Nobody, speed_mps: 0.0, steering_rad: 0.0 },
            wished: false,
            params,
            wish: setup.publisher(topics::AUTONOMOUS_DRIVE)?,
            look: setup.publisher(topics::LOOK)?,
            status: setup.publisher(topics::NAVIGATION_STATUS)?,
            auto_status: setup.publisher(topics::AUTO_MODE_STATUS)?,
            auto_said: None,
        })
    }

    /// Whether it drives about, its mood, its speeds, how far from what it sees it stops, for how long it is careful, and what is a cliff.
    fn params_changed(&mut self, params: &Params, _: &Context) -> NodeResult {
        let begun = |params: &Params| Params {
            start_free_m: params.start_free_m,
            seed: params.seed,
            gestures: params.gestures.clone(),
            startup_actions: params.startup_actions.clone(),
            queue_max: params.queue_max,
            rest_tilt_rad: params.rest_tilt_rad,
            ..self.params.clone()
        };
        if begun(params) != self.params {
            return Err(NodeError::new(
                "`gestures`, `startup_actions`, `queue_max`, `rest_tilt_rad`, `start_free_m` and `seed` are taken at the start only; \
                 set them in the launch file, and restart the node",
            ));
        }
        // Set to what they are already, they are meant: by messages it may do otherwise by now.
        let is_again = *params == self.params;
        if is_again || params.mood != self.params.mood {
            let mood = mood(self.performer.library(), &params.mood).map_err(NodeError::new)?;
            self.auto.set_mood(mood);
        }
        if is_again || params.auto != self.params.auto {
            self.set_active(params.auto);
        }
        self.auto.set_drifts(params.mood_drifts);
        self.params = params.clone();
        self.pace();
        // They are in force by now: that it could not be said is no refusal, and is counted on the bus.
        let _ = self.say_auto();
        Ok(())
    }
}

/// After so long without a step an action has been held by somebody.
const SILENCE_MAX: Duration = Duration::from_secs(1);

/// After so long without any way to go it says so.
const STUCK_SAID: Duration = Duration::from_secs(3);

impl Navigation {
    fn on_range(&mut self, range: &Received<Range>, _: &Context) -> NodeResult {
        self.sight = Some(match range.reading {
            RangeReading::Echo => Sight::Echo { distance_m: range.distance_m },
            RangeReading::Timeout | RangeReading::NoEdge => Sight::Lost,
        });
        Ok(())
    }

    fn on_safety(&mut self, status: &Received<SafetyStatus>, _: &Context) -> NodeResult {
        self.safety = Some(**status);
        Ok(())
    }

    /// Looks come more often than steps: what one of them has seen counts in the next step.
    fn on_grayscale(&mut self, seen: &Received<Grayscale>, _: &Context) -> NodeResult {
        let is_void = |counts: u16| counts < self.params.cliff_counts;
        let cliff =
            Cliff { left: is_void(seen.left), middle: is_void(seen.middle), right: is_void(seen.right) };
        self.cliff = self.cliff.or(cliff);
        Ok(())
    }

    /// What the motors were told, by whomever: it reckons its place from that.
    fn on_motion(&mut self, status: &Received<MotionStatus>, ctx: &Context) -> NodeResult {
        self.obeyed = **status;
        self.odometer.told(since_start(ctx), motion(&self.obeyed));
        Ok(())
    }

    fn on_action(&mut self, asked: &Received<RobotAction>, _: &Context) -> NodeResult {
        let answer = self.performer.ask(&asked.actions, &asked.mood, asked.priority);
        if answer.is_stop {
            // Who says stop wants it to stand, and not to drive about a moment later.
            self.set_active(false);
            self.want(Some(Motion::NONE))?;
            self.say_auto()?;
        }
        self.say(answer.news)
    }

    fn on_mood(&mut self, change: &Received<MoodChange>, _: &Context) -> NodeResult {
        match mood(self.performer.library(), &change.mood) {
            Ok(mood) => {
                self.auto.set_mood(mood);
                self.pace();
                self.say_auto()
            }
            Err(reason) => {
                let news = self.performer.refuse(reason);
                self.say(vec![news])
            }
        }
    }

    fn on_auto(&mut self, command: &Received<AutoModeCommand>, _: &Context) -> NodeResult {
        let was_active = self.auto.is_active;
        self.set_active(command.command == AutoModeOrder::Start);
        if was_active && !self.auto.is_active && !self.performer.is_busy() {
            self.want(Some(Motion::NONE))?;
        }
        self.say_auto()
    }

    fn set_active(&mut self, is_active: bool) {
        self.auto.is_active = is_active;
        self.auto.interrupt();
        self.performer.end_aside();
    }

    /// The wanderer drives as its mood is.
    fn pace(&mut self) {
        self.wander.set_pace(self.params.limits(self.auto.pace()));
    }

    fn step(&mut self, _: &Tick, ctx: &Context) -> NodeResult {
        let now = since_start(ctx);
        self.odometer.pass(now);
        let silence = now.saturating_sub(self.stepped.replace(now).unwrap_or(now));
        if silence > SILENCE_MAX {
            // The car stood meanwhile, whatever it was told before.
            let reason = format!(
                "it was held for {:.1} s, by an emergency stop or a callback that hung; ask for it again",
                silence.as_secs_f64()
            );
            let news = self.performer.fail(now, reason);
            self.say(news.into_iter().collect())?;
        }
        let turn = self.performer.step(now, &self.aware(now));
        let wanders = self.auto.is_active && !self.performer.is_busy();
        let next = if wanders {
            let stands =
                self.obeyed.speed_mps == 0.0 && matches!(self.wander.doing(), Doing::Looking | Doing::Stuck);
            self.auto.step(now, stands, self.performer.plays_aside(), self.performer.library())
        } else {
            self.auto.interrupt();
            Next::Stand
        };
        let senses = self.senses();
        let motion = if next == Next::Wander {
            // What the mood is by now.
            self.pace();
            let motion = self.wander.step(now, senses).motion;
            let is_stuck = self.wander.doing() == Doing::Stuck;
            self.stuck_since = is_stuck.then(|| self.stuck_since.unwrap_or(now));
            Some(motion)
        } else {
            self.stuck_since = None;
            self.wander.stand_aside(now, senses);
            turn.motion.or_else(|| wanders.then_some(Motion::NONE))
        };
        if let Next::Play(action) = &next {
            self.performer.play_aside(action);
        }
        self.want(motion)?;
        if let Some(Gaze { pan_deg, tilt_deg }) = turn.look {
            self.look.publish(Look { pan_rad: pan_deg.to_radians(), tilt_rad: tilt_deg.to_radians() })?;
        }
        self.say(turn.news)?;
        self.say_auto()
    }

    fn aware(&self, now: Duration) -> Aware {
        Aware { safety: self.safety, way_m: self.odometer.way_m(now), obeyed: self.obeyed.source }
    }

    fn senses(&mut self) -> Senses {
        let way = match self.safety.map(|safety| (safety.level, safety.cause)) {
            Some((SafetyLevel::Caution, SafetyCause::Distance)) => Way::Caution,
            Some((_, SafetyCause::Silent | SafetyCause::Stuck | SafetyCause::FloorUnknown)) => Way::Blind,
            // In likely open space there is nothing to turn away from.
            Some((SafetyLevel::Clear | SafetyLevel::Warning | SafetyLevel::Caution, _)) => Way::Open,
            Some((SafetyLevel::Danger | SafetyLevel::Emergency | SafetyLevel::SensorError, _)) | None => {
                Way::Blocked
            }
        };
        let (sight, cliff) = (self.sight.take(), std::mem::take(&mut self.cliff));
        Senses { sight, way, cliff, obeyed: motion(&self.obeyed) }
    }

    /// Says how it wants to drive; that it wants nothing any more is said once.
    fn want(&mut self, motion: Option<Motion>) -> NodeResult {
        let said = motion.or(self.wished.then_some(Motion::NONE));
        self.wished = motion.is_some();
        if let Some(Motion { speed_mps, steering_rad }) = said {
            self.wish.publish(Drive { speed_mps, steering_rad, valid_for_ms: VALID_FOR_MS })?;
        }
        Ok(())
    }

    fn say(&self, news: Vec<NavigationStatus>) -> NodeResult {
        for status in news {
            self.status.publish(status)?;
        }
        Ok(())
    }

    /// Says whether it drives about, in which mood, and what it does, if that is new.
    fn say_auto(&mut self) -> NodeResult {
        let is_active = self.auto.is_active;
        let behavior = match is_active {
            true if self.performer.is_busy() => "action",
            true if self
                .stuck_since
                .zip(self.stepped)
                .is_some_and(|(since, now)| now - since > STUCK_SAID) =>
            {
                "stuck"
            }
            true => self.auto.behavior().name(),
            false => "",
        };
        let mood = &self.auto.mood().name;
        let is_same = |said: &AutoModeStatus| {
            said.active == is_active && said.behavior == behavior && said.mood == *mood
        };
        if !self.auto_said.as_ref().is_some_and(is_same) {
            let said =
                AutoModeStatus { active: is_active, mood: mood.clone(), behavior: behavior.to_owned() };
            self.auto_status.publish(said.clone())?;
            self.auto_said = Some(said);
        }
        Ok(())
    }
}

const fn motion(status: &MotionStatus) -> Motion {
    Motion { speed_mps: status.speed_mps, steering_rad: status.steering_rad }
}

fn since_start(ctx: &Context) -> Duration {
    ctx.now().since(Time::ZERO)
}

#[cfg(test)]
#[path = "node_tests.rs"]
mod tests;
