//! Lines that are added to files of the user's, if they look as `nevil new robot` wrote them; comments stay as they are.

use nevil_msgs::{Value, ValueKind};

/// `main_rs` with the module `name` in `mod nodes { … }`; `None` if there is no such block.
pub(crate) fn add_module(main_rs: &str, name: &str) -> Option<String> {
    let mut lines: Vec<_> = main_rs.split_inclusive('\n').collect();
    let begin = lines.iter().position(|line| line.trim_end() == "mod nodes {")? + 1;
    let length = lines[begin..].iter().position(|line| line.trim_end() == "}")?;
    let module = |line: &str| {
        let name = line.trim().strip_prefix("pub mod ")?.strip_suffix(';')?;
        Some(name.to_owned())
    };
    let mut place = begin + length;
    // In the order of the alphabet, as rustfmt has them.
    for (at, line) in lines.iter().enumerate().skip(begin).take(length) {
        match module(line) {
            Some(other) if other == name => return Some(main_rs.to_owned()),
            Some(other) if *other > *name => {
                place = at;
                break;
            }
            _ => {}
        }
    }
    let line = format!("    pub mod {name};\n");
    lines.insert(place, &line);
    Some(lines.concat())
}

/// `main_rs` with one more line `.with::<…>("…")`, before the first; `None` if no line begins so.
pub(crate) fn add_type(main_rs: &str, with: &str) -> Option<String> {
    if main_rs.contains(with) {
        return Some(main_rs.to_owned());
    }
    let mut lines: Vec<_> = main_rs.split_inclusive('\n').collect();
    let place = lines.iter().position(|line| line.trim_start().starts_with(".with::<"))?;
    let indent = &lines[place][..lines[place].len() - lines[place].trim_start().len()];
    let line = format!("{indent}{with}\n");
    lines.insert(place, &line);
    Some(lines.concat())
}

/// The launch file `text` with `entry`, whose lines are indented by two spaces, as the last of `nodes`; `None` if it has no
/// block `nodes:`, or would not be the same file with one node more.
pub(crate) fn add_node(text: &str, name: &str, entry: &str) -> Option<String> {
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let is_key = |line: &str| line.starts_with(|first: char| !first.is_whitespace() && first != '#');
    let begin = lines.iter().position(|line| line.trim_end() == "nodes:")? + 1;
    let length = lines[begin..].iter().position(|line| is_key(line)).unwrap_or(lines.len() - begin);
    // What stands before the next key belongs to that.
    let block = &lines[begin..begin + length];
    let last = block.iter().rposition(|line| line.starts_with(' ') && !line.trim().is_empty())?;
    let (before, after) = lines.split_at(begin + last + 1);
    let end = if before.last()?.ends_with('\n') { "" } else { "\n" };
    let added = format!("{}{end}\n{entry}{}", before.concat(), after.concat());

    let (mut expected, found) = (keys(text)?, keys(&added)?);
    expected.1.push(name.to_owned());
    (expected == found).then_some(added)
}

/// The keys of a launch file, and the names of its nodes.
fn keys(text: &str) -> Option<(Vec<String>, Vec<String>)> {
    let value = Value::parse_yaml("launch file", text).ok()?;
    let names = |value: &Value| match &value.kind {
        ValueKind::Map(entries) => Some(entries.iter().map(|(key, _)| key.name.clone()).collect()),
        _ => None,
    };
    Some((names(&value)?, names(value.get("nodes")?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: &str = "mod nodes {\n    // Ours.\n    pub mod arm;\n    pub mod pilot;\n}\n\nfn main() {\n    nodes()\n        \
                        .with::<nodes::arm::Arm>(\"arm\")\n        .with::<nodes::pilot::Pilot>(\"pilot\");\n}\n";

    #[test]
    fn a_module_takes_its_place_in_the_alphabet_once() {
        let horn = add_module(MAIN, "horn").unwrap();
        assert!(horn.contains("    pub mod arm;\n    pub mod horn;\n    pub mod pilot;\n}"), "{horn}");
        assert_eq!(add_module(&horn, "horn").unwrap(), horn);
        assert!(add_module(MAIN, "a").unwrap().contains("// Ours.\n    pub mod a;\n"));
        assert!(add_module(MAIN, "zoom").unwrap().contains("    pub mod pilot;\n    pub mod zoom;\n}"));
        assert_eq!(add_module("mod nodes;\n", "horn"), None);
        assert_eq!(add_module("mod nodes {\n", "horn"), None);
    }

    #[test]
    fn a_type_is_added_before_the_first_once() {
        let with = ".with::<nodes::horn::Horn>(\"horn\")";
        let horn = add_type(MAIN, with).unwrap();
        let expected = format!("    nodes()\n        {with}\n        .with::<nodes::arm::Arm>");
        assert!(horn.contains(&expected), "{horn}");
        assert_eq!(add_type(&horn, with).unwrap(), horn);
        assert_eq!(add_type("nevil::run(nevil::shipped_nodes().with::<Pilot>(\"pilot\"))\n", with), None);
    }

    #[test]
    fn a_node_is_added_as_the_last_and_nothing_else_changes() {
        let entry = "  horn: {}\n";
        for (before, after) in [
            ("nodes:\n  arm: {}", "nodes:\n  arm: {}\n\n  horn: {}\n"),
            (
                "nodes:\n  arm: # an arm\n    params: {}\n# Topics.\ntopics: {}\n",
                "nodes:\n  arm: # an arm\n    params: {}\n\n  horn: {}\n# Topics.\ntopics: {}\n",
            ),
        ] {
            assert_eq!(add_node(before, "horn", entry).as_deref(), Some(after));
        }
        for odd in [
            "nodes: { arm: {} }\n",
            "robot: r\n",
            "nodes:\n    arm: {}\n",
            "nodes:\n  horn: {}\n",
            "nodes:\n  - arm\n",
            "nodes:\n",
            "nodes:\n  arm: |\n    a\n  b\n",
        ] {
            assert_eq!(add_node(odd, "horn", entry), None, "{odd}");
        }
    }
}
