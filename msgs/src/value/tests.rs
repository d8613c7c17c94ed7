mod reading;
mod substitution;
mod typed;

use super::{Value, ValueError};

fn yaml(text: &str) -> Value {
    Value::parse_yaml("picar.yaml", text).unwrap()
}

fn refusal(text: &str) -> String {
    Value::parse_yaml("picar.yaml", text).unwrap_err().to_string()
}

fn texts(errors: &[ValueError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}
