//! What is in front of what.

use nevil_car::shape::CAMERA_HEIGHT_M;

use super::PICTURE_WIDTH;
use super::scene::{Met, Scene};
use crate::world::Colour;

/// Most sights of a picture: more than pixels in a row, because their density is not even.
const SIGHTS_MAX: usize = 4096;

/// Distance of two sights in the middle, in `q`: a third of a pixel's if the camera is not tilted, because it grows to the sides.
const DENSITY: f64 = 0.0006;

/// Most ranges that a sight shows. What stands farther behind more than these is left out.
const RANGES_MAX: usize = 16;

/// What a sight shows at a slope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shown {
    Colour(Colour),
    /// The floor, or what is beyond its edge.
    Floor,
    Sky,
}

/// A range of slopes, up to `end`.
#[derive(Clone, Copy, Debug)]
struct Range {
    end: f64,
    shown: Shown,
}

/// A half-plane that stands upright on the camera.
#[derive(Clone, Copy, Debug)]
struct Sight {
    ranges: [Range; RANGES_MAX],
    count: usize,
    /// Which range holds at the slope of the row that is drawn.
    now: usize,
    /// Things whose part above the floor begins at the end of a range, by the number of that range: depth and colour.
    behind: [Option<(f64, Colour)>; RANGES_MAX],
}

#[derive(Debug)]
pub(super) struct Sights {
    sights: Vec<Sight>,
    /// Of each, the end of the range that it is in, and what it shows there: beside each other, because each row looks at all of
    /// them, and each pixel at one.
    ends: Vec<f64>,
    shown: Vec<Shown>,
    used: usize,
    /// The largest place, see [`place`].
    place_max: f64,
    met: Vec<Met>,
}

const NOTHING: Range = Range { end: f64::INFINITY, shown: Shown::Sky };

impl Sights {
    pub(super) fn new(solids: usize) -> Self {
        let sight = Sight { ranges: [NOTHING; RANGES_MAX], count: 0, now: 0, behind: [None; RANGES_MAX] };
        Self {
            sights: vec![sight; SIGHTS_MAX],
            ends: vec![0.0; SIGHTS_MAX],
            shown: vec![Shown::Sky; SIGHTS_MAX],
            used: 0,
            place_max: 0.0,
            met: Vec::with_capacity(solids),
        }
    }

    /// Looks at the scene in all directions up to `q_max` to either side.
    pub(super) fn cast(&mut self, scene: &Scene, q_max: f64) {
        self.place_max = place(q_max);
        let wanted = (2.0 * self.place_max / DENSITY).ceil() as usize;
        self.used = wanted.clamp(PICTURE_WIDTH, SIGHTS_MAX);
        for index in 0..self.used {
            let at = ((index as f64 + 0.5) / self.used as f64 * 2.0 - 1.0) * self.place_max;
            self.meet(scene, at / (1.0 - at.abs()));
            let sight = &mut self.sights[index];
            sight.show(scene, &self.met);
            (self.ends[index], self.shown[index]) = (sight.ranges[0].end, sight.ranges[0].shown);
        }
    }

    /// What a sight meets, the nearest first.
    fn meet(&mut self, scene: &Scene, q: f64) {
        self.met.clear();
        for met in scene.met(q) {
            match self.met.last_mut().filter(|last| last.solid == met.solid) {
                // The other side of the same box.
                Some(last) => {
                    last.leave_m = last.leave_m.max(met.leave_m);
                    if met.enter_m < last.enter_m {
                        (last.enter_m, last.light) = (met.enter_m, met.light);
                    }
                }
                None => self.met.push(met),
            }
        }
        self.met.sort_unstable_by(|a, b| a.enter_m.total_cmp(&b.enter_m));
    }

    /// Goes on to a row of this slope, which is no smaller than that of the row before.
    pub(super) fn rise_to(&mut self, slope: f64) {
        let ends = self.ends[..self.used].iter_mut();
        for ((end, shown), sight) in ends.zip(&mut self.shown).zip(&mut self.sights) {
            while slope >= *end {
                sight.now += 1;
                Range { end: *end, shown: *shown } = sight.ranges[sight.now];
            }
        }
    }

    /// Which sight each pixel of a row belongs to that looks so far ahead.
    pub(super) fn columns(&self, ahead: f64, focal: f64, columns: &mut [u16]) {
        let scale = self.used as f64 / (2.0 * self.place_max);
        let (per_pixel, middle) = (1.0 / (focal * ahead), PICTURE_WIDTH as f64 / 2.0 - 0.5);
        let last = (self.used - 1) as u16;
        for (index, column) in columns.iter_mut().enumerate() {
            let at = place((index as f64 - middle) * per_pixel);
            *column = (((at + self.place_max) * scale) as u16).min(last);
        }
    }

    #[inline]
    pub(super) fn shown(&self, sight: u16) -> Shown {
        self.shown[usize::from(sight)]
    }

    /// The next thing beyond the floor that a sight shows: how far ahead it is, and its colour.
    pub(super) fn next_of(&self, sight: u16) -> Option<(f64, Colour)> {
        let sight = &self.sights[usize::from(sight)];
        sight.behind[sight.now]
    }
}

/// Where the sight `q` lies between −1 and 1: dense in the middle, and finite however far to the side.
#[inline]
fn place(q: f64) -> f64 {
    q / (1.0 + q.abs())
}

impl Sight {
    /// From the nearest to the farthest: of each thing is seen what is higher than all before it, and between them the floor.
    fn show(&mut self, scene: &Scene, met: &[Met]) {
        (self.count, self.now) = (0, 0);
        let mut highest = f64::NEG_INFINITY;
        for met in met {
            let solid = scene.solid_of(met);
            let colour = solid.colour.shaded(met.light);
            let foot = -CAMERA_HEIGHT_M / met.enter_m;
            let (front, back) = (solid.above_m / met.enter_m, solid.above_m / met.leave_m);
            if front.max(back) <= highest {
                continue;
            }
            // One range is left for the end.
            if self.count + 4 > RANGES_MAX {
                break;
            }
            if foot > highest {
                self.push(foot, Shown::Floor);
                self.behind[self.count - 1] = Some((met.enter_m, colour));
                highest = foot;
            }
            if front > highest {
                self.push(front, Shown::Colour(colour));
                highest = front;
            }
            if back > highest {
                self.push(back, Shown::Colour(colour.shaded(1.12)));
                highest = back;
            }
        }
        if highest < 0.0 {
            self.push(0.0, Shown::Floor);
        }
        self.push(f64::INFINITY, Shown::Sky);
    }

    fn push(&mut self, end: f64, shown: Shown) {
        self.ranges[self.count] = Range { end, shown };
        self.behind[self.count] = None;
        self.count += 1;
    }
}
