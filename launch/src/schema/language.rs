//! What the file is built from: arguments, other files, defaults, modes.

use super::breaker::BREAKER;
use super::node::{
    BREAKER_KEY, EXTEND_MAX, HANG_GRACE, ON_HANG, ON_INPUT_DOWN, ON_PANIC, REQUIRED, RESOURCES_KEY,
    RESTART_KEY, SAFETY, THREAD_KEY, TIMEOUT,
};
use super::robot::RESOURCES;
use super::topic::{MODE_TOPIC, SUBSCRIPTION};
use super::{Key, Kind, Section, key};

/// What a condition is written as.
const CONDITION: Kind =
    Kind::OneOf(&[Kind::Bool, Kind::Text, Kind::List(&Kind::OneOf(&[Kind::Bool, Kind::Text]), "conditions")]);

/// `if`, of what stands in a file only under a condition.
pub(super) const IF: Key =
    key("if", CONDITION, "whether it is there at all: if all of these conditions hold").otherwise("it is");

/// `unless`, its contrary.
pub(super) const UNLESS: Key =
    key("unless", CONDITION, "whether it is left out: if all of these conditions hold")
        .otherwise("it is not");

pub(crate) const ARGUMENT: &Section = &Section {
    place: "args.<name>",
    about: "an argument of the file",
    keys: &[
        key(
            "type",
            Kind::Choice(&["text", "integer", "number", "bool", "duration", "size", "angle", "path"]),
            "what may be given; an empty path is none, as if the key that it is put in were not written",
        )
        .otherwise("that of the default, else `text`"),
        key("default", Kind::Scalar, "what it is if it is not given").otherwise("it must be given"),
        key("description", Kind::Text, "what it is for, as `--show-args` tells it").otherwise("nothing"),
        key("choices", Kind::List(&Kind::Scalar, "values"), "the values that are allowed")
            .otherwise("all of the type"),
    ],
};

pub(crate) const INCLUDE: &Section = &Section {
    place: "include[]",
    about: "another launch file that this one builds on",
    keys: &[
        key("file", Kind::Path, "the file; its path is meant from the directory of this one").required(),
        key("args", Kind::Entries(&Kind::Scalar, "values by name"), "values of its arguments")
            .otherwise("its defaults"),
        key(
            "namespace",
            Kind::Text,
            "put before the namespaces of its nodes, and before the names of its `topics`",
        )
        .otherwise("none")
        .range("as of a node"),
        key("prefix", Kind::Text, "put before the names of its nodes, groups and breakers").otherwise("none"),
        IF,
        UNLESS,
    ],
};

pub(crate) const DEFAULTS: &Section = &Section {
    place: "defaults",
    about: "what holds for all nodes that do not say otherwise",
    keys: &[
        THREAD_KEY,
        REQUIRED,
        RESTART_KEY,
        ON_INPUT_DOWN,
        ON_HANG,
        ON_PANIC,
        TIMEOUT,
        HANG_GRACE,
        EXTEND_MAX,
        SAFETY,
        BREAKER_KEY,
        RESOURCES_KEY,
        key(
            "subscriptions",
            Kind::Map(SUBSCRIPTION),
            "how messages are kept for all subscriptions that do not say otherwise",
        )
        .otherwise("as their topics say"),
    ],
};

pub(crate) const MODE: &Section = &Section {
    place: "modes.<name>",
    about: "what differs in a mode",
    keys: &[
        key("nodes", Kind::Entries(&Kind::Map(MODE_NODE), "nodes by name"), "what differs of nodes")
            .otherwise("nothing")
            .range("nodes of the file"),
        key(
            "breakers",
            Kind::Entries(&Kind::Map(BREAKER), "policies by name"),
            "what differs of policies of breakers",
        )
        .otherwise("nothing")
        .range("policies of the file"),
        key("topics", Kind::Entries(&Kind::Map(MODE_TOPIC), "topics by name"), "what differs of topics")
            .otherwise("nothing")
            .range("topics of the robot"),
        key("resources", Kind::Map(RESOURCES), "limits that differ").otherwise("as in the file"),
        key("log", Kind::Text, "which records are written").otherwise("as in the file"),
    ],
};

pub(crate) const MODE_NODE: &Section = &Section {
    place: "modes.<name>.nodes.<name>",
    about: "what differs of a node in a mode",
    keys: &[
        key("paused", Kind::Bool, "whether its callbacks are not called").otherwise("as in the file"),
        key("params", Kind::Params, "parameters that differ; such that can be changed while it runs")
            .otherwise("as in the file"),
        BREAKER_KEY.otherwise("as in the file"),
        RESOURCES_KEY.otherwise("as in the file"),
    ],
};
