//! Nodes that stand in for one of the robot's, so that it is seen what the others do without it.

use nevil_runtime::prelude::*;

/// Says that all is well, whatever the sensors see.
pub(crate) struct AllIsWell {
    status: Publisher<SafetyStatus>,
}

impl Node for AllIsWell {
    type Params = ();

    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.every(Duration::from_millis(100), Self::say)?;
        Ok(Self { status: setup.publisher(topics::SAFETY_STATUS)? })
    }
}

impl AllIsWell {
    fn say(&mut self, _: &Tick, _: &Context) -> NodeResult {
        let (level, cause) = (SafetyLevel::Clear, SafetyCause::Distance);
        self.status.publish(SafetyStatus { level, cause, distance_m: 1.0 })?;
        Ok(())
    }
}

/// Wants straight ahead for ever, and sees nothing.
pub(crate) struct Headlong {
    speed_mps: f32,
    wish: Publisher<Drive>,
}

/// How fast.
#[derive(Parameters)]
pub(crate) struct HeadlongParams {
    #[param(default = 0.3)]
    speed_mps: f32,
}

impl Node for Headlong {
    type Params = HeadlongParams;

    fn configure(setup: &mut Setup<'_, Self>, params: HeadlongParams) -> Result<Self, NodeError> {
        setup.every(Duration::from_millis(100), Self::want)?;
        Ok(Self { speed_mps: params.speed_mps, wish: setup.publisher(topics::AUTONOMOUS_DRIVE)? })
    }
}

impl Headlong {
    fn want(&mut self, _: &Tick, _: &Context) -> NodeResult {
        self.wish.publish(Drive { speed_mps: self.speed_mps, steering_rad: 0.0, valid_for_ms: 300 })?;
        Ok(())
    }
}

/// What the car's sensors say before a wire is cut, carried as on their own topics.
pub(crate) const WHOLE_RANGE: Topic<Range> =
    Topic::new("whole/range").lifespan(Duration::from_millis(500)).deadline(Duration::from_secs(1));
pub(crate) const WHOLE_GRAYSCALE: Topic<Grayscale> = Topic::new("whole/grayscale")
    .lifespan(Duration::from_millis(500))
    .deadline(Duration::from_secs(1))
    .external();

/// The wires of the car's sensors, each of which is cut at its time.
pub(crate) struct Wires {
    params: WiresParams,
    range: Publisher<Range>,
    grayscale: Publisher<Grayscale>,
}

/// When which of them is cut.
#[derive(Parameters)]
pub(crate) struct WiresParams {
    #[param(default = "1h")]
    range_for: Duration,
    #[param(default = "1h")]
    grayscale_for: Duration,
}

impl Node for Wires {
    type Params = WiresParams;

    fn configure(setup: &mut Setup<'_, Self>, params: WiresParams) -> Result<Self, NodeError> {
        setup.subscribe(WHOLE_RANGE, Self::on_range)?;
        setup.subscribe(WHOLE_GRAYSCALE, Self::on_grayscale)?;
        let (range, grayscale) = (setup.publisher(topics::RANGE)?, setup.publisher(topics::GRAYSCALE)?);
        Ok(Self { params, range, grayscale })
    }
}

impl Wires {
    fn on_range(&mut self, range: &Received<Range>, ctx: &Context) -> NodeResult {
        if ctx.now().since(Time::ZERO) < self.params.range_for {
            self.range.publish(**range)?;
        }
        Ok(())
    }

    fn on_grayscale(&mut self, seen: &Received<Grayscale>, ctx: &Context) -> NodeResult {
        if ctx.now().since(Time::ZERO) < self.params.grayscale_for {
            self.grayscale.publish(**seen)?;
        }
        Ok(())
    }
}
