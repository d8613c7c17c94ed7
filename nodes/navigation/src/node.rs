//! The node around [`Wander`]: what the car senses in, wishes to drive out.

use nevil_runtime::prelude::*;

use crate::wander::{CarShape, Cliff, Motion, Senses, Sight, Wander, WanderLimits, Way};

/// How often it decides: once for each reading of the sensor.
const STEP: Duration = Duration::from_millis(100);

/// Drives the car about without touching anything.
#[derive(Debug)]
pub struct Navigation {
    wander: Wander,
    wish: Publisher<Drive>,
    sight: Option<Sight>,
    way: Way,
    cliff: Cliff,
    cliff_counts: u16,
    obeyed: Motion,
    /// What it takes at its start only.
    begun: (f64, Option<u64>),
}

/// How it drives.
#[derive(Parameters)]
pub struct Params {
    /// Speed straight ahead over known floor.
    #[param(default = 0.25, range = 0.05..=0.5, unit = "m/s")]
    cruise_mps: f64,
    /// Speed on arcs and backward.
    #[param(default = 0.15, range = 0.05..=0.3, unit = "m/s")]
    turn_mps: f64,
    /// Distance from what it sees at which it stops, so that it has room to turn.
    #[param(default = 0.35, range = 0.25..=2.0, unit = "m")]
    stop_m: f64,
    /// Floor around the car that is taken to be free at the start.
    #[param(default = 0.6, range = 0.1..=2.0, unit = "m")]
    start_free_m: f64,
    /// Below so many counts a grayscale sensor looks into the void; as `obstacle_detection` has it.
    #[param(default = 500, range = 0..=4095)]
    cliff_counts: u16,
    /// Seed of its choices; by default the launch's.
    seed: Option<u64>,
}

impl Node for Navigation {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        let seed = params.seed.unwrap_or_else(|| setup.seed());
        setup.subscribe(topics::RANGE, Self::on_range)?;
        setup.subscribe(topics::GRAYSCALE, Self::on_grayscale)?;
        setup.subscribe(topics::SAFETY_STATUS, Self::on_safety)?;
        setup.subscribe(topics::MOTION_STATUS, Self::on_motion)?;
        setup.every(STEP, Self::step)?;
        Ok(Self {
            wander: Wander::new(CarShape::default(), params.limits(), seed),
            wish: setup.publisher(topics::AUTONOMOUS_DRIVE)?,
            sight: None,
            // Until somebody says that the way is open, it is not.
            way: Way::Blocked,
            cliff: Cliff::NONE,
            cliff_counts: params.cliff_counts,
            obeyed: Motion::NONE,
            begun: (params.start_free_m, params.seed),
        })
    }

    /// Speeds, how far from what it sees it stops, and what is a cliff.
    fn params_changed(&mut self, params: &Params, _: &Context) -> NodeResult {
        if self.begun != (params.start_free_m, params.seed) {
            return Err(NodeError::new(
                "`start_free_m` and `seed` are taken at the start only; set them in the launch file, and restart the node",
            ));
        }
        self.wander.set_pace(params.limits());
        self.cliff_counts = params.cliff_counts;
        Ok(())
    }
}

impl Params {
    fn limits(&self) -> WanderLimits {
        WanderLimits {
            cruise_mps: self.cruise_mps,
            turn_mps: self.turn_mps,
            stop_m: self.stop_m,
            start_free_m: self.start_free_m,
            ..WanderLimits::default()
        }
    }
}

impl Navigation {
    fn on_range(&mut self, range: &Received<Range>, _: &Context) -> NodeResult {
        self.sight = Some(match range.reading {
            RangeReading::Echo => Sight::Echo { distance_m: range.distance_m },
            RangeReading::Timeout | RangeReading::NoEdge => Sight::Lost,
        });
        Ok(())
    }

    fn on_safety(&mut self, status: &Received<SafetyStatus>, _: &Context) -> NodeResult {
        self.way = match (status.level, status.cause) {
            (SafetyLevel::Caution, SafetyCause::Distance) => Way::Caution,
            // In likely open space there is nothing to turn away from.
            (SafetyLevel::Clear | SafetyLevel::Warning | SafetyLevel::Caution, _) => Way::Open,
            (SafetyLevel::Danger | SafetyLevel::Emergency | SafetyLevel::SensorError, _) => Way::Blocked,
        };
        Ok(())
    }

    /// Looks come more often than steps: what one of them has seen counts in the next step.
    fn on_grayscale(&mut self, seen: &Received<Grayscale>, _: &Context) -> NodeResult {
        let is_void = |counts: u16| counts < self.cliff_counts;
        let cliff =
            Cliff { left: is_void(seen.left), middle: is_void(seen.middle), right: is_void(seen.right) };
        self.cliff = self.cliff.or(cliff);
        Ok(())
    }

    /// What the motors were told, by whomever: it reckons its place from that.
    fn on_motion(&mut self, status: &Received<MotionStatus>, _: &Context) -> NodeResult {
        self.obeyed = Motion { speed_mps: status.speed_mps, steering_rad: status.steering_rad };
        Ok(())
    }

    fn step(&mut self, _: &Tick, ctx: &Context) -> NodeResult {
        let cliff = std::mem::take(&mut self.cliff);
        let senses = Senses { sight: self.sight.take(), way: self.way, cliff, obeyed: self.obeyed };
        let wish = self.wander.step(ctx.now().since(Time::ZERO), senses);
        self.wish.publish(Drive {
            speed_mps: wish.motion.speed_mps,
            steering_rad: wish.motion.steering_rad,
            valid_for_ms: u32::try_from(wish.valid_for.as_millis()).unwrap_or(u32::MAX),
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use nevil_runtime::testing::TestNode;

    use super::*;

    /// What the node wants after two seconds in which the sensor sees a wall far away.
    fn wishes(level: SafetyLevel) -> Vec<Drive> {
        let mut node = TestNode::<Navigation>::start("seed: 1").unwrap();
        for _ in 0..20 {
            node.publish(topics::RANGE, Range { reading: RangeReading::Echo, distance_m: 2.0 }).unwrap();
            node.publish(
                topics::SAFETY_STATUS,
                SafetyStatus { level, cause: SafetyCause::Distance, distance_m: 2.0 },
            )
            .unwrap();
            node.advance(STEP);
        }
        let wishes = node.take(topics::AUTONOMOUS_DRIVE).unwrap();
        assert!(node.stop().is_empty());
        wishes
    }

    #[test]
    fn it_wants_to_drive_where_the_way_is_open() {
        let wishes = wishes(SafetyLevel::Clear);
        assert_eq!(wishes.len(), 20);
        assert!(wishes.iter().any(|wish| wish.speed_mps > 0.0), "{wishes:?}");
    }

    #[test]
    fn it_drives_as_fast_as_new_parameters_say_and_begins_nothing_anew() {
        let mut node = TestNode::<Navigation>::start("{ seed: 1, cruise_mps: 0.1, turn_mps: 0.1 }").unwrap();
        node.set_params("{ cruise_mps: 0.4, turn_mps: 0.3 }").unwrap();
        for _ in 0..40 {
            node.publish(topics::RANGE, Range { reading: RangeReading::Echo, distance_m: 3.0 }).unwrap();
            node.publish(
                topics::SAFETY_STATUS,
                SafetyStatus { level: SafetyLevel::Clear, cause: SafetyCause::Distance, distance_m: 3.0 },
            )
            .unwrap();
            node.advance(STEP);
        }
        let wishes = node.take(topics::AUTONOMOUS_DRIVE).unwrap();
        assert!(wishes.iter().any(|wish| wish.speed_mps > 0.1), "{wishes:?}");
        let error = node.set_params("seed: 2").unwrap_err();
        assert!(error.to_string().starts_with("`start_free_m` and `seed` are taken at the start only"));
    }

    #[test]
    fn it_does_not_want_to_drive_forward_where_the_way_is_blocked() {
        for level in [SafetyLevel::Danger, SafetyLevel::Emergency, SafetyLevel::SensorError] {
            assert!(wishes(level).iter().all(|wish| wish.speed_mps <= 0.0));
        }
    }
}
