use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<String, String> {
    Action::parse(text, Library::shipped(), Pace::Med)
        .map(|action| action.to_string())
        .map_err(|problem| problem.to_string())
}

#[test]
fn an_action_is_read_whatever_its_spaces_and_letters() {
    let read = [
        ("forward", "forward 10 30"),
        ("forward 20", "forward 20 30"),
        ("  Forward   25 5 ", "forward 25 5"),
        ("forward_20", "forward 20 30"),
        ("backward 7.5 12", "backward 7.5 12"),
        ("forward:slow 30", "forward 30 20"),
        ("backward:fast", "backward 10 40"),
        ("stop", "stop"),
        ("nod", "nod"),
        ("nod:slow", "nod:slow"),
        ("Shake Head : fast", "shake_head:fast"),
        ("look left then right", "look_left_then_right"),
        ("look_left", "look_left"),
        ("wave", "greet_wave"),
        ("turn_left", "left"),
    ];
    for (text, means) in read {
        assert_eq!(parse(text), Ok(means.to_owned()), "{text}");
    }
}

#[test]
fn the_mood_of_a_message_sets_the_pace_of_what_says_none() {
    let action = |text| Action::parse(text, Library::shipped(), Pace::Slow).unwrap().to_string();
    assert_eq!(action("nod"), "nod:slow");
    assert_eq!(action("nod:fast"), "nod:fast");
    assert_eq!(action("forward 20"), "forward 20 20");
}

#[test]
fn what_is_wrong_is_told_with_what_is_allowed() {
    let wrong = [
        ("", "action has no name; write `name[:slow|med|fast] [arguments]`, such as `forward 20`"),
        (" _ ", "action has no name; write `name[:slow|med|fast] [arguments]`, such as `forward 20`"),
        ("nodd", "unknown action `nodd`, did you mean `nod`?; docs/reference/actions.md lists them"),
        (
            "forwad 20",
            "unknown action `forwad`, did you mean `forward`?; docs/reference/actions.md lists them",
        ),
        ("make coffee", "unknown action `make_coffee`; docs/reference/actions.md lists them"),
        ("nod:quick", "`nod` has an unknown pace `quick`; slow, med and fast are allowed"),
        ("nod:", "`nod` has an unknown pace ``; slow, med and fast are allowed"),
        ("forward ten", "`forward`: distance in cm is no number (`ten`), 1 to 200 is allowed"),
        ("forward 201", "`forward`: distance in cm is out of range (201), 1 to 200 is allowed"),
        ("backward 31", "`backward`: distance in cm is out of range (31), 1 to 30 is allowed"),
        ("forward -5", "`forward`: distance in cm is out of range (-5), 1 to 200 is allowed"),
        ("forward nan", "`forward`: distance in cm is out of range (NaN), 1 to 200 is allowed"),
        ("forward 10 51", "`forward`: speed in % is out of range (51), 4 to 50 is allowed"),
        ("forward 10 20 30", "`forward` has too many arguments (3), at most 2 allowed; the first is `10`"),
        ("nod 3", "`nod` has too many arguments (1), at most 0 allowed; the first is `3`"),
        ("honk", "`honk` needs a speaker, which this robot does not have yet; leave it out"),
        (
            "play_sound horn 50",
            "`play_sound` needs a speaker, which this robot does not have yet; leave it out",
        ),
    ];
    for (text, says) in wrong {
        assert_eq!(parse(text), Err(says.to_owned()), "{text}");
    }
    assert_eq!(
        parse(&"a".repeat(101)),
        Err("action is too long (101 bytes), at most 100 are allowed".to_owned())
    );
}

#[test]
fn the_bounds_of_distance_and_speed_are_allowed_themselves() {
    for text in ["forward 1 4", "forward 200 50", "backward 1 4", "backward 30 50"] {
        assert_eq!(parse(text), Ok(text.to_owned()));
    }
}

#[test]
fn the_paces_of_pauses_are_as_four_to_two_and_a_half_to_one_and_a_half() {
    let second = Duration::from_secs(1);
    assert_eq!(Pace::Slow.stretch(second).as_millis(), 1600);
    assert_eq!(Pace::Med.stretch(second), second);
    assert_eq!(Pace::Fast.stretch(second).as_millis(), 600);
}

/// Texts that look like actions more often than any text does.
fn any_action() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("forward".to_owned()),
        Just("backward".to_owned()),
        Just("stop".to_owned()),
        (0..Library::shipped().action_names().len())
            .prop_map(|index| Library::shipped().action_names()[index].replace('_', " ")),
        "[a-z_ ]{0,20}",
    ];
    let pace = prop_oneof![Just(String::new()), ":(slow|med|fast)", ":[a-z ]{0,5}"];
    (name, pace, "( -?[0-9.e]{1,6}){0,3}").prop_map(|(name, pace, rest)| format!("{name}{pace}{rest}"))
}

proptest! {
    #[test]
    fn any_text_gives_an_action_or_a_problem_and_never_a_panic(text in ".*") {
        let _ = parse(&text);
    }

    #[test]
    fn what_is_read_keeps_its_limits_and_reads_the_same_when_it_is_asked_for_again(text in any_action()) {
        if let Ok(action) = Action::parse(&text, Library::shipped(), Pace::Med) {
            if let ActionKind::Drive { cm, percent } = action.kind {
                prop_assert!((-BACKWARD_CM_MAX..=FORWARD_CM_MAX).contains(&cm) && cm.abs() >= 1.0);
                prop_assert!(PERCENT.contains(&percent));
            }
            let again = Action::parse(&action.to_string(), Library::shipped(), action.pace).unwrap();
            prop_assert_eq!(again, action);
        }
    }
}
