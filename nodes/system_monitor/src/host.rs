//! Asks the kernel. All of it may block, and is called on a driver's thread.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nevil_runtime::os;
use nevil_runtime::prelude::*;

use crate::parse;
use crate::rates::{Rates, ThreadTime};

/// Most threads that are looked at: a process that has more is not a robot but out of hand.
const LOOKED_AT_MAX: usize = 1024;

/// Most thermal zones that are looked at.
const ZONES_MAX: usize = 64;

/// Where the firmware of a Raspberry Pi says how its supply is: up to model 4, and as kernels name it on model 5.
const THROTTLED: [&str; 2] = [
    "sys/devices/platform/soc/soc:firmware/get_throttled",
    "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled",
];

/// The machine, read from the files of the kernel.
#[derive(Debug)]
pub(crate) struct Host {
    /// `/`, or a folder that stands for it in a test.
    root: PathBuf,
    /// What lies on the disk that is watched.
    disk: PathBuf,
    rates: Rates,
    /// What the firmware has said of supply and clock. It may forget what has held when it is asked.
    power: Option<PowerStatus>,
}

impl Host {
    pub(crate) fn new(root: &Path, disk: &Path) -> Self {
        Self { root: root.to_owned(), disk: disk.to_owned(), rates: Rates::default(), power: None }
    }

    /// How the machine is at `now`.
    pub(crate) fn read(&mut self, now: Time) -> HostStatus {
        let (stat, meminfo) = (self.text("proc/stat"), self.text("proc/meminfo"));
        let cores = self.rates.cores(parse::core_ticks(&stat));
        let (threads, threads_left_out) = self.rates.threads(now, self.threads());
        let space = os::disk_space(&self.disk).ok();
        let disk_written_bytes = self.written_bytes();
        HostStatus {
            cores,
            threads,
            threads_left_out,
            load_1m: parse::load_1m(&self.text("proc/loadavg")),
            memory_total_bytes: parse::memory_bytes(&meminfo, "MemTotal"),
            memory_available_bytes: parse::memory_bytes(&meminfo, "MemAvailable"),
            temperature_c: self.temperature_c(),
            power: self.power(),
            disk_total_bytes: space.map(|space| space.total_bytes),
            disk_free_bytes: space.map(|space| space.free_bytes),
            disk_written_bytes,
            disk_written_bytes_per_s: self.rates.written(now, disk_written_bytes),
            uptime_s: parse::uptime_s(&self.text("proc/uptime")),
        }
    }

    /// What a file says; what cannot be read says nothing.
    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_default()
    }

    /// The threads of this process.
    fn threads(&self) -> Vec<ThreadTime> {
        let Ok(entries) = fs::read_dir(self.root.join("proc/self/task")) else { return Vec::new() };
        let thread = |entry: fs::DirEntry| {
            // One that has ended meanwhile is left out.
            let id = entry.file_name().to_str()?.parse().ok()?;
            let name = fs::read(entry.path().join("comm")).ok()?;
            let ran_ns = parse::thread_ns(&fs::read_to_string(entry.path().join("schedstat")).ok()?)?;
            Some(ThreadTime { id, name: parse::thread_name(&String::from_utf8_lossy(&name)), ran_ns })
        };
        entries.flatten().take(LOOKED_AT_MAX).filter_map(thread).collect()
    }

    /// The zone of the processor, or the hottest, where none is called so.
    fn temperature_c(&self) -> Option<f32> {
        let zone = |number: usize| {
            let folder = format!("sys/class/thermal/thermal_zone{number}");
            let kind = self.text(&format!("{folder}/type"));
            Some((kind, parse::temperature_c(&self.text(&format!("{folder}/temp")))?))
        };
        let zones: Vec<_> = (0..ZONES_MAX).filter_map(zone).collect();
        let of_processor =
            zones.iter().find(|(kind, _)| ["cpu-thermal", "x86_pkg_temp"].contains(&kind.trim()));
        of_processor
            .map(|(_, temperature)| *temperature)
            .or_else(|| zones.iter().map(|(_, temperature)| *temperature).max_by(f32::total_cmp))
    }

    /// What has held once has held, also if the firmware has forgotten it.
    fn power(&mut self) -> Option<PowerStatus> {
        let bits = THROTTLED.iter().find_map(|path| parse::throttled_bits(&self.text(path)));
        let PowerStatus { now, ever } = PowerStatus::of_bits(bits?);
        let before = self.power.map_or_else(PowerFlags::default, |power| power.ever);
        self.power = Some(PowerStatus { now, ever: before.or(ever).or(now) });
        self.power
    }

    /// Of the whole card or disk that holds what is watched; if that lies on no block device, as in a container or on a
    /// network, of the SD card.
    fn written_bytes(&self) -> Option<u64> {
        let (major, minor) = parse::device_numbers(fs::metadata(&self.disk).ok()?.dev());
        let device = self.root.join(format!("sys/dev/block/{major}:{minor}"));
        // A partition lies within the folder of its disk; the link is followed first.
        let device = if device.join("partition").exists() { device.join("..") } else { device };
        let stat = fs::read_to_string(device.join("stat")).ok();
        parse::written_bytes(&stat.unwrap_or_else(|| self.text("sys/block/mmcblk0/stat")))
    }
}

/// What of `status` the machine does not say, in words.
pub(crate) fn missing(status: &HostStatus) -> Vec<&'static str> {
    // Of cores and threads the first reading has no shares.
    let absent = [
        (status.threads.is_empty(), "threads"),
        (status.load_1m.is_none(), "load"),
        (status.memory_available_bytes.is_none(), "memory"),
        (status.temperature_c.is_none(), "temperature"),
        (status.power.is_none(), "supply (a Raspberry Pi says it)"),
        (status.disk_free_bytes.is_none(), "room on the disk"),
        (status.disk_written_bytes.is_none(), "bytes written"),
        (status.uptime_s.is_none(), "time since boot"),
    ];
    absent.into_iter().filter_map(|(is_absent, name)| is_absent.then_some(name)).collect()
}

#[cfg(test)]
mod tests;
