//! The supervisor: starts the nodes of a plan, watches them, and stops them in order.
//!
//! ```text
//!  spawn threads ─► configure all ─► connect topics ─► guard, safety ─► activate in order ─► run
//!                        │ fails                                            │ fails           │ stop, node failed
//!                        └──────────────────────────────────────────────────┴────────► stop ◄─┘
//!  stop: inhibit motion ─► deactivate in reverse order ─► shut down ─► make safe again ─► accounts
//! ```
//! Nothing here runs on a node's thread, and everything that is waited for has a deadline.

mod health;
mod live;
mod nodes;
mod operator;
mod params;
mod phases;
mod readiness;
mod reload;
mod report;
mod robot;
mod signals;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use std::{env, io};

use nevil_runtime::log::{Lines, Log};
use nevil_runtime::{
    Clock, EmergencyStopNotice, Environment, Guard, GuardWatch, HealthNotice, NodeTypes, Safety,
    ThreadedNode, Time, Waker,
};

use crate::control::{Control, ControlServer};
use crate::crashes::CrashRecord;
use crate::exit::Exit;
use crate::options::LaunchOptions;
use crate::plan::{Plan, PlannedNode};
use crate::runtime_dir::RobotLock;
use crate::status::RobotPhase;
use crate::supervision::Supervision;
use crate::watchdog::Watchdogs;
use health::{Board, HealthWatch};
use nodes::Doing;
use operator::{Orders, UnderWay};
use robot::Robot;

/// Begins the record of a start of `plan`, in which crashes of the process are charged to callbacks. Nodes that can be left
/// out, because they were at work in each of several crashes.
fn begin_record(plan: &mut Plan, lock: &RobotLock) -> (Option<CrashRecord>, Vec<String>) {
    let names: Vec<_> = plan.nodes.iter().map(|node| node.spec.instance.to_string()).collect();
    // The socket lies in the directory of the robots.
    let directory = lock.socket_path().parent().unwrap_or(Path::new("."));
    let (record, found) = match CrashRecord::begin(directory, lock.robot(), &names, SystemTime::now()) {
        Ok(begun) => begun,
        Err(error) => {
            tracing::warn!("crashes of this robot cannot be recorded in {}: {error}", directory.display());
            return (None, Vec::new());
        }
    };
    for (index, node) in plan.nodes.iter_mut().enumerate() {
        node.spec.mark = Some(record.word(index));
    }
    let Some(found) = found else { return (Some(record), Vec::new()) };
    tracing::error!("{found}");
    let is_optional =
        |name: &&str| plan.nodes.iter().any(|node| !node.required && *node.spec.instance == **name);
    let suspects = found.suspects().into_iter().filter(is_optional).map(str::to_owned).collect();
    (Some(record), suspects)
}

/// How long the last lines of log and output are waited for: a process may not stay because nobody reads them.
const FLUSH_WAIT: Duration = Duration::from_millis(200);

/// A robot that is being launched.
pub(crate) struct Supervisor {
    plan: Plan,
    robot: Arc<Robot>,
    waker: Waker,
    safety: Option<Safety>,
    /// What nodes hear of the emergency stop.
    notice: Option<EmergencyStopNotice>,
    /// What they hear of the rest, until somebody tells it.
    health_notice: Option<HealthNotice>,
    health: Option<HealthWatch>,
    /// When it stops by itself.
    until: Option<Time>,
    /// Nodes that have not answered: their threads are left behind.
    hung: Vec<Arc<str>>,
    /// Nodes that could not be started with the robot.
    not_started: Vec<usize>,
    /// Whether a required node reported an error when it was to end.
    ended_badly: bool,
    supervision: Supervision,
    /// What is being done with each node.
    doing: Vec<Doing>,
    /// Breakers whose opening has been seen, with its generation.
    open_breakers: BTreeMap<String, u32>,
    /// Those that were, mattered, and have not closed again.
    degrading: BTreeSet<String>,
    /// Nodes that were at work each time the process crashed, and are not started.
    suspects: Vec<String>,
    watchdogs: Watchdogs,
    /// What was begun for operators.
    under_way: Vec<UnderWay>,
    /// Whether the launch file is read again whenever it is written.
    watches_file: bool,
}

/// How a robot has ended.
pub(crate) struct Ended {
    exit: Exit,
    /// Whether the process has to end without waiting for anybody: a thread hangs, or something is not safe.
    at_once: bool,
    /// Whether an operator wants it to be started again.
    again: bool,
}

/// What follows when a robot has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AndThen {
    /// The process ends so.
    End(Exit),
    /// An operator wants the robot to be started again, and it ended well.
    Again,
}

/// Launches `plan`, which has nodes of `types`, under `lock`, and returns when the robot has stopped.
pub(crate) fn run(
    plan: Plan,
    options: &LaunchOptions,
    types: &NodeTypes,
    lock: &RobotLock,
    log: &Log,
) -> AndThen {
    let lines = match Lines::new(Box::new(io::stdout())) {
        Ok(lines) => Arc::new(lines),
        Err(error) => {
            tracing::error!("{error}");
            return AndThen::End(Exit::Failed);
        }
    };
    // Memory is planned by the first mode, whichever the robot begins in.
    let planned = plan.modes.first().map_or(&plan, |(_, first)| first);
    let environment = Environment::new(Clock::monotonic(), options.seed).with_topics(planned.topics.clone());
    let around = Around { options, types, log };
    let ended = match Supervisor::new(plan, around, lock, environment, Arc::clone(&lines)) {
        Ok(supervisor) => supervisor.run(lock),
        Err(exit) => Ended { exit, at_once: false, again: false },
    };
    // What is not written by then is counted as lost; nobody reads it.
    let _ = lines.flush(FLUSH_WAIT);
    let _ = log.flush(FLUSH_WAIT);
    if ended.again && ended.exit == Exit::Ok {
        return AndThen::Again;
    }
    // A thread that hangs would hang the ordinary end of the process too.
    AndThen::End(if ended.at_once { ended.exit.at_once() } else { ended.exit })
}

/// What a robot is launched with besides its plan.
#[derive(Clone, Copy)]
struct Around<'a> {
    options: &'a LaunchOptions,
    types: &'a NodeTypes,
    log: &'a Log,
}

impl Supervisor {
    /// Starts the threads of all nodes, which configure them.
    fn new(
        mut plan: Plan,
        around: Around<'_>,
        lock: &RobotLock,
        environment: Environment,
        lines: Arc<Lines>,
    ) -> Result<Self, Exit> {
        let Around { options, types, log } = around;
        let began = environment.bus().clock().now();
        let waker = Waker::of(&environment);
        let (crashes, suspects) = begin_record(&mut plan, lock);
        let spawn = |node: &PlannedNode| {
            ThreadedNode::spawn(node.spec.clone(), &node.thread_name, &environment, &waker).map_err(|error| {
                tracing::error!(
                    "node `{}` could not be started: {error}; nothing was started",
                    node.spec.instance
                );
                Exit::NotStarted
            })
        };
        let nodes = plan.nodes.iter().map(spawn).collect::<Result<Vec<_>, _>>()?;
        let robot = Arc::new(Robot {
            name: lock.robot().to_owned(),
            file: options.inputs.file.display().to_string(),
            environment,
            nodes,
            began,
            phase: AtomicU8::new(0),
            stop: AtomicBool::new(false),
            denied: Mutex::default(),
            operated: Mutex::default(),
            crashes: Mutex::new(crashes),
            supervised: Mutex::default(),
            board: Board::default(),
            waker: waker.clone(),
            lines,
            log: log.filter(),
            orders: Orders::default(),
            running: Mutex::new(Arc::new(plan.clone())),
            reloading: Mutex::default(),
            inputs: options.inputs.clone(),
            types: types.clone(),
            again: AtomicBool::new(false),
        });
        let until = options.duration.map(|duration| began + duration);
        let (supervision, doing) = (Supervision::of(&plan), vec![Doing::Nothing; plan.nodes.len()]);
        Ok(Self {
            plan,
            robot,
            waker,
            safety: None,
            notice: None,
            health_notice: None,
            health: None,
            until,
            hung: Vec::new(),
            not_started: Vec::new(),
            ended_badly: false,
            supervision,
            doing,
            open_breakers: BTreeMap::new(),
            degrading: BTreeSet::new(),
            suspects,
            watchdogs: Watchdogs::default(),
            under_way: Vec::new(),
            watches_file: options.watch,
        })
    }

    fn run(mut self, lock: &RobotLock) -> Ended {
        if let Err(error) = signals::watch(Arc::clone(&self.robot)) {
            tracing::error!("signals cannot be watched ({error}), so that Ctrl-C would not stop the robot");
            return self.stop(Exit::NotStarted, None);
        }
        let control = ControlServer::start(lock.socket_path(), Arc::clone(&self.robot) as Arc<dyn Control>);
        let control = match control {
            Ok(control) => control,
            Err(error) => {
                tracing::error!("{error}");
                return self.stop(Exit::NotStarted, None);
            }
        };
        let exit = match self.start() {
            Ok(()) => {
                self.robot.set_phase(RobotPhase::Running);
                self.say_running();
                self.watch_health();
                self.start_watchdogs();
                self.robot.orders.open();
                self.watch_file();
                self.watch()
            }
            Err(exit) => exit,
        };
        self.stop(exit, Some(control))
    }

    /// Reads the launch file again whenever it is written, where that is wanted. Without that the robot runs on, and says so.
    fn watch_file(&self) {
        if self.watches_file
            && let Err(error) = watch::start(Arc::clone(&self.robot))
        {
            self.robot.deny(format!("the launch file cannot be watched ({error}); use `nevil reload`"));
        }
    }

    /// Lets others watch the robot from now on: a start may take longer than they would wait.
    fn start_watchdogs(&mut self) {
        let (watchdogs, problems) =
            Watchdogs::start(&self.plan.watchdog, &|name| env::var_os(name), std::process::id());
        self.watchdogs = watchdogs;
        problems.into_iter().for_each(|problem| self.robot.deny(problem));
        self.watchdogs.ready();
    }

    /// Waits until the robot is to stop, and says why.
    fn watch(&mut self) -> Exit {
        loop {
            if self.robot.stop.load(Ordering::Acquire) {
                return Exit::Ok;
            }
            self.notice.iter_mut().for_each(EmergencyStopNotice::tell);
            self.robot.board.look();
            if self.safety.as_ref().is_some_and(Safety::guard_lost) {
                self.robot.board.note_guard_lost();
                tracing::error!("the robot stops, because nobody would make it safe if this process died");
                return Exit::NodeFailed;
            }
            if let ControlFlow::Break(exit) = self.serve_operator() {
                return exit;
            }
            if let ControlFlow::Break(exit) = self.supervise() {
                return exit;
            }
            self.answer_operator();
            let now = self.robot.now();
            if self.until.is_some_and(|until| now >= until) {
                return Exit::Ok;
            }
            let nodes = self.plan.nodes.iter().zip(&self.robot.nodes);
            let is_late = nodes.into_iter().any(|(planned, node)| planned.required && node.is_late());
            let healthy = self.supervision.required_are_up() && !is_late;
            let meal = self.watchdogs.feed(now, healthy);
            let next =
                self.until.into_iter().chain(self.next_due()).chain(self.operator_due()).chain(meal).min();
            self.waker.wait(next.map(|next| next.since(now)));
        }
    }

    /// Starts the guard process, before any actuator opens.
    fn start_guard() -> io::Result<(Arc<Guard>, GuardWatch)> {
        let mut command = Command::new(env::current_exe()?);
        command.arg("guard");
        let (guard, watch) = Guard::start(command).map_err(io::Error::other)?;
        Ok((Arc::new(guard), watch))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Plain values, each written in one step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
