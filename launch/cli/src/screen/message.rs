//! Messages as YAML that people read and can type back.

use std::fmt::Write;

use nevil_msgs::{Value, ValueKind};

/// The names of the fields of `value`.
pub(crate) fn fields(value: &Value) -> Vec<&str> {
    match &value.kind {
        ValueKind::Map(entries) => entries.iter().map(|(key, _)| &*key.name).collect(),
        _ => Vec::new(),
    }
}

/// What is not shown of a message, but its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) lists: bool,
    pub(crate) texts: bool,
}

/// Puts the length in the place of what is left out.
pub(crate) fn leave_out(value: &mut Value, left_out: LeftOut) {
    let instead = match &mut value.kind {
        ValueKind::List(elements) if left_out.lists => format!("<list of {}>", elements.len()),
        ValueKind::Text(text) if left_out.texts => format!("<text of {} bytes>", text.len()),
        ValueKind::List(elements) => return elements.iter_mut().for_each(|value| leave_out(value, left_out)),
        ValueKind::Map(entries) => {
            return entries.iter_mut().for_each(|(_, value)| leave_out(value, left_out));
        }
        _ => return,
    };
    value.kind = ValueKind::Text(instead);
}

/// `value` over several lines, a field on each.
pub(crate) fn block(value: &Value) -> String {
    let mut text = String::new();
    write_block(value, 0, &mut text);
    text
}

fn write_block(value: &Value, depth: usize, text: &mut String) {
    match &value.kind {
        ValueKind::Map(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                *text += &format!("{}{}:", "  ".repeat(depth), scalar(&key.name));
                write_entry(value, depth, text);
            }
        }
        ValueKind::List(elements) if elements.iter().any(is_nested) => {
            for element in elements {
                *text += &format!("{}-", "  ".repeat(depth));
                write_entry(element, depth, text);
            }
        }
        _ => {
            *text += &flow(value);
            text.push('\n');
        }
    }
}

fn write_entry(value: &Value, depth: usize, text: &mut String) {
    if is_nested(value) {
        text.push('\n');
        write_block(value, depth + 1, text);
    } else {
        *text += &format!(" {}\n", flow(value));
    }
}

/// Whether the value takes lines of its own.
fn is_nested(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Map(entries) => !entries.is_empty(),
        ValueKind::List(elements) => elements.iter().any(is_nested),
        _ => false,
    }
}

/// `value` on one line, as JSON where it is no single text.
pub(crate) fn flow(value: &Value) -> String {
    match &value.kind {
        ValueKind::Text(text) => scalar(text),
        _ => json(value),
    }
}

fn json(value: &Value) -> String {
    let list = |parts: Vec<String>| parts.join(", ");
    match &value.kind {
        ValueKind::Null => "null".to_owned(),
        ValueKind::Bool(flag) => flag.to_string(),
        ValueKind::Integer(number) => number.to_string(),
        // With its point: a float stays one.
        ValueKind::Float(number) => format!("{number:?}"),
        ValueKind::Text(text) => quoted(text),
        ValueKind::List(elements) => format!("[{}]", list(elements.iter().map(json).collect())),
        ValueKind::Map(entries) => {
            let entry =
                |(key, value): &(nevil_msgs::Key, Value)| format!("{}: {}", quoted(&key.name), json(value));
            format!("{{{}}}", list(entries.iter().map(entry).collect()))
        }
    }
}

/// `text` without quotes where it reads back as the same text, else in quotes.
fn scalar(text: &str) -> String {
    let read_back = Value::parse_yaml("text", text);
    let is_plain = !text.contains(char::is_control)
        && read_back.is_ok_and(|value| matches!(&value.kind, ValueKind::Text(read) if read == text));
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// `text` as a text of JSON, in which a terminal finds nothing to obey.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            // Writing to a text does not fail.
            letter if letter.is_control() => drop(write!(quoted, "\\u{:04x}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        Value::parse_yaml("message", text).unwrap()
    }

    #[test]
    fn a_message_is_shown_with_a_field_on_each_line_in_their_order() {
        let value = read(r#"{"reading":"echo","distance_m":0.0,"pose":{"x_m":1.5,"tags":["a","b"]},"n":[]}"#);
        let text = "reading: echo\ndistance_m: 0.0\npose:\n  x_m: 1.5\n  tags: [\"a\", \"b\"]\nn: []\n";
        assert_eq!(block(&value), text);
    }

    #[test]
    fn a_list_of_structures_has_an_entry_for_each() {
        let value = read(r#"{"walls":[{"x":1},{"x":2}]}"#);
        assert_eq!(block(&value), "walls:\n  -\n    x: 1\n  -\n    x: 2\n");
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same() {
        for text in [
            r##"{"a":"true","b":"1","c":"","d":" x","e":"a: b","f":"#","g":"two\nlines","h":"\u001b[2J"}"##,
            r#"{"a":[[1,2],[3]],"b":{"c":{"d":null}},"e":"ä","f":{}}"#,
            r#"[{"a":1},[{"b":2}]]"#,
        ] {
            let (value, again) = (read(text), read(&block(&read(text))));
            assert_eq!(json(&value), json(&again), "{}", block(&value));
        }
        assert!(!block(&read(r#"{"a":"\u001b[2J"}"#)).contains('\x1b'));
    }

    #[test]
    fn of_what_is_left_out_the_length_is_shown() {
        let mut value = read(r#"{"tags":["a","b"],"name":"left","points":[{"x":[1]}]}"#);
        leave_out(&mut value, LeftOut { lists: true, texts: false });
        assert_eq!(block(&value), "tags: <list of 2>\nname: left\npoints: <list of 1>\n");
        let mut value = read(r#"{"tags":["a"],"name":"left"}"#);
        leave_out(&mut value, LeftOut { lists: false, texts: true });
        assert_eq!(block(&value), "tags: [\"<text of 1 bytes>\"]\nname: <text of 4 bytes>\n");
    }

    #[test]
    fn a_single_value_is_a_line() {
        assert_eq!(block(&read("0.5")), "0.5\n");
        assert_eq!(block(&read("echo")), "echo\n");
    }
}
