//! `pilot`: drives the robot about.

use nevil::prelude::*;

/// How often it says what it wants.
const STEP: Duration = Duration::from_millis(100);

/// For how long it backs off.
const BACK_FOR: Duration = Duration::from_millis(1500);

/// How far it turns the wheels while it backs off.
const BACK_STEERING_RAD: f32 = 0.5;

/// Drives ahead, and backs off with the wheels turned from what comes near.
pub struct Pilot {
    params: Params,
    back_until: Time,
    wish: Publisher<Drive>,
}

/// How it drives; a launch file may say otherwise.
#[derive(Parameters)]
pub struct Params {
    /// Speed ahead and back.
    #[param(default = 0.2, range = 0.05..=0.5, unit = "m/s")]
    speed_mps: f32,
    /// Distance from the next thing at which it backs off.
    #[param(default = 0.4, range = 0.2..=2.0, unit = "m")]
    back_off_m: f32,
}

impl Node for Pilot {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        setup.subscribe(topics::RANGE, Self::on_range)?;
        setup.every(STEP, Self::step)?;
        let wish = setup.publisher(topics::AUTONOMOUS_DRIVE)?;
        Ok(Self { params, back_until: Time::ZERO, wish })
    }
}

impl Pilot {
    /// Something was measured ahead.
    fn on_range(&mut self, range: &Received<Range>, ctx: &Context) -> NodeResult {
        if range.reading == RangeReading::Echo && range.distance_m < self.params.back_off_m {
            self.back_until = ctx.now() + BACK_FOR;
        }
        Ok(())
    }

    /// Says what it wants. The wish expires by itself, so a pilot that hangs does not drive on.
    fn step(&mut self, _: &Tick, ctx: &Context) -> NodeResult {
        let speed_mps = self.params.speed_mps;
        let (speed_mps, steering_rad) =
            if ctx.now() < self.back_until { (-speed_mps, BACK_STEERING_RAD) } else { (speed_mps, 0.0) };
        self.wish.publish(Drive { speed_mps, steering_rad, valid_for_ms: 300 })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use nevil::testing::TestNode;

    use super::*;

    fn echo(distance_m: f32) -> Range {
        Range { reading: RangeReading::Echo, distance_m }
    }

    /// What the pilot wanted last.
    fn wish(pilot: &mut TestNode<Pilot>) -> Drive {
        *pilot.take(topics::AUTONOMOUS_DRIVE).unwrap().last().unwrap()
    }

    #[test]
    fn it_drives_ahead_while_nothing_is_near() {
        let mut pilot = TestNode::<Pilot>::start("speed_mps: 0.3").unwrap();
        pilot.publish(topics::RANGE, echo(2.0)).unwrap();
        pilot.advance(STEP);
        assert_eq!(wish(&mut pilot), Drive { speed_mps: 0.3, steering_rad: 0.0, valid_for_ms: 300 });
    }

    #[test]
    fn it_backs_off_from_what_is_near_and_then_drives_ahead_again() {
        let mut pilot = TestNode::<Pilot>::start("back_off_m: 1.0").unwrap();
        pilot.publish(topics::RANGE, echo(0.9)).unwrap();
        pilot.advance(STEP);
        assert!(wish(&mut pilot).speed_mps < 0.0);
        pilot.advance(BACK_FOR);
        assert!(wish(&mut pilot).speed_mps > 0.0);
        // Nothing failed, and every message is accounted for.
        assert!(pilot.stop().is_empty());
    }
}
