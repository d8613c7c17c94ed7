//! From readings of the ultrasonic sensor to a level of safety.
//!
//! ```text
//!            0.10      0.15     0.20      0.30 m
//!  emergency  |  danger  |  caution |  warning  |  clear        an echo
//!  sensor_error                                                 nothing that can be relied on
//! ```
//!
//! Four rules keep it honest:
//!
//! * **Worse at once, better after two.** A level falls with the first reading that says so. It rises when two
//!   readings in a row say so, by a margin, to the lower of the two: one stray echo from far away releases no brake.
//! * **One drop-out changes nothing.** A reading without an echo leaves the level as it is; the third in a row, or one
//!   second without an echo, is a `sensor_error`.
//! * **No echo is never clear.** A time-out can mean open space, a sofa that swallows sound or a torn wire. After an
//!   echo from far away (2 m) open space is likely, and what the echo said still holds for a while: for 3 s the level
//!   is `caution`, in which the car drives at half speed, 1.05 m at most. Then, or without such an echo, it is
//!   `sensor_error`.
//! * **A stuck echo line is no open space.** One [`Reading::NoEdge`] among time-outs is a drop-out; the second since the last
//!   echo is an error.
//!
//! The price: in a hall wider than the sensor reaches the car stops 3 s after it has lost the last wall from sight.

use std::time::Duration;

use nevil_msgs::{SafetyCause as Cause, SafetyLevel as Level};

/// One measurement of the sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// An echo came back.
    Echo {
        /// Distance in metres. What is not above 0 or no finite number counts as [`Reading::NoEdge`].
        distance_m: f32,
    },
    /// No echo came back in time (the driver's −1).
    Timeout,
    /// The echo line never changed (the driver's −2).
    NoEdge,
}

/// A level, and what it rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assessment {
    /// How dangerous it is to drive forward.
    pub level: Level,
    /// What that rests on.
    pub cause: Cause,
    /// Distance of the last echo in metres; `None` while the level does not rest on it.
    pub distance_m: Option<f32>,
}

/// The bounds between levels. The default is what the PiCar-X is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZoneLimits {
    /// Below this distance in metres the level is `warning`.
    pub warning_m: f32,
    /// Below this distance in metres the level is `caution`.
    pub caution_m: f32,
    /// Below this distance in metres the level is `danger`.
    pub danger_m: f32,
    /// Below this distance in metres the level is `emergency`.
    pub emergency_m: f32,
    /// How far beyond its bound a distance must be for a level to rise, in metres.
    pub margin_m: f32,
    /// As many readings in a row without an echo are an error; at least 1.
    pub invalid_max: u32,
    /// So long without an echo is an error.
    pub silent_for: Duration,
    /// Time-outs after an echo from at least this distance in metres are likely to be open space.
    pub open_from_m: f32,
    /// How long after that echo they are.
    pub open_for: Duration,
}

impl Default for ZoneLimits {
    fn default() -> Self {
        Self {
            warning_m: 0.30,
            caution_m: 0.20,
            danger_m: 0.15,
            emergency_m: 0.10,
            margin_m: 0.02,
            invalid_max: 3,
            silent_for: Duration::from_secs(1),
            open_from_m: 2.0,
            open_for: Duration::from_secs(3),
        }
    }
}

/// What is wrong with [`ZoneLimits`].
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitsProblem {
    /// Bounds that do not rise.
    #[error(
        "`{lower}` is {lower_m} m and `{upper}` is {upper_m} m; the bounds must rise: 0 < emergency_m < danger_m < caution_m < warning_m < open_from_m"
    )]
    Order {
        /// The bound that should be the lower one.
        lower: &'static str,
        /// Its value in metres.
        lower_m: f32,
        /// The bound that should be the upper one.
        upper: &'static str,
        /// Its value in metres.
        upper_m: f32,
    },
    /// A margin that is negative or no number.
    #[error("`margin_m` is {given_m} m, 0 or more is allowed")]
    Margin {
        /// The value in metres.
        given_m: f32,
    },
    /// No reading could ever be valid.
    #[error("`invalid_max` is 0, at least 1 is needed")]
    InvalidMax,
}

impl ZoneLimits {
    fn check(&self) -> Result<(), LimitsProblem> {
        let bounds = [
            ("0", 0.0),
            ("emergency_m", self.emergency_m),
            ("danger_m", self.danger_m),
            ("caution_m", self.caution_m),
            ("warning_m", self.warning_m),
            ("open_from_m", self.open_from_m),
        ];
        for pair in bounds.windows(2) {
            let ((lower, lower_m), (upper, upper_m)) = (pair[0], pair[1]);
            let rises = lower_m < upper_m && upper_m.is_finite();
            if !rises {
                return Err(LimitsProblem::Order { lower, lower_m, upper, upper_m });
            }
        }
        if !(self.margin_m >= 0.0 && self.margin_m.is_finite()) {
            return Err(LimitsProblem::Margin { given_m: self.margin_m });
        }
        if self.invalid_max == 0 { Err(LimitsProblem::InvalidMax) } else { Ok(()) }
    }

    fn level_at(&self, distance_m: f32) -> Level {
        match distance_m {
            d if d < self.emergency_m => Level::Emergency,
            d if d < self.danger_m => Level::Danger,
            d if d < self.caution_m => Level::Caution,
            d if d < self.warning_m => Level::Warning,
            _ => Level::Clear,
        }
    }
}

/// So many readings among time-outs may be no time-outs.
const DROPPED_MAX: u32 = 1;

/// An echo and when it came.
#[derive(Clone, Copy, Debug)]
struct LastEcho {
    at: Duration,
    distance_m: f32,
}

/// Turns readings into levels. Time comes in as `now`, since any fixed moment.
///
/// ```
/// use std::time::Duration;
/// use nevil_msgs::SafetyLevel;
/// use nevil_node_obstacle_detection::{Reading, ZoneLimits, Zones};
///
/// let mut zones = Zones::new(ZoneLimits::default()).unwrap();
/// let ms = Duration::from_millis;
/// assert_eq!(zones.assess(ms(0)).level, SafetyLevel::SensorError);
/// zones.reading(ms(100), Reading::Echo { distance_m: 1.0 });
/// assert_eq!(zones.reading(ms(200), Reading::Echo { distance_m: 1.0 }).level, SafetyLevel::Clear);
/// assert_eq!(zones.reading(ms(300), Reading::Echo { distance_m: 0.12 }).level, SafetyLevel::Danger);
/// ```
#[derive(Clone, Debug)]
pub struct Zones {
    limits: ZoneLimits,
    last: Option<LastEcho>,
    /// The level that echoes have given, worse at once and better after two.
    level: Level,
    /// What the last echo alone would give.
    wanted: Level,
    /// Readings without an echo since the last one with it.
    lost: u32,
    /// How many of those were no time-outs.
    no_edges: u32,
}

impl Zones {
    /// A sensor that has not said anything yet: `sensor_error`.
    ///
    /// # Errors
    ///
    /// [`LimitsProblem`] if the bounds do not rise or a limit makes no sense.
    pub fn new(limits: ZoneLimits) -> Result<Self, LimitsProblem> {
        limits.check()?;
        let worst = Level::SensorError;
        Ok(Self { limits, last: None, level: worst, wanted: worst, lost: 0, no_edges: 0 })
    }

    /// Goes on with other limits. What the last echo said may be worse under them, and is at once; it is better after two
    /// readings, as always.
    ///
    /// # Errors
    ///
    /// [`LimitsProblem`] as for [`Self::new`]; the limits before hold on then.
    pub fn set_limits(&mut self, limits: ZoneLimits) -> Result<(), LimitsProblem> {
        limits.check()?;
        self.limits = limits;
        if let Some(last) = self.last {
            let plain = limits.level_at(last.distance_m);
            (self.level, self.wanted) = (self.level.max(plain), self.wanted.max(plain));
        }
        Ok(())
    }

    /// Takes in one reading and says what holds from `now` on.
    pub fn reading(&mut self, now: Duration, reading: Reading) -> Assessment {
        match reading {
            Reading::Echo { distance_m } if distance_m > 0.0 && distance_m.is_finite() => {
                self.echo(now, distance_m);
            }
            Reading::Timeout => self.lost = self.lost.saturating_add(1),
            Reading::Echo { .. } | Reading::NoEdge => {
                self.lost = self.lost.saturating_add(1);
                self.no_edges = self.no_edges.saturating_add(1);
            }
        }
        self.assess(now)
    }

    /// Says what holds at `now` although no reading came. Call it now and then: silence is an error.
    #[must_use]
    pub fn assess(&self, now: Duration) -> Assessment {
        let error = |cause| Assessment { level: Level::SensorError, cause, distance_m: None };
        let Some(last) = self.last else {
            return error(Cause::NoEchoYet);
        };
        let age = now.saturating_sub(last.at);
        let lost_too_many = self.lost >= self.limits.invalid_max;
        if !lost_too_many && age < self.limits.silent_for {
            return Assessment { level: self.level, cause: self.cause(), distance_m: Some(last.distance_m) };
        }
        let likely_open = lost_too_many
            && self.no_edges <= DROPPED_MAX
            && last.distance_m >= self.limits.open_from_m
            && age < self.limits.open_for;
        if likely_open {
            return Assessment { level: Level::Caution, cause: Cause::LikelyOpen, distance_m: None };
        }
        error(if lost_too_many { Cause::Invalid } else { Cause::Silent })
    }

    /// Begins anew: what was measured so far is worth nothing.
    pub fn forget(&mut self) {
        let worst = Level::SensorError;
        *self = Self { limits: self.limits, last: None, level: worst, wanted: worst, lost: 0, no_edges: 0 };
    }

    const fn cause(&self) -> Cause {
        match self.level {
            Level::SensorError => Cause::OneEcho,
            _ => Cause::Distance,
        }
    }

    fn echo(&mut self, now: Duration, distance_m: f32) {
        // After an error the level begins anew, so that two echoes are needed to leave it too.
        if matches!(self.assess(now).cause, Cause::NoEchoYet | Cause::Invalid | Cause::Silent) {
            self.level = Level::SensorError;
            self.wanted = Level::SensorError;
        }
        let plain = self.limits.level_at(distance_m);
        // An error has no bound to leave by a margin.
        let wanted = if plain >= self.level || self.level == Level::SensorError {
            plain
        } else {
            self.limits.level_at(distance_m - self.limits.margin_m).min(self.level)
        };
        self.level = if wanted >= self.level { wanted } else { wanted.max(self.wanted).min(self.level) };
        self.wanted = wanted;
        self.last = Some(LastEcho { at: now, distance_m });
        self.lost = 0;
        self.no_edges = 0;
    }
}

#[cfg(test)]
#[path = "zones_tests.rs"]
mod tests;
