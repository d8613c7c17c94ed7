//! A thread per node.
//!
//! ```text
//!  supervisor                                   node's thread
//!    spawn ─────────────────────────────────────► scheduling, configure
//!    order(Activate) ──► word, bell ────────────► activate, then turns until the next order
//!    poll, wait      ◄── report, wake ◄─────────── how the phase ended
//!    respawn ───────────────────────────────────► another thread for the next life; takes over from one that hangs
//! ```
//! Orders and reports are single words and handovers: a node's thread never waits for the supervisor. `body`: what runs on
//! the thread.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nevil_sys::mem::Ending;

use crate::clock::{Clock, Time};
use crate::executor::body::{Body, number};
use crate::executor::live::Pending;
use crate::executor::orders::{Orders, Report};
use crate::executor::{NodeSpec, OrderError, Phase, Waker};
use crate::limits::THREAD_NAME_BYTES;
use crate::node::{Environment, Failure, InputDown, NodeShared, NodeState};
use crate::scheduling::ThreadReport;

/// A node on a thread of its own; one life after the other, each on its own thread.
#[derive(Debug)]
pub struct ThreadedNode {
    pub(super) instance: Arc<str>,
    /// What the next life is launched as.
    pub(super) spec: Mutex<Arc<NodeSpec>>,
    /// New parameters that are on their way.
    pub(super) pending: Mutex<Option<Pending>>,
    thread_name: String,
    pub(super) environment: Environment,
    waker: Waker,
    // Locked for a moment: by who looks, and by who launches the next life.
    life: Mutex<Arc<Life>>,
    lives: AtomicU32,
}

/// One life of a node, and its thread.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) shared: Arc<NodeShared>,
    pub(super) orders: Arc<Orders>,
    /// The phase that was ordered last: its number.
    ordered: AtomicU8,
    /// When that was, in ns.
    ordered_at: AtomicU64,
    /// Whether it has said that it was shut down: from then on its thread takes no orders.
    over: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
    clock: Clock,
}

impl Life {
    /// Starts the thread of life `lives` of `spec`, which takes over from the life `before` first.
    fn spawn(
        spec: &NodeSpec,
        thread_name: &str,
        environment: &Environment,
        waker: &Waker,
        lives: u32,
        before: Option<Arc<NodeShared>>,
    ) -> Result<Self, OrderError> {
        let shared = spec.life(environment, lives);
        let orders = Arc::<Orders>::default();
        let clock = environment.bus.clock().clone();
        let body = Body::new(&shared, &orders, waker, environment, spec);
        environment.watch.add(&shared);
        let (spec, environment, name) = (spec.clone(), environment.clone(), thread_name.to_owned());
        let builder = thread::Builder::new().name(name.clone()).stack_size(spec.thread.stack_bytes);
        let run = move || body.run(&spec, &name, &environment, before.as_deref());
        let thread = builder.spawn(run).map_err(OrderError::Thread)?;
        let ordered = AtomicU8::new(number(Phase::Configure));
        let ordered_at = AtomicU64::new(clock.now().as_ns());
        let (over, thread) = (AtomicBool::new(false), Mutex::new(Some(thread)));
        Ok(Self { shared, orders, ordered, ordered_at, over, thread, clock })
    }

    fn order(&self, phase: Phase) {
        // Long work that looks at the token gives up, so that the end of the node is not late.
        let ends = matches!(phase, Phase::Deactivate | Phase::Shutdown);
        self.shared.incarnation.cancel().set(ends);
        // Relaxed, both: read by those who order.
        self.ordered.store(number(phase), Ordering::Relaxed);
        self.ordered_at.store(self.clock.now().as_ns(), Ordering::Relaxed);
        // Release: whoever sees the order sees what was prepared for it.
        self.orders.wanted.store(number(phase), Ordering::Release);
        self.shared.wake.bell().ring();
        if ends && self.is_over() {
            // Nobody is there to say that there is nothing to end any more.
            drop(self.orders.report.put(Box::new(Report { phase, result: Ok(()) })));
        }
    }

    fn poll(&self) -> Option<Result<(), OrderError>> {
        // A report of an earlier phase comes from one that was given up.
        let report = self.orders.report.take();
        let report = report.filter(|report| number(report.phase) == self.ordered.load(Ordering::Relaxed))?;
        if report.phase == Phase::Shutdown {
            self.over.store(true, Ordering::Relaxed);
        }
        Some(report.result)
    }

    /// Whether this life was told to shut down: then its thread takes no more orders.
    pub(super) fn is_to_end(&self) -> bool {
        self.is_over() || self.ordered.load(Ordering::Relaxed) == number(Phase::Shutdown)
    }

    /// Whether it has said that it was shut down.
    pub(super) fn is_over(&self) -> bool {
        // Relaxed, as all that those keep who order.
        self.over.load(Ordering::Relaxed)
    }

    /// How long the phase that was ordered last has had.
    fn waited(&self) -> Duration {
        self.clock.now().since(Time::from_ns(self.ordered_at.load(Ordering::Relaxed)))
    }
}

impl ThreadedNode {
    /// Starts the thread of `spec` and lets it configure the node; [`Self::wait`] says how that ended. `thread_name` is
    /// what the kernel will call it.
    ///
    /// # Errors
    ///
    /// [`OrderError::Thread`] if there are no threads or no memory left.
    pub fn spawn(
        spec: NodeSpec,
        thread_name: &str,
        environment: &Environment,
        waker: &Waker,
    ) -> Result<Self, OrderError> {
        let life = Life::spawn(&spec, thread_name, environment, waker, 1, None)?;
        Ok(Self {
            instance: Arc::clone(&spec.instance),
            spec: Mutex::new(Arc::new(spec)),
            pending: Mutex::default(),
            thread_name: thread_name.to_owned(),
            environment: environment.clone(),
            waker: waker.clone(),
            life: Mutex::new(Arc::new(life)),
            lives: AtomicU32::new(1),
        })
    }

    /// Starts the thread of the next life, as [`Self::spec`] says, and lets it configure the node again. If the thread of the life before was given
    /// up, this one takes from it what it has: its subscriptions end, its devices are closed where no call hangs in them.
    /// If it was not, it has to have been shut down.
    ///
    /// # Errors
    ///
    /// [`OrderError::Thread`] if there are no threads or no memory left.
    pub fn respawn(&self) -> Result<(), OrderError> {
        let before = self.life();
        // Relaxed: one thread launches.
        let lives = self.lives.fetch_add(1, Ordering::Relaxed) + 1;
        let given_up = before.shared.incarnation.call().is_abandoned();
        let before = given_up.then(|| Arc::clone(&before.shared));
        let (spec, name) = (self.spec(), &self.thread_name);
        let life = Life::spawn(&spec, name, &self.environment, &self.waker, lives, before)?;
        let is_degraded = self.life().orders.is_degraded();
        *self.lock() = Arc::new(life);
        self.set_degraded(is_degraded);
        Ok(())
    }

    /// Says whether the node is to work with its degraded parameters ([`NodeSpec::degraded`]), in this life and in those that
    /// follow. It is told on its own thread, between two callbacks, once it is active.
    pub fn set_degraded(&self, is_degraded: bool) {
        let life = self.life();
        // Relaxed: one thread launches and orders.
        if life.orders.is_degraded.swap(is_degraded, Ordering::Relaxed) != is_degraded {
            life.shared.wake.bell().ring();
        }
    }

    /// Orders `phase`, without waiting. A life that was shut down, and that no other has followed, has nothing to end any
    /// more, and is said to have ended at once.
    pub fn order(&self, phase: Phase) {
        let life = self.life();
        life.order(phase);
        if life.is_over() {
            // It is there to be polled already.
            self.waker.wake();
        }
    }

    /// Tells the node, without waiting, that nodes whose messages it gets are down; before it obeys the next order.
    pub fn tell_down(&self, inputs: Vec<InputDown>) {
        let life = self.life();
        life.orders.tell(inputs);
        life.shared.wake.bell().ring();
    }

    /// How the phase ended that was ordered last, if it has: once.
    #[must_use]
    pub fn poll(&self) -> Option<Result<(), OrderError>> {
        self.life().poll()
    }

    /// How long the phase that was ordered last has had.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.life().waited()
    }

    /// How the phase ended that was ordered last, waiting at most until `deadline` of the node's clock. `wait` is called
    /// in between, and returns when something may have changed; a break gives up.
    ///
    /// # Errors
    ///
    /// [`OrderError`], [`OrderError::Late`] among them.
    pub fn wait(
        &self,
        deadline: Time,
        wait: &mut dyn FnMut(Duration) -> ControlFlow<()>,
    ) -> Result<(), OrderError> {
        let life = self.life();
        loop {
            if let Some(result) = life.poll() {
                return result;
            }
            let now = life.clock.now();
            // Others may have been waited for meanwhile.
            let waited = life.waited();
            if now >= deadline {
                return Err(OrderError::Late { waited });
            }
            if wait(deadline.since(now)).is_break() {
                return Err(OrderError::GivenUp { waited });
            }
        }
    }

    /// Gives up the thread of a node that does not answer an order: nothing begins on its behalf any more, and what it moves
    /// is made safe. `false` if it hangs nowhere, and will answer.
    pub fn give_up(&self) -> bool {
        let life = self.life();
        let seen = life.shared.incarnation.call().running();
        seen.is_some_and(|seen| life.shared.give_up(&seen, None))
    }

    /// Whether its shutdown was ordered: nothing else can be ordered of this life.
    #[must_use]
    pub fn is_to_end(&self) -> bool {
        self.life().is_to_end()
    }

    /// Whether it has been shut down, and has said so: nothing is left of this life.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.life().is_over()
    }

    /// Whether its thread was given up, so that its next life takes over, or nothing does.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        self.life().shared.incarnation.call().is_abandoned()
    }

    /// The device in which its thread hangs and of which there can be only one, so that no other life can open it.
    #[must_use]
    pub fn stuck_device(&self) -> Option<Arc<str>> {
        self.life().shared.stuck_device()
    }

    /// Ends the subscriptions of a life that was given up, and its publishers, and tells its drivers to stop, whether another life
    /// follows or not. On a thread of its own, because this is foreign code.
    ///
    /// # Errors
    ///
    /// The operating system's, if there are no threads left: the next life does it then.
    pub fn leave_bus(&self) -> std::io::Result<()> {
        let (shared, bus) = (Arc::clone(&self.life().shared), self.environment.bus.clone());
        let leave = move || {
            shared.stop_drivers();
            bus.give_up(&shared.wake, &shared.incarnation);
        };
        thread::Builder::new().name("leave bus".into()).spawn(leave).map(drop)
    }

    /// Waits for the thread to end, if it is about to: after a shutdown that was reported.
    pub fn join(&self) {
        let thread = self.life().thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // The thread's own panics are bugs of the runtime, and have been reported by the panic hook.
            let _ = thread.join();
        }
    }

    /// The names of its callbacks, numbered as in [`NodeSpec::mark`], once it is configured.
    #[must_use]
    pub fn callbacks(&self) -> Vec<String> {
        self.life().shared.callbacks().into_iter().map(|callback| callback.name).collect()
    }

    /// Whether a callback of it has missed its deadline, and has not returned.
    #[must_use]
    pub fn is_late(&self) -> bool {
        let seen = self.life().shared.incarnation.call().running();
        seen.is_some_and(|seen| seen.verdict == Ending::Late)
    }

    /// The node's instance name.
    #[must_use]
    pub fn instance(&self) -> &Arc<str> {
        &self.instance
    }

    /// Where it is in its life.
    #[must_use]
    pub fn state(&self) -> NodeState {
        self.life().shared.state()
    }

    /// Whether one of its driver threads did not return, and was left behind.
    #[must_use]
    pub fn has_left_behind(&self) -> bool {
        self.life().shared.left_behind.load(Ordering::Acquire)
    }

    /// What its thread wanted and got, once it runs.
    #[must_use]
    pub fn thread_report(&self) -> Option<ThreadReport> {
        self.life().shared.thread.get().cloned()
    }

    /// Why it can go on no longer, if that is so and was not taken before.
    #[must_use]
    pub fn take_failure(&self) -> Option<Failure> {
        self.life().shared.take_failure()
    }

    pub(crate) fn shared(&self) -> Arc<NodeShared> {
        Arc::clone(&self.life().shared)
    }

    pub(super) fn life(&self) -> Arc<Life> {
        Arc::clone(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Life>> {
        unpoisoned(&self.life)
    }
}

/// Each value is written in one step.
pub(super) fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A name for the thread of `instance` that the kernel can hold and that is not in `used`, to which it is added.
#[must_use]
pub fn thread_name(instance: &str, used: &mut Vec<String>) -> String {
    let cut = |bytes: usize| instance.chars().take(bytes).collect::<String>();
    let mut name = cut(THREAD_NAME_BYTES);
    let mut number = 2;
    while used.contains(&name) {
        let suffix = format!("~{number}");
        name = cut(THREAD_NAME_BYTES - suffix.len()) + &suffix;
        number += 1;
    }
    used.push(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_of_long_names_are_told_apart_within_the_length_that_the_kernel_keeps() {
        let mut used = Vec::new();
        assert_eq!(thread_name("motion", &mut used), "motion");
        assert_eq!(thread_name("obstacle_detection_front", &mut used), "obstacle_detect");
        assert_eq!(thread_name("obstacle_detection_rear", &mut used), "obstacle_dete~2");
    }
}
