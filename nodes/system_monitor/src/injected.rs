//! How the machine is said to be where it is not asked.

use nevil_runtime::prelude::*;

const MIB: u64 = 1 << 20;

/// How the machine is said to be under a simulated clock, or where the launch file says so: what is not given is as on an
/// idle Raspberry Pi 4 with 4 GiB and a card of 32 GB.
///
/// ```
/// use nevil_node_system_monitor::Injected;
///
/// let warm = Injected { temperature_c: Some(81.0), ..Injected::default() };
/// let status = warm.status(3.0);
/// assert_eq!((status.temperature_c, status.uptime_s, status.cores.len()), (Some(81.0), Some(3.0), 4));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Field)]
pub struct Injected {
    /// How busy each of the four cores is, in percent.
    #[field(unit = "%", range = 0.0..=100.0)]
    pub cpu_percent: Option<f32>,
    /// Bytes of memory that programs can still have, of 4 GiB.
    #[field(unit = "B", range = 0.0..=4_294_967_296.0)]
    pub memory_available_bytes: Option<u64>,
    /// Temperature of the processor in degrees Celsius.
    #[field(unit = "°C", range = -50.0..=150.0)]
    pub temperature_c: Option<f32>,
    /// Whether the supply is too weak, now and so at some time.
    pub under_voltage: Option<bool>,
    /// Whether the processor is slowed down, now and so at some time.
    pub throttled: Option<bool>,
    /// Bytes that can still be written, of 32 GB.
    #[field(unit = "B", range = 0.0..=32_000_000_000.0)]
    pub disk_free_bytes: Option<u64>,
    /// Bytes that are written per second.
    #[field(unit = "B/s", range = 0.0..)]
    pub disk_written_bytes_per_s: Option<f32>,
}

impl Injected {
    /// The message that says so, `uptime_s` seconds after the start.
    #[must_use]
    pub fn status(&self, uptime_s: f64) -> HostStatus {
        let cpu_percent = self.cpu_percent.unwrap_or(10.0);
        let now = PowerFlags {
            under_voltage: self.under_voltage.unwrap_or(false),
            throttled: self.throttled.unwrap_or(false),
            ..PowerFlags::default()
        };
        let per_s = self.disk_written_bytes_per_s.unwrap_or(0.0);
        HostStatus {
            cores: (0..4).map(|core| CoreLoad { core, cpu_percent }).collect(),
            threads: Vec::new(),
            threads_left_out: 0,
            load_1m: Some(cpu_percent * 4.0 / 100.0),
            memory_total_bytes: Some(4096 * MIB),
            memory_available_bytes: Some(self.memory_available_bytes.unwrap_or(3072 * MIB)),
            temperature_c: Some(self.temperature_c.unwrap_or(45.0)),
            power: Some(PowerStatus { now, ever: now }),
            disk_total_bytes: Some(32_000_000_000),
            disk_free_bytes: Some(self.disk_free_bytes.unwrap_or(24_000_000_000)),
            disk_written_bytes: Some((f64::from(per_s) * uptime_s) as u64),
            disk_written_bytes_per_s: Some(per_s),
            uptime_s: Some(uptime_s),
        }
    }
}
