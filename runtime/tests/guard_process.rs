//! The guard as a process, and a robot process that ends in every way there is.
//!
//! The parts are played by this very program, started again with the part's name in its environment:
//!
//! ```text
//!  test ── starts ─► robot ── starts ─► guard
//!   └── device ◄══ socket: the robot's standard input ══► registered with the guard
//! ```
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nevil_runtime::guard::{FiredWhy, Guard, GuardEvent, GuardStartError, GuardWatch, SafeSequence, serve};
use nevil_runtime::limits;
use nevil_sys::os;
use rustix::process::{Pid, Signal, getpgid, kill_process};

const PART: &str = "NEVIL_GUARD_TEST_PART";
const WATCHDOG: Duration = Duration::from_secs(60);
const SAFE: [u8; 5] = [0x11, 0, 0x22, 0, 0];

#[test]
fn plays_the_part_that_another_test_gives_it() {
    let Ok(part) = env::var(PART) else { return };
    match part.as_str() {
        "guard" => os::exit_now(i32::from(serve() != ExitCode::SUCCESS)),
        "bystander" => _ = io::stdin().read_to_end(&mut Vec::new()),
        _ => robot(&part),
    }
}

fn command(part: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "plays_the_part_that_another_test_gives_it", "--nocapture", "--test-threads=1"]);
    command.env(PART, part);
    command
}

fn motor(handle: OwnedFd) -> SafeSequence {
    SafeSequence { handle, writes: vec![SAFE[..2].to_vec(), SAFE[2..].to_vec()] }
}

/// Sends beats until it ends as `part` says.
fn robot(part: &str) {
    let (guard, mut watch) = Guard::start(command("guard")).unwrap();
    guard.register("motor", motor(io::stdin().as_fd().try_clone_to_owned().unwrap())).unwrap();
    let mut bystander = command("bystander");
    let _bystander = (part == "with a bystander")
        .then(|| bystander.stdin(Stdio::inherit()).stdout(Stdio::null()).spawn().unwrap());
    if part != "unarmed" {
        guard.arm().unwrap();
    }
    println!("robot: its guard is {}", guard.process());
    let beats = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&beats);
    thread::spawn(move || {
        loop {
            guard.beat().unwrap();
            // SeqCst: the test's order is the order of the text.
            count.fetch_add(1, Ordering::SeqCst);
            thread::park_timeout(limits::GUARD_BEAT);
        }
    });
    match part {
        "abort" => std::process::abort(),
        "overflow" => _ = overflow(0),
        "exit" => os::exit_now(0),
        _ => {
            while let GuardEvent::Fired(why) = watch.next_event() {
                // The guard is armed again by a beat that came after it fired.
                let fired_at = beats.load(Ordering::SeqCst);
                while beats.load(Ordering::SeqCst) < fired_at + 2 {
                    thread::park_timeout(Duration::from_millis(1));
                }
                println!("robot: fired for {why:?}");
            }
        }
    }
}

fn overflow(depth: u64) -> u64 {
    let page = std::hint::black_box([depth; 512]);
    if page[0] == u64::MAX { 0 } else { overflow(depth + 1).wrapping_add(page[511]) }
}

/// A robot process, ready, and the device that its motor is.
struct Robot {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    device: UnixStream,
    guard: u32,
}

impl Robot {
    fn start(part: &str) -> Self {
        let (device, handle) = UnixStream::pair().unwrap();
        device.set_read_timeout(Some(WATCHDOG)).unwrap();
        let mut command = command(part);
        command.stdin(OwnedFd::from(handle)).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        drop(command);
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut robot = Self { child, output, device, guard: 0 };
        robot.guard = robot.says("its guard is ").parse().unwrap();
        robot
    }

    /// Waits until the robot says something that begins with `beginning`, and returns the rest.
    fn says(&mut self, beginning: &str) -> String {
        let mark = format!("robot: {beginning}");
        loop {
            let mut line = String::new();
            assert_ne!(
                self.output.read_line(&mut line).unwrap(),
                0,
                "the robot ended before it said `{mark}`"
            );
            if let Some((_, rest)) = line.split_once(&mark) {
                return rest.trim().to_owned();
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn is_made_safe(&mut self) {
        let mut bytes = [0; SAFE.len()];
        self.device.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes, SAFE);
    }

    /// Whole safe sequences, until the guard has closed its handle.
    fn is_made_safe_again_until_the_guard_ends(&mut self) {
        let mut bytes = Vec::new();
        self.device.read_to_end(&mut bytes).unwrap();
        assert!(!bytes.is_empty(), "the sequence is repeated");
        bytes.chunks(SAFE.len()).for_each(|run| assert_eq!(run, SAFE));
    }
}

impl Drop for Robot {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_motor_is_made_safe_when_the_robot_process_dies_of_a_signal() {
    for signal in [Signal::KILL, Signal::SEGV, Signal::ABORT, Signal::BUS, Signal::TERM] {
        for part in ["armed", "unarmed"] {
            let mut robot = Robot::start(part);
            let start = Instant::now();
            robot.signal(signal);
            // The standard library takes the first of some for a fault and expects the instruction to fault again.
            while robot.child.try_wait().unwrap().is_none() {
                thread::park_timeout(Duration::from_millis(1));
                robot.signal(signal);
            }
            robot.is_made_safe();
            println!("{signal:?}, {part}: safe after {:?}", start.elapsed());
            robot.is_made_safe_again_until_the_guard_ends();
        }
    }
}

#[test]
fn the_motor_is_made_safe_when_the_robot_process_ends_itself() {
    for part in ["abort", "overflow", "exit"] {
        let mut robot = Robot::start(part);
        let start = Instant::now();
        robot.is_made_safe();
        println!("{part}: safe after {:?}, the end of the process included", start.elapsed());
        robot.is_made_safe_again_until_the_guard_ends();
    }
}

#[test]
fn the_motor_is_made_safe_when_the_robot_process_is_stopped_and_guarded_when_it_goes_on() {
    let mut robot = Robot::start("armed");
    for _ in 0..2 {
        let start = Instant::now();
        robot.signal(Signal::STOP);
        robot.is_made_safe();
        println!("stopped: safe after {:?}", start.elapsed());
        robot.signal(Signal::CONT);
        assert_eq!(robot.says("fired for "), "Silence");
    }
    robot.signal(Signal::KILL);
    robot.is_made_safe();
    robot.is_made_safe_again_until_the_guard_ends();
}

#[test]
fn a_process_that_the_robot_has_started_does_not_keep_the_guard_from_seeing_its_death() {
    let mut robot = Robot::start("with a bystander");
    robot.signal(Signal::KILL);
    robot.is_made_safe();
    robot.is_made_safe();
    // The bystander ends when the device, its standard input, does.
}

/// The sockets that a process holds.
fn sockets(process: u32) -> BTreeSet<String> {
    fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()?.into_os_string().into_string().ok())
        .filter(|target| target.starts_with("socket:"))
        .collect()
}

#[test]
fn the_guard_is_in_its_own_process_group_and_holds_its_own_sockets_only() {
    let mut robot = Robot::start("armed");
    let guard = Pid::from_raw(robot.guard.cast_signed()).unwrap();
    assert_eq!(getpgid(Some(guard)).unwrap(), guard);
    let shared: Vec<_> = sockets(robot.guard).intersection(&sockets(robot.child.id())).cloned().collect();
    assert_eq!(shared.len(), 1, "the motor's handle, and no end of a link: {shared:?}");
    assert_eq!(sockets(robot.guard).len(), 3, "link, events and the motor");
    robot.signal(Signal::KILL);
    robot.is_made_safe();
}

fn gone(mut watch: GuardWatch) -> Option<std::process::ExitStatus> {
    match watch.next_event() {
        GuardEvent::Gone { status } => status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_parent_is_told_when_the_guard_is_killed() {
    let (guard, watch) = Guard::start(command("guard")).unwrap();
    guard.arm().unwrap();
    kill_process(Pid::from_raw(guard.process().cast_signed()).unwrap(), Signal::KILL).unwrap();
    let status = gone(watch).unwrap();
    assert!(!status.success());
    assert_eq!(guard.beat().unwrap_err().to_string(), "guard: its process has ended; nobody guards");
}

#[test]
fn a_release_ends_the_guard_without_a_write() {
    let (mut device, handle) = UnixStream::pair().unwrap();
    device.set_read_timeout(Some(WATCHDOG)).unwrap();
    let (guard, watch) = Guard::start(command("guard")).unwrap();
    guard.register("motor", motor(handle.into())).unwrap();
    guard.arm().unwrap();
    guard.release().unwrap();
    assert!(gone(watch).unwrap().success());
    assert_eq!(device.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_silent_parent_is_told_that_the_guard_has_fired() {
    let (guard, mut watch) = Guard::start(command("guard")).unwrap();
    let start = Instant::now();
    guard.arm().unwrap();
    assert_eq!(watch.next_event(), GuardEvent::Fired(FiredWhy::Silence));
    assert!(start.elapsed() >= limits::GUARD_SILENCE);
    println!("silent: told after {:?}", start.elapsed());
    guard.release().unwrap();
    assert!(gone(watch).unwrap().success());
}

#[test]
fn a_program_that_is_no_guard_is_refused() {
    let missing = Guard::start(Command::new("no-such-program")).unwrap_err();
    assert!(matches!(missing, GuardStartError::Spawn { .. }));
    assert_eq!(missing.to_string(), "guard: `no-such-program` could not be started");
    let other = Guard::start(Command::new("true")).unwrap_err();
    assert!(matches!(other, GuardStartError::NoAnswer { .. }));
    assert_eq!(
        other.to_string(),
        "guard: `true` did not answer as a guard within 5s; is it this program, of this version?"
    );
}
