//! The car as the wanderer knows it, and how careful the wanderer is.

use std::time::Duration;

use nevil_car::shape;

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
    /// Distance between the middles of the left and the right wheel, in metres.
    pub track_m: f64,
    /// Where the sensors look at the floor, ahead of the middle of the rear axle, in metres.
    pub floor_ahead_m: f64,
    /// How far beside the middle those on the left and on the right look, in metres.
    pub floor_beside_m: f64,
    /// Largest steering angle to either side, in radians.
    pub steering_rad_max: f64,
}

impl Default for CarShape {
    /// A PiCar-X, as far as it is known.
    fn default() -> Self {
        Self {
            ahead_m: shape::AHEAD_M,
            behind_m: shape::BEHIND_M,
            beside_m: shape::BESIDE_M,
            wheelbase_m: shape::WHEELBASE_M,
            track_m: shape::TRACK_M,
            floor_ahead_m: shape::GRAYSCALE_AHEAD_M,
            floor_beside_m: shape::GRAYSCALE_BESIDE_M,
            steering_rad_max: f64::from(shape::STEERING_MAX_DEG).to_radians(),
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
    /// The same, where it has been to no other place for half a minute and expects no edges.
    pub squeeze_m: f64,
    /// Floor around the car, in metres, that is taken to be free at the start.
    pub start_free_m: f64,
    /// Straight ahead the car stops at this distance from what it sees, in metres, so that it has room to turn.
    pub stop_m: f64,
    /// What was seen is forgotten after so much way from there, in metres, because reckoning drifts.
    pub memory_m: f64,
    /// What was seen is forgotten after this time, because things move.
    pub memory_for: Duration,
    /// So much way is driven, in metres, as if there were edges, although none was met; once one was met it always is.
    pub careful_m: f64,
    /// How long each wish to move holds.
    pub valid_for: Duration,
}

impl Default for WanderLimits {
    /// Found by simulation, over 100 runs of ten minutes each in five worlds, with all the flaws of a typical car: it touched
    /// nothing and fell from nothing.
    fn default() -> Self {
        Self {
            cruise_mps: 0.25,
            turn_mps: 0.15,
            margin_m: 0.07,
            squeeze_m: 0.05,
            start_free_m: 0.4,
            stop_m: 0.35,
            memory_m: 5.0,
            memory_for: Duration::from_secs(240),
            careful_m: 4.0,
            valid_for: Duration::from_millis(300),
        }
    }
}
