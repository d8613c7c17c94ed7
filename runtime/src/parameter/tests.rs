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

#[derive(Debug, PartialEq, Parameters)]
struct Measures {
    #[param(default = "30deg", range = -0.52..=0.6, unit = "rad")]
    steering_rad: f32,
    #[param(default = 45.0, range = 0.0..=90.0, unit = "deg")]
    tilt_deg: f64,
    #[param(default = 4096, range = 512..=65536, unit = "B")]
    block_bytes: u32,
    #[param(unit = "rad")]
    stops_rad: Option<Vec<f32>>,
    #[param(default = 1.0, unit = "m")]
    range_m: f32,
}

#[test]
fn angles_and_sizes_may_be_written_with_their_unit_and_become_that_of_the_parameter() {
    let read = |text: &str| read::<Measures>(text).unwrap();
    assert_eq!(read("").steering_rad, 30.0_f32.to_radians());
    assert_eq!(read("steering_rad: -0.25rad").steering_rad, -0.25);
    assert_eq!(read("tilt_deg: 30deg").tilt_deg, 30.0);
    assert_eq!(read("tilt_deg: 1rad").tilt_deg, 1.0_f64.to_degrees());
    assert_eq!(read("block_bytes: 64KiB").block_bytes, 65536);
    assert_eq!(read("stops_rad: [0, 90deg]").stops_rad, Some(vec![0.0, std::f32::consts::FRAC_PI_2]));
    // Numbers mean what they did.
    let plain = read("{steering_rad: 0.1, tilt_deg: 7, block_bytes: 512}");
    assert_eq!((plain.steering_rad, plain.tilt_deg, plain.block_bytes), (0.1, 7.0, 512));
}

#[test]
fn a_number_with_a_unit_that_is_wrong_is_told_as_it_is_written_with_what_is_allowed() {
    for (text, problem) in [
        ("steering_rad: 45deg", "1:15: steering_rad: value is too large (45deg), at most 0.6rad is allowed"),
        ("steering_rad: 0.7", "1:15: steering_rad: value is too large (0.7), at most 0.6 is allowed"),
        ("tilt_deg: -1deg", "1:11: tilt_deg: value is too small (-1deg), at least 0deg is allowed"),
        ("block_bytes: 128KiB", "1:14: block_bytes: value is too large (128KiB), at most 65536B is allowed"),
        ("block_bytes: 8GiB", "1:14: block_bytes: value is too large (8GiB), at most 4294967295B is allowed"),
        (
            "steering_rad: 30°",
            "1:15: steering_rad: value has the wrong type (`30°`), a number, or an angle such as `30deg` or `-0.5rad`, is \
             expected",
        ),
        (
            "block_bytes: 64KB",
            "1:14: block_bytes: value has the wrong type (`64KB`), an integer, or a size such as `512B` or `64KiB`, is \
             expected",
        ),
        (
            "stops_rad: [1, x]",
            "1:16: stops_rad[1]: value has the wrong type (`x`), a number, or an angle such as `30deg` or `-0.5rad`, is \
             expected",
        ),
        // What is no angle has none.
        ("range_m: 30deg", "1:10: range_m: value has the wrong type (`30deg`), a number is expected"),
    ] {
        assert_eq!(read::<Measures>(text).unwrap_err(), [format!("picar.yaml:{problem}")]);
    }
}
