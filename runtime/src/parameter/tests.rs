use std::path::PathBuf;
use std::time::Duration;

use nevil_derive::Parameters;
use nevil_msgs::{Field, FieldRange, SafetyLevel, Value};

use super::Parameters;

#[derive(Debug, PartialEq, Parameters)]
struct Params {
    /// Distance in metres below which the status is `danger`.
    #[param(default = 0.15, range = 0.05..=2.0, unit = "m")]
    danger_m: f32,
    #[param(range = 1..=79)]
    priority: u8,
    #[param(default = "250ms", range = 0.01..=1)]
    silence_max: Duration,
    #[param(default = "clear")]
    level: SafetyLevel,
    #[param(default = "/var/log/nevil")]
    log: PathBuf,
    #[param(default = "picar")]
    name: String,
    #[param(range = -1.0..=1.0)]
    trim: Option<f64>,
    #[param(default = vec![0, 1], range = ..=7)]
    cores: Vec<u8>,
    #[param(default = Some(Duration::from_secs(2)))]
    pause: Option<Duration>,
    #[param(default = -3, range = -5..)]
    offset: i32,
    corner: Option<Corner>,
}

#[derive(Debug, PartialEq, Field)]
struct Corner {
    #[field(range = 0.0..=4.0)]
    x_m: f64,
    r#type: bool,
}

#[derive(Debug, PartialEq, Parameters)]
struct WrongDefaults {
    #[param(default = "5 sec")]
    pause: Duration,
    #[param(default = f32::from(3_u8), range = 0.0..=2.0)]
    speed_mps: f32,
}

#[derive(Debug, PartialEq, Parameters)]
struct Nothing {}

fn read<P: Parameters>(text: &str) -> Result<P, Vec<String>> {
    let value = Value::parse_yaml("picar.yaml", text).unwrap();
    P::from_value(&value).map_err(texts)
}

fn texts(errors: Vec<nevil_msgs::ValueError>) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

fn problems(text: &str) -> Vec<String> {
    read::<Params>(text).unwrap_err()
}

#[test]
fn what_is_not_given_has_its_default() {
    assert_eq!(
        read("priority: 60"),
        Ok(Params {
            danger_m: 0.15,
            priority: 60,
            silence_max: Duration::from_millis(250),
            level: SafetyLevel::Clear,
            log: PathBuf::from("/var/log/nevil"),
            name: "picar".to_owned(),
            trim: None,
            cores: vec![0, 1],
            pause: Some(Duration::from_secs(2)),
            offset: -3,
            corner: None,
        })
    );
}

#[test]
fn what_is_given_goes_before_the_default() {
    let params: Params = read(
        "{danger_m: 2, priority: 79, silence_max: 10ms, level: sensor_error, log: a/b, name: '5', trim: -1, \
         cores: [7], pause: null, offset: -5, corner: {x_m: 4, type: true}}",
    )
    .unwrap();
    assert_eq!((params.danger_m, params.priority, params.silence_max), (2.0, 79, Duration::from_millis(10)));
    assert_eq!((params.level, params.log), (SafetyLevel::SensorError, PathBuf::from("a/b")));
    assert_eq!((params.name.as_str(), params.trim, params.cores), ("5", Some(-1.0), vec![7]));
    assert_eq!((params.pause, params.offset), (None, -5));
    assert_eq!(params.corner, Some(Corner { x_m: 4.0, r#type: true }));
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_text() {
    assert_eq!(
        problems(
            "danger_m: 0.04\ndangr_m: 1\nlevel: clean\ncores: [1, 8]\nsilence_max: 5\nname: {}\n\
             corner:\n  x_m: 5\n  type: true"
        ),
        [
            "picar.yaml:1:1: key `priority` is missing; it has no default",
            "picar.yaml:1:11: danger_m: value is too small (0.04), at least 0.05 is allowed",
            "picar.yaml:2:1: unknown key `dangr_m`, did you mean `danger_m`?; known keys are danger_m, priority, \
             silence_max, level, log, name, trim, cores, pause, offset, corner",
            "picar.yaml:3:8: level: unknown name `clean`, did you mean `clear`?; known names are clear, warning, \
             caution, danger, emergency, sensor_error",
            "picar.yaml:4:12: cores[1]: value is too large (8), at most 7 is allowed",
            "picar.yaml:5:14: silence_max: value has the wrong type (5), a duration such as `250ms`, `2s` or `3min` \
             is expected",
            "picar.yaml:6:7: name: value has the wrong type (a map), text is expected",
            "picar.yaml:8:8: corner.x_m: value is too large (5), at most 4 is allowed",
        ]
    );
}

#[test]
fn each_end_of_a_range_is_allowed_and_nothing_beyond_it() {
    for allowed in
        ["priority: 1", "priority: 79", "{priority: 1, silence_max: 1s}", "{priority: 1, offset: -5}"]
    {
        assert!(read::<Params>(allowed).is_ok(), "{allowed}");
    }
    for (text, problem) in [
        ("priority: 0", "picar.yaml:1:11: priority: value is too small (0), at least 1 is allowed"),
        ("priority: 80", "picar.yaml:1:11: priority: value is too large (80), at most 79 is allowed"),
        ("priority: 256", "picar.yaml:1:11: priority: value is too large (256), at most 255 is allowed"),
        (
            "{priority: 1, silence_max: 1001ms}",
            "picar.yaml:1:28: silence_max: value is too large (1.001s), at most 1s is allowed",
        ),
        (
            "{priority: 1, offset: -6}",
            "picar.yaml:1:23: offset: value is too small (-6), at least -5 is allowed",
        ),
        (
            "{priority: 1, trim: .nan}",
            "picar.yaml:1:21: trim: value is not a number (NaN), allowed is -1 to 1",
        ),
    ] {
        assert_eq!(problems(text), [problem]);
    }
}

#[test]
fn what_is_no_map_is_refused_once() {
    assert_eq!(problems("[1]"), ["picar.yaml:1:1: value has the wrong type (a list), a map is expected"]);
}

#[test]
fn nothing_is_a_map_without_entries() {
    assert_eq!(problems(""), ["picar.yaml:1:1: key `priority` is missing; it has no default"]);
    assert_eq!(read::<Nothing>(""), Ok(Nothing {}));
    assert_eq!(read::<()>("{}"), Ok(()));
    assert_eq!(
        read::<()>("speed: 1"),
        Err(vec!["picar.yaml:1:1: unknown key `speed`; there are no keys".to_owned()])
    );
}

#[test]
fn a_default_that_is_wrong_itself_is_told_without_a_place() {
    assert_eq!(
        texts(WrongDefaults::defaults().unwrap_err()),
        [
            "pause: value has the wrong type (`5 sec`), a duration such as `250ms`, `2s` or `3min` is expected",
            "speed_mps: value is too large (3), at most 2 is allowed",
        ]
    );
    assert_eq!(texts(Params::defaults().unwrap_err()), ["key `priority` is missing; it has no default"]);
    assert_eq!(Nothing::defaults(), Ok(Nothing {}));
}

#[test]
fn the_schema_has_what_stands_in_the_source() {
    let schema = Params::schema();
    assert_eq!(schema[0].doc, "Distance in metres below which the status is `danger`.");
    assert_eq!(schema[0].unit, Some("m"));
    assert_eq!(schema[0].range, Some(FieldRange { min: 0.05, max: 2.0 }));
    let defaults: Vec<_> = schema.iter().map(|field| (field.name, field.required, field.default)).collect();
    assert_eq!(
        defaults,
        [
            ("danger_m", false, Some("0.15")),
            ("priority", true, None),
            ("silence_max", false, Some("250ms")),
            ("level", false, Some("clear")),
            ("log", false, Some("/var/log/nevil")),
            ("name", false, Some("picar")),
            ("trim", false, None),
            ("cores", false, Some("vec![0, 1]")),
            ("pause", false, Some("Some(Duration::from_secs(2))")),
            ("offset", false, Some("-3")),
            ("corner", false, None),
        ]
    );
}
