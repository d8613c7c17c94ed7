//! Where the car ought to be by now: dead reckoning from what it was told to do, and the way back.

use std::collections::VecDeque;
use std::time::Duration;

use super::Motion;

/// Longest way back that is remembered, in metres: across a room and back. Errors of the car undo themselves on it.
const WAY_BACK_MAX_M: f64 = 12.0;

/// Most legs that are remembered.
const LEGS_MAX: usize = 200;

/// Time in which the car takes up 63 % of a change of speed, in seconds.
pub(crate) const MOTOR_RESPONSE_S: f64 = 0.1;

/// Steering angles that differ by less, in radians, count as the same.
const SAME_STEERING_RAD: f64 = 0.02;

/// Where the middle of the rear axle is, in the frame in which the reckoning began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pose {
    pub(crate) x_m: f64,
    pub(crate) y_m: f64,
    pub(crate) heading_rad: f64,
}

impl Pose {
    pub(crate) const HOME: Self = Self { x_m: 0.0, y_m: 0.0, heading_rad: 0.0 };

    /// The pose after `way_m` along an arc; positive curvature is to the left, negative way is backward.
    pub(crate) fn after(self, way_m: f64, curvature_per_m: f64) -> Self {
        let turned_rad = way_m * curvature_per_m;
        let (sin, cos) = (self.heading_rad + turned_rad / 2.0).sin_cos();
        Self {
            x_m: self.x_m + way_m * cos,
            y_m: self.y_m + way_m * sin,
            heading_rad: self.heading_rad + turned_rad,
        }
    }

    /// The place `ahead_m` before and `left_m` beside the pose.
    pub(crate) fn place(self, ahead_m: f64, left_m: f64) -> (f64, f64) {
        let (sin, cos) = self.heading_rad.sin_cos();
        (self.x_m + ahead_m * cos - left_m * sin, self.y_m + ahead_m * sin + left_m * cos)
    }
}

/// A piece of the way that was driven with one steering angle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Leg {
    pub(crate) steering_rad: f64,
    pub(crate) length_m: f64,
}

/// Dead reckoning, and the legs that lead back along the way that was driven.
#[derive(Clone, Debug)]
pub(crate) struct Reckoning {
    wheelbase_m: f64,
    pub(crate) pose: Pose,
    /// Speed that the car ought to have, in metres per second.
    pub(crate) speed_mps: f64,
    /// Way covered, forward and backward, in metres.
    pub(crate) driven_m: f64,
    /// Way covered less what was driven back, in metres: where on its way the car is. Errors of the reckoning grow with
    /// it, because backward along the same arcs they undo themselves.
    pub(crate) along_m: f64,
    /// How fast the heading changes, in radians per second.
    pub(crate) turn_rad_per_s: f64,
    legs: VecDeque<Leg>,
}

impl Reckoning {
    pub(crate) fn new(wheelbase_m: f64) -> Self {
        Self {
            wheelbase_m,
            pose: Pose::HOME,
            speed_mps: 0.0,
            driven_m: 0.0,
            along_m: 0.0,
            turn_rad_per_s: 0.0,
            legs: VecDeque::new(),
        }
    }

    /// The curvature that a steering angle gives, per metre.
    pub(crate) fn curvature_per_m(&self, steering_rad: f64) -> f64 {
        steering_rad.tan() / self.wheelbase_m
    }

    /// Reckons with `motion` having been obeyed for `time`.
    pub(crate) fn pass(&mut self, time: Duration, motion: Motion) {
        let time_s = time.as_secs_f64();
        let wanted_mps = nevil_car::axle_mps(motion.speed_mps, motion.steering_rad);
        let steering_rad = f64::from(motion.steering_rad);
        let faded = (-time_s / MOTOR_RESPONSE_S).exp();
        // The integral of a speed that approaches `wanted_mps` exponentially.
        let way_m = wanted_mps * time_s + (self.speed_mps - wanted_mps) * MOTOR_RESPONSE_S * (1.0 - faded);
        self.speed_mps = wanted_mps + (self.speed_mps - wanted_mps) * faded;
        let curvature_per_m = self.curvature_per_m(steering_rad);
        self.turn_rad_per_s = self.speed_mps * curvature_per_m;
        self.pose = self.pose.after(way_m, curvature_per_m);
        self.driven_m += way_m.abs();
        self.note(Leg { steering_rad, length_m: way_m });
    }

    /// The last leg of the way here, negative if it was driven backward; drive it the other way to be where the car was before.
    pub(crate) fn last_leg(&self) -> Option<Leg> {
        self.legs.back().copied()
    }

    /// Forgets the last leg: what is left of it is too short to be driven.
    pub(crate) fn drop_leg(&mut self) {
        self.legs.pop_back();
    }

    /// Where the car was `way_m` before, if its last leg is as long as that.
    pub(crate) fn pose_before(&self, way_m: f64) -> Option<Pose> {
        let leg = self.last_leg().filter(|leg| leg.length_m.abs() >= way_m)?;
        Some(self.pose.after(-way_m.copysign(leg.length_m), self.curvature_per_m(leg.steering_rad)))
    }

    /// Length of the known way back, in metres.
    pub(crate) fn way_back_m(&self) -> f64 {
        self.legs.iter().map(|leg| leg.length_m.abs()).sum()
    }

    /// Motion against the last leg shortens the way back, all other lengthens it.
    fn note(&mut self, step: Leg) {
        if step.length_m == 0.0 {
            return;
        }
        let is_first = self.legs.is_empty();
        match self
            .legs
            .back_mut()
            .filter(|leg| (leg.steering_rad - step.steering_rad).abs() < SAME_STEERING_RAD)
        {
            Some(leg) => {
                let before_m = leg.length_m;
                leg.length_m += step.length_m;
                self.along_m += leg.length_m.abs() - before_m.abs();
                if leg.length_m * before_m <= 0.0 {
                    self.legs.pop_back();
                }
            }
            // The last millimetres of coming to a stop, when the wheels have begun to turn, lead nowhere.
            None if step.length_m.abs() < 0.003 && !is_first => {}
            None => {
                self.legs.push_back(step);
                self.along_m += step.length_m.abs();
            }
        }
        while self.legs.len() > 1 && (self.way_back_m() > WAY_BACK_MAX_M || self.legs.len() > LEGS_MAX) {
            self.legs.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(100);

    fn drive(reckoning: &mut Reckoning, speed_mps: f32, steering_rad: f32, ticks: u32) {
        (0..ticks).for_each(|_| reckoning.pass(TICK, Motion { speed_mps, steering_rad }));
        (0..10).for_each(|_| reckoning.pass(TICK, Motion { speed_mps: 0.0, steering_rad }));
    }

    #[test]
    fn driving_the_legs_backward_leads_home() {
        let mut reckoning = Reckoning::new(0.094);
        let legs = [(0.3, 20), (-0.2, 15), (0.0, 30)];
        legs.iter().for_each(|&(steering_rad, ticks)| drive(&mut reckoning, 0.2, steering_rad, ticks));
        // In curves the inner wheel is slowed down, and all speeds come in steps.
        let driven_m: f64 = legs
            .iter()
            .map(|&(steering_rad, ticks)| nevil_car::axle_mps(0.2, steering_rad) * f64::from(ticks) * 0.1)
            .sum();
        assert!((reckoning.way_back_m() - driven_m).abs() < 0.001, "{}", reckoning.way_back_m());
        for &(steering_rad, ticks) in legs.iter().rev() {
            while reckoning.last_leg().unwrap().length_m < 0.001 {
                reckoning.drop_leg();
            }
            assert!((reckoning.last_leg().unwrap().steering_rad - f64::from(steering_rad)).abs() < 1e-6);
            drive(&mut reckoning, -0.2, steering_rad, ticks);
        }
        assert!(reckoning.way_back_m() < 0.01);
        assert!(reckoning.pose.x_m.hypot(reckoning.pose.y_m) < 0.01, "{:?}", reckoning.pose);
        assert!(reckoning.pose.heading_rad.abs() < 0.01);
    }

    #[test]
    fn backward_off_the_way_here_lengthens_it_and_is_driven_forward_to_come_back() {
        let mut reckoning = Reckoning::new(0.094);
        drive(&mut reckoning, 0.2, 0.0, 20);
        let (there, along_m) = (reckoning.pose, reckoning.along_m);
        drive(&mut reckoning, -0.2, 0.3, 5);
        let leg = reckoning.last_leg().unwrap();
        assert!(leg.length_m < -0.05 && (leg.steering_rad - 0.3).abs() < 1e-6, "{leg:?}");
        assert!(reckoning.along_m > along_m + 0.05);
        let before = reckoning.pose_before(-leg.length_m).unwrap();
        assert!((before.x_m - there.x_m).hypot(before.y_m - there.y_m) < 0.01, "{before:?}");
        drive(&mut reckoning, 0.2, 0.3, 5);
        assert!((reckoning.along_m - along_m).abs() < 0.01, "as if it had not been driven");
    }

    #[test]
    fn the_way_back_is_bounded() {
        let mut reckoning = Reckoning::new(0.094);
        for turn in 0..80_u8 {
            drive(&mut reckoning, 0.2, f32::from(turn % 2) * 0.2, 10);
        }
        assert!(reckoning.way_back_m() <= WAY_BACK_MAX_M);
        assert!(reckoning.way_back_m() > WAY_BACK_MAX_M - 0.3);
    }
}
