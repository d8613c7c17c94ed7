//! Follows a line of dark tape on bright floor: the small example of a whole node. `docs/guide/line-follower.md` walks
//! through it.
#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;

use nevil_runtime::prelude::*;

/// What is darker than this is no tape but no floor: the edge of a table.
const EDGE_COUNTS: u16 = 500;

/// For how long a wish holds. A reading comes before that; if none does, the car stops.
const VALID_FOR_MS: u32 = 300;

/// Keeps a line under the middle one of the three grayscale sensors.
pub struct LineFollower {
    params: Params,
    wish: Publisher<Drive>,
    /// On which side the line was when it was seen last, and when that was.
    seen: Option<(f32, Time)>,
}

/// How it drives, and what is a line to it.
#[derive(Clone, Parameters)]
pub struct Params {
    /// Speed along the line.
    #[param(default = 0.14, range = 0.02..=0.5, unit = "m/s")]
    speed_mps: f32,
    /// Steering where the line is under an outer sensor, and the less the nearer it is to the middle one.
    #[param(default = 0.5, range = 0.05..=0.53, unit = "rad")]
    gain_rad: f32,
    /// Readings below this are line.
    #[param(default = 1000, range = 501..=4095)]
    line_counts: u16,
    /// So much darker than the brightest sensor one has to be that a part of the line is under it.
    #[param(default = 150, range = 1..=4095)]
    contrast_counts: u16,
    /// How long it looks for a line that it has lost, before it stops.
    #[param(default = "1s", range = 0.0..=10.0)]
    search_for: Duration,
}

impl Node for LineFollower {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        setup.subscribe(topics::GRAYSCALE, Self::on_grayscale)?;
        Ok(Self { params, wish: setup.publisher(topics::AUTONOMOUS_DRIVE)?, seen: None })
    }

    /// All of them, from the next reading on.
    fn params_changed(&mut self, params: &Params, _: &Context) -> NodeResult {
        self.params = params.clone();
        Ok(())
    }
}

impl LineFollower {
    fn on_grayscale(&mut self, floor: &Received<Grayscale>, ctx: &Context) -> NodeResult {
        let side = match (self.params.side(floor), self.seen) {
            (Some(side), _) => {
                self.seen = Some((side, ctx.now()));
                side
            }
            // It has slipped out at one side: it is further on that side now.
            (None, Some((side, when))) if ctx.now().since(when) < self.params.search_for => side.signum(),
            // Who wishes nothing stands, once the last wish has run out.
            (None, _) => return Ok(()),
        };
        let (speed_mps, steering_rad) = (self.params.speed_mps, self.params.gain_rad * side);
        self.wish.publish(Drive { speed_mps, steering_rad, valid_for_ms: VALID_FOR_MS })?;
        Ok(())
    }
}

impl Params {
    /// Where the line is: 1 under the left sensor, 0 under the middle one, −1 under the right one, and between them by how
    /// dark each is. `None` where there is no line.
    fn side(&self, floor: &Grayscale) -> Option<f32> {
        let counts = [floor.left, floor.middle, floor.right];
        let (darkest, brightest) = (*counts.iter().min()?, *counts.iter().max()?);
        if darkest < EDGE_COUNTS {
            return None;
        }
        if brightest < self.line_counts {
            // Lines cross here: straight on.
            return Some(0.0);
        }
        if brightest - darkest < self.contrast_counts {
            return None;
        }
        let [left, middle, right] = counts.map(|counts| f32::from(brightest - counts));
        Some((left - right) / (left + middle + right))
    }
}
