use std::path::PathBuf;
use std::time::Duration;

use nevil_derive::{Field, Message};

use crate::check::OutOfRange;
use crate::drive::Drive;
use crate::message::{Field, Message};
use crate::type_info::{FieldKind, FieldRange};

/// Where to go.
///
/// Point by point.
#[derive(Clone, Debug, PartialEq, Message)]
struct Route {
    /// The points.
    points: Vec<Point>,
    /// Weights of wheels.
    #[field(range = 0.0..=1.0)]
    weights: [f32; 2],
    #[field(range = ..=10)]
    hops: Option<u64>,
    #[field(range = 0.5..=2.0)]
    pause: Duration,
    name: String,
    log: PathBuf,
    r#type: bool,
}

/// A place.
#[derive(Clone, Debug, PartialEq, Field)]
struct Point {
    #[field(unit = "m", range = -10.0..=10.0)]
    x_m: f64,
    label: String,
}

#[derive(Message)]
struct Empty {}

fn route() -> Route {
    Route {
        points: vec![Point { x_m: 1.0, label: String::new() }],
        weights: [0.0, 1.0],
        hops: Some(10),
        pause: Duration::from_secs(1),
        name: String::new(),
        log: PathBuf::new(),
        r#type: true,
    }
}

fn problem_of(change: impl FnOnce(&mut Route)) -> Result<(), String> {
    let mut route = route();
    change(&mut route);
    route.check().map_err(|problem: OutOfRange| problem.to_string())
}

#[test]
fn the_description_has_what_stands_in_the_source() {
    let info = Route::TYPE;
    assert_eq!((info.name, info.doc), ("Route", "Where to go.\n\nPoint by point."));
    let names: Vec<_> = info.fields.iter().map(|field| field.name).collect();
    assert_eq!(names, ["points", "weights", "hops", "pause", "name", "log", "type"]);
    let kinds: Vec<_> = info.fields.iter().map(|field| field.kind.to_string()).collect();
    assert_eq!(
        kinds,
        ["list of Point", "list of 2 f32", "u64 or null", "duration", "text", "path", "true or false"]
    );
    assert_eq!(info.fields[0].doc, "The points.");
    assert_eq!(info.fields[2].range, Some(FieldRange { min: f64::NEG_INFINITY, max: 10.0 }));
    assert!(info.fields.iter().all(|field| field.required && field.default.is_none()));
    assert_eq!(info.field("name"), Some(&info.fields[4]));
    assert_eq!(info.field("nam"), None);
    assert_eq!(Empty::TYPE.fields, []);
}

#[test]
fn a_value_at_the_end_of_its_range_passes_and_one_beyond_it_does_not() {
    let drive = |speed_mps, steering_rad, valid_for_ms| {
        Drive { speed_mps, steering_rad, valid_for_ms }.check().map_err(|problem| problem.to_string())
    };
    assert_eq!(drive(0.8, -0.53, 5000), Ok(()));
    assert_eq!(
        drive(0.8_f32.next_up(), 0.0, 0),
        Err("speed_mps: value is too large (0.8000001), at most 0.8 is allowed".into())
    );
    assert_eq!(
        drive(0.0, -0.6, 0),
        Err("steering_rad: value is too small (-0.6), at least -0.53 is allowed".into())
    );
    assert_eq!(
        drive(0.0, f32::NAN, 0),
        Err("steering_rad: value is not a number (NaN), allowed is -0.53 to 0.53".into())
    );
    assert_eq!(
        drive(0.0, 0.0, 5001),
        Err("valid_for_ms: value is too large (5001), at most 5000 is allowed".into())
    );
}

#[test]
fn a_bad_value_is_named_by_its_path_wherever_it_lies() {
    assert_eq!(problem_of(|_| ()), Ok(()));
    assert_eq!(
        problem_of(|route| route.points.push(Point { x_m: -11.0, label: String::new() })),
        Err("points[1].x_m: value is too small (-11), at least -10 is allowed".into())
    );
    assert_eq!(
        problem_of(|route| route.weights[1] = 2.0),
        Err("weights[1]: value is too large (2), at most 1 is allowed".into())
    );
    assert_eq!(problem_of(|route| route.hops = None), Ok(()));
    assert_eq!(
        problem_of(|route| route.hops = Some(11)),
        Err("hops: value is too large (11), at most 10 is allowed".into())
    );
    assert_eq!(
        problem_of(|route| route.pause = Duration::from_millis(2500)),
        Err("pause: value is too large (2.5s), at most 2s is allowed".into())
    );
    assert_eq!(
        problem_of(|route| route.pause = Duration::ZERO),
        Err("pause: value is too small (0s), at least 0.5s is allowed".into())
    );
}

#[test]
fn the_size_counts_what_the_message_owns_on_the_heap() {
    let mut route = route();
    route.points = Vec::with_capacity(4);
    route.points.push(Point { x_m: 0.0, label: String::with_capacity(100) });
    route.name = String::with_capacity(50);
    route.log = PathBuf::with_capacity(30);
    let expected = size_of::<Route>() + 4 * size_of::<Point>() + 100 + 50 + 30;
    assert_eq!(route.size_bytes(), expected);
}

mod renamed {
    #[derive(nevil_derive::Message)]
    pub(super) struct Route2 {
        pub(super) x: f32,
        pub(super) y: f32,
    }
    #[derive(nevil_derive::Message)]
    pub(super) struct Swapped {
        pub(super) y: f32,
        pub(super) x: f32,
    }
    #[derive(nevil_derive::Message)]
    pub(super) struct Wider {
        pub(super) x: f32,
        pub(super) y: f64,
    }
    #[derive(nevil_derive::Message)]
    pub(super) struct Same {
        /// Documented, and with a unit.
        #[field(unit = "m")]
        pub(super) x: f32,
        pub(super) y: f32,
    }
}

#[test]
fn the_hash_follows_names_kinds_and_order_of_fields_and_nothing_else() {
    use renamed::{Route2, Same, Swapped, Wider};
    assert_eq!(Route2::TYPE.hash, Same::TYPE.hash);
    assert_ne!(Route2::TYPE.hash, Swapped::TYPE.hash);
    assert_ne!(Route2::TYPE.hash, Wider::TYPE.hash);
    // Fixed for ever: recordings carry it.
    assert_eq!(Drive::TYPE.hash, 14_141_790_532_735_283_343);
}

#[test]
fn only_numbers_and_what_holds_them_have_ranges() {
    assert!(FieldKind::F32.has_range() && <Vec<Option<[u8; 2]>>>::KIND.has_range());
    assert!(!FieldKind::Text.has_range() && !<Vec<bool>>::KIND.has_range());
}

#[test]
fn a_type_owns_heap_if_any_of_its_fields_can() {
    #[derive(Message)]
    struct Plain {
        corners: [Option<u16>; 4],
        taken: Duration,
    }
    #[derive(Message)]
    struct Owning {
        names: [Option<String>; 2],
    }
    assert!(!Plain::TYPE.owns_heap());
    assert!(Owning::TYPE.owns_heap());
}
