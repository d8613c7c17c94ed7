//! The node around [`Arbiter`]: commands and safety in, one command out.

use nevil_runtime::prelude::*;

use crate::arbiter::{Arbiter, Decision, DriveRequest, MotionLimits, Safety, Source, Winner};

/// How often it decides where nothing arrives. Half of the shortest validity that is of use.
const BEAT: Duration = Duration::from_millis(50);

/// How long a stop is asked for; the car stops at the first one, and nothing is sent while it stands.
const STOP_FOR_MS: u32 = 100;

/// Decides which drive command the car obeys: safety before the operator before the robot itself.
#[derive(Debug)]
pub struct MotionNode {
    arbiter: Arbiter,
    drive: Publisher<Drive>,
    status: Publisher<MotionStatus>,
    last: Option<MotionStatus>,
}

/// Limits of every command, whoever gives it.
#[derive(Parameters)]
pub struct Params {
    /// Highest speed, either way.
    #[param(default = 0.7, range = 0.0..=0.8, unit = "m/s")]
    speed_mps_max: f32,
    /// Share of the speed that is left where the level of safety is `caution`.
    #[param(default = 0.5, range = 0.0..=1.0)]
    caution_share: f32,
    /// Steps in which the motors know speeds: what is commanded is rounded towards 0 to whole ones, so that `motion_status`
    /// says what the car can do. 0: any speed.
    #[param(default = 0.014, range = 0.0..=0.1, unit = "m/s")]
    speed_step_mps: f32,
    /// How long a level of safety holds; an older one is as bad as danger.
    #[param(default = "350ms", range = 0.05..=5.0)]
    safety_valid_for: Duration,
}

impl Node for MotionNode {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        setup.subscribe(topics::SAFETY_STATUS, Self::on_safety)?;
        setup.subscribe(topics::OPERATOR_DRIVE, Self::on_operator)?;
        setup.subscribe(topics::AUTONOMOUS_DRIVE, Self::on_autonomous)?;
        setup.every(BEAT, Self::beat)?;
        Ok(Self {
            arbiter: Arbiter::new(params.limits()),
            drive: setup.publisher(topics::DRIVE)?,
            status: setup.publisher(topics::MOTION_STATUS)?,
            last: None,
        })
    }

    /// All of them: a car that is too fast by them is slowed down at once.
    fn params_changed(&mut self, params: &Params, ctx: &Context) -> NodeResult {
        self.arbiter.set_limits(params.limits());
        // They are in force by now: that it could not be said is no refusal, and is counted on the bus.
        let _ = self.decide(ctx);
        Ok(())
    }
}

impl Params {
    fn limits(&self) -> MotionLimits {
        MotionLimits {
            speed_mps_max: self.speed_mps_max,
            caution_share: self.caution_share,
            speed_step_mps: self.speed_step_mps,
            safety_valid_for: self.safety_valid_for,
            valid_for_max: nevil_runtime::limits::COMMAND_VALID_MAX,
            ..MotionLimits::default()
        }
    }
}

impl MotionNode {
    fn on_safety(&mut self, status: &Received<SafetyStatus>, ctx: &Context) -> NodeResult {
        let safety = match status.level {
            SafetyLevel::Clear | SafetyLevel::Warning => Safety::Free,
            SafetyLevel::Caution => Safety::Caution,
            SafetyLevel::Danger | SafetyLevel::Emergency | SafetyLevel::SensorError => Safety::NoForward,
        };
        self.arbiter.safety(safety, since_start(status.header().stamp));
        // What has become dangerous must not wait for the next beat.
        if safety == Safety::NoForward { self.decide(ctx) } else { Ok(()) }
    }

    fn on_operator(&mut self, drive: &Received<Drive>, ctx: &Context) -> NodeResult {
        self.request(Source::Operator, drive)?;
        self.decide(ctx)
    }

    fn on_autonomous(&mut self, drive: &Received<Drive>, ctx: &Context) -> NodeResult {
        self.request(Source::Autonomous, drive)?;
        self.decide(ctx)
    }

    fn beat(&mut self, _: &Tick, ctx: &Context) -> NodeResult {
        self.decide(ctx)
    }

    /// A command holds from when it was sent: the time that it has waited is gone.
    fn request(&mut self, source: Source, drive: &Received<Drive>) -> NodeResult {
        let request = DriveRequest {
            speed_mps: drive.speed_mps,
            steering_rad: drive.steering_rad,
            valid_for: Duration::from_millis(drive.valid_for_ms.into()),
        };
        Ok(self.arbiter.request(source, request, since_start(drive.header().stamp))?)
    }

    /// Sends what holds now: again and again while the car moves, once when it stops.
    fn decide(&mut self, ctx: &Context) -> NodeResult {
        let decision = self.arbiter.decide(since_start(ctx.now()));
        let status = status(&decision);
        let changed = self.last != Some(status);
        let stands = decision.valid_for.is_zero() || decision.speed_mps == 0.0 && !changed;
        if changed || !stands {
            let valid_for_ms = u32::try_from(decision.valid_for.as_millis()).unwrap_or(u32::MAX);
            let valid_for_ms = if decision.valid_for.is_zero() { STOP_FOR_MS } else { valid_for_ms.max(1) };
            let Decision { speed_mps, steering_rad, .. } = decision;
            self.drive.publish(Drive { speed_mps, steering_rad, valid_for_ms })?;
        }
        if changed {
            self.last = Some(status);
            self.status.publish(status)?;
        }
        Ok(())
    }
}

fn status(decision: &Decision) -> MotionStatus {
    let source = match decision.winner {
        Winner::Safety => DriveSource::Emergency,
        Winner::Source(Source::Operator) => DriveSource::Operator,
        Winner::Source(Source::Autonomous) => DriveSource::Autonomous,
        Winner::Nobody => DriveSource::Nobody,
    };
    MotionStatus { source, speed_mps: decision.speed_mps, steering_rad: decision.steering_rad }
}

fn since_start(time: Time) -> Duration {
    time.since(Time::ZERO)
}

#[cfg(test)]
mod tests {
    use nevil_runtime::testing::TestNode;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Motors that know any speed, so that a command can be compared with what was asked.
    const ANY_SPEED: &str = "speed_step_mps: 0";

    fn safe(node: &mut TestNode<MotionNode>, level: SafetyLevel) {
        node.publish(
            topics::SAFETY_STATUS,
            SafetyStatus { level, cause: SafetyCause::Distance, distance_m: 1.0 },
        )
        .unwrap();
    }

    fn want(node: &mut TestNode<MotionNode>, topic: Topic<Drive>, speed_mps: f32, valid_for_ms: u32) {
        node.publish(topic, Drive { speed_mps, steering_rad: 0.0, valid_for_ms }).unwrap();
        node.step();
    }

    fn speed(node: &mut TestNode<MotionNode>) -> Option<f32> {
        node.take(topics::DRIVE).unwrap().last().map(|drive| drive.speed_mps)
    }

    #[test]
    fn the_operator_goes_before_the_robot_until_the_command_expires() {
        let mut node = TestNode::<MotionNode>::start(ANY_SPEED).unwrap();
        safe(&mut node, SafetyLevel::Clear);
        want(&mut node, topics::AUTONOMOUS_DRIVE, 0.2, 2000);
        assert_eq!(speed(&mut node), Some(0.2));
        want(&mut node, topics::OPERATOR_DRIVE, -0.1, 150);
        assert_eq!(speed(&mut node), Some(-0.1));
        node.advance(149 * MS);
        assert_eq!(speed(&mut node), Some(-0.1));
        node.advance(MS);
        assert_eq!(speed(&mut node), Some(0.2));
        let sources: Vec<_> =
            node.take(topics::MOTION_STATUS).unwrap().iter().map(|status| status.source).collect();
        use DriveSource::{Autonomous, Operator};
        assert_eq!(sources[sources.len() - 3..], [Autonomous, Operator, Autonomous]);
        assert!(node.stop().is_empty());
    }

    #[test]
    fn danger_stops_forward_motion_in_the_same_instant_and_lets_the_car_back_off() {
        let mut node = TestNode::<MotionNode>::start(ANY_SPEED).unwrap();
        safe(&mut node, SafetyLevel::Clear);
        want(&mut node, topics::OPERATOR_DRIVE, 0.5, 2000);
        assert_eq!(speed(&mut node), Some(0.5));
        safe(&mut node, SafetyLevel::Danger);
        node.step();
        assert_eq!(speed(&mut node), Some(0.0));
        want(&mut node, topics::OPERATOR_DRIVE, -0.2, 2000);
        assert_eq!(speed(&mut node), Some(-0.2));
    }

    #[test]
    fn a_level_of_safety_that_is_too_old_stops_the_car() {
        let mut node =
            TestNode::<MotionNode>::start("{ safety_valid_for: 200ms, speed_step_mps: 0 }").unwrap();
        safe(&mut node, SafetyLevel::Clear);
        want(&mut node, topics::AUTONOMOUS_DRIVE, 0.2, 2000);
        node.advance(199 * MS);
        assert_eq!(speed(&mut node), Some(0.2));
        node.advance(MS);
        assert_eq!(speed(&mut node), Some(0.0));
        node.advance(500 * MS);
        assert_eq!(speed(&mut node), None, "a car that stands is told nothing");
    }

    #[test]
    fn a_car_that_is_too_fast_by_new_parameters_is_slowed_down_at_once() {
        let mut node = TestNode::<MotionNode>::start(ANY_SPEED).unwrap();
        safe(&mut node, SafetyLevel::Clear);
        want(&mut node, topics::OPERATOR_DRIVE, 0.5, 2000);
        assert_eq!(speed(&mut node), Some(0.5));
        node.set_params("{ speed_mps_max: 0.2, speed_step_mps: 0 }").unwrap();
        node.step();
        assert_eq!(speed(&mut node), Some(0.2));
    }

    #[test]
    fn command_and_status_say_a_speed_that_the_motors_know() {
        let mut node = TestNode::<MotionNode>::start("").unwrap();
        safe(&mut node, SafetyLevel::Clear);
        want(&mut node, topics::AUTONOMOUS_DRIVE, 0.2, 2000);
        let commanded_mps = speed(&mut node).unwrap();
        assert!((commanded_mps - 14.0 * 0.014).abs() < 1e-6, "{commanded_mps}");
        assert_eq!(node.take(topics::MOTION_STATUS).unwrap().last().unwrap().speed_mps, commanded_mps);
        node.set_params("speed_step_mps: 0.05").unwrap();
        node.step();
        assert_eq!(speed(&mut node), Some(0.2));
    }

    #[test]
    fn a_command_that_has_waited_holds_only_for_what_is_left_of_it() {
        let mut node = TestNode::<MotionNode>::start(ANY_SPEED).unwrap();
        safe(&mut node, SafetyLevel::Clear);
        node.publish(topics::OPERATOR_DRIVE, Drive { speed_mps: 0.3, steering_rad: 0.0, valid_for_ms: 100 })
            .unwrap();
        node.advance(60 * MS);
        let drives = node.take(topics::DRIVE).unwrap();
        assert_eq!(drives.last().map(|drive| drive.valid_for_ms), Some(50));
    }
}
