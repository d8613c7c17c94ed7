use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{CrashLoop, CrashRecord};

/// A directory of one test, gone with it.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nevil-crashes-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A start of nodes `eyes` and `wheels` at this second.
    fn start(&self, second: u64) -> (CrashRecord, Option<CrashLoop>) {
        let nodes = ["eyes".to_owned(), "wheels".to_owned()];
        CrashRecord::begin(&self.0, "picar", &nodes, at(second)).unwrap()
    }

    /// A start that dies while `eyes` runs its second callback.
    fn crash(&self, second: u64) -> Option<CrashLoop> {
        let (mut record, found) = self.start(second);
        record.set_callbacks(vec![vec!["look".to_owned(), "blink".to_owned()], Vec::new()]).unwrap();
        record.word(1).store(1);
        record.word(0).store(2);
        record.word(1).store(0);
        found
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn at(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000 + second)
}

#[test]
fn a_start_after_three_unordered_ends_within_a_minute_is_a_loop_charged_to_what_ran() {
    let directory = Directory::new("loop");
    assert_eq!([0, 1, 2].map(|second| directory.crash(second)), [None, None, None]);
    let found = directory.start(3).1.unwrap();
    let charged_to = vec![("eyes".to_owned(), "blink".to_owned(), 3)];
    assert_eq!(found, CrashLoop { count: 3, within: Duration::from_secs(60), charged_to });
    assert_eq!(found.suspects(), ["eyes"]);
}

#[test]
fn an_end_counts_no_more_exactly_a_minute_after_it_was_found() {
    for (second, is_loop) in [(60, true), (61, false)] {
        let directory = Directory::new(&format!("minute-{second}"));
        // Found at 1, 2 and `second`.
        [0, 1, 2].into_iter().for_each(|second| drop(directory.crash(second)));
        assert_eq!(directory.start(second).1.is_some(), is_loop);
    }
}

#[test]
fn an_ordered_end_is_not_counted() {
    let directory = Directory::new("ordered");
    for second in 0..5 {
        let (record, found) = directory.start(second);
        assert_eq!(found, None);
        record.end().unwrap();
    }
}

#[test]
fn what_others_have_written_is_taken_for_nothing() {
    let directory = Directory::new("foreign");
    let text = directory.0.join("picar.crashes");
    [0, 1].into_iter().for_each(|second| drop(directory.crash(second)));
    let mut bytes = std::fs::read(&text).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&text, bytes).unwrap();
    assert_eq!([2, 3].map(|second| directory.crash(second)), [None, None]);

    let words = directory.0.join("picar.running");
    std::fs::write(&words, [0xff; 32]).unwrap();
    directory.crash(4);
    let found = directory.start(5).1.unwrap();
    assert_eq!(found.charged_to, [("eyes".to_owned(), "blink".to_owned(), 2)]);
    assert!(found.suspects().is_empty());
}

#[test]
fn a_callback_without_a_name_is_charged_by_its_number() {
    let directory = Directory::new("number");
    for second in 0..3 {
        directory.start(second).0.word(1).store(5);
    }
    let charged_to = directory.start(3).1.unwrap().charged_to;
    assert_eq!(charged_to, [("wheels".to_owned(), "callback 5".to_owned(), 3)]);
}

#[test]
fn ends_before_the_clock_was_set_back_are_forgotten() {
    let directory = Directory::new("clock");
    [500, 501, 502].into_iter().for_each(|second| drop(directory.crash(second)));
    assert_eq!(directory.start(3).1, None);
}
