//! Breakers that opened together have one cause.

use crate::clock::Time;
use crate::limits::BREAKER_INCIDENT;

/// Breakers that opened within 50 ms of the first of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// When the first one opened.
    pub began: Time,
    /// All of them, in the order in which they opened.
    pub breakers: Vec<String>,
}

impl Incident {
    /// Groups openings, given in any order by the breaker's name and time, into incidents, the earliest first. One opening
    /// by itself is an incident of one breaker. A breaker that opened twice in an incident stands there once.
    ///
    /// ```
    /// use nevil_runtime::{Incident, Time};
    ///
    /// let ms = |ms: u64| Time::from_ns(ms * 1_000_000);
    /// let openings = [("lidar", ms(30)), ("speaker", ms(900)), ("camera", ms(10))];
    /// let incidents = Incident::group(openings);
    /// assert_eq!(incidents[0].breakers, ["camera", "lidar"]);
    /// assert_eq!(incidents[1].breakers, ["speaker"]);
    /// ```
    pub fn group<'a>(openings: impl IntoIterator<Item = (&'a str, Time)>) -> Vec<Self> {
        let mut openings: Vec<_> = openings.into_iter().collect();
        openings.sort_by_key(|(name, opened)| (*opened, *name));
        let mut incidents: Vec<Self> = Vec::new();
        for (name, opened) in openings {
            match incidents.last_mut() {
                Some(last) if opened.since(last.began) <= BREAKER_INCIDENT => {
                    if !last.breakers.iter().any(|known| known == name) {
                        last.breakers.push(name.into());
                    }
                }
                _ => incidents.push(Self { began: opened, breakers: vec![name.into()] }),
            }
        }
        incidents
    }
}
