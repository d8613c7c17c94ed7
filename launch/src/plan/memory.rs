//! Whether the messages of all topics fit into the memory that the robot has for them.

use nevil_runtime::{TopicDescription, TopicError};

use crate::limits::TOPICS_NAMED_MAX;
use crate::problem::{LargeTopic, PlanProblem};

/// Most bytes that the messages of all `topics` together can take.
pub(super) fn bytes(topics: &[TopicDescription]) -> u64 {
    topics.iter().map(|topic| topic.memory.bytes() as u64).fold(0, u64::saturating_add)
}

/// The problem, if all `topics` together can take more than `max` bytes.
pub(super) fn over_budget(topics: &[TopicDescription], max: u64) -> Option<PlanProblem> {
    let of_topic = |topic: &TopicDescription| topic.memory.bytes() as u64;
    let all = bytes(topics);
    if all <= max {
        return None;
    }
    let mut largest: Vec<_> = topics.iter().collect();
    // Stable: of topics that take the same, the first by name.
    largest.sort_by_key(|topic| std::cmp::Reverse(of_topic(topic)));
    // To lower what takes next to nothing helps nobody, unless nothing takes more.
    let is_large = |topic: &&TopicDescription| of_topic(topic) >= max / 10;
    if largest.first().is_some_and(is_large) {
        largest.retain(is_large);
    }
    let large = |topic: &&TopicDescription| LargeTopic { name: topic.name.to_string(), memory: topic.memory };
    let topics = largest.iter().take(TOPICS_NAMED_MAX).map(large).collect();
    Some(PlanProblem::BusTooLarge { bytes: all, max, topics })
}

/// The topics that need more slots than a pool can have, and what is to be said about them.
pub(super) fn too_many_slots(topics: &[TopicDescription]) -> Vec<(&TopicDescription, TopicError)> {
    topics.iter().filter_map(|topic| Some((topic, topic.memory.check(&topic.name).err()?))).collect()
}
