//! The bounds of a launch file, in one place.

use std::time::Duration;

/// Most nodes of a robot. Each has a thread, and a person has to keep them apart.
pub const NODES_MAX: usize = 128;

/// Shortest `shutdown_timeout`: an actuator has to be made safe within it.
pub const SHUTDOWN_TIMEOUT_MIN: Duration = Duration::from_millis(100);

/// Longest `shutdown_timeout`: service managers kill after 90 s.
pub const SHUTDOWN_TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// `shutdown_timeout` where the file says nothing.
pub const SHUTDOWN_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);

/// Shortest `start_timeout`: a device on a slow bus takes some of it.
pub const START_TIMEOUT_MIN: Duration = Duration::from_millis(100);

/// Longest `start_timeout`: a large model comes from an SD card within it.
pub const START_TIMEOUT_MAX: Duration = Duration::from_secs(600);

/// `start_timeout` where the file says nothing.
pub const START_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// Smallest stack of a node's thread, in bytes; below it not even the runtime's own frames are sure of their place.
pub const STACK_BYTES_MIN: u64 = 64 * 1024;

/// Largest stack of a node's thread, in bytes: eight times what Linux gives the first thread of a process.
pub const STACK_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Highest number of a core that the kernel's own tables name.
pub const CORE_MAX: usize = 1023;

const _: () = assert!(SHUTDOWN_TIMEOUT_MIN.as_millis() <= SHUTDOWN_TIMEOUT_DEFAULT.as_millis());
const _: () = assert!(SHUTDOWN_TIMEOUT_DEFAULT.as_millis() <= SHUTDOWN_TIMEOUT_MAX.as_millis());
const _: () = assert!(START_TIMEOUT_MIN.as_millis() <= START_TIMEOUT_DEFAULT.as_millis());
const _: () = assert!(START_TIMEOUT_DEFAULT.as_millis() <= START_TIMEOUT_MAX.as_millis());
const _: () = assert!(nevil_runtime::limits::STACK_BYTES_DEFAULT as u64 >= STACK_BYTES_MIN);
const _: () = assert!(nevil_runtime::limits::STACK_BYTES_DEFAULT as u64 <= STACK_BYTES_MAX);
