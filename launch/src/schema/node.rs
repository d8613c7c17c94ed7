//! Nodes: their threads, callbacks and supervision.

use std::time::Duration;

use nevil_runtime::limits::{
    CALLBACK_EXTEND_MAX, CALLBACK_TIMEOUT_MAX, CALLBACK_TIMEOUT_MIN, HANG_GRACE_MAX, HANG_GRACE_MIN,
    NODE_PRIORITY_MAX,
};

use super::breaker::BREAKER;
use super::language::{IF, UNLESS};
use super::robot::LIMITS_OF_THREAD;
use super::topic::SUBSCRIPTION;
use super::{Key, Kind, Section, key};
use crate::limits::{
    CORE_MAX, NICE_MAX, NICE_MIN, RESTART_DELAY_MAX, RESTART_DELAY_START_MAX, RESTART_INTENSITY_MAX,
    RESTART_PERIOD_MAX, RESTART_PERIOD_MIN, SPIN_MAX, STACK_BYTES_MAX, STACK_BYTES_MIN, START_TIMEOUT_MAX,
    START_TIMEOUT_MIN,
};

pub(super) const THREAD_KEY: Key =
    key("thread", Kind::Map(THREAD), "how its thread is scheduled").otherwise("see below");

pub(super) const REQUIRED: Key =
    key("required", Kind::Bool, "whether the robot is worth nothing without it").default("true");

pub(super) const RESTART_KEY: Key = key(
    "restart",
    Kind::OneOf(&[Kind::Choice(&["permanent", "transient", "temporary"]), Kind::Map(RESTART)]),
    "when it is started again: always, after a failure, never; as a map, see below",
)
.default("transient");

pub(super) const ON_INPUT_DOWN: Key = key(
    "on_input_down",
    Kind::Choice(&["pause", "continue"]),
    "what it does while a node that it depends on is down",
)
.default("pause");

pub(super) const ON_HANG: Key = key(
    "on_hang",
    Kind::Choice(&["replace", "safe_stop"]),
    "what follows if a callback hangs: another instance takes over, or the robot stops safely",
)
.default("replace");

pub(super) const ON_PANIC: Key = key(
    "on_panic",
    Kind::Choice(&["replace", "keep"]),
    "what follows if a callback panics: another instance takes over, or it goes on as it is",
)
.default("replace");

pub(super) const TIMEOUT: Key = key(
    "timeout",
    Kind::Duration(CALLBACK_TIMEOUT_MIN, CALLBACK_TIMEOUT_MAX),
    "how long a callback may take",
)
.default("100ms");

pub(super) const HANG_GRACE: Key = key(
    "hang_grace",
    Kind::Duration(HANG_GRACE_MIN, HANG_GRACE_MAX),
    "how much longer it may take until it is taken for hung",
)
.default("400ms");

pub(super) const EXTEND_MAX: Key = key(
    "extend_max",
    Kind::Duration(Duration::ZERO, CALLBACK_EXTEND_MAX),
    "most that one call may ask for besides",
)
.default("30s");

pub(super) const SAFETY: Key =
    key("safety", Kind::Bool, "whether its callbacks are called during an emergency stop too")
        .default("false");

pub(super) const BREAKER_KEY: Key = key(
    "breaker",
    Kind::OneOf(&[Kind::Text, Kind::Map(BREAKER)]),
    "the policy of its callbacks' breakers, see below",
)
.otherwise("five failures in a row open it for 60 s")
.range("a policy of `breakers`, a preset, or a policy itself");

pub(super) const RESOURCES_KEY: Key =
    key("resources", Kind::Map(NODE_RESOURCES), "how much its thread may use").otherwise("no limits");

pub(crate) const NODE: &Section = &Section {
    place: "nodes.<name>",
    about: "a node",
    keys: &[
        key("type", Kind::NodeType, "which node it is").otherwise("the node's name").range("a node type of the robot"),
        IF,
        UNLESS,
        key("params", Kind::Params, "its parameters").otherwise("no parameters").range("as the node type says"),
        key(
            "degraded",
            Kind::Params,
            "parameters that differ while a breaker of the node is open (of at least `degrade`); the others are as in \
             `params`",
        )
        .otherwise("none")
        .range("as the node type says"),
        THREAD_KEY,
        REQUIRED,
        key("depends_on", Kind::List(&Kind::Text, "node names"), "nodes that are started before it")
            .default("[]")
            .range("other nodes of the file, each once"),
        key(
            "ready",
            Kind::OneOf(&[Kind::Choice(&["activate", "called"]), Kind::Map(READY)]),
            "when nodes that depend on it are activated: when it is active; when its code has called `ctx.ready()`; or as a \
             map, see below",
        )
        .default("activate")
        .otherwise("or `called` of a node that declares it"),
        key("paused", Kind::Bool, "whether none of its callbacks is called until `nevil node resume`").default("false"),
        key(
            "namespace",
            Kind::Text,
            "put in front of the names of its topics: `range` becomes `front/range`",
        )
        .otherwise("none")
        .range("1 to 48 of `a-z`, `0-9`, `_`, in parts separated by `/`"),
        key(
            "remap",
            Kind::Entries(&Kind::Text, "names"),
            "topics that it calls otherwise: from the name in its code to the other one",
        )
        .otherwise("none")
        .range("topics in its code"),
        key(
            "subscriptions",
            Kind::Entries(&Kind::Map(SUBSCRIPTION), "rules by topic"),
            "how messages are carried to single subscriptions",
        )
        .otherwise("as their topics say")
        .range("topics to which its code subscribes, or `\"*\"`"),
        RESTART_KEY,
        key("group", Kind::Text, "the group that it is in").otherwise("none").range("a group of the file"),
        ON_INPUT_DOWN,
        ON_HANG,
        ON_PANIC,
        TIMEOUT,
        HANG_GRACE,
        EXTEND_MAX,
        SAFETY,
        BREAKER_KEY,
        key(
            "callbacks",
            Kind::Entries(&Kind::Map(CALLBACK), "callbacks by name"),
            "what is different for single ones: `timeout`, `hang_grace`, `extend_max`, `safety`, `breaker`",
        )
        .otherwise("none")
        .range("callbacks of the node"),
        RESOURCES_KEY,
    ],
};

/// Keys that a node has too: there they hold for all callbacks that do not say otherwise.
pub(crate) const CALLBACK: &Section = &Section {
    place: "nodes.<name>.callbacks.<name>",
    about: "a callback of a node",
    keys: &[TIMEOUT, HANG_GRACE, EXTEND_MAX, SAFETY, BREAKER_KEY],
};

pub(crate) const NODE_RESOURCES: &Section = &Section {
    place: "nodes.<name>.resources",
    about: "how much a node's thread may use",
    keys: &[key(
        "cpu_percent",
        Kind::Map(LIMITS_OF_THREAD),
        "computing time of its thread, in percent of one core",
    )
    .otherwise("no limits")],
};

pub(crate) const READY: &Section = &Section {
    place: "nodes.<name>.ready",
    about: "what makes a node ready",
    keys: &[
        key("topic", Kind::Text, "it is ready with its first message there in each life")
            .required()
            .range("a topic that the node publishes on"),
        key(
            "timeout",
            Kind::Duration(START_TIMEOUT_MIN, START_TIMEOUT_MAX),
            "how long after its activation that may take; then its start has failed",
        )
        .otherwise("`start_timeout`")
        .range("at most `start_timeout`"),
    ],
};

pub(crate) const THREAD: &Section = &Section {
    place: "nodes.<name>.thread",
    about: "how the thread of a node is scheduled",
    keys: &[
        key(
            "policy",
            Kind::Choice(&["normal", "fifo", "rr"]),
            "time sharing; real time until it sleeps; real time in turns with threads of its priority",
        )
        .default("normal"),
        key("nice", Kind::Integer(NICE_MIN as i64, NICE_MAX as i64), "higher is nicer to others")
            .default("0")
            .range("only with `normal`"),
        key(
            "priority",
            Kind::Integer(1, NODE_PRIORITY_MAX as i64),
            "higher goes first; the safety thread, at 89, is above all nodes",
        )
        .otherwise("must be given with `fifo` and `rr`")
        .range("only with `fifo` and `rr`"),
        key(
            "cores",
            Kind::OneOf(&[
                Kind::Choice(&["auto", "isolated"]),
                Kind::List(&Kind::Integer(0, CORE_MAX as i64), "integers"),
            ]),
            "wherever the scheduler puts it; cores that the kernel keeps free (`isolcpus`); these",
        )
        .default("auto")
        .range("each once, at least one"),
        key(
            "stack",
            Kind::Size(STACK_BYTES_MIN, STACK_BYTES_MAX),
            "size of its stack; memory is only taken as it is touched",
        )
        .default("512KiB"),
        key("wait", Kind::Map(WAIT), "how it waits for something to do").otherwise("sleeps at once"),
    ],
};

pub(crate) const WAIT: &Section = &Section {
    place: "nodes.<name>.thread.wait",
    about: "how a thread waits for something to do",
    keys: &[key(
        "spin",
        Kind::Duration(Duration::ZERO, SPIN_MAX),
        "how long it looks again and again before it sleeps; it answers sooner, and keeps a core busy that long after \
         each turn",
    )
    .default("0s")],
};

pub(crate) const RESTART: &Section = &Section {
    place: "nodes.<name>.restart",
    about: "how a node is started again",
    keys: &[
        key("policy", Kind::Choice(&["permanent", "transient", "temporary"]), "always; after a failure; never")
            .default("transient"),
        key(
            "intensity",
            Kind::Integer(0, RESTART_INTENSITY_MAX as i64),
            "restarts within `period` that are allowed; one more fails its group",
        )
        .default("3"),
        key(
            "period",
            Kind::Duration(RESTART_PERIOD_MIN, RESTART_PERIOD_MAX),
            "the time in which they are counted; after as long without a failure the delay is back at its start",
        )
        .default("60s"),
        key(
            "delay",
            Kind::Duration(Duration::ZERO, RESTART_DELAY_START_MAX),
            "time before the first restart; each further one waits twice as long",
        )
        .default("100ms"),
        key("delay_max", Kind::Duration(Duration::ZERO, RESTART_DELAY_MAX), "most that a restart waits")
            .default("10s")
            .otherwise("or `delay` if that is longer")
            .range("at least `delay`"),
    ],
};

pub(crate) const GROUP: &Section = &Section {
    place: "groups.<name>",
    about: "nodes that fail together",
    keys: &[
        key(
            "strategy",
            Kind::Choice(&["one_for_one", "rest_for_one", "one_for_all"]),
            "who is started again with a node that failed: nobody; those of the group that are started after it; all of \
             the group",
        )
        .default("one_for_one"),
        key(
            "intensity",
            Kind::Integer(0, RESTART_INTENSITY_MAX as i64),
            "how often within `period` the whole group is started again, because a node of it was restarted too often",
        )
        .default("1"),
        key("period", Kind::Duration(RESTART_PERIOD_MIN, RESTART_PERIOD_MAX), "the time in which that is counted")
            .default("60s"),
        IF,
        UNLESS,
    ],
};
