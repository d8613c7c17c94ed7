//! How the robot is: the lines that stand first.

use std::time::Duration;

use nevil_launch::{duration_text, size_text};
use serde::Deserialize;

use super::wrapped;
use crate::output::Reader;
use crate::screen::count;
use crate::screen::table::Tone;

/// What a robot says of its health.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Health {
    level: String,
    for_ms: u64,
    issues: Vec<String>,
    down: Vec<Down>,
    suppressed: u64,
    memory_bytes: Option<u64>,
    cpu_percent: Option<f32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Down {
    node: String,
    for_ms: u64,
}

pub(super) fn render(health: &Health, reader: Reader) -> String {
    let tone = match &*health.level {
        "healthy" => Tone::Good,
        "degraded" => Tone::Strong,
        _ => Tone::Bad,
    };
    let duration = |ms| duration_text(Duration::from_millis(ms));
    let mut line = format!("{} for {}", tone.paint(&plain(&health.level), reader), duration(health.for_ms));
    // What could not be read is left out.
    if let Some(bytes) = health.memory_bytes {
        line += &format!(", memory {}", size_text(bytes));
    }
    if let Some(percent) = health.cpu_percent {
        line += &format!(", {percent:.0} % of a core");
    }
    line.push('\n');
    for issue in &health.issues {
        line += &wrapped(&plain(issue));
    }
    if !health.down.is_empty() {
        let down =
            health.down.iter().map(|down| format!("{} for {}", plain(&down.node), duration(down.for_ms)));
        line += &wrapped(&format!("down: {}", down.collect::<Vec<_>>().join(", ")));
    }
    if health.suppressed > 0 {
        line += &wrapped(&format!("{} repeats of alerts were held back", count(health.suppressed)));
    }
    line
}

/// What nodes have said may hold anything; a terminal must not obey it.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn screen(health: serde_json::Value) -> String {
        render(&serde_json::from_value(health).unwrap(), Reader::Plain)
    }

    #[test]
    fn a_healthy_robot_has_one_line() {
        let health = json!({
            "level": "healthy", "since_ns": 5, "for_ms": 61_000, "issues": [], "down": [], "zombies": 0, "alerts": 3,
            "suppressed": 0, "memory_bytes": 20_971_520, "cpu_percent": 12.4,
        });
        assert_eq!(screen(health), "healthy for 1 min 1 s, memory 20MiB, 12 % of a core\n");
    }

    #[test]
    fn what_is_wrong_stands_below_and_what_is_not_known_is_left_out() {
        let health = json!({
            "level": "degraded", "for_ms": 2_000, "issues": ["node `lamp` is down: it \u{1b}[31m broke"],
            "down": [{ "node": "lamp", "since_ns": 5, "for_ms": 1_500, "why": "it broke" }], "suppressed": 12,
            "memory_bytes": null, "cpu_percent": null,
        });
        let expected = "\
degraded for 2 s
  node `lamp` is down: it ?[31m broke
  down: lamp for 1 s
  12 repeats of alerts were held back
";
        assert_eq!(screen(health), expected);
    }
}
