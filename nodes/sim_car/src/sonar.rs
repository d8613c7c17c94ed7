//! The ultrasonic sensor: what comes back of a sound, and when.

use std::time::Duration;

use nevil_car::{ECHO_TIMEOUT, Echo, SOUND_MPS};

use crate::car::FOOTPRINT;
use crate::geometry::{Pose, Ray};
use crate::random::normal;
use crate::world::Shapes;

/// Nearest distance that the sensor can measure, in metres.
pub const RANGE_MIN_M: f64 = 0.02;

/// Farthest distance that the sensor itself could measure, in metres.
pub const RANGE_MAX_M: f64 = 4.0;

/// Farthest distance from which an echo comes back before the real driver gives up: 20 ms, there and back. It is less than
/// the sensor could do, and therefore what counts.
pub const ECHO_MAX_M: f64 = SOUND_MPS / 2.0 * ECHO_TIMEOUT.as_secs_f64();

/// Half the opening of the sensor's cone, in degrees.
pub const CONE_HALF_DEG: f64 = 15.0;

/// Rays in the cone. At 1 m they are 33 mm apart, less than a table leg is thick.
const RAYS: u32 = 17;

/// The sensor in the middle of the car's front.
#[derive(Clone, Debug)]
pub(crate) struct Sonar {
    random: fastrand::Rng,
    dropout_share: f64,
}

impl Sonar {
    pub(crate) fn new(seed: u64, dropout_share: f64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), dropout_share }
    }

    /// Measures once from the car at `pose`.
    ///
    /// A thin table leg is seen, and so is a wall at a flat angle: the loss of echoes that glance off is not modelled.
    pub(crate) fn echo(&mut self, shapes: &Shapes, pose: Pose) -> Echo {
        // Each reading draws the same number of random values, so that one change leaves the later ones alone.
        let lost = self.random.f64() < self.dropout_share;
        let timeout_when_lost = self.random.f64() < 0.5;
        let deviation = normal(&mut self.random);
        if lost {
            return if timeout_when_lost { Echo::Timeout } else { Echo::NoEdge };
        }
        let exact_m = exact_m(shapes, pose);
        if exact_m < RANGE_MIN_M {
            return Echo::NoEdge;
        }
        // 1 % and 3 mm is what such sensors do on a hard wall.
        let noisy_m = (exact_m + deviation * (0.01 * exact_m + 0.003)).max(RANGE_MIN_M);
        if exact_m.max(noisy_m) > RANGE_MAX_M.min(ECHO_MAX_M) {
            return Echo::Timeout;
        }
        Echo::Pulse(Duration::from_secs_f64(noisy_m * 2.0 / SOUND_MPS))
    }
}

/// How long the driver of a real sensor is busy with a measurement that ends so.
pub(crate) fn busy(echo: Echo) -> Duration {
    match echo {
        Echo::Pulse(pulse) => pulse,
        Echo::Timeout => ECHO_TIMEOUT,
        Echo::NoEdge => Duration::ZERO,
    }
}

fn exact_m(shapes: &Shapes, pose: Pose) -> f64 {
    let origin = pose.point(FOOTPRINT.ahead_m, 0.0);
    let half_rad = CONE_HALF_DEG.to_radians();
    (0..RAYS)
        .map(|index| f64::from(index) / f64::from(RAYS - 1) * 2.0 - 1.0)
        .map(|share| shapes.cast_m(&Ray::new(origin, pose.heading_rad + share * half_rad)))
        .fold(f64::INFINITY, f64::min)
}
