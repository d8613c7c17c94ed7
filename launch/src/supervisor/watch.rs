//! The launch file is read again whenever it, or one that it includes, is written.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use nevil_runtime::be_ordinary;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};

use super::Robot;
use super::reload::Rest;
use crate::limits::{CONTROL_STACK_BYTES, WATCH_SETTLE};

/// Bytes for what the kernel tells at a time; a longer list comes in parts.
const EVENT_BYTES: usize = 4096;

/// Starts a thread that reloads the robot's file when it has changed. It ends with the process.
///
/// # Errors
///
/// The operating system's, if files cannot be watched or there is no thread.
pub(super) fn start(robot: Arc<Robot>) -> io::Result<()> {
    let mut watched = watch(&robot.plan().files)?;
    let thread = thread::Builder::new().name("watch".to_owned()).stack_size(CONTROL_STACK_BYTES);
    let body = move || {
        be_ordinary("watch");
        // Unknown: the files may have changed since the robot was launched.
        let mut before = None;
        while !robot.stop.load(Ordering::Acquire) {
            // Read before the robot reads them: what changes after that is seen the next time.
            let files = robot.plan().files.clone();
            let now = Some(contents(&files));
            if now != before {
                before = now;
                tell(&robot);
                // It may include others by now.
                if robot.plan().files != files {
                    before = None;
                    match watch(&robot.plan().files) {
                        Ok(again) => watched = again,
                        Err(error) => {
                            return tracing::error!("the launch file is watched no longer: {error}");
                        }
                    }
                    continue;
                }
            }
            if let Err(error) = wait(&watched) {
                return tracing::error!("the launch file is watched no longer: {error}");
            }
        }
    };
    thread.spawn(body).map(drop)
}

/// Watches the folders of `files`: an editor puts a new file in the place of the old one.
fn watch(files: &[PathBuf]) -> io::Result<OwnedFd> {
    let watched = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    let folder = |file: &PathBuf| match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    for folder in files.iter().map(folder).collect::<BTreeSet<_>>() {
        inotify::add_watch(
            &watched,
            &folder,
            WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_TO | WatchFlags::CREATE,
        )?;
    }
    Ok(watched)
}

/// Waits until something in the folders has changed, and nothing more has for a moment.
fn wait(watched: &OwnedFd) -> io::Result<()> {
    let (mut buffer, mut within) = ([MaybeUninit::uninit(); EVENT_BYTES], None);
    loop {
        let timeout =
            within.map(|within: Duration| Timespec { tv_sec: 0, tv_nsec: within.subsec_nanos().into() });
        let ready = match poll(&mut [PollFd::new(watched, PollFlags::IN)], timeout.as_ref()) {
            Err(rustix::io::Errno::INTR) => continue,
            ready => ready?,
        };
        if ready == 0 {
            return Ok(());
        }
        let mut events = Reader::new(watched, &mut buffer);
        // Which file it was does not matter: their contents are compared.
        while events.next().is_ok() {}
        within = Some(WATCH_SETTLE);
    }
}

/// What stands in the files; one that cannot be read at this moment is as good as empty.
fn contents(files: &[PathBuf]) -> Vec<Vec<u8>> {
    files.iter().map(|file| fs::read(file).unwrap_or_default()).collect()
}

/// Reloads, and says what came of it.
fn tell(robot: &Robot) {
    let answer = match robot.reload(Rest::Name) {
        Ok(answer) => answer,
        Err(error) => return tracing::error!("the launch file has changed, and nothing else: {error}"),
    };
    let changed = texts(&answer["changed"]);
    if !changed.is_empty() {
        tracing::info!("the launch file has changed: {}", changed.join(", "));
    }
    for node in answer["nodes_must_restart"].as_array().into_iter().flatten() {
        let name = node["node"].as_str().unwrap_or_default();
        let because = texts(&node["because"]).join(", ");
        tracing::warn!("node `{name}` must restart for {because}; see `nevil reload --restart`");
    }
    let robot = texts(&answer["robot_must_restart"]);
    if !robot.is_empty() {
        tracing::warn!("the robot must restart for {}; see `nevil reload --restart`", robot.join(", "));
    }
}

fn texts(list: &serde_json::Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
}
