use nevil_msgs::{DriveSource, SafetyCause, SafetyLevel, SafetyStatus};
use proptest::prelude::*;

use super::*;
use crate::actions::Odometer;

/// A performer, and a car that obeys it.
struct Stage {
    performer: Performer,
    now: Duration,
    odometer: Odometer,
    level: SafetyLevel,
    news: Vec<NavigationStatus>,
    looks: Vec<Gaze>,
}

impl Stage {
    fn new(queue_max: usize) -> Self {
        Self {
            performer: Performer::new(Library::shipped().clone(), queue_max, 10.0),
            now: Duration::ZERO,
            odometer: Odometer::default(),
            level: SafetyLevel::Clear,
            news: Vec::new(),
            looks: Vec::new(),
        }
    }

    fn ask(&mut self, actions: &[&str], priority: u16) {
        let actions: Vec<String> = actions.iter().map(|&action| action.to_owned()).collect();
        self.news.extend(self.performer.ask(&actions, "", priority).news);
    }

    fn step(&mut self) -> Option<Motion> {
        let aware = Aware {
            safety: Some(SafetyStatus { level: self.level, cause: SafetyCause::Distance, distance_m: 0.12 }),
            way_m: self.odometer.way_m(self.now),
            obeyed: DriveSource::Autonomous,
        };
        let turn = self.performer.step(self.now, &aware);
        self.odometer.told(self.now, turn.motion.unwrap_or(Motion::NONE));
        self.now += Duration::from_millis(100);
        self.news.extend(turn.news);
        self.looks.extend(turn.look);
        turn.motion
    }

    fn run(&mut self, steps: u32) {
        for _ in 0..steps {
            self.step();
        }
    }

    /// What was said: the first letter of the state, and the action.
    fn said(&self) -> Vec<String> {
        let one = |news: &NavigationStatus| format!("{:?} {}", news.status, news.current_action);
        self.news.iter().map(one).collect()
    }
}

#[test]
fn actions_run_in_order_and_the_more_important_ones_first() {
    let mut stage = Stage::new(50);
    stage.ask(&["nod", "sigh"], 100);
    stage.ask(&["yawn"], 99);
    stage.ask(&["flinch"], 100);
    stage.run(300);
    let order = [
        "Executing yawn",
        "Completed yawn",
        "Executing nod",
        "Completed nod",
        "Executing sigh",
        "Completed sigh",
        "Executing flinch",
        "Completed flinch",
        "Idle ",
    ];
    assert_eq!(stage.said(), order);
    let remaining: Vec<u32> = stage.news.iter().map(|news| news.actions_remaining).collect();
    assert_eq!(remaining, [3, 3, 2, 2, 1, 1, 0, 0, 0]);
}

#[test]
fn what_does_not_fit_is_refused_and_what_came_first_stays() {
    let mut stage = Stage::new(2);
    stage.ask(&["nod", "sigh", "yawn", "flinch"], 100);
    stage.ask(&["stretch"], 1);
    let reasons: Vec<&str> = stage.news.iter().map(|news| news.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "2 of 4 actions do not fit; at most 2 wait, and at most 32 come in one message (refused so far: 2)",
            "1 of 1 actions do not fit; at most 2 wait, and at most 32 come in one message (refused so far: 3)",
        ]
    );
    let many = vec!["nod"; 40];
    let mut stage = Stage::new(50);
    stage.ask(&many, 100);
    assert_eq!(stage.performer.waiting(), ACTIONS_MAX);
    assert_eq!(stage.performer.tally().refused, 8);
}

#[test]
fn what_is_wrong_is_refused_and_the_rest_of_its_message_runs() {
    let mut stage = Stage::new(50);
    stage.ask(&["nodd", "nod"], 100);
    stage.run(100);
    assert_eq!(stage.said(), ["Error nodd", "Executing nod", "Completed nod", "Idle "]);
    assert_eq!(
        stage.news[0].reason,
        "unknown action `nodd`, did you mean `nod`?; docs/reference/actions.md lists them (refused so far: 1)"
    );
}

#[test]
fn stop_ends_at_once_what_runs_waits_and_stands_before_it() {
    let mut stage = Stage::new(50);
    stage.ask(&["forward 100", "nod"], 100);
    stage.run(5);
    stage.ask(&["sigh", "stop", "yawn"], 1000);
    assert_eq!(stage.performer.waiting(), 1, "what comes behind it waits");
    assert!(stage.step().is_none_or(|motion| motion.speed_mps == 0.0));
    stage.run(100);
    let said = stage.said();
    let expected = [
        "Executing forward 100 30",
        "Error forward 100 30",
        "Completed stop",
        "Executing yawn",
        "Completed yawn",
        "Idle ",
    ];
    assert_eq!(said, expected);
    assert_eq!(stage.news[1].reason, "ended by `stop`");
    assert_eq!(stage.news[2].reason, "2 that waited were cleared");
    let tally = Tally { asked: 5, completed: 2, failed: 0, refused: 0, cleared: 3 };
    assert_eq!(stage.performer.tally(), tally);
}

#[test]
fn a_slip_behind_stop_stops_all_the_same_and_so_does_one_far_behind() {
    for slip in ["stop", "Stop now", "stop:fast", " stop 5"] {
        let mut asked = vec!["forward 100"; 40];
        asked.push(slip);
        let mut stage = Stage::new(50);
        stage.ask(&asked, 100);
        assert_eq!(stage.performer.waiting(), 0, "{slip}");
        assert_eq!(stage.step(), Some(Motion::NONE), "{slip}");
    }
}

#[test]
fn an_action_that_fails_is_told_with_its_reason_and_the_next_one_is_begun() {
    let mut stage = Stage::new(50);
    stage.ask(&["forward 100", "nod"], 100);
    stage.run(4);
    stage.level = SafetyLevel::Danger;
    stage.run(100);
    let said = stage.said();
    let expected =
        ["Executing forward 100 30", "Error forward 100 30", "Executing nod", "Completed nod", "Idle "];
    assert_eq!(said, expected);
    assert_eq!(stage.news[1].reason, "the next thing ahead is at 0.12 m; it backed off 8 cm");
}

#[test]
fn the_head_goes_back_to_rest_unless_the_gesture_keeps_it() {
    let mut stage = Stage::new(50);
    let rest = Gaze { pan_deg: 0.0, tilt_deg: 10.0 };
    stage.run(1);
    assert_eq!(stage.looks, [rest], "at the start it is told where rest is");
    stage.ask(&["look_left"], 100);
    stage.run(50);
    assert_eq!(stage.looks.last(), Some(&Gaze { pan_deg: 45.0, tilt_deg: 10.0 }));
    stage.ask(&["nod"], 100);
    stage.run(50);
    assert_eq!(stage.looks.last(), Some(&rest));
}

#[test]
fn what_it_does_of_its_own_accord_gives_way_to_what_is_asked_for() {
    let mut stage = Stage::new(50);
    let sigh = Action::parse("sigh", Library::shipped(), Pace::Med).unwrap();
    stage.performer.play_aside(&sigh);
    stage.run(3);
    assert!(stage.performer.plays_aside() && stage.news.is_empty());
    stage.ask(&["nod"], 100);
    stage.run(1);
    assert!(!stage.performer.plays_aside());
    assert_eq!(stage.said(), ["Executing nod"]);
}

#[test]
fn it_wants_nothing_while_it_has_nothing_to_do() {
    let mut stage = Stage::new(50);
    stage.ask(&["nod"], 100);
    stage.run(100);
    assert_eq!(stage.step(), None);
    assert!(!stage.performer.is_busy());
}

fn any_asking() -> impl Strategy<Value = (Vec<String>, u16, u32, bool)> {
    let action = prop_oneof![
        8 => Just("forward 5".to_owned()),
        8 => Just("flinch:fast".to_owned()),
        4 => Just("nod:fast".to_owned()),
        2 => Just("nodd".to_owned()),
        1 => Just("honk".to_owned()),
        1 => Just("stop".to_owned()),
    ];
    (proptest::collection::vec(action, 0..40), 1_u16..5, 0_u32..60, any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_action_that_was_asked_for_ends_in_exactly_one_way(askings in proptest::collection::vec(any_asking(), 1..8)) {
        let mut stage = Stage::new(10);
        let mut asked = 0;
        for (actions, priority, steps, is_blocked) in askings {
            asked += actions.len() as u64;
            stage.news.extend(stage.performer.ask(&actions, "", priority).news);
            stage.level = if is_blocked { SafetyLevel::Danger } else { SafetyLevel::Clear };
            stage.run(steps);
            let Tally { completed, failed, refused, cleared, .. } = stage.performer.tally();
            let begun = stage.said().iter().filter(|said| said.starts_with("Executing")).count() as u64;
            let ended = stage.said().iter().filter(|said| said.starts_with("Completed")).count() as u64;
            prop_assert_eq!(ended, completed, "each completed one is said");
            prop_assert!(begun <= completed + failed + cleared + 1);
            let open = stage.performer.waiting() as u64 + u64::from(stage.performer.is_busy());
            let sum = completed + failed + refused + cleared;
            prop_assert!(sum <= asked && asked <= sum + open, "{} {} {}", sum, asked, open);
        }
        stage.level = SafetyLevel::Clear;
        stage.run(1200);
        let Tally { completed, failed, refused, cleared, asked: counted } = stage.performer.tally();
        prop_assert_eq!((completed + failed + refused + cleared, counted), (asked, asked));
        prop_assert!(!stage.performer.is_busy());
    }
}
