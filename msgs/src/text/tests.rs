use nevil_derive::{Field, Message};
use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};
use std::time::Duration;

use super::{from_value_checked, to_text};
use crate::drive::Drive;
use crate::value::Value;

#[derive(Clone, Debug, PartialEq, Message)]
struct Report {
    text: String,
    count: u64,
    offset: i64,
    ratio: f32,
    exact: f64,
    after: Option<Duration>,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Field)]
struct Part {
    #[field(range = 0.0..=1.0)]
    weight: f32,
    is_left: bool,
}

fn typed<T: crate::message::Message>(text: &str) -> Result<T, String> {
    let value = Value::parse_yaml("typed", text).unwrap();
    from_value_checked(&value).map_err(|error| error.to_string())
}

#[test]
fn a_number_out_of_its_range_is_refused_at_its_place() {
    assert_eq!(
        typed::<Drive>("{speed_mps: 0.8, steering_rad: 0.53, valid_for_ms: 5000}"),
        Ok(Drive { speed_mps: 0.8, steering_rad: 0.53, valid_for_ms: 5000 })
    );
    assert_eq!(
        typed::<Drive>("{speed_mps: 0.8, steering_rad: -0.54, valid_for_ms: 5000}"),
        Err("typed:1:32: steering_rad: value is too small (-0.54), at least -0.53 is allowed".into())
    );
    assert_eq!(
        typed::<Drive>("{speed_mps: .nan, steering_rad: 0, valid_for_ms: 1}"),
        Err("typed:1:13: speed_mps: value is not a number (NaN), allowed is -0.8 to 0.8".into())
    );
    assert_eq!(
        typed::<Report>(
            "{text: a, count: 1, offset: 1, ratio: 1, exact: 1, after: 1s, parts:\n\
             [{weight: 1, is_left: true}, {weight: 2, is_left: true}]}"
        ),
        Err("typed:2:39: parts[1].weight: value is too large (2), at most 1 is allowed".into())
    );
}

#[test]
fn a_field_that_is_missing_or_unknown_is_refused() {
    assert_eq!(
        typed::<Drive>("{speed_mps: 0.8, valid_for_ms: 5000}"),
        Err("typed:1:1: key `steering_rad` is missing; it has no default".into())
    );
    assert_eq!(
        typed::<Drive>("{speed: 0.8}"),
        Err("typed:1:2: unknown key `speed`; known keys are speed_mps, steering_rad, valid_for_ms".into())
    );
}

fn reports() -> impl Strategy<Value = Report> {
    let finite = prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO;
    let exact = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
    let part = (0.0_f32..=1.0, any::<bool>()).prop_map(|(weight, is_left)| Part { weight, is_left });
    let after = prop::option::of((any::<u64>(), 0_u32..1_000_000_000));
    let numbers = (any::<u64>(), any::<i64>(), finite, exact);
    (any::<String>(), numbers, after, prop::collection::vec(part, 0..3)).prop_map(
        |(text, (count, offset, ratio, exact), after, parts)| Report {
            text,
            count,
            offset,
            ratio,
            exact,
            after: after.map(|(seconds, nanos)| Duration::new(seconds, nanos)),
            parts,
        },
    )
}

proptest! {
    #[test]
    fn what_was_written_is_read_again(report in reports()) {
        let text = to_text(&report);
        prop_assert_eq!(text.lines().count(), 1);
        prop_assert_eq!(typed::<Report>(&text), Ok(report));
    }
}

#[test]
fn a_message_that_is_typed_may_have_angles_with_their_unit() {
    let read = |text: &str| from_value_checked::<Drive>(&Value::parse_yaml("message", text).unwrap());
    let drive = read("{speed_mps: 0.1, steering_rad: -20deg, valid_for_ms: 300}").unwrap();
    assert_eq!(drive.steering_rad, (-20.0_f64).to_radians() as f32);
    assert_eq!(
        read("{speed_mps: 0.1, steering_rad: 45deg, valid_for_ms: 300}").unwrap_err().to_string(),
        "message:1:32: steering_rad: value is too large (45deg), at most 0.53rad is allowed"
    );
}
