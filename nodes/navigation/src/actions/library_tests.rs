use proptest::prelude::*;

use super::*;
use crate::actions::sheet::{BACK_CM_MAX, PAN_SAFE_DEG};

/// The library of shipped gestures and of `text`, or what is wrong with `text`.
fn with(text: &str) -> Result<Library, String> {
    let files = [("own.yaml".to_owned(), text.to_owned())];
    Library::shipped().with_texts(&files).map_err(|error| error.to_string())
}

#[test]
fn the_shipped_gestures_keep_the_limits_of_the_car_and_end() {
    let library = Library::shipped();
    for gesture in library.gestures() {
        let name = &gesture.name;
        assert!(!gesture.moves.is_empty() && gesture.moves.len() <= MOVES_MAX, "{name}");
        assert!(gesture.duration(Pace::Slow) < PLAY_MAX, "{name}");
        assert!(gesture.duration(Pace::Fast) > Duration::from_millis(100), "{name} cannot be seen");
        assert!(gesture.words.ends_with('.') && gesture.words.len() < 100, "{name}: {}", gesture.words);
        for one in &gesture.moves {
            match *one {
                Move::Look { pan_deg, tilt_deg } => {
                    assert!(pan_deg.is_none_or(|angle| angle.abs() <= PAN_SAFE_DEG), "{name}");
                    assert!(tilt_deg.is_none_or(|angle| (-35.0..=65.0).contains(&angle)), "{name}");
                }
                Move::Steer(angle) => assert!(angle.abs() <= 30.0, "{name}"),
                Move::Drive { cm, percent, steer_deg } => {
                    assert!((-BACK_CM_MAX..=30.0).contains(&cm) && cm.abs() >= 1.0, "{name}");
                    assert!((4.0..=50.0).contains(&percent) && steer_deg.abs() <= 30.0, "{name}");
                }
                Move::Pause(pause) => assert!(pause <= Duration::from_secs(5), "{name}"),
            }
        }
    }
}

/// Names of actions that the predecessor of this robot knew, and those that it used without knowing them.
const OF_PREDECESSOR: &str = include_str!("names_of_predecessor.txt");

#[test]
fn all_names_of_the_predecessor_are_understood() {
    let mut count = 0;
    for name in OF_PREDECESSOR.split_whitespace() {
        count += 1;
        match super::super::grammar::Action::parse(name, Library::shipped(), Pace::Med) {
            Ok(_) | Err(super::super::grammar::ActionProblem::NoSpeaker { .. }) => {}
            Err(problem) => panic!("{problem}"),
        }
    }
    assert!(count > 170, "{count}");
}

#[test]
fn the_moods_are_those_of_the_predecessor_and_a_neutral_one() {
    let moods: Vec<&str> = Library::shipped().moods().map(|mood| mood.name.as_str()).collect();
    let known = [
        "brooding",
        "curious",
        "lonely",
        "melancholic",
        "mischievous",
        "neutral",
        "playful",
        "sleepy",
        "zippy",
    ];
    assert_eq!(moods, known);
    for mood in Library::shipped().moods() {
        assert!(!mood.gestures.is_empty(), "{}", mood.name);
    }
}

#[test]
fn an_own_gesture_takes_the_place_of_a_shipped_one_and_may_borrow_from_others() {
    let library =
        with("gestures: { nod: { words: W., steps: [gesture: sigh, look: { pan_deg: 5 }] } }").unwrap();
    let moves = &library.gesture("nod").unwrap().moves;
    assert_eq!(moves.len(), Library::shipped().gesture("sigh").unwrap().moves.len() + 1);
    assert_eq!(library.gesture("emphatic_nod").unwrap().name, "nod");
    // What was shipped is as it was.
    assert_ne!(Library::shipped().gesture("nod").unwrap().moves, *moves);
}

#[test]
fn repeats_are_written_out() {
    let text = "gestures: { tick: { words: W., steps: [repeat: { times: 3, steps: [steer_deg: 5, pause_ms: 9] }] } }";
    assert_eq!(with(text).unwrap().gesture("tick").unwrap().moves.len(), 6);
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_place() {
    let step = |step: &str| format!("gestures:\n  hop:\n    words: Hops.\n    steps:\n      - {step}\n");
    let place = "own.yaml:5:";
    let wrong = [
        (step("lok: { pan_deg: 5 }"), format!("{place}9: gestures.hop.steps[0]: unknown key `lok`, did you mean `look`?; known keys are look, steer_deg, drive, pause_ms, repeat, gesture")),
        (step("look: { pan_deg: 56 }"), format!("{place}26: gestures.hop.steps[0].look.pan_deg: value is too large (56), at most 55 is allowed")),
        (step("look: { tilt_deg: -36 }"), format!("{place}27: gestures.hop.steps[0].look.tilt_deg: value is too small (-36), at least -35 is allowed")),
        (step("look: { tilt_deg: .nan }"), format!("{place}27: gestures.hop.steps[0].look.tilt_deg: value is not a number (NaN), allowed is -35 to 65")),
        (step("look: {}"), format!("{place}15: gestures.hop.steps[0].look: says no angle; give `pan_deg`, `tilt_deg` or both")),
        (step("steer_deg: 31"), format!("{place}20: gestures.hop.steps[0].steer_deg: value is too large (31), at most 30 is allowed")),
        (step("drive: { cm: 31 }"), format!("{place}22: gestures.hop.steps[0].drive.cm: value is too large (31), at most 30 is allowed")),
        (step("drive: { cm: -11 }"), format!("{place}22: gestures.hop.steps[0].drive.cm: value is too small (-11), at least -10 is allowed")),
        (step("drive: { cm: 0.5 }"), format!("{place}22: gestures.hop.steps[0].drive.cm: is too short (0.5), at least 1 or −1 is needed")),
        (step("drive: { cm: 5, percent: 51 }"), format!("{place}34: gestures.hop.steps[0].drive.percent: value is too large (51), at most 50 is allowed")),
        (step("drive: { percent: 20 }"), format!("{place}16: gestures.hop.steps[0].drive: key `cm` is missing; it has no default")),
        (step("pause_ms: 5001"), format!("{place}19: gestures.hop.steps[0].pause_ms: value is too large (5001), at most 5000 is allowed")),
        (step("pause_ms: long"), format!("{place}19: gestures.hop.steps[0].pause_ms: value has the wrong type (`long`), an integer is expected")),
        (step("repeat: { times: 0, steps: [steer_deg: 1] }"), format!("{place}26: gestures.hop.steps[0].repeat.times: value is too small (0), at least 1 is allowed")),
        (step("repeat: { times: 2, steps: [] }"), format!("{place}36: gestures.hop.steps[0].repeat.steps: has no steps, at least one is needed")),
        (step("{ steer_deg: 1, pause_ms: 5 }"), format!("{place}9: gestures.hop.steps[0]: a step is one of look, steer_deg, drive, pause_ms, repeat, gesture, and one only")),
        (step("gesture: nodd"), format!("{place}18: gestures.hop: unknown gesture `nodd`, did you mean `nod`?; docs/reference/actions.md lists them")),
        (step("gesture: hop"), format!("{place}18: gestures.hop: a gesture contains itself: `hop` → `hop`")),
        (step("repeat: { times: 20, steps: [repeat: { times: 20, steps: [steer_deg: 1, steer_deg: 0] }] }"), "own.yaml:2:3: gestures.hop: has more than 400 moves, counted as often as they are repeated".to_owned()),
        (step("repeat: { times: 10, steps: [pause_ms: 5000] }"), "own.yaml:2:3: gestures.hop: takes too long (80 s played slowly), less than 60 s is allowed".to_owned()),
        (step("repeat: { times: 2, steps: [drive: { cm: -8 }] }"), "own.yaml:2:3: gestures.hop: gets 16 cm behind where it began, at most 15 cm are allowed: nothing looks there".to_owned()),
        ("gestures: { Hop: { words: W., steps: [steer_deg: 1] } }".to_owned(), "own.yaml:1:13: gestures.Hop: `Hop` is no name; up to 40 lower-case letters, digits and `_` are allowed, with a letter first".to_owned()),
        ("gestures: { hop: { steps: [steer_deg: 1] } }".to_owned(), "own.yaml:1:18: gestures.hop: key `words` is missing; it has no default".to_owned()),
        ("gestures: { stop: { words: W., steps: [steer_deg: 1] } }".to_owned(), "own.yaml:1:13: `stop` is no gesture, and no gesture can be called so".to_owned()),
        ("gestures: { hop: { words: W., aliases: [hop], steps: [steer_deg: 1] } }".to_owned(), "own.yaml:1:41: `hop` is the name of a gesture already, see own.yaml:1:13".to_owned()),
        ("gesture: {}".to_owned(), "own.yaml:1:1: unknown key `gesture`, did you mean `gestures`?; known keys are gestures, moods".to_owned()),
        ("moods: { m: { words: W., energy: 101, curiosity: 1, sociability: 1, whimsy: 1, gestures: [] } }".to_owned(), "own.yaml:1:34: moods.m.energy: value is too large (101), at most 100 is allowed".to_owned()),
        ("moods: { m: { words: W., energy: 1, curiosity: 1, sociability: 1, whimsy: 1, gestures: [zigzag] } }".to_owned(), "own.yaml:1:89: moods.m.gestures[0]: `zigzag` drives, and a mood's gestures must not".to_owned()),
        ("moods: { m: { words: W., energy: 1, curiosity: 1, sociability: 1, whimsy: 1, gestures: [nodd] } }".to_owned(), "own.yaml:1:89: moods.m.gestures[0]: unknown gesture `nodd`, did you mean `nod`?; docs/reference/actions.md lists them".to_owned()),
    ];
    for (text, says) in wrong {
        assert_eq!(with(&text).err(), Some(says), "{text}");
    }
}

#[test]
fn gestures_that_contain_each_other_are_refused() {
    let text = "
gestures:
  a: { words: W., steps: [gesture: b] }
  b: { words: W., steps: [repeat: { times: 2, steps: [gesture: a] }] }
";
    let says = "own.yaml:4:64: gestures.a: a gesture contains itself: `a` → `b` → `a`";
    assert_eq!(with(text).err().unwrap(), says);
}

#[test]
fn a_folder_is_read_file_by_file_and_one_without_any_is_told() {
    let folder = std::env::temp_dir().join(format!("nevil-gestures-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let empty = Library::shipped().with(&folder).unwrap_err();
    assert_eq!(
        empty.to_string(),
        format!("folder `{}` has no file that ends with `.yaml`", folder.display())
    );
    fs::write(folder.join("a.yaml"), "gestures: { a: { words: W., steps: [steer_deg: 1] } }").unwrap();
    fs::write(folder.join("b.yaml"), "gestures: { b: { words: W., steps: [gesture: a] } }").unwrap();
    fs::write(folder.join("notes.txt"), "these are mine").unwrap();
    let library = Library::shipped().with(&folder).unwrap();
    assert_eq!(library.gesture("b").unwrap().moves, [Move::Steer(1.0)]);
    fs::remove_dir_all(&folder).unwrap();
    let missing = Library::shipped().with(&folder).unwrap_err();
    assert_eq!(missing.to_string(), format!("cannot read gestures `{}`", folder.display()));
}

/// Text of a list of steps, right ones and wrong ones, which call the gestures `a`, `b` and `nod`.
fn any_steps() -> impl Strategy<Value = String> {
    let number = || prop_oneof![-60..70_i32, Just(1_000_000)];
    let leaf = prop_oneof![
        (number(), number()).prop_map(|(pan, tilt)| format!("look: {{ pan_deg: {pan}, tilt_deg: {tilt} }}")),
        (number(), number()).prop_map(|(cm, percent)| format!("drive: {{ cm: {cm}, percent: {percent} }}")),
        (-12..31_i32).prop_map(|cm| format!("drive: {{ cm: {cm} }}")),
        (0..5100_u32).prop_map(|pause_ms| format!("pause_ms: {pause_ms}")),
        "gesture: (a|b|nod|sigh)",
        "[a-z_]{1,9}: [a-z0-9{\\[]{0,5}",
    ];
    let list = |steps: Vec<String>| format!("[{}]", steps.join(", "));
    let step = leaf.prop_recursive(3, 30, 4, move |inner| {
        (0..22_u32, proptest::collection::vec(inner, 1..4))
            .prop_map(move |(times, steps)| format!("repeat: {{ times: {times}, steps: {} }}", list(steps)))
    });
    proptest::collection::vec(step, 1..5).prop_map(list)
}

proptest! {
    #[test]
    fn any_text_is_a_file_of_gestures_or_a_problem_and_never_a_panic(text in ".*") {
        let _ = with(&text);
    }

    #[test]
    fn a_gesture_that_is_read_keeps_its_bounds(a in any_steps(), b in any_steps()) {
        let text = format!("gestures:\n  a: {{ words: W., steps: {a} }}\n  b: {{ words: W., steps: {b} }}\n");
        if let Ok(library) = with(&text) {
            for name in ["a", "b"] {
                let gesture = library.gesture(name).unwrap();
                prop_assert!(gesture.moves.len() <= MOVES_MAX && gesture.duration(Pace::Slow) < PLAY_MAX);
                prop_assert!(gesture.way_cm().1 <= 15.0);
            }
        }
    }
}
