//! Topics and subscriptions: how messages are carried.

use nevil_runtime::limits::{QOS_TIME_MAX, QOS_TIME_MIN, QUEUE_DEPTH_MAX};

use super::language::{IF, UNLESS};
use super::{Key, Kind, Section, key};
use crate::limits::{MESSAGE_BYTES_MAX, MESSAGE_BYTES_MIN};

/// A time, or none.
const TIME: Kind = Kind::OneOf(&[Kind::Duration(QOS_TIME_MIN, QOS_TIME_MAX), Kind::Choice(&["off"])]);

const OVERFLOW: Key = key(
    "overflow",
    Kind::Choice(&["drop_oldest", "drop_newest", "latest"]),
    "what a full subscription does: the oldest message makes room; the new one is dropped; one place for all \
     publishers, where the newest wins",
);

const DEPTH: Key = key(
    "depth",
    Kind::Integer(1, QUEUE_DEPTH_MAX as i64),
    "messages that a subscription keeps of each publisher",
)
.range("1 with `latest`");

const PRIORITY: Key =
    key("priority", Kind::Choice(&["low", "normal", "high", "critical"]), "which topics a node serves first");

const LIFESPAN: Key = key("lifespan", TIME, "age from which a queued message is dropped");

const DEADLINE: Key = key("deadline", TIME, "silence that is reported");

pub(crate) const TOPIC: &Section = &Section {
    place: "topics.<name>",
    about: "a topic",
    keys: &[
        OVERFLOW.otherwise(IN_CODE),
        DEPTH.otherwise("as in the code; 1 or 10 if `overflow` is changed to or from `latest`"),
        PRIORITY.otherwise(IN_CODE),
        key(
            "message_bytes_max",
            Kind::Size(MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX),
            "most bytes of one message",
        )
        .otherwise(IN_CODE)
        .range("and what one takes without heap"),
        key("latched", Kind::Bool, "whether who comes later gets the last message of each publisher")
            .otherwise(IN_CODE)
            .range("not with `drop_newest`"),
        LIFESPAN.otherwise(IN_CODE),
        DEADLINE.otherwise(IN_CODE),
        key("exclusive", Kind::Bool, "whether one node alone may publish").otherwise(IN_CODE),
        key("feedback", Kind::Bool, "whether it closes a control loop").otherwise(IN_CODE),
        key(
            "external",
            Kind::Bool,
            "whether tools outside of the robot are its other end, so that nobody misses a node there",
        )
        .otherwise(IN_CODE),
        IF,
        UNLESS,
    ],
};

const IN_CODE: &str = "as in the code";

pub(crate) const SUBSCRIPTION: &Section = &Section {
    place: "nodes.<name>.subscriptions.<topic>",
    about: "how messages are carried to a subscription",
    keys: &[
        OVERFLOW.otherwise(OF_TOPIC),
        DEPTH.otherwise("as the topic; 1 or 10 if `overflow` is changed to or from `latest`"),
        PRIORITY.otherwise(OF_TOPIC),
        LIFESPAN.otherwise(OF_TOPIC),
        DEADLINE.otherwise(OF_TOPIC),
    ],
};

const OF_TOPIC: &str = "as the topic";

/// What of a topic a mode can change.
pub(crate) const MODE_TOPIC: &Section = &Section {
    place: "modes.<name>.topics.<name>",
    about: "what differs of a topic in a mode",
    keys: &[DEPTH.otherwise("as in the file")],
};
