//! How the machine is that the robot runs on.

use nevil_derive::{Field, Message};

/// How the machine is, published by `system_monitor` once a period. What the machine does not say is `null` or left out, and
/// never 0.
///
/// ```
/// use nevil_msgs::{HostStatus, to_text};
///
/// let status = HostStatus { temperature_c: Some(48.2), ..HostStatus::default() };
/// assert!(to_text(&status).contains(r#""temperature_c":48.2,"power":null"#));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Message)]
pub struct HostStatus {
    /// How busy each core was since the reading before, in the order of their numbers; a core that is offline is left out. The
    /// first reading has none.
    pub cores: Vec<CoreLoad>,
    /// Threads of the robot's process, the busiest first: at most 64.
    pub threads: Vec<ThreadLoad>,
    /// Threads besides these.
    pub threads_left_out: u32,
    /// Mean number of threads of the whole machine that ran or wanted to, over the last minute.
    pub load_1m: Option<f32>,
    /// Bytes of memory that the machine has.
    #[field(unit = "B")]
    pub memory_total_bytes: Option<u64>,
    /// Bytes of memory that programs can still have without swapping.
    #[field(unit = "B")]
    pub memory_available_bytes: Option<u64>,
    /// Temperature of the processor in degrees Celsius.
    #[field(unit = "°C")]
    pub temperature_c: Option<f32>,
    /// What a Raspberry Pi says of its supply and its clock; `null` on other machines.
    pub power: Option<PowerStatus>,
    /// Bytes of the file system that is watched.
    #[field(unit = "B")]
    pub disk_total_bytes: Option<u64>,
    /// Bytes of it that an ordinary user can still write.
    #[field(unit = "B")]
    pub disk_free_bytes: Option<u64>,
    /// Bytes that were written to its SD card or disk since the machine was booted, by all programs.
    #[field(unit = "B")]
    pub disk_written_bytes: Option<u64>,
    /// Bytes that were written per second since the reading before.
    #[field(unit = "B/s")]
    pub disk_written_bytes_per_s: Option<f32>,
    /// Seconds since the machine was booted.
    #[field(unit = "s")]
    pub uptime_s: Option<f64>,
}

/// How busy a core was.
#[derive(Clone, Copy, Debug, PartialEq, Field)]
pub struct CoreLoad {
    /// Its number.
    pub core: u16,
    /// How much of the time it did something, in percent, 0 to 100.
    #[field(unit = "%", range = 0.0..=100.0)]
    pub cpu_percent: f32,
}

/// How busy a thread was.
#[derive(Clone, Debug, PartialEq, Field)]
pub struct ThreadLoad {
    /// Its name, which is the node's for the thread of a node: at most 15 bytes.
    pub name: String,
    /// How much of one core it had since the reading before, in percent, 0 to 100; `null`: it is new.
    #[field(unit = "%")]
    pub cpu_percent: Option<f32>,
}

/// What a Raspberry Pi says of its supply and its clock: what holds now, and what has held since the machine was booted.
///
/// ```
/// use nevil_msgs::{PowerFlags, PowerStatus};
///
/// // The supply was too weak once: not now.
/// let ever = PowerFlags { under_voltage: true, throttled: true, ..PowerFlags::default() };
/// assert_eq!(PowerStatus::of_bits(0x50000), PowerStatus { now: PowerFlags::default(), ever });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Field)]
pub struct PowerStatus {
    /// What holds now.
    pub now: PowerFlags,
    /// What has held at some time.
    pub ever: PowerFlags,
}

/// Faults of supply and clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Field)]
pub struct PowerFlags {
    /// The supply gives less than about 4.63 V.
    pub under_voltage: bool,
    /// The clock is kept below what was asked for.
    pub frequency_capped: bool,
    /// The processor is slowed down, for its supply or its heat.
    pub throttled: bool,
    /// The soft limit of the temperature is reached.
    pub soft_temperature_limit: bool,
}

impl PowerStatus {
    /// The meaning of the firmware's word: bits 0 to 3 are what holds now, 16 to 19 what has held.
    #[must_use]
    pub const fn of_bits(bits: u32) -> Self {
        Self { now: PowerFlags::of_bits(bits), ever: PowerFlags::of_bits(bits >> 16) }
    }
}

impl PowerFlags {
    const fn of_bits(bits: u32) -> Self {
        Self {
            under_voltage: bits & 1 != 0,
            frequency_capped: bits & 2 != 0,
            throttled: bits & 4 != 0,
            soft_temperature_limit: bits & 8 != 0,
        }
    }

    /// What holds in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            under_voltage: self.under_voltage || other.under_voltage,
            frequency_capped: self.frequency_capped || other.frequency_capped,
            throttled: self.throttled || other.throttled,
            soft_temperature_limit: self.soft_temperature_limit || other.soft_temperature_limit,
        }
    }
}
