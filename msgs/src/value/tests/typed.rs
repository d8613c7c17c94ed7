use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::yaml;
use crate::value::from_value;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Plan {
    nodes: BTreeMap<String, Node>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct Node {
    thread: Thread,
    timeout: Option<Duration>,
    pauses: Vec<Duration>,
    log: PathBuf,
    policy: Policy,
    gain: f32,
    pair: (u8, u8),
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Thread {
    priority: u8,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Policy {
    #[default]
    Never,
    OnFailure,
    After(Duration),
    Limited {
        times: u32,
    },
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    from_value(&yaml(text)).map_err(|error| error.to_string())
}

fn node(text: &str) -> Result<Node, String> {
    read(text)
}

fn problem(text: &str) -> String {
    node(text).unwrap_err()
}

#[test]
fn an_error_deep_inside_has_place_path_value_and_what_is_allowed() {
    let error =
        from_value::<Plan>(&yaml("nodes:\n  navigation:\n    thread:\n      priority: 256")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "picar.yaml:4:17: nodes.navigation.thread.priority: value is too large (256), at most 255 is allowed"
    );
    assert_eq!(error.snippet().unwrap(), "4 |       priority: 256\n  |                 ^");
    assert_eq!(
        read::<Plan>("nodes:\n  navigation:\n    thread: {priorty: 5}").unwrap_err(),
        "picar.yaml:3:14: nodes.navigation.thread: unknown key `priorty`, did you mean `priority`?; known keys are \
         priority"
    );
    assert_eq!(
        read::<Plan>("nodes:\n  navigation:\n    thread: {}").unwrap_err(),
        "picar.yaml:3:13: nodes.navigation.thread: key `priority` is missing; it has no default"
    );
    assert_eq!(
        read::<Plan>("nodes: [1]").unwrap_err(),
        "picar.yaml:1:8: nodes: value has the wrong type (a list), a map is expected"
    );
}

#[test]
fn integers_must_fit_their_type() {
    assert_eq!(read::<u8>("255"), Ok(255));
    assert_eq!(
        read::<u8>("256"),
        Err("picar.yaml:1:1: value is too large (256), at most 255 is allowed".into())
    );
    assert_eq!(read::<i8>("-128"), Ok(-128));
    assert_eq!(
        read::<i8>("-129"),
        Err("picar.yaml:1:1: value is too small (-129), at least -128 is allowed".into())
    );
    assert_eq!(
        read::<u64>("-1"),
        Err("picar.yaml:1:1: value is too small (-1), at least 0 is allowed".into())
    );
    assert_eq!(read::<u64>("18446744073709551615"), Ok(u64::MAX));
    assert_eq!(
        read::<u64>("18446744073709551616"),
        Err("picar.yaml:1:1: value is too large (18446744073709551616), at most 18446744073709551615 is allowed"
            .into())
    );
    assert_eq!(
        read::<u8>("1.0"),
        Err("picar.yaml:1:1: value has the wrong type (1.0), an integer is expected".into())
    );
    assert_eq!(
        read::<u8>("fast"),
        Err("picar.yaml:1:1: value has the wrong type (`fast`), an integer is expected".into())
    );
}

#[test]
fn floats_take_integers_and_must_fit_their_type() {
    assert_eq!(read::<f32>("2"), Ok(2.0));
    assert_eq!(read::<f64>("-2.5"), Ok(-2.5));
    assert_eq!(read::<f32>("-.inf"), Ok(f32::NEG_INFINITY));
    assert!(read::<f32>(".nan").unwrap().is_nan());
    assert_eq!(read::<f32>("3.4e38"), Ok(3.4e38));
    assert_eq!(
        read::<f32>("3.5e38"),
        Err("picar.yaml:1:1: value is too large (3.5e38), at most \
             3.4028235e38 is allowed"
            .into())
    );
    assert!(read::<f32>("-3.5e38").unwrap_err().contains("too small"));
    assert_eq!(
        read::<f32>("'2'"),
        Err("picar.yaml:1:1: value has the wrong type (`2`), a number is expected".into())
    );
}

#[test]
fn text_and_flags_are_not_guessed() {
    assert_eq!(read::<String>("yes"), Ok("yes".into()));
    assert_eq!(
        read::<String>("5"),
        Err("picar.yaml:1:1: value has the wrong type (5), text in quotes is expected".into())
    );
    assert_eq!(
        read::<String>("[]"),
        Err("picar.yaml:1:1: value has the wrong type (a list), text is expected".into())
    );
    assert_eq!(
        read::<bool>("yes"),
        Err("picar.yaml:1:1: value has the wrong type (`yes`), true or false is expected".into())
    );
    assert_eq!(node("log: /var/log").unwrap().log, PathBuf::from("/var/log"));
}

#[test]
fn durations_are_text_with_a_unit_also_in_options_and_lists() {
    let node = node("timeout: 1.5s\npauses: [250ms, 3min]").unwrap();
    assert_eq!(node.timeout, Some(Duration::from_millis(1500)));
    assert_eq!(node.pauses, [Duration::from_millis(250), Duration::from_secs(180)]);
    assert_eq!(yaml("timeout: ~").get("timeout").map(from_value::<Option<Duration>>), Some(Ok(None)));
    assert_eq!(
        problem("pauses: [250ms, 5]"),
        "picar.yaml:1:17: pauses[1]: value has the wrong type (5), a duration such as `250ms`, `2s` or `3min` is \
         expected"
    );
    assert_eq!(
        problem("timeout: 5sec"),
        "picar.yaml:1:10: timeout: value has the wrong type (`5sec`), a duration such as `250ms`, `2s` or `3min` is \
         expected"
    );
}

#[test]
fn an_enum_is_named_and_may_have_content() {
    let policy = |text: &str| node(&format!("policy: {text}")).map(|node| node.policy);
    assert_eq!(policy("on_failure"), Ok(Policy::OnFailure));
    assert_eq!(policy("{after: 2s}"), Ok(Policy::After(Duration::from_secs(2))));
    assert_eq!(policy("{limited: {times: 3}}"), Ok(Policy::Limited { times: 3 }));
    for (text, expected) in [
        (
            "on_failur",
            "picar.yaml:1:9: policy: unknown name `on_failur`, did you mean `on_failure`?; known names are never, \
             on_failure, after, limited",
        ),
        (
            "5",
            "picar.yaml:1:9: policy: value has the wrong type (5), one of never, on_failure, after, limited is expected",
        ),
        (
            "after",
            "picar.yaml:1:9: policy: value has the wrong type (`after` alone), the name with a value is expected",
        ),
        ("{never: 1}", "picar.yaml:1:17: policy: value has the wrong type (1), `never` alone is expected"),
        (
            "{limited: {times: -1}}",
            "picar.yaml:1:27: policy.limited.times: value is too small (-1), at least 0 is allowed",
        ),
        (
            "{}",
            "picar.yaml:1:9: policy: value has the wrong type (a map), a map with one key, the name of what follows, \
             is expected",
        ),
    ] {
        assert_eq!(policy(text), Err(expected.to_owned()));
    }
}

#[test]
fn a_list_of_fixed_length_has_that_length() {
    assert_eq!(node("pair: [1, 2]").unwrap().pair, (1, 2));
    assert_eq!(
        problem("pair: [1, 2, 3]"),
        "picar.yaml:1:7: pair: value has the wrong type (a list of 3), a list of 2 is expected"
    );
}

#[test]
fn null_is_an_empty_map() {
    assert_eq!(node(""), Ok(Node::default()));
    assert_eq!(read::<Plan>("").unwrap_err(), "picar.yaml:1:1: key `nodes` is missing; it has no default");
}
