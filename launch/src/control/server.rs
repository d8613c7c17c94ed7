//! The robot's side of the control socket: who may connect, and how it ends.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use nevil_runtime::os;

use crate::control::Control;
use crate::control::protocol::{Answer, line};
use crate::control::session::Session;
use crate::limits::{
    CONTROL_ACCEPT_PAUSE, CONTROL_CONNECTIONS_MAX, CONTROL_NICE, CONTROL_STACK_BYTES, CONTROL_STOP_WAIT,
};

/// The control socket of a robot. Dropping it is as [`Self::stop`].
pub struct ControlServer {
    shared: Arc<Shared>,
    path: PathBuf,
    /// The listening socket once more: shutting it down wakes the thread that accepts.
    listening: UnixStream,
    accepting: Option<JoinHandle<()>>,
}

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// Something that is not a socket has its name.
    #[error("control socket `{}`: a file of that name is not a socket; remove it", path.display())]
    NoSocket {
        /// The path.
        path: PathBuf,
    },
    /// It cannot be made.
    #[error("control socket `{}` cannot be made ({source}); its directory must exist and be yours", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
}

/// What became of the connections to a control socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ControlCounts {
    /// Served.
    pub served: u64,
    /// Refused: too many at once, or another user's.
    pub refused: u64,
    /// Disconnected because the tool did not read what it had asked for.
    pub dropped: u64,
}

/// What the threads of a control socket share.
pub(super) struct Shared {
    pub(super) handler: Arc<dyn Control>,
    open: Mutex<Open>,
    changed: Condvar,
    served: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Open {
    stopping: bool,
    next: u64,
    streams: BTreeMap<u64, UnixStream>,
    /// Echoes of each topic.
    echoes: BTreeMap<String, usize>,
}

impl ControlServer {
    /// Listens on `path`, where a socket that was left behind is replaced: the caller holds the
    /// [`RobotLock`](crate::RobotLock).
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the socket cannot be made.
    pub fn start(path: &Path, handler: Arc<dyn Control>) -> Result<Self, ControlError> {
        let io = |source| ControlError::Io { path: path.to_owned(), source };
        match fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => {
                return Err(ControlError::NoSocket { path: path.to_owned() });
            }
            Ok(_) => fs::remove_file(path).map_err(io)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
        }
        let listener = UnixListener::bind(path).map_err(io)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(io)?;
        let listening = UnixStream::from(OwnedFd::from(listener.try_clone().map_err(io)?));
        let shared = Arc::new(Shared {
            handler,
            open: Mutex::default(),
            changed: Condvar::new(),
            served: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        });
        let accepting = {
            let shared = Arc::clone(&shared);
            spawn(move || accept(&listener, &shared)).map_err(io)?
        };
        Ok(Self { shared, path: path.to_owned(), listening, accepting: Some(accepting) })
    }

    /// What became of the connections so far.
    #[must_use]
    pub fn counts(&self) -> ControlCounts {
        // Relaxed: counts for people to read.
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Shared { served, refused, dropped, .. } = &*self.shared;
        ControlCounts { served: count(served), refused: count(refused), dropped: count(dropped) }
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.shared.lock().streams.len()
    }

    /// Ends every connection, echoes among them, and removes the socket. A thread that is inside the robot's
    /// [`Control`] is waited for at most [`CONTROL_STOP_WAIT`].
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        let mut open = self.shared.lock();
        open.stopping = true;
        // A connection that has ended by itself cannot be shut down, and need not be.
        open.streams.values().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
        drop(self.listening.shutdown(Shutdown::Both));
        self.shared.changed.notify_all();
        let connected = |open: &mut Open| !open.streams.is_empty();
        let ended = self.shared.changed.wait_timeout_while(open, CONTROL_STOP_WAIT, connected);
        drop(ended.unwrap_or_else(PoisonError::into_inner));
        if let Some(accepting) = self.accepting.take() {
            // Its panic would be a bug of ours, which the panic hook has reported.
            let _ = accepting.join();
        }
        // Who removed it before has done our work.
        let _ = fs::remove_file(&self.path);
    }
}

/// Starts a thread of the control socket.
fn spawn(body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("control".to_owned()).stack_size(CONTROL_STACK_BYTES).spawn(|| {
        // Where it is refused, it is as nice as the launch is.
        let _ = os::set_thread_nice(CONTROL_NICE);
        body();
    })
}

fn accept(listener: &UnixListener, shared: &Arc<Shared>) {
    loop {
        let accepted = listener.accept();
        if shared.lock().stopping {
            return;
        }
        match accepted {
            Ok((stream, _)) => shared.admit(stream),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                tracing::warn!("control socket: no tool can connect now: {error}");
                let stopping = |open: &mut Open| !open.stopping;
                let waited = shared.changed.wait_timeout_while(shared.lock(), CONTROL_ACCEPT_PAUSE, stopping);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
            }
        }
    }
}

impl Shared {
    /// Gives `stream` a thread, or says why not.
    fn admit(self: &Arc<Self>, stream: UnixStream) {
        let started = self.may_connect(&stream).and_then(|()| {
            let ours = stream.try_clone().map_err(|error| format!("no file handle is left: {error}"))?;
            let place = self.place(ours)?;
            let session = stream.try_clone().map_err(|error| format!("no file handle is left: {error}"))?;
            let session = Session::new(session, place);
            spawn(move || session.serve()).map(drop).map_err(|error| format!("no thread is left: {error}"))
        });
        match started {
            // Relaxed: counts for people to read.
            Ok(()) => self.served.fetch_add(1, Ordering::Relaxed),
            Err(text) => {
                // A new socket takes a line at once; one that does not is closed without a word.
                let _ = stream.set_nonblocking(true);
                let _ = (&stream).write_all(&line(&Answer::Error(text)));
                self.refused.fetch_add(1, Ordering::Relaxed)
            }
        };
    }

    fn may_connect(&self, stream: &UnixStream) -> Result<(), String> {
        let user = os::user_id();
        match os::peer_user_id(stream) {
            Ok(peer) if peer == user || peer == 0 => Ok(()),
            Ok(peer) => Err(format!(
                "user {peer} may not control this robot, which runs as user {user}; become that user, or root"
            )),
            Err(error) => Err(format!("who asks is unknown: {error}")),
        }
    }

    fn place(self: &Arc<Self>, stream: UnixStream) -> Result<Place, String> {
        let mut open = self.lock();
        if open.stopping {
            return Err("the robot stops".to_owned());
        }
        if open.streams.len() >= CONTROL_CONNECTIONS_MAX {
            return Err(format!(
                "{CONTROL_CONNECTIONS_MAX} tools are connected already, more are not allowed; end one of them"
            ));
        }
        let id = open.next;
        open.next += 1;
        open.streams.insert(id, stream);
        Ok(Place { shared: Arc::clone(self), id })
    }

    /// Counts an echo of `topic`, if there are fewer than `max`.
    pub(super) fn begin_echo(self: &Arc<Self>, topic: &str, max: usize) -> Option<EchoPlace> {
        let mut open = self.lock();
        let echoes = open.echoes.entry(topic.to_owned()).or_default();
        if *echoes >= max {
            return None;
        }
        *echoes += 1;
        Some(EchoPlace { shared: Arc::clone(self), topic: topic.to_owned() })
    }

    /// A tool did not read what it had asked for.
    pub(super) fn count_dropped(&self) {
        // Relaxed: a count for people to read.
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // No step under this lock panics half-way; if one did, what is there is still consistent.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the connections that there may be; given back when dropped, also by a panic.
pub(super) struct Place {
    pub(super) shared: Arc<Shared>,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.shared.lock();
        if let Some(stream) = open.streams.remove(&self.id) {
            // The tool may have gone first.
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.shared.changed.notify_all();
    }
}

/// One of the echoes that a topic may have.
pub(super) struct EchoPlace {
    shared: Arc<Shared>,
    topic: String,
}

impl Drop for EchoPlace {
    fn drop(&mut self) {
        let mut open = self.shared.lock();
        if let Some(echoes) = open.echoes.get_mut(&self.topic) {
            *echoes -= 1;
            if *echoes == 0 {
                open.echoes.remove(&self.topic);
            }
        }
    }
}
