//! One round of one subject: what every row has in common.

use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use nevil_runtime::os;
use rustix::time::{ClockId, clock_gettime};

/// How long a round may take until it is given up: a message was lost, or the machine stands still.
pub(crate) const ROUND_MAX: Duration = Duration::from_secs(20);

/// Nanoseconds of the clock that the runtime stamps messages with; peers are given the same.
pub(crate) fn now_ns() -> u64 {
    os::monotonic_ns()
}

/// What one round of a subject gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Samples {
    /// In the unit of the row.
    pub(crate) values: Vec<f64>,
    /// Messages that the subject dropped and said so, by its rule.
    pub(crate) dropped: u64,
}

/// Why a round has no samples.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unmeasured {
    /// It cannot be measured here, or not yet; the text says what is missing.
    #[error("absent: {0}")]
    Absent(String),
    /// It went wrong.
    #[error("failed: {0}")]
    Failed(String),
}

impl Unmeasured {
    pub(crate) fn absent(missing: &str) -> Self {
        Self::Absent(missing.to_owned())
    }

    /// A failure because of `cause`, whatever its type.
    pub(crate) fn because(cause: impl std::fmt::Display) -> Self {
        Self::Failed(cause.to_string())
    }
}

/// What one round of a subject came to.
pub(crate) type RoundResult = Result<Samples, Unmeasured>;

/// What one end of a round has to say when it is done.
#[derive(Debug)]
pub(crate) enum Told {
    /// Everything has arrived.
    Received {
        /// Of each message that counts, in its order.
        times_ns: Vec<u64>,
        /// Messages that came out of turn, or with other content than was sent.
        wrong: u64,
        /// Allocations of the receiving thread over the messages that count.
        allocations: u64,
    },
    /// Everything was sent.
    Sent {
        /// Allocations of the sending thread over the messages that count.
        allocations: u64,
        /// Messages that the subject refused or dropped.
        dropped: u64,
    },
}

/// What both ends have told.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    pub(crate) times_ns: Vec<u64>,
    pub(crate) dropped: u64,
    pub(crate) sender_allocations: u64,
    pub(crate) receiver_allocations: u64,
}

impl Ends {
    /// Waits, without looking in between, until both ends are done.
    ///
    /// # Errors
    ///
    /// [`Unmeasured::Failed`] if an end is not done in time, or messages came wrong.
    pub(crate) fn wait_for(told: &Receiver<Told>, messages: u64) -> Result<Self, Unmeasured> {
        let mut ends = Self::default();
        for _ in 0..2 {
            match told.recv_timeout(ROUND_MAX) {
                Ok(Told::Received { times_ns, wrong: 0, allocations }) => {
                    ends.times_ns = times_ns;
                    ends.receiver_allocations = allocations;
                }
                Ok(Told::Received { wrong, .. }) => {
                    return Err(Unmeasured::Failed(format!("{wrong} messages came out of turn or corrupt")));
                }
                Ok(Told::Sent { allocations, dropped }) => {
                    ends.sender_allocations = allocations;
                    ends.dropped = dropped;
                }
                Err(_) => return Err(Unmeasured::Failed(format!("not done within {ROUND_MAX:?}"))),
            }
        }
        if ends.times_ns.len() as u64 != messages {
            let arrived = ends.times_ns.len();
            return Err(Unmeasured::Failed(format!("{arrived} of {messages} messages arrived")));
        }
        Ok(ends)
    }

    pub(crate) fn into_samples(self) -> Samples {
        Samples { values: self.times_ns.iter().map(|&ns| ns as f64).collect(), dropped: self.dropped }
    }
}

/// Tells `told`; nobody listens any more once a round was given up.
pub(crate) fn tell(told: &Sender<Told>, what: Told) {
    let _ = told.send(what);
}

/// Operations that are timed together, where one is too short for the clock.
pub(crate) const BATCH: u64 = 64;

/// What one call of `once` takes in ns, in `batches` batches, after as many calls as `warm_up` has batches. It is handed
/// the number of the call.
pub(crate) fn in_batches(warm_up: u64, batches: u64, mut once: impl FnMut(u64)) -> Samples {
    let mut call = 0;
    let mut batch = |_| {
        let began_ns = now_ns();
        for _ in 0..BATCH {
            once(call);
            call += 1;
        }
        (now_ns() - began_ns) as f64 / BATCH as f64
    };
    // Not counted.
    let _: f64 = (0..warm_up).map(&mut batch).sum();
    Samples { values: (0..batches).map(batch).collect(), dropped: 0 }
}

/// Calls that are timed together where processor time counts: reading its clock takes some hundred nanoseconds.
const CPU_BATCH: u64 = 1024;

/// What one call of `once` takes in ns of processor time, in `batches` batches after a warm-up of a tenth as many. It is
/// handed the number of the call.
pub(crate) fn in_cpu_batches(batches: u64, once: impl FnMut(u64)) -> Samples {
    in_cpu_batches_after(batches, || (), once)
}

/// As [`in_cpu_batches`], with something before each batch that is not timed.
pub(crate) fn in_cpu_batches_after(
    batches: u64,
    mut before: impl FnMut(),
    mut once: impl FnMut(u64),
) -> Samples {
    let mut call = 0;
    let mut batch = |_| {
        before();
        let began_ns = thread_cpu_ns();
        for _ in 0..CPU_BATCH {
            once(call);
            call += 1;
        }
        (thread_cpu_ns() - began_ns) as f64 / CPU_BATCH as f64
    };
    // Not counted.
    let _: f64 = (0..batches / 10 + 1).map(&mut batch).sum();
    Samples { values: (0..batches).map(batch).collect(), dropped: 0 }
}

/// Nanoseconds for which the calling thread has run.
fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

/// Lets the calling thread run on `cores` only.
///
/// # Errors
///
/// [`Unmeasured::Failed`]: figures of threads that wander between cores are not comparable.
pub(crate) fn pin(cores: &[usize]) -> Result<(), Unmeasured> {
    os::set_thread_cores(cores)
        .map_err(|error| Unmeasured::Failed(format!("cannot pin to {cores:?}: {error}")))
}
