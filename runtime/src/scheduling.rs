//! How a thread is scheduled: what was wanted, what the kernel granted, and why not.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use thread_priority::{
    NormalThreadSchedulePolicy, RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue,
    ThreadSchedulePolicy,
};

use nevil_sys::os;

use crate::limits::STACK_BYTES_DEFAULT;

/// What a thread is to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadSpec {
    /// Scheduling class and priority.
    pub policy: Policy,
    /// Cores that it may run on.
    pub cores: Cores,
    /// Bytes of its stack.
    pub stack_bytes: usize,
    /// How it waits for something to do.
    pub wait: Wait,
}

/// How a thread waits for something to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wait {
    /// How long it looks again and again before it sleeps, 0 to 10 ms. Zero sleeps at once: it costs nothing, and waking
    /// takes some tens of microseconds. Longer answers sooner, and keeps a core busy that long after each turn.
    pub spin: Duration,
}

impl Default for ThreadSpec {
    fn default() -> Self {
        Self {
            policy: Policy::Normal { nice: 0 },
            cores: Cores::Auto,
            stack_bytes: STACK_BYTES_DEFAULT,
            wait: Wait::default(),
        }
    }
}

/// Scheduling class and priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Time sharing.
    Normal {
        /// −20 to 19; higher is nicer to others.
        nice: i8,
    },
    /// Real time, runs until it sleeps.
    Fifo {
        /// 1 to 79 for nodes.
        priority: u8,
    },
    /// Real time, takes turns with threads of its own priority.
    RoundRobin {
        /// 1 to 79 for nodes.
        priority: u8,
    },
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal { nice: 0 } => f.write_str("normal"),
            Self::Normal { nice } => write!(f, "nice {nice}"),
            Self::Fifo { priority } => write!(f, "fifo {priority}"),
            Self::RoundRobin { priority } => write!(f, "rr {priority}"),
        }
    }
}

/// Cores that a thread may run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cores {
    /// Wherever the scheduler puts it.
    Auto,
    /// These.
    Only(Vec<usize>),
    /// Those that the kernel keeps free of other work (`isolcpus`).
    Isolated,
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Isolated => f.write_str("isolated"),
            Self::Only(cores) => f.write_str(&list(cores)),
        }
    }
}

/// What a thread wanted and what it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ThreadReport {
    /// The thread's name as the kernel has it, at most 15 bytes.
    pub name: String,
    /// The thread's number in the kernel, as `top -H` shows it.
    pub id: i32,
    /// Scheduling that was wanted, such as `fifo 60`.
    pub policy_wanted: String,
    /// Scheduling that the kernel granted.
    pub policy_granted: String,
    /// Cores that were wanted.
    pub cores_wanted: String,
    /// Cores that the kernel granted.
    pub cores_granted: String,
    /// Bytes of the stack.
    pub stack_bytes: usize,
    /// Why something was not granted, and what to do.
    pub denied: Vec<String>,
}

/// Schedules the calling thread as `spec` says, as far as the kernel allows, and reports what came of it. Where real time
/// is denied, the thread is made as urgent as time sharing allows.
#[must_use]
pub(crate) fn apply(spec: &ThreadSpec, name: &str) -> ThreadReport {
    let mut denied = Vec::new();
    if let Err(error) = set_policy(spec.policy) {
        denied.push(error);
        if !matches!(spec.policy, Policy::Normal { .. }) {
            // Without rights for this either the thread stays as it is, and the report says so.
            let _ = os::set_thread_nice(-10);
        }
    }
    let cores_granted = set_cores(&spec.cores).unwrap_or_else(|error| {
        denied.push(error);
        os::thread_cores().unwrap_or_default()
    });
    ThreadReport {
        name: name.to_owned(),
        id: os::thread_id(),
        policy_wanted: spec.policy.to_string(),
        policy_granted: granted_policy(),
        cores_wanted: spec.cores.to_string(),
        cores_granted: list(&cores_granted),
        stack_bytes: spec.stack_bytes,
        denied,
    }
}

fn set_policy(policy: Policy) -> Result<(), String> {
    let set = |kind, priority: u8| {
        let priority = ThreadPriorityValue::try_from(priority).map_err(|error| error.to_string())?;
        thread_priority::set_thread_priority_and_policy(
            thread_priority::thread_native_id(),
            ThreadPriority::Crossplatform(priority),
            ThreadSchedulePolicy::Realtime(kind),
        )
        .map_err(|error| denied(policy, &error))
    };
    match policy {
        // A thread inherits the policy of the one that starts it.
        Policy::Normal { .. } if is_real_time() => {
            // This crate's number for a niceness of 0.
            const NICE_0: u8 = 48;
            let priority = ThreadPriorityValue::try_from(NICE_0).map_err(|error| error.to_string())?;
            let normal = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other);
            let thread = thread_priority::thread_native_id();
            thread_priority::set_thread_priority_and_policy(
                thread,
                ThreadPriority::Crossplatform(priority),
                normal,
            )
            .map_err(|error| denied(policy, &error))?;
            set_policy(policy)
        }
        Policy::Normal { nice: 0 } => Ok(()),
        Policy::Normal { nice } => {
            os::set_thread_nice(i32::from(nice)).map_err(|error| denied(policy, &error))
        }
        Policy::Fifo { priority } => set(RealtimeThreadSchedulePolicy::Fifo, priority),
        Policy::RoundRobin { priority } => set(RealtimeThreadSchedulePolicy::RoundRobin, priority),
    }
}

fn is_real_time() -> bool {
    matches!(thread_priority::thread_schedule_policy(), Ok(ThreadSchedulePolicy::Realtime(_)))
}

fn denied(policy: Policy, cause: &dyn fmt::Display) -> String {
    format!(
        "not permitted to use `{policy}` ({cause}); grant CAP_SYS_NICE or raise `rtprio` and `nice` in limits.conf \
         (docs/guide/realtime.md)"
    )
}

fn granted_policy() -> String {
    let nice = || {
        os::thread_nice().map_or_else(
            |_| "unknown".to_owned(),
            |nice| match nice {
                0 => "normal".to_owned(),
                nice => format!("nice {nice}"),
            },
        )
    };
    let parameter = thread_priority::thread_schedule_policy_param(thread_priority::thread_native_id());
    match parameter {
        Ok((ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo), param)) => {
            format!("fifo {}", param.sched_priority)
        }
        Ok((ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin), param)) => {
            format!("rr {}", param.sched_priority)
        }
        Ok((ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other), _)) => nice(),
        Ok((other, _)) => format!("{other:?}").to_lowercase(),
        Err(error) => format!("unknown ({error})"),
    }
}

fn set_cores(cores: &Cores) -> Result<Vec<usize>, String> {
    let wanted = match cores {
        Cores::Auto => return os::thread_cores().map_err(|error| format!("cores are unknown: {error}")),
        Cores::Only(wanted) => wanted.clone(),
        Cores::Isolated => isolated_cores()?,
    };
    let given = list(&wanted);
    let set = match *wanted.as_slice() {
        [] => return Err("cores are an empty list; name at least one, or `auto`".to_owned()),
        // `core_affinity` knows success and failure only; the second look below finds out what came of it.
        [core] => core_affinity::set_for_current(core_affinity::CoreId { id: core })
            .then_some(())
            .ok_or_else(|| "the kernel refused".to_owned()),
        _ => os::set_thread_cores(&wanted).map_err(|error| error.to_string()),
    };
    let granted = os::thread_cores().map_err(|error| error.to_string())?;
    match set {
        Ok(()) if granted == wanted => Ok(granted),
        outcome => Err(format!(
            "not permitted to run on cores {given} ({}); this process may use {}",
            outcome.err().unwrap_or_else(|| "some of them do not exist".to_owned()),
            list(&granted)
        )),
    }
}

fn isolated_cores() -> Result<Vec<usize>, String> {
    let path = "/sys/devices/system/cpu/isolated";
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    let cores = parse_cores(text.trim());
    if cores.is_empty() {
        return Err("no core is isolated; boot with `isolcpus=…`, or use `cores: auto`".to_owned());
    }
    Ok(cores)
}

/// Cores in the kernel's form `0,2-3`.
fn parse_cores(text: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<usize>().ok()?..=last.parse::<usize>().ok()?)
    };
    text.split(',').filter_map(range).flatten().collect()
}

fn list(cores: &[usize]) -> String {
    let mut text = String::new();
    let mut rest = cores;
    while let [first, ..] = *rest {
        let run = rest.iter().enumerate().take_while(|&(offset, &core)| core == first + offset).count();
        let separator = if text.is_empty() { "" } else { "," };
        text += &match run {
            1 => format!("{separator}{first}"),
            _ => format!("{separator}{first}-{}", first + run - 1),
        };
        rest = &rest[run..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_read_and_written_in_the_form_of_the_kernel() {
        assert_eq!(parse_cores("0,2-4"), [0, 2, 3, 4]);
        assert_eq!(parse_cores(""), [] as [usize; 0]);
        assert_eq!(list(&[0, 2, 3, 4]), "0,2-4");
        assert_eq!(list(&[]), "");
    }

    #[test]
    fn a_core_that_does_not_exist_is_reported_with_those_that_do() {
        let spec = ThreadSpec { cores: Cores::Only(vec![999]), ..ThreadSpec::default() };
        let report = std::thread::spawn(move || apply(&spec, "test")).join().unwrap();
        assert_eq!(report.cores_wanted, "999");
        assert!(!report.cores_granted.is_empty());
        assert!(report.denied[0].starts_with("not permitted to run on cores 999 "), "{:?}", report.denied);
    }

    #[test]
    fn a_thread_is_pinned_to_a_core_that_exists() {
        let core = os::thread_cores().unwrap()[0];
        let spec = ThreadSpec { cores: Cores::Only(vec![core]), ..ThreadSpec::default() };
        let report = std::thread::spawn(move || apply(&spec, "test")).join().unwrap();
        assert_eq!((report.cores_granted, report.denied), (core.to_string(), vec![]));
    }

    #[test]
    fn a_thread_that_inherited_real_time_gives_it_back_where_it_is_to_be_normal() {
        let fifo = ThreadSpec { policy: Policy::Fifo { priority: 7 }, ..ThreadSpec::default() };
        let report = std::thread::spawn(move || {
            let _ = apply(&fifo, "test");
            apply(&ThreadSpec::default(), "test")
        });
        let report = report.join().unwrap();
        assert_eq!((report.policy_granted.as_str(), report.denied), ("normal", vec![]));
    }

    #[test]
    fn what_was_granted_is_read_back_from_the_kernel() {
        let spec = ThreadSpec { policy: Policy::Fifo { priority: 7 }, ..ThreadSpec::default() };
        let report = std::thread::spawn(move || apply(&spec, "test")).join().unwrap();
        assert_eq!(report.policy_wanted, "fifo 7");
        // Whether this machine grants it or not: report and reason agree.
        assert_eq!(report.policy_granted == "fifo 7", report.denied.is_empty(), "{report:?}");
    }
}
