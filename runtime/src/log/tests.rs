//! The log with its thread, and outputs that stand still.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tracing::dispatcher::with_default;
use tracing::{debug, error, info, trace, warn};

use super::{Flushed, LOG_KEPT, Lines, Log, LogLevel, LogQuery, log_as};
use crate::limits;

/// Longer than anything here takes; reached only when a promise is broken.
const WATCHDOG: Duration = Duration::from_secs(60);

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// What stands behind the time of each record.
    fn records(&self) -> Vec<String> {
        let text = self.text();
        text.lines().map(|line| line.split_once("Z ").map_or(line, |(_, rest)| rest).to_owned()).collect()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An output that says when it was asked to write, and stands still until the other end of `go` sends or hangs up.
struct Stuck {
    asked: Sender<()>,
    go: Receiver<()>,
    paper: Paper,
}

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.asked.send(());
        let _ = self.go.recv();
        self.paper.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An output that takes nothing.
struct Broken;
impl Write for Broken {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn stuck() -> (Stuck, Receiver<()>, Sender<()>, Paper) {
    let ((asked, was_asked), (let_go, go), paper) = (channel(), channel(), Paper::default());
    (Stuck { asked, go, paper: paper.clone() }, was_asked, let_go, paper)
}

fn logged(filter: &str, run: impl FnOnce()) -> Vec<String> {
    let paper = Paper::default();
    let (log, dispatch) = Log::new(filter, Box::new(paper.clone())).unwrap();
    with_default(&dispatch, run);
    assert_eq!(log.flush(WATCHDOG), Flushed::All);
    paper.records()
}

#[test]
fn a_record_has_its_message_first_and_then_its_fields() {
    let records = logged("info", || {
        log_as("motion");
        info!(target: "picar", speed_mps = 0.5, name = "left", gone = ?Some(1), "moves {}", 7);
        warn!(target: "picar", count = 3);
        let _span = tracing::info_span!("ignored", a = 1).entered();
        error!(target: "picar", "in a span");
    });
    assert_eq!(
        records,
        [
            "INFO  motion picar: moves 7 speed_mps=0.5 name=\"left\" gone=Some(1)",
            "WARN  motion picar: count=3",
            "ERROR motion picar: in a span",
        ]
    );
}

#[test]
fn a_thread_logs_under_its_own_name_until_it_says_another() {
    let records = logged("info", || {
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        let run = move || {
            with_default(&dispatch, || {
                info!(target: "t", "first");
                log_as("led_indicator");
                info!(target: "t", "second");
            });
        };
        thread::Builder::new().name("navigation".into()).spawn(run).unwrap().join().unwrap();
    });
    assert_eq!(records, ["INFO  navigation t: first", "INFO  led_indicator t: second"]);
}

#[test]
fn a_level_for_a_node_holds_on_its_thread_and_one_for_a_module_everywhere() {
    let records = logged("warn,motion=debug,message_bus=trace", || {
        for name in ["motion", "visual"] {
            log_as(name);
            debug!(target: "picar", "detail");
            trace!(target: "message_bus::queue", "trace");
            info!(target: "picar", "news");
            warn!(target: "picar", "warning");
        }
    });
    assert_eq!(
        records,
        [
            "DEBUG motion picar: detail",
            "TRACE motion message_bus::queue: trace",
            "INFO  motion picar: news",
            "WARN  motion picar: warning",
            "TRACE visual message_bus::queue: trace",
            "WARN  visual picar: warning",
        ]
    );
}

#[test]
fn a_long_text_is_cut_and_marked() {
    let long = "é".repeat(limits::LOG_TEXT_BYTES);
    let records = logged("info", || {
        log_as("n");
        info!(target: "t", lost_field = 1, "{long}");
    });
    let text = records[0].strip_prefix("INFO  n t: ").unwrap();
    assert!(text.len() <= limits::LOG_TEXT_BYTES && text.ends_with("é…"), "{text}");
}

#[test]
fn a_blocked_output_blocks_no_thread_that_logs_and_what_is_lost_is_counted_and_told() {
    let (out, was_asked, let_go, paper) = stuck();
    let (log, dispatch) = Log::new("info", Box::new(out)).unwrap();
    let flood = limits::LOG_RECORDS * 3;
    with_default(&dispatch, || {
        info!(target: "t", "first");
        was_asked.recv_timeout(WATCHDOG).unwrap();
        // The output stands still from here on; that this loop ends is the promise.
        (0..flood).for_each(|number| info!(target: "t", "number {number}"));
    });
    let offered = flood as u64 + 1;
    assert_eq!(log.lost(), (flood - limits::LOG_QUEUED_MAX) as u64, "the newest are kept");
    assert_eq!(log.flush(Duration::from_millis(1)), Flushed::TimedOut { unwritten: offered - log.lost() });

    drop(let_go);
    assert_eq!(log.flush(WATCHDOG), Flushed::All);
    assert_eq!(log.written() + log.lost(), offered);
    let text = paper.text();
    let lost = log.lost();
    let told = format!("… {lost} log records were lost here (the log is slower than the robot)\n");
    let first_kept = format!("number {}\n", flood - limits::LOG_QUEUED_MAX);
    let places = [" first\n", &told, &first_kept].map(|part| text.find(part).unwrap());
    assert!(places.is_sorted(), "the line about the lost records stands where they are missing");
    assert!(text.ends_with(&format!("number {}\n", flood - 1)));
}

#[test]
fn an_output_that_fails_costs_its_records_and_no_more() {
    let (log, dispatch) = Log::new("info", Box::new(Broken)).unwrap();
    for count in 1..=3 {
        with_default(&dispatch, || info!("nobody reads this"));
        assert_eq!(log.flush(WATCHDOG), Flushed::All);
        assert_eq!((log.written(), log.lost()), (0, count));
    }
}

#[test]
fn every_record_of_many_threads_is_written_or_lost_and_each_thread_s_are_in_order() {
    const THREADS: usize = 4;
    const EACH: usize = 2_000;
    let paper = Paper::default();
    let (log, dispatch) = Log::new("info", Box::new(paper.clone())).unwrap();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let dispatch = &dispatch;
            scope.spawn(move || {
                with_default(dispatch, || (0..EACH).for_each(|n| info!(target: "t", "{thread} {n}")));
            });
        }
    });
    assert_eq!(log.flush(WATCHDOG), Flushed::All);
    assert_eq!(log.written() + log.lost(), (THREADS * EACH) as u64);
    let mut next = [0; THREADS];
    let mut seen = 0;
    for record in paper.records().iter().filter(|record| !record.starts_with('…')) {
        let (_, text) = record.split_once("t: ").unwrap();
        let (thread, number) = text.split_once(' ').unwrap();
        let (thread, number): (usize, usize) = (thread.parse().unwrap(), number.parse().unwrap());
        assert!(number >= next[thread], "thread {thread}: {number} after {}", next[thread]);
        next[thread] = number + 1;
        seen += 1;
    }
    assert_eq!(seen, log.written());
}

#[test]
fn a_log_that_is_dropped_writes_its_last_records() {
    let paper = Paper::default();
    let (log, dispatch) = Log::new("info", Box::new(paper.clone())).unwrap();
    with_default(&dispatch, || info!(target: "t", "last words"));
    drop(log);
    assert!(paper.text().ends_with("t: last words\n"));
}

#[test]
fn lines_are_written_as_they_are_and_never_block() {
    let (out, was_asked, let_go, paper) = stuck();
    let lines = Lines::new(Box::new(out)).unwrap();
    lines.line("\u{1b}[1mrobot\u{1b}[0m is ready");
    was_asked.recv_timeout(WATCHDOG).unwrap();
    (0..1000).for_each(|number| lines.line(&format!("line {number}")));
    drop(let_go);
    assert_eq!(lines.flush(WATCHDOG), Flushed::All);
    let text = paper.text();
    assert!(text.starts_with("\u{1b}[1mrobot\u{1b}[0m is ready\n… "), "{text}");
    assert!(text.ends_with("line 999\n"));
    assert_eq!((lines.lost(), lines.written()), (1000 - 112, 113));
}

#[test]
fn another_filter_holds_from_now_on_and_a_wrong_one_changes_nothing() {
    let paper = Paper::default();
    let (log, dispatch) = Log::new("warn", Box::new(paper.clone())).unwrap();
    with_default(&dispatch, || {
        let say = |number: u32| info!("{number}");
        say(1);
        log.filter().set("info").unwrap();
        say(2);
        assert!(log.filter().set("loud").is_err());
        say(3);
        log.filter().set("warn").unwrap();
        say(4);
    });
    assert_eq!(log.flush(WATCHDOG), Flushed::All);
    let lines = paper.records();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].ends_with(" 2") && lines[1].ends_with(" 3"), "{lines:?}");
    assert_eq!(log.filter().text(), "warn");
}

#[test]
fn so_many_different_filters_are_kept_and_those_before_can_come_again() {
    let (log, _) = Log::new("info", Box::new(Paper::default())).unwrap();
    let filter = |number: usize| format!("info,node_{number}=debug");
    for number in 1..limits::LOG_FILTERS_MAX {
        log.filter().set(&filter(number)).unwrap();
    }
    for _ in 0..100 {
        log.filter().set("info").unwrap();
        log.filter().set(&filter(7)).unwrap();
    }
    assert_eq!(
        log.filter().set("trace").unwrap_err().to_string(),
        "the log filter was changed too often (to 64 different ones); use one of those before, or restart the robot"
    );
    assert_eq!(log.filter().text(), filter(7));
}

#[test]
fn the_tail_has_what_was_written_and_what_a_broken_output_has_refused() {
    let (log, dispatch) = Log::new("info", Box::new(Broken)).unwrap();
    with_default(&dispatch, || {
        log_as("motion");
        warn!(target: "picar", "motor is warm");
    });
    assert_eq!(log.flush(WATCHDOG), Flushed::All);
    let all = LogQuery { lines_max: 9, ..LogQuery::default() };
    let lines = log.tail().read(&all).lines;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((lines[0].level, &*lines[0].name), (Some(LogLevel::Warn), "motion"));
    assert!(lines[0].text.ends_with("Z WARN  motion picar: motor is warm"), "{lines:?}");
}

#[test]
fn the_tail_tells_of_records_that_had_no_place() {
    let (out, was_asked, let_go, _paper) = stuck();
    let (log, dispatch) = Log::new("info", Box::new(out)).unwrap();
    with_default(&dispatch, || {
        info!(target: "picar", "first");
        was_asked.recv_timeout(WATCHDOG).unwrap();
        (0..limits::LOG_QUEUED_MAX + 7).for_each(|number| info!(target: "picar", number));
    });
    drop(let_go);
    assert_eq!(log.flush(WATCHDOG), Flushed::All);
    let all = LogQuery { lines_max: LOG_KEPT, ..LogQuery::default() };
    let lines = log.tail().read(&all).lines;
    let lost = "… 7 log records were lost here (the log is slower than the robot)";
    assert_eq!((lines[1].level, &*lines[1].text), (None, lost));
    assert_eq!(lines.len(), limits::LOG_QUEUED_MAX + 2);
}
