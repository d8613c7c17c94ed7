//! Who drives: safety before the operator before the autonomous behaviour.
//!
//! ```text
//!  safety unknown or stale ──────────────────────────► stop
//!  operator's command fresh ────► it ┐
//!  else autonomous one fresh ───► it ├─ forward, and the level forbids it ──► speed 0
//!  else ────────────────────────► stop  forward, and the level is caution ──► half speed
//!                                    └─ else ──► as commanded
//! ```
//!
//! A fresh command of the operator wins even where it means standing still, so that taking your hands off is a
//! decision: it ends when the command's validity does. Backward motion is left to who drives: the car has no sensor
//! there, and backing off is how it gets out of danger.

use std::time::Duration;

/// Who asks for motion; each goes before the ones above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The robot itself.
    Autonomous,
    /// A person.
    Operator,
}

/// What the sensors say about driving forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    /// Nothing near, or nothing that matters yet.
    Free,
    /// Forward at half speed.
    Caution,
    /// No forward motion: something is near, or the sensor cannot be relied on.
    NoForward,
}

/// A wish to move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DriveRequest {
    /// Speed in metres per second, positive forward. Beyond the limit the limit counts.
    pub speed_mps: f32,
    /// Angle of the front wheels in radians, positive to the left. Beyond the limit the limit counts.
    pub steering_rad: f32,
    /// How long the wish holds from its arrival on. Beyond the limit the limit counts; 0 never holds.
    pub valid_for: Duration,
}

/// The limits that the arbiter keeps. The default is made for the PiCar-X.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotionLimits {
    /// Highest speed in metres per second, either way.
    pub speed_mps_max: f32,
    /// Largest steering angle in radians, either side.
    pub steering_rad_max: f32,
    /// Longest time that any wish holds.
    pub valid_for_max: Duration,
    /// How long a level of safety holds. Sent each 100 ms, it may be lost twice.
    pub safety_valid_for: Duration,
    /// Share of the speed that is left in caution, 0 to 1.
    pub caution_share: f32,
    /// The motors know speeds in such steps only, in metres per second: what is decided is rounded towards 0 to whole ones.
    /// 0: they know any.
    pub speed_step_mps: f32,
}

impl Default for MotionLimits {
    fn default() -> Self {
        Self {
            speed_mps_max: 0.7,
            steering_rad_max: 30.0_f32.to_radians(),
            valid_for_max: Duration::from_secs(2),
            safety_valid_for: Duration::from_millis(350),
            caution_share: 0.5,
            speed_step_mps: 0.014,
        }
    }
}

impl MotionLimits {
    /// The speed towards 0 that the motors can turn with.
    fn whole_steps(&self, speed_mps: f32) -> f32 {
        let step_mps = self.speed_step_mps;
        if step_mps <= 0.0 {
            return speed_mps;
        }
        // What has been reckoned may be a rounding error short of a whole step; the car's driver allows as much.
        let steps = (speed_mps.abs() / step_mps + 0.001).trunc();
        // Never faster than asked, not even by the last bit.
        (steps * step_mps).min(speed_mps.abs()).copysign(speed_mps)
    }
}

/// Why a wish was not taken.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestProblem {
    /// A field that is no finite number.
    #[error(
        "`{field}` is {given}, a finite number is needed; the last command of the same source still holds until it expires"
    )]
    NotFinite {
        /// Which field.
        field: &'static str,
        /// Its value.
        given: f32,
    },
}

/// Who won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Winner {
    /// Safety stopped the car, whatever was wished.
    Safety,
    /// This one's wish is obeyed, perhaps more slowly.
    Source(Source),
    /// Nobody wishes anything; the car stands.
    Nobody,
}

/// Why the decision is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The wish is obeyed as it is, within the limits.
    AsAsked,
    /// Forward at a share of the speed.
    Caution,
    /// The wish goes forward, and that is forbidden to everybody.
    ForwardForbidden {
        /// Whose wish it was.
        asked_by: Source,
    },
    /// No level of safety has come yet.
    SafetyUnknown,
    /// The last level of safety is too old: stale is not clear.
    SafetyStale,
    /// No wish holds.
    NoFreshCommand,
}

/// What the motors may do now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// Speed in metres per second, positive forward.
    pub speed_mps: f32,
    /// Angle of the front wheels in radians, positive to the left.
    pub steering_rad: f32,
    /// How long this may be obeyed without a new decision; 0 for a stop, which always may.
    pub valid_for: Duration,
    /// Who won.
    pub winner: Winner,
    /// Why.
    pub reason: Reason,
    /// When to decide again, even if nothing arrives; `None` if only an arrival can change anything.
    pub look_again_at: Option<Duration>,
}

/// Something that arrived, and when.
#[derive(Clone, Copy, Debug)]
struct Arrived<T> {
    at: Duration,
    what: T,
}

/// Keeps the latest wish of each source and the latest level of safety, and decides between them.
///
/// ```
/// use std::time::Duration;
/// use nevil_node_motion::{Arbiter, DriveRequest, MotionLimits, Safety, Source};
///
/// let ms = Duration::from_millis;
/// let mut arbiter = Arbiter::new(MotionLimits::default());
/// let ahead = DriveRequest { speed_mps: 0.2, steering_rad: 0.0, valid_for: ms(300) };
/// arbiter.request(Source::Autonomous, ahead, ms(1000)).unwrap();
/// assert_eq!(arbiter.decide(ms(1000)).speed_mps, 0.0, "nobody has said that it is safe");
/// arbiter.safety(Safety::Free, ms(1000));
/// assert!(arbiter.decide(ms(1299)).speed_mps > 0.19, "what the motors know below 0.2 m/s");
/// assert_eq!(arbiter.decide(ms(1300)).speed_mps, 0.0, "no fresh command, no motion");
/// ```
#[derive(Clone, Debug)]
pub struct Arbiter {
    limits: MotionLimits,
    operator: Option<Arrived<DriveRequest>>,
    autonomous: Option<Arrived<DriveRequest>>,
    safety: Option<Arrived<Safety>>,
}

impl Arbiter {
    /// An arbiter to which nothing has been said: the car stands.
    #[must_use]
    pub const fn new(limits: MotionLimits) -> Self {
        Self { limits, operator: None, autonomous: None, safety: None }
    }

    /// Goes on with other limits: the next decision keeps them.
    pub const fn set_limits(&mut self, limits: MotionLimits) {
        self.limits = limits;
    }

    /// Takes in a wish of `source`, which replaces its last one.
    ///
    /// # Errors
    ///
    /// [`RequestProblem`] if it is no motion at all; the last wish of `source` then stays, until it expires.
    pub fn request(
        &mut self,
        source: Source,
        request: DriveRequest,
        now: Duration,
    ) -> Result<(), RequestProblem> {
        for (field, given) in [("speed_mps", request.speed_mps), ("steering_rad", request.steering_rad)] {
            if !given.is_finite() {
                return Err(RequestProblem::NotFinite { field, given });
            }
        }
        let arrived = Some(Arrived { at: now, what: request });
        match source {
            Source::Operator => self.operator = arrived,
            Source::Autonomous => self.autonomous = arrived,
        }
        Ok(())
    }

    /// Takes in what the sensors say.
    pub fn safety(&mut self, safety: Safety, now: Duration) {
        self.safety = Some(Arrived { at: now, what: safety });
    }

    /// Says what the motors may do at `now`. Changes nothing; ask as often as you like.
    #[must_use]
    pub fn decide(&self, now: Duration) -> Decision {
        let wish = self.fresh_wish(now);
        let wish_until = wish.map(|(_, _, until)| until);
        let Some(safety) = self.safety else {
            return stop(Winner::Safety, Reason::SafetyUnknown, None);
        };
        let safe_until = safety.at.saturating_add(self.limits.safety_valid_for);
        if now >= safe_until {
            return stop(Winner::Safety, Reason::SafetyStale, None);
        }
        let Some((source, request, until)) = wish else {
            return stop(Winner::Nobody, Reason::NoFreshCommand, None);
        };
        let MotionLimits { speed_mps_max, steering_rad_max, caution_share, .. } = self.limits;
        let wanted_mps = request.speed_mps.clamp(-speed_mps_max, speed_mps_max);
        let steering_rad = request.steering_rad.clamp(-steering_rad_max, steering_rad_max);
        let (speed_mps, reason) = match safety.what {
            Safety::NoForward if wanted_mps > 0.0 => {
                let forbidden = Reason::ForwardForbidden { asked_by: source };
                return Decision { steering_rad, ..stop(Winner::Safety, forbidden, wish_until) };
            }
            Safety::Caution if wanted_mps > 0.0 => (wanted_mps * caution_share, Reason::Caution),
            Safety::Free | Safety::Caution | Safety::NoForward => (wanted_mps, Reason::AsAsked),
        };
        let until = until.min(safe_until);
        Decision {
            speed_mps: self.limits.whole_steps(speed_mps),
            steering_rad,
            valid_for: until.saturating_sub(now),
            winner: Winner::Source(source),
            reason,
            look_again_at: Some(until),
        }
    }

    /// The wish that counts at `now`, whose it is, and until when it holds.
    fn fresh_wish(&self, now: Duration) -> Option<(Source, DriveRequest, Duration)> {
        let fresh = |source, arrived: Option<Arrived<DriveRequest>>| {
            let Arrived { at, what } = arrived?;
            let until = at.saturating_add(what.valid_for.min(self.limits.valid_for_max));
            (now < until).then_some((source, what, until))
        };
        fresh(Source::Operator, self.operator).or_else(|| fresh(Source::Autonomous, self.autonomous))
    }
}

fn stop(winner: Winner, reason: Reason, look_again_at: Option<Duration>) -> Decision {
    Decision { speed_mps: 0.0, steering_rad: 0.0, valid_for: Duration::ZERO, winner, reason, look_again_at }
}

#[cfg(test)]
#[path = "arbiter_tests.rs"]
mod tests;
