//! The node around [`Zones`]: readings in, level of safety out.

use nevil_runtime::prelude::*;

use crate::zones::{Assessment, Reading, ZoneLimits, Zones};

/// How often the level is published where no reading comes: others take a silent level for a stale one. Above the time
/// between two readings, so that nothing is said twice.
const BEAT: Duration = Duration::from_millis(150);

/// Says how near the next thing ahead is, and whether that is dangerous.
#[derive(Debug)]
pub struct ObstacleDetection {
    zones: Zones,
    beat: Timer,
    status: Publisher<SafetyStatus>,
}

/// Bounds between the levels; they must rise.
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
    /// So long without an echo is a `sensor_error`.
    #[param(default = "1s", range = 0.1..=10.0)]
    silent_for: Duration,
    /// As many readings in a row without an echo are a `sensor_error`.
    #[param(default = 3, range = 1..=100)]
    invalid_max: u32,
}

impl Node for ObstacleDetection {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        let zones = Zones::new(params.limits())?;
        setup.subscribe(topics::RANGE, Self::on_range)?;
        let beat = setup.every(BEAT, Self::beat)?;
        Ok(Self { zones, beat, status: setup.publisher(topics::SAFETY_STATUS)? })
    }

    /// All of them, at once.
    fn params_changed(&mut self, params: &Params, ctx: &Context) -> NodeResult {
        self.zones.set_limits(params.limits())?;
        // What is dangerous by now is said by now.
        let assessment = self.zones.assess(since_start(ctx.now()));
        // They are in force by now: that it could not be said is no refusal, and is counted on the bus.
        let _ = self.publish(assessment);
        Ok(())
    }
}

impl Params {
    fn limits(&self) -> ZoneLimits {
        ZoneLimits {
            emergency_m: self.emergency_m,
            danger_m: self.danger_m,
            caution_m: self.caution_m,
            warning_m: self.warning_m,
            silent_for: self.silent_for,
            invalid_max: self.invalid_max,
            ..ZoneLimits::default()
        }
    }
}

impl ObstacleDetection {
    fn on_range(&mut self, range: &Received<Range>, ctx: &Context) -> NodeResult {
        let reading = match range.reading {
            RangeReading::Echo => Reading::Echo { distance_m: range.distance_m },
            RangeReading::Timeout => Reading::Timeout,
            RangeReading::NoEdge => Reading::NoEdge,
        };
        let assessment = self.zones.reading(since_start(ctx.now()), reading);
        self.beat.restart(ctx);
        self.publish(assessment)
    }

    /// Says it again, and that the sensor is silent when it is.
    fn beat(&mut self, _: &Tick, ctx: &Context) -> NodeResult {
        let assessment = self.zones.assess(since_start(ctx.now()));
        self.publish(assessment)
    }

    fn publish(&self, assessment: Assessment) -> NodeResult {
        let distance_m = assessment.distance_m.unwrap_or(0.0);
        self.status.publish(SafetyStatus { level: assessment.level, distance_m })?;
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
        assert_eq!(statuses.last(), Some(&SafetyStatus { level: SafetyLevel::Danger, distance_m: 0.12 }));
        assert!(node.stop().is_empty());
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
