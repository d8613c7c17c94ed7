//! Parameters as people read them.

use serde_json::{Map, Value};

use crate::output::Reader;
use crate::screen::table::{Cell, Column, Table, Tone};
use crate::screen::text;

/// The parameters of an answer, one a line.
pub(crate) fn list(answer: &Value, reader: Reader) -> String {
    let columns = ["node", "parameter", "value", "unit", "as in"].map(Column::text);
    let mut table = Table::new(columns.to_vec());
    for row in rows(answer) {
        let origin = origin(row);
        let tone = if origin == "changed" { Tone::Strong } else { Tone::Plain };
        let unit = Cell::plain(row["unit"].as_str().unwrap_or("-"));
        let value = Cell::plain(yaml(&row["value"]));
        table.row(vec![text(&row["node"]), text(&row["name"]), value, unit, Cell::toned(origin, tone)]);
    }
    table.render(reader)
}

/// What was changed, one a line.
pub(crate) fn changed(answer: &Value) -> String {
    let line = |row: &Value| {
        let (node, name) = (row["node"].as_str().unwrap_or("-"), row["name"].as_str().unwrap_or("-"));
        let unit = row["unit"].as_str().map(|unit| format!(" {unit}")).unwrap_or_default();
        let (value, before) = (yaml(&row["value"]), yaml(&row["before"]));
        if value == before {
            format!("`{node}.{name}` is {value}{unit}, as before\n")
        } else {
            format!("`{node}.{name}` is {value}{unit} (was {before})\n")
        }
    };
    rows(answer).map(line).collect()
}

/// All that is known about a parameter.
pub(crate) fn described(row: &Value) -> String {
    let of = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
    let default = match &row["default"] {
        Value::Null if row["required"] == true => "none; it has to be given".to_owned(),
        default => yaml(default),
    };
    let lines = [
        ("value", format!("{} ({})", yaml(&row["value"]), origin(row))),
        ("type", of("type")),
        ("unit", of("unit")),
        ("range", of("range")),
        ("default", default),
    ];
    let lines: String = lines.iter().map(|(key, value)| format!("  {key:<8} {value}\n")).collect();
    let doc: String = of("doc").lines().map(|line| format!("  {}\n", line.trim())).collect();
    format!("{}.{}\n{lines}{doc}", of("node"), of("name"))
}

/// The values as a map of JSON; without those that no file could give.
pub(crate) fn values(answer: &Value) -> Value {
    let writable = rows(answer).filter(|row| row["writable"] == true);
    let entry = |row: &Value| (row["name"].as_str().unwrap_or_default().to_owned(), row["value"].clone());
    Value::Object(writable.map(entry).collect::<Map<_, _>>())
}

/// The same as YAML.
pub(crate) fn dump(answer: &Value) -> String {
    let line = |row: &Value| {
        let (name, value) = (row["name"].as_str().unwrap_or_default(), yaml(&row["value"]));
        // Its default is an expression of the code.
        let sign = if row["writable"] == true { "" } else { "# " };
        format!("{sign}{name}: {value}\n")
    };
    rows(answer).map(line).collect()
}

/// A value as YAML in one line. JSON is YAML; a text that would be read as itself has no quotes.
pub(crate) fn yaml(value: &Value) -> String {
    let is_plain = |text: &str| {
        let read = nevil_msgs::Value::parse_yaml("text", text);
        let is_same =
            |read: nevil_msgs::Value| matches!(read.kind, nevil_msgs::ValueKind::Text(same) if same == text);
        text.chars().all(|c| c.is_alphanumeric() || "_-./".contains(c)) && read.is_ok_and(is_same)
    };
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        value => value.to_string(),
    }
}

/// Where its value comes from, as one says it.
fn origin(row: &Value) -> &str {
    row["origin"].as_str().unwrap_or("-")
}

fn rows(answer: &Value) -> impl Iterator<Item = &Value> {
    answer["params"].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{changed, described, dump, list, yaml};
    use crate::output::Reader;

    fn answer() -> serde_json::Value {
        json!({ "params": [{
            "node": "motion", "name": "speed_mps_max", "value": 0.3, "before": 0.7, "origin": "changed",
            "writable": true, "type": "f32", "unit": "m/s", "range": "0 to 0.8", "default": 0.7,
            "required": false, "doc": "Highest speed, either way."
        }] })
    }

    #[test]
    fn a_text_has_quotes_where_it_would_be_read_as_something_else() {
        let texts = ["250ms", "clear", "true", "12", "a: b", ""].map(|text| yaml(&json!(text)));
        assert_eq!(texts, ["250ms", "clear", "\"true\"", "\"12\"", "\"a: b\"", "\"\""]);
        assert_eq!(yaml(&json!([1, "a"])), "[1,\"a\"]");
    }

    #[test]
    fn a_parameter_is_shown_with_its_unit_and_where_its_value_comes_from() {
        let answer = answer();
        assert_eq!(
            list(&answer, Reader::Plain),
            "node    parameter      value  unit  as in\nmotion  speed_mps_max  0.3    m/s   changed\n"
        );
        assert_eq!(changed(&answer), "`motion.speed_mps_max` is 0.3 m/s (was 0.7)\n");
        assert_eq!(dump(&answer), "speed_mps_max: 0.3\n");
        assert_eq!(
            described(&answer["params"][0]),
            "motion.speed_mps_max\n  value    0.3 (changed)\n  type     f32\n  unit     m/s\n  range    0 to 0.8\n  \
             default  0.7\n  Highest speed, either way.\n"
        );
    }
}
