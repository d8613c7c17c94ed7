//! The guard's side on a thread of the test; its life as a process is in `tests/guard_process.rs`.

use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nevil_sys::os;

use super::frame::Frame;
use super::{Guard, GuardRegisterError, GuardSendError, SafeSequence, answer, serve};
use crate::limits;

const WATCHDOG: Duration = Duration::from_secs(60);

struct Served {
    guard: Guard,
    events: UnixStream,
    thread: JoinHandle<ExitCode>,
}

fn served() -> Served {
    let (link, theirs) = UnixStream::pair().unwrap();
    let (events, their_events) = UnixStream::pair().unwrap();
    link.set_read_timeout(Some(WATCHDOG)).unwrap();
    let thread = thread::spawn(|| serve::Server::new(theirs).run());
    os::send_with_handle(&link, &Frame::Hello.encode(), their_events.as_fd()).unwrap();
    assert_eq!(answer(&link, 0).unwrap(), serve::DONE);
    Served { guard: Guard { link, last_ticket: Mutex::new(0), process: 0 }, events, thread }
}

/// A safe sequence, and the device's end of its handle.
fn sequence(writes: &[&[u8]]) -> (SafeSequence, UnixStream) {
    let (device, handle) = UnixStream::pair().unwrap();
    device.set_read_timeout(Some(WATCHDOG)).unwrap();
    let writes = writes.iter().map(|bytes| bytes.to_vec()).collect();
    (SafeSequence { handle: handle.into(), writes }, device)
}

/// All that reached the device until its handle was closed.
fn all(mut device: &UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    device.read_to_end(&mut bytes).unwrap();
    bytes
}

fn first<const N: usize>(mut device: &UnixStream) -> [u8; N] {
    let mut bytes = [0; N];
    device.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_released_guard_ends_and_writes_nothing() {
    let Served { guard, thread, mut events } = served();
    let (motor, device) = sequence(&[&[1, 0]]);
    guard.register("motor", motor).unwrap();
    guard.arm().unwrap();
    guard.release().unwrap();
    assert_eq!(thread.join().unwrap(), ExitCode::SUCCESS);
    assert_eq!(all(&device), b"");
    assert_eq!(events.read(&mut [0; 8]).unwrap(), 0, "and says nothing");
}

#[test]
fn a_link_that_ends_fires_whether_armed_or_not_and_more_than_once() {
    for arm in [false, true] {
        let Served { guard, thread, .. } = served();
        let (motor, device) = sequence(&[&[1, 0], &[2, 0, 0]]);
        guard.register("motor", motor).unwrap();
        if arm {
            guard.arm().unwrap();
        }
        drop(guard);
        assert_eq!(thread.join().unwrap(), ExitCode::FAILURE);
        let bytes = all(&device);
        let runs = bytes.chunks(5).inspect(|run| assert_eq!(*run, [1, 0, 2, 0, 0])).count();
        assert!((2..=1 + limits::GUARD_REPEATS).contains(&runs), "{runs} runs");
    }
}

#[test]
fn silence_fires_once_and_the_next_beat_arms_again() {
    let Served { guard, thread, mut events } = served();
    let (motor, device) = sequence(&[&[1]]);
    guard.register("motor", motor).unwrap();
    guard.arm().unwrap();
    for _ in 0..3 {
        assert_eq!(first::<1>(&device), [1]);
        let mut event = [0];
        events.read_exact(&mut event).unwrap();
        assert_eq!(event, [serve::FIRED_SILENCE]);
        guard.beat().unwrap();
    }
    guard.disarm().unwrap();
    guard.release().unwrap();
    assert_eq!(thread.join().unwrap(), ExitCode::SUCCESS);
    assert_eq!(all(&device), b"");
}

#[test]
fn garbage_on_the_link_fires_is_told_and_ends_the_guard() {
    let unfinished_and_hello = [b'S', 1, 1, b'x', 1, 1, 9].to_vec();
    for garbage in
        [vec![0], vec![b'S', 1, 0], b"NVGUARD2".to_vec(), b"NVGUARD1".to_vec(), unfinished_and_hello]
    {
        let Served { guard, thread, mut events } = served();
        let (motor, device) = sequence(&[&[1]]);
        guard.register("motor", motor).unwrap();
        os::send_now(&guard.link, &garbage).unwrap();
        assert_eq!(thread.join().unwrap(), ExitCode::FAILURE, "{garbage:?}");
        let mut told = Vec::new();
        events.read_to_end(&mut told).unwrap();
        assert_eq!(told, [serve::FIRED_MALFORMED]);
        assert_eq!(first::<1>(&device), [1]);
        assert!(matches!(guard.beat(), Err(GuardSendError::Gone { .. })));
    }
}

#[test]
fn an_actuator_that_is_registered_again_is_made_safe_by_its_new_handle_only() {
    let Served { guard, thread, .. } = served();
    let (earlier, earlier_device) = sequence(&[&[1]]);
    let (later, later_device) = sequence(&[&[2]]);
    guard.register("motor", earlier).unwrap();
    guard.register("motor", later).unwrap();
    drop(guard);
    assert_eq!(first::<1>(&later_device), [2]);
    assert_eq!(all(&earlier_device), b"", "the earlier handle was closed, unused");
    thread.join().unwrap();
}

#[test]
fn sixteen_actuators_are_taken_and_one_more_is_refused_by_name() {
    let Served { guard, thread, .. } = served();
    let devices: Vec<_> = (0..limits::GUARD_ACTUATORS_MAX)
        .map(|index| {
            let (motor, device) = sequence(&[&[1]]);
            guard.register(&format!("motor-{index}"), motor).unwrap();
            device
        })
        .collect();
    let error = guard.register("motor-16", sequence(&[&[1]]).0).unwrap_err();
    assert!(matches!(error, GuardRegisterError::TooManyActuators { .. }));
    assert_eq!(error.to_string(), "guard: actuator `motor-16` is one too many, at most 16 are allowed");
    guard.register("motor-15", sequence(&[&[1]]).0).unwrap();
    drop(guard);
    devices.iter().take(limits::GUARD_ACTUATORS_MAX - 1).for_each(|device| assert_eq!(first(device), [1]));
    thread.join().unwrap();
}

#[test]
fn an_actuator_that_blocks_holds_up_no_other() {
    let Served { guard, thread, .. } = served();
    let (stuck, _stuck_device) = sequence(&[&[1_u8][..]; 32]);
    let filler = UnixStream::from(stuck.handle.try_clone().unwrap());
    filler.set_nonblocking(true).unwrap();
    while os::send_now(&filler, &[0; 4096]).is_ok() {}
    filler.set_nonblocking(false).unwrap();
    guard.register("stuck", stuck).unwrap();
    let (motor, device) = sequence(&[&[1]]);
    guard.register("motor", motor).unwrap();
    drop(guard);
    assert_eq!(first::<1>(&device), [1]);
    thread.join().unwrap();
}

#[test]
fn a_guard_that_does_not_read_is_reported_and_blocks_nobody() {
    let (link, _theirs) = UnixStream::pair().unwrap();
    let guard = Guard { link, last_ticket: Mutex::new(0), process: 0 };
    let full = (0..10_000_000).find_map(|_| guard.beat().err()).unwrap();
    assert!(matches!(full, GuardSendError::NotReading));
}
