use nevil_runtime::prelude::*;

/// Backs off from whatever comes nearer than an arm's length.
pub struct Shy(Publisher<Drive>);

impl Node for Shy {
    type Params = ();
    fn configure(setup: &mut Setup<'_, Self>, (): ()) -> Result<Self, NodeError> {
        setup.subscribe(topics::RANGE, |shy: &mut Self, range, _| {
            if range.reading == RangeReading::Echo && range.distance_m < 0.5 {
                shy.0.publish(Drive { speed_mps: -0.2, steering_rad: 0.0, valid_for_ms: 300 })?;
            }
            Ok(())
        })?;
        Ok(Self(setup.publisher(topics::AUTONOMOUS_DRIVE)?))
    }
}
