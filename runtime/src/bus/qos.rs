//! What may stand on a topic, and what a launch file may say otherwise about it.

use std::time::Duration;

use nevil_msgs::{Overflow, Qos, TopicPriority};

use crate::limits::{NAME_BYTES_MAX, QOS_TIME_MAX, QOS_TIME_MIN, QUEUE_DEPTH_MAX, TOPIC_NAME_BYTES_MAX};

/// What is said about a topic of one robot, instead of what stands on it in the code. What is `None` stays.
///
/// ```
/// use nevil_msgs::{Overflow, topics};
/// use nevil_runtime::QosOverride;
///
/// let newest = QosOverride { overflow: Some(Overflow::Latest), ..QosOverride::default() };
/// let qos = newest.apply(topics::RANGE.qos());
/// assert_eq!((qos.overflow, qos.depth, qos.lifespan), (Overflow::Latest, 1, topics::RANGE.qos().lifespan));
/// assert_eq!(newest.keys(), ["overflow"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QosOverride {
    /// See [`Qos::overflow`].
    pub overflow: Option<Overflow>,
    /// See [`Qos::depth`]. Where the overflow rule alone is changed to or from [`Overflow::Latest`], the depth is the
    /// usual one of the new rule: 1, or 10.
    pub depth: Option<u16>,
    /// See [`Qos::priority`].
    pub priority: Option<TopicPriority>,
    /// See [`Qos::message_bytes_max`].
    pub message_bytes_max: Option<u32>,
    /// See [`Qos::latched`].
    pub latched: Option<bool>,
    /// See [`Qos::lifespan`]; `Some(None)` takes away the one in the code.
    pub lifespan: Option<Option<Duration>>,
    /// See [`Qos::deadline`]; `Some(None)` takes away the one in the code.
    pub deadline: Option<Option<Duration>>,
    /// See [`Qos::exclusive`].
    pub exclusive: Option<bool>,
    /// See [`Qos::feedback`].
    pub feedback: Option<bool>,
    /// See [`Qos::external`].
    pub external: Option<bool>,
}

impl QosOverride {
    /// `qos`, which stands on the topic, with what is said here instead.
    #[must_use]
    pub fn apply(&self, qos: Qos) -> Qos {
        let overflow = self.overflow.unwrap_or(qos.overflow);
        Qos {
            overflow,
            depth: self.depth.unwrap_or_else(|| usual_depth(&qos, overflow)),
            priority: self.priority.unwrap_or(qos.priority),
            message_bytes_max: self.message_bytes_max.unwrap_or(qos.message_bytes_max),
            latched: self.latched.unwrap_or(qos.latched),
            lifespan: self.lifespan.unwrap_or(qos.lifespan),
            deadline: self.deadline.unwrap_or(qos.deadline),
            exclusive: self.exclusive.unwrap_or(qos.exclusive),
            feedback: self.feedback.unwrap_or(qos.feedback),
            external: self.external.unwrap_or(qos.external),
        }
    }

    /// The names of what is said here, as launch files write them.
    #[must_use]
    pub fn keys(&self) -> Vec<&'static str> {
        let keys = [
            ("overflow", self.overflow.is_some()),
            ("depth", self.depth.is_some()),
            ("priority", self.priority.is_some()),
            ("message_bytes_max", self.message_bytes_max.is_some()),
            ("latched", self.latched.is_some()),
            ("lifespan", self.lifespan.is_some()),
            ("deadline", self.deadline.is_some()),
            ("exclusive", self.exclusive.is_some()),
            ("feedback", self.feedback.is_some()),
            ("external", self.external.is_some()),
        ];
        keys.into_iter().filter(|(_, is_said)| *is_said).map(|(key, _)| key).collect()
    }
}

/// The depth of what is carried as `qos`, where the overflow rule is `overflow` instead.
pub(crate) fn usual_depth(qos: &Qos, overflow: Overflow) -> u16 {
    match (qos.overflow, overflow) {
        (Overflow::Latest, Overflow::Latest) => qos.depth,
        (_, Overflow::Latest) => 1,
        (Overflow::Latest, _) => Qos::DEFAULT.depth,
        _ => qos.depth,
    }
}

/// What is wrong with the QoS of a topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QosProblem {
    /// The queue depth is out of range.
    #[error("depth is out of range ({given}), 1 to {QUEUE_DEPTH_MAX} is allowed")]
    Depth {
        /// The depth.
        given: u16,
    },
    /// A depth where it means nothing.
    #[error(
        "depth is {given}, but `latest` keeps one message over all publishers; leave the depth out, or use `drop_oldest`"
    )]
    DepthOfLatest {
        /// The depth.
        given: u16,
    },
    /// Commands that would be obeyed twice.
    #[error(
        "a topic of commands (`drop_newest`) cannot be latched, because who comes later would obey an old command; \
         leave `latched` out, or use `latest` for a state"
    )]
    LatchedCommands,
    /// The lifespan is out of range.
    #[error("lifespan is out of range ({given:?}), {QOS_TIME_MIN:?} to {QOS_TIME_MAX:?} is allowed")]
    Lifespan {
        /// The lifespan.
        given: Duration,
    },
    /// The deadline is out of range.
    #[error("deadline is out of range ({given:?}), {QOS_TIME_MIN:?} to {QOS_TIME_MAX:?} is allowed")]
    Deadline {
        /// The deadline.
        given: Duration,
    },
    /// No message would be small enough.
    #[error("message_bytes_max is too small ({given}), one message takes {min} bytes at least")]
    MessageBytes {
        /// The bytes.
        given: u32,
        /// What a message takes without heap.
        min: usize,
    },
}

/// Checks what is to stand on a topic whose messages take `bytes_min` each without heap.
pub(crate) fn check_qos(qos: &Qos, bytes_min: usize) -> Result<(), QosProblem> {
    let times = QOS_TIME_MIN..=QOS_TIME_MAX;
    match *qos {
        Qos { depth, .. } if depth == 0 || depth > QUEUE_DEPTH_MAX => Err(QosProblem::Depth { given: depth }),
        Qos { overflow: Overflow::Latest, depth, .. } if depth != 1 => {
            Err(QosProblem::DepthOfLatest { given: depth })
        }
        Qos { overflow: Overflow::DropNewest, latched: true, .. } => Err(QosProblem::LatchedCommands),
        Qos { lifespan: Some(given), .. } if !times.contains(&given) => Err(QosProblem::Lifespan { given }),
        Qos { deadline: Some(given), .. } if !times.contains(&given) => Err(QosProblem::Deadline { given }),
        Qos { message_bytes_max: given, .. } if (given as usize) < bytes_min => {
            Err(QosProblem::MessageBytes { given, min: bytes_min })
        }
        _ => Ok(()),
    }
}

/// The rules in which two declarations of one topic differ, as launch files write them.
pub(crate) fn differences(one: &Qos, other: &Qos) -> Vec<&'static str> {
    let rules = [
        ("overflow", one.overflow == other.overflow),
        ("depth", one.depth == other.depth),
        ("priority", one.priority == other.priority),
        ("message_bytes_max", one.message_bytes_max == other.message_bytes_max),
        ("latched", one.latched == other.latched),
        ("lifespan", one.lifespan == other.lifespan),
        ("deadline", one.deadline == other.deadline),
        ("exclusive", one.exclusive == other.exclusive),
        ("feedback", one.feedback == other.feedback),
        ("external", one.external == other.external),
    ];
    rules.into_iter().filter(|(_, is_same)| !is_same).map(|(rule, _)| rule).collect()
}

/// Whether `name` can be the name of a topic: 1 to [`TOPIC_NAME_BYTES_MAX`] of `a-z`, `0-9`, `_`, in parts that `/`
/// separates.
#[must_use]
pub fn is_topic_name(name: &str) -> bool {
    name.len() <= TOPIC_NAME_BYTES_MAX && name.split('/').all(is_name_part)
}

/// Whether `name` can be put in front of topic names: as for a topic, of at most [`NAME_BYTES_MAX`] bytes.
#[must_use]
pub fn is_namespace(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX && name.split('/').all(is_name_part)
}

/// Whether `part` has letters, and only those of names.
pub(crate) fn is_name_part(part: &str) -> bool {
    let is_name_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !part.is_empty() && part.bytes().all(is_name_byte)
}

#[cfg(test)]
mod tests {
    use nevil_msgs::{Message, Topic, topics};

    use super::*;

    fn check<T: Message>(topic: Topic<T>) -> Result<(), String> {
        check_qos(&topic.qos(), size_of::<T>()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn what_stands_on_a_topic_is_allowed_up_to_its_bounds_and_not_beyond() {
        let (range, hour) = (topics::RANGE, Duration::from_secs(3600));
        for right in [
            range.depth(1).lifespan(Duration::from_millis(1)).deadline(Duration::from_millis(1)),
            range.depth(256).lifespan(hour).deadline(hour).latched(),
            range.message_bytes_max(size_of::<nevil_msgs::Range>() as u32),
        ] {
            assert_eq!(check(right), Ok(()), "{right:?}");
        }
        let late = Duration::from_nanos(1) + hour;
        for (wrong, text) in [
            (range.depth(0), "depth is out of range (0), 1 to 256 is allowed"),
            (range.depth(257), "depth is out of range (257), 1 to 256 is allowed"),
            (range.lifespan(Duration::ZERO), "lifespan is out of range (0ns), 1ms to 3600s is allowed"),
            (range.lifespan(late), "lifespan is out of range (3600.000000001s), 1ms to 3600s is allowed"),
            (
                range.deadline(Duration::from_micros(999)),
                "deadline is out of range (999µs), 1ms to 3600s is allowed",
            ),
            (
                range.message_bytes_max(7),
                "message_bytes_max is too small (7), one message takes 8 bytes at least",
            ),
            (
                Topic::latest("range").depth(2),
                "depth is 2, but `latest` keeps one message over all publishers; leave the depth out, or use `drop_oldest`",
            ),
        ] {
            assert_eq!(check(wrong), Err(text.to_owned()), "{wrong:?}");
        }
    }

    #[test]
    fn commands_cannot_be_latched_and_states_can() {
        assert_eq!(check(Topic::<nevil_msgs::Drive>::latest("state").latched()), Ok(()));
        assert_eq!(
            check(Topic::<nevil_msgs::Drive>::commands("steps").latched()).unwrap_err(),
            "a topic of commands (`drop_newest`) cannot be latched, because who comes later would obey an old command; \
             leave `latched` out, or use `latest` for a state"
        );
    }

    #[test]
    fn the_depth_follows_a_change_of_the_rule_unless_it_is_said() {
        let with =
            |overflow, depth| QosOverride { overflow: Some(overflow), depth, ..QosOverride::default() };
        let latest = Topic::<nevil_msgs::Range>::latest("range").qos();
        assert_eq!(with(Overflow::DropOldest, None).apply(latest).depth, Qos::DEFAULT.depth);
        assert_eq!(with(Overflow::DropOldest, Some(3)).apply(latest).depth, 3);
        assert_eq!(with(Overflow::DropNewest, None).apply(topics::RANGE.depth(4).qos()).depth, 4);
        assert_eq!(with(Overflow::Latest, Some(4)).apply(latest).depth, 4);
    }

    #[test]
    fn each_field_that_is_said_replaces_the_one_in_the_code_and_is_named() {
        let all = QosOverride {
            overflow: Some(Overflow::DropNewest),
            depth: Some(7),
            priority: Some(TopicPriority::Low),
            message_bytes_max: Some(99),
            latched: Some(true),
            lifespan: Some(None),
            deadline: Some(Some(Duration::from_secs(9))),
            exclusive: Some(true),
            feedback: Some(true),
            external: Some(true),
        };
        let wanted = Qos {
            overflow: Overflow::DropNewest,
            depth: 7,
            priority: TopicPriority::Low,
            message_bytes_max: 99,
            latched: true,
            lifespan: None,
            deadline: Some(Duration::from_secs(9)),
            exclusive: true,
            feedback: true,
            external: true,
        };
        assert_eq!(all.apply(topics::RANGE.qos()), wanted);
        assert_eq!(all.keys(), differences(&wanted, &topics::RANGE.qos()));
        assert_eq!(all.keys().len(), 10);
        assert_eq!(QosOverride::default().apply(topics::RANGE.qos()), topics::RANGE.qos());
    }

    #[test]
    fn names_have_parts_of_few_letters() {
        let longest = "a".repeat(128);
        for right in ["range", "front/range", "a/b/c_2", &longest] {
            assert!(is_topic_name(right), "{right}");
        }
        let too_long = "a".repeat(129);
        for wrong in ["", "/range", "range/", "a//b", "Range", "rear range", "räng", &too_long] {
            assert!(!is_topic_name(wrong), "{wrong}");
        }
        assert!(is_namespace("front/left") && !is_namespace("/front") && !is_namespace(""));
        assert!(is_namespace(&"a".repeat(48)) && !is_namespace(&"a".repeat(49)));
    }
}
