//! The safety thread: beats for the guard process while something moves, the end of all motion, and an eye on callbacks.
//!
//! ```text
//!  first actuator moves ── arm ──► guard          safety thread: beat every 50 ms while anything moves, then disarm;
//!                      └─ wake ──► safety thread                 look at callbacks when the earliest deadline comes, and
//!  first callback begins ─ wake ─► safety thread                 at least every 50 ms while some run, then sleep
//! ```
//! It runs no foreign code: what makes an actuator safe runs on that actuator's helper thread, which is started here,
//! before the actuator opens.

mod watching;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use nevil_sys::mem::Bell;

use crate::actuator::{Actuators, Motion, run_helper};
use crate::clock::Clock;
use crate::guard::{Guard, GuardEvent, GuardWatch};
use crate::limits::{GUARD_BEAT, SAFETY_HELPER_PRIORITY, SAFETY_PRIORITY, THREAD_NAME_BYTES, WATCH_LOOK_MAX};
use crate::node::{Environment, Watch};
use crate::safety::watching::Watching;
use crate::scheduling::{self, Policy, ThreadReport, ThreadSpec};

/// Stack of the helper threads of actuators, which run foreign code, and of the safety thread.
const STACK_BYTES: usize = 256 * 1024;

/// The safety of a robot whose nodes are configured: its safety thread, the helpers of its actuators, its guard.
pub struct Safety {
    shared: Arc<Shared>,
    actuators: Actuators,
    report: ThreadReport,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    guard: Option<Arc<Guard>>,
    actuators: Actuators,
    motion: Arc<Motion>,
    clock: Clock,
    watch: Arc<Watch>,
    ended: AtomicBool,
    guard_lost: AtomicBool,
    failures: Arc<Bell>,
}

impl Safety {
    /// Starts the helper of each actuator that a node of `environment` has declared, and the safety thread. With a
    /// `guard`, nothing moves that it does not watch over; `watch` tells of it.
    ///
    /// # Errors
    ///
    /// The operating system's, if a thread cannot be started: then nothing may move.
    pub fn start(environment: &Environment, guard: Option<(Arc<Guard>, GuardWatch)>) -> io::Result<Self> {
        let actuators = environment.actuators().clone();
        for cell in actuators.cells() {
            let name: String = format!("safe {}", cell.name).chars().take(THREAD_NAME_BYTES).collect();
            let attended = Arc::clone(&cell);
            let helper = thread::Builder::new().name(name).stack_size(STACK_BYTES).spawn(move || {
                // What is denied to the safety thread is denied to its helpers, and is said once.
                let _ = elevate("helper");
                run_helper(&cell);
            })?;
            attended.set_helper(helper.thread().clone());
        }
        let (guard, watch) = guard.unzip();
        if let Some(guard) = &guard {
            // One guard per robot, set before any actuator opens.
            let _ = environment.guard.set(Arc::clone(guard));
        }
        let shared = Arc::new(Shared {
            guard,
            actuators: actuators.clone(),
            motion: actuators.motion(),
            clock: environment.bus().clock().clone(),
            watch: Arc::clone(&environment.watch),
            ended: AtomicBool::new(false),
            guard_lost: AtomicBool::new(false),
            failures: Arc::clone(&environment.failures),
        });
        if let Some(watch) = watch {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name("guard watch".into()).spawn(move || shared.watch(watch))?;
        }
        let (reported, report) = mpsc::channel();
        let thread = {
            let shared = Arc::clone(&shared);
            let builder = thread::Builder::new().name("safety".into()).stack_size(STACK_BYTES);
            builder.spawn(move || shared.run(&reported))?
        };
        // The thread reports first of all; if it ended before, something is badly wrong.
        let report = report.recv().map_err(io::Error::other)?;
        let begins = Arc::clone(&shared);
        actuators.on_motion(Box::new(move || {
            let may = begins.arm();
            begins.watch.watcher().wake();
            may
        }));
        Ok(Self { shared, actuators, report, thread: Some(thread) })
    }

    /// Whether the guard process has ended, although nobody told it to. Nothing moves any more then.
    #[must_use]
    pub fn guard_lost(&self) -> bool {
        self.shared.guard_lost.load(Ordering::Acquire)
    }

    /// What the safety thread wanted and got.
    #[must_use]
    pub fn thread_report(&self) -> &ThreadReport {
        &self.report
    }

    /// Ends the safety thread and the helpers, and releases the guard. Only when everything is safe and nothing hangs: else
    /// the guard is to fire when this process ends.
    pub fn end(mut self) {
        self.shared.ended.store(true, Ordering::Release);
        for cell in self.actuators.cells() {
            cell.end();
        }
        // First the thread that beats: a beat after the release would find nobody.
        if let Some(thread) = self.thread.take() {
            self.shared.watch.watcher().wake();
            // It runs no foreign code; a panic in it is a bug that the panic hook has reported.
            let _ = thread.join();
        }
        if let Some(guard) = self.shared.guard.as_ref().filter(|_| !self.guard_lost())
            && let Err(error) = guard.release()
        {
            tracing::warn!("the guard process could not be released: {error}");
        }
    }
}

/// Puts the calling thread above all nodes, as far as the kernel allows: for what stops a robot.
pub fn elevate(name: &str) -> ThreadReport {
    elevate_to(name, SAFETY_HELPER_PRIORITY)
}

/// Gives back what the calling thread has inherited of real time: for processes beside the robot.
pub fn be_ordinary(name: &str) {
    // To be ordinary is denied to nobody.
    let _ = scheduling::apply(&ThreadSpec::default(), name);
}

fn elevate_to(name: &str, priority: u8) -> ThreadReport {
    let policy = Policy::Fifo { priority };
    scheduling::apply(&ThreadSpec { policy, stack_bytes: STACK_BYTES, ..ThreadSpec::default() }, name)
}

impl Shared {
    /// Motion begins; whether it may. One byte, so that more than one may say it at once.
    fn arm(&self) -> bool {
        let Some(guard) = &self.guard else { return true };
        match guard.arm() {
            Ok(()) => {
                self.motion.guarded.store(true, Ordering::SeqCst);
                true
            }
            Err(error) => {
                self.lose_guard(&error.to_string());
                false
            }
        }
    }

    fn run(&self, reported: &mpsc::Sender<ThreadReport>) {
        // Who started this thread waits for it.
        let _ = reported.send(elevate_to("safety", SAFETY_PRIORITY));
        let (mut told, mut watching) = (false, Watching::default());
        while !self.ended.load(Ordering::Acquire) {
            let overdue = self.actuators.overdue(self.clock.now());
            if let Some(name) = overdue.as_ref().filter(|_| !told) {
                tracing::error!(
                    "actuator `{name}` should be safe and is not: the guard process is left to see to it"
                );
            }
            told = overdue.is_some();
            let sent = match &self.guard {
                // Without a beat the guard makes everything safe by its own handles.
                Some(_) if told => Ok(()),
                Some(guard) if self.motion.is_moving() => guard.beat(),
                Some(guard) if self.motion.guarded.swap(false, Ordering::SeqCst) => {
                    let disarmed = guard.disarm();
                    // Motion that began meanwhile may have taken itself for guarded: its count is seen here.
                    if self.motion.is_moving() {
                        self.arm();
                    }
                    disarmed
                }
                _ => Ok(()),
            };
            if let Err(error) = sent {
                self.lose_guard(&error.to_string());
            }
            self.sleep(&mut watching);
        }
    }

    /// Looks at callbacks, and sleeps until there is something to do: woken when motion begins, when a callback begins after
    /// some time without, and at the end.
    fn sleep(&self, watching: &mut Watching) {
        let (watcher, now) = (self.watch.watcher(), self.clock.now());
        let look = watching.look(&self.watch, now);
        let beat = self.motion.guarded.load(Ordering::SeqCst).then(|| now + GUARD_BEAT);
        let blind = (!watcher.may_sleep()).then(|| now + WATCH_LOOK_MAX);
        match [look, beat, blind].into_iter().flatten().min() {
            Some(until) => watcher.nap(until.as_ns()),
            None => watcher.sleep_unless(|| watching.any_runs()),
        }
    }

    /// Waits for what the guard process has to tell.
    fn watch(&self, mut watch: GuardWatch) {
        loop {
            match watch.next_event() {
                GuardEvent::Fired(why) => {
                    tracing::warn!("the guard process has made everything safe: {why}");
                }
                GuardEvent::Gone { status } => {
                    if !self.ended.load(Ordering::Acquire) {
                        let how =
                            status.map_or_else(|| "nobody knows how".to_owned(), |status| status.to_string());
                        self.lose_guard(&format!("it ended ({how})"));
                    }
                    return;
                }
            }
        }
    }

    fn lose_guard(&self, why: &str) {
        if !self.guard_lost.swap(true, Ordering::AcqRel) {
            tracing::error!("the guard process is lost: {why}; nothing may move without it");
            self.actuators.stop_motion();
            self.failures.ring();
        }
    }
}
