//! Large moves of a servo in several small ones.

/// A servo that is turned far in five steps, 20 ms apart, as the predecessor does: at once it would pull the voltage of the
/// battery down, and jerk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Smooth {
    /// Moves up to this many degrees are made at once.
    at_once_deg: f32,
    now_deg: f32,
    goal_deg: f32,
    steps: u8,
}

impl Smooth {
    const STEPS: u8 = 5;

    /// A servo that stands at 0.
    pub(crate) const fn new(at_once_deg: f32) -> Self {
        Self { at_once_deg, now_deg: 0.0, goal_deg: 0.0, steps: 0 }
    }

    /// Takes another goal; the one that it has already changes nothing.
    pub(crate) fn aim(&mut self, goal_deg: f32) {
        if goal_deg != self.goal_deg {
            self.goal_deg = goal_deg;
            let far = (goal_deg - self.now_deg).abs() > self.at_once_deg;
            self.steps = if far { Self::STEPS } else { 1 };
        }
    }

    /// Makes the next step, and says where the servo is to be.
    pub(crate) fn step(&mut self) -> f32 {
        if self.steps > 0 {
            self.now_deg += (self.goal_deg - self.now_deg) / f32::from(self.steps);
            self.steps -= 1;
        }
        self.now_deg
    }

    /// Whether there are steps to make.
    pub(crate) const fn is_under_way(&self) -> bool {
        self.steps > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(smooth: &mut Smooth) -> Vec<f32> {
        std::iter::from_fn(|| smooth.is_under_way().then(|| smooth.step())).collect()
    }

    #[test]
    fn a_small_move_is_made_at_once_and_a_large_one_in_five_steps() {
        let mut smooth = Smooth::new(5.0);
        smooth.aim(5.0);
        assert_eq!(steps(&mut smooth), [5.0]);
        smooth.aim(-20.0);
        assert_eq!(steps(&mut smooth), [0.0, -5.0, -10.0, -15.0, -20.0]);
        smooth.aim(-20.0);
        assert!(!smooth.is_under_way());
    }

    #[test]
    fn another_goal_on_the_way_is_taken_from_where_it_is() {
        let mut smooth = Smooth::new(5.0);
        smooth.aim(30.0);
        assert_eq!((smooth.step(), smooth.step()), (6.0, 12.0));
        smooth.aim(10.0);
        assert_eq!(steps(&mut smooth), [10.0]);
    }
}
