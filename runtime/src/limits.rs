//! Every bound of the runtime, in one place.

use std::time::Duration;

/// Most messages that a subscription may keep of one publisher. At 50 a second its callback may fall 5 s behind.
pub const QUEUE_DEPTH_MAX: u16 = 256;

/// Shortest lifespan and deadline of a topic. What must be known sooner than that is not a matter for messages.
pub const QOS_TIME_MIN: Duration = Duration::from_millis(1);

/// Longest lifespan and deadline of a topic; what holds longer than that holds for ever.
pub const QOS_TIME_MAX: Duration = Duration::from_secs(3600);

/// Most messages of one subscription that one turn serves, so that a flood on one topic starves no other.
pub const TURN_MESSAGES_MAX: usize = 16;

/// Most subscriptions of one node to topics of one priority.
pub const SOURCES_OF_PRIORITY_MAX: usize = nevil_sys::mem::SOURCES_MAX / 4;

/// Subscriptions that a turn looks at although they were idle. Looking costs a load each; one that is not looked at has
/// to be announced by its next publisher.
pub const SOURCES_WATCHED: u32 = 8;

/// Messages that a tap (of `topic echo`, or of a test) keeps of one publisher.
pub const TAP_DEPTH: u16 = 64;

/// Taps that one topic can serve at once; their slots are part of its pool.
pub const TAPS_MAX: usize = 4;

/// Messages that a tap holds besides its queue: the one that it shows, and the one that it showed last.
pub const TAPS_IN_HAND: usize = 2;

/// Slots of a pool above what its queues can hold: messages in a callback's hand, and those that it keeps.
pub const POOL_MARGIN: usize = 8;

/// Slots that a thread which was given up can hold of one topic: the message in its hand, the slot that its publisher has
/// claimed ahead, and the value that it has latched.
pub const ZOMBIE_SLOTS: usize = 3;

/// Tools that may publish on a topic at once besides its nodes; their queue places are part of its pool.
pub const TOOL_PUBLISHERS_MAX: usize = 2;

/// Messages of one publisher, and turns of a node, that lie no farther apart are taken for a flood: about what a message
/// takes between two cores.
pub const FLOOD_GAP: Duration = Duration::from_nanos(500);

/// How long a node looks at nothing in a flood: some messages' time, so that what a look costs is shared by them.
pub const SETTLE: Duration = Duration::from_nanos(700);

/// How often it does so before it dozes.
pub const SETTLE_LOOKS: u32 = 3;

/// A node that serves messages no farther apart dozes before it sleeps: waking it costs its publisher a part of that.
pub const BUSY_GAP: Duration = Duration::from_micros(30);

/// How long a node dozes before it looks by itself: no message of a flood waits longer for its callback than this and
/// the lateness of a timer.
pub const DOZE: Duration = Duration::from_micros(100);

/// How long a publisher that waits for room looks for it before it sleeps: some wake-ups' time, in which a callback that
/// does little empties half of a deep queue. Not at all under shuttle, whose schedules have no time.
pub const PUBLISH_WAIT_SPIN: Duration = Duration::from_micros(if cfg!(shuttle) { 0 } else { 20 });

/// How often a publisher that waits for room looks whether its node is to stop.
pub const PUBLISH_WAIT_LOOK: Duration = Duration::from_millis(50);

/// Messages between a first event and what follows from it, before it is taken for a loop that nothing paces.
pub const HOPS_MAX: u32 = 32;

/// Within this time; slower loops are paced by something.
pub const HOP_WINDOW: Duration = Duration::from_secs(1);

/// Most bytes of a node's instance name.
pub const NAME_BYTES_MAX: usize = 48;

/// Most bytes of a topic's name: a namespace, a node's name and a word, with room.
pub const TOPIC_NAME_BYTES_MAX: usize = 128;

/// Bytes of a thread's name that Linux keeps.
pub const THREAD_NAME_BYTES: usize = 15;

/// Stack of a node's thread where the launch file says nothing. Twice what a debug build of the shipped nodes touches,
/// rounded up; memory is only taken as it is touched.
pub const STACK_BYTES_DEFAULT: usize = 512 * 1024;

/// How long `make_safe` of one actuator may take; after that the beats stop, so that the guard process sees to it.
pub const MAKE_SAFE_DEADLINE: Duration = Duration::from_millis(50);

/// How long after a failure, or while a command is under way, an actuator is made safe again.
pub const MAKE_SAFE_RETRY: Duration = Duration::from_millis(20);

/// Longest validity of one command to an actuator.
pub const COMMAND_VALID_MAX: Duration = Duration::from_secs(5);

/// How long a callback may take where nothing else is said: a node that falls this far behind is late for everybody.
pub const CALLBACK_TIMEOUT_DEFAULT: Duration = Duration::from_millis(100);

/// Shortest time-out of a callback: below it the kernel's own pauses would be failures.
pub const CALLBACK_TIMEOUT_MIN: Duration = Duration::from_millis(1);

/// Longest time-out of a callback: what takes longer is work for a driver, or asks for more time while it goes on.
pub const CALLBACK_TIMEOUT_MAX: Duration = Duration::from_secs(600);

/// How much longer than its time-out a callback may take until it is taken for hung, where nothing else is said. Together
/// they are half a second: at 0.8 m/s the car moves 40 cm.
pub const HANG_GRACE_DEFAULT: Duration = Duration::from_millis(400);

/// Least that may be said for it: a callback that sees that it was cancelled needs some time to return, and a thread that
/// the kernel kept waiting is not hung.
pub const HANG_GRACE_MIN: Duration = Duration::from_millis(10);

/// Most that may be said for it: as long as a robot may take to stop.
pub const HANG_GRACE_MAX: Duration = Duration::from_secs(60);

/// Most that a callback may ask for besides its time-out where nothing else is said.
pub const CALLBACK_EXTEND_DEFAULT: Duration = Duration::from_secs(30);

/// Most that may be said for it: a large model comes from an SD card within it.
pub const CALLBACK_EXTEND_MAX: Duration = Duration::from_secs(600);

/// Threads of hung callbacks and drivers that a robot may keep where nothing else is said. Each holds a stack, and what
/// hung so often will hang again.
pub const ZOMBIES_DEFAULT: usize = 4;

/// Most that may be said for it: 16 stacks are 8 MiB.
pub const ZOMBIES_MAX: usize = 16;

/// How long a driver's thread has to return after it was told to stop.
pub const DRIVER_STOP_DEADLINE: Duration = Duration::from_millis(500);

/// Highest FIFO priority of a node's thread; the safety thread is above all of them.
pub const NODE_PRIORITY_MAX: u8 = 79;

/// FIFO priority of the safety thread.
pub const SAFETY_PRIORITY: u8 = 89;

/// Most bytes of a log record's text, fields included. A line of the log that is longer is hard to read beside the
/// robot, and 1024 records of this size are half a megabyte.
pub const LOG_TEXT_BYTES: usize = 480;

/// Most bytes of the name that a log record carries: a node's, or the thread's.
pub const LOG_NAME_BYTES: usize = 32;

/// Log records that exist at once: queued, in the hands of the writer, and being filled by threads.
pub const LOG_RECORDS: usize = 1024;

/// Log records that wait for the writer; the next one takes the place of the oldest. The writer, when its output
/// stands still, holds as many again.
pub const LOG_QUEUED_MAX: usize = 480;

/// Most bytes of a plain line that the launch prints: three rows of a wide terminal.
pub const LINE_TEXT_BYTES: usize = 1000;

/// Plain lines that exist at once; they are printed at human speed.
pub const LINE_RECORDS: usize = 256;

/// Plain lines that wait for the writer.
pub const LINE_QUEUED_MAX: usize = 112;

/// Most different filters that a log can have one after the other: they stay until it ends, so that who logs need not wait.
pub const LOG_FILTERS_MAX: usize = 64;

/// Most entries of a log filter.
pub const LOG_FILTER_ENTRIES_MAX: usize = 32;

/// How long a log that is dropped waits for its last records: a process may not stay because nobody reads its output.
pub const LOG_LAST_FLUSH: Duration = Duration::from_millis(200);

/// Bytes that go to the output in one write, at least; a pipe takes 64 KiB before it blocks.
pub const LOG_WRITE_BYTES: usize = 8 * 1024;

/// Stack of a thread that writes log records or lines.
pub const LOG_STACK_BYTES: usize = 256 * 1024;

/// Most bytes of a ring's name: the kernel keeps 249 of the label that its memory shows with.
pub const RING_NAME_BYTES_MAX: usize = 64;

/// Readers that a ring may have at once: one bit each in a word that says who sleeps.
pub const RING_READERS_MAX: usize = 32;

/// How long a reader that waits for a block sleeps at most before it looks whether the writer's process lives, and whether
/// somebody has written nonsense where readers say that they sleep.
pub const RING_LOOK_EVERY: Duration = Duration::from_millis(100);

/// Looks at the next block before a waiting reader goes to sleep: some microseconds, about what falling asleep costs.
pub const RING_WAIT_SPINS: u32 = 100;

/// How long before a block is due its waker begins to look for it, at least: the kernel's wake-up takes some of it.
pub const RING_LEAD_MIN: Duration = Duration::from_micros(30);

/// Most of that, and most that the waker looks on without sleeping after a block was due. Both together are at most a
/// tenth of a block's period, so that the waker of one ring takes at most a tenth of a core.
pub const RING_LEAD_MAX: Duration = Duration::from_micros(250);

/// Shortest sleep of a waker while a block is late: less takes more of a core than it gives.
pub const RING_LATE_MIN: Duration = Duration::from_micros(40);

/// Shortest sleep of a waker that does not know when the next block is due.
pub const RING_COARSE_MIN: Duration = Duration::from_micros(100);

/// Longest one: how late it is for a ring whose blocks come at any time.
pub const RING_COARSE_MAX: Duration = Duration::from_millis(1);

/// Blocks that nobody waited for, after which a waker sleeps until a reader calls it.
pub const RING_IDLE_BLOCKS: u32 = 2;

/// Stack of a ring's waker; it calls nothing.
pub const RING_WAKER_STACK_BYTES: usize = 64 * 1024;

/// How often the safety thread looks at callbacks at least, while some run: half of the default time-out. It looks when
/// the earliest deadline comes, and a callback that began after a look is seen by the next.
pub const WATCH_LOOK_MAX: Duration = Duration::from_millis(50);

/// How long after the last callback the safety thread goes on looking: a robot at rest wakes it no more, and one that works
/// once a second need not wake it each time.
pub const WATCH_QUIET: Duration = Duration::from_secs(1);

/// How often the safety thread sends a beat to the guard process while motion is possible.
pub const GUARD_BEAT: Duration = Duration::from_millis(50);

/// Silence after which the guard makes the actuators safe: four beats may be late. At 0.8 m/s the car moves 20 cm.
pub const GUARD_SILENCE: Duration = Duration::from_millis(250);

/// Bytes that may wait on the link to the guard: one registration, or some twenty beats, as the kernel counts.
pub const GUARD_LINK_BYTES: usize = 8 * 1024;

/// Most actuators of one guard; each has a thread there.
pub const GUARD_ACTUATORS_MAX: usize = 16;

/// Most bytes of an actuator's name on the way to the guard.
pub const GUARD_NAME_BYTES: usize = 64;

/// Most writes of a safe sequence.
pub const GUARD_WRITES_MAX: usize = 32;

/// Most bytes of one write of a safe sequence.
pub const GUARD_WRITE_BYTES: usize = 64;

/// Attempts at one write of a safe sequence: a bus may be disturbed for a moment.
pub const GUARD_ATTEMPTS_MAX: usize = 3;

/// How long the guard waits until an actuator takes a write.
pub const GUARD_WRITE_WAIT: Duration = Duration::from_millis(50);

/// Most bytes of the reason of an emergency stop: one line on a terminal. The rest is cut off.
pub const ESTOP_REASON_BYTES: usize = 120;

/// Most bytes of the name of who began or ended an emergency stop: a word before the longest name of a node.
pub const ESTOP_BY_BYTES: usize = 96;

/// Most pieces of the runtime and the launch that an emergency stop is told to.
pub const ESTOP_HOOKS_MAX: usize = 8;

/// Shortest time that a lease may be taken for: what its deadline is counted in.
pub const LEASE_MIN: Duration = Duration::from_millis(1);

/// Longest time that a lease may be taken for without being renewed: so long may a node that hangs and is not fenced mute the
/// robot at most.
pub const LEASE_MAX: Duration = Duration::from_secs(60);

/// How often a node tries to take a lease that others take and give back at the same instant.
pub const LEASE_ATTEMPTS_MAX: usize = 8;

/// How often the guard repeats the safe sequences after our death: a command that was under way may land later.
pub const GUARD_REPEATS: usize = 4;

/// Time between these repeats.
pub const GUARD_REPEAT_EVERY: Duration = Duration::from_millis(50);

/// How long the guard stays after the last repeat for an actuator that is still taking its writes.
pub const GUARD_LAST_WAIT: Duration = Duration::from_secs(2);

/// How long the start of the guard process may take: it may come from an SD card.
pub const GUARD_START_WAIT: Duration = Duration::from_secs(5);

/// How long the guard may take to answer a registration.
pub const GUARD_ANSWER_WAIT: Duration = Duration::from_secs(1);

/// Stack of a thread in the guard; it formats nothing.
pub const GUARD_STACK_BYTES: usize = 128 * 1024;

/// FIFO priority of the threads that make actuators safe, and of the guard process: above all nodes, below the safety
/// thread, because they run what is not the runtime's own.
pub const SAFETY_HELPER_PRIORITY: u8 = 85;

/// Most rules of one breaker, any of which opens it.
pub const BREAKER_RULES_MAX: usize = 4;

/// Most calls of a breaker's count window: two bits each, in a few lines of memory.
pub const BREAKER_WINDOW_CALLS_MAX: u32 = 1024;

/// Most buckets of a breaker's time window: a minute in seconds.
pub const BREAKER_BUCKETS_MAX: u32 = 64;

/// Most probes of a breaker under way at once.
pub const BREAKER_PERMITS_MAX: u16 = 1024;

/// Longest time in a breaker's policy; what is out of order for longer than a day is for an operator.
pub const BREAKER_TIME_MAX: Duration = Duration::from_secs(24 * 3600);

/// Calls of one breaker that were timed out and have not returned, and that it can tell apart if their serial numbers
/// allow. A robot stops safely when it has more than four of them.
pub const BREAKER_ZOMBIE_PLACES: usize = 32;

/// Shares that the counts of a breaker for several threads are split into, of 128 bytes each: so many threads call at once
/// without taking a cache line from each other. More threads share, and are counted as well.
pub(crate) const BREAKER_SHARES: usize = 8;

/// Results that wait for the thread which is just changing a breaker: one of each thread that calls through it, with
/// room.
pub const BREAKER_MAILBOX: usize = 32;

/// How often the thread that changes a breaker looks for results of others before it goes on with its own work.
pub const BREAKER_ROUNDS_MAX: u32 = 64;

/// How often a tool tries to look at a breaker that is just being changed.
pub const BREAKER_TOOL_TRIES_MAX: u32 = 10_000;

/// How often a call tries for a slot or a permit that others are trying for too; then it is refused.
pub const BREAKER_TRIES_MAX: u32 = 100;

/// Most modes of the robot in which a breaker has a policy of its own: more than a person tells apart.
pub const BREAKER_MODES_MAX: usize = 16;

/// Fewest calls from which a breaker learns: fewer say nothing about what is usual.
pub const BREAKER_LEARN_CALLS_MIN: u32 = 10;

/// Most calls before a breaker sets what it has learned: some hours at 50 a second.
pub const BREAKER_LEARN_CALLS_MAX: u32 = 1_000_000;

/// Calls with a deadline that are watched at once, over all breakers that are used alone: each has a thread or a task of its
/// own. The next one is judged when it returns.
pub const BREAKER_WATCHED_MAX: usize = 64;

/// When who watches calls looks again at one whose place is just changing hands.
pub const BREAKER_WATCH_RETRY: Duration = Duration::from_millis(1);

/// Stack of the thread that watches calls; it runs nothing of theirs, and formats a line.
pub const BREAKER_WATCH_STACK_BYTES: usize = 128 * 1024;

/// Breakers that open no farther apart than this have one cause: a turn or two of a node that reads a bus.
pub const BREAKER_INCIDENT: Duration = Duration::from_millis(50);

/// Most retries of one budget: what a burst may add to the calls of something that fails.
pub const BREAKER_RETRIES_MAX: u32 = 1000;

/// Outcomes that a breaker's history keeps.
pub const BREAKER_HISTORY: usize = 32;

/// Of so many successes of a breaker the history keeps one.
pub const BREAKER_SUCCESS_SAMPLE: u64 = 1024;

/// Most bytes of an error's text in a breaker's history: a line of a terminal, and some.
pub const BREAKER_TEXT_BYTES: usize = 160;

/// Most breakers that one message lists as not closed: a screen of them. More have one cause.
pub const BREAKERS_TOLD_MAX: usize = 32;

/// Most bytes of why a breaker opened, in that message.
pub const BREAKER_WHY_BYTES: usize = 120;

/// Most bytes of the name of a node, a callback or a breaker in messages about the robot's health: two names of nodes.
pub const HEALTH_SOURCE_BYTES: usize = 96;

/// Most issues that one message names: a screen of them.
pub const HEALTH_ISSUES_MAX: usize = 16;

/// Most bytes of one issue: two lines on a terminal.
pub const HEALTH_TEXT_BYTES: usize = 160;

/// Most bytes of the word for what an alert is about.
pub const ALERT_KIND_BYTES: usize = 32;

/// Most bytes of an alert's text: three lines on a terminal.
pub const ALERT_TEXT_BYTES: usize = 240;

const _: () = assert!(SAFETY_HELPER_PRIORITY > NODE_PRIORITY_MAX && SAFETY_HELPER_PRIORITY < SAFETY_PRIORITY);
const _: () = assert!(SAFETY_PRIORITY > NODE_PRIORITY_MAX, "the safety thread is above all nodes");
const _: () = assert!(2 * NAME_BYTES_MAX < TOPIC_NAME_BYTES_MAX, "a name in a namespace is a name");
const _: () = assert!(TURN_MESSAGES_MAX <= QUEUE_DEPTH_MAX as usize, "a turn serves at most a full queue");
// What the writer holds, what waits, and one record in the hands of each of 64 threads: then a full queue gives up its
// oldest record, not the newest.
const _: () = assert!(2 * LOG_QUEUED_MAX + 64 <= LOG_RECORDS);
const _: () = assert!(2 * LINE_QUEUED_MAX + 32 <= LINE_RECORDS);
const _: () = assert!(RING_READERS_MAX == nevil_sys::mem::ring::SEATS_MAX);
const _: () = assert!(RING_LEAD_MIN.as_nanos() <= RING_LEAD_MAX.as_nanos());
const _: () = assert!(GUARD_SILENCE.as_millis() >= 4 * GUARD_BEAT.as_millis());
const _: () = assert!(CALLBACK_TIMEOUT_MIN.as_nanos() <= CALLBACK_TIMEOUT_DEFAULT.as_nanos());
const _: () = assert!(CALLBACK_TIMEOUT_DEFAULT.as_nanos() <= CALLBACK_TIMEOUT_MAX.as_nanos());
const _: () = assert!(HANG_GRACE_MIN.as_nanos() <= HANG_GRACE_DEFAULT.as_nanos());
const _: () = assert!(HANG_GRACE_DEFAULT.as_nanos() <= HANG_GRACE_MAX.as_nanos());
const _: () = assert!(CALLBACK_EXTEND_DEFAULT.as_nanos() <= CALLBACK_EXTEND_MAX.as_nanos());
const _: () = assert!(ZOMBIES_DEFAULT <= ZOMBIES_MAX);
// The lengths of names, writes and lists are one byte each in the guard's frames.
const _: () = assert!(GUARD_NAME_BYTES < 256 && GUARD_WRITES_MAX < 256 && GUARD_WRITE_BYTES < 256);
