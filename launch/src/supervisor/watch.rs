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
use super::reload::{BUSY, Rest};
use crate::environment::launch_variable;
use crate::file::LaunchFile;
use crate::limits::{CHECK_STACK_BYTES, WATCH_EVENT_BYTES, WATCH_EVENTS_MAX, WATCH_SETTLE};

/// Starts a thread that reloads the robot's file when it has changed. It ends with the process.
///
/// # Errors
///
/// The operating system's, if files cannot be watched or there is no thread.
pub(super) fn start(robot: Arc<Robot>) -> io::Result<()> {
    let mut watched = watch(&files(&robot))?;
    let thread = thread::Builder::new().name("watch".to_owned()).stack_size(CHECK_STACK_BYTES);
    let body = move || {
        be_ordinary("watch");
        // Unknown: the files may have changed since the robot was launched.
        let mut before = None;
        while !robot.stop.load(Ordering::Acquire) {
            // Read before the robot reads them: what changes after that is seen the next time.
            let now = files(&robot);
            let now = Some((contents(&now), now));
            let watching = if now == before {
                wait(&watched, None)
            } else if tell(&robot) {
                before = now;
                // It may include others by now.
                watch(&files(&robot)).map(|again| watched = again)
            } else {
                // Somebody else was at it.
                wait(&watched, Some(WATCH_SETTLE))
            };
            if let Err(error) = watching {
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

/// The launch file and what it includes by now, also where something is wrong with it.
fn files(robot: &Robot) -> Vec<PathBuf> {
    let files = LaunchFile::files_of(&robot.inputs, &launch_variable);
    if files.is_empty() { robot.plan().files.clone() } else { files }
}

/// Waits until something in the folders has changed, for at most `within`, and nothing more has for a moment; or for as long as
/// somebody goes on writing there, up to a bound.
fn wait(watched: &OwnedFd, mut within: Option<Duration>) -> io::Result<()> {
    let mut buffer = [MaybeUninit::uninit(); WATCH_EVENT_BYTES];
    for _ in 0..WATCH_EVENTS_MAX {
        let timeout = within.map(|within| Timespec { tv_sec: 0, tv_nsec: within.subsec_nanos().into() });
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
    Ok(())
}

/// What stands in the files; one that cannot be read at this moment is as good as empty.
fn contents(files: &[PathBuf]) -> Vec<Vec<u8>> {
    files.iter().map(|file| fs::read(file).unwrap_or_default()).collect()
}

/// Reloads, and says what came of it; `false`: it was not its turn.
fn tell(robot: &Robot) -> bool {
    let answer = match robot.reload(Rest::Name) {
        Ok(answer) => answer,
        Err(error) if error == BUSY => return false,
        Err(error) => {
            tracing::error!("the launch file has changed, and nothing else: {error}");
            return true;
        }
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
    true
}

fn texts(list: &serde_json::Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
}
