//! `sample`: says again and again how near the nearest thing was.

use nevil::prelude::*;

/// The topic on which it says so. `external`: whoever wants to know listens with `nevil topic echo`, so that nobody misses a
/// node that subscribes to it.
pub const REPORT: Topic<Report> = Topic::new("sample_report").external();

/// What it says.
#[derive(Clone, Copy, Debug, Message, PartialEq)]
pub struct Report {
    /// Distance to the nearest thing since the report before; none without an echo.
    #[field(unit = "m", range = 0.0..=4.0)]
    pub nearest_m: Option<f32>,
}

/// Looks at what is measured ahead.
pub struct Sample {
    nearest_m: Option<f32>,
    report: Publisher<Report>,
}

/// How it is set; a launch file may say otherwise.
#[derive(Parameters)]
pub struct Params {
    /// Time between two reports.
    #[param(default = "1s", range = 0.1..=60.0)]
    every: Duration,
}

impl Node for Sample {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        setup.subscribe(topics::RANGE, Self::on_range)?;
        setup.every(params.every, Self::say)?;
        let report = setup.publisher(REPORT)?;
        Ok(Self { nearest_m: None, report })
    }
}

impl Sample {
    fn on_range(&mut self, range: &Received<Range>, _: &Context) -> NodeResult {
        if range.reading == RangeReading::Echo {
            let nearest_m = self.nearest_m.unwrap_or(f32::MAX).min(range.distance_m);
            self.nearest_m = Some(nearest_m);
        }
        Ok(())
    }

    fn say(&mut self, _: &Tick, _: &Context) -> NodeResult {
        let nearest_m = self.nearest_m.take();
        self.report.publish(Report { nearest_m })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use nevil::testing::TestNode;

    use super::*;

    #[test]
    fn it_reports_the_nearest_echo_and_then_begins_anew() {
        let mut node = TestNode::<Sample>::start("every: 2s").unwrap();
        for distance_m in [1.5, 0.5, 2.5] {
            let range = Range { reading: RangeReading::Echo, distance_m };
            node.publish(topics::RANGE, range).unwrap();
            node.step();
        }
        node.advance(Duration::from_secs(4));
        let reports = node.take(REPORT).unwrap();
        assert_eq!(reports, [Report { nearest_m: Some(0.5) }, Report { nearest_m: None }]);
        // Nothing failed, and every message is accounted for.
        assert!(node.stop().is_empty());
    }
}
