//! Where the car has been, and how long ago.

use std::time::Duration;

use super::reckoning::Pose;

/// Side of a place in metres.
const PLACE_M: f64 = 0.25;

/// Places along each side of the grid: 32 m.
const PLACES: i32 = 128;

/// After this time a place counts as new again, in seconds.
const NEW_AFTER_S: f32 = 300.0;

#[derive(Clone, Copy, Debug)]
struct Place {
    at: (i32, i32),
    /// When the middle of the car was there last, and when the sensor has seen across it.
    visited_s: f32,
    seen_s: f32,
}

impl Place {
    const fn unknown(at: (i32, i32)) -> Self {
        Self { at, visited_s: f32::NEG_INFINITY, seen_s: f32::NEG_INFINITY }
    }
}

/// The places that the car has been to, in the frame of the reckoning. What it is wrong by grows with the way; a place that is
/// taken for another is visited once more, or later.
#[derive(Clone, Debug)]
pub(crate) struct Visits {
    places: Vec<Place>,
    now_s: f32,
}

impl Visits {
    pub(crate) fn new() -> Self {
        Self { places: vec![Place::unknown((i32::MAX, i32::MAX)); (PLACES * PLACES) as usize], now_s: 0.0 }
    }

    /// The middle of the car is at `place` now.
    pub(crate) fn note(&mut self, now: Duration, place: (f64, f64)) {
        self.now_s = now.as_secs_f32();
        self.place_mut(place).visited_s = self.now_s;
    }

    /// From `eye` the sensor sees `free_m` far in the direction of its heading.
    pub(crate) fn see(&mut self, eye: Pose, free_m: f64) {
        for look_rad in [-0.2, 0.0, 0.2] {
            let (sin, cos) = (eye.heading_rad + look_rad).sin_cos();
            for step in 0..(free_m / PLACE_M * 2.0) as u32 {
                let away_m = f64::from(step) * PLACE_M / 2.0;
                self.place_mut((eye.x_m + away_m * cos, eye.y_m + away_m * sin)).seen_s = self.now_s;
            }
        }
    }

    /// How new it would be to be at `place`: 1 if it was never visited, 0 if just now.
    pub(crate) fn novelty(&self, place: (f64, f64)) -> f64 {
        self.place(place).map_or(1.0, |place| self.age(place.visited_s))
    }

    /// How new it would be to see `place`, likewise.
    pub(crate) fn sight_novelty(&self, place: (f64, f64)) -> f64 {
        self.place(place).map_or(1.0, |place| self.age(place.seen_s))
    }

    fn age(&self, time_s: f32) -> f64 {
        f64::from(((self.now_s - time_s) / NEW_AFTER_S).clamp(0.0, 1.0))
    }

    fn place(&self, place: (f64, f64)) -> Option<&Place> {
        let at = at(place);
        Some(&self.places[index(at)]).filter(|place| place.at == at)
    }

    fn place_mut(&mut self, place: (f64, f64)) -> &mut Place {
        let at = at(place);
        let place = &mut self.places[index(at)];
        if place.at != at {
            *place = Place::unknown(at);
        }
        place
    }

    /// Whether both are the same place.
    pub(crate) fn is_same(&self, one: (f64, f64), other: (f64, f64)) -> bool {
        at(one) == at(other)
    }
}

fn at(place: (f64, f64)) -> (i32, i32) {
    ((place.0 / PLACE_M).floor() as i32, (place.1 / PLACE_M).floor() as i32)
}

fn index(at: (i32, i32)) -> usize {
    (at.0.rem_euclid(PLACES) * PLACES + at.1.rem_euclid(PLACES)) as usize
}
