//! Policies of breakers.

use nevil_runtime::limits::{
    BREAKER_BUCKETS_MAX, BREAKER_PERMITS_MAX, BREAKER_TIME_MAX, BREAKER_WINDOW_CALLS_MAX,
};

use super::{Kind, Section, key};
use crate::limits::{BREAKER_MULTIPLIER_MAX, BREAKER_RATE_MIN, BREAKER_TIME_MIN};

const OFF: Kind = Kind::Choice(&["off"]);
const TIME: Kind = Kind::Duration(BREAKER_TIME_MIN, BREAKER_TIME_MAX);
const COUNT: Kind = Kind::Integer(1, u32::MAX as i64);
const SHARE: Kind = Kind::OneOf(&[Kind::Number(BREAKER_RATE_MIN, 1.0), OFF]);

pub(crate) const BREAKER: &Section = &Section {
    place: "breakers.<name>",
    about: "the policy of a breaker",
    keys: &[
        key("preset", Kind::Text, "the policy that this one begins with").otherwise("none").range("a preset, see below"),
        key("failures", Kind::OneOf(&[COUNT, OFF]), "failures in a row that open the circuit")
            .default("5")
            .otherwise("or `off` if there is a `rate`; that of the preset, if there is one"),
        key("rate", Kind::OneOf(&[Kind::Map(RATE), OFF]), "a share of the calls that opens it").default("off"),
        key("slow_after", TIME, "from when on a call is slow").otherwise("the period of a timer, else the `timeout`"),
        key("open", TIME, "how long the circuit stays open before a probe").default("60s"),
        key("backoff", Kind::Map(BACKOFF), "how that time grows").otherwise("does not grow"),
        key("half_open", Kind::Map(HALF_OPEN), "how the circuit closes again").otherwise("one probe"),
        key(
            "concurrent_max",
            Kind::OneOf(&[Kind::Integer(1, u16::MAX as i64), OFF]),
            "calls under way at once, those that were timed out and have not returned included",
        )
        .default("off"),
        key(
            "ignore",
            Kind::List(&Kind::Text, "texts"),
            "kinds of errors that say nothing about the health of what is called",
        )
        .default("[]")
        .range("up to 32"),
        key(
            "criticality",
            Kind::Choice(&["ignore", "degrade", "stop_node", "safe_stop"]),
            "what an open circuit means for the robot: nothing; it goes on and says so; the node has failed, and is \
             stopped and started again by its `restart`; the robot stops safely",
        )
        .default("degrade"),
    ],
};

pub(crate) const RATE: &Section = &Section {
    place: "breakers.<name>.rate",
    about: "a share of the calls that opens a circuit",
    keys: &[
        key(
            "window",
            Kind::Map(WINDOW),
            "which calls are looked at: the last `calls`, or those of the last `length`",
        )
        .required(),
        key("failure_rate", SHARE, "share of failed calls that opens the circuit")
            .default("off")
            .otherwise("but one of the two must be given"),
        key("slow_rate", SHARE, "share of slow calls that opens it").default("off"),
        key("min_calls", COUNT, "calls that must be in the window before it is judged")
            .default("10")
            .otherwise("or `calls` if that is less")
            .range("at most `calls`"),
    ],
};

pub(crate) const WINDOW: &Section = &Section {
    place: "breakers.<name>.rate.window",
    about: "the calls that are looked at",
    keys: &[
        key("calls", Kind::Integer(1, BREAKER_WINDOW_CALLS_MAX as i64), "the last so many calls")
            .range("not with the others"),
        key("length", TIME, "the calls of so long"),
        key(
            "buckets",
            Kind::Integer(1, BREAKER_BUCKETS_MAX as i64),
            "parts of that time, each of which is forgotten as a whole",
        )
        .default("10"),
    ],
};

pub(crate) const BACKOFF: &Section = &Section {
    place: "breakers.<name>.backoff",
    about: "how the open time of a circuit grows",
    keys: &[
        key(
            "multiplier",
            Kind::Number(1.0, BREAKER_MULTIPLIER_MAX),
            "each reopening is so many times as long as the one before",
        )
        .default("1"),
        key("max", TIME, "longest open time").default("1h"),
        key(
            "jitter",
            Kind::Number(0.0, 1.0),
            "share by which an open time may be shorter, so that breakers do not probe together",
        )
        .default("0"),
    ],
};

pub(crate) const HALF_OPEN: &Section = &Section {
    place: "breakers.<name>.half_open",
    about: "how a circuit closes again",
    keys: &[
        key("permits", Kind::Integer(1, BREAKER_PERMITS_MAX as i64), "probes under way at once").default("1"),
        key("successes", COUNT, "successes that close the circuit").default("1"),
        key("episode_max", TIME, "how long it may take until then; after that it is open again")
            .default("60s"),
    ],
};
