//! The robot as a whole.

use nevil_runtime::limits::ZOMBIES_MAX;

use super::breaker::BREAKER;
use super::language::{ARGUMENT, DEFAULTS, INCLUDE, MODE};
use super::node::{GROUP, NODE};
use super::topic::TOPIC;
use super::{Key, Kind, Section, key};
use crate::limits::{
    BUS_BYTES_MAX, BUS_BYTES_MIN, CORE_MAX, MEMORY_LIMIT_MAX, MEMORY_LIMIT_MIN, SHUTDOWN_TIMEOUT_MAX,
    SHUTDOWN_TIMEOUT_MIN, START_TIMEOUT_MAX, START_TIMEOUT_MIN, THREAD_PERCENT_MAX, WATCHDOG_TIMEOUT_MAX,
    WATCHDOG_TIMEOUT_MIN,
};

pub(crate) const ROBOT: &Section = &Section {
    place: "",
    about: "the robot",
    keys: &[
        key("robot", Kind::Text, "name of the robot")
            .required()
            .range("1 to 48 of `a-z`, `0-9`, `_`, `-`"),
        key("args", Kind::Entries(&Kind::OneOf(&[Kind::Scalar, Kind::Map(ARGUMENT)]), "arguments by name"), "what can be said of it on the command line")
            .otherwise("none"),
        key(
            "environment",
            Kind::Entries(&Kind::Scalar, "values by name"),
            "environment variables that are set for the process before any node is configured",
        )
        .otherwise("none"),
        key(
            "include",
            Kind::List(&Kind::OneOf(&[Kind::Path, Kind::Map(INCLUDE)]), "paths, or of maps"),
            "launch files that this one builds on",
        )
        .default("[]"),
        key("log", Kind::Text, "which records are written; `nevil log` changes that while the robot runs")
            .otherwise("`info`")
            .range("levels, as in [`NEVIL_LOG`](environment.md), which goes before it"),
        key("defaults", Kind::Map(DEFAULTS), "what holds for all nodes that do not say otherwise")
            .otherwise("nothing"),
        key(
            "modes",
            Kind::Entries(&Kind::Map(MODE), "modes by name"),
            "variations between which a running robot can be switched; the first is the one it starts in",
        )
        .otherwise("none"),
        key(
            "shutdown_timeout",
            Kind::Duration(SHUTDOWN_TIMEOUT_MIN, SHUTDOWN_TIMEOUT_MAX),
            "how long all nodes together may take to stop; when one has used it up, each of the others still has 1 s",
        )
        .default("5s"),
        key(
            "start_timeout",
            Kind::Duration(START_TIMEOUT_MIN, START_TIMEOUT_MAX),
            "how long each node may take for each phase of its start",
        )
        .default("10s"),
        key(
            "lock_memory",
            Kind::Choice(&["off", "try", "require"]),
            "whether the memory of the process stays out of the swap: no; if the kernel allows it; yes, or nothing is \
             started",
        )
        .default("off"),
        key(
            "on_denied",
            Kind::Choice(&["warn", "fail"]),
            "what happens if the kernel denies a thread its policy, priority or cores: the thread runs with what it got \
             and the robot says so, or the robot does not start",
        )
        .default("warn"),
        key("memory", Kind::Map(MEMORY), "memory that the robot may take").otherwise("see below"),
        key(
            "zombies_max",
            Kind::Integer(0, ZOMBIES_MAX as i64),
            "threads of hung callbacks that the robot may keep; one more stops it",
        )
        .default("4"),
        key("watchdog", Kind::Map(WATCHDOG), "who watches the robot from outside").otherwise("see below"),
        key(
            "breakers",
            Kind::Entries(&Kind::Map(BREAKER), "policies by name"),
            "policies of breakers that nodes and callbacks name",
        )
        .otherwise("none")
        .range("up to 128"),
        key("resources", Kind::Map(RESOURCES), "how much the robot may use").otherwise("no limits"),
        key("groups", Kind::Entries(&Kind::Map(GROUP), "groups by name"), "nodes that fail together")
            .otherwise("none")
            .range("up to 128 groups"),
        key("topics", Kind::Entries(&Kind::Map(TOPIC), "topics by name"), "how their messages are carried")
            .otherwise("as their code says")
            .range("topics of the robot"),
        key("nodes", Kind::Entries(&Kind::Map(NODE), "nodes by name"), "the nodes of the robot")
            .required()
            .range("1 to 128 nodes"),
    ],
};

pub(crate) const MEMORY: &Section = &Section {
    place: "memory",
    about: "memory that the robot may take",
    keys: &[key(
        "bus_max",
        Kind::Size(BUS_BYTES_MIN, BUS_BYTES_MAX),
        "what the messages of all topics together may take when every queue is full; a robot that could take more is \
         not started",
    )
    .default("64MiB")],
};

pub(crate) const WATCHDOG: &Section = &Section {
    place: "watchdog",
    about: "who watches the robot from outside",
    keys: &[
        key(
            "systemd",
            Kind::Choice(&["auto", "off"]),
            "whether a service manager that has set `NOTIFY_SOCKET` is told that the robot is ready, lives and stops",
        )
        .default("auto"),
        key(
            "device",
            Kind::Path,
            "the hardware's watchdog, such as `/dev/watchdog`, which resets the machine when it is not fed",
        )
        .otherwise("none")
        .range("begins with `/`"),
        key(
            "timeout",
            Kind::Duration(WATCHDOG_TIMEOUT_MIN, WATCHDOG_TIMEOUT_MAX),
            "after how long it does so; whole seconds",
        )
        .default("14s")
        .range("only with `device`"),
    ],
};

pub(crate) const RESOURCES: &Section = &Section {
    place: "resources",
    about: "how much the robot may use",
    keys: &[
        key("memory", Kind::Map(LIMITS_OF_MEMORY), "memory of the process that is in the machine")
            .otherwise("no limits"),
        key(
            "cpu_percent",
            Kind::Map(LIMITS_OF_ROBOT),
            "computing time of all threads of the process, in percent of one core",
        )
        .otherwise("no limits"),
    ],
};

pub(crate) const LIMITS_OF_MEMORY: &Section = &Section {
    place: "resources.memory",
    about: "limits of the memory of the process",
    keys: &limits(
        Kind::Size(MEMORY_LIMIT_MIN, MEMORY_LIMIT_MAX),
        Kind::Size(MEMORY_LIMIT_MIN, MEMORY_LIMIT_MAX),
        Kind::Size(MEMORY_LIMIT_MIN, MEMORY_LIMIT_MAX),
    ),
};

/// Most percent of one core that all threads together can have.
const ROBOT_PERCENT_MAX: i64 = THREAD_PERCENT_MAX as i64 * (CORE_MAX as i64 + 1);

pub(crate) const LIMITS_OF_ROBOT: &Section = &Section {
    place: "resources.cpu_percent",
    about: "limits of the computing time of the process",
    keys: &limits(
        Kind::Integer(1, ROBOT_PERCENT_MAX),
        Kind::Integer(1, ROBOT_PERCENT_MAX),
        Kind::Integer(1, ROBOT_PERCENT_MAX),
    ),
};

pub(crate) const LIMITS_OF_THREAD: &Section = &Section {
    place: "nodes.<name>.resources.cpu_percent",
    about: "limits of the computing time of a node's thread",
    keys: &limits(
        Kind::Integer(1, THREAD_PERCENT_MAX as i64),
        Kind::Integer(1, THREAD_PERCENT_MAX as i64),
        Kind::Integer(1, THREAD_PERCENT_MAX as i64),
    ),
};

/// The limits of something, of which each is of the same kind.
const fn limits(warn: Kind, act: Kind, emergency: Kind) -> [Key; 3] {
    [
        key("warn", warn, "from here on the operator is told").otherwise("none"),
        key("act", act, "from here on the node is started again, or the robot stops optional nodes")
            .otherwise("none")
            .range("not below `warn`"),
        key("emergency", emergency, "from here on an emergency stop holds")
            .otherwise("none")
            .range("not below the others"),
    ]
}
