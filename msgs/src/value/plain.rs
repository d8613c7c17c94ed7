//! What a scalar without quotes means, by the core schema of YAML 1.2.

use super::ValueKind;

/// The value that `text` stands for. What is none of the other kinds is text, so this cannot fail.
pub(super) fn resolve(text: &str) -> ValueKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => ValueKind::Null,
        "true" | "True" | "TRUE" => ValueKind::Bool(true),
        "false" | "False" | "FALSE" => ValueKind::Bool(false),
        ".nan" | ".NaN" | ".NAN" => ValueKind::Float(f64::NAN),
        _ => integer(text)
            .map(ValueKind::Integer)
            .or_else(|| float(text).map(ValueKind::Float))
            .unwrap_or_else(|| ValueKind::Text(text.to_owned())),
    }
}

fn integer(text: &str) -> Option<i128> {
    // The parser of the standard library also takes a sign after the prefix, which YAML does not.
    let of_radix = |digits: &str, radix| {
        if digits.starts_with(['+', '-']) { None } else { i128::from_str_radix(digits, radix).ok() }
    };
    if let Some(digits) = text.strip_prefix("0x") {
        of_radix(digits, 16)
    } else if let Some(digits) = text.strip_prefix("0o") {
        of_radix(digits, 8)
    } else {
        text.parse().ok()
    }
}

fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    // The parser of the standard library also knows words such as `inf` and `nan`, which are texts in YAML.
    if !unsigned.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.') {
        return None;
    }
    // A number beyond all floats stays text, and so is refused where a number is expected.
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
