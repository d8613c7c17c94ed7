//! Keys of launch files as people read them.

use nevil_launch::KeyExplanation;

use crate::output::{COLUMNS, Reader};
use crate::screen::table::Tone;

/// The keys, one below the other.
pub(crate) fn render(keys: &[KeyExplanation], reader: Reader) -> String {
    keys.iter().map(|key| one(key, reader)).collect::<Vec<_>>().join("\n")
}

fn one(key: &KeyExplanation, reader: Reader) -> String {
    let mut screen = Tone::Strong.paint(&key.name, reader) + "\n" + &row("", 2, &key.meaning) + "\n";
    for (label, text) in [("type", &key.kind), ("range", &key.range), ("default", &key.default)] {
        if !text.is_empty() {
            screen += &row(label, 9, text);
        }
    }
    if !key.keys.is_empty() {
        let widest = key.keys.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        screen += "\nkeys\n";
        screen.extend(key.keys.iter().map(|(name, text)| row(&format!("  {name}"), widest + 4, text)));
    }
    screen
}

/// `label`, and behind it `text`, from column `indent` on and at most 80 wide.
fn row(label: &str, indent: usize, text: &str) -> String {
    let (mut lines, mut line, mut is_empty) = (String::new(), format!("{label:indent$}"), true);
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            lines += &line;
            lines.push('\n');
            (line, is_empty) = (" ".repeat(indent), true);
        }
        if !is_empty {
            line.push(' ');
        }
        line += word;
        is_empty = false;
    }
    lines + line.trim_end() + "\n"
}

#[cfg(test)]
mod tests {
    use nevil_launch::explain_key;

    use super::render;
    use crate::output::Reader;
    use crate::shipped_nodes;

    fn screen(name: &str) -> String {
        let screen = render(&explain_key(name, &shipped_nodes()).unwrap(), Reader::Pipe);
        assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
        screen
    }

    #[test]
    fn a_key_is_explained_with_all_that_is_known_of_it() {
        let priority = "nodes.<name>.thread.priority
  higher goes first; the safety thread, at 89, is above all nodes

type     integer
range    1 to 79, only with `fifo` and `rr`
default  must be given with `fifo` and `rr`
";
        assert_eq!(screen("nodes.front.thread.priority"), priority);
        let page = include_str!("../../../../docs/reference/commands.md");
        assert!(page.contains(&format!("$ nevil schema thread.priority\n{priority}```")));
    }

    #[test]
    fn what_stands_below_a_key_is_listed_with_it() {
        let watchdog = screen("watchdog");
        assert!(watchdog.contains("\nkeys\n  systemd  whether a service manager that"), "{watchdog}");
        assert!(watchdog.contains("\n  device   the hardware's watchdog"), "{watchdog}");
        let node = screen("nodes.front");
        assert!(node.starts_with("nodes.<name>\n  a node\n\ntype     map\n\nkeys\n  type "), "{node}");
    }

    #[test]
    fn the_parameters_of_a_node_type_are_explained_behind_a_node_of_its_name() {
        let params = screen("nodes.obstacle_detection.params");
        assert!(params.contains("\n  danger_m "), "{params}");
        let danger = screen("nodes.obstacle_detection.params.danger_m");
        assert!(danger.starts_with("nodes.<name>.params.danger_m\n"), "{danger}");
        assert!(danger.contains("\ntype     f32 in m\n"), "{danger}");
    }

    #[test]
    fn an_unknown_key_is_answered_with_the_nearest_one() {
        let error = |name: &str| explain_key(name, &shipped_nodes()).unwrap_err().to_string();
        assert!(
            error("nodes.thraed")
                .starts_with("unknown key `thraed` in `nodes.<name>`, did you mean `thread`?; known")
        );
        assert!(
            error("topcis")
                .starts_with("unknown key `topcis`, did you mean `topics`?; known keys are robot, ")
        );
        assert_eq!(
            error("nodes.required.now"),
            "unknown key `now` in `nodes.<name>.required`; there are no keys to choose from"
        );
        assert!(
            error("nodes.motion.params.danger")
                .starts_with("unknown key `danger` in `nodes.<name>.params`; known")
        );
    }

    #[test]
    fn every_key_can_be_explained() {
        let mut explained = 0;
        for line in nevil_launch::reference_page().lines() {
            if let Some(name) = line.strip_prefix("| `").and_then(|rest| rest.split("` |").next()) {
                assert!(!explain_key(name, &shipped_nodes()).unwrap().is_empty(), "{name}");
                screen(name);
                explained += 1;
            }
        }
        assert!(explained > 80, "{explained}");
    }
}
