use super::*;
use crate::actions::{Library, Odometer};

/// A player, and a car that obeys it as `motion` would.
struct Stage {
    player: Player,
    head: Gaze,
    now: Duration,
    odometer: Odometer,
    safety: Option<SafetyStatus>,
    obeyed: DriveSource,
    /// Whether the motors do as they are told.
    moves: bool,
}

impl Stage {
    fn new(action: &str) -> Self {
        let action = Action::parse(action, Library::shipped(), Pace::Med).unwrap();
        Self {
            player: Player::new(&action).unwrap(),
            head: Gaze { pan_deg: 0.0, tilt_deg: 10.0 },
            now: Duration::ZERO,
            odometer: Odometer::default(),
            safety: safety(SafetyLevel::Clear, SafetyCause::Distance),
            obeyed: DriveSource::Autonomous,
            moves: true,
        }
    }

    fn way_m(&self) -> f64 {
        self.odometer.way_m(self.now)
    }

    fn step(&mut self) -> Progress {
        let aware = Aware { safety: self.safety, way_m: self.way_m(), obeyed: self.obeyed };
        let progress = self.player.step(self.now, &aware, &mut self.head);
        let motion = if let Progress::Going(motion) = &progress { *motion } else { Motion::NONE };
        assert!(motion.speed_mps.abs() <= 0.351 && motion.steering_rad.abs() <= 0.5237, "{motion:?}");
        self.odometer.told(self.now, if self.moves { motion } else { Motion::NONE });
        self.now += STEP;
        progress
    }

    /// Steps until the end, at most two minutes.
    fn end(&mut self) -> Progress {
        for _ in 0..1200 {
            match self.step() {
                Progress::Going(_) => {}
                end => return end,
            }
        }
        panic!("it has no end");
    }
}

fn safety(level: SafetyLevel, cause: SafetyCause) -> Option<SafetyStatus> {
    Some(SafetyStatus { level, cause, distance_m: 0.12 })
}

#[test]
fn the_car_drives_as_far_as_was_asked() {
    for (action, way_m) in
        [("forward 20", 0.2), ("forward 1 50", 0.01), ("backward 30 12", -0.3), ("forward 200 50", 2.0)]
    {
        let mut stage = Stage::new(action);
        assert_eq!(stage.end(), Progress::Done);
        assert!((stage.way_m() - way_m).abs() < 0.0015, "{action}: {}", stage.way_m());
    }
}

#[test]
fn on_a_curve_the_middle_of_the_axle_covers_what_was_asked() {
    let mut stage = Stage::new("left");
    assert_eq!(stage.end(), Progress::Done);
    assert!((stage.way_m() - 0.4).abs() < 0.003, "{}", stage.way_m());
}

#[test]
fn every_shipped_gesture_ends_at_every_pace() {
    for gesture in Library::shipped().gestures() {
        for pace in Pace::ALL {
            let mut stage = Stage::new(&format!("{}:{}", gesture.name, pace.name()));
            assert_eq!(stage.end(), Progress::Done, "{}", gesture.name);
            assert!(stage.way_m() > -0.16, "{} gets {} m behind", gesture.name, stage.way_m());
            let guess = gesture.duration(pace) + Duration::from_secs(2);
            assert!(stage.now <= guess, "{}: {:?} {guess:?}", gesture.name, stage.now);
        }
    }
}

#[test]
fn in_danger_it_stops_backs_off_what_it_has_just_driven_and_fails() {
    for (driven_ticks, backed) in [(1, "2"), (3, "6"), (9, "10")] {
        let mut stage = Stage::new("forward 50");
        (0..driven_ticks).for_each(|_| drop(stage.step()));
        let farthest_m = stage.way_m();
        stage.safety = safety(SafetyLevel::Danger, SafetyCause::Distance);
        let says = format!("the next thing ahead is at 0.12 m; it backed off {backed} cm");
        assert_eq!(stage.end(), Progress::Failed(says));
        assert!(farthest_m - stage.way_m() < 0.101, "{farthest_m} {}", stage.way_m());
        assert!(stage.way_m() > -0.001, "it got behind where it began");
    }
}

#[test]
fn where_it_cannot_drive_from_the_start_it_fails_without_a_move() {
    for (level, cause, says) in [
        (SafetyLevel::Danger, SafetyCause::Distance, "the next thing ahead is at 0.12 m; it backed off 0 cm"),
        (SafetyLevel::Emergency, SafetyCause::Cliff, "there is no floor under its front; it backed off 0 cm"),
        (SafetyLevel::SensorError, SafetyCause::Silent, "the distance sensor is silent; it backed off 0 cm"),
    ] {
        let mut stage = Stage::new("forward 50");
        stage.safety = safety(level, cause);
        assert_eq!(stage.end(), Progress::Failed(says.to_owned()));
        assert_eq!(stage.way_m(), 0.0);
    }
}

#[test]
fn before_anybody_has_said_that_it_is_safe_it_does_not_drive() {
    let mut stage = Stage::new("forward 50");
    stage.safety = None;
    let says = "nobody has said yet how near the next thing is; it backed off 0 cm";
    assert_eq!(stage.end(), Progress::Failed(says.to_owned()));
}

#[test]
fn it_stands_while_a_sensor_is_not_heard_and_goes_on_when_it_is_heard_again() {
    for unknown in [None, safety(SafetyLevel::SensorError, SafetyCause::NoEchoYet)] {
        let mut stage = Stage::new("forward 20");
        stage.safety = unknown;
        for _ in 0..14 {
            assert!(matches!(stage.step(), Progress::Going(motion) if motion.speed_mps == 0.0));
        }
        stage.safety = safety(SafetyLevel::Clear, SafetyCause::Distance);
        assert_eq!(stage.end(), Progress::Done);
        assert!((stage.way_m() - 0.2).abs() < 0.0015, "{}", stage.way_m());
    }
}

#[test]
fn a_sensor_that_fails_on_the_way_stops_it_and_lets_it_not_back_off() {
    let mut stage = Stage::new("forward 50");
    (0..5).for_each(|_| drop(stage.step()));
    let way_m = stage.way_m();
    stage.safety = safety(SafetyLevel::SensorError, SafetyCause::Silent);
    assert!(matches!(stage.end(), Progress::Failed(_)));
    assert_eq!(stage.way_m(), way_m);
}

#[test]
fn backward_and_a_gesture_of_the_head_do_not_ask_what_is_ahead() {
    for action in ["backward 10", "nod", "twist_left"] {
        let mut stage = Stage::new(action);
        stage.safety = safety(SafetyLevel::Danger, SafetyCause::Distance);
        assert_eq!(stage.end(), Progress::Done, "{action}");
    }
}

#[test]
fn a_car_that_stands_though_it_was_asked_to_move_is_given_up() {
    let mut stage = Stage::new("forward 50");
    stage.moves = false;
    let says = "the car was asked to move and stands; is `motion` there, and does an emergency stop hold?";
    assert_eq!(stage.end(), Progress::Failed(says.to_owned()));
    assert!(stage.now >= STANDING_MAX);
}

#[test]
fn an_operator_goes_before_an_action() {
    let mut stage = Stage::new("forward 50");
    stage.step();
    stage.obeyed = DriveSource::Operator;
    let says = "an operator drives, who goes before all actions";
    assert_eq!(stage.end(), Progress::Failed(says.to_owned()));
}

#[test]
fn it_turns_its_wheels_while_it_stands() {
    let mut stage = Stage::new("left");
    for _ in 0..3 {
        let Progress::Going(motion) = stage.step() else { panic!("it has ended") };
        assert_eq!((motion.speed_mps, motion.steering_rad), (0.0, 30.0_f32.to_radians()));
    }
    let Progress::Going(motion) = stage.step() else { panic!("it has ended") };
    assert!(motion.speed_mps > 0.0);
}
