//! Whether a delivery costs more in a larger robot.

use crate::measure::RoundResult;
use crate::nevil::{Others, Wait, Watched, deliver};
use crate::payload::Line;
use crate::rows::{Row, Setting, Unit};

/// Messages of each topic that are not counted.
const FIRST_TOUCHES: u64 = 4;

pub(super) fn rows(setting: &Setting) -> Vec<Row> {
    vec![
        topics(
            setting,
            "growth_topics",
            "From publish to callback, 64 B, over so many topics in turn; the thread spins",
            Wait::Polling,
        ),
        topics(
            setting,
            "growth_topics_blocking",
            "From publish to callback, 64 B, over so many topics in turn; the thread sleeps",
            Wait::Blocking,
        ),
        nodes(setting),
    ]
}

fn topics(setting: &Setting, name: &'static str, title: &'static str, wait: Wait) -> Row {
    let count = |row: Row, topics: usize| {
        let run = measure(setting, wait, Others { topics: topics - 1, nodes: 0 });
        row.nevil(counted(topics, "topic"), run)
    };
    [1000, 100, 10, 1].into_iter().fold(Row::new(name, title, Unit::Ns), count)
}

fn nodes(setting: &Setting) -> Row {
    let count = |row: Row, nodes: usize| {
        let run = measure(setting, Wait::Blocking, Others { topics: 0, nodes: nodes - 1 });
        row.nevil(counted(nodes, "node"), run)
    };
    let title =
        "From publish to callback, 64 B, one of so many nodes that wait for messages; the thread sleeps";
    [64, 8, 1].into_iter().fold(Row::new("growth_nodes", title, Unit::Ns), count)
}

fn measure(setting: &Setting, wait: Wait, others: Others) -> impl FnMut() -> RoundResult + use<> {
    let mut paced = setting.paced(64, wait);
    // Several messages of each topic, so that what is touched for the first time is not counted as what a message costs.
    paced.warm_up = paced.warm_up.max(FIRST_TOUCHES * (others.topics as u64 + 1));
    move || Ok(deliver::<Line>(paced, wait, Watched::No, others)?.into_samples())
}

/// `nevil, 8 nodes`.
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("nevil, one {what}") } else { format!("nevil, {count} {what}s") }
}
