//! The machine that a plan is for: its cores and memory, and what the kernel lets a robot do there.

use std::fmt;
use std::fs;

use nevil_msgs::nearest;
use nevil_runtime::limits::{NODE_PRIORITY_MAX, SAFETY_PRIORITY};
use nevil_runtime::{Cores, Policy, ThreadSpec, os};

const MIB: u64 = 1 << 20;

/// A machine on which a robot is to run.
///
/// ```
/// use nevil_launch::Machine;
///
/// let pi4 = Machine::named("pi4").unwrap();
/// assert_eq!((pi4.cores.as_slice(), pi4.page_bytes), (&[0, 1, 2, 3][..], 4096));
/// assert_eq!(Machine::named("pi_4").unwrap_err(), "unknown machine `pi_4`, did you mean `pi4`?; known machines are pi3, pi4, pi5, zero2");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Its name: `this machine`, or that of a known one.
    pub name: String,
    /// Whether it is the one that this process runs on.
    pub is_here: bool,
    /// Cores that are online, ascending.
    pub cores: Vec<usize>,
    /// Cores that the kernel keeps free of other work (`isolcpus`).
    pub isolated: Vec<usize>,
    /// Bytes of a page of memory.
    pub page_bytes: usize,
    /// Bytes of its memory; of a known machine, those of the smallest that is sold.
    pub memory_bytes: u64,
    /// What the kernel lets the robot do.
    pub rights: Rights,
}

/// What the kernel lets a process do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Highest real-time priority, 0 to 99; 0: none.
    pub priority_max: u8,
    /// Lowest niceness, −20 to 19.
    pub nice_min: i8,
    /// Bytes that it may keep out of the swap; the largest number: as many as it likes.
    pub locked_bytes_max: u64,
}

impl Rights {
    /// What a user has on a machine as it is installed: ordinary threads, and next to no locked memory.
    pub const NONE: Self = Self { priority_max: 0, nice_min: 0, locked_bytes_max: 8 * MIB };
}

/// Something that the kernel of a machine refuses a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The machine does not have the core.
    Core(usize),
    /// No core of the machine is isolated.
    NoIsolated,
    /// The thread may not have this policy, or not this priority.
    Policy(Policy),
}

impl Machine {
    /// The machine that this process runs on. What the kernel does not say is taken to be as on a small board without rights.
    #[must_use]
    pub fn here() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let mut cores = cores(read("/sys/devices/system/cpu/online").trim());
        if cores.is_empty() {
            cores = os::thread_cores().unwrap_or_default();
        }
        Self {
            name: "this machine".to_owned(),
            is_here: true,
            cores,
            isolated: self::cores(read("/sys/devices/system/cpu/isolated").trim()),
            page_bytes: os::page_bytes(),
            memory_bytes: memory(&read("/proc/meminfo")),
            rights: rights(&read("/proc/self/limits"), &read("/proc/self/status")),
        }
    }

    /// A known machine with four cores, none of them isolated, and without rights: as it is when its system was installed.
    ///
    /// # Errors
    ///
    /// A text that names the known machines.
    pub fn named(name: &str) -> Result<Self, String> {
        const KNOWN: [(&str, usize, u64); 4] = [
            ("pi3", 4 << 10, 1024 * MIB),
            ("pi4", 4 << 10, 1024 * MIB),
            // Its usual kernel has large pages.
            ("pi5", 16 << 10, 2048 * MIB),
            ("zero2", 4 << 10, 512 * MIB),
        ];
        let Some(&(_, page_bytes, memory_bytes)) = KNOWN.iter().find(|(known, ..)| *known == name) else {
            let names = KNOWN.map(|(name, ..)| name);
            let meant = nearest(name, &names).map(|meant| format!(", did you mean `{meant}`?"));
            let (meant, names) = (meant.unwrap_or_default(), names.join(", "));
            return Err(format!("unknown machine `{name}`{meant}; known machines are {names}"));
        };
        Ok(Self {
            name: name.to_owned(),
            is_here: false,
            cores: (0..4).collect(),
            isolated: Vec::new(),
            page_bytes,
            memory_bytes,
            rights: Rights::NONE,
        })
    }

    /// What the kernel refuses a thread that is to be scheduled as `spec` says.
    #[must_use]
    pub fn refuses(&self, spec: &ThreadSpec) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        match &spec.cores {
            Cores::Only(wanted) => {
                let missing = wanted.iter().filter(|core| !self.cores.contains(core));
                refusals.extend(missing.map(|&core| Refusal::Core(core)));
            }
            Cores::Isolated if self.isolated.is_empty() => refusals.push(Refusal::NoIsolated),
            Cores::Isolated | Cores::Auto => {}
        }
        let may = match spec.policy {
            Policy::Normal { nice } => nice >= self.rights.nice_min || nice >= 0,
            Policy::Fifo { priority } | Policy::RoundRobin { priority } => {
                priority <= self.rights.priority_max
            }
        };
        if !may {
            refusals.push(Refusal::Policy(spec.policy));
        }
        refusals
    }

    /// Why the kernel refuses what `refusal` is about, and what to do.
    #[must_use]
    pub fn reason(&self, refusal: &Refusal) -> String {
        let Rights { priority_max, nice_min, .. } = self.rights;
        match refusal {
            Refusal::Core(core) => {
                format!("there is no core {core}; {} has {}", self.name, self.cores_text())
            }
            Refusal::NoIsolated => {
                "no core is isolated; boot with `isolcpus=…`, or use `cores: auto`".to_owned()
            }
            Refusal::Policy(policy @ Policy::Normal { .. }) => format!(
                "not permitted to use `{policy}`, at least nice {nice_min} is allowed; grant CAP_SYS_NICE or raise `nice` \
                 in limits.conf (docs/guide/realtime.md)"
            ),
            Refusal::Policy(policy) => {
                let most = match priority_max {
                    0 => "real time is not allowed".to_owned(),
                    most => format!("at most priority {most} is allowed"),
                };
                format!(
                    "not permitted to use `{policy}`, {most}; grant CAP_SYS_NICE or raise `rtprio` in limits.conf \
                     (docs/guide/realtime.md)"
                )
            }
        }
    }

    /// Its cores, as the kernel writes them: `0-3`.
    #[must_use]
    pub fn cores_text(&self) -> String {
        match self.cores.as_slice() {
            [] => "none".to_owned(),
            cores => Cores::Only(cores.to_vec()).to_string(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: cores {}", self.name, self.cores_text())?;
        match self.rights.priority_max {
            0 => f.write_str(", no real time"),
            most if most >= SAFETY_PRIORITY.max(NODE_PRIORITY_MAX) => f.write_str(", real time"),
            most => write!(f, ", real time up to priority {most}"),
        }
    }
}

/// Cores in the kernel's form `0,2-3`.
fn cores(text: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<usize>().ok()?..=last.parse::<usize>().ok()?)
    };
    text.split(',').filter_map(range).flatten().collect()
}

/// Bytes of memory by `/proc/meminfo`.
fn memory(text: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.map_or(512 * MIB, |kib| kib << 10)
}

/// What a process with these `/proc/self/limits` and `/proc/self/status` may do.
fn rights(limits: &str, status: &str) -> Rights {
    const CAP_IPC_LOCK: u32 = 14;
    const CAP_SYS_NICE: u32 = 23;
    let capabilities = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let capabilities = capabilities.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    let may = |capability: u32| capabilities >> capability & 1 == 1;
    // The first number behind the name is the limit that holds now.
    let limit = |name: &str| {
        let rest = limits.lines().find_map(|line| line.strip_prefix(name))?;
        match rest.split_whitespace().next()? {
            "unlimited" => Some(u64::MAX),
            number => number.parse().ok(),
        }
    };
    let priority = limit("Max realtime priority").unwrap_or(0).min(99);
    // The limit counts from the nicest upwards: 20 − niceness.
    let nice = 20 - i64::try_from(limit("Max nice priority").unwrap_or(0).min(40)).unwrap_or(0);
    let locked = limit("Max locked memory").unwrap_or(Rights::NONE.locked_bytes_max);
    Rights {
        priority_max: if may(CAP_SYS_NICE) { 99 } else { u8::try_from(priority).unwrap_or(99) },
        nice_min: if may(CAP_SYS_NICE) { -20 } else { i8::try_from(nice.min(19)).unwrap_or(19) },
        locked_bytes_max: if may(CAP_IPC_LOCK) { u64::MAX } else { locked },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: &str = "\
Limit                     Soft Limit           Hard Limit           Units
Max locked memory         8388608              8388608              bytes
Max nice priority         30                   40
Max realtime priority     60                   95
";

    #[test]
    fn the_limits_that_hold_are_those_of_the_kernel_unless_the_process_stands_above_them() {
        let user = rights(LIMITS, "CapEff:\t0000000000000000\n");
        assert_eq!(user, Rights { priority_max: 60, nice_min: -10, locked_bytes_max: 8 << 20 });
        let both = rights(LIMITS, "CapPrm:\t0\nCapEff:\t0000000000804000\n");
        assert_eq!(both, Rights { priority_max: 99, nice_min: -20, locked_bytes_max: u64::MAX });
        let unlimited =
            rights("Max locked memory         unlimited            unlimited            bytes\n", "");
        assert_eq!(unlimited, Rights { priority_max: 0, nice_min: 19, locked_bytes_max: u64::MAX });
        assert_eq!(rights("", ""), Rights { priority_max: 0, nice_min: 19, locked_bytes_max: 8 << 20 });
    }

    #[test]
    fn a_thread_is_refused_from_the_first_priority_above_the_limit_and_on_cores_that_are_not_there() {
        let mut machine = Machine::named("pi4").unwrap();
        machine.rights = Rights { priority_max: 50, nice_min: -10, locked_bytes_max: 0 };
        let refuses = |policy, cores| machine.refuses(&ThreadSpec { policy, cores, ..ThreadSpec::default() });
        assert_eq!(refuses(Policy::Fifo { priority: 50 }, Cores::Only(vec![3])), []);
        let above = Policy::RoundRobin { priority: 51 };
        assert_eq!(refuses(above, Cores::Only(vec![3, 4])), [Refusal::Core(4), Refusal::Policy(above)]);
        assert_eq!(refuses(Policy::Normal { nice: -10 }, Cores::Auto), []);
        assert_eq!(refuses(Policy::Normal { nice: -11 }, Cores::Isolated).len(), 2);
        assert_eq!(machine.reason(&Refusal::Core(4)), "there is no core 4; pi4 has 0-3");
    }

    #[test]
    fn this_machine_has_the_core_that_the_test_runs_on() {
        let here = Machine::here();
        assert!(here.is_here && here.page_bytes.is_power_of_two() && here.memory_bytes > 0);
        assert!(os::thread_cores().unwrap().iter().any(|core| here.cores.contains(core)), "{here:?}");
    }
}
