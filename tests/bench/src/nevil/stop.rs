//! The emergency stop: how long from asking for it to the beginning of `make_safe`.

use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use nevil_runtime::prelude::{
    Actuate, Actuator, Context, DeviceResult, Node, NodeError, NodeResult, OpenActuator, Setup, Tick,
};
use nevil_runtime::{CallbackRule, EmergencyStop, NodeRules, Policy, ThreadSpec, elevate};

use crate::floors::sleep_until;
use crate::measure::{ROUND_MAX, RoundResult, Samples, Unmeasured, now_ns};
use crate::nevil::nodes::{Params, share_job};
use crate::nevil::{Robot, Wait, thread as thread_spec};

/// How often the motor's node looks whether it is to move, and the stopping thread whether it has.
const LOOK_NS: u64 = 50_000;

/// How long a command holds: nothing is made safe because it is over.
const VALID: Duration = Duration::from_secs(5);

/// Priority of the motor's node, above what spins.
const MOTOR_PRIORITY: u8 = 60;

/// Priority of what spins.
const SPINNER_PRIORITY: u8 = 50;

/// What else runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    Nothing,
    /// On each core a thread that never sleeps.
    Spinners,
    /// The same, as real time.
    FifoSpinners,
}

/// Between the node, its actuator and who stops it.
#[derive(Debug, Default)]
struct Motor {
    is_to_move: AtomicBool,
    moves: AtomicBool,
    /// When `make_safe` began; 0: it has not, and is to be timed.
    made_safe_ns: AtomicU64,
    spins: AtomicBool,
}

struct Control(Arc<Motor>);

impl Actuate for Control {
    type Command = ();

    fn apply(&mut self, (): &()) -> DeviceResult<()> {
        // SeqCst, everywhere here: nothing is gained by less.
        self.0.moves.store(true, Ordering::SeqCst);
        Ok(())
    }
}

impl Motor {
    fn make_safe(&self) {
        let now_ns = now_ns();
        // Only the first one after the stop.
        let _ = self.made_safe_ns.compare_exchange(0, now_ns, Ordering::SeqCst, Ordering::SeqCst);
        self.moves.store(false, Ordering::SeqCst);
    }
}

/// Moves when it is to.
struct Moving {
    motor: Arc<Motor>,
    actuator: Actuator<Control>,
}

impl Node for Moving {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        let motor = share_job::<Motor>(params.key)?;
        let open = {
            let motor = Arc::clone(&motor);
            move || {
                let safe = Arc::clone(&motor);
                let make_safe = Arc::new(move || {
                    safe.make_safe();
                    Ok(())
                });
                Ok(OpenActuator { control: Control(Arc::clone(&motor)), make_safe, guard: None })
            }
        };
        let actuator = setup.actuator("motor", open);
        setup.every(Duration::from_nanos(LOOK_NS), Self::on_tick)?;
        Ok(Self { motor, actuator })
    }
}

impl Moving {
    fn on_tick(&mut self, _: &Tick, _: &Context) -> NodeResult {
        if self.motor.is_to_move.swap(false, Ordering::SeqCst) {
            self.actuator.command(&(), VALID)?;
        }
        Ok(())
    }
}

/// Keeps its core busy while it is to.
struct Spinner(Arc<Motor>);

impl Node for Spinner {
    type Params = Params;

    fn configure(setup: &mut Setup<'_, Self>, params: Params) -> Result<Self, NodeError> {
        setup.every(Duration::from_millis(1), Self::on_tick)?;
        Ok(Self(share_job(params.key)?))
    }
}

impl Spinner {
    fn on_tick(&mut self, _: &Tick, _: &Context) -> NodeResult {
        while self.0.spins.load(Ordering::SeqCst) {
            hint::spin_loop();
        }
        Ok(())
    }
}

/// Nanoseconds from the call that asks for an emergency stop to the first thing in `make_safe`, of `stops` stops of an
/// actuator that moves. Who asks is as urgent as what hears the signals of a launch.
pub(crate) fn emergency(cores: &[usize], stops: u64, beside: Beside) -> RoundResult {
    let motor = Arc::<Motor>::default();
    let mut robot = Robot::new();
    let policy = match beside {
        Beside::FifoSpinners => Policy::Fifo { priority: MOTOR_PRIORITY },
        _ => Policy::Normal { nice: 0 },
    };
    // Its breaker opens with the stop, and closes with the reset.
    let thread = ThreadSpec { policy, ..ThreadSpec::default() };
    robot.add::<Moving, _>("moving", Arc::clone(&motor), thread)?;
    if beside != Beside::Nothing {
        add_spinners(&mut robot, &motor, cores, beside)?;
    }
    robot.watch()?;
    robot.start()?;
    let stop = robot.environment().emergency_stop().clone();
    let stopper = {
        let motor = Arc::clone(&motor);
        thread::spawn(move || {
            // What it is denied, the helper that makes safe is denied too.
            let _ = elevate("stopper");
            motor.spins.store(true, Ordering::SeqCst);
            let times = (0..stops).map(|_| one(&motor, &stop)).collect::<Result<Vec<_>, _>>();
            motor.spins.store(false, Ordering::SeqCst);
            times
        })
    };
    let values = stopper.join().map_err(|_| Unmeasured::because("a thread panicked"))?;
    robot.stop()?;
    Ok(Samples { values: values?, dropped: 0 })
}

fn add_spinners(
    robot: &mut Robot,
    motor: &Arc<Motor>,
    cores: &[usize],
    beside: Beside,
) -> Result<(), Unmeasured> {
    let callback = CallbackRule { timeout: Duration::from_secs(3600), ..CallbackRule::default() };
    for (index, core) in cores.iter().enumerate() {
        let policy = match beside {
            Beside::FifoSpinners => Policy::Fifo { priority: SPINNER_PRIORITY },
            _ => Policy::Normal { nice: 0 },
        };
        let thread = ThreadSpec { policy, ..thread_spec(&[*core], Wait::Blocking) };
        let rules = NodeRules { callback: callback.clone(), ..NodeRules::default() };
        robot.add_ruled::<Spinner, _>(&format!("spinner_{index}"), Arc::clone(motor), thread, rules)?;
        let denied = robot.node(index + 1).thread_report().is_some_and(|report| !report.denied.is_empty());
        if denied {
            return Err(Unmeasured::absent("real time is denied to this process"));
        }
    }
    Ok(())
}

/// One stop of what moves, and its reset.
fn one(motor: &Motor, stop: &EmergencyStop) -> Result<f64, Unmeasured> {
    // The tick of the node may have been refused by its breaker just now: asked again and again.
    until("the motor to move", || {
        motor.is_to_move.store(true, Ordering::SeqCst);
        motor.moves.load(Ordering::SeqCst)
    })?;
    motor.made_safe_ns.store(0, Ordering::SeqCst);
    let began_ns = now_ns();
    stop.engage("the benchmark", "it measures how long this takes");
    until("the motor to be safe", || motor.made_safe_ns.load(Ordering::SeqCst) != 0)?;
    motor.is_to_move.store(false, Ordering::SeqCst);
    until("the reset", || stop.reset("the benchmark").is_ok())?;
    Ok(motor.made_safe_ns.load(Ordering::SeqCst).saturating_sub(began_ns) as f64)
}

/// Waits for what others do, sleeping in between: they may need this core.
fn until(what: &str, is_so: impl Fn() -> bool) -> Result<(), Unmeasured> {
    let began_ns = now_ns();
    while !is_so() {
        if u128::from(now_ns() - began_ns) > ROUND_MAX.as_nanos() {
            return Err(Unmeasured::Failed(format!("waited in vain for {what}")));
        }
        sleep_until(now_ns() + LOOK_NS);
    }
    Ok(())
}
