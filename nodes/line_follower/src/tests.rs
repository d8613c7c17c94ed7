//! The node on three sensors, and on a car over a line of tape.

use nevil_car::shape::{GRAYSCALE_AHEAD_M, GRAYSCALE_BESIDE_M, WHEELBASE_M};
use nevil_runtime::testing::TestNode;

use super::*;

const FLOOR: u16 = 1500;
const LINE: u16 = 700;
const READING: Duration = Duration::from_millis(100);

/// The steering for a reading; `None` if it wishes nothing.
fn steering(node: &mut TestNode<LineFollower>, [left, middle, right]: [u16; 3]) -> Option<f32> {
    node.publish(topics::GRAYSCALE, Grayscale { left, middle, right }).unwrap();
    node.step();
    node.take(topics::AUTONOMOUS_DRIVE).unwrap().pop().map(|wish| wish.steering_rad)
}

#[test]
fn it_steers_to_where_the_line_is_and_the_more_the_further_out_it_is() {
    let mut node = TestNode::<LineFollower>::start("gain_rad: 0.4").unwrap();
    for (counts, wanted) in [
        ([LINE, FLOOR, FLOOR], 0.4),
        ([LINE, LINE, FLOOR], 0.2),
        // Between two sensors, a little of it under each.
        ([FLOOR - 200, FLOOR - 200, FLOOR], 0.2),
        ([FLOOR, LINE, FLOOR], 0.0),
        ([LINE, LINE, LINE], 0.0),
        ([FLOOR, LINE, LINE], -0.2),
        ([FLOOR, FLOOR, LINE], -0.4),
    ] {
        assert_eq!(steering(&mut node, counts), Some(wanted), "{counts:?}");
    }
    assert!(node.stop().is_empty());
}

#[test]
fn what_is_hardly_darker_than_the_floor_is_no_line_and_neither_is_the_edge_of_a_table() {
    for (counts, is_line) in [
        ([FLOOR, FLOOR - 149, FLOOR], false),
        ([FLOOR, FLOOR - 150, FLOOR], true),
        ([999; 3], true),
        ([1000; 3], false),
        ([FLOOR, FLOOR, 499], false),
        ([FLOOR, FLOOR, 500], true),
    ] {
        let mut node = TestNode::<LineFollower>::start("").unwrap();
        assert_eq!(steering(&mut node, counts).is_some(), is_line, "{counts:?}");
    }
}

#[test]
fn it_looks_for_a_lost_line_on_the_side_where_it_was_and_stops_when_that_takes_too_long() {
    let mut node = TestNode::<LineFollower>::start("{ search_for: 1s, gain_rad: 0.5 }").unwrap();
    assert_eq!(steering(&mut node, [FLOOR, LINE, LINE]), Some(-0.25));
    for _ in 0..9 {
        node.advance(READING);
        assert_eq!(steering(&mut node, [FLOOR; 3]), Some(-0.5));
    }
    node.advance(READING);
    assert_eq!(steering(&mut node, [FLOOR; 3]), None);
    assert_eq!(steering(&mut node, [LINE, FLOOR, FLOOR]), Some(0.5), "it goes on when it sees a line again");
}

#[test]
fn new_parameters_hold_from_the_next_reading_on() {
    let mut node = TestNode::<LineFollower>::start("gain_rad: 0.5").unwrap();
    assert_eq!(steering(&mut node, [LINE, FLOOR, FLOOR]), Some(0.5));
    node.set_params("gain_rad: 0.3").unwrap();
    assert_eq!(steering(&mut node, [LINE, FLOOR, FLOOR]), Some(0.3));
}

/// An ideal car over a line of two straights of 1 m and two half circles, which it drives round to the left.
struct Car {
    x_m: f64,
    y_m: f64,
    heading_rad: f64,
    radius_m: f64,
}

impl Car {
    /// How far the point is to the left of the line's middle; negative is right.
    fn beside(&self, ahead_m: f64, left_m: f64) -> f64 {
        let (sin, cos) = self.heading_rad.sin_cos();
        let (x_m, y_m) = (self.x_m + ahead_m * cos - left_m * sin, self.y_m + ahead_m * sin + left_m * cos);
        self.radius_m - (x_m - x_m.clamp(0.0, 1.0)).hypot(y_m - self.radius_m)
    }

    /// The sensor sees a spot of 1 cm of the floor, the line is 25 mm wide.
    fn counts(&self, left_m: f64) -> u16 {
        let beside_m = self.beside(GRAYSCALE_AHEAD_M, left_m).abs();
        let covered = ((0.0125 + 0.005 - beside_m) / 0.01).clamp(0.0, 1.0);
        FLOOR - (covered * f64::from(FLOOR - LINE)) as u16
    }

    fn step(&mut self, wish: Drive, seconds: f64) {
        let way_m = f64::from(wish.speed_mps) * seconds;
        self.heading_rad += way_m / WHEELBASE_M * f64::from(wish.steering_rad).tan();
        self.x_m += way_m * self.heading_rad.cos();
        self.y_m += way_m * self.heading_rad.sin();
    }
}

#[test]
fn the_line_stays_under_the_sensors_on_straights_and_in_narrow_curves() {
    for radius_m in [0.3, 0.5, 1.0] {
        let mut node = TestNode::<LineFollower>::start("").unwrap();
        let mut car = Car { x_m: 0.0, y_m: 0.005, heading_rad: -0.05, radius_m };
        let mut widest_m: f64 = 0.0;
        // Two minutes: a lap and more of the longest one.
        for _ in 0..1200 {
            let [left, middle, right] =
                [GRAYSCALE_BESIDE_M, 0.0, -GRAYSCALE_BESIDE_M].map(|left_m| car.counts(left_m));
            node.publish(topics::GRAYSCALE, Grayscale { left, middle, right }).unwrap();
            node.step();
            let wish = node.take(topics::AUTONOMOUS_DRIVE).unwrap().pop().unwrap();
            (0..10).for_each(|_| car.step(wish, READING.as_secs_f64() / 10.0));
            node.advance(READING);
            widest_m = widest_m.max(car.beside(GRAYSCALE_AHEAD_M, 0.0).abs());
        }
        assert!(widest_m < 0.02, "radius {radius_m} m: it was {widest_m} m beside the line");
        assert!(car.heading_rad > 2.0 * std::f64::consts::PI, "radius {radius_m} m: it has not driven round");
    }
}
