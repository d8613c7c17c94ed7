use proptest::prelude::{any, proptest};

use super::{texts, yaml};
use crate::value::{Mark, Value, ValueKind};

fn lookup(name: &str) -> Option<String> {
    match name {
        "PORT" => Some("8080".to_owned()),
        "ROBOT" => Some("picar".to_owned()),
        "EMPTY" => Some(String::new()),
        "NESTED" => Some("${PORT}".to_owned()),
        _ => None,
    }
}

fn substituted(text: &str) -> ValueKind {
    let mut value = yaml(&format!("a: {text}"));
    value.substitute(&lookup).unwrap();
    value.get("a").unwrap().kind.clone()
}

#[test]
fn only_a_whole_text_without_quotes_gets_the_type_of_what_is_put_in() {
    let text = |text: &str| ValueKind::Text(text.to_owned());
    for (source, kind) in [
        ("${PORT}", ValueKind::Integer(8080)),
        ("\"${PORT}\"", text("8080")),
        ("'${PORT}'", text("8080")),
        ("${PORT}0", text("80800")),
        ("x${PORT}", text("x8080")),
        ("${PORT}${PORT}", text("80808080")),
        ("${ROBOT}", text("picar")),
        ("${EMPTY}", ValueKind::Null),
        ("${NONE:-0.5}", ValueKind::Float(0.5)),
        ("${NONE:-}", ValueKind::Null),
        ("${EMPTY:-7}", ValueKind::Integer(7)),
        ("${PORT:-7}", ValueKind::Integer(8080)),
        ("${NONE:-a:-b}", text("a:-b")),
        ("/dev/${ROBOT}/${NONE:-x}!", text("/dev/picar/x!")),
        ("$${PORT}", text("${PORT}")),
        ("$$${PORT}", text("$${PORT}")),
        ("$5 and $", text("$5 and $")),
        ("${NESTED}", text("${PORT}")),
        ("5", ValueKind::Integer(5)),
    ] {
        assert_eq!(substituted(source), kind, "{source}");
    }
}

#[test]
fn a_value_that_was_made_and_not_read_stays_text() {
    let mut value = Value::new(ValueKind::Text("${PORT}".to_owned()), Mark::named("argument"));
    value.substitute(&lookup).unwrap();
    assert_eq!(value.kind, ValueKind::Text("8080".to_owned()));
}

#[test]
fn all_problems_are_told_and_the_rest_is_substituted() {
    let mut value = yaml("a: ${NONE}\nb:\n  - \"${A} ${B}\"\n  - ${1x}\n  - ${PORT\nc: ${PORT}");
    assert_eq!(
        texts(&value.substitute(&lookup).unwrap_err()),
        [
            "picar.yaml:1:4: a: `${NONE}` stands for nothing; declare it under `args`, set it as a variable, or write `${NONE:-default}`",
            "picar.yaml:3:5: b[0]: `${A}` stands for nothing; declare it under `args`, set it as a variable, or write `${A:-default}`",
            "picar.yaml:3:5: b[0]: `${B}` stands for nothing; declare it under `args`, set it as a variable, or write `${B:-default}`",
            "picar.yaml:4:5: b[1]: `${1x}` is not a reference; write `${NAME}` or `${NAME:-default}`, and `$${` for \
             `${` itself",
            "picar.yaml:5:5: b[2]: `${PORT` is not a reference; write `${NAME}` or `${NAME:-default}`, and `$${` for \
             `${` itself",
        ]
    );
    assert_eq!(value.get("c").unwrap().kind, ValueKind::Integer(8080));
}

#[test]
fn of_a_long_text_the_error_shows_the_beginning() {
    let mut value = yaml(&format!("a: ${{{}", "x".repeat(1000)));
    let error = value.substitute(&lookup).unwrap_err().remove(0).to_string();
    assert!(error.len() < 200, "{error}");
}

proptest! {
    #[test]
    fn text_without_a_dollar_is_left_alone(text in "[^$]*") {
        let mut value = Value::new(ValueKind::Text(text.clone()), Mark::named("any"));
        value.substitute(&lookup).unwrap();
        assert_eq!(value.kind, ValueKind::Text(text));
    }

    #[test]
    fn no_text_makes_substitution_panic(text in "[${}:A-]{0,12}", odd in any::<String>()) {
        for text in [text, odd] {
            let mut value = Value::new(ValueKind::Text(text), Mark::named("any"));
            // Only that it returns is promised.
            let _ = value.substitute(&lookup);
        }
    }
}
