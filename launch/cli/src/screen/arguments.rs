//! The arguments of a launch file.

use std::path::Path;

use nevil_launch::Argument;
use serde_json::{Value, json};

use crate::output::{COLUMNS, Reader};
use crate::screen::table::Tone;

/// The arguments as people read them.
pub(crate) fn render(file: &Path, arguments: &[Argument], reader: Reader) -> String {
    if arguments.is_empty() {
        return format!("{} takes no arguments\n", file.display());
    }
    let mut text = format!("{} takes these arguments, each written NAME:=VALUE\n", file.display());
    for argument in arguments {
        let name = Tone::Strong.paint(&argument.name, reader);
        let default = match &argument.default {
            Some(default) if default.is_empty() => "empty if it is not given".to_owned(),
            Some(default) => format!("default {default}"),
            None => "must be given".to_owned(),
        };
        text += &format!("\n  {name}: {}, {default}\n", argument.kind.name());
        if !argument.choices.is_empty() {
            text += &wrapped(&format!("one of {}", argument.choices.join(", ")));
        }
        text += &wrapped(&argument.description);
    }
    text
}

/// `text` in lines that fit the screen, indented.
fn wrapped(text: &str) -> String {
    const INDENT: &str = "      ";
    let (mut lines, mut line) = (String::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && INDENT.len() + line.chars().count() + 1 + word.chars().count() > COLUMNS {
            lines += &format!("{INDENT}{line}\n");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        // A file must not be able to send control sequences to the terminal.
        line.extend(word.chars().map(|letter| if letter.is_control() { '?' } else { letter }));
    }
    if line.is_empty() { lines } else { lines + &format!("{INDENT}{line}\n") }
}

/// The arguments for programs.
pub(crate) fn json(arguments: &[Argument]) -> Value {
    let argument = |argument: &Argument| {
        json!({
            "name": argument.name,
            "type": argument.kind,
            "default": argument.default,
            "choices": argument.choices,
            "description": argument.description,
        })
    };
    json!({ "arguments": arguments.iter().map(argument).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use nevil_launch::LaunchFile;

    use super::*;

    #[test]
    fn arguments_are_shown_with_type_default_choices_and_description_within_80_columns() {
        let text = format!(
            "robot: r\nargs:\n  world: {{ type: path, default: w/room.yaml, description: {} }}\n  speed: {{ type: number, choices: \
             [0.1, 0.3] }}\n  real: false\nnodes: {{ a: }}",
            "a room for the car ".repeat(8)
        );
        let path = Path::new("picar.yaml");
        let folder = std::env::temp_dir().join(format!("nevil-arguments-{}.yaml", std::process::id()));
        std::fs::write(&folder, text).unwrap();
        let arguments = LaunchFile::read_arguments(&folder).unwrap();
        std::fs::remove_file(&folder).unwrap();
        let shown = render(path, &arguments, Reader::Pipe);
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
        assert!(shown.starts_with(
            "picar.yaml takes these arguments, each written NAME:=VALUE\n\n  world: path, default w/room.yaml\n      a room"
        ));
        assert!(shown.ends_with(
            "  speed: number, must be given\n      one of 0.1, 0.3\n\n  real: bool, default false\n"
        ));
        assert_eq!(json(&arguments)["arguments"][1]["choices"], json!(["0.1", "0.3"]));
    }
}
