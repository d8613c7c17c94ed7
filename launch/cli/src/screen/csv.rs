//! Messages as lines of values, for spreadsheets and plots.

use nevil_launch::EchoedMessage;
use nevil_msgs::{Value, ValueKind, nearest};

use crate::output::Reader;
use crate::screen::message;

/// What a header says, in front of the fields.
const HEADER: [&str; 4] = ["source", "incarnation", "sequence", "stamp_ns"];

/// The columns of a type: its fields in their order, those of a struct within it one by one, as `pose.x_m`. A list is one
/// column, because messages have lists of different lengths.
#[derive(Debug)]
pub(crate) struct Csv {
    columns: Vec<String>,
    header: bool,
    reader: Reader,
}

impl Csv {
    /// The columns of `fields`, as the robot describes them; with `within` those of that field alone.
    pub(crate) fn new(
        fields: &serde_json::Value,
        within: Option<&str>,
        header: bool,
        reader: Reader,
    ) -> Result<Self, String> {
        let fields = fields.as_array().into_iter().flatten();
        let names: Vec<_> = fields.filter_map(|field| field["name"].as_str()).collect();
        let is_within =
            |name: &str, outer: &str| name.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
        // A struct stands in front of its own fields, and is no column itself.
        let is_leaf = |name: &&&str| !names.iter().any(|other| is_within(other, name));
        let is_wanted = |name: &&&str| within.is_none_or(|outer| **name == outer || is_within(name, outer));
        let columns = names.iter().filter(is_leaf).filter(is_wanted);
        let columns: Vec<_> = columns.map(|name| (*name).to_owned()).collect();
        match within.filter(|_| columns.is_empty()) {
            None => Ok(Self { columns, header, reader }),
            Some(field) => {
                let meant = nearest(field, &names).map(|name| format!(", did you mean `{name}`?"));
                Err(format!(
                    "unknown field `{field}`{}; known fields are {}",
                    meant.unwrap_or_default(),
                    names.join(", ")
                ))
            }
        }
    }

    /// The line of the columns' names.
    pub(crate) fn names(&self) -> String {
        let header = if self.header { &HEADER[..] } else { &[] };
        let names = header.iter().copied().chain(self.columns.iter().map(String::as_str));
        names.collect::<Vec<_>>().join(",") + "\n"
    }

    /// The line of a message, of which `value` is shown.
    pub(crate) fn row(&self, message: &EchoedMessage, value: &Value) -> String {
        let mut cells = Vec::new();
        if self.header {
            let numbers = [u64::from(message.incarnation), message.sequence, message.stamp_ns];
            cells.push(quoted(&message.source));
            cells.extend(numbers.map(|number| number.to_string()));
        }
        let cell = |path: &String| path.split('.').try_fold(value, |value, name| value.get(name));
        cells.extend(
            self.columns.iter().map(|path| cell(path).map(|value| self.cell(value)).unwrap_or_default()),
        );
        cells.join(",") + "\n"
    }

    fn cell(&self, value: &Value) -> String {
        match &value.kind {
            ValueKind::Null => String::new(),
            // A file gets the text as it is; a terminal must not obey it.
            ValueKind::Text(text) if self.reader == Reader::Pipe => quoted(text),
            ValueKind::Text(text) => quoted(
                &text
                    .chars()
                    .map(|letter| if letter.is_control() { '?' } else { letter })
                    .collect::<String>(),
            ),
            _ => quoted(&message::flow(value)),
        }
    }
}

/// `text` as RFC 4180 wants it: in quotes where it has a comma, a quote or a line's end, and each quote twice.
fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn csv(within: Option<&str>, header: bool) -> Result<Csv, String> {
        let names = ["reading", "pose", "pose.x_m", "pose.tags", "poses", "note"];
        let fields = names.map(|name| json!({ "name": name }));
        Csv::new(&json!(fields), within, header, Reader::Pipe)
    }

    fn row(csv: &Csv, text: &str) -> String {
        let line = json!({ "topic": "t", "source": "car", "incarnation": 1, "sequence": 7, "stamp_ns": 5, "message": {} });
        let message: EchoedMessage = serde_json::from_str(&line.to_string()).unwrap();
        csv.row(&message, &Value::parse_yaml("message", text).unwrap())
    }

    const MESSAGE: &str = r#"{"reading":"echo","pose":{"x_m":1.5,"tags":["a","b"]},"poses":[],"note":null}"#;

    #[test]
    fn the_fields_of_a_struct_are_columns_and_a_list_is_one() {
        let all = csv(None, false).unwrap();
        assert_eq!(all.names(), "reading,pose.x_m,pose.tags,poses,note\n");
        assert_eq!(row(&all, MESSAGE), "echo,1.5,\"[\"\"a\"\", \"\"b\"\"]\",[],\n");
        let header = csv(None, true).unwrap();
        assert!(header.names().starts_with("source,incarnation,sequence,stamp_ns,reading,"));
        assert!(row(&header, MESSAGE).starts_with("car,1,7,5,echo,1.5,"));
    }

    #[test]
    fn one_field_has_its_own_columns_and_an_unknown_one_names_the_nearest() {
        assert_eq!(csv(Some("pose"), false).unwrap().names(), "pose.x_m,pose.tags\n");
        assert_eq!(csv(Some("pose.x_m"), false).unwrap().names(), "pose.x_m\n");
        let unknown = csv(Some("pose.x"), false).unwrap_err();
        assert!(
            unknown.starts_with("unknown field `pose.x`, did you mean `pose`?; known fields are reading, "),
            "{unknown}"
        );
    }

    #[test]
    fn a_text_with_comma_quote_or_line_end_stands_in_quotes() {
        for (text, cell) in [
            ("plain text", "plain text"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("", ""),
        ] {
            assert_eq!(quoted(text), cell);
        }
    }
}
