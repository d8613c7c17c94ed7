//! What the log changes for the whole process: one log, and what becomes of panics.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::panic;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nevil_runtime::log::{Flushed, Log, LogError, report_panics};

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics while it writes").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_process_has_one_log_and_its_panics_are_records() {
    let paper = Paper::default();
    let log = Log::install("info", Box::new(paper.clone())).unwrap();
    let second = Log::install("info", Box::new(paper.clone())).err().unwrap();
    assert!(matches!(second, LogError::AlreadyInstalled));
    assert_eq!(
        second.to_string(),
        "the process has a log already, one is allowed; install it once, at the start of `main`"
    );

    report_panics();
    let thread = std::thread::Builder::new().name("navigation".into());
    let caught = thread.spawn(|| panic!("index {} is wrong", 7)).unwrap().join();
    drop(panic::take_hook());
    assert!(caught.is_err());
    assert_eq!(log.flush(Duration::from_secs(60)), Flushed::All);
    let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    let (_, record) = text.split_once("Z ").unwrap();
    assert!(
        record.starts_with("ERROR navigation panic: panicked at runtime/tests/log_process.rs:"),
        "{record}"
    );
    assert!(record.ends_with(": index 7 is wrong\n"), "{record}");
}
