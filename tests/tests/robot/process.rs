//! A process under test: what it prints, how it ends, and what it has started.

use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// What has not happened by then never will: far longer than a busy machine needs for anything here.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(50);

/// How often is looked for what cannot be waited for.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Waits until `is` says so, and says what was waited for if it never does.
pub(crate) fn wait_until<T>(what: &str, mut is: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = is() {
            return value;
        }
        assert!(began.elapsed() < WATCHDOG, "waited in vain until {what}");
        thread::park_timeout(LOOK_EVERY);
    }
}

/// How a process has ended, and what it has said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The exit code, if no signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }
}

/// What came out of a pipe so far.
#[derive(Default)]
struct Heard {
    text: Mutex<(String, bool)>,
    changed: Condvar,
}

impl Heard {
    fn listen(mut pipe: impl Read + Send + 'static) -> Arc<Self> {
        let heard = Arc::<Self>::default();
        let ours = Arc::clone(&heard);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let read = pipe.read(&mut bytes).unwrap_or(0);
                let mut text = heard.text.lock().unwrap();
                text.0 += &String::from_utf8_lossy(&bytes[..read]);
                text.1 = read == 0;
                heard.changed.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        ours
    }

    /// Waits until all has been said, or `is` finds what it looks for in it.
    fn wait(&self, is: impl Fn(&str) -> bool) -> String {
        let goes_on = |(text, closed): &mut (String, bool)| !*closed && !is(text);
        let text = self.text.lock().unwrap();
        let (text, timeout) = self.changed.wait_timeout_while(text, WATCHDOG, goes_on).unwrap();
        assert!(!timeout.timed_out(), "waited in vain for more than this:\n{}", text.0);
        text.0.clone()
    }

    fn now(&self) -> String {
        self.text.lock().unwrap().0.clone()
    }
}

/// A process. It is killed when it is dropped, and so is what it has started.
pub(crate) struct Process {
    child: Child,
    out: Option<Arc<Heard>>,
    err: Option<Arc<Heard>>,
}

impl Process {
    /// Starts `command` and listens to all that it says.
    pub(crate) fn start(mut command: Command) -> Self {
        Self::start_as_is(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
    }

    /// Starts `command`, whose output goes where it says.
    pub(crate) fn start_as_is(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (out, err) = (child.stdout.take().map(Heard::listen), child.stderr.take().map(Heard::listen));
        Self { child, out, err }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has said `words` on standard output.
    pub(crate) fn says(&self, words: &str) -> String {
        let text = self.out.as_ref().unwrap().wait(|text| text.contains(words));
        assert!(text.contains(words), "it ended without saying `{words}`:\n{text}\n{}", self.complaints());
        text
    }

    /// Waits until it has said `words` on standard error.
    pub(crate) fn complains(&self, words: &str) {
        let text = self.err.as_ref().unwrap().wait(|text| text.contains(words));
        assert!(text.contains(words), "it ended without complaining `{words}`:\n{text}");
    }

    /// What it has said on standard error so far.
    pub(crate) fn complaints(&self) -> String {
        self.err.as_ref().map(|err| err.now()).unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has ended.
    pub(crate) fn end(mut self) -> Ended {
        let what = format!("process {} ends; it said:\n{}", self.id(), self.complaints());
        let status = wait_until(&what, || self.child.try_wait().unwrap());
        let all = |heard: &Option<Arc<Heard>>| heard.as_ref().map(|heard| heard.wait(|_| false));
        Ended { status, out: all(&self.out).unwrap_or_default(), err: all(&self.err).unwrap_or_default() }
    }

    /// The guard and the world, as far as it has started them.
    pub(crate) fn helpers(&self) -> Vec<Helper> {
        let of_this = |pid: &u32| Stat::of(*pid).is_some_and(|stat| stat.parent == self.id());
        processes().into_iter().filter(of_this).filter_map(Helper::of).collect()
    }

    /// The process of the guard.
    pub(crate) fn guard(&self) -> Helper {
        let guard = self
            .helpers()
            .into_iter()
            .find(|helper| helper.words.first().is_some_and(|word| word == "guard"));
        guard.expect("a robot that can move has a guard")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let helpers = self.helpers();
            let _ = self.child.kill();
            let _ = self.child.wait();
            helpers.iter().for_each(Helper::kill);
        }
    }
}

/// A process that a robot has started.
#[derive(Debug)]
pub(crate) struct Helper {
    pid: u32,
    words: Vec<String>,
    began: u64,
}

impl Helper {
    fn of(pid: u32) -> Option<Self> {
        let words = String::from_utf8(fs::read(format!("/proc/{pid}/cmdline")).ok()?).ok()?;
        let words = words.split_terminator('\0').skip(1).map(str::to_owned).collect();
        Some(Self { pid, words, began: Stat::of(pid)?.began })
    }

    /// Whether it runs. One that has ended and that nobody has asked for yet does not.
    pub(crate) fn runs(&self) -> bool {
        Stat::of(self.pid).is_some_and(|stat| stat.began == self.began && stat.state != "Z")
    }

    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Lets it stand still, until it is killed.
    pub(crate) fn stop(&self) {
        self.signal(Signal::STOP);
    }

    fn signal(&self, signal: Signal) {
        if self.runs() {
            // It may just have ended.
            let _ = kill_process(Pid::from_raw(self.pid.cast_signed()).unwrap(), signal);
        }
    }
}

/// What the kernel says of a process.
struct Stat {
    state: String,
    parent: u32,
    began: u64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name before it is in parentheses, and may hold spaces.
        let mut fields = text.rsplit_once(") ")?.1.split(' ');
        let (state, parent) = (fields.next()?.to_owned(), fields.next()?.parse().ok()?);
        // Fields 5 to 21 lie between; the time of its start makes a process of a number that is used again another.
        Some(Self { state, parent, began: fields.nth(17)?.parse().ok()? })
    }
}

fn processes() -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}
