//! A real node whose callback does not return: when that is noticed, and when its next life goes on.

use std::hint;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use nevil_runtime::prelude::{Context, Node, NodeError, NodeResult, Setup, Tick};
use nevil_runtime::{CallbackRule, Failure, NodeRules, Policy, ThreadSpec, elevate};

use crate::machine::Near;
use crate::measure::{ROUND_MAX, RoundResult, Samples, Unmeasured, now_ns};
use crate::nevil::nodes::{Params, share_job, take_job};
use crate::nevil::{Robot, Wait, thread as thread_spec};

/// Between two calls.
const PAUSE: Duration = Duration::from_millis(2);

fn rules(timeout: Duration, hang_grace: Duration) -> NodeRules {
    // What is to hang again and again is not to be kept from it.
    let breaker = nevil_runtime::BreakerPolicy { trip: Vec::new(), ..Default::default() };
    let callback = CallbackRule { timeout, hang_grace, breaker, ..CallbackRule::default() };
    NodeRules { callback, ..NodeRules::default() }
}

/// Runs past its deadline until it is told, and says how long after the deadline that was.
struct Overrunning {
    told: mpsc::Sender<u64>,
}

impl Node for Overrunning {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        setup.every(PAUSE, Self::on_tick)?;
        take_job(params.key)
    }
}

impl Overrunning {
    fn on_tick(&mut self, _: &Tick, ctx: &Context) -> NodeResult {
        while !ctx.cancel().is_cancelled() {
            hint::spin_loop();
        }
        // Nobody listens any more when the round is over.
        let _ = self.told.send(now_ns().saturating_sub(ctx.deadline().as_ns()));
        Ok(())
    }
}

/// Nanoseconds from the deadline of a call to its judgement, `calls` times.
pub(crate) fn noticed(near: Near, timeout: Duration, calls: usize) -> RoundResult {
    let (told, late) = mpsc::channel();
    let mut robot = Robot::new();
    // It is judged, and not given up.
    let rules = rules(timeout, ROUND_MAX);
    // Where that is granted, so that it sees its judgement when it comes and not when others let it run.
    let policy = Policy::Fifo { priority: 60 };
    let thread = ThreadSpec { policy, ..thread_spec(&[near.receive], Wait::Blocking) };
    robot.add_ruled::<Overrunning, _>("overrunning", Overrunning { told }, thread, rules)?;
    robot.watch()?;
    robot.start()?;
    let mut values = Vec::with_capacity(calls);
    while values.len() < calls {
        values.push(late.recv_timeout(ROUND_MAX).map_err(Unmeasured::because)? as f64);
    }
    robot.stop()?;
    Ok(Samples { values, dropped: 0 })
}

/// Nanoseconds that a thread sleeps longer than `timeout`, `calls` times, when it is as urgent as the kernel allows.
pub(crate) fn timer(timeout: Duration, calls: usize) -> RoundResult {
    let sleeper = thread::spawn(move || {
        // What it is denied, the safety thread is denied too.
        let _ = elevate("timer");
        let oversleep = |_| {
            let until_ns = now_ns() + u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
            crate::floors::sleep_until(until_ns);
            now_ns().saturating_sub(until_ns) as f64
        };
        (0..calls).map(oversleep).collect()
    });
    let values = sleeper.join().map_err(|_| Unmeasured::because("a thread panicked"))?;
    Ok(Samples { values, dropped: 0 })
}

/// Where calls hang until they are let go.
#[derive(Debug, Default)]
struct Door {
    is_open: Mutex<bool>,
    changed: Condvar,
    /// When the call that hangs was to be given up, in ns.
    given_up_ns: AtomicU64,
    /// When the last life was activated, in ns.
    activated_ns: AtomicU64,
    /// Whether calls are to hang.
    hangs: AtomicBool,
}

impl Door {
    fn pass(&self) {
        let mut is_open = self.is_open.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_open {
            is_open = self.changed.wait(is_open).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn set(&self, open: bool) {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner) = open;
        self.changed.notify_all();
    }
}

/// Sleeps in its first call of each life, for ever.
struct Sleeping(Arc<Door>);

impl Node for Sleeping {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        setup.every(PAUSE, Self::on_tick)?;
        Ok(Self(share_job(params.key)?))
    }

    fn activate(&mut self, ctx: &Context) -> NodeResult {
        // Relaxed, here and below: read after the report of the activation, and of the failure.
        self.0.activated_ns.store(ctx.now().as_ns(), Ordering::Relaxed);
        Ok(())
    }
}

impl Sleeping {
    fn on_tick(&mut self, _: &Tick, ctx: &Context) -> NodeResult {
        if self.0.hangs.load(Ordering::Relaxed) {
            let given_up_ns = (ctx.deadline() + GRACE).as_ns();
            self.0.given_up_ns.store(given_up_ns, Ordering::Relaxed);
            self.0.pass();
        }
        Ok(())
    }
}

/// Time-out and grace of what is replaced.
const GRACE: Duration = Duration::from_millis(20);

/// Nanoseconds from the end of a hung call's grace to the activation of the node's next life, `calls` times.
pub(crate) fn replaced(near: Near, calls: usize) -> RoundResult {
    let door = Arc::<Door>::default();
    door.hangs.store(true, Ordering::Relaxed);
    let mut robot = Robot::new();
    let thread = thread_spec(&[near.receive], Wait::Blocking);
    robot.add_ruled::<Sleeping, _>("sleeping", Arc::clone(&door), thread, rules(GRACE, GRACE))?;
    robot.watch()?;
    robot.start()?;
    let mut values = Vec::with_capacity(calls);
    let began_ns = now_ns();
    while values.len() < calls {
        if u128::from(now_ns() - began_ns) > ROUND_MAX.as_nanos() {
            return Err(Unmeasured::Failed(format!("not done within {ROUND_MAX:?}")));
        }
        robot.wait_for_news(Duration::from_millis(100));
        let node = robot.node(0);
        match node.take_failure() {
            Some(Failure::Hung { .. }) => {}
            Some(failure) => return Err(Unmeasured::Failed(failure.to_string())),
            None => continue,
        }
        let given_up_ns = door.given_up_ns.load(Ordering::Relaxed);
        door.hangs.store(values.len() + 1 < calls, Ordering::Relaxed);
        robot.replace(node)?;
        values.push(door.activated_ns.load(Ordering::Relaxed).saturating_sub(given_up_ns) as f64);
        // The thread that hung ends, so that they do not become many.
        door.set(true);
        robot.wait_for_zombies()?;
        door.set(false);
    }
    robot.stop()?;
    Ok(Samples { values, dropped: 0 })
}
