use super::*;

const HOME: Pose = Pose { x_m: 0.0, y_m: 0.0, heading_rad: 0.0 };
const STEP_S: f64 = 0.005;

/// Duty that turns a wheel of an ideal car at this share of full speed.
fn duty(share: f64) -> f64 {
    if share == 0.0 { 0.0 } else { (DEAD_ZONE + share.abs() * (1.0 - DEAD_ZONE)).copysign(share) }
}

/// Both wheels at `share` of full speed, the steering servo at `steering_deg`.
fn told(share: f64, steering_deg: f64) -> Outputs {
    let duty = duty(share);
    Outputs { left: duty, right: duty, steering_deg: Some(steering_deg), pan_deg: None, tilt_deg: None }
}

fn drive(car: &mut Car, outputs: &Outputs, seconds: f64) {
    for _ in 0..(seconds / STEP_S).round() as u32 {
        let way = car.turn(outputs, STEP_S);
        car.pose = way.from(car.pose);
    }
}

fn driven(outputs: Outputs, flaws: CarFlaws, seconds: f64) -> Car {
    let mut car = Car::new(HOME, flaws, 1);
    drive(&mut car, &outputs, seconds);
    car
}

#[test]
fn full_speed_is_what_the_real_driver_reckons_with() {
    let car = driven(told(1.0, 0.0), CarFlaws::NONE, 3.0);
    assert!((car.speed_mps() - 0.7).abs() < 1e-6);
    let lost_m = SPEED_AT_FULL_MPS * MOTOR_RESPONSE_S;
    assert!((car.pose.x_m - (2.1 - lost_m)).abs() < 0.005, "{}", car.pose.x_m);
    let back = driven(told(-1.0, 0.0), CarFlaws::NONE, 3.0);
    assert!((back.pose.x_m + car.pose.x_m).abs() < 1e-9, "reverse is as fast");
}

#[test]
fn up_to_half_the_duty_a_motor_does_not_turn() {
    for duty in [0.1, -0.3, 0.5, -0.5] {
        let outputs = Outputs { left: duty, right: duty, ..told(0.0, 0.0) };
        assert_eq!(driven(outputs, CarFlaws::NONE, 1.0).pose, HOME, "{duty}");
    }
    let outputs = Outputs { left: 0.51, right: 0.51, ..told(0.0, 0.0) };
    let speed_mps = driven(outputs, CarFlaws::NONE, 2.0).speed_mps();
    assert!((speed_mps - 0.014).abs() < 1e-6, "{speed_mps}");
}

#[test]
fn a_car_that_is_told_to_stand_stands_at_last() {
    let mut car = driven(told(1.0, 0.0), CarFlaws::NONE, 1.0);
    drive(&mut car, &told(0.0, 0.0), 2.0);
    assert_eq!(car.speed_mps(), 0.0);
}

#[test]
fn full_steering_drives_a_circle_to_the_left_of_the_radius_that_the_wheelbase_gives() {
    let car = driven(told(0.3, -30.0), CarFlaws::NONE, 20.0);
    let rate = 0.21 * 30.0_f64.to_radians().tan() / WHEELBASE_M;
    assert!((car.pose.heading_rad - rate * 19.9).abs() < 0.1, "{}", car.pose.heading_rad);
    assert!(car.pose.x_m.abs() < 0.2 && (-0.03..0.36).contains(&car.pose.y_m), "{:?}", car.pose);
}

#[test]
fn a_servo_turns_at_its_speed_and_one_that_was_never_told_stays_where_it_is() {
    let outputs = Outputs { pan_deg: Some(60.0), ..told(0.0, 0.0) };
    let late = driven(outputs, CarFlaws::NONE, 0.095).pan.moved_deg();
    assert!((late + 57.0).abs() < 1e-9, "{late}");
    let there = driven(outputs, CarFlaws::NONE, 0.2);
    assert!((there.pan.moved_deg() + 60.0).abs() < 1e-9);
    assert_eq!(there.tilt.moved_deg(), 0.0);
}

#[test]
fn a_servo_and_the_linkage_of_the_wheels_stop_at_their_ends() {
    let flaws = CarFlaws { steering_offset_deg: -35.0, ..CarFlaws::NONE };
    let car = driven(Outputs { pan_deg: Some(300.0), ..told(0.0, -90.0) }, flaws, 1.0);
    assert_eq!((car.pan.moved_deg(), car.wheels_deg()), (-90.0, STEERING_STOP_DEG));
}

#[test]
fn the_opposite_of_an_offset_as_calibration_makes_the_car_straight() {
    let flaws = CarFlaws { steering_offset_deg: -35.0, ..CarFlaws::NONE };
    let car = driven(told(0.5, 35.0), flaws, 3.0);
    let beside_m = car.pose.y_m.abs();
    assert!(beside_m < 0.06 && car.wheels_deg().abs() < 1e-9, "only until the servo was there: {beside_m}");
    let skewed = driven(told(0.5, 0.0), flaws, 3.0);
    assert!((skewed.wheels_deg() - 35.0).abs() < 1e-9, "uncalibrated it turns to the left");
    for left_deg in [-30.0, 30.0] {
        let car = driven(told(0.0, 35.0 - left_deg), flaws, 1.0);
        assert!((car.wheels_deg() - left_deg).abs() < 1e-9, "{left_deg}");
    }
}

#[test]
fn motors_that_differ_make_the_mean_speed_and_pull_the_car_to_the_slower_side() {
    let flaws = CarFlaws { left_factor: 1.04, right_factor: 0.96, pull_share: 0.05, ..CarFlaws::NONE };
    let car = driven(told(0.5, 0.0), flaws, 3.0);
    assert!((car.speed_mps() - 0.35).abs() < 1e-6, "{}", car.speed_mps());
    assert!((-0.1..-0.02).contains(&car.pose.heading_rad), "{}", car.pose.heading_rad);
    let alone = driven(told(0.5, 0.0), CarFlaws { pull_share: 0.0, ..flaws }, 3.0);
    assert_eq!(alone.pose.heading_rad, 0.0);
}

#[test]
fn one_wheel_alone_drives_the_car_at_half_speed() {
    let outputs = Outputs { left: 0.0, ..told(0.5, 0.0) };
    let speed_mps = driven(outputs, CarFlaws::NONE, 2.0).speed_mps();
    assert!((speed_mps - 0.175).abs() < 1e-6, "{speed_mps}");
}

#[test]
fn slip_costs_its_share_of_the_way_and_of_the_turn() {
    let exact = driven(told(0.5, -10.0), CarFlaws::NONE, 5.0);
    let slipping = driven(told(0.5, -10.0), CarFlaws { slip_share: 0.1, ..CarFlaws::NONE }, 5.0);
    assert!((slipping.speed_mps() / exact.speed_mps() - 0.9).abs() < 1e-9);
    assert!((slipping.pose.heading_rad / exact.pose.heading_rad - 0.9).abs() < 1e-9);
}

#[test]
fn slip_wanders_by_its_seed_and_stays_about_its_deviation() {
    let flaws = CarFlaws { slip_noise: 0.01, ..CarFlaws::NONE };
    let mut car = Car::new(HOME, flaws, 1);
    drive(&mut car, &told(0.5, 0.0), 5.0);
    let mut squares = 0.0;
    for _ in 0..2000 {
        drive(&mut car, &told(0.5, 0.0), 0.5);
        squares += (car.speed_mps() / 0.35 - 1.0).powi(2);
    }
    let deviation = (squares / 2000.0).sqrt();
    assert!((0.008..0.012).contains(&deviation), "{deviation}");
    let end = |seed| {
        let mut car = Car::new(HOME, flaws, seed);
        drive(&mut car, &told(0.5, 0.0), 1.0);
        car.pose.x_m
    };
    assert_eq!(end(3), end(3));
    assert_ne!(end(3), end(4));
}

#[test]
fn a_full_battery_drives_faster_than_a_flat_one() {
    let speed_mps = |start_v| {
        let flaws = CarFlaws { battery: Battery { start_v, ..Battery::TYPICAL }, ..CarFlaws::NONE };
        driven(told(0.5, 0.0), flaws, 2.0).speed_mps()
    };
    let (full, flat) = (speed_mps(8.4), speed_mps(7.0));
    assert!((full / 0.35 - 1.0 - 0.07).abs() < 0.02, "{full}");
    assert!((flat / 0.35 - 1.0 + 0.12).abs() < 0.02, "{flat}");
}
