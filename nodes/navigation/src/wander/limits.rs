//! The car as the wanderer knows it, and how careful the wanderer is.

use std::time::Duration;

/// The car as far as driving needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CarShape {
    /// Reach ahead of the middle of the rear axle, in metres; the sensor sits there.
    pub ahead_m: f64,
    /// Reach behind the middle of the rear axle, in metres.
    pub behind_m: f64,
    /// Reach to either side, in metres.
    pub beside_m: f64,
    /// Distance between the axles, in metres.
    pub wheelbase_m: f64,
    /// Largest steering angle to either side, in radians.
    pub steering_rad_max: f64,
}

impl Default for CarShape {
    /// A PiCar-X, as far as it is known.
    fn default() -> Self {
        Self {
            ahead_m: 0.185,
            behind_m: 0.065,
            beside_m: 0.075,
            wheelbase_m: 0.094,
            steering_rad_max: 30.0_f64.to_radians(),
        }
    }
}

/// How fast and how carefully to wander.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WanderLimits {
    /// Speed straight ahead over known floor, in metres per second.
    pub cruise_mps: f64,
    /// Speed on arcs and backward, in metres per second.
    pub turn_mps: f64,
    /// Known floor around the car, in metres, that it must keep; more than 0.035, half the diagonal of a cell of the map.
    pub margin_m: f64,
    /// Floor around the car, in metres, that is taken to be free at the start.
    pub start_free_m: f64,
    /// Straight ahead the car stops at this distance from what it sees, in metres, so that it has room to turn.
    pub stop_m: f64,
    /// What was seen is forgotten after so much way from there, in metres, because reckoning drifts.
    pub memory_m: f64,
    /// What was seen is forgotten after this time, because things move.
    pub memory_for: Duration,
    /// How long each wish to move holds.
    pub valid_for: Duration,
}

impl Default for WanderLimits {
    /// Found by simulation, over 100 runs of ten minutes each: an ideal car stays 10 cm away from everything; one that
    /// is 10 % too slow and steers half a degree aside, so that its reckoning drifts, touched a table leg in 2 of them.
    fn default() -> Self {
        Self {
            cruise_mps: 0.25,
            turn_mps: 0.15,
            margin_m: 0.07,
            start_free_m: 0.6,
            stop_m: 0.35,
            memory_m: 1.5,
            memory_for: Duration::from_secs(240),
            valid_for: Duration::from_millis(300),
        }
    }
}
