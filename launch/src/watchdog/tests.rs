use std::ffi::OsString;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use nevil_runtime::Time;

use super::{Feeding, Meal, Watchdogs};
use crate::file::{Systemd, WatchdogEntry};

fn at(ms: u64) -> Time {
    Time::from_ns(ms * 1_000_000)
}

/// A path for this test alone.
fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("nevil-watchdog-{name}-{}", std::process::id()))
}

#[test]
fn a_watcher_is_fed_at_half_of_its_time() {
    let mut feeding = Feeding::new(Duration::from_millis(100));
    assert_eq!(feeding.feed(true, at(10)), Meal { now: true, next: at(60) });
    assert_eq!(feeding.feed(true, at(59)), Meal { now: false, next: at(60) });
    assert_eq!(feeding.feed(true, at(60)), Meal { now: true, next: at(110) });
}

#[test]
fn a_watcher_gets_nothing_while_the_robot_is_ill_and_at_once_when_it_is_well_again() {
    let mut feeding = Feeding::new(Duration::from_millis(100));
    assert!(feeding.feed(true, at(10)).now);
    assert_eq!(feeding.feed(false, at(60)), Meal { now: false, next: at(110) });
    assert!(feeding.feed(true, at(61)).now);
}

#[test]
fn the_hardware_is_fed_by_writing_and_let_go_by_its_letter() {
    let device = path("device");
    std::fs::write(&device, "").unwrap();
    let entry = WatchdogEntry {
        device: Some(device.clone()),
        timeout: Duration::from_secs(2),
        systemd: Systemd::Off,
    };
    let (mut watchdogs, problems) = Watchdogs::start(&entry, &|_| None, 1);
    assert!(problems.len() == 1 && problems[0].contains("keeps its own time-out"), "{problems:?}");
    assert_eq!(watchdogs.feed(at(0), true), Some(at(1000)));
    assert_eq!(watchdogs.feed(at(500), true), Some(at(1000)));
    assert_eq!(watchdogs.feed(at(1000), false), Some(at(2000)));
    assert_eq!(watchdogs.feed(at(1500), true), Some(at(2500)));
    watchdogs.stopping();
    watchdogs.stopped();
    assert_eq!(std::fs::read(&device).unwrap(), b"\0\0V");
    std::fs::remove_file(device).unwrap();
}

#[test]
fn a_device_that_cannot_be_opened_is_told_and_the_robot_goes_on() {
    let entry = WatchdogEntry { device: Some("/nowhere/watchdog".into()), ..WatchdogEntry::default() };
    let (mut watchdogs, problems) = Watchdogs::start(&entry, &|_| None, 1);
    assert_eq!(
        problems,
        [
            "watchdog `/nowhere/watchdog` cannot be opened (No such file or directory (os error 2)); run `ls -l \
          /nowhere/watchdog`, or leave `watchdog.device` out"
        ]
    );
    assert_eq!(watchdogs.feed(at(0), true), None);
}

#[test]
fn a_service_manager_hears_of_the_whole_life_and_nothing_if_the_file_says_off() {
    let name = path("service");
    let socket = UnixDatagram::bind(&name).unwrap();
    socket.set_nonblocking(true).unwrap();
    let environment = |variable: &str| match variable {
        "NOTIFY_SOCKET" => Some(name.clone().into_os_string()),
        "WATCHDOG_USEC" => Some(OsString::from("100000")),
        _ => None,
    };
    let off = WatchdogEntry { systemd: Systemd::Off, ..WatchdogEntry::default() };
    Watchdogs::start(&off, &environment, 1).0.ready();
    let (mut watchdogs, problems) = Watchdogs::start(&WatchdogEntry::default(), &environment, 1);
    assert!(problems.is_empty());
    watchdogs.ready();
    assert_eq!(watchdogs.feed(at(0), true), Some(at(50)));
    assert_eq!(watchdogs.feed(at(50), false), Some(at(100)));
    watchdogs.status("degraded");
    watchdogs.stopping();
    assert_eq!(watchdogs.feed(at(100), true), None);
    watchdogs.stopped();
    let mut bytes = [0; 64];
    for wanted in ["READY=1", "WATCHDOG=1", "STATUS=degraded", "STOPPING=1"] {
        let length = socket.recv(&mut bytes).unwrap();
        assert_eq!(std::str::from_utf8(&bytes[..length]), Ok(wanted));
    }
    assert!(socket.recv(&mut bytes).is_err());
    std::fs::remove_file(name).unwrap();
}
