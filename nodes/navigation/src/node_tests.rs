use nevil_runtime::testing::TestNode;

use super::*;

/// A node, and the `motion` that obeys it.
struct Stage {
    node: TestNode<Navigation>,
    level: SafetyLevel,
    echo_m: f32,
    wishes: Vec<Drive>,
    status: Vec<NavigationStatus>,
    auto: Vec<AutoModeStatus>,
    looks: Vec<Look>,
}

impl Stage {
    fn new(params: &str) -> Self {
        let node = TestNode::<Navigation>::start(params).unwrap();
        Self {
            node,
            level: SafetyLevel::Clear,
            echo_m: 2.0,
            wishes: Vec::new(),
            status: Vec::new(),
            auto: Vec::new(),
            looks: Vec::new(),
        }
    }

    fn steps(&mut self, count: u32) {
        for _ in 0..count {
            let range = Range { reading: RangeReading::Echo, distance_m: self.echo_m };
            self.node.publish(topics::RANGE, range).unwrap();
            self.node.publish(topics::SAFETY_STATUS, safety(self.level)).unwrap();
            self.node.advance(STEP);
            let wishes = self.node.take(topics::AUTONOMOUS_DRIVE).unwrap();
            if let Some(wish) = wishes.last() {
                let (source, speed_mps, steering_rad) =
                    (DriveSource::Autonomous, wish.speed_mps, wish.steering_rad);
                self.node
                    .publish(topics::MOTION_STATUS, MotionStatus { source, speed_mps, steering_rad })
                    .unwrap();
            }
            self.wishes.extend(wishes);
            self.status.extend(self.node.take(topics::NAVIGATION_STATUS).unwrap());
            self.auto.extend(self.node.take(topics::AUTO_MODE_STATUS).unwrap());
            self.looks.extend(self.node.take(topics::LOOK).unwrap());
        }
    }

    fn ask(&mut self, actions: &[&str]) {
        let actions = actions.iter().map(|&action| action.to_owned()).collect();
        let asked = RobotAction { actions, source_text: String::new(), mood: String::new(), priority: 100 };
        self.node.publish(topics::ROBOT_ACTION, asked).unwrap();
    }

    fn auto(&mut self, command: AutoModeOrder) {
        let command = AutoModeCommand { command, trigger: String::new(), original_text: String::new() };
        self.node.publish(topics::AUTO_MODE_COMMAND, command).unwrap();
    }

    fn driven_m(&self) -> f32 {
        self.wishes.iter().map(|wish| wish.speed_mps.abs() * 0.1).sum()
    }
}

fn safety(level: SafetyLevel) -> SafetyStatus {
    SafetyStatus { level, cause: SafetyCause::Distance, distance_m: 2.0 }
}

/// What the node wants after two seconds in which the sensor sees a wall far away.
fn wishes(level: SafetyLevel) -> Vec<Drive> {
    let mut stage = Stage::new("seed: 1");
    stage.level = level;
    stage.steps(20);
    assert!(stage.node.stop().is_empty());
    stage.wishes
}

#[test]
fn it_wants_to_drive_where_the_way_is_open() {
    let wishes = wishes(SafetyLevel::Clear);
    assert_eq!(wishes.len(), 20);
    assert!(wishes.iter().any(|wish| wish.speed_mps > 0.0), "{wishes:?}");
}

#[test]
fn it_does_not_want_to_drive_forward_where_the_way_is_blocked() {
    for level in [SafetyLevel::Danger, SafetyLevel::Emergency, SafetyLevel::SensorError] {
        assert!(wishes(level).iter().all(|wish| wish.speed_mps <= 0.0));
    }
}

#[test]
fn it_drives_as_fast_as_new_parameters_say_and_begins_nothing_anew() {
    let mut stage = Stage::new("{ seed: 1, cruise_mps: 0.1, turn_mps: 0.1 }");
    stage.node.set_params("{ seed: 1, cruise_mps: 0.4, turn_mps: 0.3 }").unwrap();
    stage.echo_m = 3.0;
    stage.steps(40);
    assert!(stage.wishes.iter().any(|wish| wish.speed_mps > 0.1), "{:?}", stage.wishes);
    let error = stage.node.set_params("seed: 2").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`gestures`, `startup_actions`, `queue_max`, `rest_tilt_rad`, `start_free_m` and `seed` are taken at the start only; \
         set them in the launch file, and restart the node"
    );
}

#[test]
fn an_action_is_carried_out_and_its_changes_are_said() {
    let mut stage = Stage::new("auto: false");
    stage.steps(3);
    assert_eq!(stage.wishes.len(), 0, "it wants nothing of its own");
    stage.ask(&["forward 21", "look_left"]);
    stage.steps(40);
    assert!((stage.driven_m() - 0.21).abs() < 0.001, "{}", stage.driven_m());
    let said: Vec<_> = stage.status.iter().map(|news| (news.status, news.current_action.as_str())).collect();
    let expected = [
        (NavigationState::Executing, "forward 21 30"),
        (NavigationState::Completed, "forward 21 30"),
        (NavigationState::Executing, "look_left"),
        (NavigationState::Completed, "look_left"),
        (NavigationState::Idle, ""),
    ];
    assert_eq!(said, expected);
    let pans: Vec<f32> = stage.looks.iter().map(|look| look.pan_rad).collect();
    assert_eq!(pans, [0.0, 45.0_f32.to_radians()]);
    assert!(stage.wishes.iter().all(|wish| wish.valid_for_ms == 300));
    let count = stage.wishes.len();
    stage.steps(10);
    assert_eq!(stage.wishes.len(), count, "it wants nothing any more");
}

#[test]
fn while_an_action_runs_the_wanderer_stands_aside_and_goes_on_afterwards() {
    let mut stage = Stage::new("seed: 1");
    stage.steps(30);
    stage.ask(&["sigh"]);
    stage.steps(2);
    let from = stage.wishes.len();
    stage.steps(10);
    assert!(stage.wishes[from..].iter().all(|wish| wish.speed_mps == 0.0), "{:?}", stage.wishes);
    stage.steps(60);
    assert!(stage.wishes[from + 40..].iter().any(|wish| wish.speed_mps > 0.0), "{:?}", stage.wishes);
    let behaviors: Vec<&str> = stage.auto.iter().map(|said| said.behavior.as_str()).collect();
    assert_eq!(behaviors[..3], ["wander", "action", "wander"]);
}

#[test]
fn stop_stops_at_once_and_ends_driving_about_until_it_is_begun_again() {
    let mut stage = Stage::new("seed: 1");
    stage.steps(30);
    stage.ask(&["stop"]);
    stage.node.step();
    let wish = stage.node.take(topics::AUTONOMOUS_DRIVE).unwrap();
    assert_eq!(wish.last().unwrap().speed_mps, 0.0, "it does not wait for the next step");
    let from = stage.wishes.len();
    stage.steps(50);
    assert!(stage.wishes[from..].iter().all(|wish| wish.speed_mps == 0.0));
    assert!(!stage.auto.last().unwrap().active);
    stage.auto(AutoModeOrder::Start);
    stage.steps(50);
    assert!(stage.auto.last().unwrap().active);
    assert!(stage.wishes[from..].iter().any(|wish| wish.speed_mps > 0.0));
}

#[test]
fn auto_mode_begins_and_ends_by_message_and_by_parameter() {
    let mut stage = Stage::new("{ seed: 1, auto: false }");
    stage.steps(30);
    assert_eq!((stage.driven_m(), stage.auto.len()), (0.0, 1));
    stage.auto(AutoModeOrder::Start);
    stage.steps(30);
    assert!(stage.driven_m() > 0.0);
    stage.auto(AutoModeOrder::Stop);
    stage.steps(1);
    let driven_m = stage.driven_m();
    stage.steps(30);
    assert_eq!(stage.driven_m(), driven_m);
    stage.node.set_params("{ seed: 1, auto: true, mood: zippy }").unwrap();
    stage.steps(30);
    assert!(stage.driven_m() > driven_m);
    assert_eq!(stage.auto.last().map(|said| said.mood.as_str()), Some("zippy"));
    // Ended by message, it begins again by the same parameters.
    stage.auto(AutoModeOrder::Stop);
    stage.steps(30);
    assert_eq!(stage.auto.last().map(|said| said.active), Some(false));
    stage.node.set_params("{ seed: 1, auto: true, mood: zippy }").unwrap();
    stage.steps(2);
    assert_eq!(stage.auto.last().map(|said| said.active), Some(true));
}

#[test]
fn a_mood_is_taken_by_message_and_an_unknown_one_is_refused() {
    let mut stage = Stage::new("");
    let change =
        |mood: &str| MoodChange { mood: mood.to_owned(), source: String::new(), context: String::new() };
    stage.node.publish(topics::MOOD_CHANGE, change("sleepy")).unwrap();
    stage.node.publish(topics::MOOD_CHANGE, change("slepy")).unwrap();
    stage.steps(1);
    assert_eq!(stage.auto.last().map(|said| said.mood.as_str()), Some("sleepy"));
    assert_eq!(
        stage.status[0].reason,
        "unknown mood `slepy`, did you mean `sleepy`?; known moods are brooding, curious, lonely, melancholic, \
         mischievous, neutral, playful, sleepy, zippy (refused so far: 1)"
    );
    assert!(stage.node.failures().is_empty());
}

#[test]
fn a_tired_car_drives_more_slowly() {
    let fastest = |mood: &str| {
        let mut stage = Stage::new(&format!("{{ seed: 1, mood: {mood}, careful_m: 0 }}"));
        stage.steps(200);
        stage.wishes.iter().map(|wish| wish.speed_mps).fold(0.0, f32::max)
    };
    assert_eq!(fastest("zippy"), 0.25);
    assert!((fastest("sleepy") - 0.25 * 0.775).abs() < 1e-5);
}

#[test]
fn what_it_is_to_do_at_the_start_it_does_first() {
    let mut stage = Stage::new("{ seed: 1, startup_actions: [wake up, 'nod:fast'] }");
    stage.steps(60);
    let said: Vec<_> = stage.status.iter().map(|news| news.current_action.as_str()).collect();
    assert_eq!(said, ["wake_up", "wake_up", "nod:fast", "nod:fast", ""]);
    assert!(stage.wishes[..20].iter().all(|wish| wish.speed_mps == 0.0));
}

#[test]
fn wrong_parameters_are_told_before_anything_starts() {
    let wrong = |params: &str| TestNode::<Navigation>::start(params).err().unwrap().to_string();
    let failed = "node `node` could not be configured: ";
    assert_eq!(
        wrong("startup_actions: [nod, nodd]"),
        format!(
            "{failed}startup_actions[1]: unknown action `nodd`, did you mean `nod`?; docs/reference/actions.md lists them"
        )
    );
    assert_eq!(
        wrong("mood: sleeepy"),
        format!(
            "{failed}mood: unknown mood `sleeepy`, did you mean `sleepy`?; known moods are brooding, curious, lonely, melancholic, mischievous, neutral, playful, sleepy, zippy"
        )
    );
    assert_eq!(
        wrong("{ queue_max: 1, startup_actions: [nod, nod] }"),
        format!("{failed}startup_actions: 2 are given, at most 32 are allowed and at most `queue_max` (1)")
    );
    assert_eq!(
        wrong("gestures: nowhere"),
        format!("{failed}cannot read gestures `nowhere`: No such file or directory (os error 2)")
    );
}
