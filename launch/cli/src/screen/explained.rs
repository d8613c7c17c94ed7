//! Values of a launch file, and where each comes from, as people and programs read them.

use nevil_launch::{Explained, Source, for_terminal};
use nevil_msgs::Mark;
use serde_json::{Value, json};

use crate::output::Reader;
use crate::screen::plan::wrap;
use crate::screen::table::{Cell, Column, Table, Tone};

/// Most columns that the name of a file takes in a table: a long key and a list of names fit beside it.
const FILE_COLUMNS: usize = 20;

/// One value with all that is known of it, or several as a table, whose keys are those below `key`.
pub(crate) fn render(key: &str, values: &[Explained], reader: Reader) -> String {
    match values {
        [one] if one.path == key => single(one, reader),
        values => {
            let mut table = Table::new(vec![
                Column::text("key"),
                Column::long_text("value"),
                Column::long_text("comes from"),
            ]);
            for one in values {
                let tone = if matches!(one.source, Source::File(..)) { Tone::Strong } else { Tone::Plain };
                table.row(vec![
                    Cell::plain(below(key, &one.path)),
                    Cell::toned(one.value.clone(), tone),
                    Cell::plain(source(&one.source)),
                ]);
            }
            table.render_whole(reader)
        }
    }
}

/// What `path` is called below `key`; the last part of `key` if it is that.
fn below<'path>(key: &str, path: &'path str) -> &'path str {
    match path.strip_prefix(key).map(|rest| rest.trim_start_matches('.')) {
        Some("") => path.rsplit('.').next().unwrap_or(path),
        Some(rest) => rest,
        None => path,
    }
}

fn single(one: &Explained, reader: Reader) -> String {
    let unit = one.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
    let mut text = wrap(&format!("{}: {}{unit}", one.path, one.value), 2, reader);
    text += &match &one.source {
        Source::File(mark, how) => {
            let snippet = mark.snippet().map(|snippet| snippet + "\n").unwrap_or_default();
            let snippet = if reader == Reader::Pipe { snippet } else { for_terminal(&snippet) };
            let how = how.as_ref().map(|how| format!(" ({how})")).unwrap_or_default();
            wrap(&format!("  from {mark}{how}"), 4, reader) + &snippet
        }
        Source::Code => "  from the code: the launch file does not say otherwise\n".to_owned(),
        Source::Default => "  default: the launch file does not say otherwise\n".to_owned(),
    };
    if let Some(line) = one.doc.lines().next().filter(|line| !line.is_empty()) {
        text += &wrap(&format!("  {line}"), 2, reader);
    }
    if let Some(range) = &one.range {
        text += &wrap(&format!("  allowed: {range}{unit}"), 4, reader);
    }
    text
}

fn source(source: &Source) -> String {
    match source {
        Source::File(mark, None) => place(mark),
        Source::File(_, Some(how)) => how.clone(),
        Source::Code => "code".to_owned(),
        Source::Default => "default".to_owned(),
    }
}

/// File and line. Of a long path the end is what tells files apart.
fn place(mark: &Mark) -> String {
    let name = &mark.source().name;
    let fits = |end: &&str| end.chars().count() < FILE_COLUMNS;
    let mut ends = name.match_indices('/').map(|(at, _)| &name[at..]);
    let shown = match name.chars().count() {
        0..=FILE_COLUMNS => name.clone(),
        letters => match ends.find(fits) {
            Some(end) => format!("…{end}"),
            None => format!("…{}", name.chars().skip(letters + 1 - FILE_COLUMNS).collect::<String>()),
        },
    };
    format!("{shown}:{}", mark.line())
}

/// The values for programs.
pub(crate) fn json_of(values: &[Explained]) -> Value {
    let value = |one: &Explained| {
        let (source, place) = match &one.source {
            Source::File(mark, _) => ("file", Some(mark.to_string())),
            Source::Code => ("code", None),
            Source::Default => ("default", None),
        };
        let how = if let Source::File(_, how) = &one.source { how.as_deref() } else { None };
        json!({
            "path": one.path, "value": one.value, "source": source, "place": place, "how": how,
            "doc": one.doc, "range": one.range, "unit": one.unit,
        })
    };
    json!({ "values": values.iter().map(value).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_the_end_of_its_path() {
        let place_of = |name: &str| place(&Mark::named(name));
        assert_eq!(place_of("launch/picar.yaml"), "launch/picar.yaml:1");
        assert_eq!(place_of("/home/pi/robots/rover/launch/picar.yaml"), "…/launch/picar.yaml:1");
        assert_eq!(place_of("the_launch_file_of_my_robot.yaml"), "…le_of_my_robot.yaml:1");
    }

    fn value(path: &str, source: Source) -> Explained {
        let (path, value) = (path.to_owned(), "500ms".to_owned());
        Explained { path, value, source, doc: "how long".to_owned(), range: None, unit: None }
    }

    #[test]
    fn values_in_a_map_are_named_below_its_key_with_the_end_of_a_long_path() {
        let file = "robots/".repeat(9) + "picar.yaml";
        let values = [
            value("nodes.eye.thread", Source::Default),
            value("nodes.eye.thread.wait.spin", Source::File(Mark::named(&file), None)),
            value(
                "nodes.eye.thread.cores",
                Source::File(Mark::named(&file), Some("argument `x`, given".to_owned())),
            ),
        ];
        let expected = "\
key        value  comes from
thread     500ms  default
wait.spin  500ms  …/robots/picar.yaml:1
cores      500ms  argument `x`, given
";
        assert_eq!(render("nodes.eye.thread", &values, Reader::Plain), expected);
    }

    #[test]
    fn a_single_value_is_told_with_all_that_is_known_of_it() {
        let one = Explained {
            range: Some("1ms to 600s".to_owned()),
            ..value("nodes.eye.timeout", Source::Default)
        };
        let expected = "\
nodes.eye.timeout: 500ms
  default: the launch file does not say otherwise
  how long
  allowed: 1ms to 600s
";
        assert_eq!(render("nodes.eye.timeout", &[one], Reader::Plain), expected);
    }
}
