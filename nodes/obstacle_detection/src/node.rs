//! The node around [`Detector`]: readings in, level of safety out.

use nevil_runtime::prelude::*;

use crate::detector::{Detector, Limits};
use crate::floor::{CliffRule, FloorLimits};
use crate::stuck::Told;
use crate::zones::{Assessment, Reading, ZoneLimits};

/// How often the level is published where no reading comes: others take a silent level for a stale one. Above the time
/// between two readings, so that nothing is said twice.
const BEAT: Duration = Duration::from_millis(150);

/// Says how near the next thing ahead is and whether there is floor, and whether that is dangerous.
#[derive(Debug)]
pub struct ObstacleDetection {
    detector: Detector,
    beat: Timer,
    status: Publisher<SafetyStatus>,
    said: Option<SafetyCause>,
}

/// Bounds between the levels, which must rise, and what else is taken for danger.
#[derive(Parameters)]
pub struct Params {
    /// Below this distance the level is `emergency`.
    #[param(default = 0.10, range = 0.02..=4.0, unit = "m")]
    emergency_m: f32,
    /// Below this distance the level is `danger`: no forward motion.
    #[param(default = 0.15, range = 0.02..=4.0, unit = "m")]
    danger_m: f32,
    /// Below this distance the level is `caution`: half speed.
    #[param(default = 0.20, range = 0.02..=4.0, unit = "m")]
    caution_m: f32,
    /// Below this distance the level is `warning`.
    #[param(default = 0.30, range = 0.02..=4.0, unit = "m")]
    warning_m: f32,
    /// So long without an echo, or without a reading of the floor, is a `sensor_error`.
    #[param(default = "1s", range = 0.1..=10.0)]
    silent_for: Duration,
    /// As many readings in a row without an echo are a `sensor_error`.
    #[param(default = 3, range = 1..=100)]
    invalid_max: u32,
    /// As many equal distances, while the car is told to move, are a `sensor_error`: the sensor is stuck.
    #[param(default = 5, range = 2..=1000)]
    stuck_readings: u32,
    /// What the silence of the grayscale sensors means: with `required` it is always a `sensor_error`, with `if_heard` once
    /// they have been heard; with `off` neither they nor their silence count.
    #[param(default = "if_heard")]
    cliff: CliffRule,
    /// Below so many counts a grayscale sensor looks into the void, and the level is `emergency`.
    #[param(default = 500, range = 0..=4095)]
    cliff_counts: u16,
}

impl Node for ObstacleDetection {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        let detector = Detector::new(params.limits())?;
        setup.subscribe(topics::RANGE, Self::on_range)?;
        setup.subscribe(topics::GRAYSCALE, Self::on_grayscale)?;
        setup.subscribe(topics::MOTION_STATUS, Self::on_motion)?;
        let beat = setup.every(BEAT, Self::beat)?;
        Ok(Self { detector, beat, status: setup.publisher(topics::SAFETY_STATUS)?, said: None })
    }

    /// All of them, at once.
    fn params_changed(&mut self, params: &Params, ctx: &Context) -> NodeResult {
        self.detector.set_limits(params.limits())?;
        // What is dangerous by now is said by now.
        let assessment = self.detector.assess(since_start(ctx.now()));
        // They are in force by now: that it could not be said is no refusal, and is counted on the bus.
        let _ = self.publish(assessment);
        Ok(())
    }
}

impl Params {
    fn limits(&self) -> Limits {
        let zones = ZoneLimits {
            emergency_m: self.emergency_m,
            danger_m: self.danger_m,
            caution_m: self.caution_m,
            warning_m: self.warning_m,
            silent_for: self.silent_for,
            invalid_max: self.invalid_max,
            ..ZoneLimits::default()
        };
        let floor =
            FloorLimits { rule: self.cliff, cliff_counts: self.cliff_counts, silent_for: self.silent_for };
        Limits { zones, stuck_readings: self.stuck_readings, floor }
    }
}

impl ObstacleDetection {
    fn on_range(&mut self, range: &Received<Range>, ctx: &Context) -> NodeResult {
        let reading = match range.reading {
            RangeReading::Echo => Reading::Echo { distance_m: range.distance_m },
            RangeReading::Timeout => Reading::Timeout,
            RangeReading::NoEdge => Reading::NoEdge,
        };
        let assessment = self.detector.reading(since_start(ctx.now()), reading);
        self.beat.restart(ctx);
        self.publish(assessment)
    }

    /// Says it only where it changes why the car may not drive: the next distance says the rest.
    fn on_grayscale(&mut self, seen: &Received<Grayscale>, ctx: &Context) -> NodeResult {
        let assessment = self.detector.floor(since_start(ctx.now()), **seen);
        if self.said == Some(assessment.cause) { Ok(()) } else { self.publish(assessment) }
    }

    fn on_motion(&mut self, status: &Received<MotionStatus>, _: &Context) -> NodeResult {
        self.detector.told(if status.speed_mps == 0.0 { Told::ToStand } else { Told::ToMove });
        Ok(())
    }

    /// Says it again, and that a sensor is silent when it is.
    fn beat(&mut self, _: &Tick, ctx: &Context) -> NodeResult {
        let assessment = self.detector.assess(since_start(ctx.now()));
        self.publish(assessment)
    }

    fn publish(&mut self, assessment: Assessment) -> NodeResult {
        let Assessment { level, cause, distance_m } = assessment;
        self.status.publish(SafetyStatus { level, cause, distance_m: distance_m.unwrap_or(0.0) })?;
        self.said = Some(cause);
        Ok(())
    }
}

fn since_start(now: Time) -> Duration {
    now.since(Time::ZERO)
}

#[cfg(test)]
mod tests {
    use nevil_runtime::testing::TestNode;

    use super::*;

    fn levels(node: &mut TestNode<ObstacleDetection>) -> Vec<SafetyLevel> {
        node.take(topics::SAFETY_STATUS).unwrap().into_iter().map(|status| status.level).collect()
    }

    fn echo(distance_m: f32) -> Range {
        Range { reading: RangeReading::Echo, distance_m }
    }

    #[test]
    fn a_near_echo_is_danger_with_its_distance_at_once() {
        let mut node = TestNode::<ObstacleDetection>::start("").unwrap();
        for distance_m in [1.0, 1.0, 0.12] {
            node.publish(topics::RANGE, echo(distance_m)).unwrap();
            node.step();
        }
        let statuses = node.take(topics::SAFETY_STATUS).unwrap();
        let (level, cause) = (SafetyLevel::Danger, SafetyCause::Distance);
        assert_eq!(statuses.last(), Some(&SafetyStatus { level, cause, distance_m: 0.12 }));
        assert!(node.stop().is_empty());
    }

    #[test]
    fn no_floor_is_an_emergency_in_the_same_instant_and_over_after_three_readings_of_floor() {
        let mut node = TestNode::<ObstacleDetection>::start("").unwrap();
        for distance_m in [1.0, 1.1] {
            node.publish(topics::RANGE, echo(distance_m)).unwrap();
            node.step();
        }
        let mut said = |left: u16| {
            node.publish(topics::GRAYSCALE, Grayscale { left, middle: 1500, right: 1500 }).unwrap();
            node.step();
            let said = node.take(topics::SAFETY_STATUS).unwrap();
            said.last().map(|status| (status.level, status.cause))
        };
        said(1500);
        assert_eq!(said(1500), None, "what has not changed is not said again");
        assert_eq!(said(90), Some((SafetyLevel::Emergency, SafetyCause::Cliff)));
        assert_eq!((said(1500), said(1500)), (None, None));
        assert_eq!(said(1500), Some((SafetyLevel::Clear, SafetyCause::Distance)));
        node.advance(Duration::from_millis(1100));
        let last = node.take(topics::SAFETY_STATUS).unwrap().pop().unwrap();
        assert_eq!(last.level, SafetyLevel::SensorError, "both sensors are silent");
    }

    #[test]
    fn a_car_that_is_told_to_move_and_measures_the_same_five_times_has_a_stuck_sensor() {
        let mut node = TestNode::<ObstacleDetection>::start("").unwrap();
        let mut cause = |speed_mps: f32| {
            let status = MotionStatus { source: DriveSource::Autonomous, speed_mps, steering_rad: 0.0 };
            node.publish(topics::MOTION_STATUS, status).unwrap();
            node.step();
            node.publish(topics::RANGE, echo(1.0)).unwrap();
            node.step();
            node.take(topics::SAFETY_STATUS).unwrap().last().unwrap().cause
        };
        (0..20).for_each(|_| assert_ne!(cause(0.0), SafetyCause::Stuck));
        (0..3).for_each(|_| assert_ne!(cause(0.2), SafetyCause::Stuck));
        assert_eq!(cause(-0.2), SafetyCause::Stuck);
        assert_eq!(cause(0.0), SafetyCause::Stuck);
    }

    #[test]
    fn where_the_floor_must_be_heard_a_car_that_does_not_hear_it_stands() {
        let mut node = TestNode::<ObstacleDetection>::start("cliff: required").unwrap();
        for distance_m in [1.0, 1.1] {
            node.publish(topics::RANGE, echo(distance_m)).unwrap();
            node.step();
        }
        assert_eq!(levels(&mut node).last(), Some(&SafetyLevel::SensorError));
        node.set_params("cliff: off").unwrap();
        node.step();
        assert_eq!(levels(&mut node), [SafetyLevel::Clear]);
    }

    #[test]
    fn a_sensor_that_falls_silent_is_a_sensor_error_and_never_clear() {
        let mut node = TestNode::<ObstacleDetection>::start("silent_for: 500ms").unwrap();
        for _ in 0..2 {
            node.publish(topics::RANGE, echo(1.0)).unwrap();
            node.step();
        }
        node.advance(Duration::from_millis(450));
        assert_eq!(levels(&mut node).last(), Some(&SafetyLevel::Clear));
        node.advance(Duration::from_millis(150));
        assert_eq!(levels(&mut node), [SafetyLevel::SensorError]);
    }

    #[test]
    fn bounds_that_are_moved_while_it_runs_hold_at_once_where_that_is_worse() {
        let mut node = TestNode::<ObstacleDetection>::start("").unwrap();
        for _ in 0..2 {
            node.publish(topics::RANGE, echo(0.25)).unwrap();
            node.step();
        }
        assert_eq!(levels(&mut node).last(), Some(&SafetyLevel::Warning));
        node.set_params("{ caution_m: 0.3, warning_m: 0.4 }").unwrap();
        node.step();
        assert_eq!(levels(&mut node), [SafetyLevel::Caution]);
        let error = node.set_params("danger_m: 0.35").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`danger_m` is 0.35 m and `caution_m` is 0.3 m; the bounds must rise: \
             0 < emergency_m < danger_m < caution_m < warning_m < open_from_m"
        );
        node.publish(topics::RANGE, echo(0.31)).unwrap();
        node.step();
        assert_eq!(levels(&mut node), [SafetyLevel::Caution], "those before the refusal hold on");
    }

    #[test]
    fn bounds_that_do_not_rise_are_refused_before_anything_starts() {
        let error = TestNode::<ObstacleDetection>::start("danger_m: 0.25").err().unwrap();
        assert_eq!(
            error.to_string(),
            "node `node` could not be configured: `danger_m` is 0.25 m and `caution_m` is 0.2 m; the bounds must rise: \
             0 < emergency_m < danger_m < caution_m < warning_m < open_from_m"
        );
    }
}
