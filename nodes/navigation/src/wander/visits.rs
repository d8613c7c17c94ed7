//! Where the car has been, and how long ago.

use std::time::Duration;

use super::reckoning::Pose;

/// Side of a place in metres.
const PLACE_M: f64 = 0.25;

/// Places along each side of the grid: 32 m.
const PLACES: i32 = 128;

/// After this time a place counts as new again, in seconds.
const NEW_AFTER_S: f32 = 300.0;

/// Having been at a place this time ago is shortly before, and it is bored after so long without any other place, in seconds.
const SHORTLY_S: f32 = 60.0;
const BORED_S: f32 = 25.0;

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
    /// When the car was last at a place where it had not been shortly before.
    new_s: f32,
}

impl Visits {
    pub(crate) fn new() -> Self {
        Self {
            places: vec![Place::unknown((i32::MAX, i32::MAX)); (PLACES * PLACES) as usize],
            now_s: 0.0,
            new_s: 0.0,
        }
    }

    /// The middle of the car is at `place` now.
    pub(crate) fn note(&mut self, now: Duration, place: (f64, f64)) {
        self.now_s = now.as_secs_f32();
        let now_s = self.now_s;
        let place = self.place_mut(place);
        let is_new = now_s - place.visited_s > SHORTLY_S;
        place.visited_s = now_s;
        if is_new {
            self.new_s = now_s;
        }
    }

    /// Whether it has been going round in the same few places for a while.
    pub(crate) fn is_bored(&self) -> bool {
        self.now_s - self.new_s > BORED_S
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

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: (f64, f64) = (0.1, 0.1);
    const THERE: (f64, f64) = (3.1, -2.1);

    fn at(visits: &mut Visits, time_s: u64, place: (f64, f64)) {
        visits.note(Duration::from_secs(time_s), place);
    }

    #[test]
    fn a_place_is_new_until_the_car_is_there_and_becomes_so_again_within_five_minutes() {
        let mut visits = Visits::new();
        assert_eq!(visits.novelty(HERE), 1.0);
        at(&mut visits, 10, HERE);
        assert_eq!((visits.novelty(HERE), visits.novelty(THERE)), (0.0, 1.0));
        at(&mut visits, 160, THERE);
        assert_eq!(visits.novelty(HERE), 0.5);
        at(&mut visits, 310, THERE);
        assert_eq!(visits.novelty(HERE), 1.0);
    }

    #[test]
    fn what_is_seen_is_new_no_more_to_the_eye_but_still_to_the_car() {
        let mut visits = Visits::new();
        at(&mut visits, 10, HERE);
        visits.see(Pose { x_m: 0.1, y_m: 0.1, heading_rad: 0.0 }, 2.0);
        assert_eq!((visits.sight_novelty((1.5, 0.1)), visits.novelty((1.5, 0.1))), (0.0, 1.0));
        assert_eq!(visits.sight_novelty((-1.5, 0.1)), 1.0, "behind the eye");
        assert_eq!(visits.sight_novelty((2.6, 0.1)), 1.0, "beyond what is free");
    }

    #[test]
    fn it_is_bored_after_half_a_minute_in_the_same_places_and_not_before() {
        let mut visits = Visits::new();
        at(&mut visits, 0, HERE);
        at(&mut visits, 25, HERE);
        assert!(!visits.is_bored());
        at(&mut visits, 26, HERE);
        assert!(visits.is_bored());
        at(&mut visits, 27, THERE);
        assert!(!visits.is_bored(), "another place");
        for time_s in 28..60 {
            at(&mut visits, time_s, if time_s % 2 == 0 { HERE } else { THERE });
        }
        assert!(visits.is_bored(), "to and fro between the same two");
    }

    #[test]
    fn places_that_share_a_cell_of_the_grid_are_told_apart() {
        let mut visits = Visits::new();
        at(&mut visits, 10, HERE);
        let far = (HERE.0 + PLACE_M * f64::from(PLACES), HERE.1);
        assert_eq!(visits.novelty(far), 1.0);
        at(&mut visits, 11, far);
        assert_eq!(visits.novelty(HERE), 1.0, "the older of the two is forgotten");
    }
}
