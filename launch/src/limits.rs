//! Every bound of launch files and of tools, in one place.

use std::time::Duration;

/// Most nodes of a robot. Each has a thread, and a person has to keep them apart.
pub const NODES_MAX: usize = 128;

/// How long no file has to be written until a launch that watches its file reads it again: an editor writes more than once.
pub const WATCH_SETTLE: Duration = Duration::from_millis(100);

/// Bytes for what the kernel tells at a time of files that were written; a longer list comes in parts.
pub const WATCH_EVENT_BYTES: usize = 4096;

/// Most events that are waited to end: who writes in that folder again and again must not keep the file from being read.
pub const WATCH_EVENTS_MAX: usize = 50;

/// Most files that a launch file may include, directly or not.
pub const INCLUDES_MAX: usize = 64;

/// Most includes within one another. Each is a step of recursion.
pub const INCLUDE_DEPTH_MAX: usize = 8;

/// Shortest `shutdown_timeout`: an actuator has to be made safe within it.
pub const SHUTDOWN_TIMEOUT_MIN: Duration = Duration::from_millis(100);

/// Longest `shutdown_timeout`: service managers kill after 90 s.
pub const SHUTDOWN_TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// `shutdown_timeout` where the file says nothing.
pub const SHUTDOWN_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);

/// How long a node may take for its end at least, once another has hung and used up `shutdown_timeout`: that one must not
/// keep the others from ending well. Twice what its drivers may take.
pub const END_WAIT_MIN: Duration = Duration::from_secs(1);

/// Shortest `start_timeout`: a device on a slow bus takes some of it.
pub const START_TIMEOUT_MIN: Duration = Duration::from_millis(100);

/// Longest `start_timeout`: a large model comes from an SD card within it.
pub const START_TIMEOUT_MAX: Duration = Duration::from_secs(600);

/// `start_timeout` where the file says nothing.
pub const START_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// Least niceness of a thread, and most: what the kernel knows.
pub const NICE_MIN: i8 = -20;

/// See there.
pub const NICE_MAX: i8 = 19;

/// Most percent of one core that a thread can have.
pub const THREAD_PERCENT_MAX: u64 = 100;

/// Smallest stack of a node's thread, in bytes; below it not even the runtime's own frames are sure of their place.
pub const STACK_BYTES_MIN: u64 = 64 * 1024;

/// Largest stack of a node's thread, in bytes: eight times what Linux gives the first thread of a process.
pub const STACK_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Longest time that a thread may look for work before it sleeps. Beyond it the core would be busy for nothing at all
/// but the fastest rates, and real-time threads below it would starve.
pub const SPIN_MAX: Duration = Duration::from_millis(10);

/// Restarts of a node within `RESTART_PERIOD_DEFAULT` that are allowed where the file says nothing: what fails a fourth time
/// will not be mended by a fifth start.
pub const RESTART_INTENSITY_DEFAULT: u32 = 3;

/// Most that can be said for it.
pub const RESTART_INTENSITY_MAX: u32 = 100;

/// The time in which restarts are counted where the file says nothing: longer than four starts with their delays take.
pub const RESTART_PERIOD_DEFAULT: Duration = Duration::from_secs(60);

/// Shortest time in which restarts can be counted.
pub const RESTART_PERIOD_MIN: Duration = Duration::from_secs(1);

/// Longest time in which restarts can be counted.
pub const RESTART_PERIOD_MAX: Duration = Duration::from_secs(3600);

/// Time before the first restart where the file says nothing: what a device needs that was just closed.
pub const RESTART_DELAY_DEFAULT: Duration = Duration::from_millis(100);

/// Longest time before the first restart.
pub const RESTART_DELAY_START_MAX: Duration = Duration::from_secs(60);

/// Most that a restart waits where the file says nothing: a person beside the robot waits no longer.
pub const RESTART_DELAY_MAX_DEFAULT: Duration = Duration::from_secs(10);

/// Most that can be said for it.
pub const RESTART_DELAY_MAX: Duration = Duration::from_secs(600);

/// How often a whole group is started again within its period where the file says nothing.
pub const GROUP_INTENSITY_DEFAULT: u32 = 1;

/// Most groups of a robot: one for each node.
pub const GROUPS_MAX: usize = NODES_MAX;

/// Most policies of breakers that a file names: one for each node.
pub const BREAKERS_MAX: usize = NODES_MAX;

/// Calls that must be in a breaker's window before it is judged, where nothing is said: fewer make no rate.
pub const BREAKER_MIN_CALLS_DEFAULT: u32 = 10;

/// Buckets of a breaker's time window where nothing is said: what is looked at is then at most a tenth shorter than it says.
pub const BREAKER_BUCKETS_DEFAULT: u32 = 10;

/// Smallest rate that opens a breaker: below one call of the largest window it would open with the first one.
pub const BREAKER_RATE_MIN: f32 = 0.001;

/// Shortest time in the policy of a breaker. A shorter one is over before anybody has noticed.
pub const BREAKER_TIME_MIN: Duration = Duration::from_millis(1);

/// Most that an open time can grow by at once.
pub const BREAKER_MULTIPLIER_MAX: f32 = 1000.0;

/// Most kinds of errors that a breaker can ignore.
pub const BREAKER_KINDS_MAX: usize = 32;

/// Most values that are changed at once while a robot runs: more than a policy has.
pub const BREAKER_CHANGES_MAX: usize = 64;

/// Time-out of the hardware's watchdog where the file says nothing, and the longest one: that of a Raspberry Pi takes no
/// more than 15 s.
pub const WATCHDOG_TIMEOUT_MAX: Duration = Duration::from_secs(14);

/// Shortest time-out of the hardware's watchdog: it counts in seconds, and is fed twice within.
pub const WATCHDOG_TIMEOUT_MIN: Duration = Duration::from_secs(2);

/// Ends that nobody ordered within `CRASH_LOOP_WITHIN` that make a crash loop.
pub const CRASH_LOOP_ENDS: usize = 3;

/// See there; a service manager that starts a robot again at once gets there in some seconds.
pub const CRASH_LOOP_WITHIN: Duration = Duration::from_secs(60);

/// Most such ends that are kept: some more than one has to see.
pub const CRASHES_MAX: usize = 32;

/// Most bytes of the file in which they are kept: each names a callback of every node at most.
pub const CRASHES_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// How often what the kernel says of memory and computing time is read, and the heartbeats of nodes are published.
pub const BEAT_EVERY: Duration = Duration::from_secs(1);

/// How often the statistics of all breakers are published.
pub const BREAKER_STATS_EVERY: Duration = Duration::from_secs(5);

/// Most messages on one topic in one look: fewer than the tap of a tool keeps.
pub const TOLD_PER_LOOK: usize = 48;

/// Time until the next look while there are more; a tool shows what it has within it.
pub const TOLD_PAUSE: Duration = Duration::from_millis(50);

/// Shortest time between two looks at the robot's health that something has caused: what fails a thousand times a second takes
/// no core for that.
pub const HEALTH_LOOK_MIN: Duration = Duration::from_millis(10);

/// How long repeats of an alert are held back: a person reads the first of them in this time.
pub const ALERT_WINDOW: Duration = Duration::from_secs(10);

/// Most sources and kinds of alerts of which repeats are known: two for each node of the largest robot.
pub const ALERT_SOURCES_MAX: usize = 256;

/// Most events that wait for the thread that tells them.
pub const EVENTS_MAX: usize = 256;

/// Breakers that open within `INCIDENT_WITHIN` and are told as one incident.
pub const INCIDENT_BREAKERS: usize = 5;

/// See there: what has one cause fails within about one period of the nodes.
pub const INCIDENT_WITHIN: Duration = Duration::from_millis(50);

/// Readings in a row that reach a limit of a resource, or leave it: one alone may be chance.
pub const STRAIN_READINGS: u32 = 3;

/// Readings after which something is done once more about a limit that is still reached: a node that was stopped has given
/// back by then what it had.
pub const STRAIN_AGAIN: u32 = 10;

/// Least that can be said for a limit of the robot's memory: no robot takes less.
pub const MEMORY_LIMIT_MIN: u64 = 1024 * 1024;

/// Most that can be said for it.
pub const MEMORY_LIMIT_MAX: u64 = 1024 * 1024 * 1024 * 1024;

/// Memory of all topics together where the file says nothing: a sixteenth of a small Raspberry Pi.
pub const BUS_BYTES_DEFAULT: u64 = 64 * 1024 * 1024;

/// Least that can be said for it: not even one topic of texts fits into less.
pub const BUS_BYTES_MIN: u64 = 64 * 1024;

/// Most that can be said for it: the memory of the largest Raspberry Pi.
pub const BUS_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;

/// Least that can be said for one message; what its type takes is found out by the plan.
pub const MESSAGE_BYTES_MIN: u64 = 1;

/// Most that can be said for one message. More than a picture is bulk data, which belongs into a ring.
pub const MESSAGE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Most loops of nodes that a plan lists; who has mended these sees the next ones.
pub const CYCLES_MAX: usize = 16;

/// Topics that are named when the memory of all is too large.
pub const TOPICS_NAMED_MAX: usize = 3;

/// Highest number of a core that the kernel's own tables name.
pub const CORE_MAX: usize = 1023;

/// Most bytes of a socket's path: the kernel keeps 108, the zero at its end among them.
pub const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Attempts at the lock of a robot: a tool that asks which robots run holds it for some microseconds.
pub const LOCK_ATTEMPTS_MAX: u32 = 5;

/// Time between these attempts.
pub const LOCK_ATTEMPT_EVERY: Duration = Duration::from_millis(10);

/// Most tools that are connected to a robot at once; each has a thread there.
pub const CONTROL_CONNECTIONS_MAX: usize = 16;

/// Most bytes of a request, its line end among them. A message that a person types is far smaller.
pub const CONTROL_REQUEST_BYTES_MAX: usize = 64 * 1024;

/// Most bytes of an answer that a tool takes: some thousand topics.
pub const CONTROL_ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long a connection may take until its next request is complete.
pub const CONTROL_REQUEST_WAIT: Duration = Duration::from_secs(30);

/// How long a tool may take to read what it asked for, before it is disconnected.
pub const CONTROL_WRITE_WAIT: Duration = Duration::from_secs(1);

/// How long a tool waits for the robot's answer.
pub const CONTROL_ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Most orders of operators that wait for the supervisor, which does each at once.
pub const OPERATOR_ORDERS_MAX: usize = 16;

/// How much longer than it said who gave an order waits for its answer: the supervisor may be busy.
pub const OPERATOR_ANSWER_GRACE: Duration = Duration::from_millis(500);

/// How long an operator waits until a node has paused or goes on: until its callback has ended, or is given up.
pub const NODE_PAUSE_WAIT: Duration = Duration::from_secs(4);

/// Longest that an operator can wait for the restart of a node.
pub const NODE_RESTART_WAIT_MAX: Duration = Duration::from_secs(600);

const _: () = assert!(
    NODE_PAUSE_WAIT.as_millis() + OPERATOR_ANSWER_GRACE.as_millis() < CONTROL_ANSWER_WAIT.as_millis(),
    "the robot answers before the tool gives up"
);

/// How long the end of the control socket waits for the threads of connections.
pub const CONTROL_STOP_WAIT: Duration = Duration::from_millis(500);

/// Pause after a connection that could not be accepted, such as for lack of file handles.
pub const CONTROL_ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Stack of a thread of the control socket. The deepest thing on it is a YAML text of 64 levels.
pub const CONTROL_STACK_BYTES: usize = 512 * 1024;

/// Stack of the thread that plans a robot once more while it runs: that of the main thread, on which it was planned before.
pub const CHECK_STACK_BYTES: usize = 8 * 1024 * 1024;

/// Niceness of these threads: nodes without real-time rights go first.
pub const CONTROL_NICE: i32 = 5;

/// How often an echo looks for messages. A person reads no faster.
pub const ECHO_EVERY: Duration = Duration::from_millis(20);

/// Shortest time between two looks of a watch: a tool that measures delays sees them no finer, and a core of a small
/// Raspberry Pi is busy with it for some hundredths.
pub const WATCH_EVERY_MIN: Duration = Duration::from_millis(1);

/// Longest time between two looks of a watch: what it keeps is lapped within it at 64 messages a second.
pub const WATCH_EVERY_MAX: Duration = Duration::from_secs(1);

/// Most messages that an echo sends in one look; the tap keeps fewer of each publisher, so that only a topic with many
/// publishers reaches it.
pub const ECHO_MESSAGES_MAX: usize = 512;

/// Bytes after which an echo sends what it has, so that large messages do not pile up.
pub const ECHO_BATCH_BYTES: usize = 256 * 1024;

const _: () = assert!(SHUTDOWN_TIMEOUT_MIN.as_millis() <= SHUTDOWN_TIMEOUT_DEFAULT.as_millis());
const _: () = assert!(SHUTDOWN_TIMEOUT_DEFAULT.as_millis() <= SHUTDOWN_TIMEOUT_MAX.as_millis());
const _: () =
    assert!(END_WAIT_MIN.as_millis() >= 2 * nevil_runtime::limits::DRIVER_STOP_DEADLINE.as_millis());
const _: () = assert!(CRASH_LOOP_ENDS <= CRASHES_MAX);
const _: () = assert!(RESTART_INTENSITY_DEFAULT <= RESTART_INTENSITY_MAX);
const _: () = assert!(RESTART_PERIOD_MIN.as_millis() <= RESTART_PERIOD_DEFAULT.as_millis());
const _: () = assert!(RESTART_PERIOD_DEFAULT.as_millis() <= RESTART_PERIOD_MAX.as_millis());
const _: () = assert!(RESTART_DELAY_DEFAULT.as_millis() <= RESTART_DELAY_MAX_DEFAULT.as_millis());
const _: () = assert!(RESTART_DELAY_MAX_DEFAULT.as_millis() <= RESTART_DELAY_MAX.as_millis());
const _: () = assert!(RESTART_DELAY_START_MAX.as_millis() <= RESTART_DELAY_MAX.as_millis());
const _: () = assert!(WATCHDOG_TIMEOUT_MIN.as_millis() <= WATCHDOG_TIMEOUT_MAX.as_millis());
const _: () = assert!(BUS_BYTES_MIN <= BUS_BYTES_DEFAULT && BUS_BYTES_DEFAULT <= BUS_BYTES_MAX);
const _: () = assert!(MESSAGE_BYTES_MAX <= u32::MAX as u64, "a topic holds it in 32 bits");
const _: () = assert!(START_TIMEOUT_MIN.as_millis() <= START_TIMEOUT_DEFAULT.as_millis());
const _: () = assert!(START_TIMEOUT_DEFAULT.as_millis() <= START_TIMEOUT_MAX.as_millis());
const _: () = assert!(nevil_runtime::limits::STACK_BYTES_DEFAULT as u64 >= STACK_BYTES_MIN);
const _: () = assert!(nevil_runtime::limits::STACK_BYTES_DEFAULT as u64 <= STACK_BYTES_MAX);
