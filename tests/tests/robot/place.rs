//! Where a test's robots live: a directory for sockets, locks and files, and the words of the command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::process::{Ended, Process};

/// The command with the nodes that make trouble.
pub(crate) const NEVIL: &str = env!("CARGO_BIN_EXE_nevil-under-test");

/// A directory of a test's own; removed at the end.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Relaxed: only the number counts. The path is short, because a socket's path may have 107 bytes.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("nevil-robot-{}-{number}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The control socket of the robot `name`.
    pub(crate) fn socket(&self, name: &str) -> PathBuf {
        self.0.join(format!("nevil/{name}.sock"))
    }

    /// A launch file with this text.
    pub(crate) fn file(&self, text: &str) -> PathBuf {
        let path = self.0.join("robot.yaml");
        fs::write(&path, text).unwrap();
        path
    }

    /// What the nodes have written to the diary, line by line.
    pub(crate) fn diary(&self) -> Vec<String> {
        let text = fs::read_to_string(self.0.join("diary.txt")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// `nevil` with these words, here.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(NEVIL);
        command.args(words).env("XDG_RUNTIME_DIR", &self.0).env_remove("NEVIL_LOG").stdin(Stdio::null());
        command
    }

    /// Runs `nevil` with these words to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        Process::start(self.command(words)).end()
    }

    /// Launches the robot that `text` describes, to its end.
    pub(crate) fn launch_to_its_end(&self, text: &str) -> Ended {
        self.run(&["launch", self.file(text).to_str().unwrap()])
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A file of the shipped ones.
pub(crate) fn shipped(name: &str) -> String {
    format!("{}/../launch/files/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The nodes of a car that wanders about in an empty room of its own.
pub(crate) fn wandering() -> String {
    picar(&format!("world: {}", shipped("worlds/empty_room.yaml")))
        + "  navigation: { depends_on: [motion] }\n"
}

/// The nodes of a car that obeys an operator; `params` says in which world.
pub(crate) fn picar(params: &str) -> String {
    format!(
        "  sim_car: {{ params: {{ {params} }} }}\n  \
           obstacle_detection: {{ depends_on: [sim_car] }}\n  \
           motion: {{ depends_on: [sim_car, obstacle_detection] }}\n"
    )
}

/// Three nodes that keep a diary, each depending on the one before it; the second has `params` besides.
pub(crate) fn three(params: &str) -> String {
    format!(
        "  first: {{ type: trouble, params: {{ deaf: true, diary: diary.txt }} }}\n  \
           second: {{ type: trouble, depends_on: [first], params: {{ diary: diary.txt{params} }} }}\n  \
           third: {{ type: trouble, depends_on: [second], params: {{ deaf: true, diary: diary.txt }} }}\n"
    )
}
