//! Parts of the texts of problems.

use nevil_msgs::nearest;

use super::LargeTopic;
use crate::text::size_text;

pub(super) fn largest(topics: &[LargeTopic]) -> String {
    let topic = |LargeTopic { name, memory }: &LargeTopic| {
        let (bytes, each) = (size_text(memory.bytes() as u64), size_text(memory.slot_bytes as u64));
        format!("`{name}` ({bytes}: {} messages of {each})", memory.slots)
    };
    topics.iter().map(topic).collect::<Vec<_>>().join(", ")
}

pub(super) fn have(nodes: &[String]) -> String {
    format!("{} {}", nodes.join(", "), if nodes.len() == 1 { "has" } else { "have" })
}

pub(super) fn did_you_mean(name: &Option<String>) -> String {
    name.as_ref().map(|name| format!(", did you mean `{name}`?")).unwrap_or_default()
}

pub(crate) fn known_names(what: &str, given: &str, known: &[String]) -> String {
    // A number is not another one misspelt.
    let meant = nearest(given, known).filter(|_| given.parse::<f64>().is_err());
    let meant = meant.map(|name| format!(", did you mean `{name}`?")).unwrap_or_default();
    if known.is_empty() {
        format!("{meant}; there are no {what} to choose from")
    } else {
        format!("{meant}; known {what} are {}", known.join(", "))
    }
}
