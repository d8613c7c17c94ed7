//! The log: records go to a bounded lane, one ordinary thread writes them.
//!
//! The robot's code logs with the macros of `tracing` (`info!`, `warn!`, …). A record is formatted by the thread that
//! logs, into a place of fixed size: no allocation, no lock, no waiting. The thread `log` writes it. A full pipe or a
//! stopped terminal blocks that thread and nobody else; what then does not fit is counted, and a line tells of it:
//!
//! ```text
//! 2026-03-01T12:00:00.250Z WARN  motion picar: motor is warm temperature_c=61
//! … 12 log records were lost here (the log is slower than the robot)
//! ```
//! Reading guide: `filter` (which records are wanted), `changing` (that this is changed), `subscriber` (takes the events), `record` (what is kept of them),
//! `text` (text of fixed size), `outlet` (lane and thread), `tail` (the last records, for tools), `date` (wall-clock time).

mod changing;
mod date;
mod filter;
mod outlet;
mod record;
mod subscriber;
mod tail;
#[cfg(test)]
mod tests;
mod text;

use std::io::{self, Write};
use std::panic;
use std::sync::OnceLock;
use std::time::Duration;

use tracing::Dispatch;
use tracing::dispatcher;
use tracing::subscriber::NoSubscriber;

pub use changing::LogFilter;
pub use filter::LogFilterError;
pub use record::log_as;
pub use tail::{LOG_KEPT, LogLevel, LogLine, LogPart, LogQuery, LogTail};

use outlet::{Intake, Outlet};
use record::{Line, Record};
use subscriber::LaneSubscriber;
use text::Text;

/// Why a log could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The filter cannot be read.
    #[error(transparent)]
    Filter(#[from] LogFilterError),
    /// The thread that writes could not be started.
    #[error("thread `{name}` could not be started; see `ulimit -u` and the free memory")]
    Thread {
        /// Its name.
        name: &'static str,
        /// The operating system's word.
        source: io::Error,
    },
    /// The process has a log already.
    #[error("the process has a log already, one is allowed; install it once, at the start of `main`")]
    AlreadyInstalled,
}

/// What became of a wait for the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flushed {
    /// All that was offered before has been written, or counted as lost.
    All,
    /// The deadline came first.
    TimedOut {
        /// What was offered before and has been neither written nor counted as lost.
        unwritten: u64,
    },
}

/// The log of a process. Dropping it waits at most [`LOG_LAST_FLUSH`](crate::limits::LOG_LAST_FLUSH) for the last
/// records and ends the thread; what is logged later is counted as lost.
///
/// ```
/// use nevil_runtime::log::{Flushed, Log};
/// use std::time::Duration;
///
/// let log = Log::install("info,motion=debug", Box::new(std::io::stderr()))?;
/// tracing::info!(cores = 4, "robot is ready");
/// assert_eq!(log.flush(Duration::from_secs(10)), Flushed::All);
/// assert_eq!((log.written(), log.lost()), (1, 0));
/// # Ok::<(), nevil_runtime::log::LogError>(())
/// ```
pub struct Log {
    outlet: Outlet<Record>,
    filter: LogFilter,
    tail: LogTail,
}

/// The tail of the log that the process has installed.
static INSTALLED: OnceLock<LogTail> = OnceLock::new();

/// The last records of the log that the process has installed; `None`: it has none. What the log's thread has not come to
/// is not there yet: while its output stands still, nothing comes here either.
#[must_use]
pub fn installed_tail() -> Option<LogTail> {
    INSTALLED.get().cloned()
}

impl Log {
    /// Starts a log that writes to `out`, for all threads of the process.
    ///
    /// `filter` is a level (`off`, `error`, `warn`, `info`, `debug`, `trace`), and levels for nodes, threads and modules:
    /// `info,motion=debug,nevil_runtime::bus=trace`. The longest name that fits decides. Empty means `info`.
    ///
    /// # Errors
    ///
    /// [`LogError`], if the filter is wrong, the thread cannot be started, or the process has a log.
    pub fn install(filter: &str, out: Box<dyn Write + Send>) -> Result<Self, LogError> {
        let (log, dispatch) = Self::new(filter, out)?;
        dispatcher::set_global_default(dispatch).map_err(|_| LogError::AlreadyInstalled)?;
        INSTALLED.get_or_init(|| log.tail());
        Ok(log)
    }

    /// As [`Self::install`], for code that runs within `tracing::dispatcher::with_default` only: one test beside others.
    ///
    /// # Errors
    ///
    /// [`LogError::Filter`] and [`LogError::Thread`].
    pub fn new(filter: &str, out: Box<dyn Write + Send>) -> Result<(Self, Dispatch), LogError> {
        let filter = LogFilter::new(filter)?;
        let tail = LogTail::default();
        let outlet = Outlet::start("log", out, tail.clone())
            .map_err(|source| LogError::Thread { name: "log", source })?;
        let dispatch = Dispatch::new(LaneSubscriber { filter: filter.clone(), intake: outlet.intake() });
        Ok((Self { outlet, filter, tail }, dispatch))
    }

    /// Which records are wanted, to be changed while the log works ([`LogFilter::set`]).
    #[must_use]
    pub fn filter(&self) -> LogFilter {
        self.filter.clone()
    }

    /// Its last records, for tools.
    #[must_use]
    pub fn tail(&self) -> LogTail {
        self.tail.clone()
    }

    /// Waits until what was logged before has been written or counted as lost, at most for `deadline`. Takes a lock that
    /// only the writer and other callers of this function take; not for threads with a deadline of their own.
    pub fn flush(&self, deadline: Duration) -> Flushed {
        self.outlet.flush(deadline)
    }

    /// Records that had no place, lost it to a later one, or were refused by the output.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.outlet.lost()
    }

    /// Records that were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.outlet.written()
    }
}

/// Plain lines for people, as the launch prints them: written by a thread of their own, in order, losses counted.
///
/// ```
/// use nevil_runtime::log::{Flushed, Lines};
/// use std::time::Duration;
///
/// let lines = Lines::new(Box::new(std::io::stdout()))?;
/// lines.line("robot `picar` is ready: 5 nodes");
/// assert_eq!(lines.flush(Duration::from_secs(10)), Flushed::All);
/// # Ok::<(), nevil_runtime::log::LogError>(())
/// ```
pub struct Lines {
    outlet: Outlet<Line>,
    intake: Intake<Line>,
}

impl Lines {
    /// Starts the thread `lines` that writes to `out`.
    ///
    /// # Errors
    ///
    /// [`LogError::Thread`].
    pub fn new(out: Box<dyn Write + Send>) -> Result<Self, LogError> {
        let outlet = Outlet::start("lines", out, LogTail::default())
            .map_err(|source| LogError::Thread { name: "lines", source })?;
        let intake = outlet.intake();
        Ok(Self { outlet, intake })
    }

    /// Writes `text` as it is and ends the line; longer than [`LINE_TEXT_BYTES`](crate::limits::LINE_TEXT_BYTES) it is
    /// cut and marked with `…`. Never waits; a line that has no place is counted.
    pub fn line(&self, text: &str) {
        self.intake.offer(Line(Text::of(text)));
    }

    /// As [`Log::flush`].
    pub fn flush(&self, deadline: Duration) -> Flushed {
        self.outlet.flush(deadline)
    }

    /// Lines that had no place, lost it to a later one, or were refused by the output.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.outlet.lost()
    }

    /// Lines that were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.outlet.written()
    }
}

/// From now on a panic is a log record: its place, its text and its thread's name, at level `error`, target `panic`.
/// The standard library prints it to stderr, and where nobody reads that the thread would hang.
///
/// A thread without a log keeps what was there before. Call it once, after [`Log::install`].
pub fn report_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if dispatcher::get_default(Dispatch::is::<NoSubscriber>) {
            return before(panic);
        }
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("(what was thrown is not a text)");
        match panic.location() {
            Some(location) => tracing::error!(target: "panic", "panicked at {location}: {text}"),
            None => tracing::error!(target: "panic", "panicked: {text}"),
        }
    }));
}
