//! Who watches the robot from outside: a service manager, and the hardware. Both are fed only while every required node is
//! up, so that a process that lives without driving is not taken for a robot.

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use nevil_runtime::{Time, os};

use crate::file::{Systemd, WatchdogEntry};
use crate::notify::{Environment, Notify};

/// When who watches is fed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Feeding {
    /// Half of what the watcher allows: one meal may be late by as much.
    every: Duration,
    next: Time,
}

/// What is to be done with a watcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meal {
    /// Whether it is to be fed now.
    pub(crate) now: bool,
    /// When to look again.
    pub(crate) next: Time,
}

impl Feeding {
    /// For a watcher that waits for so long.
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { every: timeout / 2, next: Time::ZERO }
    }

    /// Whether the watcher is fed at `now`. While the robot is not `healthy` it is not, and as soon as it is again, it is.
    pub(crate) fn feed(&mut self, healthy: bool, now: Time) -> Meal {
        if !healthy {
            self.next = Time::ZERO;
            return Meal { now: false, next: now + self.every };
        }
        let is_due = now >= self.next;
        if is_due {
            self.next = now + self.every;
        }
        Meal { now: is_due, next: self.next }
    }
}

/// A watchdog of the hardware, which resets the machine when it is not fed.
pub(crate) struct HardwareWatchdog(File);

impl HardwareWatchdog {
    /// Opens the device: from now on it wants to be fed. Gives besides the time-out that it took for the one of the file,
    /// rounded up to whole seconds; if it takes none, the driver's own holds.
    ///
    /// # Errors
    ///
    /// The operating system's: no such device, no right to it, or somebody else feeds it.
    pub(crate) fn open(entry: &WatchdogEntry) -> Option<io::Result<(Self, io::Result<Duration>)>> {
        let path = entry.device.as_ref()?;
        // Not blocking: a device that is none, such as a pipe that nobody reads, must not hold up the start.
        let opened = OpenOptions::new().write(true).custom_flags(os::OPEN_NONBLOCKING).open(path);
        Some(opened.map(|file| {
            let seconds = u32::try_from(entry.timeout.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
            let taken = os::set_watchdog_timeout(file.as_fd(), seconds);
            let taken = taken.map(|seconds| Duration::from_secs(seconds.into()));
            (Self(file), taken)
        }))
    }

    fn feed(&mut self) -> io::Result<()> {
        self.0.write_all(b"\0")
    }

    /// Tells it not to wait any more, where the driver allows that.
    fn close(mut self) -> io::Result<()> {
        self.0.write_all(b"V")
    }
}

/// All who watch the robot.
#[derive(Default)]
pub(crate) struct Watchdogs {
    service: Option<Notify>,
    service_feeding: Option<Feeding>,
    hardware: Option<(HardwareWatchdog, Feeding)>,
}

impl Watchdogs {
    /// Opens those that the file and the environment name; what went wrong with them besides, each as a line for the log: the
    /// robot goes on without that one.
    pub(crate) fn start(
        entry: &WatchdogEntry,
        environment: Environment<'_>,
        pid: u32,
    ) -> (Self, Vec<String>) {
        let mut watchdogs = Self::default();
        let mut problems = Vec::new();
        if entry.systemd == Systemd::Auto {
            match Notify::open(environment, pid) {
                Ok(service) => watchdogs.service = service,
                Err(error) => problems.push(format!("the service manager cannot be told anything: {error}")),
            }
        }
        watchdogs.service_feeding = watchdogs.service.as_ref().and_then(Notify::watchdog).map(Feeding::new);
        let device = entry.device.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        match HardwareWatchdog::open(entry) {
            None => {}
            Some(Ok((hardware, taken))) => {
                if let Err(error) = &taken {
                    problems.push(format!(
                        "watchdog `{device}` keeps its own time-out ({error}); it is fed for one of {:?}",
                        entry.timeout
                    ));
                }
                watchdogs.hardware = Some((hardware, Feeding::new(taken.unwrap_or(entry.timeout).min(entry.timeout))));
            }
            Some(Err(error)) => problems.push(format!(
                "watchdog `{device}` cannot be opened ({error}); run `ls -l {device}`, or leave `watchdog.device` out"
            )),
        }
        (watchdogs, problems)
    }

    /// Says that the robot runs.
    pub(crate) fn ready(&self) {
        self.tell(Notify::ready);
    }

    /// Says how the robot is, in one line.
    pub(crate) fn status(&self, text: &str) {
        self.tell(|service| service.status(text));
    }

    /// Feeds who is due, if every required node is up, which `healthy` says. Gives the time when it is to be called again;
    /// `None` if nobody wants to be fed.
    pub(crate) fn feed(&mut self, now: Time, healthy: bool) -> Option<Time> {
        let mut next = None;
        if let (Some(service), Some(feeding)) = (&self.service, &mut self.service_feeding) {
            let meal = feeding.feed(healthy, now);
            if meal.now {
                // It is fed again in time for one loss; after more it is right to think that something is wrong.
                let _ = service.alive();
            }
            next = Some(meal.next);
        }
        if let Some((hardware, feeding)) = &mut self.hardware {
            let meal = feeding.feed(healthy, now);
            if meal.now
                && let Err(error) = hardware.feed()
            {
                tracing::error!("the hardware's watchdog could not be fed: {error}");
            }
            next = Some(next.map_or(meal.next, |next| meal.next.min(next)));
        }
        next
    }

    /// Says that the robot stops. The hardware goes on waiting, so that it resets a machine that hangs in its stop.
    pub(crate) fn stopping(&mut self) {
        self.tell(Notify::stopping);
        self.service_feeding = None;
    }

    /// Says that the robot stops and starts again, which is no end of the service.
    pub(crate) fn restarting(&mut self, now: Time) {
        self.tell(|service| service.restarting(now));
        self.service_feeding = None;
    }

    /// Lets the hardware wait no more: the robot has stopped in order.
    pub(crate) fn stopped(mut self) {
        if let Some((hardware, _)) = self.hardware.take()
            && let Err(error) = hardware.close()
        {
            tracing::error!(
                "the hardware's watchdog could not be closed, and will reset the machine: {error}"
            );
        }
    }

    fn tell(&self, what: impl FnOnce(&Notify) -> io::Result<()>) {
        let Some(Err(error)) = self.service.as_ref().map(what) else { return };
        tracing::warn!("the service manager could not be told how the robot is: {error}");
    }
}
