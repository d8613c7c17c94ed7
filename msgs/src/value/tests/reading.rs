use std::fmt::Write;

use proptest::prelude::{any, prop, proptest};

use super::{refusal, yaml};
use crate::value::{Mark, Problem, Source, Value, ValueKind, YAML_BYTES_MAX, YAML_DEPTH_MAX, YAML_NODES_MAX};

const LAUNCH_FILE: &str = "\
# A robot.
robot: picar
nodes:
  navigation:
    type: navigation
    thread: {priority: 60, cores: [2, 3]}
    params: &params
      speed_mps: 0.25
      name: \"it's\\n\"
  other:
    params: *params
    text: |
      two
      lines
";

#[test]
fn plain_scalars_follow_the_core_schema_and_quoted_ones_are_text() {
    let text = |text: &str| ValueKind::Text(text.to_owned());
    for (source, kind) in [
        ("~", ValueKind::Null),
        ("null", ValueKind::Null),
        ("true", ValueKind::Bool(true)),
        ("FALSE", ValueKind::Bool(false)),
        ("yes", text("yes")),
        ("no", text("no")),
        ("on", text("on")),
        ("'true'", text("true")),
        ("\"5\"", text("5")),
        ("0", ValueKind::Integer(0)),
        ("-17", ValueKind::Integer(-17)),
        ("+8", ValueKind::Integer(8)),
        ("0x1F", ValueKind::Integer(31)),
        ("0o17", ValueKind::Integer(15)),
        ("0x-1", text("0x-1")),
        ("0123", ValueKind::Integer(123)),
        ("18446744073709551616", ValueKind::Integer(1 << 64)),
        ("1_000", text("1_000")),
        ("1.5", ValueKind::Float(1.5)),
        (".5", ValueKind::Float(0.5)),
        ("-2.", ValueKind::Float(-2.0)),
        ("1e3", ValueKind::Float(1000.0)),
        ("-.inf", ValueKind::Float(f64::NEG_INFINITY)),
        (".INF", ValueKind::Float(f64::INFINITY)),
        ("inf", text("inf")),
        ("nan", text("nan")),
        ("1e999", text("1e999")),
        (".", text(".")),
        ("250ms", text("250ms")),
        ("", ValueKind::Null),
        ("# only a comment", ValueKind::Null),
    ] {
        assert_eq!(yaml(source).kind, kind, "{source}");
    }
    assert!(matches!(yaml(".nan").kind, ValueKind::Float(number) if number.is_nan()));
}

#[test]
fn every_value_and_key_has_its_place() {
    let value = yaml(LAUNCH_FILE);
    let navigation = value.get("nodes").unwrap().get("navigation").unwrap();
    let mark = |value: &Value| (value.mark.line(), value.mark.column());
    assert_eq!(mark(&value), (2, 1));
    assert_eq!(mark(value.get("robot").unwrap()), (2, 8));
    let (key, thread) = navigation.entry("thread").unwrap();
    assert_eq!((key.mark.line(), key.mark.column()), (6, 5));
    assert_eq!(mark(thread), (6, 13));
    assert_eq!(mark(thread.get("priority").unwrap()), (6, 24));
    let ValueKind::List(cores) = &thread.get("cores").unwrap().kind else { unreachable!() };
    assert_eq!(mark(&cores[1]), (6, 39));
    assert_eq!(mark(navigation.get("params").unwrap().get("speed_mps").unwrap()), (8, 18));
    assert_eq!(navigation.get("missing"), None);
}

#[test]
fn an_alias_repeats_the_value_and_keeps_the_place_where_it_is_written() {
    let value = yaml(LAUNCH_FILE);
    let nodes = value.get("nodes").unwrap();
    let params = |node: &str| nodes.get(node).unwrap().get("params").unwrap().clone();
    assert_eq!(params("other"), params("navigation"));
    assert_eq!(params("other").get("name").unwrap().kind, ValueKind::Text("it's\n".into()));
    assert_eq!(nodes.get("other").unwrap().get("text").unwrap().kind, ValueKind::Text("two\nlines\n".into()));
}

#[test]
fn what_is_not_supported_is_refused_with_its_place() {
    for (text, expected) in [
        (
            "a: 1\nb:\n  c: 2\n  d: 3\n  c: 4",
            "picar.yaml:5:3: b: key `c` is given twice, first in line 3; leave one of them out",
        ),
        ("a: 1\n---\nb: 2", "picar.yaml:3:1: a second document begins here; put it in a file of its own"),
        ("a:\n  5: b", "picar.yaml:2:3: a: a key must be text, and 5 is not; put it in quotes"),
        ("[a]: b", "picar.yaml:1:1: a key must be text, and a list is not; put it in quotes"),
        ("a:\n- !secret b", "picar.yaml:2:3: a[0]: tags such as `!name` are not supported; leave it out"),
        (
            "a: &x [*x]",
            "picar.yaml:1:8: a[0]: an alias stands inside the value that it repeats; give the value an end",
        ),
        ("a: *x", "picar.yaml:1:4: not valid YAML: while parsing node, found unknown anchor"),
        ("a: [1", "picar.yaml:2:1: not valid YAML: while parsing a flow sequence, expected ',' or ']'"),
        (
            "a: 'b",
            "picar.yaml:1:4: not valid YAML: while scanning a quoted scalar, found unexpected end of stream",
        ),
        ("a: b: c", "picar.yaml:1:5: not valid YAML: mapping values are not allowed in this context"),
        (
            "a:\n\t- b",
            "picar.yaml:2:2: not valid YAML: tabs disallowed within this context (block indentation)",
        ),
    ] {
        assert_eq!(refusal(text), expected);
    }
}

#[test]
fn text_of_one_mebibyte_is_read_and_one_byte_more_is_not() {
    let largest = format!("\"{}\"", "x".repeat(YAML_BYTES_MAX - 2));
    assert!(Value::parse_yaml("large", &largest).is_ok());
    assert_eq!(
        refusal(&"#".repeat(YAML_BYTES_MAX + 1)),
        "picar.yaml:1:1: text is too large (1048577 bytes), at most 1048576 are allowed"
    );
}

#[test]
fn lists_and_maps_may_be_64_deep_and_not_65_even_through_aliases() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Value::parse_yaml("deep", &nested(YAML_DEPTH_MAX)).is_ok());
    let too_deep = |text: &str| Value::parse_yaml("deep", text).unwrap_err().problem == Problem::TooDeep;
    assert!(too_deep(&nested(YAML_DEPTH_MAX + 1)));
    assert!(Value::parse_yaml("deep", &"[".repeat(YAML_BYTES_MAX)).is_err());

    let aliased = |depth: usize| format!("a: &a {}\nb: [[*a]]", nested(depth));
    // The map and the two lists around the alias count as well.
    assert!(Value::parse_yaml("deep", &aliased(YAML_DEPTH_MAX - 3)).is_ok());
    assert!(too_deep(&aliased(YAML_DEPTH_MAX - 2)));
}

#[test]
fn aliases_that_repeat_aliases_are_stopped_at_a_fixed_number_of_values() {
    let mut bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
    for level in 1..60 {
        let alias = format!("*a{}", level - 1);
        writeln!(bomb, "a{level}: &a{level} [{}]", vec![alias; 10].join(", ")).unwrap();
    }
    assert_eq!(Value::parse_yaml("bomb", &bomb).unwrap_err().problem, Problem::TooManyValues);

    // The map with two keys, its list, the copy kept for the aliases, the second list, and what 97 aliases repeat:
    // 99,004 values.
    let repeated = |aliases: usize| {
        let alias = vec!["*a"; aliases].join(", ");
        format!("a: &a [{}]\nb: [{alias}]", vec!["1"; 999].join(", "))
    };
    assert!(Value::parse_yaml("repeated", &repeated(97)).is_ok());
    assert_eq!(Value::parse_yaml("repeated", &repeated(98)).unwrap_err().problem, Problem::TooManyValues);

    let list = |elements: usize| format!("[{}]", vec!["1"; elements].join(","));
    assert!(Value::parse_yaml("long", &list(YAML_NODES_MAX - 1)).is_ok());
    assert_eq!(Value::parse_yaml("long", &list(YAML_NODES_MAX)).unwrap_err().problem, Problem::TooManyValues);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    assert_eq!(yaml("\u{feff}a: 1").get("a").unwrap().mark.column(), 4);
}

#[test]
fn the_snippet_shows_the_line_with_a_caret_under_the_value() {
    let snippet = |text: &str| Value::parse_yaml("x", text).unwrap().get("b").unwrap().mark.snippet();
    assert_eq!(snippet("a: 1\nb: 22\n").unwrap(), "2 | b: 22\n  |    ^");
    let source = Source { name: "x".to_owned(), text: "a:\t22".to_owned() };
    assert_eq!(Mark::new(source.into(), 1, 4).snippet().unwrap(), "1 | a:\t22\n  |   \t^");
    assert_eq!(Mark::named("nowhere").snippet(), None);
    let long = format!("{{a: {}, b: 5}}", "x".repeat(300));
    let shown = snippet(&long).unwrap();
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[0].chars().nth(lines[1].chars().count() - 1), Some('5'));
    assert!(lines[0].chars().count() < 170, "{shown}");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        // Only that it returns is promised.
        let _ = Value::parse_yaml("any", &text);
    }

    #[test]
    fn no_text_of_yaml_signs_makes_the_reader_panic(text in "[-\\[\\]{}:,?&*!|>'\"%@#~ \t\nab01.$]{0,60}") {
        // Only that it returns is promised.
        let _ = Value::parse_yaml("signs", &text);
    }

    #[test]
    fn no_damage_to_a_file_makes_the_reader_panic(
        place in any::<prop::sample::Index>(), removed in 0_usize..10, added in "[-\\[{}:,&*!|'\"\\\\ \t\n\u{e9}0-9]{0,3}",
    ) {
        let letters: Vec<char> = LAUNCH_FILE.chars().collect();
        let place = place.index(letters.len());
        let after = letters.get(place + removed..).unwrap_or_default();
        let text: String = letters[..place].iter().copied().chain(added.chars()).chain(after.iter().copied()).collect();
        // Only that it returns is promised.
        let _ = Value::parse_yaml("damaged", &text);
    }
}
